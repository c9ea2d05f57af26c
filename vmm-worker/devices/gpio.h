/* SPDX-License-Identifier: ISC */
/*
 * gpio.h: an Arm PL061 (DDI 0190) with a power button on line 3, and the gpio-keys node that tells
 * Linux so.
 *
 * A press raises the line. It counts as acknowledged once the guest has cleared the interrupt, which only a
 * driver does; the button is let go once the guest has then read the line, which is the second edge.
 */
#ifndef VMM_GPIO_H
#define VMM_GPIO_H

#include "../device.h"

struct gpio;

extern const struct device_ops gpio_ops;

/* NULL: out of memory. */
struct gpio *gpio_new(uint32_t spi, void (*set_irq)(uint32_t spi, bool level));
void gpio_free(struct gpio *gpio);

/* Any thread. */
void gpio_press(struct gpio *gpio);
bool gpio_acknowledged(struct gpio *gpio);

#endif
