/* SPDX-License-Identifier: ISC */
/*
 * run-vsock.h: vmm-run's side of the guest's socket device: listening sockets whose clients go to
 * the guest, and relays from the guest to who listens on a path.
 */
#ifndef VMM_RUN_VSOCK_H
#define VMM_RUN_VSOCK_H

#include <poll.h>

#include "run-flow.h"
#include "run-options.h"
#include "run-worker.h"

#define RUN_RELAYS_MAX 64u
#define RUN_VSOCK_POLL (RUN_VSOCK_MAX + 4 * RUN_RELAYS_MAX)

struct run_vsock {
    const struct run_options *options;
    int listener[RUN_VSOCK_MAX]; /* -1: not listened on */
    struct run_relay {
        int fd[2]; /* the worker's socket and the peer's; -1: free */
        struct run_flow flow[2];
    } relay[RUN_RELAYS_MAX];
};

/* 0, or -1 with a sentence on stderr. */
int run_vsock_open(struct run_vsock *v, const struct run_options *o);
/* Also removes the sockets that were listened on. */
void run_vsock_close(struct run_vsock *v);

/* The guest connected to `port`; takes fd. */
void run_vsock_incoming(struct run_vsock *v, uint32_t port, int fd);

/* Fills in what to poll for (at most RUN_VSOCK_POLL entries, how many is returned) and acts on
 * what poll(2) found. Clients are accepted while a worker takes them, from READY on; who comes
 * earlier waits. */
nfds_t run_vsock_poll(const struct run_vsock *v, bool accepting, struct pollfd *p);
void run_vsock_act(struct run_vsock *v, const struct pollfd *p, struct run_worker *w);

#endif
