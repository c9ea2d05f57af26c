/* SPDX-License-Identifier: ISC */
/*
 * vcpu.h: the VM's vCPUs: a thread each, which creates its vCPU, runs the guest and answers its
 * exits.
 *
 * The set is made and taken down on the loop's thread. Stop and pause are flags that every thread
 * looks at before each run; a kick only makes it look sooner. Because a kick can be lost
 * (hv_vcpus_exit is one-shot), whoever waits repeats it.
 *
 * An idle vCPU either sleeps inside hv_vcpu_run or comes out with WFI; both work. In the second
 * case its thread waits for its virtual timer or any device's interrupt (vcpus_interrupt). An
 * interrupt from another vCPU is not announced to us: while another one is active, the waiting one
 * looks into its redistributor every VCPU_IPI_POLL_NS.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <Hypervisor/Hypervisor.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "exit.h"
#include "guest-ram.h"
#include "outcome.h"
#include "psci.h"
#include "stats.h"

#define VCPU_IPI_POLL_NS UINT64_C(1000000)

struct vcpu_set;

struct vcpu {
    struct vcpu_set *set;
    unsigned index;
    pthread_t thread;
    bool has_thread;
    bool exists; /* handle is valid; guarded by set->lock */
    bool out; /* not in the guest and will not enter it while a pause or stop is wanted; guarded by
                 set->lock */
    hv_vcpu_t handle;
    const hv_vcpu_exit_t *exit;
    uint64_t reset_sctlr;
    uint64_t seen; /* set->interrupts before the last run */
    /* Counters: written by the thread, read by anybody. */
    atomic_uint_least64_t exits[EXIT_CLASSES];
    atomic_uint_least64_t canceled;
    atomic_uint_least64_t unknown_mmio;
    atomic_uint_least64_t unknown_sysreg;
};

/* How the set reports what happens on its threads. */
struct vcpu_events {
    /* The VM is to end. Any thread; the first call wins. */
    void (*end)(void *ctx, enum outcome outcome, int32_t code, const char *cause);
    /* A rate-limited remark for the log. Any thread. */
    void (*log)(void *ctx, const char *text);
    void *ctx;
};

struct vcpu_set {
    struct vcpu vcpu[PSCI_CPUS_MAX];
    unsigned count;
    const struct bus *bus;
    const struct guest_ram *ram;
    struct vcpu_events events;
    struct psci psci;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* exists, out */
    pthread_cond_t
        wake; /* parked vCPUs: an interrupt, the end of a pause, or somebody became active */
    atomic_bool stopping;
    atomic_bool pausing;
    atomic_uint parked;               /* in WFI, outside the guest; written under lock */
    atomic_uint active;               /* turned on and not parked; written under lock */
    atomic_uint_least64_t interrupts; /* counts vcpus_interrupt */
};

/*
 * Starts the threads and waits until each has its vCPU; all are off. 0, or -1 with *code the
 * hypervisor's or the system's error; then nothing is left.
 */
int vcpus_start(struct vcpu_set *set, unsigned count, const struct bus *bus,
                const struct guest_ram *ram, const struct vcpu_events *events, int32_t *code);

/* Turns vCPU 0 on at `entry` with X0 = dtb. */
void vcpus_boot(struct vcpu_set *set, uint64_t entry, uint64_t dtb);

/* Nobody is in the guest when it returns. */
void vcpus_pause(struct vcpu_set *set);
void vcpus_resume(struct vcpu_set *set);

/* Stops and joins every thread. Idempotent. */
void vcpus_stop(struct vcpu_set *set);

/* Makes running vCPUs look at `stopping`; for whoever ends the VM on another thread. */
void vcpus_kick(struct vcpu_set *set);

/* A device raised an interrupt: parked vCPUs go and see. Any thread. */
void vcpus_interrupt(struct vcpu_set *set);

void vcpus_stats(const struct vcpu_set *set, struct stats *out);

#endif
