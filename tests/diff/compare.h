/* SPDX-License-Identifier: ISC */
/* compare.h: are two results of one case the same, and if not, in what? Pure, but for printing. */
#ifndef DIFF_COMPARE_H
#define DIFF_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "layout.h"

/* One side's results and pages, by slot. */
struct side {
    const char *name;
    const struct diff_case *cases;
    struct diff_result *results;
    uint8_t *page[DIFF_PAGES]; /* + slot * DIFF_PAGE */
};

static inline uint8_t *side_page(const struct side *s, unsigned page, uint32_t slot)
{
    return s->page[page] + (size_t)slot * DIFF_PAGE;
}

/* Registers, flags, faults with PC and address, and all three pages. a is the oracle. */
bool compare_same(const struct side *a, const struct side *b, uint32_t slot);

/* One line for each difference, at most `limit`. */
void compare_print(FILE *f, const struct side *a, const struct side *b, uint32_t slot,
                   unsigned limit);

#endif
