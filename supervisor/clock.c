/* SPDX-License-Identifier: ISC */
/*
 * clock.c: the time of day as it is stored and shown.
 */
#include "clock.h"

#include <stdio.h>
#include <time.h>

#define LATEST_MS INT64_C(253402300799999) /* the end of the year 9999, RFC 3339's last */

int64_t clock_unix_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *clock_format(int64_t unix_ms, char out[CLOCK_TEXT])
{
    int64_t ms = unix_ms >= 0 && unix_ms <= LATEST_MS ? unix_ms : 0;
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char whole[24];

    gmtime_r(&seconds, &tm);
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, CLOCK_TEXT, "%s.%03dZ", whole, (int)(ms % 1000));
    return out;
}
