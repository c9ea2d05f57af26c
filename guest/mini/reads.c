/* SPDX-License-Identifier: ISC */
/*
 * reads: reads the clock's count register so many times, for the time that an MMIO exit takes. QEMU's
 * virt board has the same clock at the same address. The lines are those of tests/bench/guest/main.c.
 */
#include "mini.h"

#define READS UINT64_C(4000000)

void guest_main(void)
{
    put("bench: mmio begin\n");
    for (uint64_t i = 0; i < READS; i++) {
        (void)read32(RTC);
    }
    put("bench: mmio end 0 ");
    put_number(READS);
    put("\n");
    guest_linger();
}
