/* SPDX-License-Identifier: ISC */
/*
 * uart.h: a 16550A serial port, the guest's first console.
 *
 * Registers one byte apart, as in National's PC16550D data sheet. Transmission takes no time: a
 * byte written to THR is handed on at once, so THR is always empty, but its interrupt is raised all
 * the same (without it Linux prints the kernel's messages and then nothing of userspace's, IL-01).
 * Received bytes wait in a FIFO of 16; the console keeps the rest until there is room.
 */
#ifndef VMM_UART_H
#define VMM_UART_H

#include "../console.h"
#include "../device.h"

struct uart;

extern const struct device_ops uart_ops;

/* Takes the console's input for CONSOLE_UART. NULL: out of memory. */
struct uart *uart_new(struct console *console, uint32_t spi,
                      void (*set_irq)(uint32_t spi, bool level));
/* On the loop's thread, before the console. NULL is allowed. */
void uart_free(struct uart *uart);

#endif
