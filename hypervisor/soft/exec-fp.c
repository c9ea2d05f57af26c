/* SPDX-License-Identifier: ISC */
/*
 * exec-fp.c: handlers of scalar floating point (Arm ARM C3.7 to C3.9).
 *
 * The arithmetic is that of fp.h; what is here moves operands between registers and it. Formats
 * are part of the handler, so that the common instructions have nothing left to decide.
 */
#include "exec-fp.h"

#include <string.h>

#include "cpu.h"
#include "except.h"
#include "fp.h"
#include "simd-element.h"

/* Operands, inside a handler. */
#define XD  c->x[op->rd]
#define XN  c->x[op->rn]
#define VD  c->v[op->rd]
#define SN  c->v[op->rn].s[0]
#define SM  c->v[op->rm].s[0]
#define SA  c->v[op->ra].s[0]
#define DN  c->v[op->rn].d[0]
#define DM  c->v[op->rm].d[0]
#define DA  c->v[op->ra].d[0]
#define ENV &c->fp

#define HANDLER(name, body)                                                                        \
    const struct op *name(struct cpu *c, const struct op *op)                                      \
    {                                                                                              \
        FP_CHECK(c, op);                                                                           \
        body;                                                                                      \
        OP_NEXT(c, op);                                                                            \
    }

/* rd = value. */
#define SCALAR(name, value) HANDLER(name, elem_set_scalar(&VD, value))

/* ---- Moves ----------------------------------------------------------------------------------- */

SCALAR(exec_fmov_s, SN)
SCALAR(exec_fmov_d, DN)
SCALAR(exec_fmov_imm_s, (uint32_t)op->imm)
SCALAR(exec_fmov_imm_d, (uint64_t)(uint32_t)op->imm << 32)

HANDLER(exec_fmov_s_w, XD = SN)
HANDLER(exec_fmov_d_x, XD = DN)
HANDLER(exec_fmov_top_x, XD = c->v[op->rn].d[1])
SCALAR(exec_fmov_w_s, (uint32_t)XN)
SCALAR(exec_fmov_x_d, XN)
HANDLER(exec_fmov_x_top, VD.d[1] = XN)

SCALAR(exec_fcsel_s, cpu_cond(c, op->ra) ? SN : SM)
SCALAR(exec_fcsel_d, cpu_cond(c, op->ra) ? DN : DM)

/* ---- Arithmetic ------------------------------------------------------------------------------ */

SCALAR(exec_fabs_s, fp32_abs(SN))
SCALAR(exec_fabs_d, fp64_abs(DN))
SCALAR(exec_fneg_s, fp32_neg(SN))
SCALAR(exec_fneg_d, fp64_neg(DN))
SCALAR(exec_fsqrt_s, fp32_sqrt(SN, ENV))
SCALAR(exec_fsqrt_d, fp64_sqrt(DN, ENV))

#define TWO_SOURCES(name, fn)                                                                      \
    SCALAR(name##_s, fp32_##fn(SN, SM, ENV))                                                       \
    SCALAR(name##_d, fp64_##fn(DN, DM, ENV))

TWO_SOURCES(exec_fadd, add)
TWO_SOURCES(exec_fsub, sub)
TWO_SOURCES(exec_fmul, mul)
TWO_SOURCES(exec_fdiv, div)
TWO_SOURCES(exec_fmax, max)
TWO_SOURCES(exec_fmin, min)
TWO_SOURCES(exec_fmaxnm, maxnum)
TWO_SOURCES(exec_fminnm, minnum)
SCALAR(exec_fnmul_s, fp32_neg(fp32_mul(SN, SM, ENV)))
SCALAR(exec_fnmul_d, fp64_neg(fp64_mul(DN, DM, ENV)))

SCALAR(exec_fmadd_s, fp32_muladd(SA, SN, SM, ENV))
SCALAR(exec_fmadd_d, fp64_muladd(DA, DN, DM, ENV))
SCALAR(exec_fmsub_s, fp32_muladd(SA, fp32_neg(SN), SM, ENV))
SCALAR(exec_fmsub_d, fp64_muladd(DA, fp64_neg(DN), DM, ENV))
SCALAR(exec_fnmadd_s, fp32_muladd(fp32_neg(SA), fp32_neg(SN), SM, ENV))
SCALAR(exec_fnmadd_d, fp64_muladd(fp64_neg(DA), fp64_neg(DN), DM, ENV))
SCALAR(exec_fnmsub_s, fp32_muladd(fp32_neg(SA), SN, SM, ENV))
SCALAR(exec_fnmsub_d, fp64_muladd(fp64_neg(DA), DN, DM, ENV))

/* ---- Comparison ------------------------------------------------------------------------------ */

#define COMPARE(name, value) HANDLER(name, cpu_set_nzcv(c, (uint32_t)(value) << 28))

COMPARE(exec_fcmp_s, fp32_compare(SN, SM, false, ENV))
COMPARE(exec_fcmp_d, fp64_compare(DN, DM, false, ENV))
COMPARE(exec_fcmpe_s, fp32_compare(SN, SM, true, ENV))
COMPARE(exec_fcmpe_d, fp64_compare(DN, DM, true, ENV))
COMPARE(exec_fcmp_zero_s, fp32_compare(SN, 0, false, ENV))
COMPARE(exec_fcmp_zero_d, fp64_compare(DN, 0, false, ENV))
COMPARE(exec_fcmpe_zero_s, fp32_compare(SN, 0, true, ENV))
COMPARE(exec_fcmpe_zero_d, fp64_compare(DN, 0, true, ENV))

#define COMPARE_IF(name, value) COMPARE(name, cpu_cond(c, op->ra) ? (value) : (unsigned)op->imm)

COMPARE_IF(exec_fccmp_s, fp32_compare(SN, SM, false, ENV))
COMPARE_IF(exec_fccmp_d, fp64_compare(DN, DM, false, ENV))
COMPARE_IF(exec_fccmpe_s, fp32_compare(SN, SM, true, ENV))
COMPARE_IF(exec_fccmpe_d, fp64_compare(DN, DM, true, ENV))

/* ---- Conversion ------------------------------------------------------------------------------ */

SCALAR(exec_fcvt_s_d, fp32_to_fp64(SN, ENV))
SCALAR(exec_fcvt_s_h, fp32_to_fp16(SN, ENV))
SCALAR(exec_fcvt_d_s, fp64_to_fp32(DN, ENV))
SCALAR(exec_fcvt_d_h, fp64_to_fp16(DN, ENV))
SCALAR(exec_fcvt_h_s, fp16_to_fp32(c->v[op->rn].h[0], ENV))
SCALAR(exec_fcvt_h_d, fp16_to_fp64(c->v[op->rn].h[0], ENV))

#define ROUNDING ((enum fp_rounding)op->imm)
SCALAR(exec_frint_s, fp32_round_int(SN, ROUNDING, false, ENV))
SCALAR(exec_frint_d, fp64_round_int(DN, ROUNDING, false, ENV))
SCALAR(exec_frinti_s, fp32_round_int(SN, fp_env_rounding(ENV), false, ENV))
SCALAR(exec_frinti_d, fp64_round_int(DN, fp_env_rounding(ENV), false, ENV))
SCALAR(exec_frintx_s, fp32_round_int(SN, fp_env_rounding(ENV), true, ENV))
SCALAR(exec_frintx_d, fp64_round_int(DN, fp_env_rounding(ENV), true, ENV))

#define INT_TYPE ((enum fp_int)op->ra)
#define FBITS    ((unsigned)op->imm)
HANDLER(exec_fcvt_int_s, XD = fp32_to_fixed(SN, INT_TYPE, FBITS, (enum fp_rounding)op->rm, ENV))
HANDLER(exec_fcvt_int_d, XD = fp64_to_fixed(DN, INT_TYPE, FBITS, (enum fp_rounding)op->rm, ENV))
SCALAR(exec_cvtf_s, fp32_from_fixed(XN, INT_TYPE, FBITS, ENV))
SCALAR(exec_cvtf_d, fp64_from_fixed(XN, INT_TYPE, FBITS, ENV))

/* Every 32-bit integer is a double; a zero becomes +0. */
static inline uint64_t double_bits(double v)
{
    uint64_t r;

    memcpy(&r, &v, sizeof(r));
    return r;
}

SCALAR(exec_scvtf_w_d, double_bits((double)(int32_t)(uint32_t)XN))
SCALAR(exec_ucvtf_w_d, double_bits((double)(uint32_t)XN))
