/* SPDX-License-Identifier: ISC */
/*
 * device.h: what every device of the board is to the bus, the device tree and the statistics.
 *
 * One list of devices (board.c) registers the bus and writes the device tree, so they cannot
 * disagree. A device is a struct of its own, whose first use is through the functions here. Its
 * registers are called from any vCPU thread, without a lock: each device has its own and holds it
 * for no longer than a register access takes; none is held while another device or a descriptor is
 * waited for.
 */
#ifndef VMM_DEVICE_H
#define VMM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "stats.h"

/*
 * Registers. offset is within the device's range, size 1, 2, 4 or 8, offset a multiple of size.
 * What a device does not have reads as zero and ignores writes.
 */
struct device_ops {
    uint64_t (*read)(void *dev, uint64_t offset, unsigned size);
    void (*write)(void *dev, uint64_t offset, unsigned size, uint64_t value);
    /* Adds the device's node (sequential write, libfdt's fdt_begin_node and so on). 0 or a negative
     * libfdt error. May be NULL. */
    int (*fdt)(const void *dev, void *fdt, uint64_t base, uint64_t size, uint32_t spi);
    /* Appends its counters. Any thread. May be NULL. */
    void (*stats)(const void *dev, struct stats *out);
};

struct device {
    const char *name; /* "uart", "blk0": also in statistics */
    uint64_t base;    /* guest-physical */
    uint64_t size;
    uint32_t spi; /* interrupt number as in the device tree (INTID - 32); DEVICE_NO_SPI: none */
    const struct device_ops *ops;
    void *dev;
};

#define DEVICE_NO_SPI UINT32_MAX

/* Fixed phandles of the device tree. */
enum phandle {
    PHANDLE_GIC = 1,
    PHANDLE_APB_PCLK = 2,
    PHANDLE_GPIO = 3,
};

/*
 * A device's interrupt line. irq_set may be called from any thread and only tells the GIC when the
 * level changes; the line is level- triggered.
 */
struct irq_line {
    uint32_t spi;
    bool level;      /* guarded by the device's lock */
    uint64_t raised; /* how often it rose */
    void (*set)(uint32_t spi,
                bool level); /* the VM's: hv_gic_set_spi(32 + spi, level); a test's own */
};

void irq_set(struct irq_line *line, bool level);

#endif
