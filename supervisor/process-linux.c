/* SPDX-License-Identifier: ISC */
/*
 * process-linux.c: process identity from /proc (proc(5)). See process.h.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return -errno;
    }
    n = read(fd, out, size - 1);
    if (n < 0) {
        int err = -errno;
        close(fd);
        return err;
    }
    close(fd);
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return 0;
}

/* Fields of /proc/PID/stat are counted behind the last parenthesis, because a program's name may
 * hold anything: the state is the first (3), the start time the twentieth (22). */
static int read_stat(pid_t pid, char *state, uint64_t *start)
{
    char path[64], text[1024], *p;
    int err;

    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    err = read_text(path, text, sizeof(text));
    if (err != 0) {
        return err == -ENOENT ? -ESRCH : err;
    }
    p = strrchr(text, ')');
    if (p == NULL || p[1] != ' ' || p[2] == '\0') {
        return -EPROTO;
    }
    p += 2;
    *state = *p;
    for (int field = 3; field < 22; field++) {
        p = strchr(p, ' ');
        if (p == NULL) {
            return -EPROTO;
        }
        p++;
    }
    *start = strtoull(p, NULL, 10);
    return 0;
}

int process_identify(pid_t pid, struct vm_process *out)
{
    struct vm_process p = {.pid = pid};
    char state;
    int err = read_stat(pid, &state, &p.start);

    if (err == 0) {
        err = read_text("/proc/sys/kernel/random/boot_id", p.boot, sizeof(p.boot));
    }
    if (err == 0) {
        *out = p;
    }
    return err;
}

bool process_is_alive(const struct vm_process *p)
{
    struct vm_process now;
    uint64_t start;
    char state;

    return p->pid > 0 && process_identify(p->pid, &now) == 0 && now.start == p->start &&
           strcmp(now.boot, p->boot) == 0 && read_stat(p->pid, &state, &start) == 0 &&
           state != 'Z' && state != 'X';
}
