/* SPDX-License-Identifier: ISC */
/*
 * keys.h: the table of settings: every key a file or a request may contain.
 *
 * Readers, `vmctl schema`, `vmctl config show`, the sample in etc/ and the test of paddock.yaml(5) are
 * made from or compared with it, so a key is defined once.
 */
#ifndef PADDOCK_KEYS_H
#define PADDOCK_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum key_type {
    KEY_BOOL,
    KEY_NUMBER,
    KEY_SIZE,
    KEY_DURATION,
    KEY_STRING,
    KEY_PATH,   /* absolute */
    KEY_CHOICE, /* one of `choices` */
    KEY_MAP,    /* string to string */
    KEY_LIST,   /* of mappings with the keys of `of` */
    KEY_GROUP,  /* a mapping with the keys of `of` */
    KEY_NAMED   /* a mapping from names to mappings with the keys of `of` */
};

struct key {
    const char *name;
    enum key_type type;
    uint64_t min,
        max; /* numbers, bytes, milliseconds, a string's length; of a choice, min: the first */
    const char *const *choices; /* NULL-terminated */
    const struct key *of;       /* ends with a NULL name */
    const char *fallback;       /* the default as it would be written; NULL: none */
    const char *help;           /* one line */
    size_t offset,
        size; /* the field it is kept in; size 0: none; of a group: where its keys' begin */
};

extern const struct key vm_keys[];   /* of a VM, a template and `defaults` */
extern const struct key host_keys[]; /* of paddock.yaml's top level */

const struct key *key_find(const struct key *table, const char *name);
/* The nearest known name at a small edit distance, or NULL. */
const char *key_suggest(const struct key *table, const char *name);

#endif
