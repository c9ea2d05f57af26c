/* SPDX-License-Identifier: ISC */
/*
 * device.c: interrupt lines. See device.h.
 */
#include "device.h"

void irq_set(struct irq_line *line, bool level)
{
    if (line->level == level) {
        return;
    }
    line->level = level;
    line->raised += level;
    line->set(line->spi, level);
}
