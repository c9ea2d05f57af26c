/* SPDX-License-Identifier: ISC */
/*
 * verb-logs.c: logs, of a VM's console, and events, of the host and its VMs.
 *
 * The daemon passes the log's segments as descriptors; what a terminal would obey in them is left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "escapes.h"
#include "units.h"
#include "verb.h"

#define FOLLOW_MS 200 /* a log's growth is looked for so often */
#define BLOCK     16384

const struct option_spec logs_options[] = {
    {"f follow", NULL, "go on until the VM stops"},
    {"n tail", "N", "the last N lines"},
    {"boot", "N", "of an earlier run: -1 is the one before the latest"},
    {"raw", NULL, "do not filter control sequences on a terminal"},
    {0}};
const struct option_spec events_options[] = {
    {"f follow", NULL, "go on with those to come"},
    {"since", "WHEN", "after this number, or so long ago: 10m, 2h"},
    {"n limit", "N", "at most N, the latest"},
    FORMAT_OPTION,
    {0}};

/* ---- logs ------------------------------------------------------------------------------------- */

struct log {
    int fd[2]; /* by age: what was written first comes first; -1: none */
    off_t at[2];
    int now; /* the one being read */
    bool filter;
    struct escapes escapes;
};

static int write_log(struct log *l, const char *bytes, size_t size)
{
    static char out[BLOCK + ESCAPES_HELD];

    if (l->filter) {
        size = escapes_filter(&l->escapes, bytes, size, out);
        bytes = out;
    }
    return size && fwrite(bytes, 1, size, stdout) != size ? -EPIPE : 0;
}

/* Copies what is there. */
static int copy(struct log *l)
{
    static char block[BLOCK];
    ssize_t n;

    if (l->fd[l->now] < 0) {
        return 0;
    }
    while ((n = pread(l->fd[l->now], block, sizeof(block), l->at[l->now])) > 0) {
        l->at[l->now] += n;
        if (write_log(l, block, (size_t)n) < 0) {
            return -EPIPE;
        }
    }
    return fflush(stdout) ? -EPIPE : 0;
}

/* Moves both places so that `lines` lines are left. */
static void skip_to_tail(struct log *l, unsigned long lines)
{
    static char block[BLOCK];
    bool last = true; /* the newline that ends the last line begins no further one */

    for (int i = 1; i >= 0; i--) {
        struct stat st;
        off_t end = l->fd[i] >= 0 && fstat(l->fd[i], &st) == 0 ? st.st_size : 0;

        while (end > 0) {
            off_t begin = end > BLOCK ? end - BLOCK : 0;
            ssize_t n = pread(l->fd[i], block, (size_t)(end - begin), begin);

            for (ssize_t j = n - 1; j >= 0; j--) {
                bool newline = block[j] == '\n';

                if (newline && !last && lines-- <= 1) {
                    l->at[i] = begin + j + 1;
                    if (i == 1) {
                        l->now = 1;
                    }
                    return;
                }
                if (!lines) {
                    l->at[i] = begin + j + 1;
                    l->now = i;
                    return;
                }
                last = false;
            }
            if (n <= 0) {
                break;
            }
            end = begin;
        }
    }
}

/* The worker truncates the other segment when this one is full, and goes on there. */
static void turn(struct log *l)
{
    int other = 1 - l->now;
    struct stat st;

    if (l->fd[other] >= 0 && fstat(l->fd[other], &st) == 0 && st.st_size < l->at[other]) {
        l->now = other;
        l->at[other] = 0;
    }
}

static int follow(struct call *c, struct log *l, const char *name)
{
    struct reply r;
    json_int_t id;
    bool over = false;
    int status = STATUS_OK;

    client_send(c->client, "vm.wait", json_pack("{s:s,s:s}", "name", name, "until", "stopped"),
                NULL, 0, &id, &r);
    while (!over) {
        over = client_poll(c->client, id, FOLLOW_MS, &r);
        if (copy(l) < 0) {
            return STATUS_OK; /* nobody reads any more */
        }
        turn(l);
        copy(l);
    }
    if (r.failure && r.failure != FAILURE_NO_SUCH_VM) {
        status = reply_report(&r, name);
    }
    reply_free(&r);
    return status;
}

static int open_log(struct call *c, const char *name, struct log *l)
{
    const char *boot = options_get(&c->options, "boot");
    json_t *params = json_pack("{s:s}", "name", name), *present;
    size_t next = 0;
    struct reply r;
    int newer;

    l->fd[0] = l->fd[1] = -1;
    if (boot) {
        json_object_set_new(params, "boot", json_integer(strtol(boot, NULL, 10)));
    }
    if (client_call(c->client, "vm.logs", params, NULL, 0, &r)) {
        int status = reply_report(&r, name);

        reply_free(&r);
        return status;
    }
    present = json_object_get(r.result, "present");
    newer = json_integer_value(json_object_get(r.result, "newer")) == 1;
    for (int i = 0; i < 2; i++) {
        if (json_is_true(json_array_get(present, (size_t)i)) && next < r.fd_count) {
            l->fd[i == newer] = r.fd[next];
            r.fd[next++] = -1;
        }
    }
    reply_free(&r);
    return STATUS_OK;
}

int verb_logs(struct call *c)
{
    const char *name = c->options.operands[0], *tail = options_get(&c->options, "tail");
    struct log l = {.filter = isatty(STDOUT_FILENO) && !options_has(&c->options, "raw")};
    unsigned long lines = 0;
    char *end;
    int status;

    if (tail) {
        lines = strtoul(tail, &end, 10);
        if (*end || end == tail || *tail == '-') {
            return say_usage("logs", "--tail: \"%s\" is no number of lines", tail);
        }
    }
    status = open_log(c, name, &l);
    if (status) {
        return status;
    }
    if (tail) {
        skip_to_tail(&l, lines);
    }
    if (copy(&l) == 0) {
        if (l.now == 0) {
            l.now = 1;
            copy(&l);
        }
        if (options_has(&c->options, "follow") && !options_has(&c->options, "boot")) {
            status = follow(c, &l, name);
        }
    }
    for (int i = 0; i < 2; i++) {
        if (l.fd[i] >= 0) {
            close(l.fd[i]);
        }
    }
    return status;
}

/* ---- events ------------------------------------------------------------------------------------ */

/* A detail in a line: "outcome=guest_panic reason=user". */
static void show_detail(const json_t *detail, char *out, size_t size)
{
    const char *key;
    json_t *value;
    size_t used = 0;

    out[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)detail, key, value)
    {
        char *text =
            json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        int n = used < size ? snprintf(out + used, size - used, "%s%s=%s", used ? " " : "", key,
                                       text ? text : json_string_value(value))
                            : 0;

        free(text);
        used += n > 0 ? (size_t)n : 0;
    }
}

static int print_event(struct call *c, const json_t *event)
{
    const json_t *time = json_object_get(event, "time");
    char detail[1024], text[32];
    json_t *copy;
    int status = STATUS_OK;
    char why[640];

    if (c->format.kind == FORMAT_TABLE) {
        struct escapes plain = {0};
        char line[1400], safe[1400 + ESCAPES_HELD];
        int n;

        show_detail(json_object_get(event, "detail"), detail, sizeof(detail));
        n = snprintf(line, sizeof(line), "%s  %-20s  %-16s %s\n",
                     json_is_string(time) ? json_string_value(time)
                                          : output_time(json_integer_value(time), text),
                     text_of(event, "type"), *text_of(event, "vm") ? text_of(event, "vm") : "-",
                     detail);
        n = n < (int)sizeof(line) ? n : (int)sizeof(line) - 1;
        fwrite(safe, 1, escapes_filter(&plain, line, (size_t)n, safe), stdout);
        return STATUS_OK;
    }
    copy = output_times(event);
    if (output_object(
            &(struct format){c->format.kind == FORMAT_JSON ? FORMAT_JSONL : c->format.kind,
                             c->format.template},
            copy, stdout, why, sizeof(why)) < 0) {
        status = say_usage("events", "%s", why);
    }
    json_decref(copy);
    return status;
}

static int follow_events(struct call *c, json_t *params)
{
    struct reply r;
    json_t *event;
    int status = call_ask(c, "events.subscribe", params, NULL, NULL);

    while (!status && (event = client_next_event(c->client, &r))) {
        status = print_event(c, event);
        json_decref(event);
        if (fflush(stdout)) {
            return STATUS_OK;
        }
    }
    if (!status) {
        status = reply_report(&r, NULL);
        reply_free(&r);
    }
    return status;
}

/* --since as a duration: the daemon counts by numbers, so the first event that is young enough is looked for. */
static void drop_old(json_t *events, uint64_t age_ms)
{
    time_t then = time(NULL) - (time_t)(age_ms / 1000);
    char limit[32];

    output_time((json_int_t)then * 1000, limit);
    while (json_array_size(events)) {
        const json_t *at = json_object_get(json_array_get(events, 0), "time");
        bool old = json_is_string(at) ? strcmp(json_string_value(at), limit) < 0
                                      : json_integer_value(at) < (json_int_t)then * 1000;

        if (!old) {
            return;
        }
        json_array_remove(events, 0);
    }
}

/* All kept events after `since`: the daemon answers page by page. */
static int collect(struct call *c, json_int_t since, const char *name, json_t *events,
                   json_int_t *seq)
{
    size_t got;

    *seq = since;
    do {
        json_t *params = json_pack("{s:I}", "since", *seq), *result = NULL, *page, *last;
        int status;

        if (name) {
            json_object_set_new(params, "name", json_string(name));
        }
        status = call_ask(c, "events.list", params, name, &result);
        if (status) {
            return status;
        }
        page = json_object_get(result, "events");
        got = json_array_size(page);
        last = json_array_get(page, got ? got - 1 : 0);
        if (json_integer_value(json_object_get(last, "seq")) <= *seq) {
            got = 0;
        } else {
            *seq = json_integer_value(json_object_get(last, "seq"));
            json_array_extend(events, page);
        }
        json_decref(result);
    } while (got);
    return STATUS_OK;
}

int verb_events(struct call *c)
{
    const char *since = options_get(&c->options, "since"),
               *limit = options_get(&c->options, "limit");
    const char *name = c->options.operand_count ? c->options.operands[0] : NULL;
    json_int_t from = 0, seq = 0;
    uint64_t age = 0;
    char *end = NULL;
    json_t *events = json_array(), *event;
    int status;
    size_t i, keep = limit ? strtoul(limit, &end, 10) : (size_t)-1;

    if (limit && (*end || end == limit || *limit == '-')) {
        status = say_usage("events", "--limit: \"%s\" is no number", limit);
        goto done;
    }
    if (since) {
        from = strtoll(since, &end, 10);
        if ((*end || end == since || from < 0) && units_parse_duration(since, &age) < 0) {
            status = say_usage(
                "events", "--since: \"%s\" is neither an event's number nor a duration", since);
            goto done;
        }
        from = age ? 0 : from;
    }
    status = collect(c, from, name, events, &seq);
    if (age) {
        drop_old(events, age);
    }
    while (json_array_size(events) > keep) {
        json_array_remove(events, 0);
    }
    if (!status && c->format.kind == FORMAT_JSON && !options_has(&c->options, "follow")) {
        status = call_print(c, events);
    } else if (!status) {
        json_array_foreach(events, i, event)
        {
            status = status ? status : print_event(c, event);
        }
        fflush(stdout);
    }
    if (!status && options_has(&c->options, "follow")) {
        json_t *params = json_pack("{s:I}", "since", seq);

        if (name) {
            json_object_set_new(params, "name", json_string(name));
        }
        status = follow_events(c, params);
    }
done:
    json_decref(events);
    return status;
}
