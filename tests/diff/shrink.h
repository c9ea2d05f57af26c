/* SPDX-License-Identifier: ISC */
/* shrink.h: from a case that differs to the instruction that does. Uses the session; no batch may be under way. */
#ifndef DIFF_SHRINK_H
#define DIFF_SHRINK_H

#include "session.h"

enum shrink_result {
    SHRINK_SINGLE,   /* one instruction from the state given */
    SHRINK_SEQUENCE, /* the first `position + 1` instructions; the last alone does not */
    SHRINK_NOT_ALONE /* the case alone does not differ: it needs the batch it was in */
};

struct finding {
    uint64_t number;
    enum shrink_result result;
    uint32_t position;    /* of the instruction in the case's code */
    uint32_t word;        /* the instruction */
    struct diff_state in; /* SHRINK_SINGLE: the state before it */
};

/* Leaves the smallest differing run in the session, ready for compare_print(). 0, or -1 when a side failed. */
int shrink_case(struct session *s, uint64_t number, struct finding *finding);

#endif
