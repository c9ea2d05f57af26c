/* SPDX-License-Identifier: ISC */
/* vsock-packet.c: see vsock-packet.h. */
#include "vsock-packet.h"

/* Offsets; everything is little-endian. */
enum {
    SOURCE_CID = 0,
    TARGET_CID = 8,
    SOURCE_PORT = 16,
    TARGET_PORT = 20,
    LENGTH = 24,
    TYPE = 28,
    OPERATION = 30,
    FLAGS = 32,
    BUFFER = 36,
    FORWARDED = 40,
};

static uint64_t get(const uint8_t *p, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)p[i] << 8 * i;
    }
    return value;
}

static void put(uint8_t *p, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

void vsock_packet_parse(const uint8_t header[VSOCK_HEADER_SIZE], struct vsock_packet *p)
{
    p->source_cid = get(header + SOURCE_CID, 8);
    p->target_cid = get(header + TARGET_CID, 8);
    p->source_port = (uint32_t)get(header + SOURCE_PORT, 4);
    p->target_port = (uint32_t)get(header + TARGET_PORT, 4);
    p->length = (uint32_t)get(header + LENGTH, 4);
    p->type = (uint16_t)get(header + TYPE, 2);
    p->operation = (uint16_t)get(header + OPERATION, 2);
    p->flags = (uint32_t)get(header + FLAGS, 4);
    p->buffer = (uint32_t)get(header + BUFFER, 4);
    p->forwarded = (uint32_t)get(header + FORWARDED, 4);
}

void vsock_packet_format(const struct vsock_packet *p, uint8_t header[VSOCK_HEADER_SIZE])
{
    put(header + SOURCE_CID, 8, p->source_cid);
    put(header + TARGET_CID, 8, p->target_cid);
    put(header + SOURCE_PORT, 4, p->source_port);
    put(header + TARGET_PORT, 4, p->target_port);
    put(header + LENGTH, 4, p->length);
    put(header + TYPE, 2, p->type);
    put(header + OPERATION, 2, p->operation);
    put(header + FLAGS, 4, p->flags);
    put(header + BUFFER, 4, p->buffer);
    put(header + FORWARDED, 4, p->forwarded);
}

uint32_t vsock_credit(uint32_t sent, uint32_t buffer, uint32_t forwarded)
{
    uint32_t in_flight = sent - forwarded;

    return in_flight < buffer ? buffer - in_flight : 0;
}
