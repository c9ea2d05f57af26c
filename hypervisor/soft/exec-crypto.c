/* SPDX-License-Identifier: ISC */
/*
 * exec-crypto.c: handlers of the cryptographic instructions (Arm ARM C3.6.25).
 *
 * The AES state is the register's 16 bytes, column after column from the least significant byte
 * (FIPS 197, 3.4), so a column is a 32-bit lane with row 0 in its low byte. The SHA instructions do
 * four rounds on lanes 0 to 3 in that order.
 */
#include "exec-crypto.h"

#include "bits.h"
#include "cpu.h"
#include "except.h"

#define HANDLER(name, body)                                                                        \
    const struct op *name(struct cpu *c, const struct op *op)                                      \
    {                                                                                              \
        FP_CHECK(c, op);                                                                           \
        body;                                                                                      \
        OP_NEXT(c, op);                                                                            \
    }

/* Operands, inside a handler. */
#define VD c->v[op->rd]
#define VN c->v[op->rn]
#define VM c->v[op->rm]

static inline uint32_t rol32(uint32_t v, unsigned n)
{
    return ror32(v, 32 - n);
}

/* ---- AES ------------------------------------------------------------------------------------- */

/* FIPS 197, 5.1.1: the inverse in GF(2^8), then an affine map. */
static const uint8_t aes_sbox[256] = {
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
    0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0,
    0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
    0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75,
    0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
    0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
    0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8,
    0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2,
    0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
    0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
    0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79,
    0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
    0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a,
    0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e,
    0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
    0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
};

static const uint8_t aes_sbox_inverse[256] = {
    0x52, 0x09, 0x6a, 0xd5, 0x30, 0x36, 0xa5, 0x38, 0xbf, 0x40, 0xa3, 0x9e, 0x81, 0xf3, 0xd7, 0xfb,
    0x7c, 0xe3, 0x39, 0x82, 0x9b, 0x2f, 0xff, 0x87, 0x34, 0x8e, 0x43, 0x44, 0xc4, 0xde, 0xe9, 0xcb,
    0x54, 0x7b, 0x94, 0x32, 0xa6, 0xc2, 0x23, 0x3d, 0xee, 0x4c, 0x95, 0x0b, 0x42, 0xfa, 0xc3, 0x4e,
    0x08, 0x2e, 0xa1, 0x66, 0x28, 0xd9, 0x24, 0xb2, 0x76, 0x5b, 0xa2, 0x49, 0x6d, 0x8b, 0xd1, 0x25,
    0x72, 0xf8, 0xf6, 0x64, 0x86, 0x68, 0x98, 0x16, 0xd4, 0xa4, 0x5c, 0xcc, 0x5d, 0x65, 0xb6, 0x92,
    0x6c, 0x70, 0x48, 0x50, 0xfd, 0xed, 0xb9, 0xda, 0x5e, 0x15, 0x46, 0x57, 0xa7, 0x8d, 0x9d, 0x84,
    0x90, 0xd8, 0xab, 0x00, 0x8c, 0xbc, 0xd3, 0x0a, 0xf7, 0xe4, 0x58, 0x05, 0xb8, 0xb3, 0x45, 0x06,
    0xd0, 0x2c, 0x1e, 0x8f, 0xca, 0x3f, 0x0f, 0x02, 0xc1, 0xaf, 0xbd, 0x03, 0x01, 0x13, 0x8a, 0x6b,
    0x3a, 0x91, 0x11, 0x41, 0x4f, 0x67, 0xdc, 0xea, 0x97, 0xf2, 0xcf, 0xce, 0xf0, 0xb4, 0xe6, 0x73,
    0x96, 0xac, 0x74, 0x22, 0xe7, 0xad, 0x35, 0x85, 0xe2, 0xf9, 0x37, 0xe8, 0x1c, 0x75, 0xdf, 0x6e,
    0x47, 0xf1, 0x1a, 0x71, 0x1d, 0x29, 0xc5, 0x89, 0x6f, 0xb7, 0x62, 0x0e, 0xaa, 0x18, 0xbe, 0x1b,
    0xfc, 0x56, 0x3e, 0x4b, 0xc6, 0xd2, 0x79, 0x20, 0x9a, 0xdb, 0xc0, 0xfe, 0x78, 0xcd, 0x5a, 0xf4,
    0x1f, 0xdd, 0xa8, 0x33, 0x88, 0x07, 0xc7, 0x31, 0xb1, 0x12, 0x10, 0x59, 0x27, 0x80, 0xec, 0x5f,
    0x60, 0x51, 0x7f, 0xa9, 0x19, 0xb5, 0x4a, 0x0d, 0x2d, 0xe5, 0x7a, 0x9f, 0x93, 0xc9, 0x9c, 0xef,
    0xa0, 0xe0, 0x3b, 0x4d, 0xae, 0x2a, 0xf5, 0xb0, 0xc8, 0xeb, 0xbb, 0x3c, 0x83, 0x53, 0x99, 0x61,
    0x17, 0x2b, 0x04, 0x7e, 0xba, 0x77, 0xd6, 0x26, 0xe1, 0x69, 0x14, 0x63, 0x55, 0x21, 0x0c, 0x7d,
};

/*
 * ShiftRows and SubBytes, or with the inverse table and row shift their inverses, which commute.
 * Row r of column k comes from column k + shift * r.
 */
static inline void aes_substitute(union vreg *d, const union vreg *n, const uint8_t *sbox,
                                  unsigned shift)
{
    union vreg in = {.d = {d->d[0] ^ n->d[0], d->d[1] ^ n->d[1]}};

    for (unsigned i = 0; i < 16; i++) {
        d->b[i] = sbox[in.b[(i + 4 * shift * (i & 3)) & 15]];
    }
}

/* Doubles the four bytes of a column in GF(2^8). */
static inline uint32_t aes_double(uint32_t col)
{
    uint32_t high = col >> 7 & UINT32_C(0x01010101);

    return (col & UINT32_C(0x7f7f7f7f)) << 1 ^ high * 0x1b;
}

/* 2, 3, 1, 1 times the bytes from each one on. */
static inline uint32_t aes_mix(uint32_t col)
{
    uint32_t next = ror32(col, 8);

    return aes_double(col ^ next) ^ next ^ ror32(col, 16) ^ ror32(col, 24);
}

/* The inverse matrix (14, 11, 13, 9) is that of aes_mix times (5, 0, 4, 0). */
static inline uint32_t aes_unmix(uint32_t col)
{
    return aes_mix(col ^ aes_double(aes_double(col ^ ror32(col, 16))));
}

static inline void aes_mix_columns(union vreg *d, const union vreg *n)
{
    for (unsigned i = 0; i < 4; i++) {
        d->s[i] = aes_mix(n->s[i]);
    }
}

static inline void aes_unmix_columns(union vreg *d, const union vreg *n)
{
    for (unsigned i = 0; i < 4; i++) {
        d->s[i] = aes_unmix(n->s[i]);
    }
}

HANDLER(exec_aese, aes_substitute(&VD, &VN, aes_sbox, 1))
HANDLER(exec_aesd, aes_substitute(&VD, &VN, aes_sbox_inverse, 3))
HANDLER(exec_aesmc, aes_mix_columns(&VD, &VN))
HANDLER(exec_aesimc, aes_unmix_columns(&VD, &VN))

/* ---- SHA-1 and SHA-256 ----------------------------------------------------------------------- */

static inline uint32_t sha_choose(uint32_t x, uint32_t y, uint32_t z)
{
    return ((y ^ z) & x) ^ z;
}

static inline uint32_t sha_parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static inline uint32_t sha_majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

typedef uint32_t sha_function(uint32_t x, uint32_t y, uint32_t z);

/*
 * Four rounds: lanes of d are a, b, c, d of FIPS 180-4, lane 0 of n is e, m is the schedule with
 * the constant added.
 */
static inline void sha1_rounds(union vreg *d, const union vreg *n, const union vreg *m,
                               sha_function *f)
{
    union vreg x = *d;
    union vreg w = *m;
    uint32_t e = n->s[0];

    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = e + rol32(x.s[0], 5) + f(x.s[1], x.s[2], x.s[3]) + w.s[i];

        e = x.s[3];
        x.s[3] = x.s[2];
        x.s[2] = rol32(x.s[1], 30);
        x.s[1] = x.s[0];
        x.s[0] = t;
    }
    *d = x;
}

HANDLER(exec_sha1c, sha1_rounds(&VD, &VN, &VM, sha_choose))
HANDLER(exec_sha1p, sha1_rounds(&VD, &VN, &VM, sha_parity))
HANDLER(exec_sha1m, sha1_rounds(&VD, &VN, &VM, sha_majority))

static inline void sha1_fixed_rotate(union vreg *d, const union vreg *n)
{
    *d = (union vreg){.s = {rol32(n->s[0], 30), 0, 0, 0}};
}

static inline void sha1_schedule_0(union vreg *d, const union vreg *n, const union vreg *m)
{
    uint64_t low = d->d[0] ^ d->d[1] ^ m->d[0];
    uint64_t high = d->d[1] ^ n->d[0] ^ m->d[1];

    d->d[0] = low;
    d->d[1] = high;
}

static inline void sha1_schedule_1(union vreg *d, const union vreg *n)
{
    uint32_t t0 = d->s[0] ^ n->s[1];
    uint32_t t1 = d->s[1] ^ n->s[2];
    uint32_t t2 = d->s[2] ^ n->s[3];
    uint32_t t3 = d->s[3];

    d->s[0] = rol32(t0, 1);
    d->s[1] = rol32(t1, 1);
    d->s[2] = rol32(t2, 1);
    d->s[3] = rol32(t3, 1) ^ rol32(t0, 2);
}

HANDLER(exec_sha1h, sha1_fixed_rotate(&VD, &VN))
HANDLER(exec_sha1su0, sha1_schedule_0(&VD, &VN, &VM))
HANDLER(exec_sha1su1, sha1_schedule_1(&VD, &VN))

/* Four rounds: lanes of x are a to d, those of y e to h. Both are left as they are after them. */
static inline void sha256_rounds(union vreg *x, union vreg *y, const union vreg *w)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t a = x->s[0];
        uint32_t e = y->s[0];
        uint32_t t1 = y->s[3] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) +
                      sha_choose(e, y->s[1], y->s[2]) + w->s[i];
        uint32_t t2 =
            (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) + sha_majority(a, x->s[1], x->s[2]);

        y->s[3] = y->s[2];
        y->s[2] = y->s[1];
        y->s[1] = e;
        y->s[0] = x->s[3] + t1;
        x->s[3] = x->s[2];
        x->s[2] = x->s[1];
        x->s[1] = a;
        x->s[0] = t1 + t2;
    }
}

static inline void sha256_first(union vreg *d, const union vreg *n, const union vreg *m)
{
    union vreg x = *d;
    union vreg y = *n;

    sha256_rounds(&x, &y, m);
    *d = x;
}

static inline void sha256_second(union vreg *d, const union vreg *n, const union vreg *m)
{
    union vreg x = *n;
    union vreg y = *d;

    sha256_rounds(&x, &y, m);
    *d = y;
}

static inline uint32_t sha256_sigma_0(uint32_t v)
{
    return ror32(v, 7) ^ ror32(v, 18) ^ v >> 3;
}

static inline uint32_t sha256_sigma_1(uint32_t v)
{
    return ror32(v, 17) ^ ror32(v, 19) ^ v >> 10;
}

static inline void sha256_schedule_0(union vreg *d, const union vreg *n)
{
    uint32_t next = n->s[0];

    for (unsigned i = 0; i < 3; i++) {
        d->s[i] += sha256_sigma_0(d->s[i + 1]);
    }
    d->s[3] += sha256_sigma_0(next);
}

static inline void sha256_schedule_1(union vreg *d, const union vreg *n, const union vreg *m)
{
    union vreg r;

    r.s[0] = d->s[0] + n->s[1] + sha256_sigma_1(m->s[2]);
    r.s[1] = d->s[1] + n->s[2] + sha256_sigma_1(m->s[3]);
    r.s[2] = d->s[2] + n->s[3] + sha256_sigma_1(r.s[0]);
    r.s[3] = d->s[3] + m->s[0] + sha256_sigma_1(r.s[1]);
    *d = r;
}

HANDLER(exec_sha256h, sha256_first(&VD, &VN, &VM))
HANDLER(exec_sha256h2, sha256_second(&VD, &VN, &VM))
HANDLER(exec_sha256su0, sha256_schedule_0(&VD, &VN))
HANDLER(exec_sha256su1, sha256_schedule_1(&VD, &VN, &VM))

/* ---- Polynomial multiplication --------------------------------------------------------------- */

/* The 128-bit product of polynomials over GF(2), four bits of b at a time. */
static inline void polynomial_multiply(union vreg *d, uint64_t a, uint64_t b)
{
    uint64_t low[16] = {0, a}; /* a times the four bits, and what of it exceeds 64 bits */
    uint64_t high[16] = {0};
    uint64_t lo = 0;
    uint64_t hi = 0;

    for (unsigned i = 2; i < 16; i += 2) {
        low[i] = low[i / 2] << 1;
        high[i] = high[i / 2] << 1 | low[i / 2] >> 63;
        low[i + 1] = low[i] ^ a;
        high[i + 1] = high[i];
    }
    for (int at = 60; at >= 0; at -= 4) {
        unsigned nibble = b >> at & 15;

        hi = (hi << 4 | lo >> 60) ^ high[nibble];
        lo = lo << 4 ^ low[nibble];
    }
    d->d[0] = lo;
    d->d[1] = hi;
}

HANDLER(exec_pmull_64, polynomial_multiply(&VD, VN.d[0], VM.d[0]))
HANDLER(exec_pmull2_64, polynomial_multiply(&VD, VN.d[1], VM.d[1]))
