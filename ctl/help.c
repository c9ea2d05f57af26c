/* SPDX-License-Identifier: ISC */
/*
 * help.c: help, made from the table of verbs.
 */
#include <string.h>

#include "outcome.h"
#include "settings.h"
#include "shape.h"
#include "verb.h"

const struct option_spec help_options[] = {{"a all", NULL, "everything, one thing a line"}, {0}};

static void show_options(const struct option_spec *table, FILE *out)
{
    for (; table && table->names; table++) {
        char text[96];

        options_show(table, text, sizeof(text));
        fprintf(out, "  %-28s  %s\n", text, table->help);
    }
}

static void show_aliases(const struct verb *v, FILE *out)
{
    const char *at = v->aliases;

    fputs("\nAlso: ", out);
    while (at && *at) {
        size_t n = strcspn(at, " "), name = strcspn(at, "= ");

        fprintf(out, "%.*s", (int)name, at);
        if (name < n) {
            fprintf(out, " (with %.*s)", (int)(n - name - 1), at + name + 1);
        }
        at += n + strspn(at + n, " ");
        fputs(*at ? ", " : "\n", out);
    }
}

void help_verb(const struct verb *v, FILE *out)
{
    fprintf(out, "vmctl %s%s%s%s: %s\n", v->name,
            v->options && v->options->names ? " [OPTION...]" : "",
            v->operands && *v->operands ? " " : "", v->operands ? v->operands : "", v->help);
    if (v->options && v->options->names) {
        fputc('\n', out);
        show_options(v->options, out);
    }
    if (v->aliases) {
        show_aliases(v, out);
    }
}

static void show_keys(const struct key *table, const char *in)
{
    for (const struct key *key = table; key->name; key++) {
        char path[SETTING_PATH_MAX], takes[SETTING_TAKES_MAX];

        setting_path(path, in, key->name);
        printf("key %s %s%s%s%s\n", path, key->type == KEY_CHOICE ? "one of " : "",
               setting_takes(key, takes), key->fallback ? "; default " : "",
               key->fallback ? key->fallback : "");
        if (key->of && key->of != vm_keys) {
            show_keys(key->of, path);
        }
    }
}

static void show_names(const char *verb, const struct option_spec *table)
{
    for (const struct option_spec *o = table; o && o->names; o++) {
        char name[32];

        options_name(o, name, sizeof(name));
        printf("option %s %s\n", verb, o->names);
        printf("text %s %s: %s\n", verb, name, o->help);
    }
}

/* For tests: what there is, in a form that is easy to take apart. */
static void show_all(void)
{
    show_names("-", global_options);
    for (const struct verb *v = verbs; v->name; v++) {
        if (v->flags & VERB_HIDDEN) {
            continue;
        }
        printf("verb %s\n", v->name);
        printf("text %s: %s\n", v->name, v->help);
        for (const char *at = v->aliases; at && *at; at += strspn(at, " ")) {
            printf("alias %s %.*s\n", v->name, (int)strcspn(at, "= "), at);
            at += strcspn(at, " ");
        }
        show_names(v->name, v->options);
    }
    for (const struct shape *s = shapes; s->name; s++) {
        printf("schema %s\n", s->name);
    }
    show_keys(host_keys, "");
    show_keys(vm_keys, "vm");
    for (enum outcome o = OUTCOME_NONE + 1; o < OUTCOME_COUNT; o++) {
        printf("outcome %d %s: %s\n", outcome_exit_status(o), outcome_name(o), outcome_text(o));
    }
    for (enum failure f = FAILURE_NONE + 1; f < FAILURE_COUNT; f++) {
        printf("status %d %s\n", failure_exit_status(f), failure_name(f));
    }
}

static void show_overview(FILE *out)
{
    fputs("vmctl [OPTION...] VERB ...: manages the VMs of paddockd\n\n", out);
    for (const struct verb *v = verbs; v->name; v++) {
        if (!(v->flags & VERB_HIDDEN)) {
            fprintf(out, "  %-11s %s\n", v->name, v->help);
        }
    }
    fputs("\nOptions of all verbs:\n", out);
    show_options(global_options, out);
    fputs("\n\"vmctl help VERB\" says more of one; vmctl(8) says all.\n", out);
}

int verb_help(struct call *c)
{
    int status = STATUS_OK;

    if (options_has(&c->options, "all")) {
        show_all();
    } else if (!c->options.operand_count) {
        show_overview(stdout);
    }
    for (size_t i = 0; i < c->options.operand_count; i++) {
        const struct verb *v = verb_find(c->options.operands[i], NULL);

        if (v) {
            help_verb(v, stdout);
        } else {
            status = say_usage(NULL, "there is no verb \"%s\"", c->options.operands[i]);
        }
    }
    return status;
}
