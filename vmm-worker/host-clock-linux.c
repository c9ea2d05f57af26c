/* SPDX-License-Identifier: ISC */
/* host-clock-linux.c: the clock under libhv. See host-clock.h. */
#if !defined(__APPLE__)

#include "host-clock.h"

#include <time.h>

#define NS_PER_SECOND   UINT64_C(1000000000)
#define LIBHV_FREQUENCY UINT64_C(24000000)

uint64_t host_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t host_ticks(void)
{
    /* Split so that nothing overflows in the life of a machine. */
    uint64_t ns = host_ns();

    return ns / NS_PER_SECOND * LIBHV_FREQUENCY + ns % NS_PER_SECOND * 3 / 125;
}

uint64_t host_ticks_per_second(void)
{
    return LIBHV_FREQUENCY;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

void clock_cond_wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
    uint64_t until = host_ns() + ns;
    struct timespec t = {.tv_sec = (time_t)(until / NS_PER_SECOND),
                         .tv_nsec = (long)(until % NS_PER_SECOND)};

    pthread_cond_timedwait(cond, lock, &t);
}

#else
typedef int host_clock_linux_is_for_others; /* ISO C wants something in a file */
#endif
