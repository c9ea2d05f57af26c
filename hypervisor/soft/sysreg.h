/* SPDX-License-Identifier: ISC */
/*
 * sysreg.h: the system registers of EL0 and EL1, their access rules and side effects.
 *
 * One table (sysreg.c) serves the guest's MRS and MSR and the VMM's hv_vcpu_get_sys_reg and
 * hv_vcpu_set_sys_reg. Registers that the framework hands to the VMM exit with EC 0x18.
 */
#ifndef SOFTHV_SYSREG_H
#define SOFTHV_SYSREG_H

#include "cpu.h"

/* Key of a register: op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0], the framework's
 * hv_sys_reg_t. */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
    ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

#define SYSREG_FPCR SYSREG(3u, 3u, 4u, 4u, 0u)
#define SYSREG_FPSR SYSREG(3u, 3u, 4u, 4u, 1u)

/* Bits 20:5 of an MRS, MSR or SYS instruction as such a key. */
static inline unsigned sysreg_key(uint32_t insn)
{
    return bits32(insn, 20, 5);
}

/*
 * Fill an op for MRS/MSR (register), MSR (immediate), SYS/SYSL (IC, DC, AT, TLBI), barriers and
 * hints: everything in C4.1.94 "System instructions" and friends. false: unallocated. Called by
 * decode-branch.c.
 */
bool sysreg_decode_move(uint32_t insn, struct op *op); /* MRS, MSR (register) */
bool sysreg_decode_immediate(uint32_t insn,
                             struct op *op); /* MSR (immediate), CFINV and friends undefined */
bool sysreg_decode_sys(uint32_t insn, struct op *op); /* SYS, SYSL */
bool sysreg_decode_hint(
    uint32_t insn, struct op *op); /* NOP, YIELD, WFE, WFI, SEV, SEVL, unallocated hints: NOP */
bool sysreg_decode_barrier(uint32_t insn, struct op *op); /* CLREX, DSB, DMB, ISB */

/* The VMM's view, by key. false: no such register. Owner's thread, outside of run. */
bool sysreg_get(struct cpu *c, unsigned key, uint64_t *val);
bool sysreg_set(struct cpu *c, unsigned key, uint64_t val);

#endif
