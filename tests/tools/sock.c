/* SPDX-License-Identifier: ISC */
/*
 * sock: the host's end of connections in tests.
 *
 *     sock echo ADDRESS          listens, says "listening", and sends back what each connection
 *                                sends, one after the other, until its end; goes on until a signal
 *     sock talk ADDRESS BYTES    connects; stdin goes to the peer, what it sends to stdout; closes
 *                                after BYTES bytes of the peer
 *
 * ADDRESS is a path (with a slash) or IPv4:PORT. The write side of `talk` stays open behind the last
 * byte of stdin, so that a peer that takes a half-closed connection for its end still answers.
 * Status 0, or 1 with a sentence on stderr.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run-flow.h"

#define BUFFER 262144u

union address {
    struct sockaddr any;
    struct sockaddr_un un;
    struct sockaddr_in in;
};

static int failed(const char *what)
{
    fprintf(stderr, "sock: %s: %s\n", what, strerror(errno));
    return -1;
}

/* The address's size; 0: it is none. */
static socklen_t parse(const char *text, union address *a)
{
    char host[64];
    const char *colon = strrchr(text, ':');

    memset(a, 0, sizeof(*a));
    if (strchr(text, '/') != NULL) {
        if (strlen(text) >= sizeof(a->un.sun_path)) {
            return 0;
        }
        a->un.sun_family = AF_UNIX;
        memcpy(a->un.sun_path, text, strlen(text) + 1);
        return sizeof(a->un);
    }
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host)) {
        return 0;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    a->in.sin_family = AF_INET;
    a->in.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return inet_pton(AF_INET, host, &a->in.sin_addr) == 1 ? (socklen_t)sizeof(a->in) : 0;
}

/* Waits until something can be moved, and moves it. How many bytes were read, or -1. */
static ssize_t move(struct run_flow *flow, size_t count)
{
    struct pollfd p[4];
    ssize_t total = 0;

    for (size_t i = 0; i < count; i++) {
        p[2 * i].fd = run_flow_wants_read(&flow[i]) ? flow[i].from : -1;
        p[2 * i].events = POLLIN;
        p[2 * i + 1].fd = run_flow_wants_write(&flow[i]) ? flow[i].to : -1;
        p[2 * i + 1].events = POLLOUT;
    }
    while (poll(p, (nfds_t)(2 * count), -1) < 0) {
        if (errno != EINTR) {
            return failed("poll");
        }
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes;
        size_t n = 0;

        if (p[2 * i].revents != 0) {
            run_flow_read(&flow[i], &bytes, &n);
        }
        if (p[2 * i + 1].revents != 0) {
            run_flow_write(&flow[i]);
        }
        total = (ssize_t)n; /* the last flow's */
    }
    return total;
}

static int echo_one(int fd)
{
    struct run_flow flow;
    int rc = 0;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!run_flow_open(&flow, fd, fd, BUFFER)) {
        return failed("echo");
    }
    while (rc == 0 && !run_flow_done(&flow)) {
        rc = move(&flow, 1) < 0 ? -1 : 0;
    }
    run_flow_close(&flow);
    return rc;
}

static int echo(const union address *a, socklen_t size, const char *text)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM, 0);
    int on = 1;

    if (fd < 0) {
        return failed("socket");
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &a->any, size) != 0 || listen(fd, 64) != 0) {
        return failed(text);
    }
    puts("listening");
    fflush(stdout);
    for (;;) {
        int peer = accept(fd, NULL, NULL);

        if (peer < 0) {
            return failed("accept");
        }
        if (echo_one(peer) != 0) {
            return -1;
        }
        close(peer);
    }
}

static int talk(const union address *a, socklen_t size, const char *text, unsigned long wanted)
{
    struct run_flow flow[2];
    int fd = socket(a->any.sa_family, SOCK_STREAM, 0);
    unsigned long got = 0;
    ssize_t n;

    if (fd < 0 || connect(fd, &a->any, size) != 0) {
        return failed(text);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!run_flow_open(&flow[0], STDIN_FILENO, fd, BUFFER) ||
        !run_flow_open(&flow[1], fd, STDOUT_FILENO, BUFFER)) {
        return failed("talk");
    }
    while (got < wanted && !run_flow_done(&flow[1])) {
        n = move(flow, 2);
        if (n < 0) {
            return -1;
        }
        got += (unsigned long)n;
    }
    close(fd);
    flow[1].ended = true;
    while (!run_flow_done(&flow[1])) {
        run_flow_write(&flow[1]);
    }
    if (got != wanted) {
        fprintf(stderr, "sock: the peer sent %lu bytes instead of %lu\n", got, wanted);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    union address a;
    socklen_t size = argc >= 3 ? parse(argv[2], &a) : 0;
    int rc;

    signal(SIGPIPE, SIG_IGN);
    if (size != 0 && argc == 3 && strcmp(argv[1], "echo") == 0) {
        rc = echo(&a, size, argv[2]);
    } else if (size != 0 && argc == 4 && strcmp(argv[1], "talk") == 0) {
        rc = talk(&a, size, argv[2], strtoul(argv[3], NULL, 10));
    } else {
        fputs("usage: sock echo ADDRESS | sock talk ADDRESS BYTES\n", stderr);
        return 2;
    }
    return rc == 0 ? 0 : 1;
}
