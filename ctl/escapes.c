/* SPDX-License-Identifier: ISC */
/*
 * escapes.c: a small parser of ECMA-48 control functions that lets colours pass. See escapes.h.
 */
#include "escapes.h"

#include <stdbool.h>
#include <string.h>

enum {
    PLAIN,
    ESCAPE,        /* after ESC */
    SEQUENCE,      /* after CSI: parameters, to a final byte */
    STRING,        /* after OSC, DCS, SOS, PM, APC: to ST or BEL */
    STRING_ESCAPE, /* ... and ESC: perhaps ST */
    CHARACTER,     /* inside of a UTF-8 character */
    INTERMEDIATE   /* ESC and 0x20-0x2F: to a final byte */
};

static void hold(struct escapes *e, char c)
{
    /* Full: `held_size` stays at the limit, and the sequence is dropped at its end. */
    if (e->held_size < ESCAPES_HELD) {
        e->held[e->held_size++] = c;
    }
}

static size_t release(struct escapes *e, char *out)
{
    size_t n = e->held_size < ESCAPES_HELD ? e->held_size : 0;

    memcpy(out, e->held, n);
    e->held_size = 0;
    e->state = PLAIN;
    return n;
}

static void begin(struct escapes *e, uint8_t state, char c)
{
    e->state = state;
    e->held_size = 0;
    hold(e, c);
}

/* Overlong forms and surrogates are left to the terminal, which shows them as errors; C1 controls are
 * not: a terminal may obey U+009B as it does ESC [. */
static bool is_c1(const struct escapes *e)
{
    return (uint8_t)e->held[0] == 0xc2 && (uint8_t)e->held[1] < 0xa0;
}

static size_t plain(struct escapes *e, uint8_t c, char *out)
{
    if (c == 0x1b) {
        begin(e, ESCAPE, (char)c);
    } else if (c >= 0xc2 && c <= 0xf4) {
        e->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        begin(e, CHARACTER, (char)c);
    } else if ((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t' || c == '\b') {
        *out = (char)c;
        return 1;
    }
    return 0; /* other controls, and bytes that no character begins with */
}

static void escape(struct escapes *e, uint8_t c)
{
    if (c == '[') {
        hold(e, (char)c);
        e->state = SEQUENCE;
    } else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
        e->state = STRING;
    } else if (c >= 0x20 && c <= 0x2f) {
        e->state = INTERMEDIATE;
    } else if (c != 0x1b) {
        e->state = PLAIN;
    }
}

/* Returns how many bytes were written; *again: the byte is still to be looked at, in the plain state. */
static size_t step(struct escapes *e, uint8_t c, char *out, bool *again)
{
    switch (e->state) {
    case PLAIN: return plain(e, c, out);
    case ESCAPE: escape(e, c); return 0;
    case SEQUENCE:
        if (c < 0x20 || c >= 0x7f) { /* broken off */
            e->state = PLAIN;
            *again = true;
            return 0;
        }
        hold(e, (char)c);
        if (c < 0x40) {
            return 0;
        }
        /* CSI > and CSI ? with an m are no colours. */
        if (c == 'm' && (e->held[2] == 'm' || (e->held[2] >= '0' && e->held[2] <= ';'))) {
            return release(e, out);
        }
        e->state = PLAIN;
        return 0;
    case STRING:
        if (c == 0x1b) {
            e->state = STRING_ESCAPE;
        } else if (c == 0x07 || c == '\n' || c == 0x18 || c == 0x1a) {
            /* A newline ends it, too, so that one stray byte does not hide all that follows. */
            e->state = PLAIN;
            *again = c == '\n';
        }
        return 0;
    case STRING_ESCAPE:
        if (c == '\\') {
            e->state = PLAIN;
        } else {
            begin(e, ESCAPE, 0x1b);
            escape(e, c);
        }
        return 0;
    case CHARACTER:
        if ((c & 0xc0) != 0x80) {
            e->state = PLAIN;
            *again = true;
            return 0;
        }
        hold(e, (char)c);
        if (--e->need) {
            return 0;
        }
        if (is_c1(e)) {
            e->state = PLAIN;
            if ((uint8_t)e->held[1] == 0x9b) {
                begin(e, SEQUENCE, 0x1b);
                hold(e, '[');
            } else if (strchr("\x90\x98\x9d\x9e\x9f", e->held[1])) {
                e->state = STRING;
            }
            return 0;
        }
        return release(e, out);
    case INTERMEDIATE:
        if (c < 0x20 || c > 0x2f) {
            e->state = PLAIN;
        }
        return 0;
    default: e->state = PLAIN; return 0;
    }
}

size_t escapes_filter(struct escapes *e, const char *bytes, size_t size, char *out)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        bool again = false;

        used += step(e, (uint8_t)bytes[i], out + used, &again);
        if (again) {
            again = false;
            used += step(e, (uint8_t)bytes[i], out + used, &again);
        }
    }
    return used;
}
