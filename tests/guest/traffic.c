/* SPDX-License-Identifier: ISC */
/*
 * traffic: the network device's benchmark, from inside a guest, with tests/bench/bench-peer.c as its
 * peer.
 *
 *     traffic INTERFACE
 *
 * Sends many frames of 1514 bytes, has as many sent to it, and then waits for the answer to one short
 * frame again and again. Orders to the peer bound what is on its way, so that nothing is dropped for
 * want of room; a frame that is lost is a failure. Prints, for send, receive and round-trip,
 *
 *     bench: net-NAME begin
 *     bench: net-NAME end CHECKSUM AMOUNT
 *
 * AMOUNT is bytes, for round-trip answers. Status 1 after a failure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
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
    TYPE_DATA = 0x88b5,
    TYPE_ORDER = 0x88b6,
    TYPE_ANSWER = 0x88b7,
    FRAME = 1514,
    SHORT = 60,
    BATCH = 64,
    BATCHES = 2000, /* of BATCH frames each, in either direction */
    AHEAD = 3,      /* batches that are on their way while another is made */
    ROUND_TRIPS = 5000,
    ROOM = 8 << 20,
    DEADLINE_S = 60,
};

static int fd;
static uint8_t frame[FRAME], answers[BATCH][FRAME];

static void die(const char *what)
{
    printf("traffic: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void put32(uint8_t *p, uint32_t v)
{
    v = htonl(v);
    memcpy(p, &v, sizeof(v));
}

static void set_type(unsigned type)
{
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
}

static void order(uint32_t count, uint32_t length)
{
    set_type(TYPE_ORDER);
    put32(frame + ETH_HLEN, count);
    put32(frame + ETH_HLEN + 4, length);
    if (send(fd, frame, SHORT, 0) != SHORT) {
        die("order");
    }
}

static void send_batch(void)
{
    struct iovec piece = {.iov_base = frame, .iov_len = FRAME};
    struct mmsghdr messages[BATCH];

    set_type(TYPE_DATA);
    for (unsigned i = 0; i < BATCH; i++) {
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &piece, .msg_iovlen = 1}};
    }
    for (unsigned done = 0; done < BATCH;) {
        int n = sendmmsg(fd, messages + done, BATCH - done, 0);

        if (n <= 0) {
            die("send");
        }
        done += (unsigned)n;
    }
}

/* Takes so many answers of one length. Returns the last one's number of data frames. */
static uint32_t take(unsigned count, unsigned length)
{
    static struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH];
    uint32_t seen = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){.iov_base = answers[i], .iov_len = FRAME};
    }
    while (count != 0) {
        int n;

        for (unsigned i = 0; i < BATCH; i++) {
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = pieces + i, .msg_iovlen = 1}};
        }
        n = recvmmsg(fd, messages, count < BATCH ? count : BATCH, MSG_WAITFORONE, NULL);
        if (n <= 0) {
            die("an answer is missing");
        }
        for (int i = 0; i < n; i++) {
            if (messages[i].msg_len != length) {
                errno = EBADMSG;
                die("an answer");
            }
        }
        memcpy(&seen, answers[n - 1] + ETH_HLEN, sizeof(seen));
        count -= (unsigned)n;
    }
    return ntohl(seen);
}

static void measure_send(void)
{
    uint32_t seen = 0;

    puts("bench: net-send begin");
    for (unsigned batch = 0; batch < BATCHES + AHEAD; batch++) {
        if (batch < BATCHES) {
            send_batch();
            order(1, SHORT);
        }
        if (batch >= AHEAD) {
            seen = take(1, SHORT);
        }
    }
    if (seen != BATCHES * BATCH) {
        errno = EIO;
        die("the peer missed frames");
    }
    printf("bench: net-send end %x %u\n", seen, BATCHES * BATCH * FRAME);
}

static void measure_receive(void)
{
    puts("bench: net-receive begin");
    for (unsigned batch = 0; batch < BATCHES + AHEAD; batch++) {
        if (batch < BATCHES) {
            order(BATCH, FRAME);
        }
        if (batch >= AHEAD) {
            take(BATCH, FRAME);
        }
    }
    printf("bench: net-receive end %x %u\n", BATCHES * BATCH, BATCHES * BATCH * FRAME);
}

static void measure_round_trip(void)
{
    puts("bench: net-round-trip begin");
    for (unsigned i = 0; i < ROUND_TRIPS; i++) {
        order(1, SHORT);
        take(1, SHORT);
    }
    printf("bench: net-round-trip end %x %u\n", ROUND_TRIPS, ROUND_TRIPS);
}

static void open_socket(const char *interface)
{
    struct timeval deadline = {.tv_sec = DEADLINE_S};
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(TYPE_ANSWER)};
    struct ifreq request = {0};
    int room = ROOM;

    fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE_ANSWER));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        die(interface);
    }
    frame[0] = 0x02;
    memcpy(frame + ETH_ALEN, request.ifr_hwaddr.sa_data, ETH_ALEN);
    address.sll_ifindex = (int)if_nametoindex(interface);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0) {
        die(interface);
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2) {
        errno = EINVAL;
        die("arguments");
    }
    open_socket(argv[1]);
    measure_send();
    measure_receive();
    measure_round_trip();
    return 0;
}
