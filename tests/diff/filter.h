/* SPDX-License-Identifier: ISC */
/*
 * filter.h: which words may stand in a case.
 *
 * Two implementations of the architecture may differ where the architecture says so, and the oracle is a user
 * program under Linux: what would show only that is kept out here, with the reason beside each rule. Pure.
 */
#ifndef DIFF_FILTER_H
#define DIFF_FILTER_H

#include <stdbool.h>
#include <stdint.h>

/* CONSTRAINED UNPREDICTABLE, or bits that should be one (zero) and are not. For every word. */
bool filter_is_unpredictable(uint32_t word);

/*
 * What qemu-aarch64 7.2 gets wrong, so that it can't be the judge: a list, each entry as narrow as can be, with what the
 * Arm ARM says. For every word.
 */
bool filter_is_oracle_fault(uint32_t word);

/*
 * May this random word be run, on an oracle without FEAT_LSE? Words that are covered by rows of their own and
 * need care (branches, exclusives), that ask the oracle's operating system for something, or that read what is
 * this machine's own affair may not.
 */
bool filter_allows_random(uint32_t word);

/* False for an ADR, ADRP or literal load that reaches the code of another slot. `position`: word in the slot. */
bool filter_allows_target(uint32_t word, uint32_t slot, uint32_t position);

#endif
