#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What is kept, and for how long: the logs of VMs that are gone for log_retention, those of the latest runs of a VM,
# console output up to console_log, events for event_retention. Nothing else in the log's folder is touched.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
logs=$root/log/vm

settings() { # LINE...
    printf '%s\n' "version: 1" "$@" >"$root/etc/paddock.yaml"
    chmod 0644 "$root/etc/paddock.yaml"
}
# shellcheck disable=SC2086 # a pattern
is_there() { ls -d $1 >/dev/null 2>&1; }
is_gone() { ! is_there "$1"; }
there_is() { is_there "$1" || fail "$1 is gone"; }

settings "console_log: 64KiB"
daemon_start

# The latest eight runs, the oldest first to go.
ctl 0 run --name often --kernel "$guests/power-button.img" -m 64MiB --wait=running
for _ in 1 2 3 4 5 6 7 8 9; do
    ctl 0 restart --force often
done
ctl 0 logs often --boot -7
[ "$(find "$logs"/often.* -name 'console-*.0' | wc -l)" = 8 ] || fail "kept: $(ls "$logs"/often.*)"
is_gone "$logs/often.*/console-2.0" || fail "the log of the second run of ten is kept"
ctl 1 logs often --boot -8
complains "has no log of that run"

# A guest that floods its console: the log is bounded, and holds the end.
ctl 0 run --name flood --kernel "$guests/flood.img" -m 64MiB --wait=running
size() { cat "$logs"/flood.*/console-1.? | wc -c; }
line() { "$build/vmctl" --root "$root" logs -n 2 flood | sed -n '1s/[^0-9]*//gp'; }
first=$(line)
far() {
    local now
    now=$(line)
    [ "$(size)" -le 65536 ] && [ "${now:-0}" -gt $((${first:-0} + 100000)) ]
}
wait_until "a hundred thousand lines" far
[ "$(size)" -le 65536 ] || fail "$(size) bytes are kept"
ctl 0 rm --force flood

# The logs of VMs that are gone: for as long as log_retention says, from then on.
ctl 0 run --rm --name one --kernel "$guests/hello.img" -m 64MiB
ctl 0 run --rm --name two --kernel "$guests/hello.img" -m 64MiB
none_left() { [ "$("$build/vmctl" --root "$root" list -q)" = often ]; }
wait_until "both gone" none_left
grep -q "hello" "$logs"/two.*/console-1.0 || fail "--rm took the log along"
mkdir "$logs/notours" "$logs/three.aaaaaaaaaaaaaaaa" "$logs/often.aaaaaaaaaaaaaaab"
touch "$logs/three.aaaaaaaaaaaaaaaa/dear" "$logs/four.aaaaaaaaaaaaaaac"
touch -t 202001010000 "$logs"/*
touch "$logs"/two.*
ctl 0 reload
wait_until "one's log cleaned" is_gone "$logs/one.*"
daemon_wait "have been kept long enough"
wait_until "another often's log cleaned" is_gone "$logs/often.aaaaaaaaaaaaaaab"
there_is "$logs/two.*/console-1.0"
there_is "$logs/often.*/console-10.0"
there_is "$logs/notours"
there_is "$logs/three.aaaaaaaaaaaaaaaa/dear"
there_is "$logs/four.aaaaaaaaaaaaaaac"

# Shorter times apply at once to what is there.
ctl 0 events
grep "vm.removed  *two" "$out" >/dev/null || fail "no event of two's removal"
settings "log_retention: 0s" "event_retention: 1s"
pruned() {
    ctl 0 reload
    ctl 0 events
    ! grep -F "vm.removed" "$out" >/dev/null
}
wait_until "the events' second over" pruned
prints "host.config"
is_gone "$logs/two.*" || fail "two's log is kept"
there_is "$logs/often.*/console-10.0"
daemon_stop
