/* SPDX-License-Identifier: ISC */
/*
 * guest-mem.h: touching guest RAM from the host.
 *
 * Guest RAM is shared between vCPU threads and the VMM. Aligned accesses are relaxed atomics:
 * single-copy atomic as the guest expects (B2.2.1), no data race in the sense of C11, and plain
 * moves on the hosts we run on. Unaligned ones go byte by byte. Ordering comes from the guest's own
 * barriers (exec-system.c) and acquire/release instructions.
 */
#ifndef SOFTHV_GUEST_MEM_H
#define SOFTHV_GUEST_MEM_H

#include <stdatomic.h>
#include <stdint.h>

static inline uint64_t guest_load8(const void *p)
{
    return atomic_load_explicit((const _Atomic uint8_t *)p, memory_order_relaxed);
}

static inline uint64_t guest_load16(const void *p)
{
    return atomic_load_explicit((const _Atomic uint16_t *)p, memory_order_relaxed);
}

static inline uint64_t guest_load32(const void *p)
{
    return atomic_load_explicit((const _Atomic uint32_t *)p, memory_order_relaxed);
}

static inline uint64_t guest_load64(const void *p)
{
    return atomic_load_explicit((const _Atomic uint64_t *)p, memory_order_relaxed);
}

static inline void guest_store8(void *p, uint64_t v)
{
    atomic_store_explicit((_Atomic uint8_t *)p, (uint8_t)v, memory_order_relaxed);
}

static inline void guest_store16(void *p, uint64_t v)
{
    atomic_store_explicit((_Atomic uint16_t *)p, (uint16_t)v, memory_order_relaxed);
}

static inline void guest_store32(void *p, uint64_t v)
{
    atomic_store_explicit((_Atomic uint32_t *)p, (uint32_t)v, memory_order_relaxed);
}

static inline void guest_store64(void *p, uint64_t v)
{
    atomic_store_explicit((_Atomic uint64_t *)p, v, memory_order_relaxed);
}

/* Aligned access of size 1, 2, 4 or 8. With a constant size this is one move. */
static inline uint64_t guest_load(const void *p, unsigned size)
{
    switch (size) {
    case 1: return guest_load8(p);
    case 2: return guest_load16(p);
    case 4: return guest_load32(p);
    default: return guest_load64(p);
    }
}

static inline void guest_store(void *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: guest_store8(p, v); break;
    case 2: guest_store16(p, v); break;
    case 4: guest_store32(p, v); break;
    default: guest_store64(p, v); break;
    }
}

#endif
