/* SPDX-License-Identifier: ISC */
/*
 * fp-estimate.c: reciprocal and reciprocal square root estimates, and the reciprocal exponent (fp.h).
 *
 * The eight-bit estimates are architectural (RecipEstimate and RecipSqrtEstimate in the Arm ARM), so they are computed by the
 * definition and not by a better approximation.
 */
#include "fp-core.h"

/* a stands for a / 512 in [0.5, 1); the result for result / 256 in [1, 2). */
static unsigned recip_estimate(unsigned a)
{
    unsigned b = (1u << 19) / (2 * a + 1);

    return (b + 1) / 2;
}

/* a stands for a / 512 in [0.25, 1); the result for result / 256 in [1, 2). */
static unsigned rsqrt_estimate(unsigned a)
{
    unsigned lo = 512;
    unsigned hi = 1023;

    a = a < 256 ? 2 * a + 1 : 2 * (a | 1);
    /* The least b from 512 up with a * (b + 1)^2 >= 2^28. */
    while (lo < hi) {
        unsigned b = (lo + hi) / 2;
        if ((uint64_t)a * (b + 1) * (b + 1) < (UINT64_C(1) << 28)) {
            lo = b + 1;
        } else {
            hi = b;
        }
    }
    return (lo + 1) / 2;
}

FP_INLINE uint64_t op_recip_estimate(uint64_t a, struct fp_fmt f, struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    enum fp_rounding rm = fp_env_rounding(env);
    uint64_t frac;
    int field;

    if (x.cls & FP_IS_NAN) {
        return fp_process_nan(a, x.cls, f, env);
    }
    if (x.cls == FP_IS_INF) {
        return fp_zero(x.sign, f);
    }
    if (x.cls == FP_IS_ZERO) {
        env->fpsr |= FPSR_DZC;
        return fp_inf(x.sign, f);
    }
    if (x.exp < -fp_bias(f) - 1) { /* below 2^-128 or 2^-1024 */
        return fp_overflow(x.sign, rm, f, env);
    }
    if ((env->fpcr & FPCR_FZ) && x.exp >= fp_bias(f) - 1) { /* 2^126 or 2^1022, and up */
        env->fpsr |= FPSR_UFC;
        return fp_zero(x.sign, f);
    }
    /* The exponent field of the result, which may be 0 or -1: then the leading bit moves into the fraction. */
    field = fp_bias(f) - 1 - x.exp;
    frac = (uint64_t)recip_estimate((unsigned)(x.frac >> 55)) << (f.frac_bits - 8);
    if (field > 0) {
        frac += (uint64_t)(field - 1) << f.frac_bits;
    } else {
        frac >>= 1 - field;
    }
    return fp_zero(x.sign, f) + frac;
}

FP_INLINE uint64_t op_rsqrt_estimate(uint64_t a, struct fp_fmt f, struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    bool odd = x.exp & 1;
    unsigned estimate;
    int half;

    if (x.cls & FP_IS_NAN) {
        return fp_process_nan(a, x.cls, f, env);
    }
    if (x.cls == FP_IS_ZERO) {
        env->fpsr |= FPSR_DZC;
        return fp_inf(x.sign, f);
    }
    if (x.sign) {
        return fp_invalid(f, env);
    }
    if (x.cls == FP_IS_INF) {
        return 0;
    }
    /* As a number in [0.25, 1) times an even power of two. */
    estimate = rsqrt_estimate((unsigned)(x.frac >> (odd ? 55 : 56)));
    half = (x.exp - odd) / 2;
    return ((uint64_t)(fp_bias(f) - 2 - half) << f.frac_bits) +
           ((uint64_t)estimate << (f.frac_bits - 8));
}

FP_INLINE uint64_t op_recpx(uint64_t a, struct fp_fmt f, struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    uint64_t field = (uint64_t)fp_exp_max(f);

    if (x.cls & FP_IS_NAN) {
        return fp_process_nan(a, x.cls, f, env);
    }
    field = fp_exp_field(a, f) == 0 ? field - 1 : field - (uint64_t)fp_exp_field(a, f);
    return fp_zero(x.sign, f) | field << f.frac_bits;
}

uint32_t fp32_recip_estimate(uint32_t a, struct fp_env *env)
{
    return (uint32_t)op_recip_estimate(a, fp_single, env);
}

uint64_t fp64_recip_estimate(uint64_t a, struct fp_env *env)
{
    return op_recip_estimate(a, fp_double, env);
}

uint32_t fp32_rsqrt_estimate(uint32_t a, struct fp_env *env)
{
    return (uint32_t)op_rsqrt_estimate(a, fp_single, env);
}

uint64_t fp64_rsqrt_estimate(uint64_t a, struct fp_env *env)
{
    return op_rsqrt_estimate(a, fp_double, env);
}

uint32_t fp32_recpx(uint32_t a, struct fp_env *env)
{
    return (uint32_t)op_recpx(a, fp_single, env);
}

uint64_t fp64_recpx(uint64_t a, struct fp_env *env)
{
    return op_recpx(a, fp_double, env);
}

uint32_t fp_unsigned_recip_estimate(uint32_t a)
{
    return (a >> 31) ? (uint32_t)recip_estimate(a >> 23) << 23 : UINT32_MAX;
}

uint32_t fp_unsigned_rsqrt_estimate(uint32_t a)
{
    return (a >> 30) ? (uint32_t)rsqrt_estimate(a >> 23) << 23 : UINT32_MAX;
}
