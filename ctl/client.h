/* SPDX-License-Identifier: ISC */
/*
 * client.h: the connection to paddockd: JSON-RPC by common/rpc.h over a blocking socket.
 *
 * One thread, one connection, calls answered in any order. The methods are paddock-protocol(5)'s.
 * Failures of the connection itself look like the daemon's refusals: FAILURE_UNREACHABLE with a sentence.
 */
#ifndef PADDOCK_CTL_CLIENT_H
#define PADDOCK_CTL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "failure.h"
#include "rpc.h"

struct client;

/* The daemon's answer. */
struct reply {
    enum failure failure;
    json_t *result; /* NULL if it failed */
    json_t *error;  /* the "error" object; NULL if it did not */
    int fd[RPC_FDS_MAX];
    size_t fd_count;
};

/*
 * Where the daemon listens: `host` ("unix://PATH" or a path), else DIR/run/control.sock for `root`, else
 * VMCTL_HOST, else the system's. 0, or -EINVAL with a sentence.
 */
int client_path(const char *host, const char *root, char *path, size_t path_size, char *why,
                size_t size);

/* NULL: *r says why. */
struct client *client_connect(const char *path, struct reply *r);
void client_close(struct client *c); /* NULL is fine */

/* Takes over `params`. Descriptors stay the caller's. Sends, and waits for the answer, showing progress. */
enum failure client_call(struct client *c, const char *method, json_t *params, const int *fds,
                         size_t fd_count, struct reply *r);

/* In two steps, to wait for several at once. 0 or FAILURE_UNREACHABLE in r. */
enum failure client_send(struct client *c, const char *method, json_t *params, const int *fds,
                         size_t fd_count, json_int_t *id, struct reply *r);
enum failure client_receive(struct client *c, json_int_t id, struct reply *r);
/* Waits at most `timeout_ms` (-1: for ever) for the answer. false: not yet. */
bool client_poll(struct client *c, json_int_t id, int timeout_ms, struct reply *r);

/* The params of the next notification, a new reference; NULL: the connection has ended, as *r says. */
json_t *client_next_event(struct client *c, struct reply *r);
/* The same within `timeout_ms` (-1: for ever); *event is NULL if none came. false: the connection has ended. */
bool client_poll_event(struct client *c, int timeout_ms, json_t **event, struct reply *r);
int client_socket(const struct client *c); /* to be polled for the above */

void reply_free(struct reply *r); /* closes descriptors nobody took */

/* Says why, with the daemon's hint; `subject` (may be NULL) goes before it. Returns the exit status. */
int reply_report(const struct reply *r, const char *subject);
const json_t *reply_data(const struct reply *r); /* error.data, or NULL */

#endif
