/* SPDX-License-Identifier: ISC */
/* lost: maps its own RAM, and then reads where the page tables are said to be outside of RAM. */
#include "mini.h"

#define NO_RAM UINT64_C(0x10000000)
#define BLOCK  (UINT64_C(1) << 10 | UINT64_C(3) << 8 | 1u) /* accessed, shareable */

static uint64_t tables[512] __attribute__((aligned(4096))); /* a GiB each */

void guest_main(void)
{
    put("mini: lost\n");
    tables[1] = UINT64_C(0x40000000) | BLOCK;
    __asm__ volatile("msr ttbr0_el1, %0\n"
                     "msr ttbr1_el1, %1\n"
                     "msr tcr_el1, %2\n"
                     "msr mair_el1, %3\n"
                     "dsb sy\n"
                     "isb\n"
                     "msr sctlr_el1, %4\n"
                     "isb\n"
                     "ldr xzr, [%5]" ::"r"(tables),
                     "r"(NO_RAM), "r"(UINT64_C(2) << 32 | UINT64_C(2) << 30 | 25u << 16 | 25u),
                     "r"(UINT64_C(0xff)), "r"(UINT64_C(1)), "r"(UINT64_C(0xffffff8000000000))
                     : "memory");
}
