/* SPDX-License-Identifier: ISC */
/*
 * activate: runs a program as systemd runs a service that it activates by a socket.
 *
 *     activate [-l PATH] [-d PATH] [-n ADDRESS] COMMAND [ARGUMENT...]
 *
 * -l listens at PATH and passes the socket on as descriptor 3, -d passes a datagram socket instead; LISTEN_FDS and
 * LISTEN_PID say so. -n has NOTIFY_SOCKET be ADDRESS, a path or, with "@" first, an abstract name; what arrives there
 * goes to standard output, each line after "notify: ", until the command has ended.
 *
 * The command keeps this process's id; another process, which is not its child, listens for it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3 /* systemd's SD_LISTEN_FDS_START */

static void fail(const char *what)
{
    fprintf(stderr, "activate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int bind_to(const char *address, int type)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t length = strlen(address);
    int fd = socket(AF_UNIX, type, 0);

    if (length >= sizeof(a.sun_path)) {
        errno = ENAMETOOLONG;
        fail(address);
    }
    memcpy(a.sun_path, address, length);
    if (address[0] == '@') {
        a.sun_path[0] = '\0';
    }
    length += offsetof(struct sockaddr_un, sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, (socklen_t)length) != 0) {
        fail(address);
    }
    return fd;
}

static void print_lines(char *text)
{
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        printf("notify: %s\n", line);
    }
    fflush(stdout);
}

/* Until nobody has the other end of `alive` any more, and all that was sent is read. */
static void listen_until_end(int notify, int alive)
{
    char text[4096];
    ssize_t n;

    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(notify, &set);
        FD_SET(alive, &set);
        if (select((notify > alive ? notify : alive) + 1, &set, NULL, NULL, NULL) < 0) {
            continue;
        }
        while ((n = recv(notify, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
            text[n] = '\0';
            print_lines(text);
        }
        if (FD_ISSET(alive, &set)) {
            return;
        }
    }
}

static void begin_to_listen(const char *address)
{
    int notify = bind_to(address, SOCK_DGRAM), alive[2];
    pid_t pid = -1;

    if (pipe(alive) != 0 || (pid = fork()) < 0) {
        fail("notify");
    }
    if (pid == 0) {
        close(alive[1]);
        if (fork() == 0) {
            listen_until_end(notify, alive[0]);
        }
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    close(notify);
    close(alive[0]);
    /* The other end stays open in the command. */
    if (alive[1] == FIRST_FD && dup(FIRST_FD) < 0) {
        fail("dup");
    }
    setenv("NOTIFY_SOCKET", address, 1);
}

static void pass_on(int fd)
{
    char pid[32];

    if (fd != FIRST_FD && (dup2(fd, FIRST_FD) < 0 || close(fd) != 0)) {
        fail("dup2");
    }
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
}

int main(int argc, char **argv)
{
    const char *notify = NULL;
    int fd = -1, c;

    while ((c = getopt(argc, argv, "+l:d:n:")) != -1) {
        switch (c) {
        case 'l':
            fd = bind_to(optarg, SOCK_STREAM);
            if (listen(fd, 16) != 0) {
                fail(optarg);
            }
            break;
        case 'd': fd = bind_to(optarg, SOCK_DGRAM); break;
        case 'n': notify = optarg; break;
        default: return 2;
        }
    }
    if (optind == argc) {
        fprintf(stderr, "usage: activate [-l PATH] [-d PATH] [-n ADDRESS] COMMAND...\n");
        return 2;
    }
    if (notify != NULL) {
        begin_to_listen(notify);
    }
    if (fd >= 0) {
        pass_on(fd);
    }
    execvp(argv[optind], argv + optind);
    fail(argv[optind]);
}
