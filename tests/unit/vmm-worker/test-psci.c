/* SPDX-License-Identifier: ISC */
/* test-psci.c: vmm-worker/psci.c. Each call's answer, and a vCPU thread's way through on and off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "psci.h"

#define CPUS 4u

enum {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    ALREADY_ON = -4,
    ON_PENDING = -5,
};

static int make(void **state)
{
    static struct psci psci;

    psci_init(&psci, CPUS);
    *state = &psci;
    return 0;
}

static int destroy(void **state)
{
    psci_destroy(*state);
    return 0;
}

static int64_t call(struct psci *psci, uint64_t fn, uint64_t x1, uint64_t x2, uint64_t x3)
{
    uint64_t x[4] = {fn, x1, x2, x3};

    assert_int_equal(psci_call(psci, 0, x), PSCI_RETURN);
    assert_int_equal(x[1], x1);
    assert_int_equal(x[2], x2);
    assert_int_equal(x[3], x3);
    return (int64_t)x[0];
}

static void test_versions_and_features(void **state)
{
    static const uint32_t known[] = {
        0x80000000, 0x84000000, 0x84000002, 0x84000003, 0xc4000003, 0x84000004,
        0xc4000004, 0x84000006, 0x84000008, 0x84000009, 0x8400000a,
    };
    static const uint32_t unknown[] = {
        0x84000001, 0xc4000001, 0x84000005, 0x84000007, 0xc4000008, 0x8400000b,
        0x80000001, 0xc4000000, 0xffffffff, 0,          0x84000012,
    };

    assert_int_equal(call(*state, 0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(*state, 0x80000000, 0, 0, 0), 0x10001);
    assert_int_equal(call(*state, 0x84000006, 0, 0, 0), 2);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_int_equal(call(*state, 0x8400000a, known[i], 0, 0), SUCCESS);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_int_equal(call(*state, 0x8400000a, unknown[i], 0, 0), NOT_SUPPORTED);
        assert_int_equal(call(*state, unknown[i], 0, 0, 0), NOT_SUPPORTED);
    }
    /* The number is W0; what is above it does not count. */
    assert_int_equal(call(*state, UINT64_C(0x1234567884000000), 0, 0, 0), 0x10001);
}

static void test_a_cpu_goes_on_and_off(void **state)
{
    struct psci *psci = *state;
    struct psci_start start;
    uint64_t off[4] = {0x84000002};

    assert_int_equal(call(psci, 0xc4000004, 2, 0, 0), 1);
    assert_int_equal(call(psci, 0xc4000003, 2, UINT64_C(0x4000000012345678), 77), SUCCESS);
    assert_int_equal(call(psci, 0xc4000004, 2, 0, 0), 2);
    assert_int_equal(call(psci, 0xc4000003, 2, 1, 1), ON_PENDING);

    assert_true(psci_wait(psci, 2, &start));
    assert_int_equal(start.entry, UINT64_C(0x4000000012345678));
    assert_int_equal(start.context, 77);
    assert_int_equal(call(psci, 0xc4000004, 2, 0, 0), 0);
    assert_int_equal(call(psci, 0xc4000003, 2, 1, 1), ALREADY_ON);

    assert_int_equal(psci_call(psci, 2, off), PSCI_STOP);
    assert_int_equal(call(psci, 0xc4000004, 2, 0, 0), 1);
    assert_int_equal(call(psci, 0x84000003, 2, UINT64_C(0xffffffff00001000), UINT64_MAX), SUCCESS);
    assert_true(psci_wait(psci, 2, &start));
    assert_int_equal(start.entry, 0x1000);
    assert_int_equal(start.context, UINT32_MAX);
}

static void test_refuses_cpus_that_are_not_there(void **state)
{
    static const uint64_t targets[] = {
        CPUS, 0x100, UINT64_C(0x100000000), UINT64_C(0x80000001), UINT64_MAX,
    };

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        assert_int_equal(call(*state, 0xc4000003, targets[i], 0, 0), INVALID_PARAMETERS);
        assert_int_equal(call(*state, 0xc4000004, targets[i], 0, 0), INVALID_PARAMETERS);
    }
    assert_int_equal(call(*state, 0xc4000004, 0, 1, 0), INVALID_PARAMETERS);
}

static void test_system_off_and_reset(void **state)
{
    uint64_t off[4] = {0x84000008}, reset[4] = {0x84000009};

    assert_int_equal(psci_call(*state, 1, off), PSCI_SYSTEM_OFF);
    assert_int_equal(psci_call(*state, 1, reset), PSCI_SYSTEM_RESET);
}

static void *wait_for_work(void *arg)
{
    struct psci_start start;

    return psci_wait(arg, 3, &start) ? arg : NULL;
}

static void test_close_wakes_waiting_threads(void **state)
{
    pthread_t thread;
    void *result = *state;

    assert_int_equal(pthread_create(&thread, NULL, wait_for_work, *state), 0);
    psci_close(*state);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    /* Nothing starts any more, even what was pending. */
    assert_int_equal(call(*state, 0xc4000003, 1, 0, 0), SUCCESS);
    assert_false(psci_wait(*state, 1, &(struct psci_start){0}));
}

/* A call from a 16-vCPU table never reaches a seventeenth, whatever its registers hold. */
static void test_any_registers_are_answered(void **state)
{
    static const uint64_t patterns[] = {
        0, 1, 3, 4, 0xff, 0x100, 0x7fffffff, 0x80000000, UINT64_C(0xff00000000), UINT64_MAX};
    struct psci *psci = *state;

    for (uint32_t fn = 0x84000000; fn < 0x84000020; fn++) {
        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
            for (size_t k = 0; k < sizeof(patterns) / sizeof(patterns[0]); k++) {
                uint64_t x[4] = {fn | (i & 1 ? 0x40000000 : 0), patterns[i], patterns[k], i};
                enum psci_outcome o = psci_call(psci, 0, x);
                assert_true(o <= PSCI_SYSTEM_RESET);
                if (o == PSCI_RETURN) {
                    assert_true((int64_t)x[0] >= -9 && (int64_t)x[0] <= 0x10001);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_versions_and_features, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_cpu_goes_on_and_off, make, destroy),
        cmocka_unit_test_setup_teardown(test_refuses_cpus_that_are_not_there, make, destroy),
        cmocka_unit_test_setup_teardown(test_system_off_and_reset, make, destroy),
        cmocka_unit_test_setup_teardown(test_any_registers_are_answered, make, destroy),
        cmocka_unit_test_setup_teardown(test_close_wakes_waiting_threads, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
