/* SPDX-License-Identifier: ISC */
/*
 * bus.h: which device answers at a guest-physical address.
 *
 * Filled before the first vCPU runs and never changed afterwards, so that vCPU threads look up
 * without a lock.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

#define BUS_DEVICES_MAX 48u

struct bus {
    struct device device[BUS_DEVICES_MAX]; /* sorted by base */
    size_t count;
};

/* 0; -EEXIST: overlaps another device; -EINVAL: an empty or wrapping range; -ENOSPC. */
int bus_add(struct bus *bus, const struct device *d);

/* The device whose range holds all of [addr, addr + size), or NULL. */
const struct device *bus_find(const struct bus *bus, uint64_t addr, unsigned size);

/*
 * A guest access of 1, 2, 4 or 8 bytes. false: no device there (a read gives 0). An access that is
 * not naturally aligned within the device reads as zero and is ignored.
 */
bool bus_read(const struct bus *bus, uint64_t addr, unsigned size, uint64_t *value);
bool bus_write(const struct bus *bus, uint64_t addr, unsigned size, uint64_t value);

#endif
