/* SPDX-License-Identifier: ISC */
/*
 * stream.h: stream sockets that another process may hold as well.
 *
 * O_NONBLOCK belongs to the open file, so a peer could take it off again: these never wait whatever
 * it says. They retry after a signal and raise none (SIGPIPE).
 */
#ifndef VMM_STREAM_H
#define VMM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes a received descriptor fit for use here. 0, or a negative errno: -ENOTSOCK or -EPROTOTYPE if
 * it is no stream socket. It stays the caller's. */
int stream_prepare(int fd);

/* How many bytes; 0: the peer sends no more; -EAGAIN: nothing now; another negative errno. */
ssize_t stream_read(int fd, void *buf, size_t size);

/* How many bytes were taken, at least one; -EAGAIN: none now; another negative errno. */
ssize_t stream_write(int fd, const void *buf, size_t size);

/* Whether the peer has closed its end altogether, not only its writing half. What it sent before
 * may still be unread. */
bool stream_peer_gone(int fd);

#endif
