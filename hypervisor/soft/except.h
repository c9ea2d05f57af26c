/* SPDX-License-Identifier: ISC */
/*
 * except.h: exceptions to EL1 and exits to the VMM, as instruction handlers raise them.
 *
 * Each function leaves cpu.pc at the next address to execute (the vector, or the instruction itself
 * for an exit) and returns NULL, so that a handler can end with `return except_undefined(c, op);`.
 */
#ifndef SOFTHV_EXCEPT_H
#define SOFTHV_EXCEPT_H

#include "cpu.h"

/* Exception classes, ESR_ELx.EC (D17.2.37). */
enum except_class {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP_ACCESS = 0x07,
    EC_ILLEGAL_STATE = 0x0e,
    EC_SVC64 = 0x15,
    EC_HVC64 = 0x16,
    EC_SMC64 = 0x17,
    EC_SYSREG = 0x18,
    EC_IABORT_LOWER = 0x20,
    EC_IABORT_SAME = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_DABORT_LOWER = 0x24,
    EC_DABORT_SAME = 0x25,
    EC_SP_ALIGN = 0x26,
    EC_FP_EXCEPTION = 0x2c,
    EC_BREAKPOINT_LOWER = 0x30, /* these three from the same level: one more */
    EC_STEP_LOWER = 0x32,
    EC_WATCHPOINT_LOWER = 0x34,
    EC_BRK64 = 0x3c,
};

#define ESR_IL UINT64_C(0x2000000)

static inline uint64_t esr_make(unsigned ec, uint32_t iss)
{
    return (uint64_t)ec << 26 | ESR_IL | iss;
}

enum except_kind {
    EXCEPT_SYNC = 0x000,
    EXCEPT_IRQ = 0x080,
    EXCEPT_FIQ = 0x100,
    EXCEPT_SERROR = 0x180
};

/* Takes an exception to EL1. ret: the preferred return address. esr: only for EXCEPT_SYNC and
 * EXCEPT_SERROR. */
void except_take(struct cpu *c, enum except_kind kind, uint64_t ret, uint64_t esr);

/* Exception return (ERET at op, at EL1). Illegal returns set PSTATE.IL as D1.11.4 asks. */
const struct op *except_return(struct cpu *c, const struct op *op);

const struct op *except_undefined(struct cpu *c, const struct op *op);
const struct op *except_sync(struct cpu *c, const struct op *op, unsigned ec, uint32_t iss);
const struct op *except_sync_at(struct cpu *c, uint64_t ret, unsigned ec, uint32_t iss);

/* SIMD&FP access while CPACR_EL1.FPEN denies it: EC 0x07. Handlers of such instructions begin with
 * FP_CHECK. */
const struct op *except_fp_access(struct cpu *c, const struct op *op);

#define FP_CHECK(c, op)                                                                            \
    do {                                                                                           \
        if (UNLIKELY((c)->fp_trapped)) {                                                           \
            return except_fp_access((c), (op));                                                    \
        }                                                                                          \
    } while (0)

/* Ends hv_vcpu_run with HV_EXIT_REASON_EXCEPTION; pc: where the next run goes on. */
const struct op *except_exit(struct cpu *c, uint64_t pc, uint64_t syndrome, uint64_t va,
                             uint64_t ipa);

/* Moves to exception level el with stack pointer selection spsel: banks SP, picks the TLB and the
 * FP trap. */
void cpu_set_level(struct cpu *c, unsigned el, unsigned spsel);

/* SPSR_ELx format of the present PSTATE, and back (only NZCV, DAIF, PAN, SS, IL, M: no checks). */
uint64_t cpu_pstate(const struct cpu *c);
void cpu_set_pstate(struct cpu *c, uint64_t spsr);

/* Sets PSTATE.PAN, with what that means for cached translations. */
void cpu_set_pan(struct cpu *c, bool pan);

/* Whether an unmasked interrupt waits, so that the run loop must look before the next instruction.
 */
static inline bool cpu_interrupt_due(const struct cpu *c)
{
    return (atomic_load_explicit(&c->irq_line, memory_order_relaxed) && !(c->daif & DAIF_I)) ||
           (atomic_load_explicit(&c->fiq_line, memory_order_relaxed) && !(c->daif & DAIF_F));
}

/* Recomputes what CPACR_EL1 and the level decide. */
void cpu_update_fp_trap(struct cpu *c);

#endif
