/* SPDX-License-Identifier: ISC */
/*
 * reconcile.c: what happens next to a VM. Each function below is a list of rules; the first that fits counts.
 */
#include "reconcile.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct decision act(enum action action)
{
    return (struct decision){.action = action};
}

static struct decision wait_until(int64_t time)
{
    return (struct decision){.action = ACTION_NONE, .wake_at = time};
}

static bool has_come(int64_t time, int64_t now)
{
    return time != 0 && now >= time;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Why a run has to end, the weightiest first; STOP_NOT: it may go on. */
static enum stop_reason reason_to_stop(const struct vm_facts *f)
{
    if (f->fault) {
        return STOP_BY_FAULT;
    }
    if (f->wanted == WANTED_ABSENT) {
        return STOP_BY_REMOVAL;
    }
    if (f->wanted == WANTED_STOPPED) {
        return STOP_BY_USER;
    }
    if (f->shutting_down) {
        return STOP_BY_SHUTDOWN;
    }
    if (f->cycle) {
        return STOP_BY_RESTART;
    }
    if (f->seen == SEEN_STARTING && has_come(f->start_deadline, f->now)) {
        return STOP_BY_START_TIMEOUT;
    }
    if (has_come(f->lifetime_end, f->now)) {
        return STOP_BY_LIFETIME;
    }
    return STOP_NOT;
}

/* Where on the ladder a stop begins, and a stop under way goes on from. */
static enum stop_rung lowest_rung(const struct vm_facts *f, enum stop_reason reason)
{
    if (reason == STOP_BY_FAULT) {
        return RUNG_KILL; /* nothing that it says is believed any more */
    }
    if (f->force || f->seen == SEEN_STARTING) {
        return RUNG_TERM; /* a guest that does not run yet has no button */
    }
    return RUNG_BUTTON;
}

static struct decision climb(enum stop_rung rung, enum stop_reason reason)
{
    return (struct decision){.action = ACTION_CLIMB, .rung = rung, .reason = reason};
}

/* There is, or may be, a process. */
static struct decision with_process(const struct vm_facts *f)
{
    enum stop_reason reason = reason_to_stop(f);
    bool stopping = f->rung != RUNG_NONE; /* a stop once begun is carried through */

    if (reason == STOP_NOT && !stopping) {
        int64_t start = f->seen == SEEN_STARTING ? f->start_deadline : 0;

        return wait_until(earlier(start, f->lifetime_end));
    }
    if (f->rung < lowest_rung(f, reason)) {
        return climb(lowest_rung(f, reason), reason);
    }
    if (f->rung == RUNG_KILL) {
        return wait_until(0); /* for the process's end, which is certain */
    }
    if (has_come(f->rung_deadline, f->now)) {
        return climb(f->rung + 1, reason);
    }
    return wait_until(f->rung_deadline);
}

/* There is no process, and nothing is left of one. */
static struct decision without_process(const struct vm_facts *f)
{
    bool holds_place = f->queued || f->admitted;
    bool wanted = f->wanted == WANTED_RUNNING;
    bool last = wanted && f->give_up && !f->cycle && f->result != RUN_NEVER;
    bool allowed = wanted && !last && f->enabled && !f->shutting_down;
    bool due = allowed && (f->cycle || f->retry_at == 0 || has_come(f->retry_at, f->now));

    if (due && !f->may_start) {
        return wait_until(0); /* nobody starts: a place in the order is kept */
    }
    if (due && f->admitted) {
        return f->crowded ? wait_until(0) : act(ACTION_SPAWN);
    }
    if (due) {
        return f->queued ? wait_until(0) : act(ACTION_ENQUEUE);
    }
    /* It does not start now: nobody else may have to wait for it. */
    if (holds_place) {
        return act(ACTION_DEQUEUE);
    }
    if (f->wanted == WANTED_ABSENT) {
        return act(ACTION_DELETE);
    }
    if (f->ephemeral && (!wanted || last || f->shutting_down)) {
        return act(ACTION_SETTLE);
    }
    if (last &&
        !f->shutting_down) { /* after a shutdown the next daemon judges it, restart_at_boot() */
        return act(ACTION_SETTLE);
    }
    return wait_until(allowed && f->may_start ? f->retry_at : 0);
}

struct decision reconcile(const struct vm_facts *f)
{
    switch (f->seen) {
    case SEEN_STARTING:
    case SEEN_RUNNING:
    case SEEN_STOPPING: return with_process(f);
    case SEEN_ENDED: return act(ACTION_TEARDOWN);
    case SEEN_NOTHING: break;
    }
    return without_process(f);
}

static const char *name_of(const char *const *names, size_t count, unsigned index)
{
    return index < count ? names[index] : "unknown";
}

const char *action_name(enum action a)
{
    static const char *const names[] = {
        [ACTION_NONE] = "none",     [ACTION_ENQUEUE] = "enqueue", [ACTION_DEQUEUE] = "dequeue",
        [ACTION_SPAWN] = "spawn",   [ACTION_CLIMB] = "climb",     [ACTION_TEARDOWN] = "teardown",
        [ACTION_SETTLE] = "settle", [ACTION_DELETE] = "delete",
    };
    return name_of(names, COUNT(names), a);
}

const char *stop_rung_name(enum stop_rung r)
{
    static const char *const names[] = {
        [RUNG_NONE] = "none", [RUNG_BUTTON] = "button", [RUNG_TERM] = "term", [RUNG_KILL] = "kill"};

    return name_of(names, COUNT(names), r);
}

const char *stop_reason_name(enum stop_reason r)
{
    static const char *const names[] = {
        [STOP_NOT] = "none",
        [STOP_BY_USER] = "user",
        [STOP_BY_SHUTDOWN] = "shutdown",
        [STOP_BY_LIFETIME] = "lifetime",
        [STOP_BY_RESTART] = "restart",
        [STOP_BY_REMOVAL] = "removal",
        [STOP_BY_START_TIMEOUT] = "start_timeout",
        [STOP_BY_FAULT] = "fault",
    };
    return name_of(names, COUNT(names), r);
}
