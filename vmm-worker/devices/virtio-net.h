/* SPDX-License-Identifier: ISC */
/*
 * virtio-net.h: the network device (virtio 1.2, 5.1): one receive and one transmit queue.
 *
 * The other side is a stream socket on which every Ethernet frame is preceded by its length, four
 * bytes, most significant first: the format of QEMU's stream netdev, socket_vmnet, passt and
 * gvproxy. It is served on the loop's thread; a vCPU only wakes the loop. All buffers are made at
 * creation.
 *
 * To the peer: a frame is handed on whole or dropped, never cut. One is dropped (and counted, and
 * its chain given back) that is shorter than an Ethernet header, longer than the MTU allows with
 * one VLAN tag, or that asks for an offload which was not negotiated. While the peer does not read,
 * the transmit queue rests. From the peer: while the driver has no buffers, frames stay in the
 * socket beyond a bounded read-ahead; one that is larger than the driver's buffer is dropped. A
 * length above VIRTIO_NET_FRAME_MAX closes the link, as does the peer's end of file: the driver is
 * told by the link status, and what it transmits from then on is dropped.
 *
 * No mergeable receive buffers and no segmentation offload: every frame fills one chain, whose
 * header says num_buffers = 1 (5.1.6.4.1). The stream has no room for the virtio header, so the
 * checksum features are offered only where the peer neither looks at transport checksums nor needs
 * them (`checksum_offload`); then frames from it are marked as valid.
 */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "virtio-mmio.h"

#define VIRTIO_NET_FRAME_MAX 65550u /* an IPv4 or IPv6 packet of 65535 bytes and its headers */

struct virtio_net;

struct virtio_net_config {
    const char *name; /* "net0"; kept */
    const struct guest_ram *ram;
    uint32_t spi;
    void (*set_irq)(uint32_t spi, bool level);
    uv_loop_t *loop;
    int fd; /* a stream socket; taken over in any case */
    uint8_t mac[6];
    uint16_t mtu; /* 68-65521 */
    bool checksum_offload;
};

/* 0, or a negative errno with *why (static storage) and nothing left behind. */
int virtio_net_new(struct virtio_net **out, const struct virtio_net_config *config,
                   const char **why);

/* For the bus (with virtio_mmio_ops). Lives as long as the device. */
struct virtio *virtio_net_device(struct virtio_net *n);

/* On the loop's thread, after the last vCPU stopped. Closes the socket; the memory goes when the
 * loop has run its closing callbacks. NULL is allowed. */
void virtio_net_free(struct virtio_net *n);

#endif
