/* SPDX-License-Identifier: ISC */
/*
 * shape.c: shapes as JSON schemas. See shape.h.
 */
#include "shape.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "host-config.h"
#include "outcome.h"

static json_t *schema_of_fields(const struct shape_field *fields);

static json_t *of_type(const char *type, unsigned flags)
{
    return flags & SHAPE_NULL ? json_pack("{s:[s,s]}", "type", type, "null")
                              : json_pack("{s:s}", "type", type);
}

static json_t *list_of(json_t *items)
{
    return json_pack("{s:s,s:o}", "type", "array", "items", items);
}

static json_t *map_of(const char *type)
{
    return json_pack("{s:s,s:{s:s}}", "type", "object", "additionalProperties", "type", type);
}

/* ---- Choices ------------------------------------------------------------------------------------ */

static json_t *words(const char *text)
{
    json_t *list = json_array();

    while (*text) {
        size_t n = strcspn(text, " ");

        json_array_append_new(list, json_stringn(text, n));
        text += n + strspn(text + n, " ");
    }
    return list;
}

static json_t *choices_of(const struct shape_field *f)
{
    json_t *list = f->type == SHAPE_CHOICE ? words(f->choices) : json_array();

    for (int o = OUTCOME_NONE + 1; f->type == SHAPE_OUTCOME && o < OUTCOME_COUNT; o++) {
        json_array_append_new(list, json_string(outcome_name((enum outcome)o)));
    }
    for (int s = STEP_NONE; f->type == SHAPE_STEP && s < STEP_COUNT; s++) {
        json_array_append_new(list, json_string(start_step_name((enum start_step)s)));
    }
    for (int e = FAILURE_NONE + 1; f->type == SHAPE_FAILURE && e < FAILURE_COUNT; e++) {
        json_array_append_new(list, json_string(failure_name((enum failure)e)));
    }
    if (f->flags & SHAPE_NULL) {
        json_array_append_new(list, json_null());
    }
    return json_pack("{s:o}", "enum", list);
}

/* ---- Fields ------------------------------------------------------------------------------------- */

static json_t *schema_of_value(const struct shape_field *f)
{
    json_t *schema;

    switch (f->type) {
    case SHAPE_TEXT: return of_type("string", f->flags);
    case SHAPE_NUMBER: return of_type("integer", f->flags);
    case SHAPE_REAL: return of_type("number", f->flags);
    case SHAPE_FLAG: return of_type("boolean", f->flags);
    case SHAPE_TIME:
        schema = of_type("string", f->flags);
        json_object_set_new(
            schema, "pattern",
            json_string("^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\\.[0-9]{3}Z$"));
        return schema;
    case SHAPE_CHOICE:
    case SHAPE_OUTCOME:
    case SHAPE_STEP:
    case SHAPE_FAILURE: return choices_of(f);
    case SHAPE_OBJECT:
        schema = schema_of_fields(f->of);
        if (f->flags & SHAPE_NULL) {
            json_object_set_new(schema, "type", json_pack("[s,s]", "object", "null"));
        }
        return schema;
    case SHAPE_LIST: return list_of(schema_of_fields(f->of));
    case SHAPE_FLAGS: return list_of(of_type("boolean", 0));
    case SHAPE_NUMBERS: return list_of(of_type("integer", 0));
    case SHAPE_COUNTS: return map_of("integer");
    case SHAPE_TEXTS: return map_of("string");
    case SHAPE_CONFIG: return json_pack("{s:s}", "$ref", "#/$defs/vm");
    case SHAPE_DETAIL:
    case SHAPE_FIELDS: break;
    }
    return json_object();
}

static void add_fields(const struct shape_field *fields, json_t *properties, json_t *required)
{
    for (const struct shape_field *f = fields; f->name; f++) {
        json_t *value;

        if (f->type == SHAPE_FIELDS) {
            add_fields(f->of, properties, required);
            continue;
        }
        value = schema_of_value(f);
        if (f->help) {
            json_object_set_new(value, "description", json_string(f->help));
        }
        json_object_set_new(properties, f->name, value);
        if (!(f->flags & SHAPE_MAYBE)) {
            json_array_append_new(required, json_string(f->name));
        }
    }
}

/* "detail" is what "type" says. */
static void tell_events_apart(json_t *schema)
{
    json_t *properties = json_object_get(schema, "properties");
    json_t *types = json_array(), *all = json_array();

    for (const struct shape_event *e = shape_events; e->type; e++) {
        struct shape_field field = {NULL, e->kind, e->flags, NULL, e->detail, NULL};
        json_t *detail =
            e->kind == SHAPE_OBJECT && !e->detail ? of_type("null", 0) : schema_of_value(&field);

        json_array_append_new(types, json_string(e->type));
        json_array_append_new(all,
                              json_pack("{s:{s:{s:{s:s}}},s:{s:{s:o}}}", "if", "properties", "type",
                                        "const", e->type, "then", "properties", "detail", detail));
    }
    json_object_set_new(json_object_get(properties, "type"), "enum", types);
    json_object_set_new(schema, "allOf", all);
}

static json_t *schema_of_fields(const struct shape_field *fields)
{
    json_t *properties = json_object(), *required = json_array(), *schema;

    add_fields(fields, properties, required);
    schema = json_pack("{s:s,s:o,s:o,s:b}", "type", "object", "properties", properties, "required",
                       required, "additionalProperties", 0);
    if (fields == shape_event) {
        tell_events_apart(schema);
    }
    return schema;
}

/* ---- The whole ---------------------------------------------------------------------------------- */

const struct shape *shape_find(const char *name)
{
    for (const struct shape *s = shapes; s->name; s++) {
        if (strcmp(s->name, name) == 0) {
            return s;
        }
    }
    return NULL;
}

json_t *shape_schema(const struct shape *s)
{
    json_t *host = host_config_schema(), *schema;
    char *text;

    if (s->kind == SHAPE_HOST) {
        return host;
    }
    schema = schema_of_fields(s->fields);
    schema = s->kind == SHAPE_MANY ? list_of(schema) : schema;
    text = json_dumps(schema, JSON_COMPACT);
    if (text && strstr(text, "#/$defs/vm")) {
        json_object_set(schema, "$defs", json_object_get(host, "$defs"));
    }
    free(text);
    json_object_set(schema, "$schema", json_object_get(host, "$schema"));
    json_object_set_new(schema, "title", json_string(s->name));
    json_decref(host);
    return schema;
}
