/* SPDX-License-Identifier: ISC */
/* test-board.c: where tests/vmm/board.c puts things, and tests/vmm/board-fdt.c's device tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "../../vmm/board.h"

static const struct board_fdt sample = {
    .cpus = 4,
    .ram = {0x40000000, UINT64_C(0x180000000)},
    .gic_distributor = {0x08000000, 0x10000},
    .gic_redistributors = {0x080a0000, 0x800000},
    .uart = {0x09000000, 0x1000},
    .uart_spi = 1,
    .timer_ppi = 11,
    .initrd = {0x44000000, 0x123456},
    .bootargs = "console=ttyS0 quiet",
    .seed = {1, 2, 3, 4, 5, 6, 7, 8, 9},
};

static uint8_t blob[0x10000];

static void write_tree(const struct board_fdt *board)
{
    int size = board_fdt_write(board, blob, sizeof(blob));

    assert_true(size > 0);
    assert_int_equal(fdt_check_full(blob, (size_t)size), 0);
}

static int node(const char *path)
{
    int offset = fdt_path_offset(blob, path);

    if (offset < 0)
        fail_msg("no node %s", path);
    return offset;
}

static void assert_cells(const char *path, const char *name, const uint32_t *cells, size_t count)
{
    int length = 0;
    const fdt32_t *value = fdt_getprop(blob, node(path), name, &length);

    assert_non_null(value);
    assert_int_equal(length, 4 * count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fdt32_to_cpu(value[i]), cells[i]);
}

#define CELLS(path, name, ...)                                                                     \
    assert_cells(path, name, (const uint32_t[]){__VA_ARGS__},                                      \
                 sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void assert_text(const char *path, const char *name, const char *text)
{
    const char *value = fdt_getprop(blob, node(path), name, NULL);

    assert_non_null(value);
    assert_string_equal(value, text);
}

static void test_tree_describes_the_board(void **state)
{
    (void)state;
    write_tree(&sample);
    CELLS("/memory@40000000", "reg", 0, 0x40000000, 1, 0x80000000);
    CELLS("/interrupt-controller@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080a0000, 0,
          0x800000);
    CELLS("/serial@9000000", "reg", 0, 0x09000000, 0, 0x1000);
    CELLS("/serial@9000000", "interrupts", 0, 1, 4);
    CELLS("/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    CELLS("/", "interrupt-parent", fdt_get_phandle(blob, node("/interrupt-controller@8000000")));
    CELLS("/chosen", "linux,initrd-start", 0, 0x44000000);
    CELLS("/chosen", "linux,initrd-end", 0, 0x44123456);
    CELLS("/chosen", "kaslr-seed", 0x01020304, 0x05060708);
    assert_text("/chosen", "bootargs", "console=ttyS0 quiet");
    assert_text("/psci", "method", "hvc");
    assert_int_equal(fdt_node_check_compatible(blob, node("/psci"), "arm,psci-0.2"), 0);
    assert_int_equal(fdt_node_check_compatible(blob, node("/psci"), "arm,psci-1.0"), 0);
    /* stdout-path leads to the port that is there. */
    assert_int_equal(fdt_path_offset(blob, fdt_getprop(blob, node("/chosen"), "stdout-path", NULL)),
                     node("/serial@9000000"));
}

static void test_tree_has_each_cpu_by_its_affinity(void **state)
{
    char path[32];

    (void)state;
    for (unsigned cpus = 1; cpus <= PSCI_CPUS_MAX; cpus++) {
        struct board_fdt board = sample;

        board.cpus = cpus;
        write_tree(&board);
        for (unsigned i = 0; i < cpus; i++) {
            snprintf(path, sizeof(path), "/cpus/cpu@%x", i);
            CELLS(path, "reg", i);
            assert_text(path, "enable-method", "psci");
        }
        snprintf(path, sizeof(path), "/cpus/cpu@%x", cpus);
        assert_true(fdt_path_offset(blob, path) < 0);
    }
}

static void test_tree_without_initrd_does_not_mention_one(void **state)
{
    struct board_fdt board = sample;

    (void)state;
    board.initrd.size = 0;
    write_tree(&board);
    assert_null(fdt_getprop(blob, node("/chosen"), "linux,initrd-start", NULL));
    assert_null(fdt_getprop(blob, node("/chosen"), "linux,initrd-end", NULL));
}

static void test_tree_that_does_not_fit_is_refused(void **state)
{
    static char long_line[sizeof(blob)];
    struct board_fdt board = sample;
    size_t size = (size_t)board_fdt_write(&board, blob, sizeof(blob));

    (void)state;
    for (size_t i = 0; i < size; i++)
        assert_int_equal(board_fdt_write(&board, blob, i), -1);
    memset(long_line, 'a', sizeof(long_line) - 1);
    board.bootargs = long_line;
    assert_int_equal(board_fdt_write(&board, blob, sizeof(blob)), -1);
}

static void test_finds_aligned_places(void **state)
{
    uint64_t base = 1;

    (void)state;
    assert_int_equal(board_place(0x080a0000, 0x09000000, 0xf60000, 0x10000, &base), 0);
    assert_int_equal(base, 0x080a0000);
    assert_int_equal(board_place(0x080a0000, 0x09000000, 0x100000, 0x100000, &base), 0);
    assert_int_equal(base, 0x08100000);
    base = 1;
    assert_int_equal(board_place(0x080a0000, 0x09000000, 0xf60001, 0x10000, &base), -1);
    assert_int_equal(board_place(0x080a0000, 0x09000000, 0x2000000, 0x20000, &base), -1);
    assert_int_equal(board_place(0, UINT64_MAX, 1, 0, &base), -1);
    assert_int_equal(board_place(UINT64_MAX, UINT64_MAX, 1, 2, &base), -1);
    assert_int_equal(board_place(0x1000, UINT64_MAX, UINT64_MAX, 1, &base), -1);
    assert_int_equal(base, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_describes_the_board),
        cmocka_unit_test(test_tree_has_each_cpu_by_its_affinity),
        cmocka_unit_test(test_tree_without_initrd_does_not_mention_one),
        cmocka_unit_test(test_tree_that_does_not_fit_is_refused),
        cmocka_unit_test(test_finds_aligned_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
