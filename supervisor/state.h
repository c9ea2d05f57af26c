/* SPDX-License-Identifier: ISC */
/*
 * state.h: the daemon's memory: SQLite, WAL, full sync, STRICT tables, schema in user_version.
 *
 * One writer: an exclusive lock on the database's folder is taken at opening, so that two daemons never
 * share it. A schema newer than this program's, a file that is no database, one that fails quick_check, and one
 * that cannot be read are refused with a sentence; nothing is deleted then. Every function that writes
 * is one transaction, and when it returns 0 the change is on disk.
 */
#ifndef PADDOCK_STATE_H
#define PADDOCK_STATE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "vm.h"

#define STATE_SCHEMA 1

struct state;

/* NULL: refused, with a sentence in `why`. */
struct state *state_open(const char *database, char *why, size_t size);
void state_close(struct state *s);
const char *state_error(const struct state *s); /* of the latest failure */

/* Calls `each` with every VM's row (its strings are the callee's to copy or to take by moving them out
 * and zeroing). Stops at a row that cannot be understood: -EPROTO. */
int state_load(struct state *s, void (*each)(void *ctx, struct vm_row *row), void *ctx);

/* An event to be written in the same transaction as the change it tells of; detail may be NULL and is not taken over. */
struct state_event {
    const char *type;            /* "vm.started"; see events in paddock-protocol(5) */
    const char *vm_id, *vm_name; /* NULL: the host's */
    const json_t *detail;
    int64_t at; /* Unix milliseconds; 0: now */
};

/* 0 or a negative errno. On success *seq (may be NULL) is the event's number; without an event 0. */
int state_insert(struct state *s, const struct vm_row *row, const struct state_event *e,
                 int64_t *seq);
int state_update(struct state *s, const struct vm_row *row, const struct state_event *e,
                 int64_t *seq);
int state_delete(struct state *s, const char *id, const struct state_event *e, int64_t *seq);
int state_note(struct state *s, const struct state_event *e, int64_t *seq); /* an event alone */

struct state_query {
    int64_t since;      /* events after this one */
    int64_t since_time; /* Unix milliseconds: none before */
    const char *vm;     /* its id or name; NULL: of all, and the host's */
    const char *type;   /* may have wildcards; NULL: all */
    size_t limit;
    bool latest; /* the latest `limit`, not the first */
};

/* Oldest first. Each as {"seq", "time", "type", "vm", "id", "detail"}. A new array, NULL on failure. */
json_t *state_events(struct state *s, const struct state_query *query);
json_t *state_event_json(int64_t seq, int64_t at, const struct state_event *e);
int state_prune_events(struct state *s, int64_t before_ms, size_t keep_at_most);

#endif
