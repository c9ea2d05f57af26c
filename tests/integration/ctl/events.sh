#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vmctl events: what is shown of which VM, type and time, each event once however it is asked for, and how following ends.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/hello.img" ] || skip "no bare-metal guests: no arm64 compiler"
follow() { # FILE ARGUMENT...
    local file=$1
    shift
    "$build/vmctl" --root "$root" events -f "$@" >"$file" 2>"$file.err" </dev/null &
    follower=$!
}
has() { grep -a -F -e "$2" "$1" >/dev/null; }
follower_ends() { # STATUS
    local status
    wait "$follower"
    status=$?
    [ "$status" = "$1" ] || fail "events -f ended with status $status, not $1"
}

daemon_start
follow "$scratch/all" --format jsonl
wait_until "the first event" has "$scratch/all" host.config
ctl 0 run --attach --name a -m 64MiB --kernel "$mini/hello.img"
ctl 104 run --attach --name b -m 64MiB --restart "no" --kernel "$mini/panic.img"
wait_until "the end of b" has "$scratch/all" '"vm.failed"'

# The table, and the life of one VM in order.
ctl 0 events a
grep -E '^20[0-9-]+T[0-9:.]+Z  vm\.created +a ' "$out" >/dev/null || fail "no line of a table"
ctl 0 events a --format '{{.Type}}'
[ "$(tr '\n' ' ' <"$out")" = "vm.created vm.starting vm.ready vm.booted vm.ended vm.stopped " ] ||
    fail "the life of a: $(tr '\n' ' ' <"$out")"
ctl 0 events --format json
python=$(command -v python3 || true)
[ -z "$python" ] || "$python" -c '
import json, sys
events = json.load(open(sys.argv[1]))
lines = [json.loads(line) for line in open(sys.argv[2])]
assert events == lines, "the array and the lines differ"
assert [e["seq"] for e in events] == sorted({e["seq"] for e in events}), "not in order"
ended = [e for e in events if e["type"] == "vm.ended" and e["vm"] == "b"]
assert len(ended) == 1 and ended[0]["detail"]["outcome"] == "guest_panic", ended
' "$out" "$scratch/all" 2>"$err" || fail "the JSON is not what it should be"

# By type, by number, by time, and the latest.
ctl 0 events --type 'vm.*ed' --format '{{.Type}}' b
[ "$(tr '\n' ' ' <"$out")" = "vm.created vm.booted vm.ended vm.failed " ] ||
    [ "$(tr '\n' ' ' <"$out")" = "vm.created vm.ended vm.failed " ] || fail "vm.*ed of b: $(tr '\n' ' ' <"$out")"
ctl 0 events --type vm.removed
[ ! -s "$out" ] || fail "nothing was removed"
ctl 0 events --format '{{.Seq}}'
cp "$out" "$scratch/numbers"
middle=$(sed -n 4p "$scratch/numbers")
ctl 0 events --since "$middle" --format '{{.Seq}}'
sed 1,4d "$scratch/numbers" | cmp - "$out" || fail "not those after $middle"
ctl 0 events --since 1h --format '{{.Seq}}'
cmp "$scratch/numbers" "$out" || fail "not those of the last hour"
ctl 0 events --since 0s
[ ! -s "$out" ] || fail "something is younger than now"
ctl 0 events -n 3 --format '{{.Seq}}'
tail -n 3 "$scratch/numbers" | cmp - "$out" || fail "not the latest three"
ctl 2 events --since yesterday
ctl 2 events -n some

# More than one answer of the daemon holds; all the same each once.
names=
for ((i = 0; i < 1100; i++)); do
    names="$names a"
done
# shellcheck disable=SC2086 # words
ctl 0 autostart disable $names
ctl 0 events --type vm.autostart --format '{{.Seq}}'
[ "$(sort -n -u "$out" | wc -l)" = 1100 ] || fail "$(wc -l <"$out") events of 1100"
ctl 0 events -n 1050 --format '{{.Seq}}'
[ "$(sort -n -u "$out" | wc -l)" = 1050 ] || fail "$(wc -l <"$out") events of 1050"

# Following one VM or one type shows nothing else.
kill "$follower"
follower_ends 143
follow "$scratch/types" -n 0 --type vm.ended --format '{{.Vm}} {{.Type}}'
types=$follower
follow "$scratch/one" --since 0s --format '{{.Vm}} {{.Type}}' a
subscribed() { # until both hear: a and b are started until each has been shown
    "$build/vmctl" --root "$root" start --no-wait a b >"$out" 2>"$err"
    has "$scratch/types" "a vm.ended" && has "$scratch/one" "a vm.stopped"
}
wait_until "events of a and b" subscribed
! has "$scratch/one" "b " || fail "a's events: $(cat "$scratch/one")"
! grep -v "vm.ended" "$scratch/types" || fail "other types are shown"

# A reader that goes ends it; the daemon's end is said.
"$build/vmctl" --root "$root" events -f 2>"$err" </dev/null | head -n 1 >"$out"
prints "  host."
[ ! -s "$err" ] || fail "it says: $(cat "$err")"
daemon_stop
follower_ends 6
has "$scratch/one.err" "the connection to paddockd is lost" || fail "it says: $(cat "$scratch/one.err")"
follower=$types
follower_ends 6
ctl 6 events
echo "ok"
