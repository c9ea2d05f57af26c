/* SPDX-License-Identifier: ISC */
/*
 * console.h: where the guest's console goes and comes from.
 *
 * Output: every byte, from the first, is appended to the log: two files, given as descriptors, of
 * at most `segment` bytes each, written in turn (the one that is begun again is truncated first),
 * so that a flooding guest fills neither disk nor memory and the latest `segment` to 2 * `segment`
 * bytes are always there. The last CONSOLE_RING bytes are also kept in memory and replayed to a
 * client that attaches. Nothing waits for a newline. A client that does not read loses output (it
 * is told how much), never the log, and never holds up the guest. Input: bytes from an attached
 * client go to the sink, the UART or hvc0, as fast as it takes them.
 *
 * console_output may be called from any thread; the rest on the loop's.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "device.h"

#define CONSOLE_RING 65536u

struct console;

/* Takes some bytes of input; returns how many. When it has room again it calls console_input_ready.
 * Any thread. */
typedef size_t console_sink_fn(void *ctx, const uint8_t *buf, size_t size);

/* log: two writable regular files, taken over in any case. NULL with errno. */
struct console *console_new(uv_loop_t *loop, const int log[2], uint32_t segment);
/* Writes out what is buffered and closes everything. */
void console_free(struct console *c);

void console_output(struct console *c, const void *buf, size_t size);

void console_set_sink(struct console *c, console_sink_fn *sink, void *ctx);
void console_input_ready(struct console *c); /* any thread */

/* A stream socket: gets the ring, then live output; its bytes are input. Takes fd over. At most
 * CONSOLE_CLIENTS at once: -EBUSY. */
#define CONSOLE_CLIENTS 8u
int console_attach(struct console *c, int fd);

/*
 * The line of a Linux kernel panic if one was printed ("Kernel panic - not syncing: …", at most 200
 * bytes, printable), else NULL. Any thread; the string is stable once it is not NULL.
 */
const char *console_panic(const struct console *c);

void console_stats(const struct console *c, struct stats *out);

#endif
