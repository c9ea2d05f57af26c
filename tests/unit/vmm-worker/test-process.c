/* SPDX-License-Identifier: ISC */
/*
 * test-process.c: the vmm-worker program itself, against a supervisor that keeps the protocol and one
 * that does not: its states, and how it ends when its channel does. (test-start.c: what it refuses.)
 *
 * The guests are a handful of instructions behind an Image header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "worker-process.h"

/* ---- Guests ---- */

#define SPIN 0x14000000u /* b . */

static const uint32_t spin[] = {SPIN};
static const uint32_t power_off[] = {
    0x52800100u, /* mov w0, #8 */
    0x72b08000u, /* movk w0, #0x8400, lsl #16: SYSTEM_OFF */
    0xd4000002u, /* hvc #0 */
    SPIN,
};

#define RUN(code) worker_run_guest(code, sizeof(code) / sizeof((code)[0]))

/* ---- Before there is a VM ---- */

static void test_needs_its_channel(void **state)
{
    int null = open("/dev/null", O_RDWR);

    (void)state;
    assert_true(null >= 0);
    worker.channel = -1;
    worker_spawn(-1);
    assert_int_equal(worker_exit_status(), 1);
    worker_spawn(null);
    assert_int_equal(worker_exit_status(), 1);
    close(null);
}

static void test_a_strange_version_is_told_ours(void **state)
{
    struct msg_hello m;
    const struct frame *f;

    (void)state;
    worker_send_hello(PROTOCOL_VERSION + 1);
    f = worker_expect(MSG_HELLO_REPLY);
    assert_int_equal(msg_hello_decode(f->payload, f->size, &m), 0);
    assert_int_equal(m.version, PROTOCOL_VERSION);
    assert_int_equal(m.pid, (uint32_t)worker.pid);
    worker_expect_hang_up();
    assert_int_equal(worker_exit_status(), 1);
}

/* Each of these is the end of a channel that has no VM yet. */
static void test_breaches_of_the_protocol_end_it(void **state)
{
    static const uint16_t first[] = {MSG_START,   MSG_STOP,        MSG_KILL, MSG_PING,
                                     MSG_CONSOLE, MSG_HELLO_REPLY, 0,        UINT16_MAX};

    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        worker_send_plain(first[i]);
        assert_null(worker_receive());
        assert_int_equal(worker_exit_status(), 1);
        worker_start(state);
    }
    worker_send(MSG_HELLO, "", 0, NULL, 0);
    assert_null(worker_receive());
    assert_int_equal(worker_exit_status(), 1);
}

static void test_garbage_ends_it(void **state)
{
    (void)state;
    assert_int_equal(write(worker.channel, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    while (worker_receive() != NULL) {
    }
    assert_int_equal(worker_exit_status(), 1);
}

static void test_an_end_within_a_frame_ends_it(void **state)
{
    (void)state;
    worker_greet();
    assert_int_equal(write(worker.channel, "\x05\x00\x00", 3), 3);
    assert_int_equal(worker_exit_status(), 1);
}

static void test_kill_and_sigterm_before_a_start(void **state)
{
    worker_greet();
    worker_send_plain(MSG_KILL);
    worker_expect_end(OUTCOME_KILLED);
    assert_int_equal(worker_exit_status(), 1);

    worker_start(state);
    worker_greet();
    kill(worker.pid, SIGTERM);
    worker_expect_end(OUTCOME_KILLED);
    assert_int_equal(worker_exit_status(), 1);
}

/* The last message cannot be delivered, but the channel's end was not read either. */
static void test_an_end_that_nobody_can_hear(void **state)
{
    (void)state;
    worker_greet();
    assert_int_equal(shutdown(worker.channel, SHUT_RD), 0);
    worker_send_plain(MSG_KILL);
    assert_int_equal(worker_exit_status(), 1);
}

/* ---- With a VM ---- */

static void test_a_guest_powers_off(void **state)
{
    struct msg_ended how;

    (void)state;
    RUN(power_off);
    how = worker_expect_end(OUTCOME_POWER_OFF);
    assert_non_null(strstr(how.cause, "SYSTEM_OFF"));
    assert_int_equal(worker_exit_status(), 0);
}

static void test_the_last_counters_come_before_the_end(void **state)
{
    static struct msg_stats m;
    const struct frame *f;
    uint64_t calls = 0;

    (void)state;
    RUN(power_off);
    f = worker_expect(MSG_STATS_REPLY);
    assert_int_equal(f->seq, 0);
    assert_int_equal(msg_stats_decode(f->payload, f->size, &m), 0);
    for (uint32_t i = 0; i < m.count; i++) {
        calls = strcmp(m.entry[i].name, "exits.hvc") == 0 ? m.entry[i].value : calls;
    }
    assert_int_equal(calls, 1);
    worker_expect_end(OUTCOME_POWER_OFF);
    assert_int_equal(worker_exit_status(), 0);
}

static void test_kill_ends_any_state(void **state)
{
    RUN(spin);
    worker_send_plain(MSG_KILL);
    worker_expect_end(OUTCOME_KILLED);
    assert_int_equal(worker_exit_status(), 0);

    worker_start(state);
    RUN(spin);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_plain(MSG_PAUSE)), 0);
    worker_send_plain(MSG_KILL);
    worker_expect_end(OUTCOME_KILLED);
    assert_int_equal(worker_exit_status(), 0);

    worker_start(state);
    RUN(spin);
    worker_send_stop(3600000);
    assert_int_equal(worker_expect_number(MSG_STATE, 0), WORKER_STOPPING);
    worker_send_plain(MSG_KILL);
    worker_expect_end(OUTCOME_KILLED);
    assert_int_equal(worker_exit_status(), 0);
}

static void test_a_stop_wakes_a_paused_guest_and_ends_it(void **state)
{
    (void)state;
    RUN(spin);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_plain(MSG_PAUSE)), 0);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_plain(MSG_PAUSE)),
                     0); /* as it is */
    worker_send_stop(1);
    assert_int_equal(worker_expect_number(MSG_STATE, 0), WORKER_STOPPING);
    worker_expect_end(OUTCOME_STOP_IGNORED);
    assert_int_equal(worker_exit_status(), 0);
}

/* If each of these restarted the clock, it would never run out. */
static void test_repeated_stops_do_not_restart_the_clock(void **state)
{
    struct timespec pause = {.tv_nsec = 20000000};
    const struct frame *f;

    (void)state;
    RUN(spin);
    do {
        struct pollfd p = {.fd = worker.channel, .events = POLLIN};
        uint8_t stop[4] = {0};
        kill(worker.pid, SIGTERM);
        (void)frame_send(worker.channel, MSG_STOP, 1, stop, sizeof(stop), NULL, 0, DEADLINE_MS);
        nanosleep(&pause, NULL); /* much shorter than the time-out of 100 ms */
        f = poll(&p, 1, 0) == 1 ? worker_receive() : &worker.reader.frame;
    } while (f != NULL && f->type != MSG_ENDED);
    assert_non_null(f);
    assert_int_equal(worker_exit_status(), 0);
}

static void test_what_comes_late_is_answered(void **state)
{
    (void)state;
    RUN(spin);
    worker_send_stop(3600000);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_plain(MSG_PAUSE)), EBUSY);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_plain(MSG_RESUME)), 0);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_number(MSG_BALLOON, 1)), ENODEV);
    assert_int_equal(
        worker_expect_number(MSG_RESULT, worker_send_number(MSG_BALLOON, UINT64_C(1) << 44)),
        ERANGE);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_number(MSG_VSOCK_LISTEN, 1)),
                     ENODEV);
    assert_int_equal(worker_expect_number(
                         MSG_RESULT, worker_send_number(MSG_VSOCK_LISTEN, UINT64_C(0x100000001))),
                     ERANGE);
    worker_send_plain(MSG_PING);
    worker_expect(MSG_PONG);
    worker_send_plain(MSG_KILL);
    worker_expect_end(OUTCOME_KILLED);
    assert_int_equal(worker_exit_status(), 0);
}

/* A supervisor that breaks the protocol is none: the grace period begins (1 ms), then the stop. */
static void test_breaches_with_a_guest_are_a_lost_supervisor(void **state)
{
    for (int which = 0; which < 5; which++) {
        RUN(spin);
        switch (which) {
        case 0: worker_send_plain(MSG_START); break;
        case 1: worker_send_hello(PROTOCOL_VERSION); break;
        case 2: worker_send_plain(MSG_CONSOLE); break; /* without its descriptor */
        case 3: worker_send(MSG_STOP, "abc", 3, NULL, 0); break;
        default:
            assert_int_equal(
                write(worker.channel, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), 12);
            break;
        }
        worker_expect_hang_up();
        assert_int_equal(worker_exit_status(), 0);
        worker_start(state);
    }
}

static void test_outlives_its_channel_for_the_grace_period(void **state)
{
    (void)state;
    RUN(spin);
    assert_int_equal(worker_exit_status(), 0); /* closes the channel, without a word */
    worker_start(state);
    RUN(spin);
    assert_int_equal(worker_expect_number(MSG_RESULT, worker_send_plain(MSG_PAUSE)), 0);
    assert_int_equal(write(worker.channel, "\x05", 1), 1); /* and within a frame */
    assert_int_equal(worker_exit_status(), 0);
}

/* What a supervisor sent before it went counts, though it left our messages unread. */
static void test_reads_the_last_words_of_a_dead_supervisor(void **state)
{
    struct start s = start_make(spin, 1);

    (void)state;
    s.m.grace_ms = 3600000;
    worker_send_hello(PROTOCOL_VERSION);
    start_send(&s);
    worker_send_plain(MSG_PING);
    worker_send_plain(MSG_KILL);
    assert_int_equal(worker_exit_status(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_start, worker_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_needs_its_channel, worker_stop),
        TEST(test_a_strange_version_is_told_ours),
        TEST(test_breaches_of_the_protocol_end_it),
        TEST(test_garbage_ends_it),
        TEST(test_an_end_within_a_frame_ends_it),
        TEST(test_kill_and_sigterm_before_a_start),
        TEST(test_an_end_that_nobody_can_hear),
        TEST(test_a_guest_powers_off),
        TEST(test_the_last_counters_come_before_the_end),
        TEST(test_kill_ends_any_state),
        TEST(test_a_stop_wakes_a_paused_guest_and_ends_it),
        TEST(test_repeated_stops_do_not_restart_the_clock),
        TEST(test_what_comes_late_is_answered),
        TEST(test_breaches_with_a_guest_are_a_lost_supervisor),
        TEST(test_outlives_its_channel_for_the_grace_period),
        TEST(test_reads_the_last_words_of_a_dead_supervisor),
    };

    if (!worker_find()) {
        printf("there is no %s (make)\n", worker.path);
        return 77; /* skipped, as tests/run counts it */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
