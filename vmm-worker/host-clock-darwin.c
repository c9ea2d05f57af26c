/* SPDX-License-Identifier: ISC */
/* host-clock-darwin.c: the clock under Hypervisor.framework, mach_absolute_time(). See
 * host-clock.h. */
#if defined(__APPLE__)

#include "host-clock.h"

#include <mach/mach_time.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000)

uint64_t host_ns(void)
{
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

uint64_t host_ticks(void)
{
    return mach_absolute_time();
}

uint64_t host_ticks_per_second(void)
{
    mach_timebase_info_data_t base;

    mach_timebase_info(&base);
    return NS_PER_SECOND * base.denom / base.numer;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_cond_init(cond, NULL);
}

void clock_cond_wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
                         .tv_nsec = (long)(ns % NS_PER_SECOND)};

    pthread_cond_timedwait_relative_np(cond, lock, &t);
}

#else
typedef int host_clock_darwin_is_for_macos; /* ISO C wants something in a file */
#endif
