/* SPDX-License-Identifier: ISC */
/*
 * boot-timer.h: the guest writes BOOT_TIMER_MAGIC when its userspace is up; the worker reports how
 * long that took. Firecracker's device.
 */
#ifndef VMM_BOOT_TIMER_H
#define VMM_BOOT_TIMER_H

#include "../device.h"

#define BOOT_TIMER_MAGIC 123u

struct boot_timer;

extern const struct device_ops boot_timer_ops;

/* booted: called once, on a vCPU's thread, with the microseconds since boot_timer_start. NULL: out
 * of memory. */
struct boot_timer *boot_timer_new(void (*booted)(void *ctx, uint64_t microseconds), void *ctx);
void boot_timer_free(struct boot_timer *t);

/* The first instruction is about to run. */
void boot_timer_start(struct boot_timer *t);

#endif
