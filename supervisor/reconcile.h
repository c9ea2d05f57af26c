/* SPDX-License-Identifier: ISC */
/*
 * reconcile.h: the one function that decides what happens next to a VM.
 *
 * Pure: what is wanted, what is seen, the policy and the time go in, one action comes out. The farm
 * performs it, which changes what is seen, and asks again until there is nothing to do. A client's
 * request, a worker's death, a reload and a timer only change the inputs. Tested as properties.
 *
 * All times are milliseconds of one clock; 0 is "none".
 */
#ifndef PADDOCK_RECONCILE_H
#define PADDOCK_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "vm-config.h"

enum vm_wanted {
    WANTED_STOPPED,
    WANTED_RUNNING,
    WANTED_ABSENT
};

/* What was last seen of its worker. */
enum vm_seen {
    SEEN_NOTHING,  /* no process, nothing to clean up */
    SEEN_STARTING, /* intent written; a process may exist; not READY */
    SEEN_RUNNING,
    SEEN_STOPPING, /* on the ladder */
    SEEN_ENDED     /* the process is gone; its things are still there */
};

/* The ladder of a stop. Each rung is an event. */
enum stop_rung {
    RUNG_NONE,
    RUNG_BUTTON, /* the guest is asked, by its power button; the worker forces it at its time */
    RUNG_TERM,   /* the worker is told to end its guest by force, and gets SIGTERM */
    RUNG_KILL    /* SIGKILL */
};

enum stop_reason {
    STOP_NOT,
    STOP_BY_USER,
    STOP_BY_SHUTDOWN,
    STOP_BY_LIFETIME,
    STOP_BY_RESTART,
    STOP_BY_REMOVAL,
    STOP_BY_START_TIMEOUT,
    STOP_BY_FAULT /* the worker broke the protocol, or a step of the start failed */
};

/* How the latest run went, as far as a restart is concerned. */
enum run_result {
    RUN_NEVER,
    RUN_SUCCEEDED, /* the guest powered off, or stopped as it was asked to */
    RUN_RESET, /* the guest asked for a reset: start it again, whatever the policy; not a failure */
    RUN_FAILED
};

enum action {
    ACTION_NONE,    /* until wake_at, if that is not 0 */
    ACTION_ENQUEUE, /* ask for admission. Refused: wanted becomes stopped, or retry_at is set */
    ACTION_DEQUEUE, /* it is not to start now: leave the queue, or give the admission back */
    ACTION_SPAWN, /* seen becomes starting and `cycle` false, even if it fails: then it is ended at once */
    ACTION_CLIMB, /* to `rung`, with its deadline; seen becomes stopping */
    ACTION_TEARDOWN, /* release all that a worker had; the only place that does. Seen becomes nothing */
    ACTION_SETTLE, /* it is not to run again: wanted becomes stopped, or absent if it is ephemeral */
    ACTION_DELETE  /* the row */
};

struct vm_facts {
    int64_t now;
    enum vm_wanted wanted;
    enum vm_seen seen;
    bool enabled;   /* no mistake in its configuration; what runs is left alone */
    bool may_start; /* the host neither drains nor shuts down */
    bool shutting_down;
    bool queued, admitted;
    bool crowded;   /* as many are starting as may at once: ask again when one has started */
    bool ephemeral; /* to be deleted when it is not to run (any more) */
    bool cycle;     /* end this run, if there is one, and start again whatever the policy says; a
                               start that was asked for during a stop is one, too */
    bool force;     /* do not ask the guest */
    bool fault;     /* the run must end: see STOP_BY_FAULT */
    bool give_up;   /* the latest run was the last: restart_plan.again was false */
    enum run_result result; /* of the latest run since it was last started by hand */
    int64_t retry_at;       /* when the next run may begin */
    int64_t start_deadline, lifetime_end;
    enum stop_rung rung;
    int64_t rung_deadline; /* of every rung but the last, which waits for the process's end */
};

struct decision {
    enum action action;
    enum stop_rung rung;
    enum stop_reason reason; /* of the first climb; a later one keeps it */
    int64_t wake_at;         /* when to ask again if nothing happens before; 0: not by time */
};

struct decision reconcile(const struct vm_facts *f);

const char *action_name(enum action a);
const char *stop_rung_name(enum stop_rung r);     /* "button", "term", "kill" */
const char *stop_reason_name(enum stop_reason r); /* "user", "shutdown", "lifetime", ... */

#endif
