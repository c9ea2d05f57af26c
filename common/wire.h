/* SPDX-License-Identifier: ISC */
/*
 * wire.h: bounded little-endian encoding of message payloads.
 *
 * A writer appends to a caller's buffer, a reader consumes one. Neither ever passes the end: the
 * first overrun sets `failed`, after which writes do nothing and reads give zeros, so that a codec
 * checks once at its end. Needs only <stdint.h>: hostile bytes are parsed here, and this unit is
 * fuzzed alone.
 */
#ifndef PADDOCK_WIRE_H
#define PADDOCK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer {
    uint8_t *buf;
    size_t size;
    size_t used;
    bool failed;
};

struct wire_reader {
    const uint8_t *buf;
    size_t size;
    size_t used;
    bool failed;
};

void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_u16(struct wire_writer *w, uint16_t v);
void wire_put_u32(struct wire_writer *w, uint32_t v);
void wire_put_u64(struct wire_writer *w, uint64_t v);
void wire_put_bytes(struct wire_writer *w, const void *p, size_t n);
/* A length (u16) and that many bytes, without a terminator. A longer string than 65535 fails. */
void wire_put_string(struct wire_writer *w, const char *s);

uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
void wire_get_bytes(struct wire_reader *r, void *p, size_t n);
/* Into out[cap], always terminated. Fails on one that does not fit with its terminator or that
 * contains a NUL. */
void wire_get_string(struct wire_reader *r, char *out, size_t cap);

/* Whether everything was read and nothing is left: what a decoder returns. */
bool wire_complete(const struct wire_reader *r);

#endif
