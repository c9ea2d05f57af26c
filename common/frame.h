/* SPDX-License-Identifier: ISC */
/*
 * frame.h: messages with descriptors over a Unix stream socket.
 *
 * A frame is a header of 12 bytes, little-endian, and a payload:
 *
 *   u32 payload length (0 - FRAME_MAX_PAYLOAD)   u16 type   u16 number of descriptors (0 -
 * FRAME_MAX_FDS)   u32 sequence
 *
 * Descriptors travel as SCM_RIGHTS with the frame's first byte. A receiver that meets an oversized
 * length, more descriptors than announced, fewer, or control data cut short (MSG_CTRUNC) reports a
 * protocol error, closes every descriptor it got, and is to be closed itself: there is no
 * resynchronising.
 *
 * Used by one thread per channel. The socket may be blocking or not.
 */
#ifndef PADDOCK_FRAME_H
#define PADDOCK_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_SIZE 12u
#define FRAME_MAX_PAYLOAD 16384u
#define FRAME_MAX_FDS     32u

struct frame {
    uint16_t type;
    uint32_t seq;
    uint32_t size;
    uint16_t fd_count;
    int fd[FRAME_MAX_FDS]; /* owned by whoever holds the frame; close-on-exec is set on reception */
    uint8_t payload[FRAME_MAX_PAYLOAD];
};

/* What has arrived of the next frame, and descriptors that came ahead of their header. */
struct frame_reader {
    struct frame frame;
    uint8_t header[FRAME_HEADER_SIZE];
    size_t have; /* bytes of header and payload */
};

void frame_reader_init(struct frame_reader *r);
/* Closes descriptors of an unfinished frame. */
void frame_reader_reset(struct frame_reader *r);

/*
 * Reads from fd until a frame is whole. 1: r->frame is whole, and stays valid until the next call;
 * the caller owns its descriptors and must take them (frame_take_fd) or close them
 * (frame_close_fds). 0: nothing more to read now. -EPIPE: the peer closed between two frames.
 * -EPROTO: a malformed or truncated frame. Another negative errno: from the socket.
 */
int frame_read(struct frame_reader *r, int fd);

/*
 * Sends one whole frame, waiting where the socket's buffer is full (at most `timeout_ms`;
 * -ETIMEDOUT then, and the channel is no longer usable). The descriptors stay the caller's. 0 or a
 * negative errno; never raises SIGPIPE.
 */
int frame_send(int fd, uint16_t type, uint32_t seq, const void *payload, size_t size,
               const int *fds, size_t fd_count, int timeout_ms);

/* Takes descriptor i out of the frame; -1 if there is none (any more). */
int frame_take_fd(struct frame *f, size_t i);
void frame_close_fds(struct frame *f);

#endif
