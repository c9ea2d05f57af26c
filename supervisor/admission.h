/* SPDX-License-Identifier: ISC */
/*
 * admission.h: who may run, within the host's budget. Pure bookkeeping: no I/O, no clock.
 *
 * A VM holds its part of the budget from its admission to its teardown. Who does not fit waits in one
 * queue, first come first served: nobody overtakes, so that a large VM is not starved by small ones. The
 * numbers of a refusal are always said.
 */
#ifndef PADDOCK_ADMISSION_H
#define PADDOCK_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget {
    uint32_t vms, cpus; /* 0: no limit */
    uint64_t memory;
};

struct admission;

struct admission *admission_new(void);
void admission_free(struct admission *a);

/* Lowering a limit below what is used turns nobody out; it only admits no more. */
void admission_set_budget(struct admission *a, const struct budget *b, uint32_t queue_max);

enum admission_answer {
    ADMITTED,
    ADMISSION_QUEUED,
    ADMISSION_REFUSED, /* the queue is full or was not wanted */
    ADMISSION_NEVER    /* larger than the whole budget */
};

/* `ctx` names the VM. Asking again while queued or admitted changes nothing and gives the same answer; but
 * one that queues and is larger than a budget that was lowered since leaves the queue with ADMISSION_NEVER.
 * REFUSED and NEVER leave no trace. */
enum admission_answer admission_ask(struct admission *a, void *ctx, uint32_t cpus, uint64_t memory,
                                    bool may_wait);
/* Gives its part back, or leaves the queue. Unknown ctx: nothing happens. */
void admission_release(struct admission *a, void *ctx);
/* The first in the queue, admitted by this call; NULL if it does not fit now. One that is larger than the
 * whole budget holds up nobody: after a lowering, ask again for those that queue. */
void *admission_next(struct admission *a);

size_t admission_position(const struct admission *a, const void *ctx); /* from 1; 0: not queued */

struct admission_use {
    struct budget limit, used;
    size_t queued;
    uint32_t queue_max;
};
void admission_get_use(const struct admission *a, struct admission_use *out);

/* "needs 8GiB of memory; 3GiB of 24GiB is free" for what is short, most important first; if nothing is, how
 * many wait already. Returns out. */
const char *admission_explain(const struct admission *a, uint32_t cpus, uint64_t memory, char *out,
                              size_t size);

#endif
