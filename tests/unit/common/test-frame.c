/* SPDX-License-Identifier: ISC */
/*
 * test-frame.c: common/frame.c. Frames arrive whole however they were cut, and whatever a peer does,
 * no descriptor is lost or left open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptors.h"
#include "frame.h"

struct channel {
    int peer; /* the other end */
    int own;
    int open_before; /* descriptors of the process */
    struct frame_reader reader;
};

static int make(void **state)
{
    struct channel *c = calloc(1, sizeof(*c));
    int pair[2];

    assert_non_null(c);
    c->open_before = descriptors_open();
    assert_int_equal(descriptors_channel(pair), 0);
    c->peer = pair[0];
    c->own = pair[1];
    frame_reader_init(&c->reader);
    *state = c;
    return 0;
}

static void close_peer(struct channel *c)
{
    if (c->peer >= 0) {
        close(c->peer);
        c->peer = -1;
    }
}

/* Every test ends here: nothing may be left open. */
static int destroy(void **state)
{
    struct channel *c = *state;

    close_peer(c);
    close(c->own);
    frame_reader_reset(&c->reader);
    assert_int_equal(descriptors_open(), c->open_before);
    free(c);
    return 0;
}

/* Raw bytes, with descriptors if there are any. */
static void send_raw(int fd, const void *bytes, size_t size, const int *fds, size_t count)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(64 * sizeof(int))];
    } control = {.buf = {0}};
    struct iovec iov = {(void *)(uintptr_t)bytes, size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (count != 0) {
        struct cmsghdr *c;
        msg.msg_control = control.buf;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &msg, 0), size);
}

static size_t header(uint8_t out[FRAME_HEADER_SIZE], uint32_t size, uint16_t type, uint16_t fds)
{
    const uint8_t bytes[FRAME_HEADER_SIZE] = {(uint8_t)size,
                                              (uint8_t)(size >> 8),
                                              (uint8_t)(size >> 16),
                                              (uint8_t)(size >> 24),
                                              (uint8_t)type,
                                              (uint8_t)(type >> 8),
                                              (uint8_t)fds,
                                              (uint8_t)(fds >> 8),
                                              7,
                                              0,
                                              0,
                                              0};

    memcpy(out, bytes, sizeof(bytes));
    return sizeof(bytes);
}

static void test_frames_arrive_as_they_were_sent(void **state)
{
    struct channel *c = *state;
    int fds[2] = {0, 1};

    assert_int_equal(frame_read(&c->reader, c->own), 0);
    assert_int_equal(frame_send(c->peer, 5, 77, "hello", 5, fds, 2, 1000), 0);
    assert_int_equal(frame_send(c->peer, 6, 78, NULL, 0, NULL, 0, 1000), 0);
    assert_int_equal(frame_read(&c->reader, c->own), 1);
    assert_int_equal(c->reader.frame.type, 5);
    assert_int_equal(c->reader.frame.seq, 77);
    assert_int_equal(c->reader.frame.size, 5);
    assert_memory_equal(c->reader.frame.payload, "hello", 5);
    assert_int_equal(c->reader.frame.fd_count, 2);
    /* One is taken, the other closed by the next read. */
    int fd = frame_take_fd(&c->reader.frame, 0);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(frame_take_fd(&c->reader.frame, 0), -1);
    assert_int_equal(frame_take_fd(&c->reader.frame, 2), -1);
    close(fd);
    assert_int_equal(frame_read(&c->reader, c->own), 1);
    assert_int_equal(c->reader.frame.type, 6);
    assert_int_equal(c->reader.frame.size, 0);
    assert_int_equal(c->reader.frame.fd_count, 0);
    assert_int_equal(frame_read(&c->reader, c->own), 0);
    close_peer(c);
    assert_int_equal(frame_read(&c->reader, c->own), -EPIPE);
}

static void test_a_frame_may_come_byte_by_byte(void **state)
{
    struct channel *c = *state;
    uint8_t bytes[FRAME_HEADER_SIZE + 3];
    int fd = 0;

    header(bytes, 3, 9, 1);
    memcpy(bytes + FRAME_HEADER_SIZE, "abc", 3);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            assert_int_equal(frame_read(&c->reader, c->own), 0);
            send_raw(c->peer, bytes + i, 1, &fd, i == 0);
        }
        assert_int_equal(frame_read(&c->reader, c->own), 1);
        assert_int_equal(c->reader.frame.fd_count, 1);
        assert_memory_equal(c->reader.frame.payload, "abc", 3);
    }
}

static void test_descriptors_stay_with_their_frame(void **state)
{
    struct channel *c = *state;
    int fds[3] = {0, 1, 2};

    for (uint16_t n = 0; n < 4; n++) {
        assert_int_equal(frame_send(c->peer, n, n, "xyz", n, fds, n, 1000), 0);
    }
    for (uint16_t n = 0; n < 4; n++) {
        assert_int_equal(frame_read(&c->reader, c->own), 1);
        assert_int_equal(c->reader.frame.type, n);
        assert_int_equal(c->reader.frame.size, n);
        assert_int_equal(c->reader.frame.fd_count, n);
    }
}

static void test_impossible_headers_are_refused(void **state)
{
    static const struct {
        uint32_t size;
        uint16_t fds;
    } cases[] = {{FRAME_MAX_PAYLOAD + 1, 0}, {UINT32_MAX, 0}, {0, FRAME_MAX_FDS + 1}, {0, 65535}};
    struct channel *c = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[FRAME_HEADER_SIZE];
        int fd = 0;
        header(bytes, cases[i].size, 1, cases[i].fds);
        send_raw(c->peer, bytes, sizeof(bytes), &fd, 1);
        assert_int_equal(frame_read(&c->reader, c->own), -EPROTO);
        assert_int_equal(c->reader.frame.fd_count, 0);
    }
}

static void test_wrong_numbers_of_descriptors_are_refused(void **state)
{
    static const struct {
        uint16_t announced;
        size_t sent;
    } cases[] = {{1, 0},
                 {0, 1},
                 {2, 1},
                 {1, 2},
                 {FRAME_MAX_FDS, FRAME_MAX_FDS - 1},
                 {FRAME_MAX_FDS, FRAME_MAX_FDS + 1},
                 {0, 60}};
    struct channel *c = *state;
    int fds[64] = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[FRAME_HEADER_SIZE];
        int before = descriptors_open();
        header(bytes, 0, 1, cases[i].announced);
        send_raw(c->peer, bytes, sizeof(bytes), fds, cases[i].sent);
        assert_int_equal(frame_read(&c->reader, c->own), -EPROTO);
        assert_int_equal(descriptors_open(), before);
        /* A channel that is given up may still hold bytes. */
        while (frame_read(&c->reader, c->own) != 0) {
        }
    }
}

static void test_descriptors_may_not_trickle_in_beyond_the_limit(void **state)
{
    struct channel *c = *state;
    uint8_t bytes[FRAME_HEADER_SIZE];
    int before = descriptors_open();
    int fds[FRAME_MAX_FDS] = {0};

    header(bytes, 0, 1, FRAME_MAX_FDS);
    send_raw(c->peer, bytes, 1, fds, FRAME_MAX_FDS);
    assert_int_equal(frame_read(&c->reader, c->own), 0);
    send_raw(c->peer, bytes + 1, 1, fds, 1);
    assert_int_equal(frame_read(&c->reader, c->own), -EPROTO);
    assert_int_equal(descriptors_open(), before);
}

static void test_an_end_inside_of_a_frame_is_an_error(void **state)
{
    for (size_t cut = 1; cut < FRAME_HEADER_SIZE + 4; cut++) {
        struct channel *c = *state;
        uint8_t bytes[FRAME_HEADER_SIZE + 4];
        int fd = 0;

        header(bytes, 4, 1, 1);
        send_raw(c->peer, bytes, cut, &fd, 1);
        assert_int_equal(frame_read(&c->reader, c->own), 0);
        close_peer(c);
        assert_int_equal(frame_read(&c->reader, c->own), -EPROTO);
        destroy(state);
        make(state);
    }
}

static void test_all_sizes_travel(void **state)
{
    static uint8_t payload[FRAME_MAX_PAYLOAD + 1];
    struct channel *c = *state;
    int fds[FRAME_MAX_FDS + 1] = {0};

    for (size_t i = 0; i < sizeof(payload); i++) {
        payload[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(
        frame_send(c->peer, 1, 1, payload, FRAME_MAX_PAYLOAD, fds, FRAME_MAX_FDS, 1000), 0);
    assert_int_equal(frame_read(&c->reader, c->own), 1);
    assert_int_equal(c->reader.frame.size, FRAME_MAX_PAYLOAD);
    assert_int_equal(c->reader.frame.fd_count, FRAME_MAX_FDS);
    assert_memory_equal(c->reader.frame.payload, payload, FRAME_MAX_PAYLOAD);
    assert_int_equal(frame_send(c->peer, 1, 1, payload, FRAME_MAX_PAYLOAD + 1, NULL, 0, 1000),
                     -EMSGSIZE);
    assert_int_equal(frame_send(c->peer, 1, 1, NULL, 0, fds, FRAME_MAX_FDS + 1, 1000), -EMSGSIZE);
}

static void test_a_peer_that_does_not_read_times_out(void **state)
{
    static uint8_t payload[FRAME_MAX_PAYLOAD];
    struct channel *c = *state;
    int err = 0;

    for (int i = 0; i < 4096 && err == 0; i++) {
        err = frame_send(c->own, 1, 1, payload, sizeof(payload), NULL, 0, 1);
    }
    assert_int_equal(err, -ETIMEDOUT);
    close_peer(c);
    assert_int_equal(frame_send(c->own, 1, 1, payload, sizeof(payload), NULL, 0, 1), -EPIPE);
}

#define MANY 2000u

static void *send_many(void *arg)
{
    static uint8_t payload[FRAME_MAX_PAYLOAD];
    struct channel *c = arg;
    int fd = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        memset(payload, (int)(i & 0xff), sizeof(payload));
        if (frame_send(c->peer, 3, i, payload, i * 37 % FRAME_MAX_PAYLOAD, &fd, i % 5 == 0,
                       60000) != 0) {
            return c;
        }
    }
    return NULL;
}

/* More than a socket's buffer holds, cut wherever that happens. */
static void test_a_flood_arrives_whole(void **state)
{
    struct channel *c = *state;
    pthread_t thread;
    void *failed = c;

    assert_int_equal(pthread_create(&thread, NULL, send_many, c), 0);
    for (uint32_t i = 0; i < MANY;) {
        int got = frame_read(&c->reader, c->own);
        assert_true(got >= 0);
        if (got == 0) {
            continue;
        }
        assert_int_equal(c->reader.frame.seq, i);
        assert_int_equal(c->reader.frame.size, i * 37 % FRAME_MAX_PAYLOAD);
        assert_int_equal(c->reader.frame.fd_count, i % 5 == 0);
        for (size_t k = 0; k < c->reader.frame.size; k++) {
            assert_int_equal(c->reader.frame.payload[k], i & 0xff);
        }
        i++;
    }
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
}

static void test_what_is_no_socket_is_an_error(void **state)
{
    struct channel *c = *state;
    int fd = open("/dev/null", O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(frame_read(&c->reader, fd), -ENOTSOCK);
    assert_int_equal(frame_send(fd, 1, 1, NULL, 0, NULL, 0, 1), -ENOTSOCK);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_frames_arrive_as_they_were_sent, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_frame_may_come_byte_by_byte, make, destroy),
        cmocka_unit_test_setup_teardown(test_descriptors_stay_with_their_frame, make, destroy),
        cmocka_unit_test_setup_teardown(test_impossible_headers_are_refused, make, destroy),
        cmocka_unit_test_setup_teardown(test_wrong_numbers_of_descriptors_are_refused, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_descriptors_may_not_trickle_in_beyond_the_limit, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(test_an_end_inside_of_a_frame_is_an_error, make, destroy),
        cmocka_unit_test_setup_teardown(test_all_sizes_travel, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_peer_that_does_not_read_times_out, make, destroy),
        cmocka_unit_test_setup_teardown(test_a_flood_arrives_whole, make, destroy),
        cmocka_unit_test_setup_teardown(test_what_is_no_socket_is_an_error, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
