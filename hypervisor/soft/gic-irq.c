/* SPDX-License-Identifier: ISC */
/*
 * gic-irq.c: the registers that exist once per interrupt: group, enable, pending, active, priority
 * and configuration (IHI 0069, 12.9 and 12.11).
 *
 * The distributor has them for SPIs and a redistributor for its own SGIs and PPIs, at the same
 * offsets. With affinity routing the distributor's part for INTIDs 0-31 reads as zero.
 */
#include "gic-impl.h"

#define IRQ_BITS_FIRST 0x080u /* IGROUPR; then a register per bit array every 0x80 */
#define IRQ_BITS_END   0x400u
#define IRQ_PRIORITY   0x400u
#define IRQ_CONFIG     0xc00u
#define IRQ_CONFIG_END 0xd00u

/* offset >> 7 of the bit arrays. */
enum {
    IRQ_IGROUPR = 1,
    IRQ_ISENABLER = 2,
    IRQ_ICENABLER = 3,
    IRQ_ISPENDR = 4,
    IRQ_ICPENDR = 5,
    IRQ_ISACTIVER = 6,
    IRQ_ICACTIVER = 7,
};

/* NULL: this frame has no such bank. */
static struct gic_bank *find_bank(struct gic *g, struct gic_vcpu *v, unsigned n)
{
    if (v != NULL) {
        return n == 0 ? &v->bank : NULL;
    }
    return n >= 1 && n < GIC_BANKS ? &g->bank[n] : NULL;
}

static uint8_t *find_priority(struct gic *g, struct gic_vcpu *v, uint32_t intid)
{
    if (v != NULL) {
        return intid < 32 ? &v->priority[intid] : NULL;
    }
    return gic_is_spi(intid) ? &g->priority[intid] : NULL;
}

static uint32_t bits_read(const struct gic_bank *b, unsigned array)
{
    switch (array) {
    case IRQ_IGROUPR: return b->group;
    case IRQ_ISENABLER:
    case IRQ_ICENABLER: return b->enable;
    case IRQ_ISPENDR:
    case IRQ_ICPENDR: return gic_bank_pending(b);
    case IRQ_ISACTIVER:
    case IRQ_ICACTIVER: return b->active;
    default: return 0;
    }
}

/* Returns the bits that may have changed something. */
static uint32_t bits_write(struct gic_bank *b, unsigned array, uint32_t value)
{
    uint32_t changed = value;

    switch (array) {
    case IRQ_IGROUPR:
        changed = b->group ^ value;
        b->group = value;
        break;
    case IRQ_ISENABLER: b->enable |= value; break;
    case IRQ_ICENABLER: b->enable &= ~value; break;
    case IRQ_ISPENDR: b->latch |= value; break;
    case IRQ_ICPENDR: b->latch &= ~value; break; /* a level stays pending while its wire is high */
    case IRQ_ISACTIVER: b->active |= value; break;
    case IRQ_ICACTIVER: b->active &= ~value; break;
    default: changed = 0; break;
    }
    return changed;
}

/* ICFGR: two bits for each of 16 interrupts, of which the upper one says edge. */
static uint32_t config_read(const struct gic_bank *b, unsigned half)
{
    uint32_t edge = b->edge >> (16 * half);
    uint32_t value = 0;

    for (unsigned i = 0; i < 16; i++) {
        value |= ((edge >> i) & 1) << (2 * i + 1);
    }
    return value;
}

static uint32_t config_write(struct gic_bank *b, unsigned half, uint32_t value, uint32_t exists)
{
    uint32_t edge = b->edge & ~(GIC_SGI_MASK << (16 * half));
    uint32_t changed;

    for (unsigned i = 0; i < 16; i++) {
        edge |= ((value >> (2 * i + 1)) & 1) << (16 * half + i);
    }
    edge &= exists;
    changed = edge ^ b->edge;
    b->edge = edge;
    return changed;
}

static uint64_t priority_read(struct gic *g, struct gic_vcpu *v, uint32_t intid, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        const uint8_t *p = find_priority(g, v, intid + i);
        if (p != NULL) {
            value |= (uint64_t)*p << (8 * i);
        }
    }
    return value;
}

static void priority_write(struct gic *g, struct gic_vcpu *v, uint32_t intid, unsigned size,
                           uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t *p = find_priority(g, v, intid + i);
        if (p != NULL) {
            *p = (uint8_t)(value >> (8 * i)) & GIC_PRIORITY_MASK;
            gic_refresh(g, v, (intid + i) / 32, UINT32_C(1) << ((intid + i) % 32));
        }
    }
}

uint64_t gic_irq_read(struct gic *g, struct gic_vcpu *v, unsigned offset, unsigned size)
{
    const struct gic_bank *b;

    if (offset >= IRQ_PRIORITY && offset < IRQ_PRIORITY + GIC_INTIDS) {
        return size == 1 || size == 4 ? priority_read(g, v, offset - IRQ_PRIORITY, size) : 0;
    }
    if (size != 4) {
        return 0;
    }
    if (offset >= IRQ_BITS_FIRST && offset < IRQ_BITS_END) {
        b = find_bank(g, v, offset % 0x80 / 4);
        return b != NULL ? bits_read(b, offset / 0x80) : 0;
    }
    if (offset >= IRQ_CONFIG && offset < IRQ_CONFIG_END) {
        b = find_bank(g, v, (offset - IRQ_CONFIG) / 8);
        return b != NULL ? config_read(b, offset / 4 % 2) : 0;
    }
    return 0;
}

void gic_irq_write(struct gic *g, struct gic_vcpu *v, unsigned offset, unsigned size,
                   uint64_t value)
{
    struct gic_bank *b;
    unsigned n;

    if (offset >= IRQ_PRIORITY && offset < IRQ_PRIORITY + GIC_INTIDS) {
        if (size == 1 || size == 4) {
            priority_write(g, v, offset - IRQ_PRIORITY, size, value);
        }
        return;
    }
    if (size != 4) {
        return;
    }
    if (offset >= IRQ_BITS_FIRST && offset < IRQ_BITS_END) {
        n = offset % 0x80 / 4;
        b = find_bank(g, v, n);
        if (b != NULL) {
            gic_refresh(g, v, n, bits_write(b, offset / 0x80, (uint32_t)value & gic_bank_mask(n)));
        }
        return;
    }
    if (offset >= IRQ_CONFIG && offset < IRQ_CONFIG_END) {
        n = (offset - IRQ_CONFIG) / 8;
        b = find_bank(g, v, n);
        if (b != NULL && !(n == 0 && offset / 4 % 2 == 0)) { /* SGIs are edge-triggered for good */
            gic_refresh(g, v, n,
                        config_write(b, offset / 4 % 2, (uint32_t)value, gic_bank_mask(n)));
        }
    }
}
