/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-scalar.h: handlers of the scalar groups of Advanced SIMD.
 *
 * Every handler begins with FP_CHECK. rd, rn and rm are vector registers; the result is one
 * element, and the rest of rd becomes zero. Handlers without a suffix take any element width, which
 * is in ra, in bits; those with one are made for it: _s and _d of 32 and 64 bits.
 */
#ifndef SOFTHV_EXEC_SIMD_SCALAR_H
#define SOFTHV_EXEC_SIMD_SCALAR_H

#include "op.h"

#define EXEC_SCALAR_TYPES(name) op_exec name##_s, name##_d

/* Three same. */
op_exec exec_scalar_sqadd, exec_scalar_uqadd, exec_scalar_sqsub, exec_scalar_uqsub;
op_exec exec_scalar_sqshl, exec_scalar_uqshl, exec_scalar_sqrshl, exec_scalar_uqrshl;
op_exec exec_scalar_sqdmulh, exec_scalar_sqrdmulh;
op_exec exec_scalar_cmgt_d, exec_scalar_cmhi_d, exec_scalar_cmge_d, exec_scalar_cmhs_d;
op_exec exec_scalar_sshl_d, exec_scalar_ushl_d, exec_scalar_srshl_d, exec_scalar_urshl_d;
op_exec exec_scalar_add_d, exec_scalar_sub_d, exec_scalar_cmtst_d, exec_scalar_cmeq_d;
EXEC_SCALAR_TYPES(exec_scalar_fmulx);
EXEC_SCALAR_TYPES(exec_scalar_fcmeq);
EXEC_SCALAR_TYPES(exec_scalar_fcmge);
EXEC_SCALAR_TYPES(exec_scalar_fcmgt);
EXEC_SCALAR_TYPES(exec_scalar_facge);
EXEC_SCALAR_TYPES(exec_scalar_facgt);
EXEC_SCALAR_TYPES(exec_scalar_fabd);
EXEC_SCALAR_TYPES(exec_scalar_frecps);
EXEC_SCALAR_TYPES(exec_scalar_frsqrts);

/* Three different. ra: the width of the operands. */
op_exec exec_scalar_sqdmlal, exec_scalar_sqdmlsl, exec_scalar_sqdmull;

/* Two registers. ra of the narrowing ones: the width of the result. */
op_exec exec_scalar_suqadd, exec_scalar_usqadd, exec_scalar_sqabs, exec_scalar_sqneg;
op_exec exec_scalar_sqxtn, exec_scalar_uqxtn, exec_scalar_sqxtun;
op_exec exec_scalar_cmgt_zero_d, exec_scalar_cmge_zero_d, exec_scalar_cmeq_zero_d;
op_exec exec_scalar_cmle_zero_d, exec_scalar_cmlt_zero_d;
op_exec exec_scalar_abs_d, exec_scalar_neg_d;
op_exec exec_scalar_fcvtxn;
EXEC_SCALAR_TYPES(exec_scalar_fcmgt_zero);
EXEC_SCALAR_TYPES(exec_scalar_fcmge_zero);
EXEC_SCALAR_TYPES(exec_scalar_fcmeq_zero);
EXEC_SCALAR_TYPES(exec_scalar_fcmle_zero);
EXEC_SCALAR_TYPES(exec_scalar_fcmlt_zero);
EXEC_SCALAR_TYPES(exec_scalar_frecpe);
EXEC_SCALAR_TYPES(exec_scalar_frecpx);
EXEC_SCALAR_TYPES(exec_scalar_frsqrte);

/* To and from an integer of the same width. imm: fraction bits; rm: enum fp_rounding. */
EXEC_SCALAR_TYPES(exec_scalar_fcvts);
EXEC_SCALAR_TYPES(exec_scalar_fcvtu);
EXEC_SCALAR_TYPES(exec_scalar_scvtf);
EXEC_SCALAR_TYPES(exec_scalar_ucvtf);

/* Pairwise: of the two low elements of rn. */
op_exec exec_scalar_addp_d;
EXEC_SCALAR_TYPES(exec_scalar_faddp);
EXEC_SCALAR_TYPES(exec_scalar_fmaxp);
EXEC_SCALAR_TYPES(exec_scalar_fminp);
EXEC_SCALAR_TYPES(exec_scalar_fmaxnmp);
EXEC_SCALAR_TYPES(exec_scalar_fminnmp);

/* Copy: element imm of rn, of the width in the suffix. */
op_exec exec_scalar_dup_b, exec_scalar_dup_h, exec_scalar_dup_s, exec_scalar_dup_d;

/* By element: imm is the element of rm; ra (no suffix) is the width of the operands, 16 or 32. */
op_exec exec_scalar_sqdmlal_elem, exec_scalar_sqdmlsl_elem, exec_scalar_sqdmull_elem;
op_exec exec_scalar_sqdmulh_elem, exec_scalar_sqrdmulh_elem;
EXEC_SCALAR_TYPES(exec_scalar_fmla_elem);
EXEC_SCALAR_TYPES(exec_scalar_fmls_elem);
EXEC_SCALAR_TYPES(exec_scalar_fmul_elem);
EXEC_SCALAR_TYPES(exec_scalar_fmulx_elem);

/* Shifts by imm. ra of the narrowing ones, whose names end in n: the width of the result. */
op_exec exec_scalar_sshr_d, exec_scalar_ushr_d, exec_scalar_srshr_d, exec_scalar_urshr_d;
op_exec exec_scalar_ssra_d, exec_scalar_usra_d, exec_scalar_srsra_d, exec_scalar_ursra_d;
op_exec exec_scalar_shl_d, exec_scalar_sli_d, exec_scalar_sri_d;
op_exec exec_scalar_sqshl_imm, exec_scalar_uqshl_imm, exec_scalar_sqshlu;
op_exec exec_scalar_sqshrn, exec_scalar_uqshrn, exec_scalar_sqshrun;
op_exec exec_scalar_sqrshrn, exec_scalar_uqrshrn, exec_scalar_sqrshrun;

#endif
