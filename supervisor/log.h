/* SPDX-License-Identifier: ISC */
/*
 * log.h: the daemon's log: one line a happening, with the VM it is about.
 *
 *   2026-11-21T12:46:33.123Z warning builder-1 kq3f7…: the guest never acknowledged the stop request
 *
 * or as JSON {"time", "level", "vm", "id", "message"}. To standard error (launchd and systemd take it
 * from there) and, when a file is given, to it as well. Control bytes are escaped.
 */
#ifndef PADDOCK_LOG_H
#define PADDOCK_LOG_H

#include <stdbool.h>
#include <syslog.h> /* LOG_ERR and so on */

struct vm;

void log_setup(int level, bool json);
void log_to_file(const char *path); /* NULL: standard error alone */

/* vm may be NULL. */
void log_say(int level, const struct vm *vm, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
