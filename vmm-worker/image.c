/* SPDX-License-Identifier: ISC */
/*
 * image.c: recognises and reads kernel headers. See image.h.
 */
#include "image.h"

#include <string.h>

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
 * The first that matches wins. An arm64 or x86 kernel with an EFI stub also starts with "MZ", so
 * the bare EFI entry comes after them.
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
    [IMAGE_ARM64] = "an uncompressed arm64 Image",
    [IMAGE_ARM64_BIG_ENDIAN] = "a big-endian arm64 Image: build it little-endian",
    [IMAGE_ARM32] = "a 32-bit Arm zImage: an arm64 kernel is needed",
    [IMAGE_X86] = "an x86 bzImage: an arm64 kernel is needed",
    [IMAGE_EFI_ZBOOT] = "an EFI zboot image, which is compressed: take the Image inside it",
    [IMAGE_EFI] = "an EFI program: an uncompressed arm64 Image is needed",
    [IMAGE_ELF] = "an ELF file, perhaps vmlinux: objcopy -O binary makes an Image of it",
    [IMAGE_GZIP] = "compressed with gzip: unpack it with gunzip",
    [IMAGE_XZ] = "compressed with xz: unpack it with unxz",
    [IMAGE_ZSTD] = "compressed with zstd: unpack it with unzstd",
    [IMAGE_LZ4] = "compressed with lz4: unpack it with unlz4",
    [IMAGE_BZIP2] = "compressed with bzip2: unpack it with bunzip2",
    [IMAGE_UBOOT] = "a U-Boot uImage: unpack it with dumpimage",
    [IMAGE_DEVICE_TREE] = "a device tree or FIT image, not a kernel",
    [IMAGE_UNKNOWN] =
        "not a kernel image that is known here: an uncompressed arm64 Image is needed",
};

static uint64_t read_le(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = size; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static uint64_t read_le64(const uint8_t *bytes)
{
    return read_le(bytes, 8);
}

/*
 * An Image with an EFI stub is a PE file as well, and its section table says how much of it is
 * stored: the only way to see that a file was cut short (PE format, "COFF File Header" and "Section
 * Table"). 0: no such table within head.
 */
static uint64_t stored_size(const uint8_t *head, size_t size)
{
    enum {
        POINTER = 0x3c,
        SECTIONS = 6, /* from "PE\0\0" */
        OPTIONAL_SIZE = 20,
        FILE_HEADER = 24, /* with the signature */
        SECTION = 40,
        RAW_SIZE = 16, /* in a section */
        RAW_OFFSET = 20,
    };
    uint64_t most = 0;
    uint64_t pe;
    uint64_t table;
    uint64_t count;

    if (size < HEADER_SIZE || memcmp(head, "MZ", 2) != 0) {
        return 0;
    }
    pe = read_le(head + POINTER, 4);
    if (pe > size || size - pe < FILE_HEADER || memcmp(head + pe, "PE\0", 4) != 0) {
        return 0;
    }
    count = read_le(head + pe + SECTIONS, 2);
    table = pe + FILE_HEADER + read_le(head + pe + OPTIONAL_SIZE, 2);
    for (; count > 0 && table + SECTION <= size; count--, table += SECTION) {
        uint64_t end = read_le(head + table + RAW_OFFSET, 4) + read_le(head + table + RAW_SIZE, 4);
        most = end > most ? end : most;
    }
    return most;
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
        if (s->kind != IMAGE_ARM64) {
            return s->kind;
        }
        if (size < HEADER_SIZE) {
            return IMAGE_UNKNOWN;
        }
        return read_le64(head + HEADER_FLAGS) & FLAG_BIG_ENDIAN ? IMAGE_ARM64_BIG_ENDIAN
                                                                : IMAGE_ARM64;
    }
    return IMAGE_UNKNOWN;
}

int image_parse(const uint8_t *head, size_t size, struct image_header *out)
{
    if (image_identify(head, size) != IMAGE_ARM64) {
        return -1;
    }
    out->text_offset = read_le64(head + HEADER_TEXT_OFFSET);
    out->image_size = read_le64(head + HEADER_IMAGE_SIZE);
    out->flags = read_le64(head + HEADER_FLAGS);
    out->stored_size = stored_size(head, size);
    if (out->image_size == 0)
        out->text_offset = OLD_TEXT_OFFSET;
    return 0;
}
