/* SPDX-License-Identifier: ISC */
/*
 * vcpu.c: vCPUs come and go; how other threads reach one; sleeping in WFI. See vcpu.h.
 */
#include "vcpu.h"

#include <Hypervisor/hv-soft.h>
#include <sched.h>
#include <stdlib.h>

#include "code.h"
#include "except.h"
#include "gic.h"
#include "host-wait.h"
#include "idreg.h"
#include "mmu.h"
#include "sysreg.h"
#include "vm.h"

/*
 * Pages of decoded code, 16 KiB each, shared out among the vCPUs: one vCPU holds up to 2 MiB of
 * guest code in 8 MiB of host memory, many hold less each.
 */
enum {
    CODE_PAGES_FIRST = 512,
    CODE_PAGES_MORE = 256
};

static unsigned code_pages(unsigned index)
{
    return index == 0 ? CODE_PAGES_FIRST : CODE_PAGES_MORE;
}

size_t hv_soft_code_cache_size(unsigned index)
{
    return code_cache_size(code_pages(index));
}

static _Thread_local struct vcpu *own_vcpu; /* the vCPU of this thread */

struct vcpu *vcpu_owned(hv_vcpu_t handle, hv_return_t *err)
{
    struct vcpu *v = own_vcpu;

    if (v == NULL || v->index != handle) {
        *err = HV_BAD_ARGUMENT;
        return NULL;
    }
    *err = HV_SUCCESS;
    return v;
}

void vcpu_attention(struct vcpu *v, unsigned bits)
{
    atomic_fetch_or(&v->cpu.attention, bits);
    /* The sleeper sets `asleep` before it looks at `attention`: one of the two sees the other. */
    if (atomic_load(&v->asleep)) {
        pthread_mutex_lock(&v->lock);
        pthread_cond_signal(&v->wake);
        pthread_mutex_unlock(&v->lock);
    }
}

bool vcpu_interrupt_pending(const struct vcpu *v)
{
    return atomic_load(&v->cpu.irq_line) || atomic_load(&v->cpu.fiq_line);
}

void vcpu_sleep(struct vcpu *v)
{
    uint64_t deadline = timer_take_over(v);

    pthread_mutex_lock(&v->lock);
    v->in_guest = false;
    pthread_cond_broadcast(&v->quiet);
    atomic_store(&v->asleep, true);
    while ((atomic_load(&v->cpu.attention) & ~(unsigned)ATTN_STEP) == 0 &&
           !vcpu_interrupt_pending(v) && host_now_ns() < deadline) {
        host_wait(&v->wake, &v->lock, deadline);
    }
    atomic_store(&v->asleep, false);
    pthread_mutex_unlock(&v->lock);
    timer_update(v);
    shootdown_enter(v);
}

/* ---- Create and destroy
 * ------------------------------------------------------------------------------ */

/* The GIC says how the lines to a vCPU stand. Its lock is held. */
void vcpu_signal_lines(void *ctx, unsigned index, bool irq, bool fiq)
{
    struct vm *vm = ctx;
    struct vcpu *v = vm_hold_vcpu(vm, index);

    if (v == NULL) {
        return;
    }
    atomic_store(&v->cpu.irq_line, irq);
    atomic_store(&v->cpu.fiq_line, fiq);
    if (irq || fiq) {
        vcpu_attention(v, ATTN_IRQ);
    }
    vm_release_vcpu(vm, index);
}

void vcpu_reset(struct vcpu *v)
{
    struct cpu *c = &v->cpu;

    c->tlb = &c->tlbs[1];
    c->el = 1;
    c->spsel = 1;
    c->daif = DAIF_D | DAIF_A | DAIF_I | DAIF_F;
    c->zf = 1;
    c->mpidr = UINT64_C(0x80000000) | v->index;
    idreg_reset(c, v->vm->ipa_bits, v->vm->gic != NULL);
    sysreg_set(c, HV_SYS_REG_SCTLR_EL1, 0); /* RES1 bits; empties the TLBs too */
    cpu_update_fp_trap(c);
    v->vtimer = (struct timer){0};
    v->ptimer = (struct timer){0};
    atomic_store(&v->deadline, TIMER_NEVER);
}

static struct vcpu *vcpu_new(struct vm *vm, unsigned index)
{
    /* The fast-path fields share cache lines on purpose: aligned so that they do. */
    struct vcpu *v = aligned_alloc(64, (sizeof(*v) + 63) & ~(size_t)63);

    if (v == NULL) {
        return NULL;
    }
    *v = (struct vcpu){.vm = vm, .index = index, .thread = pthread_self()};
    v->code = code_cache_new(code_pages(index));
    if (v->code == NULL) {
        free(v);
        return NULL;
    }
    pthread_mutex_init(&v->lock, NULL);
    host_cond_init(&v->wake);
    pthread_cond_init(&v->quiet, NULL);
    vcpu_reset(v);
    return v;
}

static void vcpu_free(struct vcpu *v)
{
    pthread_cond_destroy(&v->quiet);
    pthread_cond_destroy(&v->wake);
    pthread_mutex_destroy(&v->lock);
    code_cache_free(v->code);
    free(v->step_page);
    free(v);
}

static int free_index(struct vm *vm)
{
    for (unsigned i = 0; i < VM_MAX_VCPUS; i++) {
        if (atomic_load(&vm->slot[i].vcpu) == NULL) {
            return (int)i;
        }
    }
    return -1;
}

hv_return_t hv_vcpu_create(hv_vcpu_t *vcpu, hv_vcpu_exit_t **exit, hv_vcpu_config_t config)
{
    struct vm *vm;
    struct vcpu *v;
    int index;

    (void)config; /* holds nothing that a caller could change */
    if (vcpu == NULL || exit == NULL) {
        return HV_BAD_ARGUMENT;
    }
    vm = vm_lock_current();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    if (own_vcpu != NULL) {
        vm_unlock_current();
        return HV_BUSY;
    }
    index = free_index(vm);
    v = index < 0 ? NULL : vcpu_new(vm, (unsigned)index);
    if (v == NULL) {
        vm_unlock_current();
        return HV_NO_RESOURCES;
    }
    atomic_store(&vm->slot[index].vcpu, v);
    atomic_fetch_add(&vm->vcpu_count, 1);
    if (vm->gic != NULL) {
        gic_attach_vcpu(vm->gic, v->index, v->cpu.mpidr);
    }
    own_vcpu = v;
    vm_unlock_current();
    *vcpu = v->index;
    *exit = &v->exit;
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_destroy(hv_vcpu_t vcpu)
{
    hv_return_t ret;
    struct vcpu *v = vcpu_owned(vcpu, &ret);
    struct vm *vm;

    if (v == NULL) {
        return ret;
    }
    vm = v->vm;
    vm_lock_current();
    if (vm->gic != NULL) {
        gic_detach_vcpu(vm->gic, v->index);
    }
    atomic_store(&vm->slot[v->index].vcpu, NULL);
    while (atomic_load(&vm->slot[v->index].pins) != 0) {
        sched_yield();
    }
    atomic_fetch_sub(&vm->vcpu_count, 1);
    own_vcpu = NULL;
    vm_unlock_current();
    vcpu_free(v);
    return HV_SUCCESS;
}

hv_return_t hv_vcpus_exit(hv_vcpu_t *vcpus, uint32_t vcpu_count)
{
    struct vm *vm;
    hv_return_t ret = HV_SUCCESS;

    if (vcpus == NULL && vcpu_count != 0) {
        return HV_BAD_ARGUMENT;
    }
    vm = vm_lock_current();
    if (vm == NULL) {
        return HV_NO_DEVICE;
    }
    for (uint32_t i = 0; i < vcpu_count; i++) {
        if (vcpus[i] >= VM_MAX_VCPUS || atomic_load(&vm->slot[vcpus[i]].vcpu) == NULL) {
            ret = HV_BAD_ARGUMENT;
        }
    }
    for (uint32_t i = 0; i < vcpu_count && ret == HV_SUCCESS; i++) {
        vcpu_attention(atomic_load(&vm->slot[vcpus[i]].vcpu), ATTN_KICK);
    }
    vm_unlock_current();
    return ret;
}
