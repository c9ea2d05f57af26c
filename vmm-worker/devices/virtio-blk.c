/* SPDX-License-Identifier: ISC */
/* virtio-blk.c: the block device. See virtio-blk.h. */
#include "virtio-blk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../host-clock.h"
#include "../host-file.h"

/* Feature bits (5.2.3). */
#define F_SIZE_MAX     (UINT64_C(1) << 1)
#define F_SEG_MAX      (UINT64_C(1) << 2)
#define F_RO           (UINT64_C(1) << 5)
#define F_BLK_SIZE     (UINT64_C(1) << 6)
#define F_FLUSH        (UINT64_C(1) << 9)
#define F_TOPOLOGY     (UINT64_C(1) << 10)
#define F_DISCARD      (UINT64_C(1) << 13)
#define F_WRITE_ZEROES (UINT64_C(1) << 14)

/* Config space (5.2.4). */
enum {
    CONFIG_CAPACITY = 0,
    CONFIG_SIZE_MAX = 8,
    CONFIG_SEG_MAX = 12,
    CONFIG_BLK_SIZE = 20,
    CONFIG_PHYSICAL_EXP = 24,
    CONFIG_MIN_IO = 26,
    CONFIG_MAX_DISCARD_SECTORS = 36,
    CONFIG_MAX_DISCARD_SEG = 40,
    CONFIG_DISCARD_ALIGNMENT = 44,
    CONFIG_MAX_ZEROES_SECTORS = 48,
    CONFIG_MAX_ZEROES_SEG = 52,
    CONFIG_ZEROES_MAY_UNMAP = 56,
    CONFIG_SIZE = 60,

    /* The host's blocks: 2^3 sectors. */
    PHYSICAL_EXP = 3,
    PHYSICAL_SECTORS = 8,
};

/* Of one range. Zeroes may have to be written one by one. */
#define MAX_DISCARD_SECTORS (UINT32_C(1) << 21) /* 1 GiB */
#define MAX_ZEROES_SECTORS  (UINT32_C(1) << 17) /* 64 MiB */

/* A request (5.2.6): u32 type, u32 reserved, u64 sector; data; and at the very end u8 status. */
enum {
    HEADER_SIZE = 16,
    TYPE_IN = 0,
    TYPE_OUT = 1,
    TYPE_FLUSH = 4,
    TYPE_GET_ID = 8,
    TYPE_DISCARD = 11,
    TYPE_WRITE_ZEROES = 13,
    STATUS_OK = 0,
    STATUS_IOERR = 1,
    STATUS_UNSUPP = 2,

    /* A range of a discard: u64 sector, u32 sectors, u32 flags. */
    RANGE_SIZE = 16,
    RANGE_F_UNMAP = 1,
};

#define QUEUE_MAX       VIRTQ_SIZE_MAX
#define LOG_INTERVAL_NS UINT64_C(1000000000)
#define ZEROES          65536u

struct blk_counters {
    uint64_t requests, reads, writes, flushes, discards, read_bytes, write_bytes;
    uint64_t refused;   /* answered with an error because of what was asked */
    uint64_t io_errors; /* answered with an error because of the file */
};

struct virtio_blk {
    struct virtio virtio;
    int fd;
    bool read_only;
    uint64_t sectors;
    uint8_t config[CONFIG_SIZE];
    char serial[VIRTIO_BLK_SERIAL];
    const struct virtio_blk_io *io;
    void (*log)(void *ctx, const char *text);
    void *log_ctx;

    pthread_t thread;
    pthread_cond_t wake;          /* for the thread: requests, or stopping */
    pthread_cond_t idle;          /* in_flight is no more */
    bool stopping, in_flight;     /* guarded by the device's lock */
    struct blk_counters counters; /* likewise */
    atomic_bool abandon;          /* the request in flight is not wanted any more */

    /* The thread's own. */
    struct virtq_chain chain;
    struct iovec iov[VIRTQ_SEGMENTS_MAX];
    uint64_t logged_at, unlogged;
    bool logged;
};

static const uint8_t zeroes[ZEROES];

static ssize_t system_preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    return preadv(fd, iov, count, offset);
}

static ssize_t system_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    return pwritev(fd, iov, count, offset);
}

const struct virtio_blk_io virtio_blk_system_io = {
    .preadv = system_preadv,
    .pwritev = system_pwritev,
    .flush = host_file_flush,
    .punch = host_file_punch,
    .zero = host_file_zero,
};

/* ---- The file: on the disk's thread, without the lock. 0 or a negative errno ---- */

/* Whether [sector, sector + bytes) is on the disk and is whole sectors. */
static bool on_disk(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    return bytes % VIRTIO_BLK_SECTOR == 0 && sector <= b->sectors &&
           bytes / VIRTIO_BLK_SECTOR <= b->sectors - sector;
}

/* The bytes [offset, offset + size) of consecutive segments as a vector; size is within them. */
static int slice(const struct virtq_segment *segment, uint64_t offset, uint64_t size,
                 struct iovec iov[VIRTQ_SEGMENTS_MAX])
{
    int count = 0;

    for (unsigned i = 0; i < VIRTQ_SEGMENTS_MAX && size != 0; i++) {
        uint64_t n;

        if (offset >= segment[i].size) {
            offset -= segment[i].size;
            continue;
        }
        n = segment[i].size - offset;
        n = n < size ? n : size;
        iov[count].iov_base = segment[i].host + offset;
        iov[count].iov_len = (size_t)n;
        count++;
        size -= n;
        offset = 0;
    }
    return count;
}

/* What a call that moves bytes said: how many, 0 for "again", or a negative errno. */
static ssize_t progress(ssize_t n)
{
    if (n > 0) {
        return n;
    }
    if (n == 0) {
        return -EIO; /* the file is shorter than it was */
    }
    return errno == EINTR ? 0 : -errno;
}

/*
 * Moves `size` bytes between the file and the segments from byte `skip` on. *done: how many were
 * moved, in order.
 */
static int transfer(struct virtio_blk *b, bool write, uint64_t position,
                    const struct virtq_segment *segment, uint64_t skip, uint64_t size,
                    uint64_t *done)
{
    *done = 0;
    while (*done < size) {
        uint64_t piece = size - *done < VIRTIO_BLK_PIECE ? size - *done : VIRTIO_BLK_PIECE;
        off_t offset = (off_t)(position + *done);
        int count = slice(segment, skip + *done, piece, b->iov);
        ssize_t n;

        if (atomic_load(&b->abandon)) {
            return -ECANCELED;
        }
        n = progress(write ? b->io->pwritev(b->fd, b->iov, count, offset)
                           : b->io->preadv(b->fd, b->iov, count, offset));
        if (n < 0) {
            return (int)n;
        }
        *done += (uint64_t)n;
    }
    return 0;
}

static int write_zeroes(struct virtio_blk *b, uint64_t position, uint64_t size)
{
    while (size != 0) {
        int count = 0;
        uint64_t piece = 0;
        ssize_t n;

        while (piece < size && piece < VIRTIO_BLK_PIECE && count < (int)VIRTQ_SEGMENTS_MAX) {
            uint64_t part = size - piece < ZEROES ? size - piece : ZEROES;

            b->iov[count].iov_base = (void *)zeroes; /* only read */
            b->iov[count].iov_len = (size_t)part;
            piece += part;
            count++;
        }
        if (atomic_load(&b->abandon)) {
            return -ECANCELED;
        }
        n = progress(b->io->pwritev(b->fd, b->iov, count, (off_t)position));
        if (n < 0) {
            return (int)n;
        }
        position += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return 0;
}

static bool unable(int err)
{
    return err == -EOPNOTSUPP || err == -EINVAL;
}

static int clear_range(struct virtio_blk *b, uint32_t type, uint64_t position, uint64_t size,
                       bool unmap)
{
    int err;

    if (type == TYPE_DISCARD) {
        err = b->io->punch(b->fd, position, size);
        return unable(err) ? 0 : err; /* a hint: what it leaves there is undefined anyway */
    }
    err = unmap ? b->io->punch(b->fd, position, size) : b->io->zero(b->fd, position, size);
    return unable(err) ? write_zeroes(b, position, size) : err;
}

/* ---- Requests: on the disk's thread, without the lock ---- */

struct request {
    const struct virtq_chain *chain;
    uint64_t features;
    uint32_t type;
    uint64_t sector;
    uint64_t out_bytes; /* of data from the driver */
    uint64_t in_bytes;  /* of room for data, without the status */
    uint64_t done;      /* bytes moved, from the beginning */
    uint8_t status;
    int err; /* what the file said, for the log */
    struct blk_counters count;
};

static void refuse(struct request *r, uint8_t status)
{
    r->status = status;
    r->count.refused = 1;
}

/* What the file said becomes the request's status. */
static void conclude(struct request *r, int err)
{
    r->status = err == 0 ? STATUS_OK : STATUS_IOERR;
    r->err = err;
    if (err != 0 && err != -ECANCELED) {
        r->count.io_errors = 1;
    }
}

/* A driver without FLUSH counts on every write being stable. */
static int settle(struct virtio_blk *b, const struct request *r)
{
    return (r->features & F_FLUSH) != 0 ? 0 : b->io->flush(b->fd);
}

static void do_read(struct virtio_blk *b, struct request *r)
{
    if (!on_disk(b, r->sector, r->in_bytes)) {
        refuse(r, STATUS_IOERR);
        return;
    }
    conclude(r, transfer(b, false, r->sector * VIRTIO_BLK_SECTOR,
                         r->chain->segment + r->chain->readable, 0, r->in_bytes, &r->done));
    r->count.reads = 1;
    r->count.read_bytes = r->done;
}

static void do_write(struct virtio_blk *b, struct request *r)
{
    uint64_t written;
    int err;

    if (b->read_only || !on_disk(b, r->sector, r->out_bytes)) {
        refuse(r, STATUS_IOERR);
        return;
    }
    err = transfer(b, true, r->sector * VIRTIO_BLK_SECTOR, r->chain->segment, HEADER_SIZE,
                   r->out_bytes, &written);
    conclude(r, err != 0 ? err : settle(b, r));
    r->count.writes = 1;
    r->count.write_bytes = written;
}

static void do_flush(struct virtio_blk *b, struct request *r)
{
    conclude(r, b->read_only ? 0 : b->io->flush(b->fd));
    r->count.flushes = 1;
}

static void do_get_id(struct virtio_blk *b, struct request *r)
{
    size_t size = r->in_bytes < sizeof(b->serial) ? (size_t)r->in_bytes : sizeof(b->serial);

    r->done = virtq_chain_write(r->chain, 0, b->serial, size);
    r->status = STATUS_OK;
}

struct range {
    uint64_t sector;
    uint32_t sectors, flags;
};

/* Range i of a discard. 0, or the status with which to refuse it. */
static uint8_t get_range(const struct virtio_blk *b, const struct request *r, unsigned i,
                         struct range *range)
{
    uint32_t max = r->type == TYPE_DISCARD ? MAX_DISCARD_SECTORS : MAX_ZEROES_SECTORS;
    uint32_t allowed = r->type == TYPE_DISCARD ? 0 : RANGE_F_UNMAP;
    uint8_t bytes[RANGE_SIZE] = {0};

    virtq_chain_read(r->chain, HEADER_SIZE + (uint64_t)i * RANGE_SIZE, bytes, sizeof(bytes));
    range->sector = guest_ram_get64(bytes);
    range->sectors = guest_ram_get32(bytes + 8);
    range->flags = guest_ram_get32(bytes + 12);
    if ((range->flags & ~allowed) != 0) {
        return STATUS_UNSUPP;
    }
    if (range->sectors > max ||
        !on_disk(b, range->sector, (uint64_t)range->sectors * VIRTIO_BLK_SECTOR)) {
        return STATUS_IOERR;
    }
    return STATUS_OK;
}

/* Discard and write-zeroes. All ranges are copied and checked before the first is touched. */
static void do_clear(struct virtio_blk *b, struct request *r)
{
    struct range range[VIRTIO_BLK_DISCARD_MAX];
    uint64_t count = r->out_bytes / RANGE_SIZE;
    int err = 0;

    if (b->read_only ||
        (r->features & (r->type == TYPE_DISCARD ? F_DISCARD : F_WRITE_ZEROES)) == 0) {
        refuse(r, STATUS_UNSUPP);
        return;
    }
    if (count == 0 || count > VIRTIO_BLK_DISCARD_MAX || r->out_bytes % RANGE_SIZE != 0) {
        refuse(r, STATUS_IOERR);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        uint8_t status = get_range(b, r, i, &range[i]);

        if (status != STATUS_OK) {
            refuse(r, status);
            return;
        }
    }
    for (unsigned i = 0; i < count && err == 0; i++) {
        if (range[i].sectors != 0) {
            err = clear_range(b, r->type, range[i].sector * VIRTIO_BLK_SECTOR,
                              (uint64_t)range[i].sectors * VIRTIO_BLK_SECTOR,
                              (range[i].flags & RANGE_F_UNMAP) != 0);
        }
    }
    conclude(r, err != 0 ? err : settle(b, r));
    r->count.discards = 1;
}

static void do_request(struct virtio_blk *b, struct request *r)
{
    r->count.requests = 1;
    switch (r->type) {
    case TYPE_IN: do_read(b, r); break;
    case TYPE_OUT: do_write(b, r); break;
    case TYPE_FLUSH: do_flush(b, r); break;
    case TYPE_GET_ID: do_get_id(b, r); break;
    case TYPE_DISCARD:
    case TYPE_WRITE_ZEROES: do_clear(b, r); break;
    default: refuse(r, STATUS_UNSUPP); break;
    }
}

static void log_error(struct virtio_blk *b, const struct request *r)
{
    uint64_t now = host_ns();
    char text[160];

    if (r->count.io_errors == 0 || b->log == NULL) {
        return;
    }
    if (b->logged && now - b->logged_at < LOG_INTERVAL_NS) {
        b->unlogged++;
        return;
    }
    snprintf(text, sizeof(text),
             "%s: request of type %u at sector %llu failed: errno %d (%llu more before)",
             b->virtio.name, r->type, (unsigned long long)r->sector, -r->err,
             (unsigned long long)b->unlogged);
    b->logged = true;
    b->logged_at = now;
    b->unlogged = 0;
    b->log(b->log_ctx, text);
}

/* ---- The thread: with the lock held, except while it works ---- */

/* Reads the header. false: there is none, or no room for the status: the driver is broken. */
static bool begin(struct virtio_blk *b, struct request *r)
{
    uint8_t header[HEADER_SIZE];
    const struct virtq_chain *chain = &b->chain;

    if (virtq_chain_read(chain, 0, header, sizeof(header)) != sizeof(header) ||
        chain->writable_bytes == 0) {
        return false;
    }
    *r = (struct request){
        .chain = chain,
        .features = b->virtio.features,
        .type = guest_ram_get32(header),
        .sector = guest_ram_get64(header + 8),
        .out_bytes = chain->readable_bytes - HEADER_SIZE,
        .in_bytes = chain->writable_bytes - 1,
    };
    return true;
}

static void account(struct blk_counters *total, const struct blk_counters *one)
{
    total->requests += one->requests;
    total->reads += one->reads;
    total->writes += one->writes;
    total->flushes += one->flushes;
    total->discards += one->discards;
    total->read_bytes += one->read_bytes;
    total->write_bytes += one->write_bytes;
    total->refused += one->refused;
    total->io_errors += one->io_errors;
}

/* Answers. The length covers what was written without a gap from the beginning (2.7.8.2). */
static void finish(struct virtio_blk *b, const struct request *r)
{
    uint64_t written = r->done == r->in_bytes ? r->done + 1 : r->done;

    virtq_chain_write(r->chain, r->in_bytes, &r->status, 1);
    virtio_push(&b->virtio, 0, r->chain->head, (uint32_t)written);
    virtio_interrupt(&b->virtio, 0);
}

static void serve_one(struct virtio_blk *b)
{
    uint64_t generation = virtio_generation(&b->virtio);
    struct request r;

    if (!begin(b, &r)) {
        virtio_break(&b->virtio);
        return;
    }
    b->in_flight = true;
    atomic_store(&b->abandon, false);
    virtio_unlock(&b->virtio);

    do_request(b, &r);
    log_error(b, &r);

    virtio_lock(&b->virtio);
    b->in_flight = false;
    pthread_cond_broadcast(&b->idle);
    account(&b->counters, &r.count);
    if (virtio_generation(&b->virtio) == generation && !(b->stopping && r.err == -ECANCELED)) {
        finish(b, &r);
    }
}

static void *blk_thread(void *arg)
{
    struct virtio_blk *b = arg;

    virtio_lock(&b->virtio);
    while (!b->stopping) {
        if (virtio_pop_or_arm(&b->virtio, 0, &b->chain)) {
            serve_one(b);
        } else {
            pthread_cond_wait(&b->wake, &b->virtio.lock);
        }
    }
    virtio_unlock(&b->virtio);
    return NULL;
}

/* ---- What the transport calls ---- */

static void blk_config_read(void *dev, uint32_t offset, void *buf, unsigned size)
{
    const struct virtio_blk *b = dev;

    if (offset < CONFIG_SIZE) {
        memcpy(buf, b->config + offset, size < CONFIG_SIZE - offset ? size : CONFIG_SIZE - offset);
    }
}

static void blk_activate(void *dev)
{
    struct virtio_blk *b = dev;

    pthread_cond_signal(&b->wake);
}

static void blk_notify(void *dev, unsigned queue)
{
    struct virtio_blk *b = dev;

    (void)queue;
    pthread_cond_signal(&b->wake);
}

static void blk_reset(void *dev)
{
    struct virtio_blk *b = dev;
    uint64_t until = host_ns() + VIRTIO_BLK_RESET_NS;
    uint64_t now;

    atomic_store(&b->abandon, true);
    while (b->in_flight && (now = host_ns()) < until) {
        clock_cond_wait_for(&b->idle, &b->virtio.lock, until - now);
    }
}

static void blk_stats(const void *dev, const char *name, struct stats *out)
{
    const struct virtio_blk *b = dev;

    stats_add(out, name, "requests", b->counters.requests);
    stats_add(out, name, "reads", b->counters.reads);
    stats_add(out, name, "writes", b->counters.writes);
    stats_add(out, name, "flushes", b->counters.flushes);
    stats_add(out, name, "discards", b->counters.discards);
    stats_add(out, name, "read_bytes", b->counters.read_bytes);
    stats_add(out, name, "write_bytes", b->counters.write_bytes);
    stats_add(out, name, "refused", b->counters.refused);
    stats_add(out, name, "io_errors", b->counters.io_errors);
}

static const struct virtio_ops blk_ops = {
    .id = VIRTIO_BLOCK,
    .queues = 1,
    .queue_max = QUEUE_MAX,
    .features = F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE | F_TOPOLOGY,
    .config_read = blk_config_read,
    .activate = blk_activate,
    .notify = blk_notify,
    .reset = blk_reset,
    .stats = blk_stats,
};

/* ---- Creation ---- */

/* 0, or why this descriptor is no disk. */
static int examine(const struct virtio_blk_config *config, bool read_only, uint64_t *size,
                   const char **why)
{
    int mode = fcntl(config->fd, F_GETFL);
    struct stat st;
    int err;

    if (mode < 0 || fstat(config->fd, &st) != 0) {
        *why = "the disk's descriptor is not open";
        return -errno;
    }
    if (S_ISBLK(st.st_mode)) {
        err = host_file_device_size(config->fd, size);
        if (err != 0) {
            *why = "the size of the disk's block device cannot be read";
            return err;
        }
    } else if (S_ISREG(st.st_mode)) {
        *size = (uint64_t)st.st_size;
    } else {
        *why = "the disk is neither a file nor a block device";
        return -ENODEV;
    }
    if ((mode & O_ACCMODE) == O_WRONLY) {
        *why = "the disk's descriptor is not open for reading";
        return -EACCES;
    }
    if (!read_only && (mode & O_ACCMODE) == O_RDONLY) {
        *why = "the disk is to be writable, its descriptor is not open for writing: open it for "
               "both, or mark the disk read-only";
        return -EACCES;
    }
    if (!read_only && (mode & O_APPEND) != 0) {
        *why = "the disk's descriptor is open for appending: open it without";
        return -EACCES;
    }
    if (*size == 0) {
        *why = "the disk is empty: give it a size first";
        return -EINVAL;
    }
    if (*size % VIRTIO_BLK_SECTOR != 0) {
        *why = "the disk's size is no multiple of 512 bytes: is it a raw image, and whole?";
        return -EINVAL;
    }
    return 0;
}

static void fill_config(struct virtio_blk *b)
{
    uint8_t *c = b->config;

    guest_ram_put32(c + CONFIG_CAPACITY, (uint32_t)b->sectors);
    guest_ram_put32(c + CONFIG_CAPACITY + 4, (uint32_t)(b->sectors >> 32));
    guest_ram_put32(c + CONFIG_SIZE_MAX, (uint32_t)VIRTIO_BLK_PIECE);
    guest_ram_put32(c + CONFIG_SEG_MAX, VIRTIO_BLK_SEG_MAX);
    guest_ram_put32(c + CONFIG_BLK_SIZE, VIRTIO_BLK_SECTOR);
    c[CONFIG_PHYSICAL_EXP] = PHYSICAL_EXP;
    guest_ram_put16(c + CONFIG_MIN_IO, PHYSICAL_SECTORS);
    if (b->read_only) {
        return;
    }
    guest_ram_put32(c + CONFIG_MAX_DISCARD_SECTORS, MAX_DISCARD_SECTORS);
    guest_ram_put32(c + CONFIG_MAX_DISCARD_SEG, VIRTIO_BLK_DISCARD_MAX);
    guest_ram_put32(c + CONFIG_DISCARD_ALIGNMENT, PHYSICAL_SECTORS);
    guest_ram_put32(c + CONFIG_MAX_ZEROES_SECTORS, MAX_ZEROES_SECTORS);
    guest_ram_put32(c + CONFIG_MAX_ZEROES_SEG, VIRTIO_BLK_DISCARD_MAX);
    c[CONFIG_ZEROES_MAY_UNMAP] = 1;
}

/* Signals are for the loop's thread. */
static int start_thread(struct virtio_blk *b)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&b->thread, NULL, blk_thread, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -err;
}

static void release(struct virtio_blk *b)
{
    pthread_cond_destroy(&b->idle);
    pthread_cond_destroy(&b->wake);
    virtio_destroy(&b->virtio);
    free(b);
}

int virtio_blk_new(struct virtio_blk **out, const struct virtio_blk_config *config,
                   const char **why)
{
    bool read_only = (config->flags & VIRTIO_BLK_READ_ONLY) != 0;
    struct virtio_blk *b = NULL;
    uint64_t size = 0;
    int err = examine(config, read_only, &size, why);

    if (err != 0) {
        goto fail;
    }
    b = calloc(1, sizeof(*b));
    if (b == NULL) {
        *why = "no memory for the disk";
        err = -ENOMEM;
        goto fail;
    }
    b->fd = config->fd;
    b->read_only = read_only;
    b->sectors = size / VIRTIO_BLK_SECTOR;
    b->io = config->io != NULL ? config->io : &virtio_blk_system_io;
    b->log = config->log;
    b->log_ctx = config->log_ctx;
    if (config->serial != NULL) {
        size_t length = strlen(config->serial);

        memcpy(b->serial, config->serial, length < sizeof(b->serial) ? length : sizeof(b->serial));
    }
    fill_config(b);
    pthread_cond_init(&b->wake, NULL);
    clock_cond_init(&b->idle);
    virtio_init(&b->virtio, &blk_ops, b, config->name, config->ram, config->spi, config->set_irq,
                read_only ? F_RO : F_FLUSH | F_DISCARD | F_WRITE_ZEROES);
    err = start_thread(b);
    if (err != 0) {
        *why = "no thread for the disk";
        goto fail;
    }
    *out = b;
    return 0;

fail:
    if (b != NULL) {
        release(b);
    }
    close(config->fd);
    return err;
}

void virtio_blk_free(struct virtio_blk *b)
{
    if (b == NULL) {
        return;
    }
    virtio_lock(&b->virtio);
    b->stopping = true;
    atomic_store(&b->abandon, true);
    pthread_cond_signal(&b->wake);
    virtio_unlock(&b->virtio);
    pthread_join(b->thread, NULL);
    close(b->fd);
    release(b);
}

struct virtio *virtio_blk_device(struct virtio_blk *b)
{
    return &b->virtio;
}
