/* SPDX-License-Identifier: ISC */
/*
 * What softhv can do and Apple's framework cannot: choose between behaviours
 * on which the sources about the framework disagree, so that a VMM can be
 * tested against both. Only tests and tools include this; vmm-worker never.
 */
#ifndef HYPERVISOR_HV_SOFT_H
#define HYPERVISOR_HV_SOFT_H

#include <Hypervisor/Hypervisor.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How an idle vCPU behaves.
 *
 * false: WFI parks inside hv_vcpu_run() until an interrupt is pending for the
 *        vCPU (masked by PSTATE or not, as the architecture says), its timer
 *        fires or hv_vcpus_exit() is called. Nothing is seen outside.
 * true:  WFI with nothing pending leaves hv_vcpu_run() as an exception of
 *        EC 0x01 with PC on the instruction; the VMM waits and steps over it.
 *
 * Applies to the VM that is created from this config. Before it is told, a
 * config has what the environment variable SOFTHV_WFI says when it is created,
 * and hv_vm_create(NULL) what it says then: "park" or "exit"; unset or anything
 * else means park.
 *
 * HV_BAD_ARGUMENT: config is NULL.
 */
hv_return_t hv_soft_config_set_wfi_exits(hv_vm_config_t config, bool wfi_exits);

/*
 * How many bytes softhv sets aside for the decoded code of vCPU `index`: a mapping of its own, of
 * exactly this size, in the process that has the VM. Who lists a process's mappings can count the
 * engine's caches apart from the VMM by it.
 */
size_t hv_soft_code_cache_size(unsigned index);

/* A short printable name and version, such as "softhv 1". Static storage. */
const char *hv_soft_version(void);

#ifdef __cplusplus
}
#endif

#endif
