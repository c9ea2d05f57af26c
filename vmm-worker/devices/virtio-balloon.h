/* SPDX-License-Identifier: ISC */
/*
 * virtio-balloon.h: memory that the guest gives back to the host (virtio 1.2, 5.5).
 *
 * The supervisor sets a target; the guest's driver takes so much memory out of its own use, names
 * its pages, and the host frees them. What the guest touches again is there again, filled with
 * zeros. The guest may also report what happens to be free (free page reporting), and how its
 * memory is used (statistics).
 *
 * The guest speaks of 4 KiB pages; only whole pages of the host are freed, once all their parts are
 * in the balloon. Page numbers outside RAM and pages named twice do nothing; of one request the
 * first VIRTIO_BALLOON_PFNS page numbers count.
 *
 * Requests are served on the thread of the vCPU that notifies, at most as many as the queue holds;
 * as with virtio-rng.h, EVENT_IDX is not offered for that reason. The functions here may be called
 * from any thread.
 */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-mmio.h"

#define VIRTIO_BALLOON_QUEUE_MAX 32u
#define VIRTIO_BALLOON_PFNS      1024u
#define VIRTIO_BALLOON_PAGE      UINT64_C(4096)

struct virtio_balloon;

struct virtio_balloon_config {
    const char *name; /* kept */
    /* Private anonymous memory, so that freed pages read as zero; its addresses, of the guest and of
     * the host, are aligned to the host's pages. */
    const struct guest_ram *ram;
    uint32_t spi;
    void (*set_irq)(uint32_t spi, bool level);
};

/* 0 or -ENOMEM. */
int virtio_balloon_new(struct virtio_balloon **out, const struct virtio_balloon_config *config);
/* After the last register access. NULL is allowed. */
void virtio_balloon_free(struct virtio_balloon *b);

/* For the bus, with virtio_mmio_ops. */
struct virtio *virtio_balloon_device(struct virtio_balloon *b);

/*
 * How many bytes the guest is to give; rounded down to 4 KiB, no more than its RAM. Tells the
 * driver.
 */
void virtio_balloon_set_target(struct virtio_balloon *b, uint64_t bytes);
uint64_t virtio_balloon_target(struct virtio_balloon *b);
/* How many it says that it gave. It may say anything. */
uint64_t virtio_balloon_actual(struct virtio_balloon *b);
/* How many it named. */
uint64_t virtio_balloon_held(struct virtio_balloon *b);

/* Asks the driver for new statistics; they appear among the counters (guest_*) when they come. */
void virtio_balloon_ask_stats(struct virtio_balloon *b);

#endif
