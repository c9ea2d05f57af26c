/* SPDX-License-Identifier: ISC */
/*
 * run-flow.h: bytes from one descriptor to another, with a buffer between, driven by poll(2).
 *
 * What is written is written in small pieces after POLLOUT, because stdin and stdout may be shared
 * with a shell and stay in blocking mode.
 */
#ifndef VMM_RUN_FLOW_H
#define VMM_RUN_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_flow {
    int from; /* -1: nothing more comes */
    int to;   /* -1: what comes is thrown away */
    uint8_t *buf;
    size_t cap, first, used;
    bool ended; /* `from` has given its last byte */
    bool lost;  /* `to` takes no more */
};

/* The descriptors stay the caller's. false: out of memory. */
bool run_flow_open(struct run_flow *f, int from, int to, size_t cap);
void run_flow_close(struct run_flow *f);

bool run_flow_wants_read(const struct run_flow *f);
bool run_flow_wants_write(const struct run_flow *f);

/* `from` is readable. The new bytes are at *p, *n of them, for a look at them. */
void run_flow_read(struct run_flow *f, const uint8_t **p, size_t *n);
/* `to` is writable. */
void run_flow_write(struct run_flow *f);

/* Everything that will ever come was written. */
bool run_flow_done(const struct run_flow *f);

#endif
