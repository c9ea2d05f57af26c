/* SPDX-License-Identifier: ISC */
/*
 * Arm floating point in portable integer C.
 *
 * Purpose: the results and the cumulative FPSR flags of the A64 scalar and Advanced SIMD floating-point
 * operations, bit for bit as the shared pseudocode of the Arm ARM defines them (J1.3, shared/functions/float).
 * One call handles one element. Values are raw bit patterns: uint16_t half, uint32_t single, uint64_t double.
 *
 * Thread and ownership: pure functions of their arguments. The caller owns the fp_env; nothing is kept,
 * allocated or locked, so any thread may call with its own env.
 *
 * Control: env->fpcr is read (AHP, DN, FZ, RMode); env->fpsr has flags ORed in and is never cleared. FZ16
 * and the trap enables have no effect (FEAT_FP16 is not claimed, traps are not implemented), and neither
 * do AH, FIZ and NEP (no FEAT_AFP). Tininess is detected before rounding. NaNs: a signalling operand wins
 * over a quiet one, then the first operand over the second, and for the fused multiply-add the addend comes first.
 *
 * Errors: none. Every bit pattern is a legal operand.
 *
 * Speed: for ordinary operands the host's own arithmetic is used (fp-host.h). Setting FP_CTL_NO_HOST in
 * env->fpcr forces the integer path, which gives the same answers; tests compare the two.
 */
#ifndef SOFTHV_FP_H
#define SOFTHV_FP_H

#include <stdbool.h>
#include <stdint.h>

struct fp_env {
    uint32_t fpcr;
    uint32_t fpsr;
};

/* FPCR (Arm ARM C5.2.7). */
#define FPCR_FZ16        (UINT32_C(1) << 19)
#define FPCR_RMODE_SHIFT 22
#define FPCR_RMODE       (UINT32_C(3) << FPCR_RMODE_SHIFT)
#define FPCR_FZ          (UINT32_C(1) << 24)
#define FPCR_DN          (UINT32_C(1) << 25)
#define FPCR_AHP         (UINT32_C(1) << 26)

/* Ours, in a bit that is RES0 in the register: do not use the host's arithmetic. */
#define FP_CTL_NO_HOST   (UINT32_C(1) << 31)

/* FPSR (Arm ARM C5.2.8). */
#define FPSR_IOC         (UINT32_C(1) << 0)
#define FPSR_DZC         (UINT32_C(1) << 1)
#define FPSR_OFC         (UINT32_C(1) << 2)
#define FPSR_UFC         (UINT32_C(1) << 3)
#define FPSR_IXC         (UINT32_C(1) << 4)
#define FPSR_IDC         (UINT32_C(1) << 7)
#define FPSR_QC          (UINT32_C(1) << 27)

/* The first four have the encoding of FPCR.RMode. (math.h owns the name FP_ZERO, hence the prefix.) */
enum fp_rounding {
    FP_ROUND_TIEEVEN = 0,
    FP_ROUND_POSINF = 1,
    FP_ROUND_NEGINF = 2,
    FP_ROUND_ZERO = 3,
    FP_ROUND_TIEAWAY = 4,
    FP_ROUND_ODD = 5,
};

/* Integer operand or result of a conversion. Bit 0: unsigned; bit 1: 64 bits wide. */
enum fp_int {
    FP_S32 = 0,
    FP_U32 = 1,
    FP_S64 = 2,
    FP_U64 = 3,
};

/* The rounding mode that FPCR selects. */
static inline enum fp_rounding fp_env_rounding(const struct fp_env *env)
{
    return (enum fp_rounding)((env->fpcr & FPCR_RMODE) >> FPCR_RMODE_SHIFT);
}

/* FPAbs, FPNeg: sign-bit operations. NaNs are not looked at and no flag is set. */
static inline uint32_t fp32_abs(uint32_t a)
{
    return a & UINT32_C(0x7fffffff);
}
static inline uint64_t fp64_abs(uint64_t a)
{
    return a & UINT64_C(0x7fffffffffffffff);
}
static inline uint32_t fp32_neg(uint32_t a)
{
    return a ^ UINT32_C(0x80000000);
}
static inline uint64_t fp64_neg(uint64_t a)
{
    return a ^ UINT64_C(0x8000000000000000);
}

/*
 * FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt, rounded as FPCR says.
 * FNMUL is fp_neg(fp_mul()), FABD is fp_abs(fp_sub()).
 */
uint32_t fp32_add(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_add(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_sub(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_sub(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_mul(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_mul(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_mulx(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_mulx(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_div(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_div(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_sqrt(uint32_t a, struct fp_env *env);
uint64_t fp64_sqrt(uint64_t a, struct fp_env *env);

/*
 * FPMulAdd: c + a * b, rounded once. The addend is the first argument, as in the pseudocode. The caller negates:
 * FMADD (c,n,m)  FMSUB (c,-n,m)  FNMADD (-c,-n,m)  FNMSUB (-c,n,m)  FMLA (d,n,m)  FMLS (d,-n,m).
 */
uint32_t fp32_muladd(uint32_t c, uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_muladd(uint64_t c, uint64_t a, uint64_t b, struct fp_env *env);

/* FPMax, FPMin (a NaN operand gives a NaN); FPMaxNum, FPMinNum (one quiet NaN operand gives the other operand). */
uint32_t fp32_max(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_max(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_min(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_min(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_maxnum(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_maxnum(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_minnum(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_minnum(uint64_t a, uint64_t b, struct fp_env *env);

/*
 * FPCompare: N:Z:C:V in bits 3..0. A signalling NaN sets IOC, a quiet one only if signal_nans (FCMPE, FCCMPE).
 * FPCompareEQ sets IOC for signalling NaNs only, FPCompareGE and FPCompareGT for every NaN.
 */
unsigned fp32_compare(uint32_t a, uint32_t b, bool signal_nans, struct fp_env *env);
unsigned fp64_compare(uint64_t a, uint64_t b, bool signal_nans, struct fp_env *env);
bool fp32_eq(uint32_t a, uint32_t b, struct fp_env *env);
bool fp64_eq(uint64_t a, uint64_t b, struct fp_env *env);
bool fp32_ge(uint32_t a, uint32_t b, struct fp_env *env);
bool fp64_ge(uint64_t a, uint64_t b, struct fp_env *env);
bool fp32_gt(uint32_t a, uint32_t b, struct fp_env *env);
bool fp64_gt(uint64_t a, uint64_t b, struct fp_env *env);

/* FPRoundInt: to an integral value in the same format. IXC only if `exact` (FRINTX). ODD is not a mode here. */
uint32_t fp32_round_int(uint32_t a, enum fp_rounding rm, bool exact, struct fp_env *env);
uint64_t fp64_round_int(uint64_t a, enum fp_rounding rm, bool exact, struct fp_env *env);

/*
 * FPToFixed: the integer nearest to a * 2^fbits under rm, saturated with IOC; NaN gives 0 with IOC. 0 <= fbits <= 64.
 * A 32-bit result comes zero-extended. FixedToFP: value / 2^fbits, rounded as FPCR says; of a 32-bit
 * operand only the low half of `value` is read.
 */
uint64_t fp32_to_fixed(uint32_t a, enum fp_int type, unsigned fbits, enum fp_rounding rm,
                       struct fp_env *env);
uint64_t fp64_to_fixed(uint64_t a, enum fp_int type, unsigned fbits, enum fp_rounding rm,
                       struct fp_env *env);
uint32_t fp32_from_fixed(uint64_t value, enum fp_int type, unsigned fbits, struct fp_env *env);
uint64_t fp64_from_fixed(uint64_t value, enum fp_int type, unsigned fbits, struct fp_env *env);

/*
 * FPConvert between formats, rounded as FPCR says; half precision is IEEE or Arm's alternative format by FPCR.AHP.
 * fp64_to_fp32_odd is FCVTXN: round to odd whatever FPCR says.
 */
uint32_t fp16_to_fp32(uint16_t a, struct fp_env *env);
uint64_t fp16_to_fp64(uint16_t a, struct fp_env *env);
uint16_t fp32_to_fp16(uint32_t a, struct fp_env *env);
uint64_t fp32_to_fp64(uint32_t a, struct fp_env *env);
uint16_t fp64_to_fp16(uint64_t a, struct fp_env *env);
uint32_t fp64_to_fp32(uint64_t a, struct fp_env *env);
uint32_t fp64_to_fp32_odd(uint64_t a, struct fp_env *env);

/* FPRecipEstimate (FRECPE), FPRSqrtEstimate (FRSQRTE), FPRecpX (FRECPX). */
uint32_t fp32_recip_estimate(uint32_t a, struct fp_env *env);
uint64_t fp64_recip_estimate(uint64_t a, struct fp_env *env);
uint32_t fp32_rsqrt_estimate(uint32_t a, struct fp_env *env);
uint64_t fp64_rsqrt_estimate(uint64_t a, struct fp_env *env);
uint32_t fp32_recpx(uint32_t a, struct fp_env *env);
uint64_t fp64_recpx(uint64_t a, struct fp_env *env);

/* FPRecipStepFused (FRECPS): 2 - a * b. FPRSqrtStepFused (FRSQRTS): (3 - a * b) / 2. Rounded once. */
uint32_t fp32_recip_step(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_recip_step(uint64_t a, uint64_t b, struct fp_env *env);
uint32_t fp32_rsqrt_step(uint32_t a, uint32_t b, struct fp_env *env);
uint64_t fp64_rsqrt_step(uint64_t a, uint64_t b, struct fp_env *env);

/* UnsignedRecipEstimate (URECPE), UnsignedRSqrtEstimate (URSQRTE): 0.32 fixed point, no flags. */
uint32_t fp_unsigned_recip_estimate(uint32_t a);
uint32_t fp_unsigned_rsqrt_estimate(uint32_t a);

#endif
