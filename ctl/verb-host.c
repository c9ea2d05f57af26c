/* SPDX-License-Identifier: ISC */
/*
 * verb-host.c: version, reload, drain, undrain, shutdown, config: what concerns the daemon as a whole.
 */
#include <string.h>

#include "verb.h"
#include "version.h"

const struct option_spec version_options[] = {FORMAT_OPTION, {0}};
const struct option_spec reload_options[] = {{"format", "F", "json, or a template: '{{.Applied}}'"},
                                             {0}};
const struct option_spec shutdown_options[] = {{"y yes", NULL, "ask nothing"}, {0}};
const struct option_spec config_options[] = {
    {"defaults", NULL, "show: with every key that was not given, too"}, {0}};

int verb_version(struct call *c)
{
    json_t *result = NULL, *all;
    int status, theirs;

    if (c->format.kind == FORMAT_TABLE) {
        printf("vmctl     %s, protocol %u\n", version_text, RPC_PROTOCOL);
        fflush(stdout);
    }
    status = call_connect(c);
    if (!status) {
        status = call_ask(c, "daemon.version", json_object(), NULL, &result);
    }
    if (c->format.kind == FORMAT_TABLE) {
        if (!status) {
            const char *build = text_of(result, "build");

            printf("paddockd  %s%s%s%s, protocol %d, process %d\n", text_of(result, "version"),
                   *build ? " (" : "", build, *build ? ")" : "",
                   (int)json_integer_value(json_object_get(result, "protocol")),
                   (int)json_integer_value(json_object_get(result, "pid")));
        }
    } else {
        all = json_pack("{s:i,s:{s:s,s:s,s:i},s:O?}", "schema_version", 1, "client", "version",
                        version_number, "build", version_build, "protocol", (int)RPC_PROTOCOL,
                        "daemon", result);
        if (call_print(c, all)) {
            status = STATUS_USAGE;
        }
        json_decref(all);
    }
    theirs = (int)json_integer_value(json_object_get(result, "protocol"));
    if (!status && theirs != (int)RPC_PROTOCOL) {
        status = say_error(FAILURE_VERSION, "install both from the same package",
                           "vmctl speaks protocol %u and paddockd %d", RPC_PROTOCOL, theirs);
    }
    if (!status && (strcmp(text_of(result, "version"), version_number) != 0 ||
                    strcmp(text_of(result, "build"), version_build) != 0)) {
        say_note("the two were not built together: was paddockd started anew after an update?");
    }
    json_decref(result);
    return status;
}

static void show_diagnostic(const json_t *d)
{
    int line = (int)json_integer_value(json_object_get(d, "line"));

    fputs(*text_of(d, "file") ? text_of(d, "file") : "configuration", stderr);
    if (line != 0) {
        fprintf(stderr, ":%d:%d", line, (int)json_integer_value(json_object_get(d, "column")));
    }
    fprintf(stderr, ": %s: %s\n", text_of(d, "severity"), text_of(d, "message"));
    if (*text_of(d, "hint")) {
        fprintf(stderr, "  = %s\n", text_of(d, "hint"));
    }
}

static void show_reload(const json_t *result)
{
    const json_t *one;
    size_t i, errors = 0;

    json_array_foreach(json_object_get(result, "diagnostics"), i, one)
    {
        show_diagnostic(one);
        errors += strcmp(text_of(one, "severity"), "error") == 0;
    }
    if (errors && json_is_true(json_object_get(result, "applied"))) {
        say_note("all else was taken: what has a mistake concerns its VM alone");
    }
    json_array_foreach(json_object_get(result, "waiting"), i, one)
    {
        say_note("%s: %s will change at its next start", text_of(one, "name"),
                 text_of(one, "keys"));
    }
}

int verb_reload(struct call *c)
{
    json_t *result = NULL;
    int status = call_ask(c, "daemon.reload", json_object(), NULL, &result);

    if (status) {
        return status;
    }
    if (c->format.kind == FORMAT_TABLE) {
        show_reload(result);
    } else {
        status = call_print(c, result);
    }
    if (!json_is_true(json_object_get(result, "applied"))) {
        status = say_error(FAILURE_INVALID_CONFIG, "vmctl validate checks the files before",
                           "the configuration was not taken; the one before stays in use");
    }
    json_decref(result);
    return status;
}

int verb_drain(struct call *c)
{
    int status = call_ask(c, "daemon.drain", json_pack("{s:b}", "on", 1), NULL, NULL);

    if (!status) {
        say_note("this host starts no more VMs; what runs goes on (vmctl undrain)");
    }
    return status;
}

int verb_undrain(struct call *c)
{
    return call_ask(c, "daemon.drain", json_pack("{s:b}", "on", 0), NULL, NULL);
}

/* Without operands the host's VMs and the daemon end; `vmctl shutdown NAME` is stop, by verb_find's caller. */
int verb_shutdown(struct call *c)
{
    json_t *result = NULL, *event;
    struct reply r;
    int status;

    /* A script's `vmctl shutdown $VM` must not be this one when there is nothing in VM. */
    if (!options_has(&c->options, "yes") && !say_can_ask()) {
        return say_usage("shutdown",
                         "shutdown stops all VMs and paddockd: without a terminal it needs --yes");
    }
    if (!options_has(&c->options, "yes") && !say_ask("Stop all VMs of this host, and paddockd?")) {
        say_note("nothing was stopped; vmctl stop NAME stops one VM");
        return STATUS_FAILED;
    }
    status = call_ask(c, "daemon.shutdown", json_object(), NULL, &result);
    json_decref(result);
    if (status) {
        return status;
    }
    say_progress("stopping all VMs and paddockd");
    while ((event = client_next_event(c->client, &r))) { /* to the end of the connection */
        json_decref(event);
    }
    say_progress_end();
    reply_free(&r);
    return STATUS_OK;
}

int verb_config(struct call *c)
{
    json_t *result = NULL;
    int status;

    if (strcmp(c->options.operands[0], "check") == 0) {
        c->options.operands++;
        c->options.operand_count--;
        return verb_validate(c);
    }
    if (strcmp(c->options.operands[0], "show") != 0 || c->options.operand_count > 1) {
        return say_usage("config", "it is config show or config check");
    }
    status = call_connect(c);
    if (!status) {
        status = call_ask(c, "daemon.config",
                          json_pack("{s:b}", "defaults", options_has(&c->options, "defaults")),
                          NULL, &result);
    }
    if (!status) {
        json_dumpf(result, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(result);
    return status;
}
