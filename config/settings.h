/* SPDX-License-Identifier: ISC */
/*
 * settings.h: moves values between documents, JSON and the fields that the key table (keys.h) names.
 *
 * What a key's row says (type, range, choices, default, field) is all these functions know; settings of
 * another shape, such as lists and short forms, are read by vm-config.c and host-config.c. `object` is
 * the structure that the table's offsets are of; those of a group's keys begin at the group's own.
 */
#ifndef PADDOCK_SETTINGS_H
#define PADDOCK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "document.h"
#include "keys.h"

#define SETTING_PATH_MAX  256u /* "vms.builder-1.disks[0].path" */
#define SETTING_TAKES_MAX 400u

/* One document being read; the errors it had so far. */
struct setting_reader {
    const struct document *doc;
    struct diagnostics *d;
    size_t errors;
};

void setting_error(struct setting_reader *r, const struct node *at, const char *path,
                   const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "path.name", or "name" alone if path is "". Returns out. */
const char *setting_path(char out[SETTING_PATH_MAX], const char *path, const char *name);

/* The key of the mapping's pair `i`; NULL if it begins with "x-", or is unknown (an error). */
const struct key *setting_key(struct setting_reader *r, const struct key *table,
                              const struct node *mapping, size_t i, const char *path);

/* What a key takes, as in "a size from 64MiB to 64GiB": in messages and in paddock.yaml(5). Returns out or a constant. */
const char *setting_takes(const struct key *key, char out[SETTING_TAKES_MAX]);

/* True if the value is of that kind, else an error that says `what` it takes. */
bool setting_is(struct setting_reader *r, const struct node *value, enum node_kind kind,
                const char *path, const char *what);

/* Reads a scalar, or a group, into its field; where a key has none, the value is only checked. */
void setting_read(struct setting_reader *r, void *object, const struct key *key,
                  const struct node *value, const char *path);
/* Reads a mapping, key by key; `path` as it is for messages. */
void setting_read_group(struct setting_reader *r, void *object, const struct key *table,
                        const struct node *mapping, const char *path);

/* Sets every field of the table that has a default, in groups too. The fields were zero. */
void setting_defaults(void *object, const struct key *table);
/* The fields of a table: a new object, without what is not set. */
json_t *setting_to_json(const void *object, const struct key *table);
/* `to` holds the same bytes as `from`: gives it strings of its own. 0 or -ENOMEM; `to` may be freed. */
int setting_own_strings(void *to, const struct key *table);
void setting_free_strings(void *object, const struct key *table);

/* Removes from `all` what is equal in `base`, in objects inside too. */
void setting_prune(json_t *all, const json_t *base);

#endif
