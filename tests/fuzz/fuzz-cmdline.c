/* SPDX-License-Identifier: ISC */
/*
 * A user's command line (vmm-worker/cmdline.c): what is accepted is printable, ends, and still has our
 * own words where the kernel reads them.
 */
#include <stdbool.h>
#include <string.h>

#include "../../vmm-worker/cmdline.h"
#include "fuzz-input.h"

/* Whether Linux, cutting words as its next_arg() does, meets panic=-1 as the last of its kind before
 * a word "--". */
static bool kernel_has_ours(const char *line)
{
    bool last = false;

    while (*line != '\0') {
        bool quoted = *line == '"';
        bool inside = quoted;
        size_t n = 0;
        size_t length;

        line += quoted;
        for (; line[n] != '\0' && (line[n] != ' ' || inside); n++) {
            inside ^= line[n] == '"';
        }
        length = quoted && n != 0 && line[n - 1] == '"' ? n - 1 : n;
        if (length == 2 && memcmp(line, "--", 2) == 0) {
            break;
        }
        if (length >= 6 && memcmp(line, "panic=", 6) == 0) {
            last = length == 8 && memcmp(line, "panic=-1", 8) == 0;
        }
        for (line += n; *line == ' '; line++) {
        }
    }
    return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char user[CMDLINE_SIZE * 2];
    char out[CMDLINE_SIZE];

    if (size >= sizeof(user)) {
        return 0;
    }
    memcpy(user, data, size);
    user[size] = '\0';
    if (cmdline_wants_hvc(user)) {
        FUZZ_CHECK(strstr(user, "hvc0") != NULL);
    }
    if (cmdline_compose(user, out) == 0) {
        FUZZ_CHECK(strlen(out) < CMDLINE_SIZE);
        FUZZ_CHECK(strncmp(out, "console=ttyS0 ", 14) == 0);
        FUZZ_CHECK(kernel_has_ours(out));
        for (const char *p = out; *p != '\0'; p++) {
            FUZZ_CHECK(*p >= 0x20 && *p <= 0x7e);
        }
    }
    return 0;
}
