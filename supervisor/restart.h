/* SPDX-License-Identifier: ISC */
/*
 * restart.h: whether and when a VM whose run has ended starts again. Pure.
 */
#ifndef PADDOCK_RESTART_H
#define PADDOCK_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "reconcile.h"
#include "vm-config.h"

struct restart_plan {
    bool again;
    bool give_up;      /* the cap was reached: the VM is failed */
    uint64_t delay;    /* milliseconds before the next run; 0 for a reset */
    uint32_t attempts; /* the new count of failed runs in a row */
};

/*
 * After a run of `length` milliseconds. `stopped_by_user` disarms every policy. A power-off by the guest
 * counts as success: it restarts only under always and unless-stopped, after restart_delay, and ends the count.
 *
 * The delay doubles with each failed run in a row from restart_delay to restart_delay_max; a run of at
 * least restart_window begins the count anew. With a cap of N there are N restarts in a row: the run after
 * them that fails too is the last. A guest's reset restarts at once, but counts as a failed run if it was
 * shorter than the window, so that a reset loop backs off and meets the cap as well; not under `no`,
 * which has no cap.
 */
struct restart_plan restart_decide(const struct vm_config *c, enum run_result result,
                                   uint64_t length, uint32_t attempts, bool stopped_by_user);

/*
 * Whether a VM is to run when the daemon has started: if it starts automatically; if it was to run and its
 * policy is any but `no`; under always also if its user had stopped it. Under unless-stopped that user's word holds.
 */
bool restart_at_boot(const struct vm_config *c, int autostart_override, bool was_wanted_running,
                     bool stopped_by_user);

#endif
