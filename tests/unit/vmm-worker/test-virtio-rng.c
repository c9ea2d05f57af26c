/* SPDX-License-Identifier: ISC */
/* The entropy device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../../vmm-worker/devices/virtio-rng.h"
#include "virtio-driver.h"

struct fixture {
    struct driver d;
    struct virtio_rng *rng;
    uint64_t data;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    driver_init(&f->d);
    const struct virtio_rng_config config = {
        .name = "rng", .ram = &f->d.ram, .spi = DRIVER_SPI, .set_irq = driver_set_irq};
    assert_int_equal(virtio_rng_new(&f->rng, &config), 0);
    f->d.v = virtio_rng_device(f->rng);
    f->data = driver_alloc(&f->d, 0x10000, 64);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    virtio_rng_free(f->rng);
    virtio_rng_free(NULL);
    driver_free(&f->d);
    free(f);
    return 0;
}

static unsigned zeros(struct fixture *f, uint64_t offset, unsigned size)
{
    const uint8_t *p = driver_at(&f->d, f->data + offset);
    unsigned count = 0;

    for (unsigned i = 0; i < size; i++) {
        count += p[i] == 0;
    }
    return count;
}

static void test_identity(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(driver_read(&f->d, R_DEVICE), VIRTIO_RNG);
    assert_true((driver_offered(&f->d) & VIRTIO_F_EVENT_IDX) == 0);
    assert_int_equal(driver_read(&f->d, R_CONFIG), 0);
    virtio_mmio_ops.write(f->d.v, R_CONFIG, 1, 1);
}

static void test_answers_at_once(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, 0, 1);
    driver_send(&f->d, 0, (struct driver_segment[]){{f->data, 64, true}}, 1);
    assert_true(driver_irq_level());
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(written, 64);
    assert_true(zeros(f, 0, 64) < 32);
    assert_int_equal(zeros(f, 64, 64), 64);

    /* Not the same again. */
    uint8_t first[64];
    memcpy(first, driver_at(&f->d, f->data), sizeof(first));
    driver_send(&f->d, 0, (struct driver_segment[]){{f->data, 64, true}}, 1);
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_memory_not_equal(first, driver_at(&f->d, f->data), sizeof(first));
    assert_int_equal(driver_stat(&f->d, "rng.bytes"), 128);
}

static void test_answer_is_bounded(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, 0, 1);
    driver_send(&f->d, 0,
                (struct driver_segment[]){{f->data, 100, true}, {f->data + 0x1000, 0xf000, true}},
                2);
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(written, VIRTIO_RNG_ANSWER);
    assert_int_equal(zeros(f, 0x1000 + VIRTIO_RNG_ANSWER - 100, 1000), 1000);
}

static void test_odd_buffers(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, 0, 1);
    driver_send(&f->d, 0, (struct driver_segment[]){{f->data, 64, false}}, 1); /* no room */
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(written, 0);
    assert_int_equal(zeros(f, 0, 64), 64);
    driver_send(&f->d, 0, (struct driver_segment[]){{f->data, 1, true}}, 1);
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(written, 1);
    driver_send(&f->d, 0, (struct driver_segment[]){{0, 0, true}}, 1); /* nothing at all */
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(written, 0);
    assert_true(virtio_running(f->d.v));
}

/* A whole queue in one notification; and buffers that were there before DRIVER_OK. */
static void test_whole_queue(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written, status;

    status = driver_negotiate(&f->d, 0);
    assert_true(driver_set_up_queue(&f->d, 0, VIRTIO_RNG_QUEUE_MAX));
    for (uint16_t i = 0; i < VIRTIO_RNG_QUEUE_MAX; i++) {
        driver_put(&f->d, f->d.queue[0].desc, i, f->data + 64 * i, 64, D_WRITE, 0);
        driver_add(&f->d, 0, i);
    }
    driver_write(&f->d, R_STATUS, status | S_DRIVER_OK);
    for (uint32_t i = 0; i < VIRTIO_RNG_QUEUE_MAX; i++) {
        assert_true(driver_used(&f->d, 0, &head, &written));
        assert_int_equal(head, i);
        assert_int_equal(written, 64);
    }
    assert_int_equal(driver_stat(&f->d, "rng.requests"), VIRTIO_RNG_QUEUE_MAX);
}

static void test_broken_driver(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, 0, 1);
    driver_send(&f->d, 0, (struct driver_segment[]){{0x1000, 64, true}}, 1); /* no RAM there */
    assert_false(driver_used(&f->d, 0, &head, &written));
    assert_true((driver_read(&f->d, R_STATUS) & S_BROKEN) != 0);
    assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 2);
    driver_start(&f->d, 0, 1);
    driver_send(&f->d, 0, (struct driver_segment[]){{f->data, 64, true}}, 1);
    assert_true(driver_used(&f->d, 0, &head, &written));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_identity),    T(test_answers_at_once), T(test_answer_is_bounded),
        T(test_odd_buffers), T(test_whole_queue),     T(test_broken_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
