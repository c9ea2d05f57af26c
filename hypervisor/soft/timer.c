/* SPDX-License-Identifier: ISC */
/*
 * timer.c: the generic timer's counters, comparators and the thread that watches deadlines. See
 * timer.h.
 */
#include "timer.h"

#include "gic.h"
#include "host-wait.h"
#include "vcpu.h"
#include "vm.h"

/* 24 MHz: three ticks in 125 ns. Split, because a 128-bit division costs more than the rest of it. */
static uint64_t counter_at(uint64_t host_ns)
{
    return host_ns / 125 * 3 + host_ns % 125 * 3 / 125;
}

uint64_t timer_counter(void)
{
    return counter_at(host_now_ns());
}

/* Rounded up, so that at that time the comparator does match. */
static uint64_t ticks_to_host_ns(uint64_t ticks)
{
    uint64_t ns;

    return __builtin_mul_overflow(ticks / 3, UINT64_C(125), &ns) ||
                   __builtin_add_overflow(ns, (ticks % 3 * 125 + 2) / 3, &ns)
               ? TIMER_NEVER
               : ns;
}

static bool timer_met(const struct timer *t, uint64_t now)
{
    return (t->ctl & TIMER_CTL_ENABLE) && now >= t->cval;
}

static bool timer_output(const struct timer *t, uint64_t now)
{
    return timer_met(t, now) && !(t->ctl & TIMER_CTL_IMASK);
}

uint32_t timer_virtual_ctl(const struct vcpu *v)
{
    bool met = timer_met(&v->vtimer, timer_counter() - v->vtimer_offset);

    return v->vtimer.ctl | (met ? (uint32_t)TIMER_CTL_ISTATUS : 0);
}

uint32_t timer_physical_ctl(const struct vcpu *v)
{
    bool met = timer_met(&v->ptimer, timer_counter());

    return v->ptimer.ctl | (met ? (uint32_t)TIMER_CTL_ISTATUS : 0);
}

bool timer_exit_due(const struct vcpu *v)
{
    return v->vm->gic == NULL && !v->vtimer_masked &&
           timer_output(&v->vtimer, timer_counter() - v->vtimer_offset);
}

/* When the output of t rises; TIMER_NEVER if it is up or off. offset: counter of t = physical
 * counter - offset. */
static uint64_t rises_at(const struct timer *t, uint64_t physical_now, uint64_t offset)
{
    uint64_t now = physical_now - offset;

    if ((t->ctl & (TIMER_CTL_ENABLE | TIMER_CTL_IMASK)) != TIMER_CTL_ENABLE || now >= t->cval) {
        return TIMER_NEVER;
    }
    /* The distance is exact even where cval + offset wraps. */
    uint64_t distance = t->cval - now;
    return distance > TIMER_NEVER - physical_now ? TIMER_NEVER
                                                 : ticks_to_host_ns(physical_now + distance);
}

static void arm(struct vcpu *v, uint64_t deadline)
{
    struct timer_service *s = &v->vm->timers;

    atomic_store(&v->deadline, deadline);
    if (deadline < atomic_load(&s->sleeping_until)) {
        pthread_mutex_lock(&s->lock);
        pthread_cond_signal(&s->changed);
        pthread_mutex_unlock(&s->lock);
    }
}

/*
 * Outputs and the next deadline come from one reading of the counter: a timer that fires between
 * two readings would be neither up nor still to come.
 */
static uint64_t evaluate(struct vcpu *v, uint64_t host_ns)
{
    struct gic *gic = v->vm->gic;
    uint64_t now = counter_at(host_ns);
    uint64_t virt = rises_at(&v->vtimer, now, v->vtimer_offset);
    uint64_t phys;
    bool up = timer_output(&v->vtimer, now - v->vtimer_offset);

    if (gic == NULL) {
        if (v->vtimer_masked) {
            return TIMER_NEVER;
        }
        if (up) {
            vcpu_attention(v, ATTN_TIMER);
        }
        return virt;
    }
    if (up != v->vtimer_line) {
        v->vtimer_line = up;
        gic_set_ppi(gic, v->index, GIC_PPI_VIRTUAL_TIMER, up);
    }
    phys = rises_at(&v->ptimer, now, 0);
    up = timer_output(&v->ptimer, now);
    if (up != v->ptimer_line) {
        v->ptimer_line = up;
        gic_set_ppi(gic, v->index, GIC_PPI_PHYSICAL_TIMER, up);
    }
    return virt < phys ? virt : phys;
}

void timer_update_at(struct vcpu *v, uint64_t host_ns)
{
    arm(v, evaluate(v, host_ns));
}

void timer_update(struct vcpu *v)
{
    timer_update_at(v, host_now_ns());
}

uint64_t timer_take_over(struct vcpu *v)
{
    uint64_t deadline = evaluate(v, host_now_ns());

    atomic_store(&v->deadline, TIMER_NEVER);
    return deadline;
}

/* Tells vCPUs whose deadline has passed; returns the earliest that has not. */
static uint64_t ring_due(struct vm *vm, uint64_t now)
{
    uint64_t earliest = TIMER_NEVER;

    for (unsigned i = 0; i < VM_MAX_VCPUS; i++) {
        struct vcpu *v = vm_hold_vcpu(vm, i);
        if (v == NULL) {
            continue;
        }
        uint64_t deadline = atomic_load(&v->deadline);
        if (deadline > now) {
            earliest = deadline < earliest ? deadline : earliest;
        } else if (atomic_compare_exchange_strong(&v->deadline, &deadline, TIMER_NEVER)) {
            vcpu_attention(v, ATTN_TIMER);
        } else {
            earliest = now; /* armed anew meanwhile: look again */
        }
        vm_release_vcpu(vm, i);
    }
    return earliest;
}

static void *service_main(void *arg)
{
    struct vm *vm = arg;
    struct timer_service *s = &vm->timers;

    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        /* Whoever arms a deadline from here on comes for the lock, and so finds us asleep or not
         * yet looking. */
        atomic_store(&s->sleeping_until, TIMER_NEVER);
        uint64_t until = ring_due(vm, host_now_ns());
        atomic_store(&s->sleeping_until, until);
        host_wait(&s->changed, &s->lock, until);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int timer_service_start(struct vm *vm)
{
    struct timer_service *s = &vm->timers;
    int err;

    s->stopping = false;
    atomic_init(&s->sleeping_until, TIMER_NEVER);
    pthread_mutex_init(&s->lock, NULL);
    host_cond_init(&s->changed);
    err = pthread_create(&s->thread, NULL, service_main, vm);
    if (err != 0) {
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->lock);
    }
    return -err;
}

void timer_service_stop(struct vm *vm)
{
    struct timer_service *s = &vm->timers;

    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}
