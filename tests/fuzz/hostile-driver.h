/* SPDX-License-Identifier: ISC */
/*
 * hostile-driver.h: what the fuzz targets of virtio devices share: a guest whose driver does what
 * the input says.
 *
 * The input is a flag byte and a script of one-byte operations with their operands: registers of
 * any width, pokes into RAM, a lawful set-up (so that the fuzzer gets past it), descriptors and
 * ring indices anywhere. With flag 1 a second thread scribbles over the rings and tables meanwhile;
 * such a run does not repeat exactly, but what must never happen must not happen there either.
 *
 * RAM lies between inaccessible pages, and the device may touch nothing else.
 */
#ifndef FUZZ_HOSTILE_DRIVER_H
#define FUZZ_HOSTILE_DRIVER_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../vmm-worker/devices/virtio-mmio.h"

#define HOSTILE_BASE     UINT64_C(0x40000000)
#define HOSTILE_SIZE     UINT64_C(0x40000)
#define HOSTILE_GUARD    UINT64_C(0x10000)
#define HOSTILE_HOT      UINT64_C(0x14000) /* rings and tables are below, data above */
#define HOSTILE_STEPS    400u

/* Queue q's rings, and tables for indirect descriptors. */
#define HOSTILE_DESC(q)  (HOSTILE_BASE + (q)*UINT64_C(0x2000))
#define HOSTILE_AVAIL(q) (HOSTILE_DESC(q) + 0x1000)
#define HOSTILE_USED(q)  (HOSTILE_DESC(q) + 0x1800)
#define HOSTILE_TABLE(t) (HOSTILE_BASE + 0x10000 + (t)*UINT64_C(0x1000))

struct hostile_input {
    const uint8_t *p;
    size_t left;
};

struct hostile_racer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started;
    atomic_bool wanted;
    bool busy;
    uint64_t seed;
};

static struct guest_ram hostile_ram;
static struct hostile_racer hostile_racer = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                             .changed = PTHREAD_COND_INITIALIZER};

/* What must hold, or the fuzzer has found something. */
#define HOSTILE_CHECK(what)                                                                        \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            __builtin_trap();                                                                      \
        }                                                                                          \
    } while (0)

static inline uint64_t hostile_take(struct hostile_input *in, unsigned size)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < size && in->left != 0; i++) {
        v |= (uint64_t)*in->p << 8 * i;
        in->p++;
        in->left--;
    }
    return v;
}

/* An address, mostly within RAM. */
static inline uint64_t hostile_take_address(struct hostile_input *in)
{
    static const uint64_t special[] = {
        0,
        UINT64_MAX,
        UINT64_MAX - 15,
        HOSTILE_BASE - 1,
        HOSTILE_BASE - 16,
        HOSTILE_BASE + HOSTILE_SIZE,
        HOSTILE_BASE + HOSTILE_SIZE - 1,
        HOSTILE_BASE + HOSTILE_SIZE - 16,
        UINT64_C(1) << 63,
        HOSTILE_DESC(0),
        HOSTILE_AVAIL(0),
        HOSTILE_USED(0),
        HOSTILE_TABLE(0),
        UINT64_C(0) - HOSTILE_BASE,
    };
    uint64_t v = hostile_take(in, 2);

    if (v < 0xff00) {
        return HOSTILE_BASE + v * 4;
    }
    return special[(v & 0xff) % (sizeof(special) / sizeof(special[0]))];
}

static inline uint32_t hostile_take_length(struct hostile_input *in)
{
    static const uint32_t special[] = {UINT32_MAX, UINT32_MAX - 15, 0x80000000,
                                       0x40000,    0x40001,         0x10000,
                                       0x100000,   0x7fffffff,      UINT32_MAX - 0xffff};
    uint32_t v = (uint32_t)hostile_take(in, 2);

    return v < 0xff00 ? v : special[(v & 0xff) % (sizeof(special) / sizeof(special[0]))];
}

static inline uint64_t hostile_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The other vCPU: it flips what the device is about to read. */
static inline void *hostile_race(void *arg)
{
    struct hostile_racer *r = arg;

    for (;;) {
        pthread_mutex_lock(&r->lock);
        r->busy = false;
        pthread_cond_broadcast(&r->changed);
        while (!atomic_load(&r->wanted)) {
            pthread_cond_wait(&r->changed, &r->lock);
        }
        r->busy = true;
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
        while (atomic_load(&r->wanted)) {
            uint64_t v = hostile_random(&r->seed);
            uint8_t *p = hostile_ram.host + v % HOSTILE_HOT;

            /* Mostly low bits of what is there already: lengths, flags, indices, heads. */
            if ((v >> 40 & 7) == 0) {
                __atomic_store_n(p, (uint8_t)(v >> 32), __ATOMIC_RELAXED);
            } else {
                __atomic_fetch_xor(p, (uint8_t)(1u << (v >> 32 & 7)), __ATOMIC_RELAXED);
            }
            if ((v >> 48 & 15) == 0) {
                sched_yield(); /* there may be fewer processors than threads */
            }
        }
    }
    return NULL;
}

static inline void hostile_race_start(uint64_t seed)
{
    struct hostile_racer *r = &hostile_racer;
    pthread_t thread;

    if (!r->started) {
        HOSTILE_CHECK(pthread_create(&thread, NULL, hostile_race, r) == 0);
        pthread_detach(thread);
        r->started = true;
    }
    pthread_mutex_lock(&r->lock);
    r->seed = seed | 1;
    atomic_store(&r->wanted, true);
    pthread_cond_broadcast(&r->changed);
    while (!r->busy) { /* else a short script would be over before the race */
        pthread_cond_wait(&r->changed, &r->lock);
    }
    pthread_mutex_unlock(&r->lock);
}

static inline void hostile_race_stop(void)
{
    struct hostile_racer *r = &hostile_racer;

    pthread_mutex_lock(&r->lock);
    atomic_store(&r->wanted, false);
    while (r->busy) {
        pthread_cond_wait(&r->changed, &r->lock);
    }
    pthread_mutex_unlock(&r->lock);
}

static inline void hostile_protect(int prot)
{
    mprotect(hostile_ram.host - HOSTILE_GUARD, HOSTILE_GUARD, prot);
    mprotect(hostile_ram.host + HOSTILE_SIZE, HOSTILE_GUARD, prot);
}

/* RAM: zeroed, between pages that hold 0xa5 and cannot be accessed. */
static inline void hostile_ram_init(void)
{
    if (hostile_ram.host == NULL) {
        size_t size = HOSTILE_SIZE + 2 * HOSTILE_GUARD;
        uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

        HOSTILE_CHECK(p != MAP_FAILED);
        memset(p, 0xa5, size);
        hostile_ram = (struct guest_ram){p + HOSTILE_GUARD, HOSTILE_BASE, HOSTILE_SIZE};
        hostile_protect(PROT_NONE);
    }
    memset(hostile_ram.host, 0, HOSTILE_SIZE);
}

/* Whether nobody freed the pages around RAM either. */
static inline bool hostile_guards_intact(void)
{
    bool intact = true;

    hostile_protect(PROT_READ);
    for (uint64_t i = 0; i < HOSTILE_GUARD; i += 4096) {
        intact = intact && hostile_ram.host[HOSTILE_SIZE + i] == 0xa5 &&
                 hostile_ram.host[-1 - (int64_t)i] == 0xa5;
    }
    hostile_protect(PROT_NONE);
    return intact;
}

/* What a chain that was taken must be, whatever the driver did. */
static inline void hostile_check_chain(const struct virtq *q, const struct virtq_chain *c)
{
    unsigned count = (unsigned)c->readable + c->writable;
    uint64_t bytes[2] = {0, 0};

    HOSTILE_CHECK(count <= VIRTQ_SEGMENTS_MAX && c->head < q->size);
    for (unsigned i = 0; i < count; i++) {
        const struct virtq_segment *s = &c->segment[i];

        HOSTILE_CHECK(s->size != 0 && s->host >= q->ram->host);
        HOSTILE_CHECK((uint64_t)(s->host - q->ram->host) <= q->ram->size);
        HOSTILE_CHECK(s->size <= q->ram->size - (uint64_t)(s->host - q->ram->host));
        bytes[i >= c->readable] += s->size;
    }
    HOSTILE_CHECK(bytes[0] == c->readable_bytes && bytes[1] == c->writable_bytes);
    HOSTILE_CHECK(bytes[0] + bytes[1] <= UINT32_MAX);
}

static inline void hostile_put_descriptor(struct hostile_input *in)
{
    uint8_t where = (uint8_t)hostile_take(in, 1);
    uint8_t index = (uint8_t)hostile_take(in, 1);
    uint64_t base =
        (where & 0x80) != 0 ? HOSTILE_TABLE(where & 3u) : HOSTILE_DESC(where % VIRTIO_QUEUES_MAX);
    uint8_t *p = hostile_ram.host + (base - HOSTILE_BASE) + 16u * (size_t)index;
    uint64_t address = hostile_take_address(in);

    guest_ram_put32(p, (uint32_t)address);
    guest_ram_put32(p + 4, (uint32_t)(address >> 32));
    guest_ram_put32(p + 8, hostile_take_length(in));
    guest_ram_put16(p + 12, (uint16_t)hostile_take(in, 1));
    guest_ram_put16(p + 14, (uint16_t)hostile_take(in, 1));
}

/* Makes a head available in queue q of the lawful set-up, which has `size` entries. */
static inline void hostile_add(unsigned q, unsigned size, uint16_t head)
{
    uint8_t *avail = hostile_ram.host + (HOSTILE_AVAIL(q) - HOSTILE_BASE);
    uint16_t index = guest_ram_get16(avail + 2);

    guest_ram_put16(avail + 4 + 2 * (index % size), head);
    guest_ram_release16(avail + 2, (uint16_t)(index + 1));
}

static inline void hostile_poke(struct hostile_input *in)
{
    uint64_t offset = hostile_take(in, 2) * 4 % HOSTILE_SIZE;
    uint64_t size = hostile_take(in, 1);

    for (uint64_t i = 0; i < size && offset + i < HOSTILE_SIZE && in->left != 0; i++) {
        hostile_ram.host[offset + i] = (uint8_t)hostile_take(in, 1);
    }
}

static inline void hostile_reg(struct virtio *v, uint64_t reg, uint32_t value)
{
    virtio_mmio_ops.write(v, reg, 4, value);
}

/* What a lawful driver does before DRIVER_OK; all queues have `size` entries. */
static inline void hostile_start(struct virtio *v, uint64_t features, unsigned size)
{
    features |= VIRTIO_F_VERSION_1;
    hostile_reg(v, 0x70, 0);
    hostile_reg(v, 0x70, 1);
    hostile_reg(v, 0x70, 3);
    for (uint32_t i = 0; i < 2; i++) {
        hostile_reg(v, 0x24, i);
        hostile_reg(v, 0x20, (uint32_t)(features >> 32 * i));
    }
    hostile_reg(v, 0x70, 11);
    for (uint32_t q = 0; q < v->ops->queues; q++) {
        const uint64_t ring[] = {HOSTILE_DESC(q), HOSTILE_AVAIL(q), HOSTILE_USED(q)};

        memset(hostile_ram.host + (HOSTILE_AVAIL(q) - HOSTILE_BASE), 0, 0x1000);
        hostile_reg(v, 0x30, q);
        hostile_reg(v, 0x38, size);
        for (unsigned i = 0; i < 3; i++) {
            hostile_reg(v, 0x80 + 0x10 * i, (uint32_t)ring[i]);
            hostile_reg(v, 0x84 + 0x10 * i, (uint32_t)(ring[i] >> 32));
        }
        hostile_reg(v, 0x44, 1);
    }
    hostile_reg(v, 0x70, 15);
}

static inline unsigned hostile_size(struct virtio *v, uint8_t choice)
{
    unsigned size = 1u << choice % 9;

    return size <= v->ops->queue_max ? size : v->ops->queue_max;
}

/*
 * Runs the script. other: the target's own operation, or NULL.
 *
 *   0 register write: u8 offset/2 (so that all of the range is reached), u8 width, u32 value
 *   1 register read: u8 offset/2, u8 width
 *   2 poke: u16 offset/4, u8 size, bytes
 *   3 lawful set-up: u8 size, u32 features
 *   4 descriptor: u8 table, u8 index, u16 address, u16 length, u8 flags, u8 next
 *   5 make available: u8 queue, u8 head, u8 times
 *   6 notify: u8 queue
 *   7 the target's own: u8
 */
static inline void hostile_run(struct virtio *v, struct hostile_input *in,
                               void (*other)(uint8_t operand))
{
    unsigned size = hostile_size(v, 4);

    for (unsigned step = 0; step < HOSTILE_STEPS && in->left != 0; step++) {
        uint64_t reg;
        unsigned width;
        uint8_t q, head;

        switch (hostile_take(in, 1) % 8) {
        case 0:
            reg = hostile_take(in, 1) * 2;
            width = 1u << hostile_take(in, 1) % 4;
            virtio_mmio_ops.write(v, reg & ~(uint64_t)(width - 1), width, hostile_take(in, 4));
            break;
        case 1:
            reg = hostile_take(in, 1) * 2;
            width = 1u << hostile_take(in, 1) % 4;
            virtio_mmio_ops.read(v, reg & ~(uint64_t)(width - 1), width);
            break;
        case 2: hostile_poke(in); break;
        case 3:
            size = hostile_size(v, (uint8_t)hostile_take(in, 1));
            hostile_start(v, hostile_take(in, 4), size);
            break;
        case 4: hostile_put_descriptor(in); break;
        case 5:
            q = (uint8_t)(hostile_take(in, 1) % VIRTIO_QUEUES_MAX);
            head = (uint8_t)hostile_take(in, 1);
            for (uint64_t n = hostile_take(in, 1) % 64 + 1; n != 0; n--) {
                hostile_add(q, size, head);
            }
            break;
        case 6: hostile_reg(v, 0x50, (uint32_t)hostile_take(in, 1)); break;
        default:
            if (other != NULL) {
                other((uint8_t)hostile_take(in, 1));
            }
            break;
        }
        /* The line is high exactly while there is something to acknowledge. */
        virtio_lock(v);
        HOSTILE_CHECK(v->irq.level == (v->interrupt_status != 0));
        virtio_unlock(v);
    }
}

static inline void hostile_set_irq(uint32_t spi, bool level)
{
    (void)spi;
    (void)level;
}

#endif
