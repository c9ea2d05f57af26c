/* SPDX-License-Identifier: ISC */
/* layout.c: see layout.h. */
#include "layout.h"

#include <stdbool.h>

#define STEP    UINT64_C(0x200000)

/* Before 3.17 image_size is 0 and .bss is unknown: room for it is guessed, generously. */
#define OLD_BSS UINT64_C(0x1000000)

/* *at += size, rounded up to 2 MiB. false on overflow. */
static bool advance(uint64_t *at, uint64_t size)
{
    uint64_t end;

    if (__builtin_add_overflow(*at, size, &end) || __builtin_add_overflow(end, STEP - 1, &end)) {
        return false;
    }
    *at = end & ~(STEP - 1);
    return true;
}

int layout_place(const struct image_header *header, uint64_t kernel_size, uint64_t initrd_size,
                 uint64_t ram_base, uint64_t ram_size, struct layout *out, uint64_t *needed)
{
    uint64_t taken = header->image_size > kernel_size ? header->image_size : kernel_size;
    uint64_t at = ram_base;

    *needed = 0;
    if (header->image_size == 0 && __builtin_add_overflow(taken, OLD_BSS, &taken)) {
        return -1;
    }
    if (!advance(&at, 0) || __builtin_add_overflow(at, header->text_offset, &at)) {
        return -1;
    }
    out->kernel = at;
    if (!advance(&at, taken)) {
        return -1;
    }
    out->dtb = at;
    if (!advance(&at, LAYOUT_DTB_SIZE)) {
        return -1;
    }
    out->initrd = initrd_size != 0 ? at : 0;
    if (!advance(&at, initrd_size)) {
        return -1;
    }
    out->end = at;
    if (out->end - ram_base > ram_size) {
        *needed = out->end - ram_base;
        return -1;
    }
    return 0;
}
