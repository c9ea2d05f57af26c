/* SPDX-License-Identifier: ISC */
/*
 * gen.h: makes cases: an initial state, the pages a case works on, and 1 to 64 instructions drawn from the tables
 * of insn.h. Deterministic: (seed, number) gives the same case always. One thread.
 *
 * Some registers of a case are bases: they point into the pages of the case's slot, at their edges, or (one of
 * them) somewhere wrong, and other instructions rarely overwrite them. Two are indexes with small values.
 * Branches go forward, so that every case ends.
 */
#ifndef DIFF_GEN_H
#define DIFF_GEN_H

#include <stddef.h>

#include "insn.h"
#include "layout.h"

/* One row of all tables, compiled. */
struct gen_row {
    const struct insn *insn;
    const struct insn_class *class;
    uint32_t fixed_mask;
    uint32_t fixed;
};

/* What a case consists of, word for word. */
struct gen_info {
    uint32_t words;
    uint16_t row[DIFF_CODE_WORDS]; /* GEN_HELPER: not counted, it only prepares the next word */
    bool sure[DIFF_CODE_WORDS];    /* is executed whichever way branches go */
};

#define GEN_HELPER UINT16_MAX

/* Compiles the tables, once. Returns the number of rows, or -1 with a message if a row is malformed. */
int gen_open(void);

/* Only classes with one of these parts (comma-separated; with a !: none of these) in their name are drawn from now on.
 * Returns how many there are. */
size_t gen_restrict(const char *parts);

size_t gen_row_count(void);
const struct gen_row *gen_row_at(size_t index);

/* Does this case need an oracle with FEAT_LSE? The same for all cases of a batch. */
bool gen_wants_lse(uint64_t number);

/* Fills the case, its three pages and what they are made of. The slot is number % DIFF_SLOTS. */
void gen_make(uint64_t seed, uint64_t number, struct diff_case *c, uint8_t *page[DIFF_PAGES],
              struct gen_info *info);

/* The row that describes a word best, for the report; NULL if none does. */
const struct gen_row *gen_describe(uint32_t word);

#endif
