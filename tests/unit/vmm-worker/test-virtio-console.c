/* SPDX-License-Identifier: ISC */
/* test-virtio-console.c: vmm-worker/devices/virtio-console.c between a driver, a console and an
 * agent's socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../common/protocol.h"
#include "../../../vmm-worker/devices/virtio-console.h"
#include "loop-wait.h"
#include "virtio-driver.h"

enum {
    HVC_RX,
    HVC_TX,
    CTL_RX,
    CTL_TX,
    AGENT_RX,
    AGENT_TX,
    QUEUES,
};

enum {
    DEVICE_READY,
    PORT_ADD,
    PORT_REMOVE,
    PORT_READY,
    CONSOLE_PORT,
    RESIZE,
    PORT_OPEN,
    PORT_NAME,
};

#define F_SIZE      (UINT64_C(1) << 0)
#define F_MULTIPORT (UINT64_C(1) << 1)
#define SLOT        1024u

struct fixture {
    uv_loop_t loop;
    struct driver driver;
    struct console *console;
    struct virtio_console *device;
    int log;
    int client; /* of the console */
    uint64_t slots[QUEUES];
    uint16_t posted[QUEUES];
};

static int temporary_file(void)
{
    char path[] = "/tmp/test-console-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static int make_with(void **state, const char *port)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct virtio_console_config config = {
        .name = "hvc", .spi = DRIVER_SPI, .set_irq = driver_set_irq, .agent_port = port};
    const char *why = "";
    int log[2], pair[2];

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    driver_init(&f->driver);
    log[0] = temporary_file();
    log[1] = temporary_file();
    f->log = dup(log[0]);
    f->console = console_new(&f->loop, log, 1 << 20);
    assert_non_null(f->console);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(console_attach(f->console, pair[1]), 0);
    f->client = pair[0];
    config.ram = &f->driver.ram;
    config.loop = &f->loop;
    config.console = f->console;
    assert_int_equal(virtio_console_new(&f->device, &config, &why), 0);
    f->driver.v = virtio_console_device(f->device);
    for (unsigned i = 0; i < QUEUES; i++) {
        f->slots[i] = driver_alloc(&f->driver, DRIVER_QUEUE * SLOT, 8);
    }
    *state = f;
    return 0;
}

static int make(void **state)
{
    return make_with(state, VIRTIO_CONSOLE_AGENT_PORT);
}

static int make_without_agent(void **state)
{
    return make_with(state, NULL);
}

static int destroy(void **state)
{
    struct fixture *f = *state;

    virtio_console_free(f->device);
    console_free(f->console);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    driver_free(&f->driver);
    close(f->client);
    close(f->log);
    free(f);
    return 0;
}

static uint8_t *slot(struct fixture *f, unsigned queue, unsigned i)
{
    return driver_at(&f->driver, f->slots[queue] + (uint64_t)i * SLOT);
}

static void await(struct fixture *f, unsigned queue, uint32_t *head, uint32_t *written)
{
    loop_wait(&f->loop, driver_used(&f->driver, queue, head, written));
}

/* Makes a buffer available to be filled. */
static void post(struct fixture *f, unsigned queue)
{
    uint16_t i = f->posted[queue]++ % DRIVER_QUEUE;

    driver_put(&f->driver, f->driver.queue[queue].desc, i, f->slots[queue] + (uint64_t)i * SLOT,
               SLOT, D_WRITE, 0);
    driver_add(&f->driver, queue, i);
    driver_notify(&f->driver, queue);
}

/* Makes some bytes available; does not wait. */
static void put(struct fixture *f, unsigned queue, const void *buf, uint32_t size)
{
    uint16_t i = f->posted[queue]++ % DRIVER_QUEUE;

    memcpy(slot(f, queue, i), buf, size);
    driver_put(&f->driver, f->driver.queue[queue].desc, i, f->slots[queue] + (uint64_t)i * SLOT,
               size, 0, 0);
    driver_add(&f->driver, queue, i);
    driver_notify(&f->driver, queue);
}

static void put_all(struct fixture *f, unsigned queue, const void *buf, uint32_t size)
{
    uint32_t head, written;

    put(f, queue, buf, size);
    await(f, queue, &head, &written);
    assert_int_equal(written, 0);
}

static void control(struct fixture *f, uint32_t port, uint16_t event, uint16_t value)
{
    uint8_t m[8];

    guest_ram_put32(m, port);
    guest_ram_put16(m + 4, event);
    guest_ram_put16(m + 6, value);
    put_all(f, CTL_TX, m, sizeof(m));
}

/* The next message is this one; what follows its 8 bytes is returned. */
static const uint8_t *expect_control(struct fixture *f, uint32_t port, uint16_t event,
                                     uint16_t value, uint32_t extra)
{
    uint32_t head, written;
    const uint8_t *m;

    await(f, CTL_RX, &head, &written);
    m = slot(f, CTL_RX, head);
    assert_int_equal(guest_ram_get32(m), port);
    assert_int_equal(guest_ram_get16(m + 4), event);
    assert_int_equal(guest_ram_get16(m + 6), value);
    assert_int_equal(written, 8 + extra);
    post(f, CTL_RX);
    return m + 8;
}

static bool control_pending(struct fixture *f)
{
    uint32_t head, written;

    loop_settle(&f->loop);
    return driver_used(&f->driver, CTL_RX, &head, &written);
}

static void start(struct fixture *f)
{
    memset(f->posted, 0, sizeof(f->posted));
    driver_start(&f->driver, F_SIZE | F_MULTIPORT, QUEUES);
    for (unsigned i = 0; i < 8; i++) {
        post(f, CTL_RX);
    }
}

/* As Linux does it. */
static void bring_up(struct fixture *f)
{
    start(f);
    control(f, UINT32_MAX, DEVICE_READY, 1);
    expect_control(f, 0, PORT_ADD, 0, 0);
    expect_control(f, 1, PORT_ADD, 0, 0);
    control(f, 0, PORT_READY, 1);
    expect_control(f, 0, CONSOLE_PORT, 1, 0);
    expect_control(f, 0, PORT_OPEN, 1, 0);
    control(f, 1, PORT_READY, 1);
    assert_memory_equal(expect_control(f, 1, PORT_NAME, 0, 19), "org.paddock.agent.0", 19);
}

static int attach(struct fixture *f)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_console_attach_agent(f->device, pair[1]), 0);
    return pair[0];
}

static void peer_expect(struct fixture *f, int fd, const void *bytes, size_t size)
{
    uint8_t got[65536];
    size_t done = 0;

    while (done < size) {
        ssize_t n;

        loop_wait(&f->loop, fd_readable(fd));
        n = recv(fd, got + done, size - done, 0);
        assert_true(n > 0);
        done += (size_t)n;
    }
    assert_memory_equal(got, bytes, size);
}

static void peer_expect_end(struct fixture *f, int fd)
{
    char byte;

    loop_wait(&f->loop, fd_readable(fd));
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static void expect_input(struct fixture *f, unsigned queue, const void *bytes, uint32_t size)
{
    uint32_t head, written;

    await(f, queue, &head, &written);
    assert_int_equal(written, size);
    assert_memory_equal(slot(f, queue, head), bytes, size);
}

/* ---- Tests ---- */

static void test_configuration(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(driver_read(&f->driver, R_DEVICE), 3);
    assert_int_equal(driver_offered(&f->driver) & 7, F_SIZE | F_MULTIPORT);
    assert_int_equal(driver_read(&f->driver, R_CONFIG + 4), 2);
    virtio_console_resize(f->device, 80, 25);
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG, 2), 80);
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG + 2, 2), 25);
    assert_int_equal(driver_read(&f->driver, R_CONFIG + 8), 0);
}

static void test_output_reaches_the_console_in_the_notification(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    start(f);
    put(f, HVC_TX, "login: ", 7);
    /* The loop has not run: a driver that spins for its buffer has it back. */
    assert_true(driver_used(&f->driver, HVC_TX, &head, &written));
    peer_expect(f, f->client, "login: ", 7);
}

/* One port, no control queues: a driver without F_MULTIPORT. */
static void test_plain_driver(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->driver, 0, 2);
    post(f, HVC_RX);
    put_all(f, HVC_TX, "a", 1);
    peer_expect(f, f->client, "a", 1);
    assert_int_equal(send(f->client, "yes\n", 4, 0), 4);
    expect_input(f, HVC_RX, "yes\n", 4);
}

static void test_input_comes_once_the_guest_wrote_and_has_buffers(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;
    uint8_t text[SLOT + 10];

    memset(text, 'i', sizeof(text));
    start(f);
    post(f, HVC_RX);
    assert_int_equal(send(f->client, text, sizeof(text), 0), (int)sizeof(text));
    loop_settle(&f->loop);
    assert_false(driver_used(&f->driver, HVC_RX, &head, &written));
    put_all(f, HVC_TX, "#", 1);
    expect_input(f, HVC_RX, text, SLOT);
    loop_settle(&f->loop);
    post(f, HVC_RX);
    expect_input(f, HVC_RX, text, 10);
}

static void test_ports_are_announced(void **state)
{
    struct fixture *f = *state;

    virtio_console_resize(f->device, 132, 43);
    start(f);
    assert_false(control_pending(f));
    control(f, UINT32_MAX, DEVICE_READY, 1);
    expect_control(f, 0, PORT_ADD, 0, 0);
    expect_control(f, 1, PORT_ADD, 0, 0);
    control(f, 0, PORT_READY, 1);
    expect_control(f, 0, CONSOLE_PORT, 1, 0);
    assert_memory_equal(expect_control(f, 0, RESIZE, 0, 4), "\x84\0\x2b\0", 4);
    expect_control(f, 0, PORT_OPEN, 1, 0);
    control(f, 0, PORT_OPEN, 1);
    virtio_console_resize(f->device, 100, 50);
    assert_memory_equal(expect_control(f, 0, RESIZE, 0, 4), "\x64\0\x32\0", 4);
    virtio_console_resize(f->device, 100, 50);
    assert_false(control_pending(f));
    control(f, 7, PORT_READY, 1); /* there is no such port */
    control(f, 0, 77, 1);
    put_all(f, CTL_TX, "short", 5);
    assert_false(control_pending(f));
}

static void test_agent_talks_both_ways(void **state)
{
    struct fixture *f = *state;
    int agent;

    bring_up(f);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    put_all(f, AGENT_TX, "hello", 5);
    peer_expect(f, agent, "hello", 5);
    /* The guest has not opened its end yet. */
    assert_int_equal(send(agent, "ping", 4, 0), 4);
    post(f, AGENT_RX);
    loop_settle(&f->loop);
    assert_int_equal(guest_ram_get16(driver_at(&f->driver, f->driver.queue[AGENT_RX].used + 2)), 0);
    control(f, 1, PORT_OPEN, 1);
    expect_input(f, AGENT_RX, "ping", 4);
    close(agent);
    post(f, AGENT_RX);
    expect_control(f, 1, PORT_OPEN, 0, 0);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    assert_int_equal(send(agent, "again", 5, 0), 5);
    expect_input(f, AGENT_RX, "again", 5);
    close(agent);
}

static void test_agent_gets_the_last_bytes_before_the_end(void **state)
{
    struct fixture *f = *state;
    int agent;
    uint8_t m[8] = {1, 0, 0, 0, PORT_OPEN, 0, 0, 0};

    bring_up(f);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    control(f, 1, PORT_OPEN, 1);
    for (unsigned i = 0; i < 8; i++) {
        put(f, AGENT_TX, "result\n", 7);
    }
    put(f, CTL_TX, m, sizeof(m));
    for (unsigned i = 0; i < 8; i++) {
        peer_expect(f, agent, "result\n", 7);
    }
    peer_expect_end(f, agent);
    expect_control(f, 1, PORT_OPEN, 0, 0);
}

static void test_agent_attached_before_the_guest_is_up(void **state)
{
    struct fixture *f = *state;
    int agent = attach(f), pair[2];
    char byte;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_console_attach_agent(f->device, pair[1]), -EBUSY);
    assert_int_equal(recv(pair[0], &byte, 1, 0), 0);
    close(pair[0]);
    bring_up(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    put_all(f, AGENT_TX, "x", 1);
    peer_expect(f, agent, "x", 1);
    /* The reader of a port that the guest has not opened went away unnoticed. */
    close(agent);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 0, 0);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    close(agent);
}

static void test_output_without_an_agent_is_dropped(void **state)
{
    struct fixture *f = *state;
    int agent;

    bring_up(f);
    for (unsigned i = 0; i < 3 * DRIVER_QUEUE; i++) {
        put_all(f, AGENT_TX, "lost", 4);
    }
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    put_all(f, AGENT_TX, "found", 5);
    peer_expect(f, agent, "found", 5);
    close(agent);
}

static void test_output_waits_for_an_agent_that_does_not_read(void **state)
{
    struct fixture *f = *state;
    uint8_t block[SLOT];
    unsigned sent = 0, returned = 0;
    uint32_t head, written;
    int agent;

    bring_up(f);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    for (;;) {
        if (sent - returned == DRIVER_QUEUE) {
            loop_settle(&f->loop);
            if (!driver_used(&f->driver, AGENT_TX, &head, &written)) {
                break;
            }
            returned++;
        }
        memset(block, (int)(sent & 0xff), sizeof(block));
        put(f, AGENT_TX, block, sizeof(block));
        sent++;
        assert_true(sent < 10000);
    }
    for (unsigned i = 0; i < sent; i++) {
        memset(block, (int)(i & 0xff), sizeof(block));
        peer_expect(f, agent, block, sizeof(block));
    }
    while (returned < sent) {
        await(f, AGENT_TX, &head, &written);
        returned++;
    }
    close(agent);
}

static void test_agent_waits_for_a_guest_that_has_no_buffers(void **state)
{
    struct fixture *f = *state;
    uint8_t block[SLOT];
    size_t sent = 0, got = 0;
    int agent;

    bring_up(f);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    control(f, 1, PORT_OPEN, 1);
    for (;;) {
        ssize_t n;

        for (size_t i = 0; i < sizeof(block); i++) {
            block[i] = (uint8_t)((sent + i) % 251);
        }
        n = send(agent, block, sizeof(block), MSG_DONTWAIT);
        if (n < 0) {
            break;
        }
        sent += (size_t)n;
        loop_settle(&f->loop);
        assert_true(sent < 10000000);
    }
    while (got < sent) {
        uint32_t head, written;

        post(f, AGENT_RX);
        await(f, AGENT_RX, &head, &written);
        assert_true(written > 0);
        for (uint32_t i = 0; i < written; i++) {
            assert_int_equal(slot(f, AGENT_RX, head)[i], (got + i) % 251);
        }
        got += written;
    }
    close(agent);
}

static void test_reset_hangs_up_and_starts_over(void **state)
{
    struct fixture *f = *state;
    int agent;

    bring_up(f);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    control(f, 1, PORT_OPEN, 1);
    post(f, AGENT_RX); /* taken by the device */
    loop_settle(&f->loop);
    driver_write(&f->driver, R_STATUS, 0);
    peer_expect_end(f, agent);
    bring_up(f);
    agent = attach(f);
    expect_control(f, 1, PORT_OPEN, 1, 0);
    control(f, 1, PORT_OPEN, 1);
    assert_int_equal(send(agent, "new", 3, 0), 3);
    post(f, AGENT_RX);
    expect_input(f, AGENT_RX, "new", 3);
    close(agent);
}

/* More than one notification's share: a chain of many overlapping segments. */
static void test_huge_output_is_taken_in_shares(void **state)
{
    struct fixture *f = *state;
    struct driver_segment segments[15];
    uint64_t gpa = driver_alloc(&f->driver, 65536, 8);
    uint32_t head, written;

    memset(driver_at(&f->driver, gpa), 'h', 65536);
    for (unsigned i = 0; i < 15; i++) {
        segments[i] = (struct driver_segment){gpa, 65536, false};
    }
    start(f);
    driver_send(&f->driver, HVC_TX, segments, 15);
    assert_false(driver_used(&f->driver, HVC_TX, &head, &written));
    await(f, HVC_TX, &head, &written);
    loop_wait(&f->loop, lseek(f->log, 0, SEEK_END) == 15 * 65536);
}

static void test_one_port_only(void **state)
{
    struct fixture *f = *state;
    int pair[2];

    assert_int_equal(driver_read(&f->driver, R_CONFIG + 4), 1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_console_attach_agent(f->device, pair[1]), -ENOENT);
    close(pair[0]);
    driver_start(&f->driver, F_SIZE | F_MULTIPORT, 4);
    for (unsigned i = 0; i < 4; i++) {
        post(f, CTL_RX);
    }
    control(f, UINT32_MAX, DEVICE_READY, 1);
    expect_control(f, 0, PORT_ADD, 0, 0);
    control(f, 1, PORT_READY, 1);
    assert_false(control_pending(f));
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_configuration),
        test(test_output_reaches_the_console_in_the_notification),
        test(test_plain_driver),
        test(test_input_comes_once_the_guest_wrote_and_has_buffers),
        test(test_ports_are_announced),
        test(test_agent_talks_both_ways),
        test(test_agent_gets_the_last_bytes_before_the_end),
        test(test_agent_attached_before_the_guest_is_up),
        test(test_output_without_an_agent_is_dropped),
        test(test_output_waits_for_an_agent_that_does_not_read),
        test(test_agent_waits_for_a_guest_that_has_no_buffers),
        test(test_reset_hangs_up_and_starts_over),
        test(test_huge_output_is_taken_in_shares),
        cmocka_unit_test_setup_teardown(test_one_port_only, make_without_agent, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
