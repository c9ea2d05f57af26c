/* SPDX-License-Identifier: ISC */
/*
 * timer.h: the generic timer (Arm ARM D11).
 *
 * The counter runs at 24 MHz from the host's monotonic clock. A vCPU evaluates its own timers
 * (timer_update) whenever it wrote one of their registers or is told that a deadline has passed; a
 * deadline is kept by the VM's timer thread while the vCPU runs and by the vCPU itself while it
 * sleeps in WFI.
 */
#ifndef SOFTHV_TIMER_H
#define SOFTHV_TIMER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TIMER_FREQUENCY UINT64_C(24000000)
#define TIMER_NEVER     UINT64_MAX

enum {
    TIMER_CTL_ENABLE = 1u << 0,
    TIMER_CTL_IMASK = 1u << 1,
    TIMER_CTL_ISTATUS = 1u << 2
};

struct vm;
struct vcpu;

/* One comparator of one vCPU: CNTV or CNTP. */
struct timer {
    uint32_t ctl; /* ENABLE and IMASK; ISTATUS is computed */
    uint64_t cval;
};

struct timer_service {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;                        /* guarded by lock */
    atomic_uint_least64_t sleeping_until; /* host ns; a deadline before it must be announced */
};

/* The physical counter, CNTPCT_EL0. */
uint64_t timer_counter(void);

/* 0, or a negative errno. */
int timer_service_start(struct vm *vm);
void timer_service_stop(struct vm *vm);

/* ISTATUS included. */
uint32_t timer_virtual_ctl(const struct vcpu *v);
uint32_t timer_physical_ctl(const struct vcpu *v);

/*
 * Drives the PPIs (with a GIC) or the pending VTIMER exit (without) from the present comparators
 * and arms the next deadline. Owner's thread.
 */
void timer_update(struct vcpu *v);
/* The same by a reading of host_now_ns() that the caller has just taken. */
void timer_update_at(struct vcpu *v, uint64_t host_ns);

/* Whether, without a GIC, the virtual timer is to end the run. */
bool timer_exit_due(const struct vcpu *v);

/*
 * The same for a vCPU that goes to sleep and watches its deadline itself: returns it (host ns,
 * TIMER_NEVER: none) and takes it away from the timer thread.
 */
uint64_t timer_take_over(struct vcpu *v);

#endif
