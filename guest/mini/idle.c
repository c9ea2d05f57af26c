/* SPDX-License-Identifier: ISC */
/* idle: every vCPU waits for an interrupt that never comes. It knows no power button. */
#include "mini.h"

static void wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

void guest_main(void)
{
    guest_on_all("idle", wait);
}
