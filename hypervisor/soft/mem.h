/* SPDX-License-Identifier: ISC */
/*
 * mem.h: how instruction handlers reach guest memory.
 *
 * Every function returns false when the access did not happen: an exception has been taken or an
 * exit prepared, cpu.pc is set, no guest register has changed, and the handler must return NULL at
 * once. The fast path is a TLB hit on RAM by an aligned access; everything else (misses, unaligned
 * accesses, page crossings, the GIC's registers, faults, exits to the VMM) is in mem.c.
 *
 * `t` says with whose rights: mem_tlb(c) for ordinary accesses, mem_tlb_unprivileged(c) for
 * LDTR/STTR.
 */
#ifndef SOFTHV_MEM_H
#define SOFTHV_MEM_H

#include "cpu.h"
#include "guest-mem.h"
#include "mmu.h"

static inline struct tlb *mem_tlb(struct cpu *c)
{
    return c->tlb;
}

static inline struct tlb *mem_tlb_unprivileged(struct cpu *c)
{
    return &c->tlbs[0];
}

static inline struct tlb_entry *mem_tlb_entry(struct tlb *t, uint64_t va)
{
    return &t->entry[(va >> GUEST_PAGE_BITS) & (TLB_ENTRIES - 1)];
}

bool mem_load_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                   uint64_t *val);
bool mem_store_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                    uint64_t val);
bool mem_load_pair_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                        unsigned size, uint64_t *val);
bool mem_store_pair_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         unsigned size, const uint64_t *val);

/*
 * 16 bytes as two halves of 8, where alignment is that of the whole: what misses the fast path of a
 * 128-bit register.
 */
bool mem_load_quad_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                        uint64_t *val);
bool mem_store_quad_slow(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         const uint64_t *val);

/*
 * Before a store of several elements of `align` bytes, `size` bytes in all: whether all of them may be
 * stored, so that a fault finds memory as it was. Only looks if they lie in two pages.
 */
bool mem_may_store(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va, unsigned size,
                   unsigned align);

/* One element of 1, 2, 4 or 8 bytes, zero-extended. */
static inline bool mem_load(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                            unsigned size, uint64_t *val)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);

    if (LIKELY(e->read == tlb_tag(t, va, size))) {
        *val = guest_load((const void *)(e->host + (uintptr_t)va), size);
        return true;
    }
    return mem_load_slow(c, op, t, va, size, val);
}

static inline bool mem_store(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                             unsigned size, uint64_t val)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);

    if (LIKELY(e->write == tlb_tag(t, va, size))) {
        guest_store((void *)(e->host + (uintptr_t)va), size, val);
        return true;
    }
    return mem_store_slow(c, op, t, va, size, val);
}

/*
 * Two elements of `size` (4 or 8) bytes at va and va + size: LDP and STP. A load writes val[0] and
 * val[1] only if both could be read; a store changes memory only if both could be written.
 */
static inline bool mem_load_pair(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                                 unsigned size, uint64_t *val)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);

    if (LIKELY(e->read == tlb_tag(t, va, size) &&
               (va & ~GUEST_PAGE_MASK) <= GUEST_PAGE_SIZE - 2 * size)) {
        const char *p = (const char *)(e->host + (uintptr_t)va);
        val[0] = guest_load(p, size);
        val[1] = guest_load(p + size, size);
        return true;
    }
    return mem_load_pair_slow(c, op, t, va, size, val);
}

static inline bool mem_store_pair(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                                  unsigned size, const uint64_t *val)
{
    const struct tlb_entry *e = mem_tlb_entry(t, va);

    if (LIKELY(e->write == tlb_tag(t, va, size) &&
               (va & ~GUEST_PAGE_MASK) <= GUEST_PAGE_SIZE - 2 * size)) {
        char *p = (char *)(e->host + (uintptr_t)va);
        guest_store(p, size, val[0]);
        guest_store(p + size, size, val[1]);
        return true;
    }
    return mem_store_pair_slow(c, op, t, va, size, val);
}

/*
 * For exclusives and atomics: the host address of `size` (1-16) bytes of RAM at va, checked for the
 * rights `kind` (MMU_READ for a load-exclusive, MMU_WRITE for a store-exclusive, both for a
 * read-modify-write) and natural alignment (an Alignment fault otherwise). *ipa is its IPA. Not
 * RAM, but MMIO: exits with ISV=0 as the framework does. NULL: as false above.
 */
void *mem_atomic_address(struct cpu *c, const struct op *op, struct tlb *t, uint64_t va,
                         unsigned size, unsigned kind, uint64_t *ipa);

/*
 * The address in slot rn. With SP as base and SCTLR_EL1.SA{,0} set, a misaligned SP raises an SP
 * alignment fault (D1.10.2): then false.
 */
bool mem_sp_aligned_slow(struct cpu *c, const struct op *op);

static inline bool mem_base(struct cpu *c, const struct op *op, uint64_t *va)
{
    *va = c->x[op->rn];
    if (UNLIKELY(op->rn == REG_SP && (*va & 15) != 0)) {
        return mem_sp_aligned_slow(c, op);
    }
    return true;
}

/*
 * Cache maintenance by address: checks that va translates and that the level may do so (`write`: DC
 * IVAC); *ipa is where it leads, RAM or not. Faults carry ISS.CM.
 */
bool mem_cache_op(struct cpu *c, const struct op *op, uint64_t va, bool write, uint64_t *ipa);

/* DC ZVA (64 bytes, as DCZID_EL0 says). */
bool mem_zero_block(struct cpu *c, const struct op *op, uint64_t va);

#endif
