/* SPDX-License-Identifier: ISC */
/*
 * object.h: the reference-counted objects behind hv_*_config_t and hv_gic_state_t (os/object.h).
 */
#ifndef SOFTHV_OBJECT_H
#define SOFTHV_OBJECT_H

#include <stdatomic.h>
#include <stddef.h>

enum object_kind {
    OBJECT_VM_CONFIG = 1,
    OBJECT_VCPU_CONFIG,
    OBJECT_GIC_CONFIG,
    OBJECT_GIC_STATE
};

/* First member of every such object. */
struct object {
    atomic_uint refs;
    enum object_kind kind;
};

/* Zeroed memory of `size` bytes (which includes the struct object) with one reference; NULL: out of
 * memory. */
void *object_new(enum object_kind kind, size_t size);

#endif
