/* SPDX-License-Identifier: ISC */
/*
 * decode-simd-scalar.c: the scalar groups of Advanced SIMD. Sections are those of the Arm ARM, DDI
 * 0487 issue J.a.
 *
 * A group fixes the operands; within it, opcode and U (bit 29) name the instruction. Each pair of
 * instructions that differ in U only is one line below, made by its group's macro, and one rule.
 * FEAT_FP16, FEAT_RDM and FEAT_FCMA are not claimed: what they add here is unallocated.
 */
#include "decode.h"
#include "exec-simd-scalar.h"
#include "wide.h"

/* Single and double. */
#define BY_TYPE(name)                                                                              \
    {                                                                                              \
        name##_s, name##_d                                                                         \
    }

static bool fill(uint32_t insn, struct op *op, op_exec *exec)
{
    op->exec = exec;
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->rm = reg_v(insn, 16);
    return exec != NULL;
}

static bool is_unsigned(uint32_t insn)
{
    return bit32(insn, 29);
}

/* Widths in bits, as size and as elements of a set. */
enum {
    W8 = 1,
    W16 = 2,
    W32 = 4,
    W64 = 8
};

/* ra: the width that size (bits 23:22) says, which must be in `widths`. */
static bool width(uint32_t insn, struct op *op, unsigned widths)
{
    unsigned size = bits32(insn, 23, 22);

    op->ra = (uint8_t)(8u << size);
    return widths >> size & 1;
}

/*
 * decode_fn for a pair: signed_exec if U is 0, unsigned_exec if it is 1; NULL is unallocated.
 * widths: those allowed.
 */
#define INTEGER(name, signed_exec, unsigned_exec, widths)                                          \
    static bool name(uint32_t insn, struct op *op)                                                 \
    {                                                                                              \
        static op_exec *const exec[2] = {signed_exec, unsigned_exec};                              \
        return width(insn, op, widths) && fill(insn, op, exec[is_unsigned(insn)]);                 \
    }

/* decode_fn for a floating-point instruction: sz is bit 22. */
#define FLOAT(name, exec_name)                                                                     \
    static bool name(uint32_t insn, struct op *op)                                                 \
    {                                                                                              \
        static op_exec *const exec[2] = BY_TYPE(exec_name);                                        \
        return fill(insn, op, exec[bit32(insn, 22)]);                                              \
    }

/* ---- Three same, three different ------------------------------------------------------------- */

INTEGER(qadd, exec_scalar_sqadd, exec_scalar_uqadd, W8 | W16 | W32 | W64)
INTEGER(qsub, exec_scalar_sqsub, exec_scalar_uqsub, W8 | W16 | W32 | W64)
INTEGER(cmgt, exec_scalar_cmgt_d, exec_scalar_cmhi_d, W64)
INTEGER(cmge, exec_scalar_cmge_d, exec_scalar_cmhs_d, W64)
INTEGER(shl, exec_scalar_sshl_d, exec_scalar_ushl_d, W64)
INTEGER(qshl, exec_scalar_sqshl, exec_scalar_uqshl, W8 | W16 | W32 | W64)
INTEGER(rshl, exec_scalar_srshl_d, exec_scalar_urshl_d, W64)
INTEGER(qrshl, exec_scalar_sqrshl, exec_scalar_uqrshl, W8 | W16 | W32 | W64)
INTEGER(add, exec_scalar_add_d, exec_scalar_sub_d, W64)
INTEGER(cmtst, exec_scalar_cmtst_d, exec_scalar_cmeq_d, W64)
INTEGER(qdmulh, exec_scalar_sqdmulh, exec_scalar_sqrdmulh, W16 | W32)

FLOAT(fmulx, exec_scalar_fmulx)
FLOAT(fcmeq, exec_scalar_fcmeq)
FLOAT(fcmge, exec_scalar_fcmge)
FLOAT(fcmgt, exec_scalar_fcmgt)
FLOAT(facge, exec_scalar_facge)
FLOAT(facgt, exec_scalar_facgt)
FLOAT(fabd, exec_scalar_fabd)
FLOAT(frecps, exec_scalar_frecps)
FLOAT(frsqrts, exec_scalar_frsqrts)

INTEGER(qdmlal, exec_scalar_sqdmlal, NULL, W16 | W32)
INTEGER(qdmlsl, exec_scalar_sqdmlsl, NULL, W16 | W32)
INTEGER(qdmull, exec_scalar_sqdmull, NULL, W16 | W32)

/* ---- Two-register miscellaneous, pairwise ---------------------------------------------------- */

INTEGER(suqadd, exec_scalar_suqadd, exec_scalar_usqadd, W8 | W16 | W32 | W64)
INTEGER(qabs, exec_scalar_sqabs, exec_scalar_sqneg, W8 | W16 | W32 | W64)
INTEGER(cmgt_zero, exec_scalar_cmgt_zero_d, exec_scalar_cmge_zero_d, W64)
INTEGER(cmeq_zero, exec_scalar_cmeq_zero_d, exec_scalar_cmle_zero_d, W64)
INTEGER(cmlt_zero, exec_scalar_cmlt_zero_d, NULL, W64)
INTEGER(abs_neg, exec_scalar_abs_d, exec_scalar_neg_d, W64)
INTEGER(qxtun, NULL, exec_scalar_sqxtun, W8 | W16 | W32)
INTEGER(qxtn, exec_scalar_sqxtn, exec_scalar_uqxtn, W8 | W16 | W32)

FLOAT(fcmgt_zero, exec_scalar_fcmgt_zero)
FLOAT(fcmge_zero, exec_scalar_fcmge_zero)
FLOAT(fcmeq_zero, exec_scalar_fcmeq_zero)
FLOAT(fcmle_zero, exec_scalar_fcmle_zero)
FLOAT(fcmlt_zero, exec_scalar_fcmlt_zero)
FLOAT(frecpe, exec_scalar_frecpe)
FLOAT(frecpx, exec_scalar_frecpx)
FLOAT(frsqrte, exec_scalar_frsqrte)

static bool fcvtxn(uint32_t insn, struct op *op)
{
    return fill(insn, op, exec_scalar_fcvtxn);
}

static bool convert(uint32_t insn, struct op *op, unsigned rounding, unsigned is_double)
{
    static op_exec *const exec[2][2] = {BY_TYPE(exec_scalar_fcvts), BY_TYPE(exec_scalar_fcvtu)};
    bool ok = fill(insn, op, exec[is_unsigned(insn)][is_double]);

    op->rm = (uint8_t)rounding;
    return ok;
}

/* Rounding is o2:o1 (bits 23, 12) with the weights 1 and 2, as enum fp_rounding has them. */
static bool fcvt(uint32_t insn, struct op *op)
{
    return convert(insn, op, bits32(insn, 23, 23) | bits32(insn, 12, 12) << 1, bit32(insn, 22));
}

static bool fcvt_away(uint32_t insn, struct op *op)
{
    return convert(insn, op, FP_ROUND_TIEAWAY, bit32(insn, 22));
}

static op_exec *const cvtf_exec[2][2] = {BY_TYPE(exec_scalar_scvtf), BY_TYPE(exec_scalar_ucvtf)};

static bool cvtf(uint32_t insn, struct op *op)
{
    return fill(insn, op, cvtf_exec[is_unsigned(insn)][bit32(insn, 22)]);
}

INTEGER(addp, exec_scalar_addp_d, NULL, W64)

FLOAT(faddp, exec_scalar_faddp)
FLOAT(fmaxp, exec_scalar_fmaxp)
FLOAT(fminp, exec_scalar_fminp)
FLOAT(fmaxnmp, exec_scalar_fmaxnmp)
FLOAT(fminnmp, exec_scalar_fminnmp)

/* ---- Copy, by element ------------------------------------------------------------------------ */

/* imm5 is the index, a 1 that ends it, and log2 of the bytes in zeros. */
static bool dup(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = {exec_scalar_dup_b, exec_scalar_dup_h, exec_scalar_dup_s,
                                     exec_scalar_dup_d};
    uint32_t imm5 = bits32(insn, 20, 16);
    unsigned size = imm5 == 0 ? 4 : wide_ctz64(imm5);

    op->imm = (int32_t)(imm5 >> (size + 1));
    return size < 4 && fill(insn, op, exec[size]);
}

/* Index H:L:M of a half, in V0 to V15; H:L of a word. */
static bool integer_element(uint32_t insn, struct op *op, op_exec *exec)
{
    uint32_t hl = bits32(insn, 11, 11) << 1 | bits32(insn, 21, 21);

    if (!width(insn, op, W16 | W32) || !fill(insn, op, exec)) {
        return false;
    }
    op->imm = (int32_t)hl;
    if (op->ra == 16) {
        op->imm = (int32_t)(hl << 1 | bits32(insn, 20, 20));
        op->rm &= 15;
    }
    return true;
}

/* Index H:L of a single, H of a double, whose L must be 0. */
static bool float_element(uint32_t insn, struct op *op, op_exec *const exec[2])
{
    uint32_t h = bits32(insn, 11, 11);
    uint32_t l = bits32(insn, 21, 21);
    bool is_double = bit32(insn, 22);

    op->imm = (int32_t)(is_double ? h : h << 1 | l);
    return !(is_double && l) && fill(insn, op, exec[is_double]);
}

#define INTEGER_ELEMENT(name, exec_name)                                                           \
    static bool name(uint32_t insn, struct op *op)                                                 \
    {                                                                                              \
        return integer_element(insn, op, exec_name);                                               \
    }

#define FLOAT_ELEMENT(name, exec_name)                                                             \
    static bool name(uint32_t insn, struct op *op)                                                 \
    {                                                                                              \
        static op_exec *const exec[2] = BY_TYPE(exec_name);                                        \
        return float_element(insn, op, exec);                                                      \
    }

INTEGER_ELEMENT(qdmlal_elem, exec_scalar_sqdmlal_elem)
INTEGER_ELEMENT(qdmlsl_elem, exec_scalar_sqdmlsl_elem)
INTEGER_ELEMENT(qdmull_elem, exec_scalar_sqdmull_elem)
INTEGER_ELEMENT(qdmulh_elem, exec_scalar_sqdmulh_elem)
INTEGER_ELEMENT(qrdmulh_elem, exec_scalar_sqrdmulh_elem)
FLOAT_ELEMENT(fmla_elem, exec_scalar_fmla_elem)
FLOAT_ELEMENT(fmls_elem, exec_scalar_fmls_elem)
FLOAT_ELEMENT(fmul_elem, exec_scalar_fmul_elem)
FLOAT_ELEMENT(fmulx_elem, exec_scalar_fmulx_elem)

/* ---- Shift by immediate ---------------------------------------------------------------------- */

/*
 * immh:immb is the width in bits plus the amount of a left shift, or twice the width less that of a
 * right shift. immh of 0 is no width. of_result: narrowing shifts have the result's width there.
 */
static bool shift(uint32_t insn, struct op *op, bool left, unsigned widths, op_exec *exec)
{
    unsigned immh = bits32(insn, 22, 19);
    unsigned immhb = bits32(insn, 22, 16);
    unsigned size;

    if (immh == 0) {
        return false;
    }
    size = 63 - wide_clz64(immh);
    op->ra = (uint8_t)(8u << size);
    op->imm = (int32_t)(left ? immhb - op->ra : 2u * op->ra - immhb);
    return (widths >> size & 1) && fill(insn, op, exec);
}

#define SHIFT(name, signed_exec, unsigned_exec, left, widths)                                      \
    static bool name(uint32_t insn, struct op *op)                                                 \
    {                                                                                              \
        static op_exec *const exec[2] = {signed_exec, unsigned_exec};                              \
        return shift(insn, op, left, widths, exec[is_unsigned(insn)]);                             \
    }

SHIFT(shr, exec_scalar_sshr_d, exec_scalar_ushr_d, false, W64)
SHIFT(sra, exec_scalar_ssra_d, exec_scalar_usra_d, false, W64)
SHIFT(rshr, exec_scalar_srshr_d, exec_scalar_urshr_d, false, W64)
SHIFT(rsra, exec_scalar_srsra_d, exec_scalar_ursra_d, false, W64)
SHIFT(sri, NULL, exec_scalar_sri_d, false, W64)
SHIFT(shl_sli, exec_scalar_shl_d, exec_scalar_sli_d, true, W64)
SHIFT(qshlu, NULL, exec_scalar_sqshlu, true, W8 | W16 | W32 | W64)
SHIFT(qshl_imm, exec_scalar_sqshl_imm, exec_scalar_uqshl_imm, true, W8 | W16 | W32 | W64)
SHIFT(qshrun, NULL, exec_scalar_sqshrun, false, W8 | W16 | W32)
SHIFT(qrshrun, NULL, exec_scalar_sqrshrun, false, W8 | W16 | W32)
SHIFT(qshrn, exec_scalar_sqshrn, exec_scalar_uqshrn, false, W8 | W16 | W32)
SHIFT(qrshrn, exec_scalar_sqrshrn, exec_scalar_uqrshrn, false, W8 | W16 | W32)

/* Fraction bits are coded as a right shift. */
static bool cvtf_fixed(uint32_t insn, struct op *op)
{
    return shift(insn, op, false, W32 | W64, cvtf_exec[is_unsigned(insn)][bit32(insn, 22)]);
}

static bool fcvt_fixed(uint32_t insn, struct op *op)
{
    bool ok = shift(insn, op, false, W32 | W64, exec_scalar_fcvts_s);

    return ok && convert(insn, op, FP_ROUND_ZERO, bit32(insn, 22));
}

/*
 * u: U. z: size, or sz of a floating-point instruction. n: Rn, d: Rd, m: Rm, i: immediate, o: bits
 * of the opcode, LMH: the element.
 */
static const struct decode_rule rules[] = {
    /* C4.1.96 Advanced SIMD scalar copy: DUP */
    {"01 0 11110000 iiiii 0 0000 1 nnnnn ddddd", dup},

    /* C4.1.96 Advanced SIMD scalar two-register miscellaneous */
    {"01 u 11110 zz 10000 00011 10 nnnnn ddddd", suqadd},
    {"01 u 11110 zz 10000 00111 10 nnnnn ddddd", qabs},
    {"01 u 11110 zz 10000 01000 10 nnnnn ddddd", cmgt_zero},
    {"01 u 11110 zz 10000 01001 10 nnnnn ddddd", cmeq_zero},
    {"01 u 11110 zz 10000 01010 10 nnnnn ddddd", cmlt_zero},
    {"01 u 11110 zz 10000 01011 10 nnnnn ddddd", abs_neg},
    {"01 u 11110 zz 10000 10010 10 nnnnn ddddd", qxtun},
    {"01 u 11110 zz 10000 10100 10 nnnnn ddddd", qxtn},
    {"01 1 11110 01 10000 10110 10 nnnnn ddddd", fcvtxn},
    {"01 0 11110 1z 10000 01100 10 nnnnn ddddd", fcmgt_zero},
    {"01 1 11110 1z 10000 01100 10 nnnnn ddddd", fcmge_zero},
    {"01 0 11110 1z 10000 01101 10 nnnnn ddddd", fcmeq_zero},
    {"01 1 11110 1z 10000 01101 10 nnnnn ddddd", fcmle_zero},
    {"01 0 11110 1z 10000 01110 10 nnnnn ddddd", fcmlt_zero},
    {"01 u 11110 oz 10000 1101o 10 nnnnn ddddd", fcvt},
    {"01 u 11110 0z 10000 11100 10 nnnnn ddddd", fcvt_away},
    {"01 u 11110 0z 10000 11101 10 nnnnn ddddd", cvtf},
    {"01 0 11110 1z 10000 11101 10 nnnnn ddddd", frecpe},
    {"01 1 11110 1z 10000 11101 10 nnnnn ddddd", frsqrte},
    {"01 0 11110 1z 10000 11111 10 nnnnn ddddd", frecpx},

    /* C4.1.96 Advanced SIMD scalar pairwise */
    {"01 u 11110 zz 11000 11011 10 nnnnn ddddd", addp},
    {"01 1 11110 0z 11000 01100 10 nnnnn ddddd", fmaxnmp},
    {"01 1 11110 1z 11000 01100 10 nnnnn ddddd", fminnmp},
    {"01 1 11110 0z 11000 01101 10 nnnnn ddddd", faddp},
    {"01 1 11110 0z 11000 01111 10 nnnnn ddddd", fmaxp},
    {"01 1 11110 1z 11000 01111 10 nnnnn ddddd", fminp},

    /* C4.1.96 Advanced SIMD scalar three different: SQDMLAL, SQDMLSL, SQDMULL */
    {"01 u 11110 zz 1 mmmmm 1001 00 nnnnn ddddd", qdmlal},
    {"01 u 11110 zz 1 mmmmm 1011 00 nnnnn ddddd", qdmlsl},
    {"01 u 11110 zz 1 mmmmm 1101 00 nnnnn ddddd", qdmull},

    /* C4.1.96 Advanced SIMD scalar three same */
    {"01 u 11110 zz 1 mmmmm 00001 1 nnnnn ddddd", qadd},
    {"01 u 11110 zz 1 mmmmm 00101 1 nnnnn ddddd", qsub},
    {"01 u 11110 zz 1 mmmmm 00110 1 nnnnn ddddd", cmgt},
    {"01 u 11110 zz 1 mmmmm 00111 1 nnnnn ddddd", cmge},
    {"01 u 11110 zz 1 mmmmm 01000 1 nnnnn ddddd", shl},
    {"01 u 11110 zz 1 mmmmm 01001 1 nnnnn ddddd", qshl},
    {"01 u 11110 zz 1 mmmmm 01010 1 nnnnn ddddd", rshl},
    {"01 u 11110 zz 1 mmmmm 01011 1 nnnnn ddddd", qrshl},
    {"01 u 11110 zz 1 mmmmm 10000 1 nnnnn ddddd", add},
    {"01 u 11110 zz 1 mmmmm 10001 1 nnnnn ddddd", cmtst},
    {"01 u 11110 zz 1 mmmmm 10110 1 nnnnn ddddd", qdmulh},
    {"01 0 11110 0z 1 mmmmm 11011 1 nnnnn ddddd", fmulx},
    {"01 0 11110 0z 1 mmmmm 11100 1 nnnnn ddddd", fcmeq},
    {"01 0 11110 0z 1 mmmmm 11111 1 nnnnn ddddd", frecps},
    {"01 0 11110 1z 1 mmmmm 11111 1 nnnnn ddddd", frsqrts},
    {"01 1 11110 0z 1 mmmmm 11100 1 nnnnn ddddd", fcmge},
    {"01 1 11110 0z 1 mmmmm 11101 1 nnnnn ddddd", facge},
    {"01 1 11110 1z 1 mmmmm 11010 1 nnnnn ddddd", fabd},
    {"01 1 11110 1z 1 mmmmm 11100 1 nnnnn ddddd", fcmgt},
    {"01 1 11110 1z 1 mmmmm 11101 1 nnnnn ddddd", facgt},

    /* C4.1.96 Advanced SIMD scalar shift by immediate */
    {"01 u 111110 iiii iii 00000 1 nnnnn ddddd", shr},
    {"01 u 111110 iiii iii 00010 1 nnnnn ddddd", sra},
    {"01 u 111110 iiii iii 00100 1 nnnnn ddddd", rshr},
    {"01 u 111110 iiii iii 00110 1 nnnnn ddddd", rsra},
    {"01 u 111110 iiii iii 01000 1 nnnnn ddddd", sri},
    {"01 u 111110 iiii iii 01010 1 nnnnn ddddd", shl_sli},
    {"01 u 111110 iiii iii 01100 1 nnnnn ddddd", qshlu},
    {"01 u 111110 iiii iii 01110 1 nnnnn ddddd", qshl_imm},
    {"01 u 111110 iiii iii 10000 1 nnnnn ddddd", qshrun},
    {"01 u 111110 iiii iii 10001 1 nnnnn ddddd", qrshrun},
    {"01 u 111110 iiii iii 10010 1 nnnnn ddddd", qshrn},
    {"01 u 111110 iiii iii 10011 1 nnnnn ddddd", qrshrn},
    {"01 u 111110 iiii iii 11100 1 nnnnn ddddd", cvtf_fixed},
    {"01 u 111110 iiii iii 11111 1 nnnnn ddddd", fcvt_fixed},

    /* C4.1.96 Advanced SIMD scalar x indexed element */
    {"01 0 11111 zz L Mmmmm 0011 H 0 nnnnn ddddd", qdmlal_elem},
    {"01 0 11111 zz L Mmmmm 0111 H 0 nnnnn ddddd", qdmlsl_elem},
    {"01 0 11111 zz L Mmmmm 1011 H 0 nnnnn ddddd", qdmull_elem},
    {"01 0 11111 zz L Mmmmm 1100 H 0 nnnnn ddddd", qdmulh_elem},
    {"01 0 11111 zz L Mmmmm 1101 H 0 nnnnn ddddd", qrdmulh_elem},
    {"01 0 11111 1z L mmmmm 0001 H 0 nnnnn ddddd", fmla_elem},
    {"01 0 11111 1z L mmmmm 0101 H 0 nnnnn ddddd", fmls_elem},
    {"01 0 11111 1z L mmmmm 1001 H 0 nnnnn ddddd", fmul_elem},
    {"01 1 11111 1z L mmmmm 1001 H 0 nnnnn ddddd", fmulx_elem},
};

const struct decode_table decode_table_simd_scalar = {"simd-scalar", rules,
                                                      sizeof(rules) / sizeof(rules[0])};
