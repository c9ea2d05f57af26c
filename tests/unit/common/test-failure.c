/* SPDX-License-Identifier: ISC */
/*
 * test-failure.c: common/failure.c. Names and codes are stable and say one thing each; exit statuses are those of
 * vmctl(8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "failure.h"

static void test_every_failure_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned f = 0; f < FAILURE_COUNT; f++) {
        const char *name = failure_name((enum failure)f);
        assert_true(name != NULL && *name != '\0');
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        assert_int_equal(failure_by_name(name), f);
    }
    assert_string_equal(failure_name(FAILURE_NO_SUCH_VM), "no_such_vm");
    assert_string_equal(failure_name(FAILURE_OVER_BUDGET), "over_budget");
}

static void test_what_is_unknown_is_internal(void **state)
{
    (void)state;
    assert_int_equal(failure_by_name("no_such_failure"), FAILURE_INTERNAL);
    assert_int_equal(failure_by_name(""), FAILURE_INTERNAL);
    assert_int_equal(failure_by_name(NULL), FAILURE_INTERNAL);
    assert_string_equal(failure_name((enum failure)1000), "internal");
    assert_int_equal(failure_rpc_code((enum failure) - 1), -32603);
    assert_int_equal(failure_exit_status(FAILURE_COUNT), 1);
}

static void test_codes_differ_and_are_in_json_rpc_s_ranges(void **state)
{
    (void)state;
    for (unsigned f = 1; f < FAILURE_COUNT; f++) {
        int code = failure_rpc_code((enum failure)f);
        assert_true((code >= -32099 && code < -32000) || (code >= -32700 && code <= -32600));
        for (unsigned g = 1; g < f; g++) {
            assert_int_not_equal(code, failure_rpc_code((enum failure)g));
        }
    }
    assert_int_equal(failure_rpc_code(FAILURE_BAD_REQUEST), -32600);
    assert_int_equal(failure_rpc_code(FAILURE_NO_SUCH_METHOD), -32601);
    assert_int_equal(failure_rpc_code(FAILURE_BAD_PARAMS), -32602);
}

static void test_exit_statuses(void **state)
{
    static const struct {
        enum failure f;
        int status;
    } rows[] = {{FAILURE_NONE, 0},         {FAILURE_INTERNAL, 1},    {FAILURE_BAD_PARAMS, 2},
                {FAILURE_NO_SUCH_VM, 3},   {FAILURE_WRONG_STATE, 4}, {FAILURE_NAME_TAKEN, 4},
                {FAILURE_OVER_BUDGET, 5},  {FAILURE_DRAINING, 5},    {FAILURE_BUSY, 5},
                {FAILURE_UNREACHABLE, 6},  {FAILURE_DENIED, 7},      {FAILURE_TIMED_OUT, 124},
                {FAILURE_START_FAILED, 1}, {FAILURE_IN_USE, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(failure_exit_status(rows[i].f), rows[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_failure_has_a_name_of_its_own),
        cmocka_unit_test(test_what_is_unknown_is_internal),
        cmocka_unit_test(test_codes_differ_and_are_in_json_rpc_s_ranges),
        cmocka_unit_test(test_exit_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
