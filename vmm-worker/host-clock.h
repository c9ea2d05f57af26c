/* SPDX-License-Identifier: ISC */
/*
 * host-clock.h: the counter from which the hypervisor makes CNTVCT_EL0 (= host_ticks() - the vCPU's
 * offset), and its frequency.
 */
#ifndef VMM_HOST_CLOCK_H
#define VMM_HOST_CLOCK_H

#include <pthread.h>
#include <stdint.h>

uint64_t host_ticks(void);
uint64_t host_ticks_per_second(void);

/* Monotonic nanoseconds, and condition variables that wait by them. */
uint64_t host_ns(void);
void clock_cond_init(pthread_cond_t *cond);
/* Waits for cond at most `ns` nanoseconds; may return early. */
void clock_cond_wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns);

#endif
