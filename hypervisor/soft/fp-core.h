/* SPDX-License-Identifier: ISC */
/*
 * fp-core.h: the private heart of fp-*.c: formats, unpacking, NaNs, rounding and packing.
 *
 * One algorithm serves every format: functions take a struct fp_fmt and are inlined with a constant one.
 * A nonzero finite number is unpacked to frac * 2^(exp - 63) with bit 63 of frac set. On the way to
 * fp_round() the low bits of frac may be sticky: a set bit 0 stands for "something nonzero at or below here".
 * Doubles keep 53 bits, which leaves ten guard bits above the sticky one. See fp.h for the rest.
 */
#ifndef SOFTHV_FP_CORE_H
#define SOFTHV_FP_CORE_H

#include "bits.h"
#include "fp.h"
#include "wide.h"

#define FP_INLINE static inline __attribute__((always_inline))

struct fp_fmt {
    unsigned exp_bits;
    unsigned frac_bits;
};

static const struct fp_fmt fp_half = {5, 10};
static const struct fp_fmt fp_single = {8, 23};
static const struct fp_fmt fp_double = {11, 52};

/* One bit each, so that the classes of several operands can be tested together. */
enum {
    FP_IS_NORMAL = 0, /* nonzero and finite */
    FP_IS_ZERO = 1,
    FP_IS_INF = 2,
    FP_IS_QNAN = 4,
    FP_IS_SNAN = 8,
    FP_IS_NAN = FP_IS_QNAN | FP_IS_SNAN,
};

struct fp_num {
    unsigned cls;
    bool sign;
    int exp;
    uint64_t frac;
};

FP_INLINE bool fp_is_half(struct fp_fmt f)
{
    return f.frac_bits == 10;
}

FP_INLINE uint64_t fp_frac_mask(struct fp_fmt f)
{
    return (UINT64_C(1) << f.frac_bits) - 1;
}

FP_INLINE uint64_t fp_sign_bit(struct fp_fmt f)
{
    return UINT64_C(1) << (f.exp_bits + f.frac_bits);
}

/* The all-ones exponent field, as a number. */
FP_INLINE int fp_exp_max(struct fp_fmt f)
{
    return (1 << f.exp_bits) - 1;
}

FP_INLINE int fp_bias(struct fp_fmt f)
{
    return (1 << (f.exp_bits - 1)) - 1;
}

FP_INLINE int fp_exp_field(uint64_t v, struct fp_fmt f)
{
    return (int)(v >> f.frac_bits) & fp_exp_max(f);
}

FP_INLINE uint64_t fp_zero(bool sign, struct fp_fmt f)
{
    return sign ? fp_sign_bit(f) : 0;
}

FP_INLINE uint64_t fp_inf(bool sign, struct fp_fmt f)
{
    return fp_zero(sign, f) | (uint64_t)fp_exp_max(f) << f.frac_bits;
}

FP_INLINE uint64_t fp_max_normal(bool sign, struct fp_fmt f)
{
    return fp_inf(sign, f) - 1;
}

FP_INLINE uint64_t fp_quiet_bit(struct fp_fmt f)
{
    return UINT64_C(1) << (f.frac_bits - 1);
}

FP_INLINE uint64_t fp_default_nan(struct fp_fmt f)
{
    return fp_inf(false, f) | fp_quiet_bit(f);
}

/* An operation without a meaning: 0 * inf, inf - inf, sqrt(-1). */
FP_INLINE uint64_t fp_invalid(struct fp_fmt f, struct fp_env *env)
{
    env->fpsr |= FPSR_IOC;
    return fp_default_nan(f);
}

/* FPUnpackCV; for singles and doubles this is FPUnpack as well. */
FP_INLINE struct fp_num fp_unpack(uint64_t v, struct fp_fmt f, struct fp_env *env)
{
    int field = fp_exp_field(v, f);
    uint64_t frac = v & fp_frac_mask(f);
    struct fp_num n = {.cls = FP_IS_NORMAL, .sign = (v & fp_sign_bit(f)) != 0};

    if (UNLIKELY(field == 0)) {
        if (frac == 0) {
            n.cls = FP_IS_ZERO;
        } else if (!fp_is_half(f) && (env->fpcr & FPCR_FZ)) {
            env->fpsr |= FPSR_IDC;
            n.cls = FP_IS_ZERO;
        } else {
            unsigned lead = wide_clz64(frac);
            n.frac = frac << lead;
            n.exp = 64 - (int)(lead + f.frac_bits) - fp_bias(f);
        }
    } else if (UNLIKELY(field == fp_exp_max(f)) && !(fp_is_half(f) && (env->fpcr & FPCR_AHP))) {
        n.cls = frac == 0 ? FP_IS_INF : (frac & fp_quiet_bit(f)) ? FP_IS_QNAN : FP_IS_SNAN;
    } else {
        n.exp = field - fp_bias(f);
        n.frac = UINT64_C(1) << 63 | frac << (63 - f.frac_bits);
    }
    return n;
}

/* FPProcessNaN: v is a NaN of class cls. */
FP_INLINE uint64_t fp_process_nan(uint64_t v, unsigned cls, struct fp_fmt f, struct fp_env *env)
{
    if (cls == FP_IS_SNAN) {
        env->fpsr |= FPSR_IOC;
    }
    return (env->fpcr & FPCR_DN) ? fp_default_nan(f) : v | fp_quiet_bit(f);
}

/* FPProcessNaNs: at least one of the two is a NaN. */
FP_INLINE uint64_t fp_process_nans(uint64_t a, unsigned a_cls, uint64_t b, unsigned b_cls,
                                   struct fp_fmt f, struct fp_env *env)
{
    bool pick_a = a_cls == FP_IS_SNAN || (a_cls == FP_IS_QNAN && b_cls != FP_IS_SNAN);

    return pick_a ? fp_process_nan(a, a_cls, f, env) : fp_process_nan(b, b_cls, f, env);
}

/* Whether a magnitude goes up by one unit; rest is the discarded fraction scaled so that 2^63 is one half. */
FP_INLINE bool fp_rounds_up(enum fp_rounding rm, bool sign, bool odd, uint64_t rest)
{
    const uint64_t half = UINT64_C(1) << 63;

    switch (rm) {
    case FP_ROUND_TIEEVEN: return rest > half || (rest == half && odd);
    case FP_ROUND_POSINF: return rest != 0 && !sign;
    case FP_ROUND_NEGINF: return rest != 0 && sign;
    case FP_ROUND_TIEAWAY: return rest >= half;
    case FP_ROUND_ZERO:
    case FP_ROUND_ODD: break;
    }
    return false;
}

/* Whether a result too large for the format becomes infinity; else it becomes the largest finite number. */
FP_INLINE bool fp_overflows_to_inf(enum fp_rounding rm, bool sign)
{
    switch (rm) {
    case FP_ROUND_TIEEVEN:
    case FP_ROUND_TIEAWAY: return true;
    case FP_ROUND_POSINF: return !sign;
    case FP_ROUND_NEGINF: return sign;
    case FP_ROUND_ZERO:
    case FP_ROUND_ODD: break;
    }
    return false;
}

/* FPRoundBase, the part for results that are too large. */
FP_INLINE uint64_t fp_overflow(bool sign, enum fp_rounding rm, struct fp_fmt f, struct fp_env *env)
{
    if (fp_is_half(f) && (env->fpcr & FPCR_AHP)) {
        env->fpsr |= FPSR_IOC; /* and not inexact */
        return fp_sign_bit(f) - 1 + fp_zero(sign, f);
    }
    env->fpsr |= FPSR_OFC | FPSR_IXC;
    return fp_overflows_to_inf(rm, sign) ? fp_inf(sign, f) : fp_max_normal(sign, f);
}

/* FPRoundBase (FPRoundCV for halves): the nonzero number frac * 2^(exp - 63) to the format, under rm. */
FP_INLINE uint64_t fp_round(bool sign, int exp, uint64_t frac, enum fp_rounding rm, struct fp_fmt f,
                            struct fp_env *env)
{
    const unsigned drop = 63 - f.frac_bits;
    const bool alternative = fp_is_half(f) && (env->fpcr & FPCR_AHP);
    int field = exp + fp_bias(f);
    bool tiny = field <= 0;
    uint64_t mant;
    uint64_t rest;

    if (UNLIKELY(tiny)) {
        if (!fp_is_half(f) && (env->fpcr & FPCR_FZ)) {
            env->fpsr |= FPSR_UFC; /* and not inexact */
            return fp_zero(sign, f);
        }
        frac = wide_shr_sticky64(frac, (unsigned)(1 - field));
        field = 1;
    }
    mant = frac >> drop;
    rest = frac << (64 - drop);
    if (rest != 0) {
        if (tiny) {
            env->fpsr |= FPSR_UFC;
        }
        if (fp_rounds_up(rm, sign, mant & 1, rest)) {
            mant++;
        } else if (rm == FP_ROUND_ODD) {
            mant |= 1;
        }
    }
    /* mant carries the leading bit, which adds the missing 1 to the exponent field; so does a carry out of it. */
    if (UNLIKELY(field + (int)(mant >> (f.frac_bits + 1)) >= fp_exp_max(f) + alternative)) {
        return fp_overflow(sign, rm, f, env);
    }
    if (rest != 0) {
        env->fpsr |= FPSR_IXC;
    }
    return fp_zero(sign, f) + ((uint64_t)(field - 1) << f.frac_bits) + mant;
}

#endif
