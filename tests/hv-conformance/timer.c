/* SPDX-License-Identifier: ISC */
/*
 * timer.c: the virtual timer without a GIC: VTIMER exits, the automatic mask,
 * the offset, and one time for all vCPUs. With a GIC: gic-irq.c.
 */
#include "hvt.h"

#define CTL_ENABLE  1u
#define CTL_IMASK   2u
#define CTL_ISTATUS 4u

static bool masked(struct hvt *t)
{
    bool value = false;

    HVT_OK(hv_vcpu_get_vtimer_mask(t->vcpu, &value));
    return value;
}

/* The guest programs the timer, masked, then comes to a loop, unmasked. A kicked
 * guest need not make progress, so it is there before anything else happens. */
static void enter_timer_loop(struct hvt *t, uint64_t cval, uint64_t ctl)
{
    const uint32_t code[] = {
        a64_msr(HV_SYS_REG_CNTV_CVAL_EL0, 1),
        a64_msr(HV_SYS_REG_CNTV_CTL_EL0, 2),
        a64_isb(),
        a64_hvc(9),
        a64_b(0),
    };

    hvt_set_reg(t, HV_REG_X1, cval);
    hvt_set_reg(t, HV_REG_X2, ctl);
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, true));
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 9);
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
}

/* The guest loops and nothing but a kick ends it. */
static void expect_only_kicks(struct hvt *t)
{
    struct hvt_kicker *k = hvt_kicker_start(t);

    for (int i = 0; i < 20; i++) {
        hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
    }
    hvt_kicker_stop(k);
}

static uint64_t guest_counter(struct hvt *t)
{
    const uint32_t code[] = {a64_isb(), a64_mrs(0, A64_CNTVCT_EL0), a64_hvc(1)};

    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    return hvt_reg(t, HV_REG_X0);
}

static void test_due_timer_exits_once(void **state)
{
    struct hvt *t = *state;

    enter_timer_loop(t, 0, CTL_ENABLE);
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
    assert_true(masked(t));
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0) & 7, CTL_ENABLE | CTL_ISTATUS);
    /* Still due, but masked. */
    expect_only_kicks(t);
    assert_true(masked(t));
    /* Unmasked while due: again. */
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
    assert_false(masked(t));
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
    assert_true(masked(t));
}

static void test_future_timer_exits_when_due(void **state)
{
    struct hvt *t = *state;
    const uint64_t cval = guest_counter(t) + 24000; /* a millisecond at 24 MHz */

    enter_timer_loop(t, cval, CTL_ENABLE);
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
    assert_true(guest_counter(t) >= cval);
}

static void test_far_timer_does_not_exit(void **state)
{
    struct hvt *t = *state;

    enter_timer_loop(t, UINT64_C(1) << 62, CTL_ENABLE);
    expect_only_kicks(t);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0) & 7, CTL_ENABLE);
    assert_false(masked(t));
}

static void test_disabled_timer_does_not_exit(void **state)
{
    struct hvt *t = *state;

    enter_timer_loop(t, 0, 0);
    expect_only_kicks(t);
}

static void test_imask_keeps_it_quiet(void **state)
{
    struct hvt *t = *state;

    enter_timer_loop(t, 0, CTL_ENABLE | CTL_IMASK);
    expect_only_kicks(t);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0) & 7,
                     CTL_ENABLE | CTL_IMASK | CTL_ISTATUS);
}

static void test_mask_set_by_the_vmm(void **state)
{
    struct hvt *t = *state;

    enter_timer_loop(t, 0, CTL_ENABLE);
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, true));
    assert_true(masked(t));
    expect_only_kicks(t);
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
}

/* Programmed through the accessors instead of by the guest. */
static void test_programmed_from_outside(void **state)
{
    struct hvt *t = *state;
    const uint32_t loop[] = {a64_b(0)};

    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
    hvt_set_sys_reg(t, HV_SYS_REG_CNTV_CVAL_EL0, 0);
    hvt_set_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0, CTL_ENABLE);
    HVT_ENTER(t, loop);
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
    hvt_set_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0, 0);
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
    expect_only_kicks(t);
}

static void test_counter_runs(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(0, A64_CNTVCT_EL0), a64_isb(),  a64_mrs(1, A64_CNTVCT_EL0),
        a64_mrs(2, A64_CNTFRQ_EL0), a64_hvc(1),
    };
    uint64_t before;

    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_true(hvt_reg(t, HV_REG_X1) >= hvt_reg(t, HV_REG_X0));
    /* 24 MHz on Macs so far, 1 GHz from M3 on by some accounts. */
    assert_in_range(hvt_reg(t, HV_REG_X2), 1000000, 1000000000);
    before = hvt_reg(t, HV_REG_X1);
    assert_true(guest_counter(t) >= before);
}

/* CNTVCT = the host's counter - offset, modulo 2^64. */
static void test_offset(void **state)
{
    struct hvt *t = *state;
    const uint64_t offset = UINT64_C(0x123456789abc);
    uint64_t value = 0;
    uint64_t before;
    uint64_t during;
    uint64_t after;

    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, 0));
    before = guest_counter(t);
    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, offset));
    HVT_OK(hv_vcpu_get_vtimer_offset(t->vcpu, &value));
    assert_true(value == offset);
    during = guest_counter(t) + offset;
    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, 0));
    after = guest_counter(t);
    assert_true(before <= during);
    assert_true(during <= after);
}

/*
 * The comparator looks at the guest's time, not at the host's. The distances
 * are such that a comparison of 64 bits, signed or unsigned, says the same.
 */
static void test_offset_moves_the_deadline(void **state)
{
    struct hvt *t = *state;
    const uint64_t far = UINT64_C(1) << 50;

    /* The guest's clock is ahead by far: half of what the timer waits for. */
    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, 0 - far));
    enter_timer_loop(t, 2 * far, CTL_ENABLE);
    expect_only_kicks(t);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0) & 7, CTL_ENABLE);
    /* Set further ahead, it is past that. */
    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, 0 - 3 * far));
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_CNTV_CTL_EL0) & 7, CTL_ENABLE | CTL_ISTATUS);
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
    /* Set back behind the host's, to before 0: a large number, and one a little smaller is due. */
    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, far));
    enter_timer_loop(t, 0 - 2 * far, CTL_ENABLE);
    hvt_run_reason(t, HV_EXIT_REASON_VTIMER_ACTIVATED);
}

struct reading {
    struct hvt base;
    uint64_t code;
    uint64_t counter;
};

static hv_return_t read_counter_elsewhere(struct hvt *arg)
{
    struct reading *r = (struct reading *)(void *)arg;
    hv_vcpu_t vcpu = 0;
    hv_vcpu_exit_t *exit = NULL;
    hv_return_t ret = hv_vcpu_create(&vcpu, &exit, NULL);

    if (ret != HV_SUCCESS) {
        return ret;
    }
    ret |= hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_MPIDR_EL1, 1);
    ret |= hv_vcpu_set_reg(vcpu, HV_REG_PC, r->code);
    ret |= hv_vcpu_set_reg(vcpu, HV_REG_CPSR, HVT_CPSR);
    ret |= hv_vcpu_set_vtimer_offset(vcpu, 0);
    ret |= hv_vcpu_run(vcpu);
    ret |= hv_vcpu_get_reg(vcpu, HV_REG_X0, &r->counter);
    ret |= hv_vcpu_destroy(vcpu);
    return ret;
}

static void test_one_time_for_all_vcpus(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_isb(), a64_mrs(0, A64_CNTVCT_EL0), a64_hvc(1)};
    struct reading r = {.code = hvt_load(t, code, 3)};

    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, 0));
    for (int i = 0; i < 20; i++) {
        uint64_t before = guest_counter(t);

        HVT_OK(hvt_elsewhere(read_counter_elsewhere, &r.base));
        assert_true(before <= r.counter);
        assert_true(r.counter <= guest_counter(t));
    }
}

#define TIMER_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)

int hvt_group_timer(void)
{
    const struct CMUnitTest tests[] = {
        TIMER_TEST(test_due_timer_exits_once),
        TIMER_TEST(test_future_timer_exits_when_due),
        TIMER_TEST(test_far_timer_does_not_exit),
        TIMER_TEST(test_disabled_timer_does_not_exit),
        TIMER_TEST(test_imask_keeps_it_quiet),
        TIMER_TEST(test_mask_set_by_the_vmm),
        TIMER_TEST(test_programmed_from_outside),
        TIMER_TEST(test_counter_runs),
        TIMER_TEST(test_offset),
        TIMER_TEST(test_offset_moves_the_deadline),
        TIMER_TEST(test_one_time_for_all_vcpus),
    };
    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
