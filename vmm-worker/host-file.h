/* SPDX-License-Identifier: ISC */
/*
 * host-file.h: what the systems do differently with a disk's file. Any thread. 0 or a negative
 * errno.
 *
 * A range is given in bytes. -EOPNOTSUPP and -EINVAL mean that this file or file system cannot do
 * that with this range; nothing was changed then.
 */
#ifndef VMM_HOST_FILE_H
#define VMM_HOST_FILE_H

#include <stdint.h>

/* Everything written is on stable storage. */
int host_file_flush(int fd);

/* Frees the range's storage; it reads as zeros. The size of the file stays. */
int host_file_punch(int fd, uint64_t offset, uint64_t length);

/* The range reads as zeros and keeps its storage. */
int host_file_zero(int fd, uint64_t offset, uint64_t length);

/* The size of a block device. */
int host_file_device_size(int fd, uint64_t *size);

#endif
