/* SPDX-License-Identifier: ISC */
/*
 * waits.c: vm.wait: requests that are answered when a VM is as somebody wants it. See methods.h.
 *
 * A wait looks at the VM when it begins and after each change that the farm tells of. It ends with an answer, with
 * its time, or with its client.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "methods.h"

enum until {
    UNTIL_RUNNING,
    UNTIL_READY,
    UNTIL_STOPPED,
    UNTIL_REMOVED,
    UNTIL_CHANGED,
    UNTIL_COUNT
};

static const char *const until_names[] = {
    [UNTIL_RUNNING] = "running", [UNTIL_READY] = "ready",     [UNTIL_STOPPED] = "stopped",
    [UNTIL_REMOVED] = "removed", [UNTIL_CHANGED] = "changed",
};

struct waiter {
    struct waiter *next, **link;
    struct request *request;
    enum until until;
    char vm[VM_ID_LENGTH + 1];
    char name[VM_NAME_MAX + 1];
    uv_timer_t timer;
    bool timed;
};

enum verdict {
    VERDICT_WAIT,
    VERDICT_DONE,
    VERDICT_FAILED
};

/* Whether nothing will happen to this VM by itself. */
static bool settled(const struct vm *vm)
{
    enum vm_state state = vm_state(vm);

    return state == VM_FAILED || state == VM_STOPPED;
}

/* It is tried again and again, but whoever waits for it to run is told what is wrong. */
static bool was_refused(const struct vm *vm)
{
    return vm_state(vm) == VM_RESTARTING && vm->row.run.outcome == OUTCOME_START_REFUSED;
}

static enum verdict judge(enum until until, const struct vm *vm, bool changed, bool removed)
{
    switch (until) {
    case UNTIL_RUNNING:
    case UNTIL_READY:
        if (removed || settled(vm) || was_refused(vm)) {
            return VERDICT_FAILED;
        }
        if (vm_state(vm) != VM_RUNNING || vm->cycle) { /* a run that `restart` ends is not meant */
            return VERDICT_WAIT;
        }
        return until == UNTIL_RUNNING || vm->health == VM_HEALTH_READY ? VERDICT_DONE
               : vm->health == VM_HEALTH_UNHEALTHY                     ? VERDICT_FAILED
                                                                       : VERDICT_WAIT;
    case UNTIL_STOPPED: return removed || settled(vm) ? VERDICT_DONE : VERDICT_WAIT;
    case UNTIL_REMOVED: return removed ? VERDICT_DONE : VERDICT_WAIT;
    case UNTIL_CHANGED: return changed || removed ? VERDICT_DONE : VERDICT_WAIT;
    case UNTIL_COUNT: break;
    }
    return VERDICT_WAIT;
}

static void on_wait_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* Takes a wait out of the list; its request is the caller's. */
static struct request *finish(struct waiter *w)
{
    struct request *r = w->request;

    *w->link = w->next;
    if (w->next != NULL) {
        w->next->link = w->link;
    }
    r->cancel = NULL;
    r->ctx = NULL;
    if (w->timed) {
        uv_close((uv_handle_t *)&w->timer, on_wait_closed);
    } else {
        free(w);
    }
    return r;
}

static void on_cancel(struct request *r)
{
    finish(r->ctx);
}

static void fail_ready(struct request *r, const struct vm *vm)
{
    json_t *data = json_pack("{s:s, s:s, s:s}", "state", vm_state_name(vm_state(vm)), "health",
                             vm_health_name(vm->health), "cause", vm->health_cause);

    request_fail(r, FAILURE_START_FAILED, "it goes on running: see its console with vmctl logs",
                 data, "VM \"%s\" is running, but unhealthy: %s", vm->row.config.name,
                 vm->health_cause);
}

static void fail_start(struct request *r, const struct vm *vm)
{
    const struct vm_run *run = &vm->row.run;
    json_t *data = json_object();
    const char *cause = vm->config_error != NULL ? vm->config_error : run->cause;

    json_object_set_new(data, "state", json_string(vm_state_name(vm_state(vm))));
    json_object_set_new(data, "outcome", json_string(outcome_name(run->outcome)));
    json_object_set_new(data, "step", json_string(start_step_name(run->step)));
    json_object_set_new(data, "reason", json_integer(run->code));
    json_object_set_new(data, "cause", json_string(cause));
    if (vm->row.boots == 0 && *cause == '\0') {
        request_fail(r, FAILURE_START_FAILED, NULL, data, "VM \"%s\" is stopped",
                     vm->row.config.name);
    } else {
        bool in_use = run->outcome == OUTCOME_START_REFUSED && run->step == STEP_DEVICES &&
                      run->code == EBUSY;
        request_fail(r, in_use ? FAILURE_IN_USE : FAILURE_START_FAILED,
                     was_refused(vm) ? "it is tried again, as its restart policy says" : NULL, data,
                     "VM \"%s\" does not run: %s", vm->row.config.name,
                     *cause != '\0' ? cause : outcome_text(run->outcome));
    }
}

static void answer(struct request *r, const struct vm *vm, enum verdict verdict, bool removed)
{
    json_t *o;

    if (verdict == VERDICT_FAILED) {
        if (vm->health == VM_HEALTH_UNHEALTHY) {
            fail_ready(r, vm);
        } else {
            fail_start(r, vm);
        }
        return;
    }
    o = vm_summary(vm, clock_unix_ms());
    if (removed) {
        json_object_set_new(o, "removed", json_true());
    }
    request_answer(r, o);
}

static void on_timeout(uv_timer_t *timer)
{
    struct waiter *w = timer->data;
    struct control *c = w->request->control;
    const struct vm *vm = farm_find(c->farm, w->vm);
    enum until until = w->until;
    char name[sizeof(w->name)];
    json_t *data = json_object();

    memcpy(name, w->name, sizeof(name));
    if (vm != NULL) {
        json_object_set_new(data, "state", json_string(vm_state_name(vm_state(vm))));
        json_object_set_new(data, "health", json_string(vm_health_name(vm->health)));
    }
    request_fail(finish(w), FAILURE_TIMED_OUT, NULL, data, "VM \"%s\" is %s, not %s, in time", name,
                 vm != NULL ? vm_state_name(vm_state(vm)) : "removed", until_names[until]);
}

void method_vm_wait(struct request *r)
{
    const char *name = request_string(r, "until");
    json_int_t timeout = request_integer(r, "timeout_ms", -1);
    struct control *c = r->control;
    enum verdict verdict;
    struct waiter *w;
    unsigned until = 0;

    while (until < UNTIL_COUNT && strcmp(until_names[until], name) != 0) {
        until++;
    }
    if (until == UNTIL_COUNT) {
        request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL,
                     "\"until\" is running, ready, stopped, removed or changed, not \"%.32s\"",
                     name);
        return;
    }
    verdict = judge((enum until)until, r->vm, false, false);
    if (verdict != VERDICT_WAIT) {
        answer(r, r->vm, verdict, false);
        return;
    }
    w = calloc(1, sizeof(*w));
    if (w == NULL) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
        return;
    }
    w->request = r;
    w->until = (enum until)until;
    memcpy(w->vm, r->vm->row.id, sizeof(w->vm));
    memcpy(w->name, r->vm->row.config.name, sizeof(w->name));
    r->vm = NULL;
    r->ctx = w;
    r->cancel = on_cancel;
    w->next = c->waits;
    w->link = &c->waits;
    if (w->next != NULL) {
        w->next->link = &w->next;
    }
    c->waits = w;
    if (timeout >= 0) {
        w->timed = true;
        uv_timer_init(c->loop, &w->timer);
        w->timer.data = w;
        uv_timer_start(&w->timer, on_timeout, (uint64_t)timeout, 0);
    }
}

void waits_look(struct control *c, struct vm *vm, const json_t *event)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    bool removed = type != NULL && strcmp(type, "vm.removed") == 0;

    for (struct waiter *w = c->waits, *next; w != NULL; w = next) {
        next = w->next;
        if (strcmp(w->vm, vm->row.id) == 0) {
            enum verdict verdict = judge(w->until, vm, true, removed);
            if (verdict != VERDICT_WAIT) {
                answer(finish(w), vm, verdict, removed);
            }
        }
    }
}

void waits_judge(struct control *c)
{
    for (struct waiter *w = c->waits, *next; w != NULL; w = next) {
        const struct vm *vm = farm_find(c->farm, w->vm);
        next = w->next;
        if (vm != NULL && !request_may_see(w->request, vm)) {
            request_fail(finish(w), FAILURE_DENIED, NULL, NULL,
                         "VM \"%s\" belongs to another user now", vm->row.config.name);
        }
    }
}

/* A VM that went without a word that was understood. */
void waits_sweep(struct control *c)
{
    for (struct waiter *w = c->waits, *next; w != NULL; w = next) {
        next = w->next;
        if (farm_find(c->farm, w->vm) == NULL) {
            enum until until = w->until;
            json_t *o = json_object();
            json_object_set_new(o, "id", json_string(w->vm));
            json_object_set_new(o, "name", json_string(w->name));
            json_object_set_new(o, "removed", json_true());
            struct request *r = finish(w);
            if (until == UNTIL_RUNNING || until == UNTIL_READY) {
                request_fail(r, FAILURE_START_FAILED, NULL, o, "the VM was removed");
            } else {
                request_answer(r, o);
            }
        }
    }
}
