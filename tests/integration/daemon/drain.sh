#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A host that drains: what runs goes on, nothing starts, those that wait keep their order, and all that was put off
# starts when the draining ends; with the daemon, it ends, too.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/power-button.img" ] || skip "no bare-metal guests: no arm64 compiler"

run() { # STATUS NAME ARGUMENT...
    local status=$1 name=$2
    shift 2
    ctl "$status" run --name "$name" -m 64MiB --kernel "$mini/power-button.img" "$@"
}
field() { "$build/vmctl" --root "$root" inspect "$1" --format "$2"; }
event() { "$build/vmctl" --root "$root" events --format '{{.type}} {{.vm}}' | grep -q -x "$1"; }

printf '%s\n' "version: 1" "budget: {vms: 2}" >"$root/etc/paddock.yaml"
chmod 644 "$root/etc/paddock.yaml"
vms_file filed <<END
version: 1
vms:
  always: {memory: 64MiB, kernel: $mini/power-button.img, autostart: true, restart: {policy: always, delay: 20ms}}
END
daemon_start
wait_until always state_is always running
run 0 runs
run 0 bee
run 0 ant
run 0 cat

ctl 0 drain
complains "this host starts no more VMs"
ctl 0 drain # that is no other state
[ "$("$build/vmctl" --root "$root" events --format '{{.type}}' | grep -c host.draining)" = 1 ] || fail "told twice"
ctl 0 doctor
prints "the host drains: vmctl undrain"
run 5 new
complains "the host takes no more starts"
complains "vmctl undrain ends it"
ctl 3 inspect new
ctl 0 create --name made --kernel "$mini/power-button.img"
ctl 5 start made
ctl 0 start runs # it does already
ctl 5 restart runs
state_is runs running || fail "it was stopped for a restart that cannot be"
ctl 0 stop runs
ctl 5 start runs
state_is runs stopped || fail "it was started"

# A place is free: nobody gets it, and nobody loses theirs.
[ "$(for name in bee ant cat; do field $name '{{.state}}{{.queue_position}}'; done | tr '\n' ' ')" = \
    "queued1 queued2 queued3 " ] || fail "the queue has changed"
ctl 0 stop ant # but those who want none any more
state_is ant stopped || fail "ant still waits"

# A restart that falls due is put off; so is a VM that comes with a reload.
kill -SEGV $(("$(field always '{{.pid}}')"))
wait_until "the restart" event "vm.restarting always"
echo "{version: 1, vms: {late: {memory: 64MiB, kernel: $mini/power-button.img, autostart: true}}}" | vms_file late
ctl 0 reload
ctl 124 wait --for running always --timeout 100ms # more than the restart's delay
ctl 124 wait --for running late --timeout 100ms
[ -z "$(workers)" ] || fail "something was started: $(workers)"

ctl 0 undrain
wait_until "bee" state_is bee running
wait_until "cat" state_is cat running
state_is late queued || state_is always queued || fail "more run than may"
[ "$(workers | wc -w)" = 2 ] || fail "not two workers: $(workers)"
ctl 0 stop bee cat
wait_until always state_is always running
wait_until late state_is late running

# A daemon that starts does not drain: a machine that comes back does its work.
ctl 0 drain
daemon_stop
daemon_start
wait_until always state_is always running
ctl 0 start runs --no-wait
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
