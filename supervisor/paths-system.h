/* SPDX-License-Identifier: ISC */
/*
 * paths-system.h: what paths.c takes from the operating system (paths-linux.c, paths-darwin.c).
 */
#ifndef PADDOCK_PATHS_SYSTEM_H
#define PADDOCK_PATHS_SYSTEM_H

#include <stddef.h>

struct system_paths {
    const char *etc, *state, *run, *log;
    const char
        *socket; /* where vmctl looks, and what the service manager opens (systemd/, launchd/) */
};

extern const struct system_paths system_paths;

/* The canonical path of the program that runs. 0 or a negative errno. */
int paths_own_program(char *out, size_t size);

#endif
