/* SPDX-License-Identifier: ISC */
/*
 * outcome.c: names and sentences of outcomes and start steps. See outcome.h.
 */
#include "outcome.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
} outcomes[] = {
    [OUTCOME_NONE] = {"running", "the VM is running"},
    [OUTCOME_POWER_OFF] = {"guest_power_off", "the guest powered off"},
    [OUTCOME_STOPPED] = {"stopped", "the guest powered off as it was asked to"},
    [OUTCOME_RESET] = {"guest_reset", "the guest asked for a reset"},
    [OUTCOME_PANIC] = {"guest_panic", "the guest's kernel panicked"},
    [OUTCOME_STOP_IGNORED] = {"stop_ignored",
                              "the guest never acknowledged the stop request and was stopped by "
                              "force"},
    [OUTCOME_STOP_TIMEOUT] = {"stop_timeout",
                              "the guest acknowledged the stop request, did not finish in time and "
                              "was stopped by force"},
    [OUTCOME_KILLED] = {"killed", "the VM was stopped by force"},
    [OUTCOME_HYPERVISOR_ERROR] = {"hypervisor_error", "the hypervisor could not go on"},
    [OUTCOME_DEVICE_ERROR] = {"device_error", "a device could not go on"},
    [OUTCOME_START_REFUSED] = {"start_refused", "the VM could not be started"},
    [OUTCOME_ORPHANED] = {"orphaned", "the supervisor went away and did not come back"},
    [OUTCOME_WORKER_DIED] = {"worker_died", "the VM's worker ended without a report"},
};

static const char *const steps[] = {
    [STEP_NONE] = "none",
    [STEP_HELLO] = "hello",
    [STEP_DESCRIPTION] = "description",
    [STEP_KERNEL] = "kernel",
    [STEP_INITRD] = "initrd",
    [STEP_MEMORY] = "memory",
    [STEP_HYPERVISOR] = "hypervisor",
    [STEP_DEVICES] = "devices",
    [STEP_DEVICE_TREE] = "device_tree",
    [STEP_VCPUS] = "vcpus",
};

_Static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == OUTCOME_COUNT, "one row an outcome");
_Static_assert(sizeof(steps) / sizeof(steps[0]) == STEP_COUNT, "one row a step");

const char *outcome_name(enum outcome o)
{
    return (unsigned)o < OUTCOME_COUNT ? outcomes[o].name : "unknown";
}

const char *outcome_text(enum outcome o)
{
    return (unsigned)o < OUTCOME_COUNT ? outcomes[o].text : "the VM ended in an unknown way";
}

const char *start_step_name(enum start_step s)
{
    return (unsigned)s < STEP_COUNT ? steps[s] : "unknown";
}

int outcome_exit_status(enum outcome o)
{
    return o == OUTCOME_POWER_OFF || o == OUTCOME_STOPPED ? 0 : 100 + (int)o;
}
