/* SPDX-License-Identifier: ISC */
/*
 * vsock-echo: the guest's end of vsock connections in tests.
 *
 *     vsock-echo listen PORT COUNT    says "listening"; sends back what COUNT connections send
 *     vsock-echo send PORT BYTES      connects to the host's PORT, sends BYTES bytes and checks that
 *                                     they come back; says "N bytes came back"
 *     vsock-echo refused PORT         says whether the host refuses the connection
 *     vsock-echo cid                  says which context id the guest has
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#define PIECE 40000u

static int failed(const char *what)
{
    printf("vsock: %s: %s\n", what, strerror(errno));
    return 1;
}

static int echo_one(int fd)
{
    static uint8_t buffer[PIECE];
    unsigned long total = 0;
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t wrote = write(fd, buffer + done, (size_t)(n - done));
            if (wrote <= 0) {
                return failed("write");
            }
            done += wrote;
        }
        total += (unsigned long)n;
    }
    close(fd);
    if (n < 0) {
        return failed("read");
    }
    printf("vsock: echoed %lu bytes\n", total);
    return 0;
}

static int listen_on(unsigned port, unsigned long count)
{
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_ANY};
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 16) != 0) {
        return failed("listen");
    }
    puts("vsock: listening");
    for (unsigned long i = 0; i < count; i++) {
        struct sockaddr_vm from = {0};
        socklen_t size = sizeof(from);
        int peer = accept(fd, (struct sockaddr *)&from, &size);

        if (peer < 0 || from.svm_cid != VMADDR_CID_HOST) {
            return failed("accept");
        }
        if (echo_one(peer) != 0) {
            return 1;
        }
    }
    return 0;
}

static int connect_to(unsigned port)
{
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_HOST};
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static uint8_t pattern(unsigned long at)
{
    return (uint8_t)(at * 31 ^ at >> 8);
}

/* Both directions at once, so that neither side waits for the other to read. */
static int send_and_check(unsigned port, unsigned long bytes)
{
    static uint8_t out[PIECE], in[PIECE];
    unsigned long sent = 0, got = 0;
    int fd = connect_to(port);

    if (fd < 0) {
        return failed("connect");
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        p.events |= sent < bytes ? POLLOUT : 0;
        poll(&p, 1, -1);
        if ((p.revents & POLLOUT) != 0 && sent < bytes) {
            size_t size = bytes - sent < PIECE ? bytes - sent : PIECE;
            for (size_t i = 0; i < size; i++) {
                out[i] = pattern(sent + i);
            }
            n = write(fd, out, size);
            if (n < 0 && errno != EAGAIN) {
                return failed("write");
            }
            sent += n > 0 ? (unsigned long)n : 0;
            if (sent == bytes) {
                shutdown(fd, SHUT_WR);
            }
        }
        if ((p.revents & (POLLIN | POLLHUP)) != 0) {
            n = read(fd, in, sizeof(in));
            if (n < 0 && errno != EAGAIN) {
                return failed("read");
            }
            for (ssize_t i = 0; i < n; i++) {
                if (in[i] != pattern(got + (unsigned long)i)) {
                    errno = EBADMSG;
                    return failed("echo");
                }
            }
            got += n > 0 ? (unsigned long)n : 0;
            if (n == 0) {
                break;
            }
        }
    }
    close(fd);
    printf("vsock: %lu bytes came back\n", got);
    return got == bytes ? 0 : 1;
}

static int refused(unsigned port)
{
    int fd = connect_to(port);

    printf("vsock: port %u: %s\n", port, fd >= 0 ? "connected" : strerror(errno));
    return fd >= 0;
}

static int print_cid(void)
{
    unsigned cid = 0;
    int fd = open("/dev/vsock", O_RDONLY);

    if (fd < 0 || ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) != 0) {
        return failed("/dev/vsock");
    }
    printf("vsock: cid %u\n", cid);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned port = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    unsigned long number = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && strcmp(argv[1], "listen") == 0) {
        return listen_on(port, number);
    }
    if (argc == 4 && strcmp(argv[1], "send") == 0) {
        return send_and_check(port, number);
    }
    if (argc == 3 && strcmp(argv[1], "refused") == 0) {
        return refused(port);
    }
    if (argc == 2 && strcmp(argv[1], "cid") == 0) {
        return print_cid();
    }
    puts("usage: vsock-echo listen|send|refused|cid ...");
    return 2;
}
