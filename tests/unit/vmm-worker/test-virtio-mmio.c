/* SPDX-License-Identifier: ISC */
/* The virtio-mmio transport: registers, negotiation, queues, interrupts, broken drivers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "virtio-driver.h"

#define FEATURE_A (UINT64_C(1) << 3)
#define FEATURE_B (UINT64_C(1) << 5)

enum {
    CONFIG_SIZE = 13,
    QUEUES = 2,
    QUEUE_MAX = 64
};

/* A device that counts what it is told. */
struct fixture {
    struct driver d;
    struct virtio v;
    uint8_t config[CONFIG_SIZE];
    unsigned activated, notified[QUEUES], resets;
    struct virtq_chain chain;
};

static void dev_config_read(void *dev, uint32_t offset, void *buf, unsigned size)
{
    struct fixture *f = dev;

    for (unsigned i = 0; i < size && offset + i < CONFIG_SIZE; i++) {
        ((uint8_t *)buf)[i] = f->config[offset + i];
    }
}

static void dev_config_write(void *dev, uint32_t offset, const void *buf, unsigned size)
{
    struct fixture *f = dev;

    for (unsigned i = 0; i < size && offset + i < CONFIG_SIZE; i++) {
        f->config[offset + i] = ((const uint8_t *)buf)[i];
    }
}

static void dev_activate(void *dev)
{
    ((struct fixture *)dev)->activated++;
}

static void dev_notify(void *dev, unsigned queue)
{
    assert_true(queue < QUEUES);
    ((struct fixture *)dev)->notified[queue]++;
}

static void dev_reset(void *dev)
{
    ((struct fixture *)dev)->resets++;
}

static void dev_stats(const void *dev, const char *name, struct stats *out)
{
    stats_add(out, name, "resets_told", ((const struct fixture *)dev)->resets);
}

static const struct virtio_ops ops = {
    .id = VIRTIO_CONSOLE,
    .queues = QUEUES,
    .queue_max = QUEUE_MAX,
    .features = FEATURE_A,
    .config_read = dev_config_read,
    .config_write = dev_config_write,
    .activate = dev_activate,
    .notify = dev_notify,
    .reset = dev_reset,
    .stats = dev_stats,
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    driver_init(&f->d);
    f->d.v = &f->v;
    for (uint8_t i = 0; i < CONFIG_SIZE; i++) {
        f->config[i] = (uint8_t)(0x10 + i);
    }
    virtio_init(&f->v, &ops, f, "dev", &f->d.ram, DRIVER_SPI, driver_set_irq,
                FEATURE_B | VIRTIO_F_RING_RESET);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    virtio_destroy(&f->v);
    driver_free(&f->d);
    free(f);
    return 0;
}

static void test_identity(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(driver_read(&f->d, R_MAGIC), 0x74726976);
    assert_int_equal(driver_read(&f->d, R_VERSION), 2);
    assert_int_equal(driver_read(&f->d, R_DEVICE), VIRTIO_CONSOLE);
    assert_int_not_equal(driver_read(&f->d, R_VENDOR), 0);
    assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    assert_int_equal(driver_read(&f->d, 0xb0), UINT32_MAX); /* no shared memory */
    assert_int_equal(driver_read(&f->d, 0xb4), UINT32_MAX);
}

static void test_registers_are_32_bits_wide(void **state)
{
    struct fixture *f = *state;
    static const unsigned sizes[] = {1, 2, 8, 0, 3, 16};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(virtio_mmio_ops.read(&f->v, R_MAGIC, sizes[i]), 0);
        virtio_mmio_ops.write(&f->v, R_STATUS, sizes[i], S_ACK);
        assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    }
    assert_int_equal(virtio_mmio_ops.read(&f->v, VIRTIO_MMIO_SIZE, 4), 0);
    assert_int_equal(virtio_mmio_ops.read(&f->v, UINT64_MAX, 1), 0);
    virtio_mmio_ops.write(&f->v, UINT64_MAX, 8, 1);
    assert_int_equal(driver_read(&f->d, 0x18), 0); /* nothing there */
    assert_int_equal(driver_read(&f->d, R_NOTIFY), 0);
}

static void test_features_offered(void **state)
{
    struct fixture *f = *state;

    assert_true(driver_offered(&f->d) == (FEATURE_A | FEATURE_B | VIRTIO_F_VERSION_1 |
                                          VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX));
    driver_write(&f->d, R_DEVICE_FEATURES_SEL, 2);
    assert_int_equal(driver_read(&f->d, R_DEVICE_FEATURES), 0);
    driver_write(&f->d, R_DEVICE_FEATURES_SEL, UINT32_MAX);
    assert_int_equal(driver_read(&f->d, R_DEVICE_FEATURES), 0);
}

static void test_features_are_clamped_and_fixed(void **state)
{
    struct fixture *f = *state;

    driver_negotiate(&f->d, UINT64_MAX);
    assert_true(f->v.features == driver_offered(&f->d));
    driver_write(&f->d, R_DRIVER_FEATURES_SEL, 0);
    driver_write(&f->d, R_DRIVER_FEATURES, 0); /* too late */
    assert_true(f->v.features == driver_offered(&f->d));
    assert_true(f->v.queue[0].event_idx && f->v.queue[1].indirect);

    driver_negotiate(&f->d, FEATURE_B);
    assert_true(f->v.features == (FEATURE_B | VIRTIO_F_VERSION_1));
    assert_false(f->v.queue[0].event_idx || f->v.queue[1].indirect);
    driver_write(&f->d, R_STATUS, 0);
    driver_write(&f->d, R_DRIVER_FEATURES_SEL, 2);
    driver_write(&f->d, R_DRIVER_FEATURES, UINT32_MAX);
    assert_true(f->v.features == 0);
}

static void test_version_1_is_required(void **state)
{
    struct fixture *f = *state;

    driver_write(&f->d, R_STATUS, S_ACK);
    driver_write(&f->d, R_STATUS, S_ACK | S_DRIVER);
    driver_write(&f->d, R_DRIVER_FEATURES, FEATURE_A);
    driver_write(&f->d, R_STATUS, S_ACK | S_DRIVER | S_FEATURES_OK);
    assert_int_equal(driver_read(&f->d, R_STATUS), S_ACK | S_DRIVER);
    driver_write(&f->d, R_STATUS, S_ACK | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
    assert_int_equal(driver_read(&f->d, R_STATUS), S_ACK | S_DRIVER);
    assert_int_equal(f->activated, 0);
}

static void test_status_order(void **state)
{
    struct fixture *f = *state;

    driver_write(&f->d, R_STATUS, S_DRIVER);
    assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    driver_write(&f->d, R_STATUS, S_DRIVER_OK | S_FEATURES_OK);
    assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    driver_write(&f->d, R_STATUS, S_BROKEN); /* the device's to say */
    assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    driver_write(&f->d, R_STATUS, S_ACK);
    driver_write(&f->d, R_STATUS, S_DRIVER); /* takes nothing back */
    assert_int_equal(driver_read(&f->d, R_STATUS), S_ACK | S_DRIVER);

    driver_start(&f->d, 0, 1);
    assert_int_equal(f->activated, 1);
    driver_write(&f->d, R_STATUS, 0xffffffff & ~(uint32_t)S_FAILED);
    assert_int_equal(f->activated, 1);
    assert_true(virtio_running(&f->v));
    driver_write(&f->d, R_STATUS, S_FAILED);
    assert_false(virtio_running(&f->v));
}

static void test_reset_forgets(void **state)
{
    struct fixture *f = *state;
    uint64_t generation = virtio_generation(&f->v);

    driver_start(&f->d, FEATURE_A, 2);
    virtio_lock(&f->v);
    virtio_config_changed(&f->v);
    virtio_unlock(&f->v);
    assert_true(driver_irq_level());
    driver_write(&f->d, R_STATUS, 0);
    assert_int_equal(driver_read(&f->d, R_STATUS), 0);
    assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 0);
    assert_int_equal(driver_read(&f->d, R_QUEUE_READY), 0);
    assert_false(driver_irq_level());
    assert_false(f->v.queue[0].ready || f->v.queue[1].ready);
    assert_true(f->v.features == 0);
    assert_true(virtio_generation(&f->v) == generation + f->resets);
    assert_int_equal(f->resets, 2); /* driver_start begins with one */
    driver_start(&f->d, FEATURE_A, 2);
    assert_int_equal(f->activated, 2);
}

static void test_queue_select(void **state)
{
    struct fixture *f = *state;

    driver_negotiate(&f->d, 0);
    driver_write(&f->d, R_QUEUE_SEL, 1);
    assert_int_equal(driver_read(&f->d, R_QUEUE_SIZE_MAX), QUEUE_MAX);
    static const uint32_t none[] = {QUEUES, VIRTIO_QUEUES_MAX, 0x10000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        driver_write(&f->d, R_QUEUE_SEL, none[i]);
        assert_int_equal(driver_read(&f->d, R_QUEUE_SIZE_MAX), 0);
        driver_write(&f->d, R_QUEUE_SIZE, 8);
        driver_write(&f->d, R_QUEUE_READY, 1);
        assert_int_equal(driver_read(&f->d, R_QUEUE_READY), 0);
    }
    assert_int_equal(driver_read(&f->d, R_STATUS) & S_BROKEN, 0);
}

static void test_queue_waits_for_features(void **state)
{
    struct fixture *f = *state;

    driver_write(&f->d, R_STATUS, S_ACK | S_DRIVER);
    assert_false(driver_set_up_queue(&f->d, 0, 8));
    assert_int_equal(f->v.queue[0].size, 0);
    assert_int_equal(driver_read(&f->d, R_STATUS) & S_BROKEN, 0);
}

static void test_queue_is_fixed_while_ready(void **state)
{
    struct fixture *f = *state;

    driver_negotiate(&f->d, 0);
    assert_true(driver_set_up_queue(&f->d, 0, 8));
    struct virtq before = f->v.queue[0];
    driver_write(&f->d, R_QUEUE_SIZE, 16);
    for (uint64_t reg = R_DESC; reg <= R_USED + 4; reg += 4) {
        driver_write(&f->d, reg, 0x12345670);
    }
    assert_memory_equal(&before, &f->v.queue[0], sizeof(before));
    driver_write(&f->d, R_QUEUE_READY, 0);
    assert_int_equal(driver_read(&f->d, R_QUEUE_READY), 0);
    driver_write(&f->d, R_QUEUE_SIZE, 16);
    assert_int_equal(f->v.queue[0].size, 16);
}

/* A queue stopped under way does not come back: chains of before could be pushed into it. */
static void test_queue_stopped_for_good(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, 0, 1);
    driver_write(&f->d, R_QUEUE_SEL, 0);
    driver_write(&f->d, R_QUEUE_READY, 0);
    driver_write(&f->d, R_QUEUE_READY, 1);
    assert_int_equal(driver_read(&f->d, R_QUEUE_READY), 0);
    driver_notify(&f->d, 0);
    assert_int_equal(f->notified[0], 0);
    assert_false(virtio_pop(&f->v, 0, &f->chain));
    virtio_push(&f->v, 0, 0, 0);
    virtio_interrupt(&f->v, 0);
    assert_false(driver_irq_level());
}

static void test_bad_rings_break_the_device(void **state)
{
    static const uint32_t sizes[] = {0, 3, 2 * QUEUE_MAX, 0x10008, UINT32_MAX};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        driver_negotiate(&f->d, 0);
        assert_true(driver_set_up_queue(&f->d, 0, 8));
        driver_write(&f->d, R_QUEUE_READY, 0);
        driver_write(&f->d, R_QUEUE_SIZE, sizes[i]);
        driver_write(&f->d, R_QUEUE_READY, 1);
        assert_int_equal(driver_read(&f->d, R_QUEUE_READY), 0);
        assert_int_equal(driver_read(&f->d, R_STATUS), S_ACK | S_DRIVER | S_FEATURES_OK | S_BROKEN);
        assert_false(driver_irq_level()); /* not before DRIVER_OK */
        driver_write(&f->d, R_STATUS, S_ACK | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
        assert_true(driver_irq_level());
        assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 2);
        assert_int_equal(f->activated, 0);
        assert_false(virtio_running(&f->v));
    }
    driver_negotiate(&f->d, 0);
    driver_write(&f->d, R_QUEUE_SIZE, 8);
    driver_write(&f->d, R_DESC + 4, UINT32_MAX); /* outside of RAM */
    driver_write(&f->d, R_QUEUE_READY, 1);
    assert_int_equal(driver_read(&f->d, R_QUEUE_READY), 0);
    driver_start(&f->d, 0, 1); /* a reset mends it */
    assert_true(virtio_running(&f->v));
    assert_int_equal(driver_stat(&f->d, "dev.broken"), sizeof(sizes) / sizeof(sizes[0]) + 1);
}

static void test_notify_bounds(void **state)
{
    struct fixture *f = *state;

    driver_notify(&f->d, 0);
    driver_start(&f->d, 0, 1);
    driver_notify(&f->d, 0);
    driver_notify(&f->d, 1); /* not ready */
    driver_notify(&f->d, QUEUES);
    driver_notify(&f->d, UINT32_MAX);
    driver_notify(&f->d, 0x10000);
    assert_int_equal(f->notified[0], 1);
    assert_int_equal(f->notified[1], 0);
    assert_int_equal(driver_stat(&f->d, "dev.notifies"), 1);
}

static void test_broken_chain(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, 0, 2);
    driver_add(&f->d, 0, DRIVER_QUEUE); /* no such descriptor */
    assert_false(virtio_pop(&f->v, 0, &f->chain));
    assert_int_equal(driver_read(&f->d, R_STATUS) & S_BROKEN, S_BROKEN);
    assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 2);
    assert_true(driver_irq_level());
    /* The other queue is dead, too, until the reset. */
    driver_put(&f->d, f->d.queue[1].desc, 0, DRIVER_RAM_BASE, 4, 0, 0);
    driver_add(&f->d, 1, 0);
    assert_false(virtio_pop(&f->v, 1, &f->chain));
    driver_notify(&f->d, 1);
    assert_int_equal(f->notified[1], 0);
    virtio_push(&f->v, 1, 0, 0);
    assert_int_equal(f->v.queue[1].next_used, 0);
    virtio_break(&f->v);
    assert_int_equal(driver_stat(&f->d, "dev.broken"), 1);

    driver_start(&f->d, 0, 2);
    driver_put(&f->d, f->d.queue[1].desc, 0, DRIVER_RAM_BASE, 4, 0, 0);
    driver_add(&f->d, 1, 0);
    assert_true(virtio_pop(&f->v, 1, &f->chain));
}

static void test_interrupts(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, 0, 2);
    driver_put(&f->d, f->d.queue[0].desc, 5, DRIVER_RAM_BASE, 4, D_WRITE, 0);
    driver_add(&f->d, 0, 5);
    assert_true(virtio_pop(&f->v, 0, &f->chain));
    virtio_push(&f->v, 0, f->chain.head, 4);
    assert_false(driver_irq_level());
    virtio_interrupt(&f->v, 0);
    assert_true(driver_irq_level());
    virtio_config_changed(&f->v);
    assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 3);
    driver_write(&f->d, R_INTERRUPT_ACK, 1);
    assert_true(driver_irq_level());
    driver_write(&f->d, R_INTERRUPT_ACK, 0xfffffffe);
    assert_false(driver_irq_level());
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(head, 5);
    assert_int_equal(written, 4);
    virtio_interrupt(&f->v, 0); /* nothing new */
    virtio_interrupt(&f->v, QUEUES);
    virtio_push(&f->v, QUEUES, 0, 0);
    assert_false(virtio_pop(&f->v, QUEUES, &f->chain));
    assert_false(driver_irq_level());
}

/* IL-14: any width, byte by byte the same. */
static void test_config_space(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 0; i < 0x100; i++) {
        uint64_t want = i < CONFIG_SIZE ? 0x10 + i : 0;
        assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG + i, 1) == want);
    }
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG + 2, 2) == 0x1312);
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG + 4, 4) == 0x17161514);
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG, 8) == UINT64_C(0x1716151413121110));
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG + 8, 8) == UINT64_C(0x1c1b1a1918));
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG + 0xf8, 8) == 0);
    virtio_mmio_ops.write(&f->v, R_CONFIG + 1, 1, 0xaa);
    virtio_mmio_ops.write(&f->v, R_CONFIG + 8, 8, UINT64_C(0x0102030405060708));
    virtio_mmio_ops.write(&f->v, R_CONFIG + 0xf8, 8, UINT64_MAX);
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG, 4) == 0x1312aa10);
    assert_true(virtio_mmio_ops.read(&f->v, R_CONFIG + 8, 8) == UINT64_C(0x0405060708));
}

static void test_config_generation(void **state)
{
    struct fixture *f = *state;
    uint32_t before = driver_read(&f->d, R_GENERATION);

    virtio_config_changed(&f->v);
    assert_int_not_equal(driver_read(&f->d, R_GENERATION), before);
    assert_false(driver_irq_level()); /* nobody is there to be told */
    driver_start(&f->d, 0, 1);
    virtio_config_changed(&f->v);
    assert_true(driver_irq_level());
    assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 2);
}

static void test_withheld(void **state)
{
    struct fixture *f = *state;
    struct virtio_ops less = ops;

    less.withheld = VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;
    virtio_destroy(&f->v);
    virtio_init(&f->v, &less, f, "dev", &f->d.ram, DRIVER_SPI, driver_set_irq, 0);
    assert_true(driver_offered(&f->d) == (FEATURE_A | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC));
}

static void test_stats(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, 0, 1);
    assert_int_equal(driver_stat(&f->d, "dev.resets"), 1);
    assert_int_equal(driver_stat(&f->d, "dev.resets_told"), 1);
    assert_int_equal(driver_stat(&f->d, "dev.interrupts"), 0);
}

static void test_device_tree_node(void **state)
{
    struct fixture *f = *state;
    char blob[1024];
    int node, size;
    const fdt32_t *cells;

    assert_int_equal(fdt_create(blob, sizeof(blob)), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_int_equal(fdt_begin_node(blob, ""), 0);
    assert_int_equal(virtio_mmio_ops.fdt(&f->v, blob, 0xa000200, VIRTIO_MMIO_SIZE, 17), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_finish(blob), 0);
    node = fdt_path_offset(blob, "/virtio_mmio@a000200");
    assert_true(node > 0);
    assert_string_equal(fdt_getprop(blob, node, "compatible", NULL), "virtio,mmio");
    cells = fdt_getprop(blob, node, "reg", &size);
    assert_int_equal(size, 16);
    assert_int_equal(fdt32_to_cpu(cells[1]), 0xa000200);
    assert_int_equal(fdt32_to_cpu(cells[3]), 0x200);
    cells = fdt_getprop(blob, node, "interrupts", &size);
    assert_int_equal(size, 12);
    assert_int_equal(fdt32_to_cpu(cells[0]), 0);
    assert_int_equal(fdt32_to_cpu(cells[1]), 17);
    assert_int_equal(fdt32_to_cpu(cells[2]), 4);
    assert_non_null(fdt_getprop(blob, node, "dma-coherent", NULL));

    assert_int_equal(fdt_create(blob, 64), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_true(virtio_mmio_ops.fdt(&f->v, blob, 0xa000200, VIRTIO_MMIO_SIZE, 17) < 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_identity),
        T(test_registers_are_32_bits_wide),
        T(test_features_offered),
        T(test_features_are_clamped_and_fixed),
        T(test_version_1_is_required),
        T(test_status_order),
        T(test_reset_forgets),
        T(test_queue_select),
        T(test_queue_waits_for_features),
        T(test_queue_is_fixed_while_ready),
        T(test_queue_stopped_for_good),
        T(test_bad_rings_break_the_device),
        T(test_notify_bounds),
        T(test_broken_chain),
        T(test_interrupts),
        T(test_config_space),
        T(test_config_generation),
        T(test_withheld),
        T(test_stats),
        T(test_device_tree_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
