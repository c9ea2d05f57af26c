/* SPDX-License-Identifier: ISC */
/*
 * wire.c: bounded little-endian encoding. See wire.h.
 */
#include "wire.h"

#include <string.h>

/* Room for n bytes at the end, or NULL and failure. */
static uint8_t *room(struct wire_writer *w, size_t n)
{
    uint8_t *p;

    if (w->failed || n > w->size - w->used) {
        w->failed = true;
        return NULL;
    }
    p = w->buf + w->used;
    w->used += n;
    return p;
}

static void put(struct wire_writer *w, uint64_t v, size_t n)
{
    uint8_t *p = room(w, n);

    for (size_t i = 0; p != NULL && i < n; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
    put(w, v, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
    put(w, v, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
    put(w, v, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
    put(w, v, 8);
}

void wire_put_bytes(struct wire_writer *w, const void *src, size_t n)
{
    uint8_t *p = room(w, n);

    if (p != NULL && n != 0) {
        memcpy(p, src, n);
    }
}

void wire_put_string(struct wire_writer *w, const char *s)
{
    size_t n = strlen(s);

    if (n > UINT16_MAX) {
        w->failed = true;
        return;
    }
    wire_put_u16(w, (uint16_t)n);
    wire_put_bytes(w, s, n);
}

/* The next n bytes, or NULL and failure. */
static const uint8_t *take(struct wire_reader *r, size_t n)
{
    const uint8_t *p;

    if (r->failed || n > r->size - r->used) {
        r->failed = true;
        return NULL;
    }
    p = r->buf + r->used;
    r->used += n;
    return p;
}

static uint64_t get(struct wire_reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    uint64_t v = 0;

    for (size_t i = 0; p != NULL && i < n; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
    return (uint8_t)get(r, 1);
}

uint16_t wire_get_u16(struct wire_reader *r)
{
    return (uint16_t)get(r, 2);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
    return (uint32_t)get(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
    return get(r, 8);
}

void wire_get_bytes(struct wire_reader *r, void *out, size_t n)
{
    const uint8_t *p = take(r, n);

    if (p == NULL) {
        memset(out, 0, n);
    } else if (n != 0) {
        memcpy(out, p, n);
    }
}

void wire_get_string(struct wire_reader *r, char *out, size_t cap)
{
    size_t n = wire_get_u16(r);
    const uint8_t *p;

    out[0] = '\0';
    if (n >= cap) {
        r->failed = true;
        return;
    }
    p = take(r, n);
    if (p == NULL || n == 0) {
        return;
    }
    if (memchr(p, '\0', n) != NULL) {
        r->failed = true;
        return;
    }
    memcpy(out, p, n);
    out[n] = '\0';
}

bool wire_complete(const struct wire_reader *r)
{
    return !r->failed && r->used == r->size;
}
