/* SPDX-License-Identifier: ISC */
/* test-outcome.c: common/outcome.c. The codes and names that others store do not move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "outcome.h"

static void test_codes_and_names_are_stable(void **state)
{
    static const char *const names[] = {
        "running",       "guest_power_off", "stopped",    "guest_reset",      "guest_panic",
        "stop_ignored",  "stop_timeout",    "killed",     "hypervisor_error", "device_error",
        "start_refused", "orphaned",        "worker_died"};

    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), OUTCOME_COUNT);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        const char *text = outcome_text((enum outcome)i);
        assert_string_equal(outcome_name((enum outcome)i), names[i]);
        assert_true(strlen(text) > 0);
        assert_int_not_equal(text[strlen(text) - 1], '.');
    }
    assert_int_equal(OUTCOME_POWER_OFF, 1);
    assert_int_equal(OUTCOME_ORPHANED, 11);
    assert_int_equal(OUTCOME_WORKER_DIED, 12);
}

static void test_steps_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < STEP_COUNT; i++) {
        assert_string_not_equal(start_step_name((enum start_step)i), "unknown");
    }
    assert_string_equal(start_step_name(STEP_KERNEL), "kernel");
}

static void test_what_is_out_of_range_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(outcome_name(OUTCOME_COUNT), "unknown");
    assert_string_equal(outcome_name((enum outcome)1000), "unknown");
    assert_string_equal(start_step_name(STEP_COUNT), "unknown");
    assert_true(strlen(outcome_text(OUTCOME_COUNT)) > 0);
}

static void test_exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(outcome_exit_status(OUTCOME_POWER_OFF), 0);
    assert_int_equal(outcome_exit_status(OUTCOME_STOPPED), 0);
    for (int i = OUTCOME_RESET; i < OUTCOME_COUNT; i++) {
        assert_int_equal(outcome_exit_status((enum outcome)i), 100 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_and_names_are_stable),
        cmocka_unit_test(test_steps_have_names),
        cmocka_unit_test(test_what_is_out_of_range_is_unknown),
        cmocka_unit_test(test_exit_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
