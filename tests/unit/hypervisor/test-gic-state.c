/* SPDX-License-Identifier: ISC */
/*
 * test-gic-state.c: saving and restoring. A restored GIC is the saved one, register by register; a
 * blob that is not exactly right is refused and changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gic-fixture.h"

#define VCPUS 3

/* Everything a guest can read without side effects. */
static uint64_t fingerprint(struct fixture *f)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (uint64_t offset = 0; offset < GIC_DIST_SIZE; offset += 4) {
        hash = (hash ^ gic_mmio_read(f->g, DIST + offset, 4)) * UINT64_C(1099511628211);
    }
    for (uint64_t offset = 0; offset < VCPUS * GIC_REDIST_SIZE; offset += 4) {
        hash = (hash ^ gic_mmio_read(f->g, REDIST + offset, 4)) * UINT64_C(1099511628211);
    }
    return hash;
}

static void scramble(struct fixture *f, uint64_t seed)
{
    for (unsigned i = 0; i < 3000; i++) {
        uint32_t r = fixture_random(&seed);
        uint32_t value = fixture_random(&seed);
        switch (r % 4) {
        case 0: gic_mmio_write(f->g, DIST + (r >> 8) % 0xd00 / 4 * 4, 4, value); break;
        case 1:
            gic_mmio_write(f->g, DIST + GICD_IROUTER + (r >> 8) % 1024 * 8, 8,
                           (value & 3) | ((value & 64) != 0 ? IRM : 0));
            break;
        case 2:
            redist_write(f, (r >> 4) % VCPUS, GICR_SGI + (r >> 8) % 0xd00 / 4 * 4, value);
            break;
        default:
            (void)gic_set_spi(f->g, (r >> 8) % 1024, (value & 1) != 0);
            redist_write(f, (r >> 4) % VCPUS, (r & 8) != 0 ? GICR_WAKER : GICR_CTLR, value);
            break;
        }
    }
    dist_write(f, GICD_CTLR, 3);
}

static uint8_t *save(struct fixture *f, size_t *size)
{
    size_t room = gic_state_size(f->g);
    uint8_t *data = malloc(room);
    long got;

    assert_non_null(data);
    memset(data, 0xcc, room);
    got = gic_state_save(f->g, data, room);
    assert_true(got > 0 && (size_t)got <= room);
    *size = (size_t)got;
    return data;
}

static void assert_same_blob(struct fixture *f, const uint8_t *data, size_t size)
{
    size_t now_size;
    uint8_t *now = save(f, &now_size);

    assert_int_equal(now_size, size);
    assert_memory_equal(now, data, size);
    free(now);
}

static void copy_cpu_interfaces(struct fixture *from, struct fixture *to)
{
    static const unsigned regs[] = {
        GIC_ICC_SRE,   GIC_ICC_CTLR,  GIC_ICC_PMR,     GIC_ICC_BPR0,    GIC_ICC_BPR1,
        GIC_ICC_AP0R0, GIC_ICC_AP1R0, GIC_ICC_IGRPEN0, GIC_ICC_IGRPEN1,
    };

    for (unsigned cpu = 0; cpu < VCPUS; cpu++) {
        for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
            icc_write(to, cpu, regs[i], icc_read(from, cpu, regs[i]));
        }
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct fixture a, b;
        size_t size;
        uint8_t *data;

        fixture_open(&a, VCPUS, seed % 2 != 0);
        fixture_open(&b, VCPUS, seed % 2 != 0);
        fixture_enable_all(&a, VCPUS);
        scramble(&a, seed);
        for (unsigned i = 0; i < 5; i++) {
            (void)icc_read(&a, i % VCPUS, GIC_ICC_IAR1);
            (void)icc_read(&a, i % VCPUS, GIC_ICC_IAR0);
        }
        scramble(&b, seed + 1000); /* whatever was there before is replaced */
        data = save(&a, &size);
        assert_int_equal(gic_state_load(b.g, data, size), 0);
        assert_int_equal(fingerprint(&b), fingerprint(&a));
        assert_same_blob(&b, data, size);
        free(data);
        fixture_close(&a);
        fixture_close(&b);
    }
}

/* With the CPU interfaces restored too, the lines are the same and the same interrupts come. */
static void test_restored_gic_goes_on(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct fixture a, b;
        size_t size;
        uint8_t *data;

        fixture_open(&a, VCPUS, true);
        fixture_open(&b, VCPUS, true);
        fixture_enable_all(&a, VCPUS);
        scramble(&a, seed);
        /* Which vCPU a 1-of-N interrupt has been given to is nobody's to know. */
        for (uint32_t intid = 32; intid < 1020; intid++) {
            gic_mmio_write(a.g, DIST + GICD_IROUTER + 8 * intid, 8, intid % VCPUS);
        }
        (void)icc_read(&a, 1, GIC_ICC_IAR1);
        data = save(&a, &size);
        assert_int_equal(gic_state_load(b.g, data, size), 0);
        copy_cpu_interfaces(&a, &b);
        free(data);
        for (unsigned i = 0; i < 60; i++) {
            unsigned cpu = i % VCPUS;
            bool irq, fiq;
            gic_get_lines(a.g, cpu, &irq, &fiq);
            assert_lines(&b, cpu, irq, fiq);
            for (unsigned group = 0; group < 2; group++) {
                unsigned iar = group == 1 ? GIC_ICC_IAR1 : GIC_ICC_IAR0;
                unsigned eoir = group == 1 ? GIC_ICC_EOIR1 : GIC_ICC_EOIR0;
                uint64_t intid = icc_read(&a, cpu, iar);
                assert_int_equal(icc_read(&b, cpu, iar), intid);
                if (intid < 1020 && i % 3 != 0) {
                    icc_write(&a, cpu, eoir, intid);
                    icc_write(&b, cpu, eoir, intid);
                }
            }
        }
        assert_int_equal(fingerprint(&b), fingerprint(&a));
        fixture_close(&a);
        fixture_close(&b);
    }
}

static void test_ppi_wires_are_not_state(void **state)
{
    struct fixture f;
    size_t size;
    uint8_t *data;

    (void)state;
    fixture_open(&f, VCPUS, false);
    fixture_enable_all(&f, VCPUS);
    fixture_setup(&f, 1, 27, 1, 0x80, false);
    data = save(&f, &size);
    assert_int_equal(gic_set_ppi(f.g, 1, 27, true), 0);
    assert_lines(&f, 1, true, false);
    assert_int_equal(gic_state_load(f.g, data, size), 0);
    assert_lines(&f, 1, true, false);
    free(data);
    fixture_close(&f);
}

static void test_size(void **state)
{
    struct fixture f;
    uint8_t *data;
    size_t size;

    (void)state;
    fixture_open(&f, GIC_MAX_VCPUS, false);
    data = save(&f, &size);
    assert_int_equal(size, gic_state_size(f.g));
    assert_int_equal(gic_state_load(f.g, data, size), 0);
    free(data);
    fixture_close(&f);

    fixture_open(&f, VCPUS, false);
    data = save(&f, &size);
    for (size_t n = 0; n < size; n += n < 100 ? 1 : 7) {
        uint8_t *small = malloc(n + 1);
        assert_non_null(small);
        small[n] = 0x5a;
        assert_int_equal(gic_state_save(f.g, small, n), -ENOSPC);
        assert_int_equal(small[n], 0x5a);
        free(small);
    }
    free(data);
    fixture_close(&f);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void refuse(struct fixture *f, const uint8_t *data, size_t size)
{
    size_t before_size;
    uint8_t *before = save(f, &before_size);

    assert_int_equal(gic_state_load(f->g, data, size), -EINVAL);
    assert_same_blob(f, before, before_size);
    free(before);
}

static void test_every_truncation(void **state)
{
    struct fixture f;
    size_t size;
    uint8_t *data;

    (void)state;
    fixture_open(&f, VCPUS, true);
    scramble(&f, 7);
    data = save(&f, &size);
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n + 1); /* its end is the end of the allocation */
        assert_non_null(cut);
        memcpy(cut, data, n);
        assert_int_equal(gic_state_load(f.g, cut, n), -EINVAL);
        free(cut);
    }
    uint8_t *longer = malloc(size + 1);
    assert_non_null(longer);
    memcpy(longer, data, size);
    longer[size] = 0;
    refuse(&f, longer, size + 1);
    longer[8] = (uint8_t)(size + 1); /* the length that it says it has */
    longer[9] = (uint8_t)((size + 1) >> 8);
    refuse(&f, longer, size + 1);
    free(longer);
    assert_same_blob(&f, data, size);
    free(data);
    fixture_close(&f);
}

/* A bit of each byte flipped: refused without a trace, or accepted and then exactly as loaded. */
static void test_flipped_bits(void **state)
{
    struct fixture f;
    size_t size;
    uint8_t *data;
    unsigned accepted = 0, refused = 0;
    uint64_t seed = 3;

    (void)state;
    fixture_open(&f, VCPUS, true);
    scramble(&f, 11);
    data = save(&f, &size);
    for (size_t n = 0; n < size; n++) {
        uint8_t flip = (uint8_t)(1u << fixture_random(&seed) % 8);
        data[n] ^= flip;
        if (gic_state_load(f.g, data, size) == 0) {
            assert_same_blob(&f, data, size);
            data[n] ^= flip;
            assert_int_equal(gic_state_load(f.g, data, size), 0);
            accepted++;
        } else {
            data[n] ^= flip;
            assert_same_blob(&f, data, size);
            refused++;
        }
    }
    assert_true(accepted > 1000 && refused > 400);
    free(data);
    fixture_close(&f);
}

#define OFFSET_VERSION 4
#define OFFSET_LENGTH  8
#define OFFSET_DIST    12
#define OFFSET_REDIST  20
#define OFFSET_MSI     28
#define OFFSET_RANGE   36
#define OFFSET_GROUPS  44
#define OFFSET_BANKS   48
#define OFFSET_SPIS    (OFFSET_BANKS + 31 * 32)
#define OFFSET_VCPUS   (OFFSET_SPIS + 988 * 5)

static void test_named_refusals(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
    } cases[] = {
        {0, 'g'},
        {OFFSET_VERSION, 2},
        {OFFSET_VERSION, 0},
        {OFFSET_LENGTH, 1},
        {OFFSET_DIST + 3, 0x0a},
        {OFFSET_REDIST + 3, 0x0b},
        {OFFSET_MSI + 2, 0x03},
        {OFFSET_RANGE, 1},
        {OFFSET_RANGE + 4, 1},
        {OFFSET_GROUPS, 4},
        {OFFSET_BANKS + 30 * 32 + 3, 0x10},         /* a group bit for INTID 1020 */
        {OFFSET_BANKS + 27 * 32 + 3 * 4 + 1, 0xff}, /* a wire of an MSI */
        {OFFSET_SPIS, 1},                           /* priority bits that don't exist */
        {OFFSET_VCPUS, VCPUS - 1},
        {OFFSET_VCPUS, VCPUS + 1},
        {OFFSET_VCPUS + 3, 0xff},
        {OFFSET_VCPUS + 4, 1}, /* vCPU 1 twice */
        {OFFSET_VCPUS + 4 + 3, 0x80},
        {OFFSET_VCPUS + 4 + 4, 2},  /* asleep */
        {OFFSET_VCPUS + 4 + 8, 4},  /* dpg */
        {OFFSET_VCPUS + 4 + 28, 0}, /* a level-triggered SGI */
        {OFFSET_VCPUS + 4 + 32, 7},
    };
    struct fixture f;
    size_t size;
    uint8_t *data;

    (void)state;
    fixture_open(&f, VCPUS, true);
    data = save(&f, &size);
    assert_int_equal(size, OFFSET_VCPUS + 4 + VCPUS * 64);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t old = data[cases[i].offset];
        assert_int_not_equal(old, cases[i].value);
        data[cases[i].offset] = cases[i].value;
        refuse(&f, data, size);
        data[cases[i].offset] = old;
    }
    assert_int_equal(gic_state_load(f.g, data, size), 0);
    free(data);
    fixture_close(&f);
}

static void test_other_topologies(void **state)
{
    struct fixture with, without, fewer, more;
    size_t size;
    uint8_t *data;

    (void)state;
    fixture_open(&with, VCPUS, true);
    fixture_open(&without, VCPUS, false);
    fixture_open(&fewer, VCPUS - 1, true);
    fixture_open(&more, VCPUS + 1, true);
    data = save(&with, &size);
    refuse(&without, data, size);
    refuse(&fewer, data, size);
    refuse(&more, data, size);
    gic_detach_vcpu(more.g, VCPUS);
    assert_int_equal(gic_state_load(more.g, data, size), 0);
    gic_detach_vcpu(more.g, 0);
    assert_int_equal(gic_attach_vcpu(more.g, VCPUS, 0), 0); /* as many, but others */
    refuse(&more, data, size);
    free(data);
    fixture_close(&with);
    fixture_close(&without);
    fixture_close(&fewer);
    fixture_close(&more);
}

static void test_random_bytes(void **state)
{
    struct fixture f;
    uint8_t data[6400];
    uint64_t seed = 5;

    (void)state;
    fixture_open(&f, VCPUS, true);
    for (unsigned i = 0; i < 200; i++) {
        for (size_t n = 0; n < sizeof(data); n++) {
            data[n] = (uint8_t)fixture_random(&seed);
        }
        assert_int_equal(gic_state_load(f.g, data, fixture_random(&seed) % sizeof(data)), -EINVAL);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_restored_gic_goes_on),
        cmocka_unit_test(test_ppi_wires_are_not_state),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_named_refusals),
        cmocka_unit_test(test_other_topologies),
        cmocka_unit_test(test_random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
