/* SPDX-License-Identifier: ISC */
/* host-wait-linux.c: POSIX clocks and condition attributes. See host-wait.h. */
#if !defined(__APPLE__)

#include <time.h>

#include "host-wait.h"

#define NS_PER_SECOND UINT64_C(1000000000)

uint64_t host_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

void host_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

void host_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until)
{
    struct timespec t;

    if (until == HOST_FOREVER) {
        pthread_cond_wait(cond, lock);
        return;
    }
    t.tv_sec = (time_t)(until / NS_PER_SECOND);
    t.tv_nsec = (long)(until % NS_PER_SECOND);
    pthread_cond_timedwait(cond, lock, &t);
}

#else
typedef int host_wait_linux_is_for_others; /* ISO C wants something in a file */
#endif
