/* SPDX-License-Identifier: ISC */
/*
 * test-gic-registers.c: what every register of the GIC holds at reset, which bits of it can be
 * written, which widths it has, and that everything else reads as zero and ignores writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "gic-fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void ignore_signal(void *ctx, unsigned vcpu, bool irq, bool fiq)
{
    (void)ctx;
    (void)vcpu;
    (void)irq;
    (void)fiq;
}

/* ---- Creation -------------------------------------------------------------------------------- */

static void refuse(struct gic_config c)
{
    errno = 0;
    assert_null(gic_new(&c, ignore_signal, NULL));
    assert_int_equal(errno, EINVAL);
}

static void accept(struct gic_config c)
{
    struct gic *g = gic_new(&c, ignore_signal, NULL);

    assert_non_null(g);
    gic_free(g);
}

static void test_configurations(void **state)
{
    const struct gic_config good = {DIST, REDIST, MSI, MSI_FIRST, MSI_COUNT, 4};
    struct gic_config c;

    (void)state;
    accept(good);
    c = good, c.max_vcpus = 0, refuse(c);
    c = good, c.max_vcpus = GIC_MAX_VCPUS, accept(c);
    c = good, c.max_vcpus = GIC_MAX_VCPUS + 1, refuse(c);
    c = good, c.dist_base += 0x8000, refuse(c);
    c = good, c.redist_base += 0x1000, refuse(c);
    c = good, c.msi_base += 4, refuse(c);
    c = good, c.msi_intid_base = 31, refuse(c);
    c = good, c.msi_intid_base = 32, c.msi_intid_count = 988, accept(c);
    c = good, c.msi_intid_base = 32, c.msi_intid_count = 989, refuse(c);
    c = good, c.msi_intid_base = 1019, c.msi_intid_count = 1, accept(c);
    c = good, c.msi_intid_base = 1020, c.msi_intid_count = 1, refuse(c);
    c = good, c.msi_intid_base = UINT32_MAX, c.msi_intid_count = 2, refuse(c);
    c = good, c.msi_intid_count = UINT32_MAX, refuse(c);
    c = good, c.redist_base = DIST, refuse(c);
    c = good, c.msi_base = DIST, refuse(c);
    c = good, c.msi_base = REDIST + 3 * GIC_REDIST_SIZE + 0x10000, refuse(c);
    c = good, c.msi_base = REDIST + 4 * GIC_REDIST_SIZE, accept(c);
    c = good, c.dist_base = UINT64_C(0xffffffffffff0000), refuse(c);
    c = good, c.redist_base = UINT64_C(0xfffffffffff90000), refuse(c);
    /* Without MSIs their base means nothing. */
    c = good, c.msi_intid_count = 0, c.msi_base = 5, accept(c);
    gic_free(NULL);
}

static void test_claims(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, true);
    assert_false(gic_mmio_claims(f.g, DIST - 1));
    assert_true(gic_mmio_claims(f.g, DIST));
    assert_true(gic_mmio_claims(f.g, DIST + 0xffff));
    assert_false(gic_mmio_claims(f.g, DIST + 0x10000));
    assert_false(gic_mmio_claims(f.g, MSI - 1));
    assert_true(gic_mmio_claims(f.g, MSI));
    assert_true(gic_mmio_claims(f.g, MSI + 0xffff));
    assert_false(gic_mmio_claims(f.g, MSI + 0x10000));
    assert_false(gic_mmio_claims(f.g, REDIST - 1));
    assert_true(gic_mmio_claims(f.g, REDIST));
    assert_true(gic_mmio_claims(f.g, REDIST + GIC_REDIST_REGION_SIZE - 1));
    assert_false(gic_mmio_claims(f.g, REDIST + GIC_REDIST_REGION_SIZE));
    assert_false(gic_mmio_claims(f.g, UINT64_MAX));

    assert_true(gic_mmio_overlaps(f.g, 0, UINT64_C(1) << 32));
    assert_true(gic_mmio_overlaps(f.g, DIST - 0x4000, 0x4001));
    assert_false(gic_mmio_overlaps(f.g, DIST - 0x4000, 0x4000));
    assert_true(gic_mmio_overlaps(f.g, MSI + 0xc000, 0x4000));
    assert_false(gic_mmio_overlaps(f.g, MSI + 0x10000, 0x4000));
    assert_true(gic_mmio_overlaps(f.g, REDIST + GIC_REDIST_REGION_SIZE - 0x4000, 0x8000));
    assert_false(gic_mmio_overlaps(f.g, REDIST + GIC_REDIST_REGION_SIZE, 0x8000));
    fixture_close(&f);

    fixture_open(&f, 1, false);
    assert_false(gic_mmio_claims(f.g, MSI));
    assert_false(gic_mmio_overlaps(f.g, MSI, 0x10000));
    assert_false(gic_mmio_claims(f.g, 0));
    fixture_close(&f);
}

/* ---- The distributor ------------------------------------------------------------------------- */

static void test_dist_identity(void **state)
{
    static const uint8_t ids[12] = {0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    struct fixture f;
    uint32_t typer;

    (void)state;
    fixture_open(&f, 1, false);
    assert_int_equal(dist_read(&f, GICD_CTLR), 0x50);
    dist_write(&f, GICD_CTLR, 0xffffffff);
    assert_int_equal(dist_read(&f, GICD_CTLR), 0x53);
    dist_write(&f, GICD_CTLR, 0);
    assert_int_equal(dist_read(&f, GICD_CTLR), 0x50);

    typer = dist_read(&f, GICD_TYPER);
    assert_int_equal(typer & 0x1f, 31);               /* INTIDs to 1019 */
    assert_int_equal((typer >> 5) & 7, 0);            /* CPUNumber: affinity routing only */
    assert_int_equal((typer >> 10) & 1, 0);           /* one security state */
    assert_int_equal((typer >> 16) & 1, 0);           /* MBIS */
    assert_int_equal((typer >> 17) & 1, 0);           /* LPIS */
    assert_int_equal(((typer >> 19) & 0x1f) + 1, 10); /* INTID bits */
    assert_int_equal((typer >> 24) & 1, 1);           /* A3V */
    assert_int_equal((typer >> 25) & 1, 0);           /* No1N */
    assert_int_equal((typer >> 26) & 1, 1);           /* RSS */
    dist_write(&f, GICD_TYPER, 0);
    assert_int_equal(dist_read(&f, GICD_TYPER), typer);
    assert_int_equal(dist_read(&f, GICD_IIDR) & 0xfff, 0x43b);
    for (unsigned i = 0; i < 12; i++) {
        dist_write(&f, 0xffd0 + 4 * i, 0xffffffff);
        assert_int_equal(dist_read(&f, 0xffd0 + 4 * i), ids[i]);
    }
    fixture_close(&f);

    fixture_open(&f, 1, true);
    assert_int_equal(dist_read(&f, GICD_TYPER), typer | 1u << 16);
    fixture_close(&f);
}

/* Bits of bank n that a bit array can hold. */
static uint32_t exists(unsigned n)
{
    return n == 31 ? 0x0fffffff : 0xffffffff;
}

static void check_bit_array(struct fixture *f, uint64_t frame, unsigned n)
{
    static const struct {
        unsigned set, clear;
    } pairs[] = {{ISENABLER, ICENABLER}, {ISPENDR, ICPENDR}, {ISACTIVER, ICACTIVER}};
    uint32_t all = exists(n);

    for (unsigned i = 0; i < COUNT(pairs); i++) {
        uint64_t set = frame + pairs[i].set + 4 * n;
        uint64_t clear = frame + pairs[i].clear + 4 * n;
        assert_int_equal(gic_mmio_read(f->g, set, 4), 0);
        gic_mmio_write(f->g, set, 4, 0xa5a5a5a5);
        assert_int_equal(gic_mmio_read(f->g, set, 4), 0xa5a5a5a5 & all);
        gic_mmio_write(f->g, set, 4, 0);
        assert_int_equal(gic_mmio_read(f->g, clear, 4), 0xa5a5a5a5 & all);
        gic_mmio_write(f->g, set, 4, 0xffffffff);
        assert_int_equal(gic_mmio_read(f->g, clear, 4), all);
        gic_mmio_write(f->g, clear, 4, 0x0000ffff);
        assert_int_equal(gic_mmio_read(f->g, set, 4), 0xffff0000 & all);
        gic_mmio_write(f->g, clear, 4, 0xffffffff);
        assert_int_equal(gic_mmio_read(f->g, set, 4), 0);
    }
    gic_mmio_write(f->g, frame + IGROUPR + 4 * n, 4, 0xffffffff);
    assert_int_equal(gic_mmio_read(f->g, frame + IGROUPR + 4 * n, 4), all);
    gic_mmio_write(f->g, frame + IGROUPR + 4 * n, 4, 0x12345678);
    assert_int_equal(gic_mmio_read(f->g, frame + IGROUPR + 4 * n, 4), 0x12345678 & all);
    gic_mmio_write(f->g, frame + IGROUPR + 4 * n, 4, 0);
    assert_int_equal(gic_mmio_read(f->g, frame + IGROUPR + 4 * n, 4), 0);
}

static void test_dist_arrays(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    for (unsigned n = 1; n < 32; n++) {
        check_bit_array(&f, DIST, n);
    }
    /* INTIDs 0-31 are the redistributors'. */
    for (unsigned array = IGROUPR; array < 0x400; array += 0x80) {
        dist_write(&f, array, 0xffffffff);
        assert_int_equal(dist_read(&f, array), 0);
    }
    for (unsigned i = 0; i < 32; i += 4) {
        dist_write(&f, IPRIORITYR + i, 0xffffffff);
        assert_int_equal(dist_read(&f, IPRIORITYR + i), 0);
    }
    for (unsigned i = 32; i < 1020; i += 4) {
        assert_int_equal(dist_read(&f, IPRIORITYR + i), 0);
        dist_write(&f, IPRIORITYR + i, 0xffffffff);
        assert_int_equal(dist_read(&f, IPRIORITYR + i), 0xf8f8f8f8);
        gic_mmio_write(f.g, DIST + IPRIORITYR + i + 1, 1, 0x47);
        assert_int_equal(dist_read(&f, IPRIORITYR + i), 0xf8f840f8);
        assert_int_equal(gic_mmio_read(f.g, DIST + IPRIORITYR + i + 1, 1), 0x40);
        gic_mmio_write(f.g, DIST + IPRIORITYR + i, 2, 0); /* no such width */
        assert_int_equal(gic_mmio_read(f.g, DIST + IPRIORITYR + i, 2), 0);
        assert_int_equal(dist_read(&f, IPRIORITYR + i), 0xf8f840f8);
    }
    dist_write(&f, IPRIORITYR + 1020, 0xffffffff);
    assert_int_equal(dist_read(&f, IPRIORITYR + 1020), 0);

    for (unsigned n = 0; n < 64; n++) {
        uint32_t all = n < 2 ? 0 : n == 63 ? 0x00aaaaaa : 0xaaaaaaaa;
        assert_int_equal(dist_read(&f, ICFGR + 4 * n), 0);
        dist_write(&f, ICFGR + 4 * n, 0xffffffff);
        assert_int_equal(dist_read(&f, ICFGR + 4 * n), all);
        dist_write(&f, ICFGR + 4 * n, 0x80000009);
        assert_int_equal(dist_read(&f, ICFGR + 4 * n), 0x80000008 & all);
    }
    fixture_close(&f);
}

static void test_dist_routers(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    for (unsigned intid = 0; intid < 1024; intid++) {
        uint64_t ipa = DIST + GICD_IROUTER + 8 * intid;
        uint64_t all = intid >= 32 && intid < 1020 ? UINT64_C(0xff80ffffff) : 0;
        assert_int_equal(gic_mmio_read(f.g, ipa, 8), 0);
        gic_mmio_write(f.g, ipa, 8, UINT64_MAX);
        assert_int_equal(gic_mmio_read(f.g, ipa, 8), all);
        gic_mmio_write(f.g, ipa, 4, 0x00030201);
        assert_int_equal(gic_mmio_read(f.g, ipa, 8), UINT64_C(0xff00030201) & all);
        gic_mmio_write(f.g, ipa + 4, 4, 0x12345604);
        assert_int_equal(gic_mmio_read(f.g, ipa, 8), UINT64_C(0x0400030201) & all);
        assert_int_equal(gic_mmio_read(f.g, ipa, 4), 0x030201 & all);
        assert_int_equal(gic_mmio_read(f.g, ipa + 4, 4), 4 & (all >> 32));
        gic_mmio_write(f.g, ipa, 2, 0);
        gic_mmio_write(f.g, ipa, 1, 0);
        assert_int_equal(gic_mmio_read(f.g, ipa, 2), 0);
        assert_int_equal(gic_mmio_read(f.g, ipa, 1), 0);
        assert_int_equal(gic_mmio_read(f.g, ipa, 8), UINT64_C(0x0400030201) & all);
    }
    fixture_close(&f);
}

/* ---- Redistributors -------------------------------------------------------------------------- */

static void test_redist_registers(void **state)
{
    static const uint8_t ids[12] = {0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    struct fixture f;

    (void)state;
    fixture_open(&f, 3, false);
    for (unsigned cpu = 0; cpu < 3; cpu++) {
        uint64_t base = REDIST + (uint64_t)cpu * GIC_REDIST_SIZE;
        uint64_t sgi = base + GICR_SGI;
        uint64_t typer = (uint64_t)cpu << 32 | cpu << 8 | 1u << 5 | (cpu == 2 ? 1u << 4 : 0);

        assert_int_equal(gic_mmio_read(f.g, base + GICR_TYPER, 8), typer);
        gic_mmio_write(f.g, base + GICR_TYPER, 8, 0);
        assert_int_equal(redist_read(&f, cpu, GICR_TYPER), typer & 0xffffffff);
        assert_int_equal(redist_read(&f, cpu, GICR_TYPER + 4), typer >> 32);
        assert_int_equal(redist_read(&f, cpu, GICR_IIDR) & 0xfff, 0x43b);
        for (unsigned i = 0; i < 12; i++) {
            assert_int_equal(redist_read(&f, cpu, 0xffd0 + 4 * i), ids[i]);
        }

        assert_int_equal(redist_read(&f, cpu, GICR_CTLR), 0);
        redist_write(&f, cpu, GICR_CTLR, 0xffffffff);
        assert_int_equal(redist_read(&f, cpu, GICR_CTLR), 3u << 24);
        redist_write(&f, cpu, GICR_CTLR, 1u << 25);
        assert_int_equal(redist_read(&f, cpu, GICR_CTLR), 1u << 25);

        /* The hand-shake: ChildrenAsleep follows ProcessorSleep. */
        assert_int_equal(redist_read(&f, cpu, GICR_WAKER), 6);
        redist_write(&f, cpu, GICR_WAKER, 4);
        assert_int_equal(redist_read(&f, cpu, GICR_WAKER), 0);
        redist_write(&f, cpu, GICR_WAKER, 0xffffffff);
        assert_int_equal(redist_read(&f, cpu, GICR_WAKER), 6);

        /* No LPIs: PROPBASER, PENDBASER. */
        gic_mmio_write(f.g, base + 0x70, 8, UINT64_MAX);
        assert_int_equal(gic_mmio_read(f.g, base + 0x70, 8), 0);
        gic_mmio_write(f.g, base + 0x78, 8, UINT64_MAX);
        assert_int_equal(gic_mmio_read(f.g, base + 0x78, 8), 0);

        check_bit_array(&f, sgi, 0);
        for (unsigned i = 0; i < 32; i++) {
            gic_mmio_write(f.g, sgi + IPRIORITYR + i, 1, 0xff);
            assert_int_equal(gic_mmio_read(f.g, sgi + IPRIORITYR + i, 1), 0xf8);
        }
        gic_mmio_write(f.g, sgi + IPRIORITYR + 32, 4, 0xffffffff);
        assert_int_equal(gic_mmio_read(f.g, sgi + IPRIORITYR + 32, 4), 0);

        /* SGIs are edges, PPIs as configured. */
        assert_int_equal(gic_mmio_read(f.g, sgi + ICFGR, 4), 0xaaaaaaaa);
        gic_mmio_write(f.g, sgi + ICFGR, 4, 0);
        assert_int_equal(gic_mmio_read(f.g, sgi + ICFGR, 4), 0xaaaaaaaa);
        assert_int_equal(gic_mmio_read(f.g, sgi + ICFGR + 4, 4), 0);
        gic_mmio_write(f.g, sgi + ICFGR + 4, 4, 0xffffffff);
        assert_int_equal(gic_mmio_read(f.g, sgi + ICFGR + 4, 4), 0xaaaaaaaa);

        /* Banks that a redistributor does not have. */
        gic_mmio_write(f.g, sgi + ISENABLER + 4, 4, 0xffffffff);
        assert_int_equal(gic_mmio_read(f.g, sgi + ISENABLER + 4, 4), 0);
        gic_mmio_write(f.g, sgi + ICFGR + 8, 4, 0xffffffff);
        assert_int_equal(gic_mmio_read(f.g, sgi + ICFGR + 8, 4), 0);
    }
    fixture_close(&f);
}

/* Walks the region as an operating system does; returns how many frames it looked at. */
static unsigned walk(struct fixture *f, uint32_t affinity, int *found)
{
    *found = -1;
    for (unsigned i = 0; i < GIC_MAX_VCPUS; i++) {
        uint64_t base = REDIST + (uint64_t)i * GIC_REDIST_SIZE;
        uint64_t typer = gic_mmio_read(f->g, base + GICR_TYPER, 8);

        assert_int_equal((gic_mmio_read(f->g, base + 0xffe8, 4) >> 4) & 15, 3);
        if (typer >> 32 == affinity) {
            *found = (int)i;
        }
        if ((typer & 1u << 4) != 0) {
            return i + 1;
        }
    }
    return 0;
}

static void test_redist_walk(void **state)
{
    struct fixture f;
    int found;

    (void)state;
    fixture_open(&f, 0, false);
    assert_int_equal(gic_mmio_read(f.g, REDIST + GICR_TYPER, 8), 0);
    assert_int_equal(gic_mmio_read(f.g, REDIST + 0xffe8, 4), 0);

    assert_int_equal(gic_attach_vcpu(f.g, 0, 0), 0);
    assert_int_equal(walk(&f, 0, &found), 1);
    assert_int_equal(found, 0);

    /* A hole is passed over, and is nobody's redistributor. */
    assert_int_equal(gic_attach_vcpu(f.g, 3, UINT64_C(0x0102030405)), 0);
    assert_int_equal(walk(&f, 0x01030405, &found), 4);
    assert_int_equal(found, 3);
    assert_int_equal(walk(&f, 0, &found), 4);
    assert_int_equal(found, 0);
    assert_int_equal(gic_mmio_read(f.g, REDIST + GIC_REDIST_SIZE + GICR_SGI + ICFGR, 4), 0);
    redist_write(&f, 1, GICR_WAKER, 0);
    assert_int_equal(redist_read(&f, 1, GICR_WAKER), 0);
    assert_int_equal(redist_read(&f, 1, GICR_CTLR), 0);

    /* MPIDR_EL1 is set: only the affinity changes. */
    redist_write(&f, 3, GICR_WAKER, 0);
    assert_int_equal(gic_attach_vcpu(f.g, 3, 3), 0);
    assert_int_equal(walk(&f, 3, &found), 4);
    assert_int_equal(found, 3);
    assert_int_equal(redist_read(&f, 3, GICR_WAKER), 0);

    gic_detach_vcpu(f.g, 3);
    assert_int_equal(walk(&f, 3, &found), 1);
    assert_int_equal(found, -1);
    assert_int_equal(redist_read(&f, 3, 0xffe8), 0);
    /* Attaching anew begins at reset. */
    assert_int_equal(gic_attach_vcpu(f.g, 3, 3), 0);
    assert_int_equal(redist_read(&f, 3, GICR_WAKER), 6);

    assert_int_equal(gic_attach_vcpu(f.g, GIC_MAX_VCPUS, 0), -EINVAL);
    assert_int_equal(gic_attach_vcpu(f.g, UINT32_MAX, 0), -EINVAL);
    gic_detach_vcpu(f.g, UINT32_MAX);
    gic_detach_vcpu(f.g, 9);
    fixture_close(&f);
}

/* ---- Widths and holes ------------------------------------------------------------------------ */

static void test_widths(void **state)
{
    static const uint64_t words[] = {
        DIST + GICD_CTLR,     DIST + GICD_TYPER,   DIST + GICD_IIDR,         DIST + IGROUPR + 4,
        DIST + ISENABLER + 4, DIST + ISPENDR + 8,  DIST + ICFGR + 8,         DIST + 0xffe8,
        REDIST + GICR_CTLR,   REDIST + GICR_WAKER, REDIST + 0x10000 + ICFGR, REDIST + 0xffe8,
        MSI + GIC_MSI_TYPER,
    };
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, true);
    for (unsigned i = 0; i < COUNT(words); i++) {
        gic_mmio_write(f.g, words[i], 4, 0x02000003);
        uint64_t value = gic_mmio_read(f.g, words[i], 4);
        uint64_t halves = words[i] & ~UINT64_C(7);
        static const unsigned narrow[] = {1, 2};

        for (unsigned j = 0; j < COUNT(narrow); j++) {
            gic_mmio_write(f.g, words[i], narrow[j], 0xff);
            assert_int_equal(gic_mmio_read(f.g, words[i], narrow[j]), 0);
        }
        gic_mmio_write(f.g, halves, 8, UINT64_MAX);
        if (words[i] != DIST + GICD_TYPER && halves != REDIST + GICR_TYPER) {
            assert_int_equal(gic_mmio_read(f.g, halves, 8), 0);
        }
        assert_int_equal(gic_mmio_read(f.g, words[i], 4), value);
        /* Misaligned, and sizes that no instruction has. */
        gic_mmio_write(f.g, words[i] + 1, 4, UINT64_MAX);
        gic_mmio_write(f.g, words[i] + 2, 4, UINT64_MAX);
        assert_int_equal(gic_mmio_read(f.g, words[i] + 2, 4), 0);
        assert_int_equal(gic_mmio_read(f.g, words[i], 0), 0);
        assert_int_equal(gic_mmio_read(f.g, words[i], 3), 0);
        assert_int_equal(gic_mmio_read(f.g, words[i], 16), 0);
        gic_mmio_write(f.g, words[i], 0, UINT64_MAX);
        gic_mmio_write(f.g, words[i], 16, UINT64_MAX);
        assert_int_equal(gic_mmio_read(f.g, words[i], 4), value);
    }
    /* Outside of every region. */
    gic_mmio_write(f.g, 0, 4, UINT64_MAX);
    assert_int_equal(gic_mmio_read(f.g, 0, 4), 0);
    assert_int_equal(gic_mmio_read(f.g, UINT64_MAX, 1), 0);
    assert_int_equal(gic_mmio_read(f.g, UINT64_MAX - 7, 8), 0);
    fixture_close(&f);
}

/* Whatever is not a register of the list above reads as zero and keeps nothing. */
static void test_dist_holes(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    for (unsigned offset = 0; offset < 0x10000; offset += 4) {
        bool known = offset <= 8 || (offset >= IGROUPR && offset < 0x800) ||
                     (offset >= ICFGR && offset < 0xd00) || (offset >= 0x6100 && offset < 0x7fe0) ||
                     offset >= 0xffd0;
        if (!known) {
            dist_write(&f, offset, 0xffffffff);
            assert_int_equal(dist_read(&f, offset), 0);
        }
    }
    fixture_close(&f);
}

/* ---- The CPU interface ----------------------------------------------------------------------- */

static void test_icc_reset_and_masks(void **state)
{
    static const struct {
        unsigned reg;
        uint64_t reset, ones, zeros; /* at reset, after writing all ones, after writing 0 */
    } regs[] = {
        {GIC_ICC_PMR, 0, 0xf8, 0},
        {GIC_ICC_BPR0, 2, 7, 2},
        {GIC_ICC_BPR1, 3, 7, 3},
        {GIC_ICC_AP0R0, 0, 0xffffffff, 0},
        {GIC_ICC_AP1R0, 0, 0xffffffff, 0},
        {GIC_ICC_CTLR, 0x48400, 0x48403, 0x48400},
        {GIC_ICC_SRE, 7, 7, 7},
        {GIC_ICC_IGRPEN0, 0, 1, 0},
        {GIC_ICC_IGRPEN1, 0, 1, 0},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f, 2, false);
    for (unsigned i = 0; i < COUNT(regs); i++) {
        assert_int_equal(icc_read(&f, 1, regs[i].reg), regs[i].reset);
        icc_write(&f, 1, regs[i].reg, UINT64_MAX);
        assert_int_equal(icc_read(&f, 1, regs[i].reg), regs[i].ones);
        assert_int_equal(icc_read(&f, 0, regs[i].reg), regs[i].reset); /* each PE has its own */
        icc_write(&f, 1, regs[i].reg, 0);
        assert_int_equal(icc_read(&f, 1, regs[i].reg), regs[i].zeros);
    }
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xff);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR0), 1023);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 1023);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR0), 1023);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), 1023);
    fixture_close(&f);
}

static void test_icc_existence(void **state)
{
    static const unsigned read_write[] = {GIC_ICC_PMR,   GIC_ICC_BPR0,    GIC_ICC_BPR1,
                                          GIC_ICC_AP0R0, GIC_ICC_AP1R0,   GIC_ICC_CTLR,
                                          GIC_ICC_SRE,   GIC_ICC_IGRPEN0, GIC_ICC_IGRPEN1};
    static const unsigned read_only[] = {GIC_ICC_IAR0, GIC_ICC_IAR1, GIC_ICC_HPPIR0, GIC_ICC_HPPIR1,
                                         GIC_ICC_RPR};
    static const unsigned write_only[] = {GIC_ICC_EOIR0, GIC_ICC_EOIR1,  GIC_ICC_DIR,
                                          GIC_ICC_SGI1R, GIC_ICC_ASGI1R, GIC_ICC_SGI0R};
    static bool can_read[65536], can_write[65536];
    struct fixture f;

    (void)state;
    for (unsigned i = 0; i < COUNT(read_write); i++) {
        can_read[read_write[i]] = can_write[read_write[i]] = true;
    }
    for (unsigned i = 0; i < COUNT(read_only); i++) {
        can_read[read_only[i]] = true;
    }
    for (unsigned i = 0; i < COUNT(write_only); i++) {
        can_write[write_only[i]] = true;
    }
    fixture_open(&f, 1, false);
    for (unsigned reg = 0; reg < 65536; reg++) {
        uint64_t value = 0x5eed;
        assert_int_equal(gic_icc_exists(reg, true), can_read[reg]);
        assert_int_equal(gic_icc_exists(reg, false), can_write[reg]);
        assert_int_equal(gic_icc_read(f.g, 0, reg, &value), can_read[reg]);
        assert_true(can_read[reg] || value == 0x5eed);
        assert_int_equal(gic_icc_write(f.g, 0, reg, 0), can_write[reg]);
        /* No such vCPU. */
        assert_false(gic_icc_read(f.g, 1, reg, &value));
        assert_false(gic_icc_write(f.g, 1, reg, 0));
        assert_false(gic_icc_write(f.g, UINT32_MAX, reg, 0));
    }
    fixture_close(&f);
}

static void test_common_binary_point(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    icc_write(&f, 0, GIC_ICC_BPR1, 5);
    icc_write(&f, 0, GIC_ICC_BPR0, 4);
    icc_write(&f, 0, GIC_ICC_CTLR, 1);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_BPR1), 5); /* BPR0 + 1 */
    icc_write(&f, 0, GIC_ICC_BPR0, 7);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_BPR1), 7);
    icc_write(&f, 0, GIC_ICC_BPR1, 3); /* ignored */
    icc_write(&f, 0, GIC_ICC_CTLR, 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_BPR1), 5);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configurations), cmocka_unit_test(test_claims),
        cmocka_unit_test(test_dist_identity),  cmocka_unit_test(test_dist_arrays),
        cmocka_unit_test(test_dist_routers),   cmocka_unit_test(test_redist_registers),
        cmocka_unit_test(test_redist_walk),    cmocka_unit_test(test_widths),
        cmocka_unit_test(test_dist_holes),     cmocka_unit_test(test_icc_reset_and_masks),
        cmocka_unit_test(test_icc_existence),  cmocka_unit_test(test_common_binary_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
