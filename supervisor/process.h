/* SPDX-License-Identifier: ISC */
/*
 * process.h: who a process is, beyond its pid: a pid is used again, its start time within one boot
 * of the machine is not (BL-06).
 */
#ifndef PADDOCK_PROCESS_H
#define PADDOCK_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "vm.h"

/* Fills in pid, start time and boot session. 0 or a negative errno (-ESRCH: no such process). */
int process_identify(pid_t pid, struct vm_process *out);

/* Whether exactly that process is still there; one that only waits to be reaped is not. */
bool process_is_alive(const struct vm_process *p);

#endif
