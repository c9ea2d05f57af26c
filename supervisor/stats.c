/* SPDX-License-Identifier: ISC */
/*
 * stats.c: vm.stats: what the workers count. See methods.h.
 *
 * All workers are asked at once. One that does not answer in time is left out of the sums, not waited for: its entry
 * says "unresponsive".
 */
#include <stdlib.h>
#include <string.h>

#include "methods.h"
#include "usage.h"
#include "worker.h"

#define STATS_TIME_MS 1000u

struct gathering;

/* One worker that was asked. It stays until the worker has answered, which may be after the gathering. */
struct question {
    struct gathering *gathering; /* NULL: it is over */
    struct question *next;       /* of the same gathering */
    json_t *entry;
    bool answered;
};

struct gathering {
    struct request *request;
    struct question *questions;
    size_t open;
    json_t *vms;
    uv_timer_t timer;
};

static void on_gathering_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void finish(struct gathering *g)
{
    struct request *r = g->request;
    json_t *o = json_object();

    for (struct question *q = g->questions, *next; q != NULL; q = next) {
        next = q->next;
        if (q->answered) {
            free(q);
        } else {
            json_object_set_new(q->entry, "unresponsive", json_true());
            q->gathering = NULL;
            q->entry = NULL;
        }
    }
    json_object_set_new(o, "vms", g->vms);
    r->cancel = NULL;
    request_answer(r, o);
    uv_close((uv_handle_t *)&g->timer, on_gathering_closed);
}

static void on_time(uv_timer_t *timer)
{
    finish(timer->data);
}

static void on_stats(void *ctx, int err, const struct msg_stats *stats)
{
    struct question *q = ctx;
    struct gathering *g = q->gathering;
    json_t *entries;

    if (g == NULL) {
        free(q);
        return;
    }
    q->answered = true;
    if (err == 0 && stats != NULL) {
        entries = json_object();
        for (uint32_t i = 0; i < stats->count; i++) {
            uint64_t value = stats->entry[i].value;
            json_object_set_new(
                entries, stats->entry[i].name,
                json_integer(value <= INT64_MAX ? (json_int_t)value : (json_int_t)INT64_MAX));
        }
        json_object_set_new(q->entry, "entries", entries);
    } else {
        json_object_set_new(q->entry, "unresponsive", json_true());
    }
    if (--g->open == 0) {
        finish(g);
    }
}

/* Asks one VM's worker. */
static void ask(struct gathering *g, struct vm *vm)
{
    struct question *q = calloc(1, sizeof(*q));
    struct usage use = {0};
    json_t *entry = json_object();

    if (usage_get(worker_pid(vm->worker), &use) == 0) {
        vm->cpu_us = use.cpu_us;
    }
    json_object_set_new(entry, "name", json_string(vm->row.config.name));
    json_object_set_new(entry, "id", json_string(vm->row.id));
    json_object_set_new(entry, "cpu_us", json_integer(vm->cpu_us));
    json_object_set_new(entry, "memory", json_integer((json_int_t)vm->row.config.memory));
    json_object_set_new(entry, "resident", json_integer((json_int_t)use.resident));
    json_object_set_new(entry, "entries", json_object());
    json_object_set_new(entry, "unresponsive", json_false());
    json_array_append_new(g->vms, entry);
    if (q == NULL) {
        return;
    }
    q->gathering = g;
    q->entry = entry;
    q->next = g->questions;
    g->questions = q;
    g->open++;
    worker_get_stats(vm->worker, on_stats, q);
}

void method_vm_stats(struct request *r)
{
    struct control *c = r->control;
    const char *name = request_string(r, "name");
    struct vm *one = name != NULL ? farm_find(c->farm, name) : NULL;
    struct gathering *g;

    if (name != NULL && one == NULL) {
        request_fail(r, FAILURE_NO_SUCH_VM, NULL, NULL, "there is no VM \"%.64s\"", name);
        return;
    }
    if (one != NULL && !request_may_see(r, one)) {
        request_fail(r, FAILURE_DENIED, NULL, NULL, "VM \"%s\" belongs to another user", name);
        return;
    }
    if (one != NULL && one->worker == NULL) {
        request_fail(r, FAILURE_WRONG_STATE, NULL, NULL, "VM \"%s\" is %s", name,
                     vm_state_name(vm_state(one)));
        return;
    }
    g = calloc(1, sizeof(*g));
    if (g == NULL) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
        return;
    }
    g->request = r;
    g->vms = json_array();
    g->open = 1; /* this function itself: an answer may come at once */
    uv_timer_init(c->loop, &g->timer);
    g->timer.data = g;
    uv_timer_start(&g->timer, on_time, STATS_TIME_MS, 0);
    for (size_t i = 0; i < farm_count(c->farm); i++) {
        struct vm *vm = farm_at(c->farm, i);
        if (vm->worker != NULL && vm->row.seen == SEEN_RUNNING && (one == NULL || one == vm) &&
            request_may_see(r, vm)) {
            ask(g, vm);
        }
    }
    if (--g->open == 0) {
        finish(g);
    }
}
