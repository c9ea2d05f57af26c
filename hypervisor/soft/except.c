/* SPDX-License-Identifier: ISC */
/*
 * except.c: exception entry and return (Arm ARM D1.10, D1.11) and exits to the VMM. See except.h.
 */
#include "except.h"

#include <stddef.h>

#include "code.h"
#include "debug.h"
#include "mmu.h"
#include "vcpu.h"

enum {
    SCTLR_SPAN = 1u << 23
};
enum {
    SPSR_M_MASK = 0x1f,
    SPSR_IL = 1u << 20,
    SPSR_SS = 1u << 21,
    SPSR_PAN = 1u << 22,
    SPSR_DAIF = 0x3c0
};

#define VBAR_BASE (~UINT64_C(0x7ff))

void cpu_update_fp_trap(struct cpu *c)
{
    unsigned fpen = (unsigned)bits64(c->cpacr, 21, 20);

    c->fp_trapped = fpen == 3 ? false : c->el == 0 || fpen != 1;
}

void cpu_set_level(struct cpu *c, unsigned el, unsigned spsel)
{
    unsigned old = c->spsel ? c->el : 0;
    unsigned now = spsel ? el : 0;

    if (old != now) {
        c->sp_el[old] = c->x[REG_SP];
        c->x[REG_SP] = c->sp_el[now];
    }
    c->spsel = (uint8_t)spsel;
    if (c->el != el) {
        c->el = (uint8_t)el;
        c->tlb = &c->tlbs[el];
        cpu_update_fp_trap(c);
    }
}

uint64_t cpu_pstate(const struct cpu *c)
{
    return cpu_nzcv(c) | (c->pan ? (uint64_t)SPSR_PAN : 0) | (c->ss ? (uint64_t)SPSR_SS : 0) |
           (c->il ? (uint64_t)SPSR_IL : 0) | c->daif | (uint64_t)c->el << 2 | c->spsel;
}

void cpu_set_pstate(struct cpu *c, uint64_t spsr)
{
    unsigned el = bit64(spsr, 2);

    cpu_set_nzcv(c, (uint32_t)spsr);
    c->pan = (spsr & SPSR_PAN) != 0;
    c->ss = (spsr & SPSR_SS) != 0;
    c->il = (spsr & SPSR_IL) != 0;
    c->daif = (uint32_t)spsr & SPSR_DAIF;
    cpu_set_level(c, el, el == 0 ? 0 : spsr & 1);
}

void except_take(struct cpu *c, enum except_kind kind, uint64_t ret, uint64_t esr)
{
    uint64_t spsr = cpu_pstate(c);
    unsigned from = c->el == 0 ? 0x400 : c->spsel ? 0x200 : 0x000;
    bool had_pan = c->pan;

    c->spsr = spsr;
    c->elr = ret;
    if (kind == EXCEPT_SYNC || kind == EXCEPT_SERROR) {
        c->esr = esr;
    }
    c->daif = SPSR_DAIF;
    c->il = false;
    c->ss = false;
    c->step_iss = 0;
    cpu_set_pan(c, had_pan || !(c->sctlr & SCTLR_SPAN));
    cpu_set_level(c, 1, 1);
    c->pc = (c->vbar & VBAR_BASE) + from + (unsigned)kind;
    debug_update(c);
}

const struct op *except_sync_at(struct cpu *c, uint64_t ret, unsigned ec, uint32_t iss)
{
    except_take(c, EXCEPT_SYNC, ret, esr_make(ec, iss));
    return NULL;
}

const struct op *except_sync(struct cpu *c, const struct op *op, unsigned ec, uint32_t iss)
{
    return except_sync_at(c, cpu_op_pc(c, op), ec, iss);
}

const struct op *except_undefined(struct cpu *c, const struct op *op)
{
    return except_sync(c, op, EC_UNKNOWN, 0);
}

const struct op *except_fp_access(struct cpu *c, const struct op *op)
{
    return except_sync(c, op, EC_FP_ACCESS, UINT32_C(0x1e00000)); /* CV = 1, COND = 0b1110 */
}

const struct op *except_exit(struct cpu *c, uint64_t pc, uint64_t syndrome, uint64_t va,
                             uint64_t ipa)
{
    struct vcpu *v = cpu_vcpu(c);

    v->exit.reason = HV_EXIT_REASON_EXCEPTION;
    v->exit.exception.syndrome = syndrome;
    v->exit.exception.virtual_address = va;
    v->exit.exception.physical_address = ipa;
    v->exit_pending = true;
    c->pc = pc;
    return NULL;
}

/* D1.11.4: only EL0t, EL1t and EL1h in AArch64 state exist here. */
static bool legal_return(uint64_t spsr)
{
    unsigned m = (unsigned)spsr & SPSR_M_MASK;

    return m == 0x0 || m == 0x4 || m == 0x5;
}

const struct op *except_return(struct cpu *c, const struct op *op)
{
    uint64_t spsr = c->spsr;
    uint64_t target = c->elr;
    bool legal = legal_return(spsr);
    bool ss = debug_return_ss(c, spsr, legal ? bit64(spsr, 2) : c->el);

    (void)op;
    c->excl_valid = false;
    cpu_set_pan(c, (spsr & SPSR_PAN) != 0);
    if (legal) {
        cpu_set_pstate(c, spsr);
    } else {
        /* The level and the stack stay; flags and masks are restored, and the next instruction
         * faults. */
        cpu_set_nzcv(c, (uint32_t)spsr);
        c->daif = (uint32_t)spsr & SPSR_DAIF;
        c->il = true;
    }
    c->ss = ss;
    c->step_iss = 0;
    debug_update(c);
    if (c->il || cpu_interrupt_due(c)) {
        return code_resync(c, target);
    }
    return code_branch(c, target);
}
