/* SPDX-License-Identifier: ISC */
/*
 * console.h: where the guest's console goes and comes from.
 *
 * Output: every byte, from the first, is appended to the log: two files, given as descriptors, of
 * at most `segment` bytes each, written in turn (as soon as one is full the other is truncated),
 * so that a flooding guest fills neither disk nor memory and the latest `segment` to 2 * `segment`
 * bytes are always there; the longer one is the older. The last CONSOLE_RING bytes are also kept in memory and replayed to a
 * client that attaches. Nothing waits for a newline. A client that does not read loses output (it
 * is told how much), never the log, and never holds up the guest.
 *
 * Input: bytes from an attached client go to one of the guest's two ports, as fast as it takes
 * them. Which one is not for the output to say: a guest's kernel may write to either at any time,
 * its programs to both, and a line that is half typed must not change its way. It is the kernel's
 * own choice for /dev/console that counts, the last `console=` of its command line: the VM says by
 * console_prefer which port that is. hvc0 has no driver from the start, so the UART gets the input
 * until the guest has written to hvc0, and again when that device is reset. What no port takes yet
 * is kept, up to CONSOLE_INPUT bytes; then clients are not read.
 *
 * Log writes are gathered: they reach the file CONSOLE_FLUSH_MS later at most, or when a buffer is
 * full, in which case the writing thread waits for the file. A log that cannot be written (a full
 * disk) loses what it could not take; that is counted, and reported at once, then every
 * CONSOLE_REPORT_MS at most while more is lost, and at the end. It goes on when there is room.
 *
 * console_output, console_set_sink and console_input_ready may be called from any thread, with a
 * device's lock held; the rest on the loop's thread.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "device.h"

#define CONSOLE_RING      65536u
#define CONSOLE_INPUT     4096u
#define CONSOLE_FLUSH_MS  20u
#define CONSOLE_REPORT_MS 60000u

struct console;

enum console_port {
    CONSOLE_UART,
    CONSOLE_HVC,
    CONSOLE_PORTS
};

/* Takes some bytes of input; returns how many. When it has room again it calls console_input_ready.
 * Called on the loop's thread, without a lock. */
typedef size_t console_sink_fn(void *ctx, const uint8_t *buf, size_t size);

/* log: two writable regular files, taken over in any case. What they hold is kept: the log goes on
 * in the one that was written to last. NULL with errno. */
struct console *console_new(uv_loop_t *loop, const int log[2], uint32_t segment);
/* Writes out what is buffered, gives clients that still read CONSOLE_DRAIN_MS to take the rest, and
 * closes everything. Nobody may use the console any more; its memory goes when the loop has run its
 * closing callbacks. NULL is allowed. */
#define CONSOLE_DRAIN_MS 500u
void console_free(struct console *c);

/* Who is told, on the loop's thread, of a log that cannot be written. */
void console_set_report(struct console *c, void (*report)(void *ctx, const char *text), void *ctx);

void console_output(struct console *c, const void *buf, size_t size);

/* Which port gets the input while it has a sink; without one it is the other. CONSOLE_UART unless
 * said. */
void console_prefer(struct console *c, enum console_port port);
/* sink NULL: the port takes no input. A sink may be called until the loop's thread has returned from
 * taking it away; when another thread does so, ctx has to outlive that call. */
void console_set_sink(struct console *c, enum console_port port, console_sink_fn *sink, void *ctx);
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
