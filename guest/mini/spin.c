/* SPDX-License-Identifier: ISC */
/* spin: every vCPU computes for ever and never leaves the guest by itself. */
#include "mini.h"

static void spin(void)
{
    for (unsigned i = 0; i < 1000; i++) {
        __asm__ volatile("" ::: "memory");
    }
}

void guest_main(void)
{
    guest_on_all("spin", spin);
}
