/* SPDX-License-Identifier: ISC */
/*
 * The serial port (vmm-worker/devices/uart.c) with registers and input in any order. The interrupt line
 * is what IIR says, and bytes are neither invented nor, without an overrun, lost.
 */
#include <string.h>

#include "../../vmm-worker/devices/uart.h"
#include "fake-console.h"
#include "fuzz-input.h"

enum {
    DATA,
    IER,
    IIR,
    LCR,
    MCR,
    LSR,
};

static bool irq;

static void on_irq(uint32_t spi, bool level)
{
    FUZZ_CHECK(spi == 1 && level != irq);
    irq = level;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct console console;
    struct fuzz_input in = {data, size};
    struct uart *uart;

    memset(&console, 0, sizeof(console));
    irq = false;
    uart = uart_new(&console, 1, on_irq);
    FUZZ_CHECK(uart != NULL && console.sink != NULL);
    while (in.left != 0) {
        uint8_t op = (uint8_t)fuzz_take(&in, 1);
        uint64_t offset = op & 7;
        uint64_t before = console.sent;

        switch (op >> 6) {
        case 0:
        case 1:
            uart_ops.write(uart, offset, 1, fuzz_take(&in, 1));
            FUZZ_CHECK(console.sent - before <= (offset == DATA));
            break;
        case 2:
            FUZZ_CHECK(uart_ops.read(uart, offset, 1) <= 0xff);
            FUZZ_CHECK(console.sent == before);
            break;
        default:
            if ((op & 0x20) != 0) {
                size_t n = op & 0x1f;
                n = n < in.left ? n : in.left;
                size_t taken = console.sink(console.sink_ctx, in.p, n);
                FUZZ_CHECK(taken <= n && taken <= 16);
            } else { /* any register, any width */
                uint64_t where = fuzz_take(&in, 2) & 0xfff;
                unsigned width = 1u << (op & 3);
                (void)uart_ops.read(uart, where, width);
                uart_ops.write(uart, where, width, fuzz_take(&in, width));
            }
            break;
        }
        /* Reading IIR may answer the interrupt, so what it said before is compared. */
        bool was = irq;
        uint8_t iir = (uint8_t)uart_ops.read(uart, IIR, 1);
        FUZZ_CHECK(((iir & 1) == 0) == was);
    }
    uart_free(uart);
    return 0;
}
