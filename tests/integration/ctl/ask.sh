#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What vmctl does on a terminal alone: it asks before it removes all, says what takes long, colours, and fits its tables;
# and that elsewhere it does nothing of the kind.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/integration/lib/terminal.sh
. "$(dirname "$0")/../lib/terminal.sh"

[ -e "$mini/idle.img" ] || skip "no bare-metal guests: no arm64 compiler"
escape=$'\033'
long=a-name-that-is-as-long-as-names-may-be-so-that-no-table-fits-it
export TERM=xterm
unset NO_COLOR
on_terminal() { # N ARGUMENT...
    local n=$1
    shift
    term_start "$n" "$build/vmctl" --root "$root" "$@"
}
count() { "$build/vmctl" --root "$root" list -q | wc -l; }
has_escapes() { LC_ALL=C grep -a -F "$escape" "$1" >/dev/null; }
fits() { # FILE COLUMNS
    sed 's/…/./g' "$1" | LC_ALL=C awk -v most="$2" 'length($0) > most { bad = 1; print } END { exit bad }'
}

printf 'version: 1\nbudget: {vms: 4}\n' >"$root/etc/paddock.yaml"
chmod 644 "$root/etc/paddock.yaml"
daemon_start
for name in a b "$long"; do
    ctl 0 run --name "$name" -m 64MiB --kernel "$mini/idle.img" --label note=no
done

# rm --all asks, and takes silence for a no.
ctl 2 rm --all
complains "removes 3 VMs: without a terminal it needs --force"
for answer in '\r' 'n\r' 'nay, y\r' '\004'; do
    on_terminal 3 rm --all
    term_wait 3 "Remove all 3 VMs? [y/N]"
    term_type 3 "$answer"
    term_end 3 1
    term_shows 3 "nothing was removed"
done
on_terminal 3 rm --all
term_wait 3 "[y/N]"
term_type 3 '\003'
term_end 3 130
on_terminal 3 rm --all # a yes is no --force
term_wait 3 "[y/N]"
term_type 3 'y\r'
term_end 3 4
[ "$(count)" = 3 ] || fail "running VMs were removed: $(count) are left"
on_terminal 3 shutdown
term_wait 3 "Stop all VMs of this host, and paddockd? [y/N]"
term_type 3 'n\r'
term_end 3 1
answers || fail "the daemon was stopped"

# Tables: colours on a terminal that has them, and as wide as it is.
on_terminal 3 list
term_end 3 0
has_escapes "$(screen 3)" || fail "no colours on a terminal"
NO_COLOR=1 on_terminal 3 list
term_end 3 0
! has_escapes "$(screen 3)" || fail "colours in spite of NO_COLOR"
for columns in 60 100; do
    TERM=dumb columns=$columns on_terminal 3 list
    term_end 3 0
    ! has_escapes "$(screen 3)" || fail "control sequences on a dumb terminal"
    tr -d '\r' <"$(screen 3)" >"$out"
    fits "$out" "$columns" || fail "the table does not fit in $columns columns"
    prints "NAME"
    prints "RESTARTS"
    prints "running (rea"
    [ "$(wc -l <"$out")" = 4 ] || fail "three VMs in $(wc -l <"$out") lines"
done
on_terminal 3 list --no-trunc
term_end 3 0
term_shows 3 "$long"
ctl 0 list
! has_escapes "$out" || fail "colours in a file"
prints "$long"

# What takes long is said while it lasts, on one line, and leaves nothing behind.
columns=30 on_terminal 3 stop --timeout 2s "$long"
term_wait 3 "stopping a-name-that-is-as-lo"
term_end 3 0
tr -d '\r' <"$(screen 3)" | sed "s/.*$escape\[K//" | grep -x "$long" >/dev/null || term_fail 3 "keeps its progress"
on_terminal 3 start --wait --timeout 2s "$long"
term_end 3 0
ctl 0 run --name c -m 64MiB --kernel "$mini/idle.img"
on_terminal 3 run --name d -m 64MiB --kernel "$mini/idle.img" --wait=running
term_wait 3 "d waits for room in the host's budget, at position 1"
term_wait 3 "starting d ... 1 s"
ctl 0 stop --timeout 1s c
[ "$(cat "$out")" = c ] || fail "stop prints $(cat "$out")"
[ ! -s "$err" ] || fail "progress where there is no terminal: $(cat "$err")"
term_end 3 0
TERM=dumb on_terminal 3 stop --timeout 2s d
term_end 3 0
! has_escapes "$(screen 3)" || fail "control sequences on a dumb terminal"
term_hides 3 "stopping d"

# stats: what is really in use; top: the same again on a terminal, once elsewhere.
ctl 0 stats --interval 0 --format '{{.Name}} {{.Resident}} {{.Memory}}'
awk '$3 != 67108864 || $2 == $3 || $2 < 100000 { bad = 1 } END { exit bad || NR != 3 }' "$out" || fail "stats: $(cat "$out")"
ctl 0 stats --interval 10ms
prints "RESIDENT"
prints "64M"
ctl 0 top --interval 10ms
[ "$(grep -c RESIDENT "$out")" = 1 ] || fail "top goes on without a terminal"
columns=60 on_terminal 3 top --interval 100ms
term_wait 3 "RESIDENT" 3
term_type 3 '\003'
term_end 3 130
tr -d '\r' <"$(screen 3)" | sed "s/$escape\[[0-9]*[A-Z]//g" >"$out"
fits "$out" 60 || fail "top does not fit in 60 columns"
ctl 0 rm --all --force
[ "$(count)" = 0 ] || fail "rm --all --force leaves $(count)"
ctl 0 rm --all
daemon_stop
echo "ok"
