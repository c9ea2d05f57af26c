/* SPDX-License-Identifier: ISC */
/*
 * dns-answer: a name server for tests that knows one name.
 *
 *     dns-answer IPv4 PORT NAME ADDRESS
 *
 * Answers queries for NAME's A record with ADDRESS, for its other records with none, and for other
 * names with NXDOMAIN (RFC 1035, 4.1). Says "listening"; ends by a signal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADER = 12,
    TYPE_A = 1,
    NXDOMAIN = 3,
    PACKET = 512
};

/* The question's name in its dotted form. The offset behind it, or 0. */
static size_t read_name(const uint8_t *p, size_t size, char *name, size_t room)
{
    size_t at = HEADER, used = 0;

    while (at < size && p[at] != 0) {
        size_t label = p[at++];
        if (label > 63 || label > size - at || used + label + 2 > room) {
            return 0;
        }
        if (used != 0) {
            name[used++] = '.';
        }
        memcpy(name + used, p + at, label);
        used += label;
        at += label;
    }
    name[used] = '\0';
    return at < size ? at + 1 : 0;
}

/* Turns the query into its answer. The answer's size, or 0: say nothing. */
static size_t answer(uint8_t *p, size_t size, const char *known, const struct in_addr *address)
{
    static const uint8_t record[] = {0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4};
    char name[256];
    size_t end = size > HEADER ? read_name(p, size, name, sizeof(name)) : 0;
    bool is_known, has_record;

    if (end == 0 || size - end < 4 || (p[2] & 0x80) != 0) {
        return 0;
    }
    is_known = strcasecmp(name, known) == 0;
    has_record = is_known && p[end] == 0 && p[end + 1] == TYPE_A;
    end += 4;
    p[2] |= 0x84; /* an answer, authoritative */
    p[3] = (uint8_t)(0x80 | (is_known ? 0 : NXDOMAIN));
    memset(p + 4, 0, HEADER - 4);
    p[5] = 1;
    p[7] = has_record;
    if (has_record) {
        memcpy(p + end, record, sizeof(record));
        memcpy(p + end + sizeof(record), &address->s_addr, 4);
        end += sizeof(record) + 4;
    }
    return end;
}

int main(int argc, char **argv)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct in_addr address;
    uint8_t packet[PACKET + 64];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (argc != 5 || inet_pton(AF_INET, argv[1], &own.sin_addr) != 1 ||
        inet_pton(AF_INET, argv[4], &address) != 1) {
        fputs("usage: dns-answer IPv4 PORT NAME ADDRESS\n", stderr);
        return 2;
    }
    own.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0) {
        fprintf(stderr, "dns-answer: %s\n", strerror(errno));
        return 1;
    }
    puts("listening");
    fflush(stdout);
    for (;;) {
        struct sockaddr_in peer;
        socklen_t peer_size = sizeof(peer);
        ssize_t got = recvfrom(fd, packet, PACKET, 0, (struct sockaddr *)&peer, &peer_size);
        size_t size = got > 0 ? answer(packet, (size_t)got, argv[3], &address) : 0;

        if (size != 0) {
            sendto(fd, packet, size, 0, (struct sockaddr *)&peer, peer_size);
        }
    }
}
