/* SPDX-License-Identifier: ISC */
/*
 * hv-config.c: hv_vm_config_*, hv_vcpu_config_* and the knobs of hv-soft.h.
 */
#include "hv-config.h"

#include <stdlib.h>
#include <string.h>

#include <Hypervisor/hv-soft.h>

#include "cpu.h"
#include "idreg.h"
#include "sysreg.h"
#include "vm.h"

struct hv_vcpu_config_s {
    struct object object;
};

hv_vm_config_t hv_vm_config_create(void)
{
    hv_vm_config_t config = object_new(OBJECT_VM_CONFIG, sizeof(*config));

    if (config != NULL) {
        hv_config_defaults(config);
    }
    return config;
}

void hv_config_defaults(hv_vm_config_t config)
{
    const char *wfi = getenv("SOFTHV_WFI");

    config->ipa_bits = VM_DEFAULT_IPA_BITS;
    config->granule = HV_IPA_GRANULE_16KB;
    config->wfi_exits = wfi != NULL && strcmp(wfi, "exit") == 0;
}

hv_return_t hv_vm_config_get_max_ipa_size(uint32_t *ipa_bit_length)
{
    if (ipa_bit_length == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *ipa_bit_length = VM_MAX_IPA_BITS;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_default_ipa_size(uint32_t *ipa_bit_length)
{
    if (ipa_bit_length == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *ipa_bit_length = VM_DEFAULT_IPA_BITS;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_set_ipa_size(hv_vm_config_t config, uint32_t ipa_bit_length)
{
    if (config == NULL || ipa_bit_length < VM_MIN_IPA_BITS || ipa_bit_length > VM_MAX_IPA_BITS) {
        return HV_BAD_ARGUMENT;
    }
    config->ipa_bits = ipa_bit_length;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_ipa_size(hv_vm_config_t config, uint32_t *ipa_bit_length)
{
    if (config == NULL || ipa_bit_length == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *ipa_bit_length = config->ipa_bits;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_el2_supported(bool *el2_supported)
{
    if (el2_supported == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *el2_supported = false;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_el2_enabled(hv_vm_config_t config, bool *el2_enabled)
{
    if (config == NULL || el2_enabled == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *el2_enabled = false;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_set_el2_enabled(hv_vm_config_t config, bool el2_enabled)
{
    if (config == NULL) {
        return HV_BAD_ARGUMENT;
    }
    return el2_enabled ? HV_UNSUPPORTED : HV_SUCCESS;
}

hv_return_t hv_vm_config_get_default_ipa_granule(hv_ipa_granule_t *granule)
{
    if (granule == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *granule = HV_IPA_GRANULE_16KB;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_ipa_granule(hv_vm_config_t config, hv_ipa_granule_t *granule)
{
    if (config == NULL || granule == NULL) {
        return HV_BAD_ARGUMENT;
    }
    *granule = config->granule;
    return HV_SUCCESS;
}

hv_return_t hv_vm_config_set_ipa_granule(hv_vm_config_t config, hv_ipa_granule_t granule)
{
    if (config == NULL || (granule != HV_IPA_GRANULE_4KB && granule != HV_IPA_GRANULE_16KB)) {
        return HV_BAD_ARGUMENT;
    }
    config->granule = granule;
    return HV_SUCCESS;
}

hv_return_t hv_soft_config_set_wfi_exits(hv_vm_config_t config, bool wfi_exits)
{
    if (config == NULL) {
        return HV_BAD_ARGUMENT;
    }
    config->wfi_exits = wfi_exits;
    return HV_SUCCESS;
}

const char *hv_soft_version(void)
{
    return "softhv 1";
}

hv_vcpu_config_t hv_vcpu_config_create(void)
{
    return object_new(OBJECT_VCPU_CONFIG, sizeof(struct hv_vcpu_config_s));
}

/* The key of each hv_feature_reg_t that is in the ID space. */
static const uint16_t feature_key[] = {
    [HV_FEATURE_REG_ID_AA64DFR0_EL1] = HV_SYS_REG_ID_AA64DFR0_EL1,
    [HV_FEATURE_REG_ID_AA64DFR1_EL1] = HV_SYS_REG_ID_AA64DFR1_EL1,
    [HV_FEATURE_REG_ID_AA64ISAR0_EL1] = HV_SYS_REG_ID_AA64ISAR0_EL1,
    [HV_FEATURE_REG_ID_AA64ISAR1_EL1] = HV_SYS_REG_ID_AA64ISAR1_EL1,
    [HV_FEATURE_REG_ID_AA64MMFR0_EL1] = HV_SYS_REG_ID_AA64MMFR0_EL1,
    [HV_FEATURE_REG_ID_AA64MMFR1_EL1] = HV_SYS_REG_ID_AA64MMFR1_EL1,
    [HV_FEATURE_REG_ID_AA64MMFR2_EL1] = HV_SYS_REG_ID_AA64MMFR2_EL1,
    [HV_FEATURE_REG_ID_AA64PFR0_EL1] = HV_SYS_REG_ID_AA64PFR0_EL1,
    [HV_FEATURE_REG_ID_AA64PFR1_EL1] = HV_SYS_REG_ID_AA64PFR1_EL1,
    [HV_FEATURE_REG_ID_AA64SMFR0_EL1] = HV_SYS_REG_ID_AA64SMFR0_EL1,
    [HV_FEATURE_REG_ID_AA64ZFR0_EL1] = HV_SYS_REG_ID_AA64ZFR0_EL1,
};

hv_return_t hv_vcpu_config_get_feature_reg(hv_vcpu_config_t config, hv_feature_reg_t feature_reg,
                                           uint64_t *value)
{
    if (config == NULL || value == NULL) {
        return HV_BAD_ARGUMENT;
    }
    switch (feature_reg) {
    case HV_FEATURE_REG_CTR_EL0: *value = IDREG_CTR_EL0; return HV_SUCCESS;
    case HV_FEATURE_REG_CLIDR_EL1: *value = IDREG_CLIDR_EL1; return HV_SUCCESS;
    case HV_FEATURE_REG_DCZID_EL0: *value = IDREG_DCZID_EL0; return HV_SUCCESS;
    default: break;
    }
    if (feature_reg >= sizeof(feature_key) / sizeof(feature_key[0])) {
        return HV_BAD_ARGUMENT;
    }
    *value = idreg_default(feature_key[feature_reg], VM_DEFAULT_IPA_BITS, false);
    return HV_SUCCESS;
}

hv_return_t hv_vcpu_config_get_ccsidr_el1_sys_reg_values(hv_vcpu_config_t config,
                                                         hv_cache_type_t cache_type,
                                                         uint64_t *values)
{
    if (config == NULL || values == NULL || cache_type > HV_CACHE_TYPE_INSTRUCTION) {
        return HV_BAD_ARGUMENT;
    }
    for (unsigned level = 0; level < 8; level++) {
        values[level] = idreg_ccsidr(level << 1 | cache_type);
    }
    return HV_SUCCESS;
}
