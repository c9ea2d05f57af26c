/* SPDX-License-Identifier: ISC */
/*
 * exec-integer.h: handlers of data processing on general registers.
 *
 * They are split by everything that is known at decode time: width (_w writes a zero-extended
 * 32-bit result, _x a 64-bit one), whether flags are set, the kind of shift, the condition. What
 * is left is a handful of host instructions. None of them can fault, so all of them end with
 * OP_NEXT. Fields not named below hold the slots of the instruction's own Rd, Rn, Rm, Ra.
 */
#ifndef SOFTHV_EXEC_INTEGER_H
#define SOFTHV_EXEC_INTEGER_H

#include "op.h"

#define EXEC_SIZES(name) op_exec name##_w, name##_x

/* No operation, and every instruction whose only effect would be a write to the zero register. */
op_exec exec_nop;

/* rd = pc + imm, rd = page of pc + imm * 4096. */
op_exec exec_adr, exec_adrp;

/* rd = imm (_x: sign-extended). */
EXEC_SIZES(exec_mov_imm);
/* rd = imm << ra, rd = ~(imm << ra); imm is 16 bits. */
op_exec exec_movz_x, exec_movn_x;
/* MOVK at bit 0, 16, 32, 48. imm: the 16 bits. */
EXEC_SIZES(exec_movk_0);
EXEC_SIZES(exec_movk_16);
op_exec exec_movk_32_x, exec_movk_48_x;
/* rd = rm. */
EXEC_SIZES(exec_mov);

/* Add and subtract (immediate). exec_add_imm serves both: imm is signed. cmp writes flags only. */
EXEC_SIZES(exec_add_imm);
EXEC_SIZES(exec_adds_imm);
EXEC_SIZES(exec_subs_imm);
EXEC_SIZES(exec_cmp_imm);

/*
 * Logical (immediate). _x: imm is sign-extended; what does not fit is in exec_bitmask[imm]
 * (_bitmask).
 */
EXEC_SIZES(exec_and_imm);
EXEC_SIZES(exec_orr_imm);
EXEC_SIZES(exec_eor_imm);
EXEC_SIZES(exec_ands_imm);
EXEC_SIZES(exec_tst_imm);
op_exec exec_and_bitmask, exec_orr_bitmask, exec_eor_bitmask, exec_ands_bitmask, exec_mov_bitmask;

/* Bitmask immediates by N:immr:imms. Filled by exec_integer_init, which decode_init calls. */
#define EXEC_BITMASKS 8192
extern uint64_t exec_bitmask[EXEC_BITMASKS];
void exec_integer_init(void);

/* Shifts of rn by a constant. imm: 1 to width - 1. */
EXEC_SIZES(exec_lsl_imm);
EXEC_SIZES(exec_lsr_imm);
EXEC_SIZES(exec_asr_imm);
EXEC_SIZES(exec_ror_imm);

/* Bit fields. imm is a mask of the result's bits, without sign extension. */
op_exec exec_ubfx;  /* rd = (rn >> ra) & imm */
op_exec exec_ubfiz; /* rd = (rn & imm) << ra */
op_exec exec_uxtb, exec_uxth;
EXEC_SIZES(exec_sxtb);
EXEC_SIZES(exec_sxth);
op_exec exec_sxtw;
op_exec exec_ubfm_x; /* rd = (rn << rm) >> ra */
EXEC_SIZES(exec_sbfm);
EXEC_SIZES(exec_bfm);    /* bits of imm in rd = those of rn rotated right by ra */
op_exec exec_bfm_wide_x; /* the same for a mask of 64 - (imm & 63) bits shifted left by imm >> 6 */
EXEC_SIZES(exec_extr);   /* rd = rn:rm >> imm; imm: 1 to width - 1 */

/*
 * Register with register. Without suffix: no shift; with one: rm shifted by imm (1 to width - 1).
 */
#define EXEC_SHIFTS(name)                                                                          \
    EXEC_SIZES(name);                                                                              \
    EXEC_SIZES(name##_lsl);                                                                        \
    EXEC_SIZES(name##_lsr);                                                                        \
    EXEC_SIZES(name##_asr)
#define EXEC_SHIFTS_ROR(name)                                                                      \
    EXEC_SHIFTS(name);                                                                             \
    EXEC_SIZES(name##_ror)
EXEC_SHIFTS_ROR(exec_and);
EXEC_SHIFTS_ROR(exec_bic);
EXEC_SHIFTS_ROR(exec_orr);
EXEC_SHIFTS_ROR(exec_orn);
EXEC_SHIFTS_ROR(exec_eor);
EXEC_SHIFTS_ROR(exec_eon);
EXEC_SHIFTS_ROR(exec_ands);
EXEC_SHIFTS_ROR(exec_bics);
EXEC_SIZES(exec_tst);
EXEC_SHIFTS(exec_add);
EXEC_SHIFTS(exec_sub);
EXEC_SHIFTS(exec_adds);
EXEC_SHIFTS(exec_subs);
EXEC_SIZES(exec_cmp);

/*
 * rm extended, then shifted left by imm (0 to 4). Extensions that change nothing use the handlers
 * above.
 */
#define EXEC_EXTENDS(name)                                                                         \
    EXEC_SIZES(name##_uxtb);                                                                       \
    EXEC_SIZES(name##_uxth);                                                                       \
    op_exec name##_uxtw_x;                                                                         \
    EXEC_SIZES(name##_sxtb);                                                                       \
    EXEC_SIZES(name##_sxth);                                                                       \
    op_exec name##_sxtw_x
EXEC_EXTENDS(exec_add);
EXEC_EXTENDS(exec_sub);
EXEC_EXTENDS(exec_adds);
EXEC_EXTENDS(exec_subs);

EXEC_SIZES(exec_adc);
EXEC_SIZES(exec_adcs);
EXEC_SIZES(exec_sbc);
EXEC_SIZES(exec_sbcs);

/* By [sf][cond]. Compares: imm is the immediate operand, ra the NZCV of a condition that fails. */
typedef op_exec *const exec_by_cond[2][16];
extern exec_by_cond exec_csel, exec_csinc, exec_csinv, exec_csneg;
extern exec_by_cond exec_ccmn, exec_ccmp, exec_ccmn_imm, exec_ccmp_imm;

/* One source. exec_rev32_w is REV of a W register. */
EXEC_SIZES(exec_rbit);
EXEC_SIZES(exec_rev16);
EXEC_SIZES(exec_rev32);
op_exec exec_rev_x;
EXEC_SIZES(exec_clz);
EXEC_SIZES(exec_cls);

/* Two sources. */
EXEC_SIZES(exec_udiv);
EXEC_SIZES(exec_sdiv);
EXEC_SIZES(exec_lslv);
EXEC_SIZES(exec_lsrv);
EXEC_SIZES(exec_asrv);
EXEC_SIZES(exec_rorv);
op_exec exec_crc32b, exec_crc32h, exec_crc32w, exec_crc32x;
op_exec exec_crc32cb, exec_crc32ch, exec_crc32cw, exec_crc32cx;

/* Three sources. */
EXEC_SIZES(exec_madd);
EXEC_SIZES(exec_msub);
EXEC_SIZES(exec_mul);
op_exec exec_smaddl, exec_smsubl, exec_umaddl, exec_umsubl, exec_smulh, exec_umulh;

#endif
