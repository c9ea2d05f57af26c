/* SPDX-License-Identifier: ISC */
/*
 * system.h: what the client takes from the operating system (system-linux.c, system-darwin.c).
 */
#ifndef PADDOCK_CTL_SYSTEM_H
#define PADDOCK_CTL_SYSTEM_H

struct client_system {
    const char *socket; /* of the system's daemon; the service's files have the same */
    const char *start;  /* the command that starts that daemon */
};

extern const struct client_system client_system;

#endif
