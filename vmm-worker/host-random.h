/* SPDX-License-Identifier: ISC */
/* host-random.h: the host's random numbers. */
#ifndef VMM_HOST_RANDOM_H
#define VMM_HOST_RANDOM_H

#include <stddef.h>

/* Fills buf. 0 or a negative errno; on failure buf is not to be used. */
int host_random(void *buf, size_t size);

#endif
