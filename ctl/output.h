/* SPDX-License-Identifier: ISC */
/*
 * output.h: what vmctl writes to standard output: tables for people, JSON and templates for programs.
 *
 * A template is text with {{.Name}}, {{.Labels.team}} or {{json .}}; a field is a key of the JSON in any
 * case, with or without underscores (.CreatedAt is created_at). \t and \n mean what they mean in C.
 *
 * In JSON, times are RFC 3339 in UTC, sizes are bytes, what is unknown is null.
 */
#ifndef PADDOCK_CTL_OUTPUT_H
#define PADDOCK_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

/* ---- tables ---- */

struct table;

/* Columns that are to the right hand have a title that begins with '>'. `titles` ends with NULL. */
struct table *table_new(const char *const *titles);
void table_free(struct table *t);
/* Cells go row by row; NULL or "" is "-". Copied; controls become '?'. */
void table_add(struct table *t, const char *cell);
/* SGR parameters for the latest cell ("31"), used if table_print's color is on. */
void table_paint(struct table *t, const char *sgr);
/* width 0: as wide as needed; else the widest columns are cut, with an ellipsis. */
void table_print(const struct table *t, FILE *out, bool header, size_t width, bool color);

/* Columns that UTF-8 text takes on a terminal: 0 for combining characters, 2 for wide ones. */
size_t output_width(const char *text);

/* How many bytes of a control character are at text: 0 is none. U+0080 to U+009F are some, too: a terminal may obey U+009B
 * as it does ESC [. */
size_t output_control(const char *text);
/* The terminal's width, 0 if `out` is none. */
size_t output_terminal_width(FILE *out);

/* ---- formats ---- */

enum format_kind {
    FORMAT_TABLE,
    FORMAT_JSON,  /* an array */
    FORMAT_JSONL, /* an object a line */
    FORMAT_TEMPLATE
};

struct format {
    enum format_kind kind;
    const char *template; /* the caller's */
};

/* `text` NULL: a table. 0, or -EINVAL with a sentence. */
int format_parse(const char *text, struct format *f, char *why, size_t size);

/* One object by the template, with a newline. -EINVAL: it names a field that `object` has not, in `why`. */
int template_print(const char *template, const json_t *object, FILE *out, char *why, size_t size);

/* Writes an array as JSON, JSONL or by the template; FORMAT_TABLE is the caller's to do. */
int output_array(const struct format *f, const json_t *array, FILE *out, char *why, size_t size);
/* One object, on its own. */
int output_object(const struct format *f, const json_t *object, FILE *out, char *why, size_t size);

/* A copy in which members that are times (…_at, "time") in Unix milliseconds are RFC 3339, 0 null. */
json_t *output_times(const json_t *value);
const char *output_time(json_int_t unix_ms, char out[32]); /* "2026-03-01T12:00:00.000Z" */

#endif
