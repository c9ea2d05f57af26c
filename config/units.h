/* SPDX-License-Identifier: ISC */
/*
 * units.h: sizes and durations as people write them.
 *
 * Sizes: a decimal number (a fraction is allowed with a unit: "1.5GiB") and a unit: B, K, KB, KiB, M,
 * MB, MiB, G, GB, GiB, T, TB, TiB, in any case. All are powers of 1024, as memory is counted; a bare
 * number is MiB. Durations: a number and ms, s, m, h or d, or several such ("1h30m"); a bare number is
 * seconds. What does not fit, a negative number, and a result that is no whole byte or millisecond are
 * refused. Needs only <stdint.h>; fuzzed.
 */
#ifndef PADDOCK_UNITS_H
#define PADDOCK_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* 0, -EINVAL (not of this form) or -ERANGE (does not fit in a int64_t). */
int units_parse_size(const char *text, uint64_t *bytes);
int units_parse_duration(const char *text, uint64_t *milliseconds);

#define UNITS_TEXT 24

/* The shortest form that parses to the same value: "4GiB", "1536MiB", "90s", "1h30m". Returns out. */
const char *units_format_size(uint64_t bytes, char out[UNITS_TEXT]);
const char *units_format_duration(uint64_t milliseconds, char out[UNITS_TEXT]);

/* For tables: two or three digits and a unit, rounded: "1.5G", "512M", "3h", "12d". Returns out. */
const char *units_show_size(uint64_t bytes, char out[UNITS_TEXT]);
const char *units_show_duration(uint64_t milliseconds, char out[UNITS_TEXT]);

#endif
