/* SPDX-License-Identifier: ISC */
/*
 * The inputs of the device tree (vmm-worker/device-tree.c): numbers and the command line, devices
 * anywhere, and a buffer that may be too small. What is written is a sound tree that says the same.
 */
#include <libfdt.h>
#include <string.h>

#include "../../vmm-worker/device-tree.h"
#include "../../vmm-worker/devices/gpio.h"
#include "../../vmm-worker/devices/rtc.h"
#include "../../vmm-worker/devices/uart.h"
#include "../../vmm-worker/devices/virtio-mmio.h"
#include "fuzz-input.h"

#define TREE_MAX 0x10000u

static void check(const uint8_t *tree, size_t used, const struct fdt_board *b)
{
    int chosen = fdt_path_offset(tree, "/chosen");
    int size = 0;
    const char *args;

    FUZZ_CHECK(fdt_check_full(tree, used) == 0 && chosen >= 0);
    args = fdt_getprop(tree, chosen, "bootargs", &size);
    FUZZ_CHECK(args != NULL && (size_t)size == strlen(b->bootargs) + 1);
    FUZZ_CHECK(strcmp(args, b->bootargs) == 0);
    FUZZ_CHECK((fdt_getprop(tree, chosen, "linux,initrd-end", NULL) != NULL) ==
               (b->initrd_size != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct device_ops *const kinds[] = {&uart_ops, &rtc_ops, &gpio_ops,
                                                     &virtio_mmio_ops};
    struct fuzz_input in = {data, size};
    struct bus bus = {.count = 0};
    struct fdt_board b = {.cpus = 1 + (unsigned)fuzz_take(&in, 1) % 16};
    size_t room = (size_t)fuzz_take(&in, 2);
    unsigned devices = (unsigned)fuzz_take(&in, 1) % 48;
    char args[2048];
    size_t n;
    size_t used = 0;
    uint8_t *tree;

    b.ram_base = fuzz_take(&in, 8);
    b.ram_size = fuzz_take(&in, 8);
    b.gicd_base = fuzz_take(&in, 8);
    b.gicd_size = fuzz_take(&in, 4);
    b.gicr_base = fuzz_take(&in, 8);
    b.gicr_size = fuzz_take(&in, 4);
    b.initrd_base = fuzz_take(&in, 8);
    b.initrd_size = fuzz_take(&in, 8);
    for (unsigned i = 0; i < devices && in.left != 0; i++) {
        struct device d = {.name = "d", .ops = kinds[fuzz_take(&in, 1) % 4]};
        d.base = fuzz_take(&in, 8);
        d.size = fuzz_take(&in, 2);
        d.spi = (uint32_t)fuzz_take(&in, 4);
        (void)bus_add(&bus, &d);
    }
    n = in.left < sizeof(args) - 1 ? in.left : sizeof(args) - 1;
    memcpy(args, in.p, n);
    args[n] = '\0';
    b.bootargs = args;

    room = room < TREE_MAX ? room : TREE_MAX;
    tree =
        malloc(room != 0 ? room : 1); /* of exactly this size, so that a write behind it is seen */
    FUZZ_CHECK(tree != NULL);
    if (fdt_write(&b, &bus, tree, room, &used) == 0) {
        FUZZ_CHECK(used <= room);
        check(tree, used, &b);
    }
    free(tree);
    return 0;
}
