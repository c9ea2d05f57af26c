#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The life of VMs through vmctl: run, list, stop, start, restart, rm, and what is said of mistakes. Guests
# that are one program, so that many fit in little time.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/idle.img" ] || skip "no bare-metal guests: no arm64 compiler"

ctl 6 list
complains "paddockd"

daemon_start
ctl 0 list
[ "$(wc -l <"$out")" = 1 ] || fail "an empty list is its header alone"
ctl 0 list --format json
[ "$(cat "$out")" = "[]" ] || fail "an empty list in JSON is []"

ctl 0 run --name a --kernel "$mini/idle.img" -m 64MiB --wait=running
[ "$(cat "$out")" = a ] || fail "run prints the name alone"
[ ! -s "$err" ] || fail "run has nothing to say: $(cat "$err")"
state_is a running || fail "it does not run"
[ "$(workers | wc -l)" = 1 ] || fail "one worker, not $(workers)"
tr '\0' ' ' <"/proc/$(workers | tr -d ' ')/cmdline" >"$out"
prints "vmm-worker: a"
[ ! -s "/proc/$(workers | tr -d ' ')/environ" ] || [ -n "${ASAN_OPTIONS:-}${TSAN_OPTIONS:-}${UBSAN_OPTIONS:-}" ] ||
    fail "the worker has an environment"

# Mistakes have a status and a sentence each.
ctl 4 run --name a --kernel "$mini/idle.img"
complains "a already"
ctl 3 stop nobody
complains "nobody"
ctl 2 run --kernle x
ctl 1 run --name A --kernel "$mini/idle.img"
ctl 4 rm a
complains "running"
ctl 1 run --name notakernel --kernel /etc/hostname --wait=running
complains "kernel"
state_is notakernel failed || fail "a VM that cannot start is failed"
ctl 0 list
prints "failed (start_refused)"
ctl 0 inspect notakernel
prints '"outcome": "start_refused"'
prints '"step": "kernel"'

# Idempotent verbs; a verb of several names goes on after a failure.
ctl 0 stop --force a
state_is a stopped || fail "it was stopped"
[ -z "$(workers)" ] || fail "a worker is left: $(workers)"
ctl 0 stop a
ctl 3 start nobody a
state_is a running || fail "the second name was started"
ctl 0 restart --force a
state_is a running || fail "it runs again"
ctl 3 rm nobody
ctl 0 rm --force a nobody notakernel # what is gone already is removed
ctl 0 list -q
[ ! -s "$out" ] || fail "all are removed: $(cat "$out")"
ls "$root/run/vm" >"$out"
[ ! -s "$out" ] || fail "folders of workers are left: $(cat "$out")"

# What was asked for with --rm leaves nothing but its log.
ctl 0 run --rm --name once --kernel "$mini/hello.img" -m 64
none_left() { [ -z "$("$build/vmctl" --root "$root" list -q)" ]; }
until_true 20 none_left || fail "--rm left a row"

# Twenty at once, and the daemon's own stop takes all of them along.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$build/vmctl" --root "$root" run --name "many-$i" --kernel "$mini/power-button.img" -m 64MiB >/dev/null 2>>"$err" &
    pids="${pids:-} $!"
done
for pid in $pids; do
    wait "$pid" || fail "a run of twenty failed"
done
all_run() { [ "$("$build/vmctl" --root "$root" list -q --filter state=running | wc -l)" = 20 ]; }
until_true 30 all_run || fail "twenty run"
children=$(workers)
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
for pid in $children; do
    gone "$pid" || fail "worker $pid outlived its daemon"
done
echo "ok"
