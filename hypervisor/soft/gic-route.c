/* SPDX-License-Identifier: ISC */
/*
 * gic-route.c: which vCPU an interrupt goes to, and each vCPU's set of ready interrupts.
 *
 * Changes are found by comparing what should be with the slot that says what is, so a caller need
 * not know how a register used to look: it names the INTIDs it touched, and refreshing twice is
 * refreshing once.
 */
#include "gic-impl.h"

static void ready_insert(struct gic_vcpu *v, uint8_t place, uint32_t intid)
{
    struct gic_ready *r = &v->ready[place / GIC_LEVELS];
    unsigned level = place % GIC_LEVELS;
    unsigned bank = intid / 32;

    r->bits[level][bank] |= UINT32_C(1) << (intid % 32);
    r->banks[level] |= UINT32_C(1) << bank;
    r->levels |= UINT32_C(1) << level;
}

static void ready_remove(struct gic_vcpu *v, uint8_t place, uint32_t intid)
{
    struct gic_ready *r = &v->ready[place / GIC_LEVELS];
    unsigned level = place % GIC_LEVELS;
    unsigned bank = intid / 32;

    r->bits[level][bank] &= ~(UINT32_C(1) << (intid % 32));
    if (r->bits[level][bank] == 0) {
        r->banks[level] &= ~(UINT32_C(1) << bank);
    }
    if (r->banks[level] == 0) {
        r->levels &= ~(UINT32_C(1) << level);
    }
}

/* May a 1-of-N interrupt of this group be sent to v? (IHI 0069, 3.2) */
static bool takes_part(const struct gic_vcpu *v, unsigned group)
{
    return v->attached && !v->asleep && v->enabled[group] && ((v->dpg >> group) & 1) == 0;
}

static bool is_idle(const struct gic_vcpu *v)
{
    return !v->irq && !v->fiq && (v->apr[0] | v->apr[1]) == 0;
}

/*
 * A vCPU for a 1-of-N interrupt: where it is already, else the next one in turn that has nothing to
 * do, else the next one in turn.
 */
static uint8_t choose_one_of_n(struct gic *g, uint32_t intid, unsigned group)
{
    uint8_t home = g->slot[intid].home;
    unsigned n = g->config.max_vcpus;
    const struct gic_vcpu *found = NULL;

    if (home != GIC_NOWHERE && takes_part(&g->vcpu[home], group)) {
        return home;
    }
    for (unsigned i = 0; i < n; i++) {
        const struct gic_vcpu *v = &g->vcpu[(g->next_turn + i) % n];
        if (!takes_part(v, group)) {
            continue;
        }
        if (is_idle(v)) {
            found = v;
            break;
        }
        if (found == NULL) {
            found = v;
        }
    }
    if (found == NULL) {
        return GIC_NOWHERE;
    }
    g->next_turn = (found->index + 1u) % n;
    return found->index;
}

static uint8_t choose_home(struct gic *g, const struct gic_vcpu *v, uint32_t intid, unsigned group)
{
    if (v != NULL) {
        return v->attached ? v->index : GIC_NOWHERE;
    }
    if ((g->bank[intid / 32].one_of_n >> (intid % 32)) & 1) {
        return choose_one_of_n(g, intid, group);
    }
    return g->target[intid];
}

void gic_refresh(struct gic *g, struct gic_vcpu *v, unsigned bank, uint32_t mask)
{
    const struct gic_bank *b = v != NULL ? &v->bank : &g->bank[bank];
    uint32_t ready = b->enable & gic_bank_pending(b) & ~b->active;

    mask &= gic_bank_mask(bank);
    while (mask != 0) {
        unsigned n = gic_lowest(mask);
        uint32_t intid = bank * 32 + n;
        struct gic_slot *slot = v != NULL ? &v->slot[n] : &g->slot[intid];
        unsigned priority = v != NULL ? v->priority[n] : g->priority[intid];
        unsigned group = (b->group >> n) & 1;
        uint8_t home = GIC_NOWHERE;
        uint8_t place = (uint8_t)(group * GIC_LEVELS + (priority >> GIC_PRIORITY_SHIFT));

        mask &= mask - 1;
        if ((ready >> n) & 1) {
            home = choose_home(g, v, intid, group);
        }
        if (home == slot->home && (home == GIC_NOWHERE || place == slot->place)) {
            continue;
        }
        if (slot->home != GIC_NOWHERE) {
            ready_remove(&g->vcpu[slot->home], slot->place, intid);
            gic_mark(g, &g->vcpu[slot->home]);
        }
        if (home != GIC_NOWHERE) {
            ready_insert(&g->vcpu[home], place, intid);
            gic_mark(g, &g->vcpu[home]);
        }
        *slot = (struct gic_slot){home, place};
    }
}

void gic_refresh_one_of_n(struct gic *g)
{
    for (unsigned n = 1; n < GIC_BANKS; n++) {
        const struct gic_bank *b = &g->bank[n];
        gic_refresh(g, NULL, n, b->one_of_n & b->enable & gic_bank_pending(b));
    }
}

static uint8_t find_affinity(const struct gic *g, uint32_t affinity)
{
    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        if (g->vcpu[i].attached && g->vcpu[i].affinity == affinity) {
            return (uint8_t)i;
        }
    }
    return GIC_NOWHERE;
}

void gic_resolve(struct gic *g, uint32_t intid)
{
    g->target[intid] = find_affinity(g, g->route[intid]);
    gic_refresh(g, NULL, intid / 32, UINT32_C(1) << (intid % 32));
}

void gic_refresh_all(struct gic *g)
{
    for (uint32_t intid = GIC_SPI_BASE; intid < GIC_INTIDS; intid++) {
        gic_resolve(g, intid);
    }
    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        gic_refresh(g, &g->vcpu[i], 0, UINT32_MAX);
    }
    gic_mark_all(g);
}

bool gic_most_urgent(const struct gic *g, const struct gic_vcpu *v, uint32_t *intid,
                     unsigned *group, unsigned *priority)
{
    unsigned best = GIC_LEVELS;

    for (unsigned i = 0; i < GIC_GROUPS; i++) {
        const struct gic_ready *r = &v->ready[i];
        if (!g->enabled[i] || !v->enabled[i] || r->levels == 0) {
            continue;
        }
        unsigned level = gic_lowest(r->levels);
        if (level < best) {
            unsigned bank = gic_lowest(r->banks[level]);
            best = level;
            *intid = bank * 32 + gic_lowest(r->bits[level][bank]);
            *group = i;
            *priority = level << GIC_PRIORITY_SHIFT;
        }
    }
    return best < GIC_LEVELS;
}
