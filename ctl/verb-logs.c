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

#define FOLLOW_MS        200 /* a log's growth is looked for so often */
#define MARK             64  /* bytes by which a place in a log is known again */
#define BLOCK            16384
#define FOLLOW_UNREAD_MS 1000 /* whether somebody still reads */
#define LATEST_MAX       1000 /* events that the daemon answers at once */

const struct option_spec logs_options[] = {
    {"f follow", NULL, "go on until the VM stops"},
    {"n tail", "N", "the last N lines"},
    {"boot", "N", "of an earlier run: its number, or -1 for the one before the latest"},
    {"raw", NULL, "do not filter control sequences on a terminal"},
    {0}};
const struct option_spec events_options[] = {
    {"f follow", NULL, "go on with those to come"},
    {"since", "WHEN", "after this number, or so long ago: 10m, 2h"},
    {"t type", "TYPE", "of this type, as vm.ended; may have wildcards: 'vm.*'"},
    {"n limit", "N", "at most N, the latest"},
    FORMAT_OPTION,
    {0}};

/* ---- logs ------------------------------------------------------------------------------------- */

/*
 * One run's two segments. The worker writes them in turn and empties one as soon as the other is full, so the longer
 * one is the older, and the one to go on with is the other as soon as there is something in it.
 *
 * A guest may be faster than whoever reads. A segment is written from its start, so what was read last is still in its
 * place exactly if nothing behind it was overwritten; it is looked at after each read, before the new bytes count.
 */
struct log {
    const char *name, *id;
    json_int_t boot;
    int fd[2]; /* -1: none */
    int now;   /* the one being read, */
    off_t at;  /* to here */
    struct {
        int segment;
        off_t at;
        size_t size; /* 0: nothing was read yet */
        char bytes[MARK];
    } last;
    bool filter, lost;
    struct escapes escapes;
};

static off_t size_of(int fd)
{
    struct stat st;

    return fd < 0 || fstat(fd, &st) < 0 ? 0 : st.st_size;
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
}

static void remember(struct log *l, const char *bytes, size_t size)
{
    l->last.size = size < MARK ? size : MARK;
    l->last.segment = l->now;
    l->last.at = l->at - (off_t)l->last.size;
    memcpy(l->last.bytes, bytes + size - l->last.size, l->last.size);
}

static bool last_is_there(const struct log *l)
{
    char bytes[MARK];

    return !l->last.size || (pread(l->fd[l->last.segment], bytes, l->last.size, l->last.at) ==
                                 (ssize_t)l->last.size &&
                             memcmp(bytes, l->last.bytes, l->last.size) == 0);
}

/* Goes on with the oldest there is. */
static void lose(struct log *l)
{
    l->lost = true;
    l->last.size = 0;
    go_on_with(l, size_of(l->fd[1]) > size_of(l->fd[0]));
}

/* At the end of a segment: whether another look is worth it. */
static bool turn(struct log *l)
{
    off_t other = size_of(l->fd[1 - l->now]), own = size_of(l->fd[l->now]);

    if (own > l->at) {
        return true;
    }
    if (own < l->at || !last_is_there(l)) {
        lose(l);
        return true;
    }
    if (other > 0 && other < own) {
        go_on_with(l, 1 - l->now);
        return true;
    }
    return false;
}

/* Copies what there is, at most `most` bytes. -EPIPE: nobody reads it. */
static int copy(struct log *l, off_t most)
{
    static char block[BLOCK];

    while (most > 0) {
        size_t room = most < BLOCK ? (size_t)most : BLOCK;
        ssize_t n = l->fd[l->now] < 0 ? 0 : pread(l->fd[l->now], block, room, l->at);

        if (n <= 0) {
            if (!turn(l)) {
                break;
            }
            continue;
        }
        if (size_of(l->fd[l->now]) < l->at + n || !last_is_there(l)) {
            lose(l);
            continue;
        }
        l->at += n;
        most -= n;
        remember(l, block, (size_t)n);
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
        off_t end = size_of(l->fd[order[i]]);

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
    l->last.size = 0;
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
    most = size_of(l->fd[0]) + size_of(l->fd[1]);
    if (tail) {
        skip_to_tail(l, lines);
    }
    if (copy(l, following ? INT64_MAX : most) == 0 && following) {
        status = follow(c, l, rests);
    }
    if (most == 0 && !following && boot == 0 && l->boot > 1) {
        say_note("%s: its latest run has said nothing; --boot -1 shows the one before", l->name);
    }
    if (l->lost) {
        say_note("%s: some of it was overwritten before it could be read", l->name);
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
    json_int_t boots;
    struct reply r;
    char *end;
    int status = STATUS_OK;

    if (tail) {
        lines = strtoul(tail, &end, 10);
        if (*end || end == tail || *tail == '-') {
            return say_usage("logs", "--tail: \"%s\" is no number of lines", tail);
        }
    }
    if (boot) {
        back = strtol(boot, &end, 10);
        if (*end || end == boot) {
            return say_usage("logs", "--boot: \"%s\" is no number of a run", boot);
        }
    }
    /* Its events first, so that no restart is missed; by its id, because names come back. What was removed has logs
     * for a while, and nothing to follow. */
    client_call(c->client, "vm.inspect", json_pack("{s:s}", "name", l.name), NULL, 0, &r);
    l.id = r.failure ? l.name : text_of(r.result, "id");
    following = following && !r.failure;
    boots = json_integer_value(json_object_get(r.result, "boots"));
    if (r.failure && r.failure != FAILURE_NO_SUCH_VM) {
        status = reply_report(&r, l.name);
    } else if (back > boots) {
        status = say_error(FAILURE_UNSUPPORTED, NULL,
                           "%s has no run %ld: the latest is %" JSON_INTEGER_FORMAT, l.name, back,
                           boots);
    } else if (following) {
        status = call_ask(c, "events.subscribe", json_pack("{s:s}", "name", l.id), l.name, NULL);
    }
    if (!status) {
        back -= back > 0 ? (long)boots : 0;
        status = show_log(c, &l, back, tail, lines, following);
    }
    close_log(&l);
    reply_free(&r);
    return status;
}

/* ---- events ------------------------------------------------------------------------------------ */

/* A detail in a line: outcome=guest_panic cause="Kernel panic". */
static void show_detail(const json_t *detail, char *out, size_t size)
{
    const char *key;
    json_t *value;
    size_t used = 0;

    out[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)detail, key, value)
    {
        const char *word = json_string_value(value);
        bool bare = word != NULL && *word != '\0' && strcspn(word, " \"=\n\r\t") == strlen(word);
        char *text = bare ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        int n = used < size ? snprintf(out + used, size - used, "%s%s=%s", used ? " " : "", key,
                                       text != NULL ? text
                                       : bare       ? word
                                                    : "?")
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

/* What is asked for, as the daemon's methods take it. */
static json_t *query(const char *name, const char *type)
{
    return json_pack("{s:s*,s:s*}", "name", name, "type", type);
}

/* Those that come after number `seq`. */
static int follow_events(struct call *c, json_int_t seq)
{
    struct reply r = {0};
    json_t *event;
    bool connected = true;
    int status = STATUS_OK;

    while (!status && connected && !call_unread()) {
        connected = client_poll_event(c->client, FOLLOW_UNREAD_MS, &event, &r);
        if (connected && event) {
            json_int_t number = json_integer_value(json_object_get(event, "seq"));
            if (number > seq || number == 0) { /* 0: the daemon could not number it yet */
                status = print_event(c, event);
            }
            json_decref(event);
            if (fflush(stdout)) {
                break;
            }
        }
    }
    if (!connected) {
        status = reply_report(&r, NULL);
    }
    reply_free(&r);
    return status;
}

/* All kept events of the query after `since` and not before `since_time`: the daemon answers page by page. */
static int collect(struct call *c, const json_t *wanted, json_int_t since, json_int_t since_time,
                   json_t *events)
{
    json_int_t seq = since;
    size_t got;

    do {
        json_t *params = json_copy((json_t *)(uintptr_t)wanted), *result = NULL, *page, *last;
        int status;

        json_object_set_new(params, "since", json_integer(seq));
        json_object_set_new(params, "since_time", json_integer(since_time));
        status = call_ask(c, "events.list", params, NULL, &result);
        if (status) {
            return status;
        }
        page = json_object_get(result, "events");
        got = json_array_size(page);
        last = json_array_get(page, got ? got - 1 : 0);
        seq = got ? json_integer_value(json_object_get(last, "seq")) : seq;
        json_array_extend(events, page);
        json_decref(result);
    } while (got);
    return STATUS_OK;
}

/* The latest ones, as many as fit in one answer; more are collected. */
static int collect_latest(struct call *c, const json_t *wanted, json_int_t since,
                          json_int_t since_time, size_t keep, json_t *events)
{
    json_t *params, *result = NULL;
    int status;

    if (keep > LATEST_MAX) {
        return collect(c, wanted, since, since_time, events);
    }
    params = json_copy((json_t *)(uintptr_t)wanted);
    json_object_set_new(params, "since", json_integer(since));
    json_object_set_new(params, "since_time", json_integer(since_time));
    json_object_set_new(params, "limit", json_integer((json_int_t)keep));
    json_object_set_new(params, "latest", json_true());
    status = call_ask(c, "events.list", params, NULL, &result);
    json_array_extend(events, json_object_get(result, "events"));
    json_decref(result);
    return status;
}

/* --since: an event's number, or how long ago as a time. */
static int parse_since(const char *text, json_int_t *number, json_int_t *since_time)
{
    struct timespec now;
    uint64_t age;
    char *end;

    *number = strtoll(text, &end, 10);
    if (!*end && end != text && *number >= 0) {
        return 0;
    }
    *number = 0;
    if (units_parse_duration(text, &age) < 0) {
        return -EINVAL;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    *since_time = (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (json_int_t)age;
    *since_time = *since_time > 0 ? *since_time : 0;
    return 0;
}

static int show_events(struct call *c, json_t *events, bool following)
{
    json_int_t seq = 0;
    json_t *event;
    int status = STATUS_OK;
    size_t i;

    if (c->format.kind == FORMAT_JSON && !following) {
        return call_print(c, events);
    }
    json_array_foreach(events, i, event)
    {
        status = status ? status : print_event(c, event);
        seq = json_integer_value(json_object_get(event, "seq"));
    }
    if (fflush(stdout) || status || !following) {
        return status;
    }
    return follow_events(c, seq);
}

int verb_events(struct call *c)
{
    const char *since = options_get(&c->options, "since"),
               *limit = options_get(&c->options, "limit");
    json_int_t from = 0, since_time = 0;
    char *end = NULL;
    json_t *events, *wanted;
    bool following = options_has(&c->options, "follow");
    int status = STATUS_OK;
    size_t keep = limit ? strtoul(limit, &end, 10) : (size_t)-1;

    if (limit && (*end || end == limit || *limit == '-')) {
        return say_usage("events", "--limit: \"%s\" is no number", limit);
    }
    if (since && parse_since(since, &from, &since_time) < 0) {
        return say_usage("events", "--since: \"%s\" is neither an event's number nor a duration",
                         since);
    }
    wanted = query(c->options.operand_count ? c->options.operands[0] : NULL,
                   options_get(&c->options, "type"));
    events = json_array();
    /* First those to come, so that none is missed between both. */
    if (following) {
        status = call_ask(c, "events.subscribe", json_copy(wanted), NULL, NULL);
    }
    if (!status) {
        status = collect_latest(c, wanted, from, since_time, keep, events);
    }
    while (json_array_size(events) > keep) {
        json_array_remove(events, 0);
    }
    if (!status) {
        status = show_events(c, events, following);
    }
    json_decref(events);
    json_decref(wanted);
    return status;
}
