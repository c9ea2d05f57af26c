/* SPDX-License-Identifier: ISC */
/*
 * output.c: tables, JSON and templates. See output.h.
 */
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define GAP     3u /* blanks between columns, where there is room */
#define CUT_MIN 8u /* a column is not cut below this */

/* ---- Text's width --------------------------------------------------------------------------- */

/* The next code point; bytes that are no UTF-8 count as one each. */
static uint32_t next_code(const char **text)
{
    const uint8_t *s = (const uint8_t *)*text;
    size_t n = s[0] >= 0xf0 && s[0] <= 0xf4   ? 3
               : s[0] >= 0xe0 && s[0] <= 0xef ? 2
               : s[0] >= 0xc2 && s[0] <= 0xdf ? 1
                                              : 0;
    uint32_t code = n ? s[0] & (0x3fu >> n) : s[0];

    for (size_t i = 1; i <= n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            *text += 1;
            return 0xfffd;
        }
        code = code << 6 | (s[i] & 0x3f);
    }
    *text += n + 1;
    return n || code < 0x80 ? code : 0xfffd;
}

/* Unicode's main blocks of combining and of wide characters: enough for columns to stand straight. */
static size_t code_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        uint8_t width;
    } ranges[] = {
        {0x0300, 0x036f, 0},   {0x0591, 0x05bd, 0},   {0x064b, 0x065f, 0},   {0x1100, 0x115f, 2},
        {0x1ab0, 0x1aff, 0},   {0x1dc0, 0x1dff, 0},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},
        {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},
        {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
        {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2},
        {0x20000, 0x3fffd, 2},
    };

    for (size_t i = 0; c >= ranges[0].first && i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return ranges[i].width;
        }
    }
    return 1;
}

size_t output_width(const char *text)
{
    size_t width = 0;

    while (*text) {
        width += code_width(next_code(&text));
    }
    return width;
}

size_t output_control(const char *text)
{
    const uint8_t *s = (const uint8_t *)text;

    if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) {
        return 2;
    }
    return (s[0] != '\0' && s[0] < 0x20) || s[0] == 0x7f ? 1 : 0;
}

/* How many bytes of `text` fit in `width` columns. */
static size_t fit(const char *text, size_t width)
{
    const char *at = text, *end = text;

    for (size_t used = 0; *at; end = at) {
        used += code_width(next_code(&at));
        if (used > width) {
            return (size_t)(end - text);
        }
    }
    return (size_t)(at - text);
}

size_t output_terminal_width(FILE *out)
{
    struct winsize w;
    const char *columns = getenv("COLUMNS");

    if (!isatty(fileno(out))) {
        return 0;
    }
    if (ioctl(fileno(out), TIOCGWINSZ, &w) == 0 && w.ws_col) {
        return w.ws_col;
    }
    return columns ? (size_t)strtoul(columns, NULL, 10) : 0;
}

/* ---- Tables --------------------------------------------------------------------------------- */

struct cell {
    size_t text; /* where it begins in the table's */
    const char *sgr;
};

struct table {
    size_t columns, count, room;
    bool failed; /* out of memory: what there is is printed */
    struct cell *cell;
    char *text; /* of all cells, each with its terminator */
    size_t text_size, text_room;
    const char *titles[];
};

struct table *table_new(const char *const *titles)
{
    size_t columns = 0;
    struct table *t;

    while (titles[columns]) {
        columns++;
    }
    t = calloc(1, sizeof(*t) + columns * sizeof(titles[0]));
    if (t) {
        t->columns = columns;
        memcpy(t->titles, titles, columns * sizeof(titles[0]));
    }
    return t;
}

void table_free(struct table *t)
{
    if (t) {
        free(t->cell);
        free(t->text);
    }
    free(t);
}

/* Makes room for one more cell and so many bytes of text. */
static bool make_room(struct table *t, size_t bytes)
{
    if (t->count == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        struct cell *cell = realloc(t->cell, room * sizeof(*cell));

        if (!cell) {
            return false;
        }
        t->cell = cell;
        t->room = room;
    }
    if (t->text_room - t->text_size < bytes) {
        size_t room = (t->text_size + bytes) * 2;
        char *grown = realloc(t->text, room);

        if (!grown) {
            return false;
        }
        t->text = grown;
        t->text_room = room;
    }
    return true;
}

void table_add(struct table *t, const char *text)
{
    const char *shown = text && *text ? text : "-";
    size_t size = strlen(shown) + 1;
    char *copy;

    if (!make_room(t, size)) {
        t->failed = true;
        return;
    }
    copy = memcpy(t->text + t->text_size, shown, size);
    for (char *p = copy; *p; p++) {
        memset(p, '?', output_control(p));
    }
    t->cell[t->count++] = (struct cell){.text = t->text_size};
    t->text_size += size;
}

void table_paint(struct table *t, const char *sgr)
{
    if (t->count && !t->failed) {
        t->cell[t->count - 1].sgr = sgr;
    }
}

static const char *title(const struct table *t, size_t column, bool *right)
{
    *right = t->titles[column][0] == '>';
    return t->titles[column] + (*right ? 1 : 0);
}

/* Takes from the gaps and then from the widest column, one at a time, until all fit. The gap. */
static size_t narrow(size_t *widths, size_t columns, size_t width)
{
    size_t gap = GAP, total = GAP * (columns - 1);

    for (size_t i = 0; i < columns; i++) {
        total += widths[i];
    }
    for (; total > width && gap > 1; gap--) {
        total -= columns - 1;
    }
    while (total > width) {
        size_t widest = 0;

        for (size_t i = 1; i < columns; i++) {
            widest = widths[i] > widths[widest] ? i : widest;
        }
        if (widths[widest] <= CUT_MIN) {
            break;
        }
        widths[widest]--;
        total--;
    }
    return gap;
}

static void print_blanks(FILE *out, size_t count)
{
    static const char blanks[] = "                                ";

    for (; count >= sizeof(blanks); count -= sizeof(blanks) - 1) {
        fputs(blanks, out);
    }
    fwrite(blanks, 1, count, out);
}

/* gap 0: it is the last of its line. */
static void print_cell(FILE *out, const char *text, const char *sgr, size_t width, bool right,
                       size_t gap)
{
    size_t own = output_width(text);
    bool cut = own > width;
    size_t bytes = cut ? fit(text, width - 1) : strlen(text);
    size_t shown = own;

    if (cut) {
        shown = 1; /* the ellipsis */
        for (const char *at = text; at < text + bytes;) {
            shown += code_width(next_code(&at));
        }
    }
    if (right) {
        print_blanks(out, width - shown);
    }
    if (sgr) {
        fprintf(out, "\033[%sm", sgr);
    }
    fwrite(text, 1, bytes, out);
    fputs(cut ? "\xe2\x80\xa6" : "", out);
    fputs(sgr ? "\033[0m" : "", out);
    if (gap) {
        print_blanks(out, (right ? 0 : width - shown) + gap);
    }
}

void table_print(const struct table *t, FILE *out, bool header, size_t width, bool color)
{
    size_t *widths = calloc(t->columns, sizeof(*widths));
    size_t gap = GAP;
    bool right;

    if (!widths) {
        return;
    }
    for (size_t i = 0; header && i < t->columns; i++) {
        widths[i] = output_width(title(t, i, &right));
    }
    for (size_t i = 0; i < t->count; i++) {
        size_t own = output_width(t->text + t->cell[i].text);

        if (own > widths[i % t->columns]) {
            widths[i % t->columns] = own;
        }
    }
    if (width) {
        gap = narrow(widths, t->columns, width);
    }
    for (size_t i = 0; header && i < t->columns; i++) {
        const char *text = title(t, i, &right);

        print_cell(out, text, color ? "1" : NULL, widths[i], right, i + 1 == t->columns ? 0 : gap);
    }
    if (header) {
        fputc('\n', out);
    }
    for (size_t i = 0; i < t->count; i++) {
        size_t column = i % t->columns;

        title(t, column, &right);
        print_cell(out, t->text + t->cell[i].text, color ? t->cell[i].sgr : NULL, widths[column],
                   right, column + 1 == t->columns ? 0 : gap);
        if (column + 1 == t->columns) {
            fputc('\n', out);
        }
    }
    free(widths);
}

/* ---- Times ---------------------------------------------------------------------------------- */

const char *output_time(json_int_t unix_ms, char out[32])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    size_t n;

    if (!gmtime_r(&seconds, &tm) || !(n = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &tm))) {
        snprintf(out, 32, "%s", "-");
        return out;
    }
    snprintf(out + n, 32 - n, ".%03dZ", (int)((unix_ms % 1000 + 1000) % 1000));
    return out;
}

static bool is_time(const char *key)
{
    size_t n = strlen(key);

    return strcmp(key, "time") == 0 || (n > 3 && strcmp(key + n - 3, "_at") == 0);
}

json_t *output_times(const json_t *value)
{
    json_t *copy, *item;
    const char *key;
    char text[32];
    size_t i;

    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach((json_t *)(uintptr_t)value, i, item)
        {
            json_array_append_new(copy, output_times(item));
        }
        return copy;
    }
    if (!json_is_object(value)) {
        return json_deep_copy(value);
    }
    copy = json_object();
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        if (json_is_integer(item) && is_time(key)) {
            json_int_t ms = json_integer_value(item);

            json_object_set_new(copy, key, ms ? json_string(output_time(ms, text)) : json_null());
        } else {
            json_object_set_new(copy, key, output_times(item));
        }
    }
    return copy;
}

/* ---- Formats -------------------------------------------------------------------------------- */

int format_parse(const char *text, struct format *f, char *why, size_t size)
{
    const char *open;

    f->kind = FORMAT_TABLE;
    f->template = NULL;
    if (!text || strcmp(text, "table") == 0) {
        return 0;
    }
    if (strcmp(text, "json") == 0) {
        f->kind = FORMAT_JSON;
        return 0;
    }
    if (strcmp(text, "jsonl") == 0) {
        f->kind = FORMAT_JSONL;
        return 0;
    }
    open = strstr(text, "{{");
    if (!open) {
        snprintf(why, size,
                 "there is no format \"%s\": table, json, jsonl, or a template such as "
                 "'{{.Name}} {{.State}}'",
                 text);
        return -EINVAL;
    }
    for (; open; open = strstr(open + 2, "{{")) {
        if (!strstr(open, "}}")) {
            snprintf(why, size, "the template's last {{ has no }}");
            return -EINVAL;
        }
    }
    f->kind = FORMAT_TEMPLATE;
    f->template = text;
    return 0;
}

/* Case and underscores aside. */
static bool same_name(const char *key, const char *name, size_t size)
{
    while (*key || size) {
        if (*key == '_') {
            key++;
        } else if (size && *name == '_') {
            name++;
            size--;
        } else if (!*key || !size ||
                   tolower((unsigned char)*key) != tolower((unsigned char)*name)) {
            return false;
        } else {
            key++;
            name++;
            size--;
        }
    }
    return true;
}

static const json_t *find_field(const json_t *object, const char *name, size_t size)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strlen(key) == size && memcmp(key, name, size) == 0) {
            return value;
        }
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (same_name(key, name, size)) {
            return value;
        }
    }
    return NULL;
}

static void list_fields(const json_t *object, char *out, size_t size)
{
    const char *key;
    json_t *value;
    size_t n = 0;

    *out = '\0';
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        int more = n < size ? snprintf(out + n, size - n, "%s%s", n ? ", " : "", key) : 0;

        n += more > 0 ? (size_t)more : 0;
    }
}

static void print_value(const json_t *value, FILE *out)
{
    if (json_is_string(value)) {
        fputs(json_string_value(value), out);
    } else if (!json_is_null(value)) {
        json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
    }
}

/* What stands between {{ and }}. */
static int print_field(const char *text, size_t size, const json_t *object, FILE *out, char *why,
                       size_t why_size)
{
    const json_t *value = object;
    bool as_json = false;
    char known[512];

    while (size && isspace((unsigned char)*text)) {
        text++;
        size--;
    }
    while (size && isspace((unsigned char)text[size - 1])) {
        size--;
    }
    if (size > 5 && strncmp(text, "json ", 5) == 0) {
        as_json = true;
        text += 5;
        size -= 5;
    }
    if (!size || *text != '.') {
        snprintf(why, why_size, "in {{%.*s}}: a field begins with a dot, as in {{.Name}}",
                 (int)size, text);
        return -EINVAL;
    }
    while (size > 1) {
        size_t n = 0;

        text++;
        size--;
        while (n < size && text[n] != '.') {
            n++;
        }
        if (!json_is_object(value)) {
            value = json_is_null(value) ? value : NULL;
        } else {
            const json_t *inner = find_field(value, text, n);

            if (!inner && value == object) {
                list_fields(object, known, sizeof(known));
                snprintf(why, why_size, "there is no field \"%.*s\"; there are %s", (int)n, text,
                         known);
                return -EINVAL;
            }
            value = inner; /* a label that this VM has not is empty */
        }
        if (!value) {
            return 0;
        }
        text += n;
        size -= n;
    }
    if (as_json) {
        json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
    } else {
        print_value(value, out);
    }
    return 0;
}

int template_print(const char *template, const json_t *object, FILE *out, char *why, size_t size)
{
    const char *at = template;

    while (*at) {
        const char *end = at[0] == '{' && at[1] == '{' ? strstr(at, "}}") : NULL;

        if (end) {
            if (print_field(at + 2, (size_t)(end - at - 2), object, out, why, size) < 0) {
                return -EINVAL;
            }
            at = end + 2;
        } else if (at[0] == '\\' && (at[1] == 't' || at[1] == 'n' || at[1] == '\\')) {
            fputc(at[1] == 't' ? '\t' : at[1] == 'n' ? '\n' : '\\', out);
            at += 2;
        } else {
            fputc(*at++, out);
        }
    }
    fputc('\n', out);
    return 0;
}

int output_object(const struct format *f, const json_t *object, FILE *out, char *why, size_t size)
{
    if (f->kind == FORMAT_TEMPLATE) {
        return template_print(f->template, object, out, why, size);
    }
    json_dumpf(object, out, f->kind == FORMAT_JSONL ? JSON_COMPACT : JSON_INDENT(2));
    fputc('\n', out);
    return 0;
}

int output_array(const struct format *f, const json_t *array, FILE *out, char *why, size_t size)
{
    const json_t *item;
    size_t i;

    if (f->kind == FORMAT_JSON) {
        json_dumpf(array, out, JSON_INDENT(2));
        fputc('\n', out);
        return 0;
    }
    json_array_foreach(array, i, item)
    {
        if (output_object(f, item, out, why, size) < 0) {
            return -EINVAL;
        }
    }
    return 0;
}
