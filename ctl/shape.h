/* SPDX-License-Identifier: ISC */
/*
 * shape.h: the JSON that vmctl prints and paddockd answers, field by field.
 *
 * One table, shapes[], from which `vmctl schema NAME` prints a JSON schema (draft 2020-12). A field that is
 * not in it is a mistake: tests/integration/ctl/shapes.sh compares what programs say with it, and vmctl(8)
 * and paddock-protocol(5) with its names.
 *
 * All fields are there always, but for those with SHAPE_MAYBE.
 */
#ifndef PADDOCK_CTL_SHAPE_H
#define PADDOCK_CTL_SHAPE_H

#include <jansson.h>

enum shape_type {
    SHAPE_TEXT,
    SHAPE_NUMBER, /* an integer */
    SHAPE_REAL,   /* a number */
    SHAPE_FLAG,
    SHAPE_TIME,    /* RFC 3339 in UTC, with milliseconds */
    SHAPE_CHOICE,  /* one of `choices` */
    SHAPE_OUTCOME, /* one of common/outcome.h's, which says that it ended */
    SHAPE_STEP,    /* one of its steps */
    SHAPE_FAILURE, /* one of common/failure.h's */
    SHAPE_OBJECT,  /* with the fields of `of` */
    SHAPE_LIST,    /* of such objects */
    SHAPE_FLAGS,   /* a list of booleans */
    SHAPE_NUMBERS, /* a list of integers */
    SHAPE_COUNTS,  /* an object of integers, whatever their names */
    SHAPE_TEXTS,   /* an object of strings */
    SHAPE_CONFIG,  /* a VM's settings, as in the configuration */
    SHAPE_DETAIL,  /* of an event: as shape_events[] says */
    SHAPE_FIELDS   /* no field: those of `of` stand in this place */
};

enum shape_flags {
    SHAPE_NULL = 1, /* may be null: unknown, or it does not apply */
    SHAPE_MAYBE = 2 /* may be absent */
};

struct shape_field {
    const char *name;
    enum shape_type type;
    unsigned flags;
    const char *help; /* one line */
    const struct shape_field *of;
    const char *choices; /* blank-separated */
};

enum shape_kind {
    SHAPE_ONE,  /* the object */
    SHAPE_MANY, /* an array of it */
    SHAPE_HOST  /* paddock.yaml's own schema */
};

struct shape {
    const char *name; /* what prints it: a verb, a method, or "error" */
    enum shape_kind kind;
    const struct shape_field *fields; /* ends with name NULL */
};

/* What each type of event tells in `detail`. */
struct shape_event {
    const char *type;
    enum shape_type
        kind; /* SHAPE_OBJECT, or SHAPE_CONFIG: settings that are not the built-in ones */
    unsigned flags;
    const struct shape_field *detail; /* NULL: null */
};

extern const struct shape shapes[];             /* ends with name NULL */
extern const struct shape_field shape_event[];  /* every event's fields */
extern const struct shape_event shape_events[]; /* ends with type NULL */

const struct shape *shape_find(const char *name); /* NULL: there is none */
json_t *shape_schema(const struct shape *s);      /* a new object */

#endif
