/* SPDX-License-Identifier: ISC */
/*
 * object.c: reference counting. See object.h and <os/object.h>.
 */
#include "object.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <os/object.h>

struct object {
    atomic_size_t references;
    max_align_t data[];
};

static struct object *object_of(void *data)
{
    return (struct object *)(void *)((char *)data - offsetof(struct object, data));
}

void *object_new(size_t size)
{
    struct object *o;

    if (size > SIZE_MAX - sizeof(*o)) {
        return NULL;
    }
    o = calloc(1, sizeof(*o) + size);
    if (o == NULL) {
        return NULL;
    }
    atomic_init(&o->references, 1);
    return o->data;
}

void *os_retain(void *object)
{
    if (object != NULL) {
        atomic_fetch_add_explicit(&object_of(object)->references, 1, memory_order_relaxed);
    }
    return object;
}

void os_release(void *object)
{
    if (object != NULL &&
        atomic_fetch_sub_explicit(&object_of(object)->references, 1, memory_order_acq_rel) == 1) {
        free(object_of(object));
    }
}
