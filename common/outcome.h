/* SPDX-License-Identifier: ISC */
/*
 * outcome.h: how a VM ended. The codes are stable: they are stored, shown by vmctl and used as exit
 * statuses by vmm-run.
 */
#ifndef PADDOCK_OUTCOME_H
#define PADDOCK_OUTCOME_H

enum outcome {
    OUTCOME_NONE = 0,         /* it still runs */
    OUTCOME_POWER_OFF = 1,    /* the guest powered off by itself */
    OUTCOME_STOPPED = 2,      /* it powered off because it was asked to */
    OUTCOME_RESET = 3,        /* the guest asked for a reset */
    OUTCOME_PANIC = 4,        /* the guest's kernel panicked */
    OUTCOME_STOP_IGNORED = 5, /* asked to stop, it never acknowledged, and was stopped by force */
    OUTCOME_STOP_TIMEOUT =
        6, /* it acknowledged the request but did not finish in time, and was stopped by force */
    OUTCOME_KILLED = 7, /* stopped by force because that was asked for */
    OUTCOME_HYPERVISOR_ERROR =
        8, /* the hypervisor refused something, or the guest did what cannot be continued */
    OUTCOME_DEVICE_ERROR = 9,   /* a device could not go on */
    OUTCOME_START_REFUSED = 10, /* it never ran; the report names the step */
    OUTCOME_ORPHANED = 11,      /* the supervisor went away and did not come back in time */
    OUTCOME_WORKER_DIED = 12,   /* the worker died or was stopped for breaking the protocol */
    OUTCOME_COUNT
};

/* Steps of a start, for OUTCOME_START_REFUSED. */
enum start_step {
    STEP_NONE = 0,
    STEP_HELLO,
    STEP_DESCRIPTION, /* START's fields and descriptors */
    STEP_KERNEL,
    STEP_INITRD,
    STEP_MEMORY,
    STEP_HYPERVISOR,
    STEP_DEVICES,
    STEP_DEVICE_TREE,
    STEP_VCPUS,
    STEP_COUNT
};

/* Stable identifiers such as "guest_power_off" and "kernel"; "unknown" outside of the range. */
const char *outcome_name(enum outcome o);
const char *start_step_name(enum start_step s);

/* One sentence for people, without a full stop. */
const char *outcome_text(enum outcome o);

/* The exit status of vmm-run and of `vmctl run --attach`: 0 for a power-off that nobody forced,
 * else 100 + the code. */
int outcome_exit_status(enum outcome o);

#endif
