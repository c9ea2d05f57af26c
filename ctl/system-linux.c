/* SPDX-License-Identifier: ISC */
/*
 * system-linux.c: the system's daemon where systemd runs it.
 */
#include "system.h"

const struct client_system client_system = {
    .socket = "/run/paddock/control.sock",
    .start = "sudo systemctl start paddock",
};
