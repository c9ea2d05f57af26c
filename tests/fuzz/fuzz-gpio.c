/* SPDX-License-Identifier: ISC */
/*
 * The PL061 with its power button (vmm-worker/devices/gpio.c): registers and presses in any order. The
 * interrupt line is what MIS says, and a press counts as acknowledged only after a write to IC.
 */
#include "../../vmm-worker/devices/gpio.h"
#include "fuzz-input.h"

enum {
    MIS = 0x418,
    IC = 0x41c,
};

static bool irq;

static void on_irq(uint32_t spi, bool level)
{
    FUZZ_CHECK(spi == 7 && level != irq);
    irq = level;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct gpio *gpio;
    bool pressed = false;

    irq = false;
    gpio = gpio_new(7, on_irq);
    FUZZ_CHECK(gpio != NULL);
    while (in.left != 0) {
        uint8_t op = (uint8_t)fuzz_take(&in, 1);
        /* The data register in one half of the cases, else a control register. */
        uint64_t offset =
            op & 0x20 ? (fuzz_take(&in, 1) << 2) & 0x3fc : 0x400 + (uint64_t)(op & 15) * 4;
        bool was = gpio_acknowledged(gpio);

        switch (op >> 6) {
        case 0: gpio_ops.write(gpio, offset, 4, fuzz_take(&in, 1)); break;
        case 1: FUZZ_CHECK(gpio_ops.read(gpio, offset, 4) <= 0xff); break;
        case 2:
            gpio_press(gpio);
            pressed = true;
            FUZZ_CHECK(!gpio_acknowledged(gpio));
            break;
        default: {
            unsigned width = 1u << (op & 3);
            offset = fuzz_take(&in, 2) & 0xfff;
            (void)gpio_ops.read(gpio, offset, width);
            gpio_ops.write(gpio, offset, width, fuzz_take(&in, width));
            break;
        }
        }
        FUZZ_CHECK(irq == (gpio_ops.read(gpio, MIS, 4) != 0));
        FUZZ_CHECK(pressed || !gpio_acknowledged(gpio));
        FUZZ_CHECK(was || !gpio_acknowledged(gpio) || offset == IC);
    }
    gpio_free(gpio);
    return 0;
}
