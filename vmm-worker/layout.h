/* SPDX-License-Identifier: ISC */
/*
 * layout.h: where kernel, initial RAM disk and device tree go in guest RAM. Pure; needs only
 * <stdint.h>.
 *
 * Linux's booting.rst: the Image at text_offset from a 2 MiB boundary, with its .bss behind it; the
 * device tree at an 8-byte boundary, within 2 MiB, and not across a 2 MiB boundary of the early
 * map; the initial RAM disk within 32 GiB of the kernel, aligned to 1 GiB. Everything is placed
 * from the bottom of RAM upwards, so that the device tree stays in the early map however large RAM
 * is (IL-17).
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

#include <stdint.h>

#include "image.h"

#define LAYOUT_DTB_SIZE UINT64_C(0x200000) /* the most that the boot protocol allows */

struct layout {
    uint64_t kernel; /* where the file goes, and the entry point; guest-physical, as all */
    uint64_t dtb;
    uint64_t initrd; /* 0: none */
    uint64_t end;    /* first byte behind the last of them */
};

/*
 * 0, or -1 when they do not fit in [ram_base, ram_base + ram_size): then *needed is the RAM that
 * would do, or 0 when no amount would (the header's sizes overflow).
 */
int layout_place(const struct image_header *header, uint64_t kernel_size, uint64_t initrd_size,
                 uint64_t ram_base, uint64_t ram_size, struct layout *out, uint64_t *needed);

#endif
