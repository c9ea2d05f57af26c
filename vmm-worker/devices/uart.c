/* SPDX-License-Identifier: ISC */
/*
 * uart.c: a 16550A serial port. See uart.h.
 */
#include "uart.h"

#include <libfdt.h>
#include <pthread.h>
#include <stdlib.h>

#include "../device-tree.h"

#define FIFO_SIZE 16u

struct uart {
    struct console *console;
    struct irq_line irq;
    pthread_mutex_t transmit_lock; /* keeps bytes in order; taken before lock */
    pthread_mutex_t lock;          /* for all below */
    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
    bool thr_empty_pending; /* the THR empty interrupt was neither read from IIR nor answered */
    bool overrun;
    uint8_t fifo[FIFO_SIZE];
    unsigned fifo_first, fifo_count;
    uint64_t sent, received; /* counters */
};

/* Registers. The first two are the divisor latch while LCR_DLAB is set. */
enum {
    REG_DATA = 0, /* RBR when read, THR when written */
    REG_IER = 1,
    REG_IIR_FCR = 2, /* IIR when read, FCR when written */
    REG_LCR = 3,
    REG_MCR = 4,
    REG_LSR = 5,
    REG_MSR = 6,
    REG_SCR = 7,
};

enum {
    IER_RECEIVED = 0x01,
    IER_THR_EMPTY = 0x02,
    IER_LINE_STATUS = 0x04,
    IER_MASK = 0x0f,

    IIR_NONE = 0x01,
    IIR_THR_EMPTY = 0x02,
    IIR_RECEIVED = 0x04,
    IIR_LINE_STATUS = 0x06,
    IIR_TIMEOUT = 0x0c,
    IIR_FIFOS = 0xc0,

    FCR_ENABLE = 0x01,
    FCR_CLEAR_RECEIVE = 0x02,
    FCR_TRIGGER_SHIFT = 6,

    LCR_DLAB = 0x80,

    MCR_DTR = 0x01,
    MCR_RTS = 0x02,
    MCR_OUT1 = 0x04,
    MCR_OUT2 = 0x08,
    MCR_LOOP = 0x10,
    MCR_MASK = 0x1f,

    LSR_DATA_READY = 0x01,
    LSR_OVERRUN = 0x02,
    LSR_THR_EMPTY = 0x20,
    LSR_IDLE = 0x40,

    MSR_CTS = 0x10,
    MSR_DSR = 0x20,
    MSR_RI = 0x40,
    MSR_DCD = 0x80,
};

/* The highest of the pending interrupts that are enabled, as IIR shows it. */
static uint8_t pending_interrupt(const struct uart *uart)
{
    static const uint8_t triggers[] = {1, 4, 8, 14};

    if ((uart->ier & IER_LINE_STATUS) != 0 && uart->overrun)
        return IIR_LINE_STATUS;
    if ((uart->ier & IER_RECEIVED) != 0 && uart->fifo_count > 0) {
        if ((uart->fcr & FCR_ENABLE) == 0)
            return IIR_RECEIVED;
        /* Below the trigger level the real part waits four characters' time; we don't. */
        return uart->fifo_count >= triggers[uart->fcr >> FCR_TRIGGER_SHIFT] ? IIR_RECEIVED
                                                                            : IIR_TIMEOUT;
    }
    if ((uart->ier & IER_THR_EMPTY) != 0 && uart->thr_empty_pending)
        return IIR_THR_EMPTY;
    return IIR_NONE;
}

/* Under the lock, so that two threads cannot deliver their levels in the wrong order. */
static void update_irq(struct uart *uart)
{
    irq_set(&uart->irq, pending_interrupt(uart) != IIR_NONE);
}

static void push(struct uart *uart, uint8_t byte)
{
    if (uart->fifo_count == FIFO_SIZE) {
        uart->overrun = true;
        return;
    }
    uart->fifo[(uart->fifo_first + uart->fifo_count) % FIFO_SIZE] = byte;
    uart->fifo_count++;
}

static uint8_t pop(struct uart *uart)
{
    uint8_t byte;

    if (uart->fifo_count == 0)
        return 0;
    byte = uart->fifo[uart->fifo_first];
    uart->fifo_first = (uart->fifo_first + 1) % FIFO_SIZE;
    uart->fifo_count--;
    return byte;
}

/* In loopback the modem's inputs follow our own outputs (drivers probe for the part that way). */
static uint8_t modem_status(const struct uart *uart)
{
    uint8_t msr = 0;

    if ((uart->mcr & MCR_LOOP) == 0)
        return MSR_CTS | MSR_DSR | MSR_DCD;
    msr |= uart->mcr & MCR_RTS ? MSR_CTS : 0;
    msr |= uart->mcr & MCR_DTR ? MSR_DSR : 0;
    msr |= uart->mcr & MCR_OUT1 ? MSR_RI : 0;
    msr |= uart->mcr & MCR_OUT2 ? MSR_DCD : 0;
    return msr;
}

static uint8_t read_register(struct uart *uart, uint64_t reg)
{
    uint8_t value = 0;
    bool was_full;

    pthread_mutex_lock(&uart->lock);
    was_full = uart->fifo_count == FIFO_SIZE;
    switch (reg) {
    case REG_DATA: value = uart->lcr & LCR_DLAB ? uart->dll : pop(uart); break;
    case REG_IER: value = uart->lcr & LCR_DLAB ? uart->dlm : uart->ier; break;
    case REG_IIR_FCR:
        value = pending_interrupt(uart);
        if (value == IIR_THR_EMPTY)
            uart->thr_empty_pending = false;
        if ((uart->fcr & FCR_ENABLE) != 0)
            value |= IIR_FIFOS;
        break;
    case REG_LCR: value = uart->lcr; break;
    case REG_MCR: value = uart->mcr; break;
    case REG_LSR:
        value = LSR_THR_EMPTY | LSR_IDLE;
        value |= uart->fifo_count > 0 ? LSR_DATA_READY : 0;
        value |= uart->overrun ? LSR_OVERRUN : 0;
        uart->overrun = false;
        break;
    case REG_MSR: value = modem_status(uart); break;
    case REG_SCR: value = uart->scr; break;
    default: break;
    }
    update_irq(uart);
    was_full = was_full && uart->fifo_count < FIFO_SIZE;
    pthread_mutex_unlock(&uart->lock);
    if (was_full)
        console_input_ready(uart->console);
    return value;
}

static void write_data(struct uart *uart, uint8_t value)
{
    bool loop;

    pthread_mutex_lock(&uart->transmit_lock);
    pthread_mutex_lock(&uart->lock);
    if ((uart->lcr & LCR_DLAB) != 0) {
        uart->dll = value;
        goto done;
    }
    uart->thr_empty_pending = false;
    update_irq(uart);
    loop = (uart->mcr & MCR_LOOP) != 0;
    if (loop)
        push(uart, value);
    pthread_mutex_unlock(&uart->lock);
    if (!loop) {
        console_output(uart->console, &value, 1);
    }
    pthread_mutex_lock(&uart->lock);
    uart->sent += !loop;
    /* Only now: the next byte, from whichever vCPU, must come behind this one. */
    uart->thr_empty_pending = true;
    update_irq(uart);
done:
    pthread_mutex_unlock(&uart->lock);
    pthread_mutex_unlock(&uart->transmit_lock);
}

static void write_register(struct uart *uart, uint64_t reg, uint8_t value)
{
    bool had_room;

    if (reg == REG_DATA) {
        write_data(uart, value);
        return;
    }
    pthread_mutex_lock(&uart->lock);
    had_room = uart->fifo_count < FIFO_SIZE;
    switch (reg) {
    case REG_IER:
        if ((uart->lcr & LCR_DLAB) != 0) {
            uart->dlm = value;
            break;
        }
        /* Enabling the interrupt while THR is empty raises it, and it always is. */
        if ((value & ~uart->ier & IER_THR_EMPTY) != 0)
            uart->thr_empty_pending = true;
        uart->ier = value & IER_MASK;
        break;
    case REG_IIR_FCR:
        if (((value ^ uart->fcr) & FCR_ENABLE) != 0 || (value & FCR_CLEAR_RECEIVE) != 0)
            uart->fifo_count = 0;
        uart->fcr = value & (FCR_ENABLE | 3 << FCR_TRIGGER_SHIFT);
        break;
    case REG_LCR: uart->lcr = value; break;
    case REG_MCR: uart->mcr = value & MCR_MASK; break;
    case REG_SCR: uart->scr = value; break;
    default: break;
    }
    update_irq(uart);
    had_room = had_room || uart->fifo_count == FIFO_SIZE;
    pthread_mutex_unlock(&uart->lock);
    if (!had_room)
        console_input_ready(uart->console);
}

/* console_sink_fn: puts bytes into the receive FIFO as far as there is room. */
static size_t receive(void *ctx, const uint8_t *bytes, size_t count)
{
    struct uart *uart = ctx;
    size_t taken = 0;

    pthread_mutex_lock(&uart->lock);
    while (taken < count && uart->fifo_count < FIFO_SIZE) {
        push(uart, bytes[taken++]);
    }
    uart->received += taken;
    update_irq(uart);
    pthread_mutex_unlock(&uart->lock);
    return taken;
}

/* Registers are bytes; other widths read zero and are ignored. */
static uint64_t uart_read(void *dev, uint64_t offset, unsigned size)
{
    return size == 1 ? read_register(dev, offset) : 0;
}

static void uart_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    if (size == 1) {
        write_register(dev, offset, (uint8_t)value);
    }
}

static int uart_fdt(const void *dev, void *fdt, uint64_t base, uint64_t size, uint32_t spi)
{
    int err = fdt_begin_node(fdt, "uart@9000000");

    (void)dev;
    err = err < 0 ? err : fdt_property_string(fdt, "compatible", "ns16550a");
    err = err < 0 ? err : fdt_reg(fdt, base, size);
    err = err < 0 ? err : fdt_interrupts(fdt, spi);
    err = err < 0 ? err : fdt_property_u32(fdt, "clock-frequency", 1843200);
    return err < 0 ? err : fdt_end_node(fdt);
}

static void uart_stats(const void *dev, struct stats *out)
{
    struct uart *uart = (struct uart *)(uintptr_t)dev; /* for its lock */
    uint64_t sent;
    uint64_t received;
    uint64_t raised;

    pthread_mutex_lock(&uart->lock);
    sent = uart->sent;
    received = uart->received;
    raised = uart->irq.raised;
    pthread_mutex_unlock(&uart->lock);
    stats_add(out, "uart", "sent_bytes", sent);
    stats_add(out, "uart", "received_bytes", received);
    stats_add(out, "uart", "interrupts", raised);
}

const struct device_ops uart_ops = {
    .read = uart_read, .write = uart_write, .fdt = uart_fdt, .stats = uart_stats};

struct uart *uart_new(struct console *console, uint32_t spi, void (*set_irq)(uint32_t, bool))
{
    struct uart *uart = calloc(1, sizeof(*uart));

    if (uart == NULL) {
        return NULL;
    }
    uart->console = console;
    uart->irq = (struct irq_line){.spi = spi, .set = set_irq};
    pthread_mutex_init(&uart->transmit_lock, NULL);
    pthread_mutex_init(&uart->lock, NULL);
    console_set_sink(console, CONSOLE_UART, receive, uart);
    return uart;
}

void uart_free(struct uart *uart)
{
    if (uart == NULL) {
        return;
    }
    console_set_sink(uart->console, CONSOLE_UART, NULL, NULL);
    pthread_mutex_destroy(&uart->lock);
    pthread_mutex_destroy(&uart->transmit_lock);
    free(uart);
}
