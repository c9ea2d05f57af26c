/* SPDX-License-Identifier: ISC */
/*
 * system-darwin.c: the system's daemon where launchd runs it.
 */
#include "system.h"

const struct client_system client_system = {
    .socket = "/var/run/paddock.sock",
    .start = "sudo launchctl kickstart -k system/org.paddock.paddockd",
};
