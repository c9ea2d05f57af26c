/* SPDX-License-Identifier: ISC */
/*
 * hv-config.h: what a hv_vm_config_t holds. Made by hv-config.c, read by hv_vm_create.
 */
#ifndef SOFTHV_HV_CONFIG_H
#define SOFTHV_HV_CONFIG_H

#include <stdbool.h>

#include <Hypervisor/Hypervisor.h>

#include "object.h"

struct hv_vm_config_s {
    struct object object;
    uint32_t ipa_bits;
    hv_ipa_granule_t granule;
    bool wfi_exits;
};

/* Fills in the defaults, SOFTHV_WFI of the environment among them; leaves the object header alone.
 */
void hv_config_defaults(hv_vm_config_t config);

#endif
