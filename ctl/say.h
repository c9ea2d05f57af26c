/* SPDX-License-Identifier: ISC */
/*
 * say.h: what vmctl says to people. All of it goes to standard error: standard output is data alone.
 *
 * Colour only where standard error is a terminal, TERM is not "dumb" and NO_COLOR is empty or not set.
 */
#ifndef PADDOCK_CTL_SAY_H
#define PADDOCK_CTL_SAY_H

#include <stdbool.h>
#include <stdio.h>

#include "failure.h"

/* The exit statuses that are vmctl's own; the others are failure_exit_status()'s. */
enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NO_SUCH_VM = 3,
    STATUS_WRONG_STATE = 4,
    STATUS_OVER_BUDGET = 5,
    STATUS_UNREACHABLE = 6,
    STATUS_DENIED = 7,
    STATUS_TIMED_OUT = 124
};

/* porcelain: errors are {"error": {"code", "message", "hint"}}, one a line, and there are no notes. */
void say_set(bool porcelain, bool quiet);
bool say_is_porcelain(void);

/* "vmctl: MESSAGE" and, below it, the hint, which may be NULL. Returns the failure's exit status. */
int say_error(enum failure f, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For wrong command lines: names the help of `verb` (NULL: vmctl's). Returns STATUS_USAGE. */
int say_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "TEXT ... 3 s" on a terminal that obeys control sequences, rewritten each second by say_progress_tick and gone at say_progress_end. */
void say_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_progress_tick(void);
void say_progress_end(void);

/* Asks on the terminal; false where there is none on both standard input and standard error. */
bool say_can_ask(void);
bool say_ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool say_obeys(FILE *stream); /* a terminal whose TERM is set, and not "dumb" */
bool say_color(FILE *stream);

#endif
