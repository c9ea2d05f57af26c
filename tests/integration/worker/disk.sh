#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Disks: what is written is there, in the guest and in the file; a read-only base image stays as it is
# whatever the guest's root does to it; serials, discard, and a disk that fails.
# deadline: 200
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_tool mkfs.ext4 e2fsck debugfs sha256sum
need_guest generic-6.12
mib=$((1024 * 1024))
seq 1 1000000 | head -c $((4 * mib)) >"$scratch/wanted"
sum=$(sha256sum <"$scratch/wanted")

# vda: an empty ext4; vdb: raw; vdc: a base image, read-only; vdd: one that will fail.
mkfs.ext4 -q -F "$scratch/a.img" 64M >"$scratch/mkfs" || fail "mkfs.ext4"
cp "$scratch/wanted" "$scratch/b.img"
make_root "$scratch/base.img" 16
head -c $((2 * mib)) "$scratch/wanted" >"$scratch/d.img"
base=$(sha256sum <"$scratch/base.img")

# shellcheck disable=SC2119
pack_script <<'END'
say() { echo "disk: $*"; }
for disk in vda vdb vdc vdd; do
    say "$disk serial $(cat /sys/block/$disk/serial) sectors $(cat /sys/block/$disk/size) ro $(cat /sys/block/$disk/ro)"
done

# A file system, through a remount and with empty caches.
mkdir -p /mnt /base
mount -t ext4 /dev/vda /mnt || say "no mount"
head -c 4194304 /dev/vdb >/tmp/data
say "raw $(sha256sum </tmp/data)"
cp /tmp/data /mnt/file
sync
echo 3 >/proc/sys/vm/drop_caches
say "file $(sha256sum </mnt/file)"
umount /mnt
mount -t ext4 /dev/vda /mnt
cmp /tmp/data /mnt/file && say "same after a remount"
rm /mnt/file
cp /tmp/data /mnt/file
umount /mnt

# The raw device, past the page cache.
tail -c 1048576 /tmp/data >/tmp/mib
dd if=/tmp/mib of=/dev/vdb bs=64k seek=16 oflag=direct conv=notrunc 2>/dev/null || say "no direct write"
dd if=/dev/vdb bs=64k skip=16 count=16 iflag=direct 2>/dev/null | cmp - /tmp/mib && say "same after a direct write"
blkdiscard -o 2097152 -l 2097152 /dev/vdb && say "discarded"
say "after discard $(dd if=/dev/vdb bs=1M skip=2 count=2 iflag=direct 2>/dev/null | tr -d '\000' | wc -c)"

# The base image: root tries.
dd if=/tmp/mib of=/dev/vdc bs=64k count=4 oflag=direct conv=notrunc 2>/dev/null && say "wrote to the base image"
blockdev --setrw /dev/vdc 2>/dev/null
dd if=/tmp/mib of=/dev/vdc bs=64k count=4 oflag=direct conv=notrunc 2>/dev/null && say "wrote to the base image"
blkdiscard /dev/vdc 2>/dev/null && say "discarded the base image"
mount -t ext4 /dev/vdc /base 2>/dev/null && touch /base/new 2>/dev/null && say "made a file in the base image"
mount -t ext4 -o ro,noload /dev/vdc /base 2>/dev/null
say "base $(cat /base/etc/hostname)"
umount /base

say "ready for the failure"
read -r _
dd if=/dev/vdd of=/dev/null bs=64k skip=16 count=1 iflag=direct 2>/dev/null || say "error seen"
dd if=/dev/vdb of=/dev/null bs=64k count=1 iflag=direct 2>/dev/null && say "others go on"
END

vm_start --kernel "$kernel" --initrd "$initrd" --cpus 2 --disk "$scratch/a.img" --disk "$scratch/b.img" \
    --disk "$scratch/base.img:ro" --disk "$scratch/d.img" --stats \
    --append "quiet paddock.modules=1 paddock.run=script"
vm_wait_for "ready for the failure"
: >"$scratch/d.img"
vm_type go
vm_end 0
tr -d '\r' <"$console" >"$scratch/text"
cat "$scratch/text"

i=0
for disk in "vda:$((64 * 2048)):0" "vdb:8192:0" "vdc:$((16 * 2048)):1" "vdd:4096:0"; do
    IFS=: read -r name sectors ro <<<"$disk"
    expect "$scratch/text" "disk: $name serial disk$i sectors $sectors ro $ro"
    i=$((i + 1))
done
expect "$scratch/text" "disk: raw $sum"
expect "$scratch/text" "disk: file $sum"
expect "$scratch/text" "disk: same after a remount"
expect "$scratch/text" "disk: same after a direct write"
expect "$scratch/text" "disk: discarded"
expect "$scratch/text" "disk: after discard 0"
expect_not "$scratch/text" "the base image"
expect "$scratch/text" "disk: base paddock"
expect "$scratch/text" "disk: error seen"
expect "$scratch/text" "disk: others go on"

# What the files hold now.
e2fsck -fn "$scratch/a.img" >"$scratch/fsck" 2>&1 || fail "e2fsck: $(cat "$scratch/fsck")"
debugfs -R "dump /file $scratch/got" "$scratch/a.img" 2>/dev/null
cmp "$scratch/got" "$scratch/wanted" || fail "the file on the image is not what the guest wrote"
[ "$(sha256sum <"$scratch/base.img")" = "$base" ] || fail "the base image changed"
[ "$(dd if="$scratch/b.img" bs=65536 skip=16 count=16 2>/dev/null | sha256sum)" = \
    "$(tail -c $mib "$scratch/wanted" | sha256sum)" ] || fail "the raw write is not in the file"
[ "$(tail -c $((2 * mib)) "$scratch/b.img" | tr -d '\000' | wc -c)" = 0 ] || fail "not discarded in the file"
[ "$(wc -c <"$scratch/b.img")" = $((4 * mib)) ] || fail "the image changed its size"
grep 'stats: blk' "$said"
[ "$(counter blk0.flushes)" -gt 0 ] || fail "no flush reached the disk"
