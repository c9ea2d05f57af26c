/* SPDX-License-Identifier: ISC */
/*
 * options.h: a verb's options, read by getopt_long(3) from one table, from which help, completion and
 * the test of vmctl(8) are made too.
 */
#ifndef PADDOCK_CTL_OPTIONS_H
#define PADDOCK_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* A table ends with names NULL. */
struct option_spec {
    const char
        *names; /* "c cpus cpu": letters and words; the first word is the option's name here */
    const char *value; /* "N": it takes one; "[=STATE]": it may have one; NULL: none */
    const char *help;  /* one line */
};

struct options {
    struct {
        const struct option_spec *spec;
        const char *value; /* "" where none was given */
    } * given;
    size_t count;
    char **operands; /* within argv; NULL-terminated */
    size_t operand_count;
};

/*
 * argv[0] is the verb. `table` and `more` (may be NULL) are one table here. `stop`: the first operand
 * ends the options, as before a verb. The values point into argv, whose order changes. 0, or -EINVAL
 * with a sentence in `why`. To be freed in any case.
 */
int options_parse(struct options *o, const struct option_spec *table,
                  const struct option_spec *more, bool stop, int argc, char **argv, char *why,
                  size_t size);
void options_free(struct options *o);

bool options_has(const struct options *o, const char *name);
/* The last value; NULL if it was not given. */
const char *options_get(const struct options *o, const char *name);
/* The next value of an option that may be repeated, from *at (0 at first); NULL: no more. */
const char *options_next(const struct options *o, const char *name, size_t *at);

/* By a word of the command line, "-m" or "--memory"; NULL: there is none. */
const struct option_spec *options_find(const struct option_spec *table, const char *word);

/* The option's name among `names`, into `out`. */
void options_name(const struct option_spec *spec, char *out, size_t size);
/* "-c, --cpus N" as help shows it; further words are left to vmctl(8). */
void options_show(const struct option_spec *spec, char *out, size_t size);

#endif
