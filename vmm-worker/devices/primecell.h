/* SPDX-License-Identifier: ISC */
/*
 * primecell.h: what Arm's PrimeCell peripherals have in common: identification registers at 0xfe0
 * and a device tree node.
 */
#ifndef VMM_PRIMECELL_H
#define VMM_PRIMECELL_H

#include <stdbool.h>
#include <stdint.h>

static inline bool primecell_is_id(uint64_t offset)
{
    return offset >= 0xfe0 && offset <= 0xffc;
}

/* PeriphID0-3 and PCellID0-3, a byte in each word. */
static inline uint32_t primecell_id(const uint8_t ids[8], uint64_t offset)
{
    return (offset & 3) == 0 ? ids[(offset - 0xfe0) / 4] : 0;
}

/* Begins (and, if `end`, ends) the node: compatible, reg, interrupts, clock. A libfdt error or 0.
 */
int primecell_fdt(void *fdt, const char *node, const char *compatible, uint64_t base, uint64_t size,
                  uint32_t spi, bool end);

#endif
