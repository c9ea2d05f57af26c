/* SPDX-License-Identifier: ISC */
/*
 * client.c: calls to paddockd. See client.h.
 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "system.h"

#define ROOT_SOCKET "/run/control.sock" /* below --root DIR */

struct client {
    int socket;
    struct rpc_reader reader;
    json_int_t last_id;
    json_t *replies; /* array of those nobody has waited for yet, each with "fds" as our numbers */
    json_t *events;
};

int client_path(const char *host, const char *root, char *path, size_t path_size, char *why,
                size_t size)
{
    const char *environment = getenv("VMCTL_HOST");
    int n;

    if (!host && !root && environment && *environment) {
        host = environment;
    }
    if (host && strncmp(host, "unix://", 7) == 0) {
        host += 7;
    } else if (host && strstr(host, "://")) {
        snprintf(why, size, "%s: only unix://PATH is known", host);
        return -EINVAL;
    }
    if (host && *host != '/') {
        snprintf(why, size, "the socket's path \"%s\" is not absolute", host);
        return -EINVAL;
    }
    n = host   ? snprintf(path, path_size, "%s", host)
        : root ? snprintf(path, path_size, "%s" ROOT_SOCKET, root)
               : snprintf(path, path_size, "%s", client_system.socket);
    if (n < 0 || (size_t)n >= path_size ||
        (size_t)n >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        snprintf(why, size, "the socket's path is %d bytes long; %zu are possible", n,
                 sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
        return -EINVAL;
    }
    return 0;
}

static enum failure fail(struct reply *r, enum failure f, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum failure fail(struct reply *r, enum failure f, const char *hint, const char *format, ...)
{
    json_t *error;
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    memset(r, 0, sizeof(*r));
    r->failure = f;
    error = json_pack("{s:i,s:s,s:{s:s,s:s*}}", "code", failure_rpc_code(f), "message", text,
                      "data", "code", failure_name(f), "hint", hint);
    r->error = error;
    return f;
}

static enum failure lost(struct reply *r, const char *what)
{
    return fail(r, FAILURE_UNREACHABLE,
                "the daemon's log says more; VMs that stand in its configuration come back with it",
                "the connection to paddockd is lost: %s", what);
}

/* The one command that starts the daemon of this socket. */
static void hint_start(const char *path, char *hint, size_t size)
{
    size_t length = strlen(path), tail = strlen(ROOT_SOCKET);

    if (strcmp(path, client_system.socket) == 0) {
        snprintf(hint, size, "start it: %s", client_system.start);
    } else if (length > tail && strcmp(path + length - tail, ROOT_SOCKET) == 0) {
        for (length -= tail; length > 1 && path[length - 1] == '/'; length--) {
        }
        snprintf(hint, size, "start it: paddockd --root %.*s", (int)length, path);
    } else {
        snprintf(hint, size, "start the paddockd whose socket this is, or name another by --host");
    }
}

static enum failure unreachable(struct reply *r, const char *path, int err)
{
    char hint[256];

    switch (err) {
    case EACCES:
    case EPERM:
        return fail(
            r, FAILURE_DENIED,
            "members of the daemon's group may (see socket_group in paddock.yaml), and root",
            "%s: you may not talk to this paddockd", path);
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
        hint_start(path, hint, sizeof(hint));
        return fail(r, FAILURE_UNREACHABLE, hint, "no paddockd answers at %s", path);
    default:
        return fail(r, FAILURE_UNREACHABLE, "vmctl doctor looks for the reason", "%s: %s", path,
                    strerror(err));
    }
}

struct client *client_connect(const char *path, struct reply *r)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct client *c = calloc(1, sizeof(*c));

    if (!c || !(c->replies = json_array()) || !(c->events = json_array())) {
        fail(r, FAILURE_INTERNAL, NULL, "out of memory");
        goto no_client;
    }
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    c->socket = socket(AF_UNIX, SOCK_STREAM, 0);
    if (c->socket < 0) {
        fail(r, FAILURE_INTERNAL, NULL, "socket: %s", strerror(errno));
        goto no_client;
    }
    if (connect(c->socket, (struct sockaddr *)&to, sizeof(to)) < 0) {
        unreachable(r, path, errno);
        close(c->socket);
        goto no_client;
    }
    rpc_reader_init(&c->reader, RPC_REPLY_MAX);
    memset(r, 0, sizeof(*r));
    return c;

no_client:
    if (c) {
        json_decref(c->replies);
        json_decref(c->events);
    }
    free(c);
    return NULL;
}

static void close_all(const json_t *fds)
{
    const json_t *fd;
    size_t i;

    json_array_foreach(fds, i, fd)
    {
        close((int)json_integer_value(fd));
    }
}

void client_close(struct client *c)
{
    json_t *reply;
    size_t i;

    if (!c) {
        return;
    }
    json_array_foreach(c->replies, i, reply)
    {
        close_all(json_object_get(reply, "fds"));
    }
    json_decref(c->replies);
    json_decref(c->events);
    rpc_reader_free(&c->reader);
    close(c->socket);
    free(c);
}

enum failure client_send(struct client *c, const char *method, json_t *params, const int *fds,
                         size_t fd_count, json_int_t *id, struct reply *r)
{
    json_t *request = rpc_request(++c->last_id, method, params, fd_count);
    int err = request ? rpc_send(c->socket, request, fds, fd_count) : -ENOMEM;

    json_decref(request);
    memset(r, 0, sizeof(*r));
    *id = c->last_id;
    /* The daemon may have answered before it hung up: what it said is in the socket still. */
    return err && err != -EPIPE && err != -ECONNRESET ? lost(r, strerror(-err)) : FAILURE_NONE;
}

/* Sorts one line into replies and events. */
static int take_line(struct client *c, const char *line, size_t size, char *why, size_t why_size)
{
    json_t *message = rpc_parse(line, size, why, why_size), *fds, *count;
    int fd[RPC_FDS_MAX], err = 0;
    size_t n;

    if (!message) {
        return -EPROTO;
    }
    count = json_object_get(message, "fds");
    n = count ? (size_t)json_integer_value(count) : 0;
    if (n > RPC_FDS_MAX || rpc_reader_take_fds(&c->reader, n, fd) < 0) {
        snprintf(why, why_size, "descriptors are missing");
        err = -EPROTO;
    } else if (json_object_get(message, "method")) {
        json_array_append(c->events, json_object_get(message, "params"));
    } else {
        fds = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(fds, json_integer(fd[i]));
        }
        json_object_set_new(message, "fds", fds);
        json_array_append(c->replies, message);
    }
    json_decref(message);
    return err;
}

/* Reads until something has come, for at most `timeout_ms`. 1: something may have come, 0: it is time,
 * negative: the end, in r. */
static int read_some(struct client *c, int timeout_ms, struct reply *r)
{
    struct pollfd p = {.fd = c->socket, .events = POLLIN};
    char why[256] = "";
    char *line;
    size_t size;
    long n;
    int ready;

    ready = poll(&p, 1, timeout_ms);
    if (ready <= 0) {
        return ready < 0 && errno != EINTR ? (lost(r, strerror(errno)), -1) : 0;
    }
    n = rpc_reader_fill(&c->reader, c->socket);
    if (n == -EAGAIN || n == -EINTR) {
        return 1;
    }
    if (n <= 0) {
        lost(r, n ? strerror((int)-n) : "paddockd has closed it");
        return -1;
    }
    while ((line = rpc_reader_line(&c->reader, &size))) {
        if (take_line(c, line, size, why, sizeof(why)) < 0) {
            lost(r, why);
            return -1;
        }
    }
    return 1;
}

/* Moves the answer to `id` into r. An error without an id is the answer to whatever was asked. */
static bool take_reply(struct client *c, json_int_t id, struct reply *r)
{
    json_t *reply, *error, *fds;
    size_t i;

    json_array_foreach(c->replies, i, reply)
    {
        const json_t *own = json_object_get(reply, "id");

        if (json_integer_value(own) != id && !json_is_null(own)) {
            continue;
        }
        memset(r, 0, sizeof(*r));
        error = json_object_get(reply, "error");
        r->error = json_incref(error);
        r->result = error ? NULL : json_incref(json_object_get(reply, "result"));
        if (error) {
            const char *name =
                json_string_value(json_object_get(json_object_get(error, "data"), "code"));

            r->failure = name ? failure_by_name(name) : FAILURE_INTERNAL;
        }
        fds = json_object_get(reply, "fds");
        for (; r->fd_count < json_array_size(fds); r->fd_count++) {
            r->fd[r->fd_count] = (int)json_integer_value(json_array_get(fds, r->fd_count));
        }
        json_array_remove(c->replies, i);
        return true;
    }
    return false;
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool client_poll(struct client *c, json_int_t id, int timeout_ms, struct reply *r)
{
    long end = now_ms() + timeout_ms;

    for (;;) {
        long left = end - now_ms();
        int step = timeout_ms < 0 || left > 1000 ? 1000 : left < 0 ? 0 : (int)left;

        if (take_reply(c, id, r) || read_some(c, step, r) < 0) {
            return true;
        }
        if (take_reply(c, id, r)) {
            return true;
        }
        if (timeout_ms >= 0 && now_ms() >= end) {
            return false;
        }
        say_progress_tick();
    }
}

enum failure client_receive(struct client *c, json_int_t id, struct reply *r)
{
    client_poll(c, id, -1, r);
    return r->failure;
}

enum failure client_call(struct client *c, const char *method, json_t *params, const int *fds,
                         size_t fd_count, struct reply *r)
{
    json_int_t id;

    if (client_send(c, method, params, fds, fd_count, &id, r)) {
        return r->failure;
    }
    return client_receive(c, id, r);
}

bool client_poll_event(struct client *c, int timeout_ms, json_t **event, struct reply *r)
{
    long end = now_ms() + timeout_ms;

    *event = NULL;
    while (!json_array_size(c->events)) {
        long left = timeout_ms < 0 ? 1000 : end - now_ms();
        int got = read_some(c, left > 1000 ? 1000 : left > 0 ? (int)left : 0, r);

        if (got < 0) {
            return false;
        }
        if (!got && timeout_ms >= 0 && left <= 0) {
            return true;
        }
        say_progress_tick();
    }
    *event = json_incref(json_array_get(c->events, 0));
    json_array_remove(c->events, 0);
    return true;
}

json_t *client_next_event(struct client *c, struct reply *r)
{
    json_t *event;

    return client_poll_event(c, -1, &event, r) ? event : NULL;
}

int client_socket(const struct client *c)
{
    return c->socket;
}

void reply_free(struct reply *r)
{
    json_decref(r->result);
    json_decref(r->error);
    for (size_t i = 0; i < r->fd_count; i++) {
        if (r->fd[i] >= 0) {
            close(r->fd[i]);
        }
    }
    memset(r, 0, sizeof(*r));
}

const json_t *reply_data(const struct reply *r)
{
    return json_object_get(r->error, "data");
}

int reply_report(const struct reply *r, const char *subject)
{
    const char *message = json_string_value(json_object_get(r->error, "message"));
    const char *hint = json_string_value(json_object_get(reply_data(r), "hint"));

    if (!message) {
        message = "paddockd refused without a reason";
    }
    /* Sentences that name the VM already need no subject. */
    if (!subject || strstr(message, subject)) {
        return say_error(r->failure, hint, "%s", message);
    }
    return say_error(r->failure, hint, "%s: %s", subject, message);
}
