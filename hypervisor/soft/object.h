/* SPDX-License-Identifier: ISC */
/*
 * object.h: the counted objects behind hv_*_config_t and hv_gic_state_t. Callers of the public API
 * hold them through <os/object.h>; object.c implements os_retain() and os_release().
 */
#ifndef SOFTHV_OBJECT_H
#define SOFTHV_OBJECT_H

#include <stddef.h>

/*
 * `size` zeroed bytes, aligned for any type, with one reference that the caller of the public API
 * gives back with os_release(). They own nothing: releasing the last reference is a free(). NULL:
 * out of memory. Any thread.
 */
void *object_new(size_t size);

#endif
