#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Each restart policy against guests that power off, panic and reset at once.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

vm() { # NAME GUEST POLICY [MAX]
    echo "  $1: {memory: 64MiB, kernel: $guests/$2.img, autostart: true, restart: {policy: \"$3\", max_attempts: ${4:-0}, delay: 50ms, delay_max: 200ms}}"
}
{
    echo "version: 1"
    echo "vms:"
    vm no-off hello no
    vm no-panic panic no
    vm fail-off hello on-failure 3
    vm fail-panic panic on-failure 2
    vm always-off hello always
    vm unless-off hello unless-stopped
    vm reset-no reset no
} | vms_file policies
daemon_start
runs() { # NAME
    grep -c " $1 [a-z2-7]*: worker " "$said"
}
daemon_wait "info always-off " 12
daemon_wait "info unless-off " 12
wait_until "a third run of reset-no" said_times "starting reset-no (" 3
wait_until "the cap of fail-panic" said_times "starting fail-panic (" 3
wait_until "the last end of fail-panic" bash -c "[ \$(grep -c 'error fail-panic .*panicked' '$said') -ge 3 ]"
before=$(grep -c "info always-off " "$said")
daemon_wait "info always-off " $((before + 9)) # long enough for a fourth run, if there were one
[ "$(runs no-off)" = 1 ] || fail "no-off ran $(runs no-off) times"
[ "$(runs no-panic)" = 1 ] || fail "no-panic ran $(runs no-panic) times"
[ "$(runs fail-off)" = 1 ] || fail "fail-off ran $(runs fail-off) times"
[ "$(runs fail-panic)" = 3 ] || fail "fail-panic ran $(runs fail-panic) times"

# Who waits for one that cannot start is told so, though it is tried again.
ctl 1 run --name hopeless --kernel /etc/hostname --restart always
complains "VM \"hopeless\" does not run: "
complains "it is tried again, as its restart policy says"
ctl 0 rm --force hopeless
daemon_stop
