/* SPDX-License-Identifier: ISC */
/*
 * A 16550A serial port: the guest's console.
 *
 * Registers one byte apart, as in National's PC16550D data sheet. Transmission takes no time: a byte
 * written to THR is handed on at once, so THR is always empty, but its interrupt is raised all the
 * same (without it Linux prints the kernel's messages and then nothing of userspace's). Received
 * bytes wait in a FIFO of UART_FIFO_SIZE.
 *
 * All functions may be called from any thread. The callbacks run on the thread that called; set_irq
 * with the port's lock held, so it must not come back to the port.
 */
#ifndef PADDOCK_TESTVM_UART_H
#define PADDOCK_TESTVM_UART_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_FIFO_SIZE 16u

struct uart_ops {
    void (*transmit)(void *ctx, uint8_t byte);
    void (*set_irq)(void *ctx, bool level);
    void (*receive_ready)(void *ctx); /* the FIFO was full and has room again */
};

struct uart {
    const struct uart_ops *ops;
    void *ctx;
    pthread_mutex_t transmit_lock; /* keeps bytes in order; taken before lock, held in transmit */
    pthread_mutex_t lock;          /* for all below */
    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
    bool thr_empty_pending; /* the THR empty interrupt was neither read from IIR nor answered */
    bool overrun;
    bool irq; /* the line's level */
    uint8_t fifo[UART_FIFO_SIZE];
    unsigned fifo_first, fifo_count;
};

/* Must not be moved afterwards. */
void uart_init(struct uart *uart, const struct uart_ops *ops, void *ctx);
void uart_destroy(struct uart *uart);

/* The guest's accesses. Registers from 8 on read 0 and ignore writes. */
uint8_t uart_read(struct uart *uart, uint64_t reg);
void uart_write(struct uart *uart, uint64_t reg, uint8_t value);

/* Puts bytes into the receive FIFO; returns how many there was room for. */
size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count);

/* How many bytes uart_receive would take now. */
size_t uart_room(struct uart *uart);

#endif
