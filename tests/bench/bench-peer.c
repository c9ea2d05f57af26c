/* SPDX-License-Identifier: ISC */
/*
 * bench-peer: the other end of a VM's network for the benchmarks: Ethernet frames over a Unix stream
 * socket, each behind its length in four bytes, most significant first. It knows tests/guest/traffic.c:
 *
 *     0x88b5  data: counted
 *     0x88b6  an order: u32 count, u32 length, most significant first. It is answered with `count`
 *             frames of `length` bytes and type 0x88b7; each holds, as a u32, how many data frames
 *             came since the connection began.
 *
 * Anything else is passed over. Used as
 *
 *     bench-peer PATH
 *
 * Listens on PATH, says "listening", and serves one connection after another until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    LENGTH_SIZE = 4,
    ADDRESS_SIZE = 6,
    TYPE = 12,
    HEADER = 14,
    DATA = 0x88b5,
    ORDER = 0x88b6,
    ANSWER = 0x88b7,
    ORDER_SIZE = HEADER + 8,
    FRAME_MAX = 65550,
    INPUT = 1 << 20,
    OUTPUT = 1 << 18,
};

static uint8_t input[INPUT], output[OUTPUT];
static uint32_t data_frames;

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return ntohl(v);
}

static void put32(uint8_t *p, uint32_t v)
{
    v = htonl(v);
    memcpy(p, &v, sizeof(v));
}

static bool write_all(int fd, const uint8_t *p, size_t size)
{
    while (size != 0) {
        ssize_t n = write(fd, p, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static bool answer(int fd, const uint8_t *order)
{
    uint32_t count = get32(order + HEADER);
    uint32_t length = get32(order + HEADER + 4);
    size_t used = 0;

    if (length < HEADER + 4 || length > FRAME_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *p = output + used;

        put32(p, length);
        p += LENGTH_SIZE;
        memcpy(p, order + ADDRESS_SIZE, ADDRESS_SIZE);
        memcpy(p + ADDRESS_SIZE, order, ADDRESS_SIZE);
        p[TYPE] = ANSWER >> 8;
        p[TYPE + 1] = ANSWER & 0xff;
        put32(p + HEADER, data_frames);
        used += LENGTH_SIZE + length;
        if (i + 1 == count || used + LENGTH_SIZE + length > OUTPUT) {
            if (!write_all(fd, output, used)) {
                return false;
            }
            used = 0;
        }
    }
    return true;
}

static bool take_frame(int fd, const uint8_t *frame, uint32_t length)
{
    unsigned type = length < HEADER ? 0 : (unsigned)frame[TYPE] << 8 | frame[TYPE + 1];

    data_frames += type == DATA;
    return type != ORDER || (length >= ORDER_SIZE && answer(fd, frame));
}

/* Until the connection ends or what comes is no sequence of frames. */
static void serve(int fd)
{
    size_t have = 0;

    data_frames = 0;
    for (;;) {
        ssize_t n = read(fd, input + have, sizeof(input) - have);
        size_t at = 0;

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        have += (size_t)n;
        while (have - at >= LENGTH_SIZE) {
            uint32_t length = get32(input + at);

            if (length > FRAME_MAX) {
                fprintf(stderr, "bench-peer: a frame of %u bytes\n", (unsigned)length);
                return;
            }
            if (have - at - LENGTH_SIZE < length) {
                break;
            }
            if (!take_frame(fd, input + at + LENGTH_SIZE, length)) {
                return;
            }
            at += LENGTH_SIZE + length;
        }
        have -= at;
        memmove(input, input + at, have);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fputs("usage: bench-peer PATH\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    unlink(argv[1]);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 1) != 0) {
        fprintf(stderr, "bench-peer: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    puts("listening");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd >= 0) {
            serve(fd);
            close(fd);
        }
    }
}
