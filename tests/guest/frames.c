/* SPDX-License-Identifier: ISC */
/*
 * frames: sends Ethernet frames from inside a guest to tests/tools/net-echo and checks that each comes
 * back as it was sent.
 *
 *     frames INTERFACE MTU
 *
 * Every length from the shortest frame to 64 bytes of payload, around powers of two, and up to the MTU and a
 * VLAN tag beyond it; then many at once; then one that follows malformed ones. The kernel must refuse a
 * frame above the MTU. Last, it asks the peer to break the link. Prints
 *
 *     frames: N echoed, M failures
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

enum {
    TYPE_ECHO = 0x88b5,
    TYPE_MALFORMED = 0x88b6,
    TYPE_BREAK = 0x88b7,
    TYPE_VLAN = 0x8100,
    FRAME_MAX = 2048,
    WINDOW = 64,
    DEADLINE_S = 60,
};

static int fd;
static uint8_t own[6];
static const uint8_t peer[6] = {0x02, 0, 0, 0, 0, 1};
static unsigned long echoed, failures;

static void fail(const char *what, size_t length)
{
    printf("frames: %s at length %zu: %s\n", what, length, strerror(errno));
    failures++;
}

static void make(uint8_t *frame, size_t length, unsigned type, uint32_t number)
{
    memcpy(frame, peer, 6);
    memcpy(frame + 6, own, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
    for (size_t i = ETH_HLEN; i < length; i++) {
        frame[i] = (uint8_t)(number >> (8 * (i % 4)) ^ i * 7);
    }
}

/* The echo of the frame that make() makes of these. */
static bool is_echo(const uint8_t *got, size_t size, size_t length, unsigned type, uint32_t number)
{
    uint8_t sent[FRAME_MAX];

    make(sent, length, type, number);
    return size == length && memcmp(got, own, 6) == 0 && memcmp(got + 6, peer, 6) == 0 &&
           memcmp(got + 12, sent + 12, length - 12) == 0;
}

static bool put(size_t length, unsigned type, uint32_t number)
{
    uint8_t frame[FRAME_MAX];

    make(frame, length, type, number);
    return send(fd, frame, length, 0) == (ssize_t)length;
}

/* The next frame that is not our own on its way out. */
static ssize_t get(uint8_t *frame)
{
    for (;;) {
        struct sockaddr_ll from;
        socklen_t from_size = sizeof(from);
        ssize_t n = recvfrom(fd, frame, FRAME_MAX, 0, (struct sockaddr *)&from, &from_size);

        if (n < 0 || (from.sll_pkttype != PACKET_OUTGOING && memcmp(frame + 6, peer, 6) == 0)) {
            return n;
        }
    }
}

static void echo(size_t length, unsigned type, uint32_t number)
{
    uint8_t frame[FRAME_MAX];
    ssize_t n;

    if (!put(length, type, number)) {
        fail("send", length);
    } else if ((n = get(frame)) < 0) {
        fail("receive", length);
    } else if (!is_echo(frame, (size_t)n, length, type, number)) {
        errno = EBADMSG;
        fail("echo", length);
    } else {
        echoed++;
    }
}

/* So many that both rings wrap, up to WINDOW of them on the way, of lengths all over. */
static void burst(uint32_t count, size_t most)
{
    uint8_t frame[FRAME_MAX];
    uint32_t sent = 0;

    for (uint32_t got = 0; got < count; got++) {
        size_t length = ETH_HLEN + got * 97 % (most - ETH_HLEN + 1);
        ssize_t n;

        while (sent < count && sent - got < WINDOW) {
            if (!put(ETH_HLEN + sent * 97 % (most - ETH_HLEN + 1), TYPE_ECHO, sent)) {
                fail("send in a burst", sent);
                return;
            }
            sent++;
        }
        n = get(frame);
        if (n < 0 || !is_echo(frame, (size_t)n, length, TYPE_ECHO, got)) {
            fail("echo in a burst", got);
            return;
        }
        echoed++;
    }
}

static int open_socket(const char *interface)
{
    struct timeval deadline = {.tv_sec = DEADLINE_S};
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct ifreq request = {0};

    fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        return -1;
    }
    memcpy(own, request.ifr_hwaddr.sa_data, 6);
    address.sll_ifindex = (int)if_nametoindex(interface);
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
                   setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) != 0
               ? -1
               : 0;
}

int main(int argc, char **argv)
{
    size_t most = ETH_HLEN + (argc == 3 ? strtoul(argv[2], NULL, 10) : 0);
    uint32_t number = 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 3 || most + 4 > FRAME_MAX || open_socket(argv[1]) != 0) {
        perror("frames");
        return 1;
    }
    for (size_t length = ETH_HLEN + 1; length <= ETH_HLEN + 64; length++) {
        echo(length, TYPE_ECHO, number++);
    }
    for (size_t power = 128; power < most; power *= 2) {
        echo(power - 1, TYPE_ECHO, number++);
        echo(power, TYPE_ECHO, number++);
        echo(power + 1, TYPE_ECHO, number++);
    }
    for (size_t length = most - 5; length <= most; length++) {
        echo(length, TYPE_ECHO, number++);
    }
    if (put(most + 1, TYPE_ECHO, 0) || errno != EMSGSIZE) {
        fail("a frame above the MTU was taken", most + 1);
    }
    burst(2000, most);
    echo(100, TYPE_MALFORMED, number++);
    echo(most, TYPE_MALFORMED, number++);
    burst(200, most);
    printf("frames: %lu echoed, %lu failures\n", echoed, failures);
    if (!put(60, TYPE_BREAK, 0)) {
        fail("send", 60);
    }
    return failures == 0 ? 0 : 1;
}
