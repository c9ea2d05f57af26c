/* SPDX-License-Identifier: ISC */
/* host-random.c: getentropy(3), which both systems have. See host-random.h. */
#include "host-random.h"

#include <errno.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#define GETENTROPY_MAX 256u

int host_random(void *buf, size_t size)
{
    char *p = buf;

    while (size != 0) {
        size_t n = size < GETENTROPY_MAX ? size : GETENTROPY_MAX;
        if (getentropy(p, n) != 0) {
            return -errno;
        }
        p += n;
        size -= n;
    }
    return 0;
}
