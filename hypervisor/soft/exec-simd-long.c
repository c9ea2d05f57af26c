/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-long.c: handlers of Advanced SIMD whose integer results are wider or narrower than
 * their operands, and sums and extremes across a register: three different, two-register
 * miscellaneous, across lanes; and all integer instructions by element (Arm ARM C3.5.9 - C3.5.11,
 * C3.5.17, C7.2).
 */
#include "exec-simd.h"
#include "simd-handler.h"

/* ---- Three different ------------------------------------------------------------------------- */

/* |sa - sb| or |a - b|: neither difference can overflow the wide element. */
#define DISTANCE(x, y) (uint64_t)((x) > (y) ? (x) - (y) : (y) - (x))

SIMD_LONG_BHS(exec_simd_saddl, xa + xb)
SIMD_LONG_BHS(exec_simd_uaddl, a + b)
SIMD_LONG_BHS(exec_simd_saddw, w + xb)
SIMD_LONG_BHS(exec_simd_uaddw, w + b)
SIMD_LONG_BHS(exec_simd_ssubl, xa - xb)
SIMD_LONG_BHS(exec_simd_usubl, a - b)
SIMD_LONG_BHS(exec_simd_ssubw, w - xb)
SIMD_LONG_BHS(exec_simd_usubw, w - b)
SIMD_LONG_BHS(exec_simd_sabdl, DISTANCE(sa, sb))
SIMD_LONG_BHS(exec_simd_uabdl, DISTANCE(a, b))
SIMD_LONG_BHS(exec_simd_sabal, d + DISTANCE(sa, sb))
SIMD_LONG_BHS(exec_simd_uabal, d + DISTANCE(a, b))
SIMD_LONG_BHS(exec_simd_smull, 1u * xa * xb)
SIMD_LONG_BHS(exec_simd_umull, 1u * a * b)
SIMD_LONG_BHS(exec_simd_smlal, d + 1u * xa * xb)
SIMD_LONG_BHS(exec_simd_umlal, d + 1u * a * b)
SIMD_LONG_BHS(exec_simd_smlsl, d - 1u * xa * xb)
SIMD_LONG_BHS(exec_simd_umlsl, d - 1u * a * b)

SIMD_LONG_HS(exec_simd_sqdmull, elem_sqdmull(c, BITS, a, b))
SIMD_LONG_HS(exec_simd_sqdmlal, elem_sqadd(c, 2 * BITS, d, elem_sqdmull(c, BITS, a, b)))
SIMD_LONG_HS(exec_simd_sqdmlsl, elem_sqsub(c, 2 * BITS, d, elem_sqdmull(c, BITS, a, b)))

SIMD_LONG_B(exec_simd_pmull, upper, elem_poly_mul8(a, b))
SIMD_TABLE_B(exec_simd_pmull)

/* The upper half of a sum or a difference; R: rounded. */
#define HALF_UNIT (UINT64_C(1) << (BITS - 1))

SIMD_NARROW_BHS(exec_simd_addhn, (a + b) >> BITS)
SIMD_NARROW_BHS(exec_simd_raddhn, (a + b + HALF_UNIT) >> BITS)
SIMD_NARROW_BHS(exec_simd_subhn, (a - b) >> BITS)
SIMD_NARROW_BHS(exec_simd_rsubhn, (a - b + HALF_UNIT) >> BITS)

/* ---- Two-register miscellaneous -------------------------------------------------------------- */

SIMD_NARROW_BHS(exec_simd_xtn, a)
SIMD_NARROW_BHS(exec_simd_sqxtn, elem_sqxtn(c, BITS, a))
SIMD_NARROW_BHS(exec_simd_uqxtn, elem_uqxtn(c, BITS, a))
SIMD_NARROW_BHS(exec_simd_sqxtun, elem_sqxtun(c, BITS, a))

SIMD_LONG_BHS(exec_simd_shll, a << BITS)

/* Sums of neighbours x and y, twice as wide; d is the old sum. lane: the C type of an element. */
#define PAIR_SUM(name, bits, wide, q, lane, expr)                                                  \
    SIMD_HANDLER(name, {                                                                           \
        for (unsigned i = 0; i < 64 / wide << q; i++) {                                            \
            uint##wide##_t x = (uint##wide##_t)(lane)vn->SIMD_U_##bits[2 * i];                     \
            uint##wide##_t y = (uint##wide##_t)(lane)vn->SIMD_U_##bits[2 * i + 1];                 \
            uint##wide##_t d = vd->SIMD_U_##wide[i];                                               \
                                                                                                   \
            (void)d;                                                                               \
            r.SIMD_U_##wide[i] = (uint##wide##_t)(expr);                                           \
        }                                                                                          \
        if (!q) {                                                                                  \
            r.d[1] = 0;                                                                            \
        }                                                                                          \
    })

/* sign: nothing or u, as in int8_t and uint8_t. */
#define PAIR_SUM_BHS(name, sign, expr)                                                             \
    PAIR_SUM(name##_8b, 8, 16, 0, sign##int8_t, expr)                                              \
    PAIR_SUM(name##_16b, 8, 16, 1, sign##int8_t, expr)                                             \
    PAIR_SUM(name##_4h, 16, 32, 0, sign##int16_t, expr)                                            \
    PAIR_SUM(name##_8h, 16, 32, 1, sign##int16_t, expr)                                            \
    PAIR_SUM(name##_2s, 32, 64, 0, sign##int32_t, expr)                                            \
    PAIR_SUM(name##_4s, 32, 64, 1, sign##int32_t, expr)                                            \
    SIMD_TABLE_BHS(name)

PAIR_SUM_BHS(exec_simd_saddlp, , x + y)
PAIR_SUM_BHS(exec_simd_uaddlp, u, x + y)
PAIR_SUM_BHS(exec_simd_sadalp, , d + x + y)
PAIR_SUM_BHS(exec_simd_uadalp, u, d + x + y)

/* ---- Across lanes ---------------------------------------------------------------------------- */

/* acc: what the elements so far come to; x: the next one. The result is one element. */
#define ACROSS(name, bits, q, lane, result, expr)                                                  \
    SIMD_HANDLER(name, {                                                                           \
        int64_t acc = (lane)vn->SIMD_U_##bits[0];                                                  \
                                                                                                   \
        for (unsigned i = 1; i < 64 / bits << q; i++) {                                            \
            int64_t x = (lane)vn->SIMD_U_##bits[i];                                                \
                                                                                                   \
            acc = expr;                                                                            \
        }                                                                                          \
        r.d[0] = (result)acc;                                                                      \
        r.d[1] = 0;                                                                                \
    })

/* The results are as wide as the elements (NARROW) or twice as wide. 2S is no arrangement here. */
#define ACROSS_FAMILY(name, sign, b_result, h_result, s_result, expr)                              \
    ACROSS(name##_8b, 8, 0, sign##int8_t, b_result, expr)                                          \
    ACROSS(name##_16b, 8, 1, sign##int8_t, b_result, expr)                                         \
    ACROSS(name##_4h, 16, 0, sign##int16_t, h_result, expr)                                        \
    ACROSS(name##_8h, 16, 1, sign##int16_t, h_result, expr)                                        \
    ACROSS(name##_4s, 32, 1, sign##int32_t, s_result, expr)                                        \
    op_exec *const name[8] = {SIMD_FORMS_B(name), SIMD_FORMS_H(name), NULL, name##_4s};

#define ACROSS_NARROW(name, sign, expr) ACROSS_FAMILY(name, sign, uint8_t, uint16_t, uint32_t, expr)
#define ACROSS_WIDE(name, sign, expr)   ACROSS_FAMILY(name, sign, uint16_t, uint32_t, uint64_t, expr)

ACROSS_WIDE(exec_simd_saddlv, , acc + x)
ACROSS_WIDE(exec_simd_uaddlv, u, acc + x)
ACROSS_NARROW(exec_simd_addv, u, acc + x)
ACROSS_NARROW(exec_simd_smaxv, , x > acc ? x : acc)
ACROSS_NARROW(exec_simd_umaxv, u, x > acc ? x : acc)
ACROSS_NARROW(exec_simd_sminv, , x < acc ? x : acc)
ACROSS_NARROW(exec_simd_uminv, u, x < acc ? x : acc)

/* ---- By element ------------------------------------------------------------------------------ */

SIMD_HS_ELEMENT(exec_simd_mul_element, 1u * a * b)
SIMD_HS_ELEMENT(exec_simd_mla_element, d + 1u * a * b)
SIMD_HS_ELEMENT(exec_simd_mls_element, d - 1u * a * b)
SIMD_HS_ELEMENT(exec_simd_sqdmulh_element, elem_sqdmulh(c, BITS, a, b))
SIMD_HS_ELEMENT(exec_simd_sqrdmulh_element, elem_sqrdmulh(c, BITS, a, b))

SIMD_LONG_HS_ELEMENT(exec_simd_smull_element, 1u * xa * xb)
SIMD_LONG_HS_ELEMENT(exec_simd_umull_element, 1u * a * b)
SIMD_LONG_HS_ELEMENT(exec_simd_smlal_element, d + 1u * xa * xb)
SIMD_LONG_HS_ELEMENT(exec_simd_umlal_element, d + 1u * a * b)
SIMD_LONG_HS_ELEMENT(exec_simd_smlsl_element, d - 1u * xa * xb)
SIMD_LONG_HS_ELEMENT(exec_simd_umlsl_element, d - 1u * a * b)
SIMD_LONG_HS_ELEMENT(exec_simd_sqdmull_element, elem_sqdmull(c, BITS, a, b))
SIMD_LONG_HS_ELEMENT(exec_simd_sqdmlal_element,
                     elem_sqadd(c, 2 * BITS, d, elem_sqdmull(c, BITS, a, b)))
SIMD_LONG_HS_ELEMENT(exec_simd_sqdmlsl_element,
                     elem_sqsub(c, 2 * BITS, d, elem_sqdmull(c, BITS, a, b)))
