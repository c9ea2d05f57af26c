/* SPDX-License-Identifier: ISC */
/*
 * gic.c: the GIC as a whole: creation, the lock, wires and messages, the lines into the vCPUs, and
 * the way from an IPA to the frame that answers.
 */
#include "gic-impl.h"

#include <errno.h>
#include <stdlib.h>

struct region {
    uint64_t base, size;
};

static bool overlap(struct region a, struct region b)
{
    return a.base < b.base + b.size && b.base < a.base + a.size;
}

static bool config_is_sound(const struct gic_config *c)
{
    struct region regions[3];
    unsigned n = 2;

    if (c->max_vcpus < 1 || c->max_vcpus > GIC_MAX_VCPUS) {
        return false;
    }
    regions[0] = (struct region){c->dist_base, GIC_DIST_SIZE};
    regions[1] = (struct region){c->redist_base, (uint64_t)c->max_vcpus * GIC_REDIST_SIZE};
    if (c->msi_intid_count != 0) {
        if (c->msi_intid_base < GIC_SPI_BASE || c->msi_intid_base >= GIC_INTIDS ||
            c->msi_intid_count > GIC_INTIDS - c->msi_intid_base) {
            return false;
        }
        regions[n++] = (struct region){c->msi_base, GIC_MSI_SIZE};
    }
    for (unsigned i = 0; i < n; i++) {
        if (regions[i].base % GIC_ALIGNMENT != 0 ||
            regions[i].base > UINT64_MAX - regions[i].size) {
            return false;
        }
        for (unsigned j = 0; j < i; j++) {
            if (overlap(regions[i], regions[j])) {
                return false;
            }
        }
    }
    return true;
}

void gic_empty_ready_sets(struct gic *g)
{
    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        for (unsigned n = 0; n < 32; n++) {
            g->vcpu[i].slot[n].home = GIC_NOWHERE;
        }
        for (unsigned n = 0; n < GIC_GROUPS; n++) {
            if (g->vcpu[i].ready[n].levels != 0) { /* keeps unused vCPUs' pages untouched */
                g->vcpu[i].ready[n] = (struct gic_ready){0};
            }
        }
    }
    for (unsigned n = 0; n < GIC_INTIDS; n++) {
        g->slot[n].home = GIC_NOWHERE;
    }
}

static void reset_registers(struct gic *g)
{
    gic_empty_ready_sets(g);
    gic_dist_reset(g);
    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        uint32_t wires = g->vcpu[i].bank.line;
        gic_redist_reset(&g->vcpu[i]);
        g->vcpu[i].bank.line = wires;
    }
    gic_refresh_all(g);
}

struct gic *gic_new(const struct gic_config *config, gic_signal_fn *signal, void *ctx)
{
    struct gic *g;

    if (!config_is_sound(config)) {
        errno = EINVAL;
        return NULL;
    }
    g = calloc(1, sizeof(*g) + config->max_vcpus * sizeof(g->vcpu[0]));
    if (g == NULL) {
        return NULL;
    }
    g->config = *config;
    g->signal = signal;
    g->ctx = ctx;
    if (g->config.msi_intid_count == 0) {
        g->config.msi_base = 0;
        g->config.msi_intid_base = 0;
    }
    if (pthread_mutex_init(&g->lock, NULL) != 0) {
        free(g);
        errno = ENOMEM;
        return NULL;
    }
    for (unsigned i = 0; i < config->max_vcpus; i++) {
        g->vcpu[i].index = (uint8_t)i;
        gic_cpuif_reset(&g->vcpu[i]);
    }
    reset_registers(g);
    g->dirty = 0;
    return g;
}

void gic_free(struct gic *g)
{
    if (g != NULL) {
        pthread_mutex_destroy(&g->lock);
        free(g);
    }
}

const struct gic_config *gic_get_config(const struct gic *g)
{
    return &g->config;
}

/* ---- The lock and the lines ------------------------------------------------------------------ */

void gic_lock(struct gic *g)
{
    pthread_mutex_lock(&g->lock);
}

void gic_mark(struct gic *g, const struct gic_vcpu *v)
{
    g->dirty |= UINT64_C(1) << v->index;
}

void gic_mark_all(struct gic *g)
{
    g->dirty = UINT64_MAX >> (64 - g->config.max_vcpus);
}

static void update_lines(struct gic *g, struct gic_vcpu *v)
{
    bool irq, fiq;

    if (!v->attached) {
        return;
    }
    gic_cpuif_lines(g, v, &irq, &fiq);
    if (irq != v->irq || fiq != v->fiq) {
        v->irq = irq;
        v->fiq = fiq;
        g->signal(g->ctx, v->index, irq, fiq);
    }
}

void gic_unlock(struct gic *g)
{
    while (g->dirty != 0) {
        unsigned n = (unsigned)__builtin_ctzll(g->dirty);
        g->dirty &= g->dirty - 1;
        update_lines(g, &g->vcpu[n]);
    }
    pthread_mutex_unlock(&g->lock);
}

void gic_get_lines(struct gic *g, unsigned vcpu, bool *irq, bool *fiq)
{
    const struct gic_vcpu *v;

    gic_lock(g);
    v = gic_get_vcpu(g, vcpu);
    *irq = v != NULL && v->irq;
    *fiq = v != NULL && v->fiq;
    gic_unlock(g);
}

/* ---- vCPUs ----------------------------------------------------------------------------------- */

int gic_attach_vcpu(struct gic *g, unsigned vcpu, uint64_t mpidr)
{
    struct gic_vcpu *v;

    if (vcpu >= g->config.max_vcpus) {
        return -EINVAL;
    }
    gic_lock(g);
    v = &g->vcpu[vcpu];
    if (!v->attached) {
        v->attached = true;
        v->irq = false;
        v->fiq = false;
        gic_redist_reset(v);
        gic_cpuif_reset(v);
    }
    v->affinity = (uint32_t)(mpidr & 0xffffff) | (uint32_t)((mpidr >> 32) & 0xff) << 24;
    gic_refresh_all(g);
    gic_unlock(g);
    return 0;
}

void gic_detach_vcpu(struct gic *g, unsigned vcpu)
{
    struct gic_vcpu *v;

    gic_lock(g);
    v = gic_get_vcpu(g, vcpu);
    if (v != NULL) {
        v->attached = false;
        v->irq = false;
        v->fiq = false;
        gic_refresh_all(g);
    }
    gic_unlock(g);
}

void gic_reset(struct gic *g)
{
    gic_lock(g);
    reset_registers(g);
    gic_unlock(g);
}

/* ---- Inputs ---------------------------------------------------------------------------------- */

int gic_set_spi(struct gic *g, uint32_t intid, bool level)
{
    struct gic_bank *b;
    uint32_t bit;

    if (!gic_is_spi(intid) || gic_is_msi(g, intid)) {
        return -EINVAL;
    }
    b = &g->bank[intid / 32];
    bit = UINT32_C(1) << (intid % 32);
    gic_lock(g);
    b->line = level ? b->line | bit : b->line & ~bit;
    if (level && (b->edge & bit) != 0) {
        b->latch |= bit;
    }
    gic_refresh(g, NULL, intid / 32, bit);
    gic_unlock(g);
    return 0;
}

int gic_set_ppi(struct gic *g, unsigned vcpu, uint32_t intid, bool level)
{
    struct gic_vcpu *v;
    struct gic_bank *b;
    uint32_t bit;

    if (intid < 16 || intid >= GIC_SPI_BASE) {
        return -EINVAL;
    }
    bit = UINT32_C(1) << intid;
    gic_lock(g);
    v = gic_get_vcpu(g, vcpu);
    if (v != NULL) {
        b = &v->bank;
        if (level && (b->line & bit) == 0 && (b->edge & bit) != 0) {
            b->latch |= bit;
        }
        b->line = level ? b->line | bit : b->line & ~bit;
        gic_refresh(g, v, 0, bit);
    }
    gic_unlock(g);
    return v != NULL ? 0 : -EINVAL;
}

static bool in_region(uint64_t ipa, uint64_t base, uint64_t size)
{
    return ipa - base < size;
}

static bool in_msi_frame(const struct gic *g, uint64_t ipa)
{
    return g->config.msi_intid_count != 0 && in_region(ipa, g->config.msi_base, GIC_MSI_SIZE);
}

int gic_send_msi(struct gic *g, uint64_t ipa, uint32_t intid)
{
    if (!in_msi_frame(g, ipa) || ipa - g->config.msi_base != GIC_MSI_SET_SPI_NSR ||
        !gic_is_msi(g, intid)) {
        return -EINVAL;
    }
    gic_lock(g);
    gic_dist_message(g, intid, true);
    gic_unlock(g);
    return 0;
}

/* ---- Guest memory accesses ------------------------------------------------------------------- */

static uint64_t redist_region_size(const struct gic *g)
{
    return (uint64_t)g->config.max_vcpus * GIC_REDIST_SIZE;
}

bool gic_mmio_claims(const struct gic *g, uint64_t ipa)
{
    return in_region(ipa, g->config.dist_base, GIC_DIST_SIZE) ||
           in_region(ipa, g->config.redist_base, redist_region_size(g)) || in_msi_frame(g, ipa);
}

bool gic_mmio_overlaps(const struct gic *g, uint64_t ipa, uint64_t size)
{
    const struct gic_config *c = &g->config;
    struct region range = {ipa, size};

    return overlap(range, (struct region){c->dist_base, GIC_DIST_SIZE}) ||
           overlap(range, (struct region){c->redist_base, redist_region_size(g)}) ||
           (c->msi_intid_count != 0 && overlap(range, (struct region){c->msi_base, GIC_MSI_SIZE}));
}

static bool is_natural(uint64_t ipa, unsigned size)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && ipa % size == 0;
}

/* The MSI frame is a GICv2m frame in front of the distributor's SETSPI. */
static uint64_t msi_read(const struct gic *g, unsigned offset, unsigned size)
{
    if (size != 4) {
        return 0;
    }
    switch (offset) {
    case GIC_MSI_TYPER: return g->config.msi_intid_base << 16 | g->config.msi_intid_count;
    case GIC_MSI_IIDR: return GIC_IIDR;
    default: return 0;
    }
}

static void msi_write(struct gic *g, unsigned offset, unsigned size, uint64_t value)
{
    if (offset == GIC_MSI_SET_SPI_NSR && (size == 2 || size == 4) &&
        gic_is_msi(g, (uint32_t)value)) {
        gic_dist_message(g, (uint32_t)value, true);
    }
}

uint64_t gic_mmio_read(struct gic *g, uint64_t ipa, unsigned size)
{
    const struct gic_config *c = &g->config;
    uint64_t value = 0;

    if (!is_natural(ipa, size)) {
        return 0;
    }
    gic_lock(g);
    if (in_region(ipa, c->dist_base, GIC_DIST_SIZE)) {
        value = gic_dist_read(g, (unsigned)(ipa - c->dist_base), size);
    } else if (in_region(ipa, c->redist_base, redist_region_size(g))) {
        value = gic_redist_read(g, (unsigned)(ipa - c->redist_base), size);
    } else if (in_msi_frame(g, ipa)) {
        value = msi_read(g, (unsigned)(ipa - c->msi_base), size);
    }
    gic_unlock(g);
    return value;
}

void gic_mmio_write(struct gic *g, uint64_t ipa, unsigned size, uint64_t value)
{
    const struct gic_config *c = &g->config;

    if (!is_natural(ipa, size)) {
        return;
    }
    if (size < 8) {
        value &= (UINT64_C(1) << (8 * size)) - 1;
    }
    gic_lock(g);
    if (in_region(ipa, c->dist_base, GIC_DIST_SIZE)) {
        gic_dist_write(g, (unsigned)(ipa - c->dist_base), size, value);
    } else if (in_region(ipa, c->redist_base, redist_region_size(g))) {
        gic_redist_write(g, (unsigned)(ipa - c->redist_base), size, value);
    } else if (in_msi_frame(g, ipa)) {
        msi_write(g, (unsigned)(ipa - c->msi_base), size, value);
    }
    gic_unlock(g);
}
