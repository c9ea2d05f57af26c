/* SPDX-License-Identifier: ISC */
/*
 * host-atomic.h: what guest atomics, exclusives and ordered accesses need of the host beyond
 * guest-mem.h.
 *
 * Purpose: the read-modify-write and sequentially consistent accesses behind exec-memory.c, on
 * guest RAM that other vCPU threads and the VMM touch at the same time. Pointers are host addresses
 * of naturally aligned guest memory. Any thread; nothing here can fail.
 *
 * Order: `ordered` is the union of the instruction's acquire and release bits. Arm's acquire and
 * release are RCsc (B2.3.11: a store-release is observed before a later load-acquire), which C11
 * only promises for memory_order_seq_cst; so any ordered access is seq_cst and any other is
 * relaxed. On arm64 hosts that gives LDAR, STLR and the AL forms; on x86-64 loads stay plain moves
 * and only the ordered store costs (an xchg).
 *
 * C11 has no portable, inline 16-byte compare-and-swap. This file and wide.h are the places that
 * use what gcc and clang offer instead: on x86-64 the build passes -mcx16.
 */
#ifndef SOFTHV_HOST_ATOMIC_H
#define SOFTHV_HOST_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wide.h"

/*
 * A full barrier. gcc's thread sanitizer does not model fences and says so; guest memory needs no
 * modelling.
 */
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static inline void host_fence(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}
#if defined(__SANITIZE_THREAD__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* Sequentially consistent load and store of 1, 2, 4 or 8 aligned bytes. */
static inline uint64_t host_load_ordered(const void *p, unsigned size)
{
    switch (size) {
    case 1: return atomic_load((const _Atomic uint8_t *)p);
    case 2: return atomic_load((const _Atomic uint16_t *)p);
    case 4: return atomic_load((const _Atomic uint32_t *)p);
    default: return atomic_load((const _Atomic uint64_t *)p);
    }
}

static inline void host_store_ordered(void *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: atomic_store((_Atomic uint8_t *)p, (uint8_t)v); break;
    case 2: atomic_store((_Atomic uint16_t *)p, (uint16_t)v); break;
    case 4: atomic_store((_Atomic uint32_t *)p, (uint32_t)v); break;
    default: atomic_store((_Atomic uint64_t *)p, v); break;
    }
}

/* One width of host_cas. */
#define HOST_CAS(bits)                                                                             \
    static inline bool host_cas##bits(void *p, uint64_t *expected, uint64_t desired, bool ordered) \
    {                                                                                              \
        uint##bits##_t e = (uint##bits##_t) * expected;                                            \
        uint##bits##_t d = (uint##bits##_t)desired;                                                \
        _Atomic uint##bits##_t *a = p;                                                             \
        bool swapped;                                                                              \
                                                                                                   \
        if (ordered) {                                                                             \
            swapped = atomic_compare_exchange_strong(a, &e, d);                                    \
        } else {                                                                                   \
            swapped = atomic_compare_exchange_strong_explicit(a, &e, d, memory_order_relaxed,      \
                                                              memory_order_relaxed);               \
        }                                                                                          \
        *expected = e;                                                                             \
        return swapped;                                                                            \
    }

HOST_CAS(8)
HOST_CAS(16)
HOST_CAS(32)
HOST_CAS(64)

/*
 * If the `size` (1, 2, 4, 8) bytes at p equal the low bytes of *expected, replaces them by those of
 * desired. *expected becomes what was there, zero-extended. Returns whether it replaced.
 */
static inline bool host_cas(void *p, unsigned size, uint64_t *expected, uint64_t desired,
                            bool ordered)
{
    switch (size) {
    case 1: return host_cas8(p, expected, desired, ordered);
    case 2: return host_cas16(p, expected, desired, ordered);
    case 4: return host_cas32(p, expected, desired, ordered);
    default: return host_cas64(p, expected, desired, ordered);
    }
}

/*
 * The same on 16 bytes, always a full barrier. Returns what was there. p is written even if nothing
 * changes.
 */
static inline u128 host_cas128(void *p, u128 expected, u128 desired)
{
    return __sync_val_compare_and_swap((u128 *)p, expected, desired);
}

#endif
