/* SPDX-License-Identifier: ISC */
/* Disks: requests, refusals, errors and delays of the file, resets under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../vmm-worker/devices/virtio-blk.h"
#include "virtio-driver.h"

#define F_SIZE_MAX     (UINT64_C(1) << 1)
#define F_SEG_MAX      (UINT64_C(1) << 2)
#define F_RO           (UINT64_C(1) << 5)
#define F_FLUSH        (UINT64_C(1) << 9)
#define F_DISCARD      (UINT64_C(1) << 13)
#define F_WRITE_ZEROES (UINT64_C(1) << 14)
#define F_ALL                                                                                      \
    (F_SIZE_MAX | F_SEG_MAX | F_FLUSH | F_DISCARD | F_WRITE_ZEROES | VIRTIO_F_EVENT_IDX |          \
     VIRTIO_F_INDIRECT_DESC)

enum {
    IN = 0,
    OUT = 1,
    FLUSH = 4,
    GET_ID = 8,
    DISCARD = 11,
    ZEROES = 13
};
enum {
    OK = 0,
    IOERR = 1,
    UNSUPP = 2,
    UNTOUCHED = 0xee
};

#define SECTORS   4096u /* 2 MiB */
#define DISK_SIZE (SECTORS * 512u)

/* What the file does; guarded by the lock, because the disk's thread looks. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fail;           /* errno of reads and writes; 0: none */
    unsigned fail_once; /* how often, before it works again */
    size_t at_most;     /* bytes a call moves; 0: all */
    bool closed;        /* calls wait */
    bool waiting;       /* one does */
    unsigned calls, flushes, punches, zeroings, logs;
    int flush_result, punch_result, zero_result;
    void (*during)(void); /* called by a read, once */
    char last_log[200];
} io = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Whether the call may go on; what it is cut to. */
static bool io_enter(const struct iovec *iov, int count, struct iovec cut[], int *cut_count)
{
    void (*during)(void);
    size_t left;
    bool ok = true;

    pthread_mutex_lock(&io.lock);
    io.calls++;
    during = io.during;
    io.during = NULL;
    while (io.closed) {
        io.waiting = true;
        pthread_cond_broadcast(&io.changed);
        pthread_cond_wait(&io.changed, &io.lock);
    }
    io.waiting = false;
    left = io.at_most != 0 ? io.at_most : SIZE_MAX;
    if (io.fail_once != 0) {
        io.fail_once--;
        ok = false;
    }
    errno = io.fail;
    pthread_mutex_unlock(&io.lock);
    if (during != NULL) {
        during();
    }
    *cut_count = 0;
    for (int i = 0; i < count && left != 0; i++) {
        cut[i] = iov[i];
        if (cut[i].iov_len > left) {
            cut[i].iov_len = left;
        }
        left -= cut[i].iov_len;
        (*cut_count)++;
    }
    return ok;
}

static ssize_t io_preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    struct iovec cut[VIRTQ_SEGMENTS_MAX];
    int n;

    return io_enter(iov, count, cut, &n) ? preadv(fd, cut, n, offset) : -1;
}

static ssize_t io_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    struct iovec cut[VIRTQ_SEGMENTS_MAX];
    int n;

    return io_enter(iov, count, cut, &n) ? pwritev(fd, cut, n, offset) : -1;
}

static int io_flush(int fd)
{
    int result;

    (void)fd;
    pthread_mutex_lock(&io.lock);
    io.flushes++;
    result = io.flush_result;
    pthread_mutex_unlock(&io.lock);
    return result;
}

static int io_punch(int fd, uint64_t offset, uint64_t length)
{
    int result;

    pthread_mutex_lock(&io.lock);
    io.punches++;
    result = io.punch_result;
    pthread_mutex_unlock(&io.lock);
    return result != 0 ? result : virtio_blk_system_io.punch(fd, offset, length);
}

static int io_zero(int fd, uint64_t offset, uint64_t length)
{
    int result;

    pthread_mutex_lock(&io.lock);
    io.zeroings++;
    result = io.zero_result;
    pthread_mutex_unlock(&io.lock);
    return result != 0 ? result : virtio_blk_system_io.zero(fd, offset, length);
}

static const struct virtio_blk_io test_io = {io_preadv, io_pwritev, io_flush, io_punch, io_zero};

static void log_line(void *ctx, const char *text)
{
    (void)ctx;
    pthread_mutex_lock(&io.lock);
    io.logs++;
    snprintf(io.last_log, sizeof(io.last_log), "%s", text);
    pthread_mutex_unlock(&io.lock);
}

static void io_set_closed(bool closed)
{
    pthread_mutex_lock(&io.lock);
    io.closed = closed;
    pthread_cond_broadcast(&io.changed);
    pthread_mutex_unlock(&io.lock);
}

static void io_wait_for_call(void)
{
    pthread_mutex_lock(&io.lock);
    while (!io.waiting) {
        pthread_cond_wait(&io.changed, &io.lock);
    }
    pthread_mutex_unlock(&io.lock);
}

struct fixture {
    struct driver d;
    struct virtio_blk *blk;
    int fd; /* another description of the disk's file */
    uint64_t header, status, data;
};

static struct fixture *current;

static int temporary_file(size_t size)
{
    char name[] = "/tmp/test-virtio-blk-XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    return fd;
}

static void make(struct fixture *f, unsigned flags)
{
    const struct virtio_blk_config config = {
        .name = "blk0",
        .fd = dup(f->fd),
        .flags = flags,
        .serial = "serial-0123456789-too-long",
        .ram = &f->d.ram,
        .spi = DRIVER_SPI,
        .set_irq = driver_set_irq,
        .log = log_line,
        .io = &test_io,
    };
    const char *why = NULL;

    virtio_blk_free(f->blk);
    assert_int_equal(virtio_blk_new(&f->blk, &config, &why), 0);
    f->d.v = virtio_blk_device(f->blk);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    uint8_t block[4096];

    io.fail = io.flush_result = io.punch_result = io.zero_result = 0;
    io.fail_once = io.calls = io.flushes = io.punches = io.zeroings = io.logs = 0;
    io.at_most = 0;
    io.closed = io.waiting = false;
    io.during = NULL;
    driver_init(&f->d);
    f->fd = temporary_file(DISK_SIZE);
    for (unsigned i = 0; i < DISK_SIZE / sizeof(block); i++) {
        for (unsigned j = 0; j < sizeof(block); j++) {
            block[j] = (uint8_t)(1 + (i * 7 + j) % 251);
        }
        assert_int_equal(pwrite(f->fd, block, sizeof(block), (off_t)(i * sizeof(block))), 4096);
    }
    make(f, 0);
    f->header = driver_alloc(&f->d, 16, 16);
    f->status = driver_alloc(&f->d, 16, 16);
    f->data = driver_alloc(&f->d, 0x200000, 4096);
    *state = current = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    virtio_blk_free(f->blk);
    close(f->fd);
    driver_free(&f->d);
    free(f);
    return 0;
}

static uint8_t original_byte(uint64_t offset)
{
    return (uint8_t)(1 + (offset / 4096 * 7 + offset % 4096) % 251);
}

enum content {
    ORIGINAL,
    ZERO,
    ONES
};

static bool disk_is(struct fixture *f, uint64_t offset, uint64_t size, enum content content)
{
    uint8_t bytes[4096];

    while (size != 0) {
        size_t n = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);

        assert_int_equal(pread(f->fd, bytes, n, (off_t)offset), n);
        for (size_t i = 0; i < n; i++) {
            uint8_t want = content == ORIGINAL ? original_byte(offset + i) : 0;

            if (bytes[i] != (content == ONES ? 0xff : want)) {
                return false;
            }
        }
        offset += n;
        size -= n;
    }
    return true;
}

static void put_header(struct fixture *f, uint32_t type, uint64_t sector)
{
    uint8_t *p = driver_at(&f->d, f->header);

    guest_ram_put32(p, type);
    guest_ram_put32(p + 4, 0);
    guest_ram_put32(p + 8, (uint32_t)sector);
    guest_ram_put32(p + 12, (uint32_t)(sector >> 32));
    *(uint8_t *)driver_at(&f->d, f->status) = UNTOUCHED;
}

/* One request with up to two data segments; starts it. */
static void start(struct fixture *f, uint32_t type, uint64_t sector, uint32_t size)
{
    bool in = type == IN || type == GET_ID;
    uint32_t first = size > 1000 ? 1000 : size;
    struct driver_segment segments[4] = {{f->header, 16, false}};
    unsigned n = 1;

    put_header(f, type, sector);
    if (first != 0) {
        segments[n++] = (struct driver_segment){f->data, first, in};
    }
    if (size > first) {
        segments[n++] = (struct driver_segment){f->data + first, size - first, in};
    }
    segments[n++] = (struct driver_segment){f->status, 1, true};
    driver_send(&f->d, 0, segments, n);
}

static uint8_t finish(struct fixture *f, uint32_t *written)
{
    uint32_t head;

    driver_wait(&f->d, 0, &head, written);
    assert_int_equal(head, 0);
    return *(uint8_t *)driver_at(&f->d, f->status);
}

static uint8_t request(struct fixture *f, uint32_t type, uint64_t sector, uint32_t size)
{
    uint32_t written;

    start(f, type, sector, size);
    return finish(f, &written);
}

struct range {
    uint64_t sector;
    uint32_t sectors, flags;
};

static uint8_t clear(struct fixture *f, uint32_t type, const struct range *range, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *p = driver_at(&f->d, f->data + 16 * i);

        guest_ram_put32(p, (uint32_t)range[i].sector);
        guest_ram_put32(p + 4, (uint32_t)(range[i].sector >> 32));
        guest_ram_put32(p + 8, range[i].sectors);
        guest_ram_put32(p + 12, range[i].flags);
    }
    return request(f, type, 0, 16 * count);
}

static void check_refused(int fd, unsigned flags, int err, const char *word)
{
    struct virtio_blk_config config = {.name = "blk0", .fd = fd, .flags = flags};
    struct virtio_blk *blk = NULL;
    const char *why = "";

    assert_int_equal(virtio_blk_new(&blk, &config, &why), err);
    assert_null(blk);
    assert_non_null(strstr(why, word));
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* taken over all the same */
}

static void test_refusals(void **state)
{
    char name[] = "/tmp/test-virtio-blk-XXXXXX";
    int fd = mkstemp(name), pipes[2];

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    close(fd);
    check_refused(open(name, O_RDONLY), 0, -EACCES, "writing");
    check_refused(open(name, O_WRONLY), 0, -EACCES, "reading");
    check_refused(open(name, O_RDWR | O_APPEND), 0, -EACCES, "appending");
    unlink(name);
    check_refused(temporary_file(0), 0, -EINVAL, "empty");
    check_refused(temporary_file(511), 0, -EINVAL, "512");
    check_refused(temporary_file(4097), VIRTIO_BLK_READ_ONLY, -EINVAL, "512");
    assert_int_equal(pipe(pipes), 0);
    check_refused(pipes[0], VIRTIO_BLK_READ_ONLY, -ENODEV, "neither");
    close(pipes[1]);
    check_refused(open("/", O_RDONLY), VIRTIO_BLK_READ_ONLY, -ENODEV, "neither");
    check_refused(open("/dev/null", O_RDWR), 0, -ENODEV, "neither");
    check_refused(-1, 0, -EBADF, "not open");
    virtio_blk_free(NULL);
}

static void test_configuration(void **state)
{
    struct fixture *f = *state;
    uint64_t capacity = 0;

    assert_int_equal(driver_read(&f->d, R_DEVICE), VIRTIO_BLOCK);
    assert_int_equal(driver_read(&f->d, R_CONFIG), SECTORS);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 4), 0);
    for (unsigned i = 0; i < 8; i++) {
        capacity |= virtio_mmio_ops.read(f->d.v, R_CONFIG + i, 1) << 8 * i;
    }
    assert_int_equal(capacity, SECTORS);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 12), VIRTIO_BLK_SEG_MAX);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 20), 512);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 40), VIRTIO_BLK_DISCARD_MAX);
    assert_int_equal(virtio_mmio_ops.read(f->d.v, R_CONFIG + 56, 8), 1);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 60), 0);
    virtio_mmio_ops.write(f->d.v, R_CONFIG, 8, 1);
    assert_int_equal(driver_read(&f->d, R_CONFIG), SECTORS);
    assert_true((driver_offered(&f->d) & F_ALL) == F_ALL);
    assert_true((driver_offered(&f->d) & F_RO) == 0);
    make(f, VIRTIO_BLK_READ_ONLY);
    assert_true((driver_offered(&f->d) & (F_RO | F_FLUSH | F_DISCARD | F_WRITE_ZEROES)) == F_RO);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 40), 0);
}

static void test_read(void **state)
{
    struct fixture *f = *state;
    const uint8_t *data = driver_at(&f->d, f->data);
    uint32_t written;

    driver_start(&f->d, F_ALL, 1);
    start(f, IN, 3, 0x8000);
    assert_int_equal(finish(f, &written), OK);
    assert_int_equal(written, 0x8001);
    for (unsigned i = 0; i < 0x8000; i++) {
        assert_int_equal(data[i], original_byte(3 * 512 + i));
    }
    assert_int_equal(data[0x8000], 0);
    assert_int_equal(driver_stat(&f->d, "blk0.read_bytes"), 0x8000);
    assert_int_equal(request(f, IN, 0, 0), OK); /* nothing, well done */
}

static void test_write(void **state)
{
    struct fixture *f = *state;
    uint32_t written;

    driver_start(&f->d, F_ALL, 1);
    memset(driver_at(&f->d, f->data), 0xff, 0x8000);
    start(f, OUT, 5, 0x8000);
    assert_int_equal(finish(f, &written), OK);
    assert_int_equal(written, 1);
    assert_true(disk_is(f, 0, 5 * 512, ORIGINAL));
    assert_true(disk_is(f, 5 * 512, 0x8000, ONES));
    assert_true(disk_is(f, 5 * 512 + 0x8000, 512, ORIGINAL));
    assert_int_equal(driver_stat(&f->d, "blk0.write_bytes"), 0x8000);
    assert_int_equal(io.flushes, 0);
    assert_int_equal(request(f, FLUSH, 0, 0), OK);
    assert_int_equal(io.flushes, 1);
}

static void test_more_than_a_piece(void **state)
{
    struct fixture *f = *state;
    const uint8_t *data = driver_at(&f->d, f->data);

    driver_start(&f->d, F_ALL, 1);
    assert_int_equal(request(f, IN, 0, DISK_SIZE), OK);
    assert_true(io.calls >= DISK_SIZE / VIRTIO_BLK_PIECE);
    for (unsigned i = 0; i < DISK_SIZE; i++) {
        assert_int_equal(data[i], original_byte(i));
    }
}

/* IL-12 */
static void test_ranges(void **state)
{
    static const struct {
        uint64_t sector;
        uint32_t size;
        uint8_t want;
    } cases[] = {
        {SECTORS - 1, 512, OK},
        {SECTORS - 1, 1024, IOERR},
        {SECTORS, 512, IOERR},
        {SECTORS, 0, OK},
        {SECTORS + 1, 0, IOERR},
        {0, 511, IOERR},
        {0, 513, IOERR},
        {UINT64_MAX, 512, IOERR},
        {UINT64_MAX / 512, 512, IOERR},
        {UINT64_MAX / 512 + 1, 512, IOERR}, /* * 512 is 0 */
        {UINT64_C(1) << 63, 512, IOERR},
        {INT64_MAX / 512, 1024, IOERR},
    };
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(request(f, IN, cases[i].sector, cases[i].size), cases[i].want);
        assert_int_equal(request(f, OUT, cases[i].sector, cases[i].size), cases[i].want);
    }
    assert_true(disk_is(f, 0, DISK_SIZE - 512, ORIGINAL));
    assert_true(virtio_running(f->d.v));
}

/* IL-26, EL-06: whatever the driver does, and although the descriptor would allow it. */
static void test_read_only(void **state)
{
    struct fixture *f = *state;

    make(f, VIRTIO_BLK_READ_ONLY);
    driver_start(&f->d, UINT64_MAX & ~(UINT64_C(1) << 35), 1);
    memset(driver_at(&f->d, f->data), 0xff, 4096);
    assert_int_equal(request(f, OUT, 0, 4096), IOERR);
    assert_int_equal(request(f, OUT, 0, 0), IOERR);
    assert_int_equal(clear(f, DISCARD, &(struct range){0, 8, 0}, 1), UNSUPP);
    assert_int_equal(clear(f, ZEROES, &(struct range){0, 8, 0}, 1), UNSUPP);
    assert_int_equal(clear(f, ZEROES, &(struct range){0, 8, 1}, 1), UNSUPP);
    assert_int_equal(request(f, FLUSH, 0, 0), OK);
    driver_start(&f->d, 0, 1);
    assert_int_equal(request(f, OUT, 0, 4096), IOERR);
    assert_int_equal(io.calls + io.punches + io.zeroings + io.flushes, 0);
    assert_true(disk_is(f, 0, DISK_SIZE, ORIGINAL));
    assert_int_equal(request(f, IN, 0, 4096), OK);
    assert_int_equal(driver_stat(&f->d, "blk0.refused"), 6);
}

/* The same with a descriptor that is itself read-only. */
static void test_read_only_descriptor(void **state)
{
    struct fixture *f = *state;
    char path[64];

    snprintf(path, sizeof(path), "/dev/fd/%d", f->fd);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const struct virtio_blk_config config = {.name = "blk0",
                                             .fd = fd,
                                             .flags = VIRTIO_BLK_READ_ONLY,
                                             .ram = &f->d.ram,
                                             .spi = DRIVER_SPI,
                                             .set_irq = driver_set_irq};
    const char *why;
    virtio_blk_free(f->blk);
    assert_int_equal(virtio_blk_new(&f->blk, &config, &why), 0);
    f->d.v = virtio_blk_device(f->blk);
    driver_start(&f->d, 0, 1);
    assert_int_equal(request(f, IN, 0, 4096), OK);
    assert_int_equal(request(f, OUT, 0, 4096), IOERR);
    assert_int_equal(request(f, GET_ID, 0, 20), OK);
    assert_int_equal(*(char *)driver_at(&f->d, f->data), '\0');
}

static void test_write_through(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL & ~F_FLUSH, 1);
    assert_int_equal(request(f, OUT, 0, 512), OK);
    assert_int_equal(io.flushes, 1);
    io.flush_result = -EIO;
    assert_int_equal(request(f, OUT, 0, 512), IOERR);
    assert_int_equal(clear(f, ZEROES, &(struct range){0, 8, 0}, 1), IOERR);
    assert_int_equal(request(f, IN, 0, 512), OK);
    assert_int_equal(io.flushes, 3);
}

static void test_serial(void **state)
{
    struct fixture *f = *state;
    uint32_t written;

    driver_start(&f->d, F_ALL, 1);
    start(f, GET_ID, 0, 20);
    assert_int_equal(finish(f, &written), OK);
    assert_int_equal(written, 21);
    assert_memory_equal(driver_at(&f->d, f->data), "serial-0123456789-to", 20);
    memset(driver_at(&f->d, f->data), 0, 32);
    assert_int_equal(request(f, GET_ID, 0, 6), OK);
    assert_memory_equal(driver_at(&f->d, f->data), "serial\0\0", 8);
    start(f, GET_ID, 0, 32);
    assert_int_equal(finish(f, &written), OK);
    assert_int_equal(written, 20);
}

static void test_unknown_requests(void **state)
{
    static const uint32_t types[] = {2, 3, 5, 6, 7, 9, 10, 12, 14, 15, 0x80000000, UINT32_MAX};
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_int_equal(request(f, types[i], 0, 512), UNSUPP);
    }
    assert_true(virtio_running(f->d.v));
    assert_true(disk_is(f, 0, 4096, ORIGINAL));
}

static void test_malformed_requests(void **state)
{
    struct fixture *f = *state;
    const struct driver_segment bad[][2] = {
        {{f->header, 15, false}, {f->status, 1, true}},
        {{f->header, 16, false}, {f->data, 512, false}}, /* no room for the status */
        {{f->data, 512, true}, {f->status, 1, true}},    /* no header */
        {{0, 0, false}, {0, 0, true}},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        driver_start(&f->d, F_ALL, 1);
        put_header(f, IN, 0);
        driver_send(&f->d, 0, bad[i], 2);
        while ((driver_read(&f->d, R_STATUS) & S_BROKEN) == 0) {
        }
        assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 2);
    }
    driver_start(&f->d, F_ALL, 1);
    assert_int_equal(request(f, IN, 0, 512), OK);
    /* The header in pieces, and the status beside the data in one segment, are fine. */
    put_header(f, IN, 0);
    *(uint8_t *)driver_at(&f->d, f->data + 512) = UNTOUCHED;
    driver_send(&f->d, 0,
                (struct driver_segment[]){
                    {f->header, 3, false}, {f->header + 3, 13, false}, {f->data, 513, true}},
                3);
    uint32_t written;
    finish(f, &written);
    assert_int_equal(written, 513);
    assert_int_equal(*(uint8_t *)driver_at(&f->d, f->data + 512), OK);
    assert_int_equal(*(uint8_t *)driver_at(&f->d, f->data), original_byte(0));
}

static void test_discard(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    assert_int_equal(clear(f, DISCARD, (struct range[]){{8, 8, 0}, {32, 16, 0}}, 2), OK);
    assert_int_equal(io.punches, 2);
    assert_true(disk_is(f, 0, 4096, ORIGINAL));
    assert_true(disk_is(f, 4096, 4096, ZERO));
    assert_true(disk_is(f, 8192, 8192, ORIGINAL));
    assert_true(disk_is(f, 16384, 8192, ZERO));
    io.punch_result = -EOPNOTSUPP; /* a hint that cannot be taken is no error */
    assert_int_equal(clear(f, DISCARD, &(struct range){0, 8, 0}, 1), OK);
    assert_true(disk_is(f, 0, 4096, ORIGINAL));
    io.punch_result = -EIO;
    assert_int_equal(clear(f, DISCARD, &(struct range){0, 8, 0}, 1), IOERR);
}

static void test_write_zeroes(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    assert_int_equal(clear(f, ZEROES, &(struct range){1, 9, 0}, 1), OK);
    assert_int_equal(io.zeroings, 1);
    assert_true(disk_is(f, 0, 512, ORIGINAL));
    assert_true(disk_is(f, 512, 9 * 512, ZERO));
    assert_true(disk_is(f, 10 * 512, 512, ORIGINAL));
    assert_int_equal(clear(f, ZEROES, &(struct range){100, 8, 1}, 1), OK);
    assert_int_equal(io.punches, 1);
    assert_true(disk_is(f, 100 * 512, 8 * 512, ZERO));

    /* By hand, where the file system cannot: also more than a piece, and in crumbs. */
    io.zero_result = io.punch_result = -EOPNOTSUPP;
    io.at_most = 99999;
    assert_int_equal(clear(f, ZEROES, &(struct range){201, 3001, 1}, 1), OK);
    assert_true(disk_is(f, 200 * 512, 512, ORIGINAL));
    assert_true(disk_is(f, 201 * 512, 3001 * 512, ZERO));
    assert_true(disk_is(f, 3202 * 512, 512, ORIGINAL));
    io.fail = EIO;
    io.fail_once = 1;
    assert_int_equal(clear(f, ZEROES, &(struct range){0, 8, 0}, 1), IOERR);
}

static void test_clear_refusals(void **state)
{
    static const struct {
        uint32_t type;
        struct range range;
        uint8_t want;
    } cases[] = {
        {DISCARD, {0, 8, 1}, UNSUPP}, /* unmap is for zeroes */
        {DISCARD, {0, 8, 2}, UNSUPP},
        {ZEROES, {0, 8, 2}, UNSUPP},
        {ZEROES, {0, 8, 0x80000001}, UNSUPP},
        {DISCARD, {SECTORS - 7, 8, 0}, IOERR},
        {ZEROES, {SECTORS, 1, 0}, IOERR},
        {ZEROES, {UINT64_MAX, 1, 0}, IOERR},
        {ZEROES, {UINT64_MAX - 7, 8, 0}, IOERR},
        {DISCARD, {1, UINT32_MAX, 0}, IOERR},
        {ZEROES, {0, 0, 0}, OK},
    };
    struct fixture *f = *state;
    struct range many[VIRTIO_BLK_DISCARD_MAX + 1] = {{0, 8, 0}};

    driver_start(&f->d, F_ALL, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct range two[] = {{0, 8, 0}, cases[i].range};

        assert_int_equal(clear(f, cases[i].type, &cases[i].range, 1), cases[i].want);
        if (cases[i].want != OK) { /* nor is the good one before it begun */
            assert_int_equal(clear(f, cases[i].type, two, 2), cases[i].want);
        }
    }
    assert_int_equal(clear(f, DISCARD, many, VIRTIO_BLK_DISCARD_MAX + 1), IOERR);
    assert_int_equal(request(f, DISCARD, 0, 0), IOERR);
    assert_int_equal(request(f, DISCARD, 0, 17), IOERR);
    assert_int_equal(io.punches + io.zeroings + io.calls, 0);
    assert_true(disk_is(f, 0, DISK_SIZE, ORIGINAL));
    driver_start(&f->d, F_FLUSH, 1);
    assert_int_equal(clear(f, DISCARD, many, 1), UNSUPP);
    assert_int_equal(clear(f, ZEROES, many, 1), UNSUPP);
}

static void test_errors_of_the_file(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    io.fail = EIO;
    io.fail_once = 20;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(request(f, IN, 0, 512), IOERR);
        assert_int_equal(request(f, OUT, 0, 512), IOERR);
    }
    assert_int_equal(request(f, IN, 0, 512), OK);
    assert_int_equal(driver_stat(&f->d, "blk0.io_errors"), 20);
    assert_true(io.logs >= 1 && io.logs < 20);
    assert_non_null(strstr(io.last_log, "blk0"));
    io.flush_result = -ENOSPC;
    assert_int_equal(request(f, FLUSH, 0, 0), IOERR);
    assert_true(virtio_running(f->d.v));
}

static void test_crumbs_and_interruptions(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    io.at_most = 77;
    io.fail = EINTR;
    io.fail_once = 5;
    assert_int_equal(request(f, IN, 1, 8192), OK);
    for (unsigned i = 0; i < 8192; i++) {
        assert_int_equal(((uint8_t *)driver_at(&f->d, f->data))[i], original_byte(512 + i));
    }
    memset(driver_at(&f->d, f->data), 0, 8192);
    io.fail_once = 5;
    assert_int_equal(request(f, OUT, 1, 8192), OK);
    assert_true(disk_is(f, 512, 8192, ZERO));
    assert_true(disk_is(f, 0, 512, ORIGINAL) && disk_is(f, 8704, 512, ORIGINAL));
    assert_int_equal(driver_stat(&f->d, "blk0.io_errors"), 0);
}

static void test_file_became_shorter(void **state)
{
    struct fixture *f = *state;
    uint32_t written;

    driver_start(&f->d, F_ALL, 1);
    assert_int_equal(ftruncate(f->fd, DISK_SIZE / 2), 0);
    start(f, IN, SECTORS / 2 - 1, 1024);
    assert_int_equal(finish(f, &written), IOERR);
    assert_int_equal(written, 512);
    assert_int_equal(request(f, IN, SECTORS - 1, 512), IOERR);
}

/* The vCPU's side goes on while the file takes its time. */
static void test_slow_file(void **state)
{
    struct fixture *f = *state;
    uint32_t written;

    driver_start(&f->d, F_ALL, 1);
    io_set_closed(true);
    start(f, IN, 0, 512);
    io_wait_for_call();
    for (unsigned i = 0; i < 100; i++) {
        driver_notify(&f->d, 0);
        assert_int_equal(driver_read(&f->d, R_CONFIG), SECTORS);
    }
    assert_false(driver_irq_level());
    io_set_closed(false);
    assert_int_equal(finish(f, &written), OK);
}

/* The file does not even answer in the time that a reset waits: nothing of it shows up later. */
static void test_reset_under_way(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, F_ALL, 1);
    io_set_closed(true);
    start(f, IN, 0, 512);
    io_wait_for_call();
    driver_write(&f->d, R_STATUS, 0);
    assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    driver_start(&f->d, F_ALL, 1);
    *(uint8_t *)driver_at(&f->d, f->status) = UNTOUCHED;
    driver_notify(&f->d, 0);
    io_set_closed(false);
    assert_int_equal(request(f, GET_ID, 0, 20), OK); /* behind it */
    assert_false(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(driver_stat(&f->d, "blk0.requests"), 2);
}

static void reset_device(void)
{
    io.at_most = 512;
    driver_write(&current->d, R_STATUS, 0);
}

/* A request of many pieces ends at the next one. */
static void test_reset_ends_the_request(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_ALL, 1);
    io.during = reset_device;
    start(f, IN, 0, 8192);
    while (driver_stat(&f->d, "blk0.requests") == 0) {
    }
    assert_int_equal(io.calls, 1);
    assert_int_equal(*(uint8_t *)driver_at(&f->d, f->status), UNTOUCHED);
    assert_int_equal(driver_stat(&f->d, "blk0.io_errors"), 0);
}

static void *open_the_file(void *arg)
{
    (void)arg;
    io_set_closed(false);
    return NULL;
}

static void test_free_under_way(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    driver_start(&f->d, F_ALL, 1);
    io_set_closed(true);
    start(f, IN, 0, 512);
    io_wait_for_call();
    assert_int_equal(pthread_create(&thread, NULL, open_the_file, NULL), 0);
    virtio_blk_free(f->blk);
    f->blk = NULL;
    pthread_join(thread, NULL);
}

/* Many requests at once, with all the ring's features, against a copy of the disk. */
static void test_many(void **state)
{
    enum {
        DEPTH = 8,
        ROUNDS = 200,
        SIZE = 4096
    };
    struct fixture *f = *state;
    uint8_t *copy = malloc(DISK_SIZE);
    uint64_t table = driver_alloc(&f->d, DEPTH * 4 * 16, 16);
    uint64_t headers = driver_alloc(&f->d, DEPTH * 16, 16);
    uint32_t seed = 12345, head, written;
    struct {
        bool write;
        uint32_t sector;
    } slot[DEPTH];

    driver_start(&f->d, F_ALL, 1);
    assert_int_equal(pread(f->fd, copy, DISK_SIZE, 0), DISK_SIZE);
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* Every slot has its own part of the disk, so that the order does not matter. */
        for (unsigned i = 0; i < DEPTH; i++) {
            uint64_t data = f->data + i * (SIZE + 16);
            uint8_t *p = driver_at(&f->d, headers + 16 * i);

            seed = seed * 1664525 + 1013904223;
            slot[i].write = (seed >> 16 & 1) != 0;
            slot[i].sector = i * (SECTORS / DEPTH) + (seed >> 20) % (SECTORS / DEPTH - 8);
            guest_ram_put32(p, slot[i].write ? OUT : IN);
            guest_ram_put32(p + 8, slot[i].sector);
            if (slot[i].write) {
                memset(driver_at(&f->d, data), (int)(seed >> 24), SIZE);
                memset(copy + slot[i].sector * 512, (int)(seed >> 24), SIZE);
            }
            uint64_t t = table + i * 64;
            uint16_t direction = slot[i].write ? 0 : D_WRITE;
            driver_put(&f->d, t, 0, headers + 16 * i, 16, D_NEXT, 1);
            driver_put(&f->d, t, 1, data, 100, D_NEXT | direction, 2);
            driver_put(&f->d, t, 2, data + 100, SIZE - 100, D_NEXT | direction, 3);
            driver_put(&f->d, t, 3, data + SIZE, 1, D_WRITE, 0);
            *(uint8_t *)driver_at(&f->d, data + SIZE) = UNTOUCHED;
            driver_put(&f->d, f->d.queue[0].desc, i, t, 64, D_INDIRECT, 0);
            driver_add(&f->d, 0, (uint16_t)i);
            driver_notify(&f->d, 0);
        }
        for (unsigned i = 0; i < DEPTH; i++) {
            driver_wait(&f->d, 0, &head, &written);
            uint64_t data = f->data + head * (SIZE + 16);
            assert_int_equal(*(uint8_t *)driver_at(&f->d, data + SIZE), OK);
            if (!slot[head].write) {
                assert_memory_equal(driver_at(&f->d, data), copy + slot[head].sector * 512, SIZE);
            }
        }
    }
    free(copy);
    assert_int_equal(driver_stat(&f->d, "blk0.requests"), DEPTH * ROUNDS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        T(test_configuration),
        T(test_read),
        T(test_write),
        T(test_more_than_a_piece),
        T(test_ranges),
        T(test_read_only),
        T(test_read_only_descriptor),
        T(test_write_through),
        T(test_serial),
        T(test_unknown_requests),
        T(test_malformed_requests),
        T(test_discard),
        T(test_write_zeroes),
        T(test_clear_refusals),
        T(test_errors_of_the_file),
        T(test_crumbs_and_interruptions),
        T(test_file_became_shorter),
        T(test_slow_file),
        T(test_reset_under_way),
        T(test_reset_ends_the_request),
        T(test_free_under_way),
        T(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
