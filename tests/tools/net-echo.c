/* SPDX-License-Identifier: ISC */
/*
 * net-echo: a peer for one network device: Ethernet frames over a stream socket, each behind its
 * length in four bytes, most significant first.
 *
 *     net-echo PATH
 *
 * Listens on PATH, says "listening", and serves one connection to its end. Of the frames it gets,
 * those of three types for local experiments mean something:
 *
 *     0x88b5  is sent back with source and destination exchanged
 *     0x88b6  likewise, behind frames that no driver can take (of lengths 0, 1, 13, 1519 and the
 *             longest that there is), and cut into single bytes
 *     0x88b7  is answered with a length that no frame has; the worker is to hang up
 *
 * At the end it prints how many frames it got in all and how long the longest was; status 1 when
 * what it got was no sequence of frames.
 */
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
    HEADER = 14,
    TYPE = 12,
    ECHO = 0x88b5,
    MALFORMED = 0x88b6,
    BREAK = 0x88b7,
    FRAME_MAX = 65550,
};

/* A length and its frame. */
static uint8_t buffer[4 + FRAME_MAX];

static bool read_all(int fd, uint8_t *p, size_t size)
{
    while (size != 0) {
        ssize_t n = read(fd, p, size);
        if (n <= 0) {
            return false;
        }
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *p, size_t size, size_t piece)
{
    while (size != 0) {
        ssize_t n = write(fd, p, size < piece ? size : piece);
        if (n <= 0) {
            return false;
        }
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static void put_length(uint8_t *p, size_t length)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(length >> (24 - 8 * i));
    }
}

/* Sends the frame that is in the buffer. */
static bool send_frame(int fd, size_t length, size_t piece)
{
    put_length(buffer, length);
    return write_all(fd, buffer, 4 + length, piece);
}

static bool send_malformed(int fd, const uint8_t *command, size_t length)
{
    static const size_t lengths[] = {0, 1, HEADER - 1, 1519, FRAME_MAX};
    static uint8_t saved[FRAME_MAX];
    bool ok = true;

    memcpy(saved, command, length);
    for (size_t i = 0; ok && i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(buffer + 4, 0xff, lengths[i]); /* to everybody */
        ok = send_frame(fd, lengths[i], sizeof(buffer));
    }
    memcpy(buffer + 4, saved, length);
    return ok && send_frame(fd, length, 1);
}

static void turn_round(uint8_t *frame)
{
    uint8_t destination[6];

    memcpy(destination, frame, 6);
    memcpy(frame, frame + 6, 6);
    memcpy(frame + 6, destination, 6);
}

static bool serve_frame(int fd, size_t length)
{
    uint8_t *frame = buffer + 4;
    unsigned type = length >= HEADER ? (unsigned)frame[TYPE] << 8 | frame[TYPE + 1] : 0;

    switch (type) {
    case ECHO: turn_round(frame); return send_frame(fd, length, sizeof(buffer));
    case MALFORMED: turn_round(frame); return send_malformed(fd, frame, length);
    case BREAK: put_length(buffer, FRAME_MAX + 1); return write_all(fd, buffer, 4, 4);
    default: return true;
    }
}

static int serve(int fd)
{
    unsigned long frames = 0;
    size_t longest = 0;
    bool ok = true;

    while (read_all(fd, buffer, 4)) {
        size_t length =
            (size_t)buffer[0] << 24 | (size_t)buffer[1] << 16 | (size_t)buffer[2] << 8 | buffer[3];
        if (length < HEADER || length > FRAME_MAX) {
            printf("net-echo: a frame of %zu bytes\n", length);
            ok = false;
            break;
        }
        if (!read_all(fd, buffer + 4, length)) {
            puts("net-echo: an end within a frame");
            ok = false;
            break;
        }
        frames++;
        longest = length > longest ? length : longest;
        if (!serve_frame(fd, length)) {
            break;
        }
    }
    printf("net-echo: %lu frames, the longest of %zu bytes\n", frames, longest);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int peer;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fputs("usage: net-echo PATH\n", stderr);
        return 2;
    }
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 1) != 0) {
        fprintf(stderr, "net-echo: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    puts("listening");
    fflush(stdout);
    peer = accept(fd, NULL, NULL);
    return peer < 0 ? 1 : serve(peer);
}
