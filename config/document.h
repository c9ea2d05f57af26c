/* SPDX-License-Identifier: ISC */
/*
 * document.h: a tree of values that knows where each of them was written.
 *
 * It is made from a YAML file (libyaml), in which case each node has its line and column, or from
 * JSON that a client sent or the database kept. All that reads settings reads this tree, so that the
 * same checks and the same sentences serve files, requests and rows.
 *
 * YAML: one document; anchors, aliases and the merge key "<<" are expanded, within DOCUMENT_NODES_MAX;
 * tags other than the core schema's are refused; duplicate keys are refused; keys are scalars. Bounded:
 * a hostile or careless file gets a diagnostic, never unbounded memory or recursion.
 */
#ifndef PADDOCK_DOCUMENT_H
#define PADDOCK_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define DOCUMENT_BYTES_MAX ((size_t)4 << 20)
#define DOCUMENT_NODES_MAX 200000u
#define DOCUMENT_DEPTH_MAX 32u

struct diagnostics;

enum node_kind {
    NODE_NULL,
    NODE_SCALAR,
    NODE_SEQUENCE,
    NODE_MAPPING
};

struct node {
    enum node_kind kind;
    bool quoted;      /* a scalar that was quoted, or a JSON string: never null, bool or number */
    const char *text; /* of a scalar: UTF-8 without NUL */
    unsigned line, column;     /* from 1; 0 where there is no file */
    size_t count;              /* of items, or of pairs of a mapping */
    struct node *const *keys;  /* mapping: scalars */
    struct node *const *items; /* sequence, and a mapping's values */
};

/* Owns its nodes and its text. Nodes of an alias may be shared: the tree is read-only. */
struct document {
    char *name; /* for messages: the file's path, or "request" */
    char *text; /* the whole file, for excerpts; NULL for JSON */
    size_t size;
    const struct node *root; /* NULL if the file is empty */
};

/* NULL, with at least one error in `d`, if the text is not well formed. */
struct document *document_parse_yaml(const char *name, const char *text, size_t size,
                                     struct diagnostics *d);
struct document *document_from_json(const char *name, const json_t *value, struct diagnostics *d);
void document_free(struct document *doc);

/* The value of a key, NULL if it is not there or if `mapping` is none. */
const struct node *node_get(const struct node *mapping, const char *key);

#endif
