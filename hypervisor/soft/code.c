/* SPDX-License-Identifier: ISC */
/*
 * code.c: the decoded-code cache of one vCPU. See code.h.
 *
 * Pages come from a pool that grows to its limit and is then reused round robin; a hash by IPA
 * finds them. The itlb of each TLB points at pages, so reuse of a page clears both itlbs.
 */
#include "code.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "decode.h"
#include "except.h"
#include "guest-mem.h"
#include "mmu.h"
#include "vcpu.h"

#define BUCKETS 1024u

struct code_cache {
    unsigned limit;
    unsigned used;
    unsigned next_victim;
    uint64_t generation; /* counts code_flush_all */
    struct code_page *bucket[BUCKETS];
    struct code_page *page; /* `limit` of them, of which the first `used` have been touched */
};

static size_t host_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

size_t code_cache_size(unsigned pages)
{
    return (pages * sizeof(struct code_page) + host_page_size() - 1) & ~(host_page_size() - 1);
}

/* The mapping lies between two inaccessible pages, so that the host lists it by itself. */
struct code_cache *code_cache_new(unsigned pages)
{
    size_t guard = host_page_size();
    size_t size = code_cache_size(pages);
    struct code_cache *cache = calloc(1, sizeof(*cache));
    char *p = MAP_FAILED;

    if (cache != NULL) {
        p = mmap(NULL, size + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (p == MAP_FAILED) {
        free(cache);
        return NULL;
    }
    cache->limit = pages;
    cache->page = (struct code_page *)(void *)(p + guard);
    if (mprotect(cache->page, size, PROT_READ | PROT_WRITE) != 0) {
        code_cache_free(cache);
        return NULL;
    }
    return cache;
}

void code_cache_free(struct code_cache *cache)
{
    size_t guard = host_page_size();

    if (cache == NULL) {
        return;
    }
    munmap((char *)cache->page - guard, code_cache_size(cache->limit) + 2 * guard);
    free(cache);
}

static struct code_page **bucket_of(struct code_cache *cache, uint64_t ipa)
{
    return &cache->bucket[(ipa >> GUEST_PAGE_BITS ^ ipa >> (GUEST_PAGE_BITS + 10)) & (BUCKETS - 1)];
}

/* First execution of an op: decode its word, then run it. */
static const struct op *op_decode(struct cpu *c, const struct op *op)
{
    struct op *self = c->page->op + (op - c->page_ops);

    decode_insn(code_word(c, op), self);
    return self->exec(c, self);
}

/* The sentinel: straight-line code runs into the next page. */
static const struct op *op_page_end(struct cpu *c, const struct op *op)
{
    (void)op;
    return code_branch(c, c->page_va + GUEST_PAGE_SIZE);
}

static void reset_ops(struct code_page *page, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        page->op[i].exec = op_decode;
    }
}

static struct code_page *find_page(struct code_cache *cache, uint64_t ipa)
{
    struct code_page *p = *bucket_of(cache, ipa);

    while (p != NULL && p->ipa != ipa) {
        p = p->next_in_bucket;
    }
    return p;
}

static void unlink_page(struct code_cache *cache, struct code_page *page)
{
    struct code_page **at = bucket_of(cache, page->ipa);

    while (*at != NULL) {
        if (*at == page) {
            *at = page->next_in_bucket;
            return;
        }
        at = &(*at)->next_in_bucket;
    }
}

static void forget_itlb(struct cpu *c, const struct code_page *page)
{
    for (unsigned t = 0; t < 2; t++) {
        for (unsigned i = 0; i < ITLB_ENTRIES; i++) {
            if (c->tlbs[t].code[i].page == page) {
                c->tlbs[t].code[i].tag = TLB_NONE;
            }
        }
    }
}

/* A page to fill: a new one while the pool may grow, else the oldest that is not being executed. */
static struct code_page *take_page(struct cpu *c)
{
    struct code_cache *cache = cpu_vcpu(c)->code;
    struct code_page *page;

    if (cache->used < cache->limit) {
        return &cache->page[cache->used++];
    }
    page = &cache->page[cache->next_victim];
    cache->next_victim = (cache->next_victim + 1) % cache->used;
    if (page == c->page) {
        page = &cache->page[cache->next_victim];
        cache->next_victim = (cache->next_victim + 1) % cache->used;
    }
    unlink_page(cache, page);
    forget_itlb(c, page);
    return page;
}

static struct code_page *page_for(struct cpu *c, const struct mmu_page *where)
{
    struct code_cache *cache = cpu_vcpu(c)->code;
    struct code_page *page = find_page(cache, where->ipa);
    struct code_page **bucket;

    if (page != NULL) {
        if (page->generation != cache->generation) {
            page->generation = cache->generation;
            reset_ops(page, 0, CODE_OPS);
        }
        return page;
    }
    page = take_page(c);
    page->ipa = where->ipa;
    page->host = where->host;
    page->generation = cache->generation;
    reset_ops(page, 0, CODE_OPS);
    page->op[CODE_OPS] = (struct op){.exec = op_page_end};
    bucket = bucket_of(cache, where->ipa);
    page->next_in_bucket = *bucket;
    *bucket = page;
    return page;
}

void code_flush_all(struct cpu *c)
{
    struct vcpu *v = cpu_vcpu(c);

    /* Pages are reset when they are next entered, so that a guest cannot make us reset all of them
     * time and again. */
    v->code->generation++;
    for (unsigned i = 0; i < ITLB_ENTRIES; i++) {
        c->tlbs[0].code[i].tag = TLB_NONE;
        c->tlbs[1].code[i].tag = TLB_NONE;
    }
    if (c->page != NULL && c->page != v->step_page) {
        c->page->generation = v->code->generation;
        reset_ops(c->page, 0, CODE_OPS);
    }
}

void code_forget_all(struct cpu *c)
{
    struct code_cache *cache = cpu_vcpu(c)->code;

    for (unsigned i = 0; i < BUCKETS; i++) {
        cache->bucket[i] = NULL;
    }
    cache->used = 0;
    cache->next_victim = 0;
    c->page = NULL;
    c->page_ops = NULL;
}

void code_flush_page(struct cpu *c, uint64_t ipa)
{
    struct code_page *page = find_page(cpu_vcpu(c)->code, ipa & GUEST_PAGE_MASK);

    if (page != NULL) {
        reset_ops(page, 0, CODE_OPS);
    }
}

void code_flush_line(struct cpu *c, uint64_t ipa)
{
    struct code_page *page = find_page(cpu_vcpu(c)->code, ipa & GUEST_PAGE_MASK);

    if (page != NULL) {
        reset_ops(page, (unsigned)bits64(ipa, 11, 6) * 16, 16);
    }
}

uint32_t code_word(const struct cpu *c, const struct op *op)
{
    return (uint32_t)guest_load32(c->page->host + (op - c->page_ops) * 4);
}

static const struct op *instruction_abort(struct cpu *c, uint64_t va, uint32_t iss)
{
    c->far = va;
    return except_sync_at(c, va, c->el == 0 ? EC_IABORT_LOWER : EC_IABORT_SAME, iss);
}

static const struct op *exit_fetch(struct cpu *c, uint64_t va, uint64_t ipa, bool walking)
{
    uint32_t iss = FSC_TRANSLATION | 3 | (walking ? 1u << 7 : 0);

    return except_exit(c, va, esr_make(EC_IABORT_LOWER, iss), va, ipa);
}

const struct op *code_enter(struct cpu *c, uint64_t va)
{
    struct tlb *t = c->tlb;
    struct mmu_page where;
    struct mmu_fault fault;
    struct code_page *page;

    va = mmu_untag(c, va);
    if (UNLIKELY((va & 3) != 0)) {
        c->far = va;
        return except_sync_at(c, va, EC_PC_ALIGN, 0);
    }
    struct itlb_entry *e = &t->code[(va >> GUEST_PAGE_BITS) & (ITLB_ENTRIES - 1)];
    if (e->tag == tlb_tag(t, va, 4)) {
        page = e->page;
    } else {
        if (!mmu_walk(c, va, c->el == 0, &where, &fault)) {
            return fault.stage2 ? exit_fetch(c, va, fault.ipa, true)
                                : instruction_abort(c, va, fault.fsc);
        }
        if (!(where.rights & MMU_EXEC)) {
            return instruction_abort(c, va, fault.fsc);
        }
        if (where.host == NULL || !(where.rights_map & MMU_EXEC)) {
            return exit_fetch(c, va, where.ipa | (va & ~GUEST_PAGE_MASK), false);
        }
        page = page_for(c, &where);
        mmu_tlb_note(c, t, va, &where);
        e->tag = (va & GUEST_PAGE_MASK) ^ t->key;
        e->page = page;
    }
    c->page = page;
    c->page_va = va & GUEST_PAGE_MASK;
    c->page_ops = page->op;
    return &page->op[(va >> 2) & (CODE_OPS - 1)];
}
