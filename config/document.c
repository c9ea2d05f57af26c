/* SPDX-License-Identifier: ISC */
/*
 * document.c: YAML and JSON to one tree with places (document.h).
 *
 * The tree is built from libyaml's events. An alias shares its anchor's node, so memory is bounded by
 * the file; what walks the tree would still visit a shared node each time, so every node knows its
 * expanded weight and height, and those are bounded too. An anchor is known only after its node ends:
 * a tree cannot contain itself.
 */
#include "document.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "diagnostics.h"

/* Memory that is freed all at once. */
struct block {
    struct block *next;
    max_align_t data[];
};

struct tree {
    struct document doc; /* first: what the caller holds */
    struct block *blocks;
};

struct branch {
    struct node node; /* first */
    size_t weight;    /* nodes below and itself, aliases expanded */
    unsigned height;
};

#define ANCHORS_MAX 1000u /* looked up one by one */

struct anchor {
    const char *name;
    struct branch *branch;
};

struct reader {
    struct tree *tree;
    struct diagnostics *d;
    yaml_parser_t parser;
    size_t nodes;
    struct anchor *anchors;
    size_t anchor_count;
    bool failed; /* a diagnostic was added that ends the reading */
};

/* The children of a sequence or mapping while it is read. */
struct children {
    struct node **keys, **items;
    size_t count, room;
};

static void *take(struct tree *t, size_t size)
{
    struct block *b = calloc(1, sizeof(*b) + size);

    if (!b) {
        return NULL;
    }
    b->next = t->blocks;
    t->blocks = b;
    return b->data;
}

static char *take_text(struct tree *t, const char *text, size_t length)
{
    char *copy = take(t, length + 1);

    if (copy) {
        memcpy(copy, text, length);
    }
    return copy;
}

static struct tree *tree_new(const char *name)
{
    struct tree *t = calloc(1, sizeof(*t));

    if (t && !(t->doc.name = strdup(name))) {
        free(t);
        t = NULL;
    }
    return t;
}

void document_free(struct document *doc)
{
    struct tree *t = (struct tree *)doc;

    if (!t) {
        return;
    }
    for (struct block *b = t->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(t->doc.name);
    free(t->doc.text);
    free(t);
}

const struct node *node_get(const struct node *mapping, const char *key)
{
    if (mapping && mapping->kind == NODE_MAPPING) {
        for (size_t i = 0; i < mapping->count; i++) {
            if (strcmp(mapping->keys[i]->text, key) == 0) {
                return mapping->items[i];
            }
        }
    }
    return NULL;
}

static void refuse(struct reader *r, const yaml_mark_t *mark, const char *message)
{
    const struct document *doc = &r->tree->doc;

    if (!r->failed) {
        diagnostics_add_at(r->d, SEVERITY_ERROR, doc->name, doc->text, doc->size,
                           (unsigned)mark->line + 1, (unsigned)mark->column + 1, message);
    }
    r->failed = true;
}

static struct branch *branch_new(struct reader *r, enum node_kind kind, const yaml_mark_t *mark)
{
    struct branch *b;

    if (++r->nodes > DOCUMENT_NODES_MAX) {
        refuse(r, mark, "too many values in one file");
        return NULL;
    }
    b = take(r->tree, sizeof(*b));
    if (!b) {
        refuse(r, mark, "out of memory");
        return NULL;
    }
    b->node.kind = kind;
    b->node.line = (unsigned)mark->line + 1;
    b->node.column = (unsigned)mark->column + 1;
    b->weight = 1;
    b->height = 1;
    return b;
}

static bool adopt(struct reader *r, struct branch *parent, const struct node *child,
                  const yaml_mark_t *mark)
{
    const struct branch *b = (const struct branch *)(const void *)child;

    parent->weight += b->weight;
    if (b->height + 1 > parent->height) {
        parent->height = b->height + 1;
    }
    if (parent->weight > DOCUMENT_NODES_MAX) {
        refuse(r, mark, "the aliases here expand to too many values");
        return false;
    }
    if (parent->height > DOCUMENT_DEPTH_MAX) {
        refuse(r, mark, "values are nested too deeply here");
        return false;
    }
    return true;
}

static bool children_add(struct children *c, struct node *key, struct node *item)
{
    if (c->count == c->room) {
        size_t room = c->room ? c->room * 2 : 8;
        struct node **keys = realloc(c->keys, room * sizeof(struct node *));
        struct node **items;

        if (!keys) {
            return false;
        }
        c->keys = keys;
        items = realloc(c->items, room * sizeof(struct node *));
        if (!items) {
            return false;
        }
        c->items = items;
        c->room = room;
    }
    c->keys[c->count] = key;
    c->items[c->count++] = item;
    return true;
}

/* Hands the children over to the node, in memory of the tree. */
static bool children_give(struct reader *r, struct children *c, struct branch *b)
{
    size_t size = c->count * sizeof(struct node *);
    struct node **keys = take(r->tree, size + 1), **items = take(r->tree, size + 1);

    if (!keys || !items) {
        return false;
    }
    if (size > 0) {
        memcpy(keys, c->keys, size);
        memcpy(items, c->items, size);
    }
    b->node.count = c->count;
    b->node.keys = b->node.kind == NODE_MAPPING ? keys : NULL;
    b->node.items = items;
    return true;
}

/* ---- YAML ---------------------------------------------------------------------------------- */

static bool next_event(struct reader *r, yaml_event_t *event)
{
    char message[256];

    if (yaml_parser_parse(&r->parser, event)) {
        return true;
    }
    switch (r->parser.error) {
    case YAML_READER_ERROR:
        snprintf(message, sizeof(message), "this is no UTF-8 text: %s at byte %zu",
                 r->parser.problem, r->parser.problem_offset);
        refuse(r, &r->parser.mark, message);
        break;
    case YAML_MEMORY_ERROR: refuse(r, &r->parser.mark, "out of memory"); break;
    default:
        snprintf(message, sizeof(message), "this is no YAML: %s%s", r->parser.problem,
                 strcmp(r->parser.problem, "found character that cannot start any token") == 0
                     ? ", such as a tab: indent with spaces, and put @, % and ` in quotes"
                     : "");
        refuse(r, &r->parser.problem_mark, message);
    }
    return false;
}

static bool core_tag(const yaml_char_t *tag)
{
    static const char *const core[] = {YAML_NULL_TAG, YAML_BOOL_TAG, YAML_INT_TAG, YAML_FLOAT_TAG,
                                       YAML_STR_TAG,  YAML_SEQ_TAG,  YAML_MAP_TAG, "!"};

    for (size_t i = 0; tag && i < sizeof(core) / sizeof(core[0]); i++) {
        if (strcmp((const char *)tag, core[i]) == 0) {
            return true;
        }
    }
    return tag == NULL;
}

static bool remember(struct reader *r, const yaml_char_t *name, struct branch *b)
{
    struct anchor *grown;

    if (!name || !b) {
        return b != NULL;
    }
    if (r->anchor_count == ANCHORS_MAX) {
        return false;
    }
    grown = realloc(r->anchors, (r->anchor_count + 1) * sizeof(*grown));
    if (!grown) {
        return false;
    }
    r->anchors = grown;
    grown[r->anchor_count].name =
        take_text(r->tree, (const char *)name, strlen((const char *)name));
    grown[r->anchor_count].branch = b;
    return grown[r->anchor_count++].name != NULL;
}

static struct branch *read_alias(struct reader *r, const yaml_event_t *event)
{
    if (++r->nodes > DOCUMENT_NODES_MAX) {
        refuse(r, &event->start_mark, "too many values in one file");
        return NULL;
    }
    for (size_t i = r->anchor_count; i-- > 0;) { /* the latest of that name */
        if (strcmp(r->anchors[i].name, (const char *)event->data.alias.anchor) == 0) {
            return r->anchors[i].branch;
        }
    }
    refuse(r, &event->start_mark, "no anchor of this name comes before");
    return NULL;
}

static bool is_null(const char *text)
{
    return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
           strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static struct branch *read_scalar(struct reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
                  (tag && (strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0));
    struct branch *b;

    if (strlen(text) != event->data.scalar.length) {
        refuse(r, &event->start_mark, "a text may not contain NUL");
        return NULL;
    }
    b = branch_new(r, !quoted && is_null(text) ? NODE_NULL : NODE_SCALAR, &event->start_mark);
    if (b) {
        b->node.quoted = quoted;
        b->node.text = take_text(r->tree, text, event->data.scalar.length);
        if (!b->node.text) {
            refuse(r, &event->start_mark, "out of memory");
            return NULL;
        }
    }
    return b;
}

static struct branch *read_node(struct reader *r, yaml_event_t *event, unsigned depth);

/* Reads the next node; *end is set, and NULL returned, where the collection ends instead. */
static struct branch *read_next(struct reader *r, unsigned depth, bool *end)
{
    yaml_event_t event;
    struct branch *b = NULL;

    if (!next_event(r, &event)) {
        return NULL;
    }
    *end = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
    if (!*end) {
        b = read_node(r, &event, depth);
    }
    yaml_event_delete(&event);
    return b;
}

static int compare_keys(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;
    int order = strcmp((*x)->text, (*y)->text);

    if (order == 0 && (*x)->line != (*y)->line) {
        order = (*x)->line < (*y)->line ? -1 : 1;
    }
    return order != 0 ? order : ((*x)->column > (*y)->column) - ((*x)->column < (*y)->column);
}

/* Keys in order of their text: neighbours show what was written twice. Not fatal: all are told. */
static bool find_duplicates(struct reader *r, const struct children *c)
{
    struct node **sorted;

    if (c->count < 2) {
        return true;
    }
    sorted = malloc(c->count * sizeof(struct node *));
    if (!sorted) {
        return false;
    }
    memcpy(sorted, c->keys, c->count * sizeof(struct node *));
    qsort(sorted, c->count, sizeof(struct node *), compare_keys);
    for (size_t i = 1; i < c->count; i++) {
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0) {
            char hint[64];

            snprintf(hint, sizeof(hint), "it stands on line %u, column %u already",
                     sorted[i - 1]->line, sorted[i - 1]->column);
            diagnostics_add(r->d, SEVERITY_ERROR, &r->tree->doc, sorted[i], NULL, hint,
                            "the key \"%s\" is written twice in this mapping", sorted[i]->text);
        }
    }
    free(sorted);
    return true;
}

/* Adds the pairs of what "<<" names where the mapping has none of that key itself. */
static bool merge(struct reader *r, struct children *c, const struct node *from,
                  const yaml_mark_t *mark)
{
    if (from->kind == NODE_SEQUENCE) {
        for (size_t i = 0; i < from->count; i++) {
            if (from->items[i]->kind != NODE_MAPPING || !merge(r, c, from->items[i], mark)) {
                refuse(r, mark, "\"<<\" takes an alias of a mapping, or a list of such");
                return false;
            }
        }
        return true;
    }
    if (from->kind != NODE_MAPPING) {
        refuse(r, mark, "\"<<\" takes an alias of a mapping, or a list of such");
        return false;
    }
    for (size_t i = 0; i < from->count; i++) {
        bool own = false;

        for (size_t k = 0; k < c->count && !own; k++) {
            own = strcmp(c->keys[k]->text, from->keys[i]->text) == 0;
        }
        /* Comparisons are work too: they are counted like nodes. */
        r->nodes += c->count / 64 + 1;
        if (r->nodes > DOCUMENT_NODES_MAX) {
            refuse(r, mark, "the merges here expand to too many values");
            return false;
        }
        if (!own && !children_add(c, from->keys[i], from->items[i])) {
            refuse(r, mark, "out of memory");
            return false;
        }
    }
    return true;
}

static struct branch *read_collection(struct reader *r, const yaml_event_t *start,
                                      enum node_kind kind, unsigned depth)
{
    struct branch *b = branch_new(r, kind, &start->start_mark), *key = NULL, *item;
    const struct node *merged = NULL;
    struct children c = {0};
    bool end = false, done = false;

    if (depth > DOCUMENT_DEPTH_MAX) {
        refuse(r, &start->start_mark, "values are nested too deeply here");
    }
    while (b && !r->failed) {
        if (kind == NODE_MAPPING) {
            key = read_next(r, depth, &end);
            if (end || !key) {
                break;
            }
            if (key->node.kind != NODE_SCALAR && key->node.kind != NODE_NULL) {
                refuse(r, &start->start_mark, "a key of this mapping is no plain text");
                break;
            }
        }
        item = read_next(r, depth, &end);
        if (end || !item) {
            break;
        }
        if (key && !key->node.quoted && strcmp(key->node.text, "<<") == 0 && !merged) {
            merged = &item->node;
        } else if (!children_add(&c, key ? &key->node : NULL, &item->node)) {
            refuse(r, &start->start_mark, "out of memory");
        }
    }
    if (b && !r->failed && end && (kind != NODE_MAPPING || find_duplicates(r, &c)) &&
        (!merged || merge(r, &c, merged, &start->start_mark))) {
        done = true;
        for (size_t i = 0; i < c.count && done; i++) {
            done = adopt(r, b, c.items[i], &start->start_mark);
        }
        done = done && children_give(r, &c, b);
    }
    free(c.keys);
    free(c.items);
    if (!done) {
        refuse(r, &start->start_mark, "out of memory");
    }
    return done ? b : NULL;
}

static struct branch *read_node(struct reader *r, yaml_event_t *event, unsigned depth)
{
    const yaml_char_t *tag = NULL, *anchor = NULL;
    struct branch *b = NULL;

    switch (event->type) {
    case YAML_ALIAS_EVENT: return read_alias(r, event);
    case YAML_SCALAR_EVENT:
        tag = event->data.scalar.tag;
        anchor = event->data.scalar.anchor;
        b = read_scalar(r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        tag = event->data.sequence_start.tag;
        anchor = event->data.sequence_start.anchor;
        b = read_collection(r, event, NODE_SEQUENCE, depth + 1);
        break;
    case YAML_MAPPING_START_EVENT:
        tag = event->data.mapping_start.tag;
        anchor = event->data.mapping_start.anchor;
        b = read_collection(r, event, NODE_MAPPING, depth + 1);
        break;
    default: refuse(r, &event->start_mark, "this is no YAML"); return NULL;
    }
    if (!core_tag(tag)) {
        refuse(r, &event->start_mark, "tags are not used here, other than YAML's own");
        return NULL;
    }
    if (b && !remember(r, anchor, b)) {
        refuse(r, &event->start_mark, "more anchors than can be kept");
        return NULL;
    }
    return b;
}

/* The one document of the stream. */
static void read_stream(struct reader *r)
{
    yaml_event_t event;
    struct branch *root;
    yaml_event_type_t type;
    unsigned documents = 0;

    do {
        if (!next_event(r, &event)) {
            return;
        }
        type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && ++documents > 1) {
            refuse(r, &event.start_mark, "a second document begins here; a file holds one");
        } else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                   type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT) {
            root = read_node(r, &event, 0);
            r->tree->doc.root = root && root->node.kind != NODE_NULL ? &root->node : NULL;
        }
        yaml_event_delete(&event);
    } while (!r->failed && type != YAML_STREAM_END_EVENT);
}

struct document *document_parse_yaml(const char *name, const char *text, size_t size,
                                     struct diagnostics *d)
{
    struct reader r = {.d = d};
    size_t errors = diagnostics_errors(d);

    if (size > DOCUMENT_BYTES_MAX) {
        diagnostics_add_at(d, SEVERITY_ERROR, name, NULL, 0, 0, 0, "the file is larger than 4 MiB");
        return NULL;
    }
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        text += 3;
        size -= 3;
    }
    r.tree = tree_new(name);
    if (r.tree) {
        r.tree->doc.text = malloc(size + 1);
    }
    if (!r.tree || !r.tree->doc.text || !yaml_parser_initialize(&r.parser)) {
        diagnostics_add_at(d, SEVERITY_ERROR, name, NULL, 0, 0, 0, "out of memory");
        document_free(r.tree ? &r.tree->doc : NULL);
        return NULL;
    }
    if (size > 0) {
        memcpy(r.tree->doc.text, text, size);
    }
    r.tree->doc.text[size] = '\0';
    r.tree->doc.size = size;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.tree->doc.text, size);
    read_stream(&r);
    yaml_parser_delete(&r.parser);
    free(r.anchors);
    if (diagnostics_errors(d) > errors) {
        document_free(&r.tree->doc);
        return NULL;
    }
    return &r.tree->doc;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* There is no file: this becomes line 0, column 0. */
static const yaml_mark_t nowhere = {SIZE_MAX, SIZE_MAX, SIZE_MAX};

static struct branch *convert(struct reader *r, const json_t *value, unsigned depth);

static struct branch *convert_children(struct reader *r, const json_t *value, struct branch *b,
                                       unsigned depth)
{
    struct children c = {0};
    bool done = true;

    if (json_is_array(value)) {
        for (size_t i = 0; done && i < json_array_size(value); i++) {
            struct branch *item = convert(r, json_array_get(value, i), depth + 1);
            done = item && children_add(&c, NULL, &item->node);
        }
    } else {
        /* jansson's iterators take a pointer that is not const, and change nothing. */
        json_t *object = (json_t *)(uintptr_t)value;
        for (void *at = json_object_iter(object); done && at;
             at = json_object_iter_next(object, at)) {
            const char *text = json_object_iter_key(at);
            struct branch *key = branch_new(r, NODE_SCALAR, &nowhere), *item;

            item = convert(r, json_object_iter_value(at), depth + 1);
            done = key && item && children_add(&c, &key->node, &item->node);
            if (done) {
                key->node.quoted = true;
                key->node.text = take_text(r->tree, text, strlen(text));
                done = key->node.text != NULL;
            }
        }
    }
    done = done && children_give(r, &c, b);
    free(c.keys);
    free(c.items);
    return done ? b : NULL;
}

static struct branch *convert(struct reader *r, const json_t *value, unsigned depth)
{
    char number[32];
    const char *text = number;
    struct branch *b;

    b = branch_new(r,
                   json_is_object(value)  ? NODE_MAPPING
                   : json_is_array(value) ? NODE_SEQUENCE
                   : json_is_null(value)  ? NODE_NULL
                                          : NODE_SCALAR,
                   &nowhere);
    if (!b) {
        return NULL;
    }
    if (depth > DOCUMENT_DEPTH_MAX) {
        refuse(r, &nowhere, "values are nested too deeply");
        return NULL;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY: return convert_children(r, value, b, depth);
    case JSON_STRING:
        text = json_string_value(value);
        b->node.quoted = true;
        if (strlen(text) != json_string_length(value)) {
            refuse(r, &nowhere, "a text may not contain NUL");
            return NULL;
        }
        break;
    case JSON_INTEGER:
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL: snprintf(number, sizeof(number), "%g", json_real_value(value)); break;
    case JSON_TRUE: text = "true"; break;
    case JSON_FALSE: text = "false"; break;
    default: text = "null";
    }
    b->node.text = take_text(r->tree, text, strlen(text));
    return b->node.text ? b : NULL;
}

struct document *document_from_json(const char *name, const json_t *value, struct diagnostics *d)
{
    struct reader r = {.d = d};
    struct branch *root;

    r.tree = tree_new(name);
    root = r.tree ? convert(&r, value, 0) : NULL;
    if (!root) {
        if (!r.failed) {
            diagnostics_add_at(d, SEVERITY_ERROR, name, NULL, 0, 0, 0, "out of memory");
        }
        document_free(r.tree ? &r.tree->doc : NULL);
        return NULL;
    }
    r.tree->doc.root = &root->node;
    return &r.tree->doc;
}
