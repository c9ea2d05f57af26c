/* SPDX-License-Identifier: ISC */
/*
 * test-hv-api.c: what the conformance tests cannot ask of Apple's framework:
 * NULL where its header allows none, the exact error codes that ours names,
 * and the knobs of hv-soft.h.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <Hypervisor/hv-soft.h>

#define RAM           UINT64_C(0x40000000)
#define RAM_SIZE      UINT64_C(0x8000)
#define WFI           UINT32_C(0xd503207f)
#define HVC_1         UINT32_C(0xd4000022)
#define MRS_X0_CNTVCT UINT32_C(0xd53be040)

#define BAD(call)     assert_int_equal((call), HV_BAD_ARGUMENT)
#define OK(call)      assert_int_equal((call), HV_SUCCESS)

struct vm {
    uint32_t *ram;
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;
};

static void open_vm(struct vm *vm, hv_vm_config_t config)
{
    void *p = NULL;

    OK(hv_vm_create(config));
    OK(hv_vm_allocate(&p, RAM_SIZE, HV_ALLOCATE_DEFAULT));
    vm->ram = p;
    OK(hv_vm_map(p, RAM, RAM_SIZE, HV_MEMORY_READ | HV_MEMORY_EXEC));
    OK(hv_vcpu_create(&vm->vcpu, &vm->exit, NULL));
    OK(hv_vcpu_set_reg(vm->vcpu, HV_REG_PC, RAM));
}

static void close_vm(struct vm *vm)
{
    OK(hv_vcpu_destroy(vm->vcpu));
    OK(hv_vm_destroy());
    OK(hv_vm_deallocate(vm->ram, RAM_SIZE));
}

/* ---- NULL ------------------------------------------------------------- */

static void test_null_configs(void **state)
{
    uint32_t bits;
    uint64_t value;
    bool flag;
    hv_ipa_granule_t granule;

    (void)state;
    BAD(hv_vm_config_get_max_ipa_size(NULL));
    BAD(hv_vm_config_get_default_ipa_size(NULL));
    BAD(hv_vm_config_set_ipa_size(NULL, 36));
    BAD(hv_vm_config_get_ipa_size(NULL, &bits));
    BAD(hv_vm_config_get_el2_supported(NULL));
    BAD(hv_vm_config_get_el2_enabled(NULL, &flag));
    BAD(hv_vm_config_set_el2_enabled(NULL, false));
    BAD(hv_vm_config_get_default_ipa_granule(NULL));
    BAD(hv_vm_config_get_ipa_granule(NULL, &granule));
    BAD(hv_vm_config_set_ipa_granule(NULL, HV_IPA_GRANULE_16KB));
    BAD(hv_vm_get_max_vcpu_count(NULL));
    BAD(hv_vcpu_config_get_feature_reg(NULL, HV_FEATURE_REG_CTR_EL0, &value));
    BAD(hv_vcpu_config_get_ccsidr_el1_sys_reg_values(NULL, HV_CACHE_TYPE_DATA, &value));
    BAD(hv_gic_config_set_distributor_base(NULL, 0));
    BAD(hv_gic_config_set_redistributor_base(NULL, 0));
    BAD(hv_gic_config_set_msi_region_base(NULL, 0));
    BAD(hv_gic_config_set_msi_interrupt_range(NULL, 64, 1));
    BAD(hv_gic_get_distributor_size(NULL));
    BAD(hv_gic_get_distributor_base_alignment(NULL));
    BAD(hv_gic_get_redistributor_size(NULL));
    BAD(hv_gic_get_redistributor_region_size(NULL));
    BAD(hv_gic_get_redistributor_base_alignment(NULL));
    BAD(hv_gic_get_msi_region_size(NULL));
    BAD(hv_gic_get_msi_region_base_alignment(NULL));
    BAD(hv_gic_get_spi_interrupt_range(NULL, &bits));
    BAD(hv_gic_get_spi_interrupt_range(&bits, NULL));
    BAD(hv_gic_get_intid(HV_GIC_INT_EL1_VIRTUAL_TIMER, NULL));
    BAD(hv_soft_config_set_wfi_exits(NULL, true));
    os_release(NULL);
}

static void test_null_vm_arguments(void **state)
{
    struct vm vm = {0};
    hv_vcpu_exit_t *exit = NULL;

    (void)state;
    open_vm(&vm, NULL);
    BAD(hv_vm_map(NULL, UINT64_C(0x50000000), RAM_SIZE, HV_MEMORY_READ));
    BAD(hv_vm_map(vm.ram, UINT64_C(0x50000000), RAM_SIZE, 8));
    BAD(hv_vm_protect(RAM, RAM_SIZE, 8));
    BAD(hv_vm_map(vm.ram, UINT64_C(0x50000000), 0, HV_MEMORY_READ));
    BAD(hv_vm_unmap(RAM, 0));
    BAD(hv_vm_unmap(RAM + RAM_SIZE, RAM_SIZE)); /* not mapped */
    BAD(hv_vm_protect(RAM, 2 * RAM_SIZE, 0));   /* half of it not */
    BAD(hv_vm_allocate(NULL, RAM_SIZE, HV_ALLOCATE_DEFAULT));
    BAD(hv_vm_deallocate(NULL, RAM_SIZE));
    BAD(hv_vcpu_create(NULL, &exit, NULL));
    BAD(hv_vcpu_create(&vm.vcpu, NULL, NULL));
    BAD(hv_vcpu_get_reg(vm.vcpu, HV_REG_X0, NULL));
    BAD(hv_vcpu_get_simd_fp_reg(vm.vcpu, HV_SIMD_FP_REG_Q0, NULL));
    BAD(hv_vcpu_get_sys_reg(vm.vcpu, HV_SYS_REG_SP_EL1, NULL));
    BAD(hv_vcpu_get_pending_interrupt(vm.vcpu, HV_INTERRUPT_TYPE_IRQ, NULL));
    BAD(hv_vcpu_get_trap_debug_exceptions(vm.vcpu, NULL));
    BAD(hv_vcpu_get_trap_debug_reg_accesses(vm.vcpu, NULL));
    BAD(hv_vcpu_get_vtimer_mask(vm.vcpu, NULL));
    BAD(hv_vcpu_get_vtimer_offset(vm.vcpu, NULL));
    BAD(hv_vcpu_get_exec_time(vm.vcpu, NULL));
    BAD(hv_vcpus_exit(NULL, 1));
    OK(hv_vcpus_exit(NULL, 0));
    BAD(hv_gic_create(NULL));
    vm.ram[0] = HVC_1;
    OK(hv_vcpu_run(vm.vcpu));
    assert_int_equal(vm.exit->exception.syndrome >> 26, 0x16);
    close_vm(&vm);
}

/* ---- Codes ------------------------------------------------------------ */

static void test_codes_without_vm(void **state)
{
    hv_vcpu_t vcpu = 0;
    hv_vcpu_exit_t *exit = NULL;
    static uint32_t page[1];

    (void)state;
    assert_int_equal(hv_vm_destroy(), HV_NO_DEVICE);
    assert_int_equal(hv_vm_map(page, RAM, RAM_SIZE, HV_MEMORY_READ), HV_NO_DEVICE);
    assert_int_equal(hv_vm_unmap(RAM, RAM_SIZE), HV_NO_DEVICE);
    assert_int_equal(hv_vm_protect(RAM, RAM_SIZE, 0), HV_NO_DEVICE);
    assert_int_equal(hv_vcpu_create(&vcpu, &exit, NULL), HV_NO_DEVICE);
    assert_int_equal(hv_vcpus_exit(&vcpu, 1), HV_NO_DEVICE);
    assert_int_equal(hv_gic_reset(), HV_NO_DEVICE);
    assert_int_equal(hv_gic_set_spi(40, true), HV_NO_DEVICE);
}

static void test_codes_of_the_wrong_order(void **state)
{
    struct vm vm = {0};
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;
    hv_gic_config_t gic = hv_gic_config_create();

    (void)state;
    assert_non_null(gic);
    OK(hv_gic_config_set_distributor_base(gic, UINT64_C(0x8000000)));
    OK(hv_gic_config_set_redistributor_base(gic, UINT64_C(0x10000000)));
    assert_int_equal(hv_gic_create(gic), HV_NO_DEVICE);
    open_vm(&vm, NULL);
    assert_int_equal(hv_vm_create(NULL), HV_BUSY);
    assert_int_equal(hv_vm_destroy(), HV_BUSY);
    assert_int_equal(hv_vcpu_create(&vcpu, &exit, NULL), HV_BUSY);
    assert_int_equal(hv_gic_create(gic), HV_BUSY);
    os_release(gic);
    close_vm(&vm);
}

static void test_el2_unsupported(void **state)
{
    hv_vm_config_t config = hv_vm_config_create();
    bool flag = true;

    (void)state;
    assert_non_null(config);
    OK(hv_vm_config_get_el2_supported(&flag));
    assert_false(flag);
    assert_int_equal(hv_vm_config_set_el2_enabled(config, true), HV_UNSUPPORTED);
    os_release(config);
}

/* ---- hv-soft.h -------------------------------------------------------- */

static void test_version(void **state)
{
    (void)state;
    assert_true(strncmp(hv_soft_version(), "softhv ", 7) == 0);
}

/* What a WFI does. A parked vCPU is had back by its timer; one that should not have parked
 * stays, and the test's deadline ends it. */
static void check_wfi(hv_vm_config_t config, bool exits)
{
    struct vm vm = {0};
    uint64_t pc = 0;

    open_vm(&vm, config);
    vm.ram[0] = WFI;
    vm.ram[1] = HVC_1;
    OK(hv_vcpu_set_vtimer_mask(vm.vcpu, false));
    if (!exits) {
        uint64_t now = 0;

        vm.ram[2] = MRS_X0_CNTVCT;
        vm.ram[3] = HVC_1;
        OK(hv_vcpu_set_reg(vm.vcpu, HV_REG_PC, RAM + 8));
        OK(hv_vcpu_run(vm.vcpu));
        OK(hv_vcpu_get_reg(vm.vcpu, HV_REG_X0, &now));
        OK(hv_vcpu_set_sys_reg(vm.vcpu, HV_SYS_REG_CNTV_CVAL_EL0, now + 240000));
        OK(hv_vcpu_set_sys_reg(vm.vcpu, HV_SYS_REG_CNTV_CTL_EL0, 1));
        OK(hv_vcpu_set_reg(vm.vcpu, HV_REG_PC, RAM));
        OK(hv_vcpu_run(vm.vcpu));
        assert_int_equal(vm.exit->reason, HV_EXIT_REASON_VTIMER_ACTIVATED);
    } else {
        OK(hv_vcpu_run(vm.vcpu));
        assert_int_equal(vm.exit->reason, HV_EXIT_REASON_EXCEPTION);
        assert_int_equal(vm.exit->exception.syndrome, UINT64_C(0x07e00000));
        OK(hv_vcpu_get_reg(vm.vcpu, HV_REG_PC, &pc));
        assert_int_equal(pc, RAM);
    }
    close_vm(&vm);
}

static void test_wfi_by_config(void **state)
{
    hv_vm_config_t config = hv_vm_config_create();

    (void)state;
    assert_non_null(config);
    check_wfi(config, false);
    OK(hv_soft_config_set_wfi_exits(config, true));
    check_wfi(config, true);
    OK(hv_soft_config_set_wfi_exits(config, false));
    check_wfi(config, false);
    os_release(config);
}

static void test_wfi_by_environment(void **state)
{
    hv_vm_config_t config;

    (void)state;
    assert_int_equal(unsetenv("SOFTHV_WFI"), 0);
    check_wfi(NULL, false);
    assert_int_equal(setenv("SOFTHV_WFI", "exit", 1), 0);
    check_wfi(NULL, true);
    config = hv_vm_config_create();
    assert_non_null(config);
    check_wfi(config, true);
    OK(hv_soft_config_set_wfi_exits(config, false)); /* told, it is the config that counts */
    check_wfi(config, false);
    os_release(config);
    assert_int_equal(setenv("SOFTHV_WFI", "park", 1), 0);
    check_wfi(NULL, false);
    assert_int_equal(setenv("SOFTHV_WFI", "nonsense", 1), 0);
    check_wfi(NULL, false);
    assert_int_equal(unsetenv("SOFTHV_WFI"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_configs),     cmocka_unit_test(test_null_vm_arguments),
        cmocka_unit_test(test_codes_without_vm), cmocka_unit_test(test_codes_of_the_wrong_order),
        cmocka_unit_test(test_el2_unsupported),  cmocka_unit_test(test_version),
        cmocka_unit_test(test_wfi_by_config),    cmocka_unit_test(test_wfi_by_environment),
    };
    return cmocka_run_group_tests_name("hv-api", tests, NULL, NULL);
}
