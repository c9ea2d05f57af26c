/* SPDX-License-Identifier: ISC */
/*
 * Guest accesses to a bus (vmm-worker/bus.c) with serial port, clock, power button and boot timer: any
 * address, any size, any value, with some luck near a device. First the input lays out further devices,
 * where it likes.
 */
#include <string.h>

#include "../../vmm-worker/bus.h"
#include "../../vmm-worker/devices/boot-timer.h"
#include "../../vmm-worker/devices/gpio.h"
#include "../../vmm-worker/devices/rtc.h"
#include "../../vmm-worker/devices/uart.h"
#include "fake-console.h"
#include "fuzz-input.h"

static const uint64_t bases[] = {0x09000000, 0x09010000, 0x09030000, 0x091ff000};

static void on_irq(uint32_t spi, bool level)
{
    (void)level;
    FUZZ_CHECK(spi == 1 || spi == 2 || spi == 7);
}

static void on_booted(void *ctx, uint64_t microseconds)
{
    (void)microseconds;
    ++*(unsigned *)ctx;
}

/* A device that checks what the bus promises its devices. */
struct probe {
    uint64_t size;
};

static uint64_t probe_read(void *dev, uint64_t offset, unsigned size)
{
    const struct probe *p = dev;

    FUZZ_CHECK(offset % size == 0 && offset < p->size && size <= p->size - offset);
    return UINT64_MAX;
}

static void probe_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    (void)value;
    probe_read(dev, offset, size);
}

static const struct device_ops probe_ops = {.read = probe_read, .write = probe_write};

static void add_probes(struct bus *bus, struct probe probes[8], struct fuzz_input *in)
{
    unsigned count = (unsigned)fuzz_take(in, 1) % 8;

    for (unsigned i = 0; i < count; i++) {
        uint64_t base = fuzz_take(in, 8);
        struct device d = {.name = "probe",
                           .base = base,
                           .size = fuzz_take(in, 8),
                           .ops = &probe_ops,
                           .dev = &probes[i]};
        probes[i].size = d.size;
        (void)bus_add(bus, &d);
    }
    for (size_t i = 1; i < bus->count; i++) { /* sorted, and apart */
        FUZZ_CHECK(bus->device[i - 1].base + bus->device[i - 1].size <= bus->device[i].base);
    }
}

static void access_bus(const struct bus *bus, struct fuzz_input *in)
{
    uint8_t op = (uint8_t)fuzz_take(in, 1);
    unsigned size = 1u << (op & 3);
    uint64_t addr = op & 0x80 ? fuzz_take(in, 8) : bases[op >> 2 & 3] + (fuzz_take(in, 2) & 0x1fff);
    const struct device *d = bus_find(bus, addr, size);
    uint64_t value = 1;

    FUZZ_CHECK(d == NULL || (addr >= d->base && addr - d->base <= d->size - size));
    if (op & 0x40) {
        FUZZ_CHECK(bus_write(bus, addr, size, fuzz_take(in, size)) == (d != NULL));
    } else {
        FUZZ_CHECK(bus_read(bus, addr, size, &value) == (d != NULL));
        FUZZ_CHECK(value == 0 || d != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct console console;
    struct fuzz_input in = {data, size};
    struct bus bus = {.count = 0};
    struct probe probes[8];
    unsigned booted = 0;

    memset(&console, 0, sizeof(console));
    struct uart *uart = uart_new(&console, 1, on_irq);
    struct rtc *rtc = rtc_new(2, on_irq);
    struct gpio *gpio = gpio_new(7, on_irq);
    struct boot_timer *timer = boot_timer_new(on_booted, &booted);
    const struct device devices[] = {
        {"uart", bases[0], 0x1000, 1, &uart_ops, uart},
        {"rtc", bases[1], 0x1000, 2, &rtc_ops, rtc},
        {"gpio", bases[2], 0x1000, 7, &gpio_ops, gpio},
        {"boot", bases[3], 0x1000, DEVICE_NO_SPI, &boot_timer_ops, timer}};
    FUZZ_CHECK(uart != NULL && rtc != NULL && gpio != NULL && timer != NULL);
    boot_timer_start(timer);
    for (size_t i = 0; i < 4; i++) {
        FUZZ_CHECK(bus_add(&bus, &devices[i]) == 0);
    }
    add_probes(&bus, probes, &in);
    while (in.left != 0) {
        access_bus(&bus, &in);
    }
    FUZZ_CHECK(booted <= 1);
    boot_timer_free(timer);
    gpio_free(gpio);
    rtc_free(rtc);
    uart_free(uart);
    return 0;
}
