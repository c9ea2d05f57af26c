/* SPDX-License-Identifier: ISC */
/*
 * activation.h: the listening socket that the system's own supervisor opened for us, and telling it how we are.
 */
#ifndef PADDOCK_ACTIVATION_H
#define PADDOCK_ACTIVATION_H

/* The descriptor, close-on-exec; -1: there is none. launchd's is the one called "Listeners". */
int activation_socket(void);

/* "READY=1", "STOPPING=1", ...: sd_notify(3) where NOTIFY_SOCKET is set, else nothing. */
void activation_notify(const char *state);

#endif
