/* SPDX-License-Identifier: ISC */
/*
 * vm.c: the life of the VM: one per process, what needs it, what must come
 * before and after. "An error changes nothing" is shown by using the VM
 * afterwards.
 */
#include "hvt.h"

/* A guest that proves that VM, mapping and vCPU work. */
static void prove_alive(struct hvt *t)
{
    const uint32_t code[] = {
        a64_add(0, 1, 2),
        a64_hvc(0x77),
    };

    hvt_set_reg(t, HV_REG_X1, 40);
    hvt_set_reg(t, HV_REG_X2, 2);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 0x77);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 42);
}

static void test_guest_runs(void **state)
{
    prove_alive(*state);
}

static void test_one_vm_per_process(void **state)
{
    struct hvt *t = *state;

    /* Which code is not documented: HV_BUSY here, HV_EXISTS or another there. */
    HVT_REFUSED(hv_vm_create(NULL));
    prove_alive(t);
}

static void test_second_vm_with_config_refused(void **state)
{
    struct hvt *t = *state;
    hv_vm_config_t config = hv_vm_config_create();

    assert_non_null(config);
    HVT_REFUSED(hv_vm_create(config));
    os_release(config);
    prove_alive(t);
}

static void test_vm_again_after_destroy(void **state)
{
    struct hvt *t = *state;

    hvt_drop_vcpu(t);
    HVT_OK(hv_vm_unmap(HVT_RAM, HVT_RAM_SIZE));
    HVT_OK(hv_vm_destroy());
    t->has_vm = false;

    HVT_OK(hv_vm_create(NULL));
    t->has_vm = true;
    hvt_map_ram(t);
    hvt_make_vcpu(t);
    prove_alive(t);
}

/* Mappings go with the VM: the same IPA is free in the next one. */
static void test_destroy_drops_mappings(void **state)
{
    struct hvt *t = *state;

    hvt_drop_vcpu(t);
    HVT_OK(hv_vm_destroy());
    t->has_vm = false;
    HVT_OK(hv_vm_create(NULL));
    t->has_vm = true;
    hvt_map_ram(t);
    hvt_make_vcpu(t);
    prove_alive(t);
}

static void test_destroy_with_vcpu_refused(void **state)
{
    struct hvt *t = *state;

    HVT_REFUSED(hv_vm_destroy());
    prove_alive(t);
}

static void test_config_may_go_after_create(void **state)
{
    struct hvt *t = *state;
    hv_vm_config_t config = hv_vm_config_create();

    assert_non_null(config);
    HVT_OK(hv_vm_create(config));
    t->has_vm = true;
    os_release(config);
    hvt_make_ram(t);
    hvt_map_ram(t);
    hvt_make_vcpu(t);
    prove_alive(t);
}

static void test_without_vm(void **state)
{
    static uint8_t page[2 * HVT_GRANULE];
    hv_vcpu_t vcpu = 0;
    hv_vcpu_exit_t *exit = NULL;
    uint8_t *aligned = page + (HVT_GRANULE - (uintptr_t)page % HVT_GRANULE);

    (void)state;
    HVT_REFUSED(hv_vm_destroy());
    HVT_REFUSED(hv_vm_map(aligned, HVT_RAM, HVT_GRANULE, HV_MEMORY_READ));
    HVT_REFUSED(hv_vm_unmap(HVT_RAM, HVT_GRANULE));
    HVT_REFUSED(hv_vm_protect(HVT_RAM, HVT_GRANULE, HV_MEMORY_READ));
    HVT_REFUSED(hv_vcpu_create(&vcpu, &exit, NULL));
    HVT_REFUSED(hv_gic_set_spi(40, true));
    HVT_REFUSED(hv_gic_reset());
    HVT_REFUSED(hv_vcpu_run(0));
    assert_null(exit);

    HVT_OK(hv_vm_create(NULL));
    HVT_OK(hv_vm_destroy());
}

/* As many bits of IPA as were asked for, and not one more. */
static void test_configured_ipa_size(void **state)
{
    struct hvt *t = *state;
    uint32_t max = 0;
    hv_vm_config_t config = hv_vm_config_create();
    const uint64_t rights = HV_MEMORY_READ | HV_MEMORY_WRITE;

    assert_non_null(config);
    HVT_OK(hv_vm_config_get_max_ipa_size(&max));
    HVT_OK(hv_vm_config_set_ipa_size(config, max));
    HVT_OK(hv_vm_create(config));
    t->has_vm = true;
    os_release(config);
    hvt_make_ram(t);
    HVT_OK(hv_vm_map(t->ram, (UINT64_C(1) << max) - HVT_GRANULE, HVT_GRANULE, rights));
    HVT_REFUSED(hv_vm_map(t->ram + HVT_GRANULE, UINT64_C(1) << max, HVT_GRANULE, rights));
    HVT_OK(hv_vm_unmap((UINT64_C(1) << max) - HVT_GRANULE, HVT_GRANULE));
}

int hvt_group_vm(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_vm, hvt_setup_nothing, hvt_teardown),
        cmocka_unit_test_setup_teardown(test_guest_runs, hvt_setup_vcpu, hvt_teardown),
        cmocka_unit_test_setup_teardown(test_one_vm_per_process, hvt_setup_vcpu, hvt_teardown),
        cmocka_unit_test_setup_teardown(test_second_vm_with_config_refused, hvt_setup_vcpu,
                                        hvt_teardown),
        cmocka_unit_test_setup_teardown(test_vm_again_after_destroy, hvt_setup_vcpu, hvt_teardown),
        cmocka_unit_test_setup_teardown(test_destroy_drops_mappings, hvt_setup_vcpu, hvt_teardown),
        cmocka_unit_test_setup_teardown(test_destroy_with_vcpu_refused, hvt_setup_vcpu,
                                        hvt_teardown),
        cmocka_unit_test_setup_teardown(test_config_may_go_after_create, hvt_setup_nothing,
                                        hvt_teardown),
        cmocka_unit_test_setup_teardown(test_configured_ipa_size, hvt_setup_nothing, hvt_teardown),
    };
    return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
