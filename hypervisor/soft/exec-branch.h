/* SPDX-License-Identifier: ISC */
/*
 * exec-branch.h: handlers of branches and exception generation.
 *
 * The imm of a direct branch is its displacement in instructions. Since an op does not know its
 * own address, the handler finds out whether the target lies in the current page; the direction is
 * known at decode time, and a handler's _forward member may go on without looking at
 * cpu.attention, because what only moves forward soon leaves the page.
 */
#ifndef SOFTHV_EXEC_BRANCH_H
#define SOFTHV_EXEC_BRANCH_H

#include "op.h"

/* By [forward]: 0 for imm <= 0, 1 for imm > 0. */
typedef op_exec *const exec_by_direction[2];

extern exec_by_direction exec_b, exec_bl;
extern op_exec *const exec_b_cond[2][16];                                  /* by [forward][cond] */
extern exec_by_direction exec_cbz_w, exec_cbz_x, exec_cbnz_w, exec_cbnz_x; /* rn */
extern exec_by_direction exec_tbz, exec_tbnz;                              /* rn; ra: bit number */

/* To the address in rn. */
op_exec exec_br, exec_blr;
op_exec exec_eret;

/* imm: the 16 bits of the instruction. */
op_exec exec_svc, exec_hvc, exec_smc, exec_brk;

#endif
