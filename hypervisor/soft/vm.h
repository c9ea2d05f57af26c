/* SPDX-License-Identifier: ISC */
/*
 * vm.h: the process's one virtual machine: its memory map, its vCPUs, its interrupt controller.
 *
 * Lock order: the process lock (vm_lock_current), the GIC's own lock, then vcpu.lock or the timer
 * service's. Handlers of guest instructions take none of them on their fast paths. The memory map
 * is an immutable array that readers find through one atomic pointer; a replaced one is freed after
 * every vCPU has acknowledged the change (shootdown.h).
 */
#ifndef SOFTHV_VM_H
#define SOFTHV_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Hypervisor/Hypervisor.h>

#include "timer.h"

struct gic;
struct vcpu;

#define VM_MAX_VCPUS        64u
#define VM_MIN_IPA_BITS     32u
#define VM_DEFAULT_IPA_BITS 36u
#define VM_MAX_IPA_BITS     40u

/* A piece of guest-physical memory, in multiples of the granule. Sorted by ipa, never overlapping.
 */
struct vm_region {
    uint64_t ipa;
    uint64_t size;
    char *host;
    hv_memory_flags_t flags;
};

struct vm_map {
    size_t count;
    struct vm_region region[];
};

/* A place in the vCPU table. A thread that is not the owner's pins the slot while it uses the vCPU.
 */
struct vm_slot {
    struct vcpu *_Atomic vcpu;
    atomic_uint pins;
};

struct vm {
    _Atomic(struct vm_map *) map;
    struct vm_slot slot[VM_MAX_VCPUS];
    atomic_uint vcpu_count;
    unsigned ipa_bits;
    uint64_t granule; /* of map, unmap and protect, in bytes */
    bool wfi_exits;   /* an idle vCPU returns from run with EC 0x01 instead of sleeping inside */
    struct gic *gic;
    struct timer_service timers;
};

/* Takes the process lock and returns its VM; NULL, unlocked, when there is none. */
struct vm *vm_lock_current(void);
void vm_unlock_current(void);

/* The vCPU of a slot, which then stays until it is released; NULL (and nothing to release): none.
 */
struct vcpu *vm_hold_vcpu(struct vm *vm, unsigned index);
void vm_release_vcpu(struct vm *vm, unsigned index);

/* The region that holds ipa, or NULL. For vCPUs that count as running (shootdown.h) and under the
 * process lock. */
const struct vm_region *vm_find(const struct vm *vm, uint64_t ipa);

#endif
