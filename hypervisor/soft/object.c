/* SPDX-License-Identifier: ISC */
/*
 * object.c: os_retain and os_release for softhv's objects. They own nothing but their own memory.
 */
#include "object.h"

#include <os/object.h>
#include <stdlib.h>

void *object_new(enum object_kind kind, size_t size)
{
    struct object *o = calloc(1, size);

    if (o != NULL) {
        atomic_init(&o->refs, 1);
        o->kind = kind;
    }
    return o;
}

void *os_retain(void *object)
{
    struct object *o = object;

    if (o != NULL) {
        atomic_fetch_add(&o->refs, 1);
    }
    return object;
}

void os_release(void *object)
{
    struct object *o = object;

    if (o != NULL && atomic_fetch_sub(&o->refs, 1) == 1) {
        free(o);
    }
}
