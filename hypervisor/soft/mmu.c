/* SPDX-License-Identifier: ISC */
/*
 * mmu.c: the stage 1 walk and the soft TLB's upkeep. See mmu.h.
 */
#include "mmu.h"

#include <string.h>

#include "debug.h"
#include "guest-mem.h"
#include "vcpu.h"
#include "vm.h"

enum {
    SCTLR_M = 1u << 0,
    SCTLR_A = 1u << 1,
    SCTLR_WXN = 1u << 19
};

#define TCR_A1   (UINT64_C(1) << 22)
#define TCR_AS   (UINT64_C(1) << 36)
#define TCR_TBI0 (UINT64_C(1) << 37)
#define TCR_TBI1 (UINT64_C(1) << 38)

uint64_t mmu_untag(const struct cpu *c, uint64_t va)
{
    bool upper = bit64(va, 55);

    if (c->tcr & (upper ? TCR_TBI1 : TCR_TBI0)) {
        return upper ? va | UINT64_C(0xff) << 56 : va & ~(UINT64_C(0xff) << 56);
    }
    return va;
}

/* A table walk in one translation range: the parameters that TCR_EL1 gives. */
struct walk {
    uint64_t table;     /* IPA of the first table */
    unsigned page_bits; /* 12, 14, 16 */
    unsigned in_bits;   /* of virtual address */
    unsigned out_bits;  /* of output address */
    bool disabled;      /* EPDx */
};

static unsigned output_bits(const struct cpu *c)
{
    static const uint8_t size[] = {32, 36, 40, 42, 44, 48};
    unsigned ips = (unsigned)bits64(c->tcr, 34, 32);
    unsigned limit = c->pa_bits;
    unsigned bits = size[ips > 5 ? 5 : ips];

    return bits < limit ? bits : limit;
}

static struct walk walk_for(const struct cpu *c, bool upper)
{
    static const uint8_t granule0[] = {12, 16, 14, 12};
    static const uint8_t granule1[] = {12, 14, 12, 16};
    struct walk w;
    unsigned txsz = (unsigned)(upper ? bits64(c->tcr, 21, 16) : bits64(c->tcr, 5, 0));

    /* TxSZ outside of 16-39 is CONSTRAINED UNPREDICTABLE: taken as the nearest legal value
     * (D8.2.1). */
    txsz = txsz < 16 ? 16 : txsz > 39 ? 39 : txsz;
    w.in_bits = 64 - txsz;
    w.page_bits = upper ? granule1[bits64(c->tcr, 31, 30)] : granule0[bits64(c->tcr, 15, 14)];
    w.out_bits = output_bits(c);
    w.table = (upper ? c->ttbr1 : c->ttbr0) & UINT64_C(0x0000fffffffffffe);
    w.disabled = upper ? bit64(c->tcr, 23) : bit64(c->tcr, 7);
    return w;
}

bool mmu_read_physical(struct cpu *c, uint64_t ipa, unsigned size, uint64_t *val)
{
    const struct vm_region *r = vm_find(cpu_vcpu(c)->vm, ipa);

    if (r == NULL || !(r->flags & HV_MEMORY_READ)) {
        return false;
    }
    *val = guest_load(r->host + (ipa - r->ipa), size);
    return true;
}

/* What the memory map says about page->ipa. */
static void resolve_map(struct cpu *c, struct mmu_page *page)
{
    const struct vm_region *r = vm_find(cpu_vcpu(c)->vm, page->ipa);

    page->host = r == NULL ? NULL : r->host + (page->ipa - r->ipa);
    page->rights_map = r == NULL ? 0 : (unsigned)r->flags & (MMU_READ | MMU_WRITE | MMU_EXEC);
}

/* D8.4: rights of a leaf descriptor, with what the tables above took away. */
static unsigned leaf_rights(const struct cpu *c, uint64_t desc, unsigned ap_table, bool uxn_table,
                            bool pxn_table, bool el0)
{
    bool user = bit64(desc, 6) && !(ap_table & 1);
    bool writable = !bit64(desc, 7) && !(ap_table & 2);
    bool wxn = c->sctlr & SCTLR_WXN;
    unsigned rights = 0;

    if (el0) {
        if (user) {
            rights |= MMU_READ | (writable ? (unsigned)MMU_WRITE : 0);
        }
        if (!bit64(desc, 54) && !uxn_table && !(wxn && user && writable)) {
            rights |= MMU_EXEC;
        }
        return rights;
    }
    if (!(c->pan && user)) {
        rights |= MMU_READ | (writable ? (unsigned)MMU_WRITE : 0);
    }
    if (!bit64(desc, 53) && !pxn_table && !(user && writable) && !(wxn && writable)) {
        rights |= MMU_EXEC;
    }
    return rights;
}

static bool walk_fault(struct mmu_fault *f, unsigned fsc, unsigned level)
{
    f->fsc = (uint8_t)(fsc | level);
    f->stage2 = false;
    return false;
}

static bool walk_tables(struct cpu *c, const struct walk *w, uint64_t va, bool el0,
                        struct mmu_page *page, struct mmu_fault *f)
{
    unsigned stride = w->page_bits - 3;
    unsigned level = 4 - (w->in_bits - w->page_bits + stride - 1) / stride;
    unsigned top = w->in_bits;
    unsigned ap_table = 0;
    bool uxn_table = false;
    bool pxn_table = false;
    uint64_t table = w->table;

    /* The first table may be smaller than a page; it is aligned to its size, but not below 64 bytes
     * (D17.2.144). */
    unsigned first_bits = top - ((3 - level) * stride + w->page_bits) + 3;
    table &= ~ones64(first_bits < 6 ? 6 : first_bits);
    if (table >> w->out_bits) {
        return walk_fault(f, FSC_ADDRESS_SIZE, 0);
    }
    for (;; level++) {
        unsigned shift = (3 - level) * stride + w->page_bits;
        uint64_t at = table | (va >> shift & ones64(top - shift)) << 3;
        uint64_t desc;

        if (!mmu_read_physical(c, at, 8, &desc)) {
            f->fsc = (uint8_t)(FSC_TRANSLATION | 3);
            f->stage2 = true;
            f->ipa = at;
            return false;
        }
        bool leaf = level == 3 || !bit64(desc, 1);
        bool block_allowed = level == 2 || (level == 1 && w->page_bits == 12);
        if (!bit64(desc, 0) || (level == 3 && !bit64(desc, 1)) ||
            (level < 3 && leaf && !block_allowed)) {
            return walk_fault(f, FSC_TRANSLATION, level);
        }
        if (!leaf) {
            table = desc & ones64(48) & ~ones64(w->page_bits);
            if (table >> w->out_bits) {
                return walk_fault(f, FSC_ADDRESS_SIZE, level);
            }
            ap_table |= (unsigned)bits64(desc, 62, 61);
            uxn_table |= bit64(desc, 60);
            pxn_table |= bit64(desc, 59);
            top = shift;
            continue;
        }
        uint64_t out = desc & ones64(48) & ~ones64(shift);
        if (out >> w->out_bits) {
            return walk_fault(f, FSC_ADDRESS_SIZE, level);
        }
        if (!bit64(desc, 10)) {
            return walk_fault(f, FSC_ACCESS_FLAG, level);
        }
        page->ipa = (out | (va & ones64(shift))) & GUEST_PAGE_MASK;
        page->block_size = UINT64_C(1) << shift;
        page->attr = (uint8_t)(c->mair >> (bits64(desc, 4, 2) * 8));
        page->shareability = (uint8_t)bits64(desc, 9, 8);
        page->device = (page->attr & 0xf0) == 0;
        page->global = !bit64(desc, 11);
        page->user = bit64(desc, 6) && !(ap_table & 1);
        page->rights = leaf_rights(c, desc, ap_table, uxn_table, pxn_table, el0);
        /* Which level denied: reported by the caller as the leaf's level. */
        f->fsc = (uint8_t)(FSC_PERMISSION | level);
        f->stage2 = false;
        return true;
    }
}

bool mmu_walk(struct cpu *c, uint64_t va, bool el0, struct mmu_page *page, struct mmu_fault *f)
{
    bool upper = bit64(va, 55);

    if (!(c->sctlr & SCTLR_M)) {
        va = mmu_untag(c, va);
        if (va >> c->pa_bits) {
            return walk_fault(f, FSC_ADDRESS_SIZE, 0);
        }
        *page = (struct mmu_page){.ipa = va & GUEST_PAGE_MASK,
                                  .rights = MMU_READ | MMU_WRITE | MMU_EXEC,
                                  .block_size = GUEST_PAGE_SIZE,
                                  .global = true,
                                  .device = true};
        f->fsc = FSC_PERMISSION;
        f->stage2 = false;
        resolve_map(c, page);
        return true;
    }

    struct walk w = walk_for(c, upper);
    uint64_t canonical = mmu_untag(c, va);
    uint64_t high = canonical >> w.in_bits;

    if (high != (upper ? ones64(64 - w.in_bits) : 0) || w.disabled) {
        return walk_fault(f, FSC_TRANSLATION, 0);
    }
    if (!walk_tables(c, &w, canonical, el0, page, f)) {
        return false;
    }
    resolve_map(c, page);
    return true;
}

void mmu_tlb_note(struct cpu *c, struct tlb *t, uint64_t va, const struct mmu_page *page)
{
    bool low = !bit64(va, 55);

    if (t == &c->tlbs[1]) {
        t->has_nonglobal |= !page->global;
        t->has_user |= page->user;
    }
    if (page->block_size > GUEST_PAGE_SIZE) {
        uint64_t first = va & ~(page->block_size - 1);
        uint64_t last = first + (page->block_size - 1);
        struct tlb_span *s = &t->blocks[low ? 0 : 1];

        if (first < s->min) {
            s->min = first;
        }
        if (last > s->max) {
            s->max = last;
        }
    }
}

/*
 * What is never entered: what is no RAM; pages where an unaligned access faults, because the fast path of
 * 128-bit accesses looks at 8-byte alignment; and pages with a watchpoint.
 */
static bool never_entered(const struct cpu *c, uint64_t va, const struct mmu_page *page)
{
    return page->host == NULL || page->device || (c->sctlr & SCTLR_A) ||
           (UNLIKELY(c->watching) && debug_page_watched(c, va));
}

struct tlb_entry *mmu_tlb_fill(struct cpu *c, struct tlb *t, uint64_t va,
                               const struct mmu_page *page)
{
    unsigned rights = page->rights & page->rights_map;
    uint64_t va_page = va & GUEST_PAGE_MASK;
    struct tlb_entry *e;

    if (never_entered(c, va, page)) {
        return NULL;
    }
    mmu_tlb_note(c, t, va, page);
    e = &t->entry[(va >> GUEST_PAGE_BITS) & (TLB_ENTRIES - 1)];
    e->read = rights & MMU_READ ? tlb_tag(t, va, 1) : TLB_NONE;
    e->write = rights & MMU_WRITE ? tlb_tag(t, va, 1) : TLB_NONE;
    e->host = (uintptr_t)page->host - (uintptr_t)va_page;
    e->ipa = page->ipa;
    return e;
}

static void forget_span(struct tlb_span *s)
{
    s->min = UINT64_MAX;
    s->max = 0;
}

static void tlb_flush(struct tlb *t)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        t->entry[i].read = TLB_NONE;
        t->entry[i].write = TLB_NONE;
    }
    for (unsigned i = 0; i < ITLB_ENTRIES; i++) {
        t->code[i].tag = TLB_NONE;
    }
    t->has_nonglobal = false;
    t->has_user = false;
    forget_span(&t->blocks[0]);
    forget_span(&t->blocks[1]);
}

void mmu_tlb_flush_all(struct cpu *c)
{
    tlb_flush(&c->tlbs[0]);
    tlb_flush(&c->tlbs[1]);
}

/* An ASID as the registers mean it: 8 bits without TCR_EL1.AS. */
static uint16_t asid_of(const struct cpu *c, uint64_t asid)
{
    return (uint16_t)(asid & (c->tcr & TCR_AS ? 0xffff : 0xff));
}

static struct asid_slot *slot_of(struct cpu *c, uint16_t asid)
{
    return &c->asid_slot[asid % ASID_SLOTS];
}

/* EL0's key for an ASID. */
static uint64_t key_for(struct cpu *c, uint16_t asid)
{
    struct asid_slot *s = slot_of(c, asid);

    if (s->key == 0 || s->asid != asid) {
        if (c->keys_used == TLB_KEYS - 1) {
            tlb_flush(&c->tlbs[0]);
            memset(c->asid_slot, 0, sizeof(c->asid_slot));
            c->keys_used = 0;
        }
        *s = (struct asid_slot){asid, (uint8_t)++c->keys_used};
    }
    return (uint64_t)s->key << TLB_KEY_SHIFT;
}

/* EL0's entries with this key. */
static void flush_key(struct tlb *t, uint64_t key)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        struct tlb_entry *e = &t->entry[i];
        if ((e->read & TLB_KEY_MASK) == key || (e->write & TLB_KEY_MASK) == key) {
            e->read = TLB_NONE;
            e->write = TLB_NONE;
        }
    }
    for (unsigned i = 0; i < ITLB_ENTRIES; i++) {
        if ((t->code[i].tag & TLB_KEY_MASK) == key) {
            t->code[i].tag = TLB_NONE;
        }
    }
}

void mmu_tlb_flush_asid(struct cpu *c, uint64_t asid)
{
    const struct asid_slot *s = slot_of(c, asid_of(c, asid));

    if (s->key != 0 && s->asid == asid_of(c, asid)) {
        flush_key(&c->tlbs[0], (uint64_t)s->key << TLB_KEY_SHIFT);
    }
    if (c->tlbs[1].has_nonglobal) {
        tlb_flush(&c->tlbs[1]);
    }
}

void mmu_tlb_flush_va(struct cpu *c, uint64_t va)
{
    for (unsigned i = 0; i < 2; i++) {
        struct tlb *t = &c->tlbs[i];
        const struct tlb_span *s = &t->blocks[bit64(va, 55)];

        if (va >= s->min && va <= s->max) {
            tlb_flush(t);
            continue;
        }
        struct tlb_entry *e = &t->entry[(va >> GUEST_PAGE_BITS) & (TLB_ENTRIES - 1)];
        e->read = TLB_NONE;
        e->write = TLB_NONE;
        t->code[(va >> GUEST_PAGE_BITS) & (ITLB_ENTRIES - 1)].tag = TLB_NONE;
    }
}

void mmu_context_changed(struct cpu *c, bool everything)
{
    c->tlbs[0].key = key_for(c, asid_of(c, (c->tcr & TCR_A1 ? c->ttbr1 : c->ttbr0) >> 48));
    c->tlbs[1].key = 0;
    if (everything) {
        mmu_tlb_flush_all(c);
    } else if (c->tlbs[1].has_nonglobal) {
        tlb_flush(&c->tlbs[1]);
    }
}
