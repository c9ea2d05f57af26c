/* SPDX-License-Identifier: ISC */
/* host-pages-darwin.c: madvise(2). See host-pages.h. */
#if defined(__APPLE__)

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
    /*
     * FREE_REUSABLE also takes them out of the process's footprint at once; not all memory can do
     * it.
     */
    if (madvise(p, size, MADV_FREE_REUSABLE) == 0 || madvise(p, size, MADV_FREE) == 0) {
        return 0;
    }
    return -errno;
}

#else
typedef int host_pages_darwin_is_for_macos; /* ISO C wants something in a file */
#endif
