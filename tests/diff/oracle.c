/* SPDX-License-Identifier: ISC */
/* The qemu-aarch64 process of the differential test: see oracle.h. */
#include "oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A file without a name, in memory where there is such a place. */
static int open_shared_file(void)
{
    char in_memory[] = "/dev/shm/hv-diff-XXXXXX", on_disk[] = "/tmp/hv-diff-XXXXXX";
    char *path = in_memory;
    int fd = mkstemp(path);

    if (fd < 0) {
        path = on_disk;
        fd = mkstemp(path);
    }
    if (fd >= 0)
        unlink(path);
    return fd;
}

static void run_guest(const char *qemu, const char *cpu, const char *guest, int shared, int in,
                      int out)
{
    char text[3][16];

    snprintf(text[0], sizeof text[0], "%d", shared);
    snprintf(text[1], sizeof text[1], "%d", in);
    snprintf(text[2], sizeof text[2], "%d", out);
    /* A small stack, because it lies where cases may point by chance. */
    execlp(qemu, qemu, "-cpu", cpu, "-s", "131072", guest, text[0], text[1], text[2], (char *)NULL);
    fprintf(stderr, "hv-diff: %s: %s\n", qemu, strerror(errno));
    _exit(127);
}

int oracle_open(struct oracle *o, const char *qemu, const char *cpu, const char *guest)
{
    int commands[2] = {-1, -1}, answers[2] = {-1, -1};
    int shared_fd = open_shared_file();
    void *p = MAP_FAILED;

    memset(o, 0, sizeof *o);
    o->cpu = cpu;
    if (shared_fd < 0 || ftruncate(shared_fd, sizeof *o->shared))
        goto fail;
    p = mmap(NULL, sizeof *o->shared, PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd, 0);
    if (p == MAP_FAILED || pipe(commands) || pipe(answers))
        goto fail;
    /* Our ends must not live on in the other oracle, or this one would not see us go. */
    if (fcntl(commands[1], F_SETFD, FD_CLOEXEC) || fcntl(answers[0], F_SETFD, FD_CLOEXEC))
        goto fail;
    fflush(NULL);
    o->pid = fork();
    if (o->pid < 0)
        goto fail;
    if (o->pid == 0)
        run_guest(qemu, cpu, guest, shared_fd, commands[0], answers[1]);
    close(shared_fd);
    close(commands[0]);
    close(answers[1]);
    o->shared = p;
    o->command_fd = commands[1];
    o->answer_fd = answers[0];
    return 0;

fail:
    fprintf(stderr, "hv-diff: starting the oracle: %s\n", strerror(errno));
    if (p != MAP_FAILED)
        munmap(p, sizeof *o->shared);
    for (int i = 0; i < 2; i++) {
        if (commands[i] >= 0)
            close(commands[i]);
        if (answers[i] >= 0)
            close(answers[i]);
    }
    if (shared_fd >= 0)
        close(shared_fd);
    return -1;
}

int oracle_start(struct oracle *o, uint32_t first, uint32_t count)
{
    struct diff_command command = {first, count};

    if (write(o->command_fd, &command, sizeof command) != (ssize_t)sizeof command) {
        fprintf(stderr, "hv-diff: the oracle (-cpu %s) takes no commands: %s\n", o->cpu,
                strerror(errno));
        return -1;
    }
    return 0;
}

int oracle_wait(struct oracle *o, int seconds)
{
    struct pollfd p = {.fd = o->answer_fd, .events = POLLIN};
    char byte;
    int n;

    do {
        n = poll(&p, 1, seconds * 1000);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        fprintf(stderr, "hv-diff: no answer from the oracle (-cpu %s) for %d s\n", o->cpu, seconds);
        return -1;
    }
    if (n < 0 || read(o->answer_fd, &byte, 1) != 1) {
        fprintf(stderr, "hv-diff: the oracle (-cpu %s) has gone\n", o->cpu);
        return -1;
    }
    return 0;
}

void oracle_close(struct oracle *o)
{
    if (!o->shared)
        return;
    close(o->command_fd);
    close(o->answer_fd);
    kill(o->pid, SIGKILL);
    waitpid(o->pid, NULL, 0);
    munmap(o->shared, sizeof *o->shared);
    o->shared = NULL;
}
