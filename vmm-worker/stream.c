/* SPDX-License-Identifier: ISC */
/*
 * stream.c: see stream.h.
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

/* macOS has no MSG_NOSIGNAL but an option of the socket. */
#ifdef MSG_NOSIGNAL
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)
#else
#define SEND_FLAGS MSG_DONTWAIT
#endif

static int negative_errno(void)
{
    return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

int stream_prepare(int fd)
{
    socklen_t size = sizeof(int);
    int type, flags;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
        return -errno;
    }
    if (type != SOCK_STREAM) {
        return -EPROTOTYPE;
    }
#ifdef SO_NOSIGPIPE
    {
        int on = 1;

        if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on)) < 0) {
            return -errno;
        }
    }
#endif
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        return -errno;
    }
    return 0;
}

ssize_t stream_read(int fd, void *buf, size_t size)
{
    ssize_t n;

    do {
        n = recv(fd, buf, size, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? negative_errno() : n;
}

ssize_t stream_write(int fd, const void *buf, size_t size)
{
    ssize_t n;

    do {
        n = send(fd, buf, size, SEND_FLAGS);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? negative_errno() : n;
}

bool stream_peer_gone(int fd)
{
    struct pollfd p = {.fd = fd};
    int n;

    do {
        n = poll(&p, 1, 0);
    } while (n < 0 && errno == EINTR);
    return n == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}
