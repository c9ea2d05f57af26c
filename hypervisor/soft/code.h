/* SPDX-License-Identifier: ISC */
/*
 * code.h: decoded code, cached per physical page.
 *
 * Each vCPU has its own cache, so decoding needs no lock. A page starts with every op set to a
 * handler that decodes its own word on first execution. Pages are dropped or reset when the
 * architecture says that stale instructions may no longer be executed: IC IVAU, IC IALLU, and the
 * mapping or unmapping of guest memory by the VMM. A VMM that writes code into guest RAM relies, as
 * on hardware, on the guest's (or its own boot stub's) instruction cache maintenance; before the
 * first instruction of hv_vcpu_run after the memory map has changed the cache is empty.
 */
#ifndef SOFTHV_CODE_H
#define SOFTHV_CODE_H

#include <stddef.h>

#include "cpu.h"

#define CODE_OPS 1024u

struct code_page {
    struct op op[CODE_OPS + 1]; /* the last is the sentinel that goes on to the next page */
    uint64_t ipa;
    const char *host;    /* the 4096 bytes this page was decoded from */
    uint64_t generation; /* of the cache; an older one's ops are not to be executed */
    struct code_page *next_in_bucket;
};

struct code_cache;

/*
 * A cache of at most `pages` pages, two or more. They lie in a mapping of their own, of
 * code_cache_size bytes; memory is taken as pages are used. NULL: out of memory.
 */
struct code_cache *code_cache_new(unsigned pages);
size_t code_cache_size(unsigned pages);
void code_cache_free(struct code_cache *cache);

/* Decodes anew: everything / the page at ipa / the 64-byte line at ipa. Owner's thread only. */
void code_flush_all(struct cpu *c);
void code_flush_page(struct cpu *c, uint64_t ipa);
void code_flush_line(struct cpu *c, uint64_t ipa);

/* Drops all pages: guest memory has moved. Only between instructions, and with the itlbs cleared
 * too. */
void code_forget_all(struct cpu *c);

/*
 * The op at virtual address va, making its page current. May raise a PC alignment fault or an
 * instruction abort, or exit; then NULL and cpu.pc says where to go on.
 */
const struct op *code_enter(struct cpu *c, uint64_t va);

/* The instruction word of an op of the current page, read again from guest memory. */
uint32_t code_word(const struct cpu *c, const struct op *op);

/* Leaves the current page: for handlers that changed what instruction addresses mean. Goes on at
 * pc. */
static inline const struct op *code_resync(struct cpu *c, uint64_t pc)
{
    c->pc = pc;
    return NULL;
}

/* Taken branch to any address: the itlb's fast path. */
static inline const struct op *code_branch(struct cpu *c, uint64_t va)
{
    const struct itlb_entry *e = &c->tlb->code[(va >> GUEST_PAGE_BITS) & (ITLB_ENTRIES - 1)];

    if (UNLIKELY(atomic_load_explicit(&c->attention, memory_order_relaxed) != 0)) {
        c->pc = va;
        return NULL;
    }
    if (LIKELY(e->tag == tlb_tag(c->tlb, va, 4))) {
        c->page = e->page;
        c->page_va = va & GUEST_PAGE_MASK;
        c->page_ops = e->page->op;
        return &e->page->op[(va >> 2) & (CODE_OPS - 1)];
    }
    return code_enter(c, va);
}

/* Taken branch inside the current page by `delta` ops. */
static inline const struct op *code_branch_near(struct cpu *c, const struct op *op, int32_t delta)
{
    const struct op *target = op + delta;

    if (UNLIKELY(atomic_load_explicit(&c->attention, memory_order_relaxed) != 0)) {
        c->pc = cpu_op_pc(c, target);
        return NULL;
    }
    return target;
}

#endif
