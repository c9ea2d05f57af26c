/* SPDX-License-Identifier: ISC */
/*
 * methods-host.c: daemon.* and events.*: what concerns the whole host. See methods.h.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "methods.h"
#include "version.h"

/* Sets a member and takes the value over; NULL leaves it out. */
static void set(json_t *object, const char *key, json_t *value)
{
    if (value != NULL) {
        json_object_set_new(object, key, value);
    }
}

static json_t *version(const struct control *c)
{
    char started[CLOCK_TEXT];
    json_t *o = json_object();

    set(o, "version", json_string(version_number));
    set(o, "build", json_string(version_build));
    set(o, "protocol", json_integer(RPC_PROTOCOL));
    set(o, "pid", json_integer(getpid()));
    set(o, "started_at", json_string(clock_format(c->daemon.started_at, started)));
    set(o, "root", c->daemon.root != NULL ? json_string(c->daemon.root) : json_null());
    return o;
}

void method_daemon_version(struct request *r)
{
    request_answer(r, version(r->control));
}

static json_t *budget(const struct budget *b)
{
    json_t *o = json_object();

    set(o, "vms", json_integer(b->vms));
    set(o, "cpus", json_integer(b->cpus));
    set(o, "memory", json_integer((json_int_t)b->memory));
    return o;
}

void method_daemon_status(struct request *r)
{
    struct control *c = r->control;
    struct admission_use use;
    size_t count[VM_FAILED + 1] = {0};
    json_t *o = version(c), *states = json_object();

    farm_get_use(c->farm, &use);
    for (size_t i = 0; i < farm_count(c->farm); i++) {
        count[vm_state(farm_at(c->farm, i))]++;
    }
    for (unsigned s = 0; s <= VM_FAILED; s++) {
        set(states, vm_state_name((enum vm_state)s), json_integer((json_int_t)count[s]));
    }
    set(o, "draining", json_boolean(farm_draining(c->farm)));
    set(o, "budget", budget(&use.limit));
    set(o, "used", budget(&use.used));
    set(o, "queued", json_integer((json_int_t)use.queued));
    set(o, "queue_max", json_integer(use.queue_max));
    set(o, "states", states);
    set(o, "losses", c->daemon.losses != NULL ? json_string(c->daemon.losses) : json_null());
    request_answer(r, o);
}

void method_daemon_reload(struct request *r)
{
    struct control *c = r->control;
    bool applied = false;
    json_t *diagnostics = c->daemon.reload(c->daemon.ctx, &applied), *waiting = json_array();
    json_t *o = json_object();

    for (size_t i = 0; i < farm_count(c->farm); i++) {
        const struct vm *vm = farm_at(c->farm, i);
        if (vm->has_pending) {
            char keys[1024];
            json_t *one = json_object();
            vm_config_differences(&vm->row.config, &vm->pending, keys, sizeof(keys));
            set(one, "name", json_string(vm->row.config.name));
            set(one, "keys", json_string(keys));
            json_array_append_new(waiting, one);
        }
    }
    set(o, "applied", json_boolean(applied));
    set(o, "diagnostics", diagnostics != NULL ? diagnostics : json_array());
    set(o, "waiting", waiting);
    request_answer(r, o);
}

void method_daemon_drain(struct request *r)
{
    json_t *o = json_object();

    farm_drain(r->control->farm, request_flag(r, "on"));
    set(o, "draining", json_boolean(farm_draining(r->control->farm)));
    request_answer(r, o);
}

void method_daemon_shutdown(struct request *r)
{
    struct control *c = r->control;

    request_answer(r, json_object());
    c->daemon.shutdown(c->daemon.ctx);
}

void method_daemon_config(struct request *r)
{
    json_t *o = host_config_to_json(farm_config(r->control->farm), request_flag(r, "defaults"));

    if (o == NULL) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
        return;
    }
    request_answer(r, o);
}

/* ---- Events ------------------------------------------------------------------------------------- */

/* The VM that `name` asks for, by its id where it exists: names come back. false: answered. */
static bool find_subject(struct request *r, const char **out)
{
    const char *name = request_string(r, "name");
    const struct vm *vm = name != NULL ? farm_find(r->control->farm, name) : NULL;

    *out = vm != NULL ? vm->row.id : name;
    if (vm != NULL && !request_may_see(r, vm)) {
        request_fail(r, FAILURE_DENIED, NULL, NULL, "VM \"%s\" belongs to another user", name);
        return false;
    }
    return true;
}

static void unreadable(struct request *r)
{
    request_fail(r, FAILURE_STATE_UNREADABLE, NULL, NULL, "the events could not be read: %s",
                 state_error(r->control->state));
}

void method_events_list(struct request *r)
{
    json_int_t limit = request_integer(r, "limit", EVENTS_PAGE);
    json_t *all, *shown, *event, *o;
    const char *subject;
    size_t i;

    if (!find_subject(r, &subject)) {
        return;
    }
    limit = limit < (json_int_t)EVENTS_PAGE ? limit : (json_int_t)EVENTS_PAGE;
    all = state_events(r->control->state,
                       &(struct state_query){.since = request_integer(r, "since", 0),
                                             .since_time = request_integer(r, "since_time", 0),
                                             .vm = subject,
                                             .type = request_string(r, "type"),
                                             .limit = (size_t)limit,
                                             .latest = request_flag(r, "latest")});
    if (all == NULL) {
        unreadable(r);
        return;
    }
    shown = json_array();
    json_array_foreach(all, i, event)
    {
        if (client_may_see(r->client, NULL, event)) {
            json_array_append(shown, event);
        }
    }
    json_decref(all);
    o = json_object();
    set(o, "events", shown);
    request_answer(r, o);
}

void method_events_subscribe(struct request *r)
{
    struct control *c = r->control;
    struct client *client = r->client;
    json_t *history = NULL, *event, *o;
    json_int_t seq = c->last_seq;
    const char *subject;
    size_t i;

    if (!find_subject(r, &subject)) {
        return;
    }
    if (json_object_get(r->params, "since") != NULL) {
        history =
            state_events(c->state, &(struct state_query){.since = request_integer(r, "since", 0),
                                                         .vm = subject,
                                                         .type = request_string(r, "type"),
                                                         .limit = EVENTS_REPLAY_MAX + 1});
        if (history == NULL) {
            unreadable(r);
            return;
        }
        if (json_array_size(history) > EVENTS_REPLAY_MAX) {
            json_decref(history);
            request_fail(r, FAILURE_BAD_PARAMS, "read them with events.list first", NULL,
                         "more than %u events came since", EVENTS_REPLAY_MAX);
            return;
        }
    }
    if (!client_subscribe(client, subject, request_string(r, "type"))) {
        json_decref(history);
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
        return;
    }
    json_array_foreach(history, i, event)
    {
        json_int_t of = json_integer_value(json_object_get(event, "seq"));
        seq = of > seq ? of : seq;
    }
    o = json_object();
    set(o, "seq", json_integer(seq));
    request_answer(r, o);
    json_array_foreach(history, i, event)
    {
        if (client_may_see(client, NULL, event)) {
            json_t *line = rpc_notification("event", json_incref(event));
            char *text = json_dumps(line, JSON_COMPACT);
            if (text != NULL) {
                client_notify(client, text, strlen(text));
            }
            free(text);
            json_decref(line);
        }
    }
    json_decref(history);
}
