/* SPDX-License-Identifier: ISC */
/*
 * farm-record.c: changes and events, into the database and to whoever watches.
 *
 * A wish that cannot be written down is refused. What has happened has happened, and a stop is done: where the database
 * does not take it, it is owed, and written before anything else is, so that the cause of a run's end is there before the next run begins.
 */
#include "farm-impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "clock.h"
#include "log.h"

#define OWED_MAX 1000u /* events; more are in the log alone */
#define PAY_MS   5000u /* until what is owed is tried again, if nobody else does before */

struct owed {
    struct owed *next;
    int64_t at;
    char type[32], vm_id[VM_ID_LENGTH + 1], vm_name[VM_NAME_MAX + 1];
    json_t *detail;
};

static void tell(struct farm *f, struct vm *vm, int64_t seq, const struct state_event *e)
{
    if (vm != NULL) {
        free(vm->summary);
        vm->summary = NULL;
    }
    if (f->watch != NULL && e != NULL) {
        json_t *event = state_event_json(seq, e->at, e);
        f->watch(f->watch_ctx, vm, event);
        json_decref(event);
    }
}

static struct state_event event_of(const struct vm *vm, const char *type, const json_t *detail)
{
    return (struct state_event){.type = type,
                                .vm_id = vm != NULL ? vm->row.id : NULL,
                                .vm_name = vm != NULL ? vm->row.config.name : NULL,
                                .detail = detail,
                                .at = clock_unix_ms()};
}

static int report(struct farm *f, const struct vm *vm, int err)
{
    log_say(LOG_ERR, vm, "the database did not take a change: %s", state_error(f->state));
    return err;
}

/* ---- What is owed ------------------------------------------------------------------------------- */

static void on_paytime(uv_timer_t *timer)
{
    struct farm *f = timer->data;

    if (farm_pay(f) == 0) {
        log_say(LOG_NOTICE, NULL, "the database takes changes again; what it missed is written");
    }
}

static void owe_event(struct farm *f, const struct state_event *e)
{
    struct owed *o = f->owed_count < OWED_MAX ? calloc(1, sizeof(*o)) : NULL;

    if (o == NULL) {
        log_say(LOG_ERR, NULL, "an event of %s is in this log alone: %s",
                e->vm_name != NULL ? e->vm_name : "the host", e->type);
        return;
    }
    o->at = e->at;
    snprintf(o->type, sizeof(o->type), "%s", e->type);
    snprintf(o->vm_id, sizeof(o->vm_id), "%s", e->vm_id != NULL ? e->vm_id : "");
    snprintf(o->vm_name, sizeof(o->vm_name), "%s", e->vm_name != NULL ? e->vm_name : "");
    o->detail = e->detail != NULL ? json_deep_copy(e->detail) : NULL;
    *f->owed_end = o;
    f->owed_end = &o->next;
    f->owed_count++;
}

static void free_first(struct farm *f)
{
    struct owed *o = f->owed;

    f->owed = o->next;
    f->owed_end = f->owed != NULL ? f->owed_end : &f->owed;
    f->owed_count--;
    json_decref(o->detail);
    free(o);
}

/* What the database will never take must not hold up all that follows. */
static int pass(struct farm *f, const struct vm *vm, int err)
{
    if (err == -ENOENT || err == -EEXIST) {
        report(f, vm, err);
        return 0;
    }
    return err;
}

int farm_pay(struct farm *f)
{
    int err = 0;

    if (f->owed == NULL && !f->rows_owed) {
        return 0;
    }
    while (err == 0 && f->owed != NULL) {
        const struct owed *o = f->owed;
        struct state_event e = {.type = o->type,
                                .vm_id = o->vm_id[0] != '\0' ? o->vm_id : NULL,
                                .vm_name = o->vm_name[0] != '\0' ? o->vm_name : NULL,
                                .detail = o->detail,
                                .at = o->at};
        err = pass(f, NULL, state_note(f->state, &e, NULL));
        if (err == 0) {
            free_first(f);
        }
    }
    for (size_t i = 0; err == 0 && f->rows_owed && i < f->count; i++) {
        if (f->vm[i]->row_owed) {
            err = pass(f, f->vm[i], state_update(f->state, &f->vm[i]->row, NULL, NULL));
            f->vm[i]->row_owed = err != 0;
        }
    }
    f->rows_owed = f->rows_owed && err != 0;
    if (err != 0) {
        uv_timer_start(&f->paytime, on_paytime, PAY_MS, 0);
    } else {
        uv_timer_stop(&f->paytime);
    }
    return err;
}

void farm_forgive(struct farm *f)
{
    if (farm_pay(f) != 0) {
        log_say(LOG_ERR, NULL, "%zu events are in this log alone", f->owed_count);
    }
    while (f->owed != NULL) {
        free_first(f);
    }
}

/* ---- Changes ------------------------------------------------------------------------------------ */

int farm_commit(struct farm *f, struct vm *vm, const struct vm_row *next, const char *type,
                json_t *detail)
{
    struct state_event e = event_of(vm, type, detail);
    int64_t seq = 0;
    int err = farm_pay(f);

    err = err != 0 ? err : state_update(f->state, next, type != NULL ? &e : NULL, &seq);
    if (err != 0) {
        report(f, vm, err);
    } else {
        vm->row = *next;
        tell(f, vm, seq, type != NULL ? &e : NULL);
    }
    json_decref(detail);
    return err;
}

void farm_commit_fact(struct farm *f, struct vm *vm, const struct vm_row *next, const char *type,
                      json_t *detail)
{
    struct state_event e = event_of(vm, type, detail);
    int64_t seq = 0;
    int err = farm_pay(f);

    err = err != 0 ? err : state_update(f->state, next, type != NULL ? &e : NULL, &seq);
    vm->row = *next;
    if (err != 0) {
        report(f, vm, err);
        vm->row_owed = true;
        f->rows_owed = true;
        if (type != NULL) {
            owe_event(f, &e);
        }
        uv_timer_start(&f->paytime, on_paytime, PAY_MS, 0);
    }
    tell(f, vm, seq, type != NULL ? &e : NULL);
    json_decref(detail);
}

void farm_note(struct farm *f, struct vm *vm, const char *type, json_t *detail)
{
    struct state_event e = event_of(vm, type, detail);
    int64_t seq = 0;

    if (farm_pay(f) != 0 || state_note(f->state, &e, &seq) != 0) {
        report(f, vm, -EIO);
        owe_event(f, &e);
        uv_timer_start(&f->paytime, on_paytime, PAY_MS, 0);
    }
    tell(f, vm, seq, &e);
    json_decref(detail);
}

int farm_record_creation(struct farm *f, struct vm *vm, json_t *detail)
{
    struct state_event e = event_of(vm, "vm.created", detail);
    int64_t seq = 0;
    int err = farm_pay(f);

    err = err != 0 ? err : state_insert(f->state, &vm->row, &e, &seq);
    if (err == 0) {
        tell(f, vm, seq, &e);
    }
    json_decref(detail);
    return err;
}

int farm_record_removal(struct farm *f, struct vm *vm)
{
    struct state_event e = event_of(vm, "vm.removed", NULL);
    int64_t seq = 0;
    int err = farm_pay(f);

    err = err != 0 ? err : state_delete(f->state, vm->row.id, &e, &seq);
    if (err != 0) {
        return report(f, vm, err);
    }
    log_say(LOG_INFO, vm, "removed");
    farm_log_retire(f, vm);
    farm_take_out(f, vm);
    tell(f, vm, seq, &e);
    return 0;
}
