/* SPDX-License-Identifier: ISC */
/*
 * farm.c: the VMs, the wishes of callers, and the one loop that carries them out.
 *
 * A wish is written to the database and marks its VM; so does all that workers tell, and time. At the
 * loop's next turn each marked VM is reconciled until there is nothing to do. Nothing else acts.
 */
#include "farm-impl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "process.h"
#include "restart.h"

#define ACTIONS_MAX    32   /* of one VM in one turn; more would be a circle */
#define HOLD_MS        1000 /* before something that failed on our side is tried again */
#define RUNG_SLACK_MS  3000 /* the worker forces its guest itself; this long we wait for it */
#define TERM_MS        2000
#define CLEAN_EVERY_MS 3600000
#define EVENTS_KEPT    100000

/* ---- Time and turns ----------------------------------------------------------------------------- */

int64_t farm_now(const struct farm *f)
{
    return (int64_t)uv_now(f->loop) + 1;
}

static void on_timer(uv_timer_t *timer);

static void arm(struct farm *f)
{
    int64_t now = farm_now(f), next = INT64_MAX;

    for (size_t i = 0; i < f->count && f->dirty == NULL; i++) {
        if (f->vm[i]->wake_at != 0 && f->vm[i]->wake_at < next) {
            next = f->vm[i]->wake_at;
        }
    }
    if (f->dirty != NULL) {
        next = now;
    }
    if (next == INT64_MAX) {
        uv_timer_stop(&f->timer);
    } else {
        uv_timer_start(&f->timer, on_timer, next > now ? (uint64_t)(next - now) : 0, 0);
    }
}

void farm_touch(struct farm *f, struct vm *vm)
{
    if (!vm->dirty) {
        vm->dirty = true;
        vm->next_dirty = f->dirty;
        f->dirty = vm;
        uv_update_time(f->loop);
        uv_timer_start(&f->timer, on_timer, 0, 0);
    }
}

static void touch_all(struct farm *f)
{
    for (size_t i = 0; i < f->count; i++) {
        farm_touch(f, f->vm[i]);
    }
}

/* ---- Changes and events ------------------------------------------------------------------------- */

static void tell(struct farm *f, struct vm *vm, int64_t seq, const struct state_event *e)
{
    if (vm != NULL) {
        free(vm->summary);
        vm->summary = NULL;
    }
    if (f->watch != NULL && e != NULL) {
        json_t *event = state_event_json(seq, clock_unix_ms(), e);
        f->watch(f->watch_ctx, vm, event);
        json_decref(event);
    }
}

static struct state_event event_of(const struct vm *vm, const char *type, const json_t *detail)
{
    return (struct state_event){.type = type,
                                .vm_id = vm != NULL ? vm->row.id : NULL,
                                .vm_name = vm != NULL ? vm->row.config.name : NULL,
                                .detail = detail};
}

static int report(struct farm *f, const struct vm *vm, int err)
{
    log_say(LOG_ERR, vm, "the database did not take a change: %s", state_error(f->state));
    return err;
}

int farm_commit(struct farm *f, struct vm *vm, const struct vm_row *next, const char *type,
                json_t *detail)
{
    struct state_event e = event_of(vm, type, detail);
    int64_t seq = 0;
    int err = state_update(f->state, next, type != NULL ? &e : NULL, &seq);

    if (err != 0) {
        report(f, vm, err);
    } else {
        vm->row = *next;
        tell(f, vm, seq, type != NULL ? &e : NULL);
    }
    json_decref(detail);
    return err;
}

void farm_note(struct farm *f, struct vm *vm, const char *type, json_t *detail)
{
    struct state_event e = event_of(vm, type, detail);
    int64_t seq = 0;

    if (state_note(f->state, &e, &seq) != 0) {
        report(f, vm, -EIO);
    }
    tell(f, vm, seq, &e);
    json_decref(detail);
}

/* ---- The array ---------------------------------------------------------------------------------- */

static bool search(const struct farm *f, const char *name, size_t *index)
{
    size_t low = 0, high = f->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(f->vm[middle]->row.config.name, name);
        if (order == 0) {
            *index = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *index = low;
    return false;
}

struct vm *farm_find(struct farm *f, const char *name_or_id)
{
    size_t i;

    if (search(f, name_or_id, &i)) {
        return f->vm[i];
    }
    for (i = 0; vm_id_valid(name_or_id) && i < f->count; i++) {
        if (strcmp(f->vm[i]->row.id, name_or_id) == 0) {
            return f->vm[i];
        }
    }
    return NULL;
}

size_t farm_count(const struct farm *f)
{
    return f->count;
}

struct vm *farm_at(struct farm *f, size_t index)
{
    return f->vm[index];
}

int farm_insert(struct farm *f, struct vm *vm)
{
    size_t at;

    if (f->count == f->room) {
        size_t room = f->room != 0 ? 2 * f->room : 64;
        struct vm **grown = realloc(f->vm, room * sizeof(struct vm *));
        if (grown == NULL) {
            return -ENOMEM;
        }
        f->vm = grown;
        f->room = room;
    }
    search(f, vm->row.config.name, &at);
    memmove(f->vm + at + 1, f->vm + at, (f->count - at) * sizeof(struct vm *));
    f->vm[at] = vm;
    f->count++;
    vm->farm = f;
    return 0;
}

void farm_take_out(struct farm *f, struct vm *vm)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->vm[i] == vm) {
            memmove(f->vm + i, f->vm + i + 1, (f->count - i - 1) * sizeof(struct vm *));
            f->count--;
            break;
        }
    }
    for (struct vm **p = &f->dirty; *p != NULL; p = &(*p)->next_dirty) {
        if (*p == vm) {
            *p = vm->next_dirty;
            break;
        }
    }
}

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
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:i, s:i, s:I, s:I}", "outcome",
                          outcome_name(run->outcome), "step", start_step_name(run->step), "code",
                          (int)run->code, "cause", run->cause, "exit_status", run->exit_status,
                          "signal", run->signal, "boot", (json_int_t)row->boots, "length_ms",
                          (json_int_t)(run->ended_at - run->started_at));

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
    snprintf(next.run.cause, sizeof(next.run.cause), "%s", vm->ended.cause);
    plan_next(f, vm, &next, result);
    log_say(result == RUN_FAILED ? LOG_ERR : LOG_INFO, vm, "ended: %s%s%s",
            outcome_text(next.run.outcome), next.run.cause[0] != '\0' ? ": " : "", next.run.cause);
    if (farm_commit(f, vm, &next, "vm.ended", end_detail(f, vm, &next, result)) != 0) {
        vm->row = next; /* the process is gone, whatever the disk says */
    }
    vm->health = VM_HEALTH_NONE;
    farm_touch(f, vm);
}

/* ---- What workers tell -------------------------------------------------------------------------- */

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
    vm->health = VM_HEALTH_READY;
    if (farm_commit(f, vm, &next, "vm.ready",
                    json_pack("{s:I, s:I}", "boot", (json_int_t)next.boots, "setup_us",
                              (json_int_t)r->setup_us)) != 0) {
        vm->row = next;
    }
    touch_all(f); /* others may have waited for start_parallel */
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

    vm->health = is ? VM_HEALTH_UNRESPONSIVE : VM_HEALTH_READY;
    farm_note(vm->farm, vm, "vm.health", json_pack("{s:s}", "health", vm_health_name(vm->health)));
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

/* ---- Actions ------------------------------------------------------------------------------------ */

/* The VM will not run, without a run that ended. */
static void give_up(struct farm *f, struct vm *vm, const char *cause)
{
    struct vm_row next = vm->row;

    next.wanted = next.ephemeral ? WANTED_ABSENT : WANTED_STOPPED;
    next.failed = true;
    next.retry_at = 0;
    next.run.outcome = OUTCOME_START_REFUSED;
    snprintf(next.run.cause, sizeof(next.run.cause), "%s", cause);
    log_say(LOG_ERR, vm, "cannot start: %s", cause);
    if (farm_commit(f, vm, &next, "vm.failed", json_pack("{s:s}", "cause", cause)) != 0) {
        vm->hold_until = farm_now(f) + HOLD_MS;
    }
}

static void serve_queue(struct farm *f)
{
    struct vm *vm;

    while (!f->draining && !f->shutting_down && (vm = admission_next(f->admission)) != NULL) {
        vm->admitted = true;
        vm->queued_at = 0;
        farm_touch(f, vm);
    }
}

static void enqueue(struct farm *f, struct vm *vm)
{
    const struct vm_config *c = &vm->row.config;
    char why[256];

    if (farm_apply_pending(f, vm) != 0) {
        vm->hold_until = farm_now(f) + HOLD_MS;
        return;
    }
    admission_explain(f->admission, c->cpus, c->memory, why, sizeof(why));
    switch (admission_ask(f->admission, vm, c->cpus, c->memory, true)) {
    case ADMITTED: vm->admitted = true; break;
    case ADMISSION_QUEUED:
        vm->queued_at = farm_now(f);
        log_say(LOG_INFO, vm, "waits for a place: %s", why);
        farm_note(f, vm, "vm.queued",
                  json_pack("{s:I, s:s}", "position",
                            (json_int_t)admission_position(f->admission, vm), "cause", why));
        break;
    case ADMISSION_REFUSED: /* the queue is full; this start is nobody's request */
        vm->start_after = farm_now(f) + 5 * HOLD_MS;
        break;
    case ADMISSION_NEVER: give_up(f, vm, why); break;
    }
}

static void dequeue(struct farm *f, struct vm *vm)
{
    admission_release(f->admission, vm);
    vm->admitted = false;
    vm->queued_at = 0;
    serve_queue(f);
}

void farm_ask_again(struct farm *f)
{
    char why[256];

    for (size_t i = 0; i < f->count; i++) {
        struct vm *vm = f->vm[i];
        const struct vm_config *c = &vm->row.config;
        admission_explain(f->admission, c->cpus, c->memory, why, sizeof(why));
        if (vm->queued_at != 0 &&
            admission_ask(f->admission, vm, c->cpus, c->memory, true) == ADMISSION_NEVER) {
            vm->queued_at = 0;
            give_up(f, vm, why);
        }
    }
    serve_queue(f);
}

static uint64_t stop_timeout_of(const struct farm *f, const struct vm *vm)
{
    uint64_t t = vm->stop_timeout != 0 ? vm->stop_timeout : vm->row.config.stop_timeout;

    if (f->shutting_down) {
        int64_t left = f->shutdown_deadline - farm_now(f);
        left = left > 1 ? left : 1;
        t = t < (uint64_t)left ? t : (uint64_t)left;
    }
    return t < 1 ? 1 : t > UINT32_MAX ? UINT32_MAX : t;
}

static void begin_stop(struct farm *f, struct vm *vm, enum stop_reason reason)
{
    struct vm_row next = vm->row;
    char length[96];

    vm->stop_reason = reason;
    if (reason == STOP_BY_START_TIMEOUT && !vm->has_ended) {
        vm->has_ended = true;
        vm->ended = (struct msg_ended){.outcome = OUTCOME_START_REFUSED, .code = ETIMEDOUT};
        snprintf(length, sizeof(length), "the worker was not ready within %llu ms",
                 (unsigned long long)next.config.start_timeout);
        snprintf(vm->ended.cause, sizeof(vm->ended.cause), "%s%s%.380s", length,
                 vm->last_error[0] != '\0' ? "; it last said: " : "", vm->last_error);
    }
    next.seen = SEEN_STOPPING;
    if (farm_commit(f, vm, &next, "vm.stopping",
                    json_pack("{s:s}", "reason", stop_reason_name(reason))) != 0) {
        vm->row.seen = SEEN_STOPPING; /* a full disk does not keep guests running */
    }
}

static void climb(struct farm *f, struct vm *vm, const struct decision *d)
{
    int64_t now = farm_now(f);

    if (vm->row.seen != SEEN_STOPPING) {
        begin_stop(f, vm, d->reason);
    }
    vm->rung = d->rung;
    farm_note(f, vm, "vm.stop_rung",
              json_pack("{s:s, s:s}", "rung", stop_rung_name(d->rung), "reason",
                        stop_reason_name(vm->stop_reason)));
    switch (d->rung) {
    case RUNG_BUTTON: {
        uint64_t timeout = stop_timeout_of(f, vm);
        vm->rung_deadline = now + (int64_t)timeout + RUNG_SLACK_MS;
        worker_stop(vm->worker, (uint32_t)timeout);
        break;
    }
    case RUNG_TERM:
        vm->rung_deadline = now + TERM_MS;
        worker_kill(vm->worker);
        worker_signal(vm->worker, SIGTERM);
        break;
    case RUNG_KILL:
        vm->rung_deadline = 0;
        worker_signal(vm->worker, SIGKILL);
        break;
    case RUNG_NONE: break;
    }
}

static void teardown(struct farm *f, struct vm *vm)
{
    struct vm_row next = vm->row;
    const char *type = NULL;
    json_t *detail = NULL;

    farm_release_run(f, vm);
    dequeue(f, vm);
    next.seen = SEEN_NOTHING;
    next.process = (struct vm_process){0};
    if (next.wanted != WANTED_RUNNING) {
        type = "vm.stopped";
    } else if (next.retry_at != 0 && !vm->give_up) {
        type = "vm.restarting";
        detail =
            json_pack("{s:I, s:i}", "delay_ms", (json_int_t)(next.retry_at - next.run.ended_at),
                      "attempts", (int)next.attempts);
    }
    if (farm_commit(f, vm, &next, type, detail) != 0) {
        vm->row = next;
    }
    touch_all(f); /* a disk may be free, a start may follow, a shutdown may be over */
}

static void settle(struct farm *f, struct vm *vm)
{
    struct vm_row next = vm->row;
    json_t *detail =
        json_pack("{s:s, s:s}", "outcome", outcome_name(next.run.outcome), "cause", next.run.cause);

    next.wanted = next.ephemeral ? WANTED_ABSENT : WANTED_STOPPED;
    next.retry_at = 0;
    vm->cycle = false;
    if (farm_commit(f, vm, &next, next.failed ? "vm.failed" : "vm.stopped", detail) != 0) {
        vm->hold_until = farm_now(f) + HOLD_MS;
    }
}

/* Whether the VM is gone. */
static bool delete_vm(struct farm *f, struct vm *vm)
{
    struct state_event e = event_of(vm, "vm.removed", NULL);
    int64_t seq = 0;

    if (state_delete(f->state, vm->row.id, &e, &seq) != 0) {
        report(f, vm, -EIO);
        vm->hold_until = farm_now(f) + HOLD_MS;
        return false;
    }
    log_say(LOG_INFO, vm, "removed");
    farm_log_retire(f, vm);
    farm_take_out(f, vm);
    tell(f, vm, seq, &e);
    vm_free(vm);
    return true;
}

/* ---- The loop around reconcile ------------------------------------------------------------------- */

static bool crowded(const struct farm *f)
{
    uint32_t starting = 0;

    for (size_t i = 0; i < f->count; i++) {
        starting += f->vm[i]->row.seen == SEEN_STARTING;
    }
    return f->config.start_parallel != 0 && starting >= f->config.start_parallel;
}

static struct vm_facts facts_of(struct farm *f, struct vm *vm)
{
    const struct vm_row *row = &vm->row;
    int64_t now = farm_now(f), retry = vm->start_after;

    if (row->retry_at != 0) {
        int64_t left = row->retry_at - clock_unix_ms();
        int64_t most = (int64_t)row->config.restart_delay_max;
        left = left < 0 ? 0 : left > most ? most : left; /* the wall clock may have been set */
        retry = retry > now + left ? retry : now + left;
    }
    return (struct vm_facts){
        .now = now,
        .wanted = row->wanted,
        .seen = row->seen,
        .enabled = vm->config_error == NULL && !vm->unconfigured,
        .may_start = !f->draining && !f->shutting_down,
        .shutting_down = f->shutting_down,
        .queued = vm->queued_at != 0,
        .admitted = vm->admitted,
        .crowded = row->seen == SEEN_NOTHING && vm->admitted && crowded(f),
        .ephemeral = row->ephemeral,
        .cycle = vm->cycle,
        .force = vm->force || f->forced,
        .fault = vm->fault,
        .give_up = vm->give_up,
        .result = vm->result,
        .retry_at = retry,
        .start_deadline = vm->start_deadline,
        .lifetime_end = vm->lifetime_end,
        .rung = vm->rung,
        .rung_deadline = vm->rung_deadline,
    };
}

/* Whether the VM is still there. */
static bool perform(struct farm *f, struct vm *vm, const struct decision *d)
{
    switch (d->action) {
    case ACTION_NONE: break;
    case ACTION_ENQUEUE: enqueue(f, vm); break;
    case ACTION_DEQUEUE: dequeue(f, vm); break;
    case ACTION_SPAWN: farm_spawn(f, vm); break;
    case ACTION_CLIMB: climb(f, vm, d); break;
    case ACTION_TEARDOWN: teardown(f, vm); break;
    case ACTION_SETTLE: settle(f, vm); break;
    case ACTION_DELETE: return !delete_vm(f, vm);
    }
    return true;
}

static void leave_configuration(struct farm *f, struct vm *vm)
{
    struct vm_row next = vm->row;

    next.wanted = WANTED_ABSENT;
    farm_commit(f, vm, &next, NULL, NULL);
}

static bool waited_too_long(const struct farm *f, const struct vm *vm)
{
    return vm->queued_at != 0 && f->config.queue_timeout != 0 &&
           farm_now(f) - vm->queued_at >= (int64_t)f->config.queue_timeout;
}

static void work(struct farm *f, struct vm *vm)
{
    if (vm->unconfigured && vm->row.seen == SEEN_NOTHING && vm->row.wanted != WANTED_ABSENT) {
        leave_configuration(f, vm);
    }
    if (waited_too_long(f, vm)) {
        give_up(f, vm, "it waited in the queue for as long as queue_timeout allows");
    }
    for (int i = 0; i < ACTIONS_MAX; i++) {
        struct vm_facts facts;
        struct decision d;

        if (vm->hold_until > farm_now(f)) {
            vm->wake_at = vm->hold_until;
            return;
        }
        facts = facts_of(f, vm);
        d = reconcile(&facts);
        if (d.action == ACTION_NONE) {
            vm->wake_at = d.wake_at;
            if (vm->queued_at != 0 && f->config.queue_timeout != 0) {
                int64_t end = vm->queued_at + (int64_t)f->config.queue_timeout;
                vm->wake_at = d.wake_at == 0 || end < d.wake_at ? end : d.wake_at;
            }
            return;
        }
        if (!perform(f, vm, &d)) {
            return;
        }
        free(vm->summary);
        vm->summary = NULL;
    }
    log_say(LOG_CRIT, vm, "does not come to rest; looked at again in a second");
    vm->hold_until = farm_now(f) + HOLD_MS;
    vm->wake_at = vm->hold_until;
}

static void look_for_shutdown(struct farm *f)
{
    if (!f->shutting_down || f->shut_down) {
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (f->vm[i]->row.seen != SEEN_NOTHING) {
            return;
        }
    }
    f->shut_down = true;
    f->done(f->done_ctx);
}

static void on_timer(uv_timer_t *timer)
{
    struct farm *f = timer->data;
    int64_t now;
    struct vm *vm;

    uv_update_time(f->loop);
    now = farm_now(f);
    for (size_t i = 0; i < f->count; i++) {
        if (f->vm[i]->wake_at != 0 && f->vm[i]->wake_at <= now) {
            farm_touch(f, f->vm[i]);
        }
    }
    /* What this turn marks anew is for the next one. */
    struct vm *todo = f->dirty;
    size_t count = 0;
    for (vm = todo; vm != NULL; vm = vm->next_dirty) {
        count++;
    }
    while (count-- != 0 && (vm = f->dirty) != NULL) {
        f->dirty = vm->next_dirty;
        vm->dirty = false;
        vm->wake_at = 0;
        work(f, vm);
    }
    look_for_shutdown(f);
    arm(f);
}

/* ---- Wishes ------------------------------------------------------------------------------------- */

static enum failure refuse(struct refusal *r, enum failure why, const char *hint,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum failure refuse(struct refusal *r, enum failure why, const char *hint,
                           const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(r->message, sizeof(r->message), format, ap);
    va_end(ap);
    snprintf(r->hint, sizeof(r->hint), "%s", hint != NULL ? hint : "");
    return why;
}

static enum failure unwritable(struct farm *f, struct refusal *r)
{
    return refuse(r, FAILURE_STATE_UNREADABLE, "see the daemon's log, and whether its disk is full",
                  "the database did not take the change: %s", state_error(f->state));
}

static enum failure refuse_files(struct refusal *r, const struct vm *vm, json_t *files)
{
    r->data = json_pack("{s:o}", "files", files);
    return refuse(r, FAILURE_FILES_NEEDED, "start it with vmctl, which opens and passes them",
                  "%s: its files have to be opened again", vm->row.config.name);
}

void farm_forget_run(struct vm *vm, struct vm_row *next)
{
    next->wanted = WANTED_RUNNING;
    next->failed = false;
    next->stopped_by_user = false;
    next->attempts = 0;
    next->restarts = 0;
    next->retry_at = 0;
    vm->result = RUN_NEVER;
    vm->give_up = false;
    vm->start_after = 0;
}

/* Whether the budget takes it; on success it holds its place (or its position), nothing else has changed. */
static enum failure ask_admission(struct farm *f, struct vm *vm, const struct vm_config *c,
                                  bool may_queue, struct refusal *r)
{
    struct admission_use use;
    enum admission_answer answer;
    char why[256];

    if (f->draining || f->shutting_down) {
        return refuse(r, FAILURE_DRAINING, f->shutting_down ? NULL : "vmctl drain --off ends it",
                      "the host takes no more starts");
    }
    admission_explain(f->admission, c->cpus, c->memory, why, sizeof(why));
    admission_get_use(f->admission, &use);
    answer = admission_ask(f->admission, vm, c->cpus, c->memory, may_queue);
    if (answer == ADMITTED) {
        vm->admitted = true;
        return FAILURE_NONE;
    }
    if (answer == ADMISSION_QUEUED) {
        vm->queued_at = farm_now(f);
        return FAILURE_NONE;
    }
    r->data =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "need_cpus", (json_int_t)c->cpus,
                  "need_memory", (json_int_t)c->memory, "used_cpus", (json_int_t)use.used.cpus,
                  "used_memory", (json_int_t)use.used.memory, "limit_cpus",
                  (json_int_t)use.limit.cpus, "limit_memory", (json_int_t)use.limit.memory,
                  "queued", (json_int_t)use.queued, "queue_max", (json_int_t)use.queue_max);
    return refuse(r, FAILURE_OVER_BUDGET,
                  answer == ADMISSION_NEVER ? "it is larger than the whole budget"
                  : may_queue               ? "the queue is full: try again later"
                                            : "let it wait in the queue, or stop another VM",
                  "%s", why);
}

static void tell_queued(struct farm *f, struct vm *vm)
{
    if (vm->queued_at != 0) {
        farm_note(f, vm, "vm.queued",
                  json_pack("{s:I}", "position", (json_int_t)admission_position(f->admission, vm)));
    }
}

static int prepare_row(struct vm *vm, const struct farm_create *c)
{
    int err = vm_id_generate(vm->row.id);

    if (err == 0) {
        vm_config_free(&vm->row.config);
        vm->row.config = (struct vm_config){0};
        err = vm_config_copy(&vm->row.config, c->config);
    }
    if (err == 0 && vm->row.config.name[0] == '\0') {
        snprintf(vm->row.config.name, sizeof(vm->row.config.name), "vm-%.8s", vm->row.id);
    }
    vm->row.source = VM_FROM_CLIENT;
    vm->row.owner = c->owner;
    vm->row.wanted = c->start ? WANTED_RUNNING : WANTED_STOPPED;
    vm->row.ephemeral = c->ephemeral;
    vm->row.created_at = clock_unix_ms();
    vm->by_hand = true;
    return err;
}

/* Frees the name: the old VM goes on under another one, which nobody else has, until it is gone. */
static enum failure push_aside(struct farm *f, struct vm *vm, struct refusal *r)
{
    struct vm_row next = vm->row;
    enum failure err = farm_remove(f, vm, true, r);

    if (err != FAILURE_NONE) {
        return err;
    }
    next = vm->row;
    snprintf(next.config.name, sizeof(next.config.name), "replaced-%s", next.id);
    farm_take_out(f, vm);
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        err = unwritable(f, r);
    }
    vm->dirty = false;
    if (farm_insert(f, vm) != 0) { /* there is room: one was just taken out */
        return refuse(r, FAILURE_INTERNAL, NULL, "out of memory");
    }
    farm_touch(f, vm);
    return err;
}

enum failure farm_create(struct farm *f, const struct farm_create *c, struct vm **out,
                         struct refusal *r)
{
    struct vm *vm = vm_new(), *old;
    struct state_event e;
    enum failure err;
    int64_t seq = 0;
    json_t *files, *config;

    *out = NULL;
    if (vm == NULL || prepare_row(vm, c) != 0) {
        err = refuse(r, FAILURE_INTERNAL, NULL, "out of memory or of random numbers");
        goto fail;
    }
    old = farm_find(f, vm->row.config.name);
    if (old != NULL && !c->replace) {
        err = refuse(r, FAILURE_NAME_TAKEN, "choose another name, or replace it",
                     "there is a VM %s already", vm->row.config.name);
        goto fail;
    }
    if (c->start && (files = farm_files_needed(&vm->row.config, c->files)) != NULL) {
        err = refuse_files(r, vm, files);
        goto fail;
    }
    if (c->start && (err = ask_admission(f, vm, &vm->row.config, c->may_queue, r)) != 0) {
        goto fail;
    }
    if (old != NULL && (err = push_aside(f, old, r)) != FAILURE_NONE) {
        goto fail;
    }
    config = vm_config_to_json(&vm->row.config, false);
    e = event_of(vm, "vm.created", config);
    if (farm_insert(f, vm) != 0) {
        err = refuse(r, FAILURE_INTERNAL, NULL, "out of memory");
    } else if (state_insert(f->state, &vm->row, &e, &seq) != 0) {
        farm_take_out(f, vm);
        err = unwritable(f, r);
    } else {
        err = FAILURE_NONE;
    }
    if (err != FAILURE_NONE) {
        json_decref(config);
        goto fail;
    }
    vm->files = *c->files;
    vm_files_init(c->files);
    tell(f, vm, seq, &e);
    json_decref(config);
    tell_queued(f, vm);
    farm_touch(f, vm);
    *out = vm;
    return FAILURE_NONE;
fail:
    if (vm != NULL) {
        admission_release(f->admission, vm);
        serve_queue(f);
    }
    vm_free(vm);
    return err;
}

static void take_files(struct vm *vm, struct vm_files *files)
{
    if (files != NULL) {
        vm_files_close(&vm->files);
        vm->files = *files;
        vm_files_init(files);
    }
}

enum failure farm_start(struct farm *f, struct vm *vm, struct vm_files *files, bool may_queue,
                        struct refusal *r)
{
    struct vm_row next = vm->row;
    bool held = vm->admitted || vm->queued_at != 0;
    enum failure err;
    json_t *needed;

    if (vm->config_error != NULL) {
        return refuse(r, FAILURE_INVALID_CONFIG, "correct it and reload", "%s is disabled: %s",
                      next.config.name, vm->config_error);
    }
    if (next.wanted == WANTED_ABSENT || vm->unconfigured) {
        return refuse(r, FAILURE_WRONG_STATE, NULL, "%s is being removed", next.config.name);
    }
    if (next.wanted == WANTED_RUNNING &&
        (next.seen == SEEN_STARTING || next.seen == SEEN_RUNNING)) {
        return FAILURE_NONE;
    }
    needed = next.source == VM_FROM_CLIENT
                 ? farm_files_needed(&next.config, files != NULL ? files : &vm->files)
                 : NULL;
    if (needed != NULL) {
        return refuse_files(r, vm, needed);
    }
    if (next.seen == SEEN_NOTHING && !held &&
        (err = ask_admission(f, vm, vm->has_pending ? &vm->pending : &next.config, may_queue, r)) !=
            FAILURE_NONE) {
        return err;
    }
    farm_forget_run(vm, &next);
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        if (!held) {
            dequeue(f, vm);
        }
        return unwritable(f, r);
    }
    if (!held) {
        tell_queued(f, vm);
    }
    take_files(vm, files);
    vm->by_hand = true;
    vm->hold_until = 0;
    vm->cycle = next.seen != SEEN_NOTHING; /* a stop is under way: start when it is over */
    farm_touch(f, vm);
    return FAILURE_NONE;
}

static enum failure wish(struct farm *f, struct vm *vm, const struct vm_row *next, bool force,
                         uint64_t timeout_ms, struct refusal *r)
{
    bool quiet = next->seen == SEEN_NOTHING;

    if (farm_commit(f, vm, next, quiet && next->wanted == WANTED_STOPPED ? "vm.stopped" : NULL,
                    NULL) != 0) {
        return unwritable(f, r);
    }
    if (!quiet) {
        vm->force = vm->force || force;
        vm->stop_timeout = timeout_ms;
    }
    farm_touch(f, vm);
    return FAILURE_NONE;
}

enum failure farm_stop(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms,
                       struct refusal *r)
{
    struct vm_row next = vm->row;

    if (next.wanted == WANTED_ABSENT) {
        return FAILURE_NONE; /* it stops, and more */
    }
    if (next.wanted == WANTED_STOPPED && next.seen == SEEN_NOTHING && next.stopped_by_user) {
        return FAILURE_NONE;
    }
    next.wanted = next.ephemeral && next.seen == SEEN_NOTHING ? WANTED_ABSENT : WANTED_STOPPED;
    next.stopped_by_user = true;
    next.retry_at = 0;
    vm->cycle = false;
    return wish(f, vm, &next, force, timeout_ms, r);
}

enum failure farm_restart(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms,
                          struct refusal *r)
{
    struct vm_row next = vm->row;
    enum failure err;

    if (next.seen == SEEN_NOTHING || next.wanted != WANTED_RUNNING) {
        return farm_start(f, vm, NULL, true, r);
    }
    farm_forget_run(vm, &next);
    err = wish(f, vm, &next, force, timeout_ms, r);
    if (err == FAILURE_NONE) {
        vm->cycle = true;
        vm->by_hand = true;
    }
    return err;
}

enum failure farm_remove(struct farm *f, struct vm *vm, bool force, struct refusal *r)
{
    struct vm_row next = vm->row;

    if (next.source == VM_FROM_CONFIG && !vm->unconfigured) {
        return refuse(r, FAILURE_FROM_CONFIG, "take it out of its file and reload",
                      "%s stands in the configuration%s%s", next.config.name,
                      vm->config_place != NULL ? " at " : "",
                      vm->config_place != NULL ? vm->config_place : "");
    }
    if (next.seen != SEEN_NOTHING && !force && next.wanted != WANTED_ABSENT) {
        return refuse(r, FAILURE_WRONG_STATE, "stop it first, or use force", "%s is %s",
                      next.config.name, vm_state_name(vm_state(vm)));
    }
    next.wanted = WANTED_ABSENT;
    next.stopped_by_user = true;
    vm->cycle = false;
    return wish(f, vm, &next, force, 0, r);
}

enum failure farm_set_autostart(struct farm *f, struct vm *vm, bool on, struct refusal *r)
{
    struct vm_row next = vm->row;

    next.autostart = on;
    return farm_commit(f, vm, &next, "vm.autostart", json_pack("{s:b}", "autostart", on)) != 0
               ? unwritable(f, r)
               : FAILURE_NONE;
}

/* ---- The host ----------------------------------------------------------------------------------- */

void farm_drain(struct farm *f, bool on)
{
    if (f->draining != on) {
        f->draining = on;
        log_say(LOG_NOTICE, NULL, on ? "draining: no more starts" : "starts are taken again");
        farm_note(f, NULL, "host.draining", json_pack("{s:b}", "draining", on));
        serve_queue(f);
        touch_all(f);
    }
}

bool farm_draining(const struct farm *f)
{
    return f->draining;
}

void farm_shutdown(struct farm *f, void (*done)(void *ctx), void *ctx)
{
    uv_update_time(f->loop);
    if (f->shutting_down) {
        f->forced = true;
    } else {
        f->shutting_down = true;
        f->done = done;
        f->done_ctx = ctx;
        f->shutdown_deadline = farm_now(f) + (int64_t)f->config.shutdown_timeout;
    }
    touch_all(f);
    uv_timer_start(&f->timer, on_timer, 0, 0); /* also where there is no VM */
}

void farm_get_use(const struct farm *f, struct admission_use *out)
{
    admission_get_use(f->admission, out);
}

size_t farm_queue_position(const struct farm *f, const struct vm *vm)
{
    return admission_position(f->admission, vm);
}

void farm_watch(struct farm *f, farm_watch_fn *fn, void *ctx)
{
    f->watch = fn;
    f->watch_ctx = ctx;
}

const struct host_config *farm_config(const struct farm *f)
{
    return &f->config;
}

static void on_cleaning(uv_timer_t *timer)
{
    struct farm *f = timer->data;
    int64_t keep = (int64_t)f->config.event_retention;

    farm_log_clean(f);
    if (keep != 0 && state_prune_events(f->state, clock_unix_ms() - keep, EVENTS_KEPT) != 0) {
        report(f, NULL, -EIO);
    }
}

/* ---- Beginning and end -------------------------------------------------------------------------- */

struct loading {
    struct farm *f;
    int err;
};

static void take_row(void *ctx, struct vm_row *row)
{
    struct loading *l = ctx;
    struct vm *vm = l->err == 0 ? vm_new() : NULL;

    if (vm == NULL) {
        l->err = -ENOMEM;
        return;
    }
    vm_config_free(&vm->row.config);
    vm->row = *row;
    memset(row, 0, sizeof(*row));
    if (farm_insert(l->f, vm) != 0) {
        l->err = -ENOMEM;
        vm_free(vm);
    }
}

/* The last daemon did not see this run end. Its worker ends by itself, if it has not yet. */
static int lose_run(struct farm *f, struct vm *vm)
{
    struct vm_row next = vm->row;

    if (next.seen == SEEN_NOTHING) {
        return 0;
    }
    if (process_is_alive(&next.process)) {
        vm->ghost = next.process;
        vm->ghost_deadline = farm_now(f) + (int64_t)next.config.stop_timeout + RUNG_SLACK_MS;
    }
    if (next.seen != SEEN_ENDED) {
        next.run.outcome = OUTCOME_ORPHANED;
        next.run.ended_at = clock_unix_ms();
        next.run.exit_status = -1;
        snprintf(next.run.cause, sizeof(next.run.cause), "lost with the daemon");
    }
    next.seen = SEEN_NOTHING;
    next.process = (struct vm_process){0};
    log_say(LOG_WARNING, vm, "its run was lost with the daemon%s",
            vm->ghost.pid != 0 ? "; its worker has not gone yet" : "");
    return farm_commit(f, vm, &next, "vm.ended",
                       json_pack("{s:s, s:s, s:I}", "outcome", outcome_name(next.run.outcome),
                                 "cause", next.run.cause, "boot", (json_int_t)next.boots));
}

struct farm *farm_new(uv_loop_t *loop, const struct paths *p, struct state *s, char *why,
                      size_t size)
{
    struct farm *f = calloc(1, sizeof(*f));
    struct loading l = {.f = f};
    int err;

    if (f == NULL || (f->admission = admission_new()) == NULL) {
        free(f);
        snprintf(why, size, "out of memory");
        return NULL;
    }
    f->loop = loop;
    f->paths = p;
    f->state = s;
    host_config_init(&f->config);
    uv_timer_init(loop, &f->timer);
    uv_timer_init(loop, &f->cleaning);
    f->timer.data = f;
    f->cleaning.data = f;
    err = state_load(s, take_row, &l);
    err = err != 0 ? err : l.err;
    for (size_t i = 0; err == 0 && i < f->count; i++) {
        err = lose_run(f, f->vm[i]);
    }
    if (err != 0) {
        snprintf(why, size, "the VMs cannot be loaded: %s",
                 err == -ENOMEM ? "out of memory" : state_error(s));
        farm_free(f);
        return NULL;
    }
    uv_timer_start(&f->cleaning, on_cleaning, CLEAN_EVERY_MS / 60, CLEAN_EVERY_MS);
    return f;
}

static void on_farm_closed(uv_handle_t *h)
{
    struct farm *f = h->data;

    if (!uv_is_closing((uv_handle_t *)&f->cleaning)) {
        uv_close((uv_handle_t *)&f->cleaning, on_farm_closed);
    } else {
        free(f);
    }
}

void farm_free(struct farm *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        worker_free(f->vm[i]->worker);
        vm_free(f->vm[i]);
    }
    free(f->vm);
    f->vm = NULL;
    f->count = 0;
    admission_free(f->admission);
    host_config_free(&f->config);
    uv_close((uv_handle_t *)&f->timer, on_farm_closed);
}
