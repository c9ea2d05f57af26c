/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-shift.c: handlers of Advanced SIMD shifts, by register and by immediate (Arm ARM
 * C3.5.8, C3.5.20, C7.2).
 */
#include "exec-simd.h"
#include "simd-handler.h"

/* ---- By register ----------------------------------------------------------------------------- */

SIMD_BHSD(exec_simd_sshl, elem_sshl(BITS, a, b, false))
SIMD_BHSD(exec_simd_ushl, elem_ushl(BITS, a, b, false))
SIMD_BHSD(exec_simd_srshl, elem_sshl(BITS, a, b, true))
SIMD_BHSD(exec_simd_urshl, elem_ushl(BITS, a, b, true))
SIMD_BHSD(exec_simd_sqshl, elem_sqshl(c, BITS, a, b, false))
SIMD_BHSD(exec_simd_uqshl, elem_uqshl(c, BITS, a, b, false))
SIMD_BHSD(exec_simd_sqrshl, elem_sqshl(c, BITS, a, b, true))
SIMD_BHSD(exec_simd_uqrshl, elem_uqshl(c, BITS, a, b, true))

/* ---- By immediate ---------------------------------------------------------------------------- */

/* In two steps, because a shift right by the whole width is one that C does not have. */
#define SHIFT_RIGHT(v) ((v) >> (op->imm - 1) >> 1)
#define ROUND_RIGHT(v) (SHIFT_RIGHT(v) + ((v) >> (op->imm - 1) & 1))

SIMD_BHSD(exec_simd_sshr, SHIFT_RIGHT(sa))
SIMD_BHSD(exec_simd_ushr, SHIFT_RIGHT(a))
SIMD_BHSD(exec_simd_ssra, d + (uint64_t)SHIFT_RIGHT(sa))
SIMD_BHSD(exec_simd_usra, d + SHIFT_RIGHT(a))
SIMD_BHSD(exec_simd_srshr, ROUND_RIGHT(sa))
SIMD_BHSD(exec_simd_urshr, ROUND_RIGHT(a))
SIMD_BHSD(exec_simd_srsra, d + (uint64_t)ROUND_RIGHT(sa))
SIMD_BHSD(exec_simd_ursra, d + ROUND_RIGHT(a))

SIMD_BHSD(exec_simd_shl, elem_shl(BITS, a, (unsigned)op->imm))
SIMD_BHSD(exec_simd_sli, elem_sli(BITS, d, a, (unsigned)op->imm))
SIMD_BHSD(exec_simd_sri, elem_sri(BITS, d, a, (unsigned)op->imm))
SIMD_BHSD(exec_simd_sqshl_imm, elem_sqshl_by(c, BITS, a, (unsigned)op->imm))
SIMD_BHSD(exec_simd_uqshl_imm, elem_uqshl_by(c, BITS, a, (unsigned)op->imm))
SIMD_BHSD(exec_simd_sqshlu_imm, elem_sqshlu_by(c, BITS, a, (unsigned)op->imm))

/* ---- Narrowing and widening ------------------------------------------------------------------ */

SIMD_NARROW_BHS(exec_simd_shrn, SHIFT_RIGHT(a))
SIMD_NARROW_BHS(exec_simd_rshrn, ROUND_RIGHT(a))
SIMD_NARROW_BHS(exec_simd_sqshrn, elem_sqshrn(c, BITS, a, (unsigned)op->imm, false))
SIMD_NARROW_BHS(exec_simd_uqshrn, elem_uqshrn(c, BITS, a, (unsigned)op->imm, false))
SIMD_NARROW_BHS(exec_simd_sqshrun, elem_sqshrun(c, BITS, a, (unsigned)op->imm, false))
SIMD_NARROW_BHS(exec_simd_sqrshrn, elem_sqshrn(c, BITS, a, (unsigned)op->imm, true))
SIMD_NARROW_BHS(exec_simd_uqrshrn, elem_uqshrn(c, BITS, a, (unsigned)op->imm, true))
SIMD_NARROW_BHS(exec_simd_sqrshrun, elem_sqshrun(c, BITS, a, (unsigned)op->imm, true))

SIMD_LONG_BHS(exec_simd_sshll, xa << op->imm)
SIMD_LONG_BHS(exec_simd_ushll, a << op->imm)
