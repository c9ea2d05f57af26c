/* SPDX-License-Identifier: ISC */
/* From a case that differs to the instruction that does: see shrink.h. */
#include "shrink.h"

/* The case as made, but for the end marker from word `words` on. 1: differs, 0: same, -1: failed. */
static int run_prefix(struct session *s, uint64_t number, uint32_t words)
{
    uint32_t slot = (uint32_t)(number % DIFF_SLOTS);
    struct diff_case *c;

    session_make(s, number);
    c = session_case(s, number);
    for (uint32_t i = words; i <= DIFF_CODE_WORDS; i++)
        c->code[i] = DIFF_END_WORD;
    if (session_run_one(s, number))
        return -1;
    return !compare_same(session_expected(s, number), &s->actual, slot);
}

/* Only the last word, from the state that the words before it leave. */
static int run_last(struct session *s, uint64_t number, struct finding *f)
{
    uint32_t slot = (uint32_t)(number % DIFF_SLOTS);
    struct diff_case *c;

    if (run_prefix(s, number, f->position) < 0)
        return -1;
    c = session_case(s, number);
    f->in = session_expected(s, number)->results[slot].out;
    f->in.nzcv &= UINT64_C(0xf0000000);
    c->in = f->in;
    c->code[f->position] = f->word;
    if (session_run_one(s, number))
        return -1;
    return !compare_same(session_expected(s, number), &s->actual, slot);
}

int shrink_case(struct session *s, uint64_t number, struct finding *f)
{
    uint32_t slot = (uint32_t)(number % DIFF_SLOTS), words = 1;
    int differs = run_prefix(s, number, DIFF_CODE_WORDS);

    *f = (struct finding){.number = number};
    if (differs < 0)
        return -1;
    if (differs == 0) {
        f->result = SHRINK_NOT_ALONE;
        return 0;
    }
    for (; words <= s->info[slot].words; words++) {
        differs = run_prefix(s, number, words);
        if (differs < 0)
            return -1;
        if (differs)
            break;
    }
    session_make(s, number);
    f->position = words - 1;
    f->word = session_case(s, number)->code[words - 1];
    differs = run_last(s, number, f);
    if (differs < 0)
        return -1;
    f->result = differs ? SHRINK_SINGLE : SHRINK_SEQUENCE;
    return differs ? 0 : (run_prefix(s, number, words) < 0 ? -1 : 0);
}
