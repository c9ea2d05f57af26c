/* SPDX-License-Identifier: ISC */
/*
 * test-cmdline.c: vmm-worker/cmdline.c. Whatever the user's part is, the kernel sees ours, and sees it
 * last where the last one counts (BL-15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmdline.h"

/*
 * What Linux's parse_args() makes of a line, from its rules and not from ours: words end at blanks
 * outside of quotes, a quote before the word and one after it go, "--" ends the kernel's part.
 * Returns the last value of `name`, or NULL.
 */
static const char *kernel_value(const char *line, const char *name, bool *first_is_console)
{
    static char words[CMDLINE_SIZE];
    const char *found = NULL;
    char *p = words;
    bool first = true;

    snprintf(words, sizeof(words), "%s", line);
    while (*p != '\0') {
        bool quoted = *p == '"';
        bool inside = quoted;
        char *word = p + quoted;
        char *end = word;
        size_t n = strlen(name);

        for (; *end != '\0' && (*end != ' ' || inside); end++) {
            inside ^= *end == '"';
        }
        p = *end == '\0' ? end : end + 1;
        *end = '\0';
        if (quoted && end > word && end[-1] == '"') {
            end[-1] = '\0';
        }
        if (strcmp(word, "--") == 0) {
            break;
        }
        if (first) {
            *first_is_console = strcmp(word, "console=ttyS0") == 0;
            first = false;
        }
        if (strncmp(word, name, n) == 0 && word[n] == '=') {
            found = word + n + 1;
        }
        while (*p == ' ') {
            p++;
        }
    }
    return found;
}

static void test_ours_stand_whatever_the_user_says(void **state)
{
    static const char *const users[] = {
        "",
        " ",
        "quiet",
        "quiet ",
        "panic=0",
        "panic=5 panic=10",
        "console=hvc0 panic=100",
        "-- panic=7",
        "--",
        "foo -- init args \"open",
        "foo -- panic=3 -- panic=4",
        "\"--\" panic=3",
        "foo \"--\" panic=3",
        "foo \"-- bar\" panic=3",
        "a=\"x -- y\" panic=0",
        "\"a b\"=c panic=0",
        "x\"--\" panic=0",
        "--\"\" panic=0",
        "\"\"-- panic=0",
        "\"--\"\"\" panic=0",
        "--foo panic=0",
        "foo=-- panic=0",
        "  --  panic=1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        char out[CMDLINE_SIZE];
        bool console = false;
        const char *value;
        if (cmdline_compose(users[i], out) != 0) {
            fail_msg("refused: %s", users[i]);
        }
        value = kernel_value(out, "panic", &console);
        if (value == NULL || strcmp(value, "-1") != 0 || !console) {
            fail_msg("%s: the kernel sees panic=%s in: %s", users[i], value, out);
        }
    }
}

static void test_composes_as_documented(void **state)
{
    static const char *const rows[][2] = {
        {"", "console=ttyS0 panic=-1"},
        {"root=/dev/vda", "console=ttyS0 root=/dev/vda panic=-1"},
        {"root=/dev/vda -- single", "console=ttyS0 root=/dev/vda panic=-1 -- single"},
        {"-- single", "console=ttyS0 panic=-1 -- single"},
        {"a=\"b c\"", "console=ttyS0 a=\"b c\" panic=-1"},
    };
    char out[CMDLINE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(cmdline_compose(rows[i][0], out), 0);
        /* One blank more than needed is no difference. */
        for (char *p = strstr(out, "  "); p != NULL; p = strstr(out, "  ")) {
            memmove(p, p + 1, strlen(p));
        }
        assert_string_equal(out, rows[i][1]);
    }
}

static void test_finds_the_console_that_linux_would_choose(void **state)
{
    static const struct {
        const char *user;
        bool hvc;
    } rows[] = {
        {"", false},
        {"quiet", false},
        {"console=hvc0", true},
        {"quiet console=hvc0 root=/dev/vda", true},
        {"console=hvc0,115200", true},
        {"\"console=hvc0\"", true},
        {"console=\"hvc0\"", true},
        {"console=hvc0 console=ttyS0", false},
        {"console=ttyS0 console=hvc0", true},
        {"console=hvc0 console=ttyS0,115200n8", false},
        {"console=hvc0 \"console=ttyS0\"", false},
        {"console=hvc0 console=ttyAMA0", true}, /* there is none: Linux skips it */
        {"console=hvc0 console=", true},
        {"console=hvc", false},
        {"console=hvc1", false},
        {"console=hvc01", false},
        {"xconsole=hvc0", false},
        {"console=hvc0x", false},
        {"a=\"b console=hvc0\"", false},
        {"-- console=hvc0", false},
        {"console=hvc0 -- console=ttyS0", true},
        {"console=hvc0 -- ", true},
        {"  console=hvc0  ", true},
        {"\"", false},
        {"console=\"", false},
        {"\"console=", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cmdline_wants_hvc(rows[i].user) != rows[i].hvc) {
            fail_msg("%s: hvc0 is %s", rows[i].user, rows[i].hvc ? "not chosen" : "chosen");
        }
    }
}

static void test_refuses_what_would_swallow_ours(void **state)
{
    static const char *const users[] = {"\"",          "foo=\"bar", "a \"b\" \"c", "x\" -- y",
                                        "\"--\"x\" y", "a\nb",      "a\tb",        "\x01",
                                        "caf\xc3\xa9", "a\x7f"};
    char out[CMDLINE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        if (cmdline_compose(users[i], out) != -EINVAL) {
            fail_msg("accepted: %s", users[i]);
        }
    }
}

static void test_the_whole_line_has_a_limit(void **state)
{
    char user[CMDLINE_SIZE + 1];
    char out[CMDLINE_SIZE];
    size_t ours;

    (void)state;
    assert_int_equal(cmdline_compose("x", out), 0);
    ours = strlen(out) - 1;
    memset(user, 'x', sizeof(user));
    user[CMDLINE_SIZE - 1 - ours] = '\0';
    assert_int_equal(cmdline_compose(user, out), 0);
    assert_int_equal(strlen(out), CMDLINE_SIZE - 1);
    user[CMDLINE_SIZE - 1 - ours] = 'x';
    user[CMDLINE_SIZE - ours] = '\0';
    assert_int_equal(cmdline_compose(user, out), -E2BIG);
    user[CMDLINE_SIZE - ours] = 'x';
    user[CMDLINE_SIZE] = '\0';
    assert_int_equal(cmdline_compose(user, out), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours_stand_whatever_the_user_says),
        cmocka_unit_test(test_composes_as_documented),
        cmocka_unit_test(test_finds_the_console_that_linux_would_choose),
        cmocka_unit_test(test_refuses_what_would_swallow_ours),
        cmocka_unit_test(test_the_whole_line_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
