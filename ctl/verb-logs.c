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

/*
 * One run's two segments. The worker writes them in turn and empties one as soon as the other is full, so the longer
 * one is the older, and the one to go on with is the other as soon as there is something in it.
 */
struct log {
    const char *name, *id;
    json_int_t boot;
    int fd[2]; /* -1: none */
    int now;   /* the one being read, */
    off_t at;  /* to here */
    struct timespec other_changed;
    bool filter, lost;
    struct escapes escapes;
};

static struct timespec changed(const struct stat *st)
{
#ifdef __APPLE__
    return st->st_mtimespec;
#else
    return st->st_mtim;
#endif
}

static off_t size_of(int fd, struct timespec *when)
{
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        *when = (struct timespec){0};
        return 0;
    }
    *when = changed(&st);
    return st.st_size;
}

static int write_log(struct log *l, const char *bytes, size_t size)
{
    static char out[BLOCK + ESCAPES_HELD];

    if (l->filter) {
        size = escapes_filter(&l->escapes, bytes, size, out);
        bytes = out;
    }
    return size && fwrite(bytes, 1, size, stdout) != size ? -EPIPE : 0;
}

static void go_on_with(struct log *l, int segment)
{
    l->now = segment;
    l->at = 0;
    size_of(l->fd[1 - segment], &l->other_changed);
}

/* At the end of a segment: whether another look is worth it. The segments may change at any moment, so each is looked
 * at again after what was concluded from it. */
static bool turn(struct log *l)
{
    struct timespec when, ignored;
    off_t other = size_of(l->fd[1 - l->now], &when), own = size_of(l->fd[l->now], &ignored);

    if (own > l->at) {
        return true;
    }
    if (own < l->at) { /* begun again: what was written between is in the other */
        go_on_with(l, 1 - l->now);
        return true;
    }
    if (other > 0 && other < own) {
        go_on_with(l, 1 - l->now);
        return true;
    }
    if (other > own &&
        (when.tv_sec != l->other_changed.tv_sec || when.tv_nsec != l->other_changed.tv_nsec)) {
        /* The older one was written to: both were, and this one was filled just as far. */
        l->lost = true;
        go_on_with(l, 1 - l->now);
        return true;
    }
    return false;
}

/* Copies what there is, at most `most` bytes. -EPIPE: nobody reads it. */
static int copy(struct log *l, off_t most)
{
    static char block[BLOCK];
    struct timespec ignored;

    while (most > 0) {
        size_t room = most < BLOCK ? (size_t)most : BLOCK;
        ssize_t n = l->fd[l->now] < 0 ? 0 : pread(l->fd[l->now], block, room, l->at);

        if (n <= 0) {
            if (!turn(l)) {
                break;
            }
            continue;
        }
        if (size_of(l->fd[l->now], &ignored) < l->at + n) { /* emptied meanwhile */
            l->lost = true;
            go_on_with(l, 1 - l->now);
            continue;
        }
        l->at += n;
        most -= n;
        if (write_log(l, block, (size_t)n) < 0) {
            return -EPIPE;
        }
    }
    return fflush(stdout) ? -EPIPE : 0;
}

/* Goes on so that `lines` lines are left. */
static void skip_to_tail(struct log *l, unsigned long lines)
{
    static char block[BLOCK];
    const int order[2] = {l->now, 1 - l->now};
    bool last = true; /* the newline that ends the last line begins no further one */

    for (int i = 1; i >= 0; i--) {
        struct timespec ignored;
        off_t end = size_of(l->fd[order[i]], &ignored);

        while (end > 0) {
            off_t begin = end > BLOCK ? end - BLOCK : 0;
            ssize_t n = pread(l->fd[order[i]], block, (size_t)(end - begin), begin);

            for (ssize_t j = n - 1; j >= 0; j--) {
                bool newline = block[j] == '\n';

                if (!lines || (newline && !last && lines-- <= 1)) {
                    go_on_with(l, order[i]);
                    l->at = begin + j + 1;
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

static void close_log(struct log *l)
{
    for (int i = 0; i < 2; i++) {
        if (l->fd[i] >= 0) {
            close(l->fd[i]);
        }
        l->fd[i] = -1;
    }
}

/* Opens the run `back` before the latest. *rests: the VM will say no more by itself. */
static enum failure open_log(struct call *c, struct log *l, json_int_t back, bool *rests,
                             struct reply *r)
{
    json_t *present;
    const char *state;
    size_t next = 0;

    if (client_call(c->client, "vm.logs", json_pack("{s:s,s:I}", "name", l->id, "boot", back), NULL,
                    0, r)) {
        return r->failure;
    }
    close_log(l);
    present = json_object_get(r->result, "present");
    for (size_t i = 0; i < 2; i++) {
        if (json_is_true(json_array_get(present, i)) && next < r->fd_count) {
            l->fd[i] = r->fd[next];
            r->fd[next++] = -1;
        }
    }
    l->boot = json_integer_value(json_object_get(r->result, "boot"));
    go_on_with(l, json_integer_value(json_object_get(r->result, "newer")) == 1 ? 0 : 1);
    if (l->fd[l->now] < 0) {
        go_on_with(l, 1 - l->now);
    }
    state = text_of(r->result, "state");
    *rests = strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0;
    return FAILURE_NONE;
}

/* Copies the runs up to `boot`, which has begun; logs that are gone already are passed over. */
static int next_boots(struct call *c, struct log *l, json_int_t boot)
{
    json_int_t latest = boot;
    struct reply r;
    bool ignored;

    while (l->boot < boot) {
        json_int_t wanted = l->boot + 1;

        if (open_log(c, l, wanted - latest, &ignored, &r)) {
            l->boot = wanted; /* it came not so far */
        } else if (l->boot != wanted) {
            latest += l->boot - wanted; /* yet another has begun */
            l->boot = wanted - 1;
            reply_free(&r);
            continue;
        }
        reply_free(&r);
        if (copy(l, INT64_MAX) < 0) {
            return -EPIPE;
        }
    }
    return 0;
}

/* What has happened to the VM. -EPIPE: nobody reads its output any more. */
static int take_event(struct call *c, struct log *l, const json_t *event, bool *rests)
{
    const char *type = text_of(event, "type");

    if (strcmp(type, "vm.starting") == 0) {
        *rests = false;
        return next_boots(
            c, l, json_integer_value(json_object_get(json_object_get(event, "detail"), "boot")));
    }
    *rests = *rests || strcmp(type, "vm.stopped") == 0 || strcmp(type, "vm.failed") == 0 ||
             strcmp(type, "vm.removed") == 0;
    return 0;
}

/* Until the VM rests, over restarts. */
static int follow(struct call *c, struct log *l, bool rests)
{
    struct reply r = {0};
    json_t *event;
    bool connected = true;
    int status = STATUS_OK;

    while (connected && !rests && !call_unread()) {
        if (copy(l, INT64_MAX) < 0) {
            return STATUS_OK; /* nobody reads any more */
        }
        connected = client_poll_event(c->client, FOLLOW_MS, &event, &r);
        while (connected && event) {
            int err = copy(l, INT64_MAX) < 0 ? -EPIPE : take_event(c, l, event, &rests);

            json_decref(event);
            if (err < 0) {
                return STATUS_OK;
            }
            connected = client_poll_event(c->client, 0, &event, &r);
        }
    }
    copy(l, INT64_MAX);
    if (!connected) {
        status = reply_report(&r, l->name);
    }
    reply_free(&r);
    return status;
}

static int show_log(struct call *c, struct log *l, json_int_t boot, const char *tail,
                    unsigned long lines, bool following)
{
    struct timespec ignored;
    struct reply r;
    bool rests;
    off_t most;
    int status = STATUS_OK;

    if (open_log(c, l, boot, &rests, &r)) {
        status = reply_report(&r, l->name);
        reply_free(&r);
        return status;
    }
    reply_free(&r);
    most = size_of(l->fd[0], &ignored) + size_of(l->fd[1], &ignored);
    if (tail) {
        skip_to_tail(l, lines);
    }
    if (copy(l, following ? INT64_MAX : most) == 0 && following) {
        status = follow(c, l, rests);
    }
    if (l->lost) {
        say_note("%s: some of it was overwritten before it was read", l->name);
    }
    return status;
}

int verb_logs(struct call *c)
{
    const char *tail = options_get(&c->options, "tail"), *boot = options_get(&c->options, "boot");
    bool following = options_has(&c->options, "follow") && !boot;
    struct log l = {.name = c->options.operands[0],
                    .fd = {-1, -1},
                    .filter = isatty(STDOUT_FILENO) && !options_has(&c->options, "raw")};
    unsigned long lines = 0;
    long back = 0;
    json_t *vm = NULL;
    char *end;
    int status;

    if (tail) {
        lines = strtoul(tail, &end, 10);
        if (*end || end == tail || *tail == '-') {
            return say_usage("logs", "--tail: \"%s\" is no number of lines", tail);
        }
    }
    if (boot) {
        back = strtol(boot, &end, 10);
        if (*end || end == boot || back > 0) {
            return say_usage("logs", "--boot: \"%s\" is not 0, -1, -2 and so on", boot);
        }
    }
    /* Its events first, so that no restart is missed; by its id, because names come back. */
    status = call_ask(c, "vm.inspect", json_pack("{s:s}", "name", l.name), l.name, &vm);
    l.id = text_of(vm, "id");
    if (!status && following) {
        status = call_ask(c, "events.subscribe", json_pack("{s:s}", "name", l.id), l.name, NULL);
    }
    if (!status) {
        status = show_log(c, &l, back, tail, lines, following);
    }
    close_log(&l);
    json_decref(vm);
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
