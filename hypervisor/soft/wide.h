/* SPDX-License-Identifier: ISC */
/*
 * Wide and bit-counting integer helpers for the software CPU: the one place that names the compiler's
 * 128-bit type and its bit-counting builtins. Pure functions, any thread.
 */
#ifndef SOFTHV_WIDE_H
#define SOFTHV_WIDE_H

#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "softhv keeps guest registers and memory in host byte order: the host must be little-endian"
#endif

__extension__ typedef unsigned __int128 u128;

static inline u128 wide_make(uint64_t hi, uint64_t lo)
{
    return ((u128)hi << 64) | lo;
}

static inline uint64_t wide_hi(u128 x)
{
    return (uint64_t)(x >> 64);
}

static inline uint64_t wide_lo(u128 x)
{
    return (uint64_t)x;
}

/* The full product. */
static inline u128 wide_mul64(uint64_t a, uint64_t b)
{
    return (u128)a * b;
}

/* Leading zeros; x must not be 0. */
static inline unsigned wide_clz64(uint64_t x)
{
    return (unsigned)__builtin_clzll(x);
}

/* Trailing zeros; x must not be 0. */
static inline unsigned wide_ctz64(uint64_t x)
{
    return (unsigned)__builtin_ctzll(x);
}

static inline unsigned wide_clz128(u128 x)
{
    return wide_hi(x) != 0 ? wide_clz64(wide_hi(x)) : 64 + wide_clz64(wide_lo(x));
}

/* Shift right by any n; bits that fall off leave a 1 in bit 0 if one of them was set. */
static inline uint64_t wide_shr_sticky64(uint64_t x, unsigned n)
{
    if (n == 0) {
        return x;
    }
    return n < 64 ? (x >> n) | ((x << (64 - n)) != 0) : (x != 0);
}

static inline u128 wide_shr_sticky128(u128 x, unsigned n)
{
    if (n == 0) {
        return x;
    }
    return n < 128 ? (x >> n) | ((x << (128 - n)) != 0) : (u128)(x != 0);
}

#endif
