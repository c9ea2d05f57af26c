#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The host's own settings when they change: a mistake leaves the last good ones in use and is told with its place, a
# daemon does not start with one, and a budget that is lowered or raised is asked again for all who wait.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/power-button.img" ] || skip "no bare-metal guests: no arm64 compiler"

host_file() { # LINE...
    { echo "version: 1" && printf '%s\n' "$@"; } >"$root/etc/paddock.yaml"
    chmod 644 "$root/etc/paddock.yaml"
}
shown() { "$build/vmctl" --root "$root" config show --defaults | tr -d ' \n'; }
field() { "$build/vmctl" --root "$root" inspect "$1" --format "$2"; }
run() { # STATUS NAME MEMORY ARGUMENT...
    local status=$1 name=$2 memory=$3
    shift 3
    ctl "$status" run --name "$name" -m "$memory" --kernel "$mini/power-button.img" "$@"
}

# ---- A mistake while it runs

host_file "budget: {memory: 128MiB}" "queue_max: 3"
daemon_start
run 0 big 128MiB
run 0 one 64MiB
complains "one waits for room in the host's budget, at position 1"
run 0 two 64MiB

host_file "budget: {memory: 256MiB}" "queue_maxx: 4"
ctl 1 reload
complains "etc/paddock.yaml:3:1: error: unknown key \"queue_maxx\""
complains "did you mean \"queue_max\"?"
complains "the one before stays in use"
shown | grep -q '"memory":134217728' || fail "another budget is in use"
kill -HUP "$daemon"
daemon_wait "the last good one stays: 1 errors" 2
daemon_wait "etc/paddock.yaml:3:1: error: unknown key" 2
state_is one queued || fail "one is not queued any more"

# A file that others may write is as good as a broken one.
host_file "budget: {memory: 256MiB}"
chmod 666 "$root/etc/paddock.yaml"
ctl 1 reload
complains "etc/paddock.yaml: the file is writable by everybody"
state_is one queued || fail "an untrusted file was used"
chmod 644 "$root/etc/paddock.yaml"

# ---- The budget

run 5 never 320MiB
complains "needs 320MiB of memory"
ctl 3 inspect never

# Those that can never run any more fail and say so; it does not matter that they were first.
host_file "budget: {memory: 64MiB}"
ctl 0 reload
state_is big running || fail "a lower budget turned somebody out"
state_is one queued || fail "one still fits"
host_file "budget: {memory: 128MiB}"
ctl 0 reload
ctl 0 rm --force two
run 0 wide 128MiB
run 0 last 64MiB
host_file "budget: {memory: 64MiB}"
ctl 0 reload
wait_until "wide to fail" state_is wide failed
field wide '{{.outcome}}: {{.cause}}' >"$out"
prints "start_refused: needs 128MiB of memory; "
ctl 1 wait --for running wide --timeout 60
complains "needs 128MiB of memory"
[ "$(field last '{{.queue_position}}')" = 2 ] || fail "last is not behind one"

# Room for one more; then for all.
host_file "budget: {memory: 192MiB}"
ctl 0 reload
wait_until "one to run" state_is one running
state_is last queued || fail "last has no room"
host_file
ctl 0 reload
wait_until "last to run" state_is last running
ctl 0 start wide
state_is wide running || fail "wide fits now"

# A VM of a file that the budget shuts out is disabled, and begins when the budget lets it.
host_file "budget: {memory: 256MiB}"
echo "{version: 1, vms: {filed: {memory: 512MiB, kernel: $mini/power-button.img, autostart: true}}}" | vms_file filed
ctl 0 reload
complains "vms.filed needs 512MiB of memory, more than the whole budget of 256MiB"
state_is filed failed || fail "filed is not disabled"
host_file
ctl 0 reload
wait_until "filed to run" state_is filed running

# ---- What every VM begins with, also a client's: its client opens the files

ctl 1 create --name bare
complains "kernel"
host_file "defaults: {kernel: $mini/power-button.img, memory: 64MiB, disks: ['$scratch/base.img:ro'], labels: {site: a}}"
ctl 0 reload
ctl 1 run --name bare
complains "disk0: $scratch/base.img: No such file or directory"
ctl 3 inspect bare
truncate -s 1048576 "$scratch/base.img"
ctl 0 run --name bare -l team=b
[ "$(field bare '{{.state}} {{.memory}} {{.labels.site}}{{.labels.team}}')" = "running 67108864 ab" ] || fail "$(field bare '{{json .}}')"
ctl 0 config show
prints "\"kernel\": \"$mini/power-button.img\""
echo "disks: []" >"$scratch/vm.yaml"
ctl 0 run --name diskless --file "$scratch/vm.yaml" --kernel "$mini/hello.img" --attach
[ "$(field diskless '{{.config.kernel}} {{json .config.disks}}')" = "$mini/hello.img []" ] || fail "diskless has a disk"
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"

# ---- A mistake at the start

host_file "queue_maxx: 4" "start_parallel: none"
"$build/paddockd" --root "$root" --worker "$programs/vmm-worker" </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "paddockd started with a mistake in the host's settings"
complains "etc/paddock.yaml:2:1: error: unknown key \"queue_maxx\""
complains "etc/paddock.yaml:3:17: error: start_parallel"
complains "the configuration cannot be used"
ctl 6 list
"$build/paddockd" --root "$root" --check </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "--check finds nothing"
complains "etc/paddock.yaml:2:1: error: unknown key \"queue_maxx\""
host_file
"$build/paddockd" --root "$root" --check </dev/null >"$out" 2>"$err" || fail "--check finds something"
