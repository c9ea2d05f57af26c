/* SPDX-License-Identifier: ISC */
/*
 * rng.h: the differential test's random numbers: xoshiro256**, seeded from (seed, case number) so that every
 * case can be made again alone. The same numbers on every machine.
 */
#ifndef DIFF_RNG_H
#define DIFF_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

static inline uint64_t rng_mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline void rng_seed(struct rng *r, uint64_t seed, uint64_t number)
{
    uint64_t state = seed;

    state = rng_mix(&state) ^ number;
    for (int i = 0; i < 4; i++)
        r->s[i] = rng_mix(&state);
}

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t five = r->s[1] * 5;
    uint64_t result = (five << 7 | five >> 57) * 9;
    uint64_t t = r->s[1] << 17;

    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = r->s[3] << 45 | r->s[3] >> 19;
    return result;
}

/* 0 to n - 1; n is small against 2^32. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

static inline bool rng_chance(struct rng *r, uint32_t percent)
{
    return rng_below(r, 100) < percent;
}

#endif
