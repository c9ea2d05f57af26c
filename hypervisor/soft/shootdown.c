/* SPDX-License-Identifier: ISC */
/*
 * shootdown.c: invalidations across vCPUs. See shootdown.h.
 */
#include "shootdown.h"

#include "code.h"
#include "mmu.h"
#include "vcpu.h"
#include "vm.h"

static void enqueue(struct shootdown_queue *q, enum shootdown_kind kind, uint64_t arg)
{
    q->posted++;
    if (kind == SHOOT_MAP) {
        q->map = true;
        return;
    }
    if (kind == SHOOT_CODE_PAGE || kind == SHOOT_CODE_ALL) {
        if (q->code_all) {
            return;
        }
    } else if (q->tlb_all) {
        return;
    }
    if (kind == SHOOT_TLB_ALL) {
        q->tlb_all = true;
        return;
    }
    if (kind == SHOOT_CODE_ALL) {
        q->code_all = true;
        return;
    }
    /* IC IVAU comes line by line: one request a page. */
    if (q->count > 0 && q->slot[q->count - 1].kind == kind && q->slot[q->count - 1].arg == arg) {
        return;
    }
    if (q->count < SHOOTDOWN_SLOTS) {
        q->slot[q->count++] = (struct shootdown){kind, arg};
    } else if (kind == SHOOT_CODE_PAGE) {
        q->code_all = true;
    } else {
        q->tlb_all = true;
    }
}

void shootdown_post(struct vm *vm, struct vcpu *self, enum shootdown_kind kind, uint64_t arg)
{
    for (unsigned i = 0; i < VM_MAX_VCPUS; i++) {
        struct vcpu *v = vm_hold_vcpu(vm, i);

        if (v == NULL) {
            continue;
        }
        if (v != self) {
            pthread_mutex_lock(&v->lock);
            enqueue(&v->inbox, kind, arg);
            bool inside = v->in_guest;
            pthread_mutex_unlock(&v->lock);
            /* Outside, also asleep in WFI, it looks at its inbox before it comes in again. */
            if (inside) {
                vcpu_attention(v, ATTN_SHOOTDOWN);
            }
        }
        vm_release_vcpu(vm, i);
    }
}

void shootdown_wait(struct vm *vm, struct vcpu *self)
{
    if (self != NULL) {
        shootdown_leave(self);
    }
    for (unsigned i = 0; i < VM_MAX_VCPUS; i++) {
        struct vcpu *v = vm_hold_vcpu(vm, i);

        if (v == NULL) {
            continue;
        }
        if (v != self) {
            pthread_mutex_lock(&v->lock);
            uint64_t want = v->inbox.posted;
            while (v->in_guest && v->inbox.applied < want) {
                pthread_cond_wait(&v->quiet, &v->lock);
            }
            pthread_mutex_unlock(&v->lock);
        }
        vm_release_vcpu(vm, i);
    }
    if (self != NULL) {
        shootdown_enter(self);
    }
}

void shootdown_local(struct vcpu *v, enum shootdown_kind kind, uint64_t arg)
{
    switch (kind) {
    case SHOOT_TLB_ALL: mmu_tlb_flush_all(&v->cpu); break;
    case SHOOT_TLB_ASID: mmu_tlb_flush_asid(&v->cpu, arg); break;
    case SHOOT_TLB_VA: mmu_tlb_flush_va(&v->cpu, arg); break;
    case SHOOT_CODE_ALL: code_flush_all(&v->cpu); break;
    case SHOOT_CODE_PAGE: code_flush_page(&v->cpu, arg); break;
    case SHOOT_MAP:
        mmu_tlb_flush_all(&v->cpu);
        code_forget_all(&v->cpu);
        break;
    }
}

/* With v->lock held. */
static void apply_locked(struct vcpu *v)
{
    struct shootdown_queue *q = &v->inbox;

    if (q->applied == q->posted) {
        return;
    }
    if (q->map) {
        shootdown_local(v, SHOOT_MAP, 0);
    } else {
        if (q->tlb_all) {
            shootdown_local(v, SHOOT_TLB_ALL, 0);
        }
        if (q->code_all) {
            shootdown_local(v, SHOOT_CODE_ALL, 0);
        }
        for (unsigned i = 0; i < q->count; i++) {
            shootdown_local(v, q->slot[i].kind, q->slot[i].arg);
        }
    }
    q->count = 0;
    q->tlb_all = false;
    q->code_all = false;
    q->map = false;
    q->applied = q->posted;
    pthread_cond_broadcast(&v->quiet);
}

void shootdown_apply(struct vcpu *v)
{
    pthread_mutex_lock(&v->lock);
    apply_locked(v);
    pthread_mutex_unlock(&v->lock);
}

void shootdown_enter(struct vcpu *v)
{
    pthread_mutex_lock(&v->lock);
    v->in_guest = true;
    apply_locked(v);
    pthread_mutex_unlock(&v->lock);
}

void shootdown_leave(struct vcpu *v)
{
    pthread_mutex_lock(&v->lock);
    v->in_guest = false;
    pthread_cond_broadcast(&v->quiet);
    pthread_mutex_unlock(&v->lock);
}
