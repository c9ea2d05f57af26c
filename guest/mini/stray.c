/* SPDX-License-Identifier: ISC */
/* stray: runs off to where there is no RAM. */
#include "mini.h"

void guest_main(void)
{
    put("mini: stray\n");
    __asm__ volatile("br %0" ::"r"(UINT64_C(0x10000000)));
}
