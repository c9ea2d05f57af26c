/* SPDX-License-Identifier: ISC */
/*
 * descriptors.h: for tests that send descriptors about: whether one is left open, and a channel to send them through.
 */
#ifndef PADDOCK_TESTS_DESCRIPTORS_H
#define PADDOCK_TESTS_DESCRIPTORS_H

#include <fcntl.h>
#include <sys/socket.h>

/* How many this process has open. */
static inline int descriptors_open(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

/* Two ends of a stream that raise no SIGPIPE with the senders of common/. 0 or -1. */
static inline int descriptors_channel(int pair[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -1;
    }
#ifdef SO_NOSIGPIPE
    for (int i = 0; i < 2; i++) {
        int on = 1;
        setsockopt(pair[i], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
    }
#endif
    return 0;
}

#endif
