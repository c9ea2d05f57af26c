/* SPDX-License-Identifier: ISC */
/* test-gpio.c: vmm-worker/devices/gpio.c. The power button as Linux's pl061 and gpio-keys see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "devices/gpio.h"

#define BUTTON 0x08u /* line 3 */
#define ANY    0x3fc /* data register: all lines */

enum {
    DIR = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40c,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41c,
    AFSEL = 0x420,
};

static struct gpio *gpio;
static bool irq;

static void on_irq(uint32_t spi, bool level)
{
    assert_int_equal(spi, 7);
    assert_int_not_equal(irq, level);
    irq = level;
}

static int make(void **state)
{
    (void)state;
    irq = false;
    gpio = gpio_new(7, on_irq);
    return gpio == NULL ? -1 : 0;
}

static int destroy(void **state)
{
    (void)state;
    gpio_free(gpio);
    return 0;
}

static uint64_t get(uint64_t reg)
{
    return gpio_ops.read(gpio, reg, 4);
}

static void put(uint64_t reg, uint64_t value)
{
    gpio_ops.write(gpio, reg, 4, value);
}

/* What gpio-keys asks of the PL061: both edges of the line. */
static void probe(void)
{
    put(IE, 0);
    put(IC, 0xff);
    put(IS, 0);
    put(IBE, BUTTON);
    put(IE, BUTTON);
}

static void test_a_press_is_seen_acknowledged_and_let_go(void **state)
{
    (void)state;
    probe();
    assert_false(gpio_acknowledged(gpio));
    gpio_press(gpio);
    assert_true(irq);
    assert_false(gpio_acknowledged(gpio));
    assert_int_equal(get(MIS), BUTTON);
    put(IC, BUTTON);
    assert_false(irq);
    assert_true(gpio_acknowledged(gpio));
    /* The key is read some milliseconds later: it is down, and only then goes up. */
    assert_int_equal(get(ANY), BUTTON);
    assert_true(irq);
    put(IC, BUTTON);
    assert_int_equal(get(ANY), 0);
    assert_false(irq);
    assert_true(gpio_acknowledged(gpio));
}

static void test_a_press_that_nobody_hears_is_not_acknowledged(void **state)
{
    (void)state;
    gpio_press(gpio);
    assert_false(irq);
    assert_int_equal(get(ANY), BUTTON);
    assert_int_equal(get(ANY), BUTTON); /* it stays down */
    assert_false(gpio_acknowledged(gpio));
    /* Clearing other lines is no answer. */
    put(IC, 0xff & ~BUTTON);
    assert_false(gpio_acknowledged(gpio));
    /* A driver that comes late sees the edge that was latched. */
    put(IBE, BUTTON);
    put(IE, BUTTON);
    gpio_press(gpio);
    assert_true(irq);
    put(IC, BUTTON);
    assert_true(gpio_acknowledged(gpio));
}

static void test_a_driver_that_clears_what_is_not_pending_answers_nothing(void **state)
{
    (void)state;
    probe();
    put(IC, BUTTON);
    assert_false(gpio_acknowledged(gpio));
    gpio_press(gpio);
    put(IC, BUTTON);
    assert_true(gpio_acknowledged(gpio));
    /* The next press is a new question. */
    gpio_press(gpio);
    assert_false(gpio_acknowledged(gpio));
    assert_true(irq);
}

static void test_level_sensitive_lines_follow_the_level(void **state)
{
    (void)state;
    put(IS, BUTTON);
    put(IEV, BUTTON);
    put(IE, BUTTON);
    assert_false(irq);
    gpio_press(gpio);
    assert_true(irq);
    put(IC, BUTTON); /* clears edges, not levels */
    assert_true(irq);
    assert_int_equal(get(ANY), BUTTON); /* acknowledged and read: the button goes up */
    assert_false(irq);
    put(IEV, 0);
    assert_true(irq);
    put(IE, 0);
    assert_false(irq);
}

static void test_addresses_mask_data(void **state)
{
    (void)state;
    put(DIR, 0xf7);
    put(ANY, 0xff);
    assert_int_equal(get(ANY), 0xf7);
    put(0x3fc & ~(0x10u << 2), 0x00); /* all but line 4 */
    assert_int_equal(get(ANY), 0x10);
    assert_int_equal(get(0x10 << 2), 0x10);
    assert_int_equal(get(0x01 << 2), 0);
    assert_int_equal(get(0), 0);
    /* What the guest drives does not press the button. */
    put(DIR, 0xff);
    put(ANY, 0xff);
    assert_int_equal(get(RIS), 0);
    assert_int_equal(get(DIR), 0xff);
}

static void test_identifies_itself(void **state)
{
    static const uint8_t ids[8] = {0x61, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(get(0xfe0 + 4 * i), ids[i]);
        assert_int_equal(gpio_ops.read(gpio, 0xfe1 + 4 * i, 1), 0);
    }
}

static void test_any_access_is_survived(void **state)
{
    (void)state;
    for (uint64_t offset = 0; offset < 0x1000; offset++) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            gpio_ops.write(gpio, offset, size, UINT64_MAX);
            gpio_ops.read(gpio, offset, size);
        }
    }
    put(AFSEL, 0x1ff);
    assert_int_equal(get(AFSEL), 0xff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_press_is_seen_acknowledged_and_let_go),
        TEST(test_a_press_that_nobody_hears_is_not_acknowledged),
        TEST(test_a_driver_that_clears_what_is_not_pending_answers_nothing),
        TEST(test_level_sensitive_lines_follow_the_level),
        TEST(test_addresses_mask_data),
        TEST(test_identifies_itself),
        TEST(test_any_access_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
