/* SPDX-License-Identifier: ISC */
/* diagnostics.c: the list of what is wrong, with the lines it was found in (diagnostics.h). */
#include "diagnostics.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"

#define MESSAGE_MAX 512u
#define EXCERPT_MAX 160u /* bytes of a line that are shown */

struct entry {
    enum severity severity;
    unsigned line, column, width; /* width: characters under the caret */
    char *file, *path, *hint, *excerpt;
    char message[MESSAGE_MAX];
};

struct diagnostics {
    size_t count, errors, warnings; /* count: entries kept; errors and warnings: all */
    char first[MESSAGE_MAX + 256];
    struct entry entry[DIAGNOSTICS_MAX];
};

struct diagnostics *diagnostics_new(void)
{
    return calloc(1, sizeof(struct diagnostics));
}

void diagnostics_free(struct diagnostics *d)
{
    if (!d) {
        return;
    }
    for (size_t i = 0; i < d->count; i++) {
        free(d->entry[i].file);
        free(d->entry[i].path);
        free(d->entry[i].hint);
        free(d->entry[i].excerpt);
    }
    free(d);
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* A terminal obeys control characters; a file must not command it. */
static void defuse(char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
            *text = '?';
        }
    }
}

/* The line's text without its end, NULL if there is none. */
static char *line_of(const char *text, size_t size, unsigned line)
{
    const char *end, *stop;
    size_t length;
    char *out;

    if (!text || line == 0) {
        return NULL;
    }
    end = text + size;
    for (; line > 1; line--) {
        text = memchr(text, '\n', (size_t)(end - text));
        if (!text) {
            return NULL;
        }
        text++;
    }
    stop = memchr(text, '\n', (size_t)(end - text));
    length = (size_t)((stop ? stop : end) - text);
    if (length > 0 && text[length - 1] == '\r') {
        length--;
    }
    if (length > EXCERPT_MAX) {
        for (length = EXCERPT_MAX; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;) {
            length--; /* not amid a character */
        }
    }
    out = malloc(length + 1);
    if (out) {
        for (size_t i = 0; i < length; i++) {
            out[i] = text[i] == '\0' ? '?' : text[i];
        }
        out[length] = '\0';
        defuse(out);
    }
    return out;
}

/* The next entry, counted; NULL if there are too many already. */
static struct entry *next_entry(struct diagnostics *d, enum severity severity)
{
    struct entry *e;

    *(severity == SEVERITY_ERROR ? &d->errors : &d->warnings) += 1;
    if (d->count == DIAGNOSTICS_MAX) {
        return NULL;
    }
    e = &d->entry[d->count++];
    e->severity = severity;
    e->width = 1;
    return e;
}

void diagnostics_add(struct diagnostics *d, enum severity severity, const struct document *doc,
                     const struct node *at, const char *path, const char *hint, const char *format,
                     ...)
{
    struct entry *e = next_entry(d, severity);
    va_list args;

    if (!e) {
        return;
    }
    va_start(args, format);
    vsnprintf(e->message, sizeof(e->message), format, args);
    va_end(args);
    defuse(e->message);
    e->file = copy(doc ? doc->name : NULL);
    e->path = copy(path);
    e->hint = copy(hint);
    if (e->hint) {
        defuse(e->hint);
    }
    if (at && at->line > 0) {
        e->line = at->line;
        e->column = at->column;
        e->excerpt = doc ? line_of(doc->text, doc->size, at->line) : NULL;
        if (at->kind == NODE_SCALAR) {
            e->width = at->quoted ? 2 : 0;
            for (const char *p = at->text; *p && *p != '\n'; p++) {
                e->width += ((unsigned char)*p & 0xc0) != 0x80;
            }
        }
    }
}

void diagnostics_add_at(struct diagnostics *d, enum severity severity, const char *file,
                        const char *text, size_t size, unsigned line, unsigned column,
                        const char *message)
{
    struct entry *e = next_entry(d, severity);

    if (e) {
        snprintf(e->message, sizeof(e->message), "%s", message);
        defuse(e->message);
        e->file = copy(file);
        e->line = line;
        e->column = column;
        e->excerpt = line_of(text, size, line);
    }
}

size_t diagnostics_errors(const struct diagnostics *d)
{
    return d->errors;
}

size_t diagnostics_warnings(const struct diagnostics *d)
{
    return d->warnings;
}

size_t diagnostics_count(const struct diagnostics *d)
{
    return d->count;
}

/* "FILE:LINE:COLUMN: ", as much of it as is known. */
static void place(const struct entry *e, char *out, size_t size)
{
    if (!e->file) {
        out[0] = '\0';
    } else if (e->line == 0) {
        snprintf(out, size, "%s: ", e->file);
    } else {
        snprintf(out, size, "%s:%u:%u: ", e->file, e->line, e->column);
    }
}

const char *diagnostics_first_error(const struct diagnostics *d, size_t from)
{
    /* The text is a cache inside: the list itself does not change. */
    struct diagnostics *mine = (struct diagnostics *)(uintptr_t)d;
    char where[256];

    for (size_t i = from; i < d->count; i++) {
        if (d->entry[i].severity == SEVERITY_ERROR) {
            place(&d->entry[i], where, sizeof(where));
            snprintf(mine->first, sizeof(mine->first), "%s%s", where, d->entry[i].message);
            return mine->first;
        }
    }
    return NULL;
}

/* Blanks up to the column, with the line's own tabs, then ^~~~ no farther than the line's end. */
static void print_caret(const struct entry *e, FILE *out)
{
    unsigned column = 1, shown = 1;
    const char *p = e->excerpt;

    for (; *p && column < e->column; p++) {
        if (((unsigned char)*p & 0xc0) != 0x80) {
            putc(*p == '\t' ? '\t' : ' ', out);
        }
        if (((unsigned char)p[1] & 0xc0) != 0x80) {
            column++;
        }
    }
    putc('^', out);
    for (; *p && shown < e->width; p++) {
        if (p[1] && ((unsigned char)p[1] & 0xc0) != 0x80) {
            putc('~', out);
            shown++;
        }
    }
    putc('\n', out);
}

void diagnostics_print(const struct diagnostics *d, FILE *out, bool color)
{
    const char *bold = color ? "\033[1m" : "", *plain = color ? "\033[0m" : "";
    char where[256];

    for (size_t i = 0; i < d->count; i++) {
        const struct entry *e = &d->entry[i];
        bool error = e->severity == SEVERITY_ERROR;
        const char *tint = !color ? "" : error ? "\033[1;31m" : "\033[1;33m";

        place(e, where, sizeof(where));
        fprintf(out, "%s%s%s%s%s:%s %s\n", bold, where, plain, tint, error ? "error" : "warning",
                plain, e->message);
        if (e->excerpt) {
            fprintf(out, "%5u |%s%s\n      | %s", e->line, e->excerpt[0] == '\0' ? "" : " ",
                    e->excerpt, tint);
            print_caret(e, out);
            fputs(plain, out);
        }
        if (e->hint) {
            fprintf(out, "      = %s\n", e->hint);
        }
    }
    if (d->errors + d->warnings > d->count) {
        fprintf(out, "%zu more are not shown\n", d->errors + d->warnings - d->count);
    }
}

static void set(json_t *object, const char *key, const char *text)
{
    if (text) {
        json_object_set_new(object, key, json_string(text));
    }
}

json_t *diagnostics_to_json(const struct diagnostics *d)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->count; i++) {
        const struct entry *e = &d->entry[i];
        json_t *object = json_object();

        set(object, "file", e->file);
        if (e->line > 0) {
            json_object_set_new(object, "line", json_integer(e->line));
            json_object_set_new(object, "column", json_integer(e->column));
        }
        set(object, "severity", e->severity == SEVERITY_ERROR ? "error" : "warning");
        set(object, "path", e->path);
        set(object, "message", e->message);
        set(object, "hint", e->hint);
        json_array_append_new(list, object);
    }
    return list;
}
