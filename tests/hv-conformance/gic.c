/* SPDX-License-Identifier: ISC */
/*
 * gic.c: the GIC's creation, geometry, registers and saved state, seen by the
 * VMM. Interrupts: gic-irq.c.
 */
#include "hvt.h"

#include <stdlib.h>
#include <string.h>

#define REG(r)  ((unsigned)HV_GIC_DISTRIBUTOR_REG_GICD_##r)
#define RREG(r) HV_GIC_REDISTRIBUTOR_REG_GICR_##r

static bool power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* ---- Geometry --------------------------------------------------------- */

static void test_sizes_and_alignments(void **state)
{
    size_t size = 0;
    size_t region = 0;
    size_t alignment = 0;
    uint32_t base = 0;
    uint32_t count = 0;

    (void)state;
    HVT_OK(hv_gic_get_distributor_size(&size));
    assert_true(size >= 0x10000);
    HVT_OK(hv_gic_get_distributor_base_alignment(&alignment));
    assert_true(power_of_two(alignment));
    assert_true(alignment >= 0x1000);

    HVT_OK(hv_gic_get_redistributor_size(&size));
    assert_int_equal(size, 0x20000); /* two frames of 64 KiB */
    HVT_OK(hv_gic_get_redistributor_base_alignment(&alignment));
    assert_true(power_of_two(alignment));
    HVT_OK(hv_gic_get_redistributor_region_size(&region));
    assert_true(region >= size);
    assert_int_equal(region % size, 0);

    HVT_OK(hv_gic_get_msi_region_size(&size));
    assert_true(size >= 0x1000);
    HVT_OK(hv_gic_get_msi_region_base_alignment(&alignment));
    assert_true(power_of_two(alignment));

    HVT_OK(hv_gic_get_spi_interrupt_range(&base, &count));
    assert_int_equal(base, 32);
    assert_in_range(count, 32, 988);
}

/* Room for every vCPU the VM may have. */
static void test_region_holds_all_vcpus(void **state)
{
    size_t size = 0;
    size_t region = 0;
    uint32_t max = 0;

    (void)state;
    HVT_OK(hv_vm_get_max_vcpu_count(&max));
    HVT_OK(hv_gic_get_redistributor_size(&size));
    HVT_OK(hv_gic_get_redistributor_region_size(&region));
    assert_true(region / size >= max);
}

static void test_reserved_intids(void **state)
{
    uint32_t intid = 0;

    (void)state;
    HVT_OK(hv_gic_get_intid(HV_GIC_INT_EL1_VIRTUAL_TIMER, &intid));
    assert_int_equal(intid, 27);
    HVT_OK(hv_gic_get_intid(HV_GIC_INT_EL1_PHYSICAL_TIMER, &intid));
    assert_int_equal(intid, 30);
    HVT_OK(hv_gic_get_intid(HV_GIC_INT_PERFORMANCE_MONITOR, &intid));
    assert_int_equal(intid, 23);
}

/* ---- Creation --------------------------------------------------------- */

static void test_create_without_vm_refused(void **state)
{
    struct hvt *t = *state;
    hv_gic_config_t config = hvt_gic_config(t, false);

    HVT_REFUSED(hv_gic_create(config));
    /* With a VM the same config will do. */
    HVT_OK(hv_vm_create(NULL));
    t->has_vm = true;
    HVT_OK(hv_gic_create(config));
    os_release(config);
}

static void test_create_after_vcpu_refused(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_hvc(1)};
    hv_gic_config_t config = hvt_gic_config(t, false);

    HVT_REFUSED(hv_gic_create(config));
    os_release(config);
    HVT_REFUSED(hv_gic_set_spi(40, true));
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
}

static void test_create_twice_refused(void **state)
{
    struct hvt *t = *state;
    hv_gic_config_t config = hvt_gic_config(t, false);

    HVT_OK(hv_gic_create(config));
    HVT_REFUSED(hv_gic_create(config));
    os_release(config);
    hvt_make_vcpu(t);
    HVT_OK(hv_gic_get_redistributor_base(t->vcpu, &t->gicr));
    hvt_gic_boot(t);
}

/* Refused when it is set or when it is used: sources don't say which. */
static void expect_base_refused(hv_gic_config_t config,
                                hv_return_t (*set)(hv_gic_config_t, hv_ipa_t), hv_ipa_t bad,
                                hv_ipa_t good)
{
    if (set(config, bad) == HV_SUCCESS) {
        HVT_REFUSED(hv_gic_create(config));
    }
    HVT_OK(set(config, good));
}

static void test_bad_bases_refused(void **state)
{
    struct hvt *t = *state;
    size_t alignment = 0;
    uint32_t bits = 0;
    hv_gic_config_t config = hvt_gic_config(t, true);

    HVT_OK(hv_gic_get_distributor_base_alignment(&alignment));
    expect_base_refused(config, hv_gic_config_set_distributor_base, t->gicd + alignment / 2,
                        t->gicd);
    expect_base_refused(config, hv_gic_config_set_distributor_base, t->gicd + 4, t->gicd);
    HVT_OK(hv_gic_get_redistributor_base_alignment(&alignment));
    expect_base_refused(config, hv_gic_config_set_redistributor_base,
                        t->gicr_region + alignment / 2, t->gicr_region);
    HVT_OK(hv_gic_get_msi_region_base_alignment(&alignment));
    expect_base_refused(config, hv_gic_config_set_msi_region_base, t->msi + alignment / 2, t->msi);

    /* Outside of guest physical space. */
    HVT_OK(hv_vm_config_get_default_ipa_size(&bits));
    expect_base_refused(config, hv_gic_config_set_distributor_base, UINT64_C(1) << bits, t->gicd);
    expect_base_refused(config, hv_gic_config_set_redistributor_base, UINT64_C(1) << bits,
                        t->gicr_region);

    /* Nothing of that spoiled the config or the VM. */
    HVT_OK(hv_gic_create(config));
    os_release(config);
    hvt_make_vcpu(t);
    HVT_OK(hv_gic_get_redistributor_base(t->vcpu, &t->gicr));
    hvt_gic_boot(t);
}

static void test_msi_range_outside_spis_refused(void **state)
{
    struct hvt *t = *state;
    uint32_t base = 0;
    uint32_t count = 0;
    hv_gic_config_t config = hvt_gic_config(t, true);

    HVT_OK(hv_gic_get_spi_interrupt_range(&base, &count));
    /* As for the bases: now or at creation. */
    if (hv_gic_config_set_msi_interrupt_range(config, base + count - 1, 2) == HV_SUCCESS) {
        HVT_REFUSED(hv_gic_create(config));
    }
    if (hv_gic_config_set_msi_interrupt_range(config, base - 1, 2) == HV_SUCCESS) {
        HVT_REFUSED(hv_gic_create(config));
    }
    HVT_OK(hv_gic_config_set_msi_interrupt_range(config, t->msi_intid, HVT_MSIS));
    HVT_OK(hv_gic_create(config));
    os_release(config);
}

/* ---- Without one ------------------------------------------------------ */

static void test_vm_without_gic(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 5;
    const uint32_t code[] = {
        a64_ldst(A64_W, A64_LD, 0, 1, 0),
        a64_mrs(3, A64_ICC_IAR1_EL1),
        a64_hvc(1),
    };

    HVT_REFUSED(hv_gic_set_spi(40, true));
    HVT_REFUSED(hv_gic_reset());
    HVT_REFUSED(hv_gic_get_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_TYPER, &value));
    HVT_REFUSED(hv_gic_get_redistributor_reg(t->vcpu, RREG(TYPER), &value));
    HVT_REFUSED(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, &value));
    assert_int_equal(value, 5);
    assert_null(hv_gic_state_create());

    /* The guest's accesses come to the VMM, which may have a GIC of its own. */
    hvt_set_reg(t, HV_REG_X1, UINT64_C(0x8000000));
    HVT_ENTER(t, code);
    hvt_run_exception(t, 0x24);
    assert_int_equal(t->exit->exception.physical_address, 0x8000000);
    hvt_skip_insn(t);
    hvt_run_exception(t, 0x18);
    assert_int_equal(hvt_iss(t->exit->exception.syndrome) >> 5 & 31, 3);
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

/* ---- Registers -------------------------------------------------------- */

static void test_identification(void **state)
{
    struct hvt *t = *state;
    uint32_t base = 0;
    uint32_t count = 0;
    uint64_t typer = hvt_gicd(REG(TYPER));
    uint64_t value = 0;

    HVT_OK(hv_gic_get_spi_interrupt_range(&base, &count));
    /* ITLinesNumber reaches the last SPI. */
    assert_true(((typer & 31) + 1) * 32 >= base + (count < 988 ? count : 988));
    assert_int_equal(hvt_gicd(REG(PIDR2)) >> 4 & 15, 3); /* GICv3 */
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(PIDR2), &value));
    assert_int_equal(value >> 4 & 15, 3);
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(TYPER), &value));
    assert_int_equal(value >> 32, 0); /* affinity of MPIDR_EL1 */
    assert_int_equal(value & 1, 0);   /* no LPIs: there is no ITS */
}

static void test_redistributor_places(void **state)
{
    struct hvt *t = *state;
    size_t size = 0;
    size_t region = 0;

    HVT_OK(hv_gic_get_redistributor_size(&size));
    HVT_OK(hv_gic_get_redistributor_region_size(&region));
    assert_true(t->gicr >= t->gicr_region);
    assert_true(t->gicr + size <= t->gicr_region + region);
    assert_int_equal((t->gicr - t->gicr_region) % size, 0);
}

static void test_distributor_registers(void **state)
{
    (void)state;
    /* Set and clear; the enable bits of SPIs 32 to 63. */
    hvt_set_gicd(REG(ISENABLER1), 0x0f0f0f0f);
    assert_int_equal(hvt_gicd(REG(ISENABLER1)), 0x0f0f0f0f);
    assert_int_equal(hvt_gicd(REG(ICENABLER1)), 0x0f0f0f0f);
    hvt_set_gicd(REG(ISENABLER1), 0x10);
    assert_int_equal(hvt_gicd(REG(ISENABLER1)), 0x0f0f0f1f);
    hvt_set_gicd(REG(ICENABLER1), 0x0000ffff);
    assert_int_equal(hvt_gicd(REG(ISENABLER1)), 0x0f0f0000);
    /* Plain storage. */
    hvt_set_gicd(REG(IGROUPR1), 0xaaaa5555);
    assert_int_equal(hvt_gicd(REG(IGROUPR1)), 0xaaaa5555);
    hvt_set_gicd(REG(IPRIORITYR8), 0xa0806040);
    assert_int_equal(hvt_gicd(REG(IPRIORITYR8)), 0xa0806040);
    hvt_set_gicd(REG(ICFGR2), 0x0000a0a0);
    assert_int_equal(hvt_gicd(REG(ICFGR2)) & 0xaaaaaaaa, 0x0000a0a0);
    hvt_set_gicd(REG(IROUTER40), 0);
    assert_int_equal(hvt_gicd(REG(IROUTER40)), 0);
    /* By offset instead of by name. */
    assert_int_equal(hvt_gicd(REG(IPRIORITYR0) + 8 * 4), 0xa0806040);
    /* Read-only. */
    (void)hv_gic_set_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_PIDR2, 0);
    assert_int_equal(hvt_gicd(REG(PIDR2)) >> 4 & 15, 3);
}

static void test_unknown_distributor_register_refused(void **state)
{
    uint64_t value = 5;

    (void)state;
    HVT_REFUSED(hv_gic_get_distributor_reg((hv_gic_distributor_reg_t)0x81, &value));
    HVT_REFUSED(hv_gic_set_distributor_reg((hv_gic_distributor_reg_t)0x81, 1));
    assert_int_equal(value, 5);
}

static void test_redistributor_registers(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 0;

    HVT_OK(hv_gic_set_redistributor_reg(t->vcpu, RREG(ICENABLER0), 0xffff0000));
    HVT_OK(hv_gic_set_redistributor_reg(t->vcpu, RREG(ISENABLER0), 0x08000000));
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(ISENABLER0), &value));
    assert_int_equal(value & 0xffff0000, 0x08000000);
    HVT_OK(hv_gic_set_redistributor_reg(t->vcpu, RREG(IPRIORITYR6), 0x20406080));
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(IPRIORITYR6), &value));
    assert_int_equal(value, 0x20406080);
    HVT_OK(hv_gic_set_redistributor_reg(t->vcpu, RREG(IGROUPR0), 0xffffffff));
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(IGROUPR0), &value));
    assert_int_equal(value, 0xffffffff);
    HVT_REFUSED(hv_gic_get_redistributor_reg(t->vcpu, (hv_gic_redistributor_reg_t)0x10081, &value));
    assert_int_equal(value, 0xffffffff);
}

static void test_icc_registers(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 0;

    HVT_OK(hv_gic_set_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, 0xa0));
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, &value));
    assert_int_equal(value, 0xa0);
    HVT_OK(hv_gic_set_icc_reg(t->vcpu, HV_GIC_ICC_REG_IGRPEN1_EL1, 1));
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_IGRPEN1_EL1, &value));
    assert_int_equal(value, 1);
    HVT_OK(hv_gic_set_icc_reg(t->vcpu, HV_GIC_ICC_REG_BPR1_EL1, 4));
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_BPR1_EL1, &value));
    assert_int_equal(value, 4);
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_RPR_EL1, &value));
    assert_int_equal(value & 0xff, 0xff); /* idle */
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_SRE_EL1, &value));
    assert_int_equal(value & 1, 1);
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_CTLR_EL1, &value));
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_AP0R0_EL1, &value));
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_AP1R0_EL1, &value));
    assert_int_equal(value, 0);
    HVT_REFUSED(hv_gic_get_icc_reg(t->vcpu, (hv_gic_icc_reg_t)0xffff, &value));
}

/* Those of a guest hypervisor: not in this VM. */
static void test_ich_and_icv_refused(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 5;

    HVT_REFUSED(hv_gic_get_ich_reg(t->vcpu, HV_GIC_ICH_REG_HCR_EL2, &value));
    HVT_REFUSED(hv_gic_set_ich_reg(t->vcpu, HV_GIC_ICH_REG_HCR_EL2, 1));
    HVT_REFUSED(hv_gic_get_icv_reg(t->vcpu, HV_GIC_ICV_REG_PMR_EL1, &value));
    HVT_REFUSED(hv_gic_set_icv_reg(t->vcpu, HV_GIC_ICV_REG_PMR_EL1, 1));
    assert_int_equal(value, 5);
}

static hv_return_t get_icc(struct hvt *t)
{
    uint64_t value;
    return hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, &value);
}
static hv_return_t set_icc(struct hvt *t)
{
    return hv_gic_set_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, 0x10);
}
static hv_return_t get_redistributor(struct hvt *t)
{
    uint64_t value;
    return hv_gic_get_redistributor_reg(t->vcpu, RREG(TYPER), &value);
}
static hv_return_t set_redistributor(struct hvt *t)
{
    return hv_gic_set_redistributor_reg(t->vcpu, RREG(ISENABLER0), 0x80);
}
static hv_return_t get_distributor(struct hvt *t)
{
    uint64_t value;
    (void)t;
    return hv_gic_get_distributor_reg(HV_GIC_DISTRIBUTOR_REG_GICD_TYPER, &value);
}

/* A vCPU's part of the GIC is its thread's, the rest is everybody's. */
static void test_threads(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 0;

    HVT_OK(hv_gic_set_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, 0xa0));
    HVT_REFUSED(hvt_elsewhere(get_icc, t));
    HVT_REFUSED(hvt_elsewhere(set_icc, t));
    HVT_REFUSED(hvt_elsewhere(get_redistributor, t));
    HVT_REFUSED(hvt_elsewhere(set_redistributor, t));
    HVT_OK(hvt_elsewhere(get_distributor, t));
    HVT_OK(hv_gic_get_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, &value));
    assert_int_equal(value, 0xa0);
}

/* The guest's MMIO and the VMM's accessors meet in the same registers. */
static void test_guest_and_vmm_agree(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 0;
    const uint32_t code[] = {
        a64_ldst(A64_W, A64_LD, 0, 20, REG(TYPER) / 4),
        a64_ldst(A64_W, A64_ST, 1, 20, REG(ISENABLER1) / 4),
        a64_ldst(A64_B, A64_ST, 2, 20, REG(IPRIORITYR8) + 1),
        a64_ldst(A64_X, A64_LD, 3, 21, 8 / 8), /* GICR_TYPER */
        a64_hvc(1),
    };

    hvt_set_gicd(REG(ICENABLER1), 0xffffffff);
    hvt_set_gicd(REG(IPRIORITYR8), 0);
    hvt_set_reg(t, HV_REG_X1, 0x00f00000);
    hvt_set_reg(t, HV_REG_X2, 0x60);
    hvt_set_reg(t, hvt_x(20), t->gicd);
    hvt_set_reg(t, hvt_x(21), t->gicr);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1); /* no exits for any of that */
    assert_int_equal(hvt_reg(t, HV_REG_X0), hvt_gicd(REG(TYPER)));
    assert_int_equal(hvt_gicd(REG(ISENABLER1)), 0x00f00000);
    assert_int_equal(hvt_gicd(REG(IPRIORITYR8)), 0x00006000);
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(TYPER), &value));
    assert_true(hvt_reg(t, HV_REG_X3) == value);
}

static void test_msi_registers(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 0;

    HVT_OK(hv_gic_get_msi_reg(HV_GIC_REG_GICM_TYPER, &value));
    assert_int_equal(value >> 16 & 0x3ff, t->msi_intid);
    assert_int_equal(value & 0x3ff, HVT_MSIS);
}

/* ---- Lines ------------------------------------------------------------ */

static void test_set_spi_range(void **state)
{
    struct hvt *t = *state;
    uint32_t base = 0;
    uint32_t count = 0;

    HVT_OK(hv_gic_get_spi_interrupt_range(&base, &count));
    HVT_CODE(HV_BAD_ARGUMENT, hv_gic_set_spi(base - 1, true));
    HVT_CODE(HV_BAD_ARGUMENT, hv_gic_set_spi(0, true));
    HVT_CODE(HV_BAD_ARGUMENT, hv_gic_set_spi(base + count, true));
    HVT_CODE(HV_BAD_ARGUMENT, hv_gic_set_spi(UINT32_MAX, true));
    HVT_CODE(HV_BAD_ARGUMENT, hv_gic_set_spi(t->msi_intid, true));
    HVT_CODE(HV_BAD_ARGUMENT, hv_gic_set_spi(t->msi_intid + HVT_MSIS - 1, true));
    HVT_OK(hv_gic_set_spi(base, true));
    HVT_OK(hv_gic_set_spi(base, false));
    HVT_OK(hv_gic_set_spi(base + count - 1, true));
    HVT_OK(hv_gic_set_spi(base + count - 1, false));
    HVT_OK(hv_gic_set_spi(t->msi_intid - 1, false));
    HVT_OK(hv_gic_set_spi(t->msi_intid + HVT_MSIS, false));
}

/* ---- Reset, save, restore --------------------------------------------- */

static void configure(struct hvt *t)
{
    hvt_set_gicd(REG(IGROUPR1), 0xffffffff);
    hvt_set_gicd(REG(ISENABLER1), 0x00000f00);
    hvt_set_gicd(REG(IPRIORITYR10), 0x80604020);
    hvt_set_gicd(REG(ICFGR2), 0x00020000);
    hvt_set_gicd(REG(ISPENDR1), 0x00000200);
    HVT_OK(hv_gic_set_redistributor_reg(t->vcpu, RREG(ISENABLER0), 0x08000000));
    HVT_OK(hv_gic_set_redistributor_reg(t->vcpu, RREG(IPRIORITYR6), 0x20406080));
}

static bool configured(struct hvt *t)
{
    uint64_t enabled = 0;
    uint64_t priority = 0;

    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(ISENABLER0), &enabled));
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(IPRIORITYR6), &priority));
    return hvt_gicd(REG(ISENABLER1)) == 0x00000f00 && hvt_gicd(REG(IPRIORITYR10)) == 0x80604020 &&
           (hvt_gicd(REG(ICFGR2)) & 0xaaaaaaaa) == 0x00020000 &&
           hvt_gicd(REG(ISPENDR1)) == 0x00000200 && (enabled & 0x08000000) != 0 &&
           priority == 0x20406080;
}

static void test_reset(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 0;

    configure(t);
    assert_true(configured(t));
    HVT_OK(hv_gic_reset());
    assert_int_equal(hvt_gicd(REG(ISENABLER1)), 0);
    assert_int_equal(hvt_gicd(REG(ISPENDR1)), 0);
    HVT_OK(hv_gic_get_redistributor_reg(t->vcpu, RREG(ISENABLER0), &value));
    assert_int_equal(value & 0xffff0000, 0);
    hvt_gic_boot(t);
}

/* The saved bytes; the caller frees. */
static uint8_t *save(size_t *size)
{
    hv_gic_state_t saved = hv_gic_state_create();
    uint8_t *data;

    assert_non_null(saved);
    *size = 0;
    HVT_OK(hv_gic_state_get_size(saved, size));
    assert_in_range(*size, 1, 1 << 24);
    data = malloc(*size);
    assert_non_null(data);
    HVT_OK(hv_gic_state_get_data(saved, data));
    os_release(saved);
    return data;
}

static void test_state_round_trip(void **state)
{
    struct hvt *t = *state;
    size_t size;
    uint8_t *data;

    configure(t);
    data = save(&size);
    assert_true(configured(t)); /* saving changes nothing */
    HVT_OK(hv_gic_reset());
    assert_false(configured(t));
    HVT_OK(hv_gic_set_state(data, size));
    assert_true(configured(t));
    free(data);
}

/* Into another VM of the same shape. */
static void test_state_moves_to_a_new_vm(void **state)
{
    struct hvt *t = *state;
    size_t size;
    uint8_t *data;
    hv_gic_config_t config;

    configure(t);
    data = save(&size);
    hvt_drop_vcpu(t);
    HVT_OK(hv_vm_destroy());
    HVT_OK(hv_vm_create(NULL));
    hvt_map_ram(t);
    config = hvt_gic_config(t, true);
    HVT_OK(hv_gic_create(config));
    os_release(config);
    hvt_make_vcpu(t);
    assert_false(configured(t));
    HVT_OK(hv_gic_set_state(data, size));
    assert_true(configured(t));
    free(data);
}

static void test_bad_state_refused(void **state)
{
    struct hvt *t = *state;
    size_t size;
    uint8_t *data;
    uint8_t *junk;

    configure(t);
    data = save(&size);
    junk = malloc(size);
    assert_non_null(junk);
    memset(junk, 0x5a, size);
    HVT_REFUSED(hv_gic_set_state(junk, size));
    HVT_REFUSED(hv_gic_set_state(data, size / 2));
    HVT_REFUSED(hv_gic_set_state(data, 1));
    assert_true(configured(t));
    HVT_OK(hv_gic_set_state(data, size));
    assert_true(configured(t));
    free(junk);
    free(data);
}

#define GIC_TEST(fn)  cmocka_unit_test_setup_teardown(fn, hvt_setup_gic, hvt_teardown)
#define VM_TEST(fn)   cmocka_unit_test_setup_teardown(fn, hvt_setup_vm, hvt_teardown)
#define VCPU_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)

int hvt_group_gic(void)
{
    const struct CMUnitTest tests[] = {
        VM_TEST(test_sizes_and_alignments),
        VM_TEST(test_region_holds_all_vcpus),
        VM_TEST(test_reserved_intids),
        cmocka_unit_test_setup_teardown(test_create_without_vm_refused, hvt_setup_nothing,
                                        hvt_teardown),
        VCPU_TEST(test_create_after_vcpu_refused),
        VM_TEST(test_create_twice_refused),
        VM_TEST(test_bad_bases_refused),
        VM_TEST(test_msi_range_outside_spis_refused),
        VCPU_TEST(test_vm_without_gic),
        GIC_TEST(test_identification),
        GIC_TEST(test_redistributor_places),
        GIC_TEST(test_distributor_registers),
        GIC_TEST(test_unknown_distributor_register_refused),
        GIC_TEST(test_redistributor_registers),
        GIC_TEST(test_icc_registers),
        GIC_TEST(test_ich_and_icv_refused),
        GIC_TEST(test_threads),
        GIC_TEST(test_guest_and_vmm_agree),
        GIC_TEST(test_msi_registers),
        GIC_TEST(test_set_spi_range),
        GIC_TEST(test_reset),
        GIC_TEST(test_state_round_trip),
        GIC_TEST(test_state_moves_to_a_new_vm),
        GIC_TEST(test_bad_state_refused),
    };
    return cmocka_run_group_tests_name("gic", tests, NULL, NULL);
}
