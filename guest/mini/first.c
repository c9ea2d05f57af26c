/* SPDX-License-Identifier: ISC */
/*
 * first: a line as early as a guest can print one, for the time from a VM's start to its first
 * instruction. It uses nothing that QEMU's virt board has not, and stays until it was measured.
 */
#include "mini.h"

void guest_main(void)
{
    put("bench: first begin\n");
    guest_linger();
}
