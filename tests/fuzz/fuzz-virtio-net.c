/* SPDX-License-Identifier: ISC */
/*
 * The network device between a driver that does what the input says (hostile-driver.h) and a peer
 * that does so, too. What reaches the peer is always whole frames of lengths that the MTU allows.
 *
 * The target's own operation: the upper three bits of its operand say what, the lower ones which.
 */
#include "../../vmm-worker/devices/virtio-net.h"
#include "hostile-loop.h"

#define MTU 1500u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int peer;

/* A reader of the stream: bytes left of the frame, and of its length. */
static uint32_t frame_left, length_have, length;

static void check_stream(const uint8_t *p, size_t size)
{
    while (size > 0) {
        if (frame_left > 0) {
            size_t n = size < frame_left ? size : frame_left;

            frame_left -= (uint32_t)n;
            p += n;
            size -= n;
            continue;
        }
        length = length << 8 | *p++;
        size--;
        if (++length_have == 4) {
            HOSTILE_CHECK(length >= 14 && length <= MTU + 18);
            frame_left = length;
            length_have = 0;
            length = 0;
        }
    }
}

static void peer_read(size_t most)
{
    static uint8_t buf[65536];
    ssize_t n = peer >= 0 ? recv(peer, buf, most < sizeof(buf) ? most : sizeof(buf), 0) : 0;

    if (n > 0) {
        check_stream(buf, (size_t)n);
    }
}

static void peer_send(uint32_t claimed, size_t size)
{
    static uint8_t buf[70000];

    buf[0] = (uint8_t)(claimed >> 24);
    buf[1] = (uint8_t)(claimed >> 16);
    buf[2] = (uint8_t)(claimed >> 8);
    buf[3] = (uint8_t)claimed;
    if (peer >= 0) {
        (void)!send(peer, buf, size, MSG_NOSIGNAL);
    }
}

static void other(uint8_t operand)
{
    static const uint32_t sizes[] = {0,     1,     13,    14,    15,    60,       1499,       1500,
                                     1513,  1514,  1518,  1519,  2048,  4096,     9000,       16384,
                                     65535, 65536, 65549, 65550, 65551, 1u << 24, UINT32_MAX, 64};
    uint32_t which = operand & 0x1f, size = sizes[which % (sizeof(sizes) / sizeof(sizes[0]))];

    switch (operand >> 5) {
    case 0: peer_send(size, size < 69996 ? size + 4 : 5); break;
    case 1: peer_send(size, which + 1); break; /* cut short: the next bytes go on with it */
    case 2: peer_read(which * which * which); break;
    case 3: peer_read(SIZE_MAX); break;
    case 4:
        if (which == 31 && peer >= 0) {
            close(peer);
            peer = -1;
        }
        break;
    default: break;
    }
    hostile_loop_turn(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct virtio_net_config config = {.name = "net0",
                                       .ram = &hostile_ram,
                                       .spi = 1,
                                       .set_irq = hostile_set_irq,
                                       .loop = &hostile_uv,
                                       .mtu = MTU};
    struct hostile_input in = {data, size};
    uint8_t flags = (uint8_t)hostile_take(&in, 1);
    struct virtio_net *net;
    const char *why;

    hostile_ram_init();
    hostile_loop_init();
    hostile_socketpair(&peer, &config.fd);
    config.checksum_offload = (flags & 2) != 0;
    frame_left = length_have = length = 0;
    HOSTILE_CHECK(virtio_net_new(&net, &config, &why) == 0);
    if ((flags & 1) != 0) {
        hostile_race_start(size * UINT64_C(0x9e3779b97f4a7c15));
    }
    hostile_run(virtio_net_device(net), &in, other);
    hostile_loop_turn(2);
    if ((flags & 1) != 0) {
        hostile_race_stop();
    }
    peer_read(SIZE_MAX);
    virtio_net_free(net);
    uv_run(&hostile_uv, UV_RUN_DEFAULT);
    if (peer >= 0) {
        close(peer);
    }
    return 0;
}
