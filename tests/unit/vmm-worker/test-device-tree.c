/* SPDX-License-Identifier: ISC */
/*
 * test-device-tree.c: vmm-worker/device-tree.c. What Linux looks for in the tree is there, one node for
 * each device of the bus, and dtc has nothing to say about it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device-tree.h"
#include "devices/boot-timer.h"
#include "devices/gpio.h"
#include "devices/rtc.h"
#include "devices/uart.h"
#include "devices/virtio-mmio.h"

#define GIB      (UINT64_C(1) << 30)
#define RAM_BASE UINT64_C(0x40000000)
#define SLOTS    8u

static uint8_t tree[0x200000];

static struct fdt_board board_of(unsigned cpus, uint64_t ram, uint64_t initrd)
{
    return (struct fdt_board){
        .cpus = cpus,
        .ram_base = RAM_BASE,
        .ram_size = ram,
        .gicd_base = 0x08000000,
        .gicd_size = 0x10000,
        .gicr_base = 0x080a0000,
        .gicr_size = 0x200000,
        .initrd_base = initrd != 0 ? RAM_BASE + (UINT64_C(64) << 20) : 0,
        .initrd_size = initrd,
        .bootargs = "console=ttyS0 quiet panic=-1",
    };
}

/* The devices' trees do not depend on their state, so they need none. */
static struct bus make_bus(void)
{
    const struct device list[] = {
        {"uart", 0x09000000, 0x1000, 1, &uart_ops, NULL},
        {"rtc", 0x09010000, 0x1000, 2, &rtc_ops, NULL},
        {"power_button", 0x09030000, 0x1000, 7, &gpio_ops, NULL},
        {"boot_timer", 0x091ff000, 0x1000, DEVICE_NO_SPI, &boot_timer_ops, NULL},
    };
    struct bus bus = {.count = 0};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        assert_int_equal(bus_add(&bus, &list[i]), 0);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        struct device d = {"slot",           0x0a000000 + i * VIRTIO_MMIO_SIZE,
                           VIRTIO_MMIO_SIZE, 16 + i,
                           &virtio_mmio_ops, NULL};
        assert_int_equal(bus_add(&bus, &d), 0);
    }
    return bus;
}

static void write_tree(const struct fdt_board *b, size_t *used)
{
    struct bus bus = make_bus();

    assert_int_equal(fdt_write(b, &bus, tree, sizeof(tree), used), 0);
    assert_int_equal(fdt_check_full(tree, *used), 0);
}

static const char *text(int node, const char *name)
{
    const char *s = fdt_getprop(tree, node, name, NULL);

    assert_non_null(s);
    return s;
}

static uint64_t number(int node, const char *name, int cell)
{
    int size = 0;
    const fdt32_t *p = fdt_getprop(tree, node, name, &size);

    assert_non_null(p);
    assert_true((cell + 1) * 4 <= size);
    return fdt32_to_cpu(p[cell]);
}

static uint64_t wide(int node, const char *name, int pair)
{
    return number(node, name, 2 * pair) << 32 | number(node, name, 2 * pair + 1);
}

static int path(const char *p)
{
    int node = fdt_path_offset(tree, p);

    if (node < 0) {
        fail_msg("%s: %s", p, fdt_strerror(node));
    }
    return node;
}

static void test_says_what_the_boot_protocol_needs(void **state)
{
    struct fdt_board b = board_of(4, 2 * GIB, 12345);
    size_t used;

    (void)state;
    write_tree(&b, &used);
    assert_int_equal(number(0, "#address-cells", 0), 2);
    assert_string_equal(text(path("/chosen"), "bootargs"), b.bootargs);
    assert_int_equal(wide(path("/chosen"), "linux,initrd-start", 0), b.initrd_base);
    assert_int_equal(wide(path("/chosen"), "linux,initrd-end", 0), b.initrd_base + 12345);
    assert_string_equal(text(path(text(path("/chosen"), "stdout-path")), "compatible"), "ns16550a");
    assert_int_equal(wide(path("/memory@40000000"), "reg", 0), RAM_BASE);
    assert_int_equal(wide(path("/memory@40000000"), "reg", 1), 2 * GIB);
    assert_string_equal(text(path("/psci"), "method"), "hvc");
    assert_true(fdt_stringlist_contains(text(path("/psci"), "compatible"), 26, "arm,psci-0.2"));
    assert_string_equal(text(path("/cpus/cpu@3"), "enable-method"), "psci");
    assert_int_equal(number(path("/cpus/cpu@3"), "reg", 0), 3);
    assert_true(fdt_path_offset(tree, "/cpus/cpu@4") < 0);
    assert_int_equal(number(path("/timer"), "interrupts", 7), 11); /* the virtual timer's PPI */
    assert_int_equal(wide(path("/intc@8000000"), "reg", 2), b.gicr_base);
    assert_int_equal(wide(path("/intc@8000000"), "reg", 3), b.gicr_size);
}

static void test_no_initrd_no_word_of_it(void **state)
{
    struct fdt_board b = board_of(1, GIB, 0);
    size_t used;

    (void)state;
    write_tree(&b, &used);
    assert_null(fdt_getprop(tree, path("/chosen"), "linux,initrd-start", NULL));
}

/* Every device of the bus that Linux is to find has a node whose reg and interrupt are the bus's. */
static void test_one_list_of_devices(void **state)
{
    struct fdt_board b = board_of(1, GIB, 0);
    struct bus bus = make_bus();
    size_t used;
    unsigned found = 0;
    int node;

    (void)state;
    write_tree(&b, &used);
    fdt_for_each_subnode(node, tree, 0)
    {
        const char *name = fdt_get_name(tree, node, NULL);
        const struct device *d;
        if (fdt_getprop(tree, node, "interrupts", NULL) == NULL || strcmp(name, "timer") == 0) {
            continue;
        }
        d = bus_find(&bus, wide(node, "reg", 0), 1);
        assert_non_null(d);
        assert_int_equal(wide(node, "reg", 0), d->base);
        assert_int_equal(wide(node, "reg", 1), d->size);
        assert_int_equal(number(node, "interrupts", 0), 0);
        assert_int_equal(number(node, "interrupts", 1), d->spi);
        assert_int_equal(number(node, "interrupts", 2), 4);
        assert_non_null(strchr(name, '@'));
        assert_int_equal(strtoull(strchr(name, '@') + 1, NULL, 16), d->base);
        found++;
    }
    assert_int_equal(found, bus.count - 1); /* the boot timer has none */
    assert_int_equal(number(path("/gpio-keys/poweroff"), "linux,code", 0), 116);
    assert_int_equal(number(path("/gpio-keys/poweroff"), "gpios", 0),
                     number(path("/pl061@9030000"), "phandle", 0));
}

static void test_every_size_is_written_right(void **state)
{
    (void)state;
    for (unsigned cpus = 1; cpus <= 16; cpus++) {
        for (uint64_t ram = GIB / 16; ram <= 64 * GIB; ram *= 4) {
            struct fdt_board b = board_of(cpus, ram, ram / 4);
            size_t used;
            write_tree(&b, &used);
            assert_int_equal(wide(path("/memory@40000000"), "reg", 1), ram);
        }
    }
}

static void test_a_small_buffer_is_an_error(void **state)
{
    struct fdt_board b = board_of(16, GIB, 1);
    struct bus bus = make_bus();
    size_t used;
    size_t unused;

    (void)state;
    write_tree(&b, &used);
    for (size_t size = 0; size < used; size += 41) {
        assert_true(fdt_write(&b, &bus, tree, size, &unused) < 0);
    }
}

static void test_seeds_differ(void **state)
{
    struct fdt_board b = board_of(1, GIB, 0);
    uint8_t first[64];
    size_t used;

    (void)state;
    write_tree(&b, &used);
    memcpy(first, fdt_getprop(tree, path("/chosen"), "rng-seed", NULL), sizeof(first));
    write_tree(&b, &used);
    assert_memory_not_equal(first, fdt_getprop(tree, path("/chosen"), "rng-seed", NULL),
                            sizeof(first));
}

static void test_dtc_has_no_complaint(void **state)
{
    char dtb[] = "/tmp/paddock-test-tree-XXXXXX";
    char command[256];
    struct fdt_board b = board_of(4, GIB, 1000);
    struct stat said;
    size_t used;
    int fd;

    (void)state;
    if (system("dtc --version >/dev/null 2>&1") != 0) {
        print_message("not run: there is no dtc here\n");
        skip();
    }
    write_tree(&b, &used);
    fd = mkstemp(dtb);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, tree, used), used);
    close(fd);
    snprintf(command, sizeof(command), "dtc -I dtb -O dts -o %s.dts %s 2>%s.err", dtb, dtb, dtb);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "%s.err", dtb);
    assert_int_equal(stat(command, &said), 0);
    if (said.st_size != 0) {
        snprintf(command, sizeof(command), "cat %s.err", dtb);
        assert_int_equal(system(command), 0);
        fail_msg("dtc complains");
    }
    snprintf(command, sizeof(command), "rm -f %s %s.dts %s.err", dtb, dtb, dtb);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_the_boot_protocol_needs),
        cmocka_unit_test(test_no_initrd_no_word_of_it),
        cmocka_unit_test(test_one_list_of_devices),
        cmocka_unit_test(test_every_size_is_written_right),
        cmocka_unit_test(test_a_small_buffer_is_an_error),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_dtc_has_no_complaint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
