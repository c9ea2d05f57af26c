#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the test VMM refuses, with status 2 and a sentence that says why.
set -u
# shellcheck source=tests/integration/lib/boot.sh
. "$(dirname "$0")/lib/boot.sh"

refuses() { # SENTENCE ARGUMENT...
    local sentence=$1
    shift
    run_testvm 2 "$@" </dev/null
    expect "$complaints" "$sentence"
}

# A file with TEXT (for printf) at OFFSET, 1 KiB long.
file_with() { # NAME OFFSET TEXT
    head -c 1024 /dev/zero >"$scratch/$1"
    # shellcheck disable=SC2059 # the text is a format
    printf "$3" | dd of="$scratch/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

refuses "no --kernel"
refuses "what is 'more' for?" --kernel x more
refuses "usage:" --no-such-option
refuses "--cpus wants a number from 1 to 16, not '0'" --kernel x --cpus 0
refuses "--cpus wants a number from 1 to 16, not '17'" --kernel x --cpus 17
refuses "--cpus wants a number from 1 to 16, not '-1'" --kernel x --cpus -1
refuses "--cpus wants a number from 1 to 16, not '2x'" --kernel x --cpus 2x
refuses "--memory wants a number" --kernel x --memory 18446744073709551617
refuses "--timeout wants a number" --kernel x --timeout 0
refuses "--wfi is park or exit, not 'sleep'" --kernel x --wfi sleep

refuses "cannot open $scratch/none" --kernel "$scratch/none"
refuses "is not a regular file" --kernel "$scratch"
: >"$scratch/empty"
refuses "is empty" --kernel "$scratch/empty"

file_with gzip 0 '\037\213\010'
refuses "is not an arm64 Image: it is a gzip file" --kernel "$scratch/gzip"
file_with zboot 0 'MZ\0\0zimg'
refuses "is not an arm64 Image: it is an EFI zboot image" --kernel "$scratch/zboot"
file_with bzimage $((0x202)) 'HdrS'
refuses "is not an arm64 Image: it is an x86 bzImage" --kernel "$scratch/bzimage"
file_with elf 0 '\177ELF'
refuses "is not an arm64 Image: it is an ELF file" --kernel "$scratch/elf"
file_with zero 0 ''
refuses "is not an arm64 Image: it is of no kind" --kernel "$scratch/zero"

# An Image of 64 MiB (in its header) and a disk of 2 GiB (a hole).
file_with image 56 'ARM\144'
printf '\0\0\0\004' | dd of="$scratch/image" bs=1 seek=16 conv=notrunc 2>/dev/null
refuses "too little memory: 32 MiB, and kernel and initial RAM disk alone take 66" \
    --kernel "$scratch/image" --memory 32
file_with disk 0 ''
refuses "take 68" --kernel "$scratch/image" --initrd "$scratch/disk" --memory 66
dd if=/dev/null of="$scratch/disk" bs=1 seek=2147483648 2>/dev/null
refuses "is too large: 2048 MiB" --kernel "$scratch/image" --initrd "$scratch/disk"
refuses "cannot open $scratch/none" --kernel "$scratch/image" --initrd "$scratch/none"
printf '\377\377\377\377\377\377\377\377' | dd of="$scratch/image" bs=1 seek=16 conv=notrunc 2>/dev/null
refuses "the sizes in its header make no sense" --kernel "$scratch/image"
