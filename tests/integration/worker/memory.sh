#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What a worker needs beyond its guest's RAM: at most 5 MiB, softhv's decoded code apart, once a kernel has
# booted and used a disk. Measured by the process's PSS, without the mappings that are RAM and decoded code.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

limit=5120 # KiB

[ "$slow" = 1 ] || skip "a sanitizer has memory of its own"
[ -r /proc/self/smaps ] || skip "no /proc/PID/smaps here"
need_file "$build/bench/bench-run"
need_guest cloud-6.1
# shellcheck disable=SC2119
pack_script <<'END'
dd if=/dev/vda of=/dev/null bs=1M 2>/dev/null
dd if=/dev/zero of=/dev/vda bs=64k count=256 conv=fsync 2>/dev/null && echo "memory: look"
sleep 1
END
head -c $((32 << 20)) /dev/zero >"$scratch/disk"

for cpus in 1 4; do
    "$build/bench/bench-run" -t 50 -w -e "$cpus" -r 512 -m "memory: look" -- \
        "$run" --memory 512 --cpus "$cpus" --kernel "$kernel" --initrd "$initrd" --disk "$scratch/disk" \
        --append "quiet paddock.modules=1 paddock.run=script" >"$console" 2>"$said" || fail "not measured"
    expect_end guest_power_off
    read -r _ _ _ pss _ ram cache <<<"$(grep '^memory ' "$console")"
    [ -n "${cache:-}" ] || fail "not measured"
    beyond=$((pss - ram - cache))
    echo "$cpus vCPUs: $beyond KiB beyond RAM, and $cache KiB of decoded code"
    # Less than the program's own pages would be a mistake in counting.
    [ "$beyond" -gt 100 ] || fail "hardly possible"
    [ "$beyond" -le "$limit" ] || fail "more than $limit KiB"
done
