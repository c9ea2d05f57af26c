#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What has a time or a number: a life that is over, a wait in the queue that is, a worker that is never ready, how many
# start at once, and in which order.
# deadline: 150
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/power-button.img" ] || skip "no bare-metal guests: no arm64 compiler"

host_file() { # LINE...
    { echo "version: 1" && printf '%s\n' "$@"; } >"$root/etc/paddock.yaml"
    chmod 644 "$root/etc/paddock.yaml"
}
field() { "$build/vmctl" --root "$root" inspect "$1" --format "$2"; }
events() { "$build/vmctl" --root "$root" events --format '{{.type}} {{.vm}} {{.detail.reason}}'; }
begin() { # a daemon, and a log of its own
    : >"$said"
    daemon_start
}
has_event() { events | grep -q -x "$1"; }

# ---- max_lifetime, and what follows from it by policy

vms_file life <<END
version: 1
templates:
  short: {memory: 64MiB, kernel: $mini/power-button.img, autostart: true, max_lifetime: 250ms}
vms:
  once: {from: short}
  fails: {from: short, restart: {policy: on-failure, delay: 10ms}}
  again: {from: short, restart: {policy: always, delay: 10ms}}
  deaf: {from: short, kernel: $mini/spin.img, stop_timeout: 200ms}
END
begin
for name in once fails deaf; do
    wait_until "$name to end" state_is $name stopped
    has_event "vm.stopping $name lifetime" || fail "$name: $(events)"
    has_event "vm.ended $name lifetime" || fail "$name: $(events)"
    field $name '{{.run.cause}}' >"$out"
    prints "its max_lifetime of 250ms was over; "
done
[ "$(field once '{{.run.outcome}} {{.restarts}} {{.boots}}')" = "stopped 0 1" ] || fail "once"
[ "$(field deaf '{{.run.outcome}}')" != stopped ] || fail "deaf heard its power button"
daemon_wait " again " 9 # three runs
[ "$(field fails '{{.boots}}')" = 1 ] || fail "the end of a life is no failure"
daemon_stop
rm "$root/etc/vms.d/life.yaml"

# ---- queue_timeout

host_file "budget: {vms: 1}" "queue_timeout: 300ms"
begin
ctl 0 run --name holds --kernel "$mini/power-button.img" -m 64MiB
ctl 0 run --name waits --kernel "$mini/power-button.img" -m 64MiB
complains "waits for room"
ctl 1 wait --for running waits --timeout 60
complains "it waited in the queue for the whole queue_timeout of 300ms"
[ "$(field waits '{{.state}} {{.outcome}} {{json .queue_position}}')" = "failed start_refused null" ] || fail "waits"
ctl 1 run --rm --wait --name brief --kernel "$mini/power-button.img" -m 64MiB
complains "the whole queue_timeout of 300ms"
ctl 3 inspect brief
ctl 0 rm --force holds waits
daemon_stop

# ---- start_parallel: in the order of their files, never two at once

host_file "start_parallel: 1"
{
    echo "version: 1"
    echo "vms:"
    for name in mouse bee zebu ant cat; do
        echo "  $name: {memory: 64MiB, kernel: $mini/hello.img, autostart: true}"
    done
} | vms_file order
begin
daemon_wait "ended: the guest powered off" 5
order=$("$build/vmctl" --root "$root" events --format '{{.type}} {{.vm}}' | sed -n 's/^vm.starting/+/p; s/^vm.ready/-/p' | tail -n 10 | tr '\n' ' ')
[ "$order" = "+ mouse - mouse + bee - bee + zebu - zebu + ant - ant + cat - cat " ] || fail "order: $order"
daemon_stop

# ---- start_delay: each after the one before, not before its time

host_file "start_delay: 150ms"
begin
daemon_wait "starting cat ("
"$build/vmctl" --root "$root" events --format '{{.type}} {{.vm}} {{.time}}' >"$scratch/events"
{ grep '^host.started' "$scratch/events" | tail -n 1 && grep '^vm.starting' "$scratch/events" | tail -n 5; } >"$out"
[ "$(sed 1d "$out" | cut -d ' ' -f 2 | tr '\n' ' ')" = "mouse bee zebu ant cat " ] || fail "out of order"
# Nobody is earlier than so many pauses after the daemon's start.
sed 's/.*T//' "$out" | tr -d Z | tr : ' ' | awk '{ t = ($1 * 60 + $2) * 60 + $3; if (NR == 1) first = t
    if (t < first) t += 86400; if (NR > 1 && t - first < (NR - 2) * 0.150 - 0.005) exit 1 }' || fail "too early"
daemon_stop
rm "$root/etc/vms.d/order.yaml"

# ---- start_timeout: a worker that says nothing and ends by nothing but force

printf '#!/bin/sh\ntrap "" TERM\necho "lost in thought" >&2\nexec sleep 600\n' >"$scratch/worker"
chmod 755 "$scratch/worker"
host_file "start_parallel: 1"
vms_file hangs <<END
version: 1
vms:
  hangs: {memory: 64MiB, kernel: $mini/hello.img, autostart: true, start_timeout: 1s}
  next: {memory: 64MiB, kernel: $mini/hello.img, autostart: true, start_timeout: 1h}
END
worker_program=$scratch/worker begin
wait_until "the start to fail" state_is hangs failed
[ "$(field hangs '{{.run.outcome}} {{.run.signal}}')" = "start_refused 9" ] || fail "hangs: $(field hangs '{{json .run}}')"
field hangs '{{.cause}}' >"$out"
prints "the worker was not ready within 1s; it last said: lost in thought"
for rung in term kill; do
    "$build/vmctl" --root "$root" events --format '{{.type}} {{.vm}} {{.detail.rung}} {{.detail.reason}}' |
        grep -q -x "vm.stop_rung hangs $rung start_timeout" || fail "no rung $rung"
done
wait_until "the next one's turn" state_is next starting
kill -KILL "$(($(workers)))" # only to be done sooner
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
