/* SPDX-License-Identifier: ISC */
/*
 * cmdline.h: the kernel's command line: ours, the user's, ours again. Pure.
 *
 * `console=ttyS0` comes first, so that the kernel speaks on a device that is there; a console= of
 * the user's comes later and so becomes /dev/console. `panic=-1` comes last, because the kernel
 * keeps the last one: a panic must end in a reset for the worker to see it. What follows " -- " is
 * for init and stays behind ours.
 */
#ifndef VMM_CMDLINE_H
#define VMM_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/* arm64's COMMAND_LINE_SIZE. */
#define CMDLINE_SIZE 2048u

/* Composes into out. 0; -E2BIG: too long; -EINVAL: an open quote, or a character that is not printable
 * ASCII, in the user's part. */
int cmdline_compose(const char *user, char out[CMDLINE_SIZE]);

/* Whether the kernel makes hvc0 its /dev/console: of the user's words `console=hvc0` and
 * `console=ttyS0`, with options or without, the last one counts. */
bool cmdline_wants_hvc(const char *user);

#endif
