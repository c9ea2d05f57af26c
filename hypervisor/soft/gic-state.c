/* SPDX-License-Identifier: ISC */
/*
 * gic-state.c: saving and restoring the distributor and the redistributors.
 *
 * The blob, version 1; integers are little-endian, arrays in order of INTID:
 *   u32 magic, version, length of all; u64 distributor, redistributor, MSI frame; u32 first MSI, MSIs
 *   u32 group enables
 *   31 banks of SPIs:       u32 group, enable, latch, line, held, active, edge, one-of-N
 *   988 SPIs:               u8 priority, u32 affinity (Aff3.Aff2.Aff1.Aff0)
 *   u32 number of vCPUs; then for each, in ascending order of index:
 *       u32 index, asleep, dpg; u32 group, enable, latch, active, edge; 32 times u8 priority
 *
 * One function walks the format in both directions, so they cannot disagree. Loading decodes into a
 * struct image, judges that, and only then touches the GIC.
 */
#include "gic-impl.h"

#include <errno.h>

#define STATE_MAGIC       UINT32_C(0x33434947) /* "GIC3" */
#define STATE_VERSION     1

#define STATE_HEADER_SIZE (5u * 4 + 3u * 8)
#define STATE_DIST_SIZE   (4u + (GIC_BANKS - 1u) * 8 * 4 + GIC_SPI_COUNT * 5u + 4u)
#define STATE_VCPU_SIZE   (8u * 4 + 32u)

struct image_vcpu {
    uint32_t index;
    uint32_t asleep;
    uint32_t dpg;
    struct gic_bank bank;
    uint8_t priority[32];
};

struct image {
    uint32_t magic, version, length;
    uint64_t dist_base, redist_base, msi_base;
    uint32_t msi_intid_base, msi_intid_count;
    uint32_t groups;
    struct gic_bank bank[GIC_BANKS];
    uint8_t priority[GIC_INTIDS];
    uint32_t route[GIC_INTIDS];
    uint32_t vcpus;
    struct image_vcpu vcpu[GIC_MAX_VCPUS];
};

/* Exactly one of out and in is set. Past the end nothing is written and zeros are read. */
struct cursor {
    uint8_t *out;
    const uint8_t *in;
    size_t position, size;
    bool failed;
};

static void move(struct cursor *c, uint64_t *value, unsigned bytes)
{
    if (c->failed || c->size - c->position < bytes) {
        c->failed = true;
        *value = c->in != NULL ? 0 : *value;
        return;
    }
    if (c->out != NULL) {
        for (unsigned i = 0; i < bytes; i++) {
            c->out[c->position + i] = (uint8_t)(*value >> (8 * i));
        }
    } else {
        *value = 0;
        for (unsigned i = 0; i < bytes; i++) {
            *value |= (uint64_t)c->in[c->position + i] << (8 * i);
        }
    }
    c->position += bytes;
}

static void move8(struct cursor *c, uint8_t *value)
{
    uint64_t wide = *value;

    move(c, &wide, 1);
    *value = (uint8_t)wide;
}

static void move32(struct cursor *c, uint32_t *value)
{
    uint64_t wide = *value;

    move(c, &wide, 4);
    *value = (uint32_t)wide;
}

static void move64(struct cursor *c, uint64_t *value)
{
    move(c, value, 8);
}

static void move_vcpu(struct cursor *c, struct image_vcpu *v)
{
    move32(c, &v->index);
    move32(c, &v->asleep);
    move32(c, &v->dpg);
    move32(c, &v->bank.group);
    move32(c, &v->bank.enable);
    move32(c, &v->bank.latch);
    move32(c, &v->bank.active);
    move32(c, &v->bank.edge);
    for (unsigned n = 0; n < 32; n++) {
        move8(c, &v->priority[n]);
    }
}

static void move_image(struct cursor *c, struct image *m)
{
    move32(c, &m->magic);
    move32(c, &m->version);
    move32(c, &m->length);
    move64(c, &m->dist_base);
    move64(c, &m->redist_base);
    move64(c, &m->msi_base);
    move32(c, &m->msi_intid_base);
    move32(c, &m->msi_intid_count);
    move32(c, &m->groups);
    for (unsigned n = 1; n < GIC_BANKS; n++) {
        struct gic_bank *b = &m->bank[n];
        move32(c, &b->group);
        move32(c, &b->enable);
        move32(c, &b->latch);
        move32(c, &b->line);
        move32(c, &b->held);
        move32(c, &b->active);
        move32(c, &b->edge);
        move32(c, &b->one_of_n);
    }
    for (uint32_t intid = GIC_SPI_BASE; intid < GIC_INTIDS; intid++) {
        move8(c, &m->priority[intid]);
        move32(c, &m->route[intid]);
    }
    move32(c, &m->vcpus);
    if (m->vcpus > GIC_MAX_VCPUS) {
        c->failed = true;
        return;
    }
    for (unsigned i = 0; i < m->vcpus; i++) {
        move_vcpu(c, &m->vcpu[i]);
    }
}

static size_t blob_size(uint32_t vcpus)
{
    return STATE_HEADER_SIZE + STATE_DIST_SIZE + vcpus * (size_t)STATE_VCPU_SIZE;
}

static void take_image(const struct gic *g, struct image *m)
{
    m->magic = STATE_MAGIC;
    m->version = STATE_VERSION;
    m->dist_base = g->config.dist_base;
    m->redist_base = g->config.redist_base;
    m->msi_base = g->config.msi_base;
    m->msi_intid_base = g->config.msi_intid_base;
    m->msi_intid_count = g->config.msi_intid_count;
    m->groups = (g->enabled[0] ? 1u : 0) | (g->enabled[1] ? 2u : 0);
    for (unsigned n = 1; n < GIC_BANKS; n++) {
        m->bank[n] = g->bank[n];
    }
    for (uint32_t intid = GIC_SPI_BASE; intid < GIC_INTIDS; intid++) {
        m->priority[intid] = g->priority[intid];
        m->route[intid] = g->route[intid];
    }
    m->vcpus = 0;
    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        const struct gic_vcpu *v = &g->vcpu[i];
        struct image_vcpu *to = &m->vcpu[m->vcpus];
        if (!v->attached) {
            continue;
        }
        *to = (struct image_vcpu){.index = i, .asleep = v->asleep, .dpg = v->dpg, .bank = v->bank};
        for (unsigned n = 0; n < 32; n++) {
            to->priority[n] = v->priority[n];
        }
        m->vcpus++;
    }
    m->length = (uint32_t)blob_size(m->vcpus);
}

size_t gic_state_size(const struct gic *g)
{
    return blob_size(g->config.max_vcpus);
}

long gic_state_save(struct gic *g, uint8_t *data, size_t size)
{
    struct cursor c = {.out = data, .size = size};
    struct image m;

    gic_lock(g);
    take_image(g, &m);
    gic_unlock(g);
    move_image(&c, &m);
    return c.failed ? -ENOSPC : (long)c.position;
}

/* ---- Loading --------------------------------------------------------------------------------- */

static bool geometry_matches(const struct gic *g, const struct image *m)
{
    const struct gic_config *c = &g->config;

    return m->dist_base == c->dist_base && m->redist_base == c->redist_base &&
           m->msi_base == c->msi_base && m->msi_intid_base == c->msi_intid_base &&
           m->msi_intid_count == c->msi_intid_count;
}

static bool spis_are_sound(const struct gic *g, const struct image *m)
{
    for (unsigned n = 1; n < GIC_BANKS; n++) {
        const struct gic_bank *b = &m->bank[n];
        uint32_t any =
            b->group | b->enable | b->latch | b->line | b->held | b->active | b->edge | b->one_of_n;
        if ((any & ~gic_bank_mask(n)) != 0 || (b->held != 0 && g->config.msi_intid_count == 0)) {
            return false;
        }
    }
    for (uint32_t intid = GIC_SPI_BASE; intid < GIC_INTIDS; intid++) {
        bool line = (m->bank[intid / 32].line >> (intid % 32)) & 1;
        if ((m->priority[intid] & ~GIC_PRIORITY_MASK) != 0 || (line && gic_is_msi(g, intid))) {
            return false;
        }
    }
    return true;
}

static bool vcpus_are_sound(const struct gic *g, const struct image *m)
{
    unsigned next = 0;

    for (unsigned i = 0; i < g->config.max_vcpus; i++) {
        const struct image_vcpu *v = &m->vcpu[next];
        if (!g->vcpu[i].attached) {
            continue;
        }
        if (next == m->vcpus || v->index != i || v->asleep > 1 || v->dpg > 3 ||
            (v->bank.edge & GIC_SGI_MASK) != GIC_SGI_MASK) {
            return false;
        }
        for (unsigned n = 0; n < 32; n++) {
            if ((v->priority[n] & ~GIC_PRIORITY_MASK) != 0) {
                return false;
            }
        }
        next++;
    }
    return next == m->vcpus;
}

static void put_image(struct gic *g, const struct image *m)
{
    gic_empty_ready_sets(g);
    g->enabled[0] = (m->groups & 1) != 0;
    g->enabled[1] = (m->groups & 2) != 0;
    for (unsigned n = 1; n < GIC_BANKS; n++) {
        g->bank[n] = m->bank[n];
    }
    for (uint32_t intid = GIC_SPI_BASE; intid < GIC_INTIDS; intid++) {
        g->priority[intid] = m->priority[intid];
        g->route[intid] = m->route[intid];
    }
    for (unsigned i = 0; i < m->vcpus; i++) {
        const struct image_vcpu *from = &m->vcpu[i];
        struct gic_vcpu *v = &g->vcpu[from->index];
        uint32_t line = v->bank.line; /* whoever drives the PPI knows better */

        v->bank = from->bank;
        v->bank.line = line;
        v->asleep = from->asleep != 0;
        v->dpg = (uint8_t)from->dpg;
        for (unsigned n = 0; n < 32; n++) {
            v->priority[n] = from->priority[n];
        }
    }
    gic_refresh_all(g);
}

int gic_state_load(struct gic *g, const uint8_t *data, size_t size)
{
    struct cursor c = {.in = data, .size = size};
    struct image m = {0};
    int err = -EINVAL;

    move_image(&c, &m);
    if (c.failed || c.position != size || m.length != size || m.magic != STATE_MAGIC ||
        m.version != STATE_VERSION || m.groups > 3) {
        return -EINVAL;
    }
    gic_lock(g);
    if (geometry_matches(g, &m) && spis_are_sound(g, &m) && vcpus_are_sound(g, &m)) {
        put_image(g, &m);
        err = 0;
    }
    gic_unlock(g);
    return err;
}
