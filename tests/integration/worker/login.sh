#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Debian's stock kernels to a login on a root file system on virtio-blk: 1, 2, 4 and 8 vCPUs, both ways
# in which softhv can treat WFI, and the guest's clock right from the start.
# deadline: 300
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

login() { # GUEST CPUS WFI
    local before after now
    need_guest "$1"
    make_root "$scratch/root.img" 32
    export SOFTHV_WFI=$3
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus "$2" --disk "$scratch/root.img" \
        --append "quiet paddock.modules=1 paddock.run=root" --stats
    vm_wait_for "paddock login: "
    vm_type root
    vm_wait_for "# "
    # What is typed is echoed: answers are told from questions by what only the guest's shell makes of
    # them.
    before=$(date +%s)
    # shellcheck disable=SC2016
    vm_type 'echo now=$(date +%s).' 'echo cpus=$(nproc).' 'echo root=$(mount | grep -c "^/dev/.* on / type ext4 (rw").' \
        'echo entropy=$(head -c 4096 /dev/hwrng | wc -c).' 'echo answer=$((6 * 7)).'
    vm_wait_for "answer=42."
    after=$(date +%s)
    expect "$console" "cpus=$2."
    expect "$console" "root=1."
    expect "$console" "entropy=4096."
    now=$(sed -n 's/^now=\([0-9]*\)\..*/\1/p' "$console")
    [ $((before - 2)) -le "$now" ] || fail "the guest's clock says $now, it is $before"
    [ "$now" -le $((after + 2)) ] ||
        fail "the guest's clock says $now, it is $after"
    vm_type poweroff
    vm_end 0
    expect_end guest_power_off
    expect_no_warning
    [ "$(counter power_button.presses)" = 0 ] || fail "nobody pressed the power button"
    echo "ok: $1 on $2 vCPUs, WFI $3"
}

login cloud-6.1 1 park
login generic-6.12 2 exit
login cloud-6.12 4 park
login generic-6.1 8 exit
