/* SPDX-License-Identifier: ISC */
/*
 * host-wait.h: the host's monotonic clock, and condition variables that wait by it.
 */
#ifndef SOFTHV_HOST_WAIT_H
#define SOFTHV_HOST_WAIT_H

#include <pthread.h>
#include <stdint.h>

#define HOST_FOREVER UINT64_MAX

/* Monotonic nanoseconds. */
uint64_t host_now_ns(void);

void host_cond_init(pthread_cond_t *cond);

/* Waits for cond until `until` (HOST_FOREVER: no limit) on host_now_ns's clock. May return early.
 */
void host_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until);

#endif
