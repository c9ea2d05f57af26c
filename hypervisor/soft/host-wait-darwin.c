/* SPDX-License-Identifier: ISC */
/* host-wait-darwin.c: macOS waits on relative times. See host-wait.h. */
#if defined(__APPLE__)

#include <time.h>

#include "host-wait.h"

#define NS_PER_SECOND UINT64_C(1000000000)

uint64_t host_now_ns(void)
{
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
}

void host_cond_init(pthread_cond_t *cond)
{
    pthread_cond_init(cond, NULL);
}

void host_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until)
{
    struct timespec t;
    uint64_t now = host_now_ns();
    uint64_t left = until > now ? until - now : 0;

    if (until == HOST_FOREVER) {
        pthread_cond_wait(cond, lock);
        return;
    }
    t.tv_sec = (time_t)(left / NS_PER_SECOND);
    t.tv_nsec = (long)(left % NS_PER_SECOND);
    pthread_cond_timedwait_relative_np(cond, lock, &t);
}

#else
typedef int host_wait_darwin_is_for_macos; /* ISO C wants something in a file */
#endif
