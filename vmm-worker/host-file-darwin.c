/* SPDX-License-Identifier: ISC */
/* host-file-darwin.c: fcntl(2). See host-file.h. */
#if defined(__APPLE__)

#include "host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/disk.h>
#include <sys/ioctl.h>
#include <unistd.h>

int host_file_flush(int fd)
{
    int result;

    /* fsync(2) stops at the drive's cache; some file systems have nothing else. */
    do {
        result = fcntl(fd, F_FULLFSYNC);
        if (result != 0 && (errno == ENOTSUP || errno == EINVAL || errno == ENOTTY)) {
            result = fsync(fd);
        }
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : -errno;
}

int host_file_punch(int fd, uint64_t offset, uint64_t length)
{
    /* APFS wants whole blocks of 4 KiB and says EINVAL to others. */
    struct fpunchhole hole = {.fp_offset = (off_t)offset, .fp_length = (off_t)length};

    if (fcntl(fd, F_PUNCHHOLE, &hole) == 0) {
        return 0;
    }
    return errno == ENOTSUP || errno == ENOTTY || errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

int host_file_zero(int fd, uint64_t offset, uint64_t length)
{
    (void)fd;
    (void)offset;
    (void)length;
    return -EOPNOTSUPP;
}

int host_file_device_size(int fd, uint64_t *size)
{
    uint64_t blocks;
    uint32_t block_size;

    if (ioctl(fd, DKIOCGETBLOCKCOUNT, &blocks) != 0 ||
        ioctl(fd, DKIOCGETBLOCKSIZE, &block_size) != 0) {
        return -errno;
    }
    return __builtin_mul_overflow(blocks, block_size, size) ? -EOVERFLOW : 0;
}

#else
typedef int host_file_darwin_is_for_macos; /* ISO C wants something in a file */
#endif
