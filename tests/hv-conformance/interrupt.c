/* SPDX-License-Identifier: ISC */
/*
 * interrupt.c: IRQ and FIQ injected by the VMM, in a VM without a GIC.
 */
#include "hvt.h"

#define DAIF_F 1u
#define DAIF_I 2u

static bool pending(struct hvt *t, hv_interrupt_type_t type)
{
    bool value = false;

    HVT_OK(hv_vcpu_get_pending_interrupt(t->vcpu, type, &value));
    return value;
}

/* Handlers that say which of the two it was; a loop, entered, that never ends by itself. */
static void enter_loop(struct hvt *t, uint32_t unmask)
{
    const uint32_t irq[] = {a64_hvc(2), a64_eret()};
    const uint32_t fiq[] = {a64_hvc(3), a64_eret()};
    const uint32_t loop[] = {
        a64_daifclr(unmask),
        a64_hvc(9),
        a64_b(0),
    };

    HVT_VECTOR(t, 0x280, irq);
    HVT_VECTOR(t, 0x300, fiq);
    HVT_ENTER(t, loop);
    hvt_run_hvc(t, 9);
}

static void test_irq_is_taken(void **state)
{
    struct hvt *t = *state;

    assert_false(pending(t, HV_INTERRUPT_TYPE_IRQ));
    enter_loop(t, DAIF_I);
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    assert_true(pending(t, HV_INTERRUPT_TYPE_IRQ));
    assert_false(pending(t, HV_INTERRUPT_TYPE_FIQ));
    hvt_run_hvc(t, 2);
    /* I is set in the handler, and was not before. */
    assert_int_equal(hvt_reg(t, HV_REG_CPSR) & 0x80, 0x80);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SPSR_EL1) & 0x80, 0);
}

static void test_fiq_is_taken(void **state)
{
    struct hvt *t = *state;

    enter_loop(t, DAIF_F);
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_FIQ, true));
    assert_true(pending(t, HV_INTERRUPT_TYPE_FIQ));
    hvt_run_hvc(t, 3);
}

/* Set before each run for as long as the line is high. */
static void test_pending_is_cleared_by_a_run(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(0, A64_ISR_EL1),
        a64_hvc(1),
        a64_mrs(0, A64_ISR_EL1),
        a64_hvc(1),
    };

    HVT_ENTER(t, code); /* masked */
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0) & 0x80, 0x80); /* ISR_EL1.I */
    assert_false(pending(t, HV_INTERRUPT_TYPE_IRQ));
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0) & 0x80, 0);
}

static void test_masked_is_not_taken(void **state)
{
    struct hvt *t = *state;
    const uint32_t irq[] = {a64_hvc(2)};
    const uint32_t code[] = {
        a64_nop(),
        a64_hvc(1),
        a64_daifclr(DAIF_I),
        a64_b(0),
    };

    HVT_VECTOR(t, 0x280, irq);
    HVT_ENTER(t, code);
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    hvt_run_hvc(t, 1);
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    hvt_run_hvc(t, 2);
}

static void test_can_be_withdrawn(void **state)
{
    struct hvt *t = *state;
    struct hvt_kicker *k;

    enter_loop(t, DAIF_I | DAIF_F);
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    HVT_OK(hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, false));
    assert_false(pending(t, HV_INTERRUPT_TYPE_IRQ));
    k = hvt_kicker_start(t);
    hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
    hvt_kicker_stop(k);
}

static void test_unknown_type_refused(void **state)
{
    struct hvt *t = *state;
    bool value = true;

    HVT_REFUSED(hv_vcpu_set_pending_interrupt(t->vcpu, (hv_interrupt_type_t)2, true));
    HVT_REFUSED(hv_vcpu_get_pending_interrupt(t->vcpu, (hv_interrupt_type_t)2, &value));
    assert_true(value);
}

#define INTERRUPT_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)

int hvt_group_interrupt(void)
{
    const struct CMUnitTest tests[] = {
        INTERRUPT_TEST(test_irq_is_taken),
        INTERRUPT_TEST(test_fiq_is_taken),
        INTERRUPT_TEST(test_pending_is_cleared_by_a_run),
        INTERRUPT_TEST(test_masked_is_not_taken),
        INTERRUPT_TEST(test_can_be_withdrawn),
        INTERRUPT_TEST(test_unknown_type_refused),
    };
    return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}
