/* SPDX-License-Identifier: ISC */
/* worker-process.c: a supervisor in a few functions. See worker-process.h. */
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
#include <unistd.h>

#include "worker-process.h"

/* ---- Files ---- */

int file_make(const uint32_t *code, size_t count, off_t size, int flags)
{
    char path[] = "/tmp/paddock-worker-XXXXXX";
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

int file_of_guest(const uint32_t *code, size_t count)
{
    return file_make(code, count, 0, O_RDWR);
}

int file_of_size(off_t size)
{
    return file_make(NULL, 0, size, O_RDWR);
}

/* ---- The worker ---- */

struct worker_process worker;

bool worker_find(void)
{
    const char *build = getenv("PADDOCK_BUILD");

    signal(SIGPIPE, SIG_IGN);
    snprintf(worker.path, sizeof(worker.path), "%s/vmm-worker",
             build != NULL ? build : "build/gcc");
    return access(worker.path, X_OK) == 0;
}

void worker_spawn(int channel)
{
    worker.pid = fork();
    assert_true(worker.pid >= 0);
    if (worker.pid == 0) {
        setpgid(0, 0); /* what it might leave behind stays findable */
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

int worker_start(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    worker.channel = pair[0];
    worker.seq = 0;
    frame_reader_init(&worker.reader);
    worker_spawn(pair[1]);
    close(pair[1]);
    return 0;
}

int worker_exit_status(void)
{
    pid_t group = worker.pid;
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
    assert_int_equal(kill(-group, 0), -1);
    assert_int_equal(errno, ESRCH);
    if (!WIFEXITED(status)) {
        fail_msg("the worker was killed by signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

int worker_stop(void **state)
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

uint32_t worker_send(uint16_t type, const void *payload, size_t size, const int *fds, size_t count)
{
    assert_int_equal(
        frame_send(worker.channel, type, ++worker.seq, payload, size, fds, count, DEADLINE_MS), 0);
    return worker.seq;
}

uint32_t worker_send_plain(uint16_t type)
{
    return worker_send(type, NULL, 0, NULL, 0);
}

uint32_t worker_send_number(uint16_t type, uint64_t value)
{
    uint8_t buf[8];

    return worker_send(type, buf, msg_number_encode(&(struct msg_number){value}, buf, sizeof(buf)),
                       NULL, 0);
}

void worker_send_stop(uint32_t timeout_ms)
{
    uint8_t buf[4];

    worker_send(MSG_STOP, buf, msg_stop_encode(&(struct msg_stop){timeout_ms}, buf, sizeof(buf)),
                NULL, 0);
}

void worker_send_hello(uint32_t version)
{
    struct msg_hello m = {.version = version, .build = "test"};
    uint8_t buf[128];

    worker_send(MSG_HELLO, buf, msg_hello_encode(&m, buf, sizeof(buf)), NULL, 0);
}

const struct frame *worker_receive(void)
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

const struct frame *worker_expect(uint16_t type)
{
    const struct frame *f;

    do {
        f = worker_receive();
        if (f == NULL) {
            fail_msg("the channel ended before %s", protocol_message_name(type));
        }
    } while (f->type != type);
    return f;
}

void worker_expect_hang_up(void)
{
    const struct frame *f;

    while ((f = worker_receive()) != NULL) {
        assert_int_not_equal(f->type, MSG_ENDED);
    }
}

struct msg_ended worker_expect_end(enum outcome outcome)
{
    struct msg_ended m;
    const struct frame *f = worker_expect(MSG_ENDED);

    assert_int_equal(msg_ended_decode(f->payload, f->size, &m), 0);
    if (m.outcome != outcome) {
        fail_msg("%s instead of %s: %s", outcome_name(m.outcome), outcome_name(outcome), m.cause);
    }
    assert_null(worker_receive());
    return m;
}

uint64_t worker_expect_number(uint16_t type, uint32_t seq)
{
    struct msg_number m;
    const struct frame *f;

    do {
        f = worker_expect(type);
    } while (seq != 0 && f->seq != seq);
    assert_int_equal(msg_number_decode(f->payload, f->size, &m), 0);
    return m.value;
}

void worker_greet(void)
{
    worker_send_hello(PROTOCOL_VERSION);
    worker_expect(MSG_HELLO_REPLY);
}

/* ---- START ---- */

struct start start_make(const uint32_t *code, size_t count)
{
    struct start s = {.m = {.id = "vtest",
                            .name = "test",
                            .cpus = 2,
                            .memory = PROTOCOL_MEMORY_MIN,
                            .stop_timeout_ms = 100,
                            .grace_ms = 1,
                            .console_segment = 4096}};

    s.fd[0] = file_of_guest(code, count);
    s.fd[1] = file_of_size(0);
    s.fd[2] = file_of_size(0);
    s.count = 3;
    return s;
}

void start_close(struct start *s)
{
    while (s->count != 0) {
        close(s->fd[--s->count]);
    }
}

void start_replace(struct start *s, size_t i, int fd)
{
    assert_true(fd >= 0);
    close(s->fd[i]);
    s->fd[i] = fd;
}

void start_send(struct start *s)
{
    static uint8_t buf[FRAME_MAX_PAYLOAD];

    worker_send(MSG_START, buf, msg_start_encode(&s->m, buf, sizeof(buf)), s->fd, s->count);
    start_close(s);
}

void worker_run_guest(const uint32_t *code, size_t count)
{
    struct start s = start_make(code, count);

    worker_greet();
    start_send(&s);
    worker_expect(MSG_READY);
}

void start_add_disk(struct start *s, int fd)
{
    assert_true(fd >= 0);
    s->fd[s->count++] = fd;
    s->m.disk_count++;
}

void start_add_net(struct start *s, int fd)
{
    assert_true(fd >= 0);
    s->fd[s->count++] = fd;
    s->m.net[s->m.net_count].mac[0] = 2;
    s->m.net[s->m.net_count].mtu = 1500;
    s->m.net_count++;
}

void start_add_initrd(struct start *s, int fd)
{
    assert_true(fd >= 0);
    memmove(s->fd + 2, s->fd + 1, (s->count - 1) * sizeof(s->fd[0]));
    s->fd[1] = fd;
    s->count++;
    s->m.flags |= START_HAS_INITRD;
}
