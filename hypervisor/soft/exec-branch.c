/* SPDX-License-Identifier: ISC */
/*
 * exec-branch.c: handlers of branches and exception generation (Arm ARM C3.1).
 */
#include "exec-branch.h"

#include "code.h"
#include "cond.h"
#include "cpu.h"
#include "except.h"

/*
 * Goes on at a later op of the current page: by tail call where OP_NEXT does so, else through the loop. Only forward: a turn of the
 * loop then visits each op of a page at most once, and its stack is bounded even where the compiler makes no tail call of one.
 */
#if defined(__OPTIMIZE__) && !defined(SOFTHV_NO_TAIL_CALLS)
#define OP_GO(c, op) return (op)->exec((c), (op))
#else
#define OP_GO(c, op) return (op)
#endif

#define HANDLER(name) const struct op *name(struct cpu *c, const struct op *op)

/* A direct branch out of the page. */
static const struct op *branch_far(struct cpu *c, const struct op *op)
{
    return code_branch(c, cpu_op_pc(c, op) + (uint64_t)op->imm * 4);
}

/*
 * The byte offset of a direct branch's target in page_ops. Beyond both ends of the page it is
 * larger than OPS_END: imm is a signed 26-bit number, so nothing wraps.
 */
#define OPS_END (CODE_OPS * sizeof(struct op))

static inline uintptr_t branch_offset(const struct cpu *c, const struct op *op)
{
    return (uintptr_t)op - (uintptr_t)c->page_ops +
           (uintptr_t)((intptr_t)op->imm * (intptr_t)sizeof(struct op));
}

static inline const struct op *branch_forward(struct cpu *c, const struct op *op)
{
    if (LIKELY(branch_offset(c, op) < OPS_END)) {
        OP_GO(c, op + op->imm);
    }
    return branch_far(c, op);
}

static inline const struct op *branch_back(struct cpu *c, const struct op *op)
{
    if (LIKELY(branch_offset(c, op) < OPS_END &&
               atomic_load_explicit(&c->attention, memory_order_relaxed) == 0)) {
        return op + op->imm;
    }
    return branch_far(c, op);
}

/* Both directions of a branch that does `first` and is taken under `condition`. */
#define BRANCH(name, condition, first)                                                             \
    static HANDLER(name##_forward)                                                                 \
    {                                                                                              \
        if (condition) {                                                                           \
            first;                                                                                 \
            return branch_forward(c, op);                                                          \
        }                                                                                          \
        OP_NEXT(c, op);                                                                            \
    }                                                                                              \
    static HANDLER(name##_back)                                                                    \
    {                                                                                              \
        if (condition) {                                                                           \
            first;                                                                                 \
            return branch_back(c, op);                                                             \
        }                                                                                          \
        OP_NEXT(c, op);                                                                            \
    }

#define BY_DIRECTION(name) exec_by_direction exec_##name = {name##_back, name##_forward}

BRANCH(b, true, (void)0)
BRANCH(bl, true, c->x[30] = cpu_op_pc(c, op) + 4)
BY_DIRECTION(b);
BY_DIRECTION(bl);

#define B_COND(cond, code) BRANCH(b_##cond, cpu_cond(c, code), (void)0)
FOR_EACH_COND(B_COND)

op_exec *const exec_b_cond[2][16] = {COND_TABLE(b, _back), COND_TABLE(b, _forward)};

BRANCH(cbz_w, (uint32_t)c->x[op->rn] == 0, (void)0)
BRANCH(cbz_x, c->x[op->rn] == 0, (void)0)
BRANCH(cbnz_w, (uint32_t)c->x[op->rn] != 0, (void)0)
BRANCH(cbnz_x, c->x[op->rn] != 0, (void)0)
BY_DIRECTION(cbz_w);
BY_DIRECTION(cbz_x);
BY_DIRECTION(cbnz_w);
BY_DIRECTION(cbnz_x);

BRANCH(tbz, (c->x[op->rn] >> (op->ra & 63) & 1) == 0, (void)0)
BRANCH(tbnz, (c->x[op->rn] >> (op->ra & 63) & 1) != 0, (void)0)
BY_DIRECTION(tbz);
BY_DIRECTION(tbnz);

HANDLER(exec_br)
{
    return code_branch(c, c->x[op->rn]);
}

HANDLER(exec_blr)
{
    uint64_t target = c->x[op->rn];

    c->x[30] = cpu_op_pc(c, op) + 4;
    return code_branch(c, target);
}

HANDLER(exec_eret)
{
    return c->el == 0 ? except_undefined(c, op) : except_return(c, op);
}

/* ---- Exception generation -------------------------------------------------------------------- */

/*
 * The preferred return address of SVC and HVC is the following instruction (D1.10.1), that of SMC
 * and BRK their own.
 */
HANDLER(exec_svc)
{
    c->ss = false; /* has been executed, as far as software step is concerned; so has HVC */
    return except_sync_at(c, cpu_op_pc(c, op) + 4, EC_SVC64, (uint32_t)op->imm);
}

HANDLER(exec_hvc)
{
    if (c->el == 0) {
        return except_undefined(c, op);
    }
    c->ss = false;
    return except_exit(c, cpu_op_pc(c, op) + 4, esr_make(EC_HVC64, (uint32_t)op->imm), 0, 0);
}

HANDLER(exec_smc)
{
    if (c->el == 0) {
        return except_undefined(c, op);
    }
    return except_exit(c, cpu_op_pc(c, op), esr_make(EC_SMC64, (uint32_t)op->imm), 0, 0);
}

HANDLER(exec_brk)
{
    if (c->trap_debug) {
        return except_exit(c, cpu_op_pc(c, op), esr_make(EC_BRK64, (uint32_t)op->imm), 0, 0);
    }
    return except_sync(c, op, EC_BRK64, (uint32_t)op->imm);
}
