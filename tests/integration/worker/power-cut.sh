#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The worker is killed at random points of a write load. Afterwards the journal is replayed, the file
# system is without fault, and every file is there whole that the guest had fsynced and said so.
# PADDOCK_CUTS=N cuts N times (4), on the same disk.
# deadline: 240
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_tool mkfs.ext4 e2fsck debugfs
need_guest cloud-6.1
cuts=${PADDOCK_CUTS:-4}

# Files of 4 to 260 KiB; among them ones that are renamed, rewritten and removed without a sync.
# shellcheck disable=SC2119
pack_script <<'END'
mkdir /mnt && mount -t ext4 /dev/vda /mnt
read -r round <&0
i=0
while :; do
    i=$((i + 1))
    seq "$i" 40000 | head -c $((4096 * (1 + i % 65))) >/tmp/data
    dd if=/tmp/data of=/mnt/keep.$round.$i bs=4k conv=fsync 2>/dev/null || echo "cut: a write failed"
    echo "cut: synced $round.$i."
    cp /tmp/data /mnt/noise.$i
    mv /mnt/noise.$i /mnt/noise.$((i % 7))
    rm -f /mnt/keep.$((round - 2)).$i
done
END

RANDOM=$$
echo "RANDOM=$$"
mkfs.ext4 -q -F "$scratch/disk.img" 64M >"$scratch/mkfs" || fail "mkfs.ext4"
for round in $(seq 1 "$cuts"); do
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus $((1 + round % 2)) --disk "$scratch/disk.img" \
        --append "quiet loglevel=0 paddock.modules=1 paddock.run=script"
    vm_wait_for "paddock-guest: ready"
    vm_type "$round"
    vm_wait_for "cut: synced $round.$((1 + RANDOM % 12))."
    sleep "0.$((RANDOM % 10))$((RANDOM % 10))" # not to wait for anything: a random moment
    kill -KILL "$worker"
    vm_end 99
    expect_not "$console" "a write failed"
    tr -d '\r' <"$console" | sed -n 's/^cut: synced \(.*\)\.$/\1/p' >"$scratch/synced"

    e2fsck -fy -E journal_only "$scratch/disk.img" >"$scratch/fsck" 2>&1
    e2fsck -fn "$scratch/disk.img" >"$scratch/fsck" 2>&1 || fail "e2fsck: $(cat "$scratch/fsck")"
    files=0
    while read -r name; do
        i=${name#*.}
        debugfs -R "dump /keep.$name $scratch/got" "$scratch/disk.img" 2>/dev/null
        seq "$i" 40000 | head -c $((4096 * (1 + i % 65))) >"$scratch/wanted"
        cmp "$scratch/got" "$scratch/wanted" || fail "file $name was synced and is not whole"
        rm -f "$scratch/got"
        files=$((files + 1))
    done <"$scratch/synced"
    [ $files -gt 0 ] || fail "nothing was synced"
    echo "ok: cut $round of $cuts, $files synced files"
done
