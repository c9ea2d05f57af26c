/* SPDX-License-Identifier: ISC */
/* host-file-linux.c: fallocate(2), for files and block devices. See host-file.h. */
#if !defined(__APPLE__)

#include "host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int host_file_flush(int fd)
{
    /* The size of a disk never changes, so that its data is all there is to write. */
    while (fdatasync(fd) != 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int allocate(int fd, int mode, uint64_t offset, uint64_t length)
{
    int result;

    do {
        result = fallocate(fd, mode, (off_t)offset, (off_t)length);
    } while (result != 0 && errno == EINTR);
    if (result == 0) {
        return 0;
    }
    return errno == ENOSYS || errno == ENODEV ? -EOPNOTSUPP : -errno;
}

int host_file_punch(int fd, uint64_t offset, uint64_t length)
{
    return allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int host_file_zero(int fd, uint64_t offset, uint64_t length)
{
    return allocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int host_file_device_size(int fd, uint64_t *size)
{
    off_t end = lseek(fd, 0, SEEK_END);

    if (end < 0) {
        return -errno;
    }
    *size = (uint64_t)end;
    return 0;
}

#else
typedef int host_file_linux_is_for_others; /* ISO C wants something in a file */
#endif
