/* SPDX-License-Identifier: ISC */
/*
 * bits.h: bit-field arithmetic for encodings, page tables and registers.
 *
 * Pure functions on stdint types; every bit number is the Arm ARM's own (0 is the least significant
 * bit).
 */
#ifndef SOFTHV_BITS_H
#define SOFTHV_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Bits hi..lo of a 32-bit word, right-aligned. 0 <= lo <= hi <= 31. */
static inline uint32_t bits32(uint32_t v, unsigned hi, unsigned lo)
{
    return (v >> lo) & (uint32_t)((UINT64_C(1) << (hi - lo + 1)) - 1);
}

static inline bool bit32(uint32_t v, unsigned n)
{
    return (v >> n) & 1;
}

/* Bits hi..lo of a 64-bit word, right-aligned. 0 <= lo <= hi <= 63. */
static inline uint64_t bits64(uint64_t v, unsigned hi, unsigned lo)
{
    return (v >> lo) & (UINT64_MAX >> (63 - (hi - lo)));
}

static inline bool bit64(uint64_t v, unsigned n)
{
    return (v >> n) & 1;
}

/* The low n bits set. 0 <= n <= 64. */
static inline uint64_t ones64(unsigned n)
{
    return n == 0 ? 0 : UINT64_MAX >> (64 - n);
}

/* The low n bits of v as a signed number. 1 <= n <= 64. */
static inline int64_t sext64(uint64_t v, unsigned n)
{
    return (int64_t)(v << (64 - n)) >> (64 - n);
}

static inline int32_t sext32(uint32_t v, unsigned n)
{
    return (int32_t)(v << (32 - n)) >> (32 - n);
}

/* Rotations; any amount, taken modulo the width. */
static inline uint32_t ror32(uint32_t v, unsigned n)
{
    n &= 31;
    return n == 0 ? v : (v >> n) | (v << (32 - n));
}

static inline uint64_t ror64(uint64_t v, unsigned n)
{
    n &= 63;
    return n == 0 ? v : (v >> n) | (v << (64 - n));
}

#endif
