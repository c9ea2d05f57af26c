/* SPDX-License-Identifier: ISC */
/*
 * test-restart.c: supervisor/restart.c: the policies as a table, the back-off, and loops of failures and resets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "restart.h"

#define LONG  10000 /* a run as long as the window */
#define SHORT 9999

static struct vm_config config(enum restart_policy policy, uint32_t max)
{
    return (struct vm_config){.restart = policy,
                              .restart_max = max,
                              .restart_delay = 100,
                              .restart_delay_max = 60000,
                              .restart_window = LONG};
}

static const struct {
    enum restart_policy policy;
    enum run_result result;
    bool stopped;
    bool again;
} policies[] = {
    {RESTART_NO, RUN_SUCCEEDED, false, false},
    {RESTART_NO, RUN_FAILED, false, false},
    {RESTART_NO, RUN_RESET, false, true},
    {RESTART_NO, RUN_RESET, true, false},
    {RESTART_ON_FAILURE, RUN_SUCCEEDED, false, false},
    {RESTART_ON_FAILURE, RUN_FAILED, false, true},
    {RESTART_ON_FAILURE, RUN_RESET, false, true},
    {RESTART_ON_FAILURE, RUN_FAILED, true, false},
    {RESTART_ALWAYS, RUN_SUCCEEDED, false, true},
    {RESTART_ALWAYS, RUN_FAILED, false, true},
    {RESTART_ALWAYS, RUN_RESET, false, true},
    {RESTART_ALWAYS, RUN_SUCCEEDED, true, false},
    {RESTART_ALWAYS, RUN_RESET, true, false},
    {RESTART_UNLESS_STOPPED, RUN_SUCCEEDED, false, true},
    {RESTART_UNLESS_STOPPED, RUN_FAILED, false, true},
    {RESTART_UNLESS_STOPPED, RUN_RESET, false, true},
    {RESTART_UNLESS_STOPPED, RUN_SUCCEEDED, true, false},
    {RESTART_UNLESS_STOPPED, RUN_FAILED, true, false},
};

static void test_policies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        struct vm_config c = config(policies[i].policy, 0);
        struct restart_plan p =
            restart_decide(&c, policies[i].result, SHORT, 0, policies[i].stopped);

        if (p.again != policies[i].again || p.give_up) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_back_off(void **state)
{
    static const uint64_t expected[] = {100,   200,   400,   800,   1600,  3200, 6400,
                                        12800, 25600, 51200, 60000, 60000, 60000};
    struct vm_config c = config(RESTART_ON_FAILURE, 0);
    uint32_t attempts = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        struct restart_plan p = restart_decide(&c, RUN_FAILED, SHORT, attempts, false);

        assert_true(p.again);
        assert_int_equal(p.attempts, i + 1);
        assert_true(p.delay == expected[i]);
        attempts = p.attempts;
    }
    /* A run as long as the window begins the count anew. */
    assert_int_equal(restart_decide(&c, RUN_FAILED, LONG, attempts, false).attempts, 1);
    assert_true(restart_decide(&c, RUN_FAILED, LONG, attempts, false).delay == 100);
    /* So does a success. */
    c.restart = RESTART_ALWAYS;
    assert_int_equal(restart_decide(&c, RUN_SUCCEEDED, SHORT, attempts, false).attempts, 0);
    assert_true(restart_decide(&c, RUN_SUCCEEDED, SHORT, attempts, false).delay == 100);
}

/* on-failure:3 is three restarts; the fourth failure in a row is the last. */
static void test_cap(void **state)
{
    static const enum restart_policy capped[] = {RESTART_ON_FAILURE, RESTART_ALWAYS,
                                                 RESTART_UNLESS_STOPPED};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct vm_config c = config(capped[i], 3);
        struct restart_plan p = {0};

        for (int n = 0; n < 3; n++) {
            p = restart_decide(&c, RUN_FAILED, SHORT, p.attempts, false);
            assert_true(p.again && !p.give_up);
        }
        p = restart_decide(&c, RUN_FAILED, LONG, p.attempts, false);
        assert_true(p.again); /* a long run spared it */
        p = restart_decide(&c, RUN_FAILED, SHORT, 3, false);
        assert_true(!p.again && p.give_up);
        assert_int_equal(p.attempts, 4);
    }
}

/* One reset is at once; a loop of them backs off like failures, and meets the cap like them. */
static void test_reset_loops(void **state)
{
    struct vm_config c = config(RESTART_NO, 3);
    struct restart_plan p = {0};
    uint64_t total = 0;

    (void)state;
    p = restart_decide(&c, RUN_RESET, SHORT, 0, false);
    assert_true(p.again && p.delay == 0 && p.attempts == 1);
    p = restart_decide(&c, RUN_RESET, SHORT, p.attempts, false);
    assert_true(p.again && p.delay == 100 && p.attempts == 2);
    p = restart_decide(&c, RUN_RESET, LONG, p.attempts, false);
    assert_true(p.again && p.delay == 0 && p.attempts == 0);
    for (int i = 0; i < 1000; i++) { /* `no` has no cap: it goes on, slowly */
        p = restart_decide(&c, RUN_RESET, 0, p.attempts, false);
        assert_true(p.again);
        total += p.delay;
    }
    assert_true(total > UINT64_C(980) * 60000);

    c.restart = RESTART_ALWAYS;
    p = (struct restart_plan){0};
    for (int i = 0; i < 3; i++) {
        p = restart_decide(&c, RUN_RESET, SHORT, p.attempts, false);
        assert_true(p.again);
    }
    p = restart_decide(&c, RUN_RESET, SHORT, p.attempts, false);
    assert_true(!p.again && p.give_up);
    /* Resets and failures are counted together. */
    p = restart_decide(&c, RUN_RESET, SHORT, 2, false);
    assert_int_equal(p.attempts, 3);
    assert_true(restart_decide(&c, RUN_FAILED, SHORT, p.attempts, false).give_up);
}

static void test_extremes(void **state)
{
    struct vm_config c = config(RESTART_ALWAYS, 0);
    struct restart_plan p;

    (void)state;
    p = restart_decide(&c, RUN_FAILED, 0, UINT32_MAX, false);
    assert_true(p.again && p.attempts == UINT32_MAX && p.delay == 60000);
    c.restart_delay = UINT64_MAX / 2 + 1;
    c.restart_delay_max = UINT64_MAX;
    assert_true(restart_decide(&c, RUN_FAILED, 0, 5, false).delay == UINT64_MAX);
    c.restart_delay = 0;
    assert_true(restart_decide(&c, RUN_FAILED, 0, UINT32_MAX - 1, false).delay == 0);
    c.restart_delay = 500;
    c.restart_delay_max = 100; /* the maximum holds */
    assert_true(restart_decide(&c, RUN_FAILED, 0, 0, false).delay == 100);
    c.restart_window = 0; /* every run is long enough */
    assert_int_equal(restart_decide(&c, RUN_FAILED, 0, 7, false).attempts, 1);
    assert_false(restart_decide(&c, RUN_NEVER, 0, 0, false).again);
}

static const struct {
    enum restart_policy policy;
    bool autostart;
    int override;
    bool was_running, stopped;
    bool runs;
} boots[] = {
    {RESTART_NO, false, -1, false, false, false},
    {RESTART_NO, true, -1, false, false, true},
    {RESTART_NO, true, 0, false, false, false},
    {RESTART_NO, false, 1, false, false, true},
    {RESTART_NO, false, -1, true, false, false},
    {RESTART_ON_FAILURE, false, -1, true, false, true},
    {RESTART_ON_FAILURE, false, -1, false, true, false},
    {RESTART_ALWAYS, false, -1, false, false, false},
    {RESTART_ALWAYS, false, -1, true, false, true},
    {RESTART_ALWAYS, false, -1, false, true, true},
    {RESTART_UNLESS_STOPPED, false, -1, false, false, false},
    {RESTART_UNLESS_STOPPED, false, -1, true, false, true},
    {RESTART_UNLESS_STOPPED, false, -1, false, true, false},
    {RESTART_UNLESS_STOPPED, true, -1, false, true, false},
    {RESTART_UNLESS_STOPPED, true, -1, false, false, true},
};

static void test_at_boot(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(boots) / sizeof(boots[0]); i++) {
        struct vm_config c = config(boots[i].policy, 0);

        c.autostart = boots[i].autostart;
        if (restart_at_boot(&c, boots[i].override, boots[i].was_running, boots[i].stopped) !=
            boots[i].runs) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies), cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_cap),      cmocka_unit_test(test_reset_loops),
        cmocka_unit_test(test_extremes), cmocka_unit_test(test_at_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
