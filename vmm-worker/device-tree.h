/* SPDX-License-Identifier: ISC */
/*
 * device-tree.h: the device tree, written from the same list of devices that populates the bus.
 *
 * Devicetree Specification 0.4 and Linux's bindings; booting.rst for /chosen. Pure but for the
 * random seeds.
 */
#ifndef VMM_DEVICE_TREE_H
#define VMM_DEVICE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "bus.h"

/* What the tree says besides the devices. Addresses are guest-physical. */
struct fdt_board {
    unsigned cpus;
    uint64_t ram_base, ram_size;
    uint64_t gicd_base, gicd_size;
    uint64_t gicr_base, gicr_size;
    uint64_t initrd_base, initrd_size; /* size 0: none */
    const char *bootargs;
};

/* Writes the tree into buf. 0 and *used, or a negative libfdt error. */
int fdt_write(const struct fdt_board *board, const struct bus *bus, void *buf, size_t size,
              size_t *used);

/* For devices: interrupts = <SPI n, level high>. A libfdt error or 0. */
int fdt_interrupts(void *fdt, uint32_t spi);
/* reg = <base size>, two cells each. */
int fdt_reg(void *fdt, uint64_t base, uint64_t size);

#endif
