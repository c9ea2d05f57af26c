/* SPDX-License-Identifier: ISC */
/*
 * fp-compare.c: comparisons, maximum and minimum (fp.h).
 *
 * Patterns are ordered as sign-and-magnitude integers once NaNs are out of the way and, under FPCR.FZ, denormals
 * have become zeros.
 */
#include "fp-core.h"

/* FPUnpack's denormal flush, on the pattern. */
FP_INLINE uint64_t flush_input(uint64_t v, struct fp_fmt f, struct fp_env *env)
{
    if (UNLIKELY(fp_exp_field(v, f) == 0) && (v & fp_frac_mask(f)) != 0 && (env->fpcr & FPCR_FZ)) {
        env->fpsr |= FPSR_IDC;
        v &= fp_sign_bit(f);
    }
    return v;
}

/* FP_IS_QNAN, FP_IS_SNAN or 0. */
FP_INLINE unsigned nan_class(uint64_t v, struct fp_fmt f)
{
    uint64_t magnitude = v & (fp_sign_bit(f) - 1);

    if (LIKELY(magnitude <= fp_inf(false, f))) {
        return 0;
    }
    return (v & fp_quiet_bit(f)) ? FP_IS_QNAN : FP_IS_SNAN;
}

/* An integer that orders like the number; both zeros give 0. */
FP_INLINE int64_t order_key(uint64_t v, struct fp_fmt f)
{
    int64_t magnitude = (int64_t)(v & (fp_sign_bit(f) - 1));

    return (v & fp_sign_bit(f)) ? -magnitude : magnitude;
}

enum order {
    ORDER_LESS = 8, /* N:Z:C:V */
    ORDER_EQUAL = 6,
    ORDER_GREATER = 2,
    ORDER_NONE = 3,
};

FP_INLINE enum order op_compare(uint64_t a, uint64_t b, bool signal_nans, struct fp_fmt f,
                                struct fp_env *env)
{
    unsigned nans = nan_class(a, f) | nan_class(b, f);
    int64_t x = order_key(flush_input(a, f, env), f);
    int64_t y = order_key(flush_input(b, f, env), f);

    if (UNLIKELY(nans != 0)) {
        if (signal_nans || (nans & FP_IS_SNAN)) {
            env->fpsr |= FPSR_IOC;
        }
        return ORDER_NONE;
    }
    return x == y ? ORDER_EQUAL : x < y ? ORDER_LESS : ORDER_GREATER;
}

/* FPMax, FPMin. Of two zeros the maximum is -0 only if both are, the minimum if one is. */
FP_INLINE uint64_t op_maxmin(uint64_t a, uint64_t b, bool min, struct fp_fmt f, struct fp_env *env)
{
    unsigned a_nan = nan_class(a, f);
    unsigned b_nan = nan_class(b, f);
    uint64_t x = flush_input(a, f, env);
    uint64_t y = flush_input(b, f, env);
    int64_t x_key = order_key(x, f);
    int64_t y_key = order_key(y, f);

    if (UNLIKELY((a_nan | b_nan) != 0)) {
        return fp_process_nans(a, a_nan, b, b_nan, f, env);
    }
    if (x_key == y_key) {
        return min ? x | y : x & y;
    }
    return (x_key > y_key) != min ? x : y;
}

/* FPMaxNum, FPMinNum: a lone quiet NaN counts as the infinity that loses. */
FP_INLINE uint64_t op_maxmin_num(uint64_t a, uint64_t b, bool min, struct fp_fmt f,
                                 struct fp_env *env)
{
    bool a_quiet = nan_class(a, f) == FP_IS_QNAN;
    bool b_quiet = nan_class(b, f) == FP_IS_QNAN;

    if (a_quiet && !b_quiet) {
        a = fp_inf(!min, f);
    } else if (b_quiet && !a_quiet) {
        b = fp_inf(!min, f);
    }
    return op_maxmin(a, b, min, f, env);
}

unsigned fp32_compare(uint32_t a, uint32_t b, bool signal_nans, struct fp_env *env)
{
    return op_compare(a, b, signal_nans, fp_single, env);
}

unsigned fp64_compare(uint64_t a, uint64_t b, bool signal_nans, struct fp_env *env)
{
    return op_compare(a, b, signal_nans, fp_double, env);
}

bool fp32_eq(uint32_t a, uint32_t b, struct fp_env *env)
{
    return op_compare(a, b, false, fp_single, env) == ORDER_EQUAL;
}

bool fp64_eq(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_compare(a, b, false, fp_double, env) == ORDER_EQUAL;
}

bool fp32_ge(uint32_t a, uint32_t b, struct fp_env *env)
{
    enum order o = op_compare(a, b, true, fp_single, env);

    return o == ORDER_GREATER || o == ORDER_EQUAL;
}

bool fp64_ge(uint64_t a, uint64_t b, struct fp_env *env)
{
    enum order o = op_compare(a, b, true, fp_double, env);

    return o == ORDER_GREATER || o == ORDER_EQUAL;
}

bool fp32_gt(uint32_t a, uint32_t b, struct fp_env *env)
{
    return op_compare(a, b, true, fp_single, env) == ORDER_GREATER;
}

bool fp64_gt(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_compare(a, b, true, fp_double, env) == ORDER_GREATER;
}

uint32_t fp32_max(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_maxmin(a, b, false, fp_single, env);
}

uint64_t fp64_max(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_maxmin(a, b, false, fp_double, env);
}

uint32_t fp32_min(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_maxmin(a, b, true, fp_single, env);
}

uint64_t fp64_min(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_maxmin(a, b, true, fp_double, env);
}

uint32_t fp32_maxnum(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_maxmin_num(a, b, false, fp_single, env);
}

uint64_t fp64_maxnum(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_maxmin_num(a, b, false, fp_double, env);
}

uint32_t fp32_minnum(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_maxmin_num(a, b, true, fp_single, env);
}

uint64_t fp64_minnum(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_maxmin_num(a, b, true, fp_double, env);
}
