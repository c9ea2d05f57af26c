/* SPDX-License-Identifier: ISC */
/* gic-guest.c: the guest that owns a GIC: boot, interrupt handler, loop. */
#include "hvt.h"

#define REG(r) ((unsigned)HV_GIC_DISTRIBUTOR_REG_GICD_##r)

uint64_t hvt_gicd(unsigned reg)
{
    uint64_t value = 0;

    HVT_OK(hv_gic_get_distributor_reg((hv_gic_distributor_reg_t)reg, &value));
    return value;
}

void hvt_set_gicd(unsigned reg, uint64_t value)
{
    HVT_OK(hv_gic_set_distributor_reg((hv_gic_distributor_reg_t)reg, value));
}

uint64_t hvt_gic_load(struct hvt *t)
{
    const uint32_t boot[] = {
        /* GICD_CTLR: affinity routing, both groups. */
        a64_movz(0, 0x13, 0),
        a64_ldst(A64_W, A64_ST, 0, 20, 0),
        /* GICR_WAKER: awake, and wait until it is. */
        a64_ldst(A64_W, A64_ST, A64_XZR, 21, 0x14 / 4),
        a64_ldst(A64_W, A64_LD, 0, 21, 0x14 / 4),
        a64_tbnz(0, 2, -1),
        /* SGI_base: SGIs and PPIs are group 1 and enabled. */
        a64_movz(1, 1, 16),
        a64_add(22, 21, 1),
        a64_movz(0, 0xffff, 0),
        a64_movk(0, 0xffff, 16),
        a64_ldst(A64_W, A64_ST, 0, 22, 0x80 / 4),
        a64_ldst(A64_W, A64_ST, 0, 22, 0x100 / 4),
        /* CPU interface: everything of priority below 0xf0, group 1 on. */
        a64_movz(0, 0xf0, 0),
        a64_msr(A64_ICC_PMR_EL1, 0),
        a64_movz(0, 1, 0),
        a64_msr(A64_ICC_IGRPEN1_EL1, 0),
        a64_isb(),
        a64_hvc(HVT_GIC_READY),
        /* The loop. */
        a64_daifclr(2),
        a64_isb(),
        a64_cbz(12, -1),
        a64_daifset(2),
        a64_hvc(HVT_GIC_DONE),
    };

    return hvt_load(t, boot, sizeof(boot) / sizeof(boot[0]));
}

void hvt_gic_boot(struct hvt *t)
{
    const uint32_t irq[] = {
        a64_mrs(10, A64_ICC_IAR1_EL1),
        a64_hvc(HVT_GIC_IRQ),
        a64_msr(A64_ICC_EOIR1_EL1, 10),
        a64_isb(),
        a64_eret(),
    };

    HVT_VECTOR(t, 0x280, irq);
    hvt_set_reg(t, HV_REG_PC, hvt_gic_load(t));
    hvt_set_reg(t, hvt_x(12), 0);
    hvt_set_reg(t, hvt_x(20), t->gicd);
    hvt_set_reg(t, hvt_x(21), t->gicr);
    hvt_run_hvc(t, HVT_GIC_READY);
}

void hvt_gic_finish(struct hvt *t)
{
    hvt_set_reg(t, hvt_x(12), 1);
    hvt_run_to_hvc(t, HVT_GIC_DONE);
}

void hvt_gic_expect(struct hvt *t, uint32_t intid)
{
    hvt_run_to_hvc(t, HVT_GIC_IRQ);
    assert_int_equal(hvt_reg(t, hvt_x(10)), intid);
}

void hvt_spi_setup(uint32_t intid, bool edge)
{
    const unsigned bit = intid % 32;
    const unsigned word = intid / 32 * 4;
    const unsigned cfg = REG(ICFGR0) + intid / 16 * 4;
    const unsigned cfg_bit = intid % 16 * 2 + 1;
    const unsigned prio = REG(IPRIORITYR0) + intid / 4 * 4;
    const unsigned prio_shift = intid % 4 * 8;
    uint64_t value;

    hvt_set_gicd(REG(ICENABLER0) + word, UINT64_C(1) << bit);
    hvt_set_gicd(REG(IGROUPR0) + word, hvt_gicd(REG(IGROUPR0) + word) | UINT64_C(1) << bit);
    value = hvt_gicd(cfg) & ~(UINT64_C(1) << cfg_bit);
    hvt_set_gicd(cfg, value | (uint64_t)edge << cfg_bit);
    value = hvt_gicd(prio) & ~(UINT64_C(0xff) << prio_shift);
    hvt_set_gicd(prio, value | UINT64_C(0x80) << prio_shift);
    hvt_set_gicd(REG(IROUTER32) + (intid - 32) * 8, 0);
    hvt_set_gicd(REG(ISENABLER0) + word, UINT64_C(1) << bit);
}
