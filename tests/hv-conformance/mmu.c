/* SPDX-License-Identifier: ISC */
/*
 * mmu.c: the guest's own translation (Arm ARM D8) as far as a VMM sees it:
 * that system registers set from outside take effect, and that exits carry
 * virtual and physical addresses apart.
 */
#include "hvt.h"

#include <string.h>

/* Short names for the map of hvt_mmu_tables(). */
#define ALIAS     HVT_VA_ALIAS
#define DEVICES   HVT_VA_DEVICES
#define READ_ONLY HVT_VA_READ_ONLY

#define SCTLR_M   UINT64_C(1)
#define SCTLR_ON  UINT64_C(0x1005) /* M, and C and I for the caches */

static void put64(struct hvt *t, uint64_t offset, uint64_t value)
{
    memcpy(t->ram + offset, &value, sizeof(value));
}

static void test_off_is_flat(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1)};

    hvt_mmu_tables(t);
    hvt_set_reg(t, HV_REG_X1, ALIAS + HVT_DATA);
    HVT_ENTER(t, code);
    hvt_run_exception(t, 0x24); /* an IPA where nothing is */
    assert_int_equal(t->exit->exception.physical_address, ALIAS + HVT_DATA);
}

static void test_turned_on_from_outside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1)};

    put64(t, HVT_DATA, 0x1234);
    hvt_mmu_on(t);
    hvt_set_reg(t, HV_REG_X1, ALIAS + HVT_DATA);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 0x1234);
}

static void test_turned_on_and_off_by_the_guest(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(3, HV_SYS_REG_SCTLR_EL1),
        a64_msr(HV_SYS_REG_SCTLR_EL1, 4),
        a64_isb(),
        a64_ldst(A64_X, A64_LD, 0, 1, 0), /* by the alias */
        a64_msr(HV_SYS_REG_SCTLR_EL1, 3),
        a64_isb(),
        a64_ldst(A64_X, A64_LD, 2, 5, 0), /* by the IPA */
        a64_hvc(1),
    };

    put64(t, HVT_DATA, 0x4321);
    hvt_mmu_tables(t);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SCTLR_EL1) & SCTLR_M, 0);
    hvt_set_reg(t, HV_REG_X4, hvt_sys_reg(t, HV_SYS_REG_SCTLR_EL1) | SCTLR_ON);
    hvt_set_reg(t, HV_REG_X1, ALIAS + HVT_DATA);
    hvt_set_reg(t, HV_REG_X5, HVT_RAM + HVT_DATA);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 0x4321);
    assert_int_equal(hvt_reg(t, HV_REG_X2), 0x4321);
}

/* Executing through an alias: PC is virtual. */
static void test_pc_is_virtual(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_nop(), a64_hvc(1)};
    uint64_t ipa = hvt_load(t, code, 2);

    hvt_mmu_on(t);
    hvt_set_reg(t, HV_REG_PC, ipa - HVT_RAM + ALIAS);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_PC), ipa - HVT_RAM + ALIAS + 8);
}

static void test_abort_addresses(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_ldst(A64_W, A64_ST, 3, 1, 0), a64_hvc(1)};
    const uint64_t va = DEVICES + HVT_DEVICE + 0x1234;

    hvt_mmu_on(t);
    hvt_set_reg(t, HV_REG_X1, va);
    HVT_ENTER(t, code);
    hvt_run_exception(t, 0x24);
    assert_int_equal(t->exit->exception.virtual_address, va);
    assert_int_equal(t->exit->exception.physical_address, HVT_DEVICE + 0x1234);
    assert_int_equal(t->exit->exception.syndrome >> 24 & 1, 1); /* ISV */
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

/* Stage 1 faults are the guest's, not exits. */
static void test_stage_1_faults_stay_inside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_ldst(A64_X, A64_LD, 0, 1, 0)};
    const uint32_t vector[] = {a64_hvc(2)};

    hvt_mmu_on(t);
    HVT_VECTOR(t, 0x200, vector);
    hvt_set_reg(t, HV_REG_X1, UINT64_C(0x200000008));
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_FAR_EL1), UINT64_C(0x200000008));
    assert_int_equal(hvt_ec(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1)), 0x25);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1) & 0x3f, 0x05); /* level 1 */
}

static void test_stage_1_permission_stays_inside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_ldst(A64_X, A64_LD, 0, 1, 0),
        a64_ldst(A64_X, A64_ST, 0, 1, 0),
    };
    const uint32_t vector[] = {a64_hvc(2)};
    uint64_t pc;

    hvt_mmu_on(t);
    HVT_VECTOR(t, 0x200, vector);
    hvt_set_reg(t, HV_REG_X1, READ_ONLY + HVT_DATA);
    pc = HVT_ENTER(t, code);
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ELR_EL1), pc + 4);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1) & 0x7f, 0x4d); /* WnR, level 1 */
}

/* A table outside of memory: the walk itself ends the run. */
static void test_table_outside_memory(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_hvc(1)};
    uint64_t iss;

    hvt_mmu_on(t);
    hvt_set_sys_reg(t, HV_SYS_REG_TTBR0_EL1, HVT_DEVICE);
    HVT_ENTER(t, code);
    iss = hvt_iss(hvt_run_exception(t, 0x20));
    assert_int_equal(iss >> 7 & 1, 1); /* S1PTW */
    assert_int_equal(iss >> 2 & 0xf, 1);
    /* The page is told; what stands in the low bits is not said. */
    assert_int_equal(t->exit->exception.physical_address >> 12, HVT_DEVICE >> 12);
}

/* A table entry changed by the VMM, and TLBI by the guest. */
static void test_new_table_entry(void **state)
{
    struct hvt *t = *state;
    const uint32_t load[] = {a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1)};
    const uint32_t reload[] = {
        a64_msr(A64_TLBI_VMALLE1, A64_XZR), a64_dsb(),  a64_isb(),
        a64_ldst(A64_X, A64_LD, 0, 1, 0),   a64_hvc(1),
    };

    put64(t, HVT_DATA, 0x99);
    hvt_mmu_on(t);
    hvt_set_reg(t, HV_REG_X1, ALIAS + HVT_DATA);
    HVT_ENTER(t, load);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 0x99);
    hvt_mmu_entry(t, ALIAS, 0, true, false);
    HVT_ENTER(t, reload);
    hvt_run_exception(t, 0x24);
    assert_int_equal(t->exit->exception.physical_address, HVT_DATA);
    assert_int_equal(t->exit->exception.virtual_address, ALIAS + HVT_DATA);
}

#define MMU_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)

int hvt_group_mmu(void)
{
    const struct CMUnitTest tests[] = {
        MMU_TEST(test_off_is_flat),
        MMU_TEST(test_turned_on_from_outside),
        MMU_TEST(test_turned_on_and_off_by_the_guest),
        MMU_TEST(test_pc_is_virtual),
        MMU_TEST(test_abort_addresses),
        MMU_TEST(test_stage_1_faults_stay_inside),
        MMU_TEST(test_stage_1_permission_stays_inside),
        MMU_TEST(test_table_outside_memory),
        MMU_TEST(test_new_table_entry),
    };
    return cmocka_run_group_tests_name("mmu", tests, NULL, NULL);
}
