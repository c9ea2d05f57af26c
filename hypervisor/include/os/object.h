/* SPDX-License-Identifier: ISC */
/*
 * Reference counting of the opaque configuration and state objects of
 * <Hypervisor/Hypervisor.h>, for hosts whose C library has no os_object.
 *
 * On a Mac the system's own header is the one that is used; there the same
 * two names come from libSystem.
 *
 * The objects are hv_vm_config_t, hv_vcpu_config_t, hv_gic_config_t and
 * hv_gic_state_t. Each *_create() returns one reference, which the caller
 * owns and gives back with os_release(). A config may be released as soon
 * as the call that took it has returned: the callee copies what it needs.
 *
 * Thread: any. The count is atomic; the object's contents are not locked.
 */
#ifndef PADDOCK_OS_OBJECT_H
#define PADDOCK_OS_OBJECT_H

#if defined(__APPLE__)
#pragma GCC system_header /* include_next is no ISO C */
#include_next <os/object.h>
#else

#ifdef __cplusplus
extern "C" {
#endif

/* Takes one more reference and returns the object. NULL stays NULL. */
void *os_retain(void *object);

/* Gives one reference back; the last one frees. NULL is ignored by softhv,
 * but not promised by macOS: don't pass it. */
void os_release(void *object);

#ifdef __cplusplus
}
#endif

#endif
#endif
