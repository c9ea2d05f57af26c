/* SPDX-License-Identifier: ISC */
/* test-wire.c: common/wire.c. Nothing passes the end of a buffer, and a failure sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire.h"

static void test_numbers_are_little_endian(void **state)
{
    static const uint8_t expected[] = {0x12, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xf0,
                                       0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12};
    uint8_t buf[sizeof(expected)];
    struct wire_writer w = {.buf = buf, .size = sizeof(buf)};
    struct wire_reader r = {.buf = buf, .size = sizeof(buf)};

    (void)state;
    wire_put_u8(&w, 0x12);
    wire_put_u16(&w, 0x1234);
    wire_put_u32(&w, 0x12345678);
    wire_put_u64(&w, UINT64_C(0x123456789abcdef0));
    assert_false(w.failed);
    assert_int_equal(w.used, sizeof(buf));
    assert_memory_equal(buf, expected, sizeof(buf));
    assert_int_equal(wire_get_u8(&r), 0x12);
    assert_int_equal(wire_get_u16(&r), 0x1234);
    assert_int_equal(wire_get_u32(&r), 0x12345678);
    assert_false(wire_complete(&r));
    assert_int_equal(wire_get_u64(&r), UINT64_C(0x123456789abcdef0));
    assert_true(wire_complete(&r));
}

static void test_a_writer_stops_at_the_end(void **state)
{
    uint8_t buf[8];
    struct wire_writer w = {.buf = buf, .size = 5};

    (void)state;
    memset(buf, 0xee, sizeof(buf));
    wire_put_u32(&w, 1);
    wire_put_u16(&w, 2);
    assert_true(w.failed);
    assert_int_equal(w.used, 4);
    wire_put_u8(&w, 3); /* there is room for this one, but what came before is missing */
    wire_put_bytes(&w, "", 0);
    assert_true(w.failed);
    for (size_t i = 4; i < sizeof(buf); i++) {
        assert_int_equal(buf[i], 0xee);
    }
}

static void test_a_reader_gives_zeros_after_the_end(void **state)
{
    static const uint8_t buf[3] = {1, 2, 3};
    struct wire_reader r = {.buf = buf, .size = sizeof(buf)};
    uint8_t out[2] = {9, 9};

    (void)state;
    assert_int_equal(wire_get_u16(&r), 0x201);
    assert_int_equal(wire_get_u32(&r), 0);
    assert_int_equal(wire_get_u8(&r), 0);
    wire_get_bytes(&r, out, sizeof(out));
    assert_int_equal(out[0] | out[1], 0);
    assert_false(wire_complete(&r));
}

static void test_strings(void **state)
{
    uint8_t buf[16];
    char out[4];
    struct wire_writer w = {.buf = buf, .size = sizeof(buf)};
    struct wire_reader r;

    (void)state;
    wire_put_string(&w, "abc");
    assert_int_equal(w.used, 5);
    r = (struct wire_reader){.buf = buf, .size = w.used};
    wire_get_string(&r, out, sizeof(out));
    assert_true(wire_complete(&r));
    assert_string_equal(out, "abc");

    /* One more than fits, a length behind the end, a NUL inside: empty, and failed. */
    r = (struct wire_reader){.buf = buf, .size = w.used};
    wire_get_string(&r, out, 3);
    assert_true(r.failed);
    assert_string_equal(out, "");
    r = (struct wire_reader){.buf = buf, .size = w.used - 1};
    wire_get_string(&r, out, sizeof(out));
    assert_true(r.failed);
    assert_string_equal(out, "");
    buf[3] = 0;
    r = (struct wire_reader){.buf = buf, .size = w.used};
    wire_get_string(&r, out, sizeof(out));
    assert_true(r.failed);
    assert_string_equal(out, "");
}

static void test_a_string_that_its_length_cannot_say_fails(void **state)
{
    static char text[UINT16_MAX + 2];
    static uint8_t buf[UINT16_MAX + 16];
    struct wire_writer w = {.buf = buf, .size = sizeof(buf)};

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    wire_put_string(&w, text);
    assert_true(w.failed);
    text[UINT16_MAX] = '\0';
    w = (struct wire_writer){.buf = buf, .size = sizeof(buf)};
    wire_put_string(&w, text);
    assert_false(w.failed);
    assert_int_equal(w.used, 2 + UINT16_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_little_endian),
        cmocka_unit_test(test_a_writer_stops_at_the_end),
        cmocka_unit_test(test_a_reader_gives_zeros_after_the_end),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_a_string_that_its_length_cannot_say_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
