#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What cannot be started is refused by name, step and first cause, whatever was set up before, and
# nothing is left: no process and no file. (unit/vmm-worker/test-start spoils START field by field.)
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/hello.img"
mkdir "$scratch/tmp"
export TMPDIR=$scratch/tmp
good=$mini/hello.img

refused() { # STEP SENTENCE ARGUMENT...
    local step=$1 sentence=$2
    shift 2
    vm_run 110 "$@" </dev/null
    expect_end "start_refused at $step"
    expect "$said" "$sentence"
    [ ! -s "$console" ] || fail "a VM that never ran wrote to its console"
}

# A file with TEXT (for printf) at OFFSET, 1 KiB long.
file_with() { # NAME OFFSET TEXT
    head -c 1024 /dev/zero >"$scratch/$1"
    # shellcheck disable=SC2059 # the text is a format
    printf "$3" | dd of="$scratch/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# ---- Kernels ----

: >"$scratch/empty"
refused kernel "the file is empty" --kernel "$scratch/empty"
refused kernel "not a regular file" --kernel "$scratch"
file_with zero 0 ''
refused kernel "not a kernel image" --kernel "$scratch/zero"
file_with zboot 0 'MZ\0\0zimg'
refused kernel "an EFI zboot image" --kernel "$scratch/zboot"
file_with bzimage $((0x202)) 'HdrS'
refused kernel "an x86 bzImage" --kernel "$scratch/bzimage"
file_with elf 0 '\177ELF'
refused kernel "an ELF file" --kernel "$scratch/elf"

# Packed by the real tools, whichever are here.
gzip -c "$good" >"$scratch/kernel.gz"
refused kernel "compressed with gzip" --kernel "$scratch/kernel.gz"
for tool in zstd xz lz4 bzip2; do
    if command -v $tool >/dev/null; then
        $tool -c <"$good" >"$scratch/kernel.$tool"
        refused kernel "compressed with $tool" --kernel "$scratch/kernel.$tool"
    fi
done

# Cut short anywhere in its header, and a header that makes no sense.
for size in 1 2 63; do
    head -c $size "$good" >"$scratch/short"
    refused kernel "not a kernel image" --kernel "$scratch/short"
done
cp "$good" "$scratch/image"
printf '\377\377\377\377\377\377\377\377' | dd of="$scratch/image" bs=1 seek=16 conv=notrunc 2>/dev/null
refused kernel "the sizes in its header make no sense" --kernel "$scratch/image"
if [ -e "$debian_guests/cloud-6.1/Image" ]; then
    for size in 65536 20000000; do
        head -c $size "$debian_guests/cloud-6.1/Image" >"$scratch/cut"
        refused kernel "cut short" --kernel "$scratch/cut"
    done
fi

# ---- Memory and the initial RAM disk ----

printf '\0\0\0\004\0\0\0\0' | dd of="$scratch/image" bs=1 seek=16 conv=notrunc 2>/dev/null
refused memory "and the VM has 64 MiB" --kernel "$scratch/image" --memory 64
refused initrd "the file is empty" --kernel "$good" --initrd "$scratch/empty"
refused initrd "not a regular file" --kernel "$good" --initrd "$scratch"
dd if=/dev/null of="$scratch/large" bs=1 seek=2147483648 2>/dev/null
refused memory "and the VM has 512 MiB" --kernel "$good" --initrd "$scratch/large"
# shellcheck disable=SC2016
refused description "a quote stays open" --kernel "$good" --append 'a="b'

# ---- Disks ----

refused devices "blk0: the disk is empty" --kernel "$good" --disk "$scratch/empty"
head -c 1000 /dev/zero >"$scratch/odd"
refused devices "blk0: the disk's size is no multiple of 512 bytes" --kernel "$good" --disk "$scratch/odd"
refused devices "blk0: the disk is neither a file nor a block device" --kernel "$good" --disk "$scratch:ro"
refused devices "blk0: the disk is neither a file nor a block device" --kernel "$good" --disk /dev/null
head -c 4096 /dev/zero >"$scratch/even"
refused devices "blk2: the disk's size" --kernel "$good" --disk "$scratch/even" --disk "$scratch/even:ro" \
    --disk "$scratch/odd"

[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
