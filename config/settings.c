/* SPDX-License-Identifier: ISC */
/* settings.c: values to fields and back, as the key table says (settings.h). */
#include "settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diagnostics.h"
#include "units.h"

#define SHOWN_MAX 60u /* bytes of a wrong value that a message shows */

static const char size_hint[] = "such as 512MiB or 4GiB; a bare number is MiB";
static const char duration_hint[] = "such as 30s, 5m or 1h30m; a bare number is seconds";

void setting_error(struct setting_reader *r, const struct node *at, const char *path,
                   const char *hint, const char *format, ...)
{
    char text[SETTING_TAKES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    diagnostics_add(r->d, SEVERITY_ERROR, r->doc, at, path, hint, "%s", text);
    r->errors++;
}

const char *setting_path(char out[SETTING_PATH_MAX], const char *path, const char *name)
{
    snprintf(out, SETTING_PATH_MAX, "%s%s%s", path, *path ? "." : "", name);
    return out;
}

const struct key *setting_key(struct setting_reader *r, const struct key *table,
                              const struct node *mapping, size_t i, const char *path)
{
    const struct node *name = mapping->keys[i];
    const struct key *key = key_find(table, name->text);
    const char *near;
    char hint[80], full[SETTING_PATH_MAX];

    if (key || strncmp(name->text, "x-", 2) == 0) {
        return key;
    }
    near = key_suggest(table, name->text);
    snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
    setting_error(r, name, setting_path(full, path, name->text), near ? hint : NULL,
                  "unknown key \"%.*s\"%s%s", (int)SHOWN_MAX, name->text, *path ? " in " : "",
                  path);
    return NULL;
}

/* ---- what was written instead ---------------------------------------------------------------- */

struct shown {
    char text[SHOWN_MAX + 16];
};

/* `"text"`, cut between characters if it is long, or the kind of what is no text. */
static const char *show(const struct node *value, struct shown *out)
{
    size_t length;

    switch (value->kind) {
    case NODE_NULL: return "nothing";
    case NODE_SEQUENCE: return "a list";
    case NODE_MAPPING: return "a mapping";
    case NODE_SCALAR: break;
    }
    length = strlen(value->text);
    if (length > SHOWN_MAX) {
        for (length = SHOWN_MAX; ((unsigned char)value->text[length] & 0xc0) == 0x80 && length;) {
            length--;
        }
    }
    snprintf(out->text, sizeof(out->text), "\"%.*s%s\"", (int)length, value->text,
             value->text[length] ? "..." : "");
    return out->text;
}

bool setting_is(struct setting_reader *r, const struct node *value, enum node_kind kind,
                const char *path, const char *what)
{
    struct shown shown;

    if (value->kind == kind) {
        return true;
    }
    if (value->kind == NODE_NULL) {
        setting_error(r, value, path, "give it a value, or remove the key", "%s has no value",
                      path);
    } else {
        setting_error(r, value, path, NULL, "%s takes %s, not %s", path, what, show(value, &shown));
    }
    return false;
}

static void list_choices(const struct key *key, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; key->choices[i] && used < size; i++) {
        const char *between = i == 0 ? "" : key->choices[i + 1] ? ", " : " or ";
        used += (size_t)snprintf(out + used, size - used, "%s%s", between, key->choices[i]);
    }
}

const char *setting_takes(const struct key *key, char out[SETTING_TAKES_MAX])
{
    char least[UNITS_TEXT], most[UNITS_TEXT];

    switch (key->type) {
    case KEY_BOOL: return "true or false";
    case KEY_NUMBER:
        if (key->min == key->max) {
            snprintf(out, SETTING_TAKES_MAX, "the number %" PRIu64, key->min);
        } else {
            snprintf(out, SETTING_TAKES_MAX, "a whole number from %" PRIu64 " to %" PRIu64,
                     key->min, key->max);
        }
        return out;
    case KEY_SIZE:
        snprintf(out, SETTING_TAKES_MAX, "a size from %s to %s", units_format_size(key->min, least),
                 units_format_size(key->max, most));
        return out;
    case KEY_DURATION:
        snprintf(out, SETTING_TAKES_MAX, "a time from %s to %s",
                 units_format_duration(key->min, least), units_format_duration(key->max, most));
        return out;
    case KEY_STRING:
        if (key->min == key->max) {
            snprintf(out, SETTING_TAKES_MAX, "a text of %" PRIu64 " bytes", key->max);
        } else {
            snprintf(out, SETTING_TAKES_MAX, "a text of %" PRIu64 " to %" PRIu64 " bytes", key->min,
                     key->max);
        }
        return out;
    case KEY_PATH: return "an absolute path";
    case KEY_CHOICE: list_choices(key, out, SETTING_TAKES_MAX); return out;
    case KEY_LIST:
    case KEY_MAP:
        snprintf(out, SETTING_TAKES_MAX, "a %s of at most %" PRIu64,
                 key->type == KEY_LIST ? "list" : "mapping", key->max);
        return out;
    case KEY_GROUP:
    case KEY_NAMED: return "a mapping";
    }
    return "something else";
}

/* ---- one value ------------------------------------------------------------------------------- */

static void *field(void *object, const struct key *key)
{
    return (char *)object + key->offset;
}

static const void *field_const(const void *object, const struct key *key)
{
    return (const char *)object + key->offset;
}

static void store_number(void *object, const struct key *key, uint64_t value)
{
    uint32_t v32 = (uint32_t)value;
    uint16_t v16 = (uint16_t)value;
    bool v8 = value != 0;

    switch (key->size) {
    case 0: break;
    case sizeof(v8): memcpy(field(object, key), &v8, sizeof(v8)); break;
    case sizeof(v16): memcpy(field(object, key), &v16, sizeof(v16)); break;
    case sizeof(v32): memcpy(field(object, key), &v32, sizeof(v32)); break;
    default: memcpy(field(object, key), &value, sizeof(value));
    }
}

static uint64_t load_number(const void *object, const struct key *key)
{
    uint64_t v64;
    uint32_t v32;
    uint16_t v16;
    bool v8;

    switch (key->size) {
    case sizeof(v8): memcpy(&v8, field_const(object, key), sizeof(v8)); return v8;
    case sizeof(v16): memcpy(&v16, field_const(object, key), sizeof(v16)); return v16;
    case sizeof(v32): memcpy(&v32, field_const(object, key), sizeof(v32)); return v32;
    default: memcpy(&v64, field_const(object, key), sizeof(v64)); return v64;
    }
}

/* A text of one byte less than its field fits in it; any other field of a text is a pointer. */
static bool is_text(const struct key *key)
{
    return key->size > 0 && (key->type == KEY_STRING || key->type == KEY_PATH);
}

static bool is_pointer(const struct key *key)
{
    return is_text(key) && key->size == sizeof(char *);
}

static int store_text(void *object, const struct key *key, const char *text)
{
    char **pointer = field(object, key), *copy;

    if (!is_pointer(key)) {
        if (key->size > 0) {
            snprintf(field(object, key), key->size, "%s", text);
        }
        return 0;
    }
    copy = strdup(text);
    if (!copy) {
        return -ENOMEM;
    }
    free(*pointer);
    *pointer = copy;
    return 0;
}

static int parse_bool(const char *text, uint64_t *value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_number(const char *text, uint64_t *value)
{
    *value = 0;
    if (*text == '\0') {
        return -EINVAL;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*text - '0'), value)) {
            return -EINVAL;
        }
    }
    return 0;
}

/* `restart: no` is the boolean false to many who write YAML, and to JSON: it means the word. */
static int parse_choice(const struct key *key, const struct node *value, uint64_t *number)
{
    uint64_t truth;
    const char *text = value->text;

    if (!value->quoted && parse_bool(text, &truth) == 0 && truth == 0) {
        text = "no";
    }
    for (size_t i = 0; key->choices[i]; i++) {
        if (strcmp(key->choices[i], text) == 0) {
            *number = key->min + i;
            return 0;
        }
    }
    return -EINVAL;
}

/* 0, -EINVAL if the value is not what the key takes, -ENOMEM. `bytes`: a bare size is bytes. */
static int set(void *object, const struct key *key, const struct node *value, bool bytes)
{
    uint64_t number = 0;
    size_t length = strlen(value->text);
    int rc = -EINVAL;

    switch (key->type) {
    case KEY_STRING:
    case KEY_PATH:
        if (length < key->min || length > key->max ||
            (key->type == KEY_PATH && value->text[0] != '/')) {
            return -EINVAL;
        }
        for (const char *p = value->text; *p; p++) {
            if ((unsigned char)*p < 0x20 || *p == 0x7f) {
                return -EINVAL;
            }
        }
        return store_text(object, key, value->text);
    case KEY_BOOL: rc = value->quoted ? -EINVAL : parse_bool(value->text, &number); break;
    case KEY_NUMBER: rc = value->quoted ? -EINVAL : parse_number(value->text, &number); break;
    case KEY_SIZE:
        rc = bytes && !value->quoted ? parse_number(value->text, &number)
                                     : units_parse_size(value->text, &number);
        break;
    case KEY_DURATION: rc = units_parse_duration(value->text, &number); break;
    case KEY_CHOICE: rc = parse_choice(key, value, &number); break;
    default: break;
    }
    if (rc != 0 || (key->type != KEY_CHOICE && (number < key->min || number > key->max))) {
        return -EINVAL;
    }
    store_number(object, key, number);
    return 0;
}

static const char *hint_for(const struct key *key, const struct node *value)
{
    uint64_t number;

    for (const char *p = value->text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return "it may not contain control characters, such as the end of a line";
        }
    }
    switch (key->type) {
    case KEY_SIZE: return size_hint;
    case KEY_DURATION: return duration_hint;
    case KEY_BOOL:
    case KEY_NUMBER:
        return value->quoted && (key->type == KEY_BOOL ? parse_bool(value->text, &number)
                                                       : parse_number(value->text, &number)) == 0
                   ? "write it without quotes"
                   : NULL;
    case KEY_PATH:
        if (value->text[0] == '~') {
            return "\"~\" is not expanded: write the path in full";
        }
        return strlen(value->text) > key->max ? "it is longer than paths may be here" : NULL;
    default: return NULL;
    }
}

void setting_read(struct setting_reader *r, void *object, const struct key *key,
                  const struct node *value, const char *path)
{
    char takes[SETTING_TAKES_MAX];
    struct shown shown;
    int rc;

    if (key->type == KEY_GROUP) {
        setting_read_group(r, field(object, key), key->of, value, path);
        return;
    }
    if (key->type == KEY_PATH && value->kind == NODE_NULL && strcmp(value->text, "~") == 0) {
        setting_error(r, value, path, "write the path in full",
                      "%s has no value: \"~\" is YAML's empty value, not the home directory", path);
        return;
    }
    if (!setting_is(r, value, NODE_SCALAR, path, setting_takes(key, takes))) {
        return;
    }
    rc = set(object, key, value, r->doc && !r->doc->text);
    if (rc == -ENOMEM) {
        setting_error(r, value, path, NULL, "out of memory");
    } else if (rc != 0) {
        setting_error(r, value, path, hint_for(key, value), "%s takes %s, not %s", path,
                      setting_takes(key, takes), show(value, &shown));
    }
}

void setting_read_group(struct setting_reader *r, void *object, const struct key *table,
                        const struct node *mapping, const char *path)
{
    char full[SETTING_PATH_MAX];

    if (!setting_is(r, mapping, NODE_MAPPING, path, "a mapping")) {
        return;
    }
    for (size_t i = 0; i < mapping->count; i++) {
        const struct key *key = setting_key(r, table, mapping, i, path);

        if (key) {
            setting_read(r, object, key, mapping->items[i], setting_path(full, path, key->name));
        }
    }
}

/* ---- all of a table ---------------------------------------------------------------------------- */

void setting_defaults(void *object, const struct key *table)
{
    for (const struct key *key = table; key->name; key++) {
        if (key->type == KEY_GROUP) {
            setting_defaults(field(object, key), key->of);
        } else if (key->size > 0 && key->fallback) {
            const struct node value = {.kind = NODE_SCALAR, .text = key->fallback};
            (void)set(object, key, &value, false);
        }
    }
}

static json_t *value_to_json(const void *object, const struct key *key)
{
    char text[UNITS_TEXT];
    uint64_t number;

    if (is_pointer(key)) {
        char *const *pointer = field_const(object, key);
        return *pointer ? json_string(*pointer) : NULL;
    }
    if (is_text(key)) {
        const char *inside = field_const(object, key);
        return inside[0] ? json_string(inside) : NULL;
    }
    number = load_number(object, key);
    switch (key->type) {
    case KEY_BOOL: return json_boolean(number);
    case KEY_DURATION: return json_string(units_format_duration(number, text));
    case KEY_CHOICE: return json_string(key->choices[number - key->min]);
    default: /* what was never set, and has no default, may be out of range */
        return number < key->min ? NULL : json_integer((json_int_t)number);
    }
}

json_t *setting_to_json(const void *object, const struct key *table)
{
    json_t *all = json_object();

    for (const struct key *key = table; key->name; key++) {
        json_t *value = NULL;

        if (key->type == KEY_GROUP) {
            value = setting_to_json(field_const(object, key), key->of);
        } else if (key->size > 0) {
            value = value_to_json(object, key);
        }
        if (value) {
            json_object_set_new(all, key->name, value);
        }
    }
    return all;
}

int setting_own_strings(void *to, const struct key *table)
{
    int rc = 0;

    for (const struct key *key = table; key->name; key++) {
        if (key->type == KEY_GROUP) {
            int inner = setting_own_strings(field(to, key), key->of);
            rc = rc != 0 ? rc : inner;
        } else if (is_pointer(key)) {
            char **pointer = field(to, key);
            if (*pointer && !(*pointer = strdup(*pointer))) {
                rc = -ENOMEM;
            }
        }
    }
    return rc;
}

void setting_free_strings(void *object, const struct key *table)
{
    for (const struct key *key = table; key->name; key++) {
        if (key->type == KEY_GROUP) {
            setting_free_strings(field(object, key), key->of);
        } else if (is_pointer(key)) {
            char **pointer = field(object, key);
            free(*pointer);
            *pointer = NULL;
        }
    }
}

void setting_prune(json_t *all, const json_t *base)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(all, next, name, value)
    {
        json_t *other = json_object_get(base, name);

        if (other && json_equal(value, other)) {
            json_object_del(all, name);
        } else if (json_is_object(value) && json_is_object(other)) {
            setting_prune(value, other);
        }
    }
}
