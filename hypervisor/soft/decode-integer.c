/* SPDX-License-Identifier: ISC */
/*
 * decode-integer.c: data processing on general registers. Sections are those of the Arm ARM, DDI
 * 0487 issue J.a.
 *
 * Choosing among the handlers is done here, once per decoded instruction, so that executing is
 * short: an operand of 31 becomes a slot, an alias that is common gets its own handler, an
 * instruction without effect becomes exec_nop.
 */
#include "bits.h"
#include "decode.h"
#include "exec-integer.h"

static bool is_64(uint32_t insn)
{
    return bit32(insn, 31);
}

/* Ends the decoding of an instruction whose only effect is on rd. */
static bool set_result(struct op *op, op_exec *exec)
{
    op->exec = op->rd == REG_SINK ? exec_nop : exec;
    return true;
}

/* The same for one that sets flags too. */
static bool set_flags(struct op *op, op_exec *exec)
{
    op->exec = exec;
    return true;
}

static bool set_move(struct op *op, bool x, uint8_t from)
{
    op->rm = from;
    return set_result(op, x ? exec_mov_x : exec_mov_w);
}

/* Whether a 64-bit immediate survives being an op's imm. */
static bool fits_imm(uint64_t v)
{
    return (uint64_t)(int64_t)(int32_t)v == v;
}

/* ---- C4.1.92 Data Processing -- Immediate ---------------------------------------------------- */

static int32_t adr_offset(uint32_t insn)
{
    return sext32(bits32(insn, 23, 5) << 2 | bits32(insn, 30, 29), 21);
}

static bool adr(uint32_t insn, struct op *op)
{
    op->rd = reg_dst(insn, 0);
    op->imm = adr_offset(insn);
    return set_result(op, exec_adr);
}

static bool adrp(uint32_t insn, struct op *op)
{
    op->rd = reg_dst(insn, 0);
    op->imm = adr_offset(insn);
    return set_result(op, exec_adrp);
}

static int32_t add_immediate(uint32_t insn)
{
    return (int32_t)(bits32(insn, 21, 10) << (bit32(insn, 22) ? 12 : 0));
}

static bool add_imm(uint32_t insn, struct op *op)
{
    bool x = is_64(insn);

    op->rd = reg_sp(insn, 0);
    op->rn = reg_sp(insn, 5);
    op->imm = bit32(insn, 30) ? -add_immediate(insn) : add_immediate(insn);
    if (op->imm == 0) {
        return set_move(op, x, op->rn);
    }
    return set_result(op, x ? exec_add_imm_x : exec_add_imm_w);
}

static bool adds_imm(uint32_t insn, struct op *op)
{
    bool x = is_64(insn);

    op->rd = reg_dst(insn, 0);
    op->rn = reg_sp(insn, 5);
    op->imm = add_immediate(insn);
    if (!bit32(insn, 30)) {
        return set_flags(op, x ? exec_adds_imm_x : exec_adds_imm_w);
    }
    if (op->rd == REG_SINK) {
        return set_flags(op, x ? exec_cmp_imm_x : exec_cmp_imm_w);
    }
    return set_flags(op, x ? exec_subs_imm_x : exec_subs_imm_w);
}

/* By opc, then W, X with imm, X with a bitmask. */
static op_exec *const logical_imm_exec[4][3] = {
    {exec_and_imm_w, exec_and_imm_x, exec_and_bitmask},
    {exec_orr_imm_w, exec_orr_imm_x, exec_orr_bitmask},
    {exec_eor_imm_w, exec_eor_imm_x, exec_eor_bitmask},
    {exec_ands_imm_w, exec_ands_imm_x, exec_ands_bitmask},
};

static bool logical_imm(uint32_t insn, struct op *op)
{
    static op_exec *const mov[3] = {exec_mov_imm_w, exec_mov_imm_x, exec_mov_bitmask};
    static op_exec *const tst[3] = {exec_tst_imm_w, exec_tst_imm_x, exec_ands_bitmask};
    bool x = is_64(insn);
    unsigned opc = bits32(insn, 30, 29);
    uint64_t mask = exec_bitmask[bits32(insn, 22, 10)];
    unsigned form = !x ? 0 : fits_imm(mask) ? 1 : 2;

    if ((!x && bit32(insn, 22)) || mask == 0) {
        return false;
    }
    op->rn = reg_src(insn, 5);
    op->imm = form == 2 ? (int32_t)bits32(insn, 22, 10) : (int32_t)(uint32_t)mask;
    if (opc == 3) {
        op->rd = reg_dst(insn, 0);
        return set_flags(op, (op->rd == REG_SINK ? tst : logical_imm_exec[3])[form]);
    }
    op->rd = reg_sp(insn, 0);
    return set_result(op, (opc == 1 && op->rn == REG_ZR ? mov : logical_imm_exec[opc])[form]);
}

static bool movn(uint32_t insn, struct op *op)
{
    unsigned shift = bits32(insn, 22, 21) * 16;
    uint64_t v = ~((uint64_t)bits32(insn, 20, 5) << shift);

    op->rd = reg_dst(insn, 0);
    op->imm = (int32_t)(uint32_t)v;
    if (!is_64(insn)) {
        return shift < 32 && set_result(op, exec_mov_imm_w);
    }
    if (fits_imm(v)) {
        return set_result(op, exec_mov_imm_x);
    }
    op->imm = (int32_t)bits32(insn, 20, 5);
    op->ra = (uint8_t)shift;
    return set_result(op, exec_movn_x);
}

static bool movz(uint32_t insn, struct op *op)
{
    unsigned shift = bits32(insn, 22, 21) * 16;

    op->rd = reg_dst(insn, 0);
    if (shift < 32) {
        op->imm = (int32_t)(bits32(insn, 20, 5) << shift);
        return set_result(op, exec_mov_imm_w);
    }
    op->imm = (int32_t)bits32(insn, 20, 5);
    op->ra = (uint8_t)shift;
    return is_64(insn) && set_result(op, exec_movz_x);
}

static bool movk(uint32_t insn, struct op *op)
{
    static op_exec *const w[2] = {exec_movk_0_w, exec_movk_16_w};
    static op_exec *const x[4] = {exec_movk_0_x, exec_movk_16_x, exec_movk_32_x, exec_movk_48_x};
    unsigned hw = bits32(insn, 22, 21);

    op->rd = reg_dst(insn, 0);
    op->imm = (int32_t)bits32(insn, 20, 5);
    if (!is_64(insn)) {
        return hw < 2 && set_result(op, w[hw]);
    }
    return set_result(op, x[hw]);
}

/*
 * A bit field instruction taken apart. With imms >= immr the field imms:immr moves to bit 0, else
 * the field imms:0 moves up to bit size - immr; `width` and `lsb` are those of the field in the
 * result. up and down are the shifts that first drop what is above the field and then put it (and
 * its sign) in place.
 */
struct bitfield {
    bool x;
    unsigned size;
    unsigned immr;
    unsigned imms;
    unsigned width;
    unsigned lsb;
    uint8_t up;
    uint8_t down;
};

static bool bitfield(uint32_t insn, struct op *op, struct bitfield *f)
{
    f->x = is_64(insn);
    f->size = f->x ? 64 : 32;
    f->immr = bits32(insn, 21, 16);
    f->imms = bits32(insn, 15, 10);
    if (bit32(insn, 22) != f->x || f->immr >= f->size || f->imms >= f->size) {
        return false;
    }
    f->up = (uint8_t)(f->size - 1 - f->imms);
    if (f->imms >= f->immr) {
        f->width = f->imms - f->immr + 1;
        f->lsb = 0;
        f->down = (uint8_t)(f->up + f->immr);
    } else {
        f->width = f->imms + 1;
        f->lsb = f->size - f->immr;
        f->down = (uint8_t)(f->immr - f->imms - 1);
    }
    op->rd = reg_dst(insn, 0);
    op->rn = reg_src(insn, 5);
    return true;
}

static bool sbfm(uint32_t insn, struct op *op)
{
    struct bitfield f;

    if (!bitfield(insn, op, &f)) {
        return false;
    }
    if (f.imms == f.size - 1) {
        op->imm = (int32_t)f.immr;
        return f.immr == 0 ? set_move(op, f.x, op->rn)
                           : set_result(op, f.x ? exec_asr_imm_x : exec_asr_imm_w);
    }
    if (f.immr == 0 && f.imms == 7) {
        return set_result(op, f.x ? exec_sxtb_x : exec_sxtb_w);
    }
    if (f.immr == 0 && f.imms == 15) {
        return set_result(op, f.x ? exec_sxth_x : exec_sxth_w);
    }
    if (f.immr == 0 && f.imms == 31) {
        return set_result(op, exec_sxtw);
    }
    op->rm = f.up;
    op->ra = f.down;
    return set_result(op, f.x ? exec_sbfm_x : exec_sbfm_w);
}

static bool ubfm(uint32_t insn, struct op *op)
{
    struct bitfield f;

    if (!bitfield(insn, op, &f)) {
        return false;
    }
    if (f.imms == f.size - 1) {
        op->imm = (int32_t)f.immr;
        return f.immr == 0 ? set_move(op, f.x, op->rn)
                           : set_result(op, f.x ? exec_lsr_imm_x : exec_lsr_imm_w);
    }
    if (f.imms + 1 == f.immr) {
        op->imm = (int32_t)f.lsb;
        return set_result(op, f.x ? exec_lsl_imm_x : exec_lsl_imm_w);
    }
    if (f.immr == 0 && f.imms == 7) {
        return set_result(op, exec_uxtb);
    }
    if (f.immr == 0 && f.imms == 15) {
        return set_result(op, exec_uxth);
    }
    if (f.width > 32) {
        op->rm = f.up;
        op->ra = f.down;
        return set_result(op, exec_ubfm_x);
    }
    op->imm = (int32_t)(uint32_t)ones64(f.width);
    op->ra = (uint8_t)(f.lsb != 0 ? f.lsb : f.immr);
    return set_result(op, f.lsb != 0 ? exec_ubfiz : exec_ubfx);
}

static bool bfm(uint32_t insn, struct op *op)
{
    struct bitfield f;

    if (!bitfield(insn, op, &f)) {
        return false;
    }
    op->ra = (uint8_t)f.immr;
    if (f.lsb + f.width > 32) {
        op->imm = (int32_t)((64 - f.width) | f.lsb << 6);
        return set_result(op, exec_bfm_wide_x);
    }
    op->imm = (int32_t)(uint32_t)(ones64(f.width) << f.lsb);
    return set_result(op, f.x ? exec_bfm_x : exec_bfm_w);
}

static bool extr(uint32_t insn, struct op *op)
{
    bool x = is_64(insn);

    if (bit32(insn, 22) != x || (!x && bit32(insn, 15))) {
        return false;
    }
    op->rd = reg_dst(insn, 0);
    op->rn = reg_src(insn, 5);
    op->rm = reg_src(insn, 16);
    op->imm = (int32_t)bits32(insn, 15, 10);
    if (op->imm == 0) {
        return set_move(op, x, op->rm);
    }
    if (op->rn == op->rm) {
        return set_result(op, x ? exec_ror_imm_x : exec_ror_imm_w);
    }
    return set_result(op, x ? exec_extr_x : exec_extr_w);
}

/* ---- C4.1.95 Data Processing -- Register ----------------------------------------------------- */

static void three_registers(uint32_t insn, struct op *op)
{
    op->rd = reg_dst(insn, 0);
    op->rn = reg_src(insn, 5);
    op->rm = reg_src(insn, 16);
}

#define BY_SIZE(name)                                                                              \
    {                                                                                              \
        name##_w, name##_x                                                                         \
    }

/* By opc:N, then no shift, LSL, LSR, ASR, ROR. */
#define LOGICAL(name)                                                                              \
    {                                                                                              \
        BY_SIZE(name), BY_SIZE(name##_lsl), BY_SIZE(name##_lsr), BY_SIZE(name##_asr),              \
            BY_SIZE(name##_ror)                                                                    \
    }
static op_exec *const logical_exec[8][5][2] = {
    LOGICAL(exec_and), LOGICAL(exec_bic), LOGICAL(exec_orr),  LOGICAL(exec_orn),
    LOGICAL(exec_eor), LOGICAL(exec_eon), LOGICAL(exec_ands), LOGICAL(exec_bics),
};

static bool logical(uint32_t insn, struct op *op)
{
    bool x = is_64(insn);
    unsigned kind = bits32(insn, 30, 29) << 1 | bit32(insn, 21);
    unsigned amount = bits32(insn, 15, 10);
    unsigned shift = amount == 0 ? 0 : 1 + bits32(insn, 23, 22);

    if (!x && amount > 31) {
        return false;
    }
    three_registers(insn, op);
    op->imm = (int32_t)amount;
    if (kind >= 6) {
        if (kind == 6 && shift == 0 && op->rd == REG_SINK) {
            return set_flags(op, x ? exec_tst_x : exec_tst_w);
        }
        return set_flags(op, logical_exec[kind][shift][x]);
    }
    if (kind == 2 && shift == 0 && op->rn == REG_ZR) {
        return set_move(op, x, op->rm);
    }
    return set_result(op, logical_exec[kind][shift][x]);
}

/* By op:S, then no shift, LSL, LSR, ASR. */
#define ADD(name)                                                                                  \
    {                                                                                              \
        BY_SIZE(name), BY_SIZE(name##_lsl), BY_SIZE(name##_lsr), BY_SIZE(name##_asr)               \
    }
static op_exec *const add_exec[4][4][2] = {
    ADD(exec_add),
    ADD(exec_adds),
    ADD(exec_sub),
    ADD(exec_subs),
};

static bool add_kind(uint32_t insn, struct op *op, unsigned shift)
{
    bool x = is_64(insn);
    unsigned kind = bits32(insn, 30, 29);

    if (kind == 3 && shift == 0 && op->rd == REG_SINK) {
        return set_flags(op, x ? exec_cmp_x : exec_cmp_w);
    }
    if (kind & 1) {
        return set_flags(op, add_exec[kind][shift][x]);
    }
    return set_result(op, add_exec[kind][shift][x]);
}

static bool add_shifted(uint32_t insn, struct op *op)
{
    unsigned amount = bits32(insn, 15, 10);
    unsigned type = bits32(insn, 23, 22);

    if (type == 3 || (!is_64(insn) && amount > 31)) {
        return false;
    }
    three_registers(insn, op);
    op->imm = (int32_t)amount;
    return add_kind(insn, op, amount == 0 ? 0 : 1 + type);
}

/* By op:S, then option. Options that do not extend are those of the shifted form. */
#define EXTEND(name)                                                                               \
    {                                                                                              \
        BY_SIZE(name##_uxtb), BY_SIZE(name##_uxth), {NULL, name##_uxtw_x}, {NULL, NULL},           \
            BY_SIZE(name##_sxtb), BY_SIZE(name##_sxth), {NULL, name##_sxtw_x},                     \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }
static op_exec *const extend_exec[4][8][2] = {
    EXTEND(exec_add),
    EXTEND(exec_adds),
    EXTEND(exec_sub),
    EXTEND(exec_subs),
};

static bool add_extended(uint32_t insn, struct op *op)
{
    unsigned kind = bits32(insn, 30, 29);
    unsigned amount = bits32(insn, 12, 10);
    op_exec *exec = extend_exec[kind][bits32(insn, 15, 13)][is_64(insn)];

    if (amount > 4) {
        return false;
    }
    op->rd = kind & 1 ? reg_dst(insn, 0) : reg_sp(insn, 0);
    op->rn = reg_sp(insn, 5);
    op->rm = reg_src(insn, 16);
    op->imm = (int32_t)amount;
    if (exec == NULL) {
        return add_kind(insn, op, amount == 0 ? 0 : 1);
    }
    return kind & 1 ? set_flags(op, exec) : set_result(op, exec);
}

static bool add_carry(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4][2] = {BY_SIZE(exec_adc), BY_SIZE(exec_adcs), BY_SIZE(exec_sbc),
                                        BY_SIZE(exec_sbcs)};
    unsigned kind = bits32(insn, 30, 29);

    three_registers(insn, op);
    if (kind & 1) {
        return set_flags(op, exec[kind][is_64(insn)]);
    }
    return set_result(op, exec[kind][is_64(insn)]);
}

static bool compare(uint32_t insn, struct op *op)
{
    unsigned cond = bits32(insn, 15, 12);
    bool x = is_64(insn);

    op->rn = reg_src(insn, 5);
    op->rm = reg_src(insn, 16);
    op->ra = (uint8_t)bits32(insn, 3, 0);
    return set_flags(op, (bit32(insn, 30) ? exec_ccmp : exec_ccmn)[x][cond]);
}

static bool compare_imm(uint32_t insn, struct op *op)
{
    unsigned cond = bits32(insn, 15, 12);
    bool x = is_64(insn);

    op->rn = reg_src(insn, 5);
    op->imm = (int32_t)bits32(insn, 20, 16);
    op->ra = (uint8_t)bits32(insn, 3, 0);
    return set_flags(op, (bit32(insn, 30) ? exec_ccmp_imm : exec_ccmn_imm)[x][cond]);
}

static bool select(uint32_t insn, struct op *op)
{
    unsigned cond = bits32(insn, 15, 12);
    bool x = is_64(insn);

    three_registers(insn, op);
    if (bit32(insn, 30)) {
        return set_result(op, (bit32(insn, 10) ? exec_csneg : exec_csinv)[x][cond]);
    }
    return set_result(op, (bit32(insn, 10) ? exec_csinc : exec_csel)[x][cond]);
}

/* By opcode; NULL is unallocated. */
static bool one_source(uint32_t insn, struct op *op)
{
    static op_exec *const exec[8][2] = {
        BY_SIZE(exec_rbit), BY_SIZE(exec_rev16), BY_SIZE(exec_rev32), {NULL, exec_rev_x},
        BY_SIZE(exec_clz),  BY_SIZE(exec_cls),   {NULL, NULL},        {NULL, NULL},
    };
    op_exec *e = exec[bits32(insn, 12, 10)][is_64(insn)];

    op->rd = reg_dst(insn, 0);
    op->rn = reg_src(insn, 5);
    return e != NULL && set_result(op, e);
}

static bool divide(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2][2] = {BY_SIZE(exec_udiv), BY_SIZE(exec_sdiv)};

    three_registers(insn, op);
    return set_result(op, exec[bit32(insn, 10)][is_64(insn)]);
}

static bool shift_variable(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4][2] = {BY_SIZE(exec_lslv), BY_SIZE(exec_lsrv), BY_SIZE(exec_asrv),
                                        BY_SIZE(exec_rorv)};

    three_registers(insn, op);
    return set_result(op, exec[bits32(insn, 11, 10)][is_64(insn)]);
}

static bool crc32(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2][4] = {
        {exec_crc32b, exec_crc32h, exec_crc32w, exec_crc32x},
        {exec_crc32cb, exec_crc32ch, exec_crc32cw, exec_crc32cx},
    };
    unsigned size = bits32(insn, 11, 10);

    if (is_64(insn) != (size == 3)) {
        return false;
    }
    three_registers(insn, op);
    return set_result(op, exec[bit32(insn, 12)][size]);
}

static bool multiply(uint32_t insn, struct op *op)
{
    static op_exec *const exec[3][2] = {BY_SIZE(exec_madd), BY_SIZE(exec_msub), BY_SIZE(exec_mul)};
    unsigned kind = bit32(insn, 15);

    three_registers(insn, op);
    op->ra = reg_src(insn, 10);
    if (kind == 0 && op->ra == REG_ZR) {
        kind = 2;
    }
    return set_result(op, exec[kind][is_64(insn)]);
}

static bool multiply_long(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2][2] = {{exec_smaddl, exec_smsubl}, {exec_umaddl, exec_umsubl}};

    three_registers(insn, op);
    op->ra = reg_src(insn, 10);
    return set_result(op, exec[bit32(insn, 23)][bit32(insn, 15)]);
}

/* Ra should be all ones; hardware and we ignore it. */
static bool multiply_high(uint32_t insn, struct op *op)
{
    three_registers(insn, op);
    return set_result(op, bit32(insn, 23) ? exec_umulh : exec_smulh);
}

/* s: sf. n: Rn, d: Rd, m: Rm, a: Ra, i and h: immediate and its shift, c: cond, f: nzcv. */
static const struct decode_rule rules[] = {
    /* C4.1.92 PC-rel. addressing */
    {"0 ii 10000 iiiiiiiiiiiiiiiiiii ddddd", adr},
    {"1 ii 10000 iiiiiiiiiiiiiiiiiii ddddd", adrp},
    /* C4.1.92 Add/subtract (immediate): ADD, SUB; ADDS, SUBS */
    {"s o 0 100010 h iiiiiiiiiiii nnnnn ddddd", add_imm},
    {"s o 1 100010 h iiiiiiiiiiii nnnnn ddddd", adds_imm},
    /* C4.1.92 Logical (immediate): AND, ORR, EOR, ANDS */
    {"s oo 100100 N rrrrrr iiiiii nnnnn ddddd", logical_imm},
    /* C4.1.92 Move wide (immediate) */
    {"s 00 100101 hh iiiiiiiiiiiiiiii ddddd", movn},
    {"s 10 100101 hh iiiiiiiiiiiiiiii ddddd", movz},
    {"s 11 100101 hh iiiiiiiiiiiiiiii ddddd", movk},
    /* C4.1.92 Bitfield */
    {"s 00 100110 N rrrrrr iiiiii nnnnn ddddd", sbfm},
    {"s 01 100110 N rrrrrr iiiiii nnnnn ddddd", bfm},
    {"s 10 100110 N rrrrrr iiiiii nnnnn ddddd", ubfm},
    /* C4.1.92 Extract */
    {"s 00 100111 N 0 mmmmm iiiiii nnnnn ddddd", extr},

    /* C4.1.95 Logical (shifted register): AND, BIC, ORR, ORN, EOR, EON, ANDS, BICS */
    {"s oo 01010 hh N mmmmm iiiiii nnnnn ddddd", logical},
    /* C4.1.95 Add/subtract (shifted register): ADD, ADDS, SUB, SUBS */
    {"s oo 01011 hh 0 mmmmm iiiiii nnnnn ddddd", add_shifted},
    /* C4.1.95 Add/subtract (extended register) */
    {"s oo 01011 00 1 mmmmm ooo iii nnnnn ddddd", add_extended},
    /* C4.1.95 Add/subtract (with carry): ADC, ADCS, SBC, SBCS */
    {"s oo 11010000 mmmmm 000000 nnnnn ddddd", add_carry},
    /* C4.1.95 Conditional compare (register), (immediate): CCMN, CCMP */
    {"s o 1 11010010 mmmmm cccc 00 nnnnn 0 ffff", compare},
    {"s o 1 11010010 iiiii cccc 10 nnnnn 0 ffff", compare_imm},
    /* C4.1.95 Conditional select: CSEL, CSINC, CSINV, CSNEG */
    {"s o 0 11010100 mmmmm cccc 0o nnnnn ddddd", select},
    /* C4.1.95 Data-processing (1 source): RBIT, REV16, REV, REV32, CLZ, CLS */
    {"s 1 0 11010110 00000 000ooo nnnnn ddddd", one_source},
    /* C4.1.95 Data-processing (2 source) */
    {"s 0 0 11010110 mmmmm 00001o nnnnn ddddd", divide},
    {"s 0 0 11010110 mmmmm 0010oo nnnnn ddddd", shift_variable},
    {"s 0 0 11010110 mmmmm 010ooo nnnnn ddddd", crc32},
    /* C4.1.95 Data-processing (3 source) */
    {"s 00 11011 000 mmmmm o aaaaa nnnnn ddddd", multiply},
    {"1 00 11011 u01 mmmmm o aaaaa nnnnn ddddd", multiply_long},
    {"1 00 11011 u10 mmmmm 0 xxxxx nnnnn ddddd", multiply_high},
};

const struct decode_table decode_table_integer = {"integer", rules,
                                                  sizeof(rules) / sizeof(rules[0])};
