/* SPDX-License-Identifier: ISC */
/*
 * exec-system.c: system instructions that are not moves: PSTATE writes, barriers, hints, and cache,
 * TLB and address translation maintenance (Arm ARM C5, D7.5, D8.13).
 */
#include <sched.h>
#include <stdatomic.h>

#include "code.h"
#include "debug.h"
#include "decode.h"
#include "except.h"
#include "mem.h"
#include "mmu.h"
#include "sysreg.h"
#include "vcpu.h"
#include "vm.h"

enum {
    SCTLR_NTWI = 1u << 16,
    SCTLR_NTWE = 1u << 18
};

static const struct op *resync_after(struct cpu *c, const struct op *op)
{
    return code_branch(c, cpu_op_pc(c, op) + 4);
}

/* An EL0 access that SCTLR_EL1 denies: EC 0x18 with the instruction's own fields (word: the
 * instruction). */
static const struct op *trap_system(struct cpu *c, const struct op *op, uint32_t word)
{
    uint32_t iss = bits32(word, 20, 19) << 20 | bits32(word, 7, 5) << 17 |
                   bits32(word, 18, 16) << 14 | bits32(word, 15, 12) << 10 |
                   bits32(word, 4, 0) << 5 | bits32(word, 11, 8) << 1 | bits32(word, 21, 21);

    return except_sync(c, op, EC_SYSREG, iss);
}

/* ---- MSR (immediate), C6.2.229 ------------------------------------------------------------------
 */

static const struct op *exec_msr_spsel(struct cpu *c, const struct op *op)
{
    if (c->el == 0) {
        return except_undefined(c, op);
    }
    cpu_set_level(c, c->el, (unsigned)op->imm & 1);
    OP_NEXT(c, op);
}

static const struct op *exec_msr_pan(struct cpu *c, const struct op *op)
{
    if (c->el == 0) {
        return except_undefined(c, op);
    }
    cpu_set_pan(c, op->imm & 1);
    OP_NEXT(c, op);
}

/* rd: 1 sets, 0 clears. */
static const struct op *exec_msr_daif(struct cpu *c, const struct op *op)
{
    uint32_t mask = ((uint32_t)op->imm & 15) << 6;

    if (c->el == 0 && !bit64(c->sctlr, 9)) {
        return trap_system(c, op, code_word(c, op));
    }
    if (op->rd) {
        c->daif |= mask;
    } else {
        c->daif &= ~mask;
        debug_update(c);
        if (cpu_interrupt_due(c) ||
            atomic_load_explicit(&c->attention, memory_order_relaxed) != 0) {
            return code_resync(c, cpu_op_pc(c, op) + 4);
        }
    }
    OP_NEXT(c, op);
}

bool sysreg_decode_immediate(uint32_t insn, struct op *op)
{
    op->imm = (int32_t)bits32(insn, 11, 8);
    switch (bits32(insn, 18, 16) << 3 | bits32(insn, 7, 5)) {
    case 004: op->exec = exec_msr_pan; return true;
    case 005: op->exec = exec_msr_spsel; return true;
    case 036:
        op->exec = exec_msr_daif;
        op->rd = 1;
        return true;
    case 037:
        op->exec = exec_msr_daif;
        op->rd = 0;
        return true;
    default: return false;
    }
}

/* ---- Barriers, C6.2
 * ------------------------------------------------------------------------------ */

static const struct op *exec_clrex(struct cpu *c, const struct op *op)
{
    c->excl_valid = false;
    OP_NEXT(c, op);
}

/* imm: CRm. Reads order as acquire, writes as release; the full kind needs the host's full fence
 * (B2.3.11). */
static const struct op *exec_dmb(struct cpu *c, const struct op *op)
{
    switch (op->imm & 3) {
    case 1: atomic_thread_fence(memory_order_acquire); break;
    case 2: atomic_thread_fence(memory_order_release); break;
    default: atomic_thread_fence(memory_order_seq_cst); break;
    }
    OP_NEXT(c, op);
}

static const struct op *exec_dsb(struct cpu *c, const struct op *op)
{
    struct vcpu *v = cpu_vcpu(c);

    atomic_thread_fence(memory_order_seq_cst);
    if (UNLIKELY(v->posted)) {
        uint64_t next = cpu_op_pc(c, op) + 4;
        v->posted = false;
        shootdown_wait(v->vm, v);
        return code_resync(c, next);
    }
    OP_NEXT(c, op);
}

static const struct op *exec_isb(struct cpu *c, const struct op *op)
{
    return resync_after(c, op);
}

bool sysreg_decode_barrier(uint32_t insn, struct op *op)
{
    op->imm = (int32_t)bits32(insn, 11, 8);
    switch (bits32(insn, 7, 5)) {
    case 2: op->exec = exec_clrex; return true;
    case 4: op->exec = exec_dsb; return true;
    case 5: op->exec = exec_dmb; return true;
    case 6: op->exec = exec_isb; return true;
    default: return false;
    }
}

/* ---- Hints, C6.2
 * --------------------------------------------------------------------------------- */

static const struct op *exec_nop(struct cpu *c, const struct op *op)
{
    OP_NEXT(c, op);
}

/* Spinning guests share few host cores: let the one they wait for run. */
static const struct op *exec_yield(struct cpu *c, const struct op *op)
{
    if (atomic_load_explicit(&cpu_vcpu(c)->vm->vcpu_count, memory_order_relaxed) > 1) {
        sched_yield();
    }
    OP_NEXT(c, op);
}

#define WFX_ISS UINT32_C(0x1e00000) /* CV = 1, COND = 0b1110 */

static const struct op *exec_wfe(struct cpu *c, const struct op *op)
{
    if (c->el == 0 && !(c->sctlr & SCTLR_NTWE)) {
        return except_sync(c, op, EC_WFX, WFX_ISS | 1);
    }
    return exec_yield(c, op);
}

static const struct op *exec_wfi(struct cpu *c, const struct op *op)
{
    struct vcpu *v = cpu_vcpu(c);
    uint64_t pc = cpu_op_pc(c, op);

    if (c->el == 0 && !(c->sctlr & SCTLR_NTWI)) {
        return except_sync(c, op, EC_WFX, WFX_ISS);
    }
    if (!vcpu_interrupt_pending(v)) {
        if (v->vm->wfi_exits) {
            return except_exit(c, pc, esr_make(EC_WFX, WFX_ISS), 0, 0);
        }
        vcpu_sleep(v);
    }
    return code_resync(c, pc + 4);
}

bool sysreg_decode_hint(uint32_t insn, struct op *op)
{
    switch (bits32(insn, 11, 5)) {
    case 1: op->exec = exec_yield; break;
    case 2: op->exec = exec_wfe; break;
    case 3: op->exec = exec_wfi; break;
    default: op->exec = exec_nop; break; /* NOP, SEV, SEVL, and hints of features not claimed */
    }
    return true;
}

/* ---- Maintenance by SYS, C5.3-C5.5 --------------------------------------------------------------
 */

static void broadcast(struct cpu *c, enum shootdown_kind kind, uint64_t arg)
{
    struct vcpu *v = cpu_vcpu(c);

    if (atomic_load_explicit(&v->vm->vcpu_count, memory_order_relaxed) > 1) {
        shootdown_post(v->vm, v, kind, arg);
        v->posted = true;
    }
}

/*
 * TLBI. imm: CRm (3 inner shareable, 7 local) << 4 | op2. A non-shareable TLBI reaches only this
 * PE. Invalidating more than asked, such as every ASID for a VA, is allowed (D8.13.1).
 */
static const struct op *exec_tlbi(struct cpu *c, const struct op *op)
{
    uint64_t arg = c->x[op->rn];
    enum shootdown_kind kind;

    if (c->el == 0) {
        return except_undefined(c, op);
    }
    switch (op->imm & 15) {
    case 0:
        kind = SHOOT_TLB_ALL;
        arg = 0;
        break;
    case 2:
        kind = SHOOT_TLB_ASID;
        arg >>= 48;
        break;
    default:
        kind = SHOOT_TLB_VA;
        arg = (uint64_t)sext64(arg << 12, 56);
        break;
    }
    shootdown_local(cpu_vcpu(c), kind, arg);
    if (op->imm >> 4 == 3) {
        broadcast(c, kind, arg);
    }
    OP_NEXT(c, op);
}

/* IC IALLU, IC IALLUIS. imm: 1 for the latter. */
static const struct op *exec_ic_all(struct cpu *c, const struct op *op)
{
    if (c->el == 0) {
        return except_undefined(c, op);
    }
    code_flush_all(c);
    if (op->imm) {
        broadcast(c, SHOOT_CODE_ALL, 0);
    }
    OP_NEXT(c, op);
}

static const struct op *exec_ic_ivau(struct cpu *c, const struct op *op)
{
    uint64_t ipa;

    if (c->el == 0 && !bit64(c->sctlr, 26)) {
        return trap_system(c, op, code_word(c, op));
    }
    if (!mem_cache_op(c, op, c->x[op->rn], false, &ipa)) {
        return NULL;
    }
    code_flush_line(c, ipa);
    broadcast(c, SHOOT_CODE_PAGE, ipa & GUEST_PAGE_MASK);
    OP_NEXT(c, op);
}

/* DC by address: no caches, but the translation faults of one. imm: bit 0, EL0 may; bit 1, needs
 * write permission (IVAC). */
static const struct op *exec_dc(struct cpu *c, const struct op *op)
{
    uint64_t ipa;

    if (c->el == 0) {
        if (!(op->imm & 1)) {
            return except_undefined(c, op);
        }
        if (!bit64(c->sctlr, 26)) {
            return trap_system(c, op, code_word(c, op));
        }
    }
    if (!mem_cache_op(c, op, c->x[op->rn], op->imm & 2, &ipa)) {
        return NULL;
    }
    OP_NEXT(c, op);
}

/* DC by set and way. */
static const struct op *exec_dc_set_way(struct cpu *c, const struct op *op)
{
    if (c->el == 0) {
        return except_undefined(c, op);
    }
    OP_NEXT(c, op);
}

static const struct op *exec_dc_zva(struct cpu *c, const struct op *op)
{
    if (c->el == 0 && !bit64(c->sctlr, 14)) {
        return trap_system(c, op, code_word(c, op));
    }
    if (!mem_zero_block(c, op, c->x[op->rn])) {
        return NULL;
    }
    OP_NEXT(c, op);
}

/* AT S1E{0,1}{R,W}: the outcome goes to PAR_EL1 (D17.2.111). imm: op2. */
static const struct op *exec_at(struct cpu *c, const struct op *op)
{
    bool el0 = op->imm & 2;
    unsigned need = op->imm & 1 ? MMU_WRITE : MMU_READ;
    uint64_t va = c->x[op->rn];
    struct mmu_page page;
    struct mmu_fault fault;
    bool pan = c->pan;
    bool ok;

    if (c->el == 0) {
        return except_undefined(c, op);
    }
    c->pan = false; /* AT S1E1R and S1E1W ignore PAN; the variants that heed it are FEAT_PAN2's */
    ok = mmu_walk(c, va, el0, &page, &fault);
    c->pan = pan;
    if (!ok && fault.stage2) {
        return except_exit(c, cpu_op_pc(c, op),
                           esr_make(EC_DABORT_LOWER, fault.fsc | 1u << 8 | 1u << 7), va, fault.ipa);
    }
    if (!ok || !(page.rights & need)) {
        c->par = 1 | (uint64_t)fault.fsc << 1 | UINT64_C(1) << 11;
    } else {
        uint64_t attr = page.device && !(c->sctlr & 1) ? 0 : page.attr;
        uint64_t shareability = page.device ? 2 : page.shareability;
        c->par = attr << 56 | page.ipa | UINT64_C(1) << 11 | shareability << 7;
    }
    OP_NEXT(c, op);
}

/* Keys of SYS instructions: op1, CRn, CRm, op2 with op0 = 1. */
#define SYS(op1, crn, crm, op2) SYSREG(1, op1, crn, crm, op2)

struct sys_insn {
    uint16_t key;
    uint8_t imm;
    op_exec *exec;
};

static const struct sys_insn sys_table[] = {
    /* C5.3 cache maintenance */
    {SYS(0, 7, 1, 0), 1, exec_ic_all},
    {SYS(0, 7, 5, 0), 0, exec_ic_all},
    {SYS(3, 7, 5, 1), 0, exec_ic_ivau},
    {SYS(0, 7, 6, 1), 2, exec_dc},
    {SYS(0, 7, 6, 2), 0, exec_dc_set_way},
    {SYS(0, 7, 10, 2), 0, exec_dc_set_way},
    {SYS(0, 7, 14, 2), 0, exec_dc_set_way},
    {SYS(3, 7, 4, 1), 0, exec_dc_zva},
    {SYS(3, 7, 10, 1), 1, exec_dc},
    {SYS(3, 7, 11, 1), 1, exec_dc},
    {SYS(3, 7, 14, 1), 1, exec_dc},
    /* C5.4 address translation */
    {SYS(0, 7, 8, 0), 0, exec_at},
    {SYS(0, 7, 8, 1), 1, exec_at},
    {SYS(0, 7, 8, 2), 2, exec_at},
    {SYS(0, 7, 8, 3), 3, exec_at},
    /* C5.5 TLB maintenance */
    {SYS(0, 8, 3, 0), 3 << 4 | 0, exec_tlbi},
    {SYS(0, 8, 3, 1), 3 << 4 | 1, exec_tlbi},
    {SYS(0, 8, 3, 2), 3 << 4 | 2, exec_tlbi},
    {SYS(0, 8, 3, 3), 3 << 4 | 3, exec_tlbi},
    {SYS(0, 8, 3, 5), 3 << 4 | 5, exec_tlbi},
    {SYS(0, 8, 3, 7), 3 << 4 | 7, exec_tlbi},
    {SYS(0, 8, 7, 0), 7 << 4 | 0, exec_tlbi},
    {SYS(0, 8, 7, 1), 7 << 4 | 1, exec_tlbi},
    {SYS(0, 8, 7, 2), 7 << 4 | 2, exec_tlbi},
    {SYS(0, 8, 7, 3), 7 << 4 | 3, exec_tlbi},
    {SYS(0, 8, 7, 5), 7 << 4 | 5, exec_tlbi},
    {SYS(0, 8, 7, 7), 7 << 4 | 7, exec_tlbi},
};

bool sysreg_decode_sys(uint32_t insn, struct op *op)
{
    unsigned key = sysreg_key(insn);

    if (bit32(insn, 21)) {
        return false; /* SYSL: nothing architected */
    }
    for (size_t i = 0; i < sizeof(sys_table) / sizeof(sys_table[0]); i++) {
        if (sys_table[i].key == key) {
            op->exec = sys_table[i].exec;
            op->imm = sys_table[i].imm;
            op->rn = reg_src(insn, 0);
            return true;
        }
    }
    return false;
}
