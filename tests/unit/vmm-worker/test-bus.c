/* SPDX-License-Identifier: ISC */
/* test-bus.c: vmm-worker/bus.c. Who answers where, and what nobody answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "bus.h"

struct probe {
    uint64_t offset;
    unsigned size;
    uint64_t value;
    unsigned reads, writes;
};

static uint64_t probe_read(void *dev, uint64_t offset, unsigned size)
{
    struct probe *p = dev;

    p->offset = offset;
    p->size = size;
    p->reads++;
    return p->value;
}

static void probe_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct probe *p = dev;

    p->offset = offset;
    p->size = size;
    p->value = value;
    p->writes++;
}

static const struct device_ops probe_ops = {.read = probe_read, .write = probe_write};
static const struct device_ops deaf_ops = {.stats = NULL};

static int add(struct bus *bus, uint64_t base, uint64_t size, void *dev)
{
    struct device d = {.name = "probe", .base = base, .size = size, .ops = &probe_ops, .dev = dev};

    return bus_add(bus, &d);
}

static void test_finds_devices_in_any_order_of_adding(void **state)
{
    static const uint64_t bases[] = {0x5000, 0x1000, 0x3000, 0x2000, 0x9000, 0x4000};
    struct probe probes[6] = {{0}};
    struct bus bus = {.count = 0};
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        probes[i].value = i;
        assert_int_equal(add(&bus, bases[i], 0x1000, &probes[i]), 0);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_true(bus_read(&bus, bases[i], 4, &value));
        assert_int_equal(value, i);
        assert_int_equal(probes[i].offset, 0);
        assert_true(bus_read(&bus, bases[i] + 0xff8, 8, &value));
        assert_int_equal(probes[i].offset, 0xff8);
        assert_int_equal(probes[i].size, 8);
    }
    assert_false(bus_read(&bus, 0xfff, 1, &value));
    assert_false(bus_read(&bus, 0x6000, 1, &value));
    assert_false(bus_read(&bus, 0xa000, 1, &value));
    assert_false(bus_read(&bus, UINT64_MAX, 1, &value));
    assert_false(bus_write(&bus, 0, 8, 1));
}

static void test_refuses_what_overlaps_or_wraps(void **state)
{
    struct bus bus = {.count = 0};

    (void)state;
    assert_int_equal(add(&bus, 0x2000, 0x1000, NULL), 0);
    assert_int_equal(add(&bus, 0x2000, 0x1000, NULL), -EEXIST);
    assert_int_equal(add(&bus, 0x1001, 0x1000, NULL), -EEXIST);
    assert_int_equal(add(&bus, 0x2fff, 1, NULL), -EEXIST);
    assert_int_equal(add(&bus, 0, 0x10000, NULL), -EEXIST);
    assert_int_equal(add(&bus, 0x2800, 1, NULL), -EEXIST);
    assert_int_equal(add(&bus, 0x5000, 0, NULL), -EINVAL);
    assert_int_equal(add(&bus, UINT64_MAX, 2, NULL), -EINVAL);
    assert_int_equal(bus.count, 1);
    assert_int_equal(add(&bus, 0x1000, 0x1000, NULL), 0);
    assert_int_equal(add(&bus, 0x3000, 0x1000, NULL), 0);
    assert_int_equal(add(&bus, UINT64_MAX - 1, 1, NULL), 0);
}

static void test_is_full_some_day(void **state)
{
    struct bus bus = {.count = 0};

    (void)state;
    for (size_t i = 0; i < BUS_DEVICES_MAX; i++) {
        assert_int_equal(add(&bus, i * 0x1000, 0x1000, NULL), 0);
    }
    assert_int_equal(add(&bus, 0x1000000, 0x1000, NULL), -ENOSPC);
}

static void test_accesses_across_the_end_find_nobody(void **state)
{
    struct probe p = {0};
    struct bus bus = {.count = 0};
    uint64_t value = 1;

    (void)state;
    assert_int_equal(add(&bus, 0x1000, 0x12, &p), 0);
    assert_int_equal(add(&bus, 0x1012, 0x10, &p), 0);
    assert_false(bus_read(&bus, 0x1010, 4, &value));
    assert_int_equal(value, 0);
    assert_false(bus_write(&bus, 0x1010, 8, 5));
    assert_true(bus_read(&bus, 0x1010, 2, &value));
    assert_int_equal(p.reads, 1);
    assert_int_equal(p.writes, 0);
    assert_null(bus_find(&bus, 0x1010, 4));
    assert_non_null(bus_find(&bus, 0x1010, 2));
}

static void test_unaligned_accesses_read_zero(void **state)
{
    struct probe p = {.value = UINT64_MAX};
    struct bus bus = {.count = 0};

    (void)state;
    assert_int_equal(add(&bus, 0x1000, 0x1000, &p), 0);
    for (unsigned size = 2; size <= 8; size *= 2) {
        for (unsigned offset = 1; offset < size; offset++) {
            uint64_t value = 7;
            assert_true(bus_read(&bus, 0x1000 + offset, size, &value));
            assert_int_equal(value, 0);
            assert_true(bus_write(&bus, 0x1000 + offset, size, 1));
        }
    }
    assert_int_equal(p.reads + p.writes, 0);
    assert_true(bus_write(&bus, 0x1008, 8, UINT64_C(0x1122334455667788)));
    assert_int_equal(p.value, UINT64_C(0x1122334455667788));
}

static void test_a_device_may_be_deaf_and_mute(void **state)
{
    struct device d = {.base = 0x1000, .size = 0x1000, .ops = &deaf_ops};
    struct bus bus = {.count = 0};
    uint64_t value = 5;

    (void)state;
    assert_int_equal(bus_add(&bus, &d), 0);
    assert_true(bus_read(&bus, 0x1000, 4, &value));
    assert_int_equal(value, 0);
    assert_true(bus_write(&bus, 0x1000, 4, 1));
}

static unsigned changes;
static bool level_now;

static void on_irq(uint32_t spi, bool level)
{
    assert_int_equal(spi, 9);
    level_now = level;
    changes++;
}

static void test_a_line_tells_changes_only(void **state)
{
    struct irq_line line = {.spi = 9, .set = on_irq};

    (void)state;
    changes = 0;
    irq_set(&line, false);
    assert_int_equal(changes, 0);
    irq_set(&line, true);
    irq_set(&line, true);
    assert_true(level_now);
    irq_set(&line, false);
    irq_set(&line, true);
    assert_int_equal(changes, 3);
    assert_int_equal(line.raised, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_devices_in_any_order_of_adding),
        cmocka_unit_test(test_refuses_what_overlaps_or_wraps),
        cmocka_unit_test(test_is_full_some_day),
        cmocka_unit_test(test_accesses_across_the_end_find_nobody),
        cmocka_unit_test(test_unaligned_accesses_read_zero),
        cmocka_unit_test(test_a_device_may_be_deaf_and_mute),
        cmocka_unit_test(test_a_line_tells_changes_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
