/* SPDX-License-Identifier: ISC */
/*
 * activation-darwin.c: launchd's sockets (launch_activate_socket(3)).
 */
#include "activation.h"

#include <fcntl.h>
#include <launch.h>
#include <stdlib.h>
#include <unistd.h>

int activation_socket(void)
{
    int *fds = NULL, fd = -1;
    size_t count = 0;

    if (launch_activate_socket("Listeners", &fds, &count) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0) {
            fd = fds[i];
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        } else {
            close(fds[i]);
        }
    }
    free(fds);
    return fd;
}

void activation_notify(const char *state)
{
    (void)state;
}
