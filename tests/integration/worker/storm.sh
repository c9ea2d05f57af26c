#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Eight vCPUs in an MMIO storm: pause and resume a thousand times in one worker, and stop again and again
# at all moments of a VM's life. Pause and stop reach every vCPU within a second.
# PADDOCK_STOPS=N stops N times (50).
# deadline: 200
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/storm.img"
stops=${PADDOCK_STOPS:-50}

for guest in storm spin; do
    vm_start --kernel "$mini/$guest.img" --cpus 8 --pause-cycles 1000 --stop-timeout 1 --stats
    vm_wait_for "mini: $guest on 8 vCPUs"
    vm_wait_for "the slowest pause took" "$said"
    kill -TERM "$vm"
    vm_end 105
    line=$(grep 'the slowest pause took' "$said")
    echo "$guest: ${line#vmm-run: }; $(counter exits.mmio) MMIO exits"
    slowest=${line##*took }
    slowest=${slowest% us}
    [ "$slowest" -le $((1000000 * slow)) ] || fail "a pause took more than a second"
done

# From before the first instruction to when all vCPUs are in the storm.
for i in $(seq 1 "$stops"); do
    "$run" --kernel "$mini/storm.img" --cpus $((1 + i % 8)) --stop-after "0.00$((1 + i % 9))" --stop-timeout $((1 + i % 3)) \
        </dev/null >"$console" 2>"$said"
    status=$?
    [ $status = 105 ] || fail "stop $i: exit status $status instead of 105"
    expect_end stop_ignored
done
echo "stopped $stops VMs"
