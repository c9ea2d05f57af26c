/* SPDX-License-Identifier: ISC */
/*
 * test-gic-api.c: the hv_gic_* functions where libhv names an exact answer: error codes, NULL, which
 * offsets are registers, places that memory and GIC dispute; and ICC registers that do not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <Hypervisor/Hypervisor.h>

#define RAM               UINT64_C(0x40000000)
#define RAM_SIZE          UINT64_C(0x8000)
#define DIST              UINT64_C(0x08000000)
#define MSI               UINT64_C(0x08020000)
#define REDIST            UINT64_C(0x080a0000)

#define BAD(call)         assert_int_equal((call), HV_BAD_ARGUMENT)
#define OK(call)          assert_int_equal((call), HV_SUCCESS)
#define UNSUPPORTED(call) assert_int_equal((call), HV_UNSUPPORTED)

struct machine {
    uint32_t *ram;
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;
};

static hv_gic_config_t config_at(hv_ipa_t dist, hv_ipa_t redist)
{
    hv_gic_config_t config = hv_gic_config_create();

    assert_non_null(config);
    OK(hv_gic_config_set_distributor_base(config, dist));
    OK(hv_gic_config_set_redistributor_base(config, redist));
    return config;
}

static void open_machine(struct machine *m, bool gic, bool msi)
{
    void *p = NULL;

    OK(hv_vm_create(NULL));
    OK(hv_vm_allocate(&p, RAM_SIZE, HV_ALLOCATE_DEFAULT));
    m->ram = p;
    OK(hv_vm_map(p, RAM, RAM_SIZE, HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC));
    if (gic) {
        hv_gic_config_t config = config_at(DIST, REDIST);
        if (msi) {
            OK(hv_gic_config_set_msi_region_base(config, MSI));
            OK(hv_gic_config_set_msi_interrupt_range(config, 100, 8));
        }
        OK(hv_gic_create(config));
        os_release(config);
    }
    OK(hv_vcpu_create(&m->vcpu, &m->exit, NULL));
}

static void close_machine(struct machine *m)
{
    OK(hv_vcpu_destroy(m->vcpu));
    OK(hv_vm_destroy());
    OK(hv_vm_deallocate(m->ram, RAM_SIZE));
}

/* ---- Where it may be ------------------------------------------------------------------------- */

static void try_places(hv_ipa_t dist, hv_ipa_t redist, hv_return_t expected)
{
    hv_gic_config_t config = config_at(dist, redist);

    OK(hv_vm_create(NULL));
    assert_int_equal(hv_gic_create(config), expected);
    if (expected != HV_SUCCESS) {
        /* It changed nothing: a good one can still be made. */
        hv_gic_config_t good = config_at(DIST, REDIST);
        assert_int_equal(hv_gic_reset(), HV_NO_DEVICE);
        OK(hv_gic_create(good));
        os_release(good);
    }
    assert_int_equal(hv_gic_create(config), HV_BUSY);
    OK(hv_vm_destroy());
    os_release(config);
}

static void test_places(void **state)
{
    const uint64_t end = UINT64_C(1) << 36; /* of the default IPA space */
    hv_gic_config_t config;

    (void)state;
    try_places(DIST, REDIST, HV_SUCCESS);
    try_places(0, REDIST, HV_SUCCESS);
    try_places(end - 0x10000, REDIST, HV_SUCCESS);
    try_places(end, REDIST, HV_BAD_ARGUMENT);
    try_places(DIST, end - 0x800000, HV_SUCCESS);
    try_places(DIST, end - 0x7f0000, HV_BAD_ARGUMENT);
    try_places(DIST, UINT64_C(0xffffffffffff0000), HV_BAD_ARGUMENT);
    try_places(DIST, DIST, HV_BAD_ARGUMENT);
    try_places(REDIST + 0x7f0000, REDIST, HV_BAD_ARGUMENT);
    try_places(REDIST + 0x800000, REDIST, HV_SUCCESS);

    /* Both frames are needed. */
    OK(hv_vm_create(NULL));
    config = hv_gic_config_create();
    BAD(hv_gic_create(config));
    OK(hv_gic_config_set_distributor_base(config, DIST));
    BAD(hv_gic_create(config));
    OK(hv_gic_config_set_redistributor_base(config, REDIST));
    /* A refused base leaves the one before. */
    BAD(hv_gic_config_set_distributor_base(config, DIST + 0x1000));
    OK(hv_gic_create(config));
    os_release(config);
    OK(hv_vm_destroy());
}

static void test_memory_and_gic_apart(void **state)
{
    hv_gic_config_t config;
    void *p = NULL;

    (void)state;
    OK(hv_vm_allocate(&p, RAM_SIZE, HV_ALLOCATE_DEFAULT));
    OK(hv_vm_create(NULL));
    OK(hv_vm_map(p, REDIST + 0x20000, RAM_SIZE, HV_MEMORY_READ));
    config = config_at(DIST, REDIST);
    BAD(hv_gic_create(config));
    OK(hv_vm_unmap(REDIST + 0x20000, RAM_SIZE));
    OK(hv_gic_create(config));
    os_release(config);
    BAD(hv_vm_map(p, REDIST + 0x20000, RAM_SIZE, HV_MEMORY_READ));
    BAD(hv_vm_map(p, DIST - 0x4000, RAM_SIZE, HV_MEMORY_READ));
    OK(hv_vm_map(p, DIST - RAM_SIZE, RAM_SIZE, HV_MEMORY_READ));
    OK(hv_vm_destroy());
    OK(hv_vm_deallocate(p, RAM_SIZE));
}

/* ---- Registers ------------------------------------------------------------------------------- */

static bool is_dist_reg(unsigned offset)
{
    return offset == 0 || offset == 4 || offset == 0xffe8 ||
           (offset >= 0x80 && offset < 0x400 && offset % 4 == 0) ||
           (offset >= 0x400 && offset < 0x7fc && offset % 4 == 0) ||
           (offset >= 0xc00 && offset < 0xd00 && offset % 4 == 0) ||
           (offset >= 0x6100 && offset < 0x7fe0 && offset % 8 == 0);
}

static bool is_redist_reg(unsigned offset)
{
    static const unsigned regs[] = {8,       0xffe8,  0x10080, 0x10100, 0x10180, 0x10200,
                                    0x10280, 0x10300, 0x10380, 0x10c00, 0x10c04};

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        if (offset == regs[i]) {
            return true;
        }
    }
    return offset >= 0x10400 && offset < 0x10420 && offset % 4 == 0;
}

static bool is_icc_reg(unsigned reg)
{
    static const unsigned regs[] = {0xc230, 0xc643, 0xc644, 0xc648, 0xc65b,
                                    0xc663, 0xc664, 0xc665, 0xc666, 0xc667};

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        if (reg == regs[i]) {
            return true;
        }
    }
    return false;
}

static void test_which_registers_exist(void **state)
{
    struct machine m;
    uint64_t value;

    (void)state;
    open_machine(&m, true, true);
    for (unsigned reg = 0; reg < 0x10000; reg++) {
        hv_return_t dist = is_dist_reg(reg) ? HV_SUCCESS : HV_BAD_ARGUMENT;
        hv_return_t icc = is_icc_reg(reg) ? HV_SUCCESS
                          : reg == 0xe64d ? HV_UNSUPPORTED
                                          : HV_BAD_ARGUMENT;
        hv_return_t icv = is_icc_reg(reg) ? HV_UNSUPPORTED : HV_BAD_ARGUMENT;
        hv_return_t msi = reg == 8 || reg == 0x40 ? HV_SUCCESS : HV_BAD_ARGUMENT;

        value = 0x5eed;
        assert_int_equal(hv_gic_get_distributor_reg((hv_gic_distributor_reg_t)reg, &value), dist);
        assert_true(dist == HV_SUCCESS || value == 0x5eed);
        assert_int_equal(hv_gic_set_distributor_reg((hv_gic_distributor_reg_t)reg, 0), dist);
        value = 0x5eed;
        assert_int_equal(hv_gic_get_icc_reg(m.vcpu, (hv_gic_icc_reg_t)reg, &value), icc);
        assert_true(icc == HV_SUCCESS || value == 0x5eed);
        assert_int_equal(hv_gic_set_icc_reg(m.vcpu, (hv_gic_icc_reg_t)reg, 0), icc);
        assert_int_equal(hv_gic_get_icv_reg(m.vcpu, (hv_gic_icv_reg_t)reg, &value), icv);
        assert_int_equal(hv_gic_set_icv_reg(m.vcpu, (hv_gic_icv_reg_t)reg, 0), icv);
        assert_int_equal(hv_gic_get_msi_reg((hv_gic_msi_reg_t)reg, &value), msi);
        assert_int_equal(hv_gic_set_msi_reg((hv_gic_msi_reg_t)reg, 0), msi);
    }
    for (unsigned reg = 0; reg < 0x20010; reg++) {
        hv_return_t redist = is_redist_reg(reg) ? HV_SUCCESS : HV_BAD_ARGUMENT;
        assert_int_equal(hv_gic_get_redistributor_reg(m.vcpu, reg, &value), redist);
        assert_int_equal(hv_gic_set_redistributor_reg(m.vcpu, reg, 0), redist);
    }
    UNSUPPORTED(hv_gic_get_ich_reg(m.vcpu, HV_GIC_ICH_REG_LR15_EL2, &value));
    UNSUPPORTED(hv_gic_set_ich_reg(m.vcpu, HV_GIC_ICH_REG_HCR_EL2, 0));
    BAD(hv_gic_get_ich_reg(m.vcpu, HV_GIC_ICH_REG_LR15_EL2 + 1, &value));
    BAD(hv_gic_get_ich_reg(m.vcpu, HV_GIC_ICH_REG_HCR_EL2, NULL));
    BAD(hv_gic_get_icv_reg(m.vcpu, HV_GIC_ICV_REG_PMR_EL1, NULL));
    BAD(hv_gic_get_icc_reg(m.vcpu, HV_GIC_ICC_REG_PMR_EL1, NULL));
    BAD(hv_gic_get_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_CTLR, NULL));
    BAD(hv_gic_get_redistributor_reg(m.vcpu, HV_GIC_REDISTRIBUTOR_REG_GICR_TYPER, NULL));
    BAD(hv_gic_get_msi_reg(HV_GIC_REG_GICM_TYPER, NULL));
    BAD(hv_gic_get_redistributor_base(m.vcpu, NULL));
    close_machine(&m);
}

/* Read-only registers ignore what is written, and say the same afterwards. */
static void test_read_only(void **state)
{
    struct machine m;
    uint64_t before, after;

    (void)state;
    open_machine(&m, true, true);
    OK(hv_gic_get_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_TYPER, &before));
    OK(hv_gic_set_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_TYPER, ~before));
    OK(hv_gic_get_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_TYPER, &after));
    assert_int_equal(before, after);
    OK(hv_gic_get_icc_reg(m.vcpu, HV_GIC_ICC_REG_RPR_EL1, &before));
    OK(hv_gic_set_icc_reg(m.vcpu, HV_GIC_ICC_REG_RPR_EL1, 0));
    OK(hv_gic_get_icc_reg(m.vcpu, HV_GIC_ICC_REG_RPR_EL1, &after));
    assert_int_equal(before, after);
    OK(hv_gic_get_msi_reg(HV_GIC_REG_GICM_TYPER, &before));
    assert_int_equal(before, 100 << 16 | 8);
    OK(hv_gic_set_msi_reg(HV_GIC_REG_GICM_TYPER, 0));
    OK(hv_gic_get_msi_reg(HV_GIC_REG_GICM_TYPER, &after));
    assert_int_equal(before, after);
    close_machine(&m);
}

/* ---- What is not there ----------------------------------------------------------------------- */

static void test_without_gic(void **state)
{
    struct machine m;
    uint64_t value;
    uint8_t byte = 0;

    (void)state;
    open_machine(&m, false, false);
    assert_int_equal(hv_gic_reset(), HV_NO_DEVICE);
    assert_int_equal(hv_gic_set_spi(40, true), HV_NO_DEVICE);
    assert_int_equal(hv_gic_send_msi(MSI + 0x40, 100), HV_NO_DEVICE);
    assert_int_equal(hv_gic_get_distributor_reg(0, &value), HV_NO_DEVICE);
    assert_int_equal(hv_gic_set_distributor_reg(0, 0), HV_NO_DEVICE);
    assert_int_equal(hv_gic_get_redistributor_reg(m.vcpu, 8, &value), HV_NO_DEVICE);
    assert_int_equal(hv_gic_set_redistributor_reg(m.vcpu, 8, 0), HV_NO_DEVICE);
    assert_int_equal(hv_gic_get_icc_reg(m.vcpu, HV_GIC_ICC_REG_PMR_EL1, &value), HV_NO_DEVICE);
    assert_int_equal(hv_gic_set_icc_reg(m.vcpu, HV_GIC_ICC_REG_PMR_EL1, 0), HV_NO_DEVICE);
    assert_int_equal(hv_gic_get_msi_reg(8, &value), HV_NO_DEVICE);
    assert_int_equal(hv_gic_get_redistributor_base(m.vcpu, &value), HV_NO_DEVICE);
    assert_null(hv_gic_state_create());
    assert_int_equal(hv_gic_set_state(&byte, 1), HV_NO_DEVICE);
    close_machine(&m);
}

static void test_without_msi(void **state)
{
    struct machine m;
    uint64_t value;

    (void)state;
    open_machine(&m, true, false);
    UNSUPPORTED(hv_gic_get_msi_reg(HV_GIC_REG_GICM_TYPER, &value));
    UNSUPPORTED(hv_gic_set_msi_reg(HV_GIC_REG_GICM_SET_SPI_NSR, 100));
    BAD(hv_gic_send_msi(MSI + 0x40, 100));
    OK(hv_gic_set_spi(100, true));
    close_machine(&m);
}

static void test_handles(void **state)
{
    struct machine m;
    hv_ipa_t base;
    uint64_t value;

    (void)state;
    open_machine(&m, true, false);
    OK(hv_gic_get_redistributor_base(m.vcpu, &base));
    assert_int_equal(base, REDIST + m.vcpu * 0x20000);
    BAD(hv_gic_get_redistributor_base(m.vcpu + 1, &base));
    BAD(hv_gic_get_redistributor_base(64, &base));
    BAD(hv_gic_get_redistributor_base(UINT64_MAX, &base));
    BAD(hv_gic_get_icc_reg(m.vcpu + 1, HV_GIC_ICC_REG_PMR_EL1, &value));
    BAD(hv_gic_get_icc_reg(UINT64_MAX, HV_GIC_ICC_REG_PMR_EL1, &value));
    close_machine(&m);
}

static void *from_elsewhere(void *arg)
{
    struct machine *m = arg;
    uint64_t value = 0;
    bool refused = hv_gic_get_icc_reg(m->vcpu, HV_GIC_ICC_REG_PMR_EL1, &value) == HV_BAD_ARGUMENT &&
                   hv_gic_set_icc_reg(m->vcpu, HV_GIC_ICC_REG_PMR_EL1, 8) == HV_BAD_ARGUMENT &&
                   hv_gic_get_redistributor_reg(m->vcpu, 8, &value) == HV_BAD_ARGUMENT &&
                   hv_gic_set_redistributor_reg(m->vcpu, 0x10100, 1) == HV_BAD_ARGUMENT &&
                   hv_gic_get_ich_reg(m->vcpu, HV_GIC_ICH_REG_HCR_EL2, &value) == HV_BAD_ARGUMENT;
    bool served = hv_gic_get_redistributor_base(m->vcpu, &value) == HV_SUCCESS &&
                  hv_gic_set_spi(40, true) == HV_SUCCESS;

    return refused && served ? arg : NULL;
}

static void test_other_threads(void **state)
{
    struct machine m;
    pthread_t thread;
    void *result = NULL;
    uint64_t value = 1;

    (void)state;
    open_machine(&m, true, false);
    assert_int_equal(pthread_create(&thread, NULL, from_elsewhere, &m), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &m);
    OK(hv_gic_get_icc_reg(m.vcpu, HV_GIC_ICC_REG_PMR_EL1, &value));
    assert_int_equal(value, 0);
    close_machine(&m);
}

static void test_state_arguments(void **state)
{
    struct machine m;
    hv_gic_state_t saved;
    uint8_t *data;
    size_t size = 0;

    (void)state;
    open_machine(&m, true, false);
    saved = hv_gic_state_create();
    assert_non_null(saved);
    BAD(hv_gic_state_get_size(NULL, &size));
    BAD(hv_gic_state_get_size(saved, NULL));
    OK(hv_gic_state_get_size(saved, &size));
    data = malloc(size);
    assert_non_null(data);
    BAD(hv_gic_state_get_data(NULL, data));
    BAD(hv_gic_state_get_data(saved, NULL));
    OK(hv_gic_state_get_data(saved, data));
    os_release(saved);
    BAD(hv_gic_set_state(NULL, size));
    BAD(hv_gic_set_state(data, 0));
    BAD(hv_gic_set_state(data, size - 1));
    OK(hv_gic_set_state(data, size));
    data[0] ^= 1;
    BAD(hv_gic_set_state(data, size));
    free(data);
    close_machine(&m);
}

/* ---- The guest ------------------------------------------------------------------------------- */

#define MRS_X0(op1, crn, crm, op2)                                                                 \
    (UINT32_C(0xd5380000) | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define MSR_X0(op1, crn, crm, op2)                                                                 \
    (UINT32_C(0xd5180000) | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)
#define HVC(n)           (UINT32_C(0xd4000002) | (uint32_t)(n) << 5)
#define VECTOR_SYNC_SPX  (0x200 / 4)
#define EC_OF(syndrome)  ((syndrome) >> 26 & 0x3f)
#define IMM_OF(syndrome) ((syndrome)&0xffff)

#define PROGRAM          (0x1000 / 4) /* in words of RAM; two for each case */

/* Runs one case's instruction; was it UNDEFINED? */
static bool is_undefined(struct machine *m, unsigned n)
{
    uint64_t esr = 0;

    OK(hv_vcpu_set_sys_reg(m->vcpu, HV_SYS_REG_VBAR_EL1, RAM));
    OK(hv_vcpu_set_reg(m->vcpu, HV_REG_CPSR, 0x3c5));
    OK(hv_vcpu_set_reg(m->vcpu, HV_REG_PC, RAM + 4 * (PROGRAM + 2 * n)));
    OK(hv_vcpu_run(m->vcpu));
    assert_int_equal(m->exit->reason, HV_EXIT_REASON_EXCEPTION);
    assert_int_equal(EC_OF(m->exit->exception.syndrome), 0x16);
    if (IMM_OF(m->exit->exception.syndrome) == 1) {
        return false;
    }
    OK(hv_vcpu_get_sys_reg(m->vcpu, HV_SYS_REG_ESR_EL1, &esr));
    assert_int_equal(EC_OF(esr), 0);
    return true;
}

static void test_guest_icc_existence(void **state)
{
    static const struct {
        uint32_t insn;
        bool undefined;
    } cases[] = {
        {MRS_X0(0, 12, 8, 4), false},  /* ICC_AP0R0_EL1 */
        {MRS_X0(0, 12, 8, 5), true},   /* ICC_AP0R1_EL1: more priority bits than there are */
        {MSR_X0(0, 12, 9, 0), false},  /* ICC_AP1R0_EL1 */
        {MSR_X0(0, 12, 9, 3), true},   /* ICC_AP1R3_EL1 */
        {MRS_X0(0, 12, 12, 0), false}, /* ICC_IAR1_EL1 */
        {MSR_X0(0, 12, 12, 0), true},  /* read-only */
        {MRS_X0(0, 12, 12, 1), true},  /* ICC_EOIR1_EL1, write-only */
        {MSR_X0(0, 12, 12, 1), false}, {MRS_X0(0, 12, 11, 5), true}, /* ICC_SGI1R_EL1, write-only */
        {MSR_X0(0, 12, 11, 5), false}, {MRS_X0(0, 12, 11, 3), false}, /* ICC_RPR_EL1 */
        {MSR_X0(0, 12, 11, 3), true},  {MRS_X0(0, 12, 10, 0), true},  /* nothing */
        {MRS_X0(0, 4, 6, 0), false},                                  /* ICC_PMR_EL1 */
    };
    struct machine m;

    (void)state;
    open_machine(&m, true, false);
    /* Before the first run: code that has run is the guest's to invalidate. */
    m.ram[VECTOR_SYNC_SPX] = HVC(2);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        m.ram[PROGRAM + 2 * i] = cases[i].insn;
        m.ram[PROGRAM + 2 * i + 1] = HVC(1);
    }
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(is_undefined(&m, i), cases[i].undefined);
    }
    close_machine(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_memory_and_gic_apart),
        cmocka_unit_test(test_which_registers_exist),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_without_gic),
        cmocka_unit_test(test_without_msi),
        cmocka_unit_test(test_handles),
        cmocka_unit_test(test_other_threads),
        cmocka_unit_test(test_state_arguments),
        cmocka_unit_test(test_guest_icc_existence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
