/* SPDX-License-Identifier: ISC */
/*
 * virtqueue.h: a split virtqueue as the device sees it (virtio 1.2, 2.7).
 *
 * The driver is hostile. Indices it writes are read once and bounded; a chain is copied once into a
 * struct virtq_chain, checked (length, loops, indirect tables, every segment inside RAM, order of
 * readable and writable parts) and only that copy is used; the device's own indices live here and
 * never come back from guest memory. Needs <stdint.h> and guest-ram.h only: fuzzed alone.
 *
 * What the standard leaves open: a descriptor of length 0 adds no segment and its address is not
 * looked at; a chain's bytes are fewer than 2^32; an indirect table may hold more entries than the
 * queue (Linux does that), but no more segments than VIRTQ_SEGMENTS_MAX. Everything that the
 * standard forbids the driver is VIRTQ_BROKEN.
 */
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../guest-ram.h"

#define VIRTQ_SIZE_MAX     256u /* entries, a power of two */
#define VIRTQ_SEGMENTS_MAX 130u /* of one chain: 128 of data, a header and a status */

struct virtq {
    /* Written by the driver through the transport while not ready. */
    uint16_t size;
    bool ready;
    uint64_t desc, avail, used; /* guest-physical */
    /* The device's own. */
    uint16_t next_avail;
    uint16_t next_used;
    uint16_t signalled_used; /* next_used when virtq_should_interrupt was last asked */
    bool event_idx;          /* VIRTIO_F_EVENT_IDX was negotiated */
    bool indirect;           /* VIRTIO_F_INDIRECT_DESC was negotiated */
    const struct guest_ram *ram;
};

struct virtq_segment {
    uint8_t *host;
    uint32_t size;
};

/* A request: readable segments first, then writable ones, as in the ring. */
struct virtq_chain {
    uint16_t head;
    uint16_t readable; /* number of segments */
    uint16_t writable;
    uint64_t readable_bytes;
    uint64_t writable_bytes;
    struct virtq_segment segment[VIRTQ_SEGMENTS_MAX];
};

enum virtq_error {
    VIRTQ_EMPTY = 0,
    VIRTQ_GOT = 1,
    VIRTQ_BROKEN = -1, /* the driver broke the rules: the device needs a reset (2.1.2) */
};

/* Back to the state after reset: not ready, size 0; keeps ram. */
void virtq_reset(struct virtq *q);

/* Whether the three rings lie in RAM and are aligned (2.7): asked when the driver sets QueueReady.
 */
bool virtq_rings_valid(const struct virtq *q);

/* Takes the next available chain. */
enum virtq_error virtq_pop(struct virtq *q, struct virtq_chain *out);

/* Gives a chain back, `written` bytes of its writable part having been filled, and makes it
 * visible. */
void virtq_push(struct virtq *q, uint16_t head, uint32_t written);

/* Whether the driver wants an interrupt for what was pushed since this was last asked (2.7.7). */
bool virtq_should_interrupt(struct virtq *q);

/* Asks the driver to notify (or not to) about new buffers (2.7.7, 2.7.10). true from enable:
 * something is there already. */
bool virtq_enable_notify(struct virtq *q);
void virtq_disable_notify(struct virtq *q);

/* Copies from the readable part, or to the writable one, from byte `offset`; how many bytes were
 * there. */
size_t virtq_chain_read(const struct virtq_chain *c, uint64_t offset, void *buf, size_t size);
size_t virtq_chain_write(const struct virtq_chain *c, uint64_t offset, const void *buf,
                         size_t size);

#endif
