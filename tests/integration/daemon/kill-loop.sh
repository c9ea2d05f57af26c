#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A daemon that is killed twenty times amidst clients that make, stop and remove VMs. Each next one starts, knows what
# was acknowledged, and runs no VM twice; in the end nothing is left that belongs to no VM.
# deadline: 240
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
RANDOM=7 # the same rounds each time, as far as time allows

ended() { # PROCESS: gone, or only not reaped yet by whoever inherited it
    case $(ps -o stat= -p "$1") in
    "" | Z*) return 0 ;;
    *) return 1 ;;
    esac
}
all_ended() {
    local pid
    for pid in $seen; do
        ended "$pid" || return 1
    done
}

vms_file steady <<END
version: 1
vms:
  steady: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true, restart: always, stop_timeout: 2s}
END

# What vmctl said was done is noted; what it did not, may be either.
live() { # NUMBER
    local name=vm-$1
    "$build/vmctl" --root "$root" run --name "$name" --kernel "$guests/power-button.img" -m 64MiB --wait=running &&
        echo "$name" >>"$scratch/made"
    "$build/vmctl" --root "$root" stop --force "$name"
    "$build/vmctl" --root "$root" run --rm --kernel "$guests/hello.img" -m 64MiB
    [ $(($1 % 3)) != 0 ] || {
        sed "/^$name\$/d" "$scratch/made" >"$scratch/kept" && mv "$scratch/kept" "$scratch/made"
        "$build/vmctl" --root "$root" rm --force "$name"
    }
}

: >"$scratch/made"
seen=
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    daemon_start
    ctl 0 list -q
    for name in steady $(cat "$scratch/made"); do
        grep -x "$name" "$out" >/dev/null || fail "round $round: $name is forgotten"
    done
    live "$round" >"$scratch/client" 2>&1 &
    client=$!
    sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
    seen="$seen $(workers | tr '\n' ' ')"
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
    wait "$client"
done

wait_until "the ends of the workers whose daemons are gone" all_ended
daemon_start
until_true 60 state_is steady running || fail "what is always to run does not"
ctl 0 list -q
sed '/^steady$/d' "$out" | xargs "$build/vmctl" --root "$root" rm --force || fail "rm"
none() { [ "$("$build/vmctl" --root "$root" list -q)" = steady ]; }
wait_until "all removed" none
[ "$(workers | wc -w)" = 1 ] || fail "not one worker: $(workers)"
[ "$(find "$root/run/vm" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] || fail "left in run/vm: $(ls "$root/run/vm")"
daemon_stop
[ -z "$(ls "$root/run/vm")" ] || fail "left in run/vm: $(ls "$root/run/vm")"
echo "$(wc -l <"$scratch/made") of 20 were acknowledged and kept"
