/* SPDX-License-Identifier: ISC */
/* cmdline.c: see cmdline.h. */
#include "cmdline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char head[] = "console=ttyS0";
static const char tail[] = "panic=-1";

/* The length of the word at s, as the kernel's next_arg() cuts it: to a blank outside of quotes. */
static size_t word_length(const char *s)
{
    bool quoted = false;
    size_t n = 0;

    for (; s[n] != '\0' && (s[n] != ' ' || quoted); n++) {
        quoted ^= s[n] == '"';
    }
    return n;
}

/* Where the part for init begins: the word "--", with or without quotes, which the kernel takes
 * off. The end of the string if there is none. */
static size_t init_part(const char *s)
{
    size_t i = 0;

    while (s[i] != '\0') {
        size_t n = word_length(s + i);
        if ((n == 2 && memcmp(s + i, "--", 2) == 0) || (n == 3 && memcmp(s + i, "\"--", 3) == 0) ||
            (n == 4 && memcmp(s + i, "\"--\"", 4) == 0)) {
            break;
        }
        i += n;
        i += s[i] == ' ';
    }
    return i;
}

int cmdline_compose(const char *user, char out[CMDLINE_SIZE])
{
    size_t split = init_part(user);
    int n;

    for (const char *p = user; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e) {
            return -EINVAL;
        }
    }
    /* An open quote would swallow what comes behind it. */
    size_t quotes = 0;
    for (size_t i = 0; i < split; i++) {
        quotes += user[i] == '"';
    }
    if (quotes % 2 != 0) {
        return -EINVAL;
    }
    n = snprintf(out, CMDLINE_SIZE, "%s %.*s%s%s%s%s", head, (int)split, user,
                 split == 0 || user[split - 1] == ' ' ? "" : " ", tail,
                 user[split] == '\0' ? "" : " ", user + split);
    return n < 0 || (size_t)n >= CMDLINE_SIZE ? -E2BIG : 0;
}

/* Whether the value at s, of which n characters are left, names this console. */
static bool names(const char *s, size_t n, const char *console)
{
    size_t length = strlen(console);

    return n >= length && memcmp(s, console, length) == 0 &&
           (n == length || s[length] == ',' || s[length] == '"');
}

bool cmdline_wants_hvc(const char *user)
{
    static const char key[] = "console=";
    const char *end = user + init_part(user);
    bool hvc = false;

    for (const char *p = user; p < end; p += *p == ' ') {
        size_t length = word_length(p);
        const char *value = p + (*p == '"');
        size_t n = length - (*p == '"');

        if (n > sizeof(key) && memcmp(value, key, sizeof(key) - 1) == 0) {
            value += sizeof(key) - 1;
            n -= sizeof(key) - 1;
            n -= *value == '"';
            value += *value == '"';
            if (names(value, n, "hvc0") || names(value, n, "ttyS0")) {
                hvc = *value == 'h';
            }
        }
        p += length;
    }
    return hvc;
}
