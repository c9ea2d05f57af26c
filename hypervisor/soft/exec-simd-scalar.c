/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-scalar.c: handlers of the scalar groups of Advanced SIMD (Arm ARM C3.6).
 *
 * Integer arithmetic is that of simd-element.h, which the vector handlers share, floating-point
 * arithmetic that of fp.h.
 */
#include "exec-simd-scalar.h"

#include "cpu.h"
#include "except.h"
#include "fp.h"
#include "simd-element.h"

/* Operands, inside a handler. D also serves narrower integers: simd-element.h cuts them. */
#define VD   c->v[op->rd]
#define DD   c->v[op->rd].d[0]
#define DN   c->v[op->rn].d[0]
#define DM   c->v[op->rm].d[0]
#define SD   c->v[op->rd].s[0]
#define SN   c->v[op->rn].s[0]
#define SM   c->v[op->rm].s[0]
#define BITS ((unsigned)op->ra)
#define IMM  ((unsigned)op->imm)
#define ENV  &c->fp

/* rd = value, the rest zero. */
#define SCALAR(name, value)                                                                        \
    const struct op *name(struct cpu *c, const struct op *op)                                      \
    {                                                                                              \
        FP_CHECK(c, op);                                                                           \
        elem_set_scalar(&VD, value);                                                               \
        OP_NEXT(c, op);                                                                            \
    }

/* A comparison's result: all ones or zero. */
#define TEST_S(name, value) SCALAR(name##_s, elem_bool(32, value))
#define TEST_D(name, value) SCALAR(name##_d, elem_bool(64, value))

/* ---- Three same ------------------------------------------------------------------------------ */

SCALAR(exec_scalar_sqadd, elem_sqadd(c, BITS, DN, DM))
SCALAR(exec_scalar_uqadd, elem_uqadd(c, BITS, DN, DM))
SCALAR(exec_scalar_sqsub, elem_sqsub(c, BITS, DN, DM))
SCALAR(exec_scalar_uqsub, elem_uqsub(c, BITS, DN, DM))
SCALAR(exec_scalar_sqshl, elem_sqshl(c, BITS, DN, DM, false))
SCALAR(exec_scalar_uqshl, elem_uqshl(c, BITS, DN, DM, false))
SCALAR(exec_scalar_sqrshl, elem_sqshl(c, BITS, DN, DM, true))
SCALAR(exec_scalar_uqrshl, elem_uqshl(c, BITS, DN, DM, true))
SCALAR(exec_scalar_sqdmulh, elem_sqdmulh(c, BITS, DN, DM))
SCALAR(exec_scalar_sqrdmulh, elem_sqrdmulh(c, BITS, DN, DM))

TEST_D(exec_scalar_cmgt, elem_s(64, DN) > elem_s(64, DM))
TEST_D(exec_scalar_cmhi, DN > DM)
TEST_D(exec_scalar_cmge, elem_s(64, DN) >= elem_s(64, DM))
TEST_D(exec_scalar_cmhs, DN >= DM)
TEST_D(exec_scalar_cmtst, (DN & DM) != 0)
TEST_D(exec_scalar_cmeq, DN == DM)
SCALAR(exec_scalar_sshl_d, elem_sshl(64, DN, DM, false))
SCALAR(exec_scalar_ushl_d, elem_ushl(64, DN, DM, false))
SCALAR(exec_scalar_srshl_d, elem_sshl(64, DN, DM, true))
SCALAR(exec_scalar_urshl_d, elem_ushl(64, DN, DM, true))
SCALAR(exec_scalar_add_d, DN + DM)
SCALAR(exec_scalar_sub_d, DN - DM)

SCALAR(exec_scalar_fmulx_s, fp32_mulx(SN, SM, ENV))
SCALAR(exec_scalar_fmulx_d, fp64_mulx(DN, DM, ENV))
SCALAR(exec_scalar_fabd_s, fp32_abs(fp32_sub(SN, SM, ENV)))
SCALAR(exec_scalar_fabd_d, fp64_abs(fp64_sub(DN, DM, ENV)))
SCALAR(exec_scalar_frecps_s, fp32_recip_step(SN, SM, ENV))
SCALAR(exec_scalar_frecps_d, fp64_recip_step(DN, DM, ENV))
SCALAR(exec_scalar_frsqrts_s, fp32_rsqrt_step(SN, SM, ENV))
SCALAR(exec_scalar_frsqrts_d, fp64_rsqrt_step(DN, DM, ENV))
TEST_S(exec_scalar_fcmeq, fp32_eq(SN, SM, ENV))
TEST_D(exec_scalar_fcmeq, fp64_eq(DN, DM, ENV))
TEST_S(exec_scalar_fcmge, fp32_ge(SN, SM, ENV))
TEST_D(exec_scalar_fcmge, fp64_ge(DN, DM, ENV))
TEST_S(exec_scalar_fcmgt, fp32_gt(SN, SM, ENV))
TEST_D(exec_scalar_fcmgt, fp64_gt(DN, DM, ENV))
TEST_S(exec_scalar_facge, fp32_ge(fp32_abs(SN), fp32_abs(SM), ENV))
TEST_D(exec_scalar_facge, fp64_ge(fp64_abs(DN), fp64_abs(DM), ENV))
TEST_S(exec_scalar_facgt, fp32_gt(fp32_abs(SN), fp32_abs(SM), ENV))
TEST_D(exec_scalar_facgt, fp64_gt(fp64_abs(DN), fp64_abs(DM), ENV))

/* ---- Three different and by element ---------------------------------------------------------- */

/* Element imm of rm, 16 or 32 bits wide. */
static inline uint64_t element(const struct cpu *c, const struct op *op)
{
    return op->ra == 16 ? c->v[op->rm].h[IMM & 7] : c->v[op->rm].s[IMM & 3];
}

#define MULL(m)  elem_sqdmull(c, BITS, DN, m)
#define MLAL(m)  elem_sqadd(c, 2 * BITS, DD, MULL(m))
#define MLSL(m)  elem_sqsub(c, 2 * BITS, DD, MULL(m))
#define ELEMENT  element(c, op)
#define SELEMENT c->v[op->rm].s[IMM & 3]
#define DELEMENT c->v[op->rm].d[IMM & 1]

SCALAR(exec_scalar_sqdmull, MULL(DM))
SCALAR(exec_scalar_sqdmlal, MLAL(DM))
SCALAR(exec_scalar_sqdmlsl, MLSL(DM))
SCALAR(exec_scalar_sqdmull_elem, MULL(ELEMENT))
SCALAR(exec_scalar_sqdmlal_elem, MLAL(ELEMENT))
SCALAR(exec_scalar_sqdmlsl_elem, MLSL(ELEMENT))
SCALAR(exec_scalar_sqdmulh_elem, elem_sqdmulh(c, BITS, DN, ELEMENT))
SCALAR(exec_scalar_sqrdmulh_elem, elem_sqrdmulh(c, BITS, DN, ELEMENT))

SCALAR(exec_scalar_fmla_elem_s, fp32_muladd(SD, SN, SELEMENT, ENV))
SCALAR(exec_scalar_fmla_elem_d, fp64_muladd(DD, DN, DELEMENT, ENV))
SCALAR(exec_scalar_fmls_elem_s, fp32_muladd(SD, fp32_neg(SN), SELEMENT, ENV))
SCALAR(exec_scalar_fmls_elem_d, fp64_muladd(DD, fp64_neg(DN), DELEMENT, ENV))
SCALAR(exec_scalar_fmul_elem_s, fp32_mul(SN, SELEMENT, ENV))
SCALAR(exec_scalar_fmul_elem_d, fp64_mul(DN, DELEMENT, ENV))
SCALAR(exec_scalar_fmulx_elem_s, fp32_mulx(SN, SELEMENT, ENV))
SCALAR(exec_scalar_fmulx_elem_d, fp64_mulx(DN, DELEMENT, ENV))

/* ---- Two registers --------------------------------------------------------------------------- */

SCALAR(exec_scalar_suqadd, elem_suqadd(c, BITS, DD, DN))
SCALAR(exec_scalar_usqadd, elem_usqadd(c, BITS, DD, DN))
SCALAR(exec_scalar_sqabs, elem_sqabs(c, BITS, DN))
SCALAR(exec_scalar_sqneg, elem_sqneg(c, BITS, DN))
SCALAR(exec_scalar_sqxtn, elem_sqxtn(c, BITS, DN))
SCALAR(exec_scalar_uqxtn, elem_uqxtn(c, BITS, DN))
SCALAR(exec_scalar_sqxtun, elem_sqxtun(c, BITS, DN))

TEST_D(exec_scalar_cmgt_zero, elem_s(64, DN) > 0)
TEST_D(exec_scalar_cmge_zero, elem_s(64, DN) >= 0)
TEST_D(exec_scalar_cmeq_zero, DN == 0)
TEST_D(exec_scalar_cmle_zero, elem_s(64, DN) <= 0)
TEST_D(exec_scalar_cmlt_zero, elem_s(64, DN) < 0)
SCALAR(exec_scalar_abs_d, elem_abs(64, DN))
SCALAR(exec_scalar_neg_d, 0 - DN)

TEST_S(exec_scalar_fcmgt_zero, fp32_gt(SN, 0, ENV))
TEST_D(exec_scalar_fcmgt_zero, fp64_gt(DN, 0, ENV))
TEST_S(exec_scalar_fcmge_zero, fp32_ge(SN, 0, ENV))
TEST_D(exec_scalar_fcmge_zero, fp64_ge(DN, 0, ENV))
TEST_S(exec_scalar_fcmeq_zero, fp32_eq(SN, 0, ENV))
TEST_D(exec_scalar_fcmeq_zero, fp64_eq(DN, 0, ENV))
TEST_S(exec_scalar_fcmle_zero, fp32_ge(0, SN, ENV))
TEST_D(exec_scalar_fcmle_zero, fp64_ge(0, DN, ENV))
TEST_S(exec_scalar_fcmlt_zero, fp32_gt(0, SN, ENV))
TEST_D(exec_scalar_fcmlt_zero, fp64_gt(0, DN, ENV))

SCALAR(exec_scalar_frecpe_s, fp32_recip_estimate(SN, ENV))
SCALAR(exec_scalar_frecpe_d, fp64_recip_estimate(DN, ENV))
SCALAR(exec_scalar_frecpx_s, fp32_recpx(SN, ENV))
SCALAR(exec_scalar_frecpx_d, fp64_recpx(DN, ENV))
SCALAR(exec_scalar_frsqrte_s, fp32_rsqrt_estimate(SN, ENV))
SCALAR(exec_scalar_frsqrte_d, fp64_rsqrt_estimate(DN, ENV))
SCALAR(exec_scalar_fcvtxn, fp64_to_fp32_odd(DN, ENV))

#define ROUNDING ((enum fp_rounding)op->rm)
SCALAR(exec_scalar_fcvts_s, fp32_to_fixed(SN, FP_S32, IMM, ROUNDING, ENV))
SCALAR(exec_scalar_fcvts_d, fp64_to_fixed(DN, FP_S64, IMM, ROUNDING, ENV))
SCALAR(exec_scalar_fcvtu_s, fp32_to_fixed(SN, FP_U32, IMM, ROUNDING, ENV))
SCALAR(exec_scalar_fcvtu_d, fp64_to_fixed(DN, FP_U64, IMM, ROUNDING, ENV))
SCALAR(exec_scalar_scvtf_s, fp32_from_fixed(SN, FP_S32, IMM, ENV))
SCALAR(exec_scalar_scvtf_d, fp64_from_fixed(DN, FP_S64, IMM, ENV))
SCALAR(exec_scalar_ucvtf_s, fp32_from_fixed(SN, FP_U32, IMM, ENV))
SCALAR(exec_scalar_ucvtf_d, fp64_from_fixed(DN, FP_U64, IMM, ENV))

/* ---- Pairwise -------------------------------------------------------------------------------- */

#define DN1 c->v[op->rn].d[1]
SCALAR(exec_scalar_addp_d, DN + DN1)

#define PAIRWISE(name, fn)                                                                         \
    SCALAR(name##_s, fp32_##fn(SN, c->v[op->rn].s[1], ENV))                                        \
    SCALAR(name##_d, fp64_##fn(DN, DN1, ENV))

PAIRWISE(exec_scalar_faddp, add)
PAIRWISE(exec_scalar_fmaxp, max)
PAIRWISE(exec_scalar_fminp, min)
PAIRWISE(exec_scalar_fmaxnmp, maxnum)
PAIRWISE(exec_scalar_fminnmp, minnum)

/* ---- Copy ------------------------------------------------------------------------------------ */

SCALAR(exec_scalar_dup_b, c->v[op->rn].b[IMM & 15])
SCALAR(exec_scalar_dup_h, c->v[op->rn].h[IMM & 7])
SCALAR(exec_scalar_dup_s, c->v[op->rn].s[IMM & 3])
SCALAR(exec_scalar_dup_d, c->v[op->rn].d[IMM & 1])

/* ---- Shifts by immediate --------------------------------------------------------------------- */

SCALAR(exec_scalar_sshr_d, elem_sshr(64, DN, IMM, false))
SCALAR(exec_scalar_ushr_d, elem_ushr(64, DN, IMM, false))
SCALAR(exec_scalar_srshr_d, elem_sshr(64, DN, IMM, true))
SCALAR(exec_scalar_urshr_d, elem_ushr(64, DN, IMM, true))
SCALAR(exec_scalar_ssra_d, DD + elem_sshr(64, DN, IMM, false))
SCALAR(exec_scalar_usra_d, DD + elem_ushr(64, DN, IMM, false))
SCALAR(exec_scalar_srsra_d, DD + elem_sshr(64, DN, IMM, true))
SCALAR(exec_scalar_ursra_d, DD + elem_ushr(64, DN, IMM, true))
SCALAR(exec_scalar_shl_d, elem_shl(64, DN, IMM))
SCALAR(exec_scalar_sli_d, elem_sli(64, DD, DN, IMM))
SCALAR(exec_scalar_sri_d, elem_sri(64, DD, DN, IMM))
SCALAR(exec_scalar_sqshl_imm, elem_sqshl_by(c, BITS, DN, IMM))
SCALAR(exec_scalar_uqshl_imm, elem_uqshl_by(c, BITS, DN, IMM))
SCALAR(exec_scalar_sqshlu, elem_sqshlu_by(c, BITS, DN, IMM))
SCALAR(exec_scalar_sqshrn, elem_sqshrn(c, BITS, DN, IMM, false))
SCALAR(exec_scalar_uqshrn, elem_uqshrn(c, BITS, DN, IMM, false))
SCALAR(exec_scalar_sqshrun, elem_sqshrun(c, BITS, DN, IMM, false))
SCALAR(exec_scalar_sqrshrn, elem_sqshrn(c, BITS, DN, IMM, true))
SCALAR(exec_scalar_uqrshrn, elem_uqshrn(c, BITS, DN, IMM, true))
SCALAR(exec_scalar_sqrshrun, elem_sqshrun(c, BITS, DN, IMM, true))
