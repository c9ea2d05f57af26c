/* SPDX-License-Identifier: ISC */
/*
 * A peer of the channel that sends what the input says, in pieces, with descriptors where it says so
 * (common/frame.c). A piece: a byte of length, a byte with the number of descriptors, the bytes. Whole
 * frames must be as announced, no descriptor may stay open, and after an error nothing comes.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/frame.h"
#include "fuzz-input.h"

#define PIECES  64u
#define FDS_MAX 40u

static void send_piece(int fd, const uint8_t *bytes, size_t size, size_t fds)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    int list[FDS_MAX] = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    memset(&control, 0, sizeof(control));
    if (fds != 0) {
        msg.msg_control = control.buf;
        msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds * sizeof(int));
        memcpy(CMSG_DATA(c), list, fds * sizeof(int));
    }
    (void)!sendmsg(fd, &msg, MSG_DONTWAIT);
}

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 128; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

/* Reads all there is. false: the channel is done with. */
static bool read_all(struct frame_reader *r, int fd, uint64_t *taken)
{
    for (;;) {
        int got = frame_read(r, fd);
        if (got <= 0) {
            FUZZ_CHECK(got == 0 || r->frame.fd_count == 0);
            return got == 0;
        }
        FUZZ_CHECK(r->frame.size <= FRAME_MAX_PAYLOAD && r->frame.fd_count <= FRAME_MAX_FDS);
        for (size_t i = 0; i < r->frame.fd_count; i++) {
            FUZZ_CHECK(fcntl(r->frame.fd[i], F_GETFD) == FD_CLOEXEC);
        }
        /* Some are taken, the rest is left to the reader. */
        int fd0 = frame_take_fd(&r->frame, *taken & 7);
        if (fd0 >= 0) {
            close(fd0);
        }
        (*taken)++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct frame_reader reader;
    struct fuzz_input in = {data, size};
    uint64_t taken = 0;
    int pair[2];
    int before = count_fds();
    bool open = true;

    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    frame_reader_init(&reader);
    for (unsigned i = 0; i < PIECES && in.left != 0 && open; i++) {
        size_t n = (size_t)fuzz_take(&in, 1);
        size_t fds = (size_t)fuzz_take(&in, 1);
        fds = fds < 128 ? 0 : fds % (FDS_MAX + 1);
        n = n < in.left ? n : in.left;
        if (n != 0) {
            send_piece(pair[0], in.p, n, fds);
            in.p += n;
            in.left -= n;
        }
        open = read_all(&reader, pair[1], &taken);
    }
    close(pair[0]);
    if (open) {
        FUZZ_CHECK(!read_all(&reader, pair[1], &taken));
    }
    frame_reader_reset(&reader);
    close(pair[1]);
    FUZZ_CHECK(count_fds() == before);
    return 0;
}
