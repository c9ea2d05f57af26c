/* SPDX-License-Identifier: ISC */
/* config.c: VM and vCPU configuration objects, and the questions that need no VM. */
#include "hvt.h"

static void test_ipa_sizes(void **state)
{
    uint32_t max = 0;
    uint32_t def = 0;

    (void)state;
    HVT_OK(hv_vm_config_get_max_ipa_size(&max));
    HVT_OK(hv_vm_config_get_default_ipa_size(&def));
    /* 36 and 40 on most Macs, 42 at most so far. */
    assert_in_range(def, 32, 48);
    assert_in_range(max, 36, 52);
    assert_true(def <= max);
}

static void test_config_ipa_size(void **state)
{
    uint32_t max = 0;
    uint32_t def = 0;
    uint32_t bits = 0;
    hv_vm_config_t config = hv_vm_config_create();

    (void)state;
    assert_non_null(config);
    HVT_OK(hv_vm_config_get_max_ipa_size(&max));
    HVT_OK(hv_vm_config_get_default_ipa_size(&def));
    HVT_OK(hv_vm_config_get_ipa_size(config, &bits));
    assert_int_equal(bits, def);

    HVT_OK(hv_vm_config_set_ipa_size(config, max));
    HVT_OK(hv_vm_config_get_ipa_size(config, &bits));
    assert_int_equal(bits, max);

    HVT_REFUSED(hv_vm_config_set_ipa_size(config, max + 1));
    HVT_OK(hv_vm_config_get_ipa_size(config, &bits));
    assert_int_equal(bits, max);
    os_release(config);
}

static void test_config_is_counted(void **state)
{
    hv_vm_config_t config = hv_vm_config_create();
    uint32_t bits = 0;

    (void)state;
    assert_non_null(config);
    assert_ptr_equal(os_retain(config), config);
    os_release(config);
    HVT_OK(hv_vm_config_get_ipa_size(config, &bits));
    os_release(config);
}

/* Where EL2 is supported it can be asked for, where not it is refused. */
static void test_config_el2(void **state)
{
    bool supported = true;
    bool enabled = true;
    hv_vm_config_t config = hv_vm_config_create();

    (void)state;
    assert_non_null(config);
    HVT_OK(hv_vm_config_get_el2_supported(&supported));
    HVT_OK(hv_vm_config_get_el2_enabled(config, &enabled));
    assert_false(enabled);
    HVT_OK(hv_vm_config_set_el2_enabled(config, false));
    if (supported) {
        HVT_OK(hv_vm_config_set_el2_enabled(config, true));
    } else {
        /* Either here or when the VM is made: sources don't say. */
        hv_return_t ret = hv_vm_config_set_el2_enabled(config, true);
        if (ret == HV_SUCCESS) {
            HVT_REFUSED(hv_vm_create(config));
        }
    }
    os_release(config);
}

static void test_config_granule(void **state)
{
    hv_ipa_granule_t granule = HV_IPA_GRANULE_4KB;
    hv_vm_config_t config = hv_vm_config_create();

    (void)state;
    assert_non_null(config);
    HVT_OK(hv_vm_config_get_default_ipa_granule(&granule));
    assert_int_equal(granule, HV_IPA_GRANULE_16KB);
    granule = HV_IPA_GRANULE_4KB;
    HVT_OK(hv_vm_config_get_ipa_granule(config, &granule));
    assert_int_equal(granule, HV_IPA_GRANULE_16KB);
    HVT_OK(hv_vm_config_set_ipa_granule(config, HV_IPA_GRANULE_16KB));
    HVT_OK(hv_vm_config_get_ipa_granule(config, &granule));
    assert_int_equal(granule, HV_IPA_GRANULE_16KB);
    os_release(config);
}

static void test_max_vcpu_count(void **state)
{
    uint32_t count = 0;

    (void)state;
    HVT_OK(hv_vm_get_max_vcpu_count(&count));
    assert_true(count >= 1);
}

static uint64_t feature(hv_vcpu_config_t config, hv_feature_reg_t reg)
{
    uint64_t value = 0;

    HVT_OK(hv_vcpu_config_get_feature_reg(config, reg, &value));
    return value;
}

static void test_feature_registers(void **state)
{
    hv_vcpu_config_t config = hv_vcpu_config_create();
    uint64_t pfr0;
    uint64_t mmfr0;

    (void)state;
    assert_non_null(config);
    pfr0 = feature(config, HV_FEATURE_REG_ID_AA64PFR0_EL1);
    /* EL0 and EL1 exist: AArch64 only (1) or AArch32 too (2). */
    assert_in_range(pfr0 & 0xf, 1, 2);
    assert_in_range(pfr0 >> 4 & 0xf, 1, 2);
    mmfr0 = feature(config, HV_FEATURE_REG_ID_AA64MMFR0_EL1);
    /* PARange: at least 36 bits. */
    assert_in_range(mmfr0 & 0xf, 1, 7);
    /* DebugVer: Armv8 debug at least. */
    assert_true((feature(config, HV_FEATURE_REG_ID_AA64DFR0_EL1) & 0xf) >= 6);
    /* Bit 31 of CTR_EL0 is RES1. */
    assert_true((feature(config, HV_FEATURE_REG_CTR_EL0) >> 31 & 1) == 1);
    (void)feature(config, HV_FEATURE_REG_ID_AA64DFR1_EL1);
    (void)feature(config, HV_FEATURE_REG_ID_AA64ISAR0_EL1);
    (void)feature(config, HV_FEATURE_REG_ID_AA64ISAR1_EL1);
    (void)feature(config, HV_FEATURE_REG_ID_AA64MMFR1_EL1);
    (void)feature(config, HV_FEATURE_REG_ID_AA64MMFR2_EL1);
    (void)feature(config, HV_FEATURE_REG_ID_AA64PFR1_EL1);
    (void)feature(config, HV_FEATURE_REG_CLIDR_EL1);
    (void)feature(config, HV_FEATURE_REG_DCZID_EL0);
    os_release(config);
}

static void test_unknown_feature_register(void **state)
{
    hv_vcpu_config_t config = hv_vcpu_config_create();
    uint64_t value = 1234;

    (void)state;
    assert_non_null(config);
    HVT_REFUSED(hv_vcpu_config_get_feature_reg(config, (hv_feature_reg_t)9999, &value));
    assert_int_equal(value, 1234);
    os_release(config);
}

/* CLIDR_EL1 says which levels exist; CCSIDR_EL1 of those has a line size. */
static void test_cache_sizes(void **state)
{
    hv_vcpu_config_t config = hv_vcpu_config_create();
    uint64_t data[8] = {0};
    uint64_t code[8] = {0};

    (void)state;
    assert_non_null(config);
    HVT_OK(hv_vcpu_config_get_ccsidr_el1_sys_reg_values(config, HV_CACHE_TYPE_DATA, data));
    HVT_OK(hv_vcpu_config_get_ccsidr_el1_sys_reg_values(config, HV_CACHE_TYPE_INSTRUCTION, code));
    os_release(config);
}

int hvt_group_config(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipa_sizes),         cmocka_unit_test(test_config_ipa_size),
        cmocka_unit_test(test_config_is_counted), cmocka_unit_test(test_config_el2),
        cmocka_unit_test(test_config_granule),    cmocka_unit_test(test_max_vcpu_count),
        cmocka_unit_test(test_feature_registers), cmocka_unit_test(test_unknown_feature_register),
        cmocka_unit_test(test_cache_sizes),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
