/* SPDX-License-Identifier: ISC */
/*
 * virtio-blk.h: a disk (virtio 1.2, 5.2): a raw file or block device, given as a descriptor.
 *
 * One thread per disk takes requests out of the queue, drops the device's lock, and reads and
 * writes the file straight from and to guest RAM, so that a slow disk never holds up a vCPU.
 * Requests are served one after the other. A reset or virtio_blk_free ends the request in flight at
 * its next piece (VIRTIO_BLK_PIECE bytes, or one flush): a reset waits for that,
 * VIRTIO_BLK_RESET_NS at most, so that a new driver does not find the old one's data arriving in
 * its memory; virtio_blk_free waits for as long as it takes.
 *
 * A read-only disk is never written to, whatever the driver negotiates or asks: writes are answered
 * with IOERR, discards and write-zeroes with UNSUPP. What is written is stable after FLUSH; for a
 * driver that does not know FLUSH, each write is stable when it is answered (5.2.5.2). Errors of
 * the file go to the guest as IOERR, are counted, and are logged at most once a second.
 */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "virtio-mmio.h"

#define VIRTIO_BLK_SECTOR      512u
#define VIRTIO_BLK_SERIAL      20u /* bytes; a shorter one is padded with NULs */
#define VIRTIO_BLK_PIECE       (UINT64_C(1) << 20)
#define VIRTIO_BLK_RESET_NS    UINT64_C(100000000)
#define VIRTIO_BLK_SEG_MAX     128u
#define VIRTIO_BLK_DISCARD_MAX 16u /* ranges in one discard or write-zeroes request */

enum virtio_blk_flags {
    VIRTIO_BLK_READ_ONLY = 1
};

struct virtio_blk;

/*
 * What a disk does with its file: the system's calls; in a test what makes them fail. Like these,
 * with errno.
 */
struct virtio_blk_io {
    ssize_t (*preadv)(int fd, const struct iovec *iov, int count, off_t offset);
    ssize_t (*pwritev)(int fd, const struct iovec *iov, int count, off_t offset);
    /* As in host-file.h. */
    int (*flush)(int fd);
    int (*punch)(int fd, uint64_t offset, uint64_t length);
    int (*zero)(int fd, uint64_t offset, uint64_t length);
};

extern const struct virtio_blk_io virtio_blk_system_io;

struct virtio_blk_config {
    const char *name;   /* kept */
    int fd;             /* taken over, whatever the outcome */
    unsigned flags;     /* enum virtio_blk_flags */
    const char *serial; /* copied; NULL: none */
    const struct guest_ram *ram;
    uint32_t spi;
    void (*set_irq)(uint32_t spi, bool level);
    void (*log)(void *ctx, const char *text); /* on the disk's thread, without locks; may be NULL */
    void *log_ctx;
    const struct virtio_blk_io *io; /* NULL: the system's */
};

/*
 * 0, or a negative errno and in *why a sentence's part for people: -EINVAL and -ENODEV for what
 * cannot be a disk (a size that is 0 or no multiple of 512; neither a file nor a block device),
 * -EACCES for a descriptor that is not open for what the disk needs, or for appending.
 */
int virtio_blk_new(struct virtio_blk **out, const struct virtio_blk_config *config,
                   const char **why);
/* After the last register access. Joins the thread, closes the file. NULL is allowed. */
void virtio_blk_free(struct virtio_blk *b);

/* For the bus, with virtio_mmio_ops. */
struct virtio *virtio_blk_device(struct virtio_blk *b);

#endif
