/* SPDX-License-Identifier: ISC */
/*
 * paths-linux.c: the system's folders on Linux.
 */
#include "paths-system.h"

#include <errno.h>
#include <unistd.h>

const struct system_paths system_paths = {
    .etc = "/etc/paddock",
    .state = "/var/lib/paddock",
    .run = "/run/paddock",
    .log = "/var/log/paddock",
    .socket = "/run/paddock/control.sock",
};

int paths_own_program(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size);

    if (n < 0) {
        return -errno;
    }
    if ((size_t)n >= size) {
        return -ENAMETOOLONG;
    }
    out[n] = '\0';
    return 0;
}
