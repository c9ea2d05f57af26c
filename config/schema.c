/* SPDX-License-Identifier: ISC */
/* schema.c: the key table as a JSON schema, for editors and the test of what vmctl prints. */
#include "host-config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "units.h"

#define NAME_PATTERN    "^[a-z][a-z0-9-]{0,62}$"
#define SIZE_PATTERN    "^[0-9]+(\\.[0-9]+)?([kKmMgGtT]([iI]?[bB])?|[bB])?$"
#define TIME_PATTERN    "^([0-9]+(\\.[0-9]+)?([mM]?[sS]|[mMhHdD]))+$|^[0-9]+$"
#define RESTART_PATTERN "^(no|on-failure(:[0-9]+)?|always|unless-stopped)$"

static json_t *schema_of_group(const struct key *table);

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static void set_number(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *of_type(const char *type)
{
    json_t *schema = json_object();

    set_text(schema, "type", type);
    return schema;
}

static json_t *text_like(const char *pattern)
{
    json_t *schema = of_type("string");

    set_text(schema, "pattern", pattern);
    return schema;
}

static json_t *either(json_t *a, json_t *b)
{
    json_t *schema = json_object(), *list = json_array();

    json_array_append_new(list, a);
    json_array_append_new(list, b);
    json_object_set_new(schema, "anyOf", list);
    return schema;
}

/* A VM's keys are one definition: templates and `defaults` refer to it. */
static json_t *reference_or_group(const struct key *table)
{
    json_t *schema;

    if (table != vm_keys) {
        return schema_of_group(table);
    }
    schema = json_object();
    set_text(schema, "$ref", "#/$defs/vm");
    return schema;
}

static json_t *schema_of_choice(const struct key *key)
{
    json_t *schema = json_object(), *list = json_array();

    for (size_t i = 0; key->choices[i]; i++) {
        json_array_append_new(list, json_string(key->choices[i]));
        if (strcmp(key->choices[i], "no") == 0) {
            json_array_append_new(list, json_false()); /* what YAML 1.1 reads an unquoted no as */
        }
    }
    json_object_set_new(schema, "enum", list);
    return schema;
}

static json_t *schema_of_names(const struct key *key)
{
    json_t *schema = json_object(), *types = json_array(), *patterns = json_object();

    json_array_append_new(types, json_string("object"));
    json_array_append_new(types, json_string("null"));
    json_object_set_new(schema, "type", types);
    json_object_set_new(patterns, "^x-", json_true());
    json_object_set_new(patterns, NAME_PATTERN, reference_or_group(key->of));
    json_object_set_new(schema, "patternProperties", patterns);
    json_object_set_new(schema, "additionalProperties", json_false());
    return schema;
}

static json_t *schema_of_map(const struct key *key)
{
    json_t *schema = of_type("object"), *value = json_object(), *types = json_array();

    json_array_append_new(types, json_string("string"));
    json_array_append_new(types, json_string("number"));
    json_array_append_new(types, json_string("boolean"));
    json_object_set_new(value, "type", types);
    json_object_set_new(schema, "additionalProperties", value);
    set_number(schema, "maxProperties", key->max);
    return schema;
}

static json_t *schema_of_value(const struct key *key)
{
    json_t *schema;

    switch (key->type) {
    case KEY_BOOL: return of_type("boolean");
    case KEY_NUMBER:
        schema = of_type("integer");
        set_number(schema, "minimum", key->min);
        set_number(schema, "maximum", key->max);
        return schema;
    case KEY_SIZE: return either(of_type("integer"), text_like(SIZE_PATTERN));
    case KEY_DURATION: return either(of_type("integer"), text_like(TIME_PATTERN));
    case KEY_STRING:
    case KEY_PATH:
        schema = of_type("string");
        set_number(schema, "minLength", key->min);
        set_number(schema, "maxLength", key->max);
        if (key->type == KEY_PATH) {
            set_text(schema, "pattern", "^/");
        }
        return schema;
    case KEY_CHOICE: return schema_of_choice(key);
    case KEY_MAP: return schema_of_map(key);
    case KEY_LIST:
        schema = of_type("array");
        json_object_set_new(schema, "items", either(of_type("string"), schema_of_group(key->of)));
        set_number(schema, "maxItems", key->max);
        return schema;
    case KEY_GROUP: break;
    case KEY_NAMED: return schema_of_names(key);
    }
    schema = reference_or_group(key->of);
    if (strcmp(key->name, "restart") == 0) {
        schema = either(either(text_like(RESTART_PATTERN), schema_of_choice(key->of)), schema);
    }
    return schema;
}

static json_t *schema_of_group(const struct key *table)
{
    json_t *schema = of_type("object"), *keys = json_object(), *patterns = json_object();

    for (const struct key *key = table; key->name; key++) {
        json_t *value = schema_of_value(key);
        char text[200];

        snprintf(text, sizeof(text), "%s%s%s", key->help, key->fallback ? "; by default " : "",
                 key->fallback ? key->fallback : "");
        set_text(value, "description", text);
        json_object_set_new(keys, key->name, value);
    }
    json_object_set_new(schema, "properties", keys);
    json_object_set_new(patterns, "^x-", json_true());
    json_object_set_new(schema, "patternProperties", patterns);
    json_object_set_new(schema, "additionalProperties", json_false());
    return schema;
}

json_t *host_config_schema(void)
{
    json_t *schema = schema_of_group(host_keys), *definitions = json_object();
    json_t *required = json_array();

    json_array_append_new(required, json_string("version"));
    json_object_set_new(schema, "required", required);
    set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    set_text(schema, "title", "paddock.yaml and the files of vms.d");
    json_object_set_new(definitions, "vm", schema_of_group(vm_keys));
    json_object_set_new(schema, "$defs", definitions);
    return schema;
}
