/* SPDX-License-Identifier: ISC */
/* panic: ends as a Linux kernel does that panics under panic=-1. */
#include "mini.h"

void guest_main(void)
{
    put("[    0.000001] Kernel panic - not syncing: mini guest\r\n");
    guest_reset();
}
