/* SPDX-License-Identifier: ISC */
/*
 * gic-dist.c: the distributor's own registers (IHI 0069, 12.9): control, identification, routing of
 * SPIs, and SPIs by message. What exists per interrupt is in gic-irq.c.
 */
#include "gic-impl.h"

#define GICD_CTLR       0x0000u
#define GICD_TYPER      0x0004u
#define GICD_IIDR       0x0008u
#define GICD_SETSPI_NSR 0x0040u
#define GICD_CLRSPI_NSR 0x0048u
#define GICD_IROUTER    0x6000u /* 8 bytes per INTID, of which 0-31 are reserved */
#define GICD_IDREGS     0xffd0u

#define CTLR_GROUP(n)   (UINT32_C(1) << (n))
#define CTLR_ARE        (UINT32_C(1) << 4)
#define CTLR_DS         (UINT32_C(1) << 6)

#define TYPER_LINES     ((uint32_t)GIC_BANKS - 1)
#define TYPER_MBIS      (UINT32_C(1) << 16)
#define TYPER_ID_BITS   (UINT32_C(9) << 19) /* ten: no LPIs */
#define TYPER_A3V       (UINT32_C(1) << 24)
#define TYPER_RSS       (UINT32_C(1) << 26) /* SGIs reach Aff0 up to 255 */

#define IROUTER_IRM     (UINT64_C(1) << 31)

#define DIST_PART       0x92u

/* Called with every slot empty. MSIs begin as edges, because nothing ever takes a message back. */
void gic_dist_reset(struct gic *g)
{
    for (unsigned i = 0; i < GIC_GROUPS; i++) {
        g->enabled[i] = false;
    }
    for (unsigned n = 0; n < GIC_BANKS; n++) {
        g->bank[n] = (struct gic_bank){0};
    }
    for (uint32_t intid = 0; intid < GIC_INTIDS; intid++) {
        g->priority[intid] = 0;
        g->route[intid] = 0;
        if (gic_is_msi(g, intid)) {
            g->bank[intid / 32].edge |= UINT32_C(1) << (intid % 32);
        }
    }
    g->next_turn = 0;
}

uint32_t gic_id_read(unsigned offset, uint32_t part)
{
    /* Component and peripheral identification; PIDR2 says GICv3. */
    static const uint8_t ids[12] = {0x44, 0x00, 0x00, 0x00, 0x00, 0xb4,
                                    0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    unsigned n = (offset - GICD_IDREGS) / 4;

    return n == 4 ? part : ids[n];
}

static uint32_t ctlr_read(const struct gic *g)
{
    uint32_t value = CTLR_ARE | CTLR_DS;

    for (unsigned i = 0; i < GIC_GROUPS; i++) {
        value |= g->enabled[i] ? CTLR_GROUP(i) : 0;
    }
    return value;
}

static uint32_t typer_read(const struct gic *g)
{
    return TYPER_LINES | TYPER_ID_BITS | TYPER_A3V | TYPER_RSS |
           (g->config.msi_intid_count != 0 ? TYPER_MBIS : 0);
}

static uint64_t router_read(const struct gic *g, uint32_t intid)
{
    uint64_t affinity = g->route[intid];
    bool any = (g->bank[intid / 32].one_of_n >> (intid % 32)) & 1;

    return (affinity & 0xffffff) | (affinity >> 24) << 32 | (any ? IROUTER_IRM : 0);
}

static void router_write(struct gic *g, uint32_t intid, uint64_t value)
{
    struct gic_bank *b = &g->bank[intid / 32];
    uint32_t bit = UINT32_C(1) << (intid % 32);

    g->route[intid] = (uint32_t)(value & 0xffffff) | (uint32_t)((value >> 32) & 0xff) << 24;
    b->one_of_n = (value & IROUTER_IRM) != 0 ? b->one_of_n | bit : b->one_of_n & ~bit;
    gic_resolve(g, intid);
}

/* GICD_IROUTER is 64 bits wide and may be reached in halves. */
static uint32_t router_intid(unsigned offset, unsigned size)
{
    uint32_t intid = (offset - GICD_IROUTER) / 8;

    return (size == 4 || size == 8) && gic_is_spi(intid) ? intid : GIC_SPURIOUS;
}

void gic_dist_message(struct gic *g, uint32_t intid, bool set)
{
    struct gic_bank *b;
    uint32_t bit;

    if (!gic_is_spi(intid)) {
        return;
    }
    b = &g->bank[intid / 32];
    bit = UINT32_C(1) << (intid % 32);
    if ((b->edge & bit) != 0) {
        b->latch = set ? b->latch | bit : b->latch & ~bit;
    } else {
        b->held = set ? b->held | bit : b->held & ~bit;
    }
    gic_refresh(g, NULL, intid / 32, bit);
}

uint64_t gic_dist_read(struct gic *g, unsigned offset, unsigned size)
{
    if (offset >= GICD_IDREGS) {
        return size == 4 ? gic_id_read(offset, DIST_PART) : 0;
    }
    if (offset >= GICD_IROUTER) {
        uint32_t intid = router_intid(offset, size);
        if (intid == GIC_SPURIOUS) {
            return 0;
        }
        uint64_t value = router_read(g, intid);
        return size == 8 ? value : offset % 8 == 0 ? (uint32_t)value : value >> 32;
    }
    if (size == 4) {
        switch (offset) {
        case GICD_CTLR: return ctlr_read(g);
        case GICD_TYPER: return typer_read(g);
        case GICD_IIDR: return GIC_IIDR;
        default: break;
        }
    }
    return gic_irq_read(g, NULL, offset, size);
}

/* SETSPI and CLRSPI also take 16-bit writes, as a message may be that narrow. */
static void message_write(struct gic *g, unsigned size, uint64_t value, bool set)
{
    if (g->config.msi_intid_count != 0 && (size == 2 || size == 4)) {
        gic_dist_message(g, (uint32_t)value & 0x1fff, set);
    }
}

void gic_dist_write(struct gic *g, unsigned offset, unsigned size, uint64_t value)
{
    if (offset >= GICD_IROUTER) {
        uint32_t intid = router_intid(offset, size);
        if (intid == GIC_SPURIOUS) {
            return;
        }
        if (size == 4) {
            uint64_t old = router_read(g, intid);
            value = offset % 8 == 0 ? (old & ~UINT64_C(0xffffffff)) | (uint32_t)value
                                    : (uint32_t)old | value << 32;
        }
        router_write(g, intid, value);
        return;
    }
    switch (offset) {
    case GICD_CTLR:
        if (size == 4) {
            for (unsigned i = 0; i < GIC_GROUPS; i++) {
                g->enabled[i] = (value & CTLR_GROUP(i)) != 0;
            }
            gic_mark_all(g);
        }
        break;
    case GICD_SETSPI_NSR: message_write(g, size, value, true); break;
    case GICD_CLRSPI_NSR: message_write(g, size, value, false); break;
    default: gic_irq_write(g, NULL, offset, size, value); break;
    }
}
