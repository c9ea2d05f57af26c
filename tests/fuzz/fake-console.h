/* SPDX-License-Identifier: ISC */
/*
 * fake-console.h: the part of the console (vmm-worker/console.h) that the serial port calls, for
 * targets that want the port alone: it counts, and remembers the sink.
 */
#ifndef FUZZ_FAKE_CONSOLE_H
#define FUZZ_FAKE_CONSOLE_H

#include "../../vmm-worker/console.h"
#include "fuzz-input.h"

struct console {
    uint64_t sent;
    uint64_t ready;
    console_sink_fn *sink;
    void *sink_ctx;
};

void console_output(struct console *c, const void *buf, size_t size)
{
    FUZZ_CHECK(buf != NULL && size != 0);
    c->sent += size;
}

void console_set_sink(struct console *c, enum console_port port, console_sink_fn *sink, void *ctx)
{
    FUZZ_CHECK(port == CONSOLE_UART);
    c->sink = sink;
    c->sink_ctx = ctx;
}

void console_input_ready(struct console *c)
{
    c->ready++;
}

#endif
