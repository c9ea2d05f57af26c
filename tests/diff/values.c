/* SPDX-License-Identifier: ISC */
/* Register contents for the differential test: see values.h. */
#include "values.h"

#include <stddef.h>
#include <string.h>

uint64_t values_general(struct rng *r)
{
    uint64_t random = rng_next(r), value;
    unsigned shift = rng_below(r, 64);

    switch (rng_below(r, 12)) {
    case 0:
    case 1:
    case 2: value = random; break;
    case 3: value = random % 41; break;
    case 4: value = 0 - random % 41; break;
    case 5: value = (UINT64_C(1) << shift) + random % 3 - 1; break;
    case 6: value = ~(UINT64_C(1) << shift) + random % 3 - 1; break;
    case 7: value = random >> shift; break;
    case 8: value = (uint64_t)((int64_t)random >> shift); break;
    case 9: value = UINT64_C(0x0101010101010101) * (random & 0xff); break;
    case 10: value = (uint64_t)(int64_t)(int32_t)random; break;
    default: value = values_fp(r, random & 1 ? 64 : 32); break;
    }
    /* 2^38 and a little more is where qemu-aarch64 puts its program's stack. */
    if (value >> 24 == UINT64_C(1) << 14 || (value + 0x10000) >> 24 == UINT64_C(1) << 14)
        value = random;
    return value;
}

struct fp_format {
    unsigned bits;
    unsigned fraction;
};

static uint64_t fp_number(struct fp_format f, uint64_t sign, uint64_t exponent, uint64_t fraction)
{
    return sign << (f.bits - 1) | exponent << f.fraction | fraction;
}

uint64_t values_fp(struct rng *r, unsigned bits)
{
    static const struct fp_format formats[] = {{16, 10}, {32, 23}, {64, 52}};
    struct fp_format f = formats[bits == 16 ? 0 : bits == 32 ? 1 : 2];
    uint64_t random = rng_next(r), sign = random >> 63;
    uint64_t ones = (UINT64_C(1) << f.fraction) - 1, quiet = UINT64_C(1) << (f.fraction - 1);
    uint64_t max = (UINT64_C(1) << (f.bits - 1 - f.fraction)) - 1, bias = max / 2;
    uint64_t fraction = random & ones, near, power;

    switch (rng_below(r, 24)) {
    case 0:
    case 1: return fp_number(f, sign, 0, 0);
    case 2: return fp_number(f, sign, max, 0);
    case 3: return fp_number(f, sign, max, quiet | fraction);
    case 4: return fp_number(f, sign, max, (fraction & ~quiet) | 1);
    case 5: return fp_number(f, sign, max, quiet);
    case 6: return fp_number(f, sign, 0, 1 + random % 3);
    case 7: return fp_number(f, sign, 0, ones - random % 3);
    case 8: return fp_number(f, sign, 0, fraction >> rng_below(r, f.fraction));
    case 9: return fp_number(f, sign, 1, random % 3);
    case 10: return fp_number(f, sign, max - 1, ones - random % 3);
    case 11: return fp_number(f, sign, bias + random % 3 - 1, 0);
    case 12: return fp_number(f, sign, bias - random % 2, ones - random / 2 % 2);
    case 13: return fp_number(f, sign, bias + random % 8, quiet << 1 >> (1 + random / 8 % 8));
    case 14:
    case 15: /* near the limits of the integers */
        power = (uint64_t[]){8, 16, 31, 32, 63, 64, 7, 15}[rng_below(r, 8)];
        near = fp_number(f, 0, bias + power, 0) + rng_below(r, 5) - 2;
        return near | sign << (f.bits - 1);
    case 16: return fp_number(f, sign, 1 + random % (f.fraction + 2), fraction);
    case 17: return fp_number(f, sign, max - 1 - random % 4, fraction);
    case 18: return fp_number(f, sign, bias - f.fraction + random % (2 * f.fraction), fraction);
    case 19: /* few significant bits: halves, ties */
        return fp_number(f, sign, bias + random % (f.fraction + 4),
                         fraction & ~(ones >> rng_below(r, 6)));
    case 20:
    case 21: return fp_number(f, sign, bias + rng_below(r, 9) - 4, fraction);
    default: return f.bits == 64 ? random : random & ((UINT64_C(1) << f.bits) - 1);
    }
}

static uint64_t integer_lane(struct rng *r, unsigned bits)
{
    uint64_t random = rng_next(r), sign = UINT64_C(1) << (bits - 1), mask = sign | (sign - 1),
             value;

    switch (rng_below(r, 8)) {
    case 0: value = random % 3 - 1; break;
    case 1: value = sign + random % 3 - 1; break;
    case 2: value = random % 130 - 65; break; /* shift counts of either sign */
    case 3: value = UINT64_C(1) << (random % bits); break;
    case 4: value = mask >> (random % bits); break;
    default: value = random; break;
    }
    return value & mask;
}

void values_vector(struct rng *r, uint64_t v[2])
{
    unsigned bits = 8u << rng_below(r, 4);
    bool fp = bits != 8 && rng_chance(r, bits == 16 ? 40 : 75);
    uint64_t lane[2] = {0, 0};
    uint8_t bytes[16];

    if (rng_chance(r, 10)) {
        v[0] = rng_next(r);
        v[1] = rng_next(r);
        return;
    }
    for (size_t i = 0; i < 128 / bits; i++) {
        lane[0] = fp ? values_fp(r, bits) : integer_lane(r, bits);
        memcpy(bytes + i * bits / 8, lane, bits / 8);
    }
    memcpy(v, bytes, sizeof bytes);
}
