/* SPDX-License-Identifier: ISC */
/*
 * test-except.c: exceptions to EL1 and back (Arm ARM D1): vectors, what is saved and what PSTATE
 * becomes, syndromes, priorities, interrupts at the moment they are unmasked, illegal returns, and
 * what EL0 may not touch.
 */
#include "guest-fixture.h"

#include "mmu.h"

enum {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP_ACCESS = 0x07,
    EC_ILLEGAL = 0x0e,
    EC_SVC = 0x15,
    EC_SYSREG = 0x18,
    EC_IABORT_LOWER = 0x20,
    EC_IABORT_SAME = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_SP_ALIGN = 0x26,
    EC_BRK = 0x3c
};

#define NZCV(n)  ((uint64_t)(n) << 28)
#define DAIF_ALL UINT64_C(0x3c0)
#define PSR_D    (UINT64_C(1) << 9)
#define PSR_A    (UINT64_C(1) << 8)
#define PSR_I    (UINT64_C(1) << 7)
#define PSR_F    (UINT64_C(1) << 6)

#define EL0_SP   UINT64_C(0x40700000)
#define EL1_SP   UINT64_C(0x40600000)

/* Starts a program in this state. */
static void start(struct guest *g, uint64_t cpsr, const uint32_t *words, size_t count)
{
    guest_set_reg(g, HV_REG_CPSR, cpsr);
    guest_set_sys(g, HV_SYS_REG_SP_EL0, EL0_SP);
    guest_set_sys(g, HV_SYS_REG_SP_EL1, EL1_SP);
    guest_program(g, words, count);
}

static void start_one(struct guest *g, uint64_t cpsr, uint32_t insn)
{
    const uint32_t code[] = {insn, a64_nop(), a64_nop()};

    start(g, cpsr, code, COUNT(code));
}

static void pend(struct guest *g, bool irq, bool fiq)
{
    OK(hv_vcpu_set_pending_interrupt(g->vcpu, HV_INTERRUPT_TYPE_IRQ, irq));
    OK(hv_vcpu_set_pending_interrupt(g->vcpu, HV_INTERRUPT_TYPE_FIQ, fiq));
}

/* ELR_EL1, SPSR_EL1. */
static void expect_return(struct guest *g, uint64_t elr, uint64_t spsr)
{
    if (guest_sys(g, HV_SYS_REG_ELR_EL1) != elr || guest_sys(g, HV_SYS_REG_SPSR_EL1) != spsr) {
        print_error("ELR 0x%llx, SPSR 0x%llx\n",
                    (unsigned long long)guest_sys(g, HV_SYS_REG_ELR_EL1),
                    (unsigned long long)guest_sys(g, HV_SYS_REG_SPSR_EL1));
    }
    assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == elr);
    assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) == spsr);
}

/* A synchronous exception at a vector; its whole syndrome. */
static void expect_sync(struct guest *g, unsigned vector, unsigned ec, uint32_t iss)
{
    assert_int_equal(guest_run_vector(g), vector);
    if (guest_sys(g, HV_SYS_REG_ESR_EL1) != ((uint64_t)ec << 26 | 1u << 25 | iss)) {
        print_error("ESR 0x%llx, expected EC 0x%02x, ISS 0x%x\n",
                    (unsigned long long)guest_sys(g, HV_SYS_REG_ESR_EL1), ec, iss);
    }
    assert_true(guest_sys(g, HV_SYS_REG_ESR_EL1) == ((uint64_t)ec << 26 | 1u << 25 | iss));
}

/* The three states there are, and where their vectors begin. */
static const struct {
    uint64_t mode;
    unsigned vector;
} states[] = {
    {0, 0x400}, /* EL0t */
    {4, 0x000}, /* EL1t */
    {5, 0x200}, /* EL1h */
};

/* ---- Entry ----------------------------------------------------------------------------------- */

static void test_vectors_and_state(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        for (unsigned flags = 0; flags < 16; flags++) {
            /* PAN cannot be kept: SPAN is 0 and sets it. */
            uint64_t cpsr =
                states[i].mode | NZCV(flags) | (uint64_t)flags << 6 | (flags & 1 ? PSTATE_PAN : 0);
            start_one(g, cpsr, a64_svc(0x1230 + flags));
            expect_sync(g, states[i].vector, EC_SVC, 0x1230 + flags);
            expect_return(g, CODE + 4, cpsr);
            assert_true(guest_reg(g, HV_REG_CPSR) ==
                        (EL1H | NZCV(flags) | PSTATE_PAN)); /* DAIF set, SP_EL1 */
            assert_true(guest_sys(g, HV_SYS_REG_SP_EL0) == EL0_SP);
            assert_true(guest_sys(g, HV_SYS_REG_SP_EL1) == EL1_SP);
            assert_true(guest_reg(g, HV_REG_PC) == VECTORS + states[i].vector + 4);
        }
    }
}

static void test_interrupt_vectors(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        guest_set_sys(g, HV_SYS_REG_ESR_EL1, 0x55);
        start_one(g, states[i].mode, a64_nop());
        pend(g, true, false);
        assert_int_equal(guest_run_vector(g), states[i].vector + 0x80);
        expect_return(g, CODE, states[i].mode);
        start_one(g, states[i].mode, a64_nop());
        pend(g, false, true);
        assert_int_equal(guest_run_vector(g), states[i].vector + 0x100);
        expect_return(g, CODE, states[i].mode);
        /* Of both, the FIQ; the handler has the IRQ masked. */
        start_one(g, states[i].mode, a64_nop());
        pend(g, true, true);
        assert_int_equal(guest_run_vector(g), states[i].vector + 0x100);
        assert_int_equal(guest_sys(g, HV_SYS_REG_ESR_EL1), 0x55);
    }
}

static void test_vbar_low_bits(void **state)
{
    struct guest *g = *state;

    guest_set_sys(g, HV_SYS_REG_VBAR_EL1, VECTORS | 0x7ff);
    start_one(g, EL0T, a64_svc(1));
    expect_sync(g, 0x400, EC_SVC, 1);
}

/* Exceptions whose return address is the instruction, or the next one. */
static void test_exception_generation(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        uint64_t cpsr = states[i].mode | DAIF_ALL;
        bool el0 = states[i].mode == 0;

        start_one(g, cpsr, a64_svc(0xffff));
        expect_sync(g, states[i].vector, EC_SVC, 0xffff);
        expect_return(g, CODE + 4, cpsr);
        start_one(g, cpsr, a64_brk(0xabcd));
        expect_sync(g, states[i].vector, EC_BRK, 0xabcd);
        expect_return(g, CODE, cpsr);
        start_one(g, cpsr, a64_udf());
        expect_sync(g, states[i].vector, EC_UNKNOWN, 0);
        expect_return(g, CODE, cpsr);
        /* HLT without a debugger, DCPS1, DRPS. */
        for (unsigned n = 0; n < 3; n++) {
            static const uint32_t undefined[] = {0xd4400000, 0xd4a00001, 0xd6bf03e0};
            start_one(g, cpsr, undefined[n]);
            expect_sync(g, states[i].vector, EC_UNKNOWN, 0);
        }

        start_one(g, cpsr, a64_hvc(0x1d));
        if (el0) {
            expect_sync(g, 0x400, EC_UNKNOWN, 0);
        } else {
            assert_int_equal(guest_run_hvc(g), 0x1d);
            assert_true(guest_reg(g, HV_REG_PC) == CODE + 4);
        }
        start_one(g, cpsr, a64_smc(0x1e));
        if (el0) {
            expect_sync(g, 0x400, EC_UNKNOWN, 0);
        } else {
            assert_int_equal(guest_run(g), 0x17);
            assert_int_equal(g->exit->exception.syndrome & 0xffff, 0x1e);
            assert_true(guest_reg(g, HV_REG_PC) == CODE);
        }
        start_one(g, cpsr, a64_eret());
        if (el0) {
            expect_sync(g, 0x400, EC_UNKNOWN, 0);
        }
    }
}

static void test_brk_may_exit(void **state)
{
    struct guest *g = *state;

    OK(hv_vcpu_set_trap_debug_exceptions(g->vcpu, true));
    for (size_t i = 0; i < COUNT(states); i++) {
        start_one(g, states[i].mode | DAIF_ALL, a64_brk(0x99));
        assert_int_equal(guest_run(g), EC_BRK);
        assert_int_equal(g->exit->exception.syndrome & 0x1ffffff, 0x99);
        assert_true(guest_reg(g, HV_REG_PC) == CODE);
    }
}

/* ---- Return ---------------------------------------------------------------------------------- */

static void test_return(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_eret(), a64_nop(), a64_svc(3)};

    for (size_t i = 0; i < COUNT(states); i++) {
        for (unsigned flags = 0; flags < 16; flags++) {
            uint64_t spsr = states[i].mode | NZCV(flags) | (uint64_t)(15 - flags) << 6 |
                            (flags & 2 ? PSTATE_PAN : 0);
            start(g, EL1H, code, COUNT(code));
            guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 8);
            guest_set_sys(g, HV_SYS_REG_SPSR_EL1, spsr);
            expect_sync(g, states[i].vector, EC_SVC, 3);
            expect_return(g, CODE + 12, spsr);
        }
    }
}

/* D1.11.4: the state stays, but for what an SPSR gives in any case. */
static void test_illegal_returns(void **state)
{
    static const unsigned modes[] = {0x1, 0x2, 0x3, 0x6,  0x7,  0x8,  0x9,
                                     0xc, 0xd, 0xf, 0x10, 0x13, 0x15, 0x1f};
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(modes); i++) {
        for (unsigned sp = 0; sp < 2; sp++) {
            uint64_t spsr = modes[i] | NZCV(10) | PSR_D | PSR_I | PSTATE_PAN;
            start_one(g, sp ? EL1H : EL1T, a64_eret());
            guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 8);
            guest_set_sys(g, HV_SYS_REG_SPSR_EL1, spsr);
            expect_sync(g, sp ? 0x200 : 0, EC_ILLEGAL, 0);
            expect_return(g, CODE + 8,
                          (sp ? 5u : 4u) | NZCV(10) | PSR_D | PSR_I | PSTATE_PAN | PSTATE_IL);
            assert_false(guest_reg(g, HV_REG_CPSR) & PSTATE_IL);
        }
    }
}

/* A legal return into the illegal state. */
static void test_return_with_il(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        start_one(g, EL1H, a64_eret());
        guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 8);
        guest_set_sys(g, HV_SYS_REG_SPSR_EL1, states[i].mode | PSTATE_IL);
        expect_sync(g, states[i].vector, EC_ILLEGAL, 0);
        expect_return(g, CODE + 8, states[i].mode | PSTATE_IL);
        /* By the VMM. */
        start_one(g, states[i].mode | PSTATE_IL, a64_hvc(1));
        expect_sync(g, states[i].vector, EC_ILLEGAL, 0);
        expect_return(g, CODE, states[i].mode | PSTATE_IL);
        /* An interrupt may come first; PSTATE.IL is then saved with the rest. */
        start_one(g, states[i].mode | PSTATE_IL, a64_hvc(1));
        pend(g, true, false);
        assert_int_equal(guest_run_vector(g), states[i].vector + 0x80);
        expect_return(g, CODE, states[i].mode | PSTATE_IL);
    }
}

/* D1.12.4: PC alignment and instruction aborts come before the illegal state. */
static void test_illegal_state_comes_late(void **state)
{
    struct guest *g = *state;
    struct range r;

    start_one(g, EL1H, a64_eret());
    guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 6);
    guest_set_sys(g, HV_SYS_REG_SPSR_EL1, 0x1f);
    expect_sync(g, 0x200, EC_PC_ALIGN, 0);
    expect_return(g, CODE + 6, 5 | PSTATE_IL);

    guest_mmu_usual(g, &r);
    start_one(g, EL1H, a64_eret());
    guest_set_sys(g, HV_SYS_REG_ELR_EL1, DATA);
    guest_set_sys(g, HV_SYS_REG_SPSR_EL1, PSTATE_IL);
    expect_sync(g, 0x400, EC_IABORT_LOWER, FSC_TRANSLATION | 2);
    expect_return(g, DATA, PSTATE_IL);
}

static void test_return_clears_the_monitor(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {
        a64_ldxr(A64_X, 0, 1),
        a64_eret(), /* to the next instruction */
        a64_stxr(A64_X, 3, 2, 1),
        a64_hvc(1),
    };

    start(g, EL1H, code, COUNT(code));
    guest_set_x(g, 1, DATA);
    guest_set_x(g, 2, 0x22);
    guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 8);
    guest_set_sys(g, HV_SYS_REG_SPSR_EL1, EL1H);
    assert_int_equal(guest_run_hvc(g), 1);
    assert_int_equal(guest_x(g, 3), 1);
    assert_int_equal(guest_get64(g, DATA), 0);
}

/* ---- Alignment of PC and SP ------------------------------------------------------------------ */

static void test_pc_alignment(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        for (unsigned low = 1; low < 4; low++) {
            start_one(g, states[i].mode | DAIF_ALL, a64_br(1));
            guest_set_x(g, 1, DATA + low);
            expect_sync(g, states[i].vector, EC_PC_ALIGN, 0);
            expect_return(g, DATA + low, states[i].mode | DAIF_ALL);
            assert_true(guest_sys(g, HV_SYS_REG_FAR_EL1) == DATA + low);
        }
    }
}

static void test_sp_alignment(void **state)
{
    /* Through SP: ldr, str, ldp, ldr q, ldxr, ldadd, ldr [sp], #8, ld1 */
    static const uint32_t accesses[] = {0xf94003e0, 0xf90003e0, 0xa94003e0, 0x3dc003e0,
                                        0xc85f7fe0, 0xf82003e0, 0xf84087e0, 0x4c407be0};
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        bool el0 = states[i].mode == 0;
        for (unsigned on = 0; on < 2; on++) {
            for (size_t n = 0; n < COUNT(accesses); n++) {
                /* The other level's bit does nothing. */
                guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, el0 == (on == 1) ? SCTLR_SA0 : SCTLR_SA,
                               SCTLR_SA | SCTLR_SA0);
                start_one(g, states[i].mode | DAIF_ALL, accesses[n]);
                guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(0)}, 1);
                guest_set_sys(g, states[i].mode == 5 ? HV_SYS_REG_SP_EL1 : HV_SYS_REG_SP_EL0,
                              DATA + 8);
                if (on) {
                    expect_sync(g, states[i].vector, EC_SP_ALIGN, 0);
                    expect_return(g, CODE, states[i].mode | DAIF_ALL);
                } else {
                    /* With translation off 16 bytes must be aligned anyhow. */
                    assert_int_equal(guest_run_vector(g), states[i].vector);
                    assert_int_not_equal(guest_ec(guest_sys(g, HV_SYS_REG_ESR_EL1)), EC_SP_ALIGN);
                }
            }
            /* Not what only computes with SP, nor a prefetch. */
            static const uint32_t others[] = {0x910023ff, 0xf98003e0}; /* add sp, sp, #8; prfm */
            for (size_t n = 0; n < COUNT(others); n++) {
                start_one(g, states[i].mode | DAIF_ALL, others[n]);
                guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(0)}, 1);
                guest_set_sys(g, states[i].mode == 5 ? HV_SYS_REG_SP_EL1 : HV_SYS_REG_SP_EL0,
                              DATA + 8);
                expect_sync(g, states[i].vector, EC_SVC, 0);
            }
        }
    }
}

/* The stack's alignment is looked at before the memory behind it. */
static void test_sp_alignment_comes_first(void **state)
{
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_SA | SCTLR_A, 0);
    start_one(g, EL1H, 0xf94003e0);
    guest_set_sys(g, HV_SYS_REG_SP_EL1, DATA + 1);
    expect_sync(g, 0x200, EC_SP_ALIGN, 0);
}

/* ---- Floating point -------------------------------------------------------------------------- */

static void test_fp_access(void **state)
{
    static const uint32_t users[] = {
        0x1e602820,                /* fadd d0, d1, d0 */
        0x4e208420,                /* add v0.16b, v1.16b, v0.16b */
        0x3dc00020,                /* ldr q0, [x1] */
        0xad000420,                /* stp q0, q1, [x1] */
        0x4c407020,                /* ld1 {v0.16b}, [x1] */
        0x9e660020,                /* fmov x0, d1 */
        0x4e284820,                /* aese v0.16b, v1.16b */
        0xd53b4400,                /* mrs x0, fpcr */
        0xd51b4420,                /* msr fpsr, x0 */
        0x1c000000 | (0x400 << 5), /* ldr s0, literal */
    };
    struct guest *g = *state;

    guest_set_x(g, 1, DATA);
    for (unsigned fpen = 0; fpen < 4; fpen++) {
        guest_set_sys(g, HV_SYS_REG_CPACR_EL1, (uint64_t)fpen << 20);
        for (size_t i = 0; i < COUNT(states); i++) {
            bool trapped = fpen == 0 || fpen == 2 || (fpen == 1 && states[i].mode == 0);
            for (size_t n = 0; n < COUNT(users); n++) {
                start_one(g, states[i].mode | DAIF_ALL, users[n]);
                guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(0)}, 1);
                expect_sync(g, states[i].vector, trapped ? EC_FP_ACCESS : EC_SVC,
                            trapped ? 0x1e00000 : 0);
                expect_return(g, trapped ? CODE : CODE + 8, states[i].mode | DAIF_ALL);
            }
        }
    }
    /* Before the alignment of SP and of the address; after the encoding. */
    guest_set_sys(g, HV_SYS_REG_CPACR_EL1, 0);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_SA | SCTLR_A, 0);
    start_one(g, EL1H, 0x3dc003e0); /* ldr q0, [sp] */
    guest_set_sys(g, HV_SYS_REG_SP_EL1, DATA + 1);
    expect_sync(g, 0x200, EC_FP_ACCESS, 0x1e00000);
    start_one(g, EL1H, 0x1ee02820); /* half precision, which is not claimed */
    expect_sync(g, 0x200, EC_UNKNOWN, 0);
}

/* ---- Interrupts at the moment of unmasking --------------------------------------------------- */

/* `unmask` leaves DAIF as `left`; the instruction after it must not be executed. */
static void check_unmask(struct guest *g, uint64_t from, uint32_t unmask, uint64_t left, bool fiq)
{
    const uint32_t code[] = {a64_movz(5, 1, 0), unmask, a64_movz(5, 2, 0), a64_hvc(1)};

    start(g, from, code, COUNT(code));
    guest_set_x(g, 5, 0);
    pend(g, !fiq, fiq);
    assert_int_equal(guest_run_vector(g), 0x200 + (fiq ? 0x100 : 0x80));
    assert_int_equal(guest_x(g, 5), 1);
    expect_return(g, CODE + 8, 5 | left);
}

static void test_unmasking(void **state)
{
    struct guest *g = *state;
    const uint32_t by_register = a64_msr(A64_KEY(3, 3, 4, 2, 1), 6);

    check_unmask(g, EL1H, a64_daifclr(2), DAIF_ALL & ~PSR_I, false);
    check_unmask(g, EL1H, a64_daifclr(15), 0, false);
    check_unmask(g, EL1H, a64_daifclr(1), DAIF_ALL & ~PSR_F, true);
    check_unmask(g, EL1H, a64_daifclr(3), PSR_D | PSR_A, true);
    guest_set_x(g, 6, PSR_D | PSR_F);
    check_unmask(g, EL1H, by_register, PSR_D | PSR_F, false);
    guest_set_x(g, 6, 0);
    check_unmask(g, EL1H, by_register, 0, false);
    guest_set_x(g, 6, PSR_I);
    check_unmask(g, EL1H, by_register, PSR_I, true);
}

/* What is masked stays pending, and does nothing. */
static void test_masked(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {
        a64_daifclr(1),
        a64_daifset(1),
        a64_daifclr(8),
        a64_mrs(0, A64_ISR_EL1),
        a64_mrs(2, A64_KEY(3, 3, 4, 2, 1)),
        a64_hvc(1),
    };

    start(g, EL1H, code, COUNT(code));
    pend(g, true, false);
    assert_int_equal(guest_run_hvc(g), 1);
    assert_int_equal(guest_x(g, 0), PSR_I);
    assert_int_equal(guest_x(g, 2), DAIF_ALL & ~PSR_D);
}

/* ERET unmasks as well, and the interrupt is taken from where it went. */
static void test_unmasking_by_return(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(states); i++) {
        start_one(g, EL1H, a64_eret());
        guest_set_sys(g, HV_SYS_REG_ELR_EL1, CODE + 8);
        guest_set_sys(g, HV_SYS_REG_SPSR_EL1, states[i].mode);
        pend(g, true, false);
        assert_int_equal(guest_run_vector(g), states[i].vector + 0x80);
        expect_return(g, CODE + 8, states[i].mode);
    }
}

/* WFI does not wait while an interrupt is pending, masked or not. */
static void test_wfi_with_a_masked_interrupt(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_wfi(), a64_hvc(1)};

    start(g, EL1H, code, COUNT(code));
    pend(g, false, true);
    assert_int_equal(guest_run_hvc(g), 1);
}

/* ---- What EL0 may not do --------------------------------------------------------------------- */

static uint32_t sysreg_iss(uint32_t key, unsigned rt, bool read)
{
    return (key >> 14 & 3) << 20 | (key & 7) << 17 | (key >> 11 & 7) << 14 | (key >> 7 & 15) << 10 |
           rt << 5 | (key >> 3 & 15) << 1 | read;
}

#define KEY_CTR       A64_KEY(3, 3, 0, 0, 1)
#define KEY_DCZID     A64_KEY(3, 3, 0, 0, 7)
#define KEY_DAIF      A64_KEY(3, 3, 4, 2, 1)
#define KEY_NZCV      A64_KEY(3, 3, 4, 2, 0)
#define KEY_CNTPCT    A64_KEY(3, 3, 14, 0, 1)
#define KEY_CNTV_TVAL A64_KEY(3, 3, 14, 3, 0)
#define KEY_CNTV_CTL  A64_KEY(3, 3, 14, 3, 1)
#define KEY_CNTV_CVAL A64_KEY(3, 3, 14, 3, 2)
#define KEY_TPIDRRO   A64_KEY(3, 3, 13, 0, 3)
#define KEY_CURRENTEL A64_KEY(3, 0, 4, 2, 2)
#define KEY_SPSEL     A64_KEY(3, 0, 4, 2, 0)

/* At EL0: runs (SVC #7 follows), is undefined, or is trapped with this ISS. */
static void el0_runs(struct guest *g, uint32_t insn)
{
    start_one(g, EL0T, insn);
    guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(7)}, 1);
    expect_sync(g, 0x400, EC_SVC, 7);
}

static void el0_undefined(struct guest *g, uint32_t insn)
{
    start_one(g, EL0T, insn);
    expect_sync(g, 0x400, EC_UNKNOWN, 0);
    expect_return(g, CODE, EL0T);
}

static void el0_trapped(struct guest *g, uint32_t insn, uint32_t iss)
{
    start_one(g, EL0T, insn);
    expect_sync(g, 0x400, EC_SYSREG, iss);
    expect_return(g, CODE, EL0T);
}

static void test_el0_registers(void **state)
{
    /* Registers of EL1: undefined, both ways. */
    static const uint32_t el1[] = {
        HV_SYS_REG_MIDR_EL1,
        HV_SYS_REG_MPIDR_EL1,
        HV_SYS_REG_ID_AA64PFR0_EL1,
        HV_SYS_REG_SCTLR_EL1,
        HV_SYS_REG_CPACR_EL1,
        HV_SYS_REG_TTBR0_EL1,
        HV_SYS_REG_TCR_EL1,
        HV_SYS_REG_SPSR_EL1,
        HV_SYS_REG_ELR_EL1,
        HV_SYS_REG_SP_EL0,
        HV_SYS_REG_ESR_EL1,
        HV_SYS_REG_VBAR_EL1,
        HV_SYS_REG_TPIDR_EL1,
        HV_SYS_REG_MAIR_EL1,
        HV_SYS_REG_CNTKCTL_EL1,
        HV_SYS_REG_MDSCR_EL1,
        HV_SYS_REG_PAR_EL1,
        HV_SYS_REG_CSSELR_EL1,
        HV_SYS_REG_DBGBVR0_EL1,
        KEY_CURRENTEL,
        KEY_SPSEL,
        A64_ISR_EL1,
        A64_ICC_IAR1_EL1,
    };
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(el1); i++) {
        el0_undefined(g, a64_mrs(3, el1[i]));
        el0_undefined(g, a64_msr(el1[i], 3));
    }
    /* Read-only, from anywhere. */
    static const uint32_t read_only[] = {HV_SYS_REG_MIDR_EL1,
                                         HV_SYS_REG_MPIDR_EL1,
                                         HV_SYS_REG_ID_AA64PFR0_EL1,
                                         KEY_CTR,
                                         KEY_DCZID,
                                         KEY_CURRENTEL,
                                         A64_ISR_EL1,
                                         A64_CNTVCT_EL0};
    for (size_t i = 0; i < COUNT(read_only); i++) {
        start_one(g, EL1H, a64_msr(read_only[i], 3));
        expect_sync(g, 0x200, EC_UNKNOWN, 0);
    }
    /* EL0's own. */
    el0_runs(g, a64_mrs(3, HV_SYS_REG_TPIDR_EL0));
    el0_runs(g, a64_msr(HV_SYS_REG_TPIDR_EL0, 3));
    el0_runs(g, a64_mrs(3, KEY_TPIDRRO));
    el0_undefined(g, a64_msr(KEY_TPIDRRO, 3));
    el0_runs(g, a64_mrs(3, KEY_NZCV));
    el0_runs(g, a64_msr(KEY_NZCV, 3));
    el0_runs(g, a64_mrs(3, KEY_DCZID));
}

static void test_el0_enable_bits(void **state)
{
    /* A register or two behind each bit of SCTLR_EL1 or CNTKCTL_EL1. */
    static const struct {
        uint32_t key;
        hv_sys_reg_t reg;
        unsigned bit;
        bool write;
    } enables[] = {
        {KEY_CTR, HV_SYS_REG_SCTLR_EL1, 15, false},
        {KEY_DAIF, HV_SYS_REG_SCTLR_EL1, 9, false},
        {KEY_DAIF, HV_SYS_REG_SCTLR_EL1, 9, true},
        {KEY_CNTPCT, HV_SYS_REG_CNTKCTL_EL1, 0, false},
        {A64_CNTVCT_EL0, HV_SYS_REG_CNTKCTL_EL1, 1, false},
        {A64_CNTFRQ_EL0, HV_SYS_REG_CNTKCTL_EL1, 0, false},
        {A64_CNTFRQ_EL0, HV_SYS_REG_CNTKCTL_EL1, 1, false},
        {KEY_CNTV_CTL, HV_SYS_REG_CNTKCTL_EL1, 8, false},
        {KEY_CNTV_CTL, HV_SYS_REG_CNTKCTL_EL1, 8, true},
        {KEY_CNTV_CVAL, HV_SYS_REG_CNTKCTL_EL1, 8, true},
        {KEY_CNTV_TVAL, HV_SYS_REG_CNTKCTL_EL1, 8, false},
    };
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(enables); i++) {
        uint64_t bit = UINT64_C(1) << enables[i].bit;
        uint32_t insn =
            enables[i].write ? a64_msr(enables[i].key, 17) : a64_mrs(17, enables[i].key);

        guest_set_x(g, 17, 0); /* CNTV off, nothing masked */
        guest_set_sys(g, HV_SYS_REG_CNTKCTL_EL1, 0);
        guest_set_bits(g, enables[i].reg, 0, bit);
        el0_trapped(g, insn, sysreg_iss(enables[i].key, 17, !enables[i].write));
        guest_set_bits(g, enables[i].reg, bit, 0);
        start_one(g, EL0T, insn);
        guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(7)}, 1);
        assert_int_equal(guest_run_vector(g), 0x400);
        assert_int_equal(guest_ec(guest_sys(g, HV_SYS_REG_ESR_EL1)), EC_SVC);
    }
}

/* MSR (immediate): op0 is 0 in the syndrome, CRm the immediate, Rt 31. */
static void test_el0_pstate(void **state)
{
    struct guest *g = *state;
    const uint32_t daifset = (6u << 17) | (3u << 14) | (4u << 10) | (31u << 5) | (2u << 1);

    el0_trapped(g, a64_daifset(2), daifset);
    el0_trapped(g, a64_daifclr(2), daifset | 1u << 17);
    el0_undefined(g, a64_set_pan(1));
    el0_undefined(g, 0xd50041bf); /* msr spsel, #1 */
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_UMA, 0);
    start_one(g, EL0T, a64_daifclr(5));
    guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(7)}, 1);
    expect_sync(g, 0x400, EC_SVC, 7);
    expect_return(g, CODE + 8, PSR_D | PSR_I);
    /* It may even let an interrupt in. */
    start_one(g, EL0T, a64_daifclr(2));
    pend(g, true, false);
    assert_int_equal(guest_run_vector(g), 0x480);
    expect_return(g, CODE + 4, DAIF_ALL & ~PSR_I);
}

static void test_el0_waits(void **state)
{
    struct guest *g = *state;

    for (size_t i = 0; i < 2; i++) {
        start_one(g, EL0T, i == 0 ? a64_wfi() : a64_wfe());
        expect_sync(g, 0x400, EC_WFX, 0x1e00000 | (uint32_t)i);
        expect_return(g, CODE, EL0T);
    }
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_NTWI | SCTLR_NTWE, 0);
    el0_runs(g, a64_wfe());
    start_one(g, EL0T, a64_wfi());
    guest_put_code(g, CODE + 4, (const uint32_t[]){a64_svc(7)}, 1);
    pend(g, true, false);
    expect_sync(g, 0x400, EC_SVC, 7);
}

/* Maintenance that is EL1's alone. */
static void test_el0_maintenance(void **state)
{
    static const uint32_t el1[] = {TLBI_VMALLE1, TLBI_VAE1IS, TLBI_ASIDE1, IC_IALLU,
                                   DC_IVAC,      AT_S1E1R,    AT_S1E0W,    A64_SYS(0, 7, 14, 2)};
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(el1); i++) {
        el0_undefined(g, a64_msr(el1[i], 3));
    }
}

/* Debug registers that do not exist; those that do are EL1's. */
static void test_debug_registers(void **state)
{
    struct guest *g = *state;

    for (uint32_t n = 0; n < 16; n++) {
        for (uint32_t op2 = 4; op2 < 8; op2++) {
            uint32_t key = A64_KEY(2u, 0u, 0u, n, op2);
            start_one(g, EL1H, a64_mrs(3, key));
            guest_put_code(g, CODE + 4, (const uint32_t[]){a64_hvc(1)}, 1);
            if (n < 2) {
                assert_int_equal(guest_run_hvc(g), 1);
            } else {
                expect_sync(g, 0x200, EC_UNKNOWN, 0);
            }
            el0_undefined(g, a64_mrs(3, key));
        }
    }
    /* DBGDTR_EL0 and MDCCSR_EL0: nobody there; MDSCR_EL1.TDCC keeps EL0 off. */
    static const uint32_t dcc[] = {A64_KEY(2, 3, 0, 1, 0), A64_KEY(2, 3, 0, 4, 0),
                                   A64_KEY(2, 3, 0, 5, 0)};
    for (size_t i = 0; i < COUNT(dcc); i++) {
        guest_set_sys(g, HV_SYS_REG_MDSCR_EL1, 0);
        el0_runs(g, a64_mrs(3, dcc[i]));
        assert_int_equal(guest_x(g, 3), 0);
        guest_set_sys(g, HV_SYS_REG_MDSCR_EL1, 1u << 12);
        el0_trapped(g, a64_mrs(3, dcc[i]), sysreg_iss(dcc[i], 3, true));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_vectors_and_state),
        GUEST_TEST(test_interrupt_vectors),
        GUEST_TEST(test_vbar_low_bits),
        GUEST_TEST(test_exception_generation),
        GUEST_TEST(test_brk_may_exit),
        GUEST_TEST(test_return),
        GUEST_TEST(test_illegal_returns),
        GUEST_TEST(test_return_with_il),
        GUEST_TEST(test_illegal_state_comes_late),
        GUEST_TEST(test_return_clears_the_monitor),
        GUEST_TEST(test_pc_alignment),
        GUEST_TEST(test_sp_alignment),
        GUEST_TEST(test_sp_alignment_comes_first),
        GUEST_TEST(test_fp_access),
        GUEST_TEST(test_unmasking),
        GUEST_TEST(test_masked),
        GUEST_TEST(test_unmasking_by_return),
        GUEST_TEST(test_wfi_with_a_masked_interrupt),
        GUEST_TEST(test_el0_registers),
        GUEST_TEST(test_el0_enable_bits),
        GUEST_TEST(test_el0_pstate),
        GUEST_TEST(test_el0_waits),
        GUEST_TEST(test_el0_maintenance),
        GUEST_TEST(test_debug_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
