/* SPDX-License-Identifier: ISC */
/*
 * board.h: the VM's machine: interrupt controller and devices, made in one order from one list.
 *
 *   0x0800_0000  GIC distributor
 *   0x080a_0000  GIC redistributors, where the region that the hypervisor reports fits there; else
 *                below RAM (the device tree says where)
 *   0x0900_0000  16550 serial port        SPI 1
 *   0x0901_0000  PL031 real-time clock    SPI 2
 *   0x0903_0000  PL061 with power button  SPI 7
 *   0x091f_f000  boot timer
 *   0x0a00_0000  virtio-mmio slot n at + 0x200 n, SPI 16 + n
 *   0x4000_0000  RAM
 *
 * On the loop's thread.
 */
#ifndef VMM_BOARD_H
#define VMM_BOARD_H

#include <uv.h>

#include "bus.h"
#include "console.h"
#include "devices/boot-timer.h"
#include "devices/gpio.h"
#include "devices/rtc.h"
#include "devices/uart.h"
#include "devices/virtio-balloon.h"
#include "devices/virtio-blk.h"
#include "devices/virtio-console.h"
#include "devices/virtio-net.h"
#include "devices/virtio-rng.h"
#include "devices/virtio-vsock.h"
#include "vcpu.h"
#include "vm.h"

struct board {
    uint64_t gicd_base, gicd_size;
    uint64_t gicr_base, gicr_size;
    struct bus bus;
    struct console *console;
    struct uart *uart;
    struct rtc *rtc;
    struct gpio *gpio;
    struct boot_timer *boot_timer;
    unsigned virtio_count; /* slots in use */
    struct virtio_blk *disk[PROTOCOL_DISKS_MAX];
    struct virtio_net *net[PROTOCOL_NETS_MAX];
    struct virtio_rng *rng;
    struct virtio_console *hvc;
    struct virtio_vsock *vsock;     /* NULL: not asked for */
    struct virtio_balloon *balloon; /* NULL: not asked for */
};

struct board_config {
    uv_loop_t *loop;
    const struct guest_ram *ram;
    struct vcpu_set *vcpus; /* told of every interrupt that is raised */
    const struct vm_description *description;
    enum console_port console; /* that gets the console's input (console.h) */
    void (*booted)(void *ctx, uint64_t microseconds);
    void (*remark)(void *ctx, const char *text); /* any thread */
    void (*log)(void *ctx, const char *text); /* the loop's thread, up to the end of board_free */
    void (*vsock_incoming)(void *ctx, uint32_t port, int fd);
    void (*vsock_connected)(void *ctx, uint32_t token, int err);
    void *ctx;
};

/* After hv_vm_create, before any vCPU. 0, or -1 with the hypervisor's code and what was tried. */
int board_make_gic(struct board *b, const struct board_config *config, int32_t *code,
                   const char **what);

/*
 * Takes the description's console, disk and network descriptors over, in any case. 0, or -1 with a
 * code and a sentence that names the device.
 */
int board_make_devices(struct board *b, const struct board_config *config, int32_t *code,
                       const char **what);

/* Closes those descriptors where no board will be made. */
void board_close_descriptors(const struct vm_description *d);

/* Ends device threads and frees everything; also after a failed or missing make. No vCPU may run.
 */
void board_free(struct board *b);

void board_stats(const struct board *b, struct stats *out);

/* -ENODEV: the VM has no such device. */
int board_balloon_target(struct board *b, uint64_t mib);
int board_vsock_connect(struct board *b, uint32_t port, int fd, uint32_t token); /* takes fd */
int board_vsock_listen(struct board *b, uint32_t port);

#endif
