/* SPDX-License-Identifier: ISC */
/*
 * farm.c: the VMs, and the one loop that does what is wished for them.
 *
 * A wish is written to the database and marks its VM; so does all that workers tell, and time. At the
 * loop's next turn each marked VM is reconciled until there is nothing to do. Nothing else acts.
 */
#include "farm-impl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "clock.h"
#include "log.h"
#include "process.h"
#include "units.h"

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
        vm->next_dirty = NULL;
        *f->dirty_end = vm;
        f->dirty_end = &vm->next_dirty;
        uv_update_time(f->loop);
        uv_timer_start(&f->timer, on_timer, 0, 0);
    }
}

void farm_touch_all(struct farm *f)
{
    for (size_t i = 0; i < f->count; i++) {
        farm_touch(f, f->vm[i]);
    }
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
            f->dirty_end = *p != NULL ? f->dirty_end : p;
            break;
        }
    }
}

int farm_enter(struct farm *f, struct vm *vm)
{
    int err = farm_insert(f, vm);

    if (err == 0) {
        err = farm_record_creation(f, vm, vm_config_to_json(&vm->row.config, false));
        if (err != 0) {
            farm_take_out(f, vm);
        }
    }
    return err;
}

/* ---- Actions ------------------------------------------------------------------------------------ */

void farm_give_up(struct farm *f, struct vm *vm, const char *cause)
{
    struct vm_row next = vm->row;

    next.wanted = next.ephemeral ? WANTED_ABSENT : WANTED_STOPPED;
    next.failed = true;
    next.retry_at = 0;
    next.run = (struct vm_run){
        .outcome = OUTCOME_START_REFUSED, .exit_status = -1, .ended_at = clock_unix_ms()};
    snprintf(next.run.cause, sizeof(next.run.cause), "%s", cause);
    log_say(LOG_ERR, vm, "cannot start: %s", cause);
    if (farm_commit(f, vm, &next, "vm.failed", json_pack("{s:s}", "cause", cause)) != 0) {
        vm->hold_until = farm_now(f) + HOLD_MS;
    }
}

void farm_admit(struct farm *f, struct vm *vm)
{
    vm->admitted = true;
    vm->place = ++f->places;
    vm->queued_at = 0;
}

void farm_serve_queue(struct farm *f)
{
    struct vm *vm;

    while (!f->draining && !f->shutting_down && (vm = admission_next(f->admission)) != NULL) {
        farm_admit(f, vm);
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
    case ADMITTED: farm_admit(f, vm); break;
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
    case ADMISSION_NEVER: farm_give_up(f, vm, why); break;
    }
}

void farm_dequeue(struct farm *f, struct vm *vm)
{
    admission_release(f->admission, vm);
    if (vm->admitted) {
        farm_touch_all(f); /* those behind it in the order of starts */
    }
    vm->admitted = false;
    vm->queued_at = 0;
    farm_serve_queue(f);
}

void farm_ask_again(struct farm *f)
{
    char why[256];

    for (size_t i = 0; i < f->count; i++) {
        struct vm *vm = f->vm[i];
        const struct vm_config *c = &vm->row.config;
        admission_explain(f->admission, c->cpus, c->memory, why, sizeof(why));
        if (vm->queued_at != 0 && vm->config_error == NULL &&
            admission_ask(f->admission, vm, c->cpus, c->memory, true) == ADMISSION_NEVER) {
            vm->queued_at = 0;
            farm_give_up(f, vm, why);
        }
    }
    farm_serve_queue(f);
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

    farm_end_check(vm);
    vm->stop_reason = reason;
    if (reason == STOP_BY_START_TIMEOUT && !vm->has_ended) {
        char time[UNITS_TEXT];
        vm->has_ended = true;
        vm->ended = (struct msg_ended){.outcome = OUTCOME_START_REFUSED, .code = ETIMEDOUT};
        snprintf(length, sizeof(length), "the worker was not ready within %s",
                 units_format_duration(next.config.start_timeout, time));
        snprintf(vm->ended.cause, sizeof(vm->ended.cause), "%s%s%.380s", length,
                 vm->last_error[0] != '\0' ? "; it last said: " : "", vm->last_error);
    }
    next.seen = SEEN_STOPPING;
    farm_commit_fact(f, vm, &next, "vm.stopping",
                     json_pack("{s:s}", "reason", stop_reason_name(reason)));
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
    farm_dequeue(f, vm);
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
    farm_commit_fact(f, vm, &next, type, detail);
    farm_touch_all(f); /* a disk may be free, a start may follow, a shutdown may be over */
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
    if (farm_record_removal(f, vm) != 0) {
        vm->hold_until = farm_now(f) + HOLD_MS;
        return false;
    }
    vm_free(vm);
    return true;
}

/* ---- The loop around reconcile ------------------------------------------------------------------- */

/* Who was admitted first starts first. */
static bool is_before(const struct farm *f, const struct vm *a, const struct vm *b)
{
    return a->row.seen == SEEN_NOTHING && a->row.wanted == WANTED_RUNNING && a->admitted &&
           a->place < b->place && a->hold_until <= farm_now(f);
}

static bool crowded(const struct farm *f, const struct vm *vm)
{
    uint32_t ahead = 0;

    if (vm->row.seen != SEEN_NOTHING || !vm->admitted || f->config.start_parallel == 0) {
        return false;
    }
    for (size_t i = 0; i < f->count && ahead < f->config.start_parallel; i++) {
        ahead += f->vm[i]->row.seen == SEEN_STARTING || is_before(f, f->vm[i], vm);
    }
    return ahead >= f->config.start_parallel;
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
        .crowded = crowded(f, vm),
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
    case ACTION_DEQUEUE: farm_dequeue(f, vm); break;
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
        char cause[96], time[UNITS_TEXT];
        snprintf(cause, sizeof(cause), "it waited in the queue for the whole queue_timeout of %s",
                 units_format_duration(f->config.queue_timeout, time));
        farm_give_up(f, vm, cause);
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

/* The one whose time came first; NULL: nobody's has come. */
static struct vm *next_due(const struct farm *f)
{
    struct vm *first = NULL;
    int64_t now = farm_now(f);

    for (size_t i = 0; i < f->count; i++) {
        struct vm *vm = f->vm[i];
        if (vm->wake_at != 0 && vm->wake_at <= (first != NULL ? first->wake_at - 1 : now)) {
            first = vm;
        }
    }
    return first;
}

static void on_timer(uv_timer_t *timer)
{
    struct farm *f = timer->data;
    struct vm *vm;

    uv_update_time(f->loop);
    while ((vm = next_due(f)) != NULL) {
        vm->wake_at = 0;
        farm_touch(f, vm);
    }
    /* What this turn marks anew is for the next one. */
    struct vm *todo = f->dirty;
    size_t count = 0;
    for (vm = todo; vm != NULL; vm = vm->next_dirty) {
        count++;
    }
    while (count-- != 0 && (vm = f->dirty) != NULL) {
        f->dirty = vm->next_dirty;
        f->dirty_end = f->dirty != NULL ? f->dirty_end : &f->dirty;
        vm->dirty = false;
        vm->wake_at = 0;
        work(f, vm);
    }
    look_for_shutdown(f);
    arm(f);
}

/* ---- The host ----------------------------------------------------------------------------------- */

void farm_drain(struct farm *f, bool on)
{
    if (f->draining != on) {
        f->draining = on;
        log_say(LOG_NOTICE, NULL, on ? "draining: no more starts" : "starts are taken again");
        farm_note(f, NULL, "host.draining", json_pack("{s:b}", "draining", on));
        farm_serve_queue(f);
        farm_touch_all(f);
    }
}

bool farm_draining(const struct farm *f)
{
    return f->draining;
}

static int latest_first(const void *a, const void *b)
{
    const struct vm *const *x = a, *const *y = b;
    int64_t left = (*x)->row.run.started_at, right = (*y)->row.run.started_at;

    return (left < right) - (left > right);
}

/* The latest started is the first to be stopped. */
static void touch_by_start(struct farm *f)
{
    struct vm **order = f->count != 0 ? malloc(f->count * sizeof(struct vm *)) : NULL;

    if (order == NULL) {
        farm_touch_all(f);
        return;
    }
    memcpy(order, f->vm, f->count * sizeof(struct vm *));
    qsort(order, f->count, sizeof(struct vm *), latest_first);
    for (size_t i = 0; i < f->count; i++) {
        farm_touch(f, order[i]);
    }
    free(order);
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
    touch_by_start(f);
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

    farm_sweep_runs(f);
    farm_log_clean(f);
    if (keep != 0 && state_prune_events(f->state, clock_unix_ms() - keep, EVENTS_KEPT) != 0) {
        log_say(LOG_ERR, NULL, "old events cannot be removed: %s", state_error(f->state));
    }
}

void farm_clean_soon(struct farm *f)
{
    uv_timer_start(&f->cleaning, on_cleaning, 0, CLEAN_EVERY_MS);
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
    f->dirty_end = &f->dirty;
    f->paths = p;
    f->state = s;
    host_config_init(&f->config);
    uv_timer_init(loop, &f->timer);
    uv_timer_init(loop, &f->cleaning);
    uv_timer_init(loop, &f->paytime);
    f->timer.data = f;
    f->cleaning.data = f;
    f->paytime.data = f;
    f->owed_end = &f->owed;
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
    farm_sweep_runs(f);
    uv_timer_start(&f->cleaning, on_cleaning, CLEAN_EVERY_MS / 60, CLEAN_EVERY_MS);
    return f;
}

static void on_farm_closed(uv_handle_t *h)
{
    struct farm *f = h->data;

    if (!uv_is_closing((uv_handle_t *)&f->cleaning)) {
        uv_close((uv_handle_t *)&f->cleaning, on_farm_closed);
    } else if (!uv_is_closing((uv_handle_t *)&f->paytime)) {
        uv_close((uv_handle_t *)&f->paytime, on_farm_closed);
    } else {
        free(f);
    }
}

void farm_free(struct farm *f)
{
    if (f == NULL) {
        return;
    }
    farm_forgive(f);
    for (size_t i = 0; i < f->count; i++) {
        farm_end_check(f->vm[i]);
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
