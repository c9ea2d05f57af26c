/* SPDX-License-Identifier: ISC */
/*
 * control.h: the socket that vmctl talks to: connections, lines, who may ask what, and the answers.
 *
 * Strangers are on the other side: requests are bounded in size, depth and rate, a client that does not read is
 * dropped at CONTROL_BACKLOG bytes, and none can hold up another. The methods are in methods.h.
 */
#ifndef PADDOCK_CONTROL_H
#define PADDOCK_CONTROL_H

#include <stddef.h>

#include <uv.h>

#include "farm.h"

#define CONTROL_CLIENTS_MAX      256u
#define CONTROL_CLIENTS_PER_USER 64u
#define CONTROL_RATE                                                                               \
    200u /* requests a second for each connection, with as many at once; more wait */
#define CONTROL_BACKLOG ((size_t)8 << 20)

struct control;

/* What the daemon itself does when it is asked to. */
struct control_daemon {
    /* Reads the configuration again: the diagnostics (a new array); *applied: whether it is in use now. */
    json_t *(*reload)(void *ctx, bool *applied);
    void (*shutdown)(void *ctx);
    void *ctx;
    int64_t started_at; /* Unix milliseconds */
    const char *root;   /* as given with --root, or NULL */
    const char *losses; /* protections this run does without, a sentence; NULL: none */
};

/* Listens on the path, or on the descriptor that launchd or systemd passed (`inherited`, else -1). A socket that a live
 * daemon serves is never replaced. NULL: `why`. */
struct control *control_new(uv_loop_t *loop, struct farm *farm, struct state *state,
                            const char *path, int inherited, const char *group,
                            const struct control_daemon *d, char *why, size_t size);
void control_free(struct control *c);
/* After each change of the configuration: who may do everything besides root, by name or number; NULL: nobody. Clients
 * who may not any more are dropped, and the consoles and waits of those whose VM has another owner now end. 0, or a
 * negative errno with a sentence in `why`: the last group stays. */
int control_set_group(struct control *c, const char *name, char *why, size_t size);

#endif
