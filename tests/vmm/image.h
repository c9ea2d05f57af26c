/* SPDX-License-Identifier: ISC */
/*
 * The arm64 kernel image: what a file is, what its header says, and where things go in guest RAM.
 *
 * The header and the placing rules are those of Linux's Documentation/arch/arm64/booting.rst. All
 * numbers in a kernel file are somebody else's: every sum is checked. The first three functions are
 * pure; the last two read files. Addresses are guest physical, sizes are bytes.
 */
#ifndef PADDOCK_TESTVM_IMAGE_H
#define PADDOCK_TESTVM_IMAGE_H

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

/* image_identify and image_parse want this much of the file's beginning, or all of a smaller one. */
#define IMAGE_HEAD_SIZE 1024u

/* What the kind of a file is called in a message: "a gzip file". */
const char *image_kind_name(enum image_kind kind);

enum image_kind image_identify(const uint8_t *head, size_t size);

struct image_header {
    uint64_t text_offset; /* from a 2 MiB boundary to the image's first byte */
    uint64_t image_size;  /* with .bss; 0 in kernels before 3.17 */
    uint64_t flags;
};

/* 0, or -1 when head is not the beginning of a little-endian arm64 Image. */
int image_parse(const uint8_t *head, size_t size, struct image_header *out);

struct image_layout {
    uint64_t kernel; /* where the file goes, and the entry point */
    uint64_t fdt;    /* IMAGE_FDT_SPACE bytes */
    uint64_t initrd; /* 0 when there is none */
    uint64_t end;    /* first byte behind the last of them */
};

#define IMAGE_FDT_SPACE 0x200000u /* the most that the boot protocol allows */

/*
 * Lays kernel, device tree and initial RAM disk out from ram_base upwards. 0, or -1 when they do not
 * fit in ram_size; then *needed is the RAM that would do, or 0 when no amount would (the header's
 * sizes overflow).
 */
int image_place(const struct image_header *header, uint64_t kernel_size, uint64_t initrd_size,
                uint64_t ram_base, uint64_t ram_size, struct image_layout *out, uint64_t *needed);

struct image_file {
    int fd;
    uint64_t size;
};

/*
 * Opens a regular file of 1 to max bytes. 0, or -1 with the reason written to error (one sentence
 * that names the path). The caller closes out->fd.
 */
int image_open(const char *path, uint64_t max, struct image_file *out, char *error,
               size_t error_size);

/* Reads the file's first size bytes. 0, or a negative errno; -EIO when the file has shrunk. */
int image_read(const struct image_file *file, void *buffer, size_t size);

#endif
