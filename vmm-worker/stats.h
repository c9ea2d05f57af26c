/* SPDX-License-Identifier: ISC */
/*
 * stats.h: counters on their way to the supervisor: the name, value pairs of MSG_STATS_REPLY.
 */
#ifndef VMM_STATS_H
#define VMM_STATS_H

#include <stdint.h>

struct msg_stats;

struct stats {
    struct msg_stats *msg;
};

/* Appends "device.name", e.g. "blk0.read_bytes". More than fit, or longer names than fit, are
 * dropped. */
void stats_add(struct stats *s, const char *device, const char *name, uint64_t value);

#endif
