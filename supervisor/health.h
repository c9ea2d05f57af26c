/* SPDX-License-Identifier: ISC */
/*
 * health.h: asks a guest again and again whether it answers, as its healthcheck says.
 *
 * One try connects to the guest's vsock port; it succeeds when the guest accepts in time. The first success makes the guest
 * ready; `retries` failures in a row, none of them within `start_period`, make it unhealthy, and the next success
 * ready again. Until the guest is ready for the first time it is tried every second (or `interval`, if
 * that is shorter), so that who waits for it need not wait for long. On the loop's thread; nothing is done
 * between two tries.
 */
#ifndef PADDOCK_HEALTH_H
#define PADDOCK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "vm.h"

#define HEALTH_FIRST_TRIES_MS 1000u

/* What the tries so far amount to. Pure, milliseconds of one clock. */
struct health_record {
    int64_t since;      /* when the guest began to run */
    uint32_t failures;  /* in a row that count */
    enum vm_health now; /* starting, ready or unhealthy */
};

void health_record_init(struct health_record *r, int64_t now);
/* Takes one result; true: r->now has changed. */
bool health_record_add(struct health_record *r, const struct vm_config *c, bool success,
                       int64_t now);
/* How long after a result the next try begins. */
uint64_t health_record_pause(const struct health_record *r, const struct vm_config *c);

struct health;

/* `why` is a sentence when the guest is unhealthy, otherwise "". May not free the health. */
typedef void health_changed_fn(void *ctx, enum vm_health now, const char *why);

/* `config` and `worker` outlive it. NULL: no memory. */
struct health *health_new(uv_loop_t *loop, struct worker *worker, const struct vm_config *config,
                          health_changed_fn *changed, void *ctx);
void health_free(struct health *h); /* NULL is allowed */

#endif
