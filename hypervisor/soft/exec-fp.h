/* SPDX-License-Identifier: ISC */
/*
 * exec-fp.h: handlers of scalar floating point.
 *
 * Every handler begins with FP_CHECK. The suffix names the format of the operands: _s single, _d
 * double, _h half. rd, rn, rm and ra are vector registers unless said otherwise; a result in a
 * vector register clears the bits above it. General registers are slots of cpu.x (op.h).
 */
#ifndef SOFTHV_EXEC_FP_H
#define SOFTHV_EXEC_FP_H

#include "op.h"

#define EXEC_TYPES(name) op_exec name##_s, name##_d

/* One source. */
EXEC_TYPES(exec_fmov);
EXEC_TYPES(exec_fabs);
EXEC_TYPES(exec_fneg);
EXEC_TYPES(exec_fsqrt);

/* Between formats: from, to. */
op_exec exec_fcvt_s_d, exec_fcvt_s_h;
op_exec exec_fcvt_d_s, exec_fcvt_d_h;
op_exec exec_fcvt_h_s, exec_fcvt_h_d;

/* To an integral value. imm: enum fp_rounding. The others use FPCR.RMode; frintx may set IXC. */
EXEC_TYPES(exec_frint);
EXEC_TYPES(exec_frinti);
EXEC_TYPES(exec_frintx);

/* Two sources. */
EXEC_TYPES(exec_fmul);
EXEC_TYPES(exec_fdiv);
EXEC_TYPES(exec_fadd);
EXEC_TYPES(exec_fsub);
EXEC_TYPES(exec_fmax);
EXEC_TYPES(exec_fmin);
EXEC_TYPES(exec_fmaxnm);
EXEC_TYPES(exec_fminnm);
EXEC_TYPES(exec_fnmul);

/* Three sources; ra is the addend. */
EXEC_TYPES(exec_fmadd);
EXEC_TYPES(exec_fmsub);
EXEC_TYPES(exec_fnmadd);
EXEC_TYPES(exec_fnmsub);

/* Comparison into NZCV. */
EXEC_TYPES(exec_fcmp);
EXEC_TYPES(exec_fcmpe);
EXEC_TYPES(exec_fcmp_zero);
EXEC_TYPES(exec_fcmpe_zero);

/* ra: the condition; imm: NZCV in bits 3:0 if it fails. */
EXEC_TYPES(exec_fccmp);
EXEC_TYPES(exec_fccmpe);

/* ra: the condition. */
EXEC_TYPES(exec_fcsel);

/* imm: the bits of a single, or the high half of a double, whose low half is zero. */
EXEC_TYPES(exec_fmov_imm);

/*
 * Bits between rd and rn, one of which is a general register: from, to. top: bits 127:64 of a
 * vector register.
 */
op_exec exec_fmov_s_w, exec_fmov_w_s;
op_exec exec_fmov_d_x, exec_fmov_x_d;
op_exec exec_fmov_top_x, exec_fmov_x_top;

/*
 * Between rd and rn, one of which is a general register, as an integer or a fixed-point number.
 * imm: fraction bits; ra: enum fp_int; rm: enum fp_rounding, for exec_fcvt_int. The _w_d ones
 * convert an integer in W, which needs no rounding.
 */
EXEC_TYPES(exec_fcvt_int);
EXEC_TYPES(exec_cvtf);
op_exec exec_scvtf_w_d, exec_ucvtf_w_d;

#endif
