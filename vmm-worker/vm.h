/* SPDX-License-Identifier: ISC */
/*
 * vm.h: the worker's one VM: memory, board, vCPUs, and how it ends.
 *
 * Lives on the loop's thread, except where a function says "any thread". vCPU threads and device
 * threads report what ends the VM by vm_end(), whose first caller wins; the loop hears of it
 * through an async handle and tears down.
 *
 * Lock order: vm.lock, then a device's lock, then the console's. The hypervisor's own locks come
 * last.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "bus.h"
#include "guest-ram.h"
#include "outcome.h"
#include "protocol.h"

/* The board (DESIGN.md, "The board"). */
#define BOARD_GICD_BASE       UINT64_C(0x08000000)
#define BOARD_GICR_BASE       UINT64_C(0x080a0000)
#define BOARD_UART_BASE       UINT64_C(0x09000000)
#define BOARD_RTC_BASE        UINT64_C(0x09010000)
#define BOARD_GPIO_BASE       UINT64_C(0x09030000)
#define BOARD_BOOT_TIMER_BASE UINT64_C(0x091ff000)
#define BOARD_VIRTIO_BASE     UINT64_C(0x0a000000)
#define BOARD_RAM_BASE        UINT64_C(0x40000000)
enum {
    BOARD_SPI_UART = 1,
    BOARD_SPI_RTC = 2,
    BOARD_SPI_GPIO = 7,
    BOARD_SPI_VIRTIO = 16
};

struct vm;

/* What the start was given: the description, and descriptors that the VM takes over whatever the
 * outcome. */
struct vm_description {
    const struct msg_start *start;
    int kernel;
    int initrd; /* -1: none */
    int console[2];
    int disk[PROTOCOL_DISKS_MAX];
    int net[PROTOCOL_NETS_MAX];
};

/* Told on the loop's thread. */
struct vm_events {
    void (*ended)(void *ctx, const struct msg_ended *how);
    void (*booted)(void *ctx, uint64_t microseconds);
    void (*log)(void *ctx, int level, const char *text);
    void (*vsock_incoming)(void *ctx, uint32_t port, int fd);    /* fd becomes the callee's */
    void (*vsock_connected)(void *ctx, uint32_t token, int err); /* see virtio-vsock.h */
    void *ctx;
};

/* Sets everything up short of running. NULL: refused; *why says at which step and for what first
 * cause. */
struct vm *vm_new(uv_loop_t *loop, const struct vm_description *d, const struct vm_events *events,
                  struct msg_ready *ready, struct msg_ended *why);

/* Starts the vCPUs. 0 or a negative errno. */
int vm_run(struct vm *vm);

/* Every vCPU is out of the guest when this returns. Idempotent. */
int vm_pause(struct vm *vm);
int vm_resume(struct vm *vm);

/* Presses the power button. */
void vm_power_button(struct vm *vm);
/* Whether the guest has acknowledged the press since. */
bool vm_power_button_acknowledged(const struct vm *vm);

/* Records how the VM ends and kicks every vCPU; the first call wins. Any thread. */
void vm_end(struct vm *vm, enum outcome outcome, int32_t code, const char *cause);

/* Stops and joins everything, frees everything. */
void vm_free(struct vm *vm);

void vm_get_stats(struct vm *vm, struct msg_stats *out);
int vm_console_attach(struct vm *vm, int fd); /* takes fd */
int vm_agent_attach(struct vm *vm, int fd);   /* takes fd */
int vm_balloon_target(struct vm *vm, uint64_t mib);
int vm_vsock_connect(struct vm *vm, uint32_t port, int fd, uint32_t token); /* takes fd */
int vm_vsock_listen(struct vm *vm, uint32_t port);

#endif
