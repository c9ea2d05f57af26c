#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Every failure, exit status and outcome that vmctl knows, from a situation that brings it about: the status, the name
# with --porcelain, a sentence on standard error with what failed and perhaps a second line with what to do, and
# nothing on standard output. The lists are vmctl's own: what has no case here fails.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/lost.img" ] || skip "no bare-metal guests: no arm64 compiler"
command -v python3 >/dev/null 2>&1 || skip "no python3 (make deps)"
seen=" "
held=

said_well() { # STATUS ARGUMENT...: once for people
    ctl "$@"
    [ ! -s "$out" ] || fail "vmctl ${*:2}: \"$(head -n 1 "$out")\" on standard output"
    awk 'NR == 1 && /^vmctl: [^ ].*[^ ]$/ || NR == 2 && /^       [^ ].*[^ .]$/ { next } { exit 1 }
         END { if (!NR || NR > 2) exit 1 }' "$err" || fail "vmctl ${*:2}: not a sentence and a hint: $(cat "$err")"
}
failure() { # NAME STATUS TEXT ARGUMENT...: and once for programs
    local name=$1 text=$3
    said_well "$2" "${@:4}"
    complains "$text"
    ctl "$2" --porcelain "${@:4}"
    grep -x "{\"error\":{\"code\":\"$name\",\"message\":\"[^\"].*\"}}" "$err" >/dev/null ||
        fail "vmctl --porcelain ${*:4}: not $name alone: $(cat "$err")"
    seen="$seen$name "
}
outcome() { # NAME STATUS VM: it has ended so
    ctl 0 wait "$3"
    [ "$(cat "$out")" = "$2" ] || fail "wait prints $(cat "$out") for $1, not $2"
    ctl 0 inspect "$3" --format '{{.Outcome}}'
    [ "$(cat "$out")" = "$1" ] || fail "$3 ended as $(cat "$out"), not $1"
    seen="$seen$1 "
    ctl 0 rm "$3"
}
run() { ctl 0 run --name "$1" --kernel "$mini/$2.img" -m 64MiB --wait=running; }
hold() { # PYTHON: says something when it is so, and stays so
    : >"$scratch/held"
    python3 -c "$1" "$root" >"$scratch/held" 2>&1 &
    held=$!
    wait_until "$1" test -s "$scratch/held"
}
release() { [ -z "$held" ] || { kill "$held" && wait "$held"; } 2>/dev/null; held=; }
fake() { # ANSWER: a daemon of another version, which gives this one to all requests
    hold "import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + '/fake'); s.listen(); print('ready', flush=True)
while True:
    c = s.accept()[0]; c.recv(4096); c.sendall(b'''{\"jsonrpc\":\"2.0\",\"id\":1,$1}\n'''); c.close()"
}
trap 'release; clean_up' EXIT

failure unreachable 6 "no paddockd answers at $root/run/control.sock" list
cat >"$root/etc/paddock.yaml" <<END
version: 1
budget: {vms: 3}
END
chmod 644 "$root/etc/paddock.yaml"
vms_file one <<END
version: 1
vms:
  fixed: {memory: 64MiB, kernel: $guests/hello.img}
END
daemon_start

# What the caller did wrong.
failure bad_params 2 "there is no verb \"lst\"; did you mean \"list\"?" lst
failure bad_params 2 "no-such-option" list --no-such-option
failure bad_params 2 "needs the name" stop
failure bad_params 2 "is no duration" wait fixed --timeout soon
failure bad_params 2 "without a terminal it needs --force" rm --all
failure bad_params 2 "without a terminal it needs --yes" shutdown
# shellcheck disable=SC2046 # words
failure bad_request 1 "a line is too long" list $(yes n | head -n 70000)
failure bad_params 2 "not \"runing\"" list --filter state=runing
failure bad_params 2 "not \"flying\"" wait fixed --for flying
failure bad_params 2 "--kernel takes a path" create --kernel ""
mkdir "$scratch/empty"
failure invalid_config 1 "neither paddock.yaml nor vms.d" validate "$scratch/empty"
ctl 1 create
complains "kernel takes the path of an arm64 Image"
failure invalid_config 1 "is no name for a VM" create --name A --kernel "$mini/hello.img"
failure invalid_config 1 "kernel: $scratch/none: No such file or directory" create --kernel "$scratch/none"
# The mistake itself is in the one error of a program, and above it for people, whose command line has no quotes.
ctl 1 --porcelain create --kernel "$mini/hello.img" --cpus two
[ "$(wc -l <"$err")" = 1 ] || fail "not one line: $(cat "$err")"
complains '"message":"no VM was made: command line: cpus takes a whole number from 1 to 16, not \"two\""'
ctl 1 create --kernel "$mini/hello.img" --cpus two
grep -F "without quotes" "$err" >/dev/null && fail "quotes that nobody wrote: $(cat "$err")"
printf 'version: 1\nvms: {}\n' >"$scratch/whole.yaml"
ctl 1 create --file "$scratch/whole.yaml"
complains "the settings of one VM alone"
failure no_such_vm 3 'there is no VM "nobody"' inspect nobody
failure no_such_vm 3 'there is no VM "nobody"' stop nobody
failure name_taken 4 "there is a VM fixed already" create --name fixed --kernel "$mini/hello.img"
failure from_config 4 "fixed" rm fixed

# What the VM or the host cannot do now.
run busy power-button
failure wrong_state 4 "running" rm busy
failure wrong_state 4 "there is no console to attach to" console fixed
failure timed_out 124 "not stopped, in time" wait busy --timeout 10ms
failure unsupported 1 "has no log of that run" logs busy --boot -7
ctl 0 create --name notakernel --kernel /etc/hostname
failure start_failed 1 "an uncompressed arm64 Image is needed" start notakernel
truncate -s 1M "$scratch/disk"
ctl 0 run --name writer --kernel "$mini/idle.img" --disk "$scratch/disk" -m 64MiB --wait=running
ctl 0 create --name another --kernel "$mini/idle.img" --disk "$scratch/disk" -m 64MiB
failure in_use 4 "writer" start another
run third power-button
failure over_budget 5 "3 of 3 VMs" run --no-queue --kernel "$mini/hello.img" -m 64MiB
ctl 0 drain
failure draining 5 "takes no more starts" start fixed
ctl 0 undrain
hold "import socket, sys, time
c = [socket.socket(socket.AF_UNIX) for _ in range(64)]
[s.connect(sys.argv[1] + '/run/control.sock') for s in c]; print('ready', flush=True); time.sleep(1000)"
failure busy 5 "too many connections" list
release

# What is wrong with the host or its daemon.
hold "import sqlite3, sys, time
sqlite3.connect(sys.argv[1] + '/db/paddock.db').execute('BEGIN IMMEDIATE'); print('ready', flush=True); time.sleep(1000)"
failure state_unreadable 1 "the database did not take the change" autostart enable busy
release
ctl 0 autostart enable busy # which a later daemon could not start: it has no files
complains "paddockd cannot open its files itself"
ctl 0 autostart disable busy
fake '"error":{"code":-32601,"message":"there is no method","data":{"code":"no_such_method"}}'
failure no_such_method 1 "there is no method" --host "unix://$root/fake" list
release
rm "$root/fake"
fake '"result":{"version":"9.9","build":"x","protocol":9,"pid":1,"started_at":"","root":null}'
ctl 1 --porcelain --host "unix://$root/fake" version # which prints both all the same
complains '"code":"version"'
seen="${seen}version "
release
# shellcheck disable=SC2016 # for another shell; the console needs a pair more of descriptors than there are
internal() { bash -c 'ulimit -n 5; "$@"' - "$build/vmctl" --root "$root" "$@" console busy </dev/null >"$out" 2>"$err"; }
internal && fail "five descriptors are enough for a console"
complains "vmctl: socketpair: Too many open files"
internal --porcelain
grep -F '"code":"internal"' "$err" >/dev/null || fail "not internal: $(cat "$err")"
seen="${seen}internal "
if [ "$(id -u)" = 0 ]; then
    cp "$build/vmctl" "$scratch/vmctl" && chmod 755 "$scratch" "$root" "$root/run"
    setpriv --reuid=65534 --regid=65534 --clear-groups "$scratch/vmctl" --root "$root" --porcelain list >"$out" 2>"$err"
else
    chmod 000 "$root/run/control.sock"
    "$build/vmctl" --root "$root" --porcelain list >"$out" 2>"$err"
fi
[ $? = 7 ] || fail "a stranger was not turned away with 7"
grep -F '"code":"denied"' "$err" >/dev/null || fail "not denied: $(cat "$err")"
seen="${seen}denied "
[ "$(id -u)" = 0 ] || chmod 600 "$root/run/control.sock"

# Several VMs: all are gone through, the first failure counts, and those that were done are printed.
ctl 3 stop nobody third fixed
[ "$(tr '\n' ' ' <"$out")" = "fixed third " ] || fail "stop prints $(cat "$out")"
complains 'there is no VM "nobody"'

# The outcomes, and what `run --attach` makes of a signal.
ctl 0 stop --force writer
ctl 0 run --name off --kernel "$mini/hello.img" -m 64MiB
outcome guest_power_off 0 off
ctl 0 stop busy
outcome stopped 0 busy
for one in guest_panic:104:panic hypervisor_error:108:lost; do
    ctl 0 run --name one --kernel "$mini/${one##*:}.img" -m 64MiB
    outcome "${one%%:*}" "$(cut -d: -f2 <<<"$one")" one
done
ctl 0 run --name again --kernel "$mini/reset.img" -m 64MiB # which is no end, but a run's
reset_told() { "$build/vmctl" --root "$root" events again --format '{{.Detail.outcome}}' | grep -x guest_reset >/dev/null; }
wait_until "the reset" reset_told
seen="${seen}guest_reset "
ctl 0 rm --force again
run deaf idle
ctl 0 stop --timeout 200ms deaf
outcome stop_ignored 105 deaf
run slow stubborn
wait_until "the guest" grep -q "waiting for the power button" "$root"/log/vm/slow.*/console-1.0
ctl 0 stop --timeout $((slow * 2)) slow
outcome stop_timeout 106 slow
run forced idle
ctl 0 stop --force forced
outcome killed 107 forced
outcome start_refused 110 notakernel
run shot idle
kill -KILL "$("$build/vmctl" --root "$root" list shot --format '{{.Pid}}')"
outcome worker_died 112 shot
"$build/vmctl" --root "$root" run --attach --name watched --kernel "$mini/idle.img" -m 64MiB </dev/null >"$scratch/console" 2>&1 &
watcher=$!
wait_until "the console" grep -q idle "$scratch/console"
kill -TERM $watcher
wait $watcher
[ $? = 143 ] || fail "run --attach ends with $? at SIGTERM"
state_is watched running || fail "the VM went with its watcher"
grep -F "watched runs on; vmctl stop watched ends it" "$scratch/console" >/dev/null || fail "who was interrupted does not hear that the VM runs on"

# What only the daemon's own end brings about. A client's files are gone with it.
cp "$mini/hello.img" "$scratch/kernel"
ctl 0 create --name filed --kernel "$scratch/kernel" -m 64MiB
rm "$scratch/kernel"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon_start
outcome orphaned 111 watched
failure files_needed 1 "its files have to be opened again" restart filed
daemon_stop

# Nothing produces this one; who adds what does adds its case.
! grep -l OUTCOME_DEVICE_ERROR supervisor/*.c vmm-worker/*.c vmm-worker/*/*.c || fail "device_error has no case"
seen="${seen}device_error "
"$build/vmctl" help --all >"$scratch/all"
sed -n "s/^status [0-9]* \\([a-z_]*\\).*/\\1/p; s/^outcome [0-9]* \\([a-z_]*\\).*/\\1/p" "$scratch/all" >"$scratch/names"
while read -r name; do
    [[ $seen == *" $name "* ]] || fail "$name has no case"
done <"$scratch/names"
last=$(awk '$1 == "outcome" && $2 > last { last = $2 } END { print last }' "$scratch/all")
grep -x ".It [0-9]* to $last" man/vmctl.8 >/dev/null || fail "vmctl(8) does not say that outcomes go up to $last"
echo "ok"
