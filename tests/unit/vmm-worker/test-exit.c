/* SPDX-License-Identifier: ISC */
/* test-exit.c: vmm-worker/exit.c. Syndromes as the Arm ARM lays them out (D17.2.37). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exit.h"

/* ISS of a data abort. */
static uint64_t dabort(unsigned sas, unsigned sse, unsigned srt, unsigned sf, unsigned wnr)
{
    return UINT64_C(0x24) << 26 | UINT64_C(1) << 25 | UINT64_C(1) << 24 | (uint64_t)sas << 22 |
           (uint64_t)sse << 21 | (uint64_t)srt << 16 | (uint64_t)sf << 15 | (uint64_t)wnr << 6 | 7;
}

static void test_decodes_every_access(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 1u << 10; bits++) {
        unsigned sas = bits & 3, sse = bits >> 2 & 1, srt = bits >> 3 & 31, sf = bits >> 8 & 1,
                 wnr = bits >> 9 & 1;
        struct exit_access a = exit_decode_access(dabort(sas, sse, srt, sf, wnr));
        assert_true(a.valid);
        assert_int_equal(a.size, 1u << sas);
        assert_int_equal(a.sign_extend, sse);
        assert_int_equal(a.reg, srt);
        assert_int_equal(a.wide, sf);
        assert_int_equal(a.write, wnr);
        assert_false(a.cache_op);
        assert_false(a.walk);
    }
    assert_false(exit_decode_access(UINT64_C(0x24) << 26 | 7).valid);
    assert_true(exit_decode_access(dabort(2, 0, 0, 0, 0) | 1u << 8).cache_op);
    assert_true(exit_decode_access(dabort(2, 0, 0, 0, 0) | 1u << 7).walk);
    assert_int_equal(exit_class(dabort(0, 0, 0, 0, 0)), EXIT_DABORT);
    assert_int_equal(exit_class(UINT64_MAX), 0x3f);
}

static void test_loads_extend_as_the_instruction_says(void **state)
{
    static const struct {
        unsigned sas, sse, sf;
        uint64_t value, result;
    } rows[] = {
        {0, 0, 0, UINT64_C(0xffffffffffffff80), 0x80},
        {0, 1, 0, 0x80, 0xffffff80},
        {0, 1, 1, 0x80, UINT64_C(0xffffffffffffff80)},
        {0, 1, 1, 0x7f, 0x7f},
        {1, 0, 0, UINT64_C(0xffffffffffff8000), 0x8000},
        {1, 1, 0, 0x8000, 0xffff8000},
        {1, 1, 1, 0x8000, UINT64_C(0xffffffffffff8000)},
        {2, 0, 0, UINT64_C(0x1234567880000000), 0x80000000},
        {2, 0, 1, UINT64_C(0x1234567880000000), 0x80000000},
        {2, 1, 1, 0x80000000, UINT64_C(0xffffffff80000000)},
        {3, 0, 1, UINT64_C(0x8000000000000001), UINT64_C(0x8000000000000001)},
        {3, 1, 1, UINT64_C(0x8000000000000001), UINT64_C(0x8000000000000001)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exit_access a =
            exit_decode_access(dabort(rows[i].sas, rows[i].sse, 0, rows[i].sf, 0));
        assert_int_equal(exit_load_result(&a, rows[i].value), rows[i].result);
    }
}

static void test_stores_give_no_more_than_their_size(void **state)
{
    static const uint64_t expected[] = {0x88, 0x7788, 0x55667788, UINT64_C(0x1122334455667788)};

    (void)state;
    for (unsigned sas = 0; sas < 4; sas++) {
        struct exit_access a = exit_decode_access(dabort(sas, 0, 0, 0, 1));
        assert_int_equal(exit_store_value(&a, UINT64_C(0x1122334455667788)), expected[sas]);
    }
}

/* MRS X3, ICC_CTLR_EL1 (S3_0_C12_C12_4) and MSR OSLAR_EL1 (S2_0_C1_C0_4), XZR. */
static void test_decodes_system_registers(void **state)
{
    uint64_t mrs =
        UINT64_C(0x18) << 26 | 3u << 20 | 4u << 17 | 0u << 14 | 12u << 10 | 3u << 5 | 12u << 1 | 1;
    uint64_t msr = UINT64_C(0x18) << 26 | 2u << 20 | 4u << 17 | 0u << 14 | 1u << 10 | 31u << 5;
    struct exit_sysreg r = exit_decode_sysreg(mrs);

    (void)state;
    assert_int_equal(r.op0, 3);
    assert_int_equal(r.op1, 0);
    assert_int_equal(r.crn, 12);
    assert_int_equal(r.crm, 12);
    assert_int_equal(r.op2, 4);
    assert_int_equal(r.reg, 3);
    assert_true(r.read);
    r = exit_decode_sysreg(msr);
    assert_int_equal(r.op0, 2);
    assert_int_equal(r.crn, 1);
    assert_int_equal(r.crm, 0);
    assert_int_equal(r.reg, EXIT_REG_ZERO);
    assert_false(r.read);
    r = exit_decode_sysreg(UINT64_C(0x18) << 26 | 7u << 14);
    assert_int_equal(r.op1, 7);
    assert_int_equal(r.op0 | r.op2 | r.crn | r.crm | r.reg, 0);
}

static void test_only_wfi_is_for_waiting(void **state)
{
    (void)state;
    assert_true(exit_is_wfi(UINT64_C(0x01) << 26 | 1u << 25));
    assert_false(exit_is_wfi(UINT64_C(0x01) << 26 | 1u << 25 | 1));
    assert_false(exit_is_wfi(UINT64_C(0x01) << 26 | 1u << 25 | 2));
    assert_false(exit_is_wfi(UINT64_C(0x01) << 26 | 1u << 25 | 3));
}

static void test_every_class_has_a_name(void **state)
{
    (void)state;
    for (unsigned class = 0; class < EXIT_CLASSES; class ++) {
        assert_non_null(exit_class_name(class));
    }
    assert_string_equal(exit_class_name(EXIT_DABORT), "mmio");
    assert_string_equal(exit_class_name(0x3f), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decodes_every_access),
        cmocka_unit_test(test_loads_extend_as_the_instruction_says),
        cmocka_unit_test(test_stores_give_no_more_than_their_size),
        cmocka_unit_test(test_decodes_system_registers),
        cmocka_unit_test(test_only_wfi_is_for_waiting),
        cmocka_unit_test(test_every_class_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
