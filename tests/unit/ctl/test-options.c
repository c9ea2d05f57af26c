/* SPDX-License-Identifier: ISC */
/*
 * test-options.c: options in all their spellings, and the table of verbs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verb.h"

static const struct option_spec table[] = {{"c cpus cpu", "N", ""},
                                           {"a all", NULL, ""},
                                           {"wait", "[=STATE]", ""},
                                           {"disk", "PATH", ""},
                                           {0}};

static char why[256];

static int parse(struct options *o, char **argv)
{
    int argc = 0;

    while (argv[argc]) {
        argc++;
    }
    return options_parse(o, table, global_options, false, argc, argv, why, sizeof(why));
}

static void names_are_one_option(void **state)
{
    struct options o;
    size_t at = 0;

    (void)state;
    assert_int_equal(parse(&o, (char *[]){"run", "x", "--cpu=3", "--disk", "p", "-a", "--wait",
                                          "--disk=q", "y", "-c4", "--", "-z", NULL}),
                     0);
    assert_string_equal(options_get(&o, "cpus"), "4");
    assert_true(options_has(&o, "all"));
    assert_string_equal(options_get(&o, "wait"), "");
    assert_string_equal(options_next(&o, "disk", &at), "p");
    assert_string_equal(options_next(&o, "disk", &at), "q");
    assert_null(options_next(&o, "disk", &at));
    assert_false(options_has(&o, "root"));
    assert_int_equal(o.operand_count, 3);
    assert_string_equal(o.operands[2], "-z");
    options_free(&o);
}

static void letters_run_together(void **state)
{
    struct options o;

    (void)state;
    assert_int_equal(parse(&o, (char *[]){"run", "-aaaac2", NULL}), 0);
    assert_int_equal(o.count, 5);
    assert_string_equal(options_get(&o, "cpus"), "2");
    options_free(&o);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *word, *said;
    } cases[] = {{"--nope", "there is no option --nope"},
                 {"-x", "there is no option -x"},
                 {"--all=1", "--all=1 takes no value"},
                 {"--disk", "--disk needs a value"},
                 {"-c", "-c needs a value"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct options o;
        char word[32];

        snprintf(word, sizeof(word), "%s", cases[i].word);
        assert_true(parse(&o, (char *[]){"run", word, NULL}) < 0);
        assert_string_equal(why, cases[i].said);
        options_free(&o);
    }
}

static void verbs_have_their_aliases(void **state)
{
    const char *implied;

    (void)state;
    assert_string_equal(verb_find("ls", NULL)->name, "list");
    assert_string_equal(verb_find("kill", &implied)->name, "stop");
    assert_memory_equal(implied, "--force", 7);
    assert_string_equal(verb_find("rm", &implied)->name, "rm");
    assert_null(implied);
    assert_null(verb_find("sto", NULL));
    assert_null(verb_find("", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_one_option),
        cmocka_unit_test(letters_run_together),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(verbs_have_their_aliases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
