/* SPDX-License-Identifier: ISC */
/* The balloon: pages in and out, reports of free pages, statistics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../../vmm-worker/devices/virtio-balloon.h"
#include "../../../vmm-worker/host-pages.h"
#include "virtio-driver.h"

#define F_STATS     (UINT64_C(1) << 1)
#define F_ON_OOM    (UINT64_C(1) << 2)
#define F_REPORTING (UINT64_C(1) << 5)

enum {
    INFLATE = 0,
    DEFLATE = 1,
    STATS = 2
};

/* Guest pages of 4 KiB in the last MiB of RAM: a whole number of host pages. */
#define AREA  (DRIVER_RAM_BASE + 0x300000)
#define PAGES 256u

struct fixture {
    struct driver d;
    struct virtio_balloon *balloon;
    uint64_t list; /* room for page numbers */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    driver_init(&f->d);
    const struct virtio_balloon_config config = {
        .name = "balloon", .ram = &f->d.ram, .spi = DRIVER_SPI, .set_irq = driver_set_irq};
    assert_int_equal(virtio_balloon_new(&f->balloon, &config), 0);
    f->d.v = virtio_balloon_device(f->balloon);
    f->list = driver_alloc(&f->d, 0x10000, 64);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    virtio_balloon_free(f->balloon);
    virtio_balloon_free(NULL);
    driver_free(&f->d);
    free(f);
    return 0;
}

static void fill_area(struct fixture *f)
{
    memset(driver_at(&f->d, AREA), 0xa5, PAGES * VIRTIO_BALLOON_PAGE);
}

static bool is_zero(struct fixture *f, uint64_t gpa, uint64_t size)
{
    const uint8_t *p = driver_at(&f->d, gpa);

    for (uint64_t i = 0; i < size; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

static void send_pfns(struct fixture *f, unsigned queue, const uint32_t *pfn, unsigned count)
{
    uint32_t head, written;

    for (unsigned i = 0; i < count; i++) {
        guest_ram_put32(driver_at(&f->d, f->list + 4 * i), pfn[i]);
    }
    driver_send(&f->d, queue, (struct driver_segment[]){{f->list, 4 * count, false}}, 1);
    assert_true(driver_used(&f->d, queue, &head, &written));
    assert_int_equal(written, 0);
}

static uint32_t area_pfn(unsigned page)
{
    return (uint32_t)(AREA / VIRTIO_BALLOON_PAGE + page);
}

static void test_target(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(driver_read(&f->d, R_DEVICE), VIRTIO_BALLOON);
    driver_start(&f->d, F_ON_OOM, 2);
    virtio_balloon_set_target(f->balloon, 0x100000 + 4095);
    assert_int_equal(driver_read(&f->d, R_CONFIG), 0x100);
    assert_int_equal(driver_read(&f->d, R_INTERRUPT_STATUS), 2);
    driver_write(&f->d, R_INTERRUPT_ACK, 2);
    virtio_balloon_set_target(f->balloon, 0x100000); /* the same */
    assert_false(driver_irq_level());
    virtio_balloon_set_target(f->balloon, UINT64_MAX);
    assert_int_equal(driver_read(&f->d, R_CONFIG), DRIVER_RAM_SIZE / VIRTIO_BALLOON_PAGE);
    assert_true(virtio_balloon_target(f->balloon) == DRIVER_RAM_SIZE);

    driver_write(&f->d, R_CONFIG + 4, 0x80);
    assert_true(virtio_balloon_actual(f->balloon) == 0x80000);
    virtio_mmio_ops.write(f->d.v, R_CONFIG + 5, 1, 1);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 4), 0x180);
    virtio_mmio_ops.write(f->d.v, R_CONFIG, 4, 77); /* not the driver's */
    assert_int_equal(driver_read(&f->d, R_CONFIG), DRIVER_RAM_SIZE / VIRTIO_BALLOON_PAGE);
    virtio_mmio_ops.write(f->d.v, R_CONFIG, 8, UINT64_MAX);
    assert_true(virtio_balloon_actual(f->balloon) == UINT32_MAX * VIRTIO_BALLOON_PAGE);
    assert_int_equal(driver_read(&f->d, R_CONFIG + 8), 0);
}

static void test_inflate_frees_whole_host_pages(void **state)
{
    struct fixture *f = *state;
    unsigned parts = (unsigned)(host_page_size() / VIRTIO_BALLOON_PAGE);
    uint32_t pfn[PAGES];

    fill_area(f);
    driver_start(&f->d, 0, 2);
    /* From the top down, as Linux does it, and all but the last part of the lowest host page. */
    for (unsigned i = 0; i < PAGES - 1; i++) {
        pfn[i] = area_pfn(PAGES - 1 - i);
    }
    send_pfns(f, INFLATE, pfn, PAGES - 1);
    assert_true(
        is_zero(f, AREA + parts * VIRTIO_BALLOON_PAGE, (PAGES - parts) * VIRTIO_BALLOON_PAGE));
    assert_false(is_zero(f, AREA, 1));
    assert_int_equal(driver_stat(&f->d, "balloon.freed_bytes"),
                     (PAGES - parts) * VIRTIO_BALLOON_PAGE);
    pfn[0] = area_pfn(0);
    send_pfns(f, INFLATE, pfn, 1);
    assert_true(is_zero(f, AREA, PAGES * VIRTIO_BALLOON_PAGE));
    assert_true(virtio_balloon_held(f->balloon) == PAGES * VIRTIO_BALLOON_PAGE);
}

static void test_deflate_and_duplicates(void **state)
{
    struct fixture *f = *state;
    uint32_t pfn[] = {area_pfn(3), area_pfn(3), area_pfn(3)};

    driver_start(&f->d, 0, 2);
    send_pfns(f, INFLATE, pfn, 3);
    assert_true(virtio_balloon_held(f->balloon) == VIRTIO_BALLOON_PAGE);
    send_pfns(f, DEFLATE, pfn, 3);
    assert_true(virtio_balloon_held(f->balloon) == 0);
    assert_int_equal(driver_stat(&f->d, "balloon.ignored_pages"), 4);
    send_pfns(f, DEFLATE, pfn, 1);
    assert_true(virtio_balloon_held(f->balloon) == 0);
}

static void test_pfn_bounds(void **state)
{
    struct fixture *f = *state;
    const uint32_t base = (uint32_t)(DRIVER_RAM_BASE / VIRTIO_BALLOON_PAGE);
    const uint32_t end = base + (uint32_t)(DRIVER_RAM_SIZE / VIRTIO_BALLOON_PAGE);
    uint32_t pfn[] = {0, base - 1, end, UINT32_MAX, end - 1};

    driver_start(&f->d, 0, 2);
    send_pfns(f, INFLATE, pfn, 5);
    assert_true(virtio_balloon_held(f->balloon) == VIRTIO_BALLOON_PAGE);
    assert_int_equal(driver_stat(&f->d, "balloon.ignored_pages"), 4);
    assert_true(virtio_running(f->d.v));
}

/* One request counts so far and no further; a part of a number is none. */
static void test_request_bounds(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, 0, 2);
    for (unsigned i = 0; i < 2 * VIRTIO_BALLOON_PFNS; i++) {
        guest_ram_put32(driver_at(&f->d, f->list + 4 * i), 1);
    }
    driver_send(&f->d, INFLATE,
                (struct driver_segment[]){{f->list, 8 * VIRTIO_BALLOON_PFNS, false}}, 1);
    assert_true(driver_used(&f->d, INFLATE, &head, &written));
    assert_int_equal(driver_stat(&f->d, "balloon.ignored_pages"), VIRTIO_BALLOON_PFNS);
    driver_send(&f->d, INFLATE, (struct driver_segment[]){{f->list, 7, false}}, 1);
    assert_int_equal(driver_stat(&f->d, "balloon.ignored_pages"), VIRTIO_BALLOON_PFNS + 1);
    assert_true(driver_used(&f->d, INFLATE, &head, &written));
    driver_send(&f->d, INFLATE, (struct driver_segment[]){{f->list, 64, true}}, 1);
    assert_true(driver_used(&f->d, INFLATE, &head, &written));
    assert_int_equal(written, 0);
}

static void report(struct fixture *f, unsigned queue)
{
    uint64_t page = host_page_size();
    uint32_t head, written;

    fill_area(f);
    driver_send(&f->d, queue,
                (struct driver_segment[]){{AREA + 1, (uint32_t)(2 * page), true},
                                          {AREA + 8 * page, (uint32_t)(2 * page), true},
                                          {AREA + 12 * page + 1, (uint32_t)page, true}},
                3);
    assert_true(driver_used(&f->d, queue, &head, &written));
    assert_int_equal(*(uint8_t *)driver_at(&f->d, AREA + page - 1), 0xa5);
    assert_true(is_zero(f, AREA + page, page));
    assert_int_equal(*(uint8_t *)driver_at(&f->d, AREA + 2 * page), 0xa5);
    assert_true(is_zero(f, AREA + 8 * page, 2 * page));
    assert_int_equal(*(uint8_t *)driver_at(&f->d, AREA + 12 * page + 1), 0xa5);
    assert_int_equal(*(uint8_t *)driver_at(&f->d, AREA + 13 * page), 0xa5);
}

/* Reporting has the number that Linux gives it, with and without statistics, and the standard's. */
static void test_reporting(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, F_REPORTING, 3);
    report(f, 2);
    driver_start(&f->d, F_REPORTING | F_STATS, 4);
    report(f, 3);
    driver_start(&f->d, F_REPORTING | F_STATS, 5);
    report(f, 4);
    assert_int_equal(driver_stat(&f->d, "balloon.freed_bytes"), 9 * host_page_size());
}

static void test_reporting_not_negotiated(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    fill_area(f);
    driver_start(&f->d, 0, 5);
    for (unsigned queue = 2; queue < 5; queue++) {
        driver_send(&f->d, queue, (struct driver_segment[]){{AREA, 0x10000, true}}, 1);
        assert_false(driver_used(&f->d, queue, &head, &written));
    }
    assert_false(is_zero(f, AREA, 1));
}

static void send_stats(struct fixture *f, uint16_t tag, uint64_t value)
{
    uint8_t *p = driver_at(&f->d, f->list);

    guest_ram_put16(p, tag);
    guest_ram_put32(p + 2, (uint32_t)value);
    guest_ram_put32(p + 6, (uint32_t)(value >> 32));
    guest_ram_put16(p + 10, 999); /* unknown */
    memset(p + 12, 1, 13);        /* and a broken-off one */
    driver_send(&f->d, STATS, (struct driver_segment[]){{f->list, 25, false}}, 1);
}

static void test_statistics(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    driver_start(&f->d, F_STATS, 3);
    assert_true(driver_stat(&f->d, "balloon.guest_free_bytes") == UINT64_MAX);
    send_stats(f, 4, UINT64_C(0x123456789a));
    assert_false(driver_used(&f->d, STATS, &head, &written)); /* kept until asked for */
    assert_true(driver_stat(&f->d, "balloon.guest_free_bytes") == UINT64_C(0x123456789a));
    virtio_balloon_ask_stats(f->balloon);
    assert_true(driver_irq_level());
    assert_true(driver_used(&f->d, STATS, &head, &written));
    virtio_balloon_ask_stats(f->balloon); /* there is nothing to ask with */
    assert_false(driver_used(&f->d, STATS, &head, &written));
    send_stats(f, 4, 1);
    send_stats(f, 4, 2); /* a second buffer sends the first back */
    assert_true(driver_used(&f->d, STATS, &head, &written));
    assert_false(driver_used(&f->d, STATS, &head, &written));
    assert_true(driver_stat(&f->d, "balloon.guest_free_bytes") == 2);

    /* After a reset the old buffer is not given back. */
    driver_start(&f->d, F_STATS, 3);
    virtio_balloon_ask_stats(f->balloon);
    assert_false(driver_used(&f->d, STATS, &head, &written));
    assert_true(driver_stat(&f->d, "balloon.guest_free_bytes") == UINT64_MAX);
}

static void test_reset_empties(void **state)
{
    struct fixture *f = *state;
    uint32_t pfn[] = {area_pfn(1)};

    driver_start(&f->d, 0, 2);
    send_pfns(f, INFLATE, pfn, 1);
    driver_write(&f->d, R_CONFIG + 4, 1);
    driver_write(&f->d, R_STATUS, 0);
    assert_true(virtio_balloon_held(f->balloon) == 0);
    assert_true(virtio_balloon_actual(f->balloon) == 0);
    driver_start(&f->d, 0, 2);
    send_pfns(f, INFLATE, pfn, 1);
    assert_true(virtio_balloon_held(f->balloon) == VIRTIO_BALLOON_PAGE);
}

static void test_broken_driver(void **state)
{
    struct fixture *f = *state;

    driver_start(&f->d, 0, 2);
    driver_add(&f->d, DEFLATE, 99);
    driver_notify(&f->d, DEFLATE);
    assert_true((driver_read(&f->d, R_STATUS) & S_BROKEN) != 0);
    assert_true(driver_irq_level());
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_target),
        T(test_inflate_frees_whole_host_pages),
        T(test_deflate_and_duplicates),
        T(test_pfn_bounds),
        T(test_request_bounds),
        T(test_reporting),
        T(test_reporting_not_negotiated),
        T(test_statistics),
        T(test_reset_empties),
        T(test_broken_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
