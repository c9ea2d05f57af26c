/* SPDX-License-Identifier: ISC */
/* test-document.c: config/document.c and key_suggest. What is hostile ends in a diagnostic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "diagnostics.h"
#include "document.h"
#include "keys.h"

static struct diagnostics *d;

static int set_up(void **state)
{
    (void)state;
    d = diagnostics_new();
    return d ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    diagnostics_free(d);
    return 0;
}

static void refused(const char *text, size_t size, const char *expected)
{
    size_t from = diagnostics_count(d);
    const char *error;

    assert_null(document_parse_yaml("f.yaml", text, size, d));
    error = diagnostics_first_error(d, from);
    assert_non_null(error);
    assert_string_equal(error, expected);
}

#define REFUSED(text, expected) refused(text, sizeof(text) - 1, expected)

static void test_refusals(void **state)
{
    (void)state;
    REFUSED("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key \"a\" is written twice in this mapping");
    REFUSED("a: &x [*x]\n", "f.yaml:1:8: no anchor of this name comes before");
    REFUSED("a: \"x\\0y\"\n", "f.yaml:1:4: a text may not contain NUL");
    REFUSED("a: !foo 1\n", "f.yaml:1:4: tags are not used here, other than YAML's own");
    REFUSED("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; a file holds one");
    REFUSED("? [a]\n: 1\n", "f.yaml:1:1: a key of this mapping is no plain text");
}

static void test_bombs(void **state)
{
    static char deep[1000], large[DOCUMENT_BYTES_MAX + 1];
    static const char laughs[] = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                                 "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                                 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                                 "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";

    (void)state;
    REFUSED(laughs, "f.yaml:6:4: the aliases here expand to too many values");
    memset(deep, '[', sizeof(deep));
    refused(deep, sizeof(deep), "f.yaml:1:33: values are nested too deeply here");
    memset(large, ' ', sizeof(large));
    refused(large, sizeof(large), "f.yaml: the file is larger than 4 MiB");
}

static void test_places_and_merge(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "x: &x {a: 1, b: ~}\r\ny:\r\n  <<: *x\r\n  a: \"2\"\r\n";
    struct document *doc = document_parse_yaml("f.yaml", text, sizeof(text) - 1, d);
    const struct node *y;

    (void)state;
    assert_non_null(doc);
    y = node_get(doc->root, "y");
    assert_int_equal(y->count, 2);
    assert_string_equal(node_get(y, "a")->text, "2");
    assert_true(node_get(y, "a")->quoted);
    assert_int_equal(node_get(y, "a")->line, 4);
    assert_int_equal(node_get(y, "a")->column, 6);
    assert_int_equal(node_get(y, "b")->kind, NODE_NULL);
    document_free(doc);
}

static void test_suggestions(void **state)
{
    (void)state;
    assert_string_equal(key_suggest(vm_keys, "memroy"), "memory");
    assert_string_equal(key_suggest(vm_keys, "disk"), "disks");
    assert_null(key_suggest(vm_keys, "zzzzzz"));
    assert_null(key_suggest(vm_keys, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bombs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places_and_merge, set_up, tear_down),
        cmocka_unit_test(test_suggestions),
    };

    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
