/* SPDX-License-Identifier: ISC */
/* test-image.c: vmm-worker/image.c. What a kernel file is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "image.h"

#define MIB UINT64_C(0x100000)

struct head {
    uint8_t bytes[IMAGE_HEAD_SIZE];
};

static void put_le64(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static struct head arm64_head(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
    struct head head = {{0}};

    memcpy(head.bytes, "MZ", 2); /* kernels with an EFI stub are DOS executables, too */
    put_le64(head.bytes + 8, text_offset);
    put_le64(head.bytes + 16, image_size);
    put_le64(head.bytes + 24, flags);
    memcpy(head.bytes + 56, "ARM\x64", 4);
    return head;
}

static void test_parses_an_arm64_image(void **state)
{
    struct head head = arm64_head(0, 30 * MIB, 0xa);
    struct image_header header;

    (void)state;
    assert_int_equal(image_identify(head.bytes, sizeof(head.bytes)), IMAGE_ARM64);
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), 0);
    assert_int_equal(header.text_offset, 0);
    assert_int_equal(header.image_size, 30 * MIB);
    assert_int_equal(header.flags, 0xa);
    /* The header alone is enough, a byte less is not. */
    assert_int_equal(image_parse(head.bytes, 64, &header), 0);
    assert_int_equal(image_parse(head.bytes, 63, &header), -1);
    assert_int_equal(image_parse(head.bytes, 0, &header), -1);
}

static void test_takes_the_old_offset_of_a_kernel_without_image_size(void **state)
{
    struct head head = arm64_head(0x1234, 0, 0);
    struct image_header header;

    (void)state;
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), 0);
    assert_int_equal(header.text_offset, 0x80000);
}

static void test_names_what_is_no_arm64_image(void **state)
{
    static const struct {
        size_t offset;
        const char *bytes;
        size_t length;
        enum image_kind kind;
        const char *word;
    } cases[] = {
        {0, "\x1f\x8b\x08", 3, IMAGE_GZIP, "gzip"},
        {0, "MZ\0\0zimg", 8, IMAGE_EFI_ZBOOT, "EFI zboot"},
        {0x202, "HdrS", 4, IMAGE_X86, "x86 bzImage"},
        {0x24, "\x18\x28\x6f\x01", 4, IMAGE_ARM32, "32-bit Arm"},
        {0, "MZ\x90", 3, IMAGE_EFI, "EFI program"},
        {0, "\177ELF", 4, IMAGE_ELF, "ELF"},
        {0,
         "\xfd"
         "7zXZ",
         6, IMAGE_XZ, "xz"},
        {0, "\x28\xb5\x2f\xfd", 4, IMAGE_ZSTD, "zstd"},
        {0, "\x02\x21\x4c\x18", 4, IMAGE_LZ4, "lz4"},
        {0, "BZh9", 4, IMAGE_BZIP2, "bzip2"},
        {0, "\x27\x05\x19\x56", 4, IMAGE_UBOOT, "uImage"},
        {0, "\xd0\x0d\xfe\xed", 4, IMAGE_DEVICE_TREE, "device tree"},
        {0, "#!/bin/sh\n", 10, IMAGE_UNKNOWN, "not a kernel"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct head head = {{0}};
        struct image_header header;

        memcpy(head.bytes + cases[i].offset, cases[i].bytes, cases[i].length);
        assert_int_equal(image_identify(head.bytes, sizeof(head.bytes)), cases[i].kind);
        assert_non_null(strstr(image_kind_name(cases[i].kind), cases[i].word));
        assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), -1);
    }
}

/* An EFI stub's section table says how long the file is. */
static void test_knows_what_an_efi_stub_stores(void **state)
{
    struct head head = arm64_head(0, 30 * MIB, 0);
    struct image_header header;
    uint8_t *pe = head.bytes + 0x40;

    (void)state;
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), 0);
    assert_int_equal(header.stored_size, 0);
    head.bytes[0x3c] = 0x40;
    memcpy(pe, "PE\0", 4);
    pe[6] = 2;    /* sections */
    pe[20] = 160; /* optional header */
    pe[24 + 160 + 17] = 0x10;
    pe[24 + 160 + 21] = 0x02; /* 0x1000 bytes from 0x200 */
    pe[24 + 160 + 40 + 18] = 0x10;
    pe[24 + 160 + 40 + 21] = 0x12; /* 0x100000 bytes from 0x1200 */
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), 0);
    assert_int_equal(header.stored_size, 0x101200);
    /* A table that lies elsewhere, or goes on behind the head, is read no further. */
    memset(pe + 20, 0xff, 2);
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), 0);
    assert_int_equal(header.stored_size, 0);
    memset(head.bytes + 0x3c, 0xff, 4);
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), 0);
    assert_int_equal(header.stored_size, 0);
}

static void test_refuses_big_endian(void **state)
{
    struct head head = arm64_head(0, MIB, 1);
    struct image_header header;

    (void)state;
    assert_int_equal(image_identify(head.bytes, sizeof(head.bytes)), IMAGE_ARM64_BIG_ENDIAN);
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), -1);
}

/* Every length of every beginning: what is not there is not read (under a sanitizer). */
static void test_short_files_are_read_no_further(void **state)
{
    struct head whole = arm64_head(0, MIB, 0);

    (void)state;
    for (size_t size = 0; size <= sizeof(whole.bytes); size++) {
        uint8_t *copy = malloc(size != 0 ? size : 1);
        struct image_header header;
        assert_non_null(copy);
        memcpy(copy, whole.bytes, size);
        assert_non_null(image_kind_name(image_identify(copy, size)));
        assert_int_equal(image_parse(copy, size, &header), size >= 64 ? 0 : -1);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses_an_arm64_image),
        cmocka_unit_test(test_takes_the_old_offset_of_a_kernel_without_image_size),
        cmocka_unit_test(test_names_what_is_no_arm64_image),
        cmocka_unit_test(test_knows_what_an_efi_stub_stores),
        cmocka_unit_test(test_refuses_big_endian),
        cmocka_unit_test(test_short_files_are_read_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
