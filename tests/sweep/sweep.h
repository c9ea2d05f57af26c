/* SPDX-License-Identifier: ISC */
/*
 * sweep.h: the two halves of hv-sweep: decoding words and executing them.
 *
 * Each runs on every worker thread with a struct sweep of its own. What they find wrong they count
 * and print, and go on; a crash or a hang names the word that was being worked on (main.c).
 */
#ifndef SWEEP_SWEEP_H
#define SWEEP_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "decode.h"

#define WORDS UINT64_C(0x100000000)

/* How an executed instruction ended. */
enum ending {
    ENDED_NEXT,      /* executed: the next instruction, or where it branched */
    ENDED_UNDEFINED, /* an Undefined Instruction exception */
    ENDED_EXCEPTION, /* another exception to EL1 */
    ENDED_EXIT,      /* an exit to the VMM */
    ENDED_KICK,      /* not by itself */
    ENDINGS
};

struct sweep {
    unsigned worker;
    _Atomic int64_t vcpu; /* its handle, or -1 */
    uint64_t random;
    uint64_t errors;

    /* By table, and in the last place what is unallocated. */
    uint64_t decoded[DECODE_TABLES + 1];
    uint64_t executed[DECODE_TABLES + 1][ENDINGS];

    /* For those who watch: the word at work, and whether there is progress. */
    _Atomic uint32_t word;
    _Atomic uint64_t progress;
};

static inline uint64_t sweep_random(struct sweep *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random * UINT64_C(0x2545f4914f6cdd1d);
}

/* The table that a rule stands in; DECODE_TABLES for NULL. */
unsigned sweep_table_of(const struct decode_rule *rule);

/* A complaint about a word. */
void sweep_error(struct sweep *s, uint32_t word, const char *what);

/* Decodes every `stride`th word of [from, to), at places that differ from stride to stride. */
void sweep_decode(struct sweep *s, uint64_t from, uint64_t to, uint64_t stride);

/* The RAM that all workers share, and a VM. 0, or -1 and a message on stderr. */
int sweep_vm_open(void);
void sweep_vm_close(void);

/* Ends what a worker's vCPU has been executing for too long. Any thread. */
void sweep_kick(const struct sweep *s);

/* A worker's vCPU, on its thread. The worker then executes words one at a time, each in a state of its own. */
struct executor;
struct executor *executor_open(struct sweep *s);
void executor_close(struct executor *e);
void executor_run(struct executor *e, uint32_t word);

#endif
