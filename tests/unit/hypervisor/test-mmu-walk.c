/* SPDX-License-Identifier: ISC */
/*
 * test-mmu-walk.c: mmu.c's walk of translation tables (Arm ARM D8): every granule, input size,
 * level and range, what each fault reports, and the rights of a leaf against the manual's tables.
 */
#include "guest-fixture.h"

#include "mmu.h"

static const unsigned granules[] = {12, 14, 16};

/* Whether a leaf may be at this level (D8.3.1). */
static bool leaf_allowed(unsigned page_bits, unsigned level)
{
    return level == 3 || level == 2 || (level == 1 && page_bits == 12);
}

static uint64_t ones(unsigned bits)
{
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* The range's address with these low bits. */
static uint64_t in_range(const struct range *r, uint64_t low)
{
    return (low & ones(r->in_bits)) | (r->upper ? ~ones(r->in_bits) : 0);
}

static void use_range(struct guest *g, const struct range *r)
{
    const struct range other = {.page_bits = 12, .in_bits = 39};

    if (r->upper) {
        guest_mmu_on(g, &other, r);
        guest_set_bits(g, HV_SYS_REG_TCR_EL1, TCR_EPD0, 0);
    } else {
        guest_mmu_on(g, r, NULL);
    }
}

static void expect_leads_to(struct guest *g, uint64_t va, uint64_t ipa)
{
    struct mmu_page page;
    struct mmu_fault fault;

    if (!mmu_walk(g->cpu, va, false, &page, &fault)) {
        print_error("va 0x%llx faults: 0x%02x\n", (unsigned long long)va, fault.fsc);
        assert_true(false);
    }
    assert_true(page.ipa == (ipa & ~UINT64_C(0xfff)));
}

static void expect_fault(struct guest *g, uint64_t va, unsigned fsc)
{
    struct mmu_page page;
    struct mmu_fault fault = {0};

    if (mmu_walk(g->cpu, va, false, &page, &fault)) {
        print_error("va 0x%llx leads to 0x%llx\n", (unsigned long long)va,
                    (unsigned long long)page.ipa);
        assert_true(false);
    }
    assert_false(fault.stage2);
    assert_int_equal(fault.fsc, fsc);
}

typedef void range_fn(struct guest *g, struct range *r);

/* fn for each granule, some input sizes (all, with `every`) and both ranges. */
static void for_each_range(struct guest *g, bool every, range_fn *fn)
{
    static const unsigned some[] = {48, 47, 42, 39, 36, 30, 25};

    for (size_t i = 0; i < COUNT(granules); i++) {
        for (unsigned n = 0; n < (every ? 24 : COUNT(some)); n++) {
            for (unsigned upper = 0; upper < 2; upper++) {
                struct range r = {
                    .page_bits = granules[i], .in_bits = every ? 25 + n : some[n], .upper = upper};
                guest_drop_tables(g);
                fn(g, &r);
            }
        }
    }
}

/* ---- Where it leads -------------------------------------------------------------------------- */

static void levels(struct guest *g, struct range *r)
{
    static const uint64_t places[] = {0, UINT64_C(0x0000a5c3f1e2b7d4), UINT64_MAX};

    for (unsigned level = range_first_level(r); level <= 3; level++) {
        unsigned shift = range_shift(r, level);

        if (!leaf_allowed(r->page_bits, level)) {
            continue;
        }
        for (size_t i = 0; i < COUNT(places); i++) {
            uint64_t va = in_range(r, places[i]) & ~ones(shift);
            uint64_t out = UINT64_C(0x0000000680000000) & ~ones(shift);
            uint64_t inside[] = {0, UINT64_C(0x5555555555555) & ones(shift), ones(shift)};

            guest_drop_tables(g);
            r->root = 0;
            guest_map(g, r, va, out, level, 0);
            use_range(g, r);
            for (size_t n = 0; n < COUNT(inside); n++) {
                expect_leads_to(g, va | inside[n], out | inside[n]);
            }
            /* The neighbour on the same level has no descriptor. */
            if (r->in_bits > shift) {
                expect_fault(g, in_range(r, va ^ (UINT64_C(1) << shift)), FSC_TRANSLATION | level);
            }
        }
    }
}

static void test_every_level_leads_there(void **state)
{
    for_each_range(*state, true, levels);
}

/* A first table that is smaller than a page may lie at any multiple of its size, but of 64 bytes. */
static void small_first_table(struct guest *g, struct range *r)
{
    unsigned level = range_first_level(r);
    unsigned bits = r->in_bits - range_shift(r, level);
    uint64_t size = bits < 3 ? 64 : UINT64_C(8) << bits;
    uint64_t va = in_range(r, UINT64_MAX) & ~ones(range_shift(r, 3));
    uint64_t below;

    guest_map(g, r, va, DATA & ~ones(r->page_bits), 3, 0);
    below = r->root + size;
    assert_true(size <= 0x10000);
    if (size == 0x10000) {
        return;
    }
    memmove(guest_at(g, below), guest_at(g, r->root), size);
    memset(guest_at(g, r->root), 0, size);
    r->root = below | 1; /* TTBR.CnP is no address bit */
    use_range(g, r);
    expect_leads_to(g, va, DATA & ~ones(r->page_bits));
    if (size == 64) {
        r->root = below | 0x3f; /* nor are bits 5:1 */
        use_range(g, r);
        expect_leads_to(g, va, DATA & ~ones(r->page_bits));
    }
}

static void test_small_first_table(void **state)
{
    for_each_range(*state, true, small_first_table);
}

/* ---- Faults of the address ------------------------------------------------------------------- */

static void outside(struct guest *g, struct range *r)
{
    uint64_t edge;

    guest_map(g, r, in_range(r, 0), DATA & ~ones(r->page_bits), 3, 0);
    guest_map(g, r, in_range(r, UINT64_MAX) & ~ones(r->page_bits), DATA & ~ones(r->page_bits), 3,
              0);
    use_range(g, r);
    edge = r->upper ? in_range(r, 0) - 1 : in_range(r, UINT64_MAX) + 1;
    /* Bit 55 says which range an address belongs to, and with it which fault. */
    expect_fault(g, edge, FSC_TRANSLATION);
    for (unsigned bit = r->in_bits; bit < 64; bit++) {
        if (bit != 55) {
            expect_fault(g, in_range(r, 0) ^ (UINT64_C(1) << bit), FSC_TRANSLATION);
        }
    }
    expect_leads_to(g, in_range(r, 0), DATA & ~ones(r->page_bits));
    expect_leads_to(g, in_range(r, UINT64_MAX), (DATA & ~ones(r->page_bits)) | ones(r->page_bits));

    guest_set_bits(g, HV_SYS_REG_TCR_EL1, r->upper ? TCR_EPD1 : TCR_EPD0, 0);
    expect_fault(g, in_range(r, 0), FSC_TRANSLATION);
}

static void test_outside_the_range(void **state)
{
    for_each_range(*state, true, outside);
}

/* TxSZ beyond what is allowed counts as the nearest that is. */
static void test_txsz_limits(void **state)
{
    struct guest *g = *state;
    struct range r = {.page_bits = 12, .in_bits = 48};

    guest_map(g, &r, UINT64_C(0xfffffffff000), DATA, 3, 0);
    use_range(g, &r);
    for (unsigned txsz = 0; txsz <= 16; txsz++) {
        guest_set_bits(g, HV_SYS_REG_TCR_EL1, txsz, 0x3f);
        expect_leads_to(g, UINT64_C(0xfffffffff000), DATA);
        expect_fault(g, UINT64_C(0x1000000000000), FSC_TRANSLATION);
    }
    guest_drop_tables(g);
    r = (struct range){.page_bits = 12, .in_bits = 25};
    guest_map(g, &r, UINT64_C(0x1fff000), DATA, 3, 0);
    use_range(g, &r);
    for (unsigned txsz = 39; txsz < 64; txsz++) {
        guest_set_bits(g, HV_SYS_REG_TCR_EL1, txsz, 0x3f);
        expect_leads_to(g, UINT64_C(0x1fff000), DATA);
        expect_fault(g, UINT64_C(0x2000000), FSC_TRANSLATION);
    }
}

static void tags(struct guest *g, struct range *r)
{
    uint64_t out = DATA & ~ones(r->page_bits);
    uint64_t va = in_range(r, 0x10000);
    uint64_t tagged = va ^ UINT64_C(0xa5) << 56;

    guest_map(g, r, va, out, 3, 0);
    use_range(g, r);
    expect_leads_to(g, va, out);
    expect_fault(g, tagged, FSC_TRANSLATION);
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, r->upper ? TCR_TBI1 : TCR_TBI0, 0);
    expect_leads_to(g, va, out);
    expect_leads_to(g, tagged, out);
    /* The tag does not include bits 55:48. */
    expect_fault(g, va ^ UINT64_C(1) << 54, FSC_TRANSLATION);
    /* The other range's bit does nothing here. */
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, r->upper ? TCR_TBI0 : TCR_TBI1,
                   r->upper ? TCR_TBI1 : TCR_TBI0);
    expect_fault(g, tagged, FSC_TRANSLATION);
}

static void test_tags(void **state)
{
    for_each_range(*state, false, tags);
}

/* ---- Faults of descriptors ------------------------------------------------------------------- */

static void invalid(struct guest *g, struct range *r)
{
    uint64_t va = in_range(r, UINT64_C(0x0000a5c3f1e2b7d4));

    for (unsigned level = range_first_level(r); level <= 3; level++) {
        guest_drop_tables(g);
        r->root = 0;
        /* Not valid, whatever else it says. */
        guest_map_at(g, r, va, level, UINT64_MAX & ~UINT64_C(1), 0);
        use_range(g, r);
        expect_fault(g, va, FSC_TRANSLATION | level);
        /* A block where none may be; at level 3 there is no block at all. */
        if (level == 3 || !leaf_allowed(r->page_bits, level)) {
            guest_map_at(g, r, va, level, DATA | PTE_AF | PTE_VALID, 0);
            expect_fault(g, va, FSC_TRANSLATION | level);
        }
    }
}

static void test_invalid_descriptors(void **state)
{
    for_each_range(*state, false, invalid);
}

static void no_access_flag(struct guest *g, struct range *r)
{
    uint64_t va = in_range(r, UINT64_C(0x0000a5c3f1e2b7d4));

    for (unsigned level = range_first_level(r); level <= 3; level++) {
        if (leaf_allowed(r->page_bits, level)) {
            uint64_t leaf = PTE_VALID | (level == 3 ? PTE_TABLE : 0);
            guest_drop_tables(g);
            r->root = 0;
            guest_map_at(g, r, va, level, leaf, 0);
            use_range(g, r);
            expect_fault(g, va, FSC_ACCESS_FLAG | level);
        }
    }
}

static void test_access_flag(void **state)
{
    for_each_range(*state, false, no_access_flag);
}

/* An output address beyond IPS: of the first table, of a table, of a leaf. */
static void address_size(struct guest *g, struct range *r)
{
    uint64_t va = in_range(r, UINT64_C(0x0000a5c3f1e2b7d4));
    uint64_t beyond = UINT64_C(1) << 32;

    if (r->in_bits < range_shift(r, 3)) {
        return;
    }
    for (unsigned level = range_first_level(r); level <= 3; level++) {
        uint64_t table = UINT64_C(3) | beyond;
        guest_drop_tables(g);
        r->root = 0;
        if (leaf_allowed(r->page_bits, level)) {
            unsigned shift = range_shift(r, level);
            uint64_t out = shift > 32 ? UINT64_C(1) << shift : beyond;
            guest_map(g, r, va, out, level, 0);
            use_range(g, r);
            expect_leads_to(g, va, out | (va & ones(shift)));
            guest_set_bits(g, HV_SYS_REG_TCR_EL1, 0, TCR_IPS(7));
            expect_fault(g, va, FSC_ADDRESS_SIZE | level);
            /* It comes before the access flag. */
            guest_map_at(g, r, va, level, out | PTE_VALID | (level == 3 ? PTE_TABLE : 0), 0);
            expect_fault(g, va, FSC_ADDRESS_SIZE | level);
        }
        if (level < 3) {
            guest_drop_tables(g);
            r->root = 0;
            guest_map_at(g, r, va, level, table, 0);
            use_range(g, r);
            guest_set_bits(g, HV_SYS_REG_TCR_EL1, 0, TCR_IPS(7));
            expect_fault(g, va, FSC_ADDRESS_SIZE | level);
        }
    }
    r->root = beyond;
    use_range(g, r);
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, 0, TCR_IPS(7));
    expect_fault(g, va, FSC_ADDRESS_SIZE);
}

static void test_address_size(void **state)
{
    for_each_range(*state, false, address_size);
}

/* IPS says at most what the VM's IPA space has: 36 bits. */
static void test_address_size_of_the_vm(void **state)
{
    struct guest *g = *state;
    struct range r = {.page_bits = 12, .in_bits = 39};

    guest_map(g, &r, 0, UINT64_C(0x800000000), 3, 0);
    guest_map(g, &r, 0x1000, UINT64_C(0x1000000000), 3, 0);
    guest_map(g, &r, 0x2000, UINT64_C(0xffffffff000), 3, 0);
    use_range(g, &r);
    for (unsigned ips = 1; ips < 8; ips++) {
        guest_set_bits(g, HV_SYS_REG_TCR_EL1, TCR_IPS(ips), TCR_IPS(7));
        expect_leads_to(g, 0, UINT64_C(0x800000000));
        expect_fault(g, 0x1000, FSC_ADDRESS_SIZE | 3);
        expect_fault(g, 0x2000, FSC_ADDRESS_SIZE | 3);
    }
}

/* A table that is nowhere in memory: the VMM's business, with the descriptor's IPA. */
static void leaves_ram(struct guest *g, struct range *r)
{
    uint64_t va = in_range(r, UINT64_C(0x0000a5c3f1e2b7d4));
    struct mmu_page page;
    struct mmu_fault fault;

    for (unsigned level = range_first_level(r); level <= 3; level++) {
        guest_drop_tables(g);
        r->root = 0;
        if (level == range_first_level(r)) {
            r->root = NOWHERE;
        } else {
            guest_map_at(g, r, va, level - 1, NOWHERE | PTE_VALID | PTE_TABLE, 0);
        }
        use_range(g, r);
        assert_false(mmu_walk(g->cpu, va, false, &page, &fault));
        assert_true(fault.stage2);
        assert_true(fault.ipa == range_entry(r, NOWHERE, va, level));
    }
}

static void test_walk_leaves_ram(void **state)
{
    for_each_range(*state, false, leaves_ram);
}

/* ---- Off ------------------------------------------------------------------------------------- */

static void test_off(void **state)
{
    struct guest *g = *state;
    struct mmu_page page;
    struct mmu_fault fault;

    expect_leads_to(g, 0, 0);
    expect_leads_to(g, UINT64_C(0xfffffffff), UINT64_C(0xfffffffff));
    expect_fault(g, UINT64_C(0x1000000000), FSC_ADDRESS_SIZE);
    expect_fault(g, UINT64_C(1) << 55, FSC_ADDRESS_SIZE);
    expect_fault(g, UINT64_MAX, FSC_ADDRESS_SIZE);
    expect_fault(g, UINT64_C(0xa5) << 56, FSC_ADDRESS_SIZE);
    guest_set_bits(g, HV_SYS_REG_TCR_EL1, TCR_TBI0, 0);
    expect_leads_to(g, UINT64_C(0x25) << 56 | RAM, RAM);
    assert_true(mmu_walk(g->cpu, RAM, true, &page, &fault));
    assert_int_equal(page.rights, MMU_READ | MMU_WRITE | MMU_EXEC);
    assert_true(page.device);
    assert_true(page.host == (char *)g->ram);
}

/* ---- Rights ---------------------------------------------------------------------------------- */

/*
 * D8.4.1, in words: AP[2] takes writing away, AP[1] gives EL0 access. EL0 executes unless UXN; EL1 unless
 * PXN or EL0 can write. WXN: what a level can write it cannot execute. PAN: EL1 neither reads nor writes
 * what EL0 has access to.
 */
static unsigned expected_rights(unsigned ap, bool uxn, bool pxn, bool wxn, bool pan, bool el0)
{
    bool user = ap & 1;
    bool read_only = ap & 2;
    unsigned rights = MMU_READ | MMU_WRITE | MMU_EXEC;

    if (read_only) {
        rights &= ~(unsigned)MMU_WRITE;
    }
    if (el0) {
        if (!user) {
            rights &= ~(unsigned)(MMU_READ | MMU_WRITE);
        }
        if (uxn || (wxn && (rights & MMU_WRITE))) {
            rights &= ~(unsigned)MMU_EXEC;
        }
        return rights;
    }
    if (pan && user) {
        rights &= ~(unsigned)(MMU_READ | MMU_WRITE);
    }
    if (pxn || (user && !read_only) || (wxn && (rights & MMU_WRITE))) {
        rights &= ~(unsigned)MMU_EXEC;
    }
    return rights;
}

/* n: AP, UXN, PXN, WXN, PAN, EL0, then APTable, UXNTable, PXNTable. */
static void check_rights(struct guest *g, unsigned n, unsigned table_level)
{
    unsigned ap = n & 3;
    bool uxn = n >> 2 & 1;
    bool pxn = n >> 3 & 1;
    bool wxn = n >> 4 & 1;
    bool pan = n >> 5 & 1;
    bool el0 = n >> 6 & 1;
    unsigned ap_table = n >> 7 & 3;
    bool uxn_table = n >> 9 & 1;
    bool pxn_table = n >> 10 & 1;
    struct range r = {.page_bits = 12, .in_bits = 48};
    uint64_t hierarchy =
        PTE_AP_TABLE(ap_table) | (uxn_table ? PTE_UXN_TABLE : 0) | (pxn_table ? PTE_PXN_TABLE : 0);
    uint64_t leaf = DATA | PTE_VALID | PTE_TABLE | PTE_AF | (uint64_t)ap << 6 |
                    (uxn ? PTE_UXN : 0) | (pxn ? PTE_PXN : 0);
    unsigned effective = (ap & ~(ap_table & 1)) | (ap_table & 2);
    struct mmu_page page;
    struct mmu_fault fault;

    guest_drop_tables(g);
    /* Only the table of one level takes rights away. */
    guest_map_at(g, &r, 0, table_level, 0, 0);
    if (table_level < 3) {
        guest_map_at(g, &r, 0, table_level, guest_new_table(g) | PTE_VALID | PTE_TABLE | hierarchy,
                     0);
    } else {
        effective = ap;
        uxn_table = pxn_table = false;
    }
    guest_map_at(g, &r, 0, 3, leaf, 0);
    guest_mmu_on(g, &r, NULL);
    guest_set_bits(g, HV_SYS_REG_SCTLR_EL1, wxn ? SCTLR_WXN : 0, SCTLR_WXN);
    guest_set_reg(g, HV_REG_CPSR, EL1H | (pan ? PSTATE_PAN : 0));

    assert_true(mmu_walk(g->cpu, 0, el0, &page, &fault));
    if (page.rights !=
        expected_rights(effective, uxn || uxn_table, pxn || pxn_table, wxn, pan, el0)) {
        print_error("case 0x%03x, table of level %u: rights %u\n", n, table_level, page.rights);
    }
    assert_int_equal(page.rights,
                     expected_rights(effective, uxn || uxn_table, pxn || pxn_table, wxn, pan, el0));
    assert_int_equal(fault.fsc, FSC_PERMISSION | 3);
    assert_int_equal(page.user, effective & 1);
}

static void test_rights(void **state)
{
    for (unsigned level = 0; level <= 3; level++) {
        for (unsigned n = 0; n < 1u << 11; n++) {
            check_rights(*state, n, level);
        }
    }
}

static void test_attributes(void **state)
{
    struct guest *g = *state;
    struct range r = {.page_bits = 12, .in_bits = 39};
    struct mmu_page page;
    struct mmu_fault fault;

    for (unsigned i = 0; i < 8; i++) {
        guest_map(g, &r, 0x1000 * i, DATA, 3,
                  (uint64_t)i << 2 | (uint64_t)(i & 3) << 8 | (i & 1 ? (uint64_t)PTE_NG : 0));
    }
    guest_mmu_on(g, &r, NULL);
    guest_set_sys(g, HV_SYS_REG_MAIR_EL1, UINT64_C(0xff44bb0c08040f00));
    for (unsigned i = 0; i < 8; i++) {
        static const uint8_t attr[] = {0x00, 0x0f, 0x04, 0x08, 0x0c, 0xbb, 0x44, 0xff};
        assert_true(mmu_walk(g->cpu, 0x1000 * i, false, &page, &fault));
        assert_int_equal(page.attr, attr[i]);
        assert_int_equal(page.device, i < 5);
        assert_int_equal(page.shareability, i & 3);
        assert_int_equal(page.global, !(i & 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_every_level_leads_there),
        GUEST_TEST(test_small_first_table),
        GUEST_TEST(test_outside_the_range),
        GUEST_TEST(test_txsz_limits),
        GUEST_TEST(test_tags),
        GUEST_TEST(test_invalid_descriptors),
        GUEST_TEST(test_access_flag),
        GUEST_TEST(test_address_size),
        GUEST_TEST(test_address_size_of_the_vm),
        GUEST_TEST(test_walk_leaves_ram),
        GUEST_TEST(test_off),
        GUEST_TEST(test_rights),
        GUEST_TEST(test_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
