/* SPDX-License-Identifier: ISC */
/* test-uart.c: tests/vmm/uart.c. The registers as a 16550 driver uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "../../vmm/uart.h"

enum {
    DATA,
    IER,
    IIR,
    LCR,
    MCR,
    LSR,
    MSR,
    SCR,
};

#define FCR IIR

struct port {
    struct uart uart;
    uint8_t sent[64];
    size_t sent_count;
    bool irq;
    unsigned irq_changes;
    unsigned ready;
};

static void on_transmit(void *ctx, uint8_t byte)
{
    struct port *port = ctx;

    assert_true(port->sent_count < sizeof(port->sent));
    port->sent[port->sent_count++] = byte;
}

static void on_irq(void *ctx, bool level)
{
    struct port *port = ctx;

    assert_int_not_equal(port->irq, level);
    port->irq = level;
    port->irq_changes++;
}

static void on_ready(void *ctx)
{
    ((struct port *)ctx)->ready++;
}

static const struct uart_ops ops = {on_transmit, on_irq, on_ready};

static int make(void **state)
{
    static struct port port;

    port = (struct port){.irq = false};
    uart_init(&port.uart, &ops, &port);
    *state = &port;
    return 0;
}

static int destroy(void **state)
{
    uart_destroy(&((struct port *)*state)->uart);
    return 0;
}

static void test_transmits_with_an_interrupt_for_each_byte(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;

    assert_int_equal(uart_read(uart, LSR), 0x60);
    assert_int_equal(uart_read(uart, IIR), 0x01);
    uart_write(uart, DATA, 'a');
    assert_int_equal(port->sent_count, 1);
    assert_int_equal(port->sent[0], 'a');
    assert_false(port->irq);

    /* Enabling it while THR is empty raises it; reading IIR answers it. */
    uart_write(uart, IER, 0x02);
    assert_true(port->irq);
    assert_int_equal(uart_read(uart, IIR), 0x02);
    assert_false(port->irq);
    assert_int_equal(uart_read(uart, IIR), 0x01);
    /* As after every byte. */
    uart_write(uart, DATA, 'b');
    assert_true(port->irq);
    assert_int_equal(uart_read(uart, IIR), 0x02);
    assert_false(port->irq);
    /* Linux probes the part by disabling and enabling once more. */
    uart_write(uart, IER, 0x00);
    uart_write(uart, IER, 0x02);
    assert_true(port->irq);
    uart_write(uart, IER, 0x00);
    assert_false(port->irq);
    assert_memory_equal(port->sent, "ab", 2);
}

static void test_receives_through_the_fifo(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;
    char many[UART_FIFO_SIZE + 4];

    memset(many, 'x', sizeof(many));
    uart_write(uart, FCR, 0x81); /* FIFO on, trigger 8 */
    uart_write(uart, IER, 0x01);
    assert_int_equal(uart_read(uart, IIR), 0xc1);

    assert_int_equal(uart_receive(uart, (const uint8_t *)"hi", 2), 2);
    assert_true(port->irq);
    assert_int_equal(uart_read(uart, IIR), 0xcc);
    assert_int_equal(uart_read(uart, LSR), 0x61);
    assert_int_equal(uart_read(uart, DATA), 'h');
    assert_true(port->irq);
    assert_int_equal(uart_read(uart, DATA), 'i');
    assert_false(port->irq);
    assert_int_equal(uart_read(uart, DATA), 0);
    assert_int_equal(uart_read(uart, LSR), 0x60);

    assert_int_equal(uart_room(uart), UART_FIFO_SIZE);
    assert_int_equal(uart_receive(uart, (const uint8_t *)many, sizeof(many)), UART_FIFO_SIZE);
    assert_int_equal(uart_room(uart), 0);
    assert_int_equal(uart_read(uart, IIR), 0xc4);
    assert_int_equal(port->ready, 0);
    assert_int_equal(uart_read(uart, DATA), 'x');
    assert_int_equal(port->ready, 1);
    assert_int_equal(uart_read(uart, DATA), 'x');
    assert_int_equal(port->ready, 1);
    assert_int_equal(uart_room(uart), 2);

    assert_int_equal(uart_receive(uart, (const uint8_t *)many, 2), 2);
    uart_write(uart, FCR, 0x83); /* clear */
    assert_int_equal(port->ready, 2);
    assert_int_equal(uart_room(uart), UART_FIFO_SIZE);
    assert_false(port->irq);
}

static void test_received_bytes_come_before_transmission(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;

    uart_write(uart, IER, 0x03);
    uart_receive(uart, (const uint8_t *)"k", 1);
    assert_int_equal(uart_read(uart, IIR), 0x04);
    assert_int_equal(uart_read(uart, IIR), 0x04);
    assert_int_equal(uart_read(uart, DATA), 'k');
    assert_true(port->irq);
    assert_int_equal(uart_read(uart, IIR), 0x02);
    assert_false(port->irq);
}

static void test_divisor_latch_hides_data_and_ier(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;

    uart_write(uart, IER, 0x05);
    uart_write(uart, LCR, 0x83);
    uart_write(uart, DATA, 0x0d);
    uart_write(uart, IER, 0x01);
    assert_int_equal(uart_read(uart, DATA), 0x0d);
    assert_int_equal(uart_read(uart, IER), 0x01);
    assert_int_equal(port->sent_count, 0);
    uart_write(uart, LCR, 0x03);
    assert_int_equal(uart_read(uart, IER), 0x05);
    assert_int_equal(uart_read(uart, LCR), 0x03);
}

static void test_loopback_sends_to_itself(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;

    assert_int_equal(uart_read(uart, MSR), 0xb0);
    uart_write(uart, MCR, 0xff);
    assert_int_equal(uart_read(uart, MCR), 0x1f);
    assert_int_equal(uart_read(uart, MSR), 0xf0);
    uart_write(uart, MCR, 0x1a); /* loop, OUT2, RTS */
    assert_int_equal(uart_read(uart, MSR), 0x90);
    for (unsigned i = 0; i < UART_FIFO_SIZE + 1; i++)
        uart_write(uart, DATA, (uint8_t)i);
    assert_int_equal(port->sent_count, 0);
    assert_int_equal(uart_read(uart, LSR), 0x63); /* the last one overran */
    assert_int_equal(uart_read(uart, LSR), 0x61);
    for (unsigned i = 0; i < UART_FIFO_SIZE; i++)
        assert_int_equal(uart_read(uart, DATA), i);
    uart_write(uart, MCR, 0);
    uart_write(uart, DATA, 'z');
    assert_int_equal(port->sent_count, 1);
}

static void test_line_status_interrupt_is_first(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;

    uart_write(uart, MCR, 0x10);
    for (unsigned i = 0; i < UART_FIFO_SIZE + 1; i++)
        uart_write(uart, DATA, 0);
    uart_write(uart, IER, 0x07);
    assert_int_equal(uart_read(uart, IIR), 0x06);
    uart_read(uart, LSR);
    assert_int_equal(uart_read(uart, IIR), 0x04);
}

static void test_keeps_scratch_and_ignores_the_rest(void **state)
{
    struct port *port = *state;
    struct uart *uart = &port->uart;

    uart_write(uart, SCR, 0x5a);
    assert_int_equal(uart_read(uart, SCR), 0x5a);
    uart_write(uart, LSR, 0xff);
    uart_write(uart, MSR, 0xff);
    assert_int_equal(uart_read(uart, LSR), 0x60);
    uart_write(uart, 8, 0xff);
    uart_write(uart, UINT64_MAX, 0xff);
    assert_int_equal(uart_read(uart, 8), 0);
    assert_int_equal(uart_read(uart, UINT64_MAX), 0);
    assert_int_equal(port->sent_count, 0);
    assert_int_equal(port->irq_changes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_transmits_with_an_interrupt_for_each_byte, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_receives_through_the_fifo, make, destroy),
        cmocka_unit_test_setup_teardown(test_received_bytes_come_before_transmission, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_divisor_latch_hides_data_and_ier, make, destroy),
        cmocka_unit_test_setup_teardown(test_loopback_sends_to_itself, make, destroy),
        cmocka_unit_test_setup_teardown(test_line_status_interrupt_is_first, make, destroy),
        cmocka_unit_test_setup_teardown(test_keeps_scratch_and_ignores_the_rest, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
