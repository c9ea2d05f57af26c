/* SPDX-License-Identifier: ISC */
/*
 * call.c: what the verbs have in common. See verb.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "units.h"
#include "verb.h"

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

enum outcome call_outcome(const json_t *vm)
{
    for (int o = OUTCOME_NONE + 1; o < OUTCOME_COUNT; o++) {
        if (strcmp(outcome_name((enum outcome)o), text_of(vm, "outcome")) == 0) {
            return (enum outcome)o;
        }
    }
    return OUTCOME_NONE;
}

const char *call_outcome_text(const json_t *vm)
{
    const char *cause = text_of(vm, "cause");
    enum outcome o = call_outcome(vm);

    return *cause ? cause : o == OUTCOME_NONE ? "it has ended" : outcome_text(o);
}

int call_connect(struct call *c)
{
    char path[1024], why[256];
    struct reply r;
    int status;

    if (c->client) {
        return STATUS_OK;
    }
    if (client_path(c->host, c->root, path, sizeof(path), why, sizeof(why)) < 0) {
        return say_usage(NULL, "%s", why);
    }
    c->client = client_connect(path, &r);
    if (c->client) {
        return STATUS_OK;
    }
    status = reply_report(&r, NULL);
    reply_free(&r);
    return status;
}

int call_ask(struct call *c, const char *method, json_t *params, const char *subject,
             json_t **result)
{
    struct reply r;
    int status = STATUS_OK;

    if (client_call(c->client, method, params, NULL, 0, &r)) {
        status = reply_report(&r, subject);
    } else if (result) {
        *result = json_incref(r.result);
    }
    reply_free(&r);
    return status;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += n) {
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n])) {
            return true;
        }
    }
    return false;
}

json_t *call_targets(struct call *c, const char *states, int *status)
{
    bool all = options_has(&c->options, "all");
    json_t *names = json_array(), *result = NULL, *vm;
    size_t i;

    if (all == (c->options.operand_count > 0)) {
        *status = say_usage(c->verb->name,
                            all ? "%s takes names or --all, not both" : "%s needs the name of a VM",
                            c->verb->name);
        goto fail;
    }
    for (i = 0; i < c->options.operand_count; i++) {
        if (!*c->options.operands[i]) {
            *status = say_usage(c->verb->name, "a name is empty");
            goto fail;
        }
        json_array_append_new(names, json_string(c->options.operands[i]));
    }
    if (!all) {
        return names;
    }
    *status = call_ask(c, "vm.list", json_object(), NULL, &result);
    if (*status) {
        goto fail;
    }
    /* Those that wait go first: else they took the room of the ones that are stopped before them. */
    for (int pass = 0; pass < 2; pass++) {
        json_array_foreach(json_object_get(result, "vms"), i, vm)
        {
            const char *state = text_of(vm, "state");

            if ((!states || has_word(states, state)) &&
                has_word("queued restarting", state) == (pass == 0)) {
                json_array_append(names, json_object_get(vm, "name"));
            }
        }
    }
    json_decref(result);
    return names;

fail:
    json_decref(names);
    return NULL;
}

json_int_t call_duration(struct call *c, const char *option, json_int_t fallback, int *status)
{
    const char *text = options_get(&c->options, option);
    uint64_t ms;

    if (!text) {
        return fallback;
    }
    if (units_parse_duration(text, &ms) < 0 || ms > INT32_MAX) {
        *status = say_usage(c->verb->name, "--%s: \"%s\" is no duration, as 90, 90s or 1h30m is",
                            option, text);
        return -1;
    }
    return (json_int_t)ms;
}

int call_print(struct call *c, const json_t *value)
{
    json_t *copy = output_times(value);
    char why[640];
    int err = json_is_array(copy) ? output_array(&c->format, copy, stdout, why, sizeof(why))
                                  : output_object(&c->format, copy, stdout, why, sizeof(why));

    json_decref(copy);
    return err < 0 ? say_usage(c->verb->name, "%s", why) : STATUS_OK;
}

bool call_unread(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLNVAL));
}

enum failure call_wait(struct call *c, const char *name, const char *until, json_int_t timeout_ms,
                       struct reply *r)
{
    json_t *params = json_pack("{s:s,s:s}", "name", name, "until", until);

    if (timeout_ms > 0) {
        json_object_set_new(params, "timeout_ms", json_integer(timeout_ms));
    }
    return client_call(c->client, "vm.wait", params, NULL, 0, r);
}
