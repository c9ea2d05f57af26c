/* SPDX-License-Identifier: ISC */
/*
 * decode-simd.c: the vector groups of Advanced SIMD. Sections are those of the Arm ARM, DDI 0487
 * issue J.a. Scalar Advanced SIMD is in decode-simd-scalar.c, the 64-bit PMULL in decode-crypto.c.
 *
 * A group is a table of its instructions by U and opcode, as the Arm ARM prints it, whose entries
 * are tables of handlers by arrangement (exec-simd.h). What either lacks is UNDEFINED, and that is
 * also how half precision, SQRDMLAH, dot product and the other extensions are refused.
 */
#include "bits.h"
#include "decode.h"
#include "exec-simd.h"
#include "wide.h"

/* Entries of the group tables: NULL where an opcode is unallocated. */
typedef op_exec *const *forms;

static unsigned field_q(uint32_t insn)
{
    return bit32(insn, 30);
}

static unsigned field_u(uint32_t insn)
{
    return bit32(insn, 29);
}

static unsigned field_size(uint32_t insn)
{
    return bits32(insn, 23, 22);
}

/* Fills the registers and takes the handler for size:Q (or sz:Q, or Q) from its family. */
static bool set_form(uint32_t insn, struct op *op, forms family, unsigned size)
{
    if (family == NULL || family[size << 1 | field_q(insn)] == NULL) {
        return false;
    }
    op->exec = family[size << 1 | field_q(insn)];
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->rm = reg_v(insn, 16);
    return true;
}

/* ---- Copy ------------------------------------------------------------------------------------ */

/* imm5: a 1 below the element's number, at the bit that tells its size. false: there is none. */
static bool element_of(uint32_t insn, unsigned *size, unsigned *index)
{
    uint32_t imm5 = bits32(insn, 20, 16);

    if ((imm5 & 15) == 0) {
        return false;
    }
    *size = wide_ctz64(imm5);
    *index = imm5 >> (*size + 1);
    return true;
}

static bool dup_element(uint32_t insn, struct op *op)
{
    unsigned size, index;

    if (!element_of(insn, &size, &index)) {
        return false;
    }
    op->imm = (int32_t)index;
    return set_form(insn, op, exec_simd_dup_element, size);
}

static bool dup_general(uint32_t insn, struct op *op)
{
    unsigned size, index;

    if (!element_of(insn, &size, &index) || !set_form(insn, op, exec_simd_dup, size)) {
        return false;
    }
    op->rn = reg_src(insn, 5);
    return true;
}

static bool ins_general(uint32_t insn, struct op *op)
{
    unsigned size, index;

    if (!element_of(insn, &size, &index)) {
        return false;
    }
    op->exec = exec_simd_ins[size];
    op->rd = reg_v(insn, 0);
    op->rn = reg_src(insn, 5);
    op->imm = (int32_t)index;
    return true;
}

static bool ins_element(uint32_t insn, struct op *op)
{
    unsigned size, index;

    if (!element_of(insn, &size, &index)) {
        return false;
    }
    op->exec = exec_simd_ins_element[size];
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->ra = (uint8_t)index;
    op->imm = (int32_t)(bits32(insn, 14, 11) >> size);
    return true;
}

/* SMOV reads what is narrower than the general register, UMOV up to 32 bits or 64 exactly. */
static bool mov_element(uint32_t insn, struct op *op, op_exec *const *by_size)
{
    unsigned size, index;

    if (!element_of(insn, &size, &index) || by_size[size] == NULL) {
        return false;
    }
    op->exec = by_size[size];
    op->rd = reg_dst(insn, 0);
    op->rn = reg_v(insn, 5);
    op->imm = (int32_t)index;
    return true;
}

static bool smov(uint32_t insn, struct op *op)
{
    return mov_element(insn, op, field_q(insn) ? exec_simd_smov_x : exec_simd_smov_w);
}

static bool umov(uint32_t insn, struct op *op)
{
    bool wide = (bits32(insn, 20, 16) & 15) == 8;

    return wide == field_q(insn) && mov_element(insn, op, exec_simd_umov);
}

/* ---- Modified immediate ---------------------------------------------------------------------- */

/* VFPExpandImm (J1.3) to the upper half of a double; its lower half is zero. */
static uint32_t fp_immediate64(uint32_t imm8)
{
    uint32_t exponent = bit32(imm8, 6) ? 0x3fc : 0x400;

    return bit32(imm8, 7) ? UINT32_C(1) << 31 | (exponent | bits32(imm8, 5, 4)) << 20 |
                                bits32(imm8, 3, 0) << 16
                          : (exponent | bits32(imm8, 5, 4)) << 20 | bits32(imm8, 3, 0) << 16;
}

static uint32_t fp_immediate32(uint32_t imm8)
{
    return bits32(imm8, 7, 7) << 31 | (bit32(imm8, 6) ? UINT32_C(0x1f) << 25 : UINT32_C(1) << 30) |
           bits32(imm8, 5, 0) << 19;
}

/* The 32 bits that cmode (without its lowest bit) makes of imm8; MSL shifts ones in. */
static uint32_t expand_immediate(unsigned cmode, uint32_t imm8)
{
    switch (cmode >> 1) {
    case 0: return imm8;
    case 1: return imm8 << 8;
    case 2: return imm8 << 16;
    case 3: return imm8 << 24;
    case 4: return imm8 * 0x10001;
    case 5: return imm8 * 0x1000100;
    default: return cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff;
    }
}

static bool set_immediate(uint32_t insn, struct op *op, op_exec *const *by_q, uint32_t imm)
{
    op->exec = by_q[field_q(insn)];
    op->rd = reg_v(insn, 0);
    op->imm = (int32_t)imm;
    return true;
}

/* cmode 111x: bytes, bits made bytes, floating point. */
static bool special_immediate(uint32_t insn, struct op *op, uint32_t imm8)
{
    bool op_bit = bit32(insn, 29);

    if (!bit32(insn, 12)) {
        if (!op_bit) {
            return set_immediate(insn, op, exec_simd_movi, imm8 * 0x1010101);
        }
        if (imm8 == 0 || imm8 == 0xff) { /* the usual way to write 0 and all ones */
            return set_immediate(insn, op, exec_simd_movi, 0u - (imm8 & 1));
        }
        return set_immediate(insn, op, exec_simd_movi_bytes, imm8);
    }
    if (!op_bit) {
        return set_immediate(insn, op, exec_simd_movi, fp_immediate32(imm8));
    }
    op->exec = exec_simd_movi_high;
    op->rd = reg_v(insn, 0);
    op->imm = (int32_t)fp_immediate64(imm8);
    return field_q(insn);
}

/* MOVI, MVNI; ORR, BIC; FMOV. With o2 set it would be FMOV of half precision. */
static bool modified_immediate(uint32_t insn, struct op *op)
{
    unsigned cmode = bits32(insn, 15, 12);
    uint32_t imm8 = bits32(insn, 18, 16) << 5 | bits32(insn, 9, 5);
    uint32_t imm, invert;

    if (cmode >> 1 == 7) {
        return special_immediate(insn, op, imm8);
    }
    imm = expand_immediate(cmode, imm8);
    invert = bit32(insn, 29) ? UINT32_MAX : 0;
    if (cmode < 12 && (cmode & 1)) {
        return set_immediate(insn, op, invert ? exec_simd_and_imm : exec_simd_orr_imm,
                             imm ^ invert);
    }
    return set_immediate(insn, op, exec_simd_movi, imm ^ invert);
}

/* ---- Permute, table lookup, extract ---------------------------------------------------------- */

static bool permute(uint32_t insn, struct op *op)
{
    static const forms family[8] = {
        NULL, exec_simd_uzp1, exec_simd_trn1, exec_simd_zip1,
        NULL, exec_simd_uzp2, exec_simd_trn2, exec_simd_zip2,
    };

    return set_form(insn, op, family[bits32(insn, 14, 12)], field_size(insn));
}

static bool table_lookup(uint32_t insn, struct op *op)
{
    op->imm = (int32_t)bits32(insn, 14, 13);
    return set_form(insn, op, bit32(insn, 12) ? exec_simd_tbx : exec_simd_tbl, 0);
}

static bool ext_64(uint32_t insn, struct op *op)
{
    op->exec = exec_simd_ext_8b;
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->rm = reg_v(insn, 16);
    op->imm = (int32_t)bits32(insn, 13, 11);
    return true;
}

static bool ext_128(uint32_t insn, struct op *op)
{
    op->exec = bit32(insn, 14) ? exec_simd_ext_16b_high : exec_simd_ext_16b;
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->rm = reg_v(insn, 16);
    op->imm = (int32_t)bits32(insn, 13, 11);
    return true;
}

/* ---- Three same ------------------------------------------------------------------------------ */

static bool logical(uint32_t insn, struct op *op)
{
    static const forms family[2][4] = {
        {exec_simd_and, exec_simd_bic, exec_simd_orr, exec_simd_orn},
        {exec_simd_eor, exec_simd_bsl, exec_simd_bit, exec_simd_bif},
    };

    return set_form(insn, op, family[field_u(insn)][field_size(insn)], 0);
}

static bool three_same(uint32_t insn, struct op *op)
{
    /* By opcode, then U. */
    static const forms family[32][2] = {
        [0x00] = {exec_simd_shadd, exec_simd_uhadd},
        [0x01] = {exec_simd_sqadd, exec_simd_uqadd},
        [0x02] = {exec_simd_srhadd, exec_simd_urhadd},
        [0x04] = {exec_simd_shsub, exec_simd_uhsub},
        [0x05] = {exec_simd_sqsub, exec_simd_uqsub},
        [0x06] = {exec_simd_cmgt, exec_simd_cmhi},
        [0x07] = {exec_simd_cmge, exec_simd_cmhs},
        [0x08] = {exec_simd_sshl, exec_simd_ushl},
        [0x09] = {exec_simd_sqshl, exec_simd_uqshl},
        [0x0a] = {exec_simd_srshl, exec_simd_urshl},
        [0x0b] = {exec_simd_sqrshl, exec_simd_uqrshl},
        [0x0c] = {exec_simd_smax, exec_simd_umax},
        [0x0d] = {exec_simd_smin, exec_simd_umin},
        [0x0e] = {exec_simd_sabd, exec_simd_uabd},
        [0x0f] = {exec_simd_saba, exec_simd_uaba},
        [0x10] = {exec_simd_add, exec_simd_sub},
        [0x11] = {exec_simd_cmtst, exec_simd_cmeq},
        [0x12] = {exec_simd_mla, exec_simd_mls},
        [0x13] = {exec_simd_mul, exec_simd_pmul},
        [0x14] = {exec_simd_smaxp, exec_simd_umaxp},
        [0x15] = {exec_simd_sminp, exec_simd_uminp},
        [0x16] = {exec_simd_sqdmulh, exec_simd_sqrdmulh},
        [0x17] = {exec_simd_addp, NULL},
    };

    return set_form(insn, op, family[bits32(insn, 15, 11)][field_u(insn)], field_size(insn));
}

static bool three_same_fp(uint32_t insn, struct op *op)
{
    /* By opcode, bit 23, then U. */
    static const forms family[8][2][2] = {
        {{exec_simd_fmaxnm, exec_simd_fmaxnmp}, {exec_simd_fminnm, exec_simd_fminnmp}},
        {{exec_simd_fmla, NULL}, {exec_simd_fmls, NULL}},
        {{exec_simd_fadd, exec_simd_faddp}, {exec_simd_fsub, exec_simd_fabd}},
        {{exec_simd_fmulx, exec_simd_fmul}, {NULL, NULL}},
        {{exec_simd_fcmeq, exec_simd_fcmge}, {NULL, exec_simd_fcmgt}},
        {{NULL, exec_simd_facge}, {NULL, exec_simd_facgt}},
        {{exec_simd_fmax, exec_simd_fmaxp}, {exec_simd_fmin, exec_simd_fminp}},
        {{exec_simd_frecps, exec_simd_fdiv}, {exec_simd_frsqrts, NULL}},
    };
    const forms *by_u = family[bits32(insn, 13, 11)][bit32(insn, 23)];

    return set_form(insn, op, by_u[field_u(insn)], bit32(insn, 22));
}

/* ---- Three different ------------------------------------------------------------------------- */

static bool three_different(uint32_t insn, struct op *op)
{
    /* By opcode, then U. */
    static const forms family[16][2] = {
        [0x0] = {exec_simd_saddl, exec_simd_uaddl},
        [0x1] = {exec_simd_saddw, exec_simd_uaddw},
        [0x2] = {exec_simd_ssubl, exec_simd_usubl},
        [0x3] = {exec_simd_ssubw, exec_simd_usubw},
        [0x4] = {exec_simd_addhn, exec_simd_raddhn},
        [0x5] = {exec_simd_sabal, exec_simd_uabal},
        [0x6] = {exec_simd_subhn, exec_simd_rsubhn},
        [0x7] = {exec_simd_sabdl, exec_simd_uabdl},
        [0x8] = {exec_simd_smlal, exec_simd_umlal},
        [0x9] = {exec_simd_sqdmlal, NULL},
        [0xa] = {exec_simd_smlsl, exec_simd_umlsl},
        [0xb] = {exec_simd_sqdmlsl, NULL},
        [0xc] = {exec_simd_smull, exec_simd_umull},
        [0xd] = {exec_simd_sqdmull, NULL},
        [0xe] = {exec_simd_pmull, NULL},
    };

    return set_form(insn, op, family[bits32(insn, 15, 12)][field_u(insn)], field_size(insn));
}

/* ---- Two-register miscellaneous -------------------------------------------------------------- */

/* CNT; NOT, RBIT: bytes whatever size says, which tells the latter two apart. */
static bool two_misc_bytes(uint32_t insn, struct op *op)
{
    static const forms family[2][4] = {
        {exec_simd_cnt, NULL, NULL, NULL},
        {exec_simd_not, exec_simd_rbit, NULL, NULL},
    };

    return set_form(insn, op, family[field_u(insn)][field_size(insn)], 0);
}

static bool two_misc(uint32_t insn, struct op *op)
{
    /* By opcode, then U. */
    static const forms family[32][2] = {
        [0x00] = {exec_simd_rev64, exec_simd_rev32},
        [0x01] = {exec_simd_rev16, NULL},
        [0x02] = {exec_simd_saddlp, exec_simd_uaddlp},
        [0x03] = {exec_simd_suqadd, exec_simd_usqadd},
        [0x04] = {exec_simd_cls, exec_simd_clz},
        [0x06] = {exec_simd_sadalp, exec_simd_uadalp},
        [0x07] = {exec_simd_sqabs, exec_simd_sqneg},
        [0x08] = {exec_simd_cmgt_zero, exec_simd_cmge_zero},
        [0x09] = {exec_simd_cmeq_zero, exec_simd_cmle_zero},
        [0x0a] = {exec_simd_cmlt_zero, NULL},
        [0x0b] = {exec_simd_abs, exec_simd_neg},
        [0x12] = {exec_simd_xtn, exec_simd_sqxtun},
        [0x13] = {NULL, exec_simd_shll},
        [0x14] = {exec_simd_sqxtn, exec_simd_uqxtn},
    };

    return set_form(insn, op, family[bits32(insn, 16, 12)][field_u(insn)], field_size(insn));
}

/* Opcodes 0x0c to 0x0f and 0x16 to 0x1f. */
static bool two_misc_fp(uint32_t insn, struct op *op)
{
    /* By opcode, bit 23, then U. */
    static const forms family[32][2][2] = {
        [0x0c] = {{NULL, NULL}, {exec_simd_fcmgt_zero, exec_simd_fcmge_zero}},
        [0x0d] = {{NULL, NULL}, {exec_simd_fcmeq_zero, exec_simd_fcmle_zero}},
        [0x0e] = {{NULL, NULL}, {exec_simd_fcmlt_zero, NULL}},
        [0x0f] = {{NULL, NULL}, {exec_simd_fabs, exec_simd_fneg}},
        [0x16] = {{exec_simd_fcvtn, exec_simd_fcvtxn}, {NULL, NULL}},
        [0x17] = {{exec_simd_fcvtl, NULL}, {NULL, NULL}},
        [0x18] = {{exec_simd_frintn, exec_simd_frinta}, {exec_simd_frintp, NULL}},
        [0x19] = {{exec_simd_frintm, exec_simd_frintx}, {exec_simd_frintz, exec_simd_frinti}},
        [0x1a] = {{exec_simd_fcvtns, exec_simd_fcvtnu}, {exec_simd_fcvtps, exec_simd_fcvtpu}},
        [0x1b] = {{exec_simd_fcvtms, exec_simd_fcvtmu}, {exec_simd_fcvtzs, exec_simd_fcvtzu}},
        [0x1c] = {{exec_simd_fcvtas, exec_simd_fcvtau}, {exec_simd_urecpe, exec_simd_ursqrte}},
        [0x1d] = {{exec_simd_scvtf, exec_simd_ucvtf}, {exec_simd_frecpe, exec_simd_frsqrte}},
        [0x1f] = {{NULL, NULL}, {NULL, exec_simd_fsqrt}},
    };
    const forms *by_u = family[bits32(insn, 16, 12)][bit32(insn, 23)];

    return set_form(insn, op, by_u[field_u(insn)], bit32(insn, 22));
}

/* ---- Across lanes ---------------------------------------------------------------------------- */

static bool across(uint32_t insn, struct op *op)
{
    /* By opcode, then U. */
    static const forms family[32][2] = {
        [0x03] = {exec_simd_saddlv, exec_simd_uaddlv},
        [0x0a] = {exec_simd_smaxv, exec_simd_umaxv},
        [0x1a] = {exec_simd_sminv, exec_simd_uminv},
        [0x1b] = {exec_simd_addv, NULL},
    };

    return set_form(insn, op, family[bits32(insn, 16, 12)][field_u(insn)], field_size(insn));
}

/* Single precision only. */
static bool across_fp(uint32_t insn, struct op *op)
{
    bool min = bit32(insn, 23);

    if (bits32(insn, 13, 12) == 0) {
        op->exec = min ? exec_simd_fminnmv : exec_simd_fmaxnmv;
    } else {
        op->exec = min ? exec_simd_fminv : exec_simd_fmaxv;
    }
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    return true;
}

/* ---- By element ------------------------------------------------------------------------------ */

/* The number of the element is H:L:M for 16 bits, H:L for 32; bits that it leaves name Vm. */
static bool by_element(uint32_t insn, struct op *op)
{
    /* By opcode, then U. */
    static const forms family[16][2] = {
        [0x0] = {NULL, exec_simd_mla_element},
        [0x2] = {exec_simd_smlal_element, exec_simd_umlal_element},
        [0x3] = {exec_simd_sqdmlal_element, NULL},
        [0x4] = {NULL, exec_simd_mls_element},
        [0x6] = {exec_simd_smlsl_element, exec_simd_umlsl_element},
        [0x7] = {exec_simd_sqdmlsl_element, NULL},
        [0x8] = {exec_simd_mul_element, NULL},
        [0xa] = {exec_simd_smull_element, exec_simd_umull_element},
        [0xb] = {exec_simd_sqdmull_element, NULL},
        [0xc] = {exec_simd_sqdmulh_element, NULL},
        [0xd] = {exec_simd_sqrdmulh_element, NULL},
    };
    unsigned size = field_size(insn);
    uint32_t index = bits32(insn, 11, 11) << 1 | bits32(insn, 21, 21);

    if (!set_form(insn, op, family[bits32(insn, 15, 12)][field_u(insn)], size)) {
        return false;
    }
    op->imm = (int32_t)index;
    if (size == 1) {
        op->imm = (int32_t)(index << 1 | bits32(insn, 20, 20));
        op->rm = (uint8_t)bits32(insn, 19, 16);
    }
    return true;
}

/* H:L for single precision; H for double, where L must be 0. */
static bool by_element_fp(uint32_t insn, struct op *op)
{
    /* By bits 15:14, then U. */
    static const forms family[3][2] = {
        {exec_simd_fmla_element, NULL},
        {exec_simd_fmls_element, NULL},
        {exec_simd_fmul_element, exec_simd_fmulx_element},
    };
    unsigned sz = bit32(insn, 22);
    uint32_t h = bits32(insn, 11, 11);
    uint32_t l = bits32(insn, 21, 21);

    op->imm = (int32_t)(sz ? h : h << 1 | l);
    return !(sz && l) && set_form(insn, op, family[bits32(insn, 15, 14)][field_u(insn)], sz);
}

/* ---- Shift by immediate ---------------------------------------------------------------------- */

/* immh:immb is the width plus a shift left, or twice the width less a shift right. */
static bool shift_amount(uint32_t insn, bool left, unsigned *size, int32_t *amount)
{
    unsigned immhb = bits32(insn, 22, 16);
    unsigned width;

    if (immhb < 8) {
        return false;
    }
    *size = 60 - wide_clz64(immhb);
    width = 8u << *size;
    *amount = (int32_t)(left ? immhb - width : 2 * width - immhb);
    return true;
}

/* SCVTF, UCVTF; FCVTZS, FCVTZU. What would be a shift right is the number of fraction bits. */
static bool convert_fixed(uint32_t insn, struct op *op)
{
    static const forms family[2][2] = {
        {exec_simd_scvtf, exec_simd_ucvtf},
        {exec_simd_fcvtzs, exec_simd_fcvtzu},
    };
    unsigned size;

    return shift_amount(insn, false, &size, &op->imm) && size >= 2 &&
           set_form(insn, op, family[bit32(insn, 12)][field_u(insn)], size - 2);
}

/* Its conversions have no rules of their own: those would cut across modified immediate's. */
static bool shift_immediate(uint32_t insn, struct op *op)
{
    /* By opcode, then U. */
    static const forms family[32][2] = {
        [0x00] = {exec_simd_sshr, exec_simd_ushr},
        [0x02] = {exec_simd_ssra, exec_simd_usra},
        [0x04] = {exec_simd_srshr, exec_simd_urshr},
        [0x06] = {exec_simd_srsra, exec_simd_ursra},
        [0x08] = {NULL, exec_simd_sri},
        [0x0a] = {exec_simd_shl, exec_simd_sli},
        [0x0c] = {NULL, exec_simd_sqshlu_imm},
        [0x0e] = {exec_simd_sqshl_imm, exec_simd_uqshl_imm},
        [0x10] = {exec_simd_shrn, exec_simd_sqshrun},
        [0x11] = {exec_simd_rshrn, exec_simd_sqrshrun},
        [0x12] = {exec_simd_sqshrn, exec_simd_uqshrn},
        [0x13] = {exec_simd_sqrshrn, exec_simd_uqrshrn},
        [0x14] = {exec_simd_sshll, exec_simd_ushll},
    };
    unsigned opcode = bits32(insn, 15, 11);
    bool left = opcode == 0x0a || opcode == 0x0c || opcode == 0x0e || opcode == 0x14;
    unsigned size;

    if (opcode == 0x1c || opcode == 0x1f) {
        return convert_fixed(insn, op);
    }
    return shift_amount(insn, left, &size, &op->imm) &&
           set_form(insn, op, family[opcode][field_u(insn)], size);
}

/* q: Q. u: U. s: size. n: Rn, d: Rd, m: Rm. i: immediate, or the number of an element. */
static const struct decode_rule rules[] = {
    /* C4.1.96 Advanced SIMD table lookup: TBL, TBX */
    {"0 q 001110 00 0 mmmmm 0 ll o 00 nnnnn ddddd", table_lookup},
    /* C4.1.96 Advanced SIMD permute: UZP1, TRN1, ZIP1, UZP2, TRN2, ZIP2 */
    {"0 q 001110 ss 0 mmmmm 0 ooo 10 nnnnn ddddd", permute},
    /* C4.1.96 Advanced SIMD extract: EXT */
    {"0 0 101110 00 0 mmmmm 0 0iii 0 nnnnn ddddd", ext_64},
    {"0 1 101110 00 0 mmmmm 0 iiii 0 nnnnn ddddd", ext_128},
    /* C4.1.96 Advanced SIMD copy */
    {"0 q 0 01110000 iiiii 0 0000 1 nnnnn ddddd", dup_element},
    {"0 q 0 01110000 iiiii 0 0001 1 nnnnn ddddd", dup_general},
    {"0 1 0 01110000 iiiii 0 0011 1 nnnnn ddddd", ins_general},
    {"0 q 0 01110000 iiiii 0 0101 1 nnnnn ddddd", smov},
    {"0 q 0 01110000 iiiii 0 0111 1 nnnnn ddddd", umov},
    {"0 1 1 01110000 iiiii 0 iiii 1 nnnnn ddddd", ins_element},
    /* C4.1.96 Advanced SIMD modified immediate: MOVI, MVNI, ORR, BIC, FMOV */
    {"0 q o 0111100000 iii cccc 01 iiiii ddddd", modified_immediate},
    /* C4.1.96 Advanced SIMD shift by immediate */
    {"0 q u 011110 iiii iii ooooo 1 nnnnn ddddd", shift_immediate},
    /* C4.1.96 Advanced SIMD three same: logical; floating point; integer */
    {"0 q u 01110 ss 1 mmmmm 00011 1 nnnnn ddddd", logical},
    {"0 q u 01110 os 1 mmmmm 11ooo 1 nnnnn ddddd", three_same_fp},
    {"0 q u 01110 ss 1 mmmmm ooooo 1 nnnnn ddddd", three_same},
    /* C4.1.96 Advanced SIMD three different */
    {"0 q u 01110 ss 1 mmmmm oooo 00 nnnnn ddddd", three_different},
    /* C4.1.96 Advanced SIMD two-register miscellaneous: CNT, NOT, RBIT; floating point; integer */
    {"0 q u 01110 ss 10000 00101 10 nnnnn ddddd", two_misc_bytes},
    {"0 q u 01110 os 10000 011oo 10 nnnnn ddddd", two_misc_fp},
    {"0 q u 01110 os 10000 1011o 10 nnnnn ddddd", two_misc_fp},
    {"0 q u 01110 os 10000 11ooo 10 nnnnn ddddd", two_misc_fp},
    {"0 q u 01110 ss 10000 ooooo 10 nnnnn ddddd", two_misc},
    /* C4.1.96 Advanced SIMD across lanes: FMAXNMV, FMINNMV, FMAXV, FMINV; integer */
    {"0 1 1 01110 o0 11000 01100 10 nnnnn ddddd", across_fp},
    {"0 1 1 01110 o0 11000 01111 10 nnnnn ddddd", across_fp},
    {"0 q u 01110 ss 11000 ooooo 10 nnnnn ddddd", across},
    /* C4.1.96 Advanced SIMD vector x indexed element: FMLA, FMLS, FMUL, FMULX; integer */
    {"0 q u 01111 1s i mmmmm 0o01 i 0 nnnnn ddddd", by_element_fp},
    {"0 q u 01111 1s i mmmmm 1001 i 0 nnnnn ddddd", by_element_fp},
    {"0 q u 01111 ss i mmmmm oooo i 0 nnnnn ddddd", by_element},
};

const struct decode_table decode_table_simd = {"simd", rules, sizeof(rules) / sizeof(rules[0])};
