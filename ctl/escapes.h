/* SPDX-License-Identifier: ISC */
/*
 * escapes.h: makes what a guest wrote safe to show on a terminal.
 *
 * A guest chooses the bytes of its console, and a terminal obeys them: it can be made to answer (as if
 * the user had typed), to change its title or clipboard, or to show something that was not said. What
 * passes: printable UTF-8, tab, newline, carriage return, backspace, and colours (CSI ... m). Everything else that
 * ECMA-48 calls a control is dropped, sequence and all. Needs only the standard headers; fuzzed.
 */
#ifndef PADDOCK_CTL_ESCAPES_H
#define PADDOCK_CTL_ESCAPES_H

#include <stddef.h>
#include <stdint.h>

#define ESCAPES_HELD 32u /* of one colour sequence or character; longer ones are dropped */

/* All zero at first. The state of a stream: sequences may be cut anywhere. */
struct escapes {
    uint8_t state;
    uint8_t need; /* bytes of a character still to come */
    uint8_t held_size;
    char held[ESCAPES_HELD];
};

/* Filters `size` bytes into `out`, which has room for size + ESCAPES_HELD. Returns how many were written. */
size_t escapes_filter(struct escapes *e, const char *bytes, size_t size, char *out);

#endif
