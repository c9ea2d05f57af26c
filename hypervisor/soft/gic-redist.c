/* SPDX-License-Identifier: ISC */
/*
 * gic-redist.c: the redistributors (IHI 0069, 12.10 and 12.11): two 64 KiB frames per vCPU, RD_base
 * with identification and power, SGI_base with the private interrupts (gic-irq.c). There are no
 * LPIs, so PROPBASER, PENDBASER and their kin read as zero.
 *
 * ProcessorSleep keeps 1-of-N interrupts away, but a sleeping vCPU's own interrupts still raise its
 * lines: a vCPU has no power to be turned off, so asking for its wake-up and signalling it are one.
 */
#include "gic-impl.h"

#define GICR_CTLR     0x0000u
#define GICR_IIDR     0x0004u
#define GICR_TYPER    0x0008u /* 64 bits */
#define GICR_WAKER    0x0014u
#define GICR_IDREGS   0xffd0u
#define GICR_SGI      0x10000u

#define CTLR_DPG0     (UINT32_C(1) << 24)
#define CTLR_DPG1NS   (UINT32_C(1) << 25)
#define WAKER_SLEEP   (UINT32_C(1) << 1)
#define WAKER_ASLEEP  (UINT32_C(1) << 2)
#define TYPER_LAST    (UINT64_C(1) << 4)
#define TYPER_DPGS    (UINT64_C(1) << 5)
#define REDIST_PART   0x93u
#define REDIST_FRAMES 0xffffu

void gic_redist_reset(struct gic_vcpu *v)
{
    v->bank = (struct gic_bank){.edge = GIC_SGI_MASK};
    for (unsigned i = 0; i < 32; i++) {
        v->priority[i] = 0;
    }
    v->asleep = true;
    v->dpg = 0;
}

/* The index of the highest attached vCPU; -1: none. */
static int last_vcpu(const struct gic *g)
{
    for (unsigned i = g->config.max_vcpus; i > 0; i--) {
        if (g->vcpu[i - 1].attached) {
            return (int)i - 1;
        }
    }
    return -1;
}

static uint64_t typer_read(const struct gic *g, const struct gic_vcpu *v)
{
    return (uint64_t)(v->attached ? v->affinity : GIC_NO_AFFINITY) << 32 | (uint64_t)v->index << 8 |
           TYPER_DPGS | (v->index == last_vcpu(g) ? TYPER_LAST : 0);
}

static uint32_t ctlr_read(const struct gic_vcpu *v)
{
    return ((v->dpg & 1) != 0 ? CTLR_DPG0 : 0) | ((v->dpg & 2) != 0 ? CTLR_DPG1NS : 0);
}

/* What a walk needs to pass over a frame; all there is in the frame of a vCPU that does not exist. */
static uint64_t identity_read(const struct gic *g, const struct gic_vcpu *v, unsigned offset,
                              unsigned size)
{
    if (offset >= GICR_IDREGS) {
        return size == 4 ? gic_id_read(offset, REDIST_PART) : 0;
    }
    switch (offset) {
    case GICR_IIDR: return size == 4 ? GIC_IIDR : 0;
    case GICR_TYPER:
        return size == 8 ? typer_read(g, v) : size == 4 ? (uint32_t)typer_read(g, v) : 0;
    case GICR_TYPER + 4: return size == 4 ? typer_read(g, v) >> 32 : 0;
    default: return 0;
    }
}

uint64_t gic_redist_read(struct gic *g, unsigned offset, unsigned size)
{
    struct gic_vcpu *v = &g->vcpu[offset / GIC_REDIST_SIZE];

    offset %= GIC_REDIST_SIZE;
    if (!v->attached) {
        return offset < GICR_SGI && v->index < last_vcpu(g) ? identity_read(g, v, offset, size) : 0;
    }
    if (offset >= GICR_SGI) {
        return gic_irq_read(g, v, offset - GICR_SGI, size);
    }
    if (size == 4 && offset == GICR_CTLR) {
        return ctlr_read(v);
    }
    if (size == 4 && offset == GICR_WAKER) {
        return v->asleep ? WAKER_SLEEP | WAKER_ASLEEP : 0;
    }
    return identity_read(g, v, offset, size);
}

void gic_redist_write(struct gic *g, unsigned offset, unsigned size, uint64_t value)
{
    struct gic_vcpu *v = &g->vcpu[offset / GIC_REDIST_SIZE];

    offset %= GIC_REDIST_SIZE;
    if (!v->attached) {
        return;
    }
    if (offset >= GICR_SGI) {
        gic_irq_write(g, v, offset - GICR_SGI, size, value);
        return;
    }
    if (size == 4 && offset == GICR_CTLR) {
        v->dpg =
            (uint8_t)(((value & CTLR_DPG0) != 0 ? 1 : 0) | ((value & CTLR_DPG1NS) != 0 ? 2 : 0));
        gic_refresh_one_of_n(g);
    } else if (size == 4 && offset == GICR_WAKER) {
        v->asleep = (value & WAKER_SLEEP) != 0;
        gic_refresh_one_of_n(g);
    }
}
