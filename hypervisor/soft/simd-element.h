/* SPDX-License-Identifier: ISC */
/*
 * simd-element.h: integer arithmetic on one element of an Advanced SIMD register, for the scalar
 * and the vector handlers alike.
 *
 * An element is the low `bits` bits (8, 16, 32 or 64) of a uint64_t. Operands are read through
 * elem_u() and elem_s(), so bits above the element do not matter; results come zero-extended. A
 * function that takes the cpu saturates and then sets FPSR.QC; the others leave the cpu alone.
 * Called with a constant width in a loop over a register, they compile to that width's code.
 *
 * The vCPU's thread only. The pseudocode is that of the instructions (C7.2) and of SignedSatQ,
 * UnsignedSatQ (J1.3, shared/functions/common).
 */
#ifndef SOFTHV_SIMD_ELEMENT_H
#define SOFTHV_SIMD_ELEMENT_H

#include "cpu.h"

static inline uint64_t elem_u(unsigned bits, uint64_t v)
{
    return v & ones64(bits);
}

static inline int64_t elem_s(unsigned bits, uint64_t v)
{
    return sext64(v, bits);
}

static inline int64_t elem_s_max(unsigned bits)
{
    return (int64_t)ones64(bits - 1);
}

static inline int64_t elem_s_min(unsigned bits)
{
    return -elem_s_max(bits) - 1;
}

/* Writes a scalar: the rest of the register becomes zero. v: zero-extended. */
static inline void elem_set_scalar(union vreg *reg, uint64_t v)
{
    reg->d[0] = v;
    reg->d[1] = 0;
}

/* All ones or zero: the result of a comparison. */
static inline uint64_t elem_bool(unsigned bits, bool v)
{
    return v ? ones64(bits) : 0;
}

static inline uint64_t elem_saturated(struct cpu *c, unsigned bits, uint64_t v)
{
    c->fp.fpsr |= FPSR_QC;
    return elem_u(bits, v);
}

/* ---- Saturation of a number that is wider than the element ----------------------------------- */

static inline uint64_t elem_sat_s(struct cpu *c, unsigned bits, int64_t v)
{
    if (v > elem_s_max(bits)) {
        return elem_saturated(c, bits, (uint64_t)elem_s_max(bits));
    }
    if (v < elem_s_min(bits)) {
        return elem_saturated(c, bits, (uint64_t)elem_s_min(bits));
    }
    return elem_u(bits, (uint64_t)v);
}

static inline uint64_t elem_sat_u(struct cpu *c, unsigned bits, uint64_t v)
{
    return v > ones64(bits) ? elem_saturated(c, bits, UINT64_MAX) : v;
}

/* A signed number into an unsigned element. */
static inline uint64_t elem_sat_su(struct cpu *c, unsigned bits, int64_t v)
{
    return v < 0 ? elem_saturated(c, bits, 0) : elem_sat_u(c, bits, (uint64_t)v);
}

/* SQXTN, UQXTN, SQXTUN. bits: of the result; the operand has twice as many. */
static inline uint64_t elem_sqxtn(struct cpu *c, unsigned bits, uint64_t a)
{
    return elem_sat_s(c, bits, elem_s(2 * bits, a));
}

static inline uint64_t elem_uqxtn(struct cpu *c, unsigned bits, uint64_t a)
{
    return elem_sat_u(c, bits, elem_u(2 * bits, a));
}

static inline uint64_t elem_sqxtun(struct cpu *c, unsigned bits, uint64_t a)
{
    return elem_sat_su(c, bits, elem_s(2 * bits, a));
}

/* ---- Addition and subtraction ---------------------------------------------------------------- */

static inline uint64_t elem_sqadd(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    int64_t r;

    if (__builtin_add_overflow(elem_s(bits, a), elem_s(bits, b), &r)) {
        return elem_saturated(c, bits, (uint64_t)(r < 0 ? INT64_MAX : INT64_MIN));
    }
    return elem_sat_s(c, bits, r);
}

static inline uint64_t elem_sqsub(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    int64_t r;

    if (__builtin_sub_overflow(elem_s(bits, a), elem_s(bits, b), &r)) {
        return elem_saturated(c, bits, (uint64_t)(r < 0 ? INT64_MAX : INT64_MIN));
    }
    return elem_sat_s(c, bits, r);
}

static inline uint64_t elem_uqadd(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    uint64_t r = elem_u(bits, a) + elem_u(bits, b);

    /* The sum is short of an operand only where 64 bits wrapped. */
    return r < elem_u(bits, a) ? elem_saturated(c, bits, UINT64_MAX) : elem_sat_u(c, bits, r);
}

static inline uint64_t elem_uqsub(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    uint64_t x = elem_u(bits, a);
    uint64_t y = elem_u(bits, b);

    return x < y ? elem_saturated(c, bits, 0) : x - y;
}

/* SUQADD: signed `acc` plus unsigned `b`, saturated as signed. */
static inline uint64_t elem_suqadd(struct cpu *c, unsigned bits, uint64_t acc, uint64_t b)
{
    int64_t x = elem_s(bits, acc);
    uint64_t room = (uint64_t)elem_s_max(bits) - (uint64_t)x;

    if (elem_u(bits, b) > room) {
        return elem_saturated(c, bits, (uint64_t)elem_s_max(bits));
    }
    return elem_u(bits, (uint64_t)x + b);
}

/* USQADD: unsigned `acc` plus signed `b`, saturated as unsigned. */
static inline uint64_t elem_usqadd(struct cpu *c, unsigned bits, uint64_t acc, uint64_t b)
{
    int64_t y = elem_s(bits, b);

    if (y >= 0) {
        return elem_uqadd(c, bits, acc, (uint64_t)y);
    }
    y = -(y + 1); /* one less than the magnitude, which may not fit */
    if (elem_u(bits, acc) <= (uint64_t)y) {
        return elem_saturated(c, bits, 0);
    }
    return elem_u(bits, acc) - (uint64_t)y - 1;
}

static inline uint64_t elem_abs(unsigned bits, uint64_t a)
{
    return elem_u(bits, elem_s(bits, a) < 0 ? 0 - a : a);
}

static inline uint64_t elem_sqneg(struct cpu *c, unsigned bits, uint64_t a)
{
    return elem_sqsub(c, bits, 0, a);
}

static inline uint64_t elem_sqabs(struct cpu *c, unsigned bits, uint64_t a)
{
    return elem_s(bits, a) < 0 ? elem_sqneg(c, bits, a) : elem_u(bits, a);
}

/* ---- Doubling multiplication. bits: of the operands, 16 or 32 -------------------------------- */

/* SQDMULH, SQRDMULH: the high half. */
static inline uint64_t elem_sqdmulh(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    return elem_sat_s(c, bits, (elem_s(bits, a) * elem_s(bits, b)) >> (bits - 1));
}

static inline uint64_t elem_sqrdmulh(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    int64_t half = INT64_C(1) << (bits - 2);

    return elem_sat_s(c, bits, (elem_s(bits, a) * elem_s(bits, b) + half) >> (bits - 1));
}

/*
 * SQDMULL; the result has twice the bits. SQDMLAL and SQDMLSL then use elem_sqadd or elem_sqsub on
 * that width.
 */
static inline uint64_t elem_sqdmull(struct cpu *c, unsigned bits, uint64_t a, uint64_t b)
{
    uint64_t product = (uint64_t)(elem_s(bits, a) * elem_s(bits, b));

    return elem_sqadd(c, 2 * bits, product, product);
}

/* ---- Polynomials over {0, 1} ----------------------------------------------------------------- */

/* PolynomialMult (J1.3) of two bytes: 15 bits. */
static inline uint64_t elem_poly_mul8(uint64_t a, uint64_t b)
{
    unsigned r = 0;

    for (unsigned n = 0; n < 8; n++) {
        r ^= (unsigned)elem_u(8, a) << n & (0u - ((unsigned)b >> n & 1));
    }
    return r;
}

/* ---- Shifts ---------------------------------------------------------------------------------- */

/* Right by n, 0 or more; `round` adds half of what is lost. Exact however far n goes. */
static inline int64_t elem_asr(int64_t v, unsigned n, bool round)
{
    if (n >= 64) {
        return round ? 0 : v >> 63;
    }
    return (v >> n) + (round && n != 0 ? v >> (n - 1) & 1 : 0);
}

static inline uint64_t elem_lsr(uint64_t v, unsigned n, bool round)
{
    if (n >= 64) {
        return round && n == 64 ? v >> 63 : 0;
    }
    return (v >> n) + (round && n != 0 ? v >> (n - 1) & 1 : 0);
}

/* SHL, and SSHL, USHL to the left: what leaves the element is lost. */
static inline uint64_t elem_shl(unsigned bits, uint64_t a, unsigned n)
{
    return n >= bits ? 0 : elem_u(bits, a << n);
}

/* SQSHL, UQSHL and SQSHLU (signed operand, unsigned result) by n to the left. */
static inline uint64_t elem_sqshl_by(struct cpu *c, unsigned bits, uint64_t a, unsigned n)
{
    int64_t v = elem_s(bits, a);
    uint64_t r = elem_shl(bits, a, n);

    if (v != 0 && (n >= bits || elem_s(bits, r) >> n != v)) {
        return elem_saturated(c, bits, (uint64_t)(v < 0 ? elem_s_min(bits) : elem_s_max(bits)));
    }
    return r;
}

static inline uint64_t elem_uqshl_by(struct cpu *c, unsigned bits, uint64_t a, unsigned n)
{
    uint64_t v = elem_u(bits, a);
    uint64_t r = elem_shl(bits, a, n);

    return v != 0 && (n >= bits || r >> n != v) ? elem_saturated(c, bits, UINT64_MAX) : r;
}

static inline uint64_t elem_sqshlu_by(struct cpu *c, unsigned bits, uint64_t a, unsigned n)
{
    return elem_s(bits, a) < 0 ? elem_saturated(c, bits, 0) : elem_uqshl_by(c, bits, a, n);
}

/* By immediate to the right, 1 to bits: SSHR, USHR; with `round` SRSHR, URSHR. */
static inline uint64_t elem_sshr(unsigned bits, uint64_t a, unsigned n, bool round)
{
    return elem_u(bits, (uint64_t)elem_asr(elem_s(bits, a), n, round));
}

static inline uint64_t elem_ushr(unsigned bits, uint64_t a, unsigned n, bool round)
{
    return elem_lsr(elem_u(bits, a), n, round);
}

/* SRI, SLI: the bits that the shift would clear keep what d has. */
static inline uint64_t elem_sri(unsigned bits, uint64_t d, uint64_t a, unsigned n)
{
    uint64_t kept = ones64(bits) & ~ones64(bits - n);

    return (d & kept) | elem_ushr(bits, a, n, false);
}

static inline uint64_t elem_sli(unsigned bits, uint64_t d, uint64_t a, unsigned n)
{
    return (d & ones64(n)) | elem_shl(bits, a, n);
}

/* Narrowing shifts right: SQSHRN, UQSHRN, SQSHRUN and their rounding forms. bits: of the result. */
static inline uint64_t elem_sqshrn(struct cpu *c, unsigned bits, uint64_t a, unsigned n, bool round)
{
    return elem_sat_s(c, bits, elem_asr(elem_s(2 * bits, a), n, round));
}

static inline uint64_t elem_uqshrn(struct cpu *c, unsigned bits, uint64_t a, unsigned n, bool round)
{
    return elem_sat_u(c, bits, elem_lsr(elem_u(2 * bits, a), n, round));
}

static inline uint64_t elem_sqshrun(struct cpu *c, unsigned bits, uint64_t a, unsigned n,
                                    bool round)
{
    return elem_sat_su(c, bits, elem_asr(elem_s(2 * bits, a), n, round));
}

/*
 * Shifts by the signed low byte of b, left if positive: SSHL, USHL; with `round` SRSHL, URSHL;
 * those that take the cpu SQSHL, UQSHL, SQRSHL, UQRSHL.
 */
static inline int elem_shift_amount(uint64_t b)
{
    return (int8_t)(uint8_t)b;
}

static inline uint64_t elem_sshl(unsigned bits, uint64_t a, uint64_t b, bool round)
{
    int n = elem_shift_amount(b);

    return n < 0 ? elem_sshr(bits, a, (unsigned)-n, round) : elem_shl(bits, a, (unsigned)n);
}

static inline uint64_t elem_ushl(unsigned bits, uint64_t a, uint64_t b, bool round)
{
    int n = elem_shift_amount(b);

    return n < 0 ? elem_ushr(bits, a, (unsigned)-n, round) : elem_shl(bits, a, (unsigned)n);
}

static inline uint64_t elem_sqshl(struct cpu *c, unsigned bits, uint64_t a, uint64_t b, bool round)
{
    int n = elem_shift_amount(b);

    return n < 0 ? elem_sshr(bits, a, (unsigned)-n, round) : elem_sqshl_by(c, bits, a, (unsigned)n);
}

static inline uint64_t elem_uqshl(struct cpu *c, unsigned bits, uint64_t a, uint64_t b, bool round)
{
    int n = elem_shift_amount(b);

    return n < 0 ? elem_ushr(bits, a, (unsigned)-n, round) : elem_uqshl_by(c, bits, a, (unsigned)n);
}

#endif
