/* SPDX-License-Identifier: ISC */
/*
 * gpio.c: PL061 and the power button. See gpio.h.
 */
#include "gpio.h"

#include <libfdt.h>
#include <pthread.h>
#include <stdlib.h>

#include "../device-tree.h"
#include "primecell.h"

enum {
    GPIO_DATA_END = 0x400, /* data: bits 9:2 of the address mask the lines */
    GPIO_DIR = 0x400,
    GPIO_IS = 0x404,
    GPIO_IBE = 0x408,
    GPIO_IEV = 0x40c,
    GPIO_IE = 0x410,
    GPIO_RIS = 0x414,
    GPIO_MIS = 0x418,
    GPIO_IC = 0x41c,
    GPIO_AFSEL = 0x420,
};

#define BUTTON    3u
#define KEY_POWER 116u

struct gpio {
    pthread_mutex_t lock;
    struct irq_line irq;
    uint8_t in;  /* levels that we drive */
    uint8_t out; /* levels that the guest drives */
    uint8_t dir; /* 1: output */
    uint8_t is;  /* 1: level-sensitive */
    uint8_t ibe; /* both edges */
    uint8_t iev; /* rising edge, high level */
    uint8_t ie;
    uint8_t edges; /* latched */
    uint8_t afsel;
    bool pressed; /* since the last press: not acknowledged yet */
    uint64_t presses, acknowledged;
};

static const uint8_t ids[8] = {0x61, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static uint8_t levels(const struct gpio *g)
{
    return (uint8_t)((g->in & ~g->dir) | (g->out & g->dir));
}

/* RIS: latched edges, and levels where the line is level-sensitive. */
static uint8_t raw(const struct gpio *g)
{
    uint8_t active = (uint8_t) ~(levels(g) ^ g->iev);

    return (uint8_t)((g->edges & ~g->is) | (active & g->is));
}

static void update(struct gpio *g)
{
    irq_set(&g->irq, (raw(g) & g->ie) != 0);
}

static void drive(struct gpio *g, unsigned line, bool level)
{
    uint8_t bit = (uint8_t)(1u << line);
    bool was = (g->in & bit) != 0;

    if (was == level) {
        return;
    }
    g->in = (uint8_t)(level ? g->in | bit : g->in & ~bit);
    if ((g->ibe & bit) != 0 || ((g->iev & bit) != 0) == level) {
        g->edges |= bit;
    }
}

static uint64_t gpio_read(void *dev, uint64_t offset, unsigned size)
{
    struct gpio *g = dev;
    uint8_t value = 0;

    (void)size;
    if (primecell_is_id(offset)) {
        return primecell_id(ids, offset);
    }
    pthread_mutex_lock(&g->lock);
    if (offset < GPIO_DATA_END) {
        value = (uint8_t)(levels(g) & (offset >> 2));
        if (!g->pressed && (value & 1u << BUTTON) != 0) {
            /* gpio-keys looks a few milliseconds after its interrupt: only now may the button go up. */
            drive(g, BUTTON, false);
            update(g);
        }
    } else {
        switch (offset) {
        case GPIO_DIR: value = g->dir; break;
        case GPIO_IS: value = g->is; break;
        case GPIO_IBE: value = g->ibe; break;
        case GPIO_IEV: value = g->iev; break;
        case GPIO_IE: value = g->ie; break;
        case GPIO_RIS: value = raw(g); break;
        case GPIO_MIS: value = raw(g) & g->ie; break;
        case GPIO_AFSEL: value = g->afsel; break;
        default: break;
        }
    }
    pthread_mutex_unlock(&g->lock);
    return value;
}

static void gpio_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct gpio *g = dev;
    uint8_t v = (uint8_t)value;

    (void)size;
    pthread_mutex_lock(&g->lock);
    if (offset < GPIO_DATA_END) {
        uint8_t mask = (uint8_t)(g->dir & (offset >> 2));
        g->out = (uint8_t)((g->out & ~mask) | (v & mask));
    } else {
        switch (offset) {
        case GPIO_DIR: g->dir = v; break;
        case GPIO_IS: g->is = v; break;
        case GPIO_IBE: g->ibe = v; break;
        case GPIO_IEV: g->iev = v; break;
        case GPIO_IE: g->ie = v; break;
        case GPIO_IC:
            v &= raw(g);
            g->edges &= (uint8_t)~v;
            if (g->pressed && (v & 1u << BUTTON) != 0) {
                g->pressed = false;
                g->acknowledged++;
            }
            break;
        case GPIO_AFSEL: g->afsel = v; break;
        default: break;
        }
    }
    update(g);
    pthread_mutex_unlock(&g->lock);
}

void gpio_press(struct gpio *g)
{
    pthread_mutex_lock(&g->lock);
    g->presses++;
    g->pressed = true;
    drive(g, BUTTON, false); /* a press that nobody answered is let go before the next */
    drive(g, BUTTON, true);
    update(g);
    pthread_mutex_unlock(&g->lock);
}

bool gpio_acknowledged(struct gpio *g)
{
    bool answer;

    pthread_mutex_lock(&g->lock);
    answer = g->presses != 0 && !g->pressed;
    pthread_mutex_unlock(&g->lock);
    return answer;
}

static int gpio_fdt(const void *dev, void *fdt, uint64_t base, uint64_t size, uint32_t spi)
{
    fdt32_t line[3] = {cpu_to_fdt32(PHANDLE_GPIO), cpu_to_fdt32(BUTTON), 0};
    int err = primecell_fdt(fdt, "pl061@9030000", "arm,pl061", base, size, spi, false);

    (void)dev;
    err = err < 0 ? err : fdt_property(fdt, "gpio-controller", NULL, 0);
    err = err < 0 ? err : fdt_property_u32(fdt, "#gpio-cells", 2);
    err = err < 0 ? err : fdt_property_u32(fdt, "phandle", PHANDLE_GPIO);
    err = err < 0 ? err : fdt_end_node(fdt);
    err = err < 0 ? err : fdt_begin_node(fdt, "gpio-keys");
    err = err < 0 ? err : fdt_property_string(fdt, "compatible", "gpio-keys");
    err = err < 0 ? err : fdt_begin_node(fdt, "poweroff");
    err = err < 0 ? err : fdt_property_string(fdt, "label", "GPIO Key Poweroff");
    err = err < 0 ? err : fdt_property_u32(fdt, "linux,code", KEY_POWER);
    err = err < 0 ? err : fdt_property(fdt, "gpios", line, sizeof(line));
    err = err < 0 ? err : fdt_end_node(fdt);
    return err < 0 ? err : fdt_end_node(fdt);
}

static void gpio_stats(const void *dev, struct stats *out)
{
    struct gpio *g = (struct gpio *)(uintptr_t)dev; /* for its lock */
    uint64_t presses;
    uint64_t acknowledged;

    pthread_mutex_lock(&g->lock);
    presses = g->presses;
    acknowledged = g->acknowledged;
    pthread_mutex_unlock(&g->lock);
    stats_add(out, "power_button", "presses", presses);
    stats_add(out, "power_button", "acknowledged", acknowledged);
}

const struct device_ops gpio_ops = {
    .read = gpio_read, .write = gpio_write, .fdt = gpio_fdt, .stats = gpio_stats};

struct gpio *gpio_new(uint32_t spi, void (*set_irq)(uint32_t, bool))
{
    struct gpio *g = calloc(1, sizeof(*g));

    if (g != NULL) {
        g->irq = (struct irq_line){.spi = spi, .set = set_irq};
        pthread_mutex_init(&g->lock, NULL);
    }
    return g;
}

void gpio_free(struct gpio *g)
{
    if (g != NULL) {
        pthread_mutex_destroy(&g->lock);
        free(g);
    }
}
