/* SPDX-License-Identifier: ISC */
/* The board's device tree. See board-fdt.h. */
#include "board-fdt.h"

#include <inttypes.h>
#include <libfdt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    PHANDLE_GIC = 1,

    /* First and third cell of an interrupt (bindings/interrupt-controller/arm,gic-v3). */
    GIC_SPI = 0,
    GIC_PPI = 1,
    LEVEL_HIGH = 4,

    UART_CLOCK_HZ = 1843200,
    PPI_SECURE_TIMER = 13,
    PPI_PHYSICAL_TIMER = 14,
    PPI_HYPERVISOR_TIMER = 10,
    PPI_GIC_MAINTENANCE = 9,
};

/* libfdt's sequential writer with a sticky error, so that a tree reads like a tree. */
struct tree {
    void *blob;
    bool failed;
};

static void tree_check(struct tree *t, int result)
{
    t->failed = t->failed || result != 0;
}

static void tree_begin(struct tree *t, const char *name)
{
    tree_check(t, fdt_begin_node(t->blob, name));
}

static void tree_begin_at(struct tree *t, const char *name, uint64_t address)
{
    char full[48];

    snprintf(full, sizeof(full), "%s@%" PRIx64, name, address);
    tree_begin(t, full);
}

static void tree_end(struct tree *t)
{
    tree_check(t, fdt_end_node(t->blob));
}

static void tree_flag(struct tree *t, const char *name)
{
    tree_check(t, fdt_property(t->blob, name, NULL, 0));
}

static void tree_u32(struct tree *t, const char *name, uint32_t value)
{
    tree_check(t, fdt_property_u32(t->blob, name, value));
}

static void tree_u64(struct tree *t, const char *name, uint64_t value)
{
    tree_check(t, fdt_property_u64(t->blob, name, value));
}

static void tree_string(struct tree *t, const char *name, const char *value)
{
    size_t size = strlen(value) + 1;

    if (size > INT_MAX)
        t->failed = true;
    else
        tree_check(t, fdt_property(t->blob, name, value, (int)size));
}

static void tree_cells(struct tree *t, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t out[16];

    if (count > sizeof(out) / sizeof(out[0])) {
        t->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = cpu_to_fdt32(cells[i]);
    tree_check(t, fdt_property(t->blob, name, out, (int)(count * sizeof(out[0]))));
}

static void tree_reg(struct tree *t, const struct board_region *regions, size_t count)
{
    uint32_t cells[8];

    for (size_t i = 0; i < count; i++) {
        cells[4 * i] = (uint32_t)(regions[i].base >> 32);
        cells[4 * i + 1] = (uint32_t)regions[i].base;
        cells[4 * i + 2] = (uint32_t)(regions[i].size >> 32);
        cells[4 * i + 3] = (uint32_t)regions[i].size;
    }
    tree_cells(t, "reg", cells, 4 * count);
}

static void write_chosen(struct tree *t, const struct board_fdt *b)
{
    char console[32];

    tree_begin(t, "chosen");
    tree_string(t, "bootargs", b->bootargs);
    snprintf(console, sizeof(console), "/serial@%" PRIx64, b->uart.base);
    tree_string(t, "stdout-path", console);
    if (b->initrd.size != 0) {
        tree_u64(t, "linux,initrd-start", b->initrd.base);
        tree_u64(t, "linux,initrd-end", b->initrd.base + b->initrd.size);
    }
    tree_check(t, fdt_property(t->blob, "kaslr-seed", b->seed, 8));
    tree_check(t, fdt_property(t->blob, "rng-seed", b->seed + 8, BOARD_FDT_SEED_SIZE - 8));
    tree_end(t);
}

static void write_cpus(struct tree *t, const struct board_fdt *b)
{
    tree_begin(t, "cpus");
    tree_u32(t, "#address-cells", 1);
    tree_u32(t, "#size-cells", 0);
    for (uint32_t i = 0; i < b->cpus; i++) {
        tree_begin_at(t, "cpu", i);
        tree_string(t, "device_type", "cpu");
        tree_string(t, "compatible", "arm,armv8");
        tree_u32(t, "reg", i);
        tree_string(t, "enable-method", "psci");
        tree_end(t);
    }
    tree_end(t);

    tree_begin(t, "psci");
    tree_check(t, fdt_property(t->blob, "compatible", "arm,psci-1.0\0arm,psci-0.2",
                               sizeof("arm,psci-1.0\0arm,psci-0.2")));
    tree_string(t, "method", "hvc");
    tree_end(t);
}

static void write_interrupts(struct tree *t, const struct board_fdt *b)
{
    const struct board_region gic[] = {b->gic_distributor, b->gic_redistributors};
    const uint32_t maintenance[] = {GIC_PPI, PPI_GIC_MAINTENANCE, LEVEL_HIGH};
    const uint32_t timers[] = {
        GIC_PPI, PPI_SECURE_TIMER, LEVEL_HIGH, GIC_PPI, PPI_PHYSICAL_TIMER,   LEVEL_HIGH,
        GIC_PPI, b->timer_ppi,     LEVEL_HIGH, GIC_PPI, PPI_HYPERVISOR_TIMER, LEVEL_HIGH,
    };

    tree_begin_at(t, "interrupt-controller", b->gic_distributor.base);
    tree_string(t, "compatible", "arm,gic-v3");
    tree_flag(t, "interrupt-controller");
    tree_u32(t, "#interrupt-cells", 3);
    tree_u32(t, "#address-cells", 0);
    tree_reg(t, gic, 2);
    tree_cells(t, "interrupts", maintenance, 3);
    tree_u32(t, "phandle", PHANDLE_GIC);
    tree_end(t);

    tree_begin(t, "timer");
    tree_string(t, "compatible", "arm,armv8-timer");
    tree_flag(t, "always-on");
    tree_cells(t, "interrupts", timers, sizeof(timers) / sizeof(timers[0]));
    tree_end(t);
}

static void write_uart(struct tree *t, const struct board_fdt *b)
{
    const uint32_t interrupt[] = {GIC_SPI, b->uart_spi, LEVEL_HIGH};

    tree_begin_at(t, "serial", b->uart.base);
    tree_string(t, "compatible", "ns16550a");
    tree_reg(t, &b->uart, 1);
    tree_cells(t, "interrupts", interrupt, 3);
    tree_u32(t, "clock-frequency", UART_CLOCK_HZ);
    tree_u32(t, "current-speed", 115200);
    tree_u32(t, "reg-shift", 0);
    tree_u32(t, "reg-io-width", 1);
    tree_end(t);
}

int board_fdt_write(const struct board_fdt *b, void *blob, size_t size)
{
    struct tree tree = {.blob = blob};
    struct tree *t = &tree;

    if (size > INT_MAX)
        size = INT_MAX;
    tree_check(t, fdt_create(blob, (int)size));
    tree_check(t, fdt_finish_reservemap(blob));
    tree_begin(t, "");
    tree_string(t, "compatible", "linux,dummy-virt");
    tree_string(t, "model", "paddock-testvm");
    tree_u32(t, "#address-cells", 2);
    tree_u32(t, "#size-cells", 2);
    tree_u32(t, "interrupt-parent", PHANDLE_GIC);
    write_chosen(t, b);
    tree_begin_at(t, "memory", b->ram.base);
    tree_string(t, "device_type", "memory");
    tree_reg(t, &b->ram, 1);
    tree_end(t);
    write_cpus(t, b);
    write_interrupts(t, b);
    write_uart(t, b);
    tree_end(t);
    tree_check(t, fdt_finish(blob));
    return t->failed ? -1 : (int)fdt_totalsize(blob);
}
