/* SPDX-License-Identifier: ISC */
/*
 * device-tree.c: writes the device tree with libfdt's sequential functions. See device-tree.h.
 */
#include "device-tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "host-random.h"

enum {
    GIC_SPI = 0,
    GIC_PPI = 1
};
enum {
    IRQ_LEVEL_HIGH = 4
};

/* Every libfdt call returns 0 or a negative error: the first one is kept. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_error = (call);                                                                    \
        if (try_error < 0) {                                                                       \
            return try_error;                                                                      \
        }                                                                                          \
    } while (0)

static int prop_cells(void *fdt, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t be[16];

    for (size_t i = 0; i < count; i++) {
        be[i] = cpu_to_fdt32(cells[i]);
    }
    return fdt_property(fdt, name, be, (int)(count * sizeof(be[0])));
}

int fdt_reg(void *fdt, uint64_t base, uint64_t size)
{
    const uint32_t cells[] = {(uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
                              (uint32_t)size};

    return prop_cells(fdt, "reg", cells, 4);
}

int fdt_interrupts(void *fdt, uint32_t spi)
{
    const uint32_t cells[] = {GIC_SPI, spi, IRQ_LEVEL_HIGH};

    return prop_cells(fdt, "interrupts", cells, 3);
}

static int write_chosen(void *fdt, const struct fdt_board *b)
{
    uint8_t seed[64];
    uint64_t kaslr = 0;

    TRY(fdt_begin_node(fdt, "chosen"));
    TRY(fdt_property(fdt, "bootargs", b->bootargs, (int)strlen(b->bootargs) + 1));
    TRY(fdt_property_string(fdt, "stdout-path", "/uart@9000000"));
    if (b->initrd_size != 0) {
        TRY(fdt_property_u64(fdt, "linux,initrd-start", b->initrd_base));
        TRY(fdt_property_u64(fdt, "linux,initrd-end", b->initrd_base + b->initrd_size));
    }
    if (host_random(seed, sizeof(seed)) == 0 && host_random(&kaslr, sizeof(kaslr)) == 0) {
        TRY(fdt_property(fdt, "rng-seed", seed, sizeof(seed)));
        TRY(fdt_property_u64(fdt, "kaslr-seed", kaslr));
    }
    return fdt_end_node(fdt);
}

static int write_cpus(void *fdt, unsigned count)
{
    char name[16];

    TRY(fdt_begin_node(fdt, "cpus"));
    TRY(fdt_property_u32(fdt, "#address-cells", 1));
    TRY(fdt_property_u32(fdt, "#size-cells", 0));
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "cpu@%x", i);
        TRY(fdt_begin_node(fdt, name));
        TRY(fdt_property_string(fdt, "device_type", "cpu"));
        TRY(fdt_property_string(fdt, "compatible", "arm,armv8"));
        TRY(fdt_property_string(fdt, "enable-method", "psci"));
        TRY(fdt_property_u32(fdt, "reg", i)); /* the MPIDR that vcpu.c sets */
        TRY(fdt_end_node(fdt));
    }
    return fdt_end_node(fdt);
}

static int write_platform(void *fdt, const struct fdt_board *b)
{
    static const char psci[] = "arm,psci-1.0\0arm,psci-0.2";
    /* Secure, non-secure and virtual EL1 timers, hypervisor timer: PPI numbers. */
    const uint32_t timers[] = {GIC_PPI, 13, IRQ_LEVEL_HIGH, GIC_PPI, 14, IRQ_LEVEL_HIGH,
                               GIC_PPI, 11, IRQ_LEVEL_HIGH, GIC_PPI, 10, IRQ_LEVEL_HIGH};
    const uint32_t gic[] = {(uint32_t)(b->gicd_base >> 32), (uint32_t)b->gicd_base,
                            (uint32_t)(b->gicd_size >> 32), (uint32_t)b->gicd_size,
                            (uint32_t)(b->gicr_base >> 32), (uint32_t)b->gicr_base,
                            (uint32_t)(b->gicr_size >> 32), (uint32_t)b->gicr_size};
    char name[32];

    snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)b->ram_base);
    TRY(fdt_begin_node(fdt, name));
    TRY(fdt_property_string(fdt, "device_type", "memory"));
    TRY(fdt_reg(fdt, b->ram_base, b->ram_size));
    TRY(fdt_end_node(fdt));

    TRY(fdt_begin_node(fdt, "psci"));
    TRY(fdt_property(fdt, "compatible", psci, sizeof(psci)));
    TRY(fdt_property_string(fdt, "method", "hvc"));
    TRY(fdt_end_node(fdt));

    TRY(fdt_begin_node(fdt, "timer"));
    TRY(fdt_property_string(fdt, "compatible", "arm,armv8-timer"));
    TRY(prop_cells(fdt, "interrupts", timers, 12));
    TRY(fdt_property(fdt, "always-on", NULL, 0));
    TRY(fdt_end_node(fdt));

    snprintf(name, sizeof(name), "intc@%llx", (unsigned long long)b->gicd_base);
    TRY(fdt_begin_node(fdt, name));
    TRY(fdt_property_string(fdt, "compatible", "arm,gic-v3"));
    TRY(fdt_property_u32(fdt, "#interrupt-cells", 3));
    TRY(fdt_property_u32(fdt, "#address-cells", 0));
    TRY(fdt_property(fdt, "interrupt-controller", NULL, 0));
    TRY(prop_cells(fdt, "reg", gic, 8));
    TRY(fdt_property_u32(fdt, "phandle", PHANDLE_GIC));
    TRY(fdt_end_node(fdt));

    TRY(fdt_begin_node(fdt, "apb-pclk"));
    TRY(fdt_property_string(fdt, "compatible", "fixed-clock"));
    TRY(fdt_property_u32(fdt, "#clock-cells", 0));
    TRY(fdt_property_u32(fdt, "clock-frequency", 24000000));
    TRY(fdt_property_string(fdt, "clock-output-names", "clk24mhz"));
    TRY(fdt_property_u32(fdt, "phandle", PHANDLE_APB_PCLK));
    return fdt_end_node(fdt);
}

int fdt_write(const struct fdt_board *b, const struct bus *bus, void *buf, size_t size,
              size_t *used)
{
    TRY(fdt_create(buf, (int)size));
    TRY(fdt_finish_reservemap(buf));
    TRY(fdt_begin_node(buf, ""));
    TRY(fdt_property_string(buf, "compatible", "linux,dummy-virt"));
    TRY(fdt_property_string(buf, "model", "paddock"));
    TRY(fdt_property_u32(buf, "#address-cells", 2));
    TRY(fdt_property_u32(buf, "#size-cells", 2));
    TRY(fdt_property_u32(buf, "interrupt-parent", PHANDLE_GIC));
    TRY(write_chosen(buf, b));
    TRY(write_cpus(buf, b->cpus));
    TRY(write_platform(buf, b));
    for (size_t i = 0; i < bus->count; i++) {
        const struct device *d = &bus->device[i];
        if (d->ops->fdt != NULL) {
            TRY(d->ops->fdt(d->dev, buf, d->base, d->size, d->spi));
        }
    }
    TRY(fdt_end_node(buf));
    TRY(fdt_finish(buf));
    *used = fdt_totalsize(buf);
    return 0;
}
