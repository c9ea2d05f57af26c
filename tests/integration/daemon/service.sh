#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The daemon as a service: in the foreground, alone on its root, never in another's place; each way to end it stops
# the guests first, within a bound, and leaves neither socket nor worker nor folder.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
socket=$root/run/control.sock

settings() { # SHUTDOWN_TIMEOUT
    printf 'version: 1\nshutdown_timeout: %s\n' "$1" >"$root/etc/paddock.yaml"
    chmod 0644 "$root/etc/paddock.yaml"
}

refuses_to_start() { # ROOT SENTENCE
    "$build/paddockd" --root "$1" </dev/null >"$out" 2>"$err"
    [ $? = 1 ] || fail "it did not end with status 1"
    complains "$2"
}

nothing_is_left() {
    local pid
    [ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
    for pid in $children; do
        gone "$pid" || fail "worker $pid outlived its daemon"
    done
    [ ! -e "$socket" ] || fail "the control socket is left"
    [ -z "$(ls "$root/run/vm")" ] || fail "left in run/vm: $(ls "$root/run/vm")"
}

settings 60s
vms_file calm <<END
version: 1
vms:
  calm: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true}
END
daemon_start
ctl 0 version --format json
prints "\"pid\": $daemon"

# Alone: who comes second says so and disturbs nothing.
wait_until "the guest" grep -q "waiting for the power button" "$root"/log/vm/calm.*/console-1.0
children=$(workers)
refuses_to_start "$root" "another daemon uses it"
[ "$(workers)" = "$children" ] || fail "the second daemon touched a worker"
ctl 0 list
daemon_stop
nothing_is_left
daemon_wait "calm" && daemon_wait "the guest powered off as it was asked to"

# The latest started is stopped first.
daemon_start
for name in second third first; do
    ctl 0 run --name "$name" --kernel "$guests/power-button.img" -m 64MiB --wait=running
done
daemon_stop
daemon_start
ctl 0 events
order=$(sed -n 's/.* vm.stopping *\([a-z]*\) .*/\1/p' "$out" | tail -n 4 | tr '\n' ' ')
[ "$order" = "first third second calm " ] || fail "they were stopped in the order $order"
ctl 0 rm first second third
daemon_stop

# What a killed daemon left is replaced; what is another's is not.
daemon_start
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
[ -S "$socket" ] || fail "a killed daemon cannot have removed its socket"
daemon_start
children=$(workers)
daemon_stop INT
nothing_is_left
echo dear >"$socket"
refuses_to_start "$root" "is no socket; it is left alone"
[ "$(cat "$socket")" = dear ] || fail "somebody's file was touched"
rm "$socket"
if [ -x "$build/sock" ]; then
    "$build/sock" echo "$socket" >"$scratch/echo" &
    echo=$!
    wait_until "a server" test -s "$scratch/echo"
    refuses_to_start "$root" "another daemon answers there"
    [ -S "$socket" ] || fail "another's socket was removed"
    kill "$echo"
    rm -f "$socket"
fi
refuses_to_start "$scratch/$(printf '%0100d' 0)" "the path of the control socket has"

# Guests that do not hear their power button: the daemon's own end is bounded.
rm "$root/etc/vms.d/calm.yaml"
vms_file deaf <<END
version: 1
vms:
  deaf-1: {memory: 64MiB, kernel: $guests/idle.img, autostart: true, stop_timeout: 10m}
  deaf-2: {memory: 64MiB, kernel: $guests/idle.img, autostart: true, stop_timeout: 10m}
END
settings 1s
daemon_start
until_true 20 state_is deaf-2 running || fail "deaf-2 does not run"
until_true 20 state_is deaf-1 running || fail "deaf-1 does not run"
children=$(workers)
daemon_stop
nothing_is_left
settings 10m
daemon_start
ctl 0 events
prints "vm.stop_rung"
until_true 20 state_is deaf-2 running || fail "deaf-2 does not run"
until_true 20 state_is deaf-1 running || fail "deaf-1 does not run"

# A second signal does not wait for them; nor for a worker that does not even run. Nothing is started any more.
children=$(workers)
stuck=$(printf '%s\n' "$children" | head -n 1)
kill -STOP $((stuck))
: >"$said"
kill -TERM "$daemon"
daemon_wait "stopping: VMs first"
ctl 0 list
prints "deaf-1   stopping"
ctl 5 run --name late --kernel "$guests/idle.img" -m 64MiB
complains "takes no more starts"
daemon_stop TERM
daemon_wait "stopping at once"
nothing_is_left
