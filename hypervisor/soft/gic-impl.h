/* SPDX-License-Identifier: ISC */
/*
 * gic-impl.h: the inside of the GIC, shared by gic*.c and their tests.
 *
 * Everything below runs with gic.lock held unless it says otherwise. A change takes three steps:
 *   1. a register write, a wire or a message changes bits of a struct gic_bank, a priority, a route;
 *   2. gic_refresh() brings the ready sets into line with those bits, for the INTIDs that changed;
 *   3. gic_unlock() recomputes the lines of the vCPUs that steps 1 and 2 marked, and signals those
 *      that changed.
 *
 * An interrupt is *ready* when it is enabled, pending, not active and has a vCPU to go to. Each vCPU
 * keeps its ready interrupts in bitmaps by group and priority, so that the most urgent one is found
 * with three count-trailing-zeros however many there are.
 */
#ifndef SOFTHV_GIC_IMPL_H
#define SOFTHV_GIC_IMPL_H

#include "gic.h"

#include <pthread.h>

#define GIC_INTIDS         1020
#define GIC_BANKS          32 /* of 32 INTIDs; bank 0 (SGIs and PPIs) is private to a vCPU */
#define GIC_GROUPS         2
#define GIC_LEVELS         32
#define GIC_PRIORITY_SHIFT 3 /* a priority is level << 3 */
#define GIC_PRIORITY_MASK  0xf8
#define GIC_PRIORITY_IDLE  0xff
#define GIC_SPURIOUS       1023
#define GIC_NOWHERE        0xff /* no vCPU */
#define GIC_SGI_MASK       UINT32_C(0xffff)
#define GIC_NO_AFFINITY    UINT32_C(0xffffffff)

#define GIC_IIDR           0x0000043bu /* GICD, GICR and MSI frame; the designer that PIDR1, 2 and 4 name */

#define GIC_BPR0_MIN       2 /* 32 levels of preemption; group 1 has one bit more (IHI 0069, 4.8) */
#define GIC_BPR1_MIN       3

/* 32 INTIDs, a bit each. */
struct gic_bank {
    uint32_t group; /* 1: group 1 */
    uint32_t enable;
    uint32_t latch; /* pending by an edge, an SGI, a message (edge) or a write to ISPENDR */
    uint32_t line;  /* what the wire was last set to */
    uint32_t held;  /* a message to a level-triggered SPI: pending until another clears it */
    uint32_t active;
    uint32_t edge;     /* 1: edge-triggered */
    uint32_t one_of_n; /* GICD_IROUTER.Interrupt_Routing_Mode */
};

/* Which ready set an interrupt is in, to take it out again whatever else has changed. */
struct gic_slot {
    uint8_t home;  /* vCPU, or GIC_NOWHERE */
    uint8_t place; /* group << 5 | level */
};

struct gic_ready {
    uint32_t levels;            /* bit n: banks[n] is not 0 */
    uint32_t banks[GIC_LEVELS]; /* bit n: bits[level][n] is not 0 */
    uint32_t bits[GIC_LEVELS][GIC_BANKS];
};

struct gic_vcpu {
    bool attached;
    bool irq, fiq; /* as last signalled */
    uint8_t index;
    uint32_t affinity; /* Aff3.Aff2.Aff1.Aff0 */

    /* The redistributor. */
    struct gic_bank bank;
    uint8_t priority[32];
    struct gic_slot slot[32];
    bool asleep; /* GICR_WAKER.ProcessorSleep and ChildrenAsleep */
    uint8_t dpg; /* bit n: takes no 1-of-N interrupts of group n (GICR_CTLR.DPG0, DPG1NS) */

    /* The CPU interface. */
    uint8_t pmr;
    uint8_t bpr[GIC_GROUPS];
    bool enabled[GIC_GROUPS]; /* ICC_IGRPENn_EL1 */
    bool common_bpr;          /* ICC_CTLR_EL1.CBPR */
    bool split_eoi;           /* ICC_CTLR_EL1.EOImode: EOIR only drops the priority */
    uint32_t
        apr[GIC_GROUPS]; /* ICC_APnR0_EL1: bit n, something of priority n << 3 is in progress */
    struct gic_ready ready[GIC_GROUPS];
};

struct gic {
    struct gic_config config;
    gic_signal_fn *signal;
    void *ctx;
    pthread_mutex_t lock;

    uint64_t dirty;     /* vCPUs whose lines must be looked at before the lock is released */
    unsigned next_turn; /* where the search for a 1-of-N vCPU begins */

    /* The distributor. */
    bool enabled[GIC_GROUPS];        /* GICD_CTLR.EnableGrpn */
    struct gic_bank bank[GIC_BANKS]; /* bank[0] stays empty */
    uint8_t priority[GIC_INTIDS];
    uint32_t route[GIC_INTIDS]; /* affinity in GICD_IROUTER */
    uint8_t target[GIC_INTIDS]; /* the vCPU that `route` means now, or GIC_NOWHERE */
    struct gic_slot slot[GIC_INTIDS];

    struct gic_vcpu vcpu[]; /* config.max_vcpus */
};

/* INTIDs that exist in a bank. */
static inline uint32_t gic_bank_mask(unsigned n)
{
    return n == GIC_BANKS - 1 ? UINT32_MAX >> (GIC_BANKS * 32 - GIC_INTIDS) : UINT32_MAX;
}

static inline uint32_t gic_bank_pending(const struct gic_bank *b)
{
    return b->latch | ((b->line | b->held) & ~b->edge);
}

/* The number of the lowest bit set in v, which is not 0. */
static inline unsigned gic_lowest(uint32_t v)
{
    return (unsigned)__builtin_ctz(v);
}

static inline bool gic_is_spi(uint32_t intid)
{
    return intid >= GIC_SPI_BASE && intid < GIC_INTIDS;
}

static inline bool gic_is_msi(const struct gic *g, uint32_t intid)
{
    return intid - g->config.msi_intid_base < g->config.msi_intid_count;
}

/* An attached vCPU, or NULL. */
static inline struct gic_vcpu *gic_get_vcpu(struct gic *g, unsigned vcpu)
{
    return vcpu < g->config.max_vcpus && g->vcpu[vcpu].attached ? &g->vcpu[vcpu] : NULL;
}

/* gic.c. gic_lock takes g->lock; gic_unlock signals what has changed, then releases it. */
void gic_lock(struct gic *g);
void gic_unlock(struct gic *g);
void gic_mark(struct gic *g, const struct gic_vcpu *v);
void gic_mark_all(struct gic *g);
void gic_empty_ready_sets(struct gic *g); /* registers are about to be replaced wholesale */

/*
 * gic-route.c: the ready sets, and which vCPU an interrupt goes to.
 * gic_refresh: the bits, priorities or routes of these INTIDs changed; v is the owner of bank 0 and
 * NULL for the others. gic_resolve: its GICD_IROUTER was written (refresh follows).
 */
void gic_refresh(struct gic *g, struct gic_vcpu *v, unsigned bank, uint32_t mask);
void gic_refresh_one_of_n(struct gic *g); /* who takes part in 1-of-N has changed */
void gic_refresh_all(struct gic *g);      /* anything may have changed, also routes and vCPUs */
void gic_resolve(struct gic *g, uint32_t intid);
bool gic_most_urgent(const struct gic *g, const struct gic_vcpu *v, uint32_t *intid,
                     unsigned *group, unsigned *priority);

/* gic-dist.c. Offsets are within the frame; sizes 1, 2, 4, 8; naturally aligned. */
void gic_dist_reset(struct gic *g);
uint64_t gic_dist_read(struct gic *g, unsigned offset, unsigned size);
void gic_dist_write(struct gic *g, unsigned offset, unsigned size, uint64_t value);
void gic_dist_message(struct gic *g, uint32_t intid, bool set); /* SETSPI and CLRSPI; any INTID */

/*
 * gic-irq.c: IGROUPR to ICFGR, which the distributor (v is NULL; banks 1-31) and a redistributor's
 * SGI frame (bank 0) have at the same offsets.
 */
uint64_t gic_irq_read(struct gic *g, struct gic_vcpu *v, unsigned offset, unsigned size);
void gic_irq_write(struct gic *g, struct gic_vcpu *v, unsigned offset, unsigned size,
                   uint64_t value);

/* gic-redist.c. Offsets are within the region of all redistributors. */
void gic_redist_reset(struct gic_vcpu *v);
uint64_t gic_redist_read(struct gic *g, unsigned offset, unsigned size);
void gic_redist_write(struct gic *g, unsigned offset, unsigned size, uint64_t value);

/* PIDR4 to CIDR3 (offsets 0xffd0 to 0xfffc) of a distributor or redistributor; part is PIDR0. */
uint32_t gic_id_read(unsigned offset, uint32_t part);

/* gic-cpuif.c */
void gic_cpuif_reset(struct gic_vcpu *v);
void gic_cpuif_lines(const struct gic *g, const struct gic_vcpu *v, bool *irq, bool *fiq);

#endif
