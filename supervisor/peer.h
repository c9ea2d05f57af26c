/* SPDX-License-Identifier: ISC */
/*
 * peer.h: who is at the other end of a Unix socket, as the kernel says it (SO_PEERCRED, LOCAL_PEERCRED): what the
 * process was when it connected. Nobody's name service is asked, so that a slow one holds up nothing.
 */
#ifndef PADDOCK_PEER_H
#define PADDOCK_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PEER_GROUPS_MAX 256u /* more are not looked at */

struct peer {
    uid_t uid;
    pid_t pid; /* for messages alone: it may be another process's by now; 0: unknown */
    size_t group_count;
    gid_t group[PEER_GROUPS_MAX]; /* the primary group and the supplementary ones */
};

/* 0 or a negative errno. */
int peer_get(int socket, struct peer *out);
bool peer_in_group(const struct peer *p, gid_t group);

#endif
