/* SPDX-License-Identifier: ISC */
/* test-console.c: vmm-worker/console.c, with real files and sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../common/protocol.h"
#include "../../../vmm-worker/console.h"
#include "loop-wait.h"

enum {
    SEGMENT = 65536,
};

struct fixture {
    uv_loop_t loop;
    struct console *console;
    int file[2];
    uint8_t sunk[CONSOLE_INPUT * 2];
    size_t sunk_size;
    size_t room; /* of the sink */
    unsigned reports;
    char report[256]; /* the last one */
};

static int temporary_file(void)
{
    char path[] = "/tmp/test-console-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static void open_console(struct fixture *f, uint32_t segment)
{
    int log[2] = {dup(f->file[0]), dup(f->file[1])};

    f->console = console_new(&f->loop, log, segment);
    assert_non_null(f->console);
}

static void close_console(struct fixture *f)
{
    console_free(f->console);
    f->console = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->file[0] = temporary_file();
    f->file[1] = temporary_file();
    f->room = sizeof(f->sunk);
    open_console(f, SEGMENT);
    *state = f;
    return 0;
}

static int destroy(void **state)
{
    struct fixture *f = *state;

    close_console(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    close(f->file[0]);
    close(f->file[1]);
    free(f);
    return 0;
}

static size_t file_read(int fd, void *buf, size_t size)
{
    ssize_t n = pread(fd, buf, size, 0);

    assert_true(n >= 0);
    return (size_t)n;
}

static size_t file_size(int fd)
{
    return (size_t)lseek(fd, 0, SEEK_END);
}

#define wait_until(f, condition) loop_wait(&(f)->loop, condition)

/* Reads exactly size bytes from a client's end. */
static void peer_read(struct fixture *f, int fd, void *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n;

        wait_until(f, fd_readable(fd));
        n = recv(fd, (uint8_t *)buf + done, size - done, 0);
        assert_true(n > 0);
        done += (size_t)n;
    }
}

static int attach(struct fixture *f)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(console_attach(f->console, pair[1]), 0);
    return pair[0];
}

static size_t sink(void *ctx, const uint8_t *buf, size_t size)
{
    struct fixture *f = ctx;
    size_t n = size < f->room ? size : f->room;

    assert_true(f->sunk_size + n <= sizeof(f->sunk));
    memcpy(f->sunk + f->sunk_size, buf, n);
    f->sunk_size += n;
    f->room -= n;
    return n;
}

static uint64_t stat_of(struct fixture *f, const char *name)
{
    static struct msg_stats msg;
    struct stats stats = {&msg};

    msg.count = 0;
    console_stats(f->console, &stats);
    for (uint32_t i = 0; i < msg.count; i++) {
        if (strcmp(msg.entry[i].name, name) == 0) {
            return msg.entry[i].value;
        }
    }
    fail_msg("no counter %s", name);
    return 0;
}

static void fill(uint8_t *buf, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        buf[i] = (uint8_t)((i + seed) * 2654435761u >> 13);
    }
}

static void test_bytes_reach_the_log_without_a_newline(void **state)
{
    struct fixture *f = *state;
    char buf[32];

    for (const char *p = "login: "; *p != '\0'; p++) {
        console_output(f->console, p, 1);
    }
    wait_until(f, file_size(f->file[0]) == 7);
    assert_int_equal(file_read(f->file[0], buf, sizeof(buf)), 7);
    assert_memory_equal(buf, "login: ", 7);
    assert_int_equal(file_size(f->file[1]), 0);
}

static void test_free_writes_what_is_buffered(void **state)
{
    struct fixture *f = *state;
    char buf[32];

    console_output(f->console, "last words", 10);
    close_console(f);
    assert_int_equal(file_read(f->file[0], buf, sizeof(buf)), 10);
    assert_memory_equal(buf, "last words", 10);
    open_console(f, SEGMENT);
}

/* Nothing is lost while the loop does not run at all. */
static void test_log_alternates_and_keeps_the_latest(void **state)
{
    struct fixture *f = *state;
    enum {
        TOTAL = SEGMENT * 5 + 12345
    };
    uint8_t *all = malloc(TOTAL), *log = malloc(SEGMENT + 1);

    assert_non_null(all);
    assert_non_null(log);
    fill(all, TOTAL, 1);
    for (size_t done = 0; done < TOTAL;) {
        size_t n = 1 + done % 7919;

        if (n > TOTAL - done) {
            n = TOTAL - done;
        }
        console_output(f->console, all + done, n);
        done += n;
        assert_true(file_size(f->file[0]) <= SEGMENT);
        assert_true(file_size(f->file[1]) <= SEGMENT);
    }
    close_console(f);
    /* The sixth segment is the second file again. */
    assert_int_equal(file_read(f->file[1], log, SEGMENT + 1), 12345);
    assert_memory_equal(log, all + 5 * SEGMENT, 12345);
    assert_int_equal(file_read(f->file[0], log, SEGMENT + 1), SEGMENT);
    assert_memory_equal(log, all + 4 * SEGMENT, SEGMENT);
    open_console(f, SEGMENT);
    free(all);
    free(log);
}

static void test_log_goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;
    char buf[8192];

    for (unsigned round = 0; round < 3; round++) {
        close_console(f);
        open_console(f, 4096);
        for (unsigned i = 0; i < 2000; i++) {
            console_output(f->console, &"abc"[round], 1);
        }
    }
    close_console(f);
    assert_int_equal(file_read(f->file[0], buf, sizeof(buf)), 4096);
    assert_int_equal(buf[0], 'a');
    assert_int_equal(buf[4095], 'c');
    assert_int_equal(file_read(f->file[1], buf, sizeof(buf)), 6000 - 4096);
    for (unsigned i = 0; i < 3; i++) {
        open_console(f, 4096);
        console_output(f->console, "x", 1);
        close_console(f);
    }
    assert_int_equal(file_read(f->file[1], buf, sizeof(buf)), 6003 - 4096);
    open_console(f, 4096);
}

static void on_report(void *ctx, const char *text)
{
    struct fixture *f = ctx;

    assert_non_null(strstr(text, "console log"));
    snprintf(f->report, sizeof(f->report), "%s", text);
    f->reports++;
}

/* A file-size limit stands for the full disk: EFBIG for ENOSPC. */
static void test_unwritable_log_loses_bytes_and_says_so(void **state)
{
    struct fixture *f = *state;
    struct rlimit old, limit;
    uint8_t block[1000];
    char buf[8192];

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 2500;
    console_set_report(f->console, on_report, f);
    memset(block, 'x', sizeof(block));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (unsigned i = 0; i < 4; i++) {
        console_output(f->console, block, sizeof(block));
        wait_until(f, stat_of(f, "console.log_lost_bytes") + (uint64_t)file_size(f->file[0]) ==
                          (i + 1) * sizeof(block));
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(stat_of(f, "console.log_lost_bytes"), 1500);
    assert_int_equal(f->reports, 1);
    /* It goes on when there is room again. */
    console_output(f->console, "back", 4);
    wait_until(f, file_size(f->file[0]) == 2504);
    assert_int_equal(file_read(f->file[0], buf, sizeof(buf)), 2504);
    assert_memory_equal(buf + 2500, "back", 4);
    /* The first loss at once, those soon after only at the end. */
    assert_int_equal(f->reports, 1);
    close_console(f);
    assert_int_equal(f->reports, 2);
    assert_non_null(strstr(f->report, " 1500 bytes"));
    open_console(f, SEGMENT);
}

static void test_client_gets_the_ring_then_live_output(void **state)
{
    struct fixture *f = *state;
    uint8_t all[CONSOLE_RING + 1000], got[CONSOLE_RING];
    int client;

    fill(all, sizeof(all), 2);
    console_output(f->console, all, sizeof(all));
    client = attach(f);
    peer_read(f, client, got, sizeof(got));
    assert_memory_equal(got, all + 1000, CONSOLE_RING);
    console_output(f->console, "$ ", 2);
    peer_read(f, client, got, 2);
    assert_memory_equal(got, "$ ", 2);
    assert_false(fd_readable(client));
    close(client);
}

static void test_slow_client_loses_output_the_log_does_not(void **state)
{
    struct fixture *f = *state;
    static const char notice[] = " bytes of output were not read in time]\r\n";
    enum {
        TOTAL = 1 << 20
    };
    uint8_t *got = malloc(TOTAL), block[4096];
    size_t size = 0;
    uint64_t sent = 0;
    int client = attach(f);

    assert_non_null(got);
    memset(block, 'x', sizeof(block));
    while (sent < TOTAL) {
        console_output(f->console, block, sizeof(block));
        sent += sizeof(block);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    console_output(f->console, "END", 3);
    while (size < 3 || memcmp(got + size - 3, "END", 3) != 0) {
        ssize_t n;

        wait_until(f, fd_readable(client));
        n = recv(client, got + size, TOTAL - size, 0);
        assert_true(n > 0);
        size += (size_t)n;
    }
    got[size - 3] = '\0';
    assert_non_null(strstr((char *)got, notice));
    assert_true(stat_of(f, "console.client_lost_bytes") > 0);
    assert_int_equal(stat_of(f, "console.log_lost_bytes"), 0);
    close(client);
    free(got);
}

static void test_free_lets_a_client_take_the_rest(void **state)
{
    struct fixture *f = *state;
    uint8_t all[CONSOLE_RING], got[CONSOLE_RING];
    int client = attach(f);
    size_t size = 0;
    ssize_t n;

    fill(all, sizeof(all), 3);
    console_output(f->console, all, sizeof(all));
    close_console(f);
    while ((n = recv(client, got + size, sizeof(got) - size, 0)) > 0) {
        size += (size_t)n;
    }
    assert_int_equal(size, sizeof(all));
    assert_memory_equal(got, all, sizeof(all));
    close(client);
    open_console(f, SEGMENT);
}

static void test_input_waits_for_the_sink(void **state)
{
    struct fixture *f = *state;
    int client = attach(f);
    uint8_t text[CONSOLE_INPUT + 2000];
    size_t sent = 0;

    fill(text, sizeof(text), 4);
    /* Type-ahead is kept while there is no sink; beyond the buffer the client has to wait. */
    while (sent < sizeof(text)) {
        ssize_t n = send(client, text + sent, sizeof(text) - sent, 0);

        assert_true(n > 0);
        sent += (size_t)n;
    }
    loop_settle(&f->loop);
    assert_int_equal(f->sunk_size, 0);
    f->room = 10;
    console_set_sink(f->console, CONSOLE_UART, sink, f);
    wait_until(f, f->sunk_size == 10);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->sunk_size, 10);
    f->room = sizeof(f->sunk);
    console_input_ready(f->console);
    wait_until(f, f->sunk_size == sizeof(text));
    assert_memory_equal(f->sunk, text, sizeof(text));
    assert_int_equal(stat_of(f, "console.input_bytes"), sizeof(text));

    console_set_sink(f->console, CONSOLE_UART, NULL, NULL);
    assert_int_equal(send(client, "b", 1, 0), 1);
    loop_settle(&f->loop);
    assert_int_equal(f->sunk_size, sizeof(text));
    close(client);
}

static size_t count_sink(void *ctx, const uint8_t *buf, size_t size)
{
    size_t *count = ctx;

    (void)buf;
    *count += size;
    return size;
}

/* A port gets what is typed because the VM prefers it, not because it was the last to say something. */
static void test_input_goes_to_the_preferred_port_that_takes_it(void **state)
{
    struct fixture *f = *state;
    int client = attach(f);
    size_t uart = 0, hvc = 0;

    console_set_sink(f->console, CONSOLE_UART, count_sink, &uart);
    console_set_sink(f->console, CONSOLE_HVC, count_sink, &hvc);
    assert_int_equal(send(client, "a", 1, 0), 1);
    wait_until(f, uart == 1);
    assert_int_equal(hvc, 0);

    console_prefer(f->console, CONSOLE_HVC);
    assert_int_equal(send(client, "bc", 2, 0), 2);
    wait_until(f, hvc == 2);
    console_set_sink(f->console, CONSOLE_UART, NULL, NULL);
    console_set_sink(f->console, CONSOLE_UART, count_sink, &uart);
    assert_int_equal(send(client, "d", 1, 0), 1);
    wait_until(f, hvc == 3);
    assert_int_equal(uart, 1);

    console_set_sink(f->console, CONSOLE_HVC, NULL, NULL); /* its device was reset */
    assert_int_equal(send(client, "e", 1, 0), 1);
    wait_until(f, uart == 2);
    console_set_sink(f->console, CONSOLE_HVC, count_sink, &hvc);
    assert_int_equal(send(client, "f", 1, 0), 1);
    wait_until(f, hvc == 4);
    assert_int_equal(uart, 2);

    /* What nobody took goes to who takes it next. */
    console_set_sink(f->console, CONSOLE_HVC, NULL, NULL);
    console_set_sink(f->console, CONSOLE_UART, NULL, NULL);
    assert_int_equal(send(client, "g", 1, 0), 1);
    loop_settle(&f->loop);
    console_set_sink(f->console, CONSOLE_UART, count_sink, &uart);
    wait_until(f, uart == 3);
    close(client);
}

static void test_client_may_end_its_input_and_read_on(void **state)
{
    struct fixture *f = *state;
    int client = attach(f);
    char buf[8];

    console_set_sink(f->console, CONSOLE_UART, sink, f);
    assert_int_equal(send(client, "ls\n", 3, 0), 3);
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    wait_until(f, f->sunk_size == 3);
    console_output(f->console, "out", 3);
    peer_read(f, client, buf, 3);
    assert_memory_equal(buf, "out", 3);
    close(client);
}

static void test_clients_are_bounded_and_slots_come_back(void **state)
{
    struct fixture *f = *state;
    int client[CONSOLE_CLIENTS], pair[2];
    char byte;

    for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
        client[i] = attach(f);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(console_attach(f->console, pair[1]), -EBUSY);
    assert_int_equal(recv(pair[0], &byte, 1, 0), 0); /* it was closed */
    close(pair[0]);

    close(client[3]);
    loop_settle(&f->loop);
    client[3] = attach(f);
    console_output(f->console, "!", 1);
    for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
        peer_read(f, client[i], &byte, 1);
        assert_int_equal(byte, '!');
        close(client[i]);
    }
}

/* Nobody takes the input, so that clients are not read and their ends go unnoticed. */
static void test_slots_come_back_while_no_input_is_taken(void **state)
{
    struct fixture *f = *state;
    uint8_t text[CONSOLE_INPUT] = {0};
    int client = -1;

    for (unsigned i = 0; i < 3 * CONSOLE_CLIENTS; i++) {
        client = attach(f);
        assert_int_equal(send(client, text, sizeof(text), 0), (int)sizeof(text));
        loop_settle(&f->loop);
        close(client);
        loop_settle(&f->loop);
    }
}

static void test_refuses_what_is_no_stream_socket(void **state)
{
    struct fixture *f = *state;
    int pair[2], log[2];

    assert_int_equal(console_attach(f->console, temporary_file()), -ENOTSOCK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_int_equal(console_attach(f->console, pair[1]), -EPROTOTYPE);
    log[0] = pair[0];
    log[1] = temporary_file();
    assert_null(console_new(&f->loop, log, SEGMENT));
    assert_int_equal(errno, EINVAL);
    log[0] = temporary_file();
    log[1] = temporary_file();
    assert_null(console_new(&f->loop, log, 0));
    assert_int_equal(errno, EINVAL);
}

static void test_sees_a_panic_in_any_pieces(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "KKernel panKernel panic - not syncing: VFS: no root\x1b!\r\nafter\n";

    console_output(f->console, "Kernel panic - not sinking\nKernel panic - \n", 43);
    assert_null(console_panic(f->console));
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        console_output(f->console, text + i, 1);
    }
    assert_string_equal(console_panic(f->console), "Kernel panic - not syncing: VFS: no root?!");
    console_output(f->console, "Kernel panic - not syncing: another\n", 36);
    assert_string_equal(console_panic(f->console), "Kernel panic - not syncing: VFS: no root?!");
}

static void test_panic_line_is_bounded(void **state)
{
    struct fixture *f = *state;
    char flood[1000];

    memset(flood, 'y', sizeof(flood));
    console_output(f->console, "[1.0] Kernel panic - not syncing", 32);
    assert_null(console_panic(f->console));
    console_output(f->console, flood, sizeof(flood));
    assert_int_equal(strlen(console_panic(f->console)), 200);
}

struct producer {
    struct console *console;
    uint8_t letter;
    pthread_t thread;
    atomic_uint *running;
};

static void *produce(void *arg)
{
    struct producer *p = arg;

    for (unsigned i = 0; i < 50000; i++) {
        console_output(p->console, &p->letter, 1);
    }
    atomic_fetch_sub(p->running, 1);
    return NULL;
}

/* Four vCPUs printing bytes, the loop, a client that reads. */
static void test_threads_lose_nothing_of_the_log(void **state)
{
    struct fixture *f = *state;
    struct producer producer[4];
    atomic_uint running = 4;
    uint8_t *log = malloc(1 << 20);
    unsigned count[4] = {0};
    char buf[4096];
    int client;
    size_t size;

    assert_non_null(log);
    close_console(f);
    open_console(f, 1 << 20);
    client = attach(f);
    for (unsigned i = 0; i < 4; i++) {
        producer[i].console = f->console;
        producer[i].letter = (uint8_t)('0' + i);
        producer[i].running = &running;
        assert_int_equal(pthread_create(&producer[i].thread, NULL, produce, &producer[i]), 0);
    }
    while (atomic_load(&running) > 0) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        (void)recv(client, buf, sizeof(buf), MSG_DONTWAIT);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(producer[i].thread, NULL);
    }
    wait_until(f, file_size(f->file[0]) == 200000);
    size = file_read(f->file[0], log, 1 << 20);
    for (size_t i = 0; i < size; i++) {
        assert_in_range(log[i], '0', '3');
        count[log[i] - '0']++;
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(count[i], 50000);
    }
    close(client);
    free(log);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_bytes_reach_the_log_without_a_newline),
        test(test_free_writes_what_is_buffered),
        test(test_log_alternates_and_keeps_the_latest),
        test(test_log_goes_on_after_a_restart),
        test(test_unwritable_log_loses_bytes_and_says_so),
        test(test_client_gets_the_ring_then_live_output),
        test(test_slow_client_loses_output_the_log_does_not),
        test(test_free_lets_a_client_take_the_rest),
        test(test_input_waits_for_the_sink),
        test(test_input_goes_to_the_preferred_port_that_takes_it),
        test(test_client_may_end_its_input_and_read_on),
        test(test_clients_are_bounded_and_slots_come_back),
        test(test_slots_come_back_while_no_input_is_taken),
        test(test_refuses_what_is_no_stream_socket),
        test(test_sees_a_panic_in_any_pieces),
        test(test_panic_line_is_bounded),
        test(test_threads_lose_nothing_of_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
