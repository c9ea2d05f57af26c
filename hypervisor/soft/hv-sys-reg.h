/* SPDX-License-Identifier: ISC */
/*
 * hv-sys-reg.h: which system registers the VMM may name.
 *
 * The CPU has more (sysreg.h): the counter, PSTATE's fields, the GIC's. The framework's hv_sys_reg_t lists those that make
 * up a vCPU's state, and the others are no such register, so that a VMM that reads one fails here as it would on a Mac.
 */
#ifndef SOFTHV_HV_SYS_REG_H
#define SOFTHV_HV_SYS_REG_H

#include <stdbool.h>

#include <Hypervisor/Hypervisor.h>

/* Pure. has_gic: the VM has one, and with it the physical timer. Registers of EL2 and SME are never offered. */
bool hv_sys_reg_offered(hv_sys_reg_t reg, bool has_gic);

#endif
