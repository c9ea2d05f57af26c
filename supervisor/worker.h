/* SPDX-License-Identifier: ISC */
/*
 * worker.h: one vmm-worker process and its channel, seen from the daemon.
 *
 * Spawned in a session of its own with an empty environment, the title "vmm-worker: NAME" and these
 * descriptors: 0-1 /dev/null, 2 a pipe to the daemon, 3 the channel, 4 the rendezvous socket (listening, for a later
 * daemon), 5 the lock, held as long as the process lives. Every byte from it is treated as
 * an attack: the permit table of protocol.h, one decoder a message, bounded texts; what breaks the
 * protocol is a fault, once.
 *
 * On the loop's thread. The farm owns it; callbacks may not free it, except from `gone`.
 */
#ifndef PADDOCK_WORKER_H
#define PADDOCK_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "protocol.h"
#include "vm.h"

struct worker;

struct worker_events {
    void (*ready)(void *ctx, const struct msg_ready *r);
    void (*booted)(void *ctx, uint64_t us);
    void (*said)(void *ctx, int level, const char *text); /* LOG, and lines of its standard error */
    void (*ended)(void *ctx, const struct msg_ended *how); /* it will exit by itself */
    void (*fault)(void *ctx, const char *what);            /* it broke the protocol; kill it */
    void (*unresponsive)(void *ctx,
                         bool is); /* PING unanswered for WORKER_PING_MS; or answered again */
    void (*gone)(void *ctx, int exit_status,
                 int signal); /* the process is reaped and both pipes read to their end; last */
    void *ctx;
};

#define WORKER_PING_MS 5000u

/* What a spawn needs, all the caller's; rendezvous and lock are duplicated into the child. */
struct worker_start {
    const char *program;
    const struct msg_start *start;
    const int *fds; /* in START's order */
    size_t fd_count;
    int rendezvous, lock; /* -1: none */
};

/* Spawns, greets and sends START: the VM runs when `ready` comes. NULL with a sentence in `why`. */
struct worker *worker_spawn(uv_loop_t *loop, const struct worker_start *s,
                            const struct worker_events *e, char *why, size_t size);
pid_t worker_pid(const struct worker *w);
/* After `gone` (or instead of it, when the daemon gives up). */
void worker_free(struct worker *w);

void worker_stop(struct worker *w, uint32_t timeout_ms); /* the power button */
void worker_kill(struct worker *w);                      /* MSG_KILL */
void worker_signal(struct worker *w, int signum); /* to the unreaped child: never a stranger */

/* A request with an answer: done(ctx, 0 or a negative errno, stats or NULL), also -EPIPE when the worker
 * goes first and -ETIMEDOUT after WORKER_PING_MS. fd is taken over. */
typedef void worker_done_fn(void *ctx, int err, const struct msg_stats *stats);
void worker_attach_console(struct worker *w, int fd, worker_done_fn *done, void *ctx);
void worker_get_stats(struct worker *w, worker_done_fn *done, void *ctx);
void worker_connect_vsock(struct worker *w, uint32_t port, int fd, worker_done_fn *done, void *ctx);
/* Sends a PING unless one is unanswered: `unresponsive` follows from it. Called when somebody looks (list,
 * inspect), at most once a second, so that an idle daemon does no work. */
void worker_ping(struct worker *w);

#endif
