/* SPDX-License-Identifier: ISC */
/*
 * oracle.h: a qemu-aarch64 process that runs diff-guest (guest/harness.c), and the memory shared with it.
 *
 * One thread. Batches are answered in the order in which they were started; at most two may be under way,
 * which is what the pipes hold without blocking.
 */
#ifndef DIFF_ORACLE_H
#define DIFF_ORACLE_H

#include <sys/types.h>

#include "layout.h"

struct oracle {
    struct diff_shared *shared;
    const char *cpu;
    pid_t pid;
    int command_fd;
    int answer_fd;
};

/* Starts `qemu -cpu cpu guest`. 0, or -1 with a message on stderr; then nothing is left behind. */
int oracle_open(struct oracle *o, const char *qemu, const char *cpu, const char *guest);

/* Runs the cases of `count` slots from `first`. -1 when the oracle has gone. */
int oracle_start(struct oracle *o, uint32_t first, uint32_t count);

/* Waits for the oldest batch, at most so many seconds. -1 when the oracle has gone, or is too late. */
int oracle_wait(struct oracle *o, int seconds);

void oracle_close(struct oracle *o);

#endif
