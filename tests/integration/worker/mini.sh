#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Guests of a few instructions: each way in which a VM ends, and 1 to 16 vCPUs, on both ways in which softhv
# can treat WFI. Nothing may be left behind: no process, no file.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/hello.img"
mkdir "$scratch/tmp"
export TMPDIR=$scratch/tmp

for wfi in park exit; do
    export SOFTHV_WFI=$wfi

    vm_run 0 --kernel "$mini/hello.img" </dev/null
    [ "$(cat "$console")" = "mini: hello" ] || fail "the console is not what the guest wrote"
    expect "$said" "booted: "
    expect_end guest_power_off
    expect_no_warning

    vm_run 103 --kernel "$mini/reset.img" </dev/null
    expect_end guest_reset

    vm_run 104 --kernel "$mini/panic.img" </dev/null
    expect_end guest_panic
    expect "$said" "Kernel panic - not syncing: mini guest"

    vm_start --kernel "$mini/power-button.img" --stop-timeout 100000
    vm_wait_for "waiting for the power button"
    kill -TERM "$vm"
    vm_end 0
    expect "$console" "mini: power button"
    expect_end stopped

    for cpus in 1 2 3 8 16; do
        vm_start --kernel "$mini/idle.img" --cpus $cpus --stop-timeout 50 --stats
        vm_wait_for "mini: idle on $cpus vCPUs"
        kill -TERM "$vm"
        vm_end 105
        expect_end stop_ignored
        waits=$(counter exits.wfx)
        case $wfi in
        park) [ -z "$waits" ] || fail "WFI left hv_vcpu_run $waits times" ;;
        exit) [ "${waits:-0}" -ge 1 ] || fail "WFI stayed in hv_vcpu_run" ;;
        esac
    done
done

# A guest that runs off gets the architecture's answer for ever; the log of that is bounded.
vm_start --kernel "$mini/stray.img" --stop-timeout 50 --stats
vm_wait_for "where there is no RAM" "$said"
kill -TERM "$vm"
vm_end 105
[ "$(grep -c 'where there is no RAM' "$said")" -le 100 ] || fail "the guest floods the worker's log"

# Every counter that a bare guest should move has moved.
vm_run 0 --kernel "$mini/hello.img" --stats </dev/null
[ "$(counter exits.hvc)" = 1 ] || fail "exits.hvc"
[ "$(counter exits.mmio)" -ge 13 ] || fail "exits.mmio"
[ "$(counter uart.sent_bytes)" = 12 ] || fail "uart.sent_bytes"

[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
