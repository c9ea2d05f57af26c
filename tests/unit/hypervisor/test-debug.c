/* SPDX-License-Identifier: ISC */
/*
 * test-debug.c: software step, breakpoints and watchpoints (Arm ARM D2.8 to D2.12), as a debugger in
 * the guest uses them and as one outside does.
 */
#include "guest-fixture.h"

#include "debug.h"
#include "mmu.h"

enum {
    EC_SVC = 0x15,
    EC_ILLEGAL = 0x0e,
    EC_IABORT_LOWER = 0x20,
    EC_BREAKPOINT = 0x30, /* from a lower level; from the same one more */
    EC_STEP = 0x32,
    EC_WATCHPOINT = 0x34,
    EC_DABORT_SAME = 0x25,
    EC_DABORT_LOWER = 0x24
};

/* Syndromes. */
enum {
    DEBUG_EVENT = 0x22,
    WNR = 1u << 6,
    CM = 1u << 8,
    STEP_ISV = 1u << 24,
    STEP_EX = 1u << 6
};

#define PSR_D                   (UINT64_C(1) << 9)
#define EL1H_D0                 (EL1H & ~PSR_D) /* debug exceptions unmasked */

/* DBGBCR, DBGWCR. */
#define CR_E                    1u
#define CR_EL1                  (1u << 1)
#define CR_EL0                  (2u << 1)
#define CR_BOTH                 (3u << 1)
#define CR_LBN(n)               ((uint64_t)(n) << 16)
#define BCR(level)              ((uint64_t)CR_E | (level) | 0xfu << 5)
#define BT(n)                   ((uint64_t)(n) << 20)
#define WCR_LOAD                (1u << 3)
#define WCR_STORE               (2u << 3)
#define WCR(level, access, bas) ((uint64_t)CR_E | (level) | (access) | (uint64_t)(bas) << 5)
#define WCR_WT                  (UINT64_C(1) << 20)
#define WCR_MASK(n)             ((uint64_t)(n) << 24)

static hv_sys_reg_t numbered(hv_sys_reg_t first, unsigned n)
{
    return (hv_sys_reg_t)(first + 8 * n);
}

static void set_breakpoint(struct guest *g, unsigned n, uint64_t value, uint64_t control)
{
    guest_set_sys(g, numbered(HV_SYS_REG_DBGBVR0_EL1, n), value);
    guest_set_sys(g, numbered(HV_SYS_REG_DBGBCR0_EL1, n), control);
}

static void set_watchpoint(struct guest *g, unsigned n, uint64_t value, uint64_t control)
{
    guest_set_sys(g, numbered(HV_SYS_REG_DBGWVR0_EL1, n), value);
    guest_set_sys(g, numbered(HV_SYS_REG_DBGWCR0_EL1, n), control);
}

static void set_mdscr(struct guest *g, uint64_t bits)
{
    guest_set_sys(g, HV_SYS_REG_MDSCR_EL1, bits);
}

/* A debug exception at a vector, from pc. */
static void expect_debug(struct guest *g, bool el0, unsigned ec, uint32_t iss, uint64_t pc)
{
    uint32_t seen = guest_run_sync(g, el0, el0 ? ec : ec + 1);

    if (seen != iss || guest_sys(g, HV_SYS_REG_ELR_EL1) != pc) {
        print_error("ISS 0x%x, ELR 0x%llx\n", seen,
                    (unsigned long long)guest_sys(g, HV_SYS_REG_ELR_EL1));
    }
    assert_int_equal(seen, iss);
    assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == pc);
}

/* The same as an exit. */
static void expect_exit(struct guest *g, unsigned ec, uint32_t iss, uint64_t pc)
{
    assert_int_equal(guest_run(g), ec);
    assert_int_equal(g->exit->exception.syndrome & 0x1ffffff, iss);
    assert_true(guest_reg(g, HV_REG_PC) == pc);
}

static void no_exception(struct guest *g)
{
    assert_int_equal(guest_run_hvc(g), 1);
}

/* ---- Software step --------------------------------------------------------------------------- */

/* Returns from EL1 to pc at `spsr`, the way a debugger makes one step. */
static void step_from(struct guest *g, uint64_t pc, uint64_t spsr)
{
    const uint32_t eret[] = {a64_eret()};

    guest_set_reg(g, HV_REG_CPSR, EL1H);
    guest_set_sys(g, HV_SYS_REG_ELR_EL1, pc);
    guest_set_sys(g, HV_SYS_REG_SPSR_EL1, spsr);
    guest_put_code(g, CODE + 0x4000, eret, 1);
    guest_set_reg(g, HV_REG_PC, CODE + 0x4000);
}

/* One step at EL0 from pc, to `to`. */
static void step_to(struct guest *g, uint64_t pc, uint64_t to)
{
    step_from(g, pc, EL0T | PSTATE_SS);
    expect_debug(g, true, EC_STEP, STEP_ISV | DEBUG_EVENT, to);
    assert_false(guest_sys(g, HV_SYS_REG_SPSR_EL1) & PSTATE_SS);
}

static void test_step_at_el0(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {
        /*  0 */ a64_movz(0, 5, 0),
        /*  1 */ a64_b(2),
        /*  2 */ a64_b(-1),
        /*  3 */ a64_cbz(0, -2),
        /*  4 */ a64_cbnz(0, 3),
        /*  5 */ a64_ret(),
        /*  6 */ a64_ldst(A64_X, A64_LD, 3, 1, 0),
        /*  7 */ a64_bl(-2),
        /*  8 */ a64_ldst(A64_X, A64_ST, 0, 1, 1),
        /*  9 */ 0x3dc00020, /* ldr q0, [x1] */
        /* 10 */ a64_mrs(4, HV_SYS_REG_TPIDR_EL0),
        /* 11 */ a64_dsb(),
        /* 12 */ a64_isb(),
        /* 13 */ a64_br(2),
    };
    static const unsigned path[] = {0, 1, 3, 4, 7, 5, 8, 9, 10, 11, 12, 13};

    set_mdscr(g, MDSCR_SS);
    guest_set_x(g, 1, DATA);
    guest_set_x(g, 2, CODE + 0xffc);
    GUEST_PROGRAM(g, code);
    for (size_t i = 0; i + 1 < COUNT(path); i++) {
        step_to(g, CODE + 4 * path[i], CODE + 4 * path[i + 1]);
    }
    step_to(g, CODE + 4 * 13, CODE + 0xffc);
    /* The last instruction of a page. */
    guest_put_code(g, CODE + 0xffc, (const uint32_t[]){a64_nop()}, 1);
    step_to(g, CODE + 0xffc, CODE + 0x1000);
    assert_int_equal(guest_get64(g, DATA + 8), 5);
}

/* Exclusives cannot end under step; the syndrome says why. */
static void test_step_over_exclusives(void **state)
{
    static const struct {
        uint32_t insn;
        bool exclusive;
    } cases[] = {
        {0xc85f7c20, true},  {0xc87f0820, true},  {0x885ffc20, true}, /* ldxr, ldxp, ldaxr */
        {0xc8007c22, false}, {0xc8dffc20, false},                     /* stxr, ldar */
        {0x48207c22, false}, {0xc8e07c22, false},                     /* casp, casa */
    };
    struct guest *g = *state;

    set_mdscr(g, MDSCR_SS);
    for (size_t i = 0; i < COUNT(cases); i++) {
        guest_set_x(g, 1, DATA); /* CASP has written it */
        guest_program(g, &cases[i].insn, 1);
        step_from(g, CODE, EL0T | PSTATE_SS);
        expect_debug(g, true, EC_STEP,
                     STEP_ISV | DEBUG_EVENT | (cases[i].exclusive ? (uint32_t)STEP_EX : 0),
                     CODE + 4);
    }
}

/*
 * An instruction that takes an exception. If it is to be tried again, SPSR.SS is 1 and the step is still to
 * be made; SVC has been executed, and the step is over at once when its handler returns.
 */
static void test_step_into_exceptions(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint32_t code[] = {a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_svc(9), a64_brk(1), a64_udf()};

    guest_mmu_usual(g, &r);
    set_mdscr(g, MDSCR_SS);
    guest_set_x(g, 1, DATA);
    GUEST_PROGRAM(g, code);
    step_from(g, CODE, EL0T | PSTATE_SS);
    guest_run_sync(g, true, EC_DABORT_LOWER);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == (EL0T | PSTATE_SS));
    assert_false(guest_reg(g, HV_REG_CPSR) & PSTATE_SS);
    /* The page is brought in, the handler returns: one instruction, not none. */
    guest_map(g, &r, DATA, DATA, 3, PTE_USER);
    step_to(g, CODE, CODE + 4);

    step_from(g, CODE + 4, EL0T | PSTATE_SS);
    assert_int_equal(guest_run_sync(g, true, EC_SVC), 9);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == EL0T);
    assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == CODE + 8);
    step_from(g, CODE + 8, EL0T);
    expect_debug(g, true, EC_STEP, DEBUG_EVENT, CODE + 8); /* nothing was stepped: ISV is 0 */

    for (unsigned i = 0; i < 2; i++) {
        step_from(g, CODE + 8 + 4 * i, EL0T | PSTATE_SS);
        guest_run_sync(g, true, i == 0 ? 0x3c : 0x00);
        assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == (EL0T | PSTATE_SS));
    }
    /* An instruction abort. */
    step_from(g, DATA + 0x200000, EL0T | PSTATE_SS);
    guest_run_sync(g, true, EC_IABORT_LOWER);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == (EL0T | PSTATE_SS));
}

/* An interrupt comes first; nothing is stepped at the vector, and the step is still to be made. */
static void test_step_and_interrupt(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_nop(), a64_nop()};
    const uint64_t el0 = EL0T & ~(UINT64_C(1) << 7);

    set_mdscr(g, MDSCR_SS);
    GUEST_PROGRAM(g, code);
    step_from(g, CODE, el0 | PSTATE_SS);
    OK(hv_vcpu_set_pending_interrupt(g->vcpu, HV_INTERRUPT_TYPE_IRQ, true));
    assert_int_equal(guest_run_vector(g), 0x480);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == (el0 | PSTATE_SS));
    assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == CODE);
    step_to(g, CODE, CODE + 4);
}

/* EL1 steps itself with KDE, while PSTATE.D is 0. */
static void test_step_at_el1(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {
        a64_movz(0, 5, 0), a64_daifset(8), a64_movz(0, 6, 0), a64_daifclr(8), a64_movz(0, 7, 0),
    };

    set_mdscr(g, MDSCR_SS | MDSCR_KDE);
    GUEST_PROGRAM(g, code);
    step_from(g, CODE, EL1H_D0 | PSTATE_SS);
    expect_debug(g, false, EC_STEP, STEP_ISV | DEBUG_EVENT, CODE + 4);
    assert_int_equal(guest_x(g, 0), 5);
    /* Sets D: goes on until D is clear again. */
    step_from(g, CODE + 4, EL1H_D0 | PSTATE_SS);
    expect_debug(g, false, EC_STEP, STEP_ISV | DEBUG_EVENT, CODE + 16);
    assert_int_equal(guest_x(g, 0), 6);
    /* Without KDE not at all, and not from a return at a level that could be stepped itself. */
    set_mdscr(g, MDSCR_SS);
    guest_put_code(g, CODE + 20, (const uint32_t[]){a64_hvc(1)}, 1);
    step_from(g, CODE, EL1H_D0 | PSTATE_SS);
    no_exception(g);
}

/* SPSR.SS means nothing while software step is off. */
static void test_return_with_ss(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_brk(0)};

    set_mdscr(g, 0);
    GUEST_PROGRAM(g, code);
    step_from(g, CODE, EL0T | PSTATE_SS);
    guest_run_sync(g, true, 0x3c);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == EL0T);
}

static void test_step_over_a_return(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_eret(), a64_nop(), a64_nop()};

    set_mdscr(g, MDSCR_SS | MDSCR_KDE);
    /* PSTATE.D is 0, so the ERET itself is stepped; SPSR.SS of an outer step does not count. */
    GUEST_PROGRAM(g, code);
    guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 8);
    guest_set_sys(g, HV_SYS_REG_SPSR_EL1, EL0T | PSTATE_SS);
    guest_set_reg(g, HV_REG_CPSR, EL1H_D0 | PSTATE_SS);
    expect_debug(g, true, EC_STEP, DEBUG_EVENT, CODE + 8);
}

/* A debugger outside: steps anything, at any level, whatever KDE and D say. */
static void test_step_from_outside(void **state)
{
    static const uint64_t levels[] = {EL0T, EL1T, EL1H};
    struct guest *g = *state;
    const uint32_t code[] = {a64_nop(), a64_svc(1)};

    OK(hv_vcpu_set_trap_debug_exceptions(g->vcpu, true));
    set_mdscr(g, MDSCR_SS);
    for (size_t i = 0; i < COUNT(levels); i++) {
        GUEST_PROGRAM(g, code);
        guest_set_reg(g, HV_REG_CPSR, levels[i] | PSTATE_SS);
        expect_exit(g, EC_STEP, STEP_ISV | DEBUG_EVENT, CODE + 4);
        assert_true(guest_reg(g, HV_REG_CPSR) == levels[i]);
        /* Into the handler: the step ends at its first instruction. */
        guest_set_reg(g, HV_REG_CPSR, levels[i] | PSTATE_SS);
        expect_exit(g, EC_STEP, DEBUG_EVENT, VECTORS + (i == 0 ? 0x400 : i == 1 ? 0 : 0x200));
    }
    /* Switched off, it runs. */
    OK(hv_vcpu_set_trap_debug_exceptions(g->vcpu, false));
    GUEST_PROGRAM(g, code);
    guest_set_reg(g, HV_REG_CPSR, EL1H);
    assert_int_equal(guest_run_vector(g), 0x200);
}

/* ---- Breakpoints ----------------------------------------------------------------------------- */

/* X0 counts what was executed. */
static const uint32_t counting[] = {
    0x91000400, 0x91000400, 0x91000400, 0x91000400, 0xd4000022, /* add x0, x0, #1 x 4, hvc #1 */
};

static void start(struct guest *g, uint64_t cpsr)
{
    GUEST_PROGRAM(g, counting);
    guest_set_x(g, 0, 0);
    guest_set_reg(g, HV_REG_CPSR, cpsr);
}

static void test_breakpoints(void **state)
{
    struct guest *g = *state;

    for (unsigned n = 0; n < DEBUG_BREAKPOINTS; n++) {
        for (unsigned at = 0; at < 4; at++) {
            set_mdscr(g, MDSCR_MDE);
            set_breakpoint(g, n, CODE + 4 * at, BCR(CR_EL0));
            start(g, EL0T);
            expect_debug(g, true, EC_BREAKPOINT, DEBUG_EVENT, CODE + 4 * at);
            assert_int_equal(guest_x(g, 0), at);
            /* At EL1 that one does nothing. */
            start(g, EL1H_D0);
            no_exception(g);

            set_mdscr(g, MDSCR_MDE | MDSCR_KDE);
            set_breakpoint(g, n, CODE + 4 * at, BCR(CR_EL1));
            start(g, EL1H_D0);
            expect_debug(g, false, EC_BREAKPOINT, DEBUG_EVENT, CODE + 4 * at);
            assert_int_equal(guest_x(g, 0), at);
        }
        set_breakpoint(g, n, 0, 0);
    }
}

static void test_breakpoints_that_are_off(void **state)
{
    static const struct {
        uint64_t mdscr, cpsr, value, control;
    } off[] = {
        {0, EL1H_D0, CODE, BCR(CR_BOTH)},
        {MDSCR_KDE, EL1H_D0, CODE, BCR(CR_BOTH)},
        {MDSCR_MDE, EL1H_D0, CODE, BCR(CR_BOTH)},          /* no KDE */
        {MDSCR_MDE | MDSCR_KDE, EL1H, CODE, BCR(CR_BOTH)}, /* PSTATE.D */
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE, BCR(CR_BOTH) & ~UINT64_C(1)},
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE, BCR(CR_EL0)},
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE + 0x100, BCR(CR_BOTH)},
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE | UINT64_C(1) << 48, BCR(CR_BOTH)},
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE, BCR(CR_BOTH) | 2u << 14}, /* Secure only */
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE, BCR(CR_BOTH) | BT(4)},    /* reserved here */
        {MDSCR_MDE | MDSCR_KDE, EL1H_D0, CODE, BCR(CR_BOTH) | BT(8)},
    };
    struct guest *g = *state;

    for (unsigned n = 0; n < DEBUG_BREAKPOINTS; n++) {
        for (size_t i = 0; i < COUNT(off); i++) {
            set_mdscr(g, off[i].mdscr);
            set_breakpoint(g, n, off[i].value, off[i].control);
            start(g, off[i].cpsr);
            no_exception(g);
            assert_int_equal(guest_x(g, 0), 4);
        }
        set_breakpoint(g, n, 0, 0);
    }
    /* Bits 63:49 of the value and the low two do not count; nor do registers beyond the two. */
    set_mdscr(g, MDSCR_MDE | MDSCR_KDE);
    for (unsigned n = DEBUG_BREAKPOINTS; n < 16; n++) {
        set_breakpoint(g, n, CODE, BCR(CR_BOTH));
        set_watchpoint(g, n, CODE, WCR(CR_BOTH, WCR_LOAD | WCR_STORE, 0xff) | WCR_MASK(31));
    }
    start(g, EL1H_D0);
    no_exception(g);
    set_breakpoint(g, 0, (CODE + 4) | UINT64_C(0xfffe000000000003), BCR(CR_BOTH));
    start(g, EL1H_D0);
    expect_debug(g, false, EC_BREAKPOINT, DEBUG_EVENT, CODE + 4);
}

/* The handler steps over it and goes on: hits again on the next round of a loop. */
static void test_breakpoint_in_a_loop(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_subs_imm(0, 0, 1), 0x54ffffe1 /* b.ne -1 */, a64_svc(5)};

    GUEST_PROGRAM(g, code);
    guest_set_x(g, 0, 3);
    set_mdscr(g, MDSCR_MDE);
    set_breakpoint(g, 0, CODE, BCR(CR_EL0));
    guest_set_reg(g, HV_REG_CPSR, EL0T);
    for (unsigned i = 3; i > 0; i--) {
        expect_debug(g, true, EC_BREAKPOINT, DEBUG_EVENT, CODE);
        assert_int_equal(guest_x(g, 0), i);
        set_breakpoint(g, 0, CODE, 0);
        set_mdscr(g, MDSCR_MDE | MDSCR_SS);
        step_to(g, CODE, CODE + 4);
        set_mdscr(g, MDSCR_MDE);
        set_breakpoint(g, 0, CODE, BCR(CR_EL0));
        step_from(g, CODE + 4, EL0T | (guest_sys(g, HV_SYS_REG_SPSR_EL1) & UINT64_C(0xf0000000)));
    }
    assert_int_equal(guest_run_sync(g, true, EC_SVC), 5);
}

/* Set by the guest itself, also the one it is about to execute. */
static void test_breakpoint_set_by_the_guest(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {
        a64_msr(HV_SYS_REG_DBGBVR1_EL1, 1),
        a64_msr(HV_SYS_REG_DBGBCR1_EL1, 2),
        a64_msr(HV_SYS_REG_MDSCR_EL1, 3),
        a64_isb(),
        a64_daifclr(8),
        a64_nop(),
        a64_hvc(2),
    };

    GUEST_PROGRAM(g, code);
    guest_set_x(g, 1, CODE + 20);
    guest_set_x(g, 2, BCR(CR_EL1));
    guest_set_x(g, 3, MDSCR_MDE | MDSCR_KDE);
    expect_debug(g, false, EC_BREAKPOINT, DEBUG_EVENT, CODE + 20);
    assert_true(guest_sys(g, HV_SYS_REG_DBGBCR1_EL1) == BCR(CR_EL1));
}

static void test_context_breakpoints(void **state)
{
    struct guest *g = *state;

    set_mdscr(g, MDSCR_MDE | MDSCR_KDE);
    guest_set_sys(g, HV_SYS_REG_CONTEXTIDR_EL1, 0x1234);
    /* Any instruction of a context. Only breakpoint 1 can. */
    set_breakpoint(g, 1, 0x1234, BCR(CR_EL1) | BT(2));
    start(g, EL1H_D0);
    expect_debug(g, false, EC_BREAKPOINT, DEBUG_EVENT, CODE);
    set_breakpoint(g, 1, 0x1235, BCR(CR_EL1) | BT(2));
    start(g, EL1H_D0);
    no_exception(g);
    set_breakpoint(g, 1, 0, 0);
    set_breakpoint(g, 0, 0x1234, BCR(CR_EL1) | BT(2));
    start(g, EL1H_D0);
    no_exception(g);
    /* An address in a context; the linked breakpoint alone stops nothing. */
    set_breakpoint(g, 0, CODE + 8, BCR(CR_EL1) | BT(1) | CR_LBN(1));
    set_breakpoint(g, 1, 0x1234, BCR(0) | BT(3));
    start(g, EL1H_D0);
    expect_debug(g, false, EC_BREAKPOINT, DEBUG_EVENT, CODE + 8);
    set_breakpoint(g, 1, 0x1235, BCR(0) | BT(3));
    start(g, EL1H_D0);
    no_exception(g);
    set_breakpoint(g, 1, 0x1234, (BCR(0) & ~UINT64_C(1)) | BT(3));
    start(g, EL1H_D0);
    no_exception(g);
    set_breakpoint(g, 1, 0x1234, BCR(0) | BT(2)); /* not made to be linked to */
    start(g, EL1H_D0);
    no_exception(g);
    set_breakpoint(g, 1, 0x1234, BCR(CR_EL1) | BT(3));
    set_breakpoint(g, 0, CODE + 8, BCR(CR_EL1) | BT(1) | CR_LBN(5));
    start(g, EL1H_D0);
    no_exception(g);
}

/* D1.12.4: software step, instruction abort, breakpoint, illegal state. */
static void test_breakpoint_priority(void **state)
{
    struct guest *g = *state;
    struct range r;

    set_breakpoint(g, 0, CODE, BCR(CR_BOTH));
    set_breakpoint(g, 1, DATA, BCR(CR_BOTH));
    set_mdscr(g, MDSCR_MDE);
    start(g, EL0T | PSTATE_IL);
    expect_debug(g, true, EC_BREAKPOINT, DEBUG_EVENT, CODE);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) & PSTATE_IL);
    set_mdscr(g, MDSCR_MDE | MDSCR_SS);
    start(g, EL0T);
    expect_debug(g, true, EC_STEP, DEBUG_EVENT, CODE);
    start(g, EL0T | PSTATE_SS);
    expect_debug(g, true, EC_BREAKPOINT, DEBUG_EVENT, CODE);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) & PSTATE_SS);
    set_mdscr(g, MDSCR_MDE);
    guest_mmu_usual(g, &r);
    start(g, EL0T);
    guest_set_reg(g, HV_REG_PC, DATA);
    guest_run_sync(g, true, EC_IABORT_LOWER);
    /* Illegal state while instructions go one by one. */
    set_breakpoint(g, 0, CODE + 8, BCR(CR_BOTH));
    start(g, EL0T | PSTATE_IL);
    guest_run_sync(g, true, EC_ILLEGAL);
}

static void test_breakpoint_from_outside(void **state)
{
    static const uint64_t levels[] = {EL0T, EL1T, EL1H};
    struct guest *g = *state;

    OK(hv_vcpu_set_trap_debug_exceptions(g->vcpu, true));
    set_mdscr(g, MDSCR_MDE);
    set_breakpoint(g, 0, CODE + 8, BCR(CR_BOTH));
    for (size_t i = 0; i < COUNT(levels); i++) {
        start(g, levels[i]);
        expect_exit(g, EC_BREAKPOINT, DEBUG_EVENT, CODE + 8);
        assert_int_equal(guest_x(g, 0), 2);
        assert_true(guest_reg(g, HV_REG_CPSR) == levels[i]);
    }
    set_breakpoint(g, 0, CODE + 8, 0);
    guest_set_reg(g, HV_REG_CPSR, EL1H);
    no_exception(g);
}

/* ---- Watchpoints ----------------------------------------------------------------------------- */

#define VA UINT64_C(0x10000000)

/* Translation on, so that TLBs have something to hold: VA -> DATA, two user pages and one of EL1. */
static void watch_setup(struct guest *g)
{
    static struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, PTE_USER);
    guest_map(g, &r, VA + 0x1000, DATA + 0x1000, 3, PTE_USER);
    guest_map(g, &r, VA + 0x2000, DATA + 0x2000, 3, 0);
    guest_map(g, &r, VA + 0x3000, DATA + 0x3000, 3, PTE_USER | PTE_READ_ONLY);
    set_mdscr(g, MDSCR_MDE | MDSCR_KDE);
}

/* One instruction with X1 = va; EL1 ends with HVC #1, EL0 with SVC. */
static void try(struct guest *g, uint64_t cpsr, uint32_t insn, uint64_t va)
{
    const uint32_t code[] = {insn, cpsr & 4 ? a64_hvc(1) : a64_svc(1)};

    guest_set_x(g, 1, va);
    GUEST_PROGRAM(g, code);
    guest_set_reg(g, HV_REG_CPSR, cpsr);
}

static void misses(struct guest *g, uint64_t cpsr, uint32_t insn, uint64_t va)
{
    try(g, cpsr, insn, va);
    if (cpsr & 4) {
        no_exception(g);
    } else {
        guest_run_sync(g, true, EC_SVC);
    }
}

static void hits(struct guest *g, uint64_t cpsr, uint32_t insn, uint64_t va, uint32_t iss,
                 uint64_t far)
{
    bool el0 = !(cpsr & 4);

    try(g, cpsr, insn, va);
    expect_debug(g, el0, EC_WATCHPOINT, DEBUG_EVENT | iss, CODE);
    if (guest_sys(g, HV_SYS_REG_FAR_EL1) != far) {
        print_error("FAR 0x%llx\n", (unsigned long long)guest_sys(g, HV_SYS_REG_FAR_EL1));
    }
    assert_true(guest_sys(g, HV_SYS_REG_FAR_EL1) == far);
    assert_true(guest_x(g, 1) == va); /* no write-back */
}

#define LDRB UINT32_C(0x39400020)
#define STRB UINT32_C(0x39000020)
#define LDRX UINT32_C(0xf9400020)
#define STRX UINT32_C(0xf9000020)

/* Each selection of bytes, against each access near it. */
static void test_watched_bytes(void **state)
{
    struct guest *g = *state;

    watch_setup(g);
    for (unsigned first = 0; first < 8; first++) {
        for (unsigned count = 1; first + count <= 8; count++) {
            unsigned bas = ((1u << count) - 1) << first;
            set_watchpoint(g, 0, VA + 0x100, WCR(CR_EL1, WCR_LOAD | WCR_STORE, bas));
            for (unsigned size = 0; size < 4; size++) {
                for (uint64_t at = 0xf8; at < 0x110; at++) {
                    bool hit = at < 0x100 + first + count && at + (1u << size) > 0x100 + first;
                    uint32_t load = LDRB | size << 30;
                    uint32_t store = STRB | size << 30;
                    if (hit) {
                        hits(g, EL1H_D0, load, VA + at, 0, VA + at);
                        hits(g, EL1H_D0, store, VA + at, WNR, VA + at);
                    } else {
                        misses(g, EL1H_D0, load, VA + at);
                        misses(g, EL1H_D0, store, VA + at);
                    }
                }
            }
        }
    }
    /* A word address: BAS has four bits, and not a contiguous set. */
    set_watchpoint(g, 0, VA + 0x104, WCR(CR_EL1, WCR_LOAD, 0x05));
    misses(g, EL1H_D0, LDRB, VA + 0x103);
    hits(g, EL1H_D0, LDRB, VA + 0x104, 0, VA + 0x104);
    misses(g, EL1H_D0, LDRB, VA + 0x105);
    hits(g, EL1H_D0, LDRB, VA + 0x106, 0, VA + 0x106);
    misses(g, EL1H_D0, LDRB, VA + 0x108);
}

static void test_watched_ranges(void **state)
{
    struct guest *g = *state;

    watch_setup(g);
    for (unsigned mask = 3; mask <= 31; mask++) {
        uint64_t size = UINT64_C(1) << mask;
        uint64_t from = (VA + 0x1000) & ~(size - 1);

        set_watchpoint(g, 1, from, WCR(CR_EL1, WCR_STORE, 0xff) | WCR_MASK(mask));
        for (uint64_t va = VA; va < VA + 0x2000; va += 0x7f8) {
            if (va >= from && va < from + size) {
                hits(g, EL1H_D0, STRX, va, WNR, va);
            } else {
                misses(g, EL1H_D0, STRX, va);
            }
            misses(g, EL1H_D0, LDRX, va);
        }
    }
}

/* Loads and stores; levels; the unprivileged accesses of EL1 count as EL0's. */
static void test_watchpoint_kinds(void **state)
{
    struct guest *g = *state;
    const uint32_t ldtr = a64_ldst_unprivileged(A64_X, A64_LD, 0, 1, 0);
    const uint32_t sttr = a64_ldst_unprivileged(A64_X, A64_ST, 0, 1, 0);

    watch_setup(g);
    set_watchpoint(g, 0, VA, WCR(CR_EL0, WCR_LOAD, 0xff));
    hits(g, EL0T, LDRX, VA, 0, VA);
    misses(g, EL0T, STRX, VA);
    misses(g, EL1H_D0, LDRX, VA);
    hits(g, EL1H_D0, ldtr, VA, 0, VA);
    misses(g, EL1H_D0, sttr, VA);
    misses(g, EL1H, ldtr, VA); /* PSTATE.D */
    set_watchpoint(g, 0, VA, WCR(CR_EL1, WCR_STORE, 0xff));
    misses(g, EL0T, STRX, VA);
    misses(g, EL1H_D0, LDRX, VA);
    hits(g, EL1H_D0, STRX, VA, WNR, VA);
    misses(g, EL1H_D0, sttr, VA);
    set_mdscr(g, MDSCR_MDE);
    misses(g, EL1H_D0, STRX, VA);
    set_mdscr(g, MDSCR_KDE);
    misses(g, EL1H_D0, STRX, VA);
    set_mdscr(g, MDSCR_MDE | MDSCR_KDE);
    set_watchpoint(g, 0, VA, WCR(CR_EL1, WCR_STORE, 0xff) | 2u << 14); /* Secure */
    misses(g, EL1H_D0, STRX, VA);
    set_watchpoint(g, 0, VA, WCR(CR_EL1, WCR_STORE, 0xff) & ~UINT64_C(1));
    misses(g, EL1H_D0, STRX, VA);
    /* Linked to a context. */
    set_watchpoint(g, 0, VA, WCR(CR_EL1, WCR_STORE, 0xff) | WCR_WT | CR_LBN(1));
    set_breakpoint(g, 1, 0x77, BCR(0) | BT(3));
    misses(g, EL1H_D0, STRX, VA);
    guest_set_sys(g, HV_SYS_REG_CONTEXTIDR_EL1, 0x77);
    hits(g, EL1H_D0, STRX, VA, WNR, VA);
}

/* What the TLB has learnt before does not hide an access, and what is not watched goes on. */
static void test_watchpoint_after_use(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {
        a64_ldst(A64_X, A64_LD, 0, 1, 0),   a64_ldst(A64_X, A64_ST, 0, 1, 1),
        a64_msr(HV_SYS_REG_DBGWVR0_EL1, 1), a64_msr(HV_SYS_REG_DBGWCR0_EL1, 2),
        a64_ldst(A64_X, A64_ST, 0, 1, 1),   a64_ldst(A64_X, A64_LD, 0, 1, 1),
        a64_ldst(A64_X, A64_LD, 0, 1, 0),   a64_hvc(2),
    };

    watch_setup(g);
    guest_set_x(g, 1, VA);
    guest_set_x(g, 2, WCR(CR_EL1, WCR_LOAD, 0xff));
    GUEST_PROGRAM(g, code);
    guest_set_reg(g, HV_REG_CPSR, EL1H_D0);
    expect_debug(g, false, EC_WATCHPOINT, DEBUG_EVENT, CODE + 24);
    /* Off again. */
    set_watchpoint(g, 0, VA, 0);
    misses(g, EL1H_D0, LDRX, VA);
}

/* Other instructions that access memory, and which address they report. */
static void test_watched_instructions(void **state)
{
    static const struct {
        uint32_t insn;
        unsigned access; /* which watchpoints it hits */
        unsigned length;
        bool elements; /* FAR is the element's own address, of 8 bytes */
    } cases[] = {
        {0xa9400820, WCR_LOAD, 16, true},              /* ldp x0, x2, [x1] */
        {0xa9000820, WCR_STORE, 16, true},             /* stp x0, x2, [x1] */
        {0x3dc00020, WCR_LOAD, 16, true},              /* ldr q0, [x1] */
        {0x3d800020, WCR_STORE, 16, true},             /* str q0, [x1] */
        {0xad400420, WCR_LOAD, 32, true},              /* ldp q0, q1, [x1] */
        {0xad000420, WCR_STORE, 32, true},             /* stp q0, q1, [x1] */
        {0x4c407c20, WCR_LOAD, 16, true},              /* ld1 {v0.2d}, [x1] */
        {0x4c00ac20, WCR_STORE, 32, true},             /* st1 {v0.2d, v1.2d}, [x1] */
        {0xc85f7c20, WCR_LOAD, 8, false},              /* ldxr x0, [x1] */
        {0xc87f0820, WCR_LOAD, 16, false},             /* ldxp x0, x2, [x1] */
        {0xc8dffc20, WCR_LOAD, 8, false},              /* ldar x0, [x1] */
        {0xc89ffc20, WCR_STORE, 8, false},             /* stlr x0, [x1] */
        {0xf8408c20, WCR_LOAD, 8, false},              /* ldr x0, [x1, #8]!: see below */
        {0xf8008420, WCR_STORE, 8, false},             /* str x0, [x1], #8 */
        {0xf8e00022, WCR_LOAD | WCR_STORE, 8, false},  /* ldaddal x0, x2, [x1] */
        {0xc8a07c22, WCR_LOAD | WCR_STORE, 8, false},  /* cas x0, x2, [x1] */
        {0x48207c22, WCR_LOAD | WCR_STORE, 16, false}, /* casp x0, x1, x2, x3, [x1] */
    };
    struct guest *g = *state;

    watch_setup(g);
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (unsigned access = WCR_LOAD; access <= WCR_STORE; access += WCR_LOAD) {
            for (unsigned at = 0; at < 40; at += 8) {
                uint64_t watched = VA + 0x200 + at;
                uint64_t offset = cases[i].insn == 0xf8408c20 ? 8 : 0;
                uint64_t va = VA + 0x200 - offset;
                uint64_t far = cases[i].elements ? watched : VA + 0x200;

                set_watchpoint(g, 1, watched, WCR(CR_EL1, access, 0x10));
                if (at < cases[i].length && (access & cases[i].access)) {
                    hits(g, EL1H_D0, cases[i].insn, va, access == WCR_STORE ? WNR : 0, far);
                } else {
                    misses(g, EL1H_D0, cases[i].insn, va);
                }
            }
        }
    }
    /* A read-modify-write that both kinds watch counts as a read. */
    set_watchpoint(g, 1, VA, WCR(CR_EL1, WCR_LOAD | WCR_STORE, 0xff));
    hits(g, EL1H_D0, 0xf8e00022, VA, 0, VA);
}

/* DC ZVA stores 64 bytes; DC IVAC counts as a store of a line; other maintenance does not count. */
static void test_watched_maintenance(void **state)
{
    static const uint32_t others[] = {DC_CVAC, DC_CVAU, A64_DC_CIVAC, IC_IVAU};
    struct guest *g = *state;

    watch_setup(g);
    memset(guest_at(g, DATA), 0xaa, 0x1000);
    set_watchpoint(g, 0, VA + 0x178, WCR(CR_EL1, WCR_LOAD | WCR_STORE, 0x80));
    hits(g, EL1H_D0, a64_msr(DC_ZVA, 1), VA + 0x141, WNR, VA + 0x140);
    assert_true(guest_get64(g, DATA + 0x140) == UINT64_C(0xaaaaaaaaaaaaaaaa));
    misses(g, EL1H_D0, a64_msr(DC_ZVA, 1), VA + 0x180);
    misses(g, EL1H_D0, a64_msr(DC_ZVA, 1), VA + 0x13f);
    hits(g, EL1H_D0, a64_msr(DC_IVAC, 1), VA + 0x150, WNR | CM, VA + 0x140);
    for (size_t i = 0; i < COUNT(others); i++) {
        misses(g, EL1H_D0, a64_msr(others[i], 1), VA + 0x178);
    }
    misses(g, EL1H_D0, 0xf9800020, VA + 0x178); /* prfm */
    set_watchpoint(g, 0, VA + 0x178, WCR(CR_EL1, WCR_LOAD, 0x80));
    misses(g, EL1H_D0, a64_msr(DC_ZVA, 1), VA + 0x141);
}

/* Across pages, and nothing of the store has happened. */
static void test_watchpoint_across_pages(void **state)
{
    struct guest *g = *state;

    watch_setup(g);
    guest_set_x(g, 0, UINT64_MAX);
    set_watchpoint(g, 0, VA + 0x1000, WCR(CR_EL1, WCR_STORE, 0x01));
    hits(g, EL1H_D0, STRX, VA + 0xffc, WNR, VA + 0x1000);
    assert_int_equal(guest_get64(g, DATA + 0xff8), 0);
    assert_int_equal(guest_get64(g, DATA + 0x1000), 0);
    misses(g, EL1H_D0, LDRX, VA + 0xffc);
    set_watchpoint(g, 0, VA + 0xff8, WCR(CR_EL1, WCR_STORE, 0x80));
    hits(g, EL1H_D0, STRX, VA + 0xffc, WNR, VA + 0xffc);
    assert_int_equal(guest_get64(g, DATA + 0x1000), 0);
}

/* Every other fault of the access comes first. */
static void test_watchpoint_priority(void **state)
{
    struct guest *g = *state;

    watch_setup(g);
    set_watchpoint(g, 0, VA, WCR(CR_EL1, WCR_LOAD | WCR_STORE, 0xff) | WCR_MASK(31));
    set_watchpoint(g, 1, DATA, WCR(CR_EL1, WCR_LOAD | WCR_STORE, 0xff) | WCR_MASK(31));
    try(g, EL1H_D0, STRX, VA + 0x3000);
    assert_int_equal(guest_run_sync(g, false, EC_DABORT_SAME), FSC_PERMISSION | 3 | WNR);
    try(g, EL1H_D0, LDRX, VA + 0x4000);
    assert_int_equal(guest_run_sync(g, false, EC_DABORT_SAME), FSC_TRANSLATION | 3);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_A, 0);
    try(g, EL1H_D0, LDRX, VA + 1);
    assert_int_equal(guest_run_sync(g, false, EC_DABORT_SAME), FSC_ALIGNMENT);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_M | SCTLR_A);
    set_watchpoint(g, 0, NOWHERE, WCR(CR_EL1, WCR_LOAD | WCR_STORE, 0xff));
    /* What the VMM answers is not watched here. */
    try(g, EL1H_D0, LDRX, NOWHERE);
    assert_int_equal(guest_run(g), 0x24);
    hits(g, EL1H_D0, LDRX, DATA, 0, DATA);
}

static void test_watchpoint_from_outside(void **state)
{
    struct guest *g = *state;

    watch_setup(g);
    set_mdscr(g, MDSCR_MDE);
    OK(hv_vcpu_set_trap_debug_exceptions(g->vcpu, true));
    set_watchpoint(g, 0, VA + 8, WCR(CR_BOTH, WCR_STORE, 0xff));
    guest_set_sys(g, HV_SYS_REG_FAR_EL1, 0x5555);
    try(g, EL1H, STRX, VA + 8);
    expect_exit(g, EC_WATCHPOINT, DEBUG_EVENT | WNR, CODE);
    assert_true(g->exit->exception.virtual_address == VA + 8);
    assert_int_equal(guest_sys(g, HV_SYS_REG_FAR_EL1), 0x5555);
    try(g, EL0T, STRX, VA + 8);
    expect_exit(g, EC_WATCHPOINT, DEBUG_EVENT | WNR, CODE);
}

/* What ID_AA64DFR0_EL1 claims is what there is. */
static void test_claims(void **state)
{
    struct guest *g = *state;
    uint64_t dfr0 = guest_sys(g, HV_SYS_REG_ID_AA64DFR0_EL1);

    assert_int_equal(dfr0 >> 12 & 15, DEBUG_BREAKPOINTS - 1);
    assert_int_equal(dfr0 >> 20 & 15, DEBUG_WATCHPOINTS - 1);
    assert_int_equal(dfr0 >> 28 & 15, 0); /* one breakpoint compares contexts */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_step_at_el0),
        GUEST_TEST(test_step_over_exclusives),
        GUEST_TEST(test_step_into_exceptions),
        GUEST_TEST(test_step_and_interrupt),
        GUEST_TEST(test_step_at_el1),
        GUEST_TEST(test_return_with_ss),
        GUEST_TEST(test_step_over_a_return),
        GUEST_TEST(test_step_from_outside),
        GUEST_TEST(test_breakpoints),
        GUEST_TEST(test_breakpoints_that_are_off),
        GUEST_TEST(test_breakpoint_in_a_loop),
        GUEST_TEST(test_breakpoint_set_by_the_guest),
        GUEST_TEST(test_context_breakpoints),
        GUEST_TEST(test_breakpoint_priority),
        GUEST_TEST(test_breakpoint_from_outside),
        GUEST_TEST(test_watched_bytes),
        GUEST_TEST(test_watched_ranges),
        GUEST_TEST(test_watchpoint_kinds),
        GUEST_TEST(test_watchpoint_after_use),
        GUEST_TEST(test_watched_instructions),
        GUEST_TEST(test_watched_maintenance),
        GUEST_TEST(test_watchpoint_across_pages),
        GUEST_TEST(test_watchpoint_priority),
        GUEST_TEST(test_watchpoint_from_outside),
        GUEST_TEST(test_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
