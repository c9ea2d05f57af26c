/* SPDX-License-Identifier: ISC */
/*
 * virtio-vsock.h: the socket device (virtio 1.2, 5.10): stream connections between the guest and
 * the host (context id 2).
 *
 * Each connection is a pair of ports and a stream socket on the host's side, with the standard's
 * credit scheme in both directions: the guest may send VIRTIO_VSOCK_BUFFER bytes that the socket
 * has not taken yet (a guest that sends more is cut off), and gets no more than it said it has room
 * for. Closing a direction travels both ways (SHUTDOWN); a packet that fits no connection is
 * answered with RST. Packets that claim another source or destination, or another type than stream,
 * likewise. Seqpacket is not offered.
 *
 * The host connects to the guest with virtio_vsock_connect. The guest reaches only ports that
 * virtio_vsock_listen opened; each connection makes a socket pair, one end of which goes to
 * `incoming`. The table has VIRTIO_VSOCK_CONNECTIONS entries, each with its buffer; a connection
 * beyond that is refused. The answers still owed to the guest are bounded in the same way: while
 * there are too many, its transmit queue rests.
 *
 * On the loop's thread; a vCPU only wakes the loop.
 */
#ifndef VMM_VIRTIO_VSOCK_H
#define VMM_VIRTIO_VSOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "virtio-mmio.h"

#define VIRTIO_VSOCK_HOST_CID    2u
#define VIRTIO_VSOCK_CONNECTIONS 256u
#define VIRTIO_VSOCK_LISTENERS   64u
#define VIRTIO_VSOCK_BUFFER      65536u /* of one connection, guest to host */

struct virtio_vsock;

struct virtio_vsock_config {
    const char *name; /* "vsock0"; kept */
    const struct guest_ram *ram;
    uint32_t spi;
    void (*set_irq)(uint32_t spi, bool level);
    uv_loop_t *loop;
    uint32_t cid; /* the guest's, >= 3 */
    /* The guest connected to a port that is listened to; fd, a stream socket, is the callee's. */
    void (*incoming)(void *ctx, uint32_t port, int fd);
    /* What became of a virtio_vsock_connect that returned 0, once: 0, -ECONNREFUSED, -ETIMEDOUT, or -ECONNRESET when the
     * driver was reset or the other end of fd closed first. May not call back. */
    void (*connected)(void *ctx, uint32_t token, int err);
    void *ctx;
};

/* 0, or a negative errno with *why (static storage) and nothing left behind. */
int virtio_vsock_new(struct virtio_vsock **out, const struct virtio_vsock_config *config,
                     const char **why);

struct virtio *virtio_vsock_device(struct virtio_vsock *s);

/*
 * Connects fd, a stream socket taken over in any case, to a port of the guest. 0: the request is
 * under way, and `connected` says with this token, perhaps before this returns, what became of it; if the guest refuses, or does not answer within
 * VIRTIO_VSOCK_CONNECT_MS, fd is closed.
 * -EAGAIN: the guest's driver is not up; -EMFILE: too many connections.
 */
#define VIRTIO_VSOCK_CONNECT_MS 5000u
int virtio_vsock_connect(struct virtio_vsock *s, uint32_t port, int fd, uint32_t token);

/*
 * Lets the guest connect to this port. 0 (again, too), or -ENOSPC: VIRTIO_VSOCK_LISTENERS are open.
 */
int virtio_vsock_listen(struct virtio_vsock *s, uint32_t port);

/* As virtio_net_free. Closes every connection. */
void virtio_vsock_free(struct virtio_vsock *s);

#endif
