/* SPDX-License-Identifier: ISC */
/*
 * hostile-client.c: sends broken requests to a control socket, while a second connection must be answered.
 *
 *   hostile-client SOCKET COUNT [SEED]
 *
 * Each broken request is a valid one with bytes changed, cut, doubled or made long; one in eight comes with descriptors,
 * whether it wants them or not; some connections end in the middle of a line. After each of those, and after every hundred requests, the other connection asks for the daemon's version; the longest time that took
 * is printed. Ends with 1 if it was not answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "rights.h"

#define WAIT_MS 10000

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static int dial(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        fprintf(stderr, "hostile-client: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* How long the answer took; -1: none came. */
static int64_t ask(int fd)
{
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"daemon.version\"}\n";
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t begin = now_us();
    char buf[4096];
    ssize_t n;

    if (write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1) {
        return -1;
    }
    do {
        if (poll(&p, 1, WAIT_MS) <= 0 || (n = read(fd, buf, sizeof(buf))) <= 0) {
            return -1;
        }
    } while (buf[n - 1] != '\n');
    return now_us() - begin;
}

#define CALL(method, params)                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}\n"
#define CALL_FDS(method, count, params)                                                            \
    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"" method "\",\"fds\":" count                   \
    ",\"params\":{" params "}}\n"

static size_t make(char *out, size_t room)
{
    static const char *const valid[] = {
        CALL("vm.list", "\"state\":\"running\""),
        CALL("vm.list", "\"label\":[\"a\",\"b=c\"],\"name\":\"s*\""),
        CALL_FDS("vm.create", "1",
                 "\"config\":{\"cpus\":1,\"memory\":\"64MiB\",\"kernel\":\"/k\"},\"start\":true"),
        CALL_FDS("vm.create", "2",
                 "\"config\":{\"name\":\"b\",\"disks\":[\"/d:ro\"]},\"key\":\"k\""),
        CALL("vm.wait", "\"name\":\"steady\",\"until\":\"changed\",\"timeout_ms\":5"),
        CALL("vm.inspect", "\"name\":\"steady\""),
        CALL("vm.logs", "\"name\":\"steady\",\"boot\":0"),
        CALL("vm.stats", ""),
        CALL_FDS("vm.console", "1", "\"name\":\"steady\",\"force\":true"),
        CALL_FDS("vm.start", "2", "\"name\":\"a\",\"files\":[\"kernel\",\"disk0\"]"),
        CALL("vm.stop", "\"name\":\"a\",\"force\":true,\"timeout_ms\":1"),
        CALL("vm.restart", "\"name\":\"a\""),
        CALL("vm.remove", "\"name\":\"a\",\"force\":true"),
        CALL("vm.autostart", "\"name\":\"a\",\"on\":true"),
        CALL("events.list", "\"since\":0,\"limit\":10"),
        CALL("events.subscribe", "\"since\":0,\"name\":\"steady\""),
        CALL("daemon.status", ""),
        CALL("daemon.config", "\"defaults\":true"),
    };
    const char *from = valid[draw(sizeof(valid) / sizeof(valid[0]))];
    size_t size = strlen(from);

    memcpy(out, from, size);
    for (uint32_t i = 1 + draw(4); i > 0; i--) {
        switch (draw(4)) {
        case 0: out[draw((uint32_t)size)] = (char)draw(256); break;
        case 1: out[draw((uint32_t)size)] = "{}[]\",:\\0-"[draw(10)]; break;
        case 2: size = 1 + draw((uint32_t)size); break;
        default:
            if (size * 2 < room) {
                memcpy(out + size, out, size);
                size *= 2;
            }
        }
    }
    return size;
}

/* A file, a device and a stream: what requests want, and what they do not. */
static void open_some(const char *file, int fd[4])
{
    fd[0] = open(file, O_RDONLY);
    fd[1] = open("/dev/null", O_RDWR);
    if (fd[0] < 0 || fd[1] < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, fd + 2) != 0) {
        perror("hostile-client");
        exit(1);
    }
}

static bool send_one(int to, char *text, size_t size, const int some[4])
{
    struct iovec part = {.iov_base = text, .iov_len = size};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    union rights_control control;
    int fd[3];
    size_t count = draw(8) == 0 ? 1 + draw(3) : 0;

    for (size_t i = 0; i < count; i++) {
        fd[i] = some[draw(4)];
    }
    rights_attach(&msg, &control, fd, count);
    return sendmsg(to, &msg, RIGHTS_SEND_FLAGS) == (ssize_t)size;
}

int main(int argc, char **argv)
{
    char text[65536];
    int some[4];
    int64_t worst = 0;
    int fd = -1, other;

    if (argc < 3) {
        fprintf(stderr, "usage: hostile-client SOCKET COUNT [SEED]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    other = dial(argv[1]);
    open_some(argv[0], some);
    for (long i = 0, count = strtol(argv[2], NULL, 10); i < count; i++) {
        size_t size = make(text, sizeof(text));
        fd = fd >= 0 ? fd : dial(argv[1]);
        /* Answers are never read: the connection ends when either side has had enough. */
        if (!send_one(fd, text, size, some) || draw(20) == 0) {
            close(fd);
            fd = -1;
        }
        /* At each end, too, so that the daemon is done with this connection before the next. */
        if (fd < 0 || i % 100 == 99) {
            int64_t us = ask(other);
            if (us < 0) {
                fprintf(stderr, "hostile-client: after %ld requests the other is not answered\n",
                        i + 1);
                return 1;
            }
            worst = us > worst ? us : worst;
        }
    }
    printf("answered the other after %lld us at most\n", (long long)worst);
    return 0;
}
