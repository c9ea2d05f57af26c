/* SPDX-License-Identifier: ISC */
/* test-image.c: tests/vmm/image.c. What a kernel file is, where it goes, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../vmm/image.h"

#define MIB      UINT64_C(0x100000)
#define RAM_BASE UINT64_C(0x40000000)

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
        {0, "#!/bin/sh\n", 10, IMAGE_UNKNOWN, "no kind"},
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

static void test_refuses_big_endian(void **state)
{
    struct head head = arm64_head(0, MIB, 1);
    struct image_header header;

    (void)state;
    assert_int_equal(image_identify(head.bytes, sizeof(head.bytes)), IMAGE_ARM64_BIG_ENDIAN);
    assert_int_equal(image_parse(head.bytes, sizeof(head.bytes), &header), -1);
}

static void test_places_kernel_tree_and_disk(void **state)
{
    struct image_header header = {.text_offset = 0, .image_size = 31 * MIB};
    struct image_layout layout;
    uint64_t needed;

    (void)state;
    /* .bss counts: the file has 27 MiB, the running kernel takes 31, rounded up to 32. */
    assert_int_equal(image_place(&header, 27 * MIB, 5 * MIB, RAM_BASE, 64 * MIB, &layout, &needed),
                     0);
    assert_int_equal(layout.kernel, RAM_BASE);
    assert_int_equal(layout.fdt, RAM_BASE + 32 * MIB);
    assert_int_equal(layout.initrd, RAM_BASE + 34 * MIB);
    assert_int_equal(layout.end, RAM_BASE + 40 * MIB);

    header.text_offset = 0x80000;
    header.image_size = 2 * MIB;
    assert_int_equal(image_place(&header, MIB, 0, RAM_BASE, 64 * MIB, &layout, &needed), 0);
    assert_int_equal(layout.kernel, RAM_BASE + 0x80000);
    assert_int_equal(layout.fdt, RAM_BASE + 4 * MIB);
    assert_int_equal(layout.initrd, 0);
}

static void test_says_how_much_memory_it_takes(void **state)
{
    struct image_header header = {.image_size = 32 * MIB};
    struct image_layout layout;
    uint64_t needed = 0;

    (void)state;
    assert_int_equal(image_place(&header, 27 * MIB, 6 * MIB, RAM_BASE, 39 * MIB, &layout, &needed),
                     -1);
    assert_int_equal(needed, 40 * MIB);
    assert_int_equal(image_place(&header, 27 * MIB, 6 * MIB, RAM_BASE, 40 * MIB, &layout, &needed),
                     0);
}

static void test_refuses_sizes_that_overflow(void **state)
{
    struct image_layout layout;
    uint64_t needed = 1;

    (void)state;
    for (unsigned shift = 0; shift < 4; shift++) {
        struct image_header header = {.image_size = UINT64_MAX >> shift};

        if (image_place(&header, MIB, MIB, RAM_BASE, 64 * MIB, &layout, &needed) == 0)
            fail_msg("an image of 0x%llx bytes was placed", (unsigned long long)header.image_size);
        header = (struct image_header){.text_offset = UINT64_MAX >> shift, .image_size = MIB};
        assert_int_equal(image_place(&header, MIB, MIB, RAM_BASE, 64 * MIB, &layout, &needed), -1);
    }
    assert_int_equal(image_place(&(struct image_header){.image_size = UINT64_MAX}, MIB, MIB,
                                 RAM_BASE, 64 * MIB, &layout, &needed),
                     -1);
    assert_int_equal(needed, 0);
}

static void test_opens_only_regular_files_of_the_right_size(void **state)
{
    char path[] = "/tmp/paddock-test-image-XXXXXX";
    char error[256];
    char bytes[4];
    struct image_file file;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(image_open(path, 4, &file, error, sizeof(error)), -1);
    assert_non_null(strstr(error, "is empty"));

    assert_int_equal(write(fd, "abcd", 4), 4);
    assert_int_equal(image_open(path, 3, &file, error, sizeof(error)), -1);
    assert_non_null(strstr(error, "too large"));

    assert_int_equal(image_open(path, 4, &file, error, sizeof(error)), 0);
    assert_int_equal(file.size, 4);
    assert_int_equal(image_read(&file, bytes, 4), 0);
    assert_memory_equal(bytes, "abcd", 4);
    assert_int_equal(ftruncate(fd, 2), 0);
    assert_true(image_read(&file, bytes, 4) < 0);
    close(file.fd);
    close(fd);
    unlink(path);

    assert_int_equal(image_open(path, 4, &file, error, sizeof(error)), -1);
    assert_non_null(strstr(error, "cannot open"));
    assert_int_equal(image_open("/dev", 4, &file, error, sizeof(error)), -1);
    assert_non_null(strstr(error, "not a regular file"));
    assert_int_equal(image_open("/dev/null", 4, &file, error, sizeof(error)), -1);
    assert_non_null(strstr(error, "not a regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses_an_arm64_image),
        cmocka_unit_test(test_takes_the_old_offset_of_a_kernel_without_image_size),
        cmocka_unit_test(test_names_what_is_no_arm64_image),
        cmocka_unit_test(test_refuses_big_endian),
        cmocka_unit_test(test_places_kernel_tree_and_disk),
        cmocka_unit_test(test_says_how_much_memory_it_takes),
        cmocka_unit_test(test_refuses_sizes_that_overflow),
        cmocka_unit_test(test_opens_only_regular_files_of_the_right_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
