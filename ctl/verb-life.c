/* SPDX-License-Identifier: ISC */
/*
 * verb-life.c: start, stop, restart, rm, wait, autostart: verbs that act on several VMs, go on after a
 * failure and end with the first one's exit status.
 *
 * The daemon returns at once. All VMs are asked first and waited for afterwards, so that ten guests take
 * as long to stop as the slowest of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verb.h"

#define ALL_OPTION                                                                                 \
    {                                                                                              \
        "a all", NULL, "all VMs"                                                                   \
    }
#define TIMEOUT_OPTION                                                                             \
    {                                                                                              \
        "timeout t time", "D", "wait at most so long: 90, 90s, 2m"                                 \
    }
#define NO_WAIT_OPTION                                                                             \
    {                                                                                              \
        "no-wait", NULL, "return at once"                                                          \
    }

const struct option_spec start_options[] = {
    ALL_OPTION,
    NO_WAIT_OPTION,
    {"wait", "[=STATE]", "wait for running (the default) or ready, in the queue too"},
    {"timeout", "D", "wait at most so long"},
    {"queue", NULL, "wait for room in the host's budget (the default)"},
    {"no-queue", NULL, "fail if there is no room"},
    {0}};
const struct option_spec stop_options[] = {
    ALL_OPTION,
    {"f force", NULL, "do not ask the guest"},
    {"timeout t time", "D", "give the guest so long before it is forced: 30, 30s, 2m"},
    NO_WAIT_OPTION,
    {"strict", NULL, "a VM that is stopped already is an error"},
    {0}};
const struct option_spec restart_options[] = {
    ALL_OPTION,
    {"f force", NULL, "do not ask the guest"},
    {"timeout t time", "D", "give the guest so long before it is forced"},
    NO_WAIT_OPTION,
    {0}};
const struct option_spec rm_options[] = {
    {"a all", NULL, "all VMs; asks on a terminal, needs --force elsewhere"},
    {"f force", NULL, "stop running ones by force; a VM that does not exist is fine; ask nothing"},
    {"y yes", NULL, "ask nothing"},
    NO_WAIT_OPTION,
    {0}};
const struct option_spec wait_options[] = {
    {"state for", "STATE", "stopped (the default), running, ready, removed or changed"},
    {"timeout t", "D", "give up after so long, with exit status 124"},
    {0}};

#define WAITS_MAX 32u /* the daemon bounds how much one client waits for */

/* One VM of several. */
struct target {
    const char *name;
    json_int_t id; /* of the request that is under way */
    bool asked;
};

static void first(int *status, int more)
{
    if (!*status) {
        *status = more;
    }
}

/* ---- start ------------------------------------------------------------------------------------ */

/* Opens what the daemon says it has not, and asks again. */
static enum failure start_with_files(struct call *c, const char *name, bool queue, struct reply *r)
{
    json_t *wanted = json_deep_copy(json_object_get(reply_data(r), "files")), *file, *slots;
    int fd[RPC_FDS_MAX];
    size_t count = 0, i;
    enum failure f = r->failure;

    slots = json_array();
    json_array_foreach(wanted, i, file)
    {
        const char *slot = text_of(file, "slot");

        if (count == RPC_FDS_MAX) {
            break;
        }
        fd[count] = run_open_file(slot, text_of(file, "path"),
                                  json_is_true(json_object_get(file, "writable")));
        if (fd[count] < 0) {
            goto done;
        }
        count++;
        json_array_append_new(slots, json_string(slot));
    }
    reply_free(r);
    f = client_call(c->client, "vm.start",
                    json_pack("{s:s,s:b,s:O}", "name", name, "queue", queue, "files", slots), fd,
                    count, r);
done:
    while (count) {
        close(fd[--count]);
    }
    json_decref(slots);
    json_decref(wanted);
    return f;
}

static int start_one(struct call *c, const char *name, const char *until, json_int_t timeout)
{
    bool queue = !options_has(&c->options, "no-queue");
    int status = STATUS_OK;
    const char *state;
    struct reply r;

    say_progress("starting %s", name);
    client_call(c->client, "vm.start", json_pack("{s:s,s:b}", "name", name, "queue", queue), NULL,
                0, &r);
    if (r.failure == FAILURE_FILES_NEEDED) {
        start_with_files(c, name, queue, &r);
    }
    if (r.failure) {
        status = reply_report(&r, name);
        goto done;
    }
    state = text_of(r.result, "state");
    if (strcmp(state, "queued") == 0 && !options_has(&c->options, "wait")) {
        say_note("%s waits for room in the host's budget, at position %lld", name,
                 (long long)json_integer_value(json_object_get(r.result, "queue_position")));
    } else if (until && (strcmp(state, "running") != 0 || strcmp(until, "ready") == 0)) {
        reply_free(&r);
        if (call_wait(c, name, until, timeout, &r)) {
            status = reply_report(&r, name);
            goto done;
        }
    }
    say_progress_end();
    puts(name);
    fflush(stdout);
done:
    say_progress_end();
    reply_free(&r);
    return status;
}

int verb_start(struct call *c)
{
    const char *until = options_get(&c->options, "wait");
    int status = STATUS_OK;
    json_int_t timeout = call_duration(c, "timeout", 0, &status);
    json_t *names, *name;
    size_t i;

    until = options_has(&c->options, "no-wait") ? NULL : until && *until ? until : "running";
    if (until && strcmp(until, "running") != 0 && strcmp(until, "ready") != 0) {
        return say_usage("start", "--wait is running or ready, not \"%s\"", until);
    }
    names = timeout < 0 ? NULL : call_targets(c, "stopped failed restarting", &status);
    json_array_foreach(names, i, name)
    {
        first(&status, start_one(c, json_string_value(name), until, timeout));
    }
    json_decref(names);
    return status;
}

/* ---- stop, restart, rm ------------------------------------------------------------------------- */

struct change {
    const char *method, *doing, *until;
    json_int_t timeout; /* of the guest, 0: as configured */
    bool force, no_wait;
    bool gone_is_fine;
    bool strict;
};

/* Sends one VM's request. */
static int change_begin(struct call *c, const struct change *what, struct target *t)
{
    json_t *params = json_pack("{s:s,s:b}", "name", t->name, "force", what->force);
    struct reply r;
    int status = STATUS_OK;

    if (what->timeout > 0) {
        json_object_set_new(params, "timeout_ms", json_integer(what->timeout));
    }
    say_progress("%s %s", what->doing, t->name);
    client_call(c->client, what->method, params, NULL, 0, &r);
    if (r.failure == FAILURE_NO_SUCH_VM && what->gone_is_fine) {
        say_note("there is no VM \"%s\"", t->name);
    } else if (r.failure) {
        status = reply_report(&r, t->name);
    } else if (strcmp(what->until, "stopped") == 0 &&
               (strcmp(text_of(r.result, "state"), "stopped") == 0 ||
                strcmp(text_of(r.result, "state"), "failed") == 0)) {
        if (what->strict) {
            status = say_error(FAILURE_WRONG_STATE, NULL, "%s is not running", t->name);
        } else {
            say_note("%s is stopped", t->name);
            puts(t->name);
        }
    } else if (what->no_wait) {
        puts(t->name);
    } else {
        t->asked = true;
    }
    reply_free(&r);
    say_progress_end();
    return status;
}

static void change_await(struct call *c, const struct change *what, struct target *t)
{
    struct reply r;

    if (t->asked) {
        client_send(c->client, "vm.wait",
                    json_pack("{s:s,s:s}", "name", t->name, "until", what->until), NULL, 0, &t->id,
                    &r);
        reply_free(&r);
    }
}

static int change_end(struct call *c, const struct change *what, const struct target *t)
{
    struct reply r;
    int status = STATUS_OK;

    say_progress("%s %s", what->doing, t->name);
    client_receive(c->client, t->id, &r);
    say_progress_end();
    /* Nobody waits for what is gone: with --rm a VM goes as it stops. */
    if (r.failure == FAILURE_NO_SUCH_VM && strcmp(what->until, "running") != 0) {
        r.failure = FAILURE_NONE;
    }
    if (r.failure) {
        status = reply_report(&r, t->name);
    } else {
        puts(t->name);
        fflush(stdout);
    }
    reply_free(&r);
    return status;
}

static int change_all(struct call *c, const struct change *what, json_t *names)
{
    size_t count = json_array_size(names);
    struct target *targets = calloc(count + 1, sizeof(*targets));
    bool again = strcmp(what->until, "running") == 0;
    int status = STATUS_OK;

    if (!targets) {
        return say_error(FAILURE_INTERNAL, NULL, "out of memory");
    }
    /* All are told to stop before one is waited for: its room would go to the next in the queue, which would have to be
     * stopped after it. One that starts again is waited for at once, so that a short run is not missed. */
    for (size_t i = 0; i < count; i++) {
        targets[i].name = json_string_value(json_array_get(names, i));
        if (!again) {
            first(&status, change_begin(c, what, &targets[i]));
        }
    }
    for (size_t i = 0; i < count; i += WAITS_MAX) {
        size_t end = i + WAITS_MAX < count ? i + WAITS_MAX : count;

        for (size_t j = i; j < end; j++) {
            if (again) {
                first(&status, change_begin(c, what, &targets[j]));
            }
            change_await(c, what, &targets[j]);
        }
        for (size_t j = i; j < end; j++) {
            if (targets[j].asked) {
                first(&status, change_end(c, what, &targets[j]));
            }
        }
    }
    free(targets);
    return status;
}

static int change(struct call *c, struct change what, const char *states)
{
    int status = STATUS_OK;
    json_t *names;

    what.timeout = call_duration(c, "timeout", 0, &status);
    if (what.timeout < 0) {
        return status;
    }
    if (options_has(&c->options, "timeout") && !what.timeout) {
        what.force = true; /* no time at all is by force */
    }
    what.force = what.force || options_has(&c->options, "force");
    what.no_wait = options_has(&c->options, "no-wait");
    what.strict = options_has(&c->options, "strict");
    names = call_targets(c, states, &status);
    if (names) {
        status = change_all(c, &what, names);
        json_decref(names);
    }
    return status;
}

int verb_stop(struct call *c)
{
    return change(c, (struct change){.method = "vm.stop", .doing = "stopping", .until = "stopped"},
                  "queued starting running stopping restarting");
}

int verb_restart(struct call *c)
{
    return change(
        c, (struct change){.method = "vm.restart", .doing = "restarting", .until = "running"},
        "starting running");
}

int verb_rm(struct call *c)
{
    struct change what = {.method = "vm.remove",
                          .doing = "removing",
                          .until = "removed",
                          .force = options_has(&c->options, "force"),
                          .gone_is_fine = options_has(&c->options, "force"),
                          .no_wait = options_has(&c->options, "no-wait")};
    bool sure = what.force || options_has(&c->options, "yes");
    int status = STATUS_OK;
    json_t *names = call_targets(c, NULL, &status);

    if (!names) {
        return status;
    }
    if (options_has(&c->options, "all") && !sure && json_array_size(names)) {
        if (!say_can_ask()) {
            status =
                say_usage("rm", "rm --all removes %zu VMs: without a terminal it needs --force",
                          json_array_size(names));
        } else if (!say_ask("Remove all %zu VMs?", json_array_size(names))) {
            status = STATUS_FAILED;
            say_note("nothing was removed");
        }
    }
    if (!status) {
        status = change_all(c, &what, names);
    }
    json_decref(names);
    return status;
}

/* ---- wait, autostart --------------------------------------------------------------------------- */

int verb_wait(struct call *c)
{
    const char *state = options_get(&c->options, "state");
    int status = STATUS_OK;
    json_int_t timeout = call_duration(c, "timeout", 0, &status);
    struct reply r;

    static const char *const states[] = {"stopped", "running", "ready", "removed", "changed"};
    bool known = false;

    state = state ? state : "stopped";
    if (timeout < 0) {
        return status;
    }
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        known = known || strcmp(state, states[i]) == 0;
    }
    if (!known) {
        return say_usage(
            "wait", "--state is stopped, running, ready, removed or changed, not \"%s\"", state);
    }
    for (size_t i = 0; i < c->options.operand_count; i++) {
        const char *name = c->options.operands[i];

        say_progress("waiting for %s to be %s", name, state);
        call_wait(c, name, state, timeout, &r);
        say_progress_end();
        if (r.failure) {
            first(&status, reply_report(&r, name));
        } else if (strcmp(state, "stopped") == 0) {
            enum outcome o = call_outcome(r.result);

            printf("%d\n", o == OUTCOME_NONE ? 0 : outcome_exit_status(o));
        } else {
            puts(name);
        }
        fflush(stdout);
        reply_free(&r);
    }
    return status;
}

int verb_autostart(struct call *c)
{
    const char *word = c->options.operands[0];
    bool on = strcmp(word, "enable") == 0 || strcmp(word, "on") == 0;
    int status = STATUS_OK;

    if (!on && strcmp(word, "disable") != 0 && strcmp(word, "off") != 0) {
        return say_usage("autostart",
                         "\"%s\": it is autostart enable NAME or autostart disable NAME", word);
    }
    for (size_t i = 1; i < c->options.operand_count; i++) {
        const char *name = c->options.operands[i];
        json_t *vm = NULL;
        int one =
            call_ask(c, "vm.autostart", json_pack("{s:s,s:b}", "name", name, "on", on), name, &vm);

        if (!one) {
            puts(name);
        }
        if (!one && on && strcmp(text_of(vm, "source"), "client") == 0) {
            say_note("%s: paddockd cannot open its files itself, and fails to start it until vmctl "
                     "start does; a VM that stands in the configuration comes back alone",
                     name);
        }
        json_decref(vm);
        first(&status, one);
    }
    return status;
}
