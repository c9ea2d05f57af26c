/* SPDX-License-Identifier: ISC */
/*
 * What the mini guests share: tiny bare-metal programs, each a few KiB and started in milliseconds,
 * for tests that need many VMs or a guest that does one thing. Each is one file with a guest_main();
 * the Makefile makes build/guest/mini/NAME.img of it.
 *
 * They know the board's addresses (vmm-worker/board.h). The MMU is off, so all memory is device
 * memory: aligned accesses only, and no atomic read-modify-write.
 */
#ifndef PADDOCK_GUEST_MINI_H
#define PADDOCK_GUEST_MINI_H

#include <stdint.h>

#define GICD              UINT64_C(0x08000000)
#define GICR              UINT64_C(0x080a0000)
#define UART              UINT64_C(0x09000000)
#define RTC               UINT64_C(0x09010000)
#define GPIO              UINT64_C(0x09030000)
#define BOOT_TIMER        UINT64_C(0x091ff000)

#define PSCI_CPU_ON       UINT64_C(0xc4000003)
#define PSCI_SYSTEM_RESET UINT64_C(0x84000009)

#define CPUS_MAX          16u

/* Each guest's own. Coming back powers off. */
void guest_main(void);

static inline void write8(uint64_t address, uint8_t value)
{
    *(volatile uint8_t *)address = value;
}

static inline uint8_t read8(uint64_t address)
{
    return *(volatile uint8_t *)address;
}

static inline void write32(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline uint32_t read32(uint64_t address)
{
    return *(volatile uint32_t *)address;
}

void put(const char *text);
void put_number(uint64_t value);

/* Tells the worker that the guest has booted. */
void guest_booted(void);

int64_t guest_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
/* Waits for a quarter of a second, so that who watches the console can look at the VM meanwhile. */
void guest_linger(void);

_Noreturn void guest_power_off(void);
_Noreturn void guest_reset(void);

/*
 * Turns on every other vCPU that there is, waits until all of them run, prints "mini: NAME on N
 * vCPUs" and has all of them, this one included, call `body` over and over.
 */
_Noreturn void guest_on_all(const char *name, void (*body)(void));

/* For head.S. */
void guest_run_secondary(uint64_t cpu);
extern char guest_secondary[];

#endif
