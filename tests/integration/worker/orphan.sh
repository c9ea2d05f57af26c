#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A worker whose supervisor is gone: it goes on for its grace period, stops its guest cleanly and leaves
# nothing. And SIGTERM: a second one does not restart the clock.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/hello.img"
log=$scratch/log

lose_supervisor() {
    kill -KILL "$vm"
    wait "$vm" 2>/dev/null
    vm=
}

# With a grace of none it presses the button at once, and the guest's last words are in the log.
vm_start --kernel "$mini/power-button.img" --grace 0 --stop-timeout 100000 --log "$log"
vm_wait_for "waiting for the power button"
lose_supervisor
wait_gone "$worker"
expect "$log" "mini: power button"

# One that does not listen is stopped by force.
vm_start --kernel "$mini/storm.img" --cpus 4 --grace 10 --stop-timeout 50
vm_wait_for "mini: storm on 4 vCPUs"
lose_supervisor
wait_gone "$worker"

# Within its grace it goes on: the log keeps changing.
vm_start --kernel "$mini/flood.img" --grace 3600000 --stop-timeout 50 --log "$log"
vm_wait_for "mini: flood 100"
lose_supervisor
for i in 1 2 3; do
    before=$(cat "$log" "$log.1" | cksum)
    while [ "$(cat "$log" "$log.1" | cksum)" = "$before" ]; do
        kill -0 "$worker" 2>/dev/null || fail "the worker did not go on (look $i)"
        sleep 0.05
    done
done
kill -TERM "$worker"
wait_gone "$worker"

# However often it is told.
vm_start --kernel "$mini/idle.img" --stop-timeout 1000
vm_wait_for "mini: idle on 1 vCPUs"
while kill -TERM "$worker" 2>/dev/null; do
    sleep 0.05
done
vm_end 105
expect_end stop_ignored
