/* SPDX-License-Identifier: ISC */
/*
 * debug.h: what a debugger uses (Arm ARM D2): software step, breakpoints and watchpoints at EL0 and
 * EL1.
 *
 * Nothing here costs anything while nothing is enabled. Software step and enabled breakpoints set
 * ATTN_STEP, which makes the run loop execute one instruction a turn and look before each; a page
 * that a watchpoint covers is never entered in a TLB, so that every access to it takes the slow road
 * (mem.c), which asks here.
 *
 * As many as ID_AA64DFR0_EL1 says: two of each, of which breakpoint 1 also compares
 * CONTEXTIDR_EL1. With hv_vcpu_set_trap_debug_exceptions they exit to the VMM, and are then enabled
 * at EL1 whatever MDSCR_EL1.KDE and PSTATE.D say, as for a debugger at EL2 (D2.4).
 *
 * Owner's thread.
 */
#ifndef SOFTHV_DEBUG_H
#define SOFTHV_DEBUG_H

#include "cpu.h"

enum {
    DEBUG_BREAKPOINTS = 2,
    DEBUG_WATCHPOINTS = 2
};

enum {
    MDSCR_SS = 1u << 0,
    MDSCR_KDE = 1u << 13,
    MDSCR_MDE = 1u << 15
};

/* Decides about ATTN_STEP anew: after a change of level, of PSTATE.D or of what follows. */
void debug_update_slow(struct cpu *c);

static inline void debug_update(struct cpu *c)
{
    if (UNLIKELY((c->mdscr & (MDSCR_SS | MDSCR_MDE)) != 0 ||
                 (atomic_load_explicit(&c->attention, memory_order_relaxed) & ATTN_STEP) != 0)) {
        debug_update_slow(c);
    }
}

/* The same after a change of MDSCR_EL1 or a breakpoint's or watchpoint's registers. */
void debug_registers_changed(struct cpu *c);

/* Whether software step is active at the present level (D2.12.3). */
bool debug_stepping(const struct cpu *c);

/* PSTATE.SS after a return to level `el` with this SPSR; asked before PSTATE changes (D2.12.4). */
bool debug_return_ss(const struct cpu *c, uint64_t spsr, unsigned el);

/* Whether a breakpoint stops the instruction at pc from being executed. */
bool debug_breakpoint_hit(const struct cpu *c, uint64_t pc);

/* Whether some watchpoint lies in the 4 KiB page of va. For c->watching. */
bool debug_page_watched(const struct cpu *c, uint64_t va);

/*
 * Whether a watchpoint stops an access of `kind` (MMU_READ and/or MMU_WRITE) to `size` bytes, made
 * with EL0's rights (user) or EL1's. *read: a plain read of them would have been stopped too.
 */
bool debug_watchpoint_hit(const struct cpu *c, uint64_t va, unsigned size, unsigned kind, bool user,
                          bool *read);

/*
 * Takes a debug exception at pc: to EL1, or to the VMM. ec is the class for a lower level; va goes to
 * FAR_EL1 if it is a watchpoint's. Returns NULL, like the functions of except.h.
 */
const struct op *debug_raise(struct cpu *c, uint64_t pc, unsigned ec, uint32_t iss, uint64_t va);

#endif
