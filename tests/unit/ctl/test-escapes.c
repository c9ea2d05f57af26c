/* SPDX-License-Identifier: ISC */
/*
 * test-escapes.c: what a guest's bytes may do to a terminal, wherever they are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "escapes.h"

static const char *const cases[][2] = {
    {"plain\r\n\ttext\b", "plain\r\n\ttext\b"},
    {"\033[1;31mred\033[0m\033[m", "\033[1;31mred\033[0m\033[m"},
    {"a\033]0;title\007b", "ab"},
    {"a\033]52;c;AAAA\033\\b", "ab"},
    {"a\033P1$r\033\\b", "ab"},
    {"a\033[6nb\033[c\033[?1049hc\033[2Jd\033[Ae", "abcde"},
    {"\033[>4;1mx\033[?4mx", "xx"},
    {"a\033cb\033(0c", "abc"},
    {"a\xc2\x9b"
     "6nb",
     "ab"},
    {"a\xc2\x9d"
     "0;t\007b",
     "ab"},
    {"a\x9b"
     "6nb",
     "a6nb"},
    {"\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80", "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"},
    {"\xe6x\xf0\x9f\n", "x\n"},
    {"bell\007\016\017\177", "bell"},
    {"a\033]never ended\nb", "a\nb"},
    {"\033[1\033[31mx", "\033[31mx"},
    {"\033[11111111111111111111111111111111111111mx", "x"},
    {"\033\033\033[0mx", "\033[0mx"},
};

static void check(const char *in, const char *wanted, size_t step)
{
    struct escapes e = {0};
    char out[512];
    size_t used = 0, size = strlen(in);

    for (size_t i = 0; i < size; i += step) {
        used += escapes_filter(&e, in + i, size - i < step ? size - i : step, out + used);
    }
    out[used] = '\0';
    assert_string_equal(out, wanted);
}

static void only_colours_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step < 8; step++) {
            check(cases[i][0], cases[i][1], step);
        }
        check(cases[i][0], cases[i][1], 512);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_colours_pass)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
