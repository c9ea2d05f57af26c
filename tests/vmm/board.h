/* SPDX-License-Identifier: ISC */
/*
 * The test VMM's machine: one VM with RAM, a GICv3, a serial port and vCPUs.
 *
 *     0x0800_0000  GIC distributor
 *     0x080a_0000  GIC redistributors, when the region that the hypervisor reports fits there;
 *                  otherwise at the first suitable place from 0x1000_0000 up
 *     0x0900_0000  16550 serial port, SPI 1
 *     0x4000_0000  RAM
 *
 * The main thread makes the board, starts the vCPUs (vcpu.h), serves the console and takes the board
 * down again. Everything that a vCPU thread calls may be called by several at once.
 */
#ifndef PADDOCK_TESTVM_BOARD_H
#define PADDOCK_TESTVM_BOARD_H

#include <Hypervisor/Hypervisor.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board-fdt.h"
#include "image.h"
#include "psci.h"
#include "uart.h"
#include "vcpu.h"

#define BOARD_RAM_BASE UINT64_C(0x40000000)

/* Why a VM ended; the program's exit statuses. */
enum board_end {
    BOARD_POWER_OFF = 0,
    BOARD_ERROR = 1,
    BOARD_RESET = 10,
    BOARD_TIMEOUT = 11,
    BOARD_RUNNING = -1,
};

/* What an idle vCPU does, where the hypervisor gives a choice (softhv: hv-soft.h). */
enum board_wfi {
    BOARD_WFI_DEFAULT,
    BOARD_WFI_PARK,
    BOARD_WFI_EXIT,
};

struct board_options {
    unsigned cpus;     /* 1 to PSCI_CPUS_MAX */
    uint64_t ram_size; /* bytes, a multiple of 1 MiB */
    enum board_wfi wfi;
};

struct board {
    unsigned cpus;
    struct board_region ram;
    struct board_region gic_distributor;
    struct board_region gic_redistributors;
    uint8_t *ram_host; /* guest RAM as we see it */

    void *reservation; /* RAM between two inaccessible guards */
    size_t reservation_size;
    bool has_vm;

    struct uart uart;
    struct psci psci;
    struct vcpu vcpu[PSCI_CPUS_MAX];

    /* Written by a vCPU thread or a signal handler, read by the main thread: something happened. */
    int wake[2];
    atomic_int end; /* enum board_end */
    atomic_uint unknown_accesses;
};

/* Makes VM, RAM and GIC. 0, or -1 with the reason on stderr. board must not be moved afterwards. */
int board_create(struct board *board, const struct board_options *options);

/* Releases everything; also after a failed board_create. No vCPU thread may be left. */
void board_destroy(struct board *board);

/* Loads what image_place laid out. 0, or -1 with the reason on stderr. */
int board_load(struct board *board, const struct image_layout *layout,
               const struct image_file *kernel, const struct image_file *initrd,
               const char *bootargs);

/* A vCPU's access of size 1, 2, 4 or 8 outside of RAM. Nobody at home: reads 0, ignores. */
uint64_t board_read(struct board *board, uint64_t address, unsigned size);
void board_write(struct board *board, uint64_t address, unsigned size, uint64_t value);

/* Ends the VM; the first reason stays. Wakes the main thread. */
void board_stop(struct board *board, enum board_end end);
enum board_end board_ended(struct board *board);

/* Wakes the main thread out of poll(). Safe in a signal handler. */
void board_wake(struct board *board);

/*
 * Finds size bytes of this alignment (a power of two) in [first, limit). Pure.
 * 0 with *base set, or -1.
 */
int board_place(uint64_t first, uint64_t limit, uint64_t size, uint64_t alignment, uint64_t *base);

/* "paddock-testvm: ..." on stderr. */
void board_say(const char *format, ...);

/* "HV_BAD_ARGUMENT", for messages. */
const char *board_hv_error(hv_return_t error);

#endif
