/* SPDX-License-Identifier: ISC */
/*
 * usage-linux.c: /proc/PID/stat (proc(5)). See usage.h.
 */
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int usage_get(pid_t pid, struct usage *out)
{
    char path[64], text[1024];
    const char *rest;
    uint64_t user, kernel;
    int64_t pages;
    ssize_t n;
    int fd;

    *out = (struct usage){0};
    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? -ESRCH : -errno;
    }
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0) {
        return -ESRCH;
    }
    text[n] = '\0';
    rest = strrchr(text, ')'); /* the command before it may contain anything */
    /* Fields 3 to 24; 14, 15 and 24 are the ones. */
    if (rest == NULL || sscanf(rest + 1,
                               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                               " %*d %*d %*d %*d %*d %*d %*u %*u %" SCNd64,
                               &user, &kernel, &pages) != 3) {
        return -EPROTO;
    }
    int64_t ticks = sysconf(_SC_CLK_TCK);
    out->cpu_us = (int64_t)(user + kernel) * 1000000 / (ticks > 0 ? ticks : 100);
    out->resident = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return 0;
}
