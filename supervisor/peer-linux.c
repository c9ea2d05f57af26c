/* SPDX-License-Identifier: ISC */
/*
 * peer-linux.c: SO_PEERCRED and SO_PEERGROUPS (unix(7)). See peer.h.
 */
#include "peer.h"

#include <errno.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59 /* since Linux 4.13 */
#endif

int peer_get(int socket, struct peer *out)
{
    struct ucred cred;
    socklen_t size = sizeof(cred);
    socklen_t room = (socklen_t)((PEER_GROUPS_MAX - 1) * sizeof(gid_t));

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0) {
        return -errno;
    }
    *out = (struct peer){.uid = cred.uid, .pid = cred.pid, .group_count = 1, .group = {cred.gid}};
    /* An older kernel does not know the others, and one who is in more than there is room for is taken to be in
     * none: both err on the side of a refusal. */
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, out->group + 1, &room) == 0) {
        out->group_count += room / sizeof(gid_t);
    }
    return 0;
}

bool peer_in_group(const struct peer *p, gid_t group)
{
    for (size_t i = 0; i < p->group_count; i++) {
        if (p->group[i] == group) {
            return true;
        }
    }
    return false;
}
