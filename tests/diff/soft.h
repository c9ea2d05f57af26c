/* SPDX-License-Identifier: ISC */
/*
 * soft.h: the side under test: one vCPU of libhv.a that runs the cases at EL0, through the public API alone.
 *
 * The VM is as small as can be: page tables that give the slots the addresses of layout.h, and one page of EL1
 * code with an ERET, an IC IALLU, and vectors that HVC to us.
 *
 * One thread: the vCPU belongs to the thread that called soft_open(). soft_kick() may be called by any.
 */
#ifndef DIFF_SOFT_H
#define DIFF_SOFT_H

#include <stdbool.h>

#include "layout.h"

struct soft;

/* NULL with a message on stderr. One per process, like the VM in it. */
struct soft *soft_open(void);
void soft_close(struct soft *s);

/* The host's view of a slot's page (0 to 2: A, B, C). */
uint8_t *soft_page(struct soft *s, unsigned page, uint32_t slot);

/* Places the code of these cases (indexed by slot) and makes the guest drop what it has cached of older code.
 * 0, or -1 with a message. */
int soft_place(struct soft *s, const struct diff_case *cases, uint32_t first, uint32_t count);

/* Runs one placed case. 0, or -1 with a message: the VM did something that no case can make it do, or was
 * kicked. */
int soft_run(struct soft *s, const struct diff_case *c, uint32_t slot, struct diff_result *result);

/* Ends a soft_run() that does not come back. */
void soft_kick(struct soft *s);

#endif
