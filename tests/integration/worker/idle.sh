#!/bin/bash
# SPDX-License-Identifier: ISC
#
# An idle Linux guest costs under 1 % of a core, on 1 and 4 vCPUs and on both ways in which softhv can
# treat WFI: the CPU time of its worker is set against how long the guest slept.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_guest cloud-6.1
[ -r /proc/self/stat ] || skip "no /proc/PID/stat here"
# shellcheck disable=SC2119
pack_script <<'END'
sleep 1
echo "idle: begin"
sleep 6
echo "idle: end"
read -r _
END

idle() { # CPUS WFI
    local ticks began elapsed
    export SOFTHV_WFI=$2
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus "$1" --append "quiet paddock.modules=1 paddock.run=script"
    vm_wait_for "idle: begin"
    ticks=$(cpu_ticks "$worker")
    began=$SECONDS
    vm_wait_for "idle: end"
    ticks=$(($(cpu_ticks "$worker") - ticks))
    elapsed=$((SECONDS - began + 1))
    vm_type go
    vm_end 0
    echo "$1 vCPUs, WFI $2: $ticks hundredths of a second of CPU time while the guest slept 6 s"
    # A slow host sleeps longer, which is only fair to count: the guest's timer ticks go on.
    [ $ticks -le $((elapsed * slow)) ] || fail "more than 1 % of a core"
}

idle 1 park
idle 4 park
idle 4 exit
