/* SPDX-License-Identifier: ISC */
/* units.c: sizes and durations in text (units.h). Pure; outside text, so every step is checked. */
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t scale;
};

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

static const struct unit size_units[] = {
    {"B", 1},   {"K", KIB},  {"KB", KIB},  {"KiB", KIB}, {"M", MIB},  {"MB", MIB},  {"MiB", MIB},
    {"G", GIB}, {"GB", GIB}, {"GiB", GIB}, {"T", TIB},   {"TB", TIB}, {"TiB", TIB}, {NULL, 0}};

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const struct unit duration_units[] = {{"ms", 1},   {"s", SECOND}, {"m", MINUTE},
                                             {"h", HOUR}, {"d", DAY},    {NULL, 0}};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int find_scale(const struct unit *units, const char *name, size_t length, uint64_t *scale)
{
    for (; units->name; units++) {
        if (strncasecmp(units->name, name, length) == 0 && units->name[length] == '\0') {
            *scale = units->scale;
            return 0;
        }
    }
    return -EINVAL;
}

/*
 * NUMBER[.FRACTION][UNIT] at *text, which moves behind it. `bare`: the scale without a unit, 0 if there
 * must be one. A fraction is exact: a product that is not whole is refused.
 */
static int parse_term(const char **text, const struct unit *units, uint64_t bare, uint64_t *value)
{
    const char *p = *text, *unit;
    uint64_t number = 0, fraction = 0, divisor = 1, scale = bare, whole, part;
    bool has_fraction = false;

    if (!is_digit(*p)) {
        return -EINVAL;
    }
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number)) {
            return -ERANGE;
        }
    }
    if (*p == '.') {
        has_fraction = true;
        if (!is_digit(*++p)) {
            return -EINVAL;
        }
        for (; is_digit(*p); p++) {
            if (divisor > 100000) { /* six digits; fraction * scale stays within 64 bits */
                return -EINVAL;
            }
            fraction = fraction * 10 + (uint64_t)(*p - '0');
            divisor *= 10;
        }
    }
    for (unit = p; is_letter(*p); p++) {
    }
    if (p != unit && find_scale(units, unit, (size_t)(p - unit), &scale) != 0) {
        return -EINVAL;
    }
    if (scale == 0 || (has_fraction && p == unit)) {
        return -EINVAL;
    }
    part = fraction * scale;
    if (part % divisor != 0) {
        return -EINVAL;
    }
    if (__builtin_mul_overflow(number, scale, &whole) ||
        __builtin_add_overflow(whole, part / divisor, value) || *value > INT64_MAX) {
        return -ERANGE;
    }
    *text = p;
    return 0;
}

int units_parse_size(const char *text, uint64_t *bytes)
{
    int rc = parse_term(&text, size_units, MIB, bytes);

    return rc != 0 ? rc : *text == '\0' ? 0 : -EINVAL;
}

int units_parse_duration(const char *text, uint64_t *milliseconds)
{
    uint64_t sum = 0, term, bare = SECOND;

    do {
        int rc = parse_term(&text, duration_units, bare, &term);
        if (rc != 0) {
            return rc;
        }
        if (bare != 0 && *text != '\0' && !is_letter(text[-1])) {
            return -EINVAL;
        }
        if (__builtin_add_overflow(sum, term, &sum) || sum > INT64_MAX) {
            return -ERANGE;
        }
        bare = 0;
    } while (*text != '\0');
    *milliseconds = sum;
    return 0;
}

const char *units_format_size(uint64_t bytes, char out[UNITS_TEXT])
{
    static const struct unit units[] = {{"TiB", TIB}, {"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (bytes != 0 && bytes % units[i].scale == 0) {
            snprintf(out, UNITS_TEXT, "%" PRIu64 "%s", bytes / units[i].scale, units[i].name);
            return out;
        }
    }
    snprintf(out, UNITS_TEXT, "%" PRIu64 "B", bytes);
    return out;
}

const char *units_format_duration(uint64_t milliseconds, char out[UNITS_TEXT])
{
    /* "90s" reads better than "1m30s", and "1h30m" better than "90m". */
    if (milliseconds % SECOND != 0) {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "ms", milliseconds);
    } else if (milliseconds % MINUTE != 0 || milliseconds == 0) {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "s", milliseconds / SECOND);
    } else if (milliseconds % DAY == 0) {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "d", milliseconds / DAY);
    } else if (milliseconds % HOUR == 0) {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "h", milliseconds / HOUR);
    } else if (milliseconds > HOUR) {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "h%" PRIu64 "m", milliseconds / HOUR,
                 milliseconds % HOUR / MINUTE);
    } else {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "m", milliseconds / MINUTE);
    }
    return out;
}

/* value / scale with one decimal below ten, rounded half up. */
static void show(uint64_t value, uint64_t scale, const char *unit, char out[UNITS_TEXT])
{
    uint64_t whole = value / scale, tenths = (value % scale * 10 + scale / 2) / scale;

    if (whole < 10 && tenths > 0 && whole * 10 + tenths < 100) {
        snprintf(out, UNITS_TEXT, "%" PRIu64 ".%" PRIu64 "%s", whole + tenths / 10, tenths % 10,
                 unit);
    } else {
        snprintf(out, UNITS_TEXT, "%" PRIu64 "%s", whole + (tenths >= 5), unit);
    }
}

const char *units_show_size(uint64_t bytes, char out[UNITS_TEXT])
{
    static const struct unit units[] = {{"T", TIB}, {"G", GIB}, {"M", MIB}, {"K", KIB}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (bytes >= units[i].scale) {
            show(bytes, units[i].scale, units[i].name, out);
            return out;
        }
    }
    snprintf(out, UNITS_TEXT, "%" PRIu64 "B", bytes);
    return out;
}

const char *units_show_duration(uint64_t milliseconds, char out[UNITS_TEXT])
{
    static const struct unit units[] = {{"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", SECOND}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (milliseconds >= units[i].scale) {
            snprintf(out, UNITS_TEXT, "%" PRIu64 "%s", milliseconds / units[i].scale,
                     units[i].name);
            return out;
        }
    }
    snprintf(out, UNITS_TEXT, "%" PRIu64 "ms", milliseconds);
    return out;
}
