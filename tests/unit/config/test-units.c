/* SPDX-License-Identifier: ISC */
/* test-units.c: config/units.c. What is formatted parses to the same; what is not exact is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "units.h"

static void test_round_trips(void **state)
{
    uint64_t seed = 1, value, again;
    char text[UNITS_TEXT];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        value = (seed >> 1) >> (i % 63);
        assert_int_equal(units_parse_size(units_format_size(value, text), &again), 0);
        assert_true(again == value);
        assert_int_equal(units_parse_duration(units_format_duration(value, text), &again), 0);
        assert_true(again == value);
    }
}

static void test_forms(void **state)
{
    uint64_t v = 0;

    (void)state;
    assert_int_equal(units_parse_size("512", &v), 0);
    assert_true(v == (uint64_t)512 << 20);
    assert_int_equal(units_parse_size("1.5g", &v), 0);
    assert_true(v == (uint64_t)1536 << 20);
    assert_int_equal(units_parse_size("8388607TiB", &v), 0);
    assert_int_equal(units_parse_duration("30", &v), 0);
    assert_true(v == 30000);
    assert_int_equal(units_parse_duration("1h30m", &v), 0);
    assert_true(v == 5400000);
}

static void test_refusals(void **state)
{
    static const char *const bad[] = {"",    "-1",  "+1",  "1e3",  " 1",   "1 ",   "1x",
                                      "1.5", "1.G", ".5G", "0.3B", "0x10", "1,5G", "GiB"};
    uint64_t v;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(units_parse_size(bad[i], &v), -EINVAL);
        assert_int_equal(units_parse_duration(bad[i], &v), -EINVAL);
    }
    assert_int_equal(units_parse_duration("1h30", &v), -EINVAL);
    assert_int_equal(units_parse_duration("5m5", &v), -EINVAL);
    assert_int_equal(units_parse_size("8388608T", &v), -ERANGE);
    assert_int_equal(units_parse_size("99999999999999999999", &v), -ERANGE);
    assert_int_equal(units_parse_duration("106751991168d", &v), -ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
