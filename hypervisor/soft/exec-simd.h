/* SPDX-License-Identifier: ISC */
/*
 * exec-simd.h: handlers of the vector groups of Advanced SIMD.
 *
 * A family is one instruction in all its arrangements: a table of handlers by size:Q, which reads
 * 8B 16B 4H 8H 2S 4S (1D) 2D. NULL is an arrangement that the instruction does not have. For
 * instructions that widen or narrow, size is that of the narrow elements and Q the half of the
 * register they are in ("2" in the mnemonic); for floating point it is sz:Q, which reads 2S 4S (1D)
 * 2D.
 *
 * rd, rn and rm are the instruction's own registers; imm is described where it is used. Every
 * handler first checks that SIMD&FP is not trapped and ends with OP_NEXT. What writes 64 bits clears
 * the upper half of the register.
 */
#ifndef SOFTHV_EXEC_SIMD_H
#define SOFTHV_EXEC_SIMD_H

#include "op.h"

enum {
    SIMD_FORMS = 8,
    SIMD_FP_FORMS = 4
};

typedef op_exec *const simd_forms[SIMD_FORMS];
typedef op_exec *const simd_fp_forms[SIMD_FP_FORMS];

/* ---- exec-simd-integer.c: three same --------------------------------------------------------- */

extern simd_forms exec_simd_add, exec_simd_sub, exec_simd_mul, exec_simd_mla, exec_simd_mls;
extern simd_forms exec_simd_pmul;
extern simd_forms exec_simd_shadd, exec_simd_uhadd, exec_simd_srhadd, exec_simd_urhadd;
extern simd_forms exec_simd_shsub, exec_simd_uhsub;
extern simd_forms exec_simd_sqadd, exec_simd_uqadd, exec_simd_sqsub, exec_simd_uqsub;
extern simd_forms exec_simd_cmgt, exec_simd_cmhi, exec_simd_cmge, exec_simd_cmhs;
extern simd_forms exec_simd_cmtst, exec_simd_cmeq;
extern simd_forms exec_simd_smax, exec_simd_umax, exec_simd_smin, exec_simd_umin;
extern simd_forms exec_simd_sabd, exec_simd_uabd, exec_simd_saba, exec_simd_uaba;
extern simd_forms exec_simd_sqdmulh, exec_simd_sqrdmulh;
extern simd_forms exec_simd_addp, exec_simd_smaxp, exec_simd_umaxp, exec_simd_sminp,
    exec_simd_uminp;

/* Logical, by Q. */
extern op_exec *const exec_simd_and[2],
    *const exec_simd_bic[2], *const exec_simd_orr[2], *const exec_simd_orn[2],
                                                          *const exec_simd_eor[2],
                                                              *const exec_simd_bsl[2],
                                                                  *const exec_simd_bit[2],
                                                                      *const exec_simd_bif[2];

/* ---- exec-simd-integer.c: two-register miscellaneous ----------------------------------------- */

extern simd_forms exec_simd_abs, exec_simd_neg, exec_simd_sqabs, exec_simd_sqneg;
extern simd_forms exec_simd_suqadd, exec_simd_usqadd;
extern simd_forms exec_simd_cls, exec_simd_clz, exec_simd_cnt, exec_simd_not, exec_simd_rbit;
extern simd_forms exec_simd_cmgt_zero, exec_simd_cmge_zero, exec_simd_cmeq_zero,
    exec_simd_cmle_zero, exec_simd_cmlt_zero;

/* ---- exec-simd-long.c ------------------------------------------------------------------------ */

/* Three different. */
extern simd_forms exec_simd_saddl, exec_simd_uaddl, exec_simd_saddw, exec_simd_uaddw;
extern simd_forms exec_simd_ssubl, exec_simd_usubl, exec_simd_ssubw, exec_simd_usubw;
extern simd_forms exec_simd_addhn, exec_simd_raddhn, exec_simd_subhn, exec_simd_rsubhn;
extern simd_forms exec_simd_sabal, exec_simd_uabal, exec_simd_sabdl, exec_simd_uabdl;
extern simd_forms exec_simd_smlal, exec_simd_umlal, exec_simd_smlsl, exec_simd_umlsl;
extern simd_forms exec_simd_smull, exec_simd_umull, exec_simd_pmull;
extern simd_forms exec_simd_sqdmlal, exec_simd_sqdmlsl, exec_simd_sqdmull;

/* Two-register miscellaneous. */
extern simd_forms exec_simd_saddlp, exec_simd_uaddlp, exec_simd_sadalp, exec_simd_uadalp;
extern simd_forms exec_simd_xtn, exec_simd_sqxtn, exec_simd_uqxtn, exec_simd_sqxtun, exec_simd_shll;

/* Across lanes. */
extern simd_forms exec_simd_saddlv, exec_simd_uaddlv, exec_simd_addv;
extern simd_forms exec_simd_smaxv, exec_simd_umaxv, exec_simd_sminv, exec_simd_uminv;

/* By element. imm: the number of the element of Vm. */
extern simd_forms exec_simd_mul_element, exec_simd_mla_element, exec_simd_mls_element;
extern simd_forms exec_simd_sqdmulh_element, exec_simd_sqrdmulh_element;
extern simd_forms exec_simd_smlal_element, exec_simd_umlal_element, exec_simd_smlsl_element,
    exec_simd_umlsl_element, exec_simd_smull_element, exec_simd_umull_element;
extern simd_forms exec_simd_sqdmlal_element, exec_simd_sqdmlsl_element, exec_simd_sqdmull_element;

/* ---- exec-simd-shift.c ----------------------------------------------------------------------- */

/* By register (three same). */
extern simd_forms exec_simd_sshl, exec_simd_ushl, exec_simd_srshl, exec_simd_urshl;
extern simd_forms exec_simd_sqshl, exec_simd_uqshl, exec_simd_sqrshl, exec_simd_uqrshl;

/* By immediate. imm: how far, 1 to the element's width to the right, 0 to one less to the left. */
extern simd_forms exec_simd_sshr, exec_simd_ushr, exec_simd_ssra, exec_simd_usra;
extern simd_forms exec_simd_srshr, exec_simd_urshr, exec_simd_srsra, exec_simd_ursra;
extern simd_forms exec_simd_shl, exec_simd_sli, exec_simd_sri;
extern simd_forms exec_simd_sqshl_imm, exec_simd_uqshl_imm, exec_simd_sqshlu_imm;
extern simd_forms exec_simd_shrn, exec_simd_rshrn, exec_simd_sqshrn, exec_simd_uqshrn,
    exec_simd_sqshrun, exec_simd_sqrshrn, exec_simd_uqrshrn, exec_simd_sqrshrun;
extern simd_forms exec_simd_sshll, exec_simd_ushll;

/* ---- exec-simd-permute.c --------------------------------------------------------------------- */

/* Copy. dup_element: imm is the element's number. dup: rn is a general register's slot. */
extern simd_forms exec_simd_dup_element, exec_simd_dup;
/* By size. ins: Vd.T[imm] = general rn. ins_element: Vd.T[ra] = Vn.T[imm]. */
extern op_exec *const exec_simd_ins[4], *const exec_simd_ins_element[4];
/* By size. General rd = Vn.T[imm], extended with zeros, or with the sign to 32 or 64 bits. */
extern op_exec *const exec_simd_umov[4], *const exec_simd_smov_w[4], *const exec_simd_smov_x[4];

/* Modified immediate, by Q. Every 32-bit element is imm, or ORed or ANDed with it. */
extern op_exec *const exec_simd_movi[2], *const exec_simd_orr_imm[2], *const exec_simd_and_imm[2];
/* Every byte of a 64-bit element is 0 or 255 as the bits of imm say, by Q; every one is imm << 32. */
extern op_exec *const exec_simd_movi_bytes[2];
op_exec exec_simd_movi_high;

/* Permute, reverse. REVnn reverses the elements of each nn bits. */
extern simd_forms exec_simd_zip1, exec_simd_zip2, exec_simd_uzp1, exec_simd_uzp2, exec_simd_trn1,
    exec_simd_trn2;
extern simd_forms exec_simd_rev64, exec_simd_rev32, exec_simd_rev16;

/* By Q. imm: how many table registers, less 1. */
extern op_exec *const exec_simd_tbl[2], *const exec_simd_tbx[2];

/* imm: the first byte, 1 to 7. _high: counted from the middle of Vn, 0 to 7. */
op_exec exec_simd_ext_8b, exec_simd_ext_16b, exec_simd_ext_16b_high;

/* ---- exec-simd-fp.c -------------------------------------------------------------------------- */

/* Three same, and pairwise (names ending in p, but for recps). */
extern simd_fp_forms exec_simd_fadd, exec_simd_fsub, exec_simd_fmul, exec_simd_fmulx,
    exec_simd_fdiv, exec_simd_fabd, exec_simd_fmla, exec_simd_fmls;
extern simd_fp_forms exec_simd_fmax, exec_simd_fmin, exec_simd_fmaxnm, exec_simd_fminnm;
extern simd_fp_forms exec_simd_fcmeq, exec_simd_fcmge, exec_simd_fcmgt, exec_simd_facge,
    exec_simd_facgt;
extern simd_fp_forms exec_simd_frecps, exec_simd_frsqrts;
extern simd_fp_forms exec_simd_faddp, exec_simd_fmaxp, exec_simd_fminp, exec_simd_fmaxnmp,
    exec_simd_fminnmp;

/* By element. imm: the number of the element of Vm. */
extern simd_fp_forms exec_simd_fmla_element, exec_simd_fmls_element, exec_simd_fmul_element,
    exec_simd_fmulx_element;

/* Two-register miscellaneous. */
extern simd_fp_forms exec_simd_fabs, exec_simd_fneg, exec_simd_fsqrt, exec_simd_frecpe,
    exec_simd_frsqrte, exec_simd_urecpe, exec_simd_ursqrte;
extern simd_fp_forms exec_simd_fcmgt_zero, exec_simd_fcmge_zero, exec_simd_fcmeq_zero,
    exec_simd_fcmle_zero, exec_simd_fcmlt_zero;
extern simd_fp_forms exec_simd_frintn, exec_simd_frintp, exec_simd_frintm, exec_simd_frintz,
    exec_simd_frinta, exec_simd_frintx, exec_simd_frinti;

/* To integers: by the rounding mode of the name. */
extern simd_fp_forms exec_simd_fcvtns, exec_simd_fcvtnu, exec_simd_fcvtps, exec_simd_fcvtpu,
    exec_simd_fcvtms, exec_simd_fcvtmu, exec_simd_fcvtas, exec_simd_fcvtau;

/* To and from fixed point. imm: fraction bits; 0 for the integer forms. */
extern simd_fp_forms exec_simd_fcvtzs, exec_simd_fcvtzu, exec_simd_scvtf, exec_simd_ucvtf;

/*
 * Between formats. By sz:Q, where sz 0 is between half and single, 1 between single and double,
 * and Q the half of the narrow register.
 */
extern simd_fp_forms exec_simd_fcvtl, exec_simd_fcvtn, exec_simd_fcvtxn;

/* Across lanes, 4S only. */
op_exec exec_simd_fmaxv, exec_simd_fminv, exec_simd_fmaxnmv, exec_simd_fminnmv;

#endif
