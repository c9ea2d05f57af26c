/* SPDX-License-Identifier: ISC */
/*
 * vsock-packet.h: the header of a socket device's packet (virtio 1.2, 5.10.6), and the arithmetic of
 * its credit scheme. Pure; needs only <stdint.h>.
 */
#ifndef VMM_VSOCK_PACKET_H
#define VMM_VSOCK_PACKET_H

#include <stdint.h>

enum {
    VSOCK_HEADER_SIZE = 44,

    VSOCK_TYPE_STREAM = 1,

    VSOCK_OP_REQUEST = 1,
    VSOCK_OP_RESPONSE = 2,
    VSOCK_OP_RST = 3,
    VSOCK_OP_SHUTDOWN = 4,
    VSOCK_OP_RW = 5,
    VSOCK_OP_CREDIT_UPDATE = 6,
    VSOCK_OP_CREDIT_REQUEST = 7,

    /* Flags of SHUTDOWN: what the sender of the packet will not do any more. */
    VSOCK_SHUTDOWN_RECEIVE = 1,
    VSOCK_SHUTDOWN_SEND = 2,
    VSOCK_SHUTDOWN_BOTH = 3,
};

struct vsock_packet {
    uint64_t source_cid, target_cid;
    uint32_t source_port, target_port;
    uint32_t length; /* of the data behind the header */
    uint16_t type, operation;
    uint32_t flags;
    uint32_t buffer, forwarded; /* buf_alloc and fwd_cnt: room and bytes consumed, of the sender */
};

void vsock_packet_parse(const uint8_t header[VSOCK_HEADER_SIZE], struct vsock_packet *p);
void vsock_packet_format(const struct vsock_packet *p, uint8_t header[VSOCK_HEADER_SIZE]);

/* How many bytes may be sent to a peer that told its `buffer` and what it `forwarded`, after `sent`
 * bytes (5.10.6.3). The counts wrap, and the peer's may be anything. */
uint32_t vsock_credit(uint32_t sent, uint32_t buffer, uint32_t forwarded);

#endif
