/* SPDX-License-Identifier: ISC */
/*
 * op.h: the decoded form of an instruction.
 *
 * A page of guest code becomes an array of 1024 ops plus one sentinel (code.h). Executing an op
 * means calling its handler. A handler that does not change the flow ends with OP_NEXT, a tail call
 * to the handler of the following op; a handler that does (a branch, an exception, a context
 * change) returns:
 *
 *   an op    the loop in vcpu-run.c goes on there (this bounds the stack in builds without tail
 * calls); NULL     cpu.pc holds the next address, and the loop looks at events and exits before it
 * goes on.
 *
 * Ops carry no virtual address: pc-relative handlers compute it from cpu.page_va, so that one
 * decoded page serves every mapping and every address space. The operands are explicit fields and
 * not a packed instruction word so that a translator to host code can be built on this form.
 */
#ifndef SOFTHV_OP_H
#define SOFTHV_OP_H

#include <stdint.h>

struct cpu;
struct op;

typedef const struct op *op_exec(struct cpu *c, const struct op *op);

/*
 * Register operands are slots of cpu.x: 0-30, REG_SP, REG_ZR (reads as zero) or REG_SINK (where a
 * write to XZR goes); for vectors 0-31. imm is whatever the handler documents; handlers of the
 * rarer classes keep the instruction word there.
 */
struct op {
    op_exec *exec;
    uint8_t rd;
    uint8_t rn;
    uint8_t rm;
    uint8_t ra;
    int32_t imm;
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct op) == 16,
               "an op is 16 bytes: four to a cache line");

/* Builds that keep every frame (sanitizers, -O0) come back to the loop instead of growing the
 * stack. */
#if defined(__OPTIMIZE__) && !defined(SOFTHV_NO_TAIL_CALLS)
#define OP_NEXT(c, op) return (op)[1].exec((c), (op) + 1)
#else
#define OP_NEXT(c, op) return (op) + 1
#endif

#endif
