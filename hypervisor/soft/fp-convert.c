/* SPDX-License-Identifier: ISC */
/*
 * fp-convert.c: to and from integers and fixed point, to integral values, and between formats (fp.h).
 */
#include "fp-core.h"
#include "fp-host.h"

/* A magnitude cut at the binary point; 2^63 in rest is one half, and its bit 0 may be sticky. */
struct split {
    uint64_t whole;
    uint64_t rest;
};

/* frac * 2^(exp - 63) for exp <= 63. */
FP_INLINE struct split split_number(int exp, uint64_t frac)
{
    struct split s = {0, 0};

    if (exp == 63) {
        s.whole = frac;
    } else if (exp >= 0) {
        s.whole = frac >> (63 - exp);
        s.rest = frac << (exp + 1);
    } else {
        s.rest = wide_shr_sticky64(frac, (unsigned)(-1 - exp));
    }
    return s;
}

/* A normalised nonzero integer whose bits all fit the format. */
FP_INLINE uint64_t pack_integer(bool sign, uint64_t whole, struct fp_fmt f)
{
    unsigned lead = wide_clz64(whole);
    uint64_t mant = whole << lead >> (63 - f.frac_bits);

    return fp_zero(sign, f) + ((uint64_t)(fp_bias(f) + 62 - (int)lead) << f.frac_bits) + mant;
}

FP_INLINE uint64_t op_round_int(uint64_t a, enum fp_rounding rm, bool exact, struct fp_fmt f,
                                struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    struct split s;

    if (UNLIKELY(x.cls != FP_IS_NORMAL)) {
        if (x.cls & FP_IS_NAN) {
            return fp_process_nan(a, x.cls, f, env);
        }
        return x.cls == FP_IS_INF ? a : fp_zero(x.sign, f);
    }
    if (x.exp >= (int)f.frac_bits) {
        return a;
    }
    s = split_number(x.exp, x.frac);
    s.whole += fp_rounds_up(rm, x.sign, s.whole & 1, s.rest);
    if (s.rest != 0 && exact) {
        env->fpsr |= FPSR_IXC;
    }
    return s.whole == 0 ? fp_zero(x.sign, f) : pack_integer(x.sign, s.whole, f);
}

/* The extreme value of an integer type, as a result register holds it. */
FP_INLINE uint64_t saturated(enum fp_int type, bool negative)
{
    switch (type) {
    case FP_S32: return negative ? UINT64_C(0x80000000) : UINT64_C(0x7fffffff);
    case FP_U32: return negative ? 0 : UINT64_C(0xffffffff);
    case FP_S64: return negative ? UINT64_C(1) << 63 : UINT64_MAX >> 1;
    case FP_U64: break;
    }
    return negative ? 0 : UINT64_MAX;
}

FP_INLINE uint64_t op_to_fixed(uint64_t a, enum fp_int type, unsigned fbits, enum fp_rounding rm,
                               struct fp_fmt f, struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    uint64_t limit;
    struct split s;

    if (UNLIKELY(x.cls != FP_IS_NORMAL)) {
        if (x.cls == FP_IS_ZERO) {
            return 0;
        }
        env->fpsr |= FPSR_IOC;
        return x.cls == FP_IS_INF ? saturated(type, x.sign) : 0;
    }
    x.exp += (int)fbits;
    if (x.exp > 63) {
        env->fpsr |= FPSR_IOC;
        return saturated(type, x.sign);
    }
    s = split_number(x.exp, x.frac);
    s.whole += fp_rounds_up(rm, x.sign, s.whole & 1, s.rest);
    /* The lowest signed value has the magnitude of its own pattern, the lowest unsigned one is 0. */
    limit = saturated(type, x.sign);
    if (s.whole > limit) {
        env->fpsr |= FPSR_IOC;
        return limit;
    }
    if (s.rest != 0) {
        env->fpsr |= FPSR_IXC;
    }
    if (x.sign) {
        s.whole = 0 - s.whole;
    }
    return (type & FP_S64) ? s.whole : (uint32_t)s.whole;
}

FP_INLINE uint64_t op_from_fixed(uint64_t value, enum fp_int type, unsigned fbits, struct fp_fmt f,
                                 struct fp_env *env)
{
    bool sign = false;
    unsigned lead;

    if (!(type & FP_S64)) {
        value = (type & FP_U32) ? (uint32_t)value : (uint64_t)sext64(value, 32);
    }
    if (!(type & FP_U32) && value >> 63) {
        sign = true;
        value = 0 - value;
    }
    if (value == 0) {
        return 0;
    }
    lead = wide_clz64(value);
    return fp_round(sign, 63 - (int)(lead + fbits), value << lead, fp_env_rounding(env), f, env);
}

/* FPConvertNaN: the sign and the top of the payload survive. */
FP_INLINE uint64_t convert_nan(uint64_t a, bool sign, struct fp_fmt from, struct fp_fmt to)
{
    uint64_t frac = a & fp_frac_mask(from);

    frac = to.frac_bits > from.frac_bits ? frac << (to.frac_bits - from.frac_bits)
                                         : frac >> (from.frac_bits - to.frac_bits);
    return fp_inf(sign, to) | fp_quiet_bit(to) | frac;
}

FP_INLINE uint64_t op_convert(uint64_t a, enum fp_rounding rm, struct fp_fmt from, struct fp_fmt to,
                              struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, from, env);
    bool alternative = fp_is_half(to) && (env->fpcr & FPCR_AHP);

    if (LIKELY(x.cls == FP_IS_NORMAL)) {
        return fp_round(x.sign, x.exp, x.frac, rm, to, env);
    }
    if (x.cls == FP_IS_ZERO) {
        return fp_zero(x.sign, to);
    }
    if (x.cls == FP_IS_SNAN || alternative) {
        env->fpsr |= FPSR_IOC;
    }
    if (x.cls == FP_IS_INF) {
        return alternative ? fp_zero(x.sign, to) + (fp_sign_bit(to) - 1) : fp_inf(x.sign, to);
    }
    if (alternative) {
        return fp_zero(x.sign, to); /* the alternative format has no NaNs */
    }
    return (env->fpcr & FPCR_DN) ? fp_default_nan(to) : convert_nan(a, x.sign, from, to);
}

uint32_t fp32_round_int(uint32_t a, enum fp_rounding rm, bool exact, struct fp_env *env)
{
    return (uint32_t)op_round_int(a, rm, exact, fp_single, env);
}

uint64_t fp64_round_int(uint64_t a, enum fp_rounding rm, bool exact, struct fp_env *env)
{
    return op_round_int(a, rm, exact, fp_double, env);
}

uint64_t fp32_to_fixed(uint32_t a, enum fp_int type, unsigned fbits, enum fp_rounding rm,
                       struct fp_env *env)
{
    return op_to_fixed(a, type, fbits, rm, fp_single, env);
}

uint64_t fp64_to_fixed(uint64_t a, enum fp_int type, unsigned fbits, enum fp_rounding rm,
                       struct fp_env *env)
{
    return op_to_fixed(a, type, fbits, rm, fp_double, env);
}

uint32_t fp32_from_fixed(uint64_t value, enum fp_int type, unsigned fbits, struct fp_env *env)
{
    return (uint32_t)op_from_fixed(value, type, fbits, fp_single, env);
}

uint64_t fp64_from_fixed(uint64_t value, enum fp_int type, unsigned fbits, struct fp_env *env)
{
    return op_from_fixed(value, type, fbits, fp_double, env);
}

uint32_t fp16_to_fp32(uint16_t a, struct fp_env *env)
{
    return (uint32_t)op_convert(a, fp_env_rounding(env), fp_half, fp_single, env);
}

uint64_t fp16_to_fp64(uint16_t a, struct fp_env *env)
{
    return op_convert(a, fp_env_rounding(env), fp_half, fp_double, env);
}

uint16_t fp32_to_fp16(uint32_t a, struct fp_env *env)
{
    return (uint16_t)op_convert(a, fp_env_rounding(env), fp_single, fp_half, env);
}

uint64_t fp32_to_fp64(uint32_t a, struct fp_env *env)
{
    return op_convert(a, fp_env_rounding(env), fp_single, fp_double, env);
}

uint16_t fp64_to_fp16(uint64_t a, struct fp_env *env)
{
    return (uint16_t)op_convert(a, fp_env_rounding(env), fp_double, fp_half, env);
}

uint32_t fp64_to_fp32(uint64_t a, struct fp_env *env)
{
    uint32_t r;

    if (fp_host_narrow(a, env, &r)) {
        return r;
    }
    return (uint32_t)op_convert(a, fp_env_rounding(env), fp_double, fp_single, env);
}

uint32_t fp64_to_fp32_odd(uint64_t a, struct fp_env *env)
{
    return (uint32_t)op_convert(a, FP_ROUND_ODD, fp_double, fp_single, env);
}
