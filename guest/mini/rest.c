/* SPDX-License-Identifier: ISC */
/*
 * rest: a line, and WFI for ever. Like first it uses nothing that QEMU's virt board has not, the boot
 * timer included: the benchmarks start many of it on both.
 */
#include "mini.h"

void guest_main(void)
{
    put("mini: rest\n");
    for (;;) {
        __asm__ volatile("wfi" ::: "memory");
    }
}
