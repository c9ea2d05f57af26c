/* SPDX-License-Identifier: ISC */
/* test-rtc.c: vmm-worker/devices/rtc.c. The host's time, and the guest's offset from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "devices/rtc.h"

enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0c,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1c,
};

static struct rtc *rtc;
static bool irq;

static void on_irq(uint32_t spi, bool level)
{
    assert_int_equal(spi, 2);
    irq = level;
}

static int make(void **state)
{
    (void)state;
    irq = false;
    rtc = rtc_new(2, on_irq);
    return rtc == NULL ? -1 : 0;
}

static int destroy(void **state)
{
    (void)state;
    rtc_free(rtc);
    return 0;
}

static uint32_t get(uint64_t reg)
{
    return (uint32_t)rtc_ops.read(rtc, reg, 4);
}

static void put(uint64_t reg, uint32_t value)
{
    rtc_ops.write(rtc, reg, 4, value);
}

/* Whether the guest's clock is `offset` from the host's, whenever a second ends meanwhile. */
static bool reads(uint32_t offset)
{
    uint32_t before = (uint32_t)time(NULL) + offset;
    uint32_t value = get(DR);
    uint32_t after = (uint32_t)time(NULL) + offset;

    return value - before <= after - before;
}

static void test_shows_the_hosts_time(void **state)
{
    (void)state;
    assert_true(reads(0));
    assert_int_equal(get(CR), 1);
}

static void test_can_be_set(void **state)
{
    uint32_t value;

    (void)state;
    put(LR, 1000);
    assert_int_equal(get(LR), 1000);
    value = get(DR);
    assert_true(value >= 1000 && value < 1600);
    put(LR, UINT32_MAX);
    value = get(DR);
    assert_true(value == UINT32_MAX || value < 600); /* 32 bits, which wrap */
}

static void test_the_alarm_is_masked_and_cleared(void **state)
{
    (void)state;
    put(LR, 5000);
    /* A second may end between two accesses: try until none does. */
    do {
        put(ICR, 1);
        put(MR, get(DR));
    } while (get(RIS) == 0);
    assert_false(irq);
    assert_int_equal(get(MIS), 0);
    put(IMSC, 1);
    assert_true(irq);
    assert_int_equal(get(MIS), 1);
    put(MR, 0);
    put(ICR, 0);
    assert_true(irq);
    put(ICR, 1);
    assert_false(irq);
    assert_int_equal(get(RIS), 0);
}

static void test_registers_are_words(void **state)
{
    (void)state;
    put(MR, 0x12345678);
    for (unsigned size = 1; size <= 8; size *= 2) {
        if (size != 4) {
            rtc_ops.write(rtc, MR, size, 0);
            assert_int_equal(rtc_ops.read(rtc, MR, size), 0);
        }
    }
    assert_int_equal(get(MR), 0x12345678);
    for (uint64_t offset = 0x20; offset < 0xfe0; offset += 4) {
        put(offset, UINT32_MAX);
        assert_int_equal(get(offset), 0);
    }
    assert_true(reads(0));
}

static void test_identifies_itself(void **state)
{
    static const uint8_t ids[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(get(0xfe0 + 4 * i), ids[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shows_the_hosts_time),
        TEST(test_can_be_set),
        TEST(test_the_alarm_is_masked_and_cleared),
        TEST(test_registers_are_words),
        TEST(test_identifies_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
