/* SPDX-License-Identifier: ISC */
/*
 * virtio-rng.h: the host's random numbers for the guest (virtio 1.2, 5.4).
 *
 * One queue of writable buffers. A buffer is answered at once, on the vCPU's thread that notifies,
 * with VIRTIO_RNG_ANSWER bytes at most: the standard lets the device fill a part. A notification
 * serves no more buffers than the queue holds. EVENT_IDX is not offered, so that every buffer added
 * later comes with a notification of its own and none is forgotten.
 */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio-mmio.h"

#define VIRTIO_RNG_QUEUE_MAX 64u
#define VIRTIO_RNG_ANSWER    256u

struct virtio_rng;

struct virtio_rng_config {
    const char *name; /* kept */
    const struct guest_ram *ram;
    uint32_t spi;
    void (*set_irq)(uint32_t spi, bool level);
};

/* 0 or -ENOMEM. */
int virtio_rng_new(struct virtio_rng **out, const struct virtio_rng_config *config);
/* After the last register access. NULL is allowed. */
void virtio_rng_free(struct virtio_rng *r);

/* For the bus, with virtio_mmio_ops. */
struct virtio *virtio_rng_device(struct virtio_rng *r);

#endif
