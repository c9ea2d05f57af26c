#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vmctl logs: whole and in order whichever segment is the newer, the last lines, earlier runs, following over restarts and
# rotation, readers that go, and what a terminal is spared.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/integration/lib/terminal.sh
. "$(dirname "$0")/../lib/terminal.sh"

[ -e "$mini/lines.img" ] || skip "no bare-metal guests: no arm64 compiler"
settings() { # CONSOLE_LOG
    printf 'version: 1\nconsole_log: %s\n' "$1" >"$root/etc/paddock.yaml"
    chmod 644 "$root/etc/paddock.yaml"
}
follow() { # NAME FILE
    "$build/vmctl" --root "$root" logs -f "$1" >"$2" 2>"$2.err" </dev/null &
    follower=$!
}
has() { [ "$(grep -a -c -F -e "$2" "$1")" -ge "$3" ]; } # FILE TEXT COUNT
grown() { [ "$(wc -c <"$1")" -gt "$2" ]; }
# Whether flood's numbers in a file are a row without a gap.
in_a_row() {
    tr -d '\r' <"$1" | sed '1d;$d' | awk '$0 !~ /^mini: flood [0-9]+$/ || (NR > 1 && $3 != last + 1) { exit 1 } { last = $3 }'
}

settings 64KiB # segments of 32 KiB: the guest's 34,890 bytes begin the second one
daemon_start
for ((i = 0; i < 2000; i++)); do
    echo "mini: a line $i"
done >"$scratch/lines"
ctl 0 run --attach --name lines -m 64MiB --kernel "$mini/lines.img"
ctl 0 logs lines
cmp "$scratch/lines" "$out" || fail "the log is not what was said"
cp "$out" "$scratch/all"
for n in 0 1 5 200 100000; do
    ctl 0 logs -n "$n" lines
    tail -n "$n" "$scratch/all" | cmp - "$out" || fail "not the last $n lines"
done
ctl 0 logs -f -n 1 lines # it is stopped: there is nothing to come
[ "$(cat "$out")" = "mini: a line 1999" ] || fail "-f -n 1 shows $(cat "$out")"
ctl 2 logs -n -1 lines
ctl 2 logs lines other
ctl 3 logs nobody

# Runs, and following all of them, also those that came and went while the follower was held up.
prompts() { grep -a -o -F "mini: echo> " "$scratch/followed" | wc -l; }
prompted() { [ "$(prompts)" = "$1" ]; }
end_run() { printf '\004' | "$build/vmctl" --root "$root" console again >"$out" 2>"$err"; }
echo "restart: {policy: always, delay: 50ms, delay_max: 100ms}" >"$scratch/again.yaml"
ctl 0 create --name again -m 64MiB --kernel "$mini/echo.img" -f "$scratch/again.yaml"
ctl 1 logs again
complains "no log of that run"
ctl 0 start again
follow again "$scratch/followed"
wait_until "the first run in the log" prompted 1
for run in 2 3; do
    wait_until "the end of a run" end_run
    wait_until "run $run in the log" prompted "$run"
done
kill -STOP "$follower"
for run in 4 5 6; do
    wait_until "the end of a run" end_run
done
kill -CONT "$follower"
wait_until "all runs in the log" prompted 6
ctl 0 stop --force again
wait "$follower" || fail "logs -f ended with status $?"
runs=$("$build/vmctl" --root "$root" inspect again --format '{{.Boots}}')
[ "$(prompts)" = "$runs" ] || fail "$runs runs, followed: $(cat "$scratch/followed")"
[ ! -s "$scratch/followed.err" ] || fail "it says: $(cat "$scratch/followed.err")"
ctl 0 logs --boot -1 again
prints "mini: echo> "
cp "$out" "$scratch/before"
ctl 1 logs --boot -1000 again
ctl 0 logs --boot $((runs - 1)) again
cmp "$out" "$scratch/before" || fail "another log by the run's number"
ctl 1 logs --boot $((runs + 1)) again
complains "again has no run $((runs + 1)): the latest is $runs"
ctl 2 logs --boot one again

# What is left of a VM that was removed: the latest of its name.
for guest in hello lines; do
    ctl 0 run --rm --attach --name gone -m 64MiB --kernel "$mini/$guest.img"
    id=$("$build/vmctl" --root "$root" events --type vm.removed -n 1 --format '{{.Id}}')
    ctl 0 logs -f gone
    cp "$out" "$scratch/$guest"
    ctl 0 logs "$id"
    cmp "$out" "$scratch/$guest" || fail "another log by id"
    [ "$guest" = lines ] || touch -d "1 minute ago" "$root"/log/vm/gone.*
done
[ "$(cat "$scratch/hello")" = "mini: hello" ] || fail "the log of a removed VM: $(cat "$scratch/hello")"
ctl 1 logs --boot -1 gone
ctl 3 logs "../vm/gone"

# A reader that goes ends it: also while nothing more is said.
ctl 0 run --name button -m 64MiB --kernel "$mini/power-button.img"
"$build/vmctl" --root "$root" logs -f button 2>"$err" </dev/null | head -n 1 >"$out"
prints "waiting for the power button"
[ ! -s "$err" ] || fail "it says: $(cat "$err")"

# Two segments that are overwritten faster than anybody reads: what is missing is told.
ctl 0 run --name flood -m 64MiB --kernel "$mini/flood.img"
ctl 0 logs flood
[ "$(wc -c <"$out")" -le 65536 ] || fail "logs without -f goes on"
follow flood "$scratch/flood"
wait_until "much output" grown "$scratch/flood" 500000
ctl 0 stop --force flood
wait "$follower" || fail "logs -f ended with status $?"
in_a_row "$scratch/flood" || grep "overwritten" "$scratch/flood.err" >/dev/null || fail "output is missing, which nobody says"

ctl 0 logs flood
size=$(wc -c <"$out")
{ [ "$size" -ge 32768 ] && [ "$size" -le 65536 ]; } || fail "the log has $size bytes"
in_a_row "$out" || fail "the segments are not in order"
ctl 0 rm flood

# The daemon goes.
follow button "$scratch/lost"
wait_until "the log" has "$scratch/lost" "button" 1
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
wait "$follower"
[ $? = 6 ] || fail "logs -f does not say that the daemon is gone"
grep "the connection to paddockd is lost" "$scratch/lost.err" >/dev/null || fail "$(cat "$scratch/lost.err")"

# Segments that are read as fast as they are written: nothing is missing over several turns.
settings 2MiB
daemon_start
ctl 0 run --name flood -m 64MiB --kernel "$mini/flood.img"
follow flood "$scratch/flood"
wait_until "some turns" grown "$scratch/flood" 5000000
ctl 0 stop --force flood
wait "$follower" || fail "logs -f ended with status $?"
in_a_row "$scratch/flood" || grep "overwritten" "$scratch/flood.err" >/dev/null || fail "output is missing, which nobody says"

# A terminal is spared what it would obey, but for colours.
ctl 0 run --name echo -m 64MiB --kernel "$mini/echo.img"
printf '\033]0;title\007\033[31mred\033[0m\004' | "$build/vmctl" --root "$root" console echo >"$out"
term_start 3 "$build/vmctl" --root "$root" logs echo
term_end 3 0
term_shows 3 $'echo> \033[31mred\033[0m'
term_start 3 "$build/vmctl" --root "$root" logs --raw echo
term_end 3 0
term_shows 3 $'echo> \033]0;title\007\033[31mred\033[0m'
ctl 0 logs echo
prints $'\033]0;title\007'
daemon_stop
echo "ok"
