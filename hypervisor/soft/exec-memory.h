/* SPDX-License-Identifier: ISC */
/*
 * exec-memory.h: handlers of the loads and stores of general registers, and what they share with
 * the SIMD&FP ones.
 *
 * Handlers come in families: a kind (what is moved: LDRSB to 32 bits, STR of 64) in each form (how
 * the address is made). Both are fixed at decode time, so that a hot handler is an addition, a TLB
 * probe, a move and the jump to the next op. What misses the TLB leaves through an out-of-line
 * function: no handler has a local variable whose address escapes, because compilers then give up
 * the tail call.
 *
 * Operands of the op: rd is Rt, ra is Rt2, rn the base (REG_SP for 31), rm the index or Rs, imm the
 * offset in bytes unless a group says otherwise.
 *
 * CONSTRAINED UNPREDICTABLE (K1.2) choices, the same as QEMU's: writeback to the register just
 * loaded leaves the address; LDP, LDPSW and LDNP with Rt == Rt2 leave the first element, LDXP the
 * second; a store writes what the register held before writeback or status; should-be-one fields
 * are ignored.
 */
#ifndef SOFTHV_EXEC_MEMORY_H
#define SOFTHV_EXEC_MEMORY_H

#include <stddef.h>

#include "mem.h"

/* ---- The fast path, for handlers ------------------------------------------------------------- */

/*
 * Templates that must be specialised by constant arguments, and roads that must not be merged into
 * the fast one.
 */
#define MEM_TEMPLATE  static inline __attribute__((always_inline))
#define MEM_SLOW_ROAD static __attribute__((noinline))

/* Whether `tag` (a TLB entry's read or write) serves an access at va aligned to `align`. */
MEM_TEMPLATE bool mem_hit(uint64_t tag, const struct tlb *t, uint64_t va, unsigned align)
{
    return LIKELY(tag == tlb_tag(t, va, align));
}

MEM_TEMPLATE bool mem_in_page(uint64_t va, unsigned bytes)
{
    return LIKELY((va & ~GUEST_PAGE_MASK) <= GUEST_PAGE_SIZE - bytes);
}

/* Host address of va, after a hit. */
MEM_TEMPLATE char *mem_host(const struct tlb_entry *e, uint64_t va)
{
    return (char *)(e->host + (uintptr_t)va);
}

/*
 * The check of a misaligned SP (mem_base) in two parts, so that the fast path has no call that
 * comes back: it leaves by the slow road unless mem_sp_fine, and the slow road begins with
 * mem_sp_checked. SP is only written after that.
 */
MEM_TEMPLATE bool mem_sp_fine(const struct cpu *c, const struct op *op)
{
    return LIKELY(op->rn != REG_SP || (c->x[REG_SP] & 15) == 0);
}

MEM_TEMPLATE bool mem_sp_checked(struct cpu *c, const struct op *op)
{
    return mem_sp_fine(c, op) || mem_sp_aligned_slow(c, op);
}

MEM_TEMPLATE uint64_t mem_offset(const struct op *op)
{
    return (uint64_t)(int64_t)op->imm;
}

/* The index register of the UXTW and SXTW forms, shifted by imm. */
MEM_TEMPLATE uint64_t mem_index_uxtw(const struct cpu *c, const struct op *op)
{
    return (uint64_t)(uint32_t)c->x[op->rm] << op->imm;
}

MEM_TEMPLATE uint64_t mem_index_sxtw(const struct cpu *c, const struct op *op)
{
    return (uint64_t)sext64(c->x[op->rm], 32) << op->imm;
}

/* How an address was made, as far as the access cares. */
enum mem_form {
    FORM_PLAIN,     /* the base is known not to be SP */
    FORM_MAYBE_SP,  /* SP must be checked if it is the base */
    FORM_WRITEBACK, /* that, and the base register is written afterwards */
};

MEM_TEMPLATE bool mem_base_fine(const struct cpu *c, const struct op *op, enum mem_form form)
{
    return form == FORM_PLAIN || mem_sp_fine(c, op);
}

/*
 * Does the whole access through mem.c's slow paths, SP check first. `base` is the new value of the
 * base register; roads without writeback ignore it. Returns the next op, to the loop.
 */
typedef const struct op *mem_slow_road(struct cpu *c, const struct op *op, struct tlb *t,
                                       uint64_t va, uint64_t base);

/* ---- Single registers ------------------------------------------------------------------------ */

enum mem_extend {
    EXTEND_ZERO,
    EXTEND_SIGN32,
    EXTEND_SIGN64
};

/* name, bytes, log2(bytes), extension to the register */
#define MEM_LOADS(X)                                                                               \
    X(ldrb, 1, 0, EXTEND_ZERO)                                                                     \
    X(ldrh, 2, 1, EXTEND_ZERO)                                                                     \
    X(ldr_w, 4, 2, EXTEND_ZERO)                                                                    \
    X(ldr_x, 8, 3, EXTEND_ZERO)                                                                    \
    X(ldrsb_w, 1, 0, EXTEND_SIGN32)                                                                \
    X(ldrsb_x, 1, 0, EXTEND_SIGN64)                                                                \
    X(ldrsh_w, 2, 1, EXTEND_SIGN32)                                                                \
    X(ldrsh_x, 2, 1, EXTEND_SIGN64)                                                                \
    X(ldrsw, 4, 2, EXTEND_SIGN64)

#define MEM_STORES(X)                                                                              \
    X(strb, 1, 0, EXTEND_ZERO)                                                                     \
    X(strh, 2, 1, EXTEND_ZERO)                                                                     \
    X(str_w, 4, 2, EXTEND_ZERO)                                                                    \
    X(str_x, 8, 3, EXTEND_ZERO)

/*
 * imm     base + imm, base not SP (unsigned immediate and unscaled)     sp      the same with SP
 * pre     base += imm, then there                                       post    at base, then base
 * += imm reg     base + Xm (LSL #0, SXTX #0)                                   scaled  base + (Xm
 * << log2(bytes)) uxtw    base + (zero-extended Wm << imm)                              sxtw
 * base + (sign-extended Wm << imm) unpriv  base + imm with EL0's rights (LDTR, STTR)
 */
#define MEM_DECLARE_SINGLE(k, bytes, log2, how)                                                    \
    op_exec op_##k##_imm, op_##k##_sp, op_##k##_pre, op_##k##_post, op_##k##_reg, op_##k##_scaled, \
        op_##k##_uxtw, op_##k##_sxtw, op_##k##_unpriv;

MEM_LOADS(MEM_DECLARE_SINGLE)
MEM_STORES(MEM_DECLARE_SINGLE)

/* Literals: at the op's own address + imm. */
op_exec op_ldr_w_literal, op_ldr_x_literal, op_ldrsw_literal;

/* PRFM, PRFUM: nothing to do, not even a check of SP. */
op_exec op_prefetch;

/* ---- Pairs ----------------------------------------------------------------------------------- */

#define MEM_LOAD_PAIRS(X)                                                                          \
    X(ldp_w, 4, EXTEND_ZERO)                                                                       \
    X(ldp_x, 8, EXTEND_ZERO)                                                                       \
    X(ldpsw, 4, EXTEND_SIGN64)

#define MEM_STORE_PAIRS(X)                                                                         \
    X(stp_w, 4, EXTEND_ZERO)                                                                       \
    X(stp_x, 8, EXTEND_ZERO)

#define MEM_DECLARE_PAIR(k, bytes, how)                                                            \
    op_exec op_##k##_imm, op_##k##_sp, op_##k##_pre, op_##k##_post;

MEM_LOAD_PAIRS(MEM_DECLARE_PAIR)
MEM_STORE_PAIRS(MEM_DECLARE_PAIR)

/* ---- Exclusives, ordered accesses, atomics --------------------------------------------------- */

/*
 * Suffix: bits of memory. imm: 1 if acquire or release was asked for, else 0. Store-exclusives: rm
 * is the slot of the status (REG_SINK for WZR). The pairs are named by the bits of one element.
 */
op_exec op_ldxr8, op_ldxr16, op_ldxr32, op_ldxr64, op_ldxp32, op_ldxp64;
op_exec op_stxr8, op_stxr16, op_stxr32, op_stxr64, op_stxp32, op_stxp64;
op_exec op_ldar8, op_ldar16, op_ldar32, op_ldar64;
op_exec op_stlr8, op_stlr16, op_stlr32, op_stlr64;

/*
 * rm: Rs to compare; ra: the slot Rs is written to; rd: Rt to store. For CASP each is the first of
 * two registers.
 */
op_exec op_cas8, op_cas16, op_cas32, op_cas64, op_casp32, op_casp64;

/* rm: Rs, the operand; rd: Rt, the old value. */
#define MEM_DECLARE_ATOMIC(name) op_exec op_##name##8, op_##name##16, op_##name##32, op_##name##64;

MEM_DECLARE_ATOMIC(ldadd)
MEM_DECLARE_ATOMIC(ldclr)
MEM_DECLARE_ATOMIC(ldeor)
MEM_DECLARE_ATOMIC(ldset)
MEM_DECLARE_ATOMIC(ldsmax)
MEM_DECLARE_ATOMIC(ldsmin)
MEM_DECLARE_ATOMIC(ldumax)
MEM_DECLARE_ATOMIC(ldumin)
MEM_DECLARE_ATOMIC(swp)

#endif
