/* SPDX-License-Identifier: ISC */
/*
 * block: the block device's benchmark, from inside a guest (tests/bench/run).
 *
 *     block DEVICE
 *
 * Writes the device whole and reads it, in pieces of 1 MiB, then 4 KiB blocks of it in an order that
 * looks random; one request after another, past the page cache. Each block holds words that follow
 * from its number, so that what is read can be checked. Prints, for write, read, random-write and
 * random-read,
 *
 *     bench: blk-NAME begin
 *     bench: blk-NAME end CHECKSUM AMOUNT
 *
 * AMOUNT is bytes, for the random parts requests. Status 1 after a failure or a wrong word.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK = 4096,
    PIECE = 1 << 20,
    PASSES = 4,
    REQUESTS = 20000,
};

static int fd;
static uint64_t blocks;
static _Alignas(BLOCK) uint64_t buffer[PIECE / sizeof(uint64_t)];

static void die(const char *what)
{
    printf("block: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t word(uint64_t block)
{
    return (block + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Two words a block are made and looked at: the device is to be measured, not the guest's CPU. */
static void make(uint64_t first, size_t size)
{
    for (size_t at = 0; at < size; at += BLOCK) {
        uint64_t *p = buffer + at / sizeof(*buffer);

        p[0] = p[BLOCK / sizeof(*p) - 1] = word(first + at / BLOCK);
    }
}

static void check(uint64_t first, size_t size)
{
    for (size_t at = 0; at < size; at += BLOCK) {
        const uint64_t *p = buffer + at / sizeof(*buffer);
        uint64_t wanted = word(first + at / BLOCK);

        if (p[0] != wanted || p[BLOCK / sizeof(*p) - 1] != wanted) {
            errno = EBADMSG;
            die("a block");
        }
    }
}

static void transfer(bool write, uint64_t first, size_t size)
{
    off_t at = (off_t)(first * BLOCK);

    if (write) {
        make(first, size);
        if (pwrite(fd, buffer, size, at) != (ssize_t)size) {
            die("write");
        }
    } else {
        if (pread(fd, buffer, size, at) != (ssize_t)size) {
            die("read");
        }
        check(first, size);
    }
}

static void whole(bool write)
{
    const char *name = write ? "write" : "read";
    uint64_t per_piece = PIECE / BLOCK;

    printf("bench: blk-%s begin\n", name);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        for (uint64_t block = 0; block + per_piece <= blocks; block += per_piece) {
            transfer(write, block, PIECE);
        }
    }
    printf("bench: blk-%s end %" PRIx64 " %" PRIu64 "\n", name, word(blocks),
           PASSES * (blocks / per_piece) * PIECE);
}

static void random_blocks(bool write)
{
    const char *name = write ? "write" : "read";
    uint64_t x = 1;

    printf("bench: blk-random-%s begin\n", name);
    for (unsigned i = 0; i < REQUESTS; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        transfer(write, (x >> 32) % blocks, BLOCK);
    }
    printf("bench: blk-random-%s end %" PRIx64 " %d\n", name, x, REQUESTS);
}

int main(int argc, char **argv)
{
    off_t size;

    setvbuf(stdout, NULL, _IOLBF, 0);
    fd = argc == 2 ? open(argv[1], O_RDWR | O_DIRECT) : -1;
    if (fd < 0) {
        die("open");
    }
    size = lseek(fd, 0, SEEK_END);
    blocks = (uint64_t)size / BLOCK;
    if (size < PIECE) {
        die("size");
    }
    whole(true);
    whole(false);
    random_blocks(true);
    random_blocks(false);
    close(fd);
    return 0;
}
