/* SPDX-License-Identifier: ISC */
/*
 * run-worker.h: starts a vmm-worker as a supervisor does and gives it its VM's description.
 *
 * The worker gets its channel on descriptor 3, /dev/null as stdin and stdout, its own session and
 * an empty environment. Two things are for tests: stderr is ours, so that a sanitizer is heard, and
 * of the environment SOFTHV_WFI and the sanitizers' *_OPTIONS are handed on where they are set.
 */
#ifndef VMM_RUN_WORKER_H
#define VMM_RUN_WORKER_H

#include <sys/types.h>

#include "frame.h"
#include "protocol.h"
#include "run-options.h"

struct run_worker {
    pid_t pid;
    int channel;
    uint32_t seq; /* of the last message sent */
};

/* Finds the program: o->worker, or vmm-worker beside argv0. 0, or -1 with a sentence on stderr. */
int run_worker_find(const struct run_options *o, const char *argv0, char *path, size_t size);

/* 0, or -1 with a sentence on stderr. */
int run_worker_spawn(struct run_worker *w, const char *path);

/* What START says and carries. */
struct run_start {
    struct msg_start message;
    int fd[FRAME_MAX_FDS];
    size_t fd_count;
};

/* Opens the files and connects the sockets that the options name. 0, or -1 with a sentence on
 * stderr; in both cases run_start_close is to follow. */
int run_start_open(struct run_start *s, const struct run_options *o);
void run_start_close(struct run_start *s);

/* Messages. 0 or a negative errno; w->seq is the message's. */
int run_send(struct run_worker *w, uint16_t type, const void *payload, size_t size, int fd);
int run_send_number(struct run_worker *w, uint16_t type, uint64_t value, int fd);
int run_send_hello(struct run_worker *w);
int run_send_start(struct run_worker *w, const struct run_start *s);

/* A listening stream socket at path, which it replaces where a dead one is there. -1 with a
 * sentence on stderr. */
int run_socket_listen(const char *path);
/* Likewise, connected. */
int run_socket_connect(const char *path);

#endif
