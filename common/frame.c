/* SPDX-License-Identifier: ISC */
/*
 * frame.c: messages with descriptors over a Unix stream socket. See frame.h.
 */
#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "rights.h"
#include "wire.h"

_Static_assert(FRAME_MAX_FDS <= RIGHTS_MAX, "a frame's descriptors are one message's");

void frame_close_fds(struct frame *f)
{
    for (size_t i = 0; i < f->fd_count; i++) {
        if (f->fd[i] >= 0) {
            close(f->fd[i]);
            f->fd[i] = -1;
        }
    }
    f->fd_count = 0;
}

int frame_take_fd(struct frame *f, size_t i)
{
    int fd = -1;

    if (i < f->fd_count) {
        fd = f->fd[i];
        f->fd[i] = -1;
    }
    return fd;
}

void frame_reader_init(struct frame_reader *r)
{
    r->frame.fd_count = 0;
    r->frame.size = 0;
    r->have = 0;
}

void frame_reader_reset(struct frame_reader *r)
{
    frame_close_fds(&r->frame);
    frame_reader_init(r);
}

/* One recvmsg of at most `size` bytes. > 0: so many; 0: nothing now; -EPIPE: end; negative errno.
 */
static ssize_t receive(struct frame *f, int fd, void *buf, size_t size)
{
    union rights_control control;
    struct iovec iov = {.iov_base = buf, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buf,
                         .msg_controllen = sizeof(control.buf)};
    size_t count = f->fd_count;
    ssize_t n;
    bool fits;

    do {
        n = recvmsg(fd, &msg, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
    }
    fits = rights_collect(&msg, f->fd, &count, FRAME_MAX_FDS);
    f->fd_count = (uint16_t)count;
    if (!fits) {
        return -EPROTO;
    }
    return n == 0 ? -EPIPE : n;
}

/* The header is whole: what it says. false: impossible. */
static bool open_frame(struct frame_reader *r, uint16_t *fds)
{
    struct wire_reader w = {.buf = r->header, .size = FRAME_HEADER_SIZE};

    r->frame.size = wire_get_u32(&w);
    r->frame.type = wire_get_u16(&w);
    *fds = wire_get_u16(&w);
    r->frame.seq = wire_get_u32(&w);
    return r->frame.size <= FRAME_MAX_PAYLOAD && *fds <= FRAME_MAX_FDS;
}

int frame_read(struct frame_reader *r, int fd)
{
    uint16_t announced;

    if (r->have == FRAME_HEADER_SIZE + (size_t)r->frame.size) {
        frame_reader_reset(r); /* the last frame was whole; what nobody took is closed */
    }
    for (;;) {
        ssize_t n;

        if (r->have < FRAME_HEADER_SIZE) {
            n = receive(&r->frame, fd, r->header + r->have, FRAME_HEADER_SIZE - r->have);
        } else if (r->have < FRAME_HEADER_SIZE + (size_t)r->frame.size) {
            size_t at = r->have - FRAME_HEADER_SIZE;
            n = receive(&r->frame, fd, r->frame.payload + at, r->frame.size - at);
        } else {
            break;
        }
        if (n == 0) {
            return 0;
        }
        if (n < 0) {
            bool between = r->have == 0 && r->frame.fd_count == 0;
            frame_reader_reset(r);
            return n == -EPIPE && !between ? -EPROTO : (int)n;
        }
        r->have += (size_t)n;
        if (r->have == FRAME_HEADER_SIZE && !open_frame(r, &announced)) {
            frame_reader_reset(r);
            return -EPROTO;
        }
    }
    if (!open_frame(r, &announced) || announced != r->frame.fd_count) {
        frame_reader_reset(r);
        return -EPROTO;
    }
    return 1;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until fd takes more, or the deadline has passed. 0 or a negative errno. */
static int wait_writable(int fd, int64_t deadline_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    for (;;) {
        int64_t left = deadline_ms - now_ms();
        int n = left <= 0 ? 0 : poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);

        if (n > 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (left <= 0) {
            return -ETIMEDOUT;
        }
    }
}

int frame_send(int fd, uint16_t type, uint32_t seq, const void *payload, size_t size,
               const int *fds, size_t fd_count, int timeout_ms)
{
    uint8_t header[FRAME_HEADER_SIZE];
    struct wire_writer w = {.buf = header, .size = sizeof(header)};
    union rights_control control;
    int64_t deadline_ms = 0; /* of the whole frame, from the first wait on */
    size_t done = 0;

    if (size > FRAME_MAX_PAYLOAD || fd_count > FRAME_MAX_FDS) {
        return -EMSGSIZE;
    }
    wire_put_u32(&w, (uint32_t)size);
    wire_put_u16(&w, type);
    wire_put_u16(&w, (uint16_t)fd_count);
    wire_put_u32(&w, seq);
    while (done < FRAME_HEADER_SIZE + size) {
        size_t in_header = done < FRAME_HEADER_SIZE ? done : FRAME_HEADER_SIZE;
        size_t in_payload = done - in_header;
        /* An iovec is not const, because it serves reading as well. An empty payload may be NULL. */
        struct iovec iov[2] = {
            {header + in_header, FRAME_HEADER_SIZE - in_header},
            {size == 0 ? header : (uint8_t *)(uintptr_t)payload + in_payload, size - in_payload},
        };
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
        ssize_t n;

        rights_attach(&msg, &control, fds, done == 0 ? fd_count : 0);
        n = sendmsg(fd, &msg, RIGHTS_SEND_FLAGS | MSG_DONTWAIT);
        if (n >= 0) {
            done += (size_t)n;
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            int err;
            deadline_ms = deadline_ms != 0 ? deadline_ms : now_ms() + timeout_ms;
            err = wait_writable(fd, deadline_ms);
            if (err != 0) {
                return err;
            }
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}
