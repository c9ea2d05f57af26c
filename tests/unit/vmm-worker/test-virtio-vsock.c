/* SPDX-License-Identifier: ISC */
/* test-virtio-vsock.c: vmm-worker/devices/virtio-vsock.c between a driver and the host's sockets. */
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
#include "../../../vmm-worker/devices/virtio-vsock.h"
#include "../../../vmm-worker/devices/vsock-packet.h"
#include "loop-wait.h"
#include "virtio-driver.h"

enum {
    RX,
    TX,
    EVENT,
    CID = 42,
    HOST = 2,
    HEADER = VSOCK_HEADER_SIZE,
    RX_DATA = 4096,
    TX_DATA = 70000,
    ROOM = 100000, /* that the guest says it has */
    TOKEN = 77,    /* of what the host connects */
};

struct fixture {
    uv_loop_t loop;
    struct driver driver;
    struct virtio_vsock *device;
    uint64_t rx_headers, rx_data, tx;
    uint16_t posted;
    unsigned incoming;
    uint32_t incoming_port;
    int incoming_fd;
    unsigned answers; /* to what the host connected */
    int answer;
    uint32_t told_buffer, told_forwarded; /* by the last packet from the device */
};

static void on_incoming(void *ctx, uint32_t port, int fd)
{
    struct fixture *f = ctx;

    f->incoming++;
    f->incoming_port = port;
    f->incoming_fd = fd;
}

static void on_connected(void *ctx, uint32_t token, int err)
{
    struct fixture *f = ctx;

    assert_int_equal(token, TOKEN);
    f->answers++;
    f->answer = err;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct virtio_vsock_config config = {.name = "vsock",
                                         .spi = DRIVER_SPI,
                                         .set_irq = driver_set_irq,
                                         .cid = CID,
                                         .incoming = on_incoming,
                                         .connected = on_connected};
    const char *why = "";

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    driver_init(&f->driver);
    config.ram = &f->driver.ram;
    config.loop = &f->loop;
    config.ctx = f;
    assert_int_equal(virtio_vsock_new(&f->device, &config, &why), 0);
    f->driver.v = virtio_vsock_device(f->device);
    f->rx_headers = driver_alloc(&f->driver, DRIVER_QUEUE / 2 * HEADER, 8);
    f->rx_data = driver_alloc(&f->driver, DRIVER_QUEUE / 2 * RX_DATA, 8);
    f->tx = driver_alloc(&f->driver, HEADER + TX_DATA, 8);
    *state = f;
    return 0;
}

static int destroy(void **state)
{
    struct fixture *f = *state;

    virtio_vsock_free(f->device);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    driver_free(&f->driver);
    free(f);
    return 0;
}

static uint64_t counter(struct fixture *f, const char *name)
{
    static struct msg_stats msg;
    struct stats stats = {&msg};

    msg.count = 0;
    virtio_mmio_ops.stats(f->driver.v, &stats);
    for (uint32_t i = 0; i < msg.count; i++) {
        if (strcmp(msg.entry[i].name, name) == 0) {
            return msg.entry[i].value;
        }
    }
    fail_msg("no counter %s", name);
    return 0;
}

/* A buffer as Linux posts it: the header and the data in two descriptors (IL-16). */
static void post(struct fixture *f)
{
    uint16_t i = f->posted++ % (DRIVER_QUEUE / 2);
    struct driver_segment segments[] = {{f->rx_headers + (uint64_t)i * HEADER, HEADER, true},
                                        {f->rx_data + (uint64_t)i * RX_DATA, RX_DATA, true}};

    driver_chain(&f->driver, RX, (uint16_t)(2 * i), segments, 2);
    driver_add(&f->driver, RX, (uint16_t)(2 * i));
    driver_notify(&f->driver, RX);
}

static void start(struct fixture *f)
{
    f->posted = 0;
    driver_start(&f->driver, 0, 3);
    for (unsigned i = 0; i < DRIVER_QUEUE / 2; i++) {
        post(f);
    }
}

static void send_packet(struct fixture *f, const struct vsock_packet *p, const void *data,
                        uint32_t size)
{
    uint8_t *at = driver_at(&f->driver, f->tx);
    struct driver_segment segments[] = {{f->tx, HEADER, false}, {f->tx + HEADER, size, false}};
    uint32_t head, written;

    vsock_packet_format(p, at);
    if (size > 0) {
        memcpy(at + HEADER, data, size);
    }
    driver_send(&f->driver, TX, segments, size > 0 ? 2 : 1);
    loop_wait(&f->loop, driver_used(&f->driver, TX, &head, &written));
}

static struct vsock_packet packet(uint16_t operation, uint32_t guest_port, uint32_t host_port)
{
    return (struct vsock_packet){.source_cid = CID,
                                 .target_cid = HOST,
                                 .source_port = guest_port,
                                 .target_port = host_port,
                                 .type = VSOCK_TYPE_STREAM,
                                 .operation = operation,
                                 .buffer = ROOM};
}

static void say(struct fixture *f, uint16_t operation, uint32_t guest_port, uint32_t host_port)
{
    struct vsock_packet p = packet(operation, guest_port, host_port);

    send_packet(f, &p, NULL, 0);
}

static void say_shutdown(struct fixture *f, uint32_t guest_port, uint32_t host_port, uint32_t flags)
{
    struct vsock_packet p = packet(VSOCK_OP_SHUTDOWN, guest_port, host_port);

    p.flags = flags;
    send_packet(f, &p, NULL, 0);
}

static void say_data(struct fixture *f, uint32_t guest_port, uint32_t host_port, const void *data,
                     uint32_t size)
{
    struct vsock_packet p = packet(VSOCK_OP_RW, guest_port, host_port);

    p.length = size;
    send_packet(f, &p, data, size);
}

/* Whether the device has said something; takes it. */
static bool heard(struct fixture *f, struct vsock_packet *p, uint8_t *data)
{
    uint32_t head, written, i;

    if (!driver_used(&f->driver, RX, &head, &written)) {
        return false;
    }
    i = head / 2;
    vsock_packet_parse(driver_at(&f->driver, f->rx_headers + (uint64_t)i * HEADER), p);
    assert_int_equal(written, HEADER + p->length);
    assert_true(p->length <= RX_DATA);
    assert_int_equal(p->target_cid, CID);
    if (data != NULL) {
        memcpy(data, driver_at(&f->driver, f->rx_data + (uint64_t)i * RX_DATA), p->length);
    }
    f->told_buffer = p->buffer;
    f->told_forwarded = p->forwarded;
    return true;
}

static struct vsock_packet expect(struct fixture *f, uint16_t operation, uint32_t guest_port,
                                  uint32_t host_port, uint8_t *data)
{
    struct vsock_packet p;

    loop_wait(&f->loop, heard(f, &p, data));
    assert_int_equal(p.operation, operation);
    assert_int_equal(p.source_cid, HOST);
    assert_int_equal(p.source_port, host_port);
    assert_int_equal(p.target_port, guest_port);
    assert_int_equal(p.type, VSOCK_TYPE_STREAM);
    post(f);
    return p;
}

static void expect_silence(struct fixture *f)
{
    struct vsock_packet p;

    loop_settle(&f->loop);
    assert_false(heard(f, &p, NULL));
}

/* The guest's port 1000 connects to the host's port 80; the host's end. */
static int connect_guest(struct fixture *f)
{
    assert_int_equal(virtio_vsock_listen(f->device, 80), 0);
    say(f, VSOCK_OP_REQUEST, 1000, 80);
    expect(f, VSOCK_OP_RESPONSE, 1000, 80, NULL);
    assert_int_equal(f->incoming_port, 80);
    return f->incoming_fd;
}

static void peer_expect(struct fixture *f, int fd, const void *bytes, size_t size)
{
    uint8_t *got = malloc(size);
    size_t done = 0;

    assert_non_null(got);
    while (done < size) {
        ssize_t n;

        loop_wait(&f->loop, fd_readable(fd));
        n = recv(fd, got + done, size - done, 0);
        assert_true(n > 0);
        done += (size_t)n;
    }
    assert_memory_equal(got, bytes, size);
    free(got);
}

static void peer_expect_end(struct fixture *f, int fd)
{
    char byte;

    loop_wait(&f->loop, fd_readable(fd));
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

static void fill(uint8_t *buf, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        buf[i] = (uint8_t)((i + 7919 * seed) * 2654435761u >> 11);
    }
}

/* ---- Tests ---- */

static void test_packets_are_coded(void **state)
{
    const struct vsock_packet p = {.source_cid = UINT64_C(0x0102030405060708),
                                   .target_cid = UINT64_C(0x1112131415161718),
                                   .source_port = 0x21222324,
                                   .target_port = 0x31323334,
                                   .length = 0x41424344,
                                   .type = 0x5152,
                                   .operation = 0x6162,
                                   .flags = 0x71727374,
                                   .buffer = 0x81828384,
                                   .forwarded = 0x91929394};
    static const uint8_t bytes[HEADER] = {
        8,    7,    6,    5,    4,    3,    2,    1,    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12,
        0x11, 0x24, 0x23, 0x22, 0x21, 0x34, 0x33, 0x32, 0x31, 0x44, 0x43, 0x42, 0x41, 0x52, 0x51,
        0x62, 0x61, 0x74, 0x73, 0x72, 0x71, 0x84, 0x83, 0x82, 0x81, 0x94, 0x93, 0x92, 0x91};
    uint8_t header[HEADER];
    uint8_t again[HEADER];
    struct vsock_packet back;

    (void)state;
    vsock_packet_format(&p, header);
    assert_memory_equal(header, bytes, HEADER);
    vsock_packet_parse(header, &back);
    vsock_packet_format(&back, again); /* field by field: a struct has padding */
    assert_memory_equal(again, bytes, HEADER);
    assert_int_equal(vsock_credit(0, 100, 0), 100);
    assert_int_equal(vsock_credit(60, 100, 0), 40);
    assert_int_equal(vsock_credit(100, 100, 0), 0);
    assert_int_equal(vsock_credit(150, 100, 0), 0);
    assert_int_equal(vsock_credit(5, 100, UINT32_MAX - 4), 90);
    assert_int_equal(vsock_credit(5, 100, 6), 0); /* it consumed what was never sent */
    assert_int_equal(vsock_credit(5, 0, 5), 0);
}

static void test_configuration(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(driver_read(&f->driver, R_DEVICE), 19);
    assert_int_equal(driver_offered(&f->driver) & 0xffffff, 1); /* streams, no seqpacket */
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG, 8), CID);
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG + 8, 4), 0);
}

static void test_guest_connects_and_both_talk(void **state)
{
    struct fixture *f = *state;
    uint8_t data[RX_DATA];
    struct vsock_packet p;
    int fd;

    start(f);
    fd = connect_guest(f);
    assert_int_equal(f->told_buffer, VIRTIO_VSOCK_BUFFER);
    say_data(f, 1000, 80, "GET", 3);
    peer_expect(f, fd, "GET", 3);
    assert_int_equal(send(fd, "OK", 2, 0), 2);
    p = expect(f, VSOCK_OP_RW, 1000, 80, data);
    assert_int_equal(p.length, 2);
    assert_int_equal(p.forwarded, 3);
    assert_memory_equal(data, "OK", 2);
    close(fd);
    p = expect(f, VSOCK_OP_SHUTDOWN, 1000, 80, NULL);
    assert_int_equal(p.flags, VSOCK_SHUTDOWN_BOTH);
    say(f, VSOCK_OP_RST, 1000, 80);
    expect_silence(f);
    assert_int_equal(counter(f, "vsock.connections"), 1);
}

static void test_host_connects(void **state)
{
    struct fixture *f = *state;
    struct vsock_packet p;
    int pair[2];
    uint32_t host;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_vsock_connect(f->device, 22, pair[1], TOKEN), -EAGAIN);
    peer_expect_end(f, pair[0]);
    close(pair[0]);
    start(f);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(send(pair[0], "early", 5, 0), 5);
    assert_int_equal(virtio_vsock_connect(f->device, 22, pair[1], TOKEN), 0);
    loop_wait(&f->loop, heard(f, &p, NULL));
    post(f);
    assert_int_equal(p.operation, VSOCK_OP_REQUEST);
    assert_int_equal(p.target_port, 22);
    host = p.source_port;
    assert_true(host >= 1024);
    expect_silence(f); /* no data before the answer */
    assert_int_equal(f->answers, 0);
    say(f, VSOCK_OP_RESPONSE, 22, host);
    expect(f, VSOCK_OP_RW, 22, host, NULL);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->answer, 0);
    say_data(f, 22, host, "SSH", 3);
    peer_expect(f, pair[0], "SSH", 3);
    close(pair[0]);
    expect(f, VSOCK_OP_SHUTDOWN, 22, host, NULL);

    /* Refused. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_vsock_connect(f->device, 23, pair[1], TOKEN), 0);
    loop_wait(&f->loop, heard(f, &p, NULL));
    assert_int_equal(p.operation, VSOCK_OP_REQUEST);
    assert_int_not_equal(p.source_port, host);
    say(f, VSOCK_OP_RST, 23, p.source_port);
    peer_expect_end(f, pair[0]);
    assert_int_equal(f->answers, 2);
    assert_int_equal(f->answer, -ECONNREFUSED);
    close(pair[0]);

    /* Nobody waits for it any more. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_vsock_connect(f->device, 24, pair[1], TOKEN), 0);
    loop_wait(&f->loop, heard(f, &p, NULL));
    assert_int_equal(f->answers, 2);
    driver_write(&f->driver, R_STATUS, 0);
    loop_wait(&f->loop, f->answers == 3);
    assert_int_equal(f->answer, -ECONNRESET);
    close(pair[0]);
}

/* The guest heard of it and says nothing. Takes as long as the device waits. */
static void test_unanswered_connect_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct vsock_packet p;
    int pair[2];

    start(f);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_vsock_connect(f->device, 22, pair[1], TOKEN), 0);
    loop_wait(&f->loop, heard(f, &p, NULL));
    post(f);
    assert_int_equal(p.operation, VSOCK_OP_REQUEST);
    expect(f, VSOCK_OP_RST, 22, p.source_port, NULL);
    peer_expect_end(f, pair[0]);
    close(pair[0]);
    assert_int_equal(f->answers, 1);
    assert_int_equal(f->answer, -ETIMEDOUT);
    say(f, VSOCK_OP_RESPONSE, 22, p.source_port); /* too late */
    expect(f, VSOCK_OP_RST, 22, p.source_port, NULL);
    assert_int_equal(f->answers, 1);
}

static void test_what_fits_nothing_is_reset(void **state)
{
    struct fixture *f = *state;
    struct vsock_packet p;

    start(f);
    say(f, VSOCK_OP_REQUEST, 1000, 81); /* nobody listens */
    expect(f, VSOCK_OP_RST, 1000, 81, NULL);
    say_data(f, 5, 6, "x", 1);
    expect(f, VSOCK_OP_RST, 5, 6, NULL);
    say(f, VSOCK_OP_RESPONSE, 5, 6);
    expect(f, VSOCK_OP_RST, 5, 6, NULL);
    say(f, 99, 5, 6);
    expect(f, VSOCK_OP_RST, 5, 6, NULL);
    say(f, VSOCK_OP_RST, 5, 6); /* not answered, or it would never end */
    expect_silence(f);

    assert_int_equal(virtio_vsock_listen(f->device, 80), 0);
    p = packet(VSOCK_OP_REQUEST, 7, 80);
    p.type = 2; /* seqpacket */
    send_packet(f, &p, NULL, 0);
    loop_wait(&f->loop, heard(f, &p, NULL));
    assert_int_equal(p.operation, VSOCK_OP_RST);
    assert_int_equal(p.type, 2);
    p = packet(VSOCK_OP_REQUEST, 7, 80);
    p.target_cid = 5; /* another guest */
    send_packet(f, &p, NULL, 0);
    loop_wait(&f->loop, heard(f, &p, NULL));
    assert_int_equal(p.operation, VSOCK_OP_RST);
    assert_int_equal(p.source_cid, 5);
    p = packet(VSOCK_OP_REQUEST, 7, 80);
    p.source_cid = 5;
    send_packet(f, &p, NULL, 0);
    expect_silence(f);
    assert_int_equal(f->incoming, 0);
}

static void test_malformed_packets_end_the_connection(void **state)
{
    struct fixture *f = *state;
    struct vsock_packet p;

    start(f);
    for (unsigned i = 0; i < 5; i++) {
        int fd = connect_guest(f);

        p = packet(VSOCK_OP_RW, 1000, 80);
        switch (i) {
        case 0: p.length = 2; break; /* more than there is */
        case 1: p.length = UINT32_MAX; break;
        case 2: p.operation = VSOCK_OP_REQUEST; break;
        case 3: p.operation = VSOCK_OP_RESPONSE; break;
        default: p.operation = 0; break;
        }
        send_packet(f, &p, "a", 1);
        expect(f, VSOCK_OP_RST, 1000, 80, NULL);
        peer_expect_end(f, fd);
        close(fd);
    }
    /* Not even a header. */
    driver_send(&f->driver, TX, &(struct driver_segment){f->tx, HEADER - 1, false}, 1);
    loop_settle(&f->loop);
    expect_silence(f);
    assert_int_equal(driver_read(&f->driver, R_STATUS) & S_BROKEN, 0);
}

static void test_guest_is_held_to_its_credit(void **state)
{
    struct fixture *f = *state;
    uint8_t *all = malloc(1 << 20);
    uint32_t sent = 0, taken = 0;
    struct vsock_packet p;
    int fd;

    assert_non_null(all);
    fill(all, 1 << 20, 1);
    start(f);
    fd = connect_guest(f);
    /* Nobody reads: the socket's buffer fills, then ours, which the credit tells of. */
    for (;;) {
        uint32_t room = vsock_credit(sent, VIRTIO_VSOCK_BUFFER, f->told_forwarded);

        if (room == 0) {
            loop_settle(&f->loop);
            if (!heard(f, &p, NULL)) {
                break;
            }
            assert_int_equal(p.operation, VSOCK_OP_CREDIT_UPDATE);
            post(f);
            continue;
        }
        room = room < 5000 ? room : 5000;
        assert_true(sent + room < 1 << 20);
        say_data(f, 1000, 80, all + sent, room);
        sent += room;
        while (heard(f, &p, NULL)) {
            assert_int_equal(p.operation, VSOCK_OP_CREDIT_UPDATE);
            post(f);
        }
    }
    peer_expect(f, fd, all, sent);
    taken = sent;
    p = expect(f, VSOCK_OP_CREDIT_UPDATE, 1000, 80, NULL);
    while (p.forwarded != taken) {
        say(f, VSOCK_OP_CREDIT_REQUEST, 1000, 80);
        p = expect(f, VSOCK_OP_CREDIT_UPDATE, 1000, 80, NULL);
    }
    /* One that does not care is cut off. */
    say_data(f, 1000, 80, all, 65536);
    loop_settle(&f->loop);
    for (unsigned i = 0; i < 20 && counter(f, "vsock.resets_sent") == 0; i++) {
        say_data(f, 1000, 80, all, 65536);
        loop_settle(&f->loop);
    }
    assert_int_equal(counter(f, "vsock.resets_sent") > 0, 1);
    close(fd);
    free(all);
}

static void test_host_is_held_to_the_guests_credit(void **state)
{
    struct fixture *f = *state;
    struct vsock_packet p;
    uint8_t data[RX_DATA], all[3000];
    uint32_t got = 0;
    int fd;

    fill(all, sizeof(all), 2);
    start(f);
    assert_int_equal(virtio_vsock_listen(f->device, 80), 0);
    p = packet(VSOCK_OP_REQUEST, 1000, 80);
    p.buffer = 1000;
    send_packet(f, &p, NULL, 0);
    expect(f, VSOCK_OP_RESPONSE, 1000, 80, NULL);
    fd = f->incoming_fd;
    assert_int_equal(send(fd, all, sizeof(all), 0), (int)sizeof(all));
    while (got < sizeof(all)) {
        p = expect(f, VSOCK_OP_RW, 1000, 80, data);
        assert_memory_equal(data, all + got, p.length);
        got += p.length;
        assert_int_equal(got % 1000, 0);
        expect(f, VSOCK_OP_CREDIT_REQUEST, 1000, 80, NULL);
        expect_silence(f);
        if (got == sizeof(all)) {
            break;
        }
        p = packet(VSOCK_OP_CREDIT_UPDATE, 1000, 80);
        p.buffer = 1000;
        p.forwarded = got;
        send_packet(f, &p, NULL, 0);
    }
    /* Numbers that make no sense give no credit. */
    p = packet(VSOCK_OP_CREDIT_UPDATE, 1000, 80);
    p.buffer = 1000;
    p.forwarded = got + 1;
    send_packet(f, &p, NULL, 0);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    expect_silence(f);
    close(fd);
}

static void test_directions_end_one_by_one(void **state)
{
    struct fixture *f = *state;
    struct vsock_packet p;
    uint8_t data[RX_DATA];
    int fd;

    start(f);
    fd = connect_guest(f);
    say_data(f, 1000, 80, "question", 8);
    say_shutdown(f, 1000, 80, VSOCK_SHUTDOWN_SEND);
    peer_expect(f, fd, "question", 8);
    peer_expect_end(f, fd);
    assert_int_equal(send(fd, "answer", 6, 0), 6);
    expect(f, VSOCK_OP_RW, 1000, 80, data);
    assert_memory_equal(data, "answer", 6);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    p = expect(f, VSOCK_OP_SHUTDOWN, 1000, 80, NULL);
    assert_true((p.flags & VSOCK_SHUTDOWN_SEND) != 0);
    say_shutdown(f, 1000, 80, VSOCK_SHUTDOWN_BOTH);
    expect(f, VSOCK_OP_RST, 1000, 80, NULL);
    close(fd);

    /* The other way round: the host ends first and goes on reading. */
    fd = connect_guest(f);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    p = expect(f, VSOCK_OP_SHUTDOWN, 1000, 80, NULL);
    assert_int_equal(p.flags, VSOCK_SHUTDOWN_SEND);
    say_data(f, 1000, 80, "still", 5);
    peer_expect(f, fd, "still", 5);
    /* It goes away for good: found out without the guest sending anything. */
    close(fd);
    p = expect(f, VSOCK_OP_SHUTDOWN, 1000, 80, NULL);
    assert_int_equal(p.flags, VSOCK_SHUTDOWN_BOTH);
    say_shutdown(f, 1000, 80, VSOCK_SHUTDOWN_BOTH);
    expect(f, VSOCK_OP_RST, 1000, 80, NULL);
    expect_silence(f);
}

/* What the guest sent before it ended reaches a slow reader, even after a reset. */
static void test_last_bytes_arrive(void **state)
{
    struct fixture *f = *state;
    uint8_t *all = malloc(1 << 20);

    assert_non_null(all);
    fill(all, 1 << 20, 3);
    start(f);
    for (unsigned how = 0; how < 3; how++) {
        uint32_t sent = 0;
        struct vsock_packet p;
        int fd = connect_guest(f);

        for (;;) {
            uint32_t room = vsock_credit(sent, VIRTIO_VSOCK_BUFFER, f->told_forwarded);

            if (room == 0) {
                loop_settle(&f->loop);
                if (!heard(f, &p, NULL)) {
                    break;
                }
                post(f);
                continue;
            }
            say_data(f, 1000, 80, all + sent, room);
            sent += room;
        }
        if (how == 0) {
            say_shutdown(f, 1000, 80, VSOCK_SHUTDOWN_BOTH);
        } else if (how == 1) {
            say(f, VSOCK_OP_RST, 1000, 80);
        } else {
            driver_write(&f->driver, R_STATUS, 0);
            loop_settle(&f->loop);
        }
        peer_expect(f, fd, all, sent);
        peer_expect_end(f, fd);
        close(fd);
        if (how == 0) {
            loop_wait(&f->loop, heard(f, &p, NULL));
            while (p.operation != VSOCK_OP_RST) {
                assert_int_equal(p.operation, VSOCK_OP_CREDIT_UPDATE);
                post(f);
                loop_wait(&f->loop, heard(f, &p, NULL));
            }
            post(f);
        }
    }
    free(all);
}

static void test_reset_closes_everything(void **state)
{
    struct fixture *f = *state;
    int fd;

    start(f);
    fd = connect_guest(f);
    driver_write(&f->driver, R_STATUS, 0);
    peer_expect_end(f, fd);
    close(fd);
    start(f);
    fd = connect_guest(f); /* the same ports again */
    say_data(f, 1000, 80, "new", 3);
    peer_expect(f, fd, "new", 3);
    close(fd);
}

static void test_table_is_bounded(void **state)
{
    struct fixture *f = *state;
    int *fds = calloc(VIRTIO_VSOCK_CONNECTIONS, sizeof(int)), pair[2];
    uint8_t data[RX_DATA];

    assert_non_null(fds);
    start(f);
    assert_int_equal(virtio_vsock_listen(f->device, 80), 0);
    for (uint32_t i = 0; i < VIRTIO_VSOCK_CONNECTIONS; i++) {
        say(f, VSOCK_OP_REQUEST, 2000 + i, 80);
        expect(f, VSOCK_OP_RESPONSE, 2000 + i, 80, NULL);
        fds[i] = f->incoming_fd;
    }
    say(f, VSOCK_OP_REQUEST, 1999, 80);
    expect(f, VSOCK_OP_RST, 1999, 80, NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(virtio_vsock_connect(f->device, 9, pair[1], TOKEN), -EMFILE);
    close(pair[0]);
    for (uint32_t i = 0; i < VIRTIO_VSOCK_CONNECTIONS; i++) {
        uint8_t byte = (uint8_t)i;

        say_data(f, 2000 + i, 80, &byte, 1);
        peer_expect(f, fds[i], &byte, 1);
        assert_int_equal(send(fds[i], &byte, 1, 0), 1);
        expect(f, VSOCK_OP_RW, 2000 + i, 80, data);
        assert_int_equal(data[0], byte);
        close(fds[i]);
        expect(f, VSOCK_OP_SHUTDOWN, 2000 + i, 80, NULL);
        say(f, VSOCK_OP_RST, 2000 + i, 80);
    }
    loop_settle(&f->loop);
    close(connect_guest(f));
    free(fds);
}

/* A guest that gives no buffers for answers is not listened to for ever. */
static void test_answers_are_bounded(void **state)
{
    struct fixture *f = *state;
    unsigned sent = 0;
    uint32_t head, written;
    struct vsock_packet p = packet(VSOCK_OP_RW, 1, 1);

    driver_start(&f->driver, 0, 3);
    vsock_packet_format(&p, driver_at(&f->driver, f->tx));
    for (uint16_t i = 0; i < DRIVER_QUEUE; i++) {
        driver_put(&f->driver, f->driver.queue[TX].desc, i, f->tx, HEADER, 0, 0);
    }
    for (;;) {
        driver_add(&f->driver, TX, (uint16_t)(sent % DRIVER_QUEUE));
        driver_notify(&f->driver, TX);
        sent++;
        loop_settle(&f->loop);
        if (!driver_used(&f->driver, TX, &head, &written)) {
            break;
        }
        assert_true(sent < 1000);
    }
    for (unsigned i = 0; i < DRIVER_QUEUE / 2; i++) {
        post(f);
    }
    for (unsigned i = 0; i < sent; i++) {
        expect(f, VSOCK_OP_RST, 1, 1, NULL);
    }
    loop_wait(&f->loop, driver_used(&f->driver, TX, &head, &written));
}

static void test_listeners_are_bounded(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < VIRTIO_VSOCK_LISTENERS; i++) {
        assert_int_equal(virtio_vsock_listen(f->device, i), 0);
        assert_int_equal(virtio_vsock_listen(f->device, i), 0);
    }
    assert_int_equal(virtio_vsock_listen(f->device, 1000), -ENOSPC);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets_are_coded),
        test(test_configuration),
        test(test_guest_connects_and_both_talk),
        test(test_host_connects),
        test(test_unanswered_connect_is_given_up),
        test(test_what_fits_nothing_is_reset),
        test(test_malformed_packets_end_the_connection),
        test(test_guest_is_held_to_its_credit),
        test(test_host_is_held_to_the_guests_credit),
        test(test_directions_end_one_by_one),
        test(test_last_bytes_arrive),
        test(test_reset_closes_everything),
        test(test_table_is_bounded),
        test(test_answers_are_bounded),
        test(test_listeners_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
