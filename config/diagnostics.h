/* SPDX-License-Identifier: ISC */
/*
 * diagnostics.h: everything that is wrong with a configuration, not only the first thing.
 *
 * As text:
 *
 *   /etc/paddock/vms.d/a.yaml:7:5: error: unknown key "memroy" in vms.builder-1
 *     7 |     memroy: 4GiB
 *       |     ^~~~~~
 *       = did you mean "memory"?
 *
 * As JSON: {"file", "line", "column", "severity", "path", "message", "hint"}, absent where unknown.
 */
#ifndef PADDOCK_DIAGNOSTICS_H
#define PADDOCK_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#define DIAGNOSTICS_MAX 200u /* more are counted, and said to have been left out */

struct document;
struct node;

enum severity {
    SEVERITY_WARNING,
    SEVERITY_ERROR
};

struct diagnostics;

struct diagnostics *diagnostics_new(void);
void diagnostics_free(struct diagnostics *d);

/* `at` gives the place (NULL: the document as a whole), `path` the setting ("vms.a.disks[0].path", may
 * be NULL), `hint` what to do about it (may be NULL). Everything is copied. */
void diagnostics_add(struct diagnostics *d, enum severity severity, const struct document *doc,
                     const struct node *at, const char *path, const char *hint, const char *format,
                     ...) __attribute__((format(printf, 7, 8)));
/* For what the parser itself refused, where there is no node yet; line 0: the file as a whole. */
void diagnostics_add_at(struct diagnostics *d, enum severity severity, const char *file,
                        const char *text, size_t size, unsigned line, unsigned column,
                        const char *message);

size_t diagnostics_errors(const struct diagnostics *d);
size_t diagnostics_warnings(const struct diagnostics *d);
/* How many entries there are, in the order they were added, to remember where a VM's begin. */
size_t diagnostics_count(const struct diagnostics *d);
/* "FILE:LINE:COLUMN: message" of the first error from entry `from` on, for the cause of a VM that is
 * disabled; NULL if there is none. Valid until the next addition. */
const char *diagnostics_first_error(const struct diagnostics *d, size_t from);

/* color: SGR sequences, for terminals. */
void diagnostics_print(const struct diagnostics *d, FILE *out, bool color);
json_t *diagnostics_to_json(const struct diagnostics *d); /* a new array */

#endif
