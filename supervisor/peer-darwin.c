/* SPDX-License-Identifier: ISC */
/*
 * peer-darwin.c: LOCAL_PEERCRED and LOCAL_PEERPID (unix(4)). See peer.h.
 */
#include "peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/ucred.h>
#include <sys/un.h>

int peer_get(int socket, struct peer *out)
{
    struct xucred cred;
    socklen_t size = sizeof(cred);
    pid_t pid = 0;
    socklen_t pid_size = sizeof(pid);

    if (getsockopt(socket, SOL_LOCAL, LOCAL_PEERCRED, &cred, &size) != 0) {
        return -errno;
    }
    if (cred.cr_version != XUCRED_VERSION) {
        return -EPROTO;
    }
    if (getsockopt(socket, SOL_LOCAL, LOCAL_PEERPID, &pid, &pid_size) != 0) {
        pid = 0;
    }
    *out = (struct peer){.uid = cred.cr_uid, .pid = pid};
    for (int i = 0; i < cred.cr_ngroups && i < NGROUPS; i++) {
        out->group[out->group_count++] = cred.cr_groups[i];
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
