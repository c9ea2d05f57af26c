/* SPDX-License-Identifier: ISC */
/*
 * A kernel file's beginning and its size, an initial RAM disk's size and the size of RAM
 * (vmm-worker/image.c and layout.c): what is placed neither overlaps nor leaves RAM.
 */
#include <string.h>

#include "../../vmm-worker/image.h"
#include "../../vmm-worker/layout.h"
#include "fuzz-input.h"

#define RAM_BASE UINT64_C(0x40000000)

static void check_layout(const struct image_header *h, uint64_t kernel, uint64_t initrd,
                         uint64_t ram)
{
    struct layout l;
    uint64_t needed = 0;

    if (layout_place(h, kernel, initrd, RAM_BASE, ram, &l, &needed) != 0) {
        FUZZ_CHECK(needed == 0 || needed > ram);
        if (needed != 0 && needed <= UINT64_MAX - RAM_BASE) {
            FUZZ_CHECK(layout_place(h, kernel, initrd, RAM_BASE, needed, &l, &needed) == 0);
        }
        return;
    }
    FUZZ_CHECK(l.kernel >= RAM_BASE && l.dtb >= l.kernel && l.dtb - l.kernel >= kernel);
    FUZZ_CHECK(l.dtb - l.kernel >= h->image_size);
    FUZZ_CHECK(l.dtb % 8 == 0 && l.end >= l.dtb + LAYOUT_DTB_SIZE);
    FUZZ_CHECK(l.end - RAM_BASE <= ram);
    if (initrd != 0) {
        FUZZ_CHECK(l.initrd >= l.dtb + LAYOUT_DTB_SIZE && l.end - l.initrd >= initrd);
    } else {
        FUZZ_CHECK(l.initrd == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint64_t kernel = fuzz_take(&in, 8);
    uint64_t initrd = fuzz_take(&in, 8);
    uint64_t ram = fuzz_take(&in, 8);
    size_t head = in.left < IMAGE_HEAD_SIZE ? in.left : IMAGE_HEAD_SIZE;
    struct image_header h;
    enum image_kind kind;

    /* A copy of exactly this size, so that a read behind it is seen. */
    uint8_t *copy = malloc(head != 0 ? head : 1);
    FUZZ_CHECK(copy != NULL);
    memcpy(copy, in.p, head);
    kind = image_identify(copy, head);
    FUZZ_CHECK(strlen(image_kind_name(kind)) > 0);
    if (image_parse(copy, head, &h) == 0) {
        FUZZ_CHECK(kind == IMAGE_ARM64 && head >= 64);
        check_layout(&h, kernel, initrd, ram);
    }
    free(copy);
    return 0;
}
