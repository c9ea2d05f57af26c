/* SPDX-License-Identifier: ISC */
/*
 * usage.h: what a process has used so far, as the kernel counts it.
 */
#ifndef PADDOCK_USAGE_H
#define PADDOCK_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
    int64_t cpu_us;    /* of all its threads, in user mode and in the kernel */
    uint64_t resident; /* bytes of memory that are in RAM now */
};

/* 0, or -ESRCH or another negative errno with *out zeroed. */
int usage_get(pid_t pid, struct usage *out);

#endif
