/* SPDX-License-Identifier: ISC */
/*
 * test-output.c: tables, templates, times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output.h"

static char *text;
static size_t text_size;

static char *table_text(const char *const *titles, const char *const *cells, size_t width)
{
    FILE *out = open_memstream(&text, &text_size);
    struct table *t = table_new(titles);

    for (; *cells; cells++) {
        table_add(t, *cells);
    }
    table_print(t, out, true, width, false);
    table_free(t);
    fclose(out);
    return text;
}

static void columns_fit_their_widest_cell(void **state)
{
    static const char *const titles[] = {"NAME", ">CPUS", "IP", NULL};
    static const char *const cells[] = {"a", "1", "", "a-long-name", "16", "10.0.0.1", NULL};

    (void)state;
    assert_string_equal(table_text(titles, cells, 0), "NAME          CPUS   IP\n"
                                                      "a                1   -\n"
                                                      "a-long-name     16   10.0.0.1\n");
    free(text);
}

static void wide_and_combining_characters_keep_columns_straight(void **state)
{
    static const char *const titles[] = {"A", "B", NULL};
    static const char *const cells[] = {"\xe6\x97\xa5", "x", "e\xcc\x81", "y", NULL};

    (void)state;
    assert_int_equal(output_width("\xe6\x97\xa5"), 2);
    assert_int_equal(output_width("e\xcc\x81"), 1);
    assert_int_equal(output_width("\xff\xc3"), 2);
    assert_string_equal(table_text(titles, cells, 0), "A    B\n\xe6\x97\xa5   x\ne\xcc\x81    y\n");
    free(text);
}

static void a_narrow_terminal_cuts_gaps_and_then_the_widest_column(void **state)
{
    static const char *const titles[] = {"NAME", "STATE", NULL};
    static const char *const cells[] = {"abcdefghijklmnopqrst", "up", NULL};

    (void)state;
    assert_string_equal(table_text(titles, cells, 20), "NAME           STATE\n"
                                                       "abcdefghijklm\xe2\x80\xa6 up\n");
    free(text);
    assert_string_equal(table_text(titles, cells, 27), "NAME                  STATE\n"
                                                       "abcdefghijklmnopqrst  up\n");
    free(text);
}

/* Also those that are two bytes of UTF-8; letters of the same first byte are none. */
static void controls_of_two_bytes_do_not_either(void **state)
{
    static const char *const titles[] = {"A", NULL};
    static const char *const cells[] = {"a\xc2\x9b[2Jb\xc2\xa7", NULL};

    (void)state;
    assert_string_equal(table_text(titles, cells, 0), "A\na??[2Jb\xc2\xa7\n");
    free(text);
    assert_int_equal(output_control("\xc2\x9b"), 2);
    assert_int_equal(output_control("\xc2"), 0);
    assert_int_equal(output_control(""), 0);
}

static void controls_do_not_reach_the_terminal(void **state)
{
    static const char *const titles[] = {"A", NULL};
    static const char *const cells[] = {"x\033[2Jy\n", NULL};

    (void)state;
    assert_string_equal(table_text(titles, cells, 0), "A\nx?[2Jy?\n");
    free(text);
}

static int print(const char *template, char *why)
{
    json_t *vm = json_pack("{s:s,s:I,s:s,s:{s:s},s:n}", "name", "web", "uptime_ms", (json_int_t)5,
                           "created_at", "now", "labels", "my_team", "red", "ip");
    FILE *out = open_memstream(&text, &text_size);
    int err = template_print(template, vm, out, why, 256);

    fclose(out);
    json_decref(vm);
    return err;
}

static void templates_name_fields_as_people_type_them(void **state)
{
    static const char *const cases[][2] = {
        {"{{.Name}} {{ .name }}", "web web\n"},
        {"{{.UptimeMs}}{{.CreatedAt}}", "5now\n"},
        {"{{.Labels.my_team}}", "red\n"},
        {"{{.Labels.other}}|", "|\n"},
        {"[{{.IP}}]", "[]\n"},
        {"a\\tb\\\\{", "a\tb\\{\n"},
        {"{{json .labels}}", "{\"my_team\":\"red\"}\n"},
    };
    char why[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(print(cases[i][0], why), 0);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
    assert_true(print("{{.Nmae}}", why) < 0);
    free(text);
    assert_non_null(strstr(why, "name, uptime_ms"));
    assert_true(print("{{Name}}", why) < 0);
    free(text);
}

static void formats_are_refused_by_name(void **state)
{
    struct format f;
    char why[256];

    (void)state;
    assert_int_equal(format_parse(NULL, &f, why, sizeof(why)), 0);
    assert_int_equal(f.kind, FORMAT_TABLE);
    assert_int_equal(format_parse("jsonl", &f, why, sizeof(why)), 0);
    assert_int_equal(f.kind, FORMAT_JSONL);
    assert_true(format_parse("yaml", &f, why, sizeof(why)) < 0);
    assert_true(format_parse("{{.Name", &f, why, sizeof(why)) < 0);
}

static void times_are_rfc_3339(void **state)
{
    json_t *vm = json_pack("{s:I,s:I,s:I}", "created_at", (json_int_t)1000, "ended_at",
                           (json_int_t)0, "size", (json_int_t)7);
    json_t *copy = output_times(vm);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(copy, "created_at")),
                        "1970-01-01T00:00:01.000Z");
    assert_true(json_is_null(json_object_get(copy, "ended_at")));
    assert_int_equal(json_integer_value(json_object_get(copy, "size")), 7);
    json_decref(vm);
    json_decref(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_fit_their_widest_cell),
        cmocka_unit_test(wide_and_combining_characters_keep_columns_straight),
        cmocka_unit_test(a_narrow_terminal_cuts_gaps_and_then_the_widest_column),
        cmocka_unit_test(controls_do_not_reach_the_terminal),
        cmocka_unit_test(controls_of_two_bytes_do_not_either),
        cmocka_unit_test(templates_name_fields_as_people_type_them),
        cmocka_unit_test(formats_are_refused_by_name),
        cmocka_unit_test(times_are_rfc_3339),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
