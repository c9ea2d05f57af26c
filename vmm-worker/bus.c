/* SPDX-License-Identifier: ISC */
/*
 * bus.c: a sorted table of devices. See bus.h.
 */
#include "bus.h"

#include <errno.h>

int bus_add(struct bus *bus, const struct device *d)
{
    size_t at = 0;
    uint64_t end;

    if (d->size == 0 || __builtin_add_overflow(d->base, d->size, &end)) {
        return -EINVAL;
    }
    if (bus->count == BUS_DEVICES_MAX) {
        return -ENOSPC;
    }
    for (size_t i = 0; i < bus->count; i++) {
        const struct device *o = &bus->device[i];
        if (d->base < o->base + o->size && o->base < end) {
            return -EEXIST;
        }
        if (o->base < d->base) {
            at = i + 1;
        }
    }
    for (size_t i = bus->count; i > at; i--) {
        bus->device[i] = bus->device[i - 1];
    }
    bus->device[at] = *d;
    bus->count++;
    return 0;
}

const struct device *bus_find(const struct bus *bus, uint64_t addr, unsigned size)
{
    size_t lo = 0;
    size_t hi = bus->count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct device *d = &bus->device[mid];
        if (addr < d->base) {
            hi = mid;
        } else if (addr - d->base >= d->size) {
            lo = mid + 1;
        } else {
            return size <= d->size - (addr - d->base) ? d : NULL;
        }
    }
    return NULL;
}

/* The device and the offset in it; false where nobody is home. An access that is not aligned has no
 * device but is known. */
static bool resolve(const struct bus *bus, uint64_t addr, unsigned size, const struct device **d,
                    uint64_t *offset)
{
    *d = bus_find(bus, addr, size);
    if (*d == NULL) {
        return false;
    }
    *offset = addr - (*d)->base;
    if ((*offset & (size - 1)) != 0) {
        *d = NULL;
    }
    return true;
}

bool bus_read(const struct bus *bus, uint64_t addr, unsigned size, uint64_t *value)
{
    const struct device *d;
    uint64_t offset;

    *value = 0;
    if (!resolve(bus, addr, size, &d, &offset)) {
        return false;
    }
    if (d != NULL && d->ops->read != NULL) {
        *value = d->ops->read(d->dev, offset, size);
    }
    return true;
}

bool bus_write(const struct bus *bus, uint64_t addr, unsigned size, uint64_t value)
{
    const struct device *d;
    uint64_t offset;

    if (!resolve(bus, addr, size, &d, &offset)) {
        return false;
    }
    if (d != NULL && d->ops->write != NULL) {
        d->ops->write(d->dev, offset, size, value);
    }
    return true;
}
