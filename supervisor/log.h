/* SPDX-License-Identifier: ISC */
/*
 * log.h: the daemon's log: one line a happening, with the VM it is about.
 *
 *   2026-11-21T12:46:33.123Z warning builder-1 kq3f7…: the guest never acknowledged the stop request
 *
 * or as JSON {"time", "level", "vm", "id", "message"}. To standard error, from where systemd takes it, or to a file
 * that cannot grow without end. Control bytes are escaped.
 */
#ifndef PADDOCK_LOG_H
#define PADDOCK_LOG_H

#include <stdbool.h>
#include <sys/types.h>
#include <syslog.h> /* LOG_ERR and so on */

struct vm;

void log_setup(int level, bool json);

#define LOG_FILE_MAX ((off_t)8 << 20)

/* Standard error becomes this file, so that whatever else is said there is in it, too. Beyond LOG_FILE_MAX it is renamed
 * to PATH.1, in place of the one before, and begun anew. `path` must stay; NULL: standard error stays what it is, and is
 * renamed no more. 0 or a negative errno. */
int log_to_file(const char *path);

/* vm may be NULL. */
void log_say(int level, const struct vm *vm, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
