#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vmctl console on a real terminal: typing, leaving, watching, taking over, and every way in which it ends, after each of
# which the terminal's modes are what they were.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/integration/lib/terminal.sh
. "$(dirname "$0")/../lib/terminal.sh"

[ -e "$mini/echo.img" ] || skip "no bare-metal guests: no arm64 compiler"
echo_vm() { ctl 0 run --replace --name echo -m 64MiB --kernel "$mini/echo.img"; }
on_terminal() { # N ARGUMENT...
    local n=$1
    shift
    term_start "$n" "$build/vmctl" --root "$root" "$@"
}

daemon_start
ctl 3 console nobody
complains "nobody"
echo_vm

# What is typed reaches the guest as it is: keys that a terminal would act on, bytes that are no text.
on_terminal 3 console echo
term_wait 3 "connected to echo; leave with ^]"
term_wait 3 "echo> "
term_type 3 'begin\001\003\010\021\023\032\033[31m\034\177\200\377\r\nend'
term_wait 3 $'begin\001\003\010\021\023\032\033[31m\034\177\200\377'
term_wait 3 "end"
LC_ALL=C grep -a -F $'\377\r' "$(screen 3)" >/dev/null || fail "a carriage return was lost"

# A second one may watch: it gets what was said before and hears no typing; or take the console over.
ctl 4 console echo
complains "process $(term_pid 3) of user"
on_terminal 4 console --read-only echo
term_wait 4 "connected to echo, read-only"
term_wait 4 "end"
term_type 4 'unheard'
term_type 3 'seen by both'
term_wait 4 "seen by both"
term_hides 3 "unheard"
columns=20 on_terminal 5 console --force --escape ^A echo
term_wait 5 "leave with ^A"
term_wait 5 "seen by both"
term_end 3 4
term_shows 3 "process $(term_pid 5) of user"
term_shows 3 "has taken the console of echo"
term_type 5 'not the escape: \035.'
term_wait 4 $'not the escape: \035.'
term_type 5 '\001'
term_end 5 0
term_shows 5 "left the console of echo"
term_type 4 '\035'
term_end 4 0
state_is echo running || fail "leaving ended the guest"

# Signals leave the terminal as it was.
for signal in "TERM 143" "HUP 129" "INT 130" "QUIT 131"; do
    on_terminal 3 console echo
    term_wait 3 "echo> "
    kill "-${signal% *}" "$(term_pid 3)"
    term_end 3 "${signal#* }"
done
on_terminal 3 console --read-only echo # where ^C is a signal, because nobody else would hear it
term_wait 3 "echo> "
term_type 3 '\003'
term_end 3 130
trap '' HUP # as under nohup: the end of the terminal is seen all the same
on_terminal 3 console echo # a terminal that is closed
term_wait 3 "echo> "
kill -KILL "$(cat "$(screen 3).script")"
wait_until "vmctl to follow its terminal" gone "$(term_pid 3)"

# Without a terminal: input from a pipe, and a reader that goes.
on_terminal 4 console --read-only echo
term_wait 4 "echo> "
on_terminal 5 console --escape none --force echo
term_wait 5 "connected to echo"
term_hides 5 "leave with"
ctl 4 console echo
printf 'piped\004' | "$build/vmctl" --root "$root" console --force echo >"$out" 2>"$err" ||
    fail "console from a pipe: exit status $?"
prints "piped"
[ ! -s "$err" ] || fail "it says: $(cat "$err")"
term_end 5 4

# The guest ended by that; who watched is told.
term_end 4 0
term_shows 4 "the console of echo is closed: the guest "
ctl 4 console echo
complains "vmctl logs"
ctl 0 run --name flood -m 64MiB --kernel "$mini/flood.img"
"$build/vmctl" --root "$root" console flood 2>"$err" </dev/null | head -n 3 >"$out"
[ "${PIPESTATUS[0]}" = 141 ] || fail "without a reader: exit status ${PIPESTATUS[0]}"
[ ! -s "$err" ] || fail "it says: $(cat "$err")"
[ "$(wc -l <"$out")" = 3 ] || fail "head has seen $(cat "$out")"
ctl 0 rm --force flood

# The daemon goes: by force, or in order, which ends the guest first.
echo_vm
on_terminal 3 console echo
on_terminal 4 run --rm --attach --name other -m 64MiB --kernel "$mini/echo.img"
term_wait 3 "echo> "
term_wait 4 "echo> "
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
term_end 3 6
term_shows 3 "the connection to paddockd is lost"
term_end 4 6
daemon_start
ctl 0 run --replace --name button -m 64MiB --kernel "$mini/power-button.img"
on_terminal 3 console button
term_wait 3 "waiting for the power button"
daemon_stop
term_end 3 0
term_shows 3 "mini: power button"
term_shows 3 "the console of button is closed"
echo "ok"
