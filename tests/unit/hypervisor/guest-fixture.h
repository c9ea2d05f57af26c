/* SPDX-License-Identifier: ISC */
/*
 * guest-fixture.h: a small VM for tests of the CPU: RAM, one vCPU at EL1, vectors that tell which
 * one was taken, and a builder of translation tables for any granule, level and range.
 *
 * All of it is static, because a unit test may replace parts of the engine by fakes of its own and
 * must then not be linked with what it does not use.
 */
#ifndef GUEST_FIXTURE_H
#define GUEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <Hypervisor/Hypervisor.h>

#include "../../hv-conformance/a64.h"

#include "cpu.h"
#include "vcpu.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))

/* RAM as the guest sees it, and what lies where in it. */
#define RAM        UINT64_C(0x40000000)
#define RAM_SIZE   UINT64_C(0x1000000)
#define CODE       RAM
#define VECTORS    (RAM + 0x8000)
#define TABLES     (RAM + 0x100000) /* up to the middle of RAM */
#define DATA       (RAM + 0x800000)
#define NOWHERE    UINT64_C(0x20000000) /* an IPA without memory */

/* What HVC a vector makes: 0x40 + offset / 0x80. Tests use smaller numbers. */
#define VECTOR_HVC 0x40u

/* Table descriptors (D8.3). */
enum {
    PTE_VALID = 1u << 0,
    PTE_TABLE = 1u << 1,  /* or a page, at level 3 */
    PTE_DEVICE = 1u << 2, /* index 1 of MAIR_EL1 as guest_mmu_on sets it */
    PTE_USER = 1u << 6,
    PTE_READ_ONLY = 1u << 7,
    PTE_AF = 1u << 10,
    PTE_NG = 1u << 11
};
#define PTE_PXN         (UINT64_C(1) << 53)
#define PTE_UXN         (UINT64_C(1) << 54)
#define PTE_PXN_TABLE   (UINT64_C(1) << 59)
#define PTE_UXN_TABLE   (UINT64_C(1) << 60)
#define PTE_AP_TABLE(n) ((uint64_t)(n) << 61)

/* SCTLR_EL1, TCR_EL1, PSTATE. */
#define SCTLR_M         (UINT64_C(1) << 0)
#define SCTLR_A         (UINT64_C(1) << 1)
#define SCTLR_SA        (UINT64_C(1) << 3)
#define SCTLR_SA0       (UINT64_C(1) << 4)
#define SCTLR_UMA       (UINT64_C(1) << 9)
#define SCTLR_DZE       (UINT64_C(1) << 14)
#define SCTLR_UCT       (UINT64_C(1) << 15)
#define SCTLR_NTWI      (UINT64_C(1) << 16)
#define SCTLR_NTWE      (UINT64_C(1) << 18)
#define SCTLR_WXN       (UINT64_C(1) << 19)
#define SCTLR_SPAN      (UINT64_C(1) << 23)
#define SCTLR_UCI       (UINT64_C(1) << 26)

#define EL0T            UINT64_C(0x3c0) /* DAIF masked */
#define EL1T            UINT64_C(0x3c4)
#define EL1H            UINT64_C(0x3c5)
#define PSTATE_PAN      (UINT64_C(1) << 22)
#define PSTATE_SS       (UINT64_C(1) << 21)
#define PSTATE_IL       (UINT64_C(1) << 20)

/* One translation range: what TCR_EL1 says about it, and its first table. */
struct range {
    unsigned page_bits; /* 12, 14, 16 */
    unsigned in_bits;
    bool upper;
    uint64_t root;
};

struct guest {
    uint8_t *ram;
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;
    struct cpu *cpu;
    uint64_t next_table;
};

#define OK(call) assert_int_equal((call), HV_SUCCESS)

/* ---- Memory ---------------------------------------------------------------------------------- */

static inline uint8_t *guest_at(struct guest *g, uint64_t ipa)
{
    assert_true(ipa >= RAM && ipa < RAM + RAM_SIZE);
    return g->ram + (ipa - RAM);
}

static inline void guest_put64(struct guest *g, uint64_t ipa, uint64_t value)
{
    memcpy(guest_at(g, ipa), &value, sizeof(value));
}

static inline uint64_t guest_get64(struct guest *g, uint64_t ipa)
{
    uint64_t value;

    memcpy(&value, guest_at(g, ipa), sizeof(value));
    return value;
}

static inline void guest_put_code(struct guest *g, uint64_t ipa, const uint32_t *words,
                                  size_t count)
{
    memcpy(guest_at(g, ipa), words, count * sizeof(words[0]));
}

/* ---- Registers ------------------------------------------------------------------------------- */

static inline uint64_t guest_reg(struct guest *g, hv_reg_t reg)
{
    uint64_t value = 0;

    OK(hv_vcpu_get_reg(g->vcpu, reg, &value));
    return value;
}

static inline void guest_set_reg(struct guest *g, hv_reg_t reg, uint64_t value)
{
    OK(hv_vcpu_set_reg(g->vcpu, reg, value));
}

static inline uint64_t guest_sys(struct guest *g, hv_sys_reg_t reg)
{
    uint64_t value = 0;

    OK(hv_vcpu_get_sys_reg(g->vcpu, reg, &value));
    return value;
}

static inline void guest_set_sys(struct guest *g, hv_sys_reg_t reg, uint64_t value)
{
    OK(hv_vcpu_set_sys_reg(g->vcpu, reg, value));
}

static inline uint64_t guest_x(struct guest *g, unsigned n)
{
    return guest_reg(g, (hv_reg_t)((unsigned)HV_REG_X0 + n));
}

static inline void guest_set_x(struct guest *g, unsigned n, uint64_t value)
{
    guest_set_reg(g, (hv_reg_t)((unsigned)HV_REG_X0 + n), value);
}

static inline void guest_set_bits(struct guest *g, hv_sys_reg_t reg, uint64_t set, uint64_t clear)
{
    guest_set_sys(g, reg, (guest_sys(g, reg) & ~clear) | set);
}

/* ---- The VM ---------------------------------------------------------------------------------- */

/* HVCs at all 16 vectors. */
static inline void guest_put_vectors(struct guest *g)
{
    for (unsigned i = 0; i < 16; i++) {
        const uint32_t code[] = {a64_hvc(VECTOR_HVC + i), a64_eret()};
        guest_put_code(g, VECTORS + 0x80 * i, code, COUNT(code));
    }
}

/* What is left to do in a VM that exists and whose thread has no vCPU. */
static inline void guest_open_vcpu(struct guest *g)
{
    hv_return_t ret;

    OK(hv_vcpu_create(&g->vcpu, &g->exit, NULL));
    g->cpu = &vcpu_owned(g->vcpu, &ret)->cpu;
    OK(hv_vcpu_set_sys_reg(g->vcpu, HV_SYS_REG_VBAR_EL1, VECTORS));
    OK(hv_vcpu_set_sys_reg(g->vcpu, HV_SYS_REG_CPACR_EL1, UINT64_C(3) << 20));
    OK(hv_vcpu_set_reg(g->vcpu, HV_REG_CPSR, EL1H));
    OK(hv_vcpu_set_reg(g->vcpu, HV_REG_PC, CODE));
}

static inline void guest_open_ram(struct guest *g)
{
    void *p = NULL;

    OK(hv_vm_create(NULL));
    OK(hv_vm_allocate(&p, RAM_SIZE, HV_ALLOCATE_DEFAULT));
    g->ram = p;
    OK(hv_vm_map(p, RAM, RAM_SIZE,
                 (hv_memory_flags_t)(HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC)));
    g->next_table = TABLES;
    guest_put_vectors(g);
}

static inline int guest_setup(void **state)
{
    static struct guest guest;

    memset(&guest, 0, sizeof(guest));
    *state = &guest;
    guest_open_ram(&guest);
    guest_open_vcpu(&guest);
    return 0;
}

static inline void guest_close_ram(struct guest *g)
{
    OK(hv_vm_destroy());
    OK(hv_vm_deallocate(g->ram, RAM_SIZE));
}

static inline int guest_teardown(void **state)
{
    struct guest *g = *state;

    OK(hv_vcpu_destroy(g->vcpu));
    guest_close_ram(g);
    return 0;
}

#define GUEST_TEST(fn) cmocka_unit_test_setup_teardown(fn, guest_setup, guest_teardown)

/* ---- Running --------------------------------------------------------------------------------- */

/*
 * Decodes CODE anew: the VMM wrote there. IC IALLU is what a guest would do; the tests have struct
 * cpu at hand.
 */
void code_flush_all(struct cpu *c);

/* Puts a program at CODE, and PC there. */
static inline void guest_program(struct guest *g, const uint32_t *words, size_t count)
{
    guest_put_code(g, CODE, words, count);
    code_flush_all(g->cpu);
    guest_set_reg(g, HV_REG_PC, CODE);
}
#define GUEST_PROGRAM(g, words) guest_program((g), (words), COUNT(words))

static inline unsigned guest_ec(uint64_t syndrome)
{
    return (unsigned)(syndrome >> 26) & 0x3f;
}

/* One run that ends with an exception; returns its class. */
static inline unsigned guest_run(struct guest *g)
{
    OK(hv_vcpu_run(g->vcpu));
    assert_int_equal(g->exit->reason, HV_EXIT_REASON_EXCEPTION);
    return guest_ec(g->exit->exception.syndrome);
}

/* One run that ends with an HVC; returns its immediate. */
static inline unsigned guest_run_hvc(struct guest *g)
{
    assert_int_equal(guest_run(g), 0x16);
    return (unsigned)g->exit->exception.syndrome & 0xffff;
}

/* One run that ends at a vector; returns its offset. */
static inline unsigned guest_run_vector(struct guest *g)
{
    unsigned imm = guest_run_hvc(g);

    assert_in_range(imm, VECTOR_HVC, VECTOR_HVC + 15);
    return (imm - VECTOR_HVC) * 0x80;
}

/* The same for a synchronous exception from the present level (EL1h unless el0), class ec; returns
 * the ISS. */
static inline uint32_t guest_run_sync(struct guest *g, bool el0, unsigned ec)
{
    assert_int_equal(guest_run_vector(g), el0 ? 0x400 : 0x200);
    assert_int_equal(guest_ec(guest_sys(g, HV_SYS_REG_ESR_EL1)), ec);
    return (uint32_t)guest_sys(g, HV_SYS_REG_ESR_EL1) & 0x1ffffff;
}

/* ---- Translation tables ---------------------------------------------------------------------- */

/* A zeroed table, aligned to 64 KiB whatever its size. */
static inline uint64_t guest_new_table(struct guest *g)
{
    uint64_t table = g->next_table;

    assert_true(table + 0x10000 <= DATA);
    memset(guest_at(g, table), 0, 0x10000);
    g->next_table += 0x10000;
    return table;
}

static inline void guest_drop_tables(struct guest *g)
{
    g->next_table = TABLES;
}

/* The lowest bit of the address that a level resolves. */
static inline unsigned range_shift(const struct range *r, unsigned level)
{
    return r->page_bits + (r->page_bits - 3) * (3 - level);
}

static inline unsigned range_first_level(const struct range *r)
{
    unsigned level = 3;

    while (r->in_bits > range_shift(r, level) + (r->page_bits - 3)) {
        level--;
    }
    return level;
}

/* Where the descriptor of va at `level` lies in `table`. */
static inline uint64_t range_entry(const struct range *r, uint64_t table, uint64_t va,
                                   unsigned level)
{
    unsigned shift = range_shift(r, level);
    unsigned bits = r->in_bits - shift;

    bits = bits > r->page_bits - 3 ? r->page_bits - 3 : bits;
    return table + 8 * ((va >> shift) & ((UINT64_C(1) << bits) - 1));
}

/*
 * Writes `leaf` as va's descriptor at `level`, with tables (and `hierarchy` in their descriptors)
 * down to there. Returns where it was written.
 */
static inline uint64_t guest_map_at(struct guest *g, struct range *r, uint64_t va, unsigned level,
                                    uint64_t leaf, uint64_t hierarchy)
{
    uint64_t table;
    uint64_t at;

    if (r->root == 0) {
        r->root = guest_new_table(g);
    }
    table = r->root;
    for (unsigned l = range_first_level(r);; l++) {
        at = range_entry(r, table, va, l);
        if (l == level) {
            guest_put64(g, at, leaf);
            return at;
        }
        if ((guest_get64(g, at) & 3) != 3) {
            guest_put64(g, at, guest_new_table(g) | PTE_VALID | PTE_TABLE | hierarchy);
        }
        table = guest_get64(g, at) & UINT64_C(0x0000fffffffff000);
    }
}

/* A valid block or page with the access flag. */
static inline uint64_t guest_map(struct guest *g, struct range *r, uint64_t va, uint64_t ipa,
                                 unsigned level, uint64_t attributes)
{
    return guest_map_at(g, r, va, level,
                        ipa | attributes | PTE_VALID | PTE_AF | (level == 3 ? PTE_TABLE : 0), 0);
}

/* TCR_EL1's fields for one range: TxSZ, granule, write-back inner shareable tables. */
static inline uint64_t range_tcr(const struct range *r)
{
    static const unsigned tg0[] = {[12] = 0, [14] = 2, [16] = 1};
    static const unsigned tg1[] = {[12] = 2, [14] = 1, [16] = 3};
    uint64_t txsz = 64 - r->in_bits;

    return r->upper ? txsz << 16 | (uint64_t)tg1[r->page_bits] << 30 | UINT64_C(0x3500) << 16
                    : txsz | (uint64_t)tg0[r->page_bits] << 14 | UINT64_C(0x3500);
}

#define TCR_IPS(n) ((uint64_t)(n) << 32)
#define TCR_EPD0   (UINT64_C(1) << 7)
#define TCR_EPD1   (UINT64_C(1) << 23)
#define TCR_A1     (UINT64_C(1) << 22)
#define TCR_AS     (UINT64_C(1) << 36)
#define TCR_TBI0   (UINT64_C(1) << 37)
#define TCR_TBI1   (UINT64_C(1) << 38)

/* Sets TTBRs, TCR (48 output bits) and MAIR (0: write-back, 1: Device-nGnRE) and turns stage 1 on.
 * hi may be NULL: then TTBR1 is disabled. SPAN as Linux has it: exceptions leave PAN, and the TLBs, alone. */
static inline void guest_mmu_on(struct guest *g, const struct range *lo, const struct range *hi)
{
    guest_set_sys(g, HV_SYS_REG_MAIR_EL1, 0x04ff);
    guest_set_sys(g, HV_SYS_REG_TTBR0_EL1, lo->root);
    guest_set_sys(g, HV_SYS_REG_TTBR1_EL1, hi != NULL ? hi->root : 0);
    guest_set_sys(g, HV_SYS_REG_TCR_EL1,
                  range_tcr(lo) | (hi != NULL ? range_tcr(hi) : TCR_EPD1) | TCR_IPS(5) | TCR_AS);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, SCTLR_M | SCTLR_SPAN, 0);
}

/*
 * The usual map: 4 KiB granule, 39-bit addresses. The first 2 MiB of RAM (code, vectors) as they are,
 * read-only and executable at both levels; TABLES beyond that are not mapped.
 */
static inline void guest_mmu_usual(struct guest *g, struct range *lo)
{
    *lo = (struct range){.page_bits = 12, .in_bits = 39};
    guest_map(g, lo, CODE, CODE, 2, PTE_USER | PTE_READ_ONLY);
    guest_mmu_on(g, lo, NULL);
}

/* ---- More instructions than a64.h has -------------------------------------------------------- */

#define A64_SYS(op1, crn, crm, op2) A64_KEY(1, op1, crn, crm, op2)

#define TLBI_VMALLE1                A64_SYS(0, 8, 7, 0)
#define TLBI_VAE1                   A64_SYS(0, 8, 7, 1)
#define TLBI_ASIDE1                 A64_SYS(0, 8, 7, 2)
#define TLBI_VAAE1                  A64_SYS(0, 8, 7, 3)
#define TLBI_VALE1                  A64_SYS(0, 8, 7, 5)
#define TLBI_VAALE1                 A64_SYS(0, 8, 7, 7)
#define TLBI_VAE1IS                 A64_SYS(0, 8, 3, 1)
#define TLBI_VMALLE1IS              A64_SYS(0, 8, 3, 0)
#define DC_ZVA                      A64_SYS(3, 7, 4, 1)
#define DC_IVAC                     A64_SYS(0, 7, 6, 1)
#define DC_CVAC                     A64_SYS(3, 7, 10, 1)
#define DC_CVAU                     A64_SYS(3, 7, 11, 1)
#define IC_IVAU                     A64_SYS(3, 7, 5, 1)
#define IC_IALLU                    A64_SYS(0, 7, 5, 0)
#define AT_S1E1R                    A64_SYS(0, 7, 8, 0)
#define AT_S1E1W                    A64_SYS(0, 7, 8, 1)
#define AT_S1E0R                    A64_SYS(0, 7, 8, 2)
#define AT_S1E0W                    A64_SYS(0, 7, 8, 3)

static inline uint32_t a64_ret(void)
{
    return 0xd65f03c0;
}
static inline uint32_t a64_br(uint32_t rn)
{
    return 0xd61f0000 | rn << 5;
}
static inline uint32_t a64_bl(int32_t words)
{
    return 0x94000000 | ((uint32_t)words & 0x3ffffff);
}
/* MSR PAN, #imm1 */
static inline uint32_t a64_set_pan(uint32_t imm)
{
    return 0xd500409f | imm << 8;
}
/* DMB, CRm: ISH 11, ISHST 10, ISHLD 9 */
static inline uint32_t a64_dmb(uint32_t crm)
{
    return 0xd50330bf | crm << 8;
}
static inline uint32_t a64_subs_imm(uint32_t rd, uint32_t rn, uint32_t imm12)
{
    return 0xf1000000 | imm12 << 10 | rn << 5 | rd;
}
/* LDXR, STXR (Ws to rs), LDAXR, STLXR */
static inline uint32_t a64_ldxr(enum a64_size size, uint32_t rt, uint32_t rn)
{
    return 0x085f7c00 | (uint32_t)size << 30 | rn << 5 | rt;
}
static inline uint32_t a64_stxr(enum a64_size size, uint32_t rs, uint32_t rt, uint32_t rn)
{
    return 0x08007c00 | (uint32_t)size << 30 | rs << 16 | rn << 5 | rt;
}
/* LDXP Xt, Xt2, [Xn] */
static inline uint32_t a64_ldxp(uint32_t rt, uint32_t rt2, uint32_t rn)
{
    return 0xc87f0000 | rt2 << 10 | rn << 5 | rt;
}
static inline uint32_t a64_stxp(uint32_t rs, uint32_t rt, uint32_t rt2, uint32_t rn)
{
    return 0xc8200000 | rs << 16 | rt2 << 10 | rn << 5 | rt;
}
/* LDADDAL Xs, Xt, [Xn] */
static inline uint32_t a64_ldaddal(uint32_t rs, uint32_t rt, uint32_t rn)
{
    return 0xf8e00000 | rs << 16 | rn << 5 | rt;
}
/* SWP Xs, Xt, [Xn] */
static inline uint32_t a64_swp(uint32_t rs, uint32_t rt, uint32_t rn)
{
    return 0xf8208000 | rs << 16 | rn << 5 | rt;
}
/* LDP, STP of Q registers */
static inline uint32_t a64_ldp_q(uint32_t rt, uint32_t rt2, uint32_t rn)
{
    return 0xad400000 | rt2 << 10 | rn << 5 | rt;
}
static inline uint32_t a64_stp_q(uint32_t rt, uint32_t rt2, uint32_t rn)
{
    return 0xad000000 | rt2 << 10 | rn << 5 | rt;
}
/* ST1 {Vt.16B, Vt+1.16B}, [Xn] */
static inline uint32_t a64_st1_2(uint32_t rt, uint32_t rn)
{
    return 0x4c00a000 | rn << 5 | rt;
}

#endif
