/* SPDX-License-Identifier: ISC */
/*
 * rpc.h: JSON-RPC 2.0 between vmctl and paddockd: one object per line over a Unix stream socket, with
 * descriptors as SCM_RIGHTS beside the first byte of their line.
 *
 * Both sides use this; paddock-protocol(5) is the manual of the methods. A line that passes descriptors
 * says how many in its member "fds"; they belong to the line whose first byte they came with. A line
 * longer than its limit, a NUL, more descriptors than RPC_FDS_MAX, or a count that is not what came, is
 * the end of the connection: there is no resynchronising.
 *
 * Bytes are hostile to both sides; no function here allocates more than its limit.
 */
#ifndef PADDOCK_RPC_H
#define PADDOCK_RPC_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "failure.h"

#define RPC_PROTOCOL    1         /* the protocol's version, in daemon.version */
#define RPC_REQUEST_MAX 262144u   /* bytes of a request's line */
#define RPC_REPLY_MAX   33554432u /* of a reply's */
#define RPC_DEPTH_MAX   16u
#define RPC_FDS_MAX     20u

/* What has arrived. One per connection. */
struct rpc_reader {
    char *buf;
    size_t used, size, limit;
    size_t scanned;          /* no newline before this */
    size_t taken;            /* bytes of lines that were handed out */
    int fd[2 * RPC_FDS_MAX]; /* of a line that is not whole yet, and of the one behind it */
    size_t fd_count;
};

void rpc_reader_init(struct rpc_reader *r, size_t limit);
void rpc_reader_free(struct rpc_reader *r); /* closes descriptors nobody took */

/* Reads what is there, once. Bytes read, 0 at the peer's end, -EAGAIN, -EPROTO (see above), -ENOBUFS (take the lines
 * that are there first) or another negative errno. Waits if the socket is a blocking one. */
long rpc_reader_fill(struct rpc_reader *r, int socket);
/* The next whole line, terminated, without its newline, valid until the next call of fill; NULL if there is none. */
char *rpc_reader_line(struct rpc_reader *r, size_t *size);
/* Takes `count` descriptors of the front, all or none: -EPROTO if there are not so many. */
int rpc_reader_take_fds(struct rpc_reader *r, size_t count, int *out);
/* When every whole line was handled: whether no descriptor is left that no line can announce any more. */
bool rpc_reader_clean(const struct rpc_reader *r);

/* Parses one line: an object, no deeper than RPC_DEPTH_MAX, no duplicate members, integers within 64 bits.
 * NULL with *why (static storage or within `error`). */
json_t *rpc_parse(const char *line, size_t size, char *error, size_t error_size);

/* Builders of new references; they take over the references they are given, which may be NULL (left out). */
json_t *rpc_request(json_int_t id, const char *method, json_t *params, size_t fds);
json_t *rpc_notification(const char *method, json_t *params);
json_t *rpc_result(json_t *id, json_t *result, size_t fds);
/* {"code", "message", "data": {"code": NAME, "hint", ...data}} */
json_t *rpc_error(json_t *id, enum failure f, const char *message, const char *hint, json_t *data);

/* A blocking write of one line with descriptors, which stay the caller's. 0 or a negative errno; no
 * SIGPIPE. The daemon queues instead and uses rpc_send_some. */
int rpc_send(int socket, const json_t *line, const int *fds, size_t fd_count);
/* Writes what goes, with the descriptors beside the first byte: bytes written or a negative errno. */
long rpc_send_some(int socket, const char *bytes, size_t size, const int *fds, size_t fd_count);

#endif
