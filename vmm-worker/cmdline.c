/* SPDX-License-Identifier: ISC */
/* cmdline.c: see cmdline.h. */
#include "cmdline.h"

#include <stdio.h>
#include <string.h>

static const char head[] = "console=ttyS0";
static const char tail[] = "panic=-1";

/* Where the part for init begins: "--" as a word of its own, outside of quotes. The end of the
 * string if there is none. */
static size_t init_part(const char *s)
{
    size_t i = 0;
    int quoted = 0;

    for (; s[i] != '\0'; i++) {
        int starts = i == 0 || s[i - 1] == ' ';
        quoted ^= s[i] == '"';
        if (!quoted && starts && s[i] == '-' && s[i + 1] == '-' &&
            (s[i + 2] == ' ' || s[i + 2] == '\0')) {
            break;
        }
    }
    return i;
}

int cmdline_compose(const char *user, char out[CMDLINE_SIZE])
{
    size_t split = init_part(user);
    int n;

    for (const char *p = user; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e) {
            return -1;
        }
    }
    /* An open quote would swallow what comes behind it. */
    size_t quotes = 0;
    for (size_t i = 0; i < split; i++) {
        quotes += user[i] == '"';
    }
    if (quotes % 2 != 0) {
        return -1;
    }
    n = snprintf(out, CMDLINE_SIZE, "%s %.*s%s%s%s%s", head, (int)split, user,
                 split == 0 || user[split - 1] == ' ' ? "" : " ", tail,
                 user[split] == '\0' ? "" : " ", user + split);
    return n < 0 || (size_t)n >= CMDLINE_SIZE ? -1 : 0;
}
