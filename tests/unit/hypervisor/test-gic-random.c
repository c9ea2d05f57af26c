/* SPDX-License-Identifier: ISC */
/*
 * test-gic-random.c: properties that hold whatever is done to the GIC.
 *
 * After each of many random operations a slow model works out, from nothing but the registers, which
 * interrupt each vCPU should be told about, and compares lines and acknowledgements. Only the place
 * of a 1-of-N interrupt is looked up inside the GIC, and checked to be a place it may be in.
 * Then accesses of all kinds to all addresses, and threads that do everything at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "gic-fixture.h"
#include "gic-impl.h"

#define VCPUS    4
#define SPURIOUS 1023

/* ---- The model ------------------------------------------------------------------------------- */

/* What the registers say, read once per check. */
struct view {
    uint32_t groups;
    uint32_t ready[VCPUS + 1][GIC_BANKS]; /* enabled, pending, not active; [VCPUS]: SPIs */
    uint32_t group[VCPUS + 1][GIC_BANKS];
};

/* What one vCPU should be told. */
struct verdict {
    bool irq, fiq;
    unsigned priority; /* of the most urgent interrupt of an enabled group; 256: none */
    unsigned group;
};

static uint64_t frame_of(unsigned cpu)
{
    return cpu == VCPUS ? DIST : REDIST + (uint64_t)cpu * GIC_REDIST_SIZE + GICR_SGI;
}

static void look(struct fixture *f, struct view *w)
{
    w->groups = dist_read(f, GICD_CTLR) & 3;
    for (unsigned cpu = 0; cpu <= VCPUS; cpu++) {
        for (unsigned n = cpu == VCPUS ? 1 : 0; n < (cpu == VCPUS ? GIC_BANKS : 1u); n++) {
            uint64_t base = frame_of(cpu) + 4 * n;
            w->ready[cpu][n] = (uint32_t)(gic_mmio_read(f->g, base + ISENABLER, 4) &
                                          gic_mmio_read(f->g, base + ICPENDR, 4) &
                                          ~gic_mmio_read(f->g, base + ISACTIVER, 4));
            w->group[cpu][n] = (uint32_t)gic_mmio_read(f->g, base + IGROUPR, 4);
        }
    }
}

static uint32_t affinity_of(struct fixture *f, unsigned cpu)
{
    return redist_read(f, cpu, GICR_TYPER + 4);
}

static bool takes_part(struct fixture *f, unsigned cpu, unsigned group)
{
    return f->g->vcpu[cpu].attached && redist_read(f, cpu, GICR_WAKER) == 0 &&
           icc_read(f, cpu, group == 1 ? GIC_ICC_IGRPEN1 : GIC_ICC_IGRPEN0) == 1 &&
           (redist_read(f, cpu, GICR_CTLR) >> (24 + group) & 1) == 0;
}

/* Does this ready SPI go to cpu? */
static bool goes_to(struct fixture *f, unsigned cpu, uint32_t intid, unsigned group)
{
    uint64_t router = gic_mmio_read(f->g, DIST + GICD_IROUTER + 8 * intid, 8);
    uint32_t affinity = (uint32_t)(router & 0xffffff) | (uint32_t)(router >> 32) << 24;
    uint8_t home = f->g->slot[intid].home;

    if ((router & IRM) == 0) {
        for (unsigned i = 0; i < cpu; i++) {
            if (f->g->vcpu[i].attached && affinity_of(f, i) == affinity) {
                return false; /* the lower of two takes it */
            }
        }
        return affinity_of(f, cpu) == affinity;
    }
    if (home == GIC_NOWHERE) {
        assert_false(takes_part(f, cpu, group));
        return false;
    }
    assert_true(home < VCPUS && takes_part(f, home, group));
    return home == cpu;
}

static unsigned model_mask(struct fixture *f, unsigned cpu, unsigned group)
{
    bool common = icc_read(f, cpu, GIC_ICC_CTLR) & 1;
    unsigned bpr0 = (unsigned)icc_read(f, cpu, GIC_ICC_BPR0);
    unsigned bpr1 = (unsigned)icc_read(f, cpu, GIC_ICC_BPR1);
    unsigned cut = group == 1 && !common ? bpr1 : bpr0 + 1; /* low bits that do not count */

    return 0xff - (unsigned)((1u << cut) - 1);
}

static struct verdict judge(struct fixture *f, const struct view *w, unsigned cpu)
{
    struct verdict v = {.priority = 256};
    unsigned running = (unsigned)icc_read(f, cpu, GIC_ICC_RPR);
    uint32_t enabled = (uint32_t)icc_read(f, cpu, GIC_ICC_IGRPEN0) |
                       (uint32_t)icc_read(f, cpu, GIC_ICC_IGRPEN1) << 1;

    for (unsigned n = 0; n < GIC_BANKS; n++) {
        unsigned from = n == 0 ? cpu : VCPUS;
        for (uint32_t rest = w->ready[from][n]; rest != 0; rest &= rest - 1) {
            uint32_t intid = n * 32 + gic_lowest(rest);
            unsigned group = w->group[from][n] >> (intid % 32) & 1;
            unsigned priority =
                (unsigned)gic_mmio_read(f->g, frame_of(from) + IPRIORITYR + intid, 1);
            if ((enabled & w->groups & 1u << group) == 0 ||
                (n != 0 && !goes_to(f, cpu, intid, group))) {
                continue;
            }
            if (priority < v.priority || (priority == v.priority && group < v.group)) {
                v.priority = priority;
                v.group = group;
            }
        }
    }
    if (v.priority < icc_read(f, cpu, GIC_ICC_PMR)) {
        unsigned mask = model_mask(f, cpu, v.group);
        bool signalled = running == 0xff || (v.priority & mask) < (running & mask);
        v.irq = signalled && v.group == 1;
        v.fiq = signalled && v.group == 0;
    }
    return v;
}

static void check(struct fixture *f)
{
    struct view w;

    memset(&w, 0, sizeof(w));
    look(f, &w);
    for (unsigned cpu = 0; cpu < VCPUS; cpu++) {
        if (f->g->vcpu[cpu].attached) {
            struct verdict v = judge(f, &w, cpu);
            assert_lines(f, cpu, v.irq, v.fiq);
        }
    }
}

/* ---- Random operations ----------------------------------------------------------------------- */

struct run {
    struct fixture f;
    uint64_t seed;
    bool one_of_n;
    uint32_t taken[VCPUS][64]; /* acknowledged and not ended, oldest first */
    unsigned depth[VCPUS];
};

static uint32_t pick(struct run *r, uint32_t n)
{
    return fixture_random(&r->seed) % n;
}

/* A few INTIDs at the edges of banks, so that operations meet. */
static uint32_t pick_spi(struct run *r)
{
    static const uint32_t few[] = {32, 33, 63, 64, 500, 991, 992, 1018, 1019};

    return pick(r, 8) == 0 ? 32 + pick(r, 988) : few[pick(r, sizeof(few) / sizeof(few[0]))];
}

static uint32_t pick_intid(struct run *r)
{
    return pick(r, 2) == 0 ? pick(r, 32) : pick_spi(r);
}

static void acknowledge(struct run *r, unsigned cpu)
{
    unsigned group = pick(r, 8) == 0 ? 0 : 1;
    struct view w;
    struct verdict v;
    uint64_t intid;

    if (r->f.irq[cpu] || r->f.fiq[cpu]) {
        group = r->f.irq[cpu] ? 1 : 0;
    }
    memset(&w, 0, sizeof(w));
    look(&r->f, &w);
    v = judge(&r->f, &w, cpu);
    intid = icc_read(&r->f, cpu, group == 1 ? GIC_ICC_IAR1 : GIC_ICC_IAR0);
    if (!(group == 1 ? v.irq : v.fiq)) {
        assert_int_equal(intid, SPURIOUS);
        return;
    }
    /* One of the most urgent, and it was ready. */
    unsigned from = intid < 32 ? cpu : VCPUS;
    assert_true(intid < 1020);
    assert_true(w.ready[from][intid / 32] >> (intid % 32) & 1);
    assert_int_equal(gic_mmio_read(r->f.g, frame_of(from) + IPRIORITYR + intid, 1), v.priority);
    assert_true(bit_read(&r->f, cpu, ISACTIVER, (uint32_t)intid));
    assert_true(icc_read(&r->f, cpu, GIC_ICC_RPR) <= v.priority);
    if (r->depth[cpu] < 64) {
        r->taken[cpu][r->depth[cpu]++] = (uint32_t)intid | group << 16;
    }
}

static void end(struct run *r, unsigned cpu)
{
    if (r->depth[cpu] == 0 || pick(r, 20) == 0) {
        icc_write(&r->f, cpu, pick(r, 2) == 0 ? GIC_ICC_EOIR0 : GIC_ICC_EOIR1, pick(r, 1100));
        return;
    }
    uint32_t taken = r->taken[cpu][--r->depth[cpu]];
    icc_write(&r->f, cpu, taken >> 16 == 1 ? GIC_ICC_EOIR1 : GIC_ICC_EOIR0, taken & 0xffff);
    if (pick(r, 4) != 0) {
        icc_write(&r->f, cpu, GIC_ICC_DIR, taken & 0xffff);
    }
}

static void poke_bit(struct run *r, unsigned cpu)
{
    static const unsigned arrays[] = {ISENABLER, ISENABLER, ISENABLER, ICENABLER, ISPENDR,
                                      ICPENDR,   ISACTIVER, ICACTIVER, ICACTIVER};
    unsigned array = arrays[pick(r, sizeof(arrays) / sizeof(arrays[0]))];
    uint32_t intid = pick_intid(r);
    uint64_t base = frame_of(intid < 32 ? cpu : VCPUS);

    if (pick(r, 16) == 0) {
        gic_mmio_write(r->f.g, base + array + intid / 32 * 4, 4, fixture_random(&r->seed));
    } else {
        bit_write(&r->f, cpu, array, intid);
    }
}

static void configure(struct run *r, unsigned cpu)
{
    uint32_t intid = pick_intid(r);
    uint64_t base = frame_of(intid < 32 ? cpu : VCPUS);
    uint32_t value = fixture_random(&r->seed);

    switch (pick(r, 4)) {
    case 0: gic_mmio_write(r->f.g, base + IPRIORITYR + intid, 1, value); break;
    case 1: gic_mmio_write(r->f.g, base + IGROUPR + intid / 32 * 4, 4, value); break;
    case 2: gic_mmio_write(r->f.g, base + ICFGR + intid / 16 * 4, 4, value); break;
    default:
        gic_mmio_write(r->f.g, DIST + GICD_IROUTER + 8 * (intid | 32), 8,
                       (value % (VCPUS + 1)) | (r->one_of_n && (value & 256) != 0 ? IRM : 0));
        break;
    }
}

static void set_cpu_interface(struct run *r, unsigned cpu)
{
    uint32_t value = fixture_random(&r->seed);

    switch (pick(r, 12)) {
    case 0:
    case 1: icc_write(&r->f, cpu, GIC_ICC_PMR, value); break;
    case 2: icc_write(&r->f, cpu, GIC_ICC_BPR0, value); break;
    case 3: icc_write(&r->f, cpu, GIC_ICC_BPR1, value); break;
    case 4: icc_write(&r->f, cpu, GIC_ICC_CTLR, value); break;
    case 5: icc_write(&r->f, cpu, GIC_ICC_IGRPEN0, value % 4 != 0); break;
    case 6: icc_write(&r->f, cpu, GIC_ICC_IGRPEN1, value % 4 != 0); break;
    case 7:
        icc_write(&r->f, cpu, value & 1 ? GIC_ICC_AP0R0 : GIC_ICC_AP1R0, value & value >> 7);
        break;
    case 8: /* as an operating system does after an accident */
        icc_write(&r->f, cpu, GIC_ICC_AP0R0, 0);
        icc_write(&r->f, cpu, GIC_ICC_AP1R0, 0);
        break;
    case 9: icc_write(&r->f, cpu, GIC_ICC_PMR, 0xf8); break;
    case 10: redist_write(&r->f, cpu, GICR_WAKER, value & 2); break;
    default: redist_write(&r->f, cpu, GICR_CTLR, value & value >> 9); break;
    }
}

static void rare(struct run *r, unsigned cpu)
{
    switch (pick(r, 6)) {
    case 0: dist_write(&r->f, GICD_CTLR, pick(r, 4)); break;
    case 1:
        gic_detach_vcpu(r->f.g, cpu);
        r->f.irq[cpu] = r->f.fiq[cpu] = false;
        assert_int_equal(gic_attach_vcpu(r->f.g, cpu, cpu), 0);
        fixture_enable_cpu(&r->f, cpu);
        break;
    case 2: assert_int_equal(gic_attach_vcpu(r->f.g, cpu, pick(r, VCPUS)), 0); break;
    case 3: assert_int_equal(gic_attach_vcpu(r->f.g, cpu, cpu), 0); break;
    case 4:
        if (pick(r, 8) == 0) {
            gic_reset(r->f.g);
        }
        break;
    default: dist_write(&r->f, GICD_CTLR, 3); break;
    }
}

static void step(struct run *r)
{
    unsigned cpu = pick(r, VCPUS);

    switch (pick(r, 20)) {
    case 0:
    case 1:
    case 2:
    case 3: acknowledge(r, cpu); break;
    case 4:
    case 5:
    case 6: end(r, cpu); break;
    case 7:
    case 8:
    case 9: (void)gic_set_spi(r->f.g, pick_spi(r), pick(r, 2) != 0); break;
    case 10: (void)gic_set_ppi(r->f.g, cpu, 16 + pick(r, 16), pick(r, 2) != 0); break;
    case 11:
        icc_write(&r->f, cpu, pick(r, 4) == 0 ? GIC_ICC_SGI0R : GIC_ICC_SGI1R,
                  pick(r, 1 << VCPUS) | (uint64_t)pick(r, 16) << 24 |
                      (uint64_t)(pick(r, 4) == 0) << 40);
        break;
    case 12:
        gic_mmio_write(r->f.g, DIST + (pick(r, 2) != 0 ? GICD_SETSPI_NSR : GICD_CLRSPI_NSR), 4,
                       pick_intid(r));
        break;
    case 13: (void)gic_send_msi(r->f.g, MSI + GIC_MSI_SET_SPI_NSR, MSI_FIRST + pick(r, 41)); break;
    case 14:
    case 15: poke_bit(r, cpu); break;
    case 16:
    case 17: configure(r, cpu); break;
    case 18: set_cpu_interface(r, cpu); break;
    default:
        if (pick(r, 4) == 0) {
            rare(r, cpu);
        }
        break;
    }
}

static void random_run(uint64_t seed, bool one_of_n, unsigned steps)
{
    static struct run r;

    memset(&r, 0, sizeof(r));
    r.seed = seed;
    r.one_of_n = one_of_n;
    fixture_open(&r.f, VCPUS, true);
    fixture_enable_all(&r.f, VCPUS);
    for (unsigned cpu = 0; cpu < VCPUS; cpu++) {
        redist_write(&r.f, cpu, GICR_SGI + ISENABLER, fixture_random(&r.seed));
        redist_write(&r.f, cpu, GICR_SGI + IGROUPR, fixture_random(&r.seed));
    }
    for (unsigned i = 0; i < steps; i++) {
        step(&r);
        check(&r.f);
    }
    fixture_close(&r.f);
}

static void test_lines_follow_registers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        random_run(seed, false, 1500);
    }
}

static void test_lines_follow_registers_with_one_of_n(void **state)
{
    (void)state;
    for (uint64_t seed = 101; seed <= 110; seed++) {
        random_run(seed, true, 1500);
    }
}

/* ---- Accesses of all kinds ------------------------------------------------------------------- */

static uint64_t random_address(uint64_t *seed)
{
    static const struct {
        uint64_t base;
        uint32_t size;
    } regions[] = {
        {DIST, GIC_DIST_SIZE},
        {REDIST, VCPUS * GIC_REDIST_SIZE},
        {REDIST, GIC_REDIST_REGION_SIZE},
        {MSI, GIC_MSI_SIZE},
        {DIST, 0xd00},
        {DIST + 0x6000, 0x2000},
        {REDIST + 0x10000, 0xd00},
        {REDIST, 0x100},
    };
    uint32_t r = fixture_random(seed);
    unsigned n = r % (sizeof(regions) / sizeof(regions[0]));

    if (r >> 28 == 0) {
        return (uint64_t)fixture_random(seed) << 32 | fixture_random(seed);
    }
    return regions[n].base + fixture_random(seed) % regions[n].size;
}

static void test_any_access(void **state)
{
    struct fixture f;
    uint64_t seed = 99;

    (void)state;
    fixture_open(&f, VCPUS, true);
    fixture_enable_all(&f, VCPUS);
    for (unsigned i = 0; i < 400000; i++) {
        uint64_t ipa = random_address(&seed);
        uint64_t value = (uint64_t)fixture_random(&seed) << 32 | fixture_random(&seed);
        uint32_t r = fixture_random(&seed);
        unsigned size = 1u << (r >> 8) % 4;

        if ((r >> 16 & 63) == 0) {
            size = r >> 24;
        } else if ((r >> 16 & 3) != 0) {
            ipa -= ipa % size;
        }
        if (r & 1) {
            gic_mmio_write(f.g, ipa, size, value);
        } else {
            uint64_t got = gic_mmio_read(f.g, ipa, size);
            assert_true(size >= 8 || got >> (8 * size) == 0);
            assert_true(gic_mmio_claims(f.g, ipa) || got == 0);
        }
        if ((r >> 20 & 7) == 0) {
            unsigned reg = 0xc600 | (value & 0x7f);
            (void)gic_icc_write(f.g, (r >> 1) % (VCPUS + 1), reg, value >> 8);
            (void)gic_icc_read(f.g, (r >> 1) % (VCPUS + 1), reg, &value);
        }
        if (i % 4096 == 0) {
            check(&f);
        }
    }
    check(&f);
    fixture_close(&f);
}

/* ---- Everything at once ---------------------------------------------------------------------- */

#define DEVICES 2
#define ROUNDS  3000

struct crowd {
    struct gic *g;
    atomic_bool irq[VCPUS];
    atomic_uint raised[DEVICES];  /* times a device has raised its level */
    atomic_uint handled[DEVICES]; /* times a vCPU has served it */
    atomic_uint edges;            /* interrupts seen from the edge-triggered device */
    atomic_uint token;            /* hops of an SGI that goes round */
    atomic_uint done;             /* devices that have finished */
    atomic_bool stop;
};

struct member {
    struct crowd *c;
    unsigned index;
};

static void crowd_signal(void *ctx, unsigned vcpu, bool irq, bool fiq)
{
    struct crowd *c = ctx;

    (void)fiq;
    atomic_store(&c->irq[vcpu], irq);
}

#define DEVICE_INTID(n) (40 + (n))
#define EDGE_INTID      50

static void serve(struct crowd *c, unsigned cpu, uint32_t intid)
{
    if (intid >= DEVICE_INTID(0) && intid < DEVICE_INTID(DEVICES)) {
        (void)gic_set_spi(c->g, intid, false);
        atomic_fetch_add(&c->handled[intid - DEVICE_INTID(0)], 1);
    } else if (intid == EDGE_INTID) {
        atomic_fetch_add(&c->edges, 1);
    } else if (intid == 3) {
        if (atomic_fetch_add(&c->token, 1) < ROUNDS) {
            gic_icc_write(c->g, cpu, GIC_ICC_SGI1R, UINT64_C(3) << 24 | 1u << (cpu + 1) % VCPUS);
        }
    }
}

static void *vcpu_thread(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->c;

    while (!atomic_load(&c->stop)) {
        uint64_t intid = SPURIOUS;
        if (!atomic_load(&c->irq[m->index])) {
            sched_yield();
            continue;
        }
        (void)gic_icc_read(c->g, m->index, GIC_ICC_IAR1, &intid);
        if (intid < 1020) {
            serve(c, m->index, (uint32_t)intid);
            gic_icc_write(c->g, m->index, GIC_ICC_EOIR1, intid);
        }
    }
    return NULL;
}

/* Raises its level, waits until it has been served, ROUNDS times. */
static void *device_thread(void *arg)
{
    struct member *m = arg;
    struct crowd *c = m->c;

    for (unsigned i = 1; i <= ROUNDS; i++) {
        atomic_store(&c->raised[m->index], i);
        (void)gic_set_spi(c->g, DEVICE_INTID(m->index), true);
        if (i % 4 == 0) {
            (void)gic_set_spi(c->g, EDGE_INTID, true);
        }
        while (atomic_load(&c->handled[m->index]) < i) {
            sched_yield();
        }
        /* Sometimes it moves to another vCPU. */
        if (i % 16 == 0) {
            gic_mmio_write(c->g, DIST + GICD_IROUTER + 8 * DEVICE_INTID(m->index), 8,
                           i % 32 == 0 ? IRM : i / 16 % VCPUS);
        }
    }
    atomic_fetch_add(&c->done, 1);
    return NULL;
}

static void crowd_open(struct crowd *c)
{
    struct gic_config config = {
        .dist_base = DIST, .redist_base = REDIST, .max_vcpus = GIC_MAX_VCPUS};

    memset(c, 0, sizeof(*c));
    c->g = gic_new(&config, crowd_signal, c);
    assert_non_null(c->g);
    gic_mmio_write(c->g, DIST + GICD_CTLR, 4, 2);
    for (unsigned n = 1; n < 3; n++) {
        gic_mmio_write(c->g, DIST + IGROUPR + 4 * n, 4, 0xffffffff);
        gic_mmio_write(c->g, DIST + ISENABLER + 4 * n, 4, 0xffffffff);
    }
    gic_mmio_write(c->g, DIST + ICFGR + EDGE_INTID / 16 * 4, 4, 2u << EDGE_INTID % 16 * 2);
    gic_mmio_write(c->g, DIST + GICD_IROUTER + 8 * EDGE_INTID, 8, 1);
    for (unsigned cpu = 0; cpu < VCPUS; cpu++) {
        uint64_t base = REDIST + (uint64_t)cpu * GIC_REDIST_SIZE;
        assert_int_equal(gic_attach_vcpu(c->g, cpu, cpu), 0);
        gic_mmio_write(c->g, base + GICR_WAKER, 4, 0);
        gic_mmio_write(c->g, base + GICR_SGI + IGROUPR, 4, 0xffffffff);
        gic_mmio_write(c->g, base + GICR_SGI + ISENABLER, 4, 0xffff);
        gic_icc_write(c->g, cpu, GIC_ICC_PMR, 0xf8);
        gic_icc_write(c->g, cpu, GIC_ICC_IGRPEN1, 1);
    }
}

/* No level is lost or served twice, no SGI is lost, edges come at least once and not too often. */
static void test_threads(void **state)
{
    static struct crowd c;
    struct member cpus[VCPUS], devices[DEVICES];
    pthread_t cpu_threads[VCPUS], device_threads[DEVICES];

    (void)state;
    crowd_open(&c);
    for (unsigned i = 0; i < VCPUS; i++) {
        cpus[i] = (struct member){&c, i};
        assert_int_equal(pthread_create(&cpu_threads[i], NULL, vcpu_thread, &cpus[i]), 0);
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        devices[i] = (struct member){&c, i};
        assert_int_equal(pthread_create(&device_threads[i], NULL, device_thread, &devices[i]), 0);
    }
    gic_mmio_write(c.g, REDIST + GICR_SGI + ISPENDR, 4, 1u << 3); /* starts the token */
    for (unsigned i = 0; i < DEVICES; i++) {
        pthread_join(device_threads[i], NULL);
    }
    while (atomic_load(&c.token) <= ROUNDS || atomic_load(&c.irq[1])) {
        sched_yield();
    }
    atomic_store(&c.stop, true);
    for (unsigned i = 0; i < VCPUS; i++) {
        pthread_join(cpu_threads[i], NULL);
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(atomic_load(&c.handled[i]), ROUNDS);
    }
    assert_int_equal(atomic_load(&c.token), ROUNDS + 1);
    assert_in_range(atomic_load(&c.edges), 1, DEVICES * (ROUNDS / 4));
    gic_free(c.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_follow_registers),
        cmocka_unit_test(test_lines_follow_registers_with_one_of_n),
        cmocka_unit_test(test_any_access),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
