/* SPDX-License-Identifier: ISC */
/*
 * wfi.c: an idle vCPU. Sources disagree on whether WFI sleeps inside
 * hv_vcpu_run() or exits with EC 0x01, so every case runs twice, with the
 * environment asking softhv for either, and accepts both; on a Mac the
 * variable means nothing. That softhv does what it is asked is a unit test.
 */
#include "hvt.h"

#include <stdlib.h>

static int setup_park(void **state)
{
    return setenv("SOFTHV_WFI", "park", 1) != 0 ? -1 : hvt_setup_vcpu(state);
}

static int setup_exit(void **state)
{
    return setenv("SOFTHV_WFI", "exit", 1) != 0 ? -1 : hvt_setup_vcpu(state);
}

static int setup_park_gic(void **state)
{
    return setenv("SOFTHV_WFI", "park", 1) != 0 ? -1 : hvt_setup_gic(state);
}

static int setup_exit_gic(void **state)
{
    return setenv("SOFTHV_WFI", "exit", 1) != 0 ? -1 : hvt_setup_gic(state);
}

static int teardown(void **state)
{
    (void)unsetenv("SOFTHV_WFI");
    return hvt_teardown(state);
}

/* An idle guest can always be had back. */
static void test_idle_guest_is_kicked(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_wfi(), a64_b(-1)};
    uint64_t pc = HVT_ENTER(t, code);
    struct hvt_kicker *k = hvt_kicker_start(t);

    for (int i = 0; i < 20; i++) {
        HVT_OK(hv_vcpu_run(t->vcpu));
        if (t->exit->reason == HV_EXIT_REASON_EXCEPTION) {
            const uint64_t syndrome = t->exit->exception.syndrome;

            assert_int_equal(hvt_ec(syndrome), 0x01);
            assert_int_equal(syndrome >> 25 & 1, 1);
            assert_int_equal(hvt_iss(syndrome), 0x1e00000); /* CV, COND 0xe, TI = WFI */
            assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
            hvt_skip_insn(t);
        } else {
            assert_int_equal(t->exit->reason, HV_EXIT_REASON_CANCELED);
        }
    }
    hvt_kicker_stop(k);
}

/* A pending interrupt ends WFI even if masked: nothing to wait for. */
static void test_wfi_with_masked_interrupt(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_wfi(), a64_hvc(1)};

    HVT_ENTER(t, code);
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    hvt_run_to_hvc(t, 1);
}

static void test_wfe_after_sevl(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_sevl(), a64_wfe(), a64_hvc(1)};

    HVT_ENTER(t, code);
    hvt_run_to_hvc(t, 1);
}

/* Without a GIC the timer ends the run, asleep or not. */
static void test_timer_ends_idling(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(1, A64_CNTVCT_EL0),
        a64_add_imm(1, 1, 4095), /* 0.17 ms at 24 MHz */
        a64_msr(HV_SYS_REG_CNTV_CVAL_EL0, 1),
        a64_movz(2, 1, 0),
        a64_msr(HV_SYS_REG_CNTV_CTL_EL0, 2),
        a64_isb(),
        a64_wfi(),
        a64_b(-1),
    };

    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
    HVT_ENTER(t, code);
    for (;;) {
        HVT_OK(hv_vcpu_run(t->vcpu));
        if (t->exit->reason != HV_EXIT_REASON_EXCEPTION) {
            break;
        }
        assert_int_equal(hvt_ec(t->exit->exception.syndrome), 0x01);
        hvt_skip_insn(t);
    }
    assert_int_equal(t->exit->reason, HV_EXIT_REASON_VTIMER_ACTIVATED);
}

/*
 * With a GIC: idle until X12 != 0, the way an operating system does it. WFI is
 * reached with interrupts masked and ends with one pending; were it reached
 * unmasked, the last interrupt could come just before it.
 */
#define IDLE_LOOP                                                                                  \
    a64_daifset(2), a64_cbnz(12, 5), a64_wfi(), a64_daifclr(2), a64_isb(), a64_b(-5),              \
        a64_hvc(HVT_GIC_DONE)

static hv_return_t raise_spi_40(struct hvt *t)
{
    (void)t;
    return hv_gic_set_spi(40, true);
}

static void test_spi_ends_idling(void **state)
{
    struct hvt *t = *state;
    const uint32_t loop[] = {IDLE_LOOP};

    hvt_gic_boot(t);
    hvt_spi_setup(40, true);
    for (int i = 0; i < 50; i++) {
        struct hvt_errand *e;

        HVT_ENTER(t, loop);
        hvt_set_reg(t, HV_REG_X12, 0);
        e = hvt_errand_start(raise_spi_40, t);
        hvt_gic_expect(t, 40);
        HVT_OK(hvt_errand_join(e));
        hvt_gic_finish(t);
    }
}

static void test_timer_interrupt_ends_idling(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(1, A64_CNTVCT_EL0),           a64_add_imm(1, 1, 4095),
        a64_msr(HV_SYS_REG_CNTV_CVAL_EL0, 1), a64_movz(2, 1, 0),
        a64_msr(HV_SYS_REG_CNTV_CTL_EL0, 2),  IDLE_LOOP,
    };

    hvt_gic_boot(t);
    HVT_ENTER(t, code);
    hvt_gic_expect(t, HV_GIC_INT_EL1_VIRTUAL_TIMER);
    hvt_set_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0, 0);
    hvt_gic_finish(t);
}

#define BOTH(fn)                                                                                   \
    {#fn "_parking", fn, setup_park, teardown, NULL},                                              \
    {                                                                                              \
#fn "_exiting", fn, setup_exit, teardown, NULL                                             \
    }
#define BOTH_GIC(fn)                                                                               \
    {#fn "_parking", fn, setup_park_gic, teardown, NULL},                                          \
    {                                                                                              \
#fn "_exiting", fn, setup_exit_gic, teardown, NULL                                         \
    }

int hvt_group_wfi(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_idle_guest_is_kicked), BOTH(test_wfi_with_masked_interrupt),
        BOTH(test_wfe_after_sevl),       BOTH(test_timer_ends_idling),
        BOTH_GIC(test_spi_ends_idling),  BOTH_GIC(test_timer_interrupt_ends_idling),
    };
    return cmocka_run_group_tests_name("wfi", tests, NULL, NULL);
}
