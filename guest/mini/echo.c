/* SPDX-License-Identifier: ISC */
/* echo: says that it listens, without a newline, and sends back what it hears; powers off at ^D. */
#include "mini.h"

#define UART_LSR       (UART + 5)
#define LSR_DATA_READY 1u
#define END            0x04u

void guest_main(void)
{
    put("mini: echo> ");
    guest_booted();
    for (;;) {
        if ((read8(UART_LSR) & LSR_DATA_READY) != 0) {
            uint8_t byte = read8(UART);
            if (byte == END) {
                return;
            }
            write8(UART, byte);
        }
    }
}
