/* SPDX-License-Identifier: ISC */
/*
 * test-health.c: what a row of tries amounts to. The tries themselves: integration/daemon/health.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health.h"

static struct vm_config config(uint64_t start_period, uint32_t retries)
{
    struct vm_config c = {.name = "a"};

    c.health.interval = 30000;
    c.health.start_period = start_period;
    c.health.retries = retries;
    return c;
}

static void test_first_success_makes_ready(void **state)
{
    struct vm_config c = config(60000, 3);
    struct health_record r;

    (void)state;
    health_record_init(&r, 1000);
    assert_int_equal(r.now, VM_HEALTH_STARTING);
    assert_int_equal(health_record_pause(&r, &c), HEALTH_FIRST_TRIES_MS);
    for (int64_t at = 1000; at < 60999; at += 1000) {
        assert_false(health_record_add(&r, &c, false, at));
    }
    assert_int_equal(r.now, VM_HEALTH_STARTING);
    assert_true(health_record_add(&r, &c, true, 60999));
    assert_int_equal(r.now, VM_HEALTH_READY);
    assert_int_equal(health_record_pause(&r, &c), 30000);
    assert_false(health_record_add(&r, &c, true, 90999));
}

static void test_only_failures_in_a_row_count(void **state)
{
    struct vm_config c = config(0, 3);
    struct health_record r;

    (void)state;
    health_record_init(&r, 0);
    assert_true(health_record_add(&r, &c, true, 0));
    for (int round = 0; round < 5; round++) {
        assert_false(health_record_add(&r, &c, false, 1));
        assert_false(health_record_add(&r, &c, false, 2));
        assert_false(health_record_add(&r, &c, true, 3));
    }
    assert_false(health_record_add(&r, &c, false, 4));
    assert_false(health_record_add(&r, &c, false, 5));
    assert_true(health_record_add(&r, &c, false, 6));
    assert_int_equal(r.now, VM_HEALTH_UNHEALTHY);
    assert_false(health_record_add(&r, &c, false, 7));
    assert_true(health_record_add(&r, &c, true, 8));
    assert_int_equal(r.now, VM_HEALTH_READY);
    assert_false(health_record_add(&r, &c, false, 9)); /* the count began anew */
}

/* Failures that lie within the start period do not count afterwards, either. */
static void test_start_period(void **state)
{
    struct vm_config c = config(10000, 2);
    struct health_record r;

    (void)state;
    health_record_init(&r, 500);
    assert_false(health_record_add(&r, &c, false, 10499));
    assert_false(health_record_add(&r, &c, false, 10500));
    assert_int_equal(r.failures, 1);
    assert_int_equal(health_record_pause(&r, &c), 30000);
    assert_true(health_record_add(&r, &c, false, 40500));
    assert_int_equal(r.now, VM_HEALTH_UNHEALTHY);

    /* Once it was ready, the period is over. */
    health_record_init(&r, 500);
    assert_true(health_record_add(&r, &c, true, 600));
    assert_false(health_record_add(&r, &c, false, 700));
    assert_true(health_record_add(&r, &c, false, 800));
}

static void test_short_interval_is_kept(void **state)
{
    struct vm_config c = config(10000, 2);
    struct health_record r;

    (void)state;
    c.health.interval = 200;
    health_record_init(&r, 0);
    assert_int_equal(health_record_pause(&r, &c), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_success_makes_ready),
        cmocka_unit_test(test_only_failures_in_a_row_count),
        cmocka_unit_test(test_start_period),
        cmocka_unit_test(test_short_interval_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
