#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What one client may take of a running daemon: lines that are too long, too deep or never end, more connections than
# its share, a reader that is stopped, a console whose user vanishes. It is told so, others are answered meanwhile, and
# nothing stays open.
# deadline: 120
# shellcheck disable=SC2119
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
[ -x "$build/sock" ] || skip "there is no $build/sock (make)"
socket=$root/run/control.sock

descriptors() {
    if [ -d "/proc/$daemon/fd" ]; then
        find "/proc/$daemon/fd" -mindepth 1 | wc -l
    else
        echo 0
    fi
}
as_before() { [ "$(descriptors)" -le "$before" ]; }

say() { # standard input goes to the daemon, what it answers first to $out
    "$build/sock" talk "$socket" 1 >"$out" 2>/dev/null
}
times() { # COUNT TEXT
    head -c "$1" /dev/zero | tr '\0' x | sed "s/x/$2/g"
}

vms_file one <<END
version: 1
vms:
  echo: {memory: 64MiB, kernel: $guests/echo.img, autostart: true}
END
daemon_start
until_true 20 state_is echo running || fail "it does not run"
wait_until "descriptors at rest" ctl 0 list
before=$(descriptors)

# Lines.
times 300000 x | say
prints "a line is too long"
{ times 17 '[' && echo; } | say
prints '"bad_request"'
printf '{"jsonrpc":"2.0","id":1,"method":"vm.list","id":2}\n' | say
prints '"bad_request"'
printf '{"jsonrpc":"2.0","id":1,"method":"daemon.version","fds":3}\n' | say
prints "fewer descriptors came than"
printf '{"jsonrpc":"2.0","id":1,"method":"daemon.version"\0}\n' | say
prints "has a NUL"
mkfifo "$scratch/slow"
exec 3<>"$scratch/slow"
"$build/sock" talk "$socket" 1 <"$scratch/slow" >"$scratch/late" 2>&1 &
slow_client=$!
for part in '{"jsonrpc":' '"2.0","id":"half",' '"method":' '"daemon.ver' 'sion"'; do
    printf '%s' "$part" >&3
    ctl 0 list
    [ ! -s "$scratch/late" ] || fail "half a line was answered: $(cat "$scratch/late")"
done
printf '}\n' >&3
wait "$slow_client"
grep -F '"id":"half"' "$scratch/late" >/dev/null || fail "the slow client heard $(cat "$scratch/late")"
exec 3>&-
wait_until "the descriptors of those clients closed" as_before

# Connections: who has too many is told so, and may again when some are gone.
crowd=
while [ "$(echo "$crowd" | wc -w)" -lt 64 ]; do
    "$build/sock" talk "$socket" 1000000 </dev/null >/dev/null 2>&1 &
    crowd="$crowd $!"
done
full() { [ "$(descriptors)" -ge $((before + 64)) ] || ! answers; }
wait_until "a crowd" full
ctl 5 list
complains "too many connections"
# shellcheck disable=SC2086
kill $crowd
wait_until "the crowd gone" answers
wait_until "the crowd's descriptors closed" as_before
ctl 0 list

: >"$scratch/events"
# A reader that is stopped holds up nobody; a console whose user is killed is free for the next.
"$build/vmctl" --root "$root" events -f >"$scratch/events" 2>&1 &
reader=$!
wait_until "the history" grep -q "vm.booted" "$scratch/events"
kill -STOP "$reader"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ctl 0 autostart disable echo
    ctl 0 autostart enable echo
done
kill -CONT "$reader"
all_events() { [ "$(grep -c "vm.autostart" "$scratch/events")" = 20 ]; }
wait_until "what happened meanwhile" all_events
kill -KILL "$reader"

mkfifo "$scratch/typed"
exec 3<>"$scratch/typed"
: >"$scratch/console"
"$build/vmctl" --root "$root" console echo <"$scratch/typed" >"$scratch/console" 2>&1 &
user=$!
echo "anybody there?" >&3
wait_until "the echo" grep -q "anybody there" "$scratch/console"
ctl 4 console echo
complains "writes to the console"
kill -KILL "$user"
exec 3>&-
printf 'bye\004' >"$scratch/bye"
"$build/vmctl" --root "$root" console echo <"$scratch/bye" >"$out" 2>"$err" || fail "the next user got status $?"
prints "bye"
daemon_wait "ended: the guest powered off"
daemon_stop
