/* SPDX-License-Identifier: ISC */
/*
 * options.c: getopt_long(3) over tables of options. See options.h.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPECS_MAX 64  /* options of a verb */
#define NAMES_MAX 128 /* names of all of them */
#define WORD_MAX  32
#define LONG_BASE 256 /* getopt's value of a long option: this and the option's place */

struct lookup {
    const struct option_spec *spec[SPECS_MAX];
    size_t specs;
    char letters[2 + 3 * SPECS_MAX];
    const struct option_spec *by_letter[128];
    struct option words[NAMES_MAX + 1];
    char text[NAMES_MAX][WORD_MAX];
    size_t names;
};

/* The next of blank-separated names, copied; NULL at the end. */
static const char *next_name(const char *names, char *out, size_t size)
{
    size_t n;

    names += strspn(names, " ");
    n = strcspn(names, " ");
    if (!n) {
        return NULL;
    }
    snprintf(out, size, "%.*s", (int)n, names);
    return names + n;
}

static void add_table(struct lookup *l, const struct option_spec *table)
{
    for (; table && table->names && l->specs < SPECS_MAX; table++) {
        const char *at = table->names;
        char name[WORD_MAX];
        int argument = !table->value            ? no_argument
                       : table->value[0] == '[' ? optional_argument
                                                : required_argument;

        l->spec[l->specs] = table;
        while ((at = next_name(at, name, sizeof(name)))) {
            if (!name[1]) {
                size_t n = strlen(l->letters);

                l->by_letter[(unsigned char)name[0] & 127] = table;
                snprintf(l->letters + n, sizeof(l->letters) - n, "%c%s", name[0],
                         argument == no_argument         ? ""
                         : argument == required_argument ? ":"
                                                         : "::");
            } else if (l->names < NAMES_MAX) {
                memcpy(l->text[l->names], name, sizeof(name));
                l->words[l->names] = (struct option){.name = l->text[l->names],
                                                     .has_arg = argument,
                                                     .val = LONG_BASE + (int)l->specs};
                l->names++;
            }
        }
        l->specs++;
    }
}

static int refuse(int c, char *argv[], char *why, size_t size)
{
    const char *word = optind > 0 ? argv[optind - 1] : "";
    bool is_long = optopt == 0 || optopt >= LONG_BASE;

    if (c == ':') {
        if (is_long) {
            snprintf(why, size, "%s needs a value", word);
        } else {
            snprintf(why, size, "-%c needs a value", optopt);
        }
    } else if (optopt >= LONG_BASE) {
        snprintf(why, size, "%s takes no value", word);
    } else if (is_long) {
        snprintf(why, size, "there is no option %s", word);
    } else {
        snprintf(why, size, "there is no option -%c", optopt);
    }
    return -EINVAL;
}

int options_parse(struct options *o, const struct option_spec *table,
                  const struct option_spec *more, bool stop, int argc, char **argv, char *why,
                  size_t size)
{
    struct lookup *l = calloc(1, sizeof(*l));
    size_t room = 1;
    int c, err = 0;

    memset(o, 0, sizeof(*o));
    for (int i = 0; i < argc; i++) {
        room += strlen(argv[i]); /* a word may hold many letters: "-aq" */
    }
    o->given = calloc(room, sizeof(*o->given));
    if (!l || !o->given) {
        snprintf(why, size, "out of memory");
        err = -ENOMEM;
        goto done;
    }
    memcpy(l->letters, stop ? "+:" : ":", stop ? 3 : 2);
    add_table(l, table);
    add_table(l, more);
    opterr = 0;
    optind = 0; /* begins anew, on glibc and on macOS */
    optopt = 0;
    while ((c = getopt_long(argc, argv, l->letters, l->words, NULL)) != -1) {
        const struct option_spec *spec =
            c >= LONG_BASE ? l->spec[c - LONG_BASE] : l->by_letter[(unsigned)c & 127];

        if (c == '?' || c == ':') {
            err = refuse(c, argv, why, size);
            goto done;
        }
        o->given[o->count].spec = spec;
        o->given[o->count].value = optarg ? optarg : "";
        o->count++;
        optopt = 0;
    }
    o->operands = argv + optind;
    o->operand_count = (size_t)(argc - optind);
done:
    free(l);
    return err;
}

const struct option_spec *options_find(const struct option_spec *table, const char *word)
{
    bool is_long = strncmp(word, "--", 2) == 0;
    const char *wanted = word + (is_long ? 2 : 1);
    char name[WORD_MAX];

    for (; table && table->names && word[0] == '-'; table++) {
        for (const char *at = table->names; (at = next_name(at, name, sizeof(name)));) {
            if (strcmp(name, wanted) == 0 && is_long == (name[1] != '\0')) {
                return table;
            }
        }
    }
    return NULL;
}

void options_free(struct options *o)
{
    free(o->given);
    memset(o, 0, sizeof(*o));
}

void options_name(const struct option_spec *spec, char *out, size_t size)
{
    const char *at = spec->names;
    char name[WORD_MAX];

    snprintf(out, size, "%s", "");
    while ((at = next_name(at, name, sizeof(name)))) {
        if (name[1] || !*out) {
            snprintf(out, size, "%s", name);
        }
        if (name[1]) {
            return;
        }
    }
}

const char *options_next(const struct options *o, const char *name, size_t *at)
{
    while (*at < o->count) {
        size_t i = (*at)++;
        char own[WORD_MAX];

        options_name(o->given[i].spec, own, sizeof(own));
        if (strcmp(own, name) == 0) {
            return o->given[i].value;
        }
    }
    return NULL;
}

const char *options_get(const struct options *o, const char *name)
{
    const char *value, *last = NULL;
    size_t at = 0;

    while ((value = options_next(o, name, &at))) {
        last = value;
    }
    return last;
}

bool options_has(const struct options *o, const char *name)
{
    return options_get(o, name) != NULL;
}

void options_show(const struct option_spec *spec, char *out, size_t size)
{
    const char *at = spec->names;
    char name[WORD_MAX], letter[WORD_MAX] = "", word[WORD_MAX] = "";
    const char *value = spec->value ? spec->value : "";

    while ((at = next_name(at, name, sizeof(name)))) {
        char *slot = name[1] ? word : letter;

        if (!*slot) {
            memcpy(slot, name, sizeof(name));
        }
    }
    snprintf(out, size, "%s%s%s%s%s%s%s", *letter ? "-" : "    ", letter,
             *letter && *word ? ", " : "", *word ? "--" : "", word,
             *value && *value != '[' ? " " : "", value);
}
