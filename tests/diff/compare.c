/* SPDX-License-Identifier: ISC */
/* Compares two results of one case: see compare.h. */
#include "compare.h"

#include <inttypes.h>
#include <string.h>

#define NZCV_MASK    UINT64_C(0xf0000000)

/* The top byte of a fault's address is a tag, of which Linux and the architecture make different things. */
#define ADDRESS_MASK UINT64_C(0x00ffffffffffffff)

static bool same_fault(const struct diff_fault *a, const struct diff_fault *b)
{
    return a->kind == b->kind && a->pc == b->pc && ((a->address ^ b->address) & ADDRESS_MASK) == 0;
}

static bool same_state(const struct diff_state *a, const struct diff_state *b)
{
    return memcmp(a->x, b->x, sizeof a->x) == 0 && a->sp == b->sp && a->pc == b->pc &&
           ((a->nzcv ^ b->nzcv) & NZCV_MASK) == 0 && a->fpcr == b->fpcr && a->fpsr == b->fpsr &&
           a->tpidr_el0 == b->tpidr_el0 && memcmp(a->v, b->v, sizeof a->v) == 0;
}

bool compare_same(const struct side *a, const struct side *b, uint32_t slot)
{
    const struct diff_result *ra = &a->results[slot], *rb = &b->results[slot];

    if (ra->fault_count != rb->fault_count || !same_state(&ra->out, &rb->out))
        return false;
    for (uint32_t i = 0; i < ra->fault_count; i++)
        if (!same_fault(&ra->fault[i], &rb->fault[i]))
            return false;
    for (unsigned p = 0; p < DIFF_PAGES; p++)
        if (memcmp(side_page(a, p, slot), side_page(b, p, slot), DIFF_PAGE))
            return false;
    return true;
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

static void print_faults(struct printer *p, const struct diff_result *a,
                         const struct diff_result *b)
{
    for (uint32_t i = 0; i < a->fault_count || i < b->fault_count; i++) {
        if (i < a->fault_count && i < b->fault_count && same_fault(&a->fault[i], &b->fault[i]))
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

    print_faults(&p, &a->results[slot], &b->results[slot]);
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
