/* SPDX-License-Identifier: ISC */
/*
 * gic-cpuif.c: the CPU interface (IHI 0069, 4.8 and 12.2): which ready interrupt may be signalled,
 * acknowledge, priority drop and deactivation, and the ICC_* system registers.
 *
 * The running priority is the lowest bit of the two active priority registers. A bit is set when an
 * interrupt is acknowledged, at its group priority: the priority without the subpriority bits that
 * the binary point cuts off. Only something more urgent than that may preempt.
 */
#include "gic-impl.h"

#define CTLR_CBPR     (UINT32_C(1) << 0)
#define CTLR_EOI_MODE (UINT32_C(1) << 1)
/* Five priority bits, 16 INTID bits, Aff3 valid, range selector for SGIs. */
#define CTLR_FIXED    (UINT32_C(4) << 8 | UINT32_C(1) << 15 | UINT32_C(1) << 18)

#define SRE_ALWAYS    7 /* SRE, and neither FIQ nor IRQ bypass */

#define SGI_IRM       (UINT64_C(1) << 40)

/* The caller refreshes: 1-of-N interrupts may have to leave v. */
void gic_cpuif_reset(struct gic_vcpu *v)
{
    v->pmr = 0;
    v->bpr[0] = GIC_BPR0_MIN;
    v->bpr[1] = GIC_BPR1_MIN;
    v->common_bpr = false;
    v->split_eoi = false;
    for (unsigned i = 0; i < GIC_GROUPS; i++) {
        v->enabled[i] = false;
        v->apr[i] = 0;
    }
}

/* The bits of a priority that count for preemption within a group (IHI 0069, 4.8). */
static unsigned group_mask(const struct gic_vcpu *v, unsigned group)
{
    if (group == 1 && !v->common_bpr) {
        return (0xffu << v->bpr[1]) & 0xff;
    }
    return (0xffu << (v->bpr[0] + 1)) & 0xff;
}

static unsigned running_priority(const struct gic_vcpu *v)
{
    uint32_t apr = v->apr[0] | v->apr[1];

    return apr != 0 ? gic_lowest(apr) << GIC_PRIORITY_SHIFT : GIC_PRIORITY_IDLE;
}

/* The interrupt that v is to be told about now, if any. */
static bool find_signal(const struct gic *g, const struct gic_vcpu *v, uint32_t *intid,
                        unsigned *group, unsigned *priority)
{
    unsigned running = running_priority(v);

    if (!gic_most_urgent(g, v, intid, group, priority) || *priority >= v->pmr) {
        return false;
    }
    if (running == GIC_PRIORITY_IDLE) {
        return true;
    }
    unsigned mask = group_mask(v, *group);
    return (*priority & mask) < (running & mask);
}

void gic_cpuif_lines(const struct gic *g, const struct gic_vcpu *v, bool *irq, bool *fiq)
{
    uint32_t intid;
    unsigned group, priority;
    bool any = find_signal(g, v, &intid, &group, &priority);

    *irq = any && group == 1;
    *fiq = any && group == 0;
}

/* The bank, refresh argument and bit of an INTID as seen by v. */
static struct gic_bank *find_bank(struct gic *g, struct gic_vcpu **v, uint32_t intid)
{
    if (intid < GIC_SPI_BASE) {
        return &(*v)->bank;
    }
    *v = NULL;
    return &g->bank[intid / 32];
}

static uint64_t acknowledge(struct gic *g, struct gic_vcpu *v, unsigned group)
{
    struct gic_vcpu *owner = v;
    struct gic_bank *b;
    uint32_t intid, bit;
    unsigned signalled, priority;

    if (!find_signal(g, v, &intid, &signalled, &priority) || signalled != group) {
        return GIC_SPURIOUS;
    }
    v->apr[group] |= UINT32_C(1) << ((priority & group_mask(v, group)) >> GIC_PRIORITY_SHIFT);
    b = find_bank(g, &owner, intid);
    bit = UINT32_C(1) << (intid % 32);
    b->active |= bit;
    b->latch &= ~bit;
    gic_refresh(g, owner, intid / 32, bit);
    gic_mark(g, v);
    return intid;
}

static void deactivate(struct gic *g, struct gic_vcpu *v, uint32_t intid)
{
    struct gic_vcpu *owner = v;
    struct gic_bank *b;
    uint32_t bit;

    if (intid >= GIC_INTIDS) {
        return;
    }
    b = find_bank(g, &owner, intid);
    bit = UINT32_C(1) << (intid % 32);
    b->active &= ~bit;
    gic_refresh(g, owner, intid / 32, bit);
}

/*
 * EOIR0 and EOIR1. A write for one group while an interrupt of the other is what is running is
 * unpredictable, and ignored here. With nothing running, an active interrupt is still deactivated.
 */
static void end_interrupt(struct gic *g, struct gic_vcpu *v, unsigned group, uint32_t intid)
{
    uint32_t apr = v->apr[0] | v->apr[1];
    uint32_t lowest = apr & (~apr + 1);

    if (intid >= GIC_INTIDS || (apr != 0 && (v->apr[group] & lowest) == 0)) {
        return;
    }
    v->apr[group] &= ~lowest;
    gic_mark(g, v);
    if (!v->split_eoi) {
        deactivate(g, v, intid);
    }
}

static uint64_t highest_pending(const struct gic *g, const struct gic_vcpu *v, unsigned group)
{
    uint32_t intid;
    unsigned found, priority;

    return gic_most_urgent(g, v, &intid, &found, &priority) && found == group ? intid
                                                                              : GIC_SPURIOUS;
}

static uint64_t bpr_read(const struct gic_vcpu *v, unsigned group)
{
    if (group == 1 && v->common_bpr) {
        return v->bpr[0] < 7 ? v->bpr[0] + 1u : 7;
    }
    return v->bpr[group];
}

static void bpr_write(struct gic_vcpu *v, unsigned group, uint64_t value)
{
    uint8_t lowest = group == 0 ? GIC_BPR0_MIN : GIC_BPR1_MIN;
    uint8_t bpr = value & 7;

    if (group == 1 && v->common_bpr) {
        return;
    }
    v->bpr[group] = bpr < lowest ? lowest : bpr;
}

/* Does a write to ICC_SGI*R by v name t? (IHI 0069, 12.2, ICC_SGI1R_EL1) */
static bool sgi_targets(const struct gic_vcpu *v, const struct gic_vcpu *t, uint64_t value)
{
    uint32_t upper = (uint32_t)(((value >> 48) & 0xff) << 16 | ((value >> 32) & 0xff) << 8 |
                                ((value >> 16) & 0xff));
    unsigned range = (value >> 44) & 15;

    if ((value & SGI_IRM) != 0) {
        return t != v;
    }
    return t->affinity >> 8 == upper && (t->affinity & 0xff) / 16 == range &&
           ((value >> (t->affinity % 16)) & 1) != 0;
}

/*
 * With one security state SGI1R generates an SGI of whichever group the target has configured,
 * SGI0R and ASGI1R only one of group 0 (IHI 0069, 12.1, forwarding an SGI to a target PE).
 */
static void send_sgi(struct gic *g, struct gic_vcpu *v, uint64_t value, bool any_group)
{
    uint32_t bit = UINT32_C(1) << ((value >> 24) & 15);

    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        struct gic_vcpu *t = &g->vcpu[i];
        if (t->attached && sgi_targets(v, t, value) && (any_group || (t->bank.group & bit) == 0)) {
            t->bank.latch |= bit;
            gic_refresh(g, t, 0, bit);
        }
    }
}

static uint64_t ctlr_read(const struct gic_vcpu *v)
{
    return CTLR_FIXED | (v->common_bpr ? CTLR_CBPR : 0) | (v->split_eoi ? CTLR_EOI_MODE : 0);
}

static void group_enable_write(struct gic *g, struct gic_vcpu *v, unsigned group, uint64_t value)
{
    bool enable = value & 1;

    if (v->enabled[group] != enable) {
        v->enabled[group] = enable;
        gic_refresh_one_of_n(g);
    }
}

static bool icc_read(struct gic *g, struct gic_vcpu *v, unsigned reg, uint64_t *value)
{
    switch (reg) {
    case GIC_ICC_IAR1: *value = acknowledge(g, v, 1); return true;
    case GIC_ICC_IAR0: *value = acknowledge(g, v, 0); return true;
    case GIC_ICC_PMR: *value = v->pmr; return true;
    case GIC_ICC_RPR: *value = running_priority(v); return true;
    case GIC_ICC_HPPIR0: *value = highest_pending(g, v, 0); return true;
    case GIC_ICC_HPPIR1: *value = highest_pending(g, v, 1); return true;
    case GIC_ICC_BPR0: *value = bpr_read(v, 0); return true;
    case GIC_ICC_BPR1: *value = bpr_read(v, 1); return true;
    case GIC_ICC_AP0R0: *value = v->apr[0]; return true;
    case GIC_ICC_AP1R0: *value = v->apr[1]; return true;
    case GIC_ICC_CTLR: *value = ctlr_read(v); return true;
    case GIC_ICC_SRE: *value = SRE_ALWAYS; return true;
    case GIC_ICC_IGRPEN0: *value = v->enabled[0]; return true;
    case GIC_ICC_IGRPEN1: *value = v->enabled[1]; return true;
    default: return false;
    }
}

static bool icc_write(struct gic *g, struct gic_vcpu *v, unsigned reg, uint64_t value)
{
    gic_mark(g, v);
    switch (reg) {
    case GIC_ICC_EOIR1: end_interrupt(g, v, 1, value & 0xffffff); return true;
    case GIC_ICC_EOIR0: end_interrupt(g, v, 0, value & 0xffffff); return true;
    case GIC_ICC_PMR: v->pmr = value & GIC_PRIORITY_MASK; return true;
    case GIC_ICC_DIR:
        if (v->split_eoi) {
            deactivate(g, v, value & 0xffffff);
        }
        return true;
    case GIC_ICC_SGI1R: send_sgi(g, v, value, true); return true;
    case GIC_ICC_SGI0R:
    case GIC_ICC_ASGI1R: send_sgi(g, v, value, false); return true;
    case GIC_ICC_BPR0: bpr_write(v, 0, value); return true;
    case GIC_ICC_BPR1: bpr_write(v, 1, value); return true;
    case GIC_ICC_AP0R0: v->apr[0] = (uint32_t)value; return true;
    case GIC_ICC_AP1R0: v->apr[1] = (uint32_t)value; return true;
    case GIC_ICC_CTLR:
        v->common_bpr = (value & CTLR_CBPR) != 0;
        v->split_eoi = (value & CTLR_EOI_MODE) != 0;
        return true;
    case GIC_ICC_SRE: return true;
    case GIC_ICC_IGRPEN0: group_enable_write(g, v, 0, value); return true;
    case GIC_ICC_IGRPEN1: group_enable_write(g, v, 1, value); return true;
    default: return false;
    }
}

bool gic_icc_exists(unsigned reg, bool read)
{
    switch (reg) {
    case GIC_ICC_IAR0:
    case GIC_ICC_IAR1:
    case GIC_ICC_HPPIR0:
    case GIC_ICC_HPPIR1:
    case GIC_ICC_RPR: return read;
    case GIC_ICC_EOIR0:
    case GIC_ICC_EOIR1:
    case GIC_ICC_DIR:
    case GIC_ICC_SGI1R:
    case GIC_ICC_ASGI1R:
    case GIC_ICC_SGI0R: return !read;
    case GIC_ICC_PMR:
    case GIC_ICC_BPR0:
    case GIC_ICC_BPR1:
    case GIC_ICC_AP0R0:
    case GIC_ICC_AP1R0:
    case GIC_ICC_CTLR:
    case GIC_ICC_SRE:
    case GIC_ICC_IGRPEN0:
    case GIC_ICC_IGRPEN1: return true;
    default: return false;
    }
}

bool gic_icc_read(struct gic *g, unsigned vcpu, unsigned reg, uint64_t *value)
{
    struct gic_vcpu *v;
    bool ok;

    gic_lock(g);
    v = gic_get_vcpu(g, vcpu);
    ok = v != NULL && icc_read(g, v, reg, value);
    gic_unlock(g);
    return ok;
}

bool gic_icc_write(struct gic *g, unsigned vcpu, unsigned reg, uint64_t value)
{
    struct gic_vcpu *v;
    bool ok;

    gic_lock(g);
    v = gic_get_vcpu(g, vcpu);
    ok = v != NULL && icc_write(g, v, reg, value);
    gic_unlock(g);
    return ok;
}
