/* SPDX-License-Identifier: ISC */
/*
 * debug.c: which debug exceptions are enabled, and what breakpoints and watchpoints match (Arm ARM
 * D2.8 to D2.12). See debug.h.
 */
#include "debug.h"

#include "except.h"
#include "mmu.h"

/* DBGBCR<n>_EL1 and DBGWCR<n>_EL1; what follows has the same place in both. */
#define CR_E(cr)     ((cr)&1)
#define CR_PXC(cr)   bits64((cr), 2, 1) /* bit 0: EL1, bit 1: EL0 */
#define CR_SSC(cr)   bits64((cr), 15, 14)
#define CR_LBN(cr)   ((unsigned)bits64((cr), 19, 16))
#define BCR_BT(cr)   ((unsigned)bits64((cr), 23, 20))
#define WCR_LSC(cr)  ((unsigned)bits64((cr), 4, 3)) /* as MMU_READ and MMU_WRITE */
#define WCR_BAS(cr)  ((unsigned)bits64((cr), 12, 5))
#define WCR_WT(cr)   (((cr) >> 20) & 1)
#define WCR_MASK(cr) ((unsigned)bits64((cr), 28, 24))

/* Breakpoint types; the rest is for EL2 and AArch32, or reserved, and means disabled. */
enum {
    BT_ADDRESS = 0,
    BT_ADDRESS_LINKED = 1,
    BT_CONTEXT = 2,
    BT_CONTEXT_LINKED = 3
};

/* What is compared of an address: without a tag, and with one bit that stands for those above. */
#define COMPARED ones64(49)

/* D2.4: whether debug exceptions other than BRK are enabled from a level. */
static bool enabled_from(const struct cpu *c, unsigned el, bool masked)
{
    return c->trap_debug || el == 0 || ((c->mdscr & MDSCR_KDE) && !masked);
}

static bool enabled(const struct cpu *c)
{
    return enabled_from(c, c->el, (c->daif & DAIF_D) != 0);
}

bool debug_stepping(const struct cpu *c)
{
    return (c->mdscr & MDSCR_SS) && enabled(c);
}

bool debug_return_ss(const struct cpu *c, uint64_t spsr, unsigned el)
{
    return (c->mdscr & MDSCR_SS) && !enabled(c) && enabled_from(c, el, (spsr & DAIF_D) != 0) &&
           bit64(spsr, 21);
}

/*
 * The control register's fields for level and security state (D2.8.3): we are Non-secure; HMC only
 * adds levels that do not exist here.
 */
static bool state_matches(uint64_t cr, bool user)
{
    return CR_SSC(cr) != 2 && (CR_PXC(cr) & (user ? 2u : 1u)) != 0;
}

static bool context_matches(const struct cpu *c, unsigned n)
{
    return n == DEBUG_BREAKPOINTS - 1 && (uint32_t)c->contextidr == (uint32_t)c->dbgbvr[n];
}

/* What a linked breakpoint or watchpoint asks of the breakpoint it names. */
static bool link_matches(const struct cpu *c, unsigned n)
{
    return n < DEBUG_BREAKPOINTS && CR_E(c->dbgbcr[n]) &&
           BCR_BT(c->dbgbcr[n]) == BT_CONTEXT_LINKED && context_matches(c, n);
}

/* Breakpoints that may stop something at the present level. */
static bool breaking(const struct cpu *c)
{
    if (!(c->mdscr & MDSCR_MDE) || !enabled(c)) {
        return false;
    }
    for (unsigned n = 0; n < DEBUG_BREAKPOINTS; n++) {
        if (CR_E(c->dbgbcr[n]) && state_matches(c->dbgbcr[n], c->el == 0)) {
            return true;
        }
    }
    return false;
}

void debug_update_slow(struct cpu *c)
{
    if (debug_stepping(c) || breaking(c)) {
        atomic_fetch_or(&c->attention, (unsigned)ATTN_STEP);
    } else {
        atomic_fetch_and(&c->attention, ~(unsigned)ATTN_STEP);
    }
}

void debug_registers_changed(struct cpu *c)
{
    bool watching = false;

    for (unsigned n = 0; n < DEBUG_WATCHPOINTS; n++) {
        watching |= (c->mdscr & MDSCR_MDE) && CR_E(c->dbgwcr[n]);
    }
    if (watching || c->watching) {
        c->watching = watching;
        mmu_tlb_flush_all(c);
    }
    debug_update(c);
}

bool debug_breakpoint_hit(const struct cpu *c, uint64_t pc)
{
    if (!breaking(c)) {
        return false;
    }
    for (unsigned n = 0; n < DEBUG_BREAKPOINTS; n++) {
        uint64_t cr = c->dbgbcr[n];
        bool same = ((pc ^ c->dbgbvr[n]) & COMPARED & ~UINT64_C(3)) == 0;

        if (!CR_E(cr) || !state_matches(cr, c->el == 0)) {
            continue;
        }
        switch (BCR_BT(cr)) {
        case BT_ADDRESS: break;
        case BT_ADDRESS_LINKED: same = same && link_matches(c, CR_LBN(cr)); break;
        case BT_CONTEXT: same = context_matches(c, n); break;
        default: same = false; break;
        }
        if (same) {
            return true;
        }
    }
    return false;
}

/* DBGWCR<n>_EL1.MASK: how many low bits of the address are not compared. 1 and 2 are reserved. */
static unsigned mask_bits(uint64_t cr)
{
    return WCR_MASK(cr) < 3 ? 0 : WCR_MASK(cr);
}

bool debug_page_watched(const struct cpu *c, uint64_t va)
{
    for (unsigned n = 0; n < DEBUG_WATCHPOINTS; n++) {
        unsigned shift = mask_bits(c->dbgwcr[n]);

        shift = shift < GUEST_PAGE_BITS ? GUEST_PAGE_BITS : shift;
        if (CR_E(c->dbgwcr[n]) && ((va ^ c->dbgwvr[n]) & COMPARED) >> shift == 0) {
            return true;
        }
    }
    return false;
}

/* A mask with BAS other than all ones selects as if it were (CONSTRAINED UNPREDICTABLE). */
static bool byte_watched(const struct cpu *c, unsigned n, uint64_t va)
{
    uint64_t wvr = c->dbgwvr[n];
    unsigned mask = mask_bits(c->dbgwcr[n]);
    unsigned bottom = bit64(wvr, 2) ? 2 : 3; /* of a word or a doubleword */

    if (mask != 0) {
        return ((va ^ wvr) & COMPARED) >> mask == 0;
    }
    return ((va ^ wvr) & COMPARED) >> bottom == 0 &&
           bit32(WCR_BAS(c->dbgwcr[n]), (unsigned)(va & ones64(bottom)));
}

bool debug_watchpoint_hit(const struct cpu *c, uint64_t va, unsigned size, unsigned kind, bool user,
                          bool *read)
{
    bool hit = false;

    *read = false;
    if (!(c->mdscr & MDSCR_MDE) || !enabled(c)) {
        return false;
    }
    for (unsigned n = 0; n < DEBUG_WATCHPOINTS; n++) {
        uint64_t cr = c->dbgwcr[n];
        bool covered = false;

        if (!CR_E(cr) || !(WCR_LSC(cr) & kind) || !state_matches(cr, user) ||
            (WCR_WT(cr) && !link_matches(c, CR_LBN(cr)))) {
            continue;
        }
        for (unsigned i = 0; i < size && !covered; i++) {
            covered = byte_watched(c, n, va + i);
        }
        hit |= covered;
        *read |= covered && (WCR_LSC(cr) & kind & MMU_READ);
    }
    return hit;
}

const struct op *debug_raise(struct cpu *c, uint64_t pc, unsigned ec, uint32_t iss, uint64_t va)
{
    if (c->trap_debug) {
        return except_exit(c, pc, esr_make(ec, iss), va, 0);
    }
    if (ec == EC_WATCHPOINT_LOWER) {
        c->far = va;
    }
    return except_sync_at(c, pc, c->el == 0 ? ec : ec + 1, iss);
}
