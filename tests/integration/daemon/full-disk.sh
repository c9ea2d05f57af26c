#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A full disk under the database: what must be remembered is refused with its reason, all else goes on; a crash waits
# to be followed by a start until that can be written down; and nobody who was known is forgotten.
# deadline: 120
set -u
if [ -z "${PADDOCK_IN_NAMESPACE:-}" ]; then
    if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
        echo "a small disk needs root and Linux's mount namespaces"
        exit 77
    fi
    PADDOCK_IN_NAMESPACE=1 exec unshare -m "$0"
fi
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

vms_file one <<END
version: 1
vms:
  one: {memory: 64MiB, kernel: $guests/power-button.img, restart: on-failure}
END
mkdir -m 0700 "$root/db"
mount -t tmpfs -o size=8m,mode=0700 tmpfs "$root/db" || skip "tmpfs cannot be mounted here"
trap 'umount -l "$root/db"; clean_up' EXIT
fill() { dd if=/dev/zero of="$root/db/full" bs=4096 2>/dev/null; }

daemon_start
ctl 0 create --name made --kernel "$guests/power-button.img" -m 64MiB
ctl 0 start one
wait_until "the guest" grep -q "waiting for the power button" "$root"/log/vm/one.*/console-1.0
: >"$scratch/watched"
"$build/vmctl" --root "$root" events -f one </dev/null >"$scratch/watched" 2>&1 &
watcher=$!
wait_until "the history" grep -q "vm.ready" "$scratch/watched"
fill
ctl 1 run --name more --kernel "$guests/power-button.img" -m 64MiB
complains "database or disk is full"
complains "whether its disk is full"
ctl 1 rm made
complains "database or disk is full"
ctl 0 list -q
[ "$(tr '\n' ' ' <"$out")" = "made one " ] || fail "it knows $(cat "$out")"
state_is one running || fail "what was refused was done"
ctl 0 logs one
prints "power button"
worker=$(workers)
kill -KILL $((worker))
daemon_wait "ended by signal 9"
until_true 20 state_is one restarting || fail "a crash was not told"
wait_until "the event, told although it is not written" grep -q "vm.ended .*signal=9" "$scratch/watched"
kill "$watcher"
rm "$root/db/full"
daemon_wait "starting one (" 2
until_true 20 state_is one running || fail "it does not run again"
# What could not be written then was written before the next run began.
ctl 0 events one
order=$(sed -n 's/.* vm\.\(starting\|ended\|restarting\) .*/\1/p' "$out" | tr '\n' ' ')
[ "$order" = "starting ended restarting starting " ] || fail "the events are $order"
prints "signal=9"
ctl 0 inspect one
prints '"restarts": 1'

# A stop is done all the same, and not forgotten once there is room.
fill
ctl 0 stop one
state_is one stopped || fail "a full disk kept a guest running"
ctl 1 start one
rm "$root/db/full"
ctl 0 start one
wait_until "its guest" grep -q "waiting for the power button" "$root"/log/vm/one.*/console-3.0
fill
ctl 0 stop one
rm "$root/db/full"
daemon_wait "the database takes changes again"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon_start
state_is one stopped || fail "a stop was forgotten"
ctl 0 start one

# The daemon's own end does not wait for the disk, and what it cannot write the next one finds out.
fill
worker=$(workers)
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
gone $((worker)) || fail "a worker outlived its daemon"
fill
"$build/paddockd" --root "$root" </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "it started without room to write"
grep -E "No space left on device|disk is full" "$err" >/dev/null || fail "it does not say that the disk is full"
rm "$root/db/full"
daemon_start
ctl 0 list -q
[ "$(tr '\n' ' ' <"$out")" = "made one " ] || fail "it knows $(cat "$out")"
until_true 20 state_is one running || fail "what was to run does not"
daemon_stop
