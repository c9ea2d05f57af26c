/* SPDX-License-Identifier: ISC */
/*
 * guest-ram.c: accesses to memory that somebody else writes at the same time. See guest-ram.h.
 *
 * An aligned value is read and written with one access of its own size, so that an index never
 * appears half old and half new. One that is not aligned goes byte by byte, each byte once.
 */
#include "guest-ram.h"

/* gcc's thread sanitizer does not model fences and says so; what a guest does needs no modelling. */
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#define RELAXED __ATOMIC_RELAXED

static uint64_t get_bytes(const void *p, unsigned size)
{
    const uint8_t *byte = p;
    uint64_t v = 0;

    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)__atomic_load_n(byte + i, RELAXED) << 8 * i;
    }
    return v;
}

static void put_bytes(void *p, unsigned size, uint64_t v)
{
    uint8_t *byte = p;

    for (unsigned i = 0; i < size; i++) {
        __atomic_store_n(byte + i, (uint8_t)(v >> 8 * i), RELAXED);
    }
}

/* Whether the host keeps a value of this size as the guest does, in one piece. */
static bool direct(const void *p, uintptr_t size)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && (uintptr_t)p % size == 0;
}

uint16_t guest_ram_get16(const void *p)
{
    return direct(p, 2) ? __atomic_load_n((const uint16_t *)p, RELAXED) : (uint16_t)get_bytes(p, 2);
}

uint32_t guest_ram_get32(const void *p)
{
    return direct(p, 4) ? __atomic_load_n((const uint32_t *)p, RELAXED) : (uint32_t)get_bytes(p, 4);
}

uint64_t guest_ram_get64(const void *p)
{
    return direct(p, 8) ? __atomic_load_n((const uint64_t *)p, RELAXED) : get_bytes(p, 8);
}

void guest_ram_put16(void *p, uint16_t v)
{
    if (direct(p, 2)) {
        __atomic_store_n((uint16_t *)p, v, RELAXED);
    } else {
        put_bytes(p, 2, v);
    }
}

uint16_t guest_ram_acquire16(const void *p)
{
    uint16_t v;

    if (direct(p, 2)) {
        return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
    }
    v = (uint16_t)get_bytes(p, 2);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return v;
}

void guest_ram_release16(void *p, uint16_t v)
{
    if (direct(p, 2)) {
        __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
    } else {
        __atomic_thread_fence(__ATOMIC_RELEASE);
        put_bytes(p, 2, v);
    }
}

void guest_ram_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void guest_ram_put32(void *p, uint32_t v)
{
    if (direct(p, 4)) {
        __atomic_store_n((uint32_t *)p, v, RELAXED);
    } else {
        put_bytes(p, 4, v);
    }
}
