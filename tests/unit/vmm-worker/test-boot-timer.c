/* SPDX-License-Identifier: ISC */
/* test-boot-timer.c: vmm-worker/devices/boot-timer.c. One report, for the right byte at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices/boot-timer.h"
#include "host-clock.h"

static unsigned reports;
static uint64_t reported;

static void on_booted(void *ctx, uint64_t microseconds)
{
    assert_ptr_equal(ctx, &reports);
    reports++;
    reported = microseconds;
}

static void test_reports_once(void **state)
{
    struct boot_timer *t = boot_timer_new(on_booted, &reports);
    uint64_t before = host_ns();

    (void)state;
    assert_non_null(t);
    boot_timer_start(t);
    boot_timer_ops.write(t, 0, 1, 0);
    boot_timer_ops.write(t, 0, 4, 122);
    boot_timer_ops.write(t, 4, 1, BOOT_TIMER_MAGIC);
    boot_timer_ops.write(t, 0, 8, UINT64_C(0x100000000) + BOOT_TIMER_MAGIC);
    assert_int_equal(reports, 0);
    boot_timer_ops.write(t, 0, 1, BOOT_TIMER_MAGIC);
    assert_int_equal(reports, 1);
    assert_true(reported <= (host_ns() - before) / 1000);
    boot_timer_ops.write(t, 0, 4, BOOT_TIMER_MAGIC);
    assert_int_equal(reports, 1);
    boot_timer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
