/* SPDX-License-Identifier: ISC */
/*
 * The device tree that describes the board to the guest, as a flattened blob.
 *
 * Node formats: Devicetree Specification 0.4 and Linux's Documentation/devicetree/bindings.
 */
#ifndef PADDOCK_TESTVM_BOARD_FDT_H
#define PADDOCK_TESTVM_BOARD_FDT_H

#include <stddef.h>
#include <stdint.h>

#define BOARD_FDT_SEED_SIZE                                                                        \
    40u /* 8 bytes for the kernel's address layout, 32 for its random pool */

struct board_region {
    uint64_t base;
    uint64_t size;
};

struct board_fdt {
    unsigned cpus; /* vCPU n has MPIDR n */
    struct board_region ram;
    struct board_region gic_distributor;
    struct board_region gic_redistributors;
    struct board_region uart;
    uint32_t uart_spi;          /* number among the SPIs: INTID - 32 */
    uint32_t timer_ppi;         /* the virtual timer's, among the PPIs: INTID - 16 */
    struct board_region initrd; /* size 0: none */
    const char *bootargs;
    uint8_t seed[BOARD_FDT_SEED_SIZE];
};

/* Writes the tree. Returns the blob's size, or -1 when it does not fit in size bytes. */
int board_fdt_write(const struct board_fdt *board, void *blob, size_t size);

#endif
