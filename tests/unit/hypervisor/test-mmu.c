/* SPDX-License-Identifier: ISC */
/*
 * test-mmu.c: translation as a guest meets it: what the TLBs may keep and must forget, faults of real
 * accesses with their syndromes, alignment, accesses across pages, cache maintenance and AT.
 * The walk itself is test-mmu-walk.c's.
 */
#include "guest-fixture.h"

#include "mmu.h"

/* ISS of data aborts. */
enum {
    WNR = 1u << 6,
    CM = 1u << 8
};

enum {
    EC_IABORT_SAME = 0x21,
    EC_DABORT_LOWER = 0x24,
    EC_DABORT_SAME = 0x25,
    EC_TRAPPED = 0x18
};

/* Virtual addresses for tests: 2 MiB apart from anything else. */
#define VA UINT64_C(0x10000000)

/* X0 := [X1]. Warm: twice, so that the second time the TLB may serve. */
static const uint32_t load_x[] = {0xf9400020, 0xd4000022};

static uint64_t load_at(struct guest *g, uint64_t va)
{
    guest_set_x(g, 1, va);
    GUEST_PROGRAM(g, load_x);
    assert_int_equal(guest_run_hvc(g), 1);
    return guest_x(g, 0);
}

/* The same at EL0, where HVC is undefined: an SVC ends it. Leaves the vCPU at EL1. */
static const uint32_t load_x_el0[] = {0xf9400020, 0xd4000021};

static uint64_t load_at_el0(struct guest *g, uint64_t va)
{
    guest_set_x(g, 1, va);
    GUEST_PROGRAM(g, load_x_el0);
    guest_set_reg(g, HV_REG_CPSR, EL0T);
    guest_run_sync(g, true, 0x15);
    return guest_x(g, 0);
}

static uint32_t fault_at_el0(struct guest *g, uint64_t va)
{
    uint32_t iss;

    guest_set_x(g, 1, va);
    GUEST_PROGRAM(g, load_x_el0);
    guest_set_reg(g, HV_REG_CPSR, EL0T);
    iss = guest_run_sync(g, true, EC_DABORT_LOWER);
    assert_true(guest_sys(g, HV_SYS_REG_FAR_EL1) == va);
    return iss;
}

/* Runs one instruction at EL1 that must fault there; returns the ISS of its data abort. */
static uint32_t abort_of(struct guest *g, uint32_t insn)
{
    const uint32_t code[] = {insn, a64_hvc(1)};
    uint32_t iss;

    GUEST_PROGRAM(g, code);
    iss = guest_run_sync(g, false, EC_DABORT_SAME);
    assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == CODE);
    guest_set_reg(g, HV_REG_CPSR, EL1H);
    return iss;
}

static void runs(struct guest *g, uint32_t insn)
{
    const uint32_t code[] = {insn, a64_hvc(1)};

    GUEST_PROGRAM(g, code);
    assert_int_equal(guest_run_hvc(g), 1);
}

static void expect_far(struct guest *g, uint64_t far)
{
    assert_true(guest_sys(g, HV_SYS_REG_FAR_EL1) == far);
}

/* One instruction that maintains, with X2, and what makes it complete. */
static void maintain(struct guest *g, uint32_t key, uint64_t x2)
{
    const uint32_t code[] = {a64_msr(key, 2), a64_dsb(), a64_isb(), a64_hvc(3)};

    guest_set_x(g, 2, x2);
    GUEST_PROGRAM(g, code);
    assert_int_equal(guest_run_hvc(g), 3);
}

/* ---- ASIDs ----------------------------------------------------------------------------------- */

#define ASID(n) ((uint64_t)(n) << 48)

static void set_ttbr0(struct guest *g, uint64_t value)
{
    const uint32_t code[] = {a64_msr(HV_SYS_REG_TTBR0_EL1, 2), a64_isb(), a64_hvc(3)};

    guest_set_x(g, 2, value);
    GUEST_PROGRAM(g, code);
    assert_int_equal(guest_run_hvc(g), 3);
}

/* A process: its own tables with one page of its own at va. */
static struct range process(struct guest *g, uint64_t va, uint64_t page, uint64_t value,
                            uint64_t attributes)
{
    struct range r = {.page_bits = 12, .in_bits = 39};

    guest_map(g, &r, CODE, CODE, 2, PTE_USER | PTE_READ_ONLY);
    guest_map(g, &r, va, page, 3, attributes);
    guest_put64(g, page, value);
    return r;
}

static void test_asids_keep_processes_apart(void **state)
{
    struct guest *g = *state;
    struct range a = process(g, VA, DATA, 0xaaaa, PTE_USER | PTE_NG);
    struct range b = process(g, VA, DATA + 0x1000, 0xbbbb, PTE_USER | PTE_NG);

    guest_mmu_on(g, &a, NULL);
    for (unsigned i = 0; i < 3; i++) {
        set_ttbr0(g, a.root | ASID(1));
        assert_int_equal(load_at_el0(g, VA), 0xaaaa);
        set_ttbr0(g, b.root | ASID(2));
        assert_int_equal(load_at_el0(g, VA), 0xbbbb);
    }
}

/*
 * The top bits of an address are not the ASID's: whatever one process puts there, it does not reach
 * another's page.
 */
static void test_high_addresses_reach_no_other_asid(void **state)
{
    struct guest *g = *state;
    struct range a = process(g, VA, DATA, 0xaaaa, PTE_USER | PTE_NG);
    struct range b = process(g, VA + 0x1000, DATA + 0x1000, 0xbbbb, PTE_USER | PTE_NG);
    const uint32_t jump[] = {a64_br(1)};

    guest_mmu_on(g, &a, NULL);
    set_ttbr0(g, b.root | ASID(0x0102));
    assert_int_equal(load_at_el0(g, VA + 0x1000), 0xbbbb);
    set_ttbr0(g, a.root | ASID(0x0304));
    assert_int_equal(load_at_el0(g, VA), 0xaaaa);
    for (uint64_t high = 1; high < 0x10000; high++) {
        if (high < 0x100 || (high & 0xff) == 6 || high == (0x0102 ^ 0x0304) || high > 0xff00) {
            assert_int_equal(fault_at_el0(g, (VA + 0x1000) | high << 48), FSC_TRANSLATION);
        }
    }
    /* Nor its code: CODE of b is known by now, and reached through a's non-canonical address. */
    guest_set_x(g, 1, CODE | (UINT64_C(0x0102) ^ 0x0304) << 48);
    GUEST_PROGRAM(g, jump);
    guest_set_reg(g, HV_REG_CPSR, EL0T);
    assert_int_equal(guest_run_sync(g, true, 0x20), FSC_TRANSLATION);
}

/* More ASIDs than a TLB has ways to tell them apart. */
static void test_many_asids(void **state)
{
    enum {
        PROCESSES = 20
    };
    struct guest *g = *state;
    struct range r[PROCESSES];

    for (unsigned i = 0; i < PROCESSES; i++) {
        r[i] = process(g, VA, DATA + 0x1000 * i, 0x100 + i, PTE_USER | PTE_NG);
    }
    guest_mmu_on(g, &r[0], NULL);
    for (unsigned i = 0; i < 1000; i++) {
        /* Collides in the low 6 and the low 8 bits. */
        unsigned asid = i % 3 == 0 ? 64 * (i % 97) : i % 3 == 1 ? i : 256 * (i % 255);
        unsigned n = asid % PROCESSES;
        set_ttbr0(g, r[n].root | ASID(asid));
        assert_int_equal(load_at_el0(g, VA), 0x100 + n);
        assert_int_equal(load_at_el0(g, VA), 0x100 + n);
    }
}

/* Nor is anything left of the ASIDs before once they are told apart anew. */
static void test_asids_are_forgotten(void **state)
{
    struct guest *g = *state;
    struct range full = process(g, VA, DATA, 1, PTE_USER | PTE_NG);
    struct range empty = {.page_bits = 12, .in_bits = 39};

    for (unsigned i = 0; i < 200; i++) {
        guest_map(g, &full, VA + 0x1000 * i, DATA, 3, PTE_USER | PTE_NG);
    }
    guest_map(g, &empty, CODE, CODE, 2, PTE_USER | PTE_READ_ONLY);
    guest_mmu_on(g, &full, NULL);
    for (unsigned i = 0; i < 200; i++) {
        set_ttbr0(g, full.root | ASID(i));
        assert_int_equal(load_at_el0(g, VA + 0x1000 * i), 1);
    }
    for (unsigned i = 200; i < 400; i++) {
        set_ttbr0(g, empty.root | ASID(i));
        for (unsigned n = 0; n < 200; n++) {
            assert_int_equal(fault_at_el0(g, VA + 0x1000 * n), FSC_TRANSLATION | 1);
        }
    }
}

/* TCR_EL1.A1: the ASID is TTBR1's. */
static void test_asid_of_ttbr1(void **state)
{
    struct guest *g = *state;
    struct range a = process(g, VA, DATA, 0xaaaa, PTE_USER | PTE_NG);
    struct range b = process(g, VA, DATA + 0x1000, 0xbbbb, PTE_USER | PTE_NG);

    guest_mmu_on(g, &a, NULL);
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, TCR_A1, 0);
    guest_set_sys(g, HV_SYS_REG_TTBR1_EL1, ASID(1));
    assert_int_equal(load_at_el0(g, VA), 0xaaaa);
    guest_set_sys(g, HV_SYS_REG_TTBR1_EL1, ASID(2));
    set_ttbr0(g, b.root);
    assert_int_equal(load_at_el0(g, VA), 0xbbbb);
    guest_set_sys(g, HV_SYS_REG_TTBR1_EL1, ASID(1));
    set_ttbr0(g, a.root);
    assert_int_equal(load_at_el0(g, VA), 0xaaaa);
}

/* Without TCR_EL1.AS, 8 bits are all. */
static void test_short_asids(void **state)
{
    struct guest *g = *state;
    struct range a = process(g, VA, DATA, 0xaaaa, PTE_USER | PTE_NG);

    guest_mmu_on(g, &a, NULL);
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, 0, TCR_AS);
    set_ttbr0(g, a.root | ASID(0x1234));
    assert_int_equal(load_at_el0(g, VA), 0xaaaa);
    guest_map(g, &a, VA, DATA + 0x1000, 3, PTE_USER | PTE_NG);
    guest_put64(g, DATA + 0x1000, 0xcccc);
    maintain(g, TLBI_ASIDE1, ASID(0x34));
    assert_int_equal(load_at_el0(g, VA), 0xcccc);
    guest_map(g, &a, VA, DATA, 3, PTE_USER | PTE_NG);
    maintain(g, TLBI_ASIDE1, ASID(0x5634));
    assert_int_equal(load_at_el0(g, VA), 0xaaaa);
}

/* EL1's own nG pages belong to an ASID as well. */
static void test_nonglobal_at_el1(void **state)
{
    struct guest *g = *state;
    struct range a = process(g, VA, DATA, 0xaaaa, PTE_NG);
    struct range b = process(g, VA, DATA + 0x1000, 0xbbbb, PTE_NG);

    guest_mmu_on(g, &a, NULL);
    for (unsigned i = 0; i < 3; i++) {
        set_ttbr0(g, a.root | ASID(1));
        assert_int_equal(load_at(g, VA), 0xaaaa);
        set_ttbr0(g, b.root | ASID(2));
        assert_int_equal(load_at(g, VA), 0xbbbb);
    }
}

/* ---- TLB maintenance ------------------------------------------------------------------------- */

/*
 * Maps VA, looks at it, maps it elsewhere and invalidates: the new page must be seen, at both levels.
 * At `level`, and with the address of the invalidation somewhere inside of what is mapped.
 */
static void remap(struct guest *g, uint32_t key, uint64_t argument, unsigned level, uint64_t inside,
                  uint64_t looked_at)
{
    struct range r;
    uint64_t second = level == 3 ? DATA + 0x1000 : DATA + 0x200000;

    guest_drop_tables(g);
    guest_mmu_usual(g, &r);
    guest_set_sys(g, HV_SYS_REG_TTBR0_EL1, r.root | ASID(5));
    guest_put64(g, DATA + looked_at, 1);
    guest_put64(g, second + looked_at, 2);
    guest_map(g, &r, VA, DATA, level, PTE_USER | PTE_NG);
    assert_int_equal(load_at(g, VA + looked_at), 1);
    assert_int_equal(load_at_el0(g, VA + looked_at), 1);
    guest_map(g, &r, VA, second, level, PTE_USER | PTE_NG);
    guest_set_reg(g, HV_REG_CPSR, EL1H);
    maintain(g, key, argument | inside >> 12);
    assert_int_equal(load_at(g, VA + looked_at), 2);
    assert_int_equal(load_at_el0(g, VA + looked_at), 2);
    guest_set_reg(g, HV_REG_CPSR, EL1H);
}

static void test_tlbi_forgets_a_page(void **state)
{
    struct guest *g = *state;
    const uint64_t va = VA >> 12;

    remap(g, TLBI_VMALLE1, 0, 3, 0, 0x10);
    remap(g, TLBI_VMALLE1IS, 0, 3, 0, 0x10);
    remap(g, TLBI_ASIDE1, ASID(5), 3, 0, 0x10);
    remap(g, TLBI_VAE1, ASID(5) | va, 3, 0, 0x10);
    remap(g, TLBI_VAE1IS, ASID(5) | va, 3, 0, 0x10);
    remap(g, TLBI_VALE1, ASID(5) | va, 3, 0, 0x10);
    remap(g, TLBI_VAAE1, va, 3, 0, 0x10);
    remap(g, TLBI_VAALE1, va, 3, 0, 0x10);
}

/* Any address of a block stands for all of it. */
static void test_tlbi_inside_a_block(void **state)
{
    struct guest *g = *state;
    const uint64_t va = VA >> 12;

    for (uint64_t at = 0; at < 0x200000; at += 0x40000) {
        remap(g, TLBI_VAE1, ASID(5) | va, 2, 0x1ff000, at);
        remap(g, TLBI_VAE1, ASID(5) | va, 2, 0, at + 0x3f008);
        remap(g, TLBI_VAAE1, va, 2, at, 0x123450);
        remap(g, TLBI_VALE1, ASID(5) | va, 2, at, 0x1ffff8);
    }
}

/* Pages of the larger granules are blocks to a TLB of 4 KiB entries. */
static void test_tlbi_of_large_pages(void **state)
{
    struct guest *g = *state;

    for (unsigned bits = 14; bits <= 16; bits += 2) {
        struct range r = {.page_bits = bits, .in_bits = 39};
        uint64_t size = UINT64_C(1) << bits;

        guest_drop_tables(g);
        guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_M);
        guest_map(g, &r, CODE, CODE, 3, 0);
        guest_map(g, &r, VECTORS & ~(size - 1), VECTORS & ~(size - 1), 3, 0);
        guest_map(g, &r, VA, DATA, 3, 0);
        guest_mmu_on(g, &r, NULL);
        for (uint64_t at = 0; at < size; at += 0x1000) {
            guest_put64(g, DATA + at, 1);
            guest_put64(g, DATA + size + at, 2);
            assert_int_equal(load_at(g, VA + at), 1);
        }
        guest_map(g, &r, VA, DATA + size, 3, 0);
        maintain(g, TLBI_VAAE1, VA >> 12);
        for (uint64_t at = 0; at < size; at += 0x1000) {
            assert_int_equal(load_at(g, VA + at), 2);
        }
    }
}

/* The upper range: the argument's bits 43:0 are sign-extended. */
static void test_tlbi_of_the_upper_range(void **state)
{
    struct guest *g = *state;
    struct range lo;
    struct range hi = {.page_bits = 12, .in_bits = 39, .upper = true};
    const uint64_t va = UINT64_C(0xffffff8010000000);

    guest_mmu_usual(g, &lo);
    guest_map(g, &hi, va, DATA, 2, 0);
    guest_mmu_on(g, &lo, &hi);
    guest_put64(g, DATA + 0x5000, 1);
    guest_put64(g, DATA + 0x205000, 2);
    assert_int_equal(load_at(g, va + 0x5000), 1);
    guest_map(g, &hi, va, DATA + 0x200000, 2, 0);
    maintain(g, TLBI_VAAE1, (va >> 12) & UINT64_C(0xfffffffffff));
    assert_int_equal(load_at(g, va + 0x5000), 2);
}

/* What was executed is forgotten too. */
static void test_tlbi_of_code(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint32_t call[] = {a64_br(1)};
    const uint32_t one[] = {a64_hvc(11)};
    const uint32_t two[] = {a64_hvc(12)};

    guest_mmu_usual(g, &r);
    guest_put_code(g, DATA, one, 1);
    guest_put_code(g, DATA + 0x1000, two, 1);
    guest_map(g, &r, VA, DATA, 3, 0);
    guest_set_x(g, 1, VA);
    GUEST_PROGRAM(g, call);
    assert_int_equal(guest_run_hvc(g), 11);
    guest_map(g, &r, VA, DATA + 0x1000, 3, 0);
    maintain(g, TLBI_VAAE1, VA >> 12);
    GUEST_PROGRAM(g, call);
    assert_int_equal(guest_run_hvc(g), 12);
}

/* ---- PAN, WXN, execution --------------------------------------------------------------------- */

static void test_pan(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint32_t off[] = {a64_set_pan(0), a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1)};
    const uint32_t on[] = {a64_set_pan(1), a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1)};
    const uint32_t by_register[] = {a64_msr(A64_KEY(3, 0, 4, 2, 3), 2),
                                    a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1)};

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, PTE_USER);
    guest_map(g, &r, VA + 0x1000, DATA + 0x1000, 3, 0);
    guest_put64(g, DATA, 0x77);
    guest_set_x(g, 1, VA);
    for (unsigned i = 0; i < 3; i++) {
        GUEST_PROGRAM(g, off);
        assert_int_equal(guest_run_hvc(g), 1);
        assert_int_equal(guest_x(g, 0), 0x77);
        GUEST_PROGRAM(g, on);
        assert_int_equal(guest_run_sync(g, false, EC_DABORT_SAME), FSC_PERMISSION | 3);
        assert_true(guest_sys(g, HV_SYS_REG_SPSR_EL1) & PSTATE_PAN);
        expect_far(g, VA);
    }
    guest_set_x(g, 2, 0);
    GUEST_PROGRAM(g, by_register);
    assert_int_equal(guest_run_hvc(g), 1);
    guest_set_x(g, 2, PSTATE_PAN);
    GUEST_PROGRAM(g, by_register);
    guest_run_sync(g, false, EC_DABORT_SAME);

    /* LDTR and STTR are EL0's accesses: PAN does not stop them, EL1's own pages do. */
    guest_set_reg(g, HV_REG_CPSR, EL1H | PSTATE_PAN);
    runs(g, a64_ldst_unprivileged(A64_X, A64_LD, 0, 1, 0));
    runs(g, a64_ldst_unprivileged(A64_X, A64_ST, 0, 1, 0));
    guest_set_x(g, 1, VA + 0x1000);
    runs(g, a64_ldst(A64_X, A64_LD, 0, 1, 0));
    assert_int_equal(abort_of(g, a64_ldst_unprivileged(A64_X, A64_LD, 0, 1, 0)),
                     FSC_PERMISSION | 3);
    assert_int_equal(abort_of(g, a64_ldst_unprivileged(A64_X, A64_ST, 0, 1, 8)),
                     FSC_PERMISSION | 3 | WNR);
    expect_far(g, VA + 0x1008);
}

/* SCTLR_EL1.SPAN: whether an exception sets PAN. */
static void test_pan_on_exceptions(void **state)
{
    struct guest *g = *state;
    const uint32_t code[] = {a64_svc(0)};

    for (unsigned span = 0; span < 2; span++) {
        guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, span ? SCTLR_SPAN : 0, SCTLR_SPAN);
        guest_set_reg(g, HV_REG_CPSR, EL0T);
        GUEST_PROGRAM(g, code);
        guest_run_sync(g, true, 0x15);
        assert_int_equal(guest_reg(g, HV_REG_CPSR) & PSTATE_PAN, span ? 0 : PSTATE_PAN);
        guest_set_reg(g, HV_REG_CPSR, EL1H | PSTATE_PAN);
        GUEST_PROGRAM(g, code);
        guest_run_sync(g, false, 0x15);
        assert_int_equal(guest_reg(g, HV_REG_CPSR) & PSTATE_PAN, PSTATE_PAN);
    }
}

/* Code in a page that becomes writable under WXN, or user-writable. */
static void test_execute_rights(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint32_t jump[] = {a64_br(1)};
    const uint32_t there[] = {a64_hvc(11)};

    guest_mmu_usual(g, &r);
    guest_put_code(g, DATA, there, 1);
    guest_map(g, &r, VA, DATA, 3, 0);
    guest_map(g, &r, VA + 0x1000, DATA, 3, PTE_USER);
    guest_map(g, &r, VA + 0x2000, DATA, 3, PTE_PXN);
    guest_map(g, &r, VA + 0x3000, DATA, 3, PTE_DEVICE);
    guest_set_x(g, 1, VA);
    GUEST_PROGRAM(g, jump);
    assert_int_equal(guest_run_hvc(g), 11);
    for (unsigned i = 1; i <= 2; i++) {
        guest_set_x(g, 1, VA + 0x1000 * i);
        GUEST_PROGRAM(g, jump);
        assert_int_equal(guest_run_sync(g, false, EC_IABORT_SAME), FSC_PERMISSION | 3);
        expect_far(g, VA + 0x1000 * i);
        assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == VA + 0x1000 * i);
    }
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_WXN, 0);
    guest_set_x(g, 1, VA);
    GUEST_PROGRAM(g, jump);
    assert_int_equal(guest_run_sync(g, false, EC_IABORT_SAME), FSC_PERMISSION | 3);
}

/* A tag is gone from PC, ELR and FAR once a branch has been taken. */
static void test_tagged_branch(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint64_t tag = UINT64_C(0x5a) << 56;
    const uint32_t jump[] = {a64_br(1)};
    const uint32_t there[] = {a64_hvc(11)};

    guest_mmu_usual(g, &r);
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, TCR_TBI0, 0);
    guest_put_code(g, DATA, there, 1);
    guest_map(g, &r, VA, DATA, 3, 0);
    guest_set_x(g, 1, VA | tag);
    GUEST_PROGRAM(g, jump);
    assert_int_equal(guest_run_hvc(g), 11);
    assert_true(guest_reg(g, HV_REG_PC) == VA + 4);
    guest_set_x(g, 1, (VA + 0x1000) | tag);
    GUEST_PROGRAM(g, jump);
    assert_int_equal(guest_run_sync(g, false, EC_IABORT_SAME), FSC_TRANSLATION | 3);
    expect_far(g, VA + 0x1000);
    assert_true(guest_sys(g, HV_SYS_REG_ELR_EL1) == VA + 0x1000);
    /* A data address keeps its tag in FAR. */
    guest_set_x(g, 1, (VA + 0x1000) | tag);
    abort_of(g, a64_ldst(A64_X, A64_LD, 0, 1, 0));
    expect_far(g, (VA + 0x1000) | tag);
}

/* ---- Alignment ------------------------------------------------------------------------------- */

/* Accesses at X1: the instruction, what it must be aligned to, whether it stores. */
static const struct {
    uint32_t insn;
    unsigned align;
    bool store;
} accesses[] = {
    {0x79400020, 2, false},  /* ldrh w0, [x1] */
    {0xb9400020, 4, false},  /* ldr w0, [x1] */
    {0xf9400020, 8, false},  /* ldr x0, [x1] */
    {0xf9000020, 8, true},   /* str x0, [x1] */
    {0xa9400820, 8, false},  /* ldp x0, x2, [x1] */
    {0xa9000820, 8, true},   /* stp x0, x2, [x1] */
    {0x29400820, 4, false},  /* ldp w0, w2, [x1] */
    {0xbd400020, 4, false},  /* ldr s0, [x1] */
    {0xfd400020, 8, false},  /* ldr d0, [x1] */
    {0x3dc00020, 16, false}, /* ldr q0, [x1] */
    {0x3d800020, 16, true},  /* str q0, [x1] */
    {0xad400420, 16, false}, /* ldp q0, q1, [x1] */
    {0xad000420, 16, true},  /* stp q0, q1, [x1] */
    {0x6d400420, 8, false},  /* ldp d0, d1, [x1] */
    {0x4c407420, 2, false},  /* ld1 {v0.8h}, [x1] */
    {0x4c007820, 4, true},   /* st1 {v0.4s}, [x1] */
    {0x4c40ac20, 8, false},  /* ld1 {v0.2d, v1.2d}, [x1] */
};

/* Always checked: exclusives, acquire and release, atomics. */
static const struct {
    uint32_t insn;
    unsigned align;
    bool store;
} strict[] = {
    {0xc85f7c20, 8, false},  /* ldxr x0, [x1] */
    {0xc87f0820, 16, false}, /* ldxp x0, x2, [x1] */
    {0x887f0820, 8, false},  /* ldxp w0, w2, [x1] */
    {0xc8dffc20, 8, false},  /* ldar x0, [x1] */
    {0xc89ffc20, 8, true},   /* stlr x0, [x1] */
    {0xf8e00022, 8, false},  /* ldaddal x0, x2, [x1] */
    {0xb8208022, 4, false},  /* swp w0, w2, [x1] */
    {0x48207c22, 16, false}, /* casp x0, x1, x2, x3, [x1] */
};

/* Refused or not at each offset, and why. */
static void check_alignment(struct guest *g, uint64_t base, bool refused)
{
    for (size_t i = 0; i < COUNT(accesses); i++) {
        for (unsigned at = 0; at < 16; at++) {
            bool aligned = at % accesses[i].align == 0;
            guest_set_x(g, 1, base + at);
            /* Twice: the second time the TLB could serve. */
            for (unsigned n = 0; n < 2; n++) {
                if (aligned || !refused) {
                    runs(g, accesses[i].insn);
                    continue;
                }
                uint32_t iss = abort_of(g, accesses[i].insn);
                assert_int_equal(iss,
                                 (uint32_t)FSC_ALIGNMENT | (accesses[i].store ? (uint32_t)WNR : 0));
                expect_far(g, base + at);
            }
        }
    }
    for (size_t i = 0; i < COUNT(strict); i++) {
        for (unsigned at = 1; at < 16; at++) {
            guest_set_x(g, 1, base + at);
            if (at % strict[i].align == 0) {
                runs(g, strict[i].insn);
                continue;
            }
            uint32_t iss = abort_of(g, strict[i].insn);
            assert_int_equal(iss, (uint32_t)FSC_ALIGNMENT | (strict[i].store ? (uint32_t)WNR : 0));
            expect_far(g, base + at);
        }
    }
}

static void test_alignment_with_translation_off(void **state)
{
    check_alignment(*state, DATA, true);
}

static void test_alignment_of_normal_memory(void **state)
{
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, 0);
    check_alignment(g, VA, false);
}

static void test_alignment_of_device_memory(void **state)
{
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, PTE_DEVICE);
    check_alignment(g, VA, true);
}

static void test_alignment_check(void **state)
{
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, 0);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_A, 0);
    check_alignment(g, VA, true);
    /* SCTLR_EL1.A looks at the address alone, before translation; Device memory after it. */
    guest_set_x(g, 1, VA + 0x1001);
    assert_int_equal(abort_of(g, accesses[2].insn), FSC_ALIGNMENT);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_A);
    assert_int_equal(abort_of(g, accesses[2].insn), FSC_TRANSLATION | 3);
    guest_map(g, &r, VA + 0x1000, DATA, 3, PTE_DEVICE | PTE_READ_ONLY);
    assert_int_equal(abort_of(g, accesses[3].insn), FSC_ALIGNMENT | WNR);
    guest_set_x(g, 1, VA + 0x1000);
    assert_int_equal(abort_of(g, accesses[3].insn), FSC_PERMISSION | 3 | WNR);
}

/* ---- Across pages ---------------------------------------------------------------------------- */

/* Two pages that are neighbours only virtually: the second of them may be missing or read-only. */
static void two_pages(struct guest *g, struct range *r, uint64_t second)
{
    guest_mmu_usual(g, r);
    guest_map(g, r, VA, DATA + 0x5000, 3, 0);
    guest_map_at(g, r, VA + 0x1000, 3, second, 0);
    for (unsigned i = 0; i < 0x40; i += 8) {
        guest_put64(g, DATA + 0x5fc0 + i,
                    UINT64_C(0x0706050403020100) + i * UINT64_C(0x0101010101010101));
        guest_put64(g, DATA + 0x2000 + i,
                    UINT64_C(0x4746454443424140) + i * UINT64_C(0x0101010101010101));
    }
}

#define SECOND (DATA + 0x2000)
#define PAGE   ((uint64_t)(PTE_VALID | PTE_TABLE | PTE_AF))

static void test_access_across_pages(void **state)
{
    struct guest *g = *state;
    struct range r;

    two_pages(g, &r, SECOND | PAGE);
    for (unsigned n = 1; n < 8; n++) {
        uint64_t expected = 0;
        uint64_t va = VA + 0x1000 - n;
        for (unsigned i = 0; i < 8; i++) {
            expected |= (uint64_t)(i < n ? 0x40 - n + i : 0x40 + i - n) << (8 * i);
        }
        assert_true(load_at(g, va) == expected);
        assert_true(load_at(g, va) == expected);
    }
    guest_set_x(g, 1, VA + 0x1000 - 3);
    guest_set_x(g, 0, UINT64_C(0x8877665544332211));
    runs(g, a64_ldst(A64_X, A64_ST, 0, 1, 0));
    assert_true(guest_get64(g, DATA + 0x5ff8) >> 40 == 0x332211);
    assert_true(guest_get64(g, SECOND) << 24 == UINT64_C(0x8877665544) << 24);
}

/* Stores that reach from the first page into the second, by how many bytes they begin before it. */
static const struct {
    uint32_t insn;
    unsigned before;
} crossing[] = {
    {0xf9000020, 5},                                     /* str x0, [x1] */
    {0xb9000020, 1},                                     /* str w0, [x1] */
    {0xa9000820, 8},                                     /* stp x0, x2, [x1] */
    {0xa9000820, 5},                                     /* unaligned in itself */
    {0xa9000820, 12},                                    /* its second half crosses */
    {0x29000820, 4},                                     /* stp w0, w2, [x1] */
    {0xfd000020, 3},                                     /* str d0, [x1] */
    {0x3d800020, 8},                                     /* str q0, [x1] */
    {0x3d800020, 1},  {0xad000420, 16},                  /* stp q0, q1, [x1] */
    {0xad000420, 24}, {0xad000420, 7},  {0x6d000420, 8}, /* stp d0, d1, [x1] */
    {0x4c00a020, 8},                                     /* st1 {v0.16b, v1.16b}, [x1] */
    {0x4c002020, 63},                                    /* st1 {v0.16b-v3.16b}, [x1] */
    {0x4c000c20, 8},                                     /* st4 {v0.2d-v3.2d}, [x1] */
    {0x0d208020, 4},                                     /* st2 {v0.s, v1.s}[0], [x1] */
};

static void check_crossing(struct guest *g, unsigned fsc, uint64_t second_ipa)
{
    uint8_t before[64];
    uint8_t after[64];

    memcpy(before, guest_at(g, DATA + 0x5fc0), 64);
    memcpy(after, guest_at(g, SECOND), 64);
    for (size_t i = 0; i < COUNT(crossing); i++) {
        /* Cold and warm. */
        for (unsigned n = 0; n < 2; n++) {
            guest_set_x(g, 1, VA + 0x1000 - crossing[i].before);
            if (second_ipa == 0) {
                assert_int_equal(abort_of(g, crossing[i].insn), fsc | WNR);
                expect_far(g, VA + 0x1000);
            } else {
                const uint32_t code[] = {crossing[i].insn, a64_hvc(1)};
                GUEST_PROGRAM(g, code);
                assert_int_equal(guest_run(g), 0x24);
            }
            assert_memory_equal(before, guest_at(g, DATA + 0x5fc0), 64);
            assert_memory_equal(after, guest_at(g, SECOND), 64);
        }
    }
}

static void test_store_across_pages_is_whole(void **state)
{
    struct guest *g = *state;
    struct range r;

    for (unsigned q = 0; q < 4; q++) {
        hv_simd_fp_uchar16_t value;
        memset(&value, 0xe0 + (int)q, sizeof(value));
        OK(hv_vcpu_set_simd_fp_reg(g->vcpu, (hv_simd_fp_reg_t)q, value));
    }
    guest_set_x(g, 0, UINT64_C(0xfefefefefefefefe));
    guest_set_x(g, 2, UINT64_C(0xfdfdfdfdfdfdfdfd));
    two_pages(g, &r, 0);
    check_crossing(g, FSC_TRANSLATION | 3, 0);
    guest_map_at(g, &r, VA + 0x1000, 3, SECOND | PAGE | PTE_READ_ONLY, 0);
    maintain(g, TLBI_VMALLE1, 0);
    check_crossing(g, FSC_PERMISSION | 3, 0);
    guest_map_at(g, &r, VA + 0x1000, 3, SECOND | (PAGE & ~(uint64_t)PTE_AF), 0);
    maintain(g, TLBI_VMALLE1, 0);
    check_crossing(g, FSC_ACCESS_FLAG | 3, 0);
}

/* The fault of the first page comes first. */
static void test_crossing_faults_in_order(void **state)
{
    struct guest *g = *state;
    struct range r;

    two_pages(g, &r, 0);
    guest_map_at(g, &r, VA, 3, (DATA + 0x5000) | PAGE | PTE_READ_ONLY, 0);
    for (size_t i = 0; i < COUNT(crossing); i++) {
        guest_set_x(g, 1, VA + 0x1000 - crossing[i].before);
        assert_int_equal(abort_of(g, crossing[i].insn), FSC_PERMISSION | 3 | WNR);
        expect_far(g, VA + 0x1000 - crossing[i].before);
    }
}

/* Exclusives end at their address: another page with the same offset is not it. */
static void test_exclusives_and_pages(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint32_t other[] = {a64_ldxr(A64_X, 0, 1), a64_stxr(A64_X, 3, 2, 4), a64_hvc(1)};
    const uint32_t pair[] = {a64_ldxp(0, 5, 1), a64_stxp(3, 2, 2, 4), a64_hvc(1)};

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, 0);
    guest_map(g, &r, VA + 0x1000, DATA + 0x1000, 3, 0);
    guest_map(g, &r, VA + 0x2000, DATA, 3, 0);
    guest_set_x(g, 2, 0x22);
    for (unsigned i = 0; i < 2; i++) {
        guest_set_x(g, 1, VA + 0xff0);
        guest_set_x(g, 4, VA + 0x1ff0);
        guest_program(g, i == 0 ? other : pair, 3);
        assert_int_equal(guest_run_hvc(g), 1);
        assert_int_equal(guest_x(g, 3), 1);
        assert_int_equal(guest_get64(g, DATA + 0x1ff0), 0);
        /* The same memory by another address is it. */
        guest_set_x(g, 4, VA + 0x2ff0);
        guest_program(g, i == 0 ? other : pair, 3);
        assert_int_equal(guest_run_hvc(g), 1);
        assert_int_equal(guest_x(g, 3), 0);
        assert_int_equal(guest_get64(g, DATA + 0xff0), 0x22);
        guest_put64(g, DATA + 0xff0, 0);
    }
}

/* ---- Exits of the walk ----------------------------------------------------------------------- */

static void test_walk_exits(void **state)
{
    struct guest *g = *state;
    struct range r;
    uint64_t table = NOWHERE | PTE_VALID | PTE_TABLE;
    const uint32_t jump[] = {a64_br(1)};

    guest_mmu_usual(g, &r);
    guest_map_at(g, &r, VA, 2, table, 0);
    guest_set_x(g, 1, VA + 0x3008);
    GUEST_PROGRAM(g, load_x);
    assert_int_equal(guest_run(g), 0x24);
    assert_int_equal(g->exit->exception.syndrome & 0x1ffffff, 0x87); /* S1PTW, level 3, no ISV */
    assert_true(g->exit->exception.virtual_address == VA + 0x3008);
    assert_true(g->exit->exception.physical_address == NOWHERE + 3 * 8);
    assert_true(guest_reg(g, HV_REG_PC) == CODE);
    GUEST_PROGRAM(g, jump);
    assert_int_equal(guest_run(g), 0x20);
    assert_int_equal(g->exit->exception.syndrome & 0x1ffffff, 0x87);
    assert_true(g->exit->exception.physical_address == NOWHERE + 3 * 8);
    assert_true(guest_reg(g, HV_REG_PC) == VA + 0x3008);
}

/* ---- Cache maintenance ----------------------------------------------------------------------- */

static void test_zero_block(void **state)
{
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, 0);
    guest_map(g, &r, VA + 0x1000, DATA, 3, PTE_READ_ONLY);
    guest_map(g, &r, VA + 0x2000, DATA, 3, PTE_DEVICE);
    memset(guest_at(g, DATA), 0xff, 0x1000);
    guest_set_x(g, 1, VA + 0xff7);
    runs(g, a64_msr(DC_ZVA, 1));
    guest_set_x(g, 1, VA + 0x47);
    runs(g, a64_msr(DC_ZVA, 1)); /* now from the TLB */
    for (unsigned i = 0; i < 0x1000; i += 8) {
        bool zeroed = i >= 0xfc0 || (i >= 0x40 && i < 0x80);
        assert_true(guest_get64(g, DATA + i) == (zeroed ? 0 : UINT64_MAX));
    }
    /* Faults like a store; not as cache maintenance. */
    guest_set_x(g, 1, VA + 0x1000);
    assert_int_equal(abort_of(g, a64_msr(DC_ZVA, 1)), FSC_PERMISSION | 3 | WNR);
    guest_set_x(g, 1, VA + 0x2000);
    assert_int_equal(abort_of(g, a64_msr(DC_ZVA, 1)), FSC_ALIGNMENT | WNR);
    guest_set_x(g, 1, VA + 0x3000);
    assert_int_equal(abort_of(g, a64_msr(DC_ZVA, 1)), FSC_TRANSLATION | 3 | WNR);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_M);
    guest_set_x(g, 1, DATA);
    assert_int_equal(abort_of(g, a64_msr(DC_ZVA, 1)), FSC_ALIGNMENT | WNR);
}

static void test_cache_maintenance(void **state)
{
    static const uint32_t clean[] = {DC_CVAC, DC_CVAU, A64_DC_CIVAC, IC_IVAU};
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, PTE_USER);
    guest_map(g, &r, VA + 0x1000, DATA, 3, PTE_USER | PTE_READ_ONLY);
    guest_map(g, &r, VA + 0x2000, DATA, 3, 0);
    guest_put64(g, DATA, 0x1234);
    /* EL1: PAN does not matter, and rights do only to DC IVAC. */
    for (unsigned pan = 0; pan < 2; pan++) {
        guest_set_reg(g, HV_REG_CPSR, EL1H | (pan ? PSTATE_PAN : 0));
        for (size_t i = 0; i < COUNT(clean); i++) {
            for (uint64_t at = 0; at < 0x3000; at += 0x1000) {
                guest_set_x(g, 1, VA + at + 0x77);
                runs(g, a64_msr(clean[i], 1));
            }
        }
        guest_set_x(g, 1, VA);
        runs(g, a64_msr(DC_IVAC, 1));
        if (pan) {
            /* None of it has let EL1 in. */
            assert_int_equal(abort_of(g, a64_ldst(A64_X, A64_LD, 0, 1, 0)), FSC_PERMISSION | 3);
        }
    }
    assert_int_equal(guest_get64(g, DATA), 0x1234);
    guest_set_x(g, 1, VA + 0x1000);
    assert_int_equal(abort_of(g, a64_msr(DC_IVAC, 1)), FSC_PERMISSION | 3 | WNR | CM);
    guest_set_x(g, 1, VA + 0x3010);
    for (size_t i = 0; i < COUNT(clean); i++) {
        assert_int_equal(abort_of(g, a64_msr(clean[i], 1)), FSC_TRANSLATION | 3 | WNR | CM);
        expect_far(g, VA + 0x3010);
    }
}

static void at_el0(struct guest *g, uint32_t insn)
{
    const uint32_t code[] = {insn, a64_svc(7)};

    GUEST_PROGRAM(g, code);
    guest_set_reg(g, HV_REG_CPSR, EL0T);
}

static void test_cache_maintenance_at_el0(void **state)
{
    static const uint32_t clean[] = {DC_CVAC, DC_CVAU, A64_DC_CIVAC, IC_IVAU};
    struct guest *g = *state;
    struct range r;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, PTE_USER);
    guest_map(g, &r, VA + 0x1000, DATA, 3, 0);
    for (size_t i = 0; i < COUNT(clean); i++) {
        guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_UCI);
        guest_set_x(g, 1, VA);
        at_el0(g, a64_msr(clean[i], 1));
        guest_run_sync(g, true, EC_TRAPPED);
        guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_UCI, 0);
        at_el0(g, a64_msr(clean[i], 1));
        assert_int_equal(guest_run_sync(g, true, 0x15), 7);
        guest_set_x(g, 1, VA + 0x1000);
        at_el0(g, a64_msr(clean[i], 1));
        assert_int_equal(guest_run_sync(g, true, EC_DABORT_LOWER), FSC_PERMISSION | 3 | WNR | CM);
    }
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_DZE);
    guest_set_x(g, 1, VA);
    at_el0(g, a64_msr(DC_ZVA, 1));
    guest_run_sync(g, true, EC_TRAPPED);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_DZE, 0);
    at_el0(g, a64_msr(DC_ZVA, 1));
    assert_int_equal(guest_run_sync(g, true, 0x15), 7);
    at_el0(g, a64_msr(DC_IVAC, 1));
    assert_int_equal(guest_run_sync(g, true, 0x00), 0);
}

/* Stale instructions may be executed until IC; afterwards they may not. Also a page full of it. */
static void test_instruction_cache(void **state)
{
    static const uint32_t keys[] = {IC_IVAU, IC_IALLU, A64_SYS(0, 7, 1, 0)};
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(keys); i++) {
        /* Overwrites the HVC #1 that follows with an HVC #2. */
        const uint32_t code[] = {
            a64_bl(6),           a64_ldst(A64_W, A64_ST, 3, 1, 0),
            a64_msr(keys[i], 1), a64_dsb(),
            a64_isb(),           a64_b(3),
            a64_ret(),           a64_nop(),
            a64_hvc(1),
        };
        guest_set_x(g, 1, CODE + 8 * 4);
        guest_set_x(g, 3, a64_hvc(2));
        GUEST_PROGRAM(g, code);
        assert_int_equal(guest_run_hvc(g), 2);
    }
    /* A program that is nothing but IC IALLU, which must still come to its end. */
    for (unsigned i = 0; i < 1023; i++) {
        const uint32_t insn = a64_msr(IC_IALLU, 31);
        guest_put_code(g, CODE + 4 * i, &insn, 1);
    }
    guest_put_code(g, CODE + 4 * 1023, (const uint32_t[]){a64_hvc(5)}, 1);
    guest_program(g, (const uint32_t[]){a64_nop()}, 1);
    assert_int_equal(guest_run_hvc(g), 5);
}

/* ---- AT -------------------------------------------------------------------------------------- */

static uint64_t address_translation(struct guest *g, uint32_t key, uint64_t va)
{
    const uint32_t code[] = {a64_msr(key, 1), a64_isb(), a64_mrs(0, HV_SYS_REG_PAR_EL1),
                             a64_hvc(1)};

    guest_set_x(g, 1, va);
    GUEST_PROGRAM(g, code);
    assert_int_equal(guest_run_hvc(g), 1);
    return guest_x(g, 0);
}

#define PAR_RES1       (UINT64_C(1) << 11)
#define PAR_FAULT(fsc) (PAR_RES1 | 1 | (uint64_t)(fsc) << 1)

static void test_address_translation(void **state)
{
    struct guest *g = *state;
    struct range r;
    const uint64_t inner = UINT64_C(3) << 8;

    guest_mmu_usual(g, &r);
    guest_map(g, &r, VA, DATA, 3, PTE_USER | inner);
    guest_map(g, &r, VA + 0x1000, DATA, 3, PTE_USER | PTE_READ_ONLY | inner);
    guest_map(g, &r, VA + 0x2000, DATA + 0x1000, 3, PTE_DEVICE | inner);
    guest_map(g, &r, VA + 0x200000, DATA, 2, 0);
    guest_map_at(g, &r, VA + 0x3000, 3, DATA | PTE_VALID | PTE_TABLE, 0);
    /* PAN does not matter. */
    guest_set_reg(g, HV_REG_CPSR, EL1H | PSTATE_PAN);
    const uint64_t normal = UINT64_C(0xff) << 56 | PAR_RES1 | 3 << 7 | DATA;
    assert_true(address_translation(g, AT_S1E1R, VA + 0x123) == normal);
    assert_true(address_translation(g, AT_S1E1W, VA) == normal);
    assert_true(address_translation(g, AT_S1E0R, VA) == normal);
    assert_true(address_translation(g, AT_S1E0W, VA) == normal);
    assert_true(guest_reg(g, HV_REG_CPSR) & PSTATE_PAN);
    assert_true(address_translation(g, AT_S1E0R, VA + 0x1000) == normal);
    assert_true(address_translation(g, AT_S1E1W, VA + 0x1000) == PAR_FAULT(FSC_PERMISSION | 3));
    assert_true(address_translation(g, AT_S1E0W, VA + 0x1000) == PAR_FAULT(FSC_PERMISSION | 3));
    assert_true(address_translation(g, AT_S1E0R, VA + 0x2000) == PAR_FAULT(FSC_PERMISSION | 3));
    assert_true(address_translation(g, AT_S1E1R, VA + 0x2000) ==
                (UINT64_C(0x04) << 56 | PAR_RES1 | 2 << 7 | (DATA + 0x1000)));
    assert_true(address_translation(g, AT_S1E1R, VA + 0x201234) ==
                (UINT64_C(0xff) << 56 | PAR_RES1 | (DATA + 0x1000)));
    assert_true(address_translation(g, AT_S1E1R, VA + 0x3000) == PAR_FAULT(FSC_ACCESS_FLAG | 3));
    assert_true(address_translation(g, AT_S1E1R, VA + 0x400000) == PAR_FAULT(FSC_TRANSLATION | 2));
    assert_true(address_translation(g, AT_S1E1R, UINT64_C(1) << 40) == PAR_FAULT(FSC_TRANSLATION));
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, 0, SCTLR_M);
    assert_true(address_translation(g, AT_S1E1R, DATA + 0x5432) ==
                (PAR_RES1 | 2 << 7 | (DATA + 0x5000)));
    assert_true(address_translation(g, AT_S1E1R, UINT64_C(1) << 40) == PAR_FAULT(FSC_ADDRESS_SIZE));
    at_el0(g, a64_msr(AT_S1E0R, 1));
    guest_run_sync(g, true, 0x00);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_asids_keep_processes_apart),
        GUEST_TEST(test_high_addresses_reach_no_other_asid),
        GUEST_TEST(test_many_asids),
        GUEST_TEST(test_asids_are_forgotten),
        GUEST_TEST(test_asid_of_ttbr1),
        GUEST_TEST(test_short_asids),
        GUEST_TEST(test_nonglobal_at_el1),
        GUEST_TEST(test_tlbi_forgets_a_page),
        GUEST_TEST(test_tlbi_inside_a_block),
        GUEST_TEST(test_tlbi_of_large_pages),
        GUEST_TEST(test_tlbi_of_the_upper_range),
        GUEST_TEST(test_tlbi_of_code),
        GUEST_TEST(test_pan),
        GUEST_TEST(test_pan_on_exceptions),
        GUEST_TEST(test_execute_rights),
        GUEST_TEST(test_tagged_branch),
        GUEST_TEST(test_alignment_with_translation_off),
        GUEST_TEST(test_alignment_of_normal_memory),
        GUEST_TEST(test_alignment_of_device_memory),
        GUEST_TEST(test_alignment_check),
        GUEST_TEST(test_access_across_pages),
        GUEST_TEST(test_store_across_pages_is_whole),
        GUEST_TEST(test_crossing_faults_in_order),
        GUEST_TEST(test_exclusives_and_pages),
        GUEST_TEST(test_walk_exits),
        GUEST_TEST(test_zero_block),
        GUEST_TEST(test_cache_maintenance),
        GUEST_TEST(test_cache_maintenance_at_el0),
        GUEST_TEST(test_instruction_cache),
        GUEST_TEST(test_address_translation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
