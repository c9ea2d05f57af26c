/* SPDX-License-Identifier: ISC */
/*
 * virtio-driver.h: a driver for the tests of virtio devices: guest RAM, registers, rings,
 * interrupts.
 *
 * One guest per test. Ring memory is laid out per queue; what else a test needs it takes from
 * driver_alloc. driver_send uses descriptors from 0 on: one chain at a time per queue. Waiting has
 * a deadline, after which the test fails.
 */
#ifndef TEST_VIRTIO_DRIVER_H
#define TEST_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../vmm-worker/devices/virtio-mmio.h"

#define DRIVER_RAM_BASE UINT64_C(0x40000000)
#define DRIVER_RAM_SIZE UINT64_C(0x400000)
#define DRIVER_SPI      16u
#define DRIVER_QUEUE    16u /* entries, unless said otherwise */

/* Registers. */
enum {
    R_MAGIC = 0x00,
    R_VERSION = 0x04,
    R_DEVICE = 0x08,
    R_VENDOR = 0x0c,
    R_DEVICE_FEATURES = 0x10,
    R_DEVICE_FEATURES_SEL = 0x14,
    R_DRIVER_FEATURES = 0x20,
    R_DRIVER_FEATURES_SEL = 0x24,
    R_QUEUE_SEL = 0x30,
    R_QUEUE_SIZE_MAX = 0x34,
    R_QUEUE_SIZE = 0x38,
    R_QUEUE_READY = 0x44,
    R_NOTIFY = 0x50,
    R_INTERRUPT_STATUS = 0x60,
    R_INTERRUPT_ACK = 0x64,
    R_STATUS = 0x70,
    R_DESC = 0x80,
    R_AVAIL = 0x90,
    R_USED = 0xa0,
    R_GENERATION = 0xfc,
    R_CONFIG = 0x100,
};

/* Status. */
enum {
    S_ACK = 1,
    S_DRIVER = 2,
    S_DRIVER_OK = 4,
    S_FEATURES_OK = 8,
    S_BROKEN = 64,
    S_FAILED = 128
};

/* Descriptor flags. */
enum {
    D_NEXT = 1,
    D_WRITE = 2,
    D_INDIRECT = 4
};

struct driver_queue {
    uint16_t size;
    uint64_t desc, avail, used;
    uint16_t next_avail, last_used;
};

struct driver {
    struct guest_ram ram;
    struct virtio *v;
    uint64_t next_free;
    struct driver_queue queue[VIRTIO_QUEUES_MAX];
};

struct driver_segment {
    uint64_t gpa;
    uint32_t size;
    bool writable;
};

/* RAM, zeroed and page-aligned; no device yet. */
void driver_init(struct driver *d);
void driver_free(struct driver *d);

/* The line, for struct virtio_*_config and virtio_init. */
void driver_set_irq(uint32_t spi, bool level);
bool driver_irq_level(void);

uint32_t driver_read(struct driver *d, uint64_t reg);
void driver_write(struct driver *d, uint64_t reg, uint32_t value);
uint64_t driver_offered(struct driver *d);

/* Reset to FEATURES_OK with these features (VERSION_1 is added); the status that is read back. */
uint32_t driver_negotiate(struct driver *d, uint64_t features);
/* Memory for the rings of a queue and its registers; QueueReady as read back. */
bool driver_set_up_queue(struct driver *d, unsigned queue, uint16_t size);
/* All of it: the first `queues` queues, DRIVER_OK. */
void driver_start(struct driver *d, uint64_t features, unsigned queues);

void *driver_at(struct driver *d, uint64_t gpa);
uint64_t driver_alloc(struct driver *d, uint64_t size, uint64_t align);

/* A descriptor of a table at gpa `table`. */
void driver_put(struct driver *d, uint64_t table, unsigned index, uint64_t gpa, uint32_t size,
                uint16_t flags, uint16_t next);
/* Writes the chain into descriptors `first` and on. */
void driver_chain(struct driver *d, unsigned queue, uint16_t first,
                  const struct driver_segment *segments, unsigned count);
/* Makes a head available; no notification. */
void driver_add(struct driver *d, unsigned queue, uint16_t head);
void driver_notify(struct driver *d, unsigned queue);
/* Chain at descriptor 0, available, notified. */
void driver_send(struct driver *d, unsigned queue, const struct driver_segment *segments,
                 unsigned count);

/* The next used entry, if there is one. */
bool driver_used(struct driver *d, unsigned queue, uint32_t *head, uint32_t *written);
/* Waits for it, from interrupt to interrupt; acknowledges. */
void driver_wait(struct driver *d, unsigned queue, uint32_t *head, uint32_t *written);

/* A counter, e.g. "dev.notifies"; UINT64_MAX: there is none. */
uint64_t driver_stat(struct driver *d, const char *name);

#endif
