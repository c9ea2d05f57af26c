/* SPDX-License-Identifier: ISC */
/*
 * A disk against a driver that does what the input says (hostile-driver.h), on a file in memory
 * that checks every call: inside the file, from and to RAM, and no change of a read-only disk. Flag
 * 2: read-only. Flag 4: calls move a few bytes only, or fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../vmm-worker/devices/virtio-blk.h"
#include "hostile-driver.h"

#define DISK_SIZE 0x20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[DISK_SIZE];
static bool read_only, crumbs;
static atomic_uint calls;

static void check_range(uint64_t offset, uint64_t length)
{
    HOSTILE_CHECK(offset <= DISK_SIZE && length <= DISK_SIZE - offset);
}

static ssize_t move(const struct iovec *iov, int count, off_t offset, bool write)
{
    unsigned call = atomic_fetch_add(&calls, 1);
    size_t done = 0, most = crumbs ? call * 37 % 700 + 1 : SIZE_MAX;

    HOSTILE_CHECK(count > 0 && count <= (int)VIRTQ_SEGMENTS_MAX && offset >= 0);
    if (crumbs && call % 5 == 4) {
        errno = call % 2 != 0 ? EINTR : EIO;
        return -1;
    }
    for (int i = 0; i < count && done < most; i++) {
        uint8_t *p = iov[i].iov_base;
        size_t n = iov[i].iov_len;
        uint64_t at = (uint64_t)(p - hostile_ram.host);
        uint8_t *file = disk + offset + done;

        check_range((uint64_t)offset + done, n);
        HOSTILE_CHECK(n != 0 && n <= HOSTILE_SIZE);
        if (write) {
            memcpy(file, p, n < most - done ? n : most - done); /* zeroes come from elsewhere */
        } else {
            HOSTILE_CHECK(at <= HOSTILE_SIZE && n <= HOSTILE_SIZE - at);
            memcpy(p, file, n < most - done ? n : most - done);
        }
        done += n < most - done ? n : most - done;
    }
    return (ssize_t)done;
}

static ssize_t disk_preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    (void)fd;
    return move(iov, count, offset, false);
}

static ssize_t disk_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    (void)fd;
    HOSTILE_CHECK(!read_only);
    return move(iov, count, offset, true);
}

static int disk_flush(int fd)
{
    (void)fd;
    HOSTILE_CHECK(!read_only);
    return 0;
}

static int disk_punch(int fd, uint64_t offset, uint64_t length)
{
    (void)fd;
    HOSTILE_CHECK(!read_only && length != 0);
    check_range(offset, length);
    memset(disk + offset, 0, length);
    return 0;
}

static int disk_zero(int fd, uint64_t offset, uint64_t length)
{
    (void)fd;
    HOSTILE_CHECK(!read_only && length != 0);
    check_range(offset, length);
    return -EOPNOTSUPP;
}

static const struct virtio_blk_io disk_io = {disk_preadv, disk_pwritev, disk_flush, disk_punch,
                                             disk_zero};

/* A file of the right size to show; nothing is read from it. */
static int shown_file(void)
{
    static int fd = -1;

    if (fd < 0) {
        char name[] = "/tmp/fuzz-virtio-blk-XXXXXX";

        fd = mkstemp(name);
        HOSTILE_CHECK(fd >= 0 && unlink(name) == 0 && ftruncate(fd, DISK_SIZE) == 0);
    }
    return dup(fd);
}

/* Lets the disk's thread run. */
static void give_way(uint8_t operand)
{
    for (unsigned i = 0; i < operand % 16u; i++) {
        sched_yield();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hostile_input in = {data, size};
    uint8_t flags = (uint8_t)hostile_take(&in, 1);
    const struct virtio_blk_config config = {
        .name = "blk0",
        .fd = shown_file(),
        .flags = (flags & 2) != 0 ? VIRTIO_BLK_READ_ONLY : 0,
        .serial = "fuzz",
        .ram = &hostile_ram,
        .spi = 1,
        .set_irq = hostile_set_irq,
        .io = &disk_io,
    };
    struct virtio_blk *blk;
    const char *why;

    read_only = (flags & 2) != 0;
    crumbs = (flags & 4) != 0;
    atomic_store(&calls, 0);
    memset(disk, 0x5a, sizeof(disk));
    hostile_ram_init();
    HOSTILE_CHECK(virtio_blk_new(&blk, &config, &why) == 0);
    if ((flags & 1) != 0) {
        hostile_race_start(size * UINT64_C(0x9e3779b97f4a7c15));
    }
    hostile_run(virtio_blk_device(blk), &in, give_way);
    give_way(15);
    if ((flags & 1) != 0) {
        hostile_race_stop();
    }
    virtio_blk_free(blk);
    if (read_only) {
        for (size_t i = 0; i < sizeof(disk); i++) {
            HOSTILE_CHECK(disk[i] == 0x5a);
        }
    }
    return 0;
}
