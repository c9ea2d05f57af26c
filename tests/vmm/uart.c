/* SPDX-License-Identifier: ISC */
/* A 16550A serial port. See uart.h. */
#include "uart.h"

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

void uart_init(struct uart *uart, const struct uart_ops *ops, void *ctx)
{
    *uart = (struct uart){.ops = ops, .ctx = ctx};
    pthread_mutex_init(&uart->transmit_lock, NULL);
    pthread_mutex_init(&uart->lock, NULL);
}

void uart_destroy(struct uart *uart)
{
    pthread_mutex_destroy(&uart->lock);
    pthread_mutex_destroy(&uart->transmit_lock);
}

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
    bool level = pending_interrupt(uart) != IIR_NONE;

    if (level == uart->irq)
        return;
    uart->irq = level;
    uart->ops->set_irq(uart->ctx, level);
}

static void push(struct uart *uart, uint8_t byte)
{
    if (uart->fifo_count == UART_FIFO_SIZE) {
        uart->overrun = true;
        return;
    }
    uart->fifo[(uart->fifo_first + uart->fifo_count) % UART_FIFO_SIZE] = byte;
    uart->fifo_count++;
}

static uint8_t pop(struct uart *uart)
{
    uint8_t byte;

    if (uart->fifo_count == 0)
        return 0;
    byte = uart->fifo[uart->fifo_first];
    uart->fifo_first = (uart->fifo_first + 1) % UART_FIFO_SIZE;
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

uint8_t uart_read(struct uart *uart, uint64_t reg)
{
    uint8_t value = 0;
    bool was_full;

    pthread_mutex_lock(&uart->lock);
    was_full = uart->fifo_count == UART_FIFO_SIZE;
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
    was_full = was_full && uart->fifo_count < UART_FIFO_SIZE;
    pthread_mutex_unlock(&uart->lock);
    if (was_full)
        uart->ops->receive_ready(uart->ctx);
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
    if (!loop)
        uart->ops->transmit(uart->ctx, value);
    pthread_mutex_lock(&uart->lock);
    /* Only now: the next byte, from whichever vCPU, must come behind this one. */
    uart->thr_empty_pending = true;
    update_irq(uart);
done:
    pthread_mutex_unlock(&uart->lock);
    pthread_mutex_unlock(&uart->transmit_lock);
}

void uart_write(struct uart *uart, uint64_t reg, uint8_t value)
{
    bool had_room;

    if (reg == REG_DATA) {
        write_data(uart, value);
        return;
    }
    pthread_mutex_lock(&uart->lock);
    had_room = uart->fifo_count < UART_FIFO_SIZE;
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
    had_room = had_room || uart->fifo_count == UART_FIFO_SIZE;
    pthread_mutex_unlock(&uart->lock);
    if (!had_room)
        uart->ops->receive_ready(uart->ctx);
}

size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    pthread_mutex_lock(&uart->lock);
    while (taken < count && uart->fifo_count < UART_FIFO_SIZE)
        push(uart, bytes[taken++]);
    update_irq(uart);
    pthread_mutex_unlock(&uart->lock);
    return taken;
}

size_t uart_room(struct uart *uart)
{
    size_t room;

    pthread_mutex_lock(&uart->lock);
    room = UART_FIFO_SIZE - uart->fifo_count;
    pthread_mutex_unlock(&uart->lock);
    return room;
}
