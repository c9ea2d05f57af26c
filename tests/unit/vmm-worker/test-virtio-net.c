/* SPDX-License-Identifier: ISC */
/* test-virtio-net.c: vmm-worker/devices/virtio-net.c between a driver and the other end of its
 * socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../common/protocol.h"
#include "../../../vmm-worker/devices/virtio-net.h"
#include "loop-wait.h"
#include "virtio-driver.h"

enum {
    RX = 0,
    TX = 1,
    HEADER = 12,
    MTU = 1500,
    SLOT = 2048, /* of a receive or transmit buffer */
};

#define F_CSUM       (UINT64_C(1) << 0)
#define F_GUEST_CSUM (UINT64_C(1) << 1)
#define F_MTU        (UINT64_C(1) << 3)
#define F_MAC        (UINT64_C(1) << 5)
#define F_MRG_RXBUF  (UINT64_C(1) << 15)
#define F_STATUS     (UINT64_C(1) << 16)

struct fixture {
    uv_loop_t loop;
    struct driver driver;
    struct virtio_net *net;
    int peer;
    uint64_t rx_slots, tx_slots; /* DRIVER_QUEUE of each */
};

static const uint8_t mac[6] = {0x52, 0x54, 1, 2, 3, 4};

static void open_device(struct fixture *f, bool offload)
{
    struct virtio_net_config config = {
        .name = "net0",
        .ram = &f->driver.ram,
        .spi = DRIVER_SPI,
        .set_irq = driver_set_irq,
        .loop = &f->loop,
        .mtu = MTU,
        .checksum_offload = offload,
    };
    const char *why = "";
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    f->peer = pair[0];
    config.fd = pair[1];
    memcpy(config.mac, mac, sizeof(mac));
    assert_int_equal(virtio_net_new(&f->net, &config, &why), 0);
    f->driver.v = virtio_net_device(f->net);
    f->rx_slots = driver_alloc(&f->driver, DRIVER_QUEUE * SLOT, 8);
    f->tx_slots = driver_alloc(&f->driver, DRIVER_QUEUE * SLOT, 8);
}

static int make_with(void **state, bool offload)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    driver_init(&f->driver);
    open_device(f, offload);
    *state = f;
    return 0;
}

static int make(void **state)
{
    return make_with(state, false);
}

static int make_offload(void **state)
{
    return make_with(state, true);
}

static int destroy(void **state)
{
    struct fixture *f = *state;

    virtio_net_free(f->net);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    driver_free(&f->driver);
    if (f->peer >= 0) {
        close(f->peer);
    }
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

static void fill(uint8_t *buf, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        buf[i] = (uint8_t)((i + 7919 * seed) * 2654435761u >> 11);
    }
}

/* ---- The peer ---- */

static void peer_write(struct fixture *f, const void *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = send(f->peer, (const uint8_t *)buf + done, size - done, MSG_DONTWAIT);

        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            uv_run(&f->loop, UV_RUN_NOWAIT);
            continue;
        }
        done += (size_t)n;
    }
}

static void peer_send(struct fixture *f, const uint8_t *frame, uint32_t size)
{
    uint8_t length[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                         (uint8_t)size};

    peer_write(f, length, sizeof(length));
    peer_write(f, frame, size);
}

static void peer_read(struct fixture *f, void *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n;

        loop_wait(&f->loop, fd_readable(f->peer));
        n = recv(f->peer, (uint8_t *)buf + done, size - done, 0);
        assert_true(n > 0);
        done += (size_t)n;
    }
}

static void peer_expect(struct fixture *f, const uint8_t *frame, size_t size)
{
    uint8_t length[4], got[65536];

    peer_read(f, length, sizeof(length));
    assert_int_equal(length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3], (int)size);
    peer_read(f, got, size);
    assert_memory_equal(got, frame, size);
}

/* ---- The driver ---- */

/* A frame in one descriptor, its header in the same. */
static void transmit(struct fixture *f, uint16_t slot, const uint8_t *frame, uint32_t size)
{
    uint64_t gpa = f->tx_slots + (uint64_t)slot * SLOT;

    memset(driver_at(&f->driver, gpa), 0, HEADER);
    memcpy((uint8_t *)driver_at(&f->driver, gpa) + HEADER, frame, size);
    driver_put(&f->driver, f->driver.queue[TX].desc, slot, gpa, HEADER + size, 0, 0);
    driver_add(&f->driver, TX, slot);
    driver_notify(&f->driver, TX);
}

static void await_used(struct fixture *f, unsigned queue, uint32_t *head, uint32_t *written)
{
    loop_wait(&f->loop, driver_used(&f->driver, queue, head, written));
}

static void post_size(struct fixture *f, uint16_t slot, uint32_t size)
{
    driver_put(&f->driver, f->driver.queue[RX].desc, slot, f->rx_slots + (uint64_t)slot * SLOT,
               size, D_WRITE, 0);
    driver_add(&f->driver, RX, slot);
    driver_notify(&f->driver, RX);
}

static void post(struct fixture *f, uint16_t slot)
{
    post_size(f, slot, SLOT);
}

static const uint8_t *received(struct fixture *f, uint32_t slot)
{
    return driver_at(&f->driver, f->rx_slots + (uint64_t)slot * SLOT);
}

/* ---- Tests ---- */

static void test_offers_and_configuration(void **state)
{
    struct fixture *f = *state;
    uint64_t offered = driver_offered(&f->driver);

    assert_int_equal(driver_read(&f->driver, R_DEVICE), 1);
    assert_int_equal(offered & (F_MTU | F_MAC | F_STATUS), F_MTU | F_MAC | F_STATUS);
    assert_int_equal(offered & (F_CSUM | F_GUEST_CSUM | F_MRG_RXBUF), 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG + i, 1), mac[i]);
    }
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG, 4), 0x02015452);
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG + 6, 2), 1); /* the link is up */
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG + 10, 2), MTU);
    assert_int_equal(virtio_mmio_ops.read(f->driver.v, R_CONFIG + 12, 4), 0);
}

static void test_transmits_whole_frames_or_none(void **state)
{
    static const struct {
        uint32_t size;
        bool passes;
    } frames[] = {{0, false},    {13, false},   {14, true},   {15, true},
                  {59, true},    {1513, true},  {1514, true}, {1518, true},
                  {1519, false}, {1900, false}, {60, true}};
    struct fixture *f = *state;
    uint8_t frame[2000];
    uint64_t dropped = 0;

    driver_start(&f->driver, F_MTU | F_MAC | F_STATUS, 2);
    for (unsigned i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        uint32_t head, written;

        fill(frame, sizeof(frame), i);
        transmit(f, 3, frame, frames[i].size);
        await_used(f, TX, &head, &written);
        assert_int_equal(head, 3);
        assert_int_equal(written, 0);
        assert_true(driver_irq_level());
        driver_write(&f->driver, R_INTERRUPT_ACK, 1);
        if (frames[i].passes) {
            peer_expect(f, frame, frames[i].size);
        } else {
            loop_settle(&f->loop);
            assert_false(fd_readable(f->peer));
            dropped++;
        }
        assert_int_equal(counter(f, "net0.tx_dropped"), dropped);
    }
}

/* A header cut anywhere, a frame in pieces, and a chain that is not even a header. */
static void test_transmits_from_any_segments(void **state)
{
    struct fixture *f = *state;
    uint64_t gpa = f->tx_slots;
    uint8_t *p = driver_at(&f->driver, gpa);
    uint32_t head, written;

    driver_start(&f->driver, F_MTU | F_MAC, 2);
    memset(p, 0, HEADER);
    fill(p + HEADER, 200, 5);
    for (uint32_t cut = 1; cut < HEADER + 200; cut += 7) {
        struct driver_segment segments[] = {
            {gpa, cut, false}, {gpa + cut, 1, false}, {gpa + cut + 1, HEADER + 200 - cut, false}};

        driver_send(&f->driver, TX, segments, 3);
        await_used(f, TX, &head, &written);
        peer_expect(f, p + HEADER, 201);
    }
    driver_send(&f->driver, TX, &(struct driver_segment){gpa, 11, false}, 1);
    await_used(f, TX, &head, &written);
    driver_send(&f->driver, TX, &(struct driver_segment){gpa, 100, true}, 1);
    await_used(f, TX, &head, &written);
    assert_int_equal(counter(f, "net0.tx_dropped"), 2);
}

static void send_with_header(struct fixture *f, uint8_t flags, uint8_t gso)
{
    uint8_t *p = driver_at(&f->driver, f->tx_slots);
    uint32_t head, written;

    memset(p, 0, HEADER + 64);
    p[0] = flags;
    p[1] = gso;
    driver_send(&f->driver, TX, &(struct driver_segment){f->tx_slots, HEADER + 64, false}, 1);
    await_used(f, TX, &head, &written);
    loop_settle(&f->loop);
}

static void test_drops_what_was_not_negotiated(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->driver, F_MAC, 2);
    send_with_header(f, 1, 0);
    send_with_header(f, 0, 1);
    assert_false(fd_readable(f->peer));
    assert_int_equal(counter(f, "net0.tx_dropped"), 2);
}

static void test_checksum_offload_where_the_peer_takes_it(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64] = {0};
    uint32_t head, written;

    assert_int_equal(driver_offered(&f->driver) & (F_CSUM | F_GUEST_CSUM), F_CSUM | F_GUEST_CSUM);
    driver_start(&f->driver, F_MAC | F_CSUM | F_GUEST_CSUM, 2);
    send_with_header(f, 1, 0);
    peer_expect(f, frame, 64);
    send_with_header(f, 0, 1);
    assert_int_equal(counter(f, "net0.tx_dropped"), 1);
    post(f, 0);
    peer_send(f, frame, 64);
    await_used(f, RX, &head, &written);
    assert_int_equal(received(f, 0)[0], 2);
}

static void test_receives_with_one_buffer_each(void **state)
{
    static const uint32_t sizes[] = {14, 60, 1514, 1518, 2036};
    struct fixture *f = *state;
    uint8_t frame[2036];

    driver_start(&f->driver, F_MAC, 2);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t head, written;

        fill(frame, sizeof(frame), i);
        post(f, 2);
        peer_send(f, frame, sizes[i]);
        await_used(f, RX, &head, &written);
        assert_int_equal(head, 2);
        assert_int_equal(written, HEADER + sizes[i]);
        assert_memory_equal(received(f, 2), "\0\0\0\0\0\0\0\0\0\0\1\0", HEADER);
        assert_memory_equal(received(f, 2) + HEADER, frame, sizes[i]);
        assert_true(driver_irq_level());
        driver_write(&f->driver, R_INTERRUPT_ACK, 1);
    }
}

static void test_receives_into_pieces(void **state)
{
    struct fixture *f = *state;
    uint64_t gpa = f->rx_slots;
    struct driver_segment segments[] = {
        {gpa + 1000, 5, true}, {gpa + 500, 100, true}, {gpa, 20, true}};
    uint8_t frame[113], got[125];
    uint32_t head, written;

    fill(frame, sizeof(frame), 1);
    driver_start(&f->driver, F_MAC, 2);
    driver_send(&f->driver, RX, segments, 3);
    peer_send(f, frame, sizeof(frame));
    await_used(f, RX, &head, &written);
    assert_int_equal(written, 125);
    memcpy(got, received(f, 0) + 1000, 5);
    memcpy(got + 5, received(f, 0) + 500, 100);
    memcpy(got + 105, received(f, 0), 20);
    assert_int_equal(got[10], 1);
    assert_memory_equal(got + HEADER, frame, sizeof(frame));
}

static void test_drops_what_does_not_fit_and_keeps_the_buffer(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[65550] = {0};
    uint32_t head, written;

    driver_start(&f->driver, F_MAC, 2);
    post_size(f, 1, HEADER + 100);
    peer_send(f, frame, 101);
    peer_send(f, frame, VIRTIO_NET_FRAME_MAX);
    peer_send(f, frame, 13);
    peer_send(f, frame, 0);
    fill(frame, 100, 9);
    peer_send(f, frame, 100);
    await_used(f, RX, &head, &written);
    assert_int_equal(head, 1);
    assert_int_equal(written, HEADER + 100);
    assert_memory_equal(received(f, 1) + HEADER, frame, 100);
    assert_int_equal(counter(f, "net0.rx_dropped"), 4);
    assert_int_equal(counter(f, "net0.rx_frames"), 1);
}

static void expect_link_down(struct fixture *f)
{
    loop_wait(&f->loop, virtio_mmio_ops.read(f->driver.v, R_CONFIG + 6, 2) == 0);
    assert_int_equal(driver_read(&f->driver, R_INTERRUPT_STATUS) & 2, 2);
    assert_int_equal(counter(f, "net0.link_up"), 0);
    assert_int_equal(driver_read(&f->driver, R_STATUS) & S_BROKEN, 0);
}

static void test_overlong_frame_closes_the_link(void **state)
{
    struct fixture *f = *state;
    char byte;

    driver_start(&f->driver, F_MAC | F_STATUS, 2);
    peer_write(f, "\0\1\0\x0f", 4); /* 65551 */
    expect_link_down(f);
    assert_int_equal(recv(f->peer, &byte, 1, 0), 0);
}

static void test_peer_that_closes_takes_the_link_down(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {0};
    uint32_t head, written;
    uint32_t generation = driver_read(&f->driver, R_GENERATION);

    driver_start(&f->driver, F_MAC | F_STATUS, 2);
    close(f->peer);
    f->peer = -1;
    expect_link_down(f);
    assert_int_not_equal(driver_read(&f->driver, R_GENERATION), generation);
    transmit(f, 0, frame, sizeof(frame));
    await_used(f, TX, &head, &written);
    assert_int_equal(counter(f, "net0.tx_dropped"), 1);
}

static void test_frames_wait_for_the_driver(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[1000];
    unsigned sent = 0, got = 0;

    /* Before it is up nothing is read, later a bounded amount. */
    fill(frame, sizeof(frame), 0);
    peer_send(f, frame, sizeof(frame));
    sent++;
    loop_settle(&f->loop);
    driver_start(&f->driver, F_MAC, 2);
    for (;;) {
        uint8_t packet[1004] = {0, 0, 3, 232};
        ssize_t n;

        fill(packet + 4, 1000, sent);
        n = send(f->peer, packet, sizeof(packet), MSG_DONTWAIT);
        if (n < 0) {
            loop_settle(&f->loop);
            n = send(f->peer, packet, sizeof(packet), MSG_DONTWAIT);
        }
        if (n <= 0) {
            break;
        }
        if (n < (ssize_t)sizeof(packet)) {
            peer_write(f, packet + n, sizeof(packet) - (size_t)n);
        }
        sent++;
        assert_true(sent < 10000);
    }
    assert_int_equal(counter(f, "net0.rx_frames"), 0);
    while (got < sent) {
        uint32_t head, written;

        post(f, (uint16_t)(got % DRIVER_QUEUE));
        await_used(f, RX, &head, &written);
        assert_int_equal(head, got % DRIVER_QUEUE);
        assert_int_equal(written, HEADER + 1000);
        fill(frame, sizeof(frame), got);
        assert_memory_equal(received(f, head) + HEADER, frame, 1000);
        got++;
    }
}

static void test_queue_rests_while_the_peer_does_not_read(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[1500];
    unsigned sent = 0, returned = 0;
    uint32_t head, written;

    driver_start(&f->driver, F_MAC, 2);
    for (;;) {
        while (driver_used(&f->driver, TX, &head, &written)) {
            assert_int_equal(head, returned % DRIVER_QUEUE);
            returned++;
        }
        if (sent - returned == DRIVER_QUEUE) {
            loop_settle(&f->loop);
            if (!driver_used(&f->driver, TX, &head, &written)) {
                break;
            }
            returned++;
        }
        fill(frame, sizeof(frame), sent);
        transmit(f, (uint16_t)(sent % DRIVER_QUEUE), frame, sizeof(frame));
        sent++;
        assert_true(sent < 10000);
    }
    for (unsigned i = 0; i < sent; i++) {
        fill(frame, sizeof(frame), i);
        peer_expect(f, frame, sizeof(frame));
    }
    while (returned < sent) {
        await_used(f, TX, &head, &written);
        returned++;
    }
    assert_int_equal(counter(f, "net0.tx_frames"), sent);
    assert_int_equal(counter(f, "net0.tx_dropped"), 0);
}

/* The reader sees a frame whatever pieces the stream comes in. */
static void test_frames_in_any_pieces(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[104] = {0, 0, 0, 100};
    uint32_t head, written;

    driver_start(&f->driver, F_MAC, 2);
    for (unsigned piece = 1; piece < 9; piece++) {
        fill(packet + 4, 100, piece);
        post(f, 0);
        for (size_t done = 0; done < sizeof(packet); done += piece) {
            size_t left = sizeof(packet) - done;

            peer_write(f, packet + done, piece < left ? piece : left);
            uv_run(&f->loop, UV_RUN_NOWAIT);
        }
        await_used(f, RX, &head, &written);
        assert_int_equal(written, HEADER + 100);
        assert_memory_equal(received(f, 0) + HEADER, packet + 4, 100);
    }
}

static void test_reset_forgets_the_buffers(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[200] = {1};
    uint32_t head, written;

    driver_start(&f->driver, F_MAC, 2);
    post_size(f, 7, HEADER + 20);
    peer_send(f, frame, 200); /* too large: the buffer is kept by the device */
    loop_wait(&f->loop, counter(f, "net0.rx_dropped") == 1);
    driver_write(&f->driver, R_STATUS, 0);
    driver_start(&f->driver, F_MAC, 2);
    peer_send(f, frame, 30);
    loop_settle(&f->loop);
    assert_false(driver_used(&f->driver, RX, &head, &written));
    post(f, 4);
    await_used(f, RX, &head, &written);
    assert_int_equal(head, 4);
    assert_int_equal(written, HEADER + 30);
}

static void test_broken_driver_is_told_and_may_come_back(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60] = {2};

    driver_start(&f->driver, F_MAC, 2);
    driver_put(&f->driver, f->driver.queue[TX].desc, 0, UINT64_C(1) << 60, 100, 0, 0);
    driver_add(&f->driver, TX, 0);
    driver_notify(&f->driver, TX);
    loop_wait(&f->loop, (driver_read(&f->driver, R_STATUS) & S_BROKEN) != 0);
    peer_send(f, frame, sizeof(frame));
    loop_settle(&f->loop);
    driver_start(&f->driver, F_MAC, 2);
    transmit(f, 0, frame, sizeof(frame));
    peer_expect(f, frame, sizeof(frame));
}

/* With event indices the device has to ask for each notification. */
static void test_event_indices(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60];
    uint32_t head, written;

    driver_start(&f->driver, F_MAC | VIRTIO_F_EVENT_IDX, 2);
    for (unsigned i = 0; i < 100; i++) {
        struct driver_queue *q = &f->driver.queue[TX];
        const uint8_t *event = driver_at(&f->driver, q->used + 4 + 8 * DRIVER_QUEUE);

        loop_settle(&f->loop);
        assert_int_equal(guest_ram_get16(event), q->next_avail);
        fill(frame, sizeof(frame), i);
        transmit(f, (uint16_t)(i % DRIVER_QUEUE), frame, sizeof(frame));
        await_used(f, TX, &head, &written);
        peer_expect(f, frame, sizeof(frame));
        post(f, (uint16_t)(i % DRIVER_QUEUE));
        peer_send(f, frame, sizeof(frame));
        await_used(f, RX, &head, &written);
        assert_memory_equal(received(f, head) + HEADER, frame, sizeof(frame));
    }
}

struct vcpu {
    struct fixture *f;
    pthread_t thread;
    atomic_bool done;
};

enum {
    FRAMES = 2000
};

/* Transmits and takes what comes back, spinning; the loop runs on the other thread. */
static void *run_vcpu(void *arg)
{
    struct vcpu *vcpu = arg;
    struct fixture *f = vcpu->f;
    unsigned sent = 0, returned = 0, got = 0;
    uint8_t frame[300];

    for (uint16_t i = 0; i < DRIVER_QUEUE; i++) {
        post(f, i);
    }
    while (got < FRAMES) {
        uint32_t head, written;

        if (sent < FRAMES && sent - returned < DRIVER_QUEUE) {
            fill(frame, sizeof(frame), sent);
            transmit(f, (uint16_t)(sent % DRIVER_QUEUE), frame, sizeof(frame));
            sent++;
        }
        if (driver_used(&f->driver, TX, &head, &written)) {
            returned++;
        }
        if (driver_used(&f->driver, RX, &head, &written)) {
            fill(frame, sizeof(frame), got);
            if (head != got % DRIVER_QUEUE || written != HEADER + sizeof(frame) ||
                memcmp(received(f, head) + HEADER, frame, sizeof(frame)) != 0) {
                break;
            }
            got++;
            post(f, (uint16_t)head);
        }
    }
    atomic_store(&vcpu->done, true);
    return (void *)(uintptr_t)got;
}

static void test_vcpu_and_loop_side_by_side(void **state)
{
    struct fixture *f = *state;
    struct vcpu vcpu = {.f = f};
    uint8_t echo[65536];
    size_t from = 0, to = 0;
    void *got;

    driver_start(&f->driver, F_MAC, 2);
    atomic_init(&vcpu.done, false);
    assert_int_equal(pthread_create(&vcpu.thread, NULL, run_vcpu, &vcpu), 0);
    while (!atomic_load(&vcpu.done)) {
        ssize_t n;

        loop_turn(&f->loop);
        if (from == to) {
            n = recv(f->peer, echo, sizeof(echo), MSG_DONTWAIT);
            from = 0;
            to = n > 0 ? (size_t)n : 0;
        }
        if (from < to) {
            n = send(f->peer, echo + from, to - from, MSG_DONTWAIT);
            from += n > 0 ? (size_t)n : 0;
        }
    }
    pthread_join(vcpu.thread, &got);
    assert_int_equal((uintptr_t)got, FRAMES);
    assert_int_equal(counter(f, "net0.tx_frames"), FRAMES);
    assert_int_equal(counter(f, "net0.rx_frames"), FRAMES);
}

static void test_refuses(void **state)
{
    struct fixture *f = *state;
    struct virtio_net_config config = {
        .name = "net1", .ram = &f->driver.ram, .set_irq = driver_set_irq, .loop = &f->loop};
    struct virtio_net *net;
    const char *why;
    int pair[2];

    config.fd = open("/dev/null", O_RDWR);
    config.mtu = MTU;
    assert_int_equal(virtio_net_new(&net, &config, &why), -ENOTSOCK);
    assert_int_equal(fcntl(config.fd, F_GETFD), -1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    config.fd = pair[0];
    config.mtu = 67;
    assert_int_equal(virtio_net_new(&net, &config, &why), -EINVAL);
    config.fd = pair[1];
    config.mtu = MTU;
    config.mac[0] = 1;
    assert_int_equal(virtio_net_new(&net, &config, &why), -EINVAL);
    assert_int_equal(fcntl(pair[1], F_GETFD), -1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_offers_and_configuration),
        test(test_transmits_whole_frames_or_none),
        test(test_transmits_from_any_segments),
        test(test_drops_what_was_not_negotiated),
        cmocka_unit_test_setup_teardown(test_checksum_offload_where_the_peer_takes_it, make_offload,
                                        destroy),
        test(test_receives_with_one_buffer_each),
        test(test_receives_into_pieces),
        test(test_drops_what_does_not_fit_and_keeps_the_buffer),
        test(test_overlong_frame_closes_the_link),
        test(test_peer_that_closes_takes_the_link_down),
        test(test_frames_wait_for_the_driver),
        test(test_queue_rests_while_the_peer_does_not_read),
        test(test_frames_in_any_pieces),
        test(test_reset_forgets_the_buffers),
        test(test_broken_driver_is_told_and_may_come_back),
        test(test_event_indices),
        test(test_vcpu_and_loop_side_by_side),
        test(test_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
