/* SPDX-License-Identifier: ISC */
/*
 * clock.h: the time of day as it is stored and shown. Unix milliseconds; shown in UTC as RFC 3339 has it.
 */
#ifndef PADDOCK_CLOCK_H
#define PADDOCK_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT 32

int64_t clock_unix_ms(void);

/* "2026-11-21T12:46:33.123Z". What no calendar has is shown as the epoch. Returns out. */
const char *clock_format(int64_t unix_ms, char out[CLOCK_TEXT]);

#endif
