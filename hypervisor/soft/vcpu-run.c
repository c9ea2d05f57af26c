/* SPDX-License-Identifier: ISC */
/*
 * vcpu-run.c: the loop around guest instructions, interrupts, software step: hv_vcpu_run.
 */
#include <stdlib.h>

#include "code.h"
#include "decode.h"
#include "except.h"
#include "host-wait.h"
#include "mmu.h"
#include "vcpu.h"
#include "vm.h"

enum {
    MDSCR_SS = 1u << 0,
    MDSCR_KDE = 1u << 13
};

void cpu_set_pan(struct cpu *c, bool pan)
{
    /* EL1's TLB holds rights as they are without PAN or, once it was set, no user pages at all. */
    if (pan && !c->pan && c->tlbs[1].has_user) {
        mmu_tlb_flush_all(c);
    }
    c->pan = pan;
}

/* D2.12.3: whether debug exceptions, and so software step, are enabled at the present level. */
static bool step_enabled(const struct cpu *c)
{
    return (c->mdscr & MDSCR_SS) && (c->el == 0 || ((c->mdscr & MDSCR_KDE) && !(c->daif & DAIF_D)));
}

void cpu_update_step(struct cpu *c)
{
    if (step_enabled(c)) {
        atomic_fetch_or(&c->attention, (unsigned)ATTN_STEP);
    } else if (UNLIKELY(atomic_load_explicit(&c->attention, memory_order_relaxed) & ATTN_STEP)) {
        atomic_fetch_and(&c->attention, ~(unsigned)ATTN_STEP);
    }
}

static const struct op *op_step_end(struct cpu *c, const struct op *op)
{
    return code_resync(c, cpu_op_pc(c, op));
}

/* A page of ops that each end the step; made when software step is first used. NULL: out of memory.
 */
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

/*
 * Active-not-pending: executes the one instruction at c->pc. Its op is copied into a page where
 * every other op ends the step, so that whatever it goes on to, by tail call or by branch, is not
 * executed.
 */
static void step_once(struct vcpu *v)
{
    struct cpu *c = &v->cpu;
    const struct op *op = code_enter(c, c->pc);
    struct code_page *page = step_page(v);
    struct op *copy;

    if (op == NULL) {
        return; /* an exception or an exit instead */
    }
    if (page == NULL) {
        vcpu_attention(v, ATTN_TIMER); /* try again */
        return;
    }
    copy = &page->op[op - c->page_ops];
    decode_insn(code_word(c, op), copy);
    page->ipa = c->page->ipa;
    page->host = c->page->host;
    c->page = page;
    c->page_ops = page->op;
    c->ss = false;
    op = copy->exec(c, copy);
    if (op != NULL) {
        c->pc = cpu_op_pc(c, op);
    }
    *copy = (struct op){.exec = op_step_end};
    cpu_update_step(c);
}

static void step(struct vcpu *v)
{
    struct cpu *c = &v->cpu;

    if (c->ss) {
        step_once(v);
        return;
    }
    /* Active-pending: ISS.ISV = 1, EX = 0, IFSC = 0b100010. */
    unsigned ec = c->el == 0 ? EC_STEP_LOWER : EC_STEP_SAME;
    uint32_t iss = 1u << 24 | 0x22;
    if (c->trap_debug) {
        except_exit(c, c->pc, esr_make(EC_STEP_LOWER, iss), 0, 0);
    } else {
        except_sync_at(c, c->pc, ec, iss);
    }
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

static bool take_interrupt(struct cpu *c)
{
    if (atomic_load_explicit(&c->fiq_line, memory_order_relaxed) && !(c->daif & DAIF_F)) {
        except_take(c, EXCEPT_FIQ, c->pc, 0);
        return true;
    }
    if (atomic_load_explicit(&c->irq_line, memory_order_relaxed) && !(c->daif & DAIF_I)) {
        except_take(c, EXCEPT_IRQ, c->pc, 0);
        return true;
    }
    return false;
}

void vcpu_run(struct vcpu *v)
{
    struct cpu *c = &v->cpu;

    v->exit_pending = false;
    shootdown_enter(v);
    for (;;) {
        unsigned attention = atomic_load_explicit(&c->attention, memory_order_relaxed);
        if (attention & ~(unsigned)ATTN_STEP) {
            look_up(v);
        }
        if (v->exit_pending) {
            break;
        }
        take_interrupt(c);
        if (UNLIKELY(attention & ATTN_STEP)) {
            step(v);
            continue;
        }
        const struct op *op = code_enter(c, c->pc);
        while (op != NULL) {
            op = op->exec(c, op);
        }
    }
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
    timer_update(v);
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
