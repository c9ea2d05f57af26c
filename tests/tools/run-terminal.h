/* SPDX-License-Identifier: ISC */
/*
 * run-terminal.h: the user's terminal in raw mode while a guest has it.
 *
 * It is put back by run_terminal_restore, which whoever leaves calls, and by the signals that
 * report a crash of our own. Nothing can do so for SIGKILL.
 */
#ifndef VMM_RUN_TERMINAL_H
#define VMM_RUN_TERMINAL_H

#include <stdbool.h>

#define RUN_TERMINAL_ESCAPE 0x1d /* Ctrl-] */

/* Whether stdin is a terminal and is raw now. */
bool run_terminal_raw(void);
/* Idempotent; also with nothing to restore. */
void run_terminal_restore(void);

#endif
