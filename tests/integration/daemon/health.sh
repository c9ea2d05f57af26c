#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A guest's health check: starting until it listens, ready while it does, unhealthy when it no longer does, ready again;
# and what waits, lists and the events say of each.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

need_file "$cross/vsock-echo"
need_guest cloud-6.1
# One connection is one try. Between the two services the tries fail; the last one stays for good.
pack_script "$cross/vsock-echo" <<'END'
echo "test: first"
read -r line
/vsock-echo listen 8001 2
echo "test: second"
read -r line
/vsock-echo listen 8001 100000
END
chmod 0755 "$scratch"
chmod 0644 "$initrd"
vms_file health <<END
version: 1
vms:
  served:
    memory: 256MiB
    kernel: $kernel
    initrd: $initrd
    cmdline: console=ttyS0 quiet paddock.modules=1 paddock.run=script
    healthcheck: {test: vsock, port: 8001, interval: 1s, timeout: 1s, start_period: 5m, retries: 2}
  never:
    memory: 64MiB
    kernel: $mini/idle.img
    healthcheck: {test: vsock, port: 22, interval: 1s, timeout: 500ms, start_period: 0s, retries: 3}
END
health_is() { # NAME HEALTH
    [ "$("$build/vmctl" --root "$root" inspect --format '{{.Health}}' "$1")" = "$2" ]
}
enter() { # VM TEXT: a line for the guest that says so; the console stays until `leave`
    wait_until "$2" grep -q "$2" "$root"/log/vm/"$1".*/console-1.0
    echo | "$build/vmctl" --root "$root" console "$1" >/dev/null 2>"$err" &
    console=$!
}
leave() {
    kill "$console"
    wait "$console"
}

daemon_start
ctl 0 start --wait=running served
health_is served starting || fail "ready before it listened"
enter served "test: first"
ctl 0 wait --for=ready --timeout 2m served
health_is served ready || fail "not ready after the wait"
leave
wait_until "the end of the first service" health_is served unhealthy
ctl 0 inspect served
prints "2 tries in a row failed"
prints "vsock port 8001: Connection refused"
ctl 0 list
prints unhealthy
enter served "test: second"
wait_until "the second service" health_is served ready
leave

# A guest that never answers runs on; who waited for it hears why.
ctl 1 start --wait=ready never
complains "running, but unhealthy: 3 tries in a row failed; vsock port 22: the guest has no vsock driver"
state_is never running || fail "a failing check stopped its VM"

# A new run begins anew; a stopped VM has no health.
ctl 0 stop --force served never
health_is served none || fail "a stopped VM has a health"
ctl 0 start --wait=running served
health_is served starting || fail "its new run did not begin anew"
ctl 0 stop --force served

ctl 0 events --since 1h --format jsonl
grep '"vm.health"' "$out" >"$scratch/health"
said_of() { # NAME HEALTH...
    local name=$1
    shift
    # shellcheck disable=SC2048,SC2086 # words
    [ "$(grep "\"$name\"" "$scratch/health" | grep -o '"health": *"[a-z]*"' | cut -d '"' -f 4 | xargs)" = "$*" ] ||
        fail "events of $name: $(cat "$scratch/health")"
}
said_of served ready unhealthy ready
said_of never unhealthy
daemon_stop
