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
    /* Config space: byte-addressable, any size 1-8; outside of it reads zero. config_write may be
     * NULL. */
    void (*config_read)(void *dev, uint32_t offset, void *buf, unsigned size);
    void (*config_write)(void *dev, uint32_t offset, const void *buf, unsigned size);
    /* DRIVER_OK was set; features are final. May be NULL. */
    void (*activate)(void *dev);
    /* The driver wrote QueueNotify for a ready queue. Must not block. */
    void (*notify)(void *dev, unsigned queue);
    /* Reset by the driver: forget requests in flight. May be NULL. */
    void (*reset)(void *dev);
    void (*stats)(const void *dev, const char *name, struct stats *out); /* may be NULL */
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
void virtio_push(struct virtio *v, unsigned queue, uint16_t head,
                 uint32_t written); /* no interrupt yet */
void virtio_interrupt(struct virtio *v,
                      unsigned queue); /* if the driver wants one for what was pushed */
void virtio_config_changed(struct virtio *v);
void virtio_break(struct virtio *v); /* the device gives up until it is reset */

#endif
