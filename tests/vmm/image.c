/* SPDX-License-Identifier: ISC */
/* The arm64 kernel image: recognising it, placing it, reading it. See image.h. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB2 UINT64_C(0x200000)

/* Offsets in the 64-byte header. */
enum {
    HEADER_TEXT_OFFSET = 8,
    HEADER_IMAGE_SIZE = 16,
    HEADER_FLAGS = 24,
    HEADER_MAGIC = 56,
    HEADER_SIZE = 64,
};

#define FLAG_BIG_ENDIAN UINT64_C(1)

/* Before 3.17 image_size is 0 and text_offset cannot be trusted (booting.rst). */
#define OLD_TEXT_OFFSET UINT64_C(0x80000)

struct signature {
    enum image_kind kind;
    size_t offset;
    size_t length;
    const char *bytes;
};

/*
 * The first that matches wins. An arm64 or x86 kernel with an EFI stub also starts with "MZ", so the
 * bare EFI entry comes after them.
 */
static const struct signature signatures[] = {
    {IMAGE_ARM64, HEADER_MAGIC, 4, "ARM\x64"},
    {IMAGE_EFI_ZBOOT, 4, 4, "zimg"},
    {IMAGE_X86, 0x202, 4, "HdrS"},
    {IMAGE_ARM32, 0x24, 4, "\x18\x28\x6f\x01"},
    {IMAGE_EFI, 0, 2, "MZ"},
    {IMAGE_ELF, 0, 4,
     "\x7f"
     "ELF"},
    {IMAGE_GZIP, 0, 2, "\x1f\x8b"},
    {IMAGE_XZ, 0, 6,
     "\xfd"
     "7zXZ\0"},
    {IMAGE_ZSTD, 0, 4, "\x28\xb5\x2f\xfd"},
    {IMAGE_LZ4, 0, 4, "\x02\x21\x4c\x18"},
    {IMAGE_LZ4, 0, 4, "\x04\x22\x4d\x18"},
    {IMAGE_BZIP2, 0, 3, "BZh"},
    {IMAGE_UBOOT, 0, 4, "\x27\x05\x19\x56"},
    {IMAGE_DEVICE_TREE, 0, 4, "\xd0\x0d\xfe\xed"},
};

static const char *const kind_names[] = {
    [IMAGE_ARM64] = "an arm64 Image",
    [IMAGE_ARM64_BIG_ENDIAN] = "a big-endian arm64 Image",
    [IMAGE_ARM32] = "a 32-bit Arm zImage",
    [IMAGE_X86] = "an x86 bzImage",
    [IMAGE_EFI_ZBOOT] = "an EFI zboot image (a compressed kernel inside an EFI program)",
    [IMAGE_EFI] = "an EFI program or DOS executable",
    [IMAGE_ELF] = "an ELF file (vmlinux, perhaps)",
    [IMAGE_GZIP] = "a gzip file (unpack it first)",
    [IMAGE_XZ] = "an xz file (unpack it first)",
    [IMAGE_ZSTD] = "a zstd file (unpack it first)",
    [IMAGE_LZ4] = "an lz4 file (unpack it first)",
    [IMAGE_BZIP2] = "a bzip2 file (unpack it first)",
    [IMAGE_UBOOT] = "a U-Boot uImage",
    [IMAGE_DEVICE_TREE] = "a device tree or FIT image",
    [IMAGE_UNKNOWN] = "of no kind this program knows",
};

static uint64_t read_le64(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (unsigned i = 8; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

const char *image_kind_name(enum image_kind kind)
{
    return kind_names[kind];
}

enum image_kind image_identify(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        const struct signature *s = &signatures[i];

        if (size < s->offset + s->length || memcmp(head + s->offset, s->bytes, s->length) != 0)
            continue;
        if (s->kind != IMAGE_ARM64)
            return s->kind;
        if (size < HEADER_SIZE)
            return IMAGE_UNKNOWN;
        return read_le64(head + HEADER_FLAGS) & FLAG_BIG_ENDIAN ? IMAGE_ARM64_BIG_ENDIAN
                                                                : IMAGE_ARM64;
    }
    return IMAGE_UNKNOWN;
}

int image_parse(const uint8_t *head, size_t size, struct image_header *out)
{
    if (image_identify(head, size) != IMAGE_ARM64)
        return -1;
    out->text_offset = read_le64(head + HEADER_TEXT_OFFSET);
    out->image_size = read_le64(head + HEADER_IMAGE_SIZE);
    out->flags = read_le64(head + HEADER_FLAGS);
    if (out->image_size == 0)
        out->text_offset = OLD_TEXT_OFFSET;
    return 0;
}

/* *at += size, rounded up to 2 MiB. False on overflow. */
static bool advance(uint64_t *at, uint64_t size)
{
    uint64_t end;

    if (__builtin_add_overflow(*at, size, &end) || __builtin_add_overflow(end, MIB2 - 1, &end))
        return false;
    *at = end & ~(MIB2 - 1);
    return true;
}

int image_place(const struct image_header *header, uint64_t kernel_size, uint64_t initrd_size,
                uint64_t ram_base, uint64_t ram_size, struct image_layout *out, uint64_t *needed)
{
    uint64_t taken = header->image_size > kernel_size ? header->image_size : kernel_size;
    uint64_t at = ram_base;

    *needed = 0;
    if (!advance(&at, 0) || __builtin_add_overflow(at, header->text_offset, &at))
        return -1;
    out->kernel = at;
    if (!advance(&at, taken))
        return -1;
    out->fdt = at;
    if (!advance(&at, IMAGE_FDT_SPACE))
        return -1;
    out->initrd = initrd_size != 0 ? at : 0;
    if (!advance(&at, initrd_size))
        return -1;
    out->end = at;
    if (out->end - ram_base > ram_size) {
        *needed = out->end - ram_base;
        return -1;
    }
    return 0;
}

int image_open(const char *path, uint64_t max, struct image_file *out, char *error,
               size_t error_size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        snprintf(error, error_size, "cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) != 0) {
        snprintf(error, error_size, "cannot look at %s: %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(error, error_size, "%s is not a regular file", path);
        goto fail;
    }
    if (st.st_size <= 0) {
        snprintf(error, error_size, "%s is empty", path);
        goto fail;
    }
    if ((uint64_t)st.st_size > max) {
        snprintf(error, error_size, "%s is too large: %" PRIu64 " MiB, and %" PRIu64 " is the most",
                 path, (uint64_t)st.st_size >> 20, max >> 20);
        goto fail;
    }
    out->fd = fd;
    out->size = (uint64_t)st.st_size;
    return 0;

fail:
    close(fd);
    return -1;
}

int image_read(const struct image_file *file, void *buffer, size_t size)
{
    uint8_t *to = buffer;
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(file->fd, to + done, size - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        done += (size_t)n;
    }
    return 0;
}
