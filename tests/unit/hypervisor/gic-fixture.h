/* SPDX-License-Identifier: ISC */
/*
 * gic-fixture.h: a GIC with some vCPUs whose lines are watched, for the test-gic-*.c programs.
 *
 * vCPU n has affinity 0.0.0.n. Nothing is enabled until a test asks for it.
 */
#ifndef TEST_GIC_FIXTURE_H
#define TEST_GIC_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "gic.h"

#define DIST            UINT64_C(0x08000000)
#define MSI             UINT64_C(0x08020000)
#define REDIST          UINT64_C(0x080a0000)

#define MSI_FIRST       900
#define MSI_COUNT       40

/* Distributor. */
#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IIDR       0x0008
#define GICD_SETSPI_NSR 0x0040
#define GICD_CLRSPI_NSR 0x0048
#define GICD_IROUTER    0x6000

/* Distributor, and SGI frame of a redistributor. */
#define IGROUPR         0x080
#define ISENABLER       0x100
#define ICENABLER       0x180
#define ISPENDR         0x200
#define ICPENDR         0x280
#define ISACTIVER       0x300
#define ICACTIVER       0x380
#define IPRIORITYR      0x400
#define ICFGR           0xc00

/* Redistributor. */
#define GICR_CTLR       0x0000
#define GICR_IIDR       0x0004
#define GICR_TYPER      0x0008
#define GICR_WAKER      0x0014
#define GICR_SGI        0x10000

#define IRM             (UINT64_C(1) << 31)

struct fixture {
    struct gic *g;
    bool irq[GIC_MAX_VCPUS];
    bool fiq[GIC_MAX_VCPUS];
    unsigned signals[GIC_MAX_VCPUS]; /* times that a line changed */
};

void fixture_open(struct fixture *f, unsigned vcpus, bool msi);
void fixture_close(struct fixture *f);

/* Wakes a vCPU, unmasks all priorities and enables both groups at its CPU interface. */
void fixture_enable_cpu(struct fixture *f, unsigned cpu);
/* The same for all, and both groups in the distributor. */
void fixture_enable_all(struct fixture *f, unsigned vcpus);
/* Group, priority, trigger; enabled. SPIs go to vCPU cpu, SGIs and PPIs are that vCPU's. */
void fixture_setup(struct fixture *f, unsigned cpu, uint32_t intid, unsigned group,
                   uint8_t priority, bool edge);

uint32_t dist_read(struct fixture *f, unsigned offset);
void dist_write(struct fixture *f, unsigned offset, uint32_t value);
uint32_t redist_read(struct fixture *f, unsigned cpu, unsigned offset);
void redist_write(struct fixture *f, unsigned cpu, unsigned offset, uint32_t value);
uint64_t icc_read(struct fixture *f, unsigned cpu, unsigned reg);
void icc_write(struct fixture *f, unsigned cpu, unsigned reg, uint64_t value);

/* One INTID's bit of a bit array, seen by cpu; a write writes only that bit. */
bool bit_read(struct fixture *f, unsigned cpu, unsigned array, uint32_t intid);
void bit_write(struct fixture *f, unsigned cpu, unsigned array, uint32_t intid);

/* Fails unless gic_get_lines and the last signal agree with this. */
void assert_lines(struct fixture *f, unsigned cpu, bool irq, bool fiq);

/* A small generator of its own, so that a seed means the same everywhere. */
uint32_t fixture_random(uint64_t *state);

#endif
