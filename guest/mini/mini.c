/* SPDX-License-Identifier: ISC */
/* What the mini guests share. See mini.h. */
#include "mini.h"

static volatile uint32_t runs[CPUS_MAX];
static void (*volatile shared_body)(void);

void put(const char *text)
{
    while (*text != '\0') {
        write8(UART, (uint8_t)*text++);
    }
}

void put_number(uint64_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    put(at);
}

void guest_booted(void)
{
    write8(BOOT_TIMER, 123);
}

static uint64_t counter(void)
{
    uint64_t count;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count));
    return count;
}

void guest_linger(void)
{
    uint64_t frequency, since = counter();

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    while (counter() - since < frequency / 4) {
    }
}

_Noreturn void guest_reset(void)
{
    for (;;) {
        guest_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
}

_Noreturn static void repeat(void (*body)(void))
{
    for (;;) {
        body();
    }
}

void guest_run_secondary(uint64_t cpu)
{
    runs[cpu] = 1;
    repeat(shared_body);
}

_Noreturn void guest_on_all(const char *name, void (*body)(void))
{
    uint64_t cpus = 1;

    shared_body = body;
    while (cpus < CPUS_MAX &&
           guest_call(PSCI_CPU_ON, cpus, (uint64_t)(uintptr_t)guest_secondary, cpus) == 0) {
        cpus++;
    }
    for (uint64_t i = 1; i < cpus; i++) {
        while (runs[i] == 0) {
        }
    }
    put("mini: ");
    put(name);
    put(" on ");
    put_number(cpus);
    put(" vCPUs\n");
    guest_booted();
    repeat(body);
}
