#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Many clients at once: fifty runs, two for the last place, two that remove one VM, stops and starts of one VM; and a
# worker that hangs, which delays nobody. Nothing is left of what lost, or of anything in the end.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/idle.img" ] || skip "no bare-metal guests: no arm64 compiler"
vmctl() { "$build/vmctl" --root "$root" "$@"; }
budget() { # VMS
    printf 'version: 1\nbudget: {vms: %s}\n' "$1" >"$root/etc/paddock.yaml"
    chmod 644 "$root/etc/paddock.yaml"
}
descriptors() { find "/proc/$daemon/fd" -mindepth 1 2>/dev/null | wc -l; }
tidy() { [ -z "$(ls "$root/run/vm")" ] && [ -z "$(workers)" ] && [ "$(descriptors)" -le "$before" ]; }
lines() { # COUNT FILE: so many, all different
    [ "$(sort -u "$2" | wc -l)" = "$1" ] && [ "$(wc -l <"$2")" = "$1" ]
}
# Two commands at once; $first and $second are their statuses.
race() { # COMMAND -- COMMAND
    local one=()
    while [ "$1" != -- ]; do
        one+=("$1")
        shift
    done
    shift
    vmctl "${one[@]}" >"$scratch/one" 2>&1 &
    vmctl "$@" >"$scratch/two" 2>&1
    second=$?
    wait $!
    first=$?
}

budget 20
daemon_start
ctl 0 run --rm --attach --kernel "$mini/hello.img" -m 64MiB # some descriptors come with the first run, and stay
no_workers() { [ -z "$(workers)" ]; }
wait_until "it to go" no_workers
before=$(descriptors)

# Fifty clients, twenty places.
for i in $(seq 50); do
    vmctl run --kernel "$mini/idle.img" -m 64MiB >"$scratch/name.$i" 2>"$scratch/note.$i" &
    pids="${pids:-} $!"
done
for pid in $pids; do
    wait "$pid" || fail "a run of fifty ended with status $?: $(cat "$scratch"/note.*)"
done
cat "$scratch"/name.* >"$scratch/names"
lines 50 "$scratch/names" || fail "not fifty names: $(sort "$scratch/names" | uniq -d)"
cat "$scratch"/note.* | grep -o 'at position [0-9]*' >"$scratch/positions"
lines 30 "$scratch/positions" || fail "not thirty positions: $(sort "$scratch/positions" | uniq -c)"
wait_until "twenty to run" bash -c "[ \$('$build/vmctl' --root '$root' list -q -f state=running | wc -l) = 20 ]"
[ "$(workers | wc -w)" = 20 ] || fail "$(workers | wc -w) workers"
ctl 0 list -f state=queued --format '{{.QueuePosition}}'
[ "$(sort -n "$out" | tr '\n' ' ')" = "$(seq 30 | tr '\n' ' ')" ] || fail "the queue is $(cat "$out")"
ctl 0 rm --all --force
ctl 0 list -q
[ ! -s "$out" ] || fail "left: $(cat "$out")"
wait_until "nothing to be left of fifty" tidy

# Two for the last place, again and again: one has it, and there is no trace of the other.
budget 1
ctl 0 reload
for i in $(seq 100); do
    race run --name "left-$i" --no-queue --kernel "$mini/idle.img" -m 64MiB -- \
        run --name "right-$i" --no-queue --kernel "$mini/idle.img" -m 64MiB
    case "$first $second" in
    "0 5") winner=left-$i loser=right-$i ;;
    "5 0") winner=right-$i loser=left-$i ;;
    *) fail "round $i: statuses $first and $second: $(cat "$scratch/one" "$scratch/two")" ;;
    esac
    ctl 0 list -q
    [ "$(cat "$out")" = "$winner" ] || fail "round $i: $winner won, there is $(cat "$out")"
    ctl 0 events "$loser"
    [ ! -s "$out" ] || fail "round $i: events of $loser"
    # Two that remove it: it is gone for both.
    race rm --force "$winner" -- rm --force "$winner"
    [ "$first $second" = "0 0" ] || fail "round $i: rm --force ended with $first and $second"
done
ctl 0 list -q
[ ! -s "$out" ] || fail "left: $(cat "$out")"
wait_until "nothing to be left of the races" tidy

# Without force, whoever comes second may be told that there is none.
ctl 0 create --name one --kernel "$mini/idle.img" -m 64MiB
race rm one -- rm one
case "$first $second" in
"0 0" | "0 3" | "3 0") ;;
*) fail "rm ended with $first and $second" ;;
esac

# Stops against starts: whatever wins, there is at most one worker, and the last word holds.
budget 4
ctl 0 reload
ctl 0 create --name one --kernel "$mini/idle.img" -m 64MiB
for i in $(seq 30); do
    race start --no-wait one -- stop --force --no-wait one
    [ "$first $second" = "0 0" ] || fail "round $i: start and stop ended with $first and $second: $(cat "$scratch/one" "$scratch/two")"
    [ "$(workers | wc -w)" -le 1 ] || fail "round $i: two workers of one VM"
done
ctl 0 stop --force one
[ -z "$(workers)" ] || fail "a worker is left: $(workers)"
ctl 0 start one
[ "$(workers | wc -w)" = 1 ] || fail "not one worker: $(workers)"
state_is one running || fail "the last word was start"

# A worker that hangs: the list does not wait for it, and shows it; so do others go on; its stop climbs the ladder.
ctl 0 run --name two --kernel "$mini/idle.img" -m 64MiB --wait=running
kill -STOP $(($(workers | head -n 1)))
hangs() { vmctl list | grep 'running (unresponsive)' >/dev/null; }
wait_until "the hung worker to be shown" hangs
ctl 0 list one two
[ "$(grep -c 'running (ready)' "$out")" = 1 ] || fail "not one of both is well"
ctl 0 run --name three --kernel "$mini/idle.img" -m 64MiB --wait=running
ctl 0 stats --interval 0 --format '{{.Name}} {{.Unresponsive}}'
prints "one true"
ctl 0 stop --timeout 200ms one
ctl 0 events one --format '{{.Type}} {{.Detail.rung}}'
grep '^vm.stop_rung' "$out" | tail -n 3 >"$scratch/rungs"
[ "$(awk '{ print $2 }' "$scratch/rungs" | tr '\n' ' ')" = "button term kill " ] || fail "not the ladder: $(cat "$scratch/rungs")"
ctl 0 rm --all --force
wait_until "nothing to be left" tidy
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
echo "ok"
