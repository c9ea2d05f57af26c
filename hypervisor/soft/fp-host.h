/* SPDX-License-Identifier: ISC */
/*
 * fp-host.h: the host's own arithmetic for the common case of fp-*.c.
 *
 * Each function either returns true with a result that is Arm's to the bit, flags included, or returns false having
 * changed nothing; the caller then takes the integer path. True needs all of:
 *   - FPCR rounds to nearest even, which is the host's default mode (nobody here touches fenv);
 *   - every operand is zero or normal: no NaN rules, no denormal flush;
 *   - the result is normal and above the smallest normal number, so that neither overflow nor tininess,
 *     whenever it is detected, was near;
 *   - IXC is already set, or the result is shown to be exact: then no flag changes.
 * The exactness tests may miss an exact result, never claim one. Programs set IXC early and leave it set,
 * so the tests matter for those that do integer arithmetic in floating point.
 * Comparisons and conversions to and from integers are not here: in integers they cost no more.
 */
#ifndef SOFTHV_FP_HOST_H
#define SOFTHV_FP_HOST_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "fp-core.h"

#ifdef __FAST_MATH__
#error "the guest's arithmetic must not be reassociated: build without -ffast-math"
#endif
_Static_assert(FLT_EVAL_METHOD == 0,
               "float and double expressions are evaluated in their own type");
_Static_assert(FLT_RADIX == 2 && sizeof(float) == 4 && sizeof(double) == 8, "IEEE 754 formats");
_Static_assert(FLT_MANT_DIG == 24 && FLT_MAX_EXP == 128, "float is binary32");
_Static_assert(DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024, "double is binary64");

/* fma() is worth calling only where it is an instruction. */
#if defined(__FP_FAST_FMA) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FP_HOST_FMA 1
#else
#define FP_HOST_FMA 0
#endif

FP_INLINE float fp_host_float(uint32_t v)
{
    float f;

    memcpy(&f, &v, sizeof(f));
    return f;
}

FP_INLINE double fp_host_double(uint64_t v)
{
    double d;

    memcpy(&d, &v, sizeof(d));
    return d;
}

FP_INLINE uint32_t fp_host_bits32(float f)
{
    uint32_t v;

    memcpy(&v, &f, sizeof(v));
    return v;
}

FP_INLINE uint64_t fp_host_bits64(double d)
{
    uint64_t v;

    memcpy(&v, &d, sizeof(v));
    return v;
}

FP_INLINE bool fp_host_usable(const struct fp_env *env)
{
    return (env->fpcr & (FPCR_RMODE | FP_CTL_NO_HOST)) == 0;
}

FP_INLINE bool fp_host_operand32(uint32_t v)
{
    return (((v >> 23) + 1) & 0xfe) != 0 || v << 1 == 0;
}

FP_INLINE bool fp_host_operand64(uint64_t v)
{
    return (((v >> 52) + 1) & 0x7fe) != 0 || v << 1 == 0;
}

FP_INLINE bool fp_host_result32(uint32_t v)
{
    return (v >> 23 & 0xff) - 2 < 0xff - 2;
}

FP_INLINE bool fp_host_result64(uint64_t v)
{
    return (v >> 52 & 0x7ff) - 2 < 0x7ff - 2;
}

/* The common end: r is the host's result, exact says that it is known to be so. */
FP_INLINE bool fp_host_accept32(float r, bool exact, const struct fp_env *env, uint32_t *out)
{
    *out = fp_host_bits32(r);
    return fp_host_result32(*out) && ((env->fpsr & FPSR_IXC) || exact);
}

FP_INLINE bool fp_host_accept64(double r, bool exact, const struct fp_env *env, uint64_t *out)
{
    *out = fp_host_bits64(r);
    return fp_host_result64(*out) && ((env->fpsr & FPSR_IXC) || exact);
}

/* How many bits the significand of a normal double needs. */
FP_INLINE unsigned fp_host_width(double d)
{
    return 53 - wide_ctz64(fp_host_bits64(d) | UINT64_C(1) << 52);
}

/* The sum and what rounding took from it (Knuth's TwoSum); a zero error means an exact sum. */
FP_INLINE bool fp_host_add32(uint32_t a, uint32_t b, const struct fp_env *env, uint32_t *out)
{
    float x = fp_host_float(a);
    float y = fp_host_float(b);
    float sum;
    float part;

    if (!fp_host_usable(env) || !fp_host_operand32(a) || !fp_host_operand32(b)) {
        return false;
    }
    sum = x + y;
    part = sum - x;
    return fp_host_accept32(sum, (x - (sum - part)) + (y - part) == 0, env, out);
}

FP_INLINE bool fp_host_add64(uint64_t a, uint64_t b, const struct fp_env *env, uint64_t *out)
{
    double x = fp_host_double(a);
    double y = fp_host_double(b);
    double sum;
    double part;

    if (!fp_host_usable(env) || !fp_host_operand64(a) || !fp_host_operand64(b)) {
        return false;
    }
    sum = x + y;
    part = sum - x;
    return fp_host_accept64(sum, (x - (sum - part)) + (y - part) == 0, env, out);
}

/* A product of singles is exact as a double. */
FP_INLINE bool fp_host_mul32(uint32_t a, uint32_t b, const struct fp_env *env, uint32_t *out)
{
    double product;
    float r;

    if (!fp_host_usable(env) || !fp_host_operand32(a) || !fp_host_operand32(b)) {
        return false;
    }
    product = (double)fp_host_float(a) * (double)fp_host_float(b);
    r = (float)product;
    return fp_host_accept32(r, (double)r == product, env, out);
}

FP_INLINE bool fp_host_mul64(uint64_t a, uint64_t b, const struct fp_env *env, uint64_t *out)
{
    double x = fp_host_double(a);
    double y = fp_host_double(b);

    if (!fp_host_usable(env) || !fp_host_operand64(a) || !fp_host_operand64(b)) {
        return false;
    }
    return fp_host_accept64(x * y, fp_host_width(x) + fp_host_width(y) <= 53, env, out);
}

FP_INLINE bool fp_host_div32(uint32_t a, uint32_t b, const struct fp_env *env, uint32_t *out)
{
    float x = fp_host_float(a);
    float y = fp_host_float(b);
    float q;

    if (!fp_host_usable(env) || !fp_host_operand32(a) || !fp_host_operand32(b) || y == 0) {
        return false;
    }
    q = x / y;
    return fp_host_accept32(q, (double)q * (double)y == (double)x, env, out);
}

FP_INLINE bool fp_host_div64(uint64_t a, uint64_t b, const struct fp_env *env, uint64_t *out)
{
    double x = fp_host_double(a);
    double y = fp_host_double(b);
    double q;

    if (!fp_host_usable(env) || !fp_host_operand64(a) || !fp_host_operand64(b) || y == 0) {
        return false;
    }
    q = x / y;
    return fp_host_accept64(q, fp_host_width(q) + fp_host_width(y) <= 53 && q * y == x, env, out);
}

FP_INLINE bool fp_host_sqrt32(uint32_t a, const struct fp_env *env, uint32_t *out)
{
    float x = fp_host_float(a);
    float r;

    if (!fp_host_usable(env) || !fp_host_operand32(a) || !(x > 0)) {
        return false;
    }
    r = sqrtf(x);
    return fp_host_accept32(r, (double)r * (double)r == (double)x, env, out);
}

FP_INLINE bool fp_host_sqrt64(uint64_t a, const struct fp_env *env, uint64_t *out)
{
    double x = fp_host_double(a);
    double r;

    if (!fp_host_usable(env) || !fp_host_operand64(a) || !(x > 0)) {
        return false;
    }
    r = sqrt(x);
    return fp_host_accept64(r, fp_host_width(r) <= 26 && r * r == x, env, out);
}

FP_INLINE bool fp_host_muladd32(uint32_t c, uint32_t a, uint32_t b, const struct fp_env *env,
                                uint32_t *out)
{
    if (!FP_HOST_FMA || !(env->fpsr & FPSR_IXC) || !fp_host_usable(env) || !fp_host_operand32(a) ||
        !fp_host_operand32(b) || !fp_host_operand32(c)) {
        return false;
    }
    return fp_host_accept32(fmaf(fp_host_float(a), fp_host_float(b), fp_host_float(c)), false, env,
                            out);
}

FP_INLINE bool fp_host_muladd64(uint64_t c, uint64_t a, uint64_t b, const struct fp_env *env,
                                uint64_t *out)
{
    if (!FP_HOST_FMA || !(env->fpsr & FPSR_IXC) || !fp_host_usable(env) || !fp_host_operand64(a) ||
        !fp_host_operand64(b) || !fp_host_operand64(c)) {
        return false;
    }
    return fp_host_accept64(fma(fp_host_double(a), fp_host_double(b), fp_host_double(c)), false,
                            env, out);
}

/* Double to single. */
FP_INLINE bool fp_host_narrow(uint64_t a, const struct fp_env *env, uint32_t *out)
{
    double x = fp_host_double(a);
    float r;

    if (!fp_host_usable(env) || !fp_host_operand64(a)) {
        return false;
    }
    r = (float)x;
    return fp_host_accept32(r, (double)r == x, env, out);
}

#endif
