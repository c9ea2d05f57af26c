/* SPDX-License-Identifier: ISC */
/*
 * test-layout.c: vmm-worker/layout.c. Nothing overlaps, everything is where Linux's boot protocol
 * wants it, from 64 MiB to 64 GiB of RAM (IL-17, IL-41, IL-47).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layout.h"

#define MIB      UINT64_C(0x100000)
#define GIB      (1024 * MIB)
#define RAM_BASE UINT64_C(0x40000000)

/* Everything that booting.rst asks for. */
static void check(const struct image_header *h, uint64_t kernel, uint64_t initrd, uint64_t ram,
                  const struct layout *l)
{
    uint64_t taken = h->image_size > kernel ? h->image_size : kernel;

    assert_true(l->kernel >= RAM_BASE);
    assert_int_equal((l->kernel - h->text_offset) % (2 * MIB), 0);
    assert_true(l->dtb >= l->kernel + taken);
    assert_int_equal(l->dtb % (2 * MIB), 0);
    if (initrd != 0) {
        assert_true(l->initrd >= l->dtb + LAYOUT_DTB_SIZE);
        assert_true(l->end >= l->initrd + initrd);
        /* Kernel and disk within one window of 32 GiB, aligned to 1 GiB. */
        assert_true(l->initrd + initrd - (l->kernel & ~(GIB - 1)) <= 32 * GIB);
    } else {
        assert_int_equal(l->initrd, 0);
        assert_true(l->end >= l->dtb + LAYOUT_DTB_SIZE);
    }
    assert_true(l->end - RAM_BASE <= ram);
    /* However large RAM is, the tree stays near the kernel: within the early map. */
    assert_true(l->dtb - l->kernel < 512 * MIB);
}

static void test_every_size_of_ram(void **state)
{
    static const uint64_t kernels[][2] = {
        {1, 64}, {27 * MIB, 31 * MIB}, {30 * MIB, 30 * MIB}, {35 * MIB + 1, 42 * MIB + 3}};
    static const uint64_t initrds[] = {0, 1, 2 * MIB, 5 * MIB + 17, 40 * MIB, 300 * MIB};
    static const uint64_t offsets[] = {0, 0x80000};
    unsigned placed = 0;

    (void)state;
    for (uint64_t ram = 64 * MIB; ram <= 64 * GIB; ram *= 2) {
        for (size_t k = 0; k < 4; k++) {
            for (size_t i = 0; i < 6; i++) {
                for (size_t o = 0; o < 2; o++) {
                    struct image_header h = {.text_offset = offsets[o],
                                             .image_size = kernels[k][1]};
                    struct layout l;
                    uint64_t needed = 0;
                    if (layout_place(&h, kernels[k][0], initrds[i], RAM_BASE, ram, &l, &needed) ==
                        0) {
                        check(&h, kernels[k][0], initrds[i], ram, &l);
                        placed++;
                    } else {
                        /* What it says would do, does; a page less does not. */
                        assert_true(needed > ram);
                        assert_int_equal(layout_place(&h, kernels[k][0], initrds[i], RAM_BASE,
                                                      needed, &l, &needed),
                                         0);
                        check(&h, kernels[k][0], initrds[i], l.end - RAM_BASE, &l);
                        assert_int_equal(layout_place(&h, kernels[k][0], initrds[i], RAM_BASE,
                                                      l.end - RAM_BASE - 4096, &l, &needed),
                                         -1);
                    }
                }
            }
        }
    }
    assert_true(placed > 11 * 40);
}

static void test_places_exactly(void **state)
{
    struct image_header h = {.image_size = 31 * MIB};
    struct layout l;
    uint64_t needed;

    (void)state;
    /* .bss counts: the file has 27 MiB, the running kernel takes 31, rounded up to 32. */
    assert_int_equal(layout_place(&h, 27 * MIB, 5 * MIB, RAM_BASE, 64 * MIB, &l, &needed), 0);
    assert_int_equal(l.kernel, RAM_BASE);
    assert_int_equal(l.dtb, RAM_BASE + 32 * MIB);
    assert_int_equal(l.initrd, RAM_BASE + 34 * MIB);
    assert_int_equal(l.end, RAM_BASE + 40 * MIB);

    h = (struct image_header){.text_offset = 0x80000, .image_size = 2 * MIB};
    assert_int_equal(layout_place(&h, MIB, 0, RAM_BASE, 64 * MIB, &l, &needed), 0);
    assert_int_equal(l.kernel, RAM_BASE + 0x80000);
    assert_int_equal(l.dtb, RAM_BASE + 4 * MIB);
    assert_int_equal(l.initrd, 0);
}

static void test_old_kernels_get_room_for_bss(void **state)
{
    struct image_header h = {.text_offset = 0x80000};
    struct layout l;
    uint64_t needed;

    (void)state;
    assert_int_equal(layout_place(&h, 8 * MIB, 0, RAM_BASE, 64 * MIB, &l, &needed), 0);
    assert_true(l.dtb >= l.kernel + 16 * MIB);
}

static void test_says_how_much_memory_it_takes(void **state)
{
    struct image_header h = {.image_size = 32 * MIB};
    struct layout l;
    uint64_t needed = 0;

    (void)state;
    assert_int_equal(layout_place(&h, 27 * MIB, 6 * MIB, RAM_BASE, 39 * MIB, &l, &needed), -1);
    assert_int_equal(needed, 40 * MIB);
    assert_int_equal(layout_place(&h, 27 * MIB, 6 * MIB, RAM_BASE, 40 * MIB, &l, &needed), 0);
}

/* No combination of huge numbers is placed, wraps, or asks for an amount that would not do. */
static void test_refuses_sizes_that_overflow(void **state)
{
    static const uint64_t large[] = {
        UINT64_MAX,     UINT64_MAX - RAM_BASE, UINT64_MAX - 2 * MIB,
        UINT64_MAX / 2, UINT64_C(1) << 63,     UINT64_MAX - LAYOUT_DTB_SIZE - RAM_BASE,
        64 * GIB,       UINT64_C(1) << 48};
    struct layout l;

    (void)state;
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        for (unsigned field = 0; field < 5; field++) {
            struct image_header h = {.text_offset = field == 0 ? large[i] : 0,
                                     .image_size = field == 1   ? large[i]
                                                   : field == 4 ? 0
                                                                : MIB};
            uint64_t needed = 1;
            assert_int_equal(layout_place(&h, field == 2 || field == 4 ? large[i] : MIB,
                                          field == 3 ? large[i] : MIB, RAM_BASE, 64 * GIB, &l,
                                          &needed),
                             -1);
            assert_true(needed == 0 || needed > 64 * GIB);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_of_ram),
        cmocka_unit_test(test_places_exactly),
        cmocka_unit_test(test_old_kernels_get_room_for_bss),
        cmocka_unit_test(test_says_how_much_memory_it_takes),
        cmocka_unit_test(test_refuses_sizes_that_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
