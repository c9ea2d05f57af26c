/* SPDX-License-Identifier: ISC */
/*
 * gic-fixture.c: see gic-fixture.h.
 */
#include "gic-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

static void on_signal(void *ctx, unsigned vcpu, bool irq, bool fiq)
{
    struct fixture *f = ctx;

    assert_true(f->irq[vcpu] != irq || f->fiq[vcpu] != fiq);
    f->irq[vcpu] = irq;
    f->fiq[vcpu] = fiq;
    f->signals[vcpu]++;
}

void fixture_open(struct fixture *f, unsigned vcpus, bool msi)
{
    struct gic_config c = {.dist_base = DIST, .redist_base = REDIST, .max_vcpus = GIC_MAX_VCPUS};

    if (msi) {
        c.msi_base = MSI;
        c.msi_intid_base = MSI_FIRST;
        c.msi_intid_count = MSI_COUNT;
    }
    memset(f, 0, sizeof(*f));
    f->g = gic_new(&c, on_signal, f);
    assert_non_null(f->g);
    for (unsigned i = 0; i < vcpus; i++) {
        assert_int_equal(gic_attach_vcpu(f->g, i, UINT64_C(0x80000000) | i), 0);
    }
}

void fixture_close(struct fixture *f)
{
    gic_free(f->g);
    f->g = NULL;
}

void fixture_enable_cpu(struct fixture *f, unsigned cpu)
{
    redist_write(f, cpu, GICR_WAKER, 0);
    icc_write(f, cpu, GIC_ICC_PMR, 0xff);
    icc_write(f, cpu, GIC_ICC_IGRPEN0, 1);
    icc_write(f, cpu, GIC_ICC_IGRPEN1, 1);
}

void fixture_enable_all(struct fixture *f, unsigned vcpus)
{
    dist_write(f, GICD_CTLR, 3);
    for (unsigned i = 0; i < vcpus; i++) {
        fixture_enable_cpu(f, i);
    }
}

/* Where the registers of intid are for cpu. */
static uint64_t frame(unsigned cpu, uint32_t intid)
{
    return intid < 32 ? REDIST + (uint64_t)cpu * GIC_REDIST_SIZE + GICR_SGI : DIST;
}

static void modify(struct fixture *f, uint64_t ipa, uint32_t clear, uint32_t set)
{
    gic_mmio_write(f->g, ipa, 4, (gic_mmio_read(f->g, ipa, 4) & ~(uint64_t)clear) | set);
}

void fixture_setup(struct fixture *f, unsigned cpu, uint32_t intid, unsigned group,
                   uint8_t priority, bool edge)
{
    uint64_t base = frame(cpu, intid);
    uint32_t bit = UINT32_C(1) << (intid % 32);
    uint32_t config = UINT32_C(2) << (intid % 16 * 2);

    modify(f, base + IGROUPR + intid / 32 * 4, bit, group != 0 ? bit : 0);
    gic_mmio_write(f->g, base + IPRIORITYR + intid, 1, priority);
    modify(f, base + ICFGR + intid / 16 * 4, config, edge ? config : 0);
    if (intid >= 32) {
        gic_mmio_write(f->g, DIST + GICD_IROUTER + intid * 8, 8, cpu);
    }
    gic_mmio_write(f->g, base + ISENABLER + intid / 32 * 4, 4, bit);
}

uint32_t dist_read(struct fixture *f, unsigned offset)
{
    return (uint32_t)gic_mmio_read(f->g, DIST + offset, 4);
}

void dist_write(struct fixture *f, unsigned offset, uint32_t value)
{
    gic_mmio_write(f->g, DIST + offset, 4, value);
}

uint32_t redist_read(struct fixture *f, unsigned cpu, unsigned offset)
{
    return (uint32_t)gic_mmio_read(f->g, REDIST + (uint64_t)cpu * GIC_REDIST_SIZE + offset, 4);
}

void redist_write(struct fixture *f, unsigned cpu, unsigned offset, uint32_t value)
{
    gic_mmio_write(f->g, REDIST + (uint64_t)cpu * GIC_REDIST_SIZE + offset, 4, value);
}

uint64_t icc_read(struct fixture *f, unsigned cpu, unsigned reg)
{
    uint64_t value = 0;

    assert_true(gic_icc_read(f->g, cpu, reg, &value));
    return value;
}

void icc_write(struct fixture *f, unsigned cpu, unsigned reg, uint64_t value)
{
    assert_true(gic_icc_write(f->g, cpu, reg, value));
}

bool bit_read(struct fixture *f, unsigned cpu, unsigned array, uint32_t intid)
{
    return gic_mmio_read(f->g, frame(cpu, intid) + array + intid / 32 * 4, 4) >> (intid % 32) & 1;
}

void bit_write(struct fixture *f, unsigned cpu, unsigned array, uint32_t intid)
{
    gic_mmio_write(f->g, frame(cpu, intid) + array + intid / 32 * 4, 4,
                   UINT32_C(1) << (intid % 32));
}

void assert_lines(struct fixture *f, unsigned cpu, bool irq, bool fiq)
{
    bool now_irq, now_fiq;

    gic_get_lines(f->g, cpu, &now_irq, &now_fiq);
    assert_int_equal(now_irq, irq);
    assert_int_equal(now_fiq, fiq);
    assert_int_equal(f->irq[cpu], irq);
    assert_int_equal(f->fiq[cpu], fiq);
}

uint32_t fixture_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) ^ (uint32_t)(*state >> 13);
}
