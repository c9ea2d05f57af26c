/* SPDX-License-Identifier: ISC */
/*
 * PSCI: which vCPU is on, and the firmware calls that turn them on and off.
 *
 * Arm DEN 0022 (PSCI 1.1) and DEN 0028 (SMC calling convention 1.1). Knows nothing of the
 * hypervisor: it keeps a table of vCPUs, and vCPU threads come to it with a call's registers or to
 * wait for work. All functions may be called from any thread. vCPU number n has the affinity
 * (MPIDR) n.
 */
#ifndef VMM_PSCI_H
#define VMM_PSCI_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define PSCI_CPUS_MAX 16u /* as many as one Aff0 group holds */

enum psci_state {
    PSCI_STATE_OFF,
    PSCI_STATE_PENDING, /* CPU_ON was accepted, its thread has not taken it up yet */
    PSCI_STATE_ON,
};

struct psci_start {
    uint64_t entry;
    uint64_t context; /* for X0 */
};

struct psci {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    unsigned cpus;
    struct {
        enum psci_state state;
        struct psci_start start;
    } cpu[PSCI_CPUS_MAX];
};

/* What the calling vCPU does after its call. */
enum psci_outcome {
    PSCI_RETURN, /* go on with the result in X0 */
    PSCI_STOP,   /* the calling vCPU is off: wait for work */
    PSCI_SYSTEM_OFF,
    PSCI_SYSTEM_RESET,
};

/* All of cpus (1 to PSCI_CPUS_MAX) are off. Must not be moved afterwards. */
void psci_init(struct psci *psci, unsigned cpus);

/* x holds X0 to X3 of vCPU self; the result is left in x[0] where there is one. */
enum psci_outcome psci_call(struct psci *psci, unsigned self, uint64_t x[4]);

/* Turns vCPU number target on: the boot CPU's start, and what CPU_ON does. Returns PSCI's result.
 */
int64_t psci_turn_on(struct psci *psci, uint64_t target, const struct psci_start *start);

/* Waits until vCPU self is turned on. False when there will be no more work: the VM ends. */
bool psci_wait(struct psci *psci, unsigned self, struct psci_start *start);

/* The VM ends: wakes every waiting thread for good. */
void psci_close(struct psci *psci);

void psci_destroy(struct psci *psci);

#endif
