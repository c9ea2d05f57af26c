/* SPDX-License-Identifier: ISC */
/*
 * regs.c: register accessors: what is written is read, each register is its
 * own, the guest sees the same, unknown names are refused.
 */
#include "hvt.h"

#include <string.h>

static uint64_t pattern(unsigned i)
{
    return UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
}

/* All are written before any is read, so that two that share a place show. */
static void test_general_registers(void **state)
{
    struct hvt *t = *state;

    for (unsigned n = 0; n <= 30; n++) {
        hvt_set_reg(t, hvt_x(n), pattern(n));
    }
    hvt_set_reg(t, HV_REG_PC, UINT64_C(0xffff800012345678));
    for (unsigned n = 0; n <= 30; n++) {
        assert_true(hvt_reg(t, hvt_x(n)) == pattern(n));
    }
    assert_true(hvt_reg(t, HV_REG_PC) == UINT64_C(0xffff800012345678));
    assert_true(hvt_reg(t, HV_REG_FP) == pattern(29));
    assert_true(hvt_reg(t, HV_REG_LR) == pattern(30));
    assert_int_equal(hvt_reg(t, HV_REG_CPSR), HVT_CPSR);
}

static void test_cpsr(void **state)
{
    struct hvt *t = *state;
    static const uint64_t values[] = {
        0x3c5,      /* EL1h, all masked */
        0x3c4,      /* EL1t */
        0x0,        /* EL0t, nothing masked */
        0xf00003c5, /* NZCV */
        0x60000345, /* Z and C, I unmasked */
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        hvt_set_reg(t, HV_REG_CPSR, values[i]);
        assert_int_equal(hvt_reg(t, HV_REG_CPSR), values[i]);
    }
}

static void test_fp_control(void **state)
{
    struct hvt *t = *state;
    const uint64_t fpcr = UINT64_C(1) << 25 | UINT64_C(1) << 24 | UINT64_C(2) << 22;
    const uint64_t fpsr = UINT64_C(1) << 27 | 0x9f;
    const uint32_t code[] = {
        a64_mrs(0, A64_FPCR), a64_mrs(1, A64_FPSR), a64_msr(A64_FPCR, 2),
        a64_msr(A64_FPSR, 3), a64_hvc(1),
    };

    hvt_set_reg(t, HV_REG_FPCR, fpcr);
    hvt_set_reg(t, HV_REG_FPSR, fpsr);
    assert_int_equal(hvt_reg(t, HV_REG_FPCR), fpcr);
    assert_int_equal(hvt_reg(t, HV_REG_FPSR), fpsr);
    hvt_set_reg(t, HV_REG_X2, UINT64_C(3) << 22);
    hvt_set_reg(t, HV_REG_X3, 0x10);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), fpcr);
    assert_int_equal(hvt_reg(t, HV_REG_X1), fpsr);
    assert_int_equal(hvt_reg(t, HV_REG_FPCR), UINT64_C(3) << 22);
    assert_int_equal(hvt_reg(t, HV_REG_FPSR), 0x10);
}

static void test_simd_registers(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_fmov_x_d(0, 0), a64_fmov_x_high(1, 0), a64_fmov_x_d(2, 31), a64_fmov_x_high(3, 31),
        a64_hvc(1),
    };

    for (unsigned n = 0; n < 32; n++) {
        uint64_t halves[2] = {pattern(n), ~pattern(n)};
        hv_simd_fp_uchar16_t q;

        memcpy(&q, halves, sizeof(q));
        HVT_OK(hv_vcpu_set_simd_fp_reg(t->vcpu, (hv_simd_fp_reg_t)n, q));
    }
    for (unsigned n = 0; n < 32; n++) {
        const uint64_t halves[2] = {pattern(n), ~pattern(n)};
        hv_simd_fp_uchar16_t q;

        memset(&q, 0, sizeof(q));
        HVT_OK(hv_vcpu_get_simd_fp_reg(t->vcpu, (hv_simd_fp_reg_t)n, &q));
        assert_memory_equal(&q, halves, sizeof(q));
    }
    /* Byte 0 is the least significant, as the guest sees it. */
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_true(hvt_reg(t, HV_REG_X0) == pattern(0));
    assert_true(hvt_reg(t, HV_REG_X1) == ~pattern(0));
    assert_true(hvt_reg(t, HV_REG_X2) == pattern(31));
    assert_true(hvt_reg(t, HV_REG_X3) == ~pattern(31));
}

static void test_unknown_registers_refused(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 5;
    hv_simd_fp_uchar16_t q;
    static const uint16_t unnamed[] = {
        0xffff, 0x0000, 0xdf00, /* CNTFRQ_EL0: a register, not one of the interface's */
        0xdf02,                 /* CNTVCT_EL0: likewise; there is the offset */
    };

    memset(&q, 7, sizeof(q));
    HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_get_reg(t->vcpu, (hv_reg_t)35, &value));
    HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_set_reg(t->vcpu, (hv_reg_t)35, 1));
    HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_get_reg(t->vcpu, (hv_reg_t)0x7fffffff, &value));
    HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_get_simd_fp_reg(t->vcpu, (hv_simd_fp_reg_t)32, &q));
    HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_set_simd_fp_reg(t->vcpu, (hv_simd_fp_reg_t)32, q));
    for (size_t i = 0; i < sizeof(unnamed) / sizeof(unnamed[0]); i++) {
        HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_get_sys_reg(t->vcpu, (hv_sys_reg_t)unnamed[i], &value));
        HVT_CODE(HV_BAD_ARGUMENT, hv_vcpu_set_sys_reg(t->vcpu, (hv_sys_reg_t)unnamed[i], 1));
    }
    assert_int_equal(value, 5);
}

/* ---- System registers ------------------------------------------------- */

struct sys_case {
    const char *name;
    hv_sys_reg_t reg;
    uint64_t value;
    uint64_t mask; /* which bits must come back; the rest may be fixed by the CPU */
    bool guest;    /* the guest's MRS sees them too */
};

#define ALL UINT64_MAX
#define CASE(name, value, mask, guest)                                                             \
    {                                                                                              \
#name, HV_SYS_REG_##name, UINT64_C(value), mask, guest                                     \
    }

/* clang-format off */
static const struct sys_case sys_cases[] = {
    CASE(SCTLR_EL1, 0x30d01804, UINT64_C(0x1004), true),
    CASE(CPACR_EL1, 0x300000, UINT64_C(0x300000), true),
    CASE(TTBR0_EL1, 0x0012000040100000, UINT64_C(0xffff00fffffff000), true),
    CASE(TTBR1_EL1, 0x0034000040110000, UINT64_C(0xffff00fffffff000), true),
    CASE(TCR_EL1, 0x00000010b5193519, UINT64_C(0x00000007bfbfff3f), true),
    CASE(MAIR_EL1, 0x000000ff440c0400, ALL, true),
    CASE(VBAR_EL1, 0xffff800012345800, ALL, true),
    CASE(ELR_EL1, 0xffff80001234567c, ALL, true),
    CASE(SPSR_EL1, 0x600003c5, ALL, true),
    CASE(SP_EL0, 0x0123456789abcde0, ALL, true),
    CASE(SP_EL1, 0xfedcba9876543210, ALL, false),
    CASE(ESR_EL1, 0x56001234, ALL, true),
    CASE(FAR_EL1, 0xffff0000dead0000, ALL, true),
    CASE(PAR_EL1, 0x0000000040000000, UINT64_C(0x0000000ffffff000), true),
    CASE(CONTEXTIDR_EL1, 0x89abcdef, ALL, true),
    CASE(TPIDR_EL1, 0xffff000011112222, ALL, true),
    CASE(TPIDR_EL0, 0x0000aaaabbbbcccc, ALL, true),
    CASE(TPIDRRO_EL0, 0x1111222233334444, ALL, true),
    CASE(CNTKCTL_EL1, 0x3, UINT64_C(0x3), true),
    CASE(CSSELR_EL1, 0x2, UINT64_C(0xf), true),
    CASE(CNTV_CTL_EL0, 0x2, UINT64_C(0x3), true),
    CASE(CNTV_CVAL_EL0, 0x0123456789abcdef, ALL, true),
    CASE(MDSCR_EL1, 0x8000, UINT64_C(0x8000), false),
    CASE(DBGBVR0_EL1, 0x0000aaaa00001000, ALL, false),
    CASE(DBGWVR0_EL1, 0x0000bbbb00002000, ALL, false),
    CASE(APIAKEYLO_EL1, 0x1020304050607080, ALL, false),
    CASE(APIAKEYHI_EL1, 0x1121314151617181, ALL, false),
    CASE(APIBKEYLO_EL1, 0x1222324252627282, ALL, false),
    CASE(APIBKEYHI_EL1, 0x1323334353637383, ALL, false),
    CASE(APDAKEYLO_EL1, 0x1424344454647484, ALL, false),
    CASE(APDAKEYHI_EL1, 0x1525354555657585, ALL, false),
    CASE(APDBKEYLO_EL1, 0x1626364656667686, ALL, false),
    CASE(APDBKEYHI_EL1, 0x1727374757677787, ALL, false),
    CASE(APGAKEYLO_EL1, 0x1828384858687888, ALL, false),
    CASE(APGAKEYHI_EL1, 0x1929394959697989, ALL, false),
};
/* clang-format on */
enum {
    SYS_CASES = sizeof(sys_cases) / sizeof(sys_cases[0])
};

static void test_sys_registers(void **state)
{
    struct hvt *t = *state;

    for (size_t i = 0; i < SYS_CASES; i++) {
        hvt_check(hv_vcpu_set_sys_reg(t->vcpu, sys_cases[i].reg, sys_cases[i].value), true,
                  sys_cases[i].name, __FILE__, __LINE__);
    }
    for (size_t i = 0; i < SYS_CASES; i++) {
        const struct sys_case *c = &sys_cases[i];
        uint64_t value = 0;

        hvt_check(hv_vcpu_get_sys_reg(t->vcpu, c->reg, &value), true, c->name, __FILE__, __LINE__);
        if ((value & c->mask) != (c->value & c->mask)) {
            print_error("%s: wrote 0x%llx, read 0x%llx\n", c->name, (unsigned long long)c->value,
                        (unsigned long long)value);
        }
        assert_true((value & c->mask) == (c->value & c->mask));
    }
}

/* One at a time: some of these values, together, would derail the guest. */
static void test_guest_sees_sys_registers(void **state)
{
    struct hvt *t = *state;

    for (size_t i = 0; i < SYS_CASES; i++) {
        const struct sys_case *c = &sys_cases[i];
        const uint32_t code[] = {a64_mrs(0, c->reg), a64_hvc(1)};
        uint64_t before;
        uint64_t seen;

        if (!c->guest) {
            continue;
        }
        before = hvt_sys_reg(t, c->reg);
        hvt_set_sys_reg(t, c->reg, c->value);
        HVT_ENTER(t, code);
        hvt_run_hvc(t, 1);
        seen = hvt_reg(t, HV_REG_X0);
        if ((seen & c->mask) != (c->value & c->mask)) {
            print_error("%s: wrote 0x%llx, guest read 0x%llx\n", c->name,
                        (unsigned long long)c->value, (unsigned long long)seen);
        }
        assert_true((seen & c->mask) == (c->value & c->mask));
        hvt_set_sys_reg(t, c->reg, before);
    }
}

/* These can be read; what writing does is the implementation's business. */
static void test_other_sys_registers_readable(void **state)
{
    struct hvt *t = *state;
    static const hv_sys_reg_t readable[] = {
        HV_SYS_REG_ID_AA64PFR0_EL1,  HV_SYS_REG_ID_AA64PFR1_EL1,  HV_SYS_REG_ID_AA64DFR0_EL1,
        HV_SYS_REG_ID_AA64DFR1_EL1,  HV_SYS_REG_ID_AA64ISAR0_EL1, HV_SYS_REG_ID_AA64ISAR1_EL1,
        HV_SYS_REG_ID_AA64MMFR0_EL1, HV_SYS_REG_ID_AA64MMFR1_EL1, HV_SYS_REG_ID_AA64MMFR2_EL1,
        HV_SYS_REG_AFSR0_EL1,        HV_SYS_REG_AFSR1_EL1,        HV_SYS_REG_AMAIR_EL1,
        HV_SYS_REG_MDCCINT_EL1,      HV_SYS_REG_DBGBCR0_EL1,      HV_SYS_REG_DBGWCR0_EL1,
        HV_SYS_REG_DBGBVR15_EL1,     HV_SYS_REG_DBGBCR15_EL1,     HV_SYS_REG_DBGWVR15_EL1,
        HV_SYS_REG_DBGWCR15_EL1,     HV_SYS_REG_MIDR_EL1,
    };

    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        (void)hvt_sys_reg(t, readable[i]);
    }
}

/* The affinity that a VMM gives its vCPU, and a CPU of its choice. */
static void test_mpidr_and_midr(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(0, HV_SYS_REG_MPIDR_EL1),
        a64_mrs(1, HV_SYS_REG_MIDR_EL1),
        a64_hvc(1),
    };
    const uint64_t affinity = UINT64_C(0xff00ffffff);

    hvt_set_sys_reg(t, HV_SYS_REG_MPIDR_EL1, 0x80000102);
    hvt_set_sys_reg(t, HV_SYS_REG_MIDR_EL1, 0x410fd070);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_MPIDR_EL1) & affinity, 0x102);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_MIDR_EL1), 0x410fd070);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0) & affinity, 0x102);
    assert_int_equal(hvt_reg(t, HV_REG_X1), 0x410fd070);
}

/* A vCPU shows what its config promised, to the VMM and to the guest. */
static void test_feature_registers_agree(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(0, HV_SYS_REG_ID_AA64ISAR0_EL1),
        a64_mrs(1, HV_SYS_REG_ID_AA64PFR0_EL1),
        a64_hvc(1),
    };
    uint64_t isar0 = 0;
    uint64_t pfr0 = 0;
    hv_vcpu_config_t config = hv_vcpu_config_create();

    assert_non_null(config);
    HVT_OK(hv_vcpu_config_get_feature_reg(config, HV_FEATURE_REG_ID_AA64ISAR0_EL1, &isar0));
    HVT_OK(hv_vcpu_config_get_feature_reg(config, HV_FEATURE_REG_ID_AA64PFR0_EL1, &pfr0));
    os_release(config);
    assert_true(hvt_sys_reg(t, HV_SYS_REG_ID_AA64ISAR0_EL1) == isar0);
    /* EL0 to EL3; the GIC field may depend on the VM. */
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ID_AA64PFR0_EL1) & 0xffff, pfr0 & 0xffff);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_true(hvt_reg(t, HV_REG_X0) == isar0);
    assert_int_equal(hvt_reg(t, HV_REG_X1) & 0xffff, pfr0 & 0xffff);
}

static void test_stack_pointers(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_add_imm(0, A64_SP, 0),       /* x0 = sp */
        a64_add_imm(A64_SP, A64_SP, 16), /* sp += 16 */
        a64_hvc(1),
    };

    hvt_set_sys_reg(t, HV_SYS_REG_SP_EL0, 0x1000);
    hvt_set_sys_reg(t, HV_SYS_REG_SP_EL1, 0x2000);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 0x2000);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SP_EL1), 0x2010);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SP_EL0), 0x1000);

    hvt_set_reg(t, HV_REG_CPSR, 0x3c4); /* EL1t: SP is SP_EL0 */
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 0x1000);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SP_EL0), 0x1010);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SP_EL1), 0x2010);
}

/* In this VM there is no EL2, so its registers don't exist. */
static void test_el2_registers_refused(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 5;

    HVT_REFUSED(hv_vcpu_get_sys_reg(t->vcpu, HV_SYS_REG_HCR_EL2, &value));
    HVT_REFUSED(hv_vcpu_set_sys_reg(t->vcpu, HV_SYS_REG_HCR_EL2, 0));
    HVT_REFUSED(hv_vcpu_get_sys_reg(t->vcpu, HV_SYS_REG_VTTBR_EL2, &value));
    assert_int_equal(value, 5);
}

/* The physical timer exists with a GIC only. */
static void test_physical_timer_without_gic_refused(void **state)
{
    struct hvt *t = *state;
    uint64_t value = 5;

    HVT_REFUSED(hv_vcpu_get_sys_reg(t->vcpu, HV_SYS_REG_CNTP_CTL_EL0, &value));
    HVT_REFUSED(hv_vcpu_set_sys_reg(t->vcpu, HV_SYS_REG_CNTP_CVAL_EL0, 0));
    assert_int_equal(value, 5);
}

static void test_physical_timer_with_gic(void **state)
{
    struct hvt *t = *state;

    hvt_set_sys_reg(t, HV_SYS_REG_CNTP_CVAL_EL0, UINT64_C(0x123456789abcdef));
    assert_true(hvt_sys_reg(t, HV_SYS_REG_CNTP_CVAL_EL0) == UINT64_C(0x123456789abcdef));
    hvt_set_sys_reg(t, HV_SYS_REG_CNTP_CTL_EL0, 2);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_CNTP_CTL_EL0) & 3, 2);
}

#define REG_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)

int hvt_group_regs(void)
{
    const struct CMUnitTest tests[] = {
        REG_TEST(test_general_registers),
        REG_TEST(test_cpsr),
        REG_TEST(test_fp_control),
        REG_TEST(test_simd_registers),
        REG_TEST(test_unknown_registers_refused),
        REG_TEST(test_sys_registers),
        REG_TEST(test_guest_sees_sys_registers),
        REG_TEST(test_other_sys_registers_readable),
        REG_TEST(test_mpidr_and_midr),
        REG_TEST(test_feature_registers_agree),
        REG_TEST(test_stack_pointers),
        REG_TEST(test_el2_registers_refused),
        REG_TEST(test_physical_timer_without_gic_refused),
        cmocka_unit_test_setup_teardown(test_physical_timer_with_gic, hvt_setup_gic, hvt_teardown),
    };
    return cmocka_run_group_tests_name("regs", tests, NULL, NULL);
}
