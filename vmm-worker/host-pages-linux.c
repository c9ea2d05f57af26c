/* SPDX-License-Identifier: ISC */
/* host-pages-linux.c: madvise(2). See host-pages.h. */
#if !defined(__APPLE__)

#include "host-pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

size_t host_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

int host_pages_release(void *p, size_t size)
{
    return madvise(p, size, MADV_DONTNEED) == 0 ? 0 : -errno;
}

#else
typedef int host_pages_linux_is_for_others; /* ISO C wants something in a file */
#endif
