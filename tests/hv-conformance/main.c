/* SPDX-License-Identifier: ISC */
/*
 * main.c: the contract of the hypervisor API, as a program.
 *
 * Where the machine has no hypervisor to test (a Mac without virtualisation or
 * the program without its entitlement) it says "not run" and leaves with
 * status 77, which the test runner counts as skipped. softhv always runs, so
 * the two codes that mean this are the only ones accepted for it.
 */
#include "hvt.h"

#include <stdio.h>

int main(void)
{
    hv_return_t ret = hv_vm_create(NULL);
    int failed = 0;

    if (ret == HV_DENIED || ret == HV_UNSUPPORTED) {
        printf("not run: hv_vm_create: %s\n", hvt_error_name(ret));
        return 77;
    }
    if (ret != HV_SUCCESS || (ret = hv_vm_destroy()) != HV_SUCCESS) {
        printf("no VM can be made: %s (0x%08x)\n", hvt_error_name(ret), (unsigned)ret);
        return 1;
    }

    failed += hvt_group_abi();
    failed += hvt_group_config();
    failed += hvt_group_vm();
    failed += hvt_group_memory();
    failed += hvt_group_vcpu();
    failed += hvt_group_regs();
    failed += hvt_group_exits();
    failed += hvt_group_mmu();
    failed += hvt_group_interrupt();
    failed += hvt_group_timer();
    failed += hvt_group_wfi();
    failed += hvt_group_gic();
    failed += hvt_group_gic_irq();
    return failed != 0;
}
