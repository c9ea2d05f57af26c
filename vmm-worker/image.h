/* SPDX-License-Identifier: ISC */
/*
 * image.h: what a kernel file is, and what an arm64 Image's header says (Linux's booting.rst).
 * Pure.
 */
#ifndef VMM_IMAGE_H
#define VMM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

enum image_kind {
    IMAGE_ARM64,
    IMAGE_ARM64_BIG_ENDIAN,
    IMAGE_ARM32,
    IMAGE_X86,
    IMAGE_EFI_ZBOOT,
    IMAGE_EFI,
    IMAGE_ELF,
    IMAGE_GZIP,
    IMAGE_XZ,
    IMAGE_ZSTD,
    IMAGE_LZ4,
    IMAGE_BZIP2,
    IMAGE_UBOOT,
    IMAGE_DEVICE_TREE,
    IMAGE_UNKNOWN,
};

/* image_identify and image_parse want this much of the file's beginning, or all of a smaller one.
 */
#define IMAGE_HEAD_SIZE 1024u

/* For a message: what the file is and, where it cannot be booted, what to do. "the kernel is …". */
const char *image_kind_name(enum image_kind kind);

enum image_kind image_identify(const uint8_t *head, size_t size);

struct image_header {
    uint64_t text_offset; /* from a 2 MiB boundary to the image's first byte */
    uint64_t image_size;  /* with .bss; 0 in kernels before 3.17 */
    uint64_t flags;
    uint64_t
        stored_size; /* what the file holds at least, by its EFI sections; 0: it does not say */
};

/* 0, or -1 when head is not the beginning of a little-endian arm64 Image. */
int image_parse(const uint8_t *head, size_t size, struct image_header *out);

#endif
