/* SPDX-License-Identifier: ISC */
/* test-uart.c: vmm-worker/devices/uart.c. The registers as a 16550 driver uses them (IL-01). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "devices/uart.h"
#include "protocol.h"

#define FIFO_SIZE 16u

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

/* The console that the port speaks to: a fake, so that the port can be seen alone. */
struct console {
    uint8_t sent[64];
    size_t sent_count;
    console_sink_fn *sink;
    void *sink_ctx;
    unsigned sinks;
    unsigned ready;
};

static struct console console;
static struct uart *uart;
static bool irq;
static unsigned irq_changes;

void console_output(struct console *c, const void *buf, size_t size)
{
    assert_true(c->sent_count + size <= sizeof(c->sent));
    memcpy(c->sent + c->sent_count, buf, size);
    c->sent_count += size;
}

void console_set_sink(struct console *c, enum console_port port, console_sink_fn *sink, void *ctx)
{
    assert_int_equal(port, CONSOLE_UART);
    c->sink = sink;
    c->sink_ctx = ctx;
    c->sinks++;
}

void console_input_ready(struct console *c)
{
    c->ready++;
}

static void on_irq(uint32_t spi, bool level)
{
    assert_int_equal(spi, 1);
    assert_int_not_equal(irq, level);
    irq = level;
    irq_changes++;
}

static int make(void **state)
{
    (void)state;
    console = (struct console){.sent_count = 0};
    irq = false;
    irq_changes = 0;
    uart = uart_new(&console, 1, on_irq);
    return uart == NULL ? -1 : 0;
}

static int destroy(void **state)
{
    (void)state;
    uart_free(uart);
    return 0;
}

static uint8_t get(uint64_t reg)
{
    return (uint8_t)uart_ops.read(uart, reg, 1);
}

static void put(uint64_t reg, uint8_t value)
{
    uart_ops.write(uart, reg, 1, value);
}

static size_t receive(const void *bytes, size_t count)
{
    return console.sink(console.sink_ctx, bytes, count);
}

static void test_transmits_with_an_interrupt_for_each_byte(void **state)
{
    (void)state;
    assert_int_equal(get(LSR), 0x60);
    assert_int_equal(get(IIR), 0x01);
    put(DATA, 'a');
    assert_int_equal(console.sent_count, 1);
    assert_int_equal(console.sent[0], 'a');
    assert_false(irq);

    /* Enabling it while THR is empty raises it; reading IIR answers it. */
    put(IER, 0x02);
    assert_true(irq);
    assert_int_equal(get(IIR), 0x02);
    assert_false(irq);
    assert_int_equal(get(IIR), 0x01);
    /* As after every byte. */
    put(DATA, 'b');
    assert_true(irq);
    assert_int_equal(get(IIR), 0x02);
    assert_false(irq);
    /* Linux probes the part by disabling and enabling once more. */
    put(IER, 0x00);
    put(IER, 0x02);
    assert_true(irq);
    put(IER, 0x00);
    assert_false(irq);
    assert_memory_equal(console.sent, "ab", 2);
}

static void test_receives_through_the_fifo(void **state)
{
    char many[FIFO_SIZE + 4];

    (void)state;
    memset(many, 'x', sizeof(many));
    put(FCR, 0x81); /* FIFO on, trigger 8 */
    put(IER, 0x01);
    assert_int_equal(get(IIR), 0xc1);

    assert_int_equal(receive("hi", 2), 2);
    assert_true(irq);
    assert_int_equal(get(IIR), 0xcc);
    assert_int_equal(get(LSR), 0x61);
    assert_int_equal(get(DATA), 'h');
    assert_true(irq);
    assert_int_equal(get(DATA), 'i');
    assert_false(irq);
    assert_int_equal(get(DATA), 0);
    assert_int_equal(get(LSR), 0x60);

    assert_int_equal(receive(many, sizeof(many)), FIFO_SIZE);
    assert_int_equal(receive(many, 1), 0);
    assert_int_equal(get(IIR), 0xc4);
    assert_int_equal(console.ready, 0);
    assert_int_equal(get(DATA), 'x');
    assert_int_equal(console.ready, 1);
    assert_int_equal(get(DATA), 'x');
    assert_int_equal(console.ready, 1);

    assert_int_equal(receive(many, sizeof(many)), 2);
    put(FCR, 0x83); /* clear */
    assert_int_equal(console.ready, 2);
    assert_false(irq);
    assert_int_equal(receive(many, sizeof(many)), FIFO_SIZE);
}

static void test_received_bytes_come_before_transmission(void **state)
{
    (void)state;
    put(IER, 0x03);
    receive("k", 1);
    assert_int_equal(get(IIR), 0x04);
    assert_int_equal(get(IIR), 0x04);
    assert_int_equal(get(DATA), 'k');
    assert_true(irq);
    assert_int_equal(get(IIR), 0x02);
    assert_false(irq);
}

static void test_divisor_latch_hides_data_and_ier(void **state)
{
    (void)state;
    put(IER, 0x05);
    put(LCR, 0x83);
    put(DATA, 0x0d);
    put(IER, 0x01);
    assert_int_equal(get(DATA), 0x0d);
    assert_int_equal(get(IER), 0x01);
    assert_int_equal(console.sent_count, 0);
    put(LCR, 0x03);
    assert_int_equal(get(IER), 0x05);
    assert_int_equal(get(LCR), 0x03);
}

static void test_loopback_sends_to_itself(void **state)
{
    (void)state;
    assert_int_equal(get(MSR), 0xb0);
    put(MCR, 0xff);
    assert_int_equal(get(MCR), 0x1f);
    assert_int_equal(get(MSR), 0xf0);
    put(MCR, 0x1a); /* loop, OUT2, RTS */
    assert_int_equal(get(MSR), 0x90);
    for (unsigned i = 0; i < FIFO_SIZE + 1; i++) {
        put(DATA, (uint8_t)i);
    }
    assert_int_equal(console.sent_count, 0);
    assert_int_equal(get(LSR), 0x63); /* the last one overran */
    assert_int_equal(get(LSR), 0x61);
    for (unsigned i = 0; i < FIFO_SIZE; i++) {
        assert_int_equal(get(DATA), i);
    }
    put(MCR, 0);
    put(DATA, 'z');
    assert_int_equal(console.sent_count, 1);
}

static void test_line_status_interrupt_is_first(void **state)
{
    (void)state;
    put(MCR, 0x10);
    for (unsigned i = 0; i < FIFO_SIZE + 1; i++) {
        put(DATA, 0);
    }
    put(IER, 0x07);
    assert_int_equal(get(IIR), 0x06);
    get(LSR);
    assert_int_equal(get(IIR), 0x04);
}

static void test_keeps_scratch_and_ignores_the_rest(void **state)
{
    (void)state;
    put(SCR, 0x5a);
    assert_int_equal(get(SCR), 0x5a);
    put(LSR, 0xff);
    put(MSR, 0xff);
    assert_int_equal(get(LSR), 0x60);
    for (uint64_t reg = 8; reg < 0x1000; reg++) {
        put(reg, 0xff);
        assert_int_equal(get(reg), 0);
    }
    assert_int_equal(console.sent_count, 0);
    assert_int_equal(irq_changes, 0);
}

static void test_registers_are_bytes(void **state)
{
    (void)state;
    for (unsigned size = 2; size <= 8; size *= 2) {
        uart_ops.write(uart, DATA, size, 0x41);
        assert_int_equal(uart_ops.read(uart, 0, size), 0);
    }
    assert_int_equal(console.sent_count, 0);
}

/* Whoever of the ports gets the input is the console's affair; this one takes it all its life. */
static void test_takes_input_from_the_start_to_the_end(void **state)
{
    (void)state;
    assert_int_equal(console.sinks, 1);
    assert_non_null(console.sink);
    assert_ptr_equal(console.sink_ctx, uart);
    put(DATA, 'x');
    assert_int_equal(console.sinks, 1);
    uart_free(uart);
    uart = NULL;
    assert_null(console.sink);
}

static void test_counts(void **state)
{
    static struct msg_stats m;
    struct stats stats = {.msg = &m};
    uint64_t sent = UINT64_MAX;

    (void)state;
    m.count = 0;
    put(DATA, 'a');
    put(DATA, 'b');
    uart_ops.stats(uart, &stats);
    for (uint32_t i = 0; i < m.count; i++) {
        if (strcmp(m.entry[i].name, "uart.sent_bytes") == 0) {
            sent = m.entry[i].value;
        }
    }
    assert_int_equal(sent, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_transmits_with_an_interrupt_for_each_byte),
        TEST(test_receives_through_the_fifo),
        TEST(test_received_bytes_come_before_transmission),
        TEST(test_divisor_latch_hides_data_and_ier),
        TEST(test_loopback_sends_to_itself),
        TEST(test_line_status_interrupt_is_first),
        TEST(test_keeps_scratch_and_ignores_the_rest),
        TEST(test_registers_are_bytes),
        TEST(test_takes_input_from_the_start_to_the_end),
        TEST(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
