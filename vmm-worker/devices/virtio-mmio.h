/* SPDX-License-Identifier: ISC */
/*
 * virtio-mmio.h: the transport (virtio 1.2, 4.2, modern only) that every virtio device sits behind.
 *
 * The transport owns features, status, queues, the interrupt status and the lock. A device kind
 * fills in a struct virtio_ops and is called with that lock held: from a vCPU thread for register
 * accesses (config, reset, activate, notify), from its own thread or the loop when it takes the
 * lock itself (virtio_lock) to serve queues. Nothing blocks under the lock: a device that reads a
 * file or waits for a peer pops its chains, drops the lock, works, and takes the lock again to push
 * (checking virtio_generation: the driver may have reset the device meanwhile, and then the chains
 * are void, although their memory is still RAM).
 *
 * Every device offers VERSION_1, INDIRECT_DESC and EVENT_IDX. Queues are set up between FEATURES_OK
 * and DRIVER_OK; QueueReady = 0 stops a queue until the next reset (RING_RESET is not offered, so
 * that a chain popped before can never be given back to a queue set up anew). A driver that makes
 * a queue ready with rings that are no rings, or breaks the rules of a queue, finds
 * DEVICE_NEEDS_RESET and a configuration interrupt, and the device does nothing more until reset.
 */
#ifndef VMM_VIRTIO_MMIO_H
#define VMM_VIRTIO_MMIO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../device.h"
#include "virtqueue.h"

#define VIRTIO_QUEUES_MAX 8u
#define VIRTIO_MMIO_SIZE  0x200u

/* Device ids (virtio 1.2, 5). */
enum virtio_id {
    VIRTIO_NET = 1,
    VIRTIO_BLOCK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_RNG = 4,
    VIRTIO_BALLOON = 5,
    VIRTIO_VSOCK = 19
};

#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX     (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1     (UINT64_C(1) << 32)
#define VIRTIO_F_RING_RESET    (UINT64_C(1) << 40)

struct virtio;

struct virtio_ops {
    enum virtio_id id;
    unsigned queues;    /* 1 - VIRTIO_QUEUES_MAX */
    uint16_t queue_max; /* entries, <= VIRTQ_SIZE_MAX */
    uint64_t features;  /* of the device kind; the transport adds its own */
    uint64_t withheld;  /* of the transport's own: not to be offered */
    /* Config space: byte-addressable, any size 1-8; buf is zeroed, so that what is outside reads
     * zero. Each may be NULL. */
    void (*config_read)(void *dev, uint32_t offset, void *buf, unsigned size);
    void (*config_write)(void *dev, uint32_t offset, const void *buf, unsigned size);
    /* DRIVER_OK was set; features are final; queues may have buffers already. May be NULL. */
    void (*activate)(void *dev);
    /* The driver wrote QueueNotify for a ready queue. Must not block. May be NULL. */
    void (*notify)(void *dev, unsigned queue);
    /*
     * Reset by the driver: forget requests in flight. Everything else is as after reset already, so
     * that it may wait, with the lock dropped and for a bounded time, for what still touches guest
     * memory. May be NULL.
     */
    void (*reset)(void *dev);
    void (*stats)(const void *dev, const char *name, struct stats *out); /* locked; may be NULL */
};

struct virtio {
    const struct virtio_ops *ops;
    void *dev;
    const char *name;
    pthread_mutex_t lock;
    struct irq_line irq;
    struct virtq queue[VIRTIO_QUEUES_MAX];
    uint64_t features_offered;
    uint64_t features; /* as negotiated */
    uint32_t features_select, driver_features_select, queue_select;
    uint32_t status;
    uint32_t interrupt_status;
    uint32_t config_generation;
    uint64_t generation;                   /* counts resets */
    uint64_t notifies, interrupts, broken; /* counters */
};

extern const struct device_ops virtio_mmio_ops;

/* Does not fail. name: of the device in statistics; kept. `extra` features are offered beside
 * ops->features. */
void virtio_init(struct virtio *v, const struct virtio_ops *ops, void *dev, const char *name,
                 const struct guest_ram *ram, uint32_t spi,
                 void (*set_irq)(uint32_t spi, bool level), uint64_t extra);
void virtio_destroy(struct virtio *v);

void virtio_lock(struct virtio *v);
void virtio_unlock(struct virtio *v);

/* With the lock held: */
bool virtio_running(const struct virtio *v); /* DRIVER_OK and not broken */
uint64_t virtio_generation(const struct virtio *v);
/* virtq_pop that marks the device broken (DEVICE_NEEDS_RESET and a config interrupt) when the
 * driver is. true: got one. */
bool virtio_pop(struct virtio *v, unsigned queue, struct virtq_chain *out);
/* The same for a queue served by another thread than the one that is notified: notifications are
 * off while there are chains, and on again when it returned false. */
bool virtio_pop_or_arm(struct virtio *v, unsigned queue, struct virtq_chain *out);
/* Gives a chain back; without an interrupt yet. */
void virtio_push(struct virtio *v, unsigned queue, uint16_t head, uint32_t written);
/* Interrupts the driver if it wants that for what was pushed. */
void virtio_interrupt(struct virtio *v, unsigned queue);
void virtio_config_changed(struct virtio *v);
void virtio_break(struct virtio *v); /* the device gives up until it is reset */

#endif
