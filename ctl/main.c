/* SPDX-License-Identifier: ISC */
/*
 * main.c: vmctl, the client of paddockd. Finds the verb, reads its options, connects, and runs it.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "verb.h"
#include "version.h"

/* The verb at a small distance from a mistyped one: one letter too many, too few, wrong, or two swapped. */
static bool near(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), i = 0;

    while (a[i] && a[i] == b[i]) {
        i++;
    }
    return i > 0 && (n == m ? strcmp(a + i + 1, b + i + 1) == 0 ||
                                  (a[i] && a[i] == b[i + 1] && a[i + 1] == b[i] &&
                                   strcmp(a + i + 2, b + i + 2) == 0)
                     : n == m + 1 ? strcmp(a + i + 1, b + i) == 0
                     : m == n + 1 ? strcmp(a + i, b + i + 1) == 0
                                  : false);
}

static int unknown_verb(const char *word)
{
    for (const struct verb *v = verbs; v->name; v++) {
        if (!(v->flags & VERB_HIDDEN) && near(word, v->name)) {
            return say_usage(NULL, "there is no verb \"%s\"; did you mean \"%s\"?", word, v->name);
        }
    }
    return say_usage(NULL, "there is no verb \"%s\"", word);
}

static void take_globals(struct call *c, const struct options *o, bool *porcelain)
{
    c->host = options_has(o, "host") ? options_get(o, "host") : c->host;
    c->root = options_has(o, "root") ? options_get(o, "root") : c->root;
    *porcelain = *porcelain || options_has(o, "porcelain");
}

static int check_operands(const struct call *c)
{
    size_t count = c->options.operand_count;

    if (count < c->verb->operands_min) {
        return say_usage(c->verb->name, "%s needs %s", c->verb->name, c->verb->operands);
    }
    if (count > c->verb->operands_max) {
        return say_usage(c->verb->name, "%s: what is \"%s\"?%s", c->verb->name,
                         c->options.operands[c->verb->operands_max],
                         strcmp(c->verb->name, "run") == 0 || strcmp(c->verb->name, "create") == 0
                             ? " A disk is --disk PATH, a name --name NAME"
                             : "");
    }
    return STATUS_OK;
}

/* argv[0] is the verb's name. */
static int run_verb(struct call *c, int argc, char **argv, bool porcelain)
{
    const char *format, *implied = NULL;
    char why[256], option[32];
    char **words;
    int status;

    c->verb = verb_find(argv[0], &implied);
    /* Where others have it for one VM, it must not end all of them. */
    if (c->verb && strcmp(c->verb->name, "shutdown") == 0 && argc > 1 && argv[argc - 1][0] != '-') {
        c->verb = verb_find("stop", NULL);
    }
    if (!c->verb) {
        return unknown_verb(argv[0]);
    }
    words = calloc((size_t)argc + 2, sizeof(*words));
    if (!words) {
        return say_error(FAILURE_INTERNAL, NULL, "out of memory");
    }
    words[0] = argv[0];
    if (implied) {
        snprintf(option, sizeof(option), "%.*s", (int)strcspn(implied, " "), implied);
        words[1] = option;
    }
    memcpy(words + 1 + (implied != NULL), argv + 1, ((size_t)argc - 1) * sizeof(*words));
    if (options_parse(&c->options, c->verb->options, global_options, false,
                      argc + (implied != NULL), words, why, sizeof(why)) < 0) {
        status = say_usage(c->verb->name, "%s", why);
        goto done;
    }
    take_globals(c, &c->options, &porcelain);
    say_set(porcelain, false);
    if (options_has(&c->options, "help")) {
        help_verb(c->verb, stdout);
        status = STATUS_OK;
        goto done;
    }
    format = options_get(&c->options, "format");
    if (strcmp(c->verb->name, "validate") != 0 &&
        format_parse(format, &c->format, why, sizeof(why)) < 0) {
        status = say_usage(c->verb->name, "%s", why);
        goto done;
    }
    status = check_operands(c);
    if (!status && !(c->verb->flags & VERB_LOCAL)) {
        status = call_connect(c);
    }
    if (!status) {
        status = c->verb->run(c);
    }
done:
    options_free(&c->options);
    client_close(c->client);
    free(words);
    return status;
}

int main(int argc, char **argv)
{
    struct call c = {0};
    struct options globals;
    char why[256];
    bool porcelain = false;
    int status;

    signal(SIGPIPE, SIG_DFL);
    if (options_parse(&globals, global_options, &(struct option_spec){NULL, NULL, NULL}, true, argc,
                      argv, why, sizeof(why)) < 0) {
        options_free(&globals);
        if (argc > 1 && strcmp(argv[1], "--version") == 0) {
            /* vmctl's own, whether there is a daemon or not */
            printf("vmctl %s\n", version_text);
            return fflush(stdout) ? STATUS_FAILED : STATUS_OK;
        }
        return say_usage(NULL, "%s", why);
    }
    take_globals(&c, &globals, &porcelain);
    say_set(porcelain, false);
    if (options_has(&globals, "help") || !globals.operand_count) {
        status = run_verb(&c, 1, (char *[]){"help", NULL}, porcelain);
        status = status || globals.operand_count || options_has(&globals, "help") ? status
                                                                                  : STATUS_USAGE;
    } else {
        status = run_verb(&c, (int)globals.operand_count, globals.operands, porcelain);
    }
    options_free(&globals);
    if (fflush(stdout) && !status) {
        status = STATUS_FAILED;
    }
    return status;
}
