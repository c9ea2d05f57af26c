/* SPDX-License-Identifier: ISC */
/*
 * fp-arith.c: add, subtract, multiply, divide, square root, fused multiply-add and the Newton steps (fp.h).
 *
 * Each public function tries the host's arithmetic first (fp-host.h) and falls back to the integer
 * algorithm, which is written once for both formats.
 */
#include "fp-core.h"
#include "fp-host.h"

/* ---- Finite nonzero operands -------------------------------------------------------------------- */

/* a + b before rounding; cls is ZERO, without a sign, if they cancel. Up to 62 bits of frac may be used. */
FP_INLINE struct fp_num add_finite(struct fp_num a, struct fp_num b)
{
    uint64_t x;
    uint64_t y;
    unsigned lead;

    if (a.exp < b.exp || (a.exp == b.exp && a.frac < b.frac)) {
        struct fp_num t = a;
        a = b;
        b = t;
    }
    x = a.frac >> 1;
    y = wide_shr_sticky64(b.frac >> 1, (unsigned)(a.exp - b.exp));
    x = a.sign == b.sign ? x + y : x - y;
    if (x == 0) {
        a.cls = FP_IS_ZERO;
        return a;
    }
    lead = wide_clz64(x);
    a.frac = x << lead;
    a.exp += 1 - (int)lead;
    return a;
}

/* The exact product: frac is normalised in 128 bits. */
FP_INLINE u128 mul_exact(struct fp_num a, struct fp_num b, int *exp)
{
    u128 p = wide_mul64(a.frac, b.frac);

    *exp = a.exp + b.exp + 1;
    if ((wide_hi(p) >> 63) == 0) {
        p <<= 1;
        --*exp;
    }
    return p;
}

/* a * b before rounding; exact for singles, sticky for doubles. */
FP_INLINE struct fp_num mul_finite(struct fp_num a, struct fp_num b, struct fp_fmt f)
{
    struct fp_num r = {.cls = FP_IS_NORMAL, .sign = a.sign != b.sign};

    if (f.frac_bits < 32) {
        r.exp = a.exp + b.exp + 1;
        r.frac = (a.frac >> 32) * (b.frac >> 32);
        if ((r.frac >> 63) == 0) {
            r.frac <<= 1;
            r.exp--;
        }
    } else {
        u128 p = mul_exact(a, b, &r.exp);
        r.frac = wide_hi(p) | (wide_lo(p) != 0);
    }
    return r;
}

/* c + a * b before rounding, as add_finite(). */
FP_INLINE struct fp_num muladd_finite(struct fp_num c, struct fp_num a, struct fp_num b,
                                      struct fp_fmt f)
{
    struct fp_num r = {.cls = FP_IS_NORMAL, .sign = a.sign != b.sign};
    u128 x;
    u128 y;
    unsigned lead;
    int diff;

    if (f.frac_bits < 32) {
        return add_finite(mul_finite(a, b, f), c);
    }
    x = mul_exact(a, b, &r.exp);
    y = wide_make(c.frac, 0);
    diff = r.exp - c.exp;
    if (diff < 0 || (diff == 0 && x < y)) {
        u128 t = x;
        bool s = r.sign;
        x = y;
        y = t;
        r.sign = c.sign;
        c.sign = s;
        r.exp = c.exp;
        diff = -diff;
    }
    /* 106 bits of product leave 21 guard bits, of which bits may fall only when no cancellation can bring them up. */
    x >>= 1;
    y = wide_shr_sticky128(y >> 1, (unsigned)diff);
    x = r.sign == c.sign ? x + y : x - y;
    if (x == 0) {
        r.cls = FP_IS_ZERO;
        return r;
    }
    lead = wide_clz128(x);
    x <<= lead;
    r.frac = wide_hi(x) | (wide_lo(x) != 0);
    r.exp += 1 - (int)lead;
    return r;
}

FP_INLINE struct fp_num div_finite(struct fp_num a, struct fp_num b, struct fp_fmt f)
{
    struct fp_num r = {.cls = FP_IS_NORMAL, .sign = a.sign != b.sign, .exp = a.exp - b.exp};
    bool less = a.frac < b.frac; /* then the quotient is below 1 and one more bit is wanted */

    r.exp -= less;
    if (f.frac_bits < 32) {
        uint64_t n = less ? a.frac : a.frac >> 1;
        uint64_t d = b.frac >> 32;
        r.frac = n / d << 32 | (n % d != 0);
    } else {
        u128 n = wide_make(a.frac, 0) >> !less;
        uint64_t q = wide_lo(n / b.frac);
        r.frac = q | (n - wide_mul64(q, b.frac) != 0);
    }
    return r;
}

/* Digit by digit: two bits of the radicand and one of the root each turn, one bit past the last that is kept. */
FP_INLINE struct fp_num sqrt_finite(struct fp_num a, struct fp_fmt f)
{
    const unsigned turns = f.frac_bits + 2;
    bool odd = a.exp & 1;
    uint64_t radicand = odd ? a.frac : a.frac >> 1; /* in [1, 4) with two bits before the point */
    uint64_t root = 0;
    uint64_t rest = 0;

    for (unsigned i = 0; i < turns; i++) {
        uint64_t trial = root << 2 | 1;
        rest = rest << 2 | radicand >> 62;
        radicand <<= 2;
        root <<= 1;
        if (rest >= trial) {
            rest -= trial;
            root |= 1;
        }
    }
    a.exp = (a.exp - odd) / 2;
    a.frac = root << (64 - turns) | (rest != 0);
    return a;
}

/* ---- Operations on patterns --------------------------------------------------------------------- */

FP_INLINE uint64_t round_num(struct fp_num n, struct fp_fmt f, struct fp_env *env)
{
    return fp_round(n.sign, n.exp, n.frac, fp_env_rounding(env), f, env);
}

/* A sum that may have cancelled: an exact zero is positive, except when rounding down. */
FP_INLINE uint64_t round_sum(struct fp_num n, struct fp_fmt f, struct fp_env *env)
{
    if (n.cls == FP_IS_ZERO) {
        return fp_zero(fp_env_rounding(env) == FP_ROUND_NEGINF, f);
    }
    return round_num(n, f, env);
}

FP_INLINE uint64_t op_add(uint64_t a, uint64_t b, bool subtract, struct fp_fmt f,
                          struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    struct fp_num y = fp_unpack(b, f, env);
    unsigned cls = x.cls | y.cls;

    if (cls & FP_IS_NAN) {
        return fp_process_nans(a, x.cls, b, y.cls, f, env);
    }
    y.sign ^= subtract;
    if (cls & FP_IS_INF) {
        if ((x.cls & y.cls) && x.sign != y.sign) {
            return fp_invalid(f, env);
        }
        return fp_inf(x.cls == FP_IS_INF ? x.sign : y.sign, f);
    }
    if (x.cls == FP_IS_ZERO) {
        if (y.cls == FP_IS_ZERO) {
            return x.sign == y.sign ? fp_zero(x.sign, f)
                                    : fp_zero(fp_env_rounding(env) == FP_ROUND_NEGINF, f);
        }
        return round_num(y, f, env);
    }
    return round_sum(y.cls == FP_IS_ZERO ? x : add_finite(x, y), f, env);
}

FP_INLINE uint64_t op_mul(uint64_t a, uint64_t b, bool extended, struct fp_fmt f,
                          struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    struct fp_num y = fp_unpack(b, f, env);
    unsigned cls = x.cls | y.cls;
    bool sign = x.sign != y.sign;

    if (UNLIKELY(cls != FP_IS_NORMAL)) {
        if (cls & FP_IS_NAN) {
            return fp_process_nans(a, x.cls, b, y.cls, f, env);
        }
        if (cls == (FP_IS_INF | FP_IS_ZERO)) {
            uint64_t two = (uint64_t)(fp_bias(f) + 1) << f.frac_bits;
            return extended ? fp_zero(sign, f) | two : fp_invalid(f, env);
        }
        return cls == FP_IS_INF ? fp_inf(sign, f) : fp_zero(sign, f);
    }
    return round_num(mul_finite(x, y, f), f, env);
}

FP_INLINE uint64_t op_div(uint64_t a, uint64_t b, struct fp_fmt f, struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);
    struct fp_num y = fp_unpack(b, f, env);
    unsigned cls = x.cls | y.cls;
    bool sign = x.sign != y.sign;

    if (UNLIKELY(cls != FP_IS_NORMAL)) {
        if (cls & FP_IS_NAN) {
            return fp_process_nans(a, x.cls, b, y.cls, f, env);
        }
        if (x.cls & y.cls) {
            return fp_invalid(f, env);
        }
        if (x.cls == FP_IS_ZERO || y.cls == FP_IS_INF) {
            return fp_zero(sign, f);
        }
        if (x.cls != FP_IS_INF) {
            env->fpsr |= FPSR_DZC;
        }
        return fp_inf(sign, f);
    }
    return round_num(div_finite(x, y, f), f, env);
}

FP_INLINE uint64_t op_sqrt(uint64_t a, struct fp_fmt f, struct fp_env *env)
{
    struct fp_num x = fp_unpack(a, f, env);

    if (x.cls & FP_IS_NAN) {
        return fp_process_nan(a, x.cls, f, env);
    }
    if (x.cls == FP_IS_ZERO) {
        return fp_zero(x.sign, f);
    }
    if (x.sign) {
        return fp_invalid(f, env);
    }
    if (x.cls == FP_IS_INF) {
        return fp_inf(false, f);
    }
    return round_num(sqrt_finite(x, f), f, env);
}

/* FPProcessNaNs3 for the addend and the factors, with the rule that 0 * inf beats a quiet addend. */
FP_INLINE uint64_t muladd_nan(uint64_t c, unsigned c_cls, uint64_t a, unsigned a_cls, uint64_t b,
                              unsigned b_cls, struct fp_fmt f, struct fp_env *env)
{
    if (c_cls == FP_IS_QNAN && (a_cls | b_cls) == (FP_IS_INF | FP_IS_ZERO)) {
        return fp_invalid(f, env);
    }
    if (c_cls == FP_IS_SNAN || (c_cls == FP_IS_QNAN && !((a_cls | b_cls) & FP_IS_SNAN))) {
        return fp_process_nan(c, c_cls, f, env);
    }
    return fp_process_nans(a, a_cls, b, b_cls, f, env);
}

FP_INLINE uint64_t op_muladd(uint64_t c, uint64_t a, uint64_t b, struct fp_fmt f,
                             struct fp_env *env)
{
    struct fp_num z = fp_unpack(c, f, env);
    struct fp_num x = fp_unpack(a, f, env);
    struct fp_num y = fp_unpack(b, f, env);
    unsigned cls = x.cls | y.cls; /* of the product */
    bool sign = x.sign != y.sign;

    if (LIKELY((cls | z.cls) == FP_IS_NORMAL)) {
        return round_sum(muladd_finite(z, x, y, f), f, env);
    }
    if ((cls | z.cls) & FP_IS_NAN) {
        return muladd_nan(c, z.cls, a, x.cls, b, y.cls, f, env);
    }
    if (cls == (FP_IS_INF | FP_IS_ZERO) || (cls & z.cls & FP_IS_INF && sign != z.sign)) {
        return fp_invalid(f, env);
    }
    if ((cls | z.cls) & FP_IS_INF) {
        return fp_inf(z.cls == FP_IS_INF ? z.sign : sign, f);
    }
    if (cls == FP_IS_NORMAL) { /* and the addend is zero */
        return round_num(mul_finite(x, y, f), f, env);
    }
    if (z.cls == FP_IS_NORMAL) {
        return round_num(z, f, env);
    }
    return sign == z.sign ? fp_zero(sign, f) : fp_zero(fp_env_rounding(env) == FP_ROUND_NEGINF, f);
}

/* (addend - a * b) / 2^halve, for the addends 2 and 3: FPRecipStepFused and FPRSqrtStepFused. */
FP_INLINE uint64_t op_step(uint64_t a, uint64_t b, bool rsqrt, struct fp_fmt f, struct fp_env *env)
{
    /* 2 is 1 * 2^1, 3 is 1.5 * 2^1. */
    struct fp_num sum = {FP_IS_NORMAL, false, 1, rsqrt ? UINT64_C(3) << 62 : UINT64_C(1) << 63};
    struct fp_num x;
    struct fp_num y;
    unsigned cls;

    a ^= fp_sign_bit(f); /* before the NaNs are looked at, as the pseudocode has it */
    x = fp_unpack(a, f, env);
    y = fp_unpack(b, f, env);
    cls = x.cls | y.cls;
    if (cls & FP_IS_NAN) {
        return fp_process_nans(a, x.cls, b, y.cls, f, env);
    }
    if (cls == FP_IS_INF) {
        return fp_inf(x.sign != y.sign, f);
    }
    if (cls == FP_IS_NORMAL) {
        sum = muladd_finite(sum, x, y, f);
    }
    sum.exp -= rsqrt;
    return round_sum(sum, f, env);
}

/* ---- The interface ------------------------------------------------------------------------------ */

uint32_t fp32_add(uint32_t a, uint32_t b, struct fp_env *env)
{
    uint32_t r;

    return fp_host_add32(a, b, env, &r) ? r : (uint32_t)op_add(a, b, false, fp_single, env);
}

uint64_t fp64_add(uint64_t a, uint64_t b, struct fp_env *env)
{
    uint64_t r;

    return fp_host_add64(a, b, env, &r) ? r : op_add(a, b, false, fp_double, env);
}

uint32_t fp32_sub(uint32_t a, uint32_t b, struct fp_env *env)
{
    uint32_t r;

    return fp_host_add32(a, fp32_neg(b), env, &r) ? r
                                                  : (uint32_t)op_add(a, b, true, fp_single, env);
}

uint64_t fp64_sub(uint64_t a, uint64_t b, struct fp_env *env)
{
    uint64_t r;

    return fp_host_add64(a, fp64_neg(b), env, &r) ? r : op_add(a, b, true, fp_double, env);
}

uint32_t fp32_mul(uint32_t a, uint32_t b, struct fp_env *env)
{
    uint32_t r;

    return fp_host_mul32(a, b, env, &r) ? r : (uint32_t)op_mul(a, b, false, fp_single, env);
}

uint64_t fp64_mul(uint64_t a, uint64_t b, struct fp_env *env)
{
    uint64_t r;

    return fp_host_mul64(a, b, env, &r) ? r : op_mul(a, b, false, fp_double, env);
}

uint32_t fp32_mulx(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_mul(a, b, true, fp_single, env);
}

uint64_t fp64_mulx(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_mul(a, b, true, fp_double, env);
}

uint32_t fp32_div(uint32_t a, uint32_t b, struct fp_env *env)
{
    uint32_t r;

    return fp_host_div32(a, b, env, &r) ? r : (uint32_t)op_div(a, b, fp_single, env);
}

uint64_t fp64_div(uint64_t a, uint64_t b, struct fp_env *env)
{
    uint64_t r;

    return fp_host_div64(a, b, env, &r) ? r : op_div(a, b, fp_double, env);
}

uint32_t fp32_sqrt(uint32_t a, struct fp_env *env)
{
    uint32_t r;

    return fp_host_sqrt32(a, env, &r) ? r : (uint32_t)op_sqrt(a, fp_single, env);
}

uint64_t fp64_sqrt(uint64_t a, struct fp_env *env)
{
    uint64_t r;

    return fp_host_sqrt64(a, env, &r) ? r : op_sqrt(a, fp_double, env);
}

uint32_t fp32_muladd(uint32_t c, uint32_t a, uint32_t b, struct fp_env *env)
{
    uint32_t r;

    return fp_host_muladd32(c, a, b, env, &r) ? r : (uint32_t)op_muladd(c, a, b, fp_single, env);
}

uint64_t fp64_muladd(uint64_t c, uint64_t a, uint64_t b, struct fp_env *env)
{
    uint64_t r;

    return fp_host_muladd64(c, a, b, env, &r) ? r : op_muladd(c, a, b, fp_double, env);
}

uint32_t fp32_recip_step(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_step(a, b, false, fp_single, env);
}

uint64_t fp64_recip_step(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_step(a, b, false, fp_double, env);
}

uint32_t fp32_rsqrt_step(uint32_t a, uint32_t b, struct fp_env *env)
{
    return (uint32_t)op_step(a, b, true, fp_single, env);
}

uint64_t fp64_rsqrt_step(uint64_t a, uint64_t b, struct fp_env *env)
{
    return op_step(a, b, true, fp_double, env);
}
