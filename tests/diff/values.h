/* SPDX-License-Identifier: ISC */
/* values.h: register contents for the differential test: the values where arithmetic breaks, mixed with random ones. */
#ifndef DIFF_VALUES_H
#define DIFF_VALUES_H

#include "rng.h"

/* A general register: small numbers, powers of two and their neighbours, width boundaries, patterns, random bits. */
uint64_t values_general(struct rng *r);

/* A vector register, as lanes of one random kind: floating point of one size (zeros, subnormals, limits, infinities,
 * both kinds of NaN, numbers near the limits of integers) or integers of one size. */
void values_vector(struct rng *r, uint64_t v[2]);

/* One floating-point number of 16, 32 or 64 bits. */
uint64_t values_fp(struct rng *r, unsigned bits);

#endif
