/* SPDX-License-Identifier: ISC */
/*
 * rpc.c: JSON-RPC 2.0, one object per line, with descriptors. See rpc.h.
 */
#include "rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "rights.h"

_Static_assert(RPC_FDS_MAX <= RIGHTS_MAX, "a line's descriptors are one message's");

#define READ_AT_ONCE 4096u  /* room that is made before a read */
#define KEEP_AT_MOST 16384u /* an empty reader gives a larger buffer back */

/* ---- Reading ------------------------------------------------------------------------------------ */

void rpc_reader_init(struct rpc_reader *r, size_t limit)
{
    memset(r, 0, sizeof(*r));
    r->limit = limit;
}

void rpc_reader_free(struct rpc_reader *r)
{
    for (size_t i = 0; i < r->fd_count; i++) {
        close(r->fd[i]);
    }
    free(r->buf);
    rpc_reader_init(r, r->limit);
}

/* Drops the lines that were handed out and makes room for more. */
static int make_room(struct rpc_reader *r)
{
    size_t want;

    if (r->taken != 0) {
        memmove(r->buf, r->buf + r->taken, r->used - r->taken);
        r->used -= r->taken;
        r->scanned -= r->taken < r->scanned ? r->taken : r->scanned;
        r->taken = 0;
    }
    if (r->used == 0 && r->size > KEEP_AT_MOST) {
        free(r->buf);
        r->buf = NULL;
        r->size = 0;
    }
    if (r->size - r->used >= READ_AT_ONCE || r->size == r->limit + 1) {
        return r->size > r->used ? 0 : -ENOBUFS;
    }
    want = r->size == 0 ? READ_AT_ONCE : r->size * 2;
    want = want < r->limit + 1 ? want : r->limit + 1;
    char *buf = realloc(r->buf, want);
    if (buf == NULL) {
        return -ENOMEM;
    }
    r->buf = buf;
    r->size = want;
    return 0;
}

long rpc_reader_fill(struct rpc_reader *r, int socket)
{
    union rights_control control;
    struct iovec iov;
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buf,
                         .msg_controllen = sizeof(control.buf)};
    int err = make_room(r);
    ssize_t n;

    if (err != 0) {
        return err;
    }
    iov = (struct iovec){.iov_base = r->buf + r->used, .iov_len = r->size - r->used};
    do {
        n = recvmsg(socket, &msg, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
    if (!rights_collect(&msg, r->fd, &r->fd_count, sizeof(r->fd) / sizeof(r->fd[0])) ||
        (n > 0 && memchr(iov.iov_base, '\0', (size_t)n) != NULL)) {
        return -EPROTO;
    }
    r->used += (size_t)n;
    if (r->used > r->limit && memchr(r->buf, '\n', r->used) == NULL) {
        return -EPROTO;
    }
    return (long)n;
}

char *rpc_reader_line(struct rpc_reader *r, size_t *size)
{
    char *start, *end;

    if (r->buf == NULL) {
        return NULL;
    }
    r->scanned = r->scanned > r->taken ? r->scanned : r->taken;
    end = memchr(r->buf + r->scanned, '\n', r->used - r->scanned);
    if (end == NULL) {
        r->scanned = r->used;
        return NULL;
    }
    start = r->buf + r->taken;
    *end = '\0';
    *size = (size_t)(end - start);
    r->taken = (size_t)(end + 1 - r->buf);
    return start;
}

int rpc_reader_take_fds(struct rpc_reader *r, size_t count, int *out)
{
    if (count > r->fd_count) {
        return -EPROTO;
    }
    if (count != 0) {
        memcpy(out, r->fd, count * sizeof(int));
        r->fd_count -= count;
        memmove(r->fd, r->fd + count, r->fd_count * sizeof(int));
    }
    return 0;
}

bool rpc_reader_clean(const struct rpc_reader *r)
{
    return r->fd_count == 0 || r->taken < r->used;
}

/* ---- Parsing ------------------------------------------------------------------------------------ */

/* Before the parser recurses: how deep brackets nest outside of strings. */
static bool too_deep(const char *line, size_t size)
{
    bool string = false;
    size_t depth = 0;

    for (size_t i = 0; i < size; i++) {
        char c = line[i];
        if (string) {
            i += c == '\\';
            string = c != '"';
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > RPC_DEPTH_MAX) {
                return true;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *rpc_parse(const char *line, size_t size, char *error, size_t error_size)
{
    json_error_t e;
    json_t *v;

    if (too_deep(line, size)) {
        snprintf(error, error_size, "nested more than %u deep", RPC_DEPTH_MAX);
        return NULL;
    }
    v = json_loadb(line, size, JSON_REJECT_DUPLICATES, &e);
    if (v == NULL) {
        /* The parser's text may quote the input, in which case it is cut to what is printable. */
        snprintf(error, error_size, "byte %d: %s", e.position, e.text);
        for (char *c = error; *c != '\0'; c++) {
            *c = (unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f ? '?' : *c;
        }
        return NULL;
    }
    if (!json_is_object(v)) {
        snprintf(error, error_size, "not an object");
        json_decref(v);
        return NULL;
    }
    return v;
}

/* ---- Building ----------------------------------------------------------------------------------- */

/* Sets a member and takes the value over; NULL leaves it out. */
static void put(json_t *object, const char *key, json_t *value)
{
    if (value != NULL) {
        json_object_set_new(object, key, value);
    }
}

static json_t *envelope(void)
{
    json_t *v = json_object();

    put(v, "jsonrpc", json_string("2.0"));
    return v;
}

json_t *rpc_request(json_int_t id, const char *method, json_t *params, size_t fds)
{
    json_t *v = envelope();

    put(v, "id", json_integer(id));
    put(v, "method", json_string(method));
    put(v, "params", params);
    put(v, "fds", fds != 0 ? json_integer((json_int_t)fds) : NULL);
    return v;
}

json_t *rpc_notification(const char *method, json_t *params)
{
    json_t *v = envelope();

    put(v, "method", json_string(method));
    put(v, "params", params);
    return v;
}

json_t *rpc_result(json_t *id, json_t *result, size_t fds)
{
    json_t *v = envelope();

    put(v, "id", id != NULL ? id : json_null());
    put(v, "result", result != NULL ? result : json_object());
    put(v, "fds", fds != 0 ? json_integer((json_int_t)fds) : NULL);
    return v;
}

/* A sentence that quotes what somebody sent may have been cut within a character, and JSON is UTF-8. */
static json_t *sentence(const char *text)
{
    json_t *v = json_string(text);
    char *ascii = v == NULL ? strdup(text) : NULL;

    if (ascii != NULL) {
        for (char *c = ascii; *c != '\0'; c++) {
            *c = (unsigned char)*c < 0x80 ? *c : '?';
        }
        v = json_string(ascii);
        free(ascii);
    }
    return v;
}

json_t *rpc_error(json_t *id, enum failure f, const char *message, const char *hint, json_t *data)
{
    json_t *v = envelope(), *error = json_object(), *more = json_object();

    put(more, "code", json_string(failure_name(f)));
    put(more, "hint", hint != NULL && *hint != '\0' ? sentence(hint) : NULL);
    if (data != NULL) {
        json_object_update_missing(more, data);
        json_decref(data);
    }
    put(error, "code", json_integer(failure_rpc_code(f)));
    put(error, "message",
        sentence(message != NULL && *message != '\0' ? message : failure_name(f)));
    put(error, "data", more);
    put(v, "id", id != NULL ? id : json_null());
    put(v, "error", error);
    return v;
}

/* ---- Writing ------------------------------------------------------------------------------------ */

long rpc_send_some(int socket, const char *bytes, size_t size, const int *fds, size_t fd_count)
{
    union rights_control control;
    /* An iovec is not const, because it serves reading as well. */
    struct iovec iov = {.iov_base = (char *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (fd_count > RPC_FDS_MAX) {
        return -EMSGSIZE;
    }
    rights_attach(&msg, &control, fds, fd_count);
    do {
        n = sendmsg(socket, &msg, RIGHTS_SEND_FLAGS);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EWOULDBLOCK || errno == ENOBUFS ? -EAGAIN : -errno;
    }
    return (long)n;
}

int rpc_send(int socket, const json_t *line, const int *fds, size_t fd_count)
{
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    size_t size, done = 0;
    int err = 0;

    if (text == NULL) {
        return -ENOMEM;
    }
    size = strlen(text);
    text[size++] = '\n'; /* in the terminator's place */
    while (done < size && err == 0) {
        long n = rpc_send_some(socket, text + done, size - done, fds, done == 0 ? fd_count : 0);
        if (n >= 0) {
            done += (size_t)n;
        } else if (n == -EAGAIN) {
            struct pollfd p = {.fd = socket, .events = POLLOUT};
            err = poll(&p, 1, -1) < 0 && errno != EINTR ? -errno : 0;
        } else {
            err = (int)n;
        }
    }
    free(text);
    return err;
}
