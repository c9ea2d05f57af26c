#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The ways in which a VM ends, and the idle modes: power-off, reset, timeout, a guest that runs off.
# deadline: 300
set -u
# shellcheck source=tests/integration/lib/boot.sh
. "$(dirname "$0")/lib/boot.sh"

need_guest cloud-6.1
common=(--kernel "$kernel" --initrd "$initrd" --memory 256 --timeout $((60 * slow)))

# An idle vCPU that parks inside hv_vcpu_run, and one that comes out.
for wfi in park exit; do
    run_testvm 0 "${common[@]}" --cpus 2 --wfi $wfi --stats --append "console=ttyS0 quiet paddock.run=poweroff" </dev/null
    expect "$console" "paddock-guest: ready"
    case $wfi in
    park) grep -q 'class 0x01' "$complaints" && fail "WFI left hv_vcpu_run" ;;
    exit) expect "$complaints" "class 0x01" ;;
    esac
done

# Without an init the kernel panics, and panic=-1 makes that a reset.
run_testvm 10 "${common[@]}" --append "console=ttyS0 panic=-1 rdinit=/none init=/none" </dev/null
expect "$console" "Kernel panic"
expect_no_complaints

# A guest that does not end is ended, with the registers of its vCPUs.
run_testvm 11 --kernel "$kernel" --initrd "$initrd" --memory 256 --cpus 2 --timeout 1 \
    --append "console=ttyS0" </dev/null
expect "$complaints" "still running after 1 s"
expect "$complaints" "vCPU 0: last exit"
expect "$complaints" "SCTLR_EL1"

# A kernel that jumps to where there is no RAM: "b -128 MiB" in place of its first instruction.
head -c 4096 "$kernel" >"$scratch/Image"
printf '\000\000\000\026' | dd of="$scratch/Image" conv=notrunc 2>/dev/null
run_testvm 1 --kernel "$scratch/Image" --timeout $((20 * slow)) </dev/null
expect "$complaints" "where there is no RAM"
expect "$complaints" "vCPU 0: last exit"
