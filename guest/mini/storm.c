/* SPDX-License-Identifier: ISC */
/* storm: every vCPU reads the clock for ever, so that it spends its time in MMIO exits. */
#include "mini.h"

static void read_clock(void)
{
    (void)read32(RTC);
}

void guest_main(void)
{
    guest_on_all("storm", read_clock);
}
