/* SPDX-License-Identifier: ISC */
/*
 * guest-ram.h: the guest's RAM as the worker sees it: one range of guest-physical addresses and its
 * bytes.
 *
 * Shared with the guest and with device threads. A range is checked once, by guest_ram_at; what
 * lies in it may change at any time, so whoever needs a stable value copies it first. Needs only
 * <stdint.h>.
 */
#ifndef VMM_GUEST_RAM_H
#define VMM_GUEST_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_ram {
    uint8_t *host;
    uint64_t base; /* guest-physical */
    uint64_t size;
};

/* The bytes [gpa, gpa + size) if all of them are RAM, else NULL. A size of 0 is NULL too. */
static inline void *guest_ram_at(const struct guest_ram *ram, uint64_t gpa, uint64_t size)
{
    uint64_t offset = gpa - ram->base;

    if (gpa < ram->base || size == 0 || offset >= ram->size || size > ram->size - offset) {
        return NULL;
    }
    return ram->host + offset;
}

/* Little-endian accesses to memory that the guest may change meanwhile: read or written once. p
 * need not be aligned. */
uint16_t guest_ram_get16(const void *p);
uint32_t guest_ram_get32(const void *p);
uint64_t guest_ram_get64(const void *p);
void guest_ram_put16(void *p, uint16_t v);
void guest_ram_put32(void *p, uint32_t v);
/* For the index of a ring: what the other side wrote before it is seen after it, and so is ours. */
uint16_t guest_ram_acquire16(const void *p);
void guest_ram_release16(void *p, uint16_t v);

/* What is written before it is seen by the guest before what is read after it is read. */
void guest_ram_fence(void);

#endif
