/* SPDX-License-Identifier: ISC */
/*
 * restart.c: whether and when a VM whose run has ended starts again.
 */
#include "restart.h"

/* The pause after this many failed runs in a row. */
static uint64_t back_off(const struct vm_config *c, uint32_t attempts)
{
    uint64_t delay = c->restart_delay;

    for (uint32_t i = 1; i < attempts && delay != 0 && delay < c->restart_delay_max; i++) {
        delay = delay > UINT64_MAX / 2 ? UINT64_MAX : 2 * delay;
    }
    return delay < c->restart_delay_max ? delay : c->restart_delay_max;
}

static bool restarts_after(enum restart_policy policy, enum run_result result)
{
    switch (result) {
    case RUN_RESET: return true;
    case RUN_FAILED: return policy != RESTART_NO;
    case RUN_SUCCEEDED: return policy == RESTART_ALWAYS || policy == RESTART_UNLESS_STOPPED;
    case RUN_NEVER: break;
    }
    return false;
}

struct restart_plan restart_decide(const struct vm_config *c, enum run_result result,
                                   uint64_t length, uint32_t attempts, bool stopped_by_user)
{
    bool counts = result == RUN_FAILED || (result == RUN_RESET && length < c->restart_window);
    uint32_t before = length < c->restart_window ? attempts : 0;
    struct restart_plan p = {0};

    if (stopped_by_user) {
        return p;
    }
    if (counts) {
        p.attempts = before < UINT32_MAX ? before + 1 : before;
    }
    if (!restarts_after(c->restart, result)) {
        return p;
    }
    if (c->restart != RESTART_NO && c->restart_max != 0 && p.attempts > c->restart_max) {
        p.give_up = true;
        return p;
    }
    p.again = true;
    if (result == RUN_RESET) {
        p.delay = p.attempts <= 1 ? 0 : back_off(c, p.attempts - 1);
    } else {
        p.delay = back_off(c, p.attempts);
    }
    return p;
}

bool restart_at_boot(const struct vm_config *c, int autostart_override, bool was_wanted_running,
                     bool stopped_by_user)
{
    bool autostart = autostart_override < 0 ? c->autostart : autostart_override != 0;

    switch (c->restart) {
    case RESTART_NO: return autostart;
    case RESTART_ON_FAILURE: return autostart || was_wanted_running;
    case RESTART_ALWAYS: return autostart || was_wanted_running || stopped_by_user;
    case RESTART_UNLESS_STOPPED: return (autostart || was_wanted_running) && !stopped_by_user;
    }
    return false;
}
