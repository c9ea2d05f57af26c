/* SPDX-License-Identifier: ISC */
/*
 * test-process.c: the vmm-worker program itself, against a supervisor that keeps the protocol and one
 * that does not: its states, every refusal of a START, and how it ends when its channel does.
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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "protocol.h"

#define DEADLINE_MS 60000 /* for what happens in milliseconds, unless a machine is very slow */

/* ---- Guests ---- */

#define SPIN        0x14000000u /* b . */

static const uint32_t spin[] = {SPIN};
static const uint32_t power_off[] = {
    0x52800100u, /* mov w0, #8 */
    0x72b08000u, /* movk w0, #0x8400, lsl #16: SYSTEM_OFF */
    0xd4000002u, /* hvc #0 */
    SPIN,
};

/* A nameless file of this guest behind an Image header, or of zeros without one, opened as `flags`
 * say. */
static int make_file(const uint32_t *code, size_t count, off_t size, int flags)
{
    char path[] = "/tmp/paddock-test-process-XXXXXX";
    uint8_t head[64] = {0};
    int fd = mkstemp(path);
    int again;

    assert_true(fd >= 0);
    if (count != 0) {
        /* code0: b +64, over the header. text_offset 0, image_size 4096. */
        memcpy(head, "\x10\x00\x00\x14", 4);
        head[17] = 0x10;
        memcpy(head + 56, "ARM\x64", 4);
        assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
        assert_int_equal(write(fd, code, count * sizeof(code[0])), count * sizeof(code[0]));
    } else {
        assert_int_equal(ftruncate(fd, size), 0);
    }
    again = open(path, flags);
    assert_true(again >= 0);
    close(fd);
    unlink(path);
    return again;
}

static int guest_file(const uint32_t *code, size_t count)
{
    return make_file(code, count, 0, O_RDWR);
}

static int sized_file(off_t size)
{
    return make_file(NULL, 0, size, O_RDWR);
}

/* ---- The worker ---- */

static struct {
    char path[512];
    pid_t pid;
    int channel;
    uint32_t seq;
    struct frame_reader reader;
} worker;

static bool find_worker(void)
{
    const char *build = getenv("PADDOCK_BUILD");

    signal(SIGPIPE, SIG_IGN);
    snprintf(worker.path, sizeof(worker.path), "%s/vmm-worker",
             build != NULL ? build : "build/gcc");
    return access(worker.path, X_OK) == 0;
}

static void spawn(int channel)
{
    worker.pid = fork();
    assert_true(worker.pid >= 0);
    if (worker.pid == 0) {
        char *const argv[] = {worker.path, NULL};
        if (channel != PROTOCOL_CHANNEL_FD) {
            dup2(channel, PROTOCOL_CHANNEL_FD);
        }
        for (int fd = PROTOCOL_CHANNEL_FD + (channel >= 0); fd < 256; fd++) {
            close(fd);
        }
        execv(worker.path, argv);
        _exit(127);
    }
}

static int start_worker(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    worker.channel = pair[0];
    worker.seq = 0;
    frame_reader_init(&worker.reader);
    spawn(pair[1]);
    close(pair[1]);
    return 0;
}

/* Its exit status. Whatever is on its way is not waited for. */
static int exit_status(void)
{
    int status = 0;

    if (worker.channel >= 0) {
        close(worker.channel);
        worker.channel = -1;
    }
    frame_reader_reset(&worker.reader);
    while (waitpid(worker.pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    worker.pid = 0;
    if (!WIFEXITED(status)) {
        fail_msg("the worker was killed by signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

static int stop_worker(void **state)
{
    (void)state;
    if (worker.pid > 0) { /* a test failed half-way */
        kill(worker.pid, SIGKILL);
        waitpid(worker.pid, NULL, 0);
        worker.pid = 0;
    }
    if (worker.channel >= 0) {
        close(worker.channel);
        worker.channel = -1;
    }
    frame_reader_reset(&worker.reader);
    return 0;
}

/* ---- The channel ---- */

static uint32_t send_bytes(uint16_t type, const void *payload, size_t size, const int *fds,
                           size_t count)
{
    assert_int_equal(
        frame_send(worker.channel, type, ++worker.seq, payload, size, fds, count, DEADLINE_MS), 0);
    return worker.seq;
}

static uint32_t send_plain(uint16_t type)
{
    return send_bytes(type, NULL, 0, NULL, 0);
}

static uint32_t send_number(uint16_t type, uint64_t value)
{
    uint8_t buf[8];

    return send_bytes(type, buf, msg_number_encode(&(struct msg_number){value}, buf, sizeof(buf)),
                      NULL, 0);
}

static void send_stop(uint32_t timeout_ms)
{
    uint8_t buf[4];

    send_bytes(MSG_STOP, buf, msg_stop_encode(&(struct msg_stop){timeout_ms}, buf, sizeof(buf)),
               NULL, 0);
}

static void send_hello(uint32_t version)
{
    struct msg_hello m = {.version = version, .build = "test"};
    uint8_t buf[128];

    send_bytes(MSG_HELLO, buf, msg_hello_encode(&m, buf, sizeof(buf)), NULL, 0);
}

/* The next frame, or NULL at the end of the channel. */
static const struct frame *receive(void)
{
    for (;;) {
        struct pollfd p = {.fd = worker.channel, .events = POLLIN};
        int got = frame_read(&worker.reader, worker.channel);
        if (got == 1) {
            return &worker.reader.frame;
        }
        if (got < 0) {
            assert_int_equal(got, -EPIPE);
            return NULL;
        }
        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    }
}

/* The next frame of this type; others are passed over. */
static const struct frame *expect(uint16_t type)
{
    const struct frame *f;

    do {
        f = receive();
        if (f == NULL) {
            fail_msg("the channel ended before %s", protocol_message_name(type));
        }
    } while (f->type != type);
    return f;
}

/* The channel ends without a word of the VM's end. */
static void expect_hang_up(void)
{
    const struct frame *f;

    while ((f = receive()) != NULL) {
        assert_int_not_equal(f->type, MSG_ENDED);
    }
}

static struct msg_ended expect_end(enum outcome outcome)
{
    struct msg_ended m;
    const struct frame *f = expect(MSG_ENDED);

    assert_int_equal(msg_ended_decode(f->payload, f->size, &m), 0);
    if (m.outcome != outcome) {
        fail_msg("%s instead of %s: %s", outcome_name(m.outcome), outcome_name(outcome), m.cause);
    }
    assert_null(receive());
    return m;
}

static uint64_t expect_number(uint16_t type, uint32_t seq)
{
    struct msg_number m;
    const struct frame *f;

    do {
        f = expect(type);
    } while (seq != 0 && f->seq != seq);
    assert_int_equal(msg_number_decode(f->payload, f->size, &m), 0);
    return m.value;
}

static void greet(void)
{
    send_hello(PROTOCOL_VERSION);
    expect(MSG_HELLO_REPLY);
}

/* ---- START ---- */

struct start {
    struct msg_start m;
    int fd[FRAME_MAX_FDS];
    size_t count;
};

static struct start make_start(const uint32_t *code, size_t count)
{
    struct start s = {.m = {.id = "vtest",
                            .name = "test",
                            .cpus = 2,
                            .memory = PROTOCOL_MEMORY_MIN,
                            .stop_timeout_ms = 100,
                            .grace_ms = 1,
                            .console_segment = 4096}};

    s.fd[0] = guest_file(code, count);
    s.fd[1] = sized_file(0);
    s.fd[2] = sized_file(0);
    s.count = 3;
    return s;
}

static void replace(struct start *s, size_t i, int fd)
{
    assert_true(fd >= 0);
    close(s->fd[i]);
    s->fd[i] = fd;
}

/* Sends it and closes our copies. */
static void send_start(struct start *s)
{
    static uint8_t buf[FRAME_MAX_PAYLOAD];

    send_bytes(MSG_START, buf, msg_start_encode(&s->m, buf, sizeof(buf)), s->fd, s->count);
    while (s->count != 0) {
        close(s->fd[--s->count]);
    }
}

static void run_guest(const uint32_t *code, size_t count)
{
    struct start s = make_start(code, count);

    greet();
    send_start(&s);
    expect(MSG_READY);
}

#define RUN(code) run_guest(code, sizeof(code) / sizeof((code)[0]))

/* ---- Before there is a VM ---- */

static void test_needs_its_channel(void **state)
{
    int null = open("/dev/null", O_RDWR);

    (void)state;
    assert_true(null >= 0);
    worker.channel = -1;
    spawn(-1);
    assert_int_equal(exit_status(), 1);
    spawn(null);
    assert_int_equal(exit_status(), 1);
    close(null);
}

static void test_a_strange_version_is_told_ours(void **state)
{
    struct msg_hello m;
    const struct frame *f;

    (void)state;
    send_hello(PROTOCOL_VERSION + 1);
    f = expect(MSG_HELLO_REPLY);
    assert_int_equal(msg_hello_decode(f->payload, f->size, &m), 0);
    assert_int_equal(m.version, PROTOCOL_VERSION);
    assert_int_equal(m.pid, (uint32_t)worker.pid);
    expect_hang_up();
    assert_int_equal(exit_status(), 1);
}

/* Each of these is the end of a channel that has no VM yet. */
static void test_breaches_of_the_protocol_end_it(void **state)
{
    static const uint16_t first[] = {MSG_START,   MSG_STOP,        MSG_KILL, MSG_PING,
                                     MSG_CONSOLE, MSG_HELLO_REPLY, 0,        UINT16_MAX};

    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        send_plain(first[i]);
        assert_null(receive());
        assert_int_equal(exit_status(), 1);
        start_worker(state);
    }
    send_bytes(MSG_HELLO, "", 0, NULL, 0);
    assert_null(receive());
    assert_int_equal(exit_status(), 1);
}

static void test_garbage_ends_it(void **state)
{
    (void)state;
    assert_int_equal(write(worker.channel, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    while (receive() != NULL) {
    }
    assert_int_equal(exit_status(), 1);
}

static void test_an_end_within_a_frame_ends_it(void **state)
{
    (void)state;
    greet();
    assert_int_equal(write(worker.channel, "\x05\x00\x00", 3), 3);
    assert_int_equal(exit_status(), 1);
}

static void test_kill_and_sigterm_before_a_start(void **state)
{
    greet();
    send_plain(MSG_KILL);
    expect_end(OUTCOME_KILLED);
    assert_int_equal(exit_status(), 1);

    start_worker(state);
    greet();
    kill(worker.pid, SIGTERM);
    expect_end(OUTCOME_KILLED);
    assert_int_equal(exit_status(), 1);
}

/* The last message cannot be delivered, but the channel's end was not read either. */
static void test_an_end_that_nobody_can_hear(void **state)
{
    (void)state;
    greet();
    assert_int_equal(shutdown(worker.channel, SHUT_RD), 0);
    send_plain(MSG_KILL);
    assert_int_equal(exit_status(), 1);
}

/* ---- Refusals of START ---- */

static void refused(struct start *s, enum start_step step, const char *word)
{
    struct msg_ended how;

    greet();
    send_start(s);
    how = expect_end(OUTCOME_START_REFUSED);
    if (how.step != step || strstr(how.cause, word) == NULL) {
        fail_msg("refused at %s: %s (expected %s: %s)", start_step_name(how.step), how.cause,
                 start_step_name(step), word);
    }
    assert_int_equal(exit_status(), 1);
    start_worker(NULL);
}

#define REFUSED(step, word, spoil)                                                                 \
    do {                                                                                           \
        struct start s = make_start(spin, 1);                                                      \
        spoil;                                                                                     \
        refused(&s, step, word);                                                                   \
    } while (0)

static int socket_end(void)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    close(pair[1]);
    return pair[0];
}

static void add_disk(struct start *s, int fd)
{
    s->fd[s->count++] = fd;
    s->m.disk_count++;
}

static void add_net(struct start *s, int fd)
{
    s->fd[s->count++] = fd;
    s->m.net[s->m.net_count].mtu = 1500;
    s->m.net_count++;
}

static void test_fields_out_of_range_are_refused(void **state)
{
    (void)state;
    REFUSED(STEP_DESCRIPTION, "cpus", s.m.cpus = 0);
    REFUSED(STEP_DESCRIPTION, "memory", s.m.memory = 1);
    REFUSED(STEP_DESCRIPTION, "name", s.m.name[0] = '/');
    REFUSED(STEP_DESCRIPTION, "cmdline", memcpy(s.m.cmdline, "a=\"b", 5));
}

static void test_descriptors_of_the_wrong_kind_are_refused(void **state)
{
    (void)state;
    REFUSED(STEP_DESCRIPTION, "descriptors", s.fd[s.count++] = sized_file(0));
    REFUSED(STEP_DESCRIPTION, "descriptors", close(s.fd[--s.count]));
    REFUSED(STEP_DESCRIPTION, "descriptors", s.m.flags = START_HAS_INITRD);
    REFUSED(STEP_KERNEL, "not a regular file", replace(&s, 0, socket_end()));
    REFUSED(STEP_KERNEL, "not a regular file", replace(&s, 0, open("/", O_RDONLY)));
    REFUSED(STEP_KERNEL, "cannot read", replace(&s, 0, make_file(spin, 1, 0, O_WRONLY)));
    REFUSED(STEP_DEVICES, "console", replace(&s, 1, socket_end()));
    REFUSED(STEP_DEVICES, "console", replace(&s, 2, make_file(NULL, 0, 0, O_RDONLY)));
    REFUSED(STEP_DEVICES, "blk0", add_disk(&s, socket_end()));
    REFUSED(STEP_DEVICES, "blk0", add_disk(&s, open("/", O_RDONLY)));
    REFUSED(STEP_DEVICES, "blk0", add_disk(&s, sized_file(1000)));
    REFUSED(STEP_DEVICES, "blk0", add_disk(&s, make_file(NULL, 0, 4096, O_RDONLY)));
    REFUSED(STEP_DEVICES, "blk1", add_disk(&s, sized_file(4096)); add_disk(&s, socket_end()));
    REFUSED(STEP_DEVICES, "net0", add_net(&s, sized_file(4096)));
    REFUSED(STEP_DEVICES, "net1", add_net(&s, socket_end()); add_net(&s, sized_file(4096)));
}

static void test_kernels_that_cannot_boot_are_refused(void **state)
{
    (void)state;
    REFUSED(STEP_KERNEL, "empty", replace(&s, 0, dup(s.fd[0])); ftruncate(s.fd[0], 0));
    REFUSED(STEP_KERNEL, "not a kernel", assert_int_equal(pwrite(s.fd[0], "xxxx", 4, 56), 4));
    REFUSED(STEP_KERNEL, "gzip", assert_int_equal(pwrite(s.fd[0], "xxxx", 4, 56), 4);
            assert_int_equal(pwrite(s.fd[0], "\x1f\x8b", 2, 0), 2));
    REFUSED(STEP_KERNEL, "no sense",
            assert_int_equal(pwrite(s.fd[0], "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 16), 8));
    REFUSED(STEP_MEMORY, "need", assert_int_equal(pwrite(s.fd[0], "\0\0\0\x20", 4, 16), 4));
    REFUSED(STEP_INITRD, "empty", s.m.flags = START_HAS_INITRD; s.fd[3] = s.fd[2];
            s.fd[2] = s.fd[1]; s.fd[1] = sized_file(0); s.count = 4);
    REFUSED(STEP_MEMORY, "need", s.m.flags = START_HAS_INITRD; s.fd[3] = s.fd[2]; s.fd[2] = s.fd[1];
            s.fd[1] = sized_file(1 << 30); s.count = 4);
}

/* ---- With a VM ---- */

static void test_a_guest_powers_off(void **state)
{
    struct msg_ended how;

    (void)state;
    RUN(power_off);
    how = expect_end(OUTCOME_POWER_OFF);
    assert_non_null(strstr(how.cause, "SYSTEM_OFF"));
    assert_int_equal(exit_status(), 0);
}

static void test_the_last_counters_come_before_the_end(void **state)
{
    static struct msg_stats m;
    const struct frame *f;
    uint64_t calls = 0;

    (void)state;
    RUN(power_off);
    f = expect(MSG_STATS_REPLY);
    assert_int_equal(f->seq, 0);
    assert_int_equal(msg_stats_decode(f->payload, f->size, &m), 0);
    for (uint32_t i = 0; i < m.count; i++) {
        calls = strcmp(m.entry[i].name, "exits.hvc") == 0 ? m.entry[i].value : calls;
    }
    assert_int_equal(calls, 1);
    expect_end(OUTCOME_POWER_OFF);
    assert_int_equal(exit_status(), 0);
}

static void test_kill_ends_any_state(void **state)
{
    RUN(spin);
    send_plain(MSG_KILL);
    expect_end(OUTCOME_KILLED);
    assert_int_equal(exit_status(), 0);

    start_worker(state);
    RUN(spin);
    assert_int_equal(expect_number(MSG_RESULT, send_plain(MSG_PAUSE)), 0);
    send_plain(MSG_KILL);
    expect_end(OUTCOME_KILLED);
    assert_int_equal(exit_status(), 0);

    start_worker(state);
    RUN(spin);
    send_stop(3600000);
    assert_int_equal(expect_number(MSG_STATE, 0), WORKER_STOPPING);
    send_plain(MSG_KILL);
    expect_end(OUTCOME_KILLED);
    assert_int_equal(exit_status(), 0);
}

static void test_a_stop_wakes_a_paused_guest_and_ends_it(void **state)
{
    (void)state;
    RUN(spin);
    assert_int_equal(expect_number(MSG_RESULT, send_plain(MSG_PAUSE)), 0);
    assert_int_equal(expect_number(MSG_RESULT, send_plain(MSG_PAUSE)), 0); /* as it is */
    send_stop(1);
    assert_int_equal(expect_number(MSG_STATE, 0), WORKER_STOPPING);
    expect_end(OUTCOME_STOP_IGNORED);
    assert_int_equal(exit_status(), 0);
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
        f = poll(&p, 1, 0) == 1 ? receive() : &worker.reader.frame;
    } while (f != NULL && f->type != MSG_ENDED);
    assert_non_null(f);
    assert_int_equal(exit_status(), 0);
}

static void test_what_comes_late_is_answered(void **state)
{
    (void)state;
    RUN(spin);
    send_stop(3600000);
    assert_int_equal(expect_number(MSG_RESULT, send_plain(MSG_PAUSE)), EBUSY);
    assert_int_equal(expect_number(MSG_RESULT, send_plain(MSG_RESUME)), 0);
    assert_int_equal(expect_number(MSG_RESULT, send_number(MSG_BALLOON, 1)), ENODEV);
    assert_int_equal(expect_number(MSG_RESULT, send_number(MSG_BALLOON, UINT64_C(1) << 44)),
                     ERANGE);
    assert_int_equal(expect_number(MSG_RESULT, send_number(MSG_VSOCK_LISTEN, 1)), ENODEV);
    assert_int_equal(
        expect_number(MSG_RESULT, send_number(MSG_VSOCK_LISTEN, UINT64_C(0x100000001))), ERANGE);
    send_plain(MSG_PING);
    expect(MSG_PONG);
    send_plain(MSG_KILL);
    expect_end(OUTCOME_KILLED);
    assert_int_equal(exit_status(), 0);
}

/* A supervisor that breaks the protocol is none: the grace period begins (1 ms), then the stop. */
static void test_breaches_with_a_guest_are_a_lost_supervisor(void **state)
{
    for (int which = 0; which < 5; which++) {
        RUN(spin);
        switch (which) {
        case 0: send_plain(MSG_START); break;
        case 1: send_hello(PROTOCOL_VERSION); break;
        case 2: send_plain(MSG_CONSOLE); break; /* without its descriptor */
        case 3: send_bytes(MSG_STOP, "abc", 3, NULL, 0); break;
        default:
            assert_int_equal(
                write(worker.channel, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), 12);
            break;
        }
        expect_hang_up();
        assert_int_equal(exit_status(), 0);
        start_worker(state);
    }
}

static void test_outlives_its_channel_for_the_grace_period(void **state)
{
    (void)state;
    RUN(spin);
    assert_int_equal(exit_status(), 0); /* closes the channel, without a word */
    start_worker(state);
    RUN(spin);
    assert_int_equal(expect_number(MSG_RESULT, send_plain(MSG_PAUSE)), 0);
    assert_int_equal(write(worker.channel, "\x05", 1), 1); /* and within a frame */
    assert_int_equal(exit_status(), 0);
}

/* What a supervisor sent before it went counts, though it left our messages unread. */
static void test_reads_the_last_words_of_a_dead_supervisor(void **state)
{
    struct start s = make_start(spin, 1);

    (void)state;
    s.m.grace_ms = 3600000;
    send_hello(PROTOCOL_VERSION);
    send_start(&s);
    send_plain(MSG_PING);
    send_plain(MSG_KILL);
    assert_int_equal(exit_status(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_worker, stop_worker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_needs_its_channel, stop_worker),
        TEST(test_a_strange_version_is_told_ours),
        TEST(test_breaches_of_the_protocol_end_it),
        TEST(test_garbage_ends_it),
        TEST(test_an_end_within_a_frame_ends_it),
        TEST(test_kill_and_sigterm_before_a_start),
        TEST(test_an_end_that_nobody_can_hear),
        TEST(test_fields_out_of_range_are_refused),
        TEST(test_descriptors_of_the_wrong_kind_are_refused),
        TEST(test_kernels_that_cannot_boot_are_refused),
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

    if (!find_worker()) {
        printf("there is no %s (make)\n", worker.path);
        return 77; /* skipped, as tests/run counts it */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
