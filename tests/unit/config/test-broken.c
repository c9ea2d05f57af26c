/* SPDX-License-Identifier: ISC */
/*
 * test-broken.c: each broken/NAME.yaml gets exactly the text of broken/NAME.txt.
 *
 * With BROKEN_WRITE=1 in the environment the texts are written instead, to be read before a commit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <string.h>

#include "diagnostics.h"
#include "files.h"
#include "host-config.h"

#define FOLDER     "tests/unit/config/broken/"
#define LEAST      50u
#define OUTPUT_MAX (64u << 10)

/* What is told of the file, and in the last line whose mistakes they are. */
static void tell(const char *name, char *out, size_t size)
{
    char path[300];
    struct host_file file = {.path = name};
    struct diagnostics *d = diagnostics_new();
    struct host_config c;
    size_t errors, disabled = 0;
    FILE *f = fmemopen(out, size, "w");
    char *text;

    assert_non_null(d);
    assert_non_null(f);
    snprintf(path, sizeof(path), FOLDER "%s", name);
    text = file_read(path, &file.size);
    assert_non_null(text);
    file.text = text;
    errors = host_config_read(&c, &file, 1, d);
    diagnostics_print(d, f, false);
    for (size_t i = 0; i < c.vm_count; i++) {
        disabled += c.vm[i].error != NULL;
    }
    fprintf(f, "%zu of the host, %zu of %zu VMs disabled\n", errors, disabled, c.vm_count);
    fclose(f);
    assert_true(diagnostics_errors(d) > 0);
    host_config_free(&c);
    diagnostics_free(d);
    free(text);
}

static void compare(const char *name)
{
    static char out[OUTPUT_MAX];
    char path[300];
    char *expected;
    size_t size;

    tell(name, out, sizeof(out));
    snprintf(path, sizeof(path), FOLDER "%.*s.txt", (int)(strlen(name) - strlen(".yaml")), name);
    if (getenv("BROKEN_WRITE")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(out, f);
        fclose(f);
        return;
    }
    expected = file_read(path, &size);
    if (!expected) {
        fail_msg("%s is missing", path);
    } else if (strcmp(out, expected) != 0) {
        fail_msg("%s: expected\n%sbut got\n%s", name, expected, out);
    }
    free(expected);
}

static void test_each_broken_file_gets_its_text(void **state)
{
    DIR *folder = opendir(FOLDER);
    const struct dirent *entry;
    unsigned count = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        const char *dot = strrchr(entry->d_name, '.');

        if (dot && strcmp(dot, ".yaml") == 0) {
            compare(entry->d_name);
            count++;
        }
    }
    closedir(folder);
    assert_true(count >= LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_broken_file_gets_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
