/* SPDX-License-Identifier: ISC */
/*
 * rights.h: descriptors beside bytes on a Unix socket (SCM_RIGHTS), for frame.h and rpc.h.
 */
#ifndef PADDOCK_RIGHTS_H
#define PADDOCK_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define RIGHTS_MAX 32u /* descriptors of one message */

/* Without MSG_NOSIGNAL (macOS) the creator of the socket sets SO_NOSIGPIPE. */
#ifdef MSG_NOSIGNAL
#define RIGHTS_SEND_FLAGS MSG_NOSIGNAL
#else
#define RIGHTS_SEND_FLAGS 0
#endif

/* Control data of a message with RIGHTS_MAX descriptors; aligned as cmsghdr wants. */
union rights_control {
    struct cmsghdr align;
    char buf[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
};

/* Makes `count` descriptors (0 - RIGHTS_MAX) part of a message that is to be sent; they stay the caller's. `control`
 * is to live as long as the message. */
void rights_attach(struct msghdr *msg, union rights_control *control, const int *fds, size_t count);

/* Appends what came with a received message to fd[*count], at most `max` in all, close-on-exec. false: there were more, and
 * those are closed, or control data was cut short. */
bool rights_collect(struct msghdr *msg, int *fd, size_t *count, size_t max);

#endif
