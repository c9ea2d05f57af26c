/* SPDX-License-Identifier: ISC */
/*
 * vcpu.h: one virtual CPU: architectural state, identity, and how other threads reach it.
 *
 * Created, run and destroyed by one thread. Other threads may only kick it (vcpu_attention), post
 * invalidations (shootdown.h) and raise interrupt lines.
 */
#ifndef SOFTHV_VCPU_H
#define SOFTHV_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <Hypervisor/Hypervisor.h>

#include "cpu.h"
#include "shootdown.h"
#include "timer.h"

struct code_cache;
struct code_page;
struct vm;

struct vcpu {
    struct cpu cpu; /* first: cpu_vcpu() */
    hv_vcpu_exit_t exit;
    bool exit_pending; /* `exit` is to be given to the VMM */

    struct vm *vm;
    unsigned index; /* the handle */
    pthread_t thread;

    struct code_cache *code;
    struct code_page *step_page; /* made when software step is first used */

    /* Interrupts injected by the VMM when there is no GIC; one run each. */
    bool pending_irq;
    bool pending_fiq;

    struct timer vtimer;
    struct timer ptimer;
    uint64_t vtimer_offset;
    bool vtimer_masked; /* no VTIMER exits */
    bool vtimer_line;   /* as last given to the GIC */
    bool ptimer_line;
    atomic_uint_least64_t deadline; /* host ns; read by the timer thread */

    bool trap_debug_regs;
    uint64_t exec_time_ns;

    /* Guards what follows, and the sleep in WFI. */
    pthread_mutex_t lock;
    pthread_cond_t wake;  /* attention rose while asleep */
    pthread_cond_t quiet; /* in_guest fell or invalidations were applied */
    bool in_guest;        /* may hold translations and decoded code in use */
    atomic_bool asleep;
    struct shootdown_queue inbox;

    bool posted; /* owner only: invalidations posted to others since the last DSB */
};

static inline struct vcpu *cpu_vcpu(struct cpu *c)
{
    return (struct vcpu *)(void *)c;
}

static inline const struct vcpu *cpu_vcpu_const(const struct cpu *c)
{
    return (const struct vcpu *)(const void *)c;
}

/* The calling thread's vCPU with this handle, or NULL and why: HV_BAD_ARGUMENT for no such vCPU or
 * another thread's. */
struct vcpu *vcpu_owned(hv_vcpu_t handle, hv_return_t *err);

/* Makes v look up from the guest, or wake from WFI. Any thread. */
void vcpu_attention(struct vcpu *v, unsigned bits);

/* The GIC's signal function; ctx is the struct vm. */
void vcpu_signal_lines(void *ctx, unsigned index, bool irq, bool fiq);

/* Runs guest instructions until an exit. Owner's thread. */
void vcpu_run(struct vcpu *v);

/* Sleeps until something wants v's attention or a timer fires. Called on WFI when nothing is
 * pending. */
void vcpu_sleep(struct vcpu *v);

/* Whether an interrupt is pending for WFI's purposes, masked or not. */
bool vcpu_interrupt_pending(const struct vcpu *v);

/* Architectural reset state (D1.9.1), registers as the framework leaves them. */
void vcpu_reset(struct vcpu *v);

#endif
