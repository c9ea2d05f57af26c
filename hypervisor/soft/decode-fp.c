/* SPDX-License-Identifier: ISC */
/*
 * decode-fp.c: scalar floating point. Sections are those of the Arm ARM, DDI 0487 issue J.a.
 *
 * ftype is bits 23:22: 00 single, 01 double, 11 half. Half precision exists only as one end of
 * FCVT: FEAT_FP16 is not claimed, and so are not FEAT_FRINTTS, FEAT_JSCVT and FEAT_BF16.
 */
#include "bits.h"
#include "decode.h"
#include "exec-fp.h"

/* Single and double. */
#define BY_TYPE(name)                                                                              \
    {                                                                                              \
        name##_s, name##_d                                                                         \
    }

static bool is_double(uint32_t insn)
{
    return bit32(insn, 22);
}

static bool fill(uint32_t insn, struct op *op, op_exec *exec)
{
    op->exec = exec;
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->rm = reg_v(insn, 16);
    return exec != NULL;
}

/* ---- One, two and three sources -------------------------------------------------------------- */

static bool one_source(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4][2] = {BY_TYPE(exec_fmov), BY_TYPE(exec_fabs), BY_TYPE(exec_fneg),
                                        BY_TYPE(exec_fsqrt)};

    return fill(insn, op, exec[bits32(insn, 16, 15)][is_double(insn)]);
}

/* By ftype and opc, which names the format of the result in the same way. */
static bool convert_format(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4][4] = {
        {NULL, exec_fcvt_s_d, NULL, exec_fcvt_s_h},
        {exec_fcvt_d_s, NULL, NULL, exec_fcvt_d_h},
        {NULL, NULL, NULL, NULL},
        {exec_fcvt_h_s, exec_fcvt_h_d, NULL, NULL},
    };

    return fill(insn, op, exec[bits32(insn, 23, 22)][bits32(insn, 16, 15)]);
}

static bool frint(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2] = BY_TYPE(exec_frint);

    op->imm = (int32_t)bits32(insn, 17, 15); /* N, P, M, Z, A: as enum fp_rounding has them */
    return fill(insn, op, exec[is_double(insn)]);
}

static bool frint_current(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2][2] = {BY_TYPE(exec_frintx), BY_TYPE(exec_frinti)};

    return fill(insn, op, exec[bit32(insn, 15)][is_double(insn)]);
}

static bool two_sources(uint32_t insn, struct op *op)
{
    static op_exec *const exec[9][2] = {
        BY_TYPE(exec_fmul),   BY_TYPE(exec_fdiv),   BY_TYPE(exec_fadd),
        BY_TYPE(exec_fsub),   BY_TYPE(exec_fmax),   BY_TYPE(exec_fmin),
        BY_TYPE(exec_fmaxnm), BY_TYPE(exec_fminnm), BY_TYPE(exec_fnmul),
    };
    unsigned opcode = bits32(insn, 15, 12);

    return opcode < 9 && fill(insn, op, exec[opcode][is_double(insn)]);
}

static bool three_sources(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4][2] = {BY_TYPE(exec_fmadd), BY_TYPE(exec_fmsub),
                                        BY_TYPE(exec_fnmadd), BY_TYPE(exec_fnmsub)};

    op->ra = reg_v(insn, 10);
    return fill(insn, op, exec[bit32(insn, 21) << 1 | bit32(insn, 15)][is_double(insn)]);
}

/* ---- Comparison, selection, immediate -------------------------------------------------------- */

/* By opc; Rm of a comparison with zero should be zero, and is ignored. */
static bool compare(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4][2] = {BY_TYPE(exec_fcmp), BY_TYPE(exec_fcmp_zero),
                                        BY_TYPE(exec_fcmpe), BY_TYPE(exec_fcmpe_zero)};

    return fill(insn, op, exec[bits32(insn, 4, 3)][is_double(insn)]);
}

static bool compare_if(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2][2] = {BY_TYPE(exec_fccmp), BY_TYPE(exec_fccmpe)};

    op->ra = (uint8_t)bits32(insn, 15, 12);
    op->imm = (int32_t)bits32(insn, 3, 0);
    return fill(insn, op, exec[bit32(insn, 4)][is_double(insn)]);
}

static bool select(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2] = BY_TYPE(exec_fcsel);

    op->ra = (uint8_t)bits32(insn, 15, 12);
    return fill(insn, op, exec[is_double(insn)]);
}

/* VFPExpandImm(): abcdefgh is sign a, exponent NOT(b):bbb..b:cd, fraction efgh. */
static bool immediate(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2] = BY_TYPE(exec_fmov_imm);
    uint32_t sign = bits32(insn, 20, 20) << 31;
    bool b = bit32(insn, 19);
    uint32_t low = bits32(insn, 18, 13);

    if (is_double(insn)) {
        op->imm = (int32_t)(sign | (b ? UINT32_C(0x3fc00000) : UINT32_C(0x40000000)) | low << 16);
    } else {
        op->imm = (int32_t)(sign | (b ? UINT32_C(0x3e000000) : UINT32_C(0x40000000)) | low << 19);
    }
    return fill(insn, op, exec[is_double(insn)]);
}

/* ---- To and from general registers ----------------------------------------------------------- */

static bool move_to_general(uint32_t insn, struct op *op, op_exec *exec)
{
    op->exec = exec;
    op->rd = reg_dst(insn, 0);
    op->rn = reg_v(insn, 5);
    return true;
}

static bool move_from_general(uint32_t insn, struct op *op, op_exec *exec)
{
    op->exec = exec;
    op->rd = reg_v(insn, 0);
    op->rn = reg_src(insn, 5);
    return true;
}

static bool fmov_to_w(uint32_t insn, struct op *op)
{
    return move_to_general(insn, op, exec_fmov_s_w);
}

static bool fmov_from_w(uint32_t insn, struct op *op)
{
    return move_from_general(insn, op, exec_fmov_w_s);
}

static bool fmov_to_x(uint32_t insn, struct op *op)
{
    return move_to_general(insn, op, exec_fmov_d_x);
}

static bool fmov_from_x(uint32_t insn, struct op *op)
{
    return move_from_general(insn, op, exec_fmov_x_d);
}

static bool fmov_top_to_x(uint32_t insn, struct op *op)
{
    return move_to_general(insn, op, exec_fmov_top_x);
}

static bool fmov_top_from_x(uint32_t insn, struct op *op)
{
    return move_from_general(insn, op, exec_fmov_x_top);
}

/* enum fp_int of the instruction: U is opcode<0>, bit 16. */
static uint8_t int_type(uint32_t insn)
{
    return (uint8_t)(bits32(insn, 31, 31) << 1 | bits32(insn, 16, 16));
}

/* scale is 64 - fraction bits; 32 fraction bits are the most that a W register takes. */
static bool fixed_fbits(uint32_t insn, struct op *op)
{
    op->imm = (int32_t)(64 - bits32(insn, 15, 10));
    return bit32(insn, 31) || bit32(insn, 15);
}

static bool convert_to(uint32_t insn, struct op *op, unsigned rounding)
{
    static op_exec *const exec[2] = BY_TYPE(exec_fcvt_int);

    op->rm = (uint8_t)rounding;
    op->ra = int_type(insn);
    return move_to_general(insn, op, exec[is_double(insn)]);
}

/* rmode has FPCR's encoding, and enum fp_rounding too. */
static bool fcvt_mode(uint32_t insn, struct op *op)
{
    return convert_to(insn, op, bits32(insn, 20, 19));
}

static bool fcvt_away(uint32_t insn, struct op *op)
{
    return convert_to(insn, op, FP_ROUND_TIEAWAY);
}

static bool fcvt_fixed(uint32_t insn, struct op *op)
{
    return fixed_fbits(insn, op) && convert_to(insn, op, FP_ROUND_ZERO);
}

static bool cvtf_fixed(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2] = BY_TYPE(exec_cvtf);

    op->ra = int_type(insn);
    return fixed_fbits(insn, op) && move_from_general(insn, op, exec[is_double(insn)]);
}

static bool cvtf(uint32_t insn, struct op *op)
{
    static op_exec *const exec[2] = BY_TYPE(exec_cvtf);

    op->ra = int_type(insn);
    if (is_double(insn) && !bit32(insn, 31)) {
        return move_from_general(insn, op, bit32(insn, 16) ? exec_ucvtf_w_d : exec_scvtf_w_d);
    }
    return move_from_general(insn, op, exec[is_double(insn)]);
}

/*
 * s: sf. t: ftype. n: Rn, d: Rd, m: Rm, a: Ra, o: opcode, u: unsigned, i: immediate, c: cond,
 * f: nzcv, r: rmode.
 */
static const struct decode_rule rules[] = {
    /* C4.1.96 Conversion between floating-point and fixed-point: SCVTF, UCVTF, FCVTZS, FCVTZU */
    {"s 00 11110 0t 0 00 01u iiiiii nnnnn ddddd", cvtf_fixed},
    {"s 00 11110 0t 0 11 00u iiiiii nnnnn ddddd", fcvt_fixed},
    /* C4.1.96 Conversion between floating-point and integer */
    {"s 00 11110 0t 1 rr 00u 000000 nnnnn ddddd", fcvt_mode},
    {"s 00 11110 0t 1 00 10u 000000 nnnnn ddddd", fcvt_away},
    {"s 00 11110 0t 1 00 01u 000000 nnnnn ddddd", cvtf},
    {"0 00 11110 00 1 00 110 000000 nnnnn ddddd", fmov_to_w},
    {"0 00 11110 00 1 00 111 000000 nnnnn ddddd", fmov_from_w},
    {"1 00 11110 01 1 00 110 000000 nnnnn ddddd", fmov_to_x},
    {"1 00 11110 01 1 00 111 000000 nnnnn ddddd", fmov_from_x},
    {"1 00 11110 10 1 01 110 000000 nnnnn ddddd", fmov_top_to_x},
    {"1 00 11110 10 1 01 111 000000 nnnnn ddddd", fmov_top_from_x},
    /*
     * C4.1.96 Floating-point data-processing (1 source): FMOV, FABS, FNEG, FSQRT; FCVT; FRINTN,
     * FRINTP, FRINTM, FRINTZ; FRINTA; FRINTX, FRINTI
     */
    {"0 00 11110 0t 1 0000oo 10000 nnnnn ddddd", one_source},
    {"0 00 11110 tt 1 0001oo 10000 nnnnn ddddd", convert_format},
    {"0 00 11110 0t 1 0010oo 10000 nnnnn ddddd", frint},
    {"0 00 11110 0t 1 001100 10000 nnnnn ddddd", frint},
    {"0 00 11110 0t 1 00111o 10000 nnnnn ddddd", frint_current},
    /* C4.1.96 Floating-point compare: FCMP, FCMPE */
    {"0 00 11110 0t 1 mmmmm 00 1000 nnnnn oo 000", compare},
    /* C4.1.96 Floating-point immediate: FMOV */
    {"0 00 11110 0t 1 iiiiiiii 100 00000 ddddd", immediate},
    /* C4.1.96 Floating-point conditional compare: FCCMP, FCCMPE */
    {"0 00 11110 0t 1 mmmmm cccc 01 nnnnn o ffff", compare_if},
    /*
     * C4.1.96 Floating-point data-processing (2 source): FMUL, FDIV, FADD, FSUB, FMAX, FMIN,
     * FMAXNM, FMINNM, FNMUL
     */
    {"0 00 11110 0t 1 mmmmm oooo 10 nnnnn ddddd", two_sources},
    /* C4.1.96 Floating-point conditional select: FCSEL */
    {"0 00 11110 0t 1 mmmmm cccc 11 nnnnn ddddd", select},
    /* C4.1.96 Floating-point data-processing (3 source): FMADD, FMSUB, FNMADD, FNMSUB */
    {"0 00 11111 0t o mmmmm o aaaaa nnnnn ddddd", three_sources},
};

const struct decode_table decode_table_fp = {"fp", rules, sizeof(rules) / sizeof(rules[0])};
