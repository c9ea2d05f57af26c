/* SPDX-License-Identifier: ISC */
/*
 * stats.c: see stats.h.
 */
#include "stats.h"

#include <stdio.h>

#include "protocol.h"

void stats_add(struct stats *s, const char *device, const char *name, uint64_t value)
{
    struct msg_stats *m = s->msg;
    int n;

    if (m->count >= PROTOCOL_STATS_MAX) {
        return;
    }
    n = snprintf(m->entry[m->count].name, sizeof(m->entry[0].name), "%s.%s", device, name);
    if (n > 0 && (size_t)n < sizeof(m->entry[0].name)) {
        m->entry[m->count++].value = value;
    }
}
