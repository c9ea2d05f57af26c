/* SPDX-License-Identifier: ISC */
/*
 * vcpu-run.c: the loop around guest instructions, interrupts, software step: hv_vcpu_run.
 */
#include <stdlib.h>

#include "code.h"
#include "debug.h"
#include "decode.h"
#include "except.h"
#include "host-wait.h"
#include "mmu.h"
#include "vcpu.h"
#include "vm.h"

void cpu_set_pan(struct cpu *c, bool pan)
{
    /* EL1's TLB holds rights as they are without PAN or, once it was set, no user pages at all. */
    if (pan && !c->pan && c->tlbs[1].has_user) {
        mmu_tlb_flush_all(c);
    }
    c->pan = pan;
}

/* ISS of a software step exception (D17.2.37). */
enum {
    STEP_EX = 1u << 6,
    STEP_ISV = 1u << 24
};

static const struct op *op_step_end(struct cpu *c, const struct op *op)
{
    return code_resync(c, cpu_op_pc(c, op));
}

/* A page of ops that each end the step; made when it is first used. NULL: out of memory. */
static struct code_page *step_page(struct vcpu *v)
{
    if (v->step_page == NULL) {
        v->step_page = malloc(sizeof(*v->step_page));
        for (unsigned i = 0; v->step_page != NULL && i <= CODE_OPS; i++) {
            v->step_page->op[i] = (struct op){.exec = op_step_end};
        }
    }
    return v->step_page;
}

/* PSTATE.IL: the instruction at pc is not executed (D1.12.4 has this after instruction aborts and
 * breakpoints). */
static void take_illegal_state(struct cpu *c, uint64_t pc)
{
    except_sync_at(c, pc, EC_ILLEGAL_STATE, 0);
}

/* Load-exclusives: ISS.EX of the software step exception that follows them. */
static bool is_load_exclusive(uint32_t insn)
{
    return (insn & 0x3fc00000) == 0x08400000 && (!bit32(insn, 21) || bit32(insn, 31));
}

/*
 * Executes the one instruction at op. It is copied into a page where every other op ends the step, so
 * that whatever it goes on to, by tail call or by branch, is not executed.
 */
static void execute_one(struct vcpu *v, struct code_page *page, const struct op *op)
{
    struct cpu *c = &v->cpu;
    uint32_t insn = code_word(c, op);
    struct op *copy = &page->op[op - c->page_ops];

    decode_insn(insn, copy);
    page->ipa = c->page->ipa;
    page->host = c->page->host;
    c->page = page;
    c->page_ops = page->op;
    c->step_iss = STEP_ISV | (is_load_exclusive(insn) ? (uint32_t)STEP_EX : 0);
    op = copy->exec(c, copy);
    if (op != NULL) {
        c->pc = cpu_op_pc(c, op);
    }
    *copy = (struct op){.exec = op_step_end};
}

/* One turn of the run loop while software step is active or a breakpoint is enabled. */
static void step(struct vcpu *v)
{
    struct cpu *c = &v->cpu;
    struct code_page *page = step_page(v);
    const struct op *op;

    if (debug_stepping(c) && !c->ss) {
        debug_raise(c, c->pc, EC_STEP_LOWER, FSC_DEBUG | c->step_iss, 0); /* active-pending */
        return;
    }
    if (page == NULL) {
        vcpu_attention(v, ATTN_TIMER); /* try again */
        return;
    }
    op = code_enter(c, c->pc);
    if (op == NULL) {
        return; /* an exception or an exit instead */
    }
    if (debug_breakpoint_hit(c, cpu_op_pc(c, op))) {
        debug_raise(c, cpu_op_pc(c, op), EC_BREAKPOINT_LOWER, FSC_DEBUG, 0);
        return;
    }
    if (c->il) {
        take_illegal_state(c, cpu_op_pc(c, op));
        return;
    }
    execute_one(v, page, op);
    /* An exception has saved PSTATE.SS, which is now 0; after an exit the instruction is not done. */
    if (!v->exit_pending) {
        c->ss = false;
    }
    debug_update(c);
}

/* Looks at everything that may have happened. Sets v->exit_pending for what the VMM must see. */
static void look_up(struct vcpu *v)
{
    struct cpu *c = &v->cpu;
    unsigned bits = atomic_fetch_and(&c->attention, (unsigned)ATTN_STEP);

    if (bits & ATTN_SHOOTDOWN) {
        shootdown_apply(v);
    }
    if (bits & ATTN_TIMER) {
        timer_update(v);
        if (timer_exit_due(v) && !v->exit_pending) {
            v->vtimer_masked = true;
            v->exit.reason = HV_EXIT_REASON_VTIMER_ACTIVATED;
            v->exit_pending = true;
        }
    }
    if (bits & ATTN_KICK) {
        if (v->exit_pending) {
            /* Another reason is on its way out: the kick is for the next run. */
            atomic_fetch_or(&c->attention, (unsigned)ATTN_KICK);
        } else {
            v->exit.reason = HV_EXIT_REASON_CANCELED;
            v->exit_pending = true;
        }
    }
}

static void take_interrupt(struct cpu *c)
{
    if (atomic_load_explicit(&c->fiq_line, memory_order_relaxed) && !(c->daif & DAIF_F)) {
        except_take(c, EXCEPT_FIQ, mmu_untag(c, c->pc), 0);
    } else if (atomic_load_explicit(&c->irq_line, memory_order_relaxed) && !(c->daif & DAIF_I)) {
        except_take(c, EXCEPT_IRQ, mmu_untag(c, c->pc), 0);
    }
}

void vcpu_run(struct vcpu *v)
{
    struct cpu *c = &v->cpu;

    v->exit_pending = false;
    shootdown_enter(v);
    for (;;) {
        if (atomic_load_explicit(&c->attention, memory_order_relaxed) & ~(unsigned)ATTN_STEP) {
            look_up(v);
        }
        if (v->exit_pending) {
            break;
        }
        take_interrupt(c);
        if (UNLIKELY(atomic_load_explicit(&c->attention, memory_order_relaxed) & ATTN_STEP)) {
            step(v);
            continue;
        }
        const struct op *op = code_enter(c, c->pc);
        if (UNLIKELY(c->il) && op != NULL) {
            take_illegal_state(c, cpu_op_pc(c, op));
            continue;
        }
        while (op != NULL) {
            op = op->exec(c, op);
        }
    }
    c->pc = mmu_untag(c, c->pc); /* a branch leaves that to whoever goes on */
    shootdown_leave(v);
}

hv_return_t hv_vcpu_run(hv_vcpu_t vcpu)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);
    uint64_t start;

    if (v == NULL) {
        return ret;
    }
    start = host_now_ns();
    if (v->vm->gic == NULL) {
        atomic_store(&v->cpu.irq_line, v->pending_irq);
        atomic_store(&v->cpu.fiq_line, v->pending_fiq);
    }
    timer_update_at(v, start);
    debug_update(&v->cpu); /* hv_vcpu_set_trap_debug_exceptions decides too */
    vcpu_run(v);
    if (v->vm->gic == NULL) {
        v->pending_irq = false;
        v->pending_fiq = false;
    }
    v->exec_time_ns += host_now_ns() - start;
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_exec_time(hv_vcpu_t vcpu, uint64_t *time)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);

    if (v == NULL || time == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *time = v->exec_time_ns;
    return HV_SUCCESS;
}
