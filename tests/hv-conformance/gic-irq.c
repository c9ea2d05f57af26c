/* SPDX-License-Identifier: ISC */
/*
 * gic-irq.c: interrupts through the GIC: SPIs edge and level, the virtual
 * timer, SGIs, MSIs, priorities, routing to another vCPU.
 */
#include "hvt.h"

#include <pthread.h>

#define REG(r)  ((unsigned)HV_GIC_DISTRIBUTOR_REG_GICD_##r)
#define RREG(r) HV_GIC_REDISTRIBUTOR_REG_GICR_##r

#define SPI     40u
#define SPI_BIT (UINT64_C(1) << (SPI - 32))

/* ---- SPIs ------------------------------------------------------------- */

static void test_edge_spi(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    HVT_OK(hv_gic_set_spi(SPI, true));
    hvt_gic_expect(t, SPI);
    hvt_gic_finish(t); /* once, although the line was never lowered */
}

/* Low is nothing to an edge interrupt; every high is one. */
static void test_edge_ignores_low(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    HVT_OK(hv_gic_set_spi(SPI, true));
    HVT_OK(hv_gic_set_spi(SPI, false));
    hvt_gic_expect(t, SPI);
    HVT_OK(hv_gic_set_spi(SPI, false));
    HVT_OK(hv_gic_set_spi(SPI, true)); /* while it is active */
    hvt_gic_expect(t, SPI);
    hvt_gic_finish(t);
}

/* A level interrupt comes again until its line is lowered. */
static void test_level_spi(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, false);
    HVT_OK(hv_gic_set_spi(SPI, true));
    hvt_gic_expect(t, SPI);
    hvt_gic_expect(t, SPI);
    hvt_gic_expect(t, SPI);
    HVT_OK(hv_gic_set_spi(SPI, false));
    hvt_gic_finish(t);
}

static void test_level_withdrawn_in_time(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, false);
    HVT_OK(hv_gic_set_spi(SPI, true));
    assert_true((hvt_gicd(REG(ISPENDR1)) & SPI_BIT) != 0);
    HVT_OK(hv_gic_set_spi(SPI, false));
    assert_int_equal(hvt_gicd(REG(ISPENDR1)) & SPI_BIT, 0);
    hvt_gic_finish(t);
}

/* Pending, not delivered, until enabled. */
static void test_disabled_spi_waits(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    hvt_set_gicd(REG(ICENABLER1), SPI_BIT);
    HVT_OK(hv_gic_set_spi(SPI, true));
    assert_true((hvt_gicd(REG(ISPENDR1)) & SPI_BIT) != 0);
    hvt_gic_finish(t);
    hvt_gic_boot(t);
    hvt_set_gicd(REG(ISENABLER1), SPI_BIT);
    hvt_gic_expect(t, SPI);
    assert_int_equal(hvt_gicd(REG(ISPENDR1)) & SPI_BIT, 0);
    assert_true((hvt_gicd(REG(ISACTIVER1)) & SPI_BIT) != 0);
    hvt_gic_finish(t);
    assert_int_equal(hvt_gicd(REG(ISACTIVER1)) & SPI_BIT, 0);
}

/* The lower number goes first; PMR holds back what is not below it. */
static void test_priorities(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    hvt_spi_setup(SPI + 1, true);
    hvt_set_gicd(REG(IPRIORITYR10), 0x60a0); /* SPI 0xa0, SPI + 1 0x60 */
    HVT_OK(hv_gic_set_spi(SPI, true));
    HVT_OK(hv_gic_set_spi(SPI + 1, true));
    hvt_gic_expect(t, SPI + 1);
    HVT_OK(hv_gic_set_icc_reg(t->vcpu, HV_GIC_ICC_REG_PMR_EL1, 0x90));
    hvt_gic_finish(t);
    assert_true((hvt_gicd(REG(ISPENDR1)) & SPI_BIT) != 0);
    hvt_gic_boot(t); /* sets PMR again */
    hvt_gic_expect(t, SPI);
    hvt_gic_finish(t);
}

static hv_return_t raise_spi(struct hvt *t)
{
    (void)t;
    return hv_gic_set_spi(SPI, true);
}

/* A guest in a loop is interrupted from another thread, time and again. */
static void test_spi_from_another_thread(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    for (int i = 0; i < 200; i++) {
        struct hvt_errand *e = hvt_errand_start(raise_spi, t);

        hvt_gic_expect(t, SPI);
        HVT_OK(hvt_errand_join(e));
    }
    hvt_gic_finish(t);
}

/* Made pending through the register, by the VMM. */
static void test_spi_set_pending(void **state)
{
    struct hvt *t = *state;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    hvt_set_gicd(REG(ISPENDR1), SPI_BIT);
    hvt_gic_expect(t, SPI);
    hvt_gic_finish(t);
}

static void test_last_spi(void **state)
{
    struct hvt *t = *state;
    uint32_t base = 0;
    uint32_t count = 0;

    HVT_OK(hv_gic_get_spi_interrupt_range(&base, &count));
    hvt_gic_boot(t);
    hvt_spi_setup(base + count - 1, true);
    HVT_OK(hv_gic_set_spi(base + count - 1, true));
    hvt_gic_expect(t, base + count - 1);
    hvt_gic_finish(t);
}

/* ---- Timers ----------------------------------------------------------- */

static void check_timer(struct hvt *t, uint32_t intid, uint32_t cval, uint32_t ctl)
{
    const uint32_t code[] = {
        a64_msr(cval, A64_XZR), a64_movz(2, 1, 0), a64_msr(ctl, 2), a64_isb(),
        a64_daifclr(2),         a64_isb(),         a64_cbz(12, -1), a64_hvc(HVT_GIC_DONE),
    };

    hvt_gic_boot(t);
    HVT_ENTER(t, code);
    hvt_gic_expect(t, intid); /* and no VTIMER exit */
    /* A timer's output is a level: still there, so it comes again. */
    hvt_gic_expect(t, intid);
    hvt_set_sys_reg(t, (hv_sys_reg_t)ctl, 0);
    hvt_gic_finish(t);
}

static void test_virtual_timer_interrupt(void **state)
{
    check_timer(*state, HV_GIC_INT_EL1_VIRTUAL_TIMER, HV_SYS_REG_CNTV_CVAL_EL0,
                HV_SYS_REG_CNTV_CTL_EL0);
}

static void test_physical_timer_interrupt(void **state)
{
    check_timer(*state, HV_GIC_INT_EL1_PHYSICAL_TIMER, HV_SYS_REG_CNTP_CVAL_EL0,
                HV_SYS_REG_CNTP_CTL_EL0);
}

/* ---- SGIs and MSIs ---------------------------------------------------- */

static void test_sgi_to_self(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_msr(A64_ICC_SGI1R_EL1, 1), a64_isb(), a64_daifclr(2), a64_isb(), a64_cbz(12, -1),
        a64_hvc(HVT_GIC_DONE),
    };

    hvt_gic_boot(t);
    hvt_set_reg(t, HV_REG_X1, UINT64_C(9) << 24 | 1); /* SGI 9 to Aff0 0 */
    HVT_ENTER(t, code);
    hvt_gic_expect(t, 9);
    hvt_gic_finish(t);
}

static void test_msi_from_the_vmm(void **state)
{
    struct hvt *t = *state;
    const uint32_t intid = t->msi_intid + 3;
    const hv_ipa_t doorbell = t->msi + HV_GIC_REG_GICM_SET_SPI_NSR;

    hvt_gic_boot(t);
    hvt_spi_setup(intid, true);
    HVT_OK(hv_gic_send_msi(doorbell, intid));
    hvt_gic_expect(t, intid);
    hvt_gic_finish(t);
}

static void test_msi_from_the_guest(void **state)
{
    struct hvt *t = *state;
    const uint32_t intid = t->msi_intid + 5;
    const uint32_t code[] = {
        a64_ldst(A64_W, A64_ST, 1, 2, HV_GIC_REG_GICM_SET_SPI_NSR / 4),
        a64_dsb(),
        a64_daifclr(2),
        a64_isb(),
        a64_cbz(12, -1),
        a64_hvc(HVT_GIC_DONE),
    };

    hvt_gic_boot(t);
    hvt_spi_setup(intid, true);
    hvt_set_reg(t, HV_REG_X1, intid);
    hvt_set_reg(t, HV_REG_X2, t->msi);
    HVT_ENTER(t, code);
    hvt_gic_expect(t, intid);
    hvt_gic_finish(t);
}

/* Wrong doorbell, wrong number: refused, nothing delivered. */
static void test_bad_msi_refused(void **state)
{
    struct hvt *t = *state;
    const hv_ipa_t doorbell = t->msi + HV_GIC_REG_GICM_SET_SPI_NSR;

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    HVT_REFUSED(hv_gic_send_msi(doorbell, t->msi_intid + HVT_MSIS));
    HVT_REFUSED(hv_gic_send_msi(doorbell, SPI));
    HVT_REFUSED(hv_gic_send_msi(HVT_RAM, t->msi_intid));
    hvt_gic_finish(t);
}

/* ---- Two vCPUs -------------------------------------------------------- */

/*
 * A second vCPU on a thread of its own: affinity 1, boots its side of the GIC,
 * waits in the loop for one interrupt, reports it and ends.
 */
struct second {
    struct hvt base;
    uint64_t entry;
    hv_ipa_t gicr;
    uint64_t intid;
    uint64_t typer;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool up; /* its GIC is set up, or it has failed */
};

static void tell_up(struct second *s)
{
    pthread_mutex_lock(&s->lock);
    s->up = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void wait_up(struct second *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->up) {
        pthread_cond_wait(&s->changed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

/* Runs until this HVC; EC 0x01 is stepped over. */
static hv_return_t run_to(hv_vcpu_t vcpu, const hv_vcpu_exit_t *exit, unsigned imm)
{
    uint64_t pc = 0;

    for (;;) {
        hv_return_t ret = hv_vcpu_run(vcpu);

        if (ret != HV_SUCCESS) {
            return ret;
        }
        if (exit->reason != HV_EXIT_REASON_EXCEPTION) {
            return HV_ERROR;
        }
        if (hvt_ec(exit->exception.syndrome) == 0x16) {
            return (exit->exception.syndrome & 0xffff) == imm ? HV_SUCCESS : HV_ERROR;
        }
        if (hvt_ec(exit->exception.syndrome) != 0x01) {
            return HV_ERROR;
        }
        ret |= hv_vcpu_get_reg(vcpu, HV_REG_PC, &pc);
        ret |= hv_vcpu_set_reg(vcpu, HV_REG_PC, pc + 4);
        if (ret != HV_SUCCESS) {
            return ret;
        }
    }
}

static hv_return_t run_second(struct hvt *arg)
{
    struct second *s = (struct second *)(void *)arg;
    hv_vcpu_t vcpu = 0;
    hv_vcpu_exit_t *exit = NULL;
    hv_return_t ret = hv_vcpu_create(&vcpu, &exit, NULL);

    if (ret != HV_SUCCESS) {
        tell_up(s);
        return ret;
    }
    ret |= hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_MPIDR_EL1, 1);
    ret |= hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_VBAR_EL1, HVT_RAM + HVT_VECTORS);
    ret |= hv_vcpu_set_reg(vcpu, HV_REG_CPSR, HVT_CPSR);
    ret |= hv_vcpu_set_reg(vcpu, HV_REG_PC, s->entry);
    ret |= hv_gic_get_redistributor_base(vcpu, &s->gicr);
    ret |= hv_gic_get_redistributor_reg(vcpu, RREG(TYPER), &s->typer);
    ret |= hv_vcpu_set_reg(vcpu, hvt_x(12), 0);
    ret |= hv_vcpu_set_reg(vcpu, hvt_x(20), s->base.gicd);
    ret |= hv_vcpu_set_reg(vcpu, hvt_x(21), s->gicr);
    if (ret == HV_SUCCESS) {
        ret = run_to(vcpu, exit, HVT_GIC_READY);
    }
    tell_up(s);
    if (ret == HV_SUCCESS) {
        ret = run_to(vcpu, exit, HVT_GIC_IRQ);
    }
    ret |= hv_vcpu_get_reg(vcpu, hvt_x(10), &s->intid);
    ret |= hv_vcpu_set_reg(vcpu, hvt_x(12), 1);
    if (ret == HV_SUCCESS) {
        ret = run_to(vcpu, exit, HVT_GIC_DONE);
    }
    ret |= hv_vcpu_destroy(vcpu);
    return ret;
}

/* An interrupt that is pending before the second vCPU is up waits for it. */
static void test_spi_routed_to_second_vcpu(void **state)
{
    struct hvt *t = *state;
    struct second s = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

    hvt_gic_boot(t);
    hvt_spi_setup(SPI, true);
    hvt_set_gicd(REG(IROUTER40), 1);
    s.base.gicd = t->gicd;
    s.entry = hvt_gic_load(t);
    HVT_OK(hv_gic_set_spi(SPI, true));
    HVT_OK(hvt_elsewhere(run_second, &s.base));
    assert_int_equal(s.intid, SPI);
    assert_int_equal(s.typer >> 32, 1);
    assert_true(s.gicr != t->gicr);
    hvt_gic_finish(t); /* and not to the first */
}

/* While the second waits in its loop, or is about to. */
static void test_sgi_to_second_vcpu(void **state)
{
    struct hvt *t = *state;
    struct second s = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct hvt_errand *e;
    const uint32_t code[] = {
        a64_msr(A64_ICC_SGI1R_EL1, 1),
        a64_isb(),
        a64_hvc(1),
    };

    hvt_gic_boot(t);
    s.base.gicd = t->gicd;
    s.entry = hvt_gic_load(t);
    hvt_set_reg(t, HV_REG_X1, UINT64_C(5) << 24 | 2); /* SGI 5 to Aff0 1 */
    HVT_ENTER(t, code);
    e = hvt_errand_start(run_second, &s.base);
    wait_up(&s);
    hvt_run_hvc(t, 1);
    HVT_OK(hvt_errand_join(e));
    assert_int_equal(s.intid, 5);
}

#define GIC_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_gic, hvt_teardown)

int hvt_group_gic_irq(void)
{
    const struct CMUnitTest tests[] = {
        GIC_TEST(test_edge_spi),
        GIC_TEST(test_edge_ignores_low),
        GIC_TEST(test_level_spi),
        GIC_TEST(test_level_withdrawn_in_time),
        GIC_TEST(test_disabled_spi_waits),
        GIC_TEST(test_priorities),
        GIC_TEST(test_spi_from_another_thread),
        GIC_TEST(test_spi_set_pending),
        GIC_TEST(test_last_spi),
        GIC_TEST(test_virtual_timer_interrupt),
        GIC_TEST(test_physical_timer_interrupt),
        GIC_TEST(test_sgi_to_self),
        GIC_TEST(test_msi_from_the_vmm),
        GIC_TEST(test_msi_from_the_guest),
        GIC_TEST(test_bad_msi_refused),
        GIC_TEST(test_spi_routed_to_second_vcpu),
        GIC_TEST(test_sgi_to_second_vcpu),
    };
    return cmocka_run_group_tests_name("gic-irq", tests, NULL, NULL);
}
