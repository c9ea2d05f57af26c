/* SPDX-License-Identifier: ISC */
/*
 * exec-integer.c: handlers of data processing on general registers (Arm ARM C3.4, C3.5).
 *
 * Families are made by macros: the members differ in one expression, and each must be a function
 * of its own for the compiler to know width, shift and condition. Registers 31 are already slots
 * (op.h), so no handler looks at numbers.
 */
#include "exec-integer.h"

#include "cond.h"
#include "cpu.h"
#include "wide.h"

/* Operands, inside a handler. */
#define XD    c->x[op->rd]
#define XN    c->x[op->rn]
#define XM    c->x[op->rm]
#define XA    c->x[op->ra]
#define WN    ((uint32_t)XN)
#define WM    ((uint32_t)XM)
#define WA    ((uint32_t)XA)
#define IMM_W ((uint32_t)op->imm)
#define IMM_X ((uint64_t)(int64_t)op->imm)

#define HANDLER(name, body)                                                                        \
    const struct op *name(struct cpu *c, const struct op *op)                                      \
    {                                                                                              \
        body;                                                                                      \
        OP_NEXT(c, op);                                                                            \
    }

/* As HANDLER, for the members of a table. */
#define LOCAL_HANDLER(name, body) static HANDLER(name, body)

/* rd = expression of either width. */
#define HANDLER_W(name, value)    HANDLER(name##_w, XD = (uint32_t)(value))
#define HANDLER_X(name, value)    HANDLER(name##_x, XD = (value))

/* ---- Flags ----------------------------------------------------------------------------------- */

/* 32-bit results are kept sign-extended: the same word then serves N and Z. */
static inline uint64_t wide_sign(uint32_t v)
{
    return (uint64_t)(int64_t)(int32_t)v;
}

static inline uint64_t adds_x(struct cpu *c, uint64_t a, uint64_t b)
{
    uint64_t r = a + b;

    c->nf = r;
    c->zf = r;
    c->cf = r < a;
    c->vf = (a ^ r) & (b ^ r);
    return r;
}

static inline uint32_t adds_w(struct cpu *c, uint32_t a, uint32_t b)
{
    uint32_t r = a + b;

    c->nf = wide_sign(r);
    c->zf = r;
    c->cf = r < a;
    c->vf = (uint64_t)((a ^ r) & (b ^ r)) << 32;
    return r;
}

static inline uint64_t subs_x(struct cpu *c, uint64_t a, uint64_t b)
{
    uint64_t r = a - b;

    c->nf = r;
    c->zf = r;
    c->cf = a >= b;
    c->vf = (a ^ b) & (a ^ r);
    return r;
}

static inline uint32_t subs_w(struct cpu *c, uint32_t a, uint32_t b)
{
    uint32_t r = a - b;

    c->nf = wide_sign(r);
    c->zf = r;
    c->cf = a >= b;
    c->vf = (uint64_t)((a ^ b) & (a ^ r)) << 32;
    return r;
}

static inline uint64_t adcs_x(struct cpu *c, uint64_t a, uint64_t b)
{
    uint64_t carry = c->cf;
    uint64_t r = a + b + carry;

    c->nf = r;
    c->zf = r;
    c->cf = r < a || (carry != 0 && r == a);
    c->vf = (a ^ r) & (b ^ r);
    return r;
}

static inline uint32_t adcs_w(struct cpu *c, uint32_t a, uint32_t b)
{
    uint64_t sum = (uint64_t)a + b + c->cf;
    uint32_t r = (uint32_t)sum;

    c->nf = wide_sign(r);
    c->zf = r;
    c->cf = sum >> 32;
    c->vf = (uint64_t)((a ^ r) & (b ^ r)) << 32;
    return r;
}

static inline uint64_t logic_x(struct cpu *c, uint64_t r)
{
    c->nf = r;
    c->zf = r;
    c->cf = 0;
    c->vf = 0;
    return r;
}

static inline uint32_t logic_w(struct cpu *c, uint32_t r)
{
    c->nf = wide_sign(r);
    c->zf = r;
    c->cf = 0;
    c->vf = 0;
    return r;
}

/* ---- Moves and addresses --------------------------------------------------------------------- */

HANDLER(exec_nop, (void)c)

HANDLER(exec_adr, XD = cpu_op_pc(c, op) + IMM_X)
HANDLER(exec_adrp, XD = c->page_va + (IMM_X << GUEST_PAGE_BITS))

HANDLER_W(exec_mov_imm, op->imm)
HANDLER_X(exec_mov_imm, IMM_X)
HANDLER_X(exec_movz, IMM_X << op->ra)
HANDLER_X(exec_movn, ~(IMM_X << op->ra))

#define MOVK(old, at) (((old) & ~(UINT64_C(0xffff) << (at))) | (IMM_X << (at)))
HANDLER_W(exec_movk_0, MOVK(XD, 0))
HANDLER_W(exec_movk_16, MOVK(XD, 16))
HANDLER_X(exec_movk_0, MOVK(XD, 0))
HANDLER_X(exec_movk_16, MOVK(XD, 16))
HANDLER_X(exec_movk_32, MOVK(XD, 32))
HANDLER_X(exec_movk_48, MOVK(XD, 48))

HANDLER_W(exec_mov, WM)
HANDLER_X(exec_mov, XM)

/* ---- Immediates ------------------------------------------------------------------------------ */

HANDLER_W(exec_add_imm, WN + IMM_W)
HANDLER_X(exec_add_imm, XN + IMM_X)
HANDLER_W(exec_adds_imm, adds_w(c, WN, IMM_W))
HANDLER_X(exec_adds_imm, adds_x(c, XN, IMM_X))
HANDLER_W(exec_subs_imm, subs_w(c, WN, IMM_W))
HANDLER_X(exec_subs_imm, subs_x(c, XN, IMM_X))
HANDLER(exec_cmp_imm_w, (void)subs_w(c, WN, IMM_W))
HANDLER(exec_cmp_imm_x, (void)subs_x(c, XN, IMM_X))

HANDLER_W(exec_and_imm, (WN & IMM_W))
HANDLER_X(exec_and_imm, (XN & IMM_X))
HANDLER_W(exec_orr_imm, WN | IMM_W)
HANDLER_X(exec_orr_imm, XN | IMM_X)
HANDLER_W(exec_eor_imm, WN ^ IMM_W)
HANDLER_X(exec_eor_imm, XN ^ IMM_X)
HANDLER_W(exec_ands_imm, logic_w(c, (WN & IMM_W)))
HANDLER_X(exec_ands_imm, logic_x(c, (XN & IMM_X)))
HANDLER(exec_tst_imm_w, (void)logic_w(c, (WN & IMM_W)))
HANDLER(exec_tst_imm_x, (void)logic_x(c, (XN & IMM_X)))

HANDLER(exec_and_bitmask, XD = XN & exec_bitmask[op->imm])
HANDLER(exec_orr_bitmask, XD = XN | exec_bitmask[op->imm])
HANDLER(exec_eor_bitmask, XD = XN ^ exec_bitmask[op->imm])
HANDLER(exec_ands_bitmask, XD = logic_x(c, XN &exec_bitmask[op->imm]))
HANDLER(exec_mov_bitmask, XD = exec_bitmask[op->imm])

uint64_t exec_bitmask[EXEC_BITMASKS];

/* DecodeBitMasks() of the Arm ARM's shared pseudocode; 0, which is no bitmask, if reserved. */
static uint64_t bitmask_value(unsigned n_immr_imms)
{
    unsigned imms = n_immr_imms & 63;
    unsigned immr = n_immr_imms >> 6 & 63;
    unsigned sizes = (n_immr_imms >> 12 & 1) << 6 | (~imms & 63);
    unsigned size = 64;
    uint64_t element;

    while ((sizes & size) == 0 && size > 1) {
        size >>= 1;
    }
    imms &= size - 1;
    immr &= size - 1;
    if (size < 2 || imms == size - 1) {
        return 0;
    }
    element = ones64(imms + 1);
    if (immr != 0) {
        element = (element >> immr | element << (size - immr)) & ones64(size);
    }
    for (; size < 64; size *= 2) {
        element |= element << size;
    }
    return element;
}

void exec_integer_init(void)
{
    for (unsigned i = 0; i < EXEC_BITMASKS; i++) {
        exec_bitmask[i] = bitmask_value(i);
    }
}

/* ---- Bit fields and constant shifts ---------------------------------------------------------- */

#define LSL_W(v, n) ((uint32_t)(v) << (n))
#define LSR_W(v, n) ((uint32_t)(v) >> (n))
#define ASR_W(v, n) ((uint32_t)((int32_t)(uint32_t)(v) >> (n)))
#define ROR_W(v, n) ror32((uint32_t)(v), (unsigned)(n))
#define LSL_X(v, n) ((v) << (n))
#define LSR_X(v, n) ((v) >> (n))
#define ASR_X(v, n) ((uint64_t)((int64_t)(v) >> (n)))
#define ROR_X(v, n) ror64((v), (unsigned)(n))

HANDLER_W(exec_lsl_imm, LSL_W(XN, op->imm & 31))
HANDLER_X(exec_lsl_imm, LSL_X(XN, op->imm & 63))
HANDLER_W(exec_lsr_imm, LSR_W(XN, op->imm & 31))
HANDLER_X(exec_lsr_imm, LSR_X(XN, op->imm & 63))
HANDLER_W(exec_asr_imm, ASR_W(XN, op->imm & 31))
HANDLER_X(exec_asr_imm, ASR_X(XN, op->imm & 63))
HANDLER_W(exec_ror_imm, ROR_W(XN, op->imm))
HANDLER_X(exec_ror_imm, ROR_X(XN, op->imm))

HANDLER(exec_ubfx, XD = XN >> (op->ra & 63) & IMM_W)
HANDLER(exec_ubfiz, XD = (XN & IMM_W) << (op->ra & 63))
HANDLER(exec_uxtb, XD = (uint8_t)XN)
HANDLER(exec_uxth, XD = (uint16_t)XN)
HANDLER(exec_sxtb_w, XD = (uint64_t)(int8_t)XN & UINT32_MAX)
HANDLER(exec_sxth_w, XD = (uint64_t)(int16_t)XN & UINT32_MAX)
HANDLER_X(exec_sxtb, (uint64_t)(int8_t)XN)
HANDLER_X(exec_sxth, (uint64_t)(int16_t)XN)
HANDLER(exec_sxtw, XD = (uint64_t)(int32_t)XN)
HANDLER_X(exec_ubfm, XN << (op->rm & 63) >> (op->ra & 63))
HANDLER_W(exec_sbfm, ASR_W(XN << (op->rm & 31), op->ra & 31))
HANDLER_X(exec_sbfm, ASR_X(XN << (op->rm & 63), op->ra & 63))
HANDLER_W(exec_bfm, (XD & ~IMM_W) | (ROR_W(XN, op->ra) & IMM_W))
HANDLER_X(exec_bfm, (XD & ~(uint64_t)IMM_W) | (ROR_X(XN, op->ra) & IMM_W))

HANDLER(exec_bfm_wide_x, uint64_t mask = UINT64_MAX >> (op->imm & 63) << (op->imm >> 6 & 63);
        XD = (XD & ~mask) | (ROR_X(XN, op->ra) & mask))

HANDLER_W(exec_extr, WN << (32 - op->imm) | WM >> op->imm)
HANDLER_X(exec_extr, XN << (64 - op->imm) | XM >> op->imm)

/* ---- Register with register ------------------------------------------------------------------ */

/* One width of one shift: A is the first operand, B the shifted second one. */
#define LOGICAL_FAMILY(suffix, set, flags, A, B)                                                   \
    HANDLER(exec_and##suffix, set((A) & (B)))                                                      \
    HANDLER(exec_bic##suffix, set((A) & ~(B)))                                                     \
    HANDLER(exec_orr##suffix, set((A) | (B)))                                                      \
    HANDLER(exec_orn##suffix, set((A) | ~(B)))                                                     \
    HANDLER(exec_eor##suffix, set((A) ^ (B)))                                                      \
    HANDLER(exec_eon##suffix, set((A) ^ ~(B)))                                                     \
    HANDLER(exec_ands##suffix, set(flags(c, (A) & (B))))                                           \
    HANDLER(exec_bics##suffix, set(flags(c, (A) & ~(B))))

#define SET_W(value) XD = (uint32_t)(value)
#define SET_X(value) XD = (value)

LOGICAL_FAMILY(_w, SET_W, logic_w, WN, WM)
LOGICAL_FAMILY(_x, SET_X, logic_x, XN, XM)
LOGICAL_FAMILY(_lsl_w, SET_W, logic_w, WN, LSL_W(XM, op->imm & 31))
LOGICAL_FAMILY(_lsl_x, SET_X, logic_x, XN, LSL_X(XM, op->imm & 63))
LOGICAL_FAMILY(_lsr_w, SET_W, logic_w, WN, LSR_W(XM, op->imm & 31))
LOGICAL_FAMILY(_lsr_x, SET_X, logic_x, XN, LSR_X(XM, op->imm & 63))
LOGICAL_FAMILY(_asr_w, SET_W, logic_w, WN, ASR_W(XM, op->imm & 31))
LOGICAL_FAMILY(_asr_x, SET_X, logic_x, XN, ASR_X(XM, op->imm & 63))
LOGICAL_FAMILY(_ror_w, SET_W, logic_w, WN, ROR_W(XM, op->imm))
LOGICAL_FAMILY(_ror_x, SET_X, logic_x, XN, ROR_X(XM, op->imm))
HANDLER(exec_tst_w, (void)logic_w(c, (WN & WM)))
HANDLER(exec_tst_x, (void)logic_x(c, (XN & XM)))

#define ADD_FAMILY(suffix, set, adds, subs, A, B)                                                  \
    HANDLER(exec_add##suffix, set((A) + (B)))                                                      \
    HANDLER(exec_sub##suffix, set((A) - (B)))                                                      \
    HANDLER(exec_adds##suffix, set(adds(c, A, B)))                                                 \
    HANDLER(exec_subs##suffix, set(subs(c, A, B)))
#define ADD_FAMILY_W(suffix, B) ADD_FAMILY(suffix##_w, SET_W, adds_w, subs_w, WN, B)
#define ADD_FAMILY_X(suffix, B) ADD_FAMILY(suffix##_x, SET_X, adds_x, subs_x, XN, B)

ADD_FAMILY(_w, SET_W, adds_w, subs_w, WN, WM)
ADD_FAMILY(_x, SET_X, adds_x, subs_x, XN, XM)
ADD_FAMILY_W(_lsl, LSL_W(XM, op->imm & 31))
ADD_FAMILY_X(_lsl, LSL_X(XM, op->imm & 63))
ADD_FAMILY_W(_lsr, LSR_W(XM, op->imm & 31))
ADD_FAMILY_X(_lsr, LSR_X(XM, op->imm & 63))
ADD_FAMILY_W(_asr, ASR_W(XM, op->imm & 31))
ADD_FAMILY_X(_asr, ASR_X(XM, op->imm & 63))
HANDLER(exec_cmp_w, (void)subs_w(c, WN, WM))
HANDLER(exec_cmp_x, (void)subs_x(c, XN, XM))

ADD_FAMILY_W(_uxtb, (uint32_t)(uint8_t)XM << (op->imm & 7))
ADD_FAMILY_W(_uxth, (uint32_t)(uint16_t)XM << (op->imm & 7))
ADD_FAMILY_W(_sxtb, (uint32_t)(int8_t)XM << (op->imm & 7))
ADD_FAMILY_W(_sxth, (uint32_t)(int16_t)XM << (op->imm & 7))
ADD_FAMILY_X(_uxtb, (uint64_t)(uint8_t)XM << (op->imm & 7))
ADD_FAMILY_X(_uxth, (uint64_t)(uint16_t)XM << (op->imm & 7))
ADD_FAMILY_X(_uxtw, (uint64_t)WM << (op->imm & 7))
ADD_FAMILY_X(_sxtb, (uint64_t)(int8_t)XM << (op->imm & 7))
ADD_FAMILY_X(_sxth, (uint64_t)(int16_t)XM << (op->imm & 7))
ADD_FAMILY_X(_sxtw, (uint64_t)(int32_t)XM << (op->imm & 7))

HANDLER_W(exec_adc, WN + WM + (uint32_t)c->cf)
HANDLER_X(exec_adc, XN + XM + c->cf)
HANDLER_W(exec_sbc, WN + ~WM + (uint32_t)c->cf)
HANDLER_X(exec_sbc, XN + ~XM + c->cf)
HANDLER_W(exec_adcs, adcs_w(c, WN, WM))
HANDLER_X(exec_adcs, adcs_x(c, XN, XM))
HANDLER_W(exec_sbcs, adcs_w(c, WN, ~WM))
HANDLER_X(exec_sbcs, adcs_x(c, XN, ~XM))

/* ---- Conditional ----------------------------------------------------------------------------- */

/* Both sides are computed first so that the choice is a conditional move. */
#define SELECT(type, one, other, code)                                                             \
    type yes = (one);                                                                              \
    type no = (other);                                                                             \
    XD = cpu_cond(c, code) ? yes : no

#define SELECT_FAMILY(cond, code)                                                                  \
    LOCAL_HANDLER(csel_w_##cond, SELECT(uint32_t, WN, WM, code))                                   \
    LOCAL_HANDLER(csel_x_##cond, SELECT(uint64_t, XN, XM, code))                                   \
    LOCAL_HANDLER(csinc_w_##cond, SELECT(uint32_t, WN, WM + 1, code))                              \
    LOCAL_HANDLER(csinc_x_##cond, SELECT(uint64_t, XN, XM + 1, code))                              \
    LOCAL_HANDLER(csinv_w_##cond, SELECT(uint32_t, WN, ~WM, code))                                 \
    LOCAL_HANDLER(csinv_x_##cond, SELECT(uint64_t, XN, ~XM, code))                                 \
    LOCAL_HANDLER(csneg_w_##cond, SELECT(uint32_t, WN, 0 - WM, code))                              \
    LOCAL_HANDLER(csneg_x_##cond, SELECT(uint64_t, XN, 0 - XM, code))
FOR_EACH_COND(SELECT_FAMILY)

#define COMPARE(sub, A, B, code)                                                                   \
    if (cpu_cond(c, code)) {                                                                       \
        (void)sub(c, A, B);                                                                        \
    } else {                                                                                       \
        cpu_set_nzcv(c, (uint32_t)op->ra << 28);                                                   \
    }

#define COMPARE_FAMILY(cond, code)                                                                 \
    LOCAL_HANDLER(ccmn_w_##cond, COMPARE(adds_w, WN, WM, code))                                    \
    LOCAL_HANDLER(ccmn_x_##cond, COMPARE(adds_x, XN, XM, code))                                    \
    LOCAL_HANDLER(ccmp_w_##cond, COMPARE(subs_w, WN, WM, code))                                    \
    LOCAL_HANDLER(ccmp_x_##cond, COMPARE(subs_x, XN, XM, code))                                    \
    LOCAL_HANDLER(ccmn_imm_w_##cond, COMPARE(adds_w, WN, IMM_W, code))                             \
    LOCAL_HANDLER(ccmn_imm_x_##cond, COMPARE(adds_x, XN, IMM_X, code))                             \
    LOCAL_HANDLER(ccmp_imm_w_##cond, COMPARE(subs_w, WN, IMM_W, code))                             \
    LOCAL_HANDLER(ccmp_imm_x_##cond, COMPARE(subs_x, XN, IMM_X, code))
FOR_EACH_COND(COMPARE_FAMILY)

#define BY_COND(name) exec_by_cond exec_##name = {COND_TABLE(name##_w, ), COND_TABLE(name##_x, )}
BY_COND(csel);
BY_COND(csinc);
BY_COND(csinv);
BY_COND(csneg);
BY_COND(ccmn);
BY_COND(ccmp);
BY_COND(ccmn_imm);
BY_COND(ccmp_imm);

/* ---- One source ------------------------------------------------------------------------------ */

static inline uint64_t swap_halves(uint64_t v, uint64_t low, unsigned n)
{
    return (v & low) << n | (v >> n & low);
}

static inline uint64_t rev16(uint64_t v)
{
    return swap_halves(v, UINT64_C(0x00ff00ff00ff00ff), 8);
}

static inline uint64_t rev32(uint64_t v)
{
    return swap_halves(rev16(v), UINT64_C(0x0000ffff0000ffff), 16);
}

static inline uint64_t rev64(uint64_t v)
{
    return ror64(rev32(v), 32);
}

static inline uint64_t rbit64(uint64_t v)
{
    v = swap_halves(v, UINT64_C(0x5555555555555555), 1);
    v = swap_halves(v, UINT64_C(0x3333333333333333), 2);
    v = swap_halves(v, UINT64_C(0x0f0f0f0f0f0f0f0f), 4);
    return rev64(v);
}

static inline unsigned clz64(uint64_t v)
{
    return v == 0 ? 64 : wide_clz64(v);
}

HANDLER_W(exec_rbit, rbit64(XN) >> 32)
HANDLER_X(exec_rbit, rbit64(XN))
HANDLER_W(exec_rev16, rev16(XN))
HANDLER_X(exec_rev16, rev16(XN))
HANDLER_W(exec_rev32, rev32(XN))
HANDLER_X(exec_rev32, rev32(XN))
HANDLER_X(exec_rev, rev64(XN))
HANDLER_W(exec_clz, clz64(WN) - 32)
HANDLER_X(exec_clz, clz64(XN))
/* Sign copies below the sign bit: the leading zeros of v ^ (v >> 1), less the sign's own place. */
HANDLER_W(exec_cls, clz64(WN ^ ASR_W(XN, 1)) - 33)
HANDLER_X(exec_cls, clz64(XN ^ ASR_X(XN, 1)) - 1)

/* ---- Two sources ----------------------------------------------------------------------------- */

/* Division by zero gives zero; the most negative number divided by -1 gives itself. */
static inline uint64_t sdiv(int64_t a, int64_t b)
{
    if (b == 0) {
        return 0;
    }
    return b == -1 ? 0 - (uint64_t)a : (uint64_t)(a / b);
}

HANDLER_W(exec_udiv, WM == 0 ? 0 : WN / WM)
HANDLER_X(exec_udiv, XM == 0 ? 0 : XN / XM)
HANDLER_W(exec_sdiv, sdiv((int32_t)WN, (int32_t)WM))
HANDLER_X(exec_sdiv, sdiv((int64_t)XN, (int64_t)XM))
HANDLER_W(exec_lslv, LSL_W(XN, XM & 31))
HANDLER_X(exec_lslv, LSL_X(XN, XM & 63))
HANDLER_W(exec_lsrv, LSR_W(XN, XM & 31))
HANDLER_X(exec_lsrv, LSR_X(XN, XM & 63))
HANDLER_W(exec_asrv, ASR_W(XN, XM & 31))
HANDLER_X(exec_asrv, ASR_X(XN, XM & 63))
HANDLER_W(exec_rorv, ROR_W(XN, XM & 31))
HANDLER_X(exec_rorv, ROR_X(XN, XM & 63))

/*
 * Remainders of four bits, for the reflected polynomials 0x04c11db7 (CRC32) and 0x1edc6f41
 * (CRC32C).
 */
static const uint32_t crc32_nibble[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};
static const uint32_t crc32c_nibble[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static inline uint32_t crc(const uint32_t *table, uint32_t acc, uint64_t v, unsigned bytes)
{
    for (; bytes != 0; bytes--, v >>= 8) {
        acc ^= (uint32_t)v & 0xff;
        acc = acc >> 4 ^ table[acc & 15];
        acc = acc >> 4 ^ table[acc & 15];
    }
    return acc;
}

HANDLER(exec_crc32b, XD = crc(crc32_nibble, WN, XM, 1))
HANDLER(exec_crc32h, XD = crc(crc32_nibble, WN, XM, 2))
HANDLER(exec_crc32w, XD = crc(crc32_nibble, WN, XM, 4))
HANDLER(exec_crc32x, XD = crc(crc32_nibble, WN, XM, 8))
HANDLER(exec_crc32cb, XD = crc(crc32c_nibble, WN, XM, 1))
HANDLER(exec_crc32ch, XD = crc(crc32c_nibble, WN, XM, 2))
HANDLER(exec_crc32cw, XD = crc(crc32c_nibble, WN, XM, 4))
HANDLER(exec_crc32cx, XD = crc(crc32c_nibble, WN, XM, 8))

/* ---- Three sources --------------------------------------------------------------------------- */

#define SX(v) ((uint64_t)(int32_t)(v))

static inline uint64_t smulh(uint64_t a, uint64_t b)
{
    uint64_t hi = wide_hi(wide_mul64(a, b));

    return hi - ((a >> 63) * b) - ((b >> 63) * a);
}

HANDLER_W(exec_madd, WA + WN * WM)
HANDLER_X(exec_madd, XA + XN * XM)
HANDLER_W(exec_msub, WA - WN * WM)
HANDLER_X(exec_msub, XA - XN * XM)
HANDLER_W(exec_mul, (WN * WM))
HANDLER_X(exec_mul, (XN * XM))
HANDLER(exec_smaddl, XD = XA + SX(WN) * SX(WM))
HANDLER(exec_smsubl, XD = XA - SX(WN) * SX(WM))
HANDLER(exec_umaddl, XD = XA + (uint64_t)WN * WM)
HANDLER(exec_umsubl, XD = XA - (uint64_t)WN * WM)
HANDLER(exec_smulh, XD = smulh(XN, XM))
HANDLER(exec_umulh, XD = wide_hi(wide_mul64(XN, XM)))
