/* SPDX-License-Identifier: ISC */
/*
 * The socket device between a driver that does what the input says (hostile-driver.h) and sockets of
 * the host that do so, too.
 *
 * The target's own operation: the upper three bits of its operand say what, the lower ones to which
 * socket, or which port. 5 and 6 put a packet of a likely kind where descriptors can find it.
 */
#include "../../vmm-worker/devices/virtio-vsock.h"
#include "../../vmm-worker/devices/vsock-packet.h"
#include "hostile-loop.h"

#define SOCKETS 8u
#define PORTS   4u /* that the guest may connect to: 0-3 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct virtio_vsock *device;
static int fds[SOCKETS];
static unsigned last; /* where a socket was put last */
static uint64_t sent, received;
static unsigned awaited; /* connections whose fate is not yet told */

static void keep(int fd)
{
    last = (last + 1) % SOCKETS;
    if (fds[last] >= 0) {
        close(fds[last]);
    }
    fds[last] = fd;
}

static void on_incoming(void *ctx, uint32_t port, int fd)
{
    (void)ctx;
    HOSTILE_CHECK(port < PORTS);
    HOSTILE_CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    keep(fd);
}

static void on_connected(void *ctx, uint32_t token, int err)
{
    (void)ctx;
    HOSTILE_CHECK(token < PORTS && err <= 0 && awaited > 0);
    awaited--;
}

static void connect_to(uint32_t port)
{
    int ours, theirs;

    hostile_socketpair(&ours, &theirs);
    awaited++; /* the answer may come at once */
    if (virtio_vsock_connect(device, port, theirs, port) != 0) {
        awaited--;
    }
    keep(ours);
}

/* At the start of the data: descriptors get there with address 0x5000 * 4. */
static void put_packet(uint8_t what)
{
    const struct vsock_packet p = {.source_cid = 3,
                                   .target_cid = 2,
                                   .source_port = what >> 3 & 1,
                                   .target_port = (what & 0x10) != 0 ? 49152 : what >> 3 & 3,
                                   .length = (what & 7) == VSOCK_OP_RW ? 3000 : 0,
                                   .type = VSOCK_TYPE_STREAM,
                                   .operation = what & 7,
                                   .buffer = 5000,
                                   .forwarded = (uint32_t)received};

    vsock_packet_format(&p, hostile_ram.host + HOSTILE_HOT);
}

static void put_shutdown(uint8_t what)
{
    const struct vsock_packet p = {.source_cid = 3,
                                   .target_cid = 2,
                                   .source_port = what >> 3 & 1,
                                   .target_port = (what & 4) != 0 ? 49152 : what >> 3 & 1,
                                   .type = VSOCK_TYPE_STREAM,
                                   .operation = VSOCK_OP_SHUTDOWN,
                                   .flags = what & 3,
                                   .buffer = 5000};

    vsock_packet_format(&p, hostile_ram.host + HOSTILE_HOT);
}

static void other(uint8_t operand)
{
    static uint8_t bytes[65536];
    uint8_t which = operand & 0x1f;
    int *fd = &fds[which % SOCKETS];
    ssize_t n = 0;

    switch (operand >> 5) {
    case 0:
        n = *fd >= 0 ? send(*fd, bytes, (size_t)which * 997 + 1, MSG_NOSIGNAL) : 0;
        sent += n > 0 ? (uint64_t)n : 0;
        break;
    case 1:
        n = *fd >= 0 ? recv(*fd, bytes, sizeof(bytes), 0) : 0;
        received += n > 0 ? (uint64_t)n : 0;
        break;
    case 2:
        if (*fd >= 0) {
            close(*fd);
            *fd = -1;
        }
        break;
    case 3:
        if (*fd >= 0) {
            shutdown(*fd, which < 16 ? SHUT_WR : SHUT_RD);
        }
        break;
    case 4: connect_to(which & 1); break;
    case 5: put_packet(which); break;
    case 6: put_shutdown(which); break;
    default: break;
    }
    hostile_loop_turn(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct virtio_vsock_config config = {.name = "vsock",
                                               .ram = &hostile_ram,
                                               .spi = 1,
                                               .set_irq = hostile_set_irq,
                                               .loop = &hostile_uv,
                                               .cid = 3,
                                               .incoming = on_incoming,
                                               .connected = on_connected};
    struct hostile_input in = {data, size};
    bool race = (hostile_take(&in, 1) & 1) != 0;
    const char *why;

    hostile_ram_init();
    hostile_loop_init();
    for (unsigned i = 0; i < SOCKETS; i++) {
        fds[i] = -1;
    }
    sent = received = 0;
    awaited = 0;
    HOSTILE_CHECK(virtio_vsock_new(&device, &config, &why) == 0);
    for (uint32_t i = 0; i < PORTS; i++) {
        HOSTILE_CHECK(virtio_vsock_listen(device, i) == 0);
    }
    if (race) {
        hostile_race_start(size * UINT64_C(0x9e3779b97f4a7c15));
    }
    hostile_run(virtio_vsock_device(device), &in, other);
    hostile_loop_turn(2);
    if (race) {
        hostile_race_stop();
    }
    virtio_vsock_free(device);
    uv_run(&hostile_uv, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    return 0;
}
