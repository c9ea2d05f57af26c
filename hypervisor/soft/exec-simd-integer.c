/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-integer.c: handlers of Advanced SIMD whose integer elements keep their width: three
 * same and two-register miscellaneous (Arm ARM C3.5.8, C3.5.13, C3.5.19, C7.2). Shifts are in
 * exec-simd-shift.c.
 */
#include "exec-simd.h"
#include "simd-handler.h"

/* ---- Three same ------------------------------------------------------------------------------ */

SIMD_BHSD(exec_simd_add, a + b)
SIMD_BHSD(exec_simd_sub, a - b)
SIMD_BHS(exec_simd_mul, 1u * a * b)
SIMD_BHS(exec_simd_mla, d + 1u * a * b)
SIMD_BHS(exec_simd_mls, d - 1u * a * b)

/* Half of a sum: what is common to both plus half of what is not (or, rounded up, less). */
SIMD_BHS(exec_simd_shadd, (sa & sb) + ((sa ^ sb) >> 1))
SIMD_BHS(exec_simd_uhadd, (a & b) + ((a ^ b) >> 1))
SIMD_BHS(exec_simd_srhadd, (sa | sb) - ((sa ^ sb) >> 1))
SIMD_BHS(exec_simd_urhadd, (a | b) - ((a ^ b) >> 1))
SIMD_BHS(exec_simd_shsub, ((int64_t)sa - sb) >> 1)
SIMD_BHS(exec_simd_uhsub, ((int64_t)a - b) >> 1)

SIMD_BHSD(exec_simd_sqadd, elem_sqadd(c, BITS, a, b))
SIMD_BHSD(exec_simd_uqadd, elem_uqadd(c, BITS, a, b))
SIMD_BHSD(exec_simd_sqsub, elem_sqsub(c, BITS, a, b))
SIMD_BHSD(exec_simd_uqsub, elem_uqsub(c, BITS, a, b))

SIMD_BHSD(exec_simd_cmgt, SIMD_BOOL(sa > sb))
SIMD_BHSD(exec_simd_cmhi, SIMD_BOOL(a > b))
SIMD_BHSD(exec_simd_cmge, SIMD_BOOL(sa >= sb))
SIMD_BHSD(exec_simd_cmhs, SIMD_BOOL(a >= b))
SIMD_BHSD(exec_simd_cmeq, SIMD_BOOL(a == b))
SIMD_BHSD(exec_simd_cmtst, SIMD_BOOL((a & b) != 0))

SIMD_BHS(exec_simd_smax, sa > sb ? a : b)
SIMD_BHS(exec_simd_umax, a > b ? a : b)
SIMD_BHS(exec_simd_smin, sa < sb ? a : b)
SIMD_BHS(exec_simd_umin, a < b ? a : b)

SIMD_BHS(exec_simd_sabd, SIMD_ABD(sa, sb))
SIMD_BHS(exec_simd_uabd, SIMD_ABD(a, b))
SIMD_BHS(exec_simd_saba, d + SIMD_ABD(sa, sb))
SIMD_BHS(exec_simd_uaba, d + SIMD_ABD(a, b))

SIMD_HS(exec_simd_sqdmulh, elem_sqdmulh(c, BITS, a, b))
SIMD_HS(exec_simd_sqrdmulh, elem_sqrdmulh(c, BITS, a, b))

/* The low byte of a polynomial product. */
SIMD_B(exec_simd_pmul, elem_poly_mul8(a, b))

SIMD_PAIRS_BHSD(exec_simd_addp, a + b)
SIMD_PAIRS_BHS(exec_simd_smaxp, sa > sb ? a : b)
SIMD_PAIRS_BHS(exec_simd_umaxp, a > b ? a : b)
SIMD_PAIRS_BHS(exec_simd_sminp, sa < sb ? a : b)
SIMD_PAIRS_BHS(exec_simd_uminp, a < b ? a : b)

/* ---- Logical --------------------------------------------------------------------------------- */

/* Two 64-bit elements, or one. */
#define LOGICAL(name, expr)                                                                        \
    SIMD_LANES(name##_1d, 64, 0, i, expr)                                                          \
    SIMD_LANES(name##_2d, 64, 1, i, expr)                                                          \
    op_exec *const name[2] = {name##_1d, name##_2d};

LOGICAL(exec_simd_and, a &b)
LOGICAL(exec_simd_bic, a & ~b)
LOGICAL(exec_simd_orr, a | b)
LOGICAL(exec_simd_orn, a | ~b)
LOGICAL(exec_simd_eor, a ^ b)
LOGICAL(exec_simd_bsl, b ^ ((a ^ b) & d))
LOGICAL(exec_simd_bit, d ^ ((a ^ d) & b))
LOGICAL(exec_simd_bif, d ^ ((a ^ d) & ~b))

/* ---- Two-register miscellaneous -------------------------------------------------------------- */

SIMD_BHSD(exec_simd_abs, sa < 0 ? 0u - a : a)
SIMD_BHSD(exec_simd_neg, 0u - a)
SIMD_BHSD(exec_simd_sqabs, elem_sqabs(c, BITS, a))
SIMD_BHSD(exec_simd_sqneg, elem_sqneg(c, BITS, a))
SIMD_BHSD(exec_simd_suqadd, elem_suqadd(c, BITS, d, a))
SIMD_BHSD(exec_simd_usqadd, elem_usqadd(c, BITS, d, a))

SIMD_BHSD(exec_simd_cmgt_zero, SIMD_BOOL(sa > 0))
SIMD_BHSD(exec_simd_cmge_zero, SIMD_BOOL(sa >= 0))
SIMD_BHSD(exec_simd_cmeq_zero, SIMD_BOOL(a == 0))
SIMD_BHSD(exec_simd_cmle_zero, SIMD_BOOL(sa <= 0))
SIMD_BHSD(exec_simd_cmlt_zero, SIMD_BOOL(sa < 0))

static inline unsigned count_leading_zeros(unsigned bits, uint64_t v)
{
    return v == 0 ? bits : wide_clz64(v) - (64 - bits);
}

/* Bits that differ from their upper neighbour; the top bit has none and counts as the same. */
static inline uint64_t sign_changes(unsigned bits, uint64_t v)
{
    int64_t s = elem_s(bits, v);

    return elem_u(bits, (uint64_t)(s ^ (s >> 1)));
}

SIMD_BHS(exec_simd_clz, count_leading_zeros(BITS, a))
SIMD_BHS(exec_simd_cls, count_leading_zeros(BITS, sign_changes(BITS, a)) - 1)

/* Within a byte: pairs, nibbles, the whole. */
static inline unsigned count_ones8(unsigned v)
{
    v -= v >> 1 & 0x55;
    v = (v & 0x33) + (v >> 2 & 0x33);
    return (v + (v >> 4)) & 0xf;
}

static inline unsigned reverse8(unsigned v)
{
    v = (v >> 1 & 0x55) | (v & 0x55) << 1;
    v = (v >> 2 & 0x33) | (v & 0x33) << 2;
    return v >> 4 | v << 4;
}

SIMD_B(exec_simd_cnt, count_ones8(a))
SIMD_B(exec_simd_not, ~a)
SIMD_B(exec_simd_rbit, reverse8(a))
