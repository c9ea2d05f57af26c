/* SPDX-License-Identifier: ISC */
/*
 * shootdown.h: invalidations that reach other vCPUs.
 *
 * A TLBI or IC broadcast, or a change of the memory map, is posted to every other vCPU's inbox and
 * applied by its owner the next time it looks up from the guest, or before it enters the guest
 * again. A DSB waits until everybody who was inside has done so (D8.13.5: completion of TLB
 * maintenance). While it waits, the waiter counts as outside, so that two vCPUs cannot wait for
 * each other.
 */
#ifndef SOFTHV_SHOOTDOWN_H
#define SOFTHV_SHOOTDOWN_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;
struct vm;

enum shootdown_kind {
    SHOOT_TLB_ALL,
    SHOOT_TLB_ASID, /* arg: ASID */
    SHOOT_TLB_VA,   /* arg: virtual address, any ASID */
    SHOOT_CODE_ALL,
    SHOOT_CODE_PAGE, /* arg: IPA */
    SHOOT_MAP,       /* the memory map changed: all translations, all code */
};

struct shootdown {
    enum shootdown_kind kind;
    uint64_t arg;
};

#define SHOOTDOWN_SLOTS 32u

struct shootdown_queue {
    struct shootdown slot[SHOOTDOWN_SLOTS];
    unsigned count;
    bool tlb_all; /* overflowed: everything of that sort */
    bool code_all;
    bool map;
    uint64_t posted;  /* how many were ever posted */
    uint64_t applied; /* the value of posted when the owner last emptied the inbox */
};

/* Posts to every vCPU of the VM but `self` (NULL: to all). */
void shootdown_post(struct vm *vm, struct vcpu *self, enum shootdown_kind kind, uint64_t arg);

/* Waits until every post made before has been applied or its vCPU is outside the guest. self: the
 * calling vCPU or NULL. */
void shootdown_wait(struct vm *vm, struct vcpu *self);

/* Applies v's inbox. Owner's thread. */
void shootdown_apply(struct vcpu *v);

/* Marks the calling vCPU as inside the guest (applying its inbox first) or outside. */
void shootdown_enter(struct vcpu *v);
void shootdown_leave(struct vcpu *v);

/* Applies one invalidation to the calling vCPU's own caches. */
void shootdown_local(struct vcpu *v, enum shootdown_kind kind, uint64_t arg);

#endif
