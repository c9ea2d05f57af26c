/* SPDX-License-Identifier: ISC */
/* virtio-driver.c: see virtio-driver.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../../../common/protocol.h"
#include "virtio-driver.h"

#define DEADLINE_SECONDS 30

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool line_level;

void driver_init(struct driver *d)
{
    void *p = mmap(NULL, DRIVER_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

    assert_true(p != MAP_FAILED);
    memset(d, 0, sizeof(*d));
    d->ram = (struct guest_ram){.host = p, .base = DRIVER_RAM_BASE, .size = DRIVER_RAM_SIZE};
    d->next_free = DRIVER_RAM_BASE;
    line_level = false;
}

void driver_free(struct driver *d)
{
    munmap(d->ram.host, DRIVER_RAM_SIZE);
}

void driver_set_irq(uint32_t spi, bool level)
{
    assert_int_equal(spi, DRIVER_SPI);
    pthread_mutex_lock(&lock);
    line_level = level;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

bool driver_irq_level(void)
{
    bool level;

    pthread_mutex_lock(&lock);
    level = line_level;
    pthread_mutex_unlock(&lock);
    return level;
}

uint32_t driver_read(struct driver *d, uint64_t reg)
{
    return (uint32_t)virtio_mmio_ops.read(d->v, reg, 4);
}

void driver_write(struct driver *d, uint64_t reg, uint32_t value)
{
    virtio_mmio_ops.write(d->v, reg, 4, value);
}

uint64_t driver_offered(struct driver *d)
{
    uint64_t features;

    driver_write(d, R_DEVICE_FEATURES_SEL, 1);
    features = (uint64_t)driver_read(d, R_DEVICE_FEATURES) << 32;
    driver_write(d, R_DEVICE_FEATURES_SEL, 0);
    return features | driver_read(d, R_DEVICE_FEATURES);
}

uint32_t driver_negotiate(struct driver *d, uint64_t features)
{
    features |= VIRTIO_F_VERSION_1;
    driver_write(d, R_STATUS, 0);
    driver_write(d, R_STATUS, S_ACK);
    driver_write(d, R_STATUS, S_ACK | S_DRIVER);
    driver_write(d, R_DRIVER_FEATURES_SEL, 0);
    driver_write(d, R_DRIVER_FEATURES, (uint32_t)features);
    driver_write(d, R_DRIVER_FEATURES_SEL, 1);
    driver_write(d, R_DRIVER_FEATURES, (uint32_t)(features >> 32));
    driver_write(d, R_STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
    return driver_read(d, R_STATUS);
}

static void write_address(struct driver *d, uint64_t reg, uint64_t gpa)
{
    driver_write(d, reg, (uint32_t)gpa);
    driver_write(d, reg + 4, (uint32_t)(gpa >> 32));
}

bool driver_set_up_queue(struct driver *d, unsigned queue, uint16_t size)
{
    struct driver_queue *q = &d->queue[queue];

    q->size = size;
    q->desc = driver_alloc(d, 16u * (uint64_t)size, 16);
    q->avail = driver_alloc(d, 6 + 2u * (uint64_t)size, 2);
    q->used = driver_alloc(d, 6 + 8u * (uint64_t)size, 4);
    q->next_avail = 0;
    q->last_used = 0;
    driver_write(d, R_QUEUE_SEL, queue);
    driver_write(d, R_QUEUE_SIZE, size);
    write_address(d, R_DESC, q->desc);
    write_address(d, R_AVAIL, q->avail);
    write_address(d, R_USED, q->used);
    driver_write(d, R_QUEUE_READY, 1);
    return driver_read(d, R_QUEUE_READY) == 1;
}

void driver_start(struct driver *d, uint64_t features, unsigned queues)
{
    uint32_t status = driver_negotiate(d, features);

    assert_int_equal(status, S_ACK | S_DRIVER | S_FEATURES_OK);
    for (unsigned i = 0; i < queues; i++) {
        assert_true(driver_set_up_queue(d, i, DRIVER_QUEUE));
    }
    driver_write(d, R_STATUS, status | S_DRIVER_OK);
    assert_int_equal(driver_read(d, R_STATUS), status | S_DRIVER_OK);
}

void *driver_at(struct driver *d, uint64_t gpa)
{
    void *p = guest_ram_at(&d->ram, gpa, 1);

    assert_non_null(p);
    return p;
}

uint64_t driver_alloc(struct driver *d, uint64_t size, uint64_t align)
{
    uint64_t gpa = (d->next_free + align - 1) / align * align;

    d->next_free = gpa + size;
    assert_true(d->next_free <= DRIVER_RAM_BASE + DRIVER_RAM_SIZE);
    memset(driver_at(d, gpa), 0, size);
    return gpa;
}

void driver_put(struct driver *d, uint64_t table, unsigned index, uint64_t gpa, uint32_t size,
                uint16_t flags, uint16_t next)
{
    uint8_t *p = driver_at(d, table + 16 * (uint64_t)index);

    guest_ram_put32(p, (uint32_t)gpa);
    guest_ram_put32(p + 4, (uint32_t)(gpa >> 32));
    guest_ram_put32(p + 8, size);
    guest_ram_put16(p + 12, flags);
    guest_ram_put16(p + 14, next);
}

void driver_chain(struct driver *d, unsigned queue, uint16_t first,
                  const struct driver_segment *segments, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint16_t flags = segments[i].writable ? D_WRITE : 0;

        if (i + 1 < count) {
            flags |= D_NEXT;
        }
        driver_put(d, d->queue[queue].desc, first + i, segments[i].gpa, segments[i].size, flags,
                   (uint16_t)(first + i + 1));
    }
}

void driver_add(struct driver *d, unsigned queue, uint16_t head)
{
    struct driver_queue *q = &d->queue[queue];
    uint8_t *avail = driver_at(d, q->avail);

    guest_ram_put16(avail + 4 + 2 * (q->next_avail % q->size), head);
    q->next_avail++;
    guest_ram_release16(avail + 2, q->next_avail);
}

void driver_notify(struct driver *d, unsigned queue)
{
    driver_write(d, R_NOTIFY, queue);
}

void driver_send(struct driver *d, unsigned queue, const struct driver_segment *segments,
                 unsigned count)
{
    driver_chain(d, queue, 0, segments, count);
    driver_add(d, queue, 0);
    driver_notify(d, queue);
}

bool driver_used(struct driver *d, unsigned queue, uint32_t *head, uint32_t *written)
{
    struct driver_queue *q = &d->queue[queue];
    const uint8_t *used = driver_at(d, q->used);
    const uint8_t *entry = used + 4 + 8 * (q->last_used % q->size);

    if (guest_ram_acquire16(used + 2) == q->last_used) {
        return false;
    }
    *head = guest_ram_get32(entry);
    *written = guest_ram_get32(entry + 4);
    q->last_used++;
    return true;
}

static void wait_for_line(void)
{
    struct timespec until;
    int err = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_SECONDS;
    pthread_mutex_lock(&lock);
    while (!line_level && err == 0) {
        err = pthread_cond_timedwait(&changed, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    assert_int_equal(err, 0);
}

/* gcc's thread sanitizer does not model fences, and says so as a warning. */
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static void full_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

void driver_wait(struct driver *d, unsigned queue, uint32_t *head, uint32_t *written)
{
    struct driver_queue *q = &d->queue[queue];

    for (;;) {
        /* used_event, which counts if EVENT_IDX was negotiated. */
        guest_ram_put16((uint8_t *)driver_at(d, q->avail) + 4 + 2 * q->size, q->last_used);
        full_fence();
        if (driver_used(d, queue, head, written)) {
            return;
        }
        wait_for_line();
        driver_write(d, R_INTERRUPT_ACK, driver_read(d, R_INTERRUPT_STATUS));
    }
}

uint64_t driver_stat(struct driver *d, const char *name)
{
    static struct msg_stats msg;
    struct stats out = {.msg = &msg};

    msg.count = 0;
    virtio_mmio_ops.stats(d->v, &out);
    for (uint32_t i = 0; i < msg.count; i++) {
        if (strcmp(msg.entry[i].name, name) == 0) {
            return msg.entry[i].value;
        }
    }
    return UINT64_MAX;
}
