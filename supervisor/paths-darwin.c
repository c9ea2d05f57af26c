/* SPDX-License-Identifier: ISC */
/*
 * paths-darwin.c: the system's folders on macOS.
 */
#include "paths-system.h"

#include <errno.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The socket is beside its folder: /var/run is empty after each boot, and launchd, which binds the socket before the
 * daemon runs, makes no folders. */
const struct system_paths system_paths = {
    .etc = "/etc/paddock",
    .state = "/var/db/paddock",
    .run = "/var/run/paddock",
    .log = "/var/log/paddock",
    .socket = "/var/run/paddock.sock",
};

int paths_own_program(char *out, size_t size)
{
    char called[PATH_MAX], real[PATH_MAX];
    uint32_t room = sizeof(called);

    if (_NSGetExecutablePath(called, &room) != 0) {
        return -ENAMETOOLONG;
    }
    if (realpath(called, real) == NULL) {
        return -errno;
    }
    if (strlen(real) >= size) {
        return -ENAMETOOLONG;
    }
    memcpy(out, real, strlen(real) + 1);
    return 0;
}
