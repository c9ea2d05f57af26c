/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-fp.c: handlers of Advanced SIMD floating point on vectors of single and double
 * precision (Arm ARM C3.5.8 - C3.5.13, C3.5.20, C7.2). The arithmetic is fp.h's, element by element
 * and in their order, since they share the cumulative flags.
 *
 * An operation is a macro with the parameter f, fp32_ or fp64_, which begins the names of fp.h.
 */
#include "exec-simd.h"
#include "simd-handler.h"

#define FORMS(name)                                                                                \
    {                                                                                              \
        name##_2s, name##_4s, NULL, name##_2d                                                      \
    }
#define FP_TABLE(name) op_exec *const name[SIMD_FP_FORMS] = FORMS(name);

/* Element i of Vn and Vd with element `at` of Vm. */
#define FP_FAMILY(name, at, OP)                                                                    \
    SIMD_LANES(name##_2s, 32, 0, at, OP(fp32_))                                                    \
    SIMD_LANES(name##_4s, 32, 1, at, OP(fp32_))                                                    \
    SIMD_LANES(name##_2d, 64, 1, at, OP(fp64_))                                                    \
    FP_TABLE(name)

#define FP_LANES(name, OP)   FP_FAMILY(name, i, OP)
#define FP_ELEMENT(name, OP) FP_FAMILY(name, op->imm, OP)

/* Pairs of neighbours. */
#define FP_PAIRS(name, OP)                                                                         \
    SIMD_PAIRS(name##_2s, 32, 0, OP(fp32_))                                                        \
    SIMD_PAIRS(name##_4s, 32, 1, OP(fp32_))                                                        \
    SIMD_PAIRS(name##_2d, 64, 1, OP(fp64_))                                                        \
    FP_TABLE(name)

#define ENV        (&c->fp)

/* ---- Three same, by element ------------------------------------------------------------------ */

#define FADD(f)    f##add(a, b, ENV)
#define FSUB(f)    f##sub(a, b, ENV)
#define FMUL(f)    f##mul(a, b, ENV)
#define FMULX(f)   f##mulx(a, b, ENV)
#define FDIV(f)    f##div(a, b, ENV)
#define FABD(f)    f##abs(f##sub(a, b, ENV))
#define FMLA(f)    f##muladd(d, a, b, ENV)
#define FMLS(f)    f##muladd(d, f##neg(a), b, ENV)
#define FMAX(f)    f##max(a, b, ENV)
#define FMIN(f)    f##min(a, b, ENV)
#define FMAXNM(f)  f##maxnum(a, b, ENV)
#define FMINNM(f)  f##minnum(a, b, ENV)
#define FCMEQ(f)   SIMD_BOOL(f##eq(a, b, ENV))
#define FCMGE(f)   SIMD_BOOL(f##ge(a, b, ENV))
#define FCMGT(f)   SIMD_BOOL(f##gt(a, b, ENV))
#define FACGE(f)   SIMD_BOOL(f##ge(f##abs(a), f##abs(b), ENV))
#define FACGT(f)   SIMD_BOOL(f##gt(f##abs(a), f##abs(b), ENV))
#define FRECPS(f)  f##recip_step(a, b, ENV)
#define FRSQRTS(f) f##rsqrt_step(a, b, ENV)

FP_LANES(exec_simd_fadd, FADD)
FP_LANES(exec_simd_fsub, FSUB)
FP_LANES(exec_simd_fmul, FMUL)
FP_LANES(exec_simd_fmulx, FMULX)
FP_LANES(exec_simd_fdiv, FDIV)
FP_LANES(exec_simd_fabd, FABD)
FP_LANES(exec_simd_fmla, FMLA)
FP_LANES(exec_simd_fmls, FMLS)
FP_LANES(exec_simd_fmax, FMAX)
FP_LANES(exec_simd_fmin, FMIN)
FP_LANES(exec_simd_fmaxnm, FMAXNM)
FP_LANES(exec_simd_fminnm, FMINNM)
FP_LANES(exec_simd_fcmeq, FCMEQ)
FP_LANES(exec_simd_fcmge, FCMGE)
FP_LANES(exec_simd_fcmgt, FCMGT)
FP_LANES(exec_simd_facge, FACGE)
FP_LANES(exec_simd_facgt, FACGT)
FP_LANES(exec_simd_frecps, FRECPS)
FP_LANES(exec_simd_frsqrts, FRSQRTS)

FP_PAIRS(exec_simd_faddp, FADD)
FP_PAIRS(exec_simd_fmaxp, FMAX)
FP_PAIRS(exec_simd_fminp, FMIN)
FP_PAIRS(exec_simd_fmaxnmp, FMAXNM)
FP_PAIRS(exec_simd_fminnmp, FMINNM)

FP_ELEMENT(exec_simd_fmla_element, FMLA)
FP_ELEMENT(exec_simd_fmls_element, FMLS)
FP_ELEMENT(exec_simd_fmul_element, FMUL)
FP_ELEMENT(exec_simd_fmulx_element, FMULX)

/* ---- Two-register miscellaneous -------------------------------------------------------------- */

#define FABS(f)       f##abs(a)
#define FNEG(f)       f##neg(a)
#define FSQRT(f)      f##sqrt(a, ENV)
#define FRECPE(f)     f##recip_estimate(a, ENV)
#define FRSQRTE(f)    f##rsqrt_estimate(a, ENV)
#define FCMGT_ZERO(f) SIMD_BOOL(f##gt(a, 0, ENV))
#define FCMGE_ZERO(f) SIMD_BOOL(f##ge(a, 0, ENV))
#define FCMEQ_ZERO(f) SIMD_BOOL(f##eq(a, 0, ENV))
#define FCMLE_ZERO(f) SIMD_BOOL(f##ge(0, a, ENV))
#define FCMLT_ZERO(f) SIMD_BOOL(f##gt(0, a, ENV))
#define FRINTN(f)     f##round_int(a, FP_ROUND_TIEEVEN, false, ENV)
#define FRINTP(f)     f##round_int(a, FP_ROUND_POSINF, false, ENV)
#define FRINTM(f)     f##round_int(a, FP_ROUND_NEGINF, false, ENV)
#define FRINTZ(f)     f##round_int(a, FP_ROUND_ZERO, false, ENV)
#define FRINTA(f)     f##round_int(a, FP_ROUND_TIEAWAY, false, ENV)
#define FRINTX(f)     f##round_int(a, fp_env_rounding(ENV), true, ENV)
#define FRINTI(f)     f##round_int(a, fp_env_rounding(ENV), false, ENV)

FP_LANES(exec_simd_fabs, FABS)
FP_LANES(exec_simd_fneg, FNEG)
FP_LANES(exec_simd_fsqrt, FSQRT)
FP_LANES(exec_simd_frecpe, FRECPE)
FP_LANES(exec_simd_frsqrte, FRSQRTE)
FP_LANES(exec_simd_fcmgt_zero, FCMGT_ZERO)
FP_LANES(exec_simd_fcmge_zero, FCMGE_ZERO)
FP_LANES(exec_simd_fcmeq_zero, FCMEQ_ZERO)
FP_LANES(exec_simd_fcmle_zero, FCMLE_ZERO)
FP_LANES(exec_simd_fcmlt_zero, FCMLT_ZERO)
FP_LANES(exec_simd_frintn, FRINTN)
FP_LANES(exec_simd_frintp, FRINTP)
FP_LANES(exec_simd_frintm, FRINTM)
FP_LANES(exec_simd_frintz, FRINTZ)
FP_LANES(exec_simd_frinta, FRINTA)
FP_LANES(exec_simd_frintx, FRINTX)
FP_LANES(exec_simd_frinti, FRINTI)

#define FP_SINGLES(name, expr)                                                                     \
    SIMD_LANES(name##_2s, 32, 0, i, expr)                                                          \
    SIMD_LANES(name##_4s, 32, 1, i, expr)                                                          \
    op_exec *const name[SIMD_FP_FORMS] = {name##_2s, name##_4s};

FP_SINGLES(exec_simd_urecpe, fp_unsigned_recip_estimate(a))
FP_SINGLES(exec_simd_ursqrte, fp_unsigned_rsqrt_estimate(a))

/* ---- Conversions to and from integers and fixed point ---------------------------------------- */

/* The integer as wide as the element. */
#define SIGNED    (BITS == 64 ? FP_S64 : FP_S32)
#define UNSIGNED  (BITS == 64 ? FP_U64 : FP_U32)

#define FCVTNS(f) f##to_fixed(a, SIGNED, 0, FP_ROUND_TIEEVEN, ENV)
#define FCVTNU(f) f##to_fixed(a, UNSIGNED, 0, FP_ROUND_TIEEVEN, ENV)
#define FCVTPS(f) f##to_fixed(a, SIGNED, 0, FP_ROUND_POSINF, ENV)
#define FCVTPU(f) f##to_fixed(a, UNSIGNED, 0, FP_ROUND_POSINF, ENV)
#define FCVTMS(f) f##to_fixed(a, SIGNED, 0, FP_ROUND_NEGINF, ENV)
#define FCVTMU(f) f##to_fixed(a, UNSIGNED, 0, FP_ROUND_NEGINF, ENV)
#define FCVTAS(f) f##to_fixed(a, SIGNED, 0, FP_ROUND_TIEAWAY, ENV)
#define FCVTAU(f) f##to_fixed(a, UNSIGNED, 0, FP_ROUND_TIEAWAY, ENV)
#define FCVTZS(f) f##to_fixed(a, SIGNED, (unsigned)op->imm, FP_ROUND_ZERO, ENV)
#define FCVTZU(f) f##to_fixed(a, UNSIGNED, (unsigned)op->imm, FP_ROUND_ZERO, ENV)
#define SCVTF(f)  f##from_fixed(a, SIGNED, (unsigned)op->imm, ENV)
#define UCVTF(f)  f##from_fixed(a, UNSIGNED, (unsigned)op->imm, ENV)

FP_LANES(exec_simd_fcvtns, FCVTNS)
FP_LANES(exec_simd_fcvtnu, FCVTNU)
FP_LANES(exec_simd_fcvtps, FCVTPS)
FP_LANES(exec_simd_fcvtpu, FCVTPU)
FP_LANES(exec_simd_fcvtms, FCVTMS)
FP_LANES(exec_simd_fcvtmu, FCVTMU)
FP_LANES(exec_simd_fcvtas, FCVTAS)
FP_LANES(exec_simd_fcvtau, FCVTAU)
FP_LANES(exec_simd_fcvtzs, FCVTZS)
FP_LANES(exec_simd_fcvtzu, FCVTZU)
FP_LANES(exec_simd_scvtf, SCVTF)
FP_LANES(exec_simd_ucvtf, UCVTF)

/* ---- Conversions between formats ------------------------------------------------------------- */

/* convert: a function of fp.h from one format to the other; half: as in SIMD_NARROW. */
#define CONVERT_LONG(name, bits, wide, half, convert)                                              \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            LANES = 64 / bits                                                                      \
        };                                                                                         \
                                                                                                   \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            r.SIMD_U_##wide[i] = convert(vn->SIMD_U_##bits[half * LANES + i], ENV);                \
        }                                                                                          \
    })

CONVERT_LONG(fcvtl_4h, 16, 32, 0, fp16_to_fp32)
CONVERT_LONG(fcvtl_8h, 16, 32, 1, fp16_to_fp32)
CONVERT_LONG(fcvtl_2s, 32, 64, 0, fp32_to_fp64)
CONVERT_LONG(fcvtl_4s, 32, 64, 1, fp32_to_fp64)
op_exec *const exec_simd_fcvtl[SIMD_FP_FORMS] = {fcvtl_4h, fcvtl_8h, fcvtl_2s, fcvtl_4s};

SIMD_NARROW(fcvtn_4h, 16, 32, 0, fp32_to_fp16(a, ENV))
SIMD_NARROW(fcvtn_8h, 16, 32, 1, fp32_to_fp16(a, ENV))
SIMD_NARROW(fcvtn_2s, 32, 64, 0, fp64_to_fp32(a, ENV))
SIMD_NARROW(fcvtn_4s, 32, 64, 1, fp64_to_fp32(a, ENV))
op_exec *const exec_simd_fcvtn[SIMD_FP_FORMS] = {fcvtn_4h, fcvtn_8h, fcvtn_2s, fcvtn_4s};

SIMD_NARROW(fcvtxn_2s, 32, 64, 0, fp64_to_fp32_odd(a, ENV))
SIMD_NARROW(fcvtxn_4s, 32, 64, 1, fp64_to_fp32_odd(a, ENV))
op_exec *const exec_simd_fcvtxn[SIMD_FP_FORMS] = {NULL, NULL, fcvtxn_2s, fcvtxn_4s};

/* ---- Across lanes ---------------------------------------------------------------------------- */

/* Reduce (J1.3, shared/functions/vector): halves first, which decides among NaNs. */
#define ACROSS(name, reduce)                                                                       \
    const struct op *name(struct cpu *c, const struct op *op)                                      \
    {                                                                                              \
        const uint32_t *n = c->v[op->rn].s;                                                        \
        uint32_t lo, hi;                                                                           \
                                                                                                   \
        FP_CHECK(c, op);                                                                           \
        lo = reduce(n[0], n[1], ENV);                                                              \
        hi = reduce(n[2], n[3], ENV);                                                              \
        c->v[op->rd].d[0] = reduce(lo, hi, ENV);                                                   \
        c->v[op->rd].d[1] = 0;                                                                     \
        OP_NEXT(c, op);                                                                            \
    }

ACROSS(exec_simd_fmaxv, fp32_max)
ACROSS(exec_simd_fminv, fp32_min)
ACROSS(exec_simd_fmaxnmv, fp32_maxnum)
ACROSS(exec_simd_fminnmv, fp32_minnum)
