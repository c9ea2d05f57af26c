/* SPDX-License-Identifier: ISC */
/*
 * test-gic-interrupts.c: the lives of interrupts: edges and levels, priorities and preemption, the
 * two ways to end them, SGIs, routing, messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "gic-fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SPURIOUS 1023

/* ---- One interrupt's life -------------------------------------------------------------------- */

static void test_level_spi(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 40, 1, 0xa0, false);

    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_lines(&f, 0, true, false);
    assert_true(bit_read(&f, 0, ISPENDR, 40));
    bit_write(&f, 0, ICPENDR, 40); /* does nothing against a wire */
    assert_true(bit_read(&f, 0, ISPENDR, 40));
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), 40);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR0), SPURIOUS);

    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    assert_lines(&f, 0, false, false);
    assert_true(bit_read(&f, 0, ISACTIVER, 40));
    assert_true(bit_read(&f, 0, ISPENDR, 40)); /* active and pending */
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xa0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_AP1R0), 1u << (0xa0 >> 3));

    /* Still asserted at its end: pending again at once. */
    icc_write(&f, 0, GIC_ICC_EOIR1, 40);
    assert_false(bit_read(&f, 0, ISACTIVER, 40));
    assert_lines(&f, 0, true, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xff);

    /* Taken back while active: over. */
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    assert_int_equal(gic_set_spi(f.g, 40, false), 0);
    assert_false(bit_read(&f, 0, ISPENDR, 40));
    icc_write(&f, 0, GIC_ICC_EOIR1, 40);
    assert_lines(&f, 0, false, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), SPURIOUS);

    /* Taken back before it was seen. */
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_lines(&f, 0, true, false);
    assert_int_equal(gic_set_spi(f.g, 40, false), 0);
    assert_lines(&f, 0, false, false);

    /* The latch of a level: set by ISPENDR, ended by ICPENDR or by becoming active. */
    bit_write(&f, 0, ISPENDR, 40);
    assert_lines(&f, 0, true, false);
    bit_write(&f, 0, ICPENDR, 40);
    assert_lines(&f, 0, false, false);
    bit_write(&f, 0, ISPENDR, 40);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    assert_false(bit_read(&f, 0, ISPENDR, 40));
    icc_write(&f, 0, GIC_ICC_EOIR1, 40);
    assert_lines(&f, 0, false, false);
    fixture_close(&f);
}

static void test_edge_spi(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 1019, 1, 0x80, true);

    assert_int_equal(gic_set_spi(f.g, 1019, false), 0); /* ignored */
    assert_lines(&f, 0, false, false);
    assert_int_equal(gic_set_spi(f.g, 1019, true), 0);
    assert_int_equal(gic_set_spi(f.g, 1019, false), 0);
    assert_lines(&f, 0, true, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 1019);
    assert_false(bit_read(&f, 0, ISPENDR, 1019));

    /* An edge while active is kept for later; each call with true is an edge. */
    assert_int_equal(gic_set_spi(f.g, 1019, true), 0);
    assert_int_equal(gic_set_spi(f.g, 1019, true), 0);
    assert_true(bit_read(&f, 0, ISPENDR, 1019));
    assert_lines(&f, 0, false, false);
    icc_write(&f, 0, GIC_ICC_EOIR1, 1019);
    assert_lines(&f, 0, true, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 1019);
    icc_write(&f, 0, GIC_ICC_EOIR1, 1019);
    assert_lines(&f, 0, false, false);

    /* True without a false between is another edge. */
    assert_int_equal(gic_set_spi(f.g, 1019, true), 0);
    assert_lines(&f, 0, true, false);
    bit_write(&f, 0, ICPENDR, 1019);
    assert_lines(&f, 0, false, false);
    fixture_close(&f);
}

static void test_spi_arguments(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, true);
    assert_int_equal(gic_set_spi(f.g, 31, true), -EINVAL);
    assert_int_equal(gic_set_spi(f.g, 1020, true), -EINVAL);
    assert_int_equal(gic_set_spi(f.g, UINT32_MAX, true), -EINVAL);
    assert_int_equal(gic_set_spi(f.g, MSI_FIRST - 1, true), 0);
    assert_int_equal(gic_set_spi(f.g, MSI_FIRST, true), -EINVAL);
    assert_int_equal(gic_set_spi(f.g, MSI_FIRST + MSI_COUNT - 1, true), -EINVAL);
    assert_int_equal(gic_set_spi(f.g, MSI_FIRST + MSI_COUNT, true), 0);
    assert_int_equal(gic_set_ppi(f.g, 0, 15, true), -EINVAL);
    assert_int_equal(gic_set_ppi(f.g, 0, 32, true), -EINVAL);
    assert_int_equal(gic_set_ppi(f.g, 1, 27, true), -EINVAL);
    assert_int_equal(gic_set_ppi(f.g, UINT32_MAX, 27, true), -EINVAL);
    assert_int_equal(gic_set_ppi(f.g, 0, 27, true), 0);
    fixture_close(&f);
}

static void test_ppi(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 2, false);
    fixture_enable_all(&f, 2);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        fixture_setup(&f, cpu, 27, 1, 0xa0, false);
        fixture_setup(&f, cpu, 30, 1, 0xa0, true);
    }
    assert_int_equal(gic_set_ppi(f.g, 1, 27, true), 0);
    assert_lines(&f, 0, false, false);
    assert_lines(&f, 1, true, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), SPURIOUS);
    assert_int_equal(icc_read(&f, 1, GIC_ICC_IAR1), 27);
    assert_int_equal(gic_set_ppi(f.g, 0, 27, true), 0); /* the other's own 27 */
    assert_lines(&f, 0, true, false);
    assert_lines(&f, 1, false, false);
    icc_write(&f, 1, GIC_ICC_EOIR1, 27);
    assert_lines(&f, 1, true, false);
    assert_int_equal(gic_set_ppi(f.g, 1, 27, false), 0);
    assert_lines(&f, 1, false, false);
    assert_lines(&f, 0, true, false);
    assert_int_equal(gic_set_ppi(f.g, 0, 27, false), 0);

    /* An edge is from false to true. */
    assert_int_equal(gic_set_ppi(f.g, 0, 30, true), 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 30);
    icc_write(&f, 0, GIC_ICC_EOIR1, 30);
    assert_int_equal(gic_set_ppi(f.g, 0, 30, true), 0);
    assert_lines(&f, 0, false, false);
    assert_int_equal(gic_set_ppi(f.g, 0, 30, false), 0);
    assert_int_equal(gic_set_ppi(f.g, 0, 30, true), 0);
    assert_lines(&f, 0, true, false);
    fixture_close(&f);
}

/* Whatever stands between a pending interrupt and the line, one after another. */
static void test_gates(void **state)
{
    struct fixture f;

    (void)state;
    for (unsigned group = 0; group < 2; group++) {
        bool irq = group == 1;
        bool fiq = group == 0;
        unsigned igrpen = group == 1 ? GIC_ICC_IGRPEN1 : GIC_ICC_IGRPEN0;

        fixture_open(&f, 1, false);
        assert_int_equal(gic_set_spi(f.g, 33, true), 0);
        fixture_setup(&f, 0, 33, group, 0x90, false);
        assert_lines(&f, 0, false, false);
        dist_write(&f, GICD_CTLR, 1u << group);
        assert_lines(&f, 0, false, false);
        icc_write(&f, 0, igrpen, 1);
        assert_lines(&f, 0, false, false);
        icc_write(&f, 0, GIC_ICC_PMR, 0x90); /* not below the mask */
        assert_lines(&f, 0, false, false);
        icc_write(&f, 0, GIC_ICC_PMR, 0x98);
        assert_lines(&f, 0, irq, fiq);

        icc_write(&f, 0, GIC_ICC_PMR, 0);
        assert_lines(&f, 0, false, false);
        icc_write(&f, 0, GIC_ICC_PMR, 0xff);
        assert_lines(&f, 0, irq, fiq);
        bit_write(&f, 0, ICENABLER, 33);
        assert_lines(&f, 0, false, false);
        bit_write(&f, 0, ISENABLER, 33);
        assert_lines(&f, 0, irq, fiq);
        bit_write(&f, 0, ISACTIVER, 33);
        assert_lines(&f, 0, false, false);
        bit_write(&f, 0, ICACTIVER, 33);
        assert_lines(&f, 0, irq, fiq);
        icc_write(&f, 0, igrpen, 0);
        assert_lines(&f, 0, false, false);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR0), SPURIOUS);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), SPURIOUS);
        icc_write(&f, 0, igrpen, 1);
        dist_write(&f, GICD_CTLR, 2u >> group); /* the other group only */
        assert_lines(&f, 0, false, false);
        dist_write(&f, GICD_CTLR, 3);
        assert_lines(&f, 0, irq, fiq);
        gic_mmio_write(f.g, DIST + GICD_IROUTER + 8 * 33, 8, 7); /* to nobody */
        assert_lines(&f, 0, false, false);
        assert_true(bit_read(&f, 0, ISPENDR, 33));
        gic_mmio_write(f.g, DIST + GICD_IROUTER + 8 * 33, 8, 0);
        assert_lines(&f, 0, irq, fiq);
        /* Lowest priority of all: no mask lets it through. */
        gic_mmio_write(f.g, DIST + IPRIORITYR + 33, 1, 0xf8);
        assert_lines(&f, 0, false, false);
        fixture_close(&f);
    }
}

/* HPPIR says what is pending also when the priority mask holds it back. */
static void test_hppir_ignores_the_mask(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 50, 0, 0x40, false);
    icc_write(&f, 0, GIC_ICC_PMR, 0x20);
    assert_int_equal(gic_set_spi(f.g, 50, true), 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR0), 50);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR0), SPURIOUS);
    fixture_close(&f);
}

/* Reconfiguring a wire that is up. */
static void test_trigger_change(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 64, 1, 0x80, false);
    assert_int_equal(gic_set_spi(f.g, 64, true), 0);
    assert_lines(&f, 0, true, false);
    dist_write(&f, ICFGR + 4 * 4, 2);
    assert_lines(&f, 0, false, false); /* no edge yet */
    dist_write(&f, ICFGR + 4 * 4, 0);
    assert_lines(&f, 0, true, false);
    fixture_close(&f);
}

/* A signal is sent when a line changes, and only then. */
static void test_signals_only_on_change(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    for (uint32_t intid = 32; intid < 64; intid++) {
        fixture_setup(&f, 0, intid, 1, 0x80, false);
        assert_int_equal(gic_set_spi(f.g, intid, true), 0);
    }
    assert_int_equal(f.signals[0], 1);
    for (uint32_t intid = 32; intid < 64; intid++) {
        assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), intid); /* equal priorities: by INTID */
        assert_int_equal(gic_set_spi(f.g, intid, false), 0);
        icc_write(&f, 0, GIC_ICC_EOIR1, intid);
    }
    assert_lines(&f, 0, false, false);
    assert_int_equal(f.signals[0], 1 + 2 * 32 - 1);
    fixture_close(&f);
}

/* ---- Priorities ------------------------------------------------------------------------------ */

/* One interrupt of each level, raised in the worst order: each preempts the one before. */
static void test_full_nest(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    icc_write(&f, 0, GIC_ICC_BPR0, 0);
    icc_write(&f, 0, GIC_ICC_BPR1, 0);
    for (unsigned level = 31; level-- > 0;) {
        uint32_t intid = 100 + level;
        unsigned group = level & 1;
        fixture_setup(&f, 0, intid, group, (uint8_t)(level << 3), true);
        assert_int_equal(gic_set_spi(f.g, intid, true), 0);
        assert_lines(&f, 0, group == 1, group == 0);
        assert_int_equal(icc_read(&f, 0, group == 1 ? GIC_ICC_IAR0 : GIC_ICC_IAR1), SPURIOUS);
        assert_int_equal(icc_read(&f, 0, group == 1 ? GIC_ICC_IAR1 : GIC_ICC_IAR0), intid);
        assert_lines(&f, 0, false, false);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), level << 3);
    }
    assert_int_equal(icc_read(&f, 0, GIC_ICC_AP0R0), 0x55555555);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_AP1R0), 0x2aaaaaaa);
    for (unsigned level = 0; level < 31; level++) {
        uint32_t intid = 100 + level;
        assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), level << 3);
        /* The other group's register is the wrong one, and ignored. */
        icc_write(&f, 0, (level & 1) != 0 ? GIC_ICC_EOIR0 : GIC_ICC_EOIR1, intid);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), level << 3);
        assert_true(bit_read(&f, 0, ISACTIVER, intid));
        icc_write(&f, 0, (level & 1) != 0 ? GIC_ICC_EOIR1 : GIC_ICC_EOIR0, intid);
        assert_false(bit_read(&f, 0, ISACTIVER, intid));
    }
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xff);
    fixture_close(&f);
}

static void test_priority_order(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 40, 1, 0x80, false);
    fixture_setup(&f, 0, 900, 1, 0x78, false);
    fixture_setup(&f, 0, 27, 1, 0x88, false);
    assert_int_equal(gic_set_ppi(f.g, 0, 27, true), 0);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(gic_set_spi(f.g, 900, true), 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), 900);
    /* A priority changed while pending counts at once. */
    gic_mmio_write(f.g, DIST + IPRIORITYR + 900, 1, 0x90);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), 40);
    redist_write(&f, 0, GICR_SGI + IPRIORITYR + 24, 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), 27);
    /* And so does a group. */
    redist_write(&f, 0, GICR_SGI + IGROUPR, 0);
    assert_lines(&f, 0, false, true);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR1), SPURIOUS);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_HPPIR0), 27);
    /* A group that is off at the CPU interface does not hide the other. */
    icc_write(&f, 0, GIC_ICC_IGRPEN0, 0);
    assert_lines(&f, 0, true, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    fixture_close(&f);
}

/* Does an interrupt of `priority` preempt one of `running` in this group? */
static bool preempts(unsigned group, unsigned bpr0, unsigned bpr1, bool common, uint8_t running,
                     uint8_t priority)
{
    struct fixture f;
    bool irq, fiq;

    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    icc_write(&f, 0, GIC_ICC_BPR0, bpr0);
    icc_write(&f, 0, GIC_ICC_BPR1, bpr1);
    icc_write(&f, 0, GIC_ICC_CTLR, common);
    fixture_setup(&f, 0, 40, group, running, false);
    fixture_setup(&f, 0, 41, group, priority, false);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(icc_read(&f, 0, group == 1 ? GIC_ICC_IAR1 : GIC_ICC_IAR0), 40);
    assert_int_equal(gic_set_spi(f.g, 41, true), 0);
    gic_get_lines(f.g, 0, &irq, &fiq);
    assert_int_equal(icc_read(&f, 0, group == 1 ? GIC_ICC_IAR1 : GIC_ICC_IAR0),
                     irq || fiq ? 41 : SPURIOUS);
    fixture_close(&f);
    return irq || fiq;
}

static void test_binary_points(void **state)
{
    static const struct {
        unsigned group, bpr0, bpr1;
        bool common;
        uint8_t running, priority;
        bool expected;
    } cases[] = {
        {1, 2, 3, false, 0x80, 0x78, true}, /* all five bits count */
        {1, 2, 3, false, 0x80, 0x80, false},
        {1, 2, 3, false, 0x80, 0x88, false},
        {1, 2, 4, false, 0x98, 0x90, false}, /* [7:4] */
        {1, 2, 4, false, 0x98, 0x88, true},
        {1, 2, 7, false, 0xf0, 0x80, false}, /* [7] */
        {1, 2, 7, false, 0xf0, 0x78, true},
        {0, 2, 3, false, 0x80, 0x78, true},
        {0, 3, 3, false, 0x98, 0x90, false}, /* group 0: [7:BPR0+1] */
        {0, 3, 3, false, 0x98, 0x88, true},
        {0, 6, 3, false, 0xf0, 0x80, false},
        {0, 6, 3, false, 0xf0, 0x78, true},
        {0, 7, 3, false, 0xf0, 0x00, false}, /* no preemption at all */
        {1, 7, 3, false, 0xf0, 0xe8, true},  /* group 1 has its own */
        {1, 7, 3, true, 0xf0, 0x00, false},  /* unless CBPR */
        {1, 3, 7, true, 0x98, 0x88, true},
        {1, 3, 7, true, 0x98, 0x90, false},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT(cases); i++) {
        assert_int_equal(preempts(cases[i].group, cases[i].bpr0, cases[i].bpr1, cases[i].common,
                                  cases[i].running, cases[i].priority),
                         cases[i].expected);
    }
}

/* The active priority register holds the group priority. */
static void test_running_group_priority(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    icc_write(&f, 0, GIC_ICC_BPR1, 5);
    fixture_setup(&f, 0, 40, 1, 0xb8, true);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xa0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_AP1R0), 1u << (0xa0 >> 3));
    /* The operating system's way to start clean. */
    icc_write(&f, 0, GIC_ICC_AP1R0, 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xff);
    icc_write(&f, 0, GIC_ICC_AP0R0, 1u << 3);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0x18);
    fixture_close(&f);
}

/* ---- Ending ---------------------------------------------------------------------------------- */

static void test_split_eoi(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 2, false);
    fixture_enable_all(&f, 2);
    icc_write(&f, 0, GIC_ICC_CTLR, 2);
    icc_write(&f, 1, GIC_ICC_CTLR, 2);
    fixture_setup(&f, 0, 40, 1, 0x80, false);
    fixture_setup(&f, 0, 41, 1, 0x80, false);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    assert_int_equal(gic_set_spi(f.g, 41, true), 0);
    assert_lines(&f, 0, false, false);

    /* Priority drop lets the next one in; 40 stays active although its wire is up. */
    icc_write(&f, 0, GIC_ICC_EOIR1, 40);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0xff);
    assert_true(bit_read(&f, 0, ISACTIVER, 40));
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 41);
    icc_write(&f, 0, GIC_ICC_EOIR1, 41);
    assert_lines(&f, 0, false, false);

    /* Another PE may deactivate an SPI. */
    icc_write(&f, 1, GIC_ICC_DIR, 40);
    assert_false(bit_read(&f, 0, ISACTIVER, 40));
    assert_lines(&f, 0, true, false);
    icc_write(&f, 0, GIC_ICC_DIR, 41);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);

    /* With EOImode 0, DIR does nothing and EOIR does both. */
    icc_write(&f, 0, GIC_ICC_CTLR, 0);
    icc_write(&f, 0, GIC_ICC_DIR, 40);
    assert_true(bit_read(&f, 0, ISACTIVER, 40));
    icc_write(&f, 0, GIC_ICC_EOIR1, 40);
    assert_false(bit_read(&f, 0, ISACTIVER, 40));
    fixture_close(&f);
}

static void test_eoi_of_nothing(void **state)
{
    static const uint64_t ids[] = {1020, 1021, 1023, 1024, 8192, 0xffffff, UINT64_MAX};
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 40, 1, 0x80, true);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    for (unsigned i = 0; i < COUNT(ids); i++) {
        icc_write(&f, 0, GIC_ICC_EOIR1, ids[i]);
        icc_write(&f, 0, GIC_ICC_EOIR0, ids[i]);
        icc_write(&f, 0, GIC_ICC_DIR, ids[i]);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_RPR), 0x80);
        assert_true(bit_read(&f, 0, ISACTIVER, 40));
    }
    /* Its priority was cleared by hand: the interrupt can still be ended. */
    icc_write(&f, 0, GIC_ICC_AP1R0, 0);
    icc_write(&f, 0, GIC_ICC_EOIR1, 40);
    assert_false(bit_read(&f, 0, ISACTIVER, 40));
    fixture_close(&f);
}

/* ---- SGIs ------------------------------------------------------------------------------------ */

static uint64_t sgi_to(uint32_t affinity, uint16_t list, unsigned range, unsigned intid)
{
    return (uint64_t)(affinity >> 24) << 48 | (uint64_t)range << 44 |
           (uint64_t)((affinity >> 16) & 0xff) << 32 | (uint64_t)intid << 24 |
           (uint64_t)((affinity >> 8) & 0xff) << 16 | list;
}

#define SGI_IRM (UINT64_C(1) << 40)

static void sgi_fixture(struct fixture *f, const uint64_t *mpidr, unsigned vcpus)
{
    fixture_open(f, vcpus, false);
    for (unsigned i = 0; i < vcpus; i++) {
        assert_int_equal(gic_attach_vcpu(f->g, i, mpidr[i]), 0);
    }
    fixture_enable_all(f, vcpus);
    for (unsigned i = 0; i < vcpus; i++) {
        redist_write(f, i, GICR_SGI + IGROUPR, 0xffff);
        redist_write(f, i, GICR_SGI + ISENABLER, 0xffff);
    }
}

/* Which vCPUs have this SGI pending, as a set; takes it away again. */
static unsigned sgi_collect(struct fixture *f, unsigned vcpus, unsigned intid)
{
    unsigned set = 0;

    for (unsigned i = 0; i < vcpus; i++) {
        if (bit_read(f, i, ISPENDR, intid)) {
            set |= 1u << i;
            bit_write(f, i, ICPENDR, intid);
        }
        assert_int_equal(redist_read(f, i, GICR_SGI + ISPENDR), 0);
    }
    return set;
}

static void test_sgi_targets(void **state)
{
    static const uint64_t mpidr[] = {
        0, 1, 15, 16, 0x100, 0x101, 0x10000, UINT64_C(0x100000000), UINT64_C(0xff00ffffff),
    };
    static const struct {
        unsigned from;
        uint64_t value;
        unsigned expected;
    } cases[] = {
        {0, UINT64_C(0x00000001), 1u << 0}, /* itself */
        {0, UINT64_C(0x0000ffff), 1u << 0 | 1u << 1 | 1u << 2},
        {3, UINT64_C(0x00000002), 1u << 1},
        {0, UINT64_C(0x00008000), 1u << 2},
        {0, UINT64_C(0x0000100000000001), 1u << 3}, /* RS 1: Aff0 16 */
        {0, UINT64_C(0x00010001), 1u << 4},         /* Aff1 1 */
        {0, UINT64_C(0x00010003), 1u << 4 | 1u << 5},
        {0, UINT64_C(0x0000000100000001), 1u << 6}, /* Aff2 1 */
        {0, UINT64_C(0x0001000000000001), 1u << 7}, /* Aff3 1 */
        {0, UINT64_C(0x00fff0ff00ff8000), 1u << 8}, /* 255.255.255.255 */
        {0, UINT64_C(0x00000000), 0},
        {0, UINT64_C(0x00020001), 0}, /* nobody there */
        {0, UINT64_C(0x0000f00000008000), 0},
        {2, SGI_IRM, 0x1ff & ~(1u << 2)}, /* all but itself */
        {2, SGI_IRM | UINT64_C(0x00fff0ff00ffffff), 0x1ff & ~(1u << 2)},
    };
    struct fixture f;

    (void)state;
    sgi_fixture(&f, mpidr, COUNT(mpidr));
    for (unsigned i = 0; i < COUNT(cases); i++) {
        for (unsigned intid = 0; intid < 16; intid++) {
            icc_write(&f, cases[i].from, GIC_ICC_SGI1R, cases[i].value | (uint64_t)intid << 24);
            assert_int_equal(sgi_collect(&f, COUNT(mpidr), intid), cases[i].expected);
        }
    }
    assert_int_equal(sgi_to(0x01000000, 1, 0, 3), UINT64_C(0x0001000003000001));
    fixture_close(&f);
}

static void test_sgi_groups(void **state)
{
    static const uint64_t mpidr[] = {0, 1};
    struct fixture f;

    (void)state;
    sgi_fixture(&f, mpidr, 2);
    redist_write(&f, 1, GICR_SGI + IGROUPR, 0xffff & ~(1u << 5));
    /* SGI 5 is in group 0, the rest in group 1. */
    icc_write(&f, 0, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 4));
    assert_int_equal(sgi_collect(&f, 2, 4), 2);
    icc_write(&f, 0, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 5));
    assert_int_equal(sgi_collect(&f, 2, 5), 2);
    icc_write(&f, 0, GIC_ICC_SGI0R, sgi_to(0, 2, 0, 4));
    assert_int_equal(sgi_collect(&f, 2, 4), 0);
    icc_write(&f, 0, GIC_ICC_SGI0R, sgi_to(0, 2, 0, 5));
    assert_int_equal(sgi_collect(&f, 2, 5), 2);
    icc_write(&f, 0, GIC_ICC_ASGI1R, sgi_to(0, 2, 0, 4));
    assert_int_equal(sgi_collect(&f, 2, 4), 0);
    icc_write(&f, 0, GIC_ICC_ASGI1R, sgi_to(0, 2, 0, 5));
    assert_int_equal(sgi_collect(&f, 2, 5), 2);

    icc_write(&f, 0, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 5));
    assert_lines(&f, 1, false, true);
    assert_int_equal(icc_read(&f, 1, GIC_ICC_IAR0), 5);
    icc_write(&f, 1, GIC_ICC_EOIR0, 5);
    fixture_close(&f);
}

static void test_sgi_life(void **state)
{
    static const uint64_t mpidr[] = {0, 1};
    struct fixture f;

    (void)state;
    sgi_fixture(&f, mpidr, 2);
    icc_write(&f, 0, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 7));
    assert_lines(&f, 0, false, false);
    assert_lines(&f, 1, true, false);
    assert_int_equal(icc_read(&f, 1, GIC_ICC_IAR1), 7);
    /* Sent again while being handled: seen once more. */
    icc_write(&f, 0, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 7));
    icc_write(&f, 1, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 7));
    assert_lines(&f, 1, false, false);
    icc_write(&f, 1, GIC_ICC_EOIR1, 7);
    assert_int_equal(icc_read(&f, 1, GIC_ICC_IAR1), 7);
    icc_write(&f, 1, GIC_ICC_EOIR1, 7);
    assert_lines(&f, 1, false, false);
    /* Disabled: kept. */
    redist_write(&f, 1, GICR_SGI + ICENABLER, 1u << 7);
    icc_write(&f, 0, GIC_ICC_SGI1R, sgi_to(0, 2, 0, 7));
    assert_lines(&f, 1, false, false);
    redist_write(&f, 1, GICR_SGI + ISENABLER, 1u << 7);
    assert_lines(&f, 1, true, false);
    fixture_close(&f);
}

/* ---- Routing --------------------------------------------------------------------------------- */

static void route(struct fixture *f, uint32_t intid, uint64_t value)
{
    gic_mmio_write(f->g, DIST + GICD_IROUTER + 8 * intid, 8, value);
}

static void test_affinity_routing(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 3, false);
    assert_int_equal(gic_attach_vcpu(f.g, 2, UINT64_C(0x0700050302)), 0);
    fixture_enable_all(&f, 3);
    fixture_setup(&f, 0, 60, 1, 0x80, false);
    assert_int_equal(gic_set_spi(f.g, 60, true), 0);
    assert_lines(&f, 0, true, false);
    route(&f, 60, 1);
    assert_lines(&f, 0, false, false);
    assert_lines(&f, 1, true, false);
    route(&f, 60, UINT64_C(0x0700050302));
    assert_lines(&f, 1, false, false);
    assert_lines(&f, 2, true, false);

    /* The vCPU moves away from its interrupt, another comes to it, and goes. */
    assert_int_equal(gic_attach_vcpu(f.g, 2, 2), 0);
    assert_lines(&f, 2, false, false);
    assert_int_equal(gic_attach_vcpu(f.g, 1, UINT64_C(0x0700050302)), 0);
    assert_lines(&f, 1, true, false);
    gic_detach_vcpu(f.g, 1);
    assert_int_equal(gic_attach_vcpu(f.g, 0, UINT64_C(0x0700050302)), 0);
    assert_lines(&f, 0, true, false);

    /* Routed elsewhere while active: the next time it comes there. */
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 60);
    route(&f, 60, 2);
    assert_lines(&f, 2, false, false);
    icc_write(&f, 0, GIC_ICC_EOIR1, 60);
    assert_lines(&f, 0, false, false);
    assert_lines(&f, 2, true, false);
    fixture_close(&f);
}

/* The vCPU whose IRQ line is up, or -1; fails if there are two. */
static int line_owner(const struct fixture *f, unsigned vcpus)
{
    int owner = -1;

    for (unsigned i = 0; i < vcpus; i++) {
        if (f->irq[i]) {
            assert_int_equal(owner, -1);
            owner = (int)i;
        }
    }
    return owner;
}

static void test_one_of_n(void **state)
{
    struct fixture f;
    unsigned seen = 0;

    (void)state;
    fixture_open(&f, 4, false);
    fixture_enable_all(&f, 4);
    fixture_setup(&f, 0, 70, 1, 0x80, true);
    route(&f, 70, IRM);
    /* Everybody gets a turn. */
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(gic_set_spi(f.g, 70, true), 0);
        int owner = line_owner(&f, 4);
        assert_true(owner >= 0);
        seen |= 1u << owner;
        assert_int_equal(icc_read(&f, (unsigned)owner, GIC_ICC_IAR1), 70);
        icc_write(&f, (unsigned)owner, GIC_ICC_EOIR1, 70);
        assert_int_equal(line_owner(&f, 4), -1);
    }
    assert_int_equal(seen, 15);

    /* Somebody who is busy is spared. */
    fixture_setup(&f, 2, 71, 1, 0x40, true);
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        if (cpu != 3) {
            route(&f, 71, cpu);
            assert_int_equal(gic_set_spi(f.g, 71, true), 0);
            assert_int_equal(icc_read(&f, cpu, GIC_ICC_IAR1), 71);
            icc_write(&f, cpu, GIC_ICC_CTLR, 2);
        }
        if (cpu < 2) {
            bit_write(&f, 0, ICACTIVER, 71);
        }
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(gic_set_spi(f.g, 70, true), 0);
        assert_int_equal(line_owner(&f, 4), 3);
        assert_int_equal(icc_read(&f, 3, GIC_ICC_IAR1), 70);
        icc_write(&f, 3, GIC_ICC_EOIR1, 70);
    }
    fixture_close(&f);
}

static void test_one_of_n_participation(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 3, false);
    fixture_enable_all(&f, 3);
    fixture_setup(&f, 0, 70, 1, 0x80, false);
    route(&f, 70, IRM);
    assert_int_equal(gic_set_spi(f.g, 70, true), 0);
    assert_int_equal(line_owner(&f, 3), 0);
    /* Each way to stand aside passes it on. */
    icc_write(&f, 0, GIC_ICC_IGRPEN1, 0);
    assert_int_equal(line_owner(&f, 3), 1);
    redist_write(&f, 1, GICR_CTLR, 1u << 25);
    assert_int_equal(line_owner(&f, 3), 2);
    redist_write(&f, 2, GICR_WAKER, 2);
    assert_int_equal(line_owner(&f, 3), -1);
    assert_true(bit_read(&f, 0, ISPENDR, 70));
    redist_write(&f, 1, GICR_CTLR, 1u << 24); /* the other group's */
    assert_int_equal(line_owner(&f, 3), 1);
    gic_detach_vcpu(f.g, 1);
    f.irq[1] = false;
    assert_int_equal(line_owner(&f, 3), -1);
    icc_write(&f, 0, GIC_ICC_IGRPEN1, 1);
    assert_int_equal(line_owner(&f, 3), 0);
    /* Back to one. */
    redist_write(&f, 2, GICR_WAKER, 0);
    route(&f, 70, 2);
    assert_int_equal(line_owner(&f, 3), 2);
    /* A sleeper's own interrupts reach it. */
    redist_write(&f, 2, GICR_WAKER, 2);
    assert_int_equal(line_owner(&f, 3), 2);
    fixture_close(&f);
}

/* Two vCPUs of one affinity, as between their creation and the setting of MPIDR_EL1. */
static void test_shared_affinity(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 2, false);
    assert_int_equal(gic_attach_vcpu(f.g, 1, 0), 0);
    fixture_enable_all(&f, 2);
    fixture_setup(&f, 0, 40, 1, 0x80, false);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_lines(&f, 0, true, false);
    assert_lines(&f, 1, false, false);
    fixture_close(&f);
}

static void test_detached_is_silent(void **state)
{
    struct fixture f;
    bool irq, fiq;

    (void)state;
    fixture_open(&f, 1, false);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 40, 1, 0x80, false);
    fixture_setup(&f, 0, 27, 1, 0x80, false);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(gic_set_ppi(f.g, 0, 27, true), 0);
    assert_lines(&f, 0, true, false);
    gic_detach_vcpu(f.g, 0);
    assert_int_equal(f.signals[0], 1);
    gic_get_lines(f.g, 0, &irq, &fiq);
    assert_false(irq || fiq);
    assert_int_equal(gic_set_ppi(f.g, 0, 27, false), -EINVAL);
    assert_int_equal(gic_attach_vcpu(f.g, 0, 0), 0);
    f.irq[0] = false;
    assert_lines(&f, 0, false, false);
    fixture_enable_cpu(&f, 0);
    assert_lines(&f, 0, true, false); /* the SPI is still there, the PPI began anew */
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 40);
    assert_int_equal(redist_read(&f, 0, GICR_SGI + ISPENDR), 0);
    fixture_close(&f);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void test_msi_frame(void **state)
{
    struct fixture f;
    uint32_t last = MSI_FIRST + MSI_COUNT - 1;

    (void)state;
    fixture_open(&f, 1, true);
    fixture_enable_all(&f, 1);
    assert_int_equal(gic_mmio_read(f.g, MSI + GIC_MSI_TYPER, 4), MSI_FIRST << 16 | MSI_COUNT);
    assert_int_equal(gic_mmio_read(f.g, MSI + GIC_MSI_SET_SPI_NSR, 4), 0);
    assert_int_equal(gic_mmio_read(f.g, MSI + GIC_MSI_IIDR, 4) & 0xfff, 0x43b);
    /* They are edges from the start: nothing ever takes a message back. */
    assert_int_equal(dist_read(&f, ICFGR + MSI_FIRST / 16 * 4), 0xaaaaaa00);

    for (unsigned i = 0; i < 2; i++) {
        uint32_t intid = i == 0 ? MSI_FIRST : last;
        bit_write(&f, 0, ISENABLER, intid);
        dist_write(&f, IGROUPR + intid / 32 * 4, 0xffffffff);
        gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 4, intid);
        assert_lines(&f, 0, true, false);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), intid);
        assert_int_equal(gic_send_msi(f.g, MSI + GIC_MSI_SET_SPI_NSR, intid), 0);
        icc_write(&f, 0, GIC_ICC_EOIR1, intid);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), intid);
        icc_write(&f, 0, GIC_ICC_EOIR1, intid);
        gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 2, intid);
        assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), intid);
        icc_write(&f, 0, GIC_ICC_EOIR1, intid);
    }

    /* Outside of the range, another width, another register. */
    bit_write(&f, 0, ISENABLER, MSI_FIRST - 1);
    bit_write(&f, 0, ISENABLER, last + 1);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 4, MSI_FIRST - 1);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 4, last + 1);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 4, 0xffffffff);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 4, 0x10000 | MSI_FIRST);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 8, MSI_FIRST);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR, 1, MSI_FIRST);
    gic_mmio_write(f.g, MSI + GIC_MSI_SET_SPI_NSR + 4, 4, MSI_FIRST);
    gic_mmio_write(f.g, MSI + GIC_MSI_TYPER, 4, MSI_FIRST);
    assert_lines(&f, 0, false, false);
    assert_int_equal(gic_send_msi(f.g, MSI + GIC_MSI_SET_SPI_NSR, MSI_FIRST - 1), -EINVAL);
    assert_int_equal(gic_send_msi(f.g, MSI + GIC_MSI_SET_SPI_NSR, last + 1), -EINVAL);
    assert_int_equal(gic_send_msi(f.g, MSI, MSI_FIRST), -EINVAL);
    assert_int_equal(gic_send_msi(f.g, DIST + GICD_SETSPI_NSR, MSI_FIRST), -EINVAL);
    assert_lines(&f, 0, false, false);
    fixture_close(&f);

    fixture_open(&f, 1, false);
    assert_int_equal(gic_send_msi(f.g, MSI + GIC_MSI_SET_SPI_NSR, MSI_FIRST), -EINVAL);
    assert_int_equal(gic_send_msi(f.g, GIC_MSI_SET_SPI_NSR, 0), -EINVAL);
    fixture_close(&f);
}

static void test_setspi(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 1, true);
    fixture_enable_all(&f, 1);
    fixture_setup(&f, 0, 80, 1, 0x80, false);
    fixture_setup(&f, 0, 81, 1, 0x88, true);
    /* A level by message is held until the message that clears it. */
    dist_write(&f, GICD_SETSPI_NSR, 80);
    assert_lines(&f, 0, true, false);
    bit_write(&f, 0, ICPENDR, 80);
    assert_lines(&f, 0, true, false);
    assert_int_equal(icc_read(&f, 0, GIC_ICC_IAR1), 80);
    assert_true(bit_read(&f, 0, ISPENDR, 80));
    dist_write(&f, GICD_CLRSPI_NSR, 80);
    assert_false(bit_read(&f, 0, ISPENDR, 80));
    icc_write(&f, 0, GIC_ICC_EOIR1, 80);
    /* It does not lower the wire. */
    assert_int_equal(gic_set_spi(f.g, 80, true), 0);
    dist_write(&f, GICD_CLRSPI_NSR, 80);
    assert_lines(&f, 0, true, false);
    assert_int_equal(gic_set_spi(f.g, 80, false), 0);
    /* An edge by message. */
    gic_mmio_write(f.g, DIST + GICD_SETSPI_NSR, 2, 81);
    assert_lines(&f, 0, true, false);
    gic_mmio_write(f.g, DIST + GICD_CLRSPI_NSR, 2, 81);
    assert_lines(&f, 0, false, false);
    /* Not SPIs. */
    for (uint32_t intid = 0; intid < 32; intid++) {
        dist_write(&f, GICD_SETSPI_NSR, intid);
    }
    dist_write(&f, GICD_SETSPI_NSR, 1020);
    dist_write(&f, GICD_SETSPI_NSR, 1024 + 80);
    dist_write(&f, GICD_SETSPI_NSR, 0x1fff);
    dist_write(&f, GICD_SETSPI_NSR, 0xffffffff);
    assert_lines(&f, 0, false, false);
    assert_int_equal(redist_read(&f, 0, GICR_SGI + ISPENDR), 0);
    fixture_close(&f);

    /* Not supported without an MSI region. */
    fixture_open(&f, 1, false);
    dist_write(&f, GICD_SETSPI_NSR, 80);
    assert_int_equal(dist_read(&f, ISPENDR + 8), 0);
    fixture_close(&f);
}

/* ---- Reset ----------------------------------------------------------------------------------- */

static void test_reset(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, 2, true);
    fixture_enable_all(&f, 2);
    fixture_setup(&f, 0, 40, 1, 0x80, false);
    fixture_setup(&f, 1, 41, 0, 0x80, true);
    fixture_setup(&f, 1, 27, 1, 0x80, false);
    assert_int_equal(gic_set_spi(f.g, 40, true), 0);
    assert_int_equal(gic_set_spi(f.g, 41, true), 0);
    assert_int_equal(gic_set_ppi(f.g, 1, 27, true), 0);
    assert_lines(&f, 0, true, false);
    gic_reset(f.g);
    assert_lines(&f, 0, false, false);
    assert_lines(&f, 1, false, false);
    assert_int_equal(dist_read(&f, GICD_CTLR), 0x50);
    assert_int_equal(redist_read(&f, 1, GICR_WAKER), 6);
    assert_int_equal(dist_read(&f, ISPENDR + 4), 0);
    assert_int_equal(dist_read(&f, ISENABLER + 4), 0);
    assert_int_equal(dist_read(&f, ICFGR + MSI_FIRST / 16 * 4), 0xaaaaaa00);
    /* The CPU interface is the vCPU's own, and its timer goes on. */
    assert_int_equal(icc_read(&f, 1, GIC_ICC_PMR), 0xf8);
    assert_true(bit_read(&f, 1, ISPENDR, 27));
    assert_int_equal(gic_mmio_read(f.g, REDIST + GIC_REDIST_SIZE + GICR_TYPER, 8) >> 32, 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level_spi),       cmocka_unit_test(test_edge_spi),
        cmocka_unit_test(test_spi_arguments),   cmocka_unit_test(test_ppi),
        cmocka_unit_test(test_gates),           cmocka_unit_test(test_hppir_ignores_the_mask),
        cmocka_unit_test(test_trigger_change),  cmocka_unit_test(test_signals_only_on_change),
        cmocka_unit_test(test_full_nest),       cmocka_unit_test(test_priority_order),
        cmocka_unit_test(test_binary_points),   cmocka_unit_test(test_running_group_priority),
        cmocka_unit_test(test_split_eoi),       cmocka_unit_test(test_eoi_of_nothing),
        cmocka_unit_test(test_sgi_targets),     cmocka_unit_test(test_sgi_groups),
        cmocka_unit_test(test_sgi_life),        cmocka_unit_test(test_affinity_routing),
        cmocka_unit_test(test_one_of_n),        cmocka_unit_test(test_one_of_n_participation),
        cmocka_unit_test(test_shared_affinity), cmocka_unit_test(test_detached_is_silent),
        cmocka_unit_test(test_msi_frame),       cmocka_unit_test(test_setspi),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
