/* SPDX-License-Identifier: ISC */
/* Compares two results of one case: see compare.h. */
#include "compare.h"

#include <inttypes.h>
#include <string.h>

#define NZCV_MASK    UINT64_C(0xf0000000)

/* The top byte of a fault's address is a tag, of which Linux and the architecture make different things. */
#define ADDRESS_MASK UINT64_C(0x00ffffffffffffff)

static bool same_address(const uint32_t *code, uint32_t slot, const struct diff_fault *oracle,
                         const struct diff_fault *fault)
{
    uint64_t offset = fault->pc - diff_code_va(slot), mask = ADDRESS_MASK;

    /* An x86 host gives a program no address when an access has bytes that are not canonical. */
    if (!oracle->address && ((fault->address & ADDRESS_MASK) + 16) >> 47)
        return true;
    /* DC ZVA: FAR_EL1 holds the address in the register (Arm ARM, FAR_EL1), the oracle says which block. */
    if (offset < 4 * DIFF_CODE_WORDS && (code[offset / 4] & ~31u) == 0xd50b7420)
        mask &= ~UINT64_C(63);
    return ((oracle->address ^ fault->address) & mask) == 0;
}

static bool same_fault(const uint32_t *code, uint32_t slot, const struct diff_fault *oracle,
                       const struct diff_fault *fault)
{
    if (oracle->pc != fault->pc)
        return false;
    /* A PC that is not aligned comes before the lookup of its page (Arm ARM, "Synchronous exception
     * prioritization"). The oracle looks at the page first. */
    if (oracle->kind == DIFF_SEGV && fault->kind == DIFF_BUS && fault->pc % 4)
        return true;
    return oracle->kind == fault->kind && same_address(code, slot, oracle, fault);
}

/* What a load or store that was done in part may have changed: its registers, or the memory around the fault. */
struct partial {
    uint32_t x;
    uint32_t v;
    uint64_t from; /* offset into the slot's pages */
    uint64_t to;
};

static struct partial partial_of(const struct side *oracle, uint32_t slot)
{
    const struct diff_result *r = &oracle->results[slot];
    const struct diff_fault *fault;
    struct partial p = {0, 0, 0, 0};
    uint64_t offset;
    uint32_t word, rt;

    if (!r->partial)
        return p;
    fault = &r->fault[r->fault_count - 1];
    word = oracle->cases[slot].code[(fault->pc - diff_code_va(slot)) / 4];
    rt = word & 31;
    if (!(word & UINT32_C(1) << 22)) { /* a store */
        offset = ((fault->address - diff_data_va(slot)) & ADDRESS_MASK) + 64;
        p.from = offset < 128 ? 0 : offset - 128;
        p.to = offset;
    } else if ((word & 0xbe000000) == 0x0c000000) {
        for (uint32_t i = 0; i < 4; i++)
            p.v |= UINT32_C(1) << ((rt + i) & 31);
    } else if (word & UINT32_C(1) << 26) {
        p.v = UINT32_C(1) << rt | UINT32_C(1) << (word >> 10 & 31);
    } else {
        p.x = UINT32_C(1) << rt | UINT32_C(1) << (word >> 10 & 31);
    }
    return p;
}

static bool same_state(const struct diff_state *a, const struct diff_state *b,
                       const struct partial *p)
{
    if (a->sp != b->sp || a->pc != b->pc || ((a->nzcv ^ b->nzcv) & NZCV_MASK) != 0 ||
        a->fpcr != b->fpcr || a->fpsr != b->fpsr || a->tpidr_el0 != b->tpidr_el0)
        return false;
    for (unsigned i = 0; i < 31; i++)
        if (a->x[i] != b->x[i] && !(p->x >> i & 1))
            return false;
    for (unsigned i = 0; i < 32; i++)
        if ((a->v[i][0] != b->v[i][0] || a->v[i][1] != b->v[i][1]) && !(p->v >> i & 1))
            return false;
    return true;
}

static bool same_pages(const struct side *a, const struct side *b, uint32_t slot,
                       const struct partial *p)
{
    for (unsigned page = 0; page < DIFF_PAGES; page++) {
        const uint8_t *pa = side_page(a, page, slot), *pb = side_page(b, page, slot);

        if (memcmp(pa, pb, DIFF_PAGE) == 0)
            continue;
        for (unsigned i = 0; i < DIFF_PAGE; i++) {
            uint64_t offset = page * DIFF_PAGE + i;

            if (pa[i] != pb[i] && !(offset >= p->from && offset < p->to))
                return false;
        }
    }
    return true;
}

bool compare_same(const struct side *a, const struct side *b, uint32_t slot)
{
    const struct diff_result *ra = &a->results[slot], *rb = &b->results[slot];
    struct partial partial = partial_of(a, slot);

    if (ra->fault_count != rb->fault_count || !same_state(&ra->out, &rb->out, &partial))
        return false;
    for (uint32_t i = 0; i < ra->fault_count; i++)
        if (!same_fault(a->cases[slot].code, slot, &ra->fault[i], &rb->fault[i]))
            return false;
    return same_pages(a, b, slot, &partial);
}

struct printer {
    FILE *f;
    const char *a;
    const char *b;
    unsigned left;
};

static void print_pair(struct printer *p, const char *what, uint64_t a, uint64_t b)
{
    if (a == b || !p->left)
        return;
    p->left--;

    fprintf(p->f, "    %s: %s %#" PRIx64 ", %s %#" PRIx64 "\n", what, p->a, a, p->b, b);
}

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = {"none", "SIGILL", "SIGSEGV", "SIGBUS", "SIGTRAP", "other"};

    return names[kind < sizeof names / sizeof names[0] ? kind : 0];
}

static void print_fault(struct printer *p, const char *side, const struct diff_result *r,
                        uint32_t i)
{
    const struct diff_fault *fault = &r->fault[i];

    if (i >= r->fault_count)
        fprintf(p->f, " %s none", side);
    else
        fprintf(p->f, " %s %s at %#" PRIx64 " address %#" PRIx64 " (%#" PRIx32 ")", side,
                kind_name(fault->kind), fault->pc, fault->address, fault->detail);
}

static void print_faults(struct printer *p, const uint32_t *code, uint32_t slot,
                         const struct diff_result *a, const struct diff_result *b)
{
    for (uint32_t i = 0; i < a->fault_count || i < b->fault_count; i++) {
        if (i < a->fault_count && i < b->fault_count &&
            same_fault(code, slot, &a->fault[i], &b->fault[i]))
            continue;
        fprintf(p->f, "    fault %u:", i);
        print_fault(p, p->a, a, i);
        print_fault(p, p->b, b, i);
        fputc('\n', p->f);
        return; /* what follows is a consequence */
    }
}

void compare_print(FILE *f, const struct side *a, const struct side *b, uint32_t slot,
                   unsigned limit)
{
    const struct diff_state *sa = &a->results[slot].out, *sb = &b->results[slot].out;
    struct printer p = {f, a->name, b->name, limit};
    char name[32];

    print_faults(&p, a->cases[slot].code, slot, &a->results[slot], &b->results[slot]);
    print_pair(&p, "PC", sa->pc, sb->pc);
    print_pair(&p, "NZCV", sa->nzcv & NZCV_MASK, sb->nzcv & NZCV_MASK);
    print_pair(&p, "FPSR", sa->fpsr, sb->fpsr);
    print_pair(&p, "FPCR", sa->fpcr, sb->fpcr);
    print_pair(&p, "TPIDR_EL0", sa->tpidr_el0, sb->tpidr_el0);
    for (unsigned i = 0; i < 31; i++) {
        snprintf(name, sizeof name, "X%u", i);
        print_pair(&p, name, sa->x[i], sb->x[i]);
    }
    print_pair(&p, "SP", sa->sp, sb->sp);
    for (unsigned i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "V%u.D[%u]", i / 2, i % 2);
        print_pair(&p, name, sa->v[i / 2][i % 2], sb->v[i / 2][i % 2]);
    }
    for (unsigned page = 0; page < DIFF_PAGES; page++)
        for (unsigned i = 0; i < DIFF_PAGE; i += 8) {
            uint64_t va, vb;

            memcpy(&va, side_page(a, page, slot) + i, 8);
            memcpy(&vb, side_page(b, page, slot) + i, 8);
            snprintf(name, sizeof name, "[%#" PRIx64 "]",
                     diff_data_va(slot) + page * DIFF_PAGE + i);
            print_pair(&p, name, va, vb);
        }
}
