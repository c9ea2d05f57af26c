/* SPDX-License-Identifier: ISC */
/*
 * A vCPU and its thread: runs the guest and answers its exits.
 *
 * A vCPU belongs to the thread that created it (Hypervisor.h), so each thread makes its vCPU, waits
 * until PSCI turns it on, runs it until it is turned off or the VM ends, and destroys it. CPU_OFF
 * keeps the vCPU; the next CPU_ON resets what the boot protocol asks for.
 */
#ifndef PADDOCK_TESTVM_VCPU_H
#define PADDOCK_TESTVM_VCPU_H

#include <Hypervisor/Hypervisor.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct board;

enum vcpu_life {
    VCPU_NEW,
    VCPU_READY,
    VCPU_GONE,
};

#define VCPU_EXIT_CLASSES 64u

struct vcpu {
    struct board *board;
    unsigned index;
    pthread_t thread;
    bool has_thread;

    /* Under lock: the main thread kicks what the vCPU thread makes and destroys. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum vcpu_life life;
    hv_vcpu_t handle; /* exists while READY */

    /* The vCPU thread's own. */
    const hv_vcpu_exit_t *exit;
    uint64_t reset_sctlr;
    bool failed; /* an accessor failed: its values mean nothing */

    /* Read by others when the thread is gone. */
    uint64_t exits_by_class[VCPU_EXIT_CLASSES];
    uint64_t exits_canceled;
};

/* Starts the thread of vCPU number index and waits until its vCPU exists. 0, or -1 with the reason
 * on stderr. */
int vcpu_start(struct vcpu *vcpu, struct board *board, unsigned index);

/* Makes the vCPU leave the guest, once; it then looks whether the board has ended. A kick can be
 * lost: repeat until vcpu_is_gone. */
void vcpu_kick(struct vcpu *vcpu);
bool vcpu_is_gone(struct vcpu *vcpu);

/* Waits for the thread. For a vCPU that was never started: nothing. */
void vcpu_join(struct vcpu *vcpu);

#endif
