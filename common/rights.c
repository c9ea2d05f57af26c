/* SPDX-License-Identifier: ISC */
/*
 * rights.c: descriptors beside bytes on a Unix socket. See rights.h.
 */
#include "rights.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void rights_attach(struct msghdr *msg, union rights_control *control, const int *fds, size_t count)
{
    struct cmsghdr *c;

    if (count == 0) {
        return;
    }
    memset(control, 0, sizeof(*control));
    msg->msg_control = control->buf;
    msg->msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof(int));
    c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(c), fds, count * sizeof(int));
}

bool rights_collect(struct msghdr *msg, int *fd, size_t *count, size_t max)
{
    bool fits = true;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int one;
            memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            fcntl(one, F_SETFD, FD_CLOEXEC);
            if (*count < max) {
                fd[(*count)++] = one;
            } else {
                close(one);
                fits = false;
            }
        }
    }
    return fits && (msg->msg_flags & MSG_CTRUNC) == 0;
}
