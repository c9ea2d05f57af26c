/* SPDX-License-Identifier: ISC */
/*
 * farm-run.c: a run as its worker tells it, from READY to the first cause of its end, which is on disk before
 * anything follows from it.
 */
#include "farm-impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "clock.h"
#include "health.h"
#include "log.h"
#include "restart.h"
#include "units.h"

/* ---- The end of a run --------------------------------------------------------------------------- */

static bool was_asked_to_end(enum stop_reason reason)
{
    return reason == STOP_BY_USER || reason == STOP_BY_SHUTDOWN || reason == STOP_BY_LIFETIME ||
           reason == STOP_BY_RESTART || reason == STOP_BY_REMOVAL;
}

static enum run_result result_of(const struct vm *vm, enum outcome outcome)
{
    if (outcome == OUTCOME_POWER_OFF || outcome == OUTCOME_STOPPED) {
        return RUN_SUCCEEDED;
    }
    if (was_asked_to_end(vm->stop_reason) &&
        (outcome == OUTCOME_RESET || outcome == OUTCOME_KILLED || outcome == OUTCOME_STOP_IGNORED ||
         outcome == OUTCOME_STOP_TIMEOUT)) {
        return RUN_SUCCEEDED;
    }
    return outcome == OUTCOME_RESET ? RUN_RESET : RUN_FAILED;
}

/* When the worker did not say how it ended. */
static void explain_death(struct vm *vm, int exit_status, int signum)
{
    struct msg_ended *m = &vm->ended;
    char how[96];

    if (signum != 0) {
        snprintf(how, sizeof(how), "the worker was ended by signal %d (%s)", signum,
                 strsignal(signum));
    } else {
        snprintf(how, sizeof(how), "the worker exited with status %d without a report",
                 exit_status);
    }
    m->outcome = OUTCOME_WORKER_DIED;
    m->step = STEP_NONE;
    m->code = 0;
    if (was_asked_to_end(vm->stop_reason) && vm->rung >= RUNG_TERM) {
        m->outcome = OUTCOME_KILLED;
        snprintf(m->cause, sizeof(m->cause), "the worker did not end its guest in time; %s", how);
    } else if (vm->last_error[0] != '\0') {
        snprintf(m->cause, sizeof(m->cause), "%s; it last said: %.380s", how, vm->last_error);
    } else {
        snprintf(m->cause, sizeof(m->cause), "%s", how);
    }
    vm->has_ended = true;
}

static json_t *end_detail(struct farm *f, const struct vm *vm, const struct vm_row *row,
                          enum run_result result)
{
    const struct vm_run *run = &row->run;
    char tail[1024];
    json_t *o = json_pack("{s:I, s:s, s:s, s:I}", "boot", (json_int_t)row->boots, "outcome",
                          outcome_name(run->outcome), "cause", run->cause, "length_ms",
                          (json_int_t)(run->ended_at - run->started_at));

    if (run->step != STEP_NONE) {
        json_object_set_new(o, "step", json_string(start_step_name(run->step)));
    }
    if (run->code != 0) {
        json_object_set_new(o, "code", json_integer(run->code));
    }
    if (run->exit_status >= 0) {
        json_object_set_new(o, "exit_status", json_integer(run->exit_status));
    }
    if (run->signal != 0) {
        json_object_set_new(o, "signal", json_integer(run->signal));
    }
    if (vm->stop_reason != STOP_NOT) {
        json_object_set_new(o, "reason", json_string(stop_reason_name(vm->stop_reason)));
    }
    if (result == RUN_FAILED) {
        farm_log_tail(f, vm, tail, sizeof(tail));
        json_object_set_new(o, "console", json_string(tail));
    }
    return o;
}

/* What follows from the run's end, by policy. */
static void plan_next(struct farm *f, struct vm *vm, struct vm_row *next, enum run_result result)
{
    int64_t began = next->run.ready_at != 0 ? next->run.ready_at : next->run.started_at;
    int64_t length = next->run.ended_at - began;
    bool disarmed = next->stopped_by_user || next->wanted != WANTED_RUNNING;
    struct restart_plan plan;

    vm->result = result;
    vm->give_up = false;
    next->retry_at = 0;
    if (f->shutting_down || vm->stop_reason == STOP_BY_SHUTDOWN) {
        return; /* the next daemon decides */
    }
    plan = restart_decide(&next->config, result, length > 0 ? (uint64_t)length : 0, next->attempts,
                          disarmed);
    vm->give_up = !plan.again;
    next->attempts = plan.attempts;
    next->failed = plan.give_up || (result == RUN_FAILED && !disarmed && !plan.again);
    if (vm->cycle) {
        next->failed = false;
    } else if (plan.again) {
        next->retry_at = next->run.ended_at + (int64_t)plan.delay;
    }
}

/* A run that we ended ourselves says why, before how. */
static void write_cause(const struct vm *vm, struct vm_row *next)
{
    char lifetime[UNITS_TEXT] = "";

    if (vm->stop_reason == STOP_BY_LIFETIME) {
        units_format_duration(next->config.max_lifetime, lifetime);
    }
    snprintf(next->run.cause, sizeof(next->run.cause), "%s%s%s%s",
             lifetime[0] != '\0' ? "its max_lifetime of " : "", lifetime,
             lifetime[0] != '\0' ? " was over; " : "", vm->ended.cause);
}

void farm_record_end(struct farm *f, struct vm *vm, int exit_status, int signum)
{
    struct vm_row next = vm->row;
    enum run_result result;

    if (!vm->has_ended) {
        explain_death(vm, exit_status, signum);
    }
    result = result_of(vm, vm->ended.outcome);
    next.seen = SEEN_ENDED;
    next.run.ended_at = clock_unix_ms();
    next.run.outcome = vm->ended.outcome;
    next.run.step = vm->ended.step;
    next.run.code = vm->ended.code;
    next.run.exit_status = exit_status;
    next.run.signal = signum;
    write_cause(vm, &next);
    plan_next(f, vm, &next, result);
    log_say(result == RUN_FAILED ? LOG_ERR : LOG_INFO, vm, "ended: %s%s%s",
            outcome_text(next.run.outcome), next.run.cause[0] != '\0' ? ": " : "", next.run.cause);
    farm_commit_fact(f, vm, &next, "vm.ended", end_detail(f, vm, &next, result));
    farm_end_check(vm);
    vm->health = VM_HEALTH_NONE;
    farm_touch(f, vm);
}

/* ---- What workers tell -------------------------------------------------------------------------- */

static void tell_health(struct vm *vm, enum vm_health now)
{
    json_t *detail;

    if (vm->health == now) {
        return;
    }
    vm->health = now;
    detail = json_pack("{s:s}", "health", vm_health_name(now));
    if (now == VM_HEALTH_UNHEALTHY) {
        json_object_set_new(detail, "cause", json_string(vm->health_cause));
        log_say(LOG_WARNING, vm, "unhealthy: %s", vm->health_cause);
    }
    farm_note(vm->farm, vm, "vm.health", detail);
}

static void on_checked(void *ctx, enum vm_health now, const char *why)
{
    struct vm *vm = ctx;

    vm->checked = now;
    snprintf(vm->health_cause, sizeof(vm->health_cause), "%s", why);
    if (vm->health != VM_HEALTH_UNRESPONSIVE) {
        tell_health(vm, now);
    }
}

/* Without a test a guest counts as ready when it runs. */
static void begin_check(struct farm *f, struct vm *vm)
{
    vm->checked = VM_HEALTH_READY;
    if (vm->row.config.health.test == HEALTH_VSOCK) {
        vm->checked = VM_HEALTH_STARTING;
        vm->check = health_new(f->loop, vm->worker, &vm->row.config, on_checked, vm);
        if (vm->check == NULL) {
            log_say(LOG_ERR, vm, "out of memory: its health is not looked after");
        }
    }
    vm->health = vm->checked;
}

void farm_end_check(struct vm *vm)
{
    health_free(vm->check);
    vm->check = NULL;
}

static void on_ready(void *ctx, const struct msg_ready *r)
{
    struct vm *vm = ctx;
    struct farm *f = vm->farm;
    struct vm_row next = vm->row;

    next.run.ready_at = clock_unix_ms();
    if (next.seen == SEEN_STARTING) {
        next.seen = SEEN_RUNNING;
    }
    vm->start_deadline = 0;
    vm->lifetime_end =
        next.config.max_lifetime != 0 ? farm_now(f) + (int64_t)next.config.max_lifetime : 0;
    begin_check(f, vm);
    farm_commit_fact(f, vm, &next, "vm.ready",
                     json_pack("{s:I, s:I}", "boot", (json_int_t)next.boots, "setup_us",
                               (json_int_t)r->setup_us));
    farm_touch_all(f); /* others may have waited for start_parallel */
}

static void on_booted(void *ctx, uint64_t us)
{
    struct vm *vm = ctx;

    if (vm->boot_us == 0) {
        vm->boot_us = us;
        farm_note(vm->farm, vm, "vm.booted", json_pack("{s:I}", "us", (json_int_t)us));
    }
}

static void on_said(void *ctx, int level, const char *text)
{
    struct vm *vm = ctx;

    if (level <= LOG_ERR) {
        snprintf(vm->last_error, sizeof(vm->last_error), "%s", text);
    }
    log_say(level, vm, "%s", text);
}

static void on_ended(void *ctx, const struct msg_ended *how)
{
    struct vm *vm = ctx;

    if (!vm->has_ended) {
        vm->has_ended = true;
        vm->ended = *how;
    }
}

static void on_fault(void *ctx, const char *what)
{
    struct vm *vm = ctx;

    if (!vm->has_ended) {
        vm->has_ended = true;
        vm->ended = (struct msg_ended){.outcome = OUTCOME_WORKER_DIED, .code = EPROTO};
        snprintf(vm->ended.cause, sizeof(vm->ended.cause), "the worker was stopped: %s", what);
    }
    log_say(LOG_ERR, vm, "the worker broke the protocol: %s", what);
    vm->fault = true;
    vm->force = true;
    farm_touch(vm->farm, vm);
}

static void on_unresponsive(void *ctx, bool is)
{
    struct vm *vm = ctx;

    tell_health(vm, is ? VM_HEALTH_UNRESPONSIVE : vm->checked);
}

static void on_gone(void *ctx, int exit_status, int signum)
{
    struct vm *vm = ctx;

    farm_record_end(vm->farm, vm, exit_status, signum);
}

const struct worker_events farm_worker_events = {
    .ready = on_ready,
    .booted = on_booted,
    .said = on_said,
    .ended = on_ended,
    .fault = on_fault,
    .unresponsive = on_unresponsive,
    .gone = on_gone,
};
