#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What vmctl prints in JSON and what paddockd answers, in every state of a VM, beside `vmctl schema`: no field that is
# not in the schemas, none in them that is never seen, and all of them in the manuals.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/idle.img" ] || skip "no bare-metal guests: no arm64 compiler"
python3 -c 'import jsonschema' 2>/dev/null || skip "no python3 with jsonschema (make deps)"
seen=$scratch/seen
holder=
mkdir "$seen"
count=0

record() { # SHAPE STATUS ARGUMENT...
    local shape=$1 lines=
    shift
    case " $* " in *" jsonl "*) lines=.lines ;; esac
    ctl "$@"
    count=$((count + 1))
    cp "$out" "$seen/$shape.1$count$lines"
}
look() {
    record list 0 list --format json
    record ps 0 ps --format jsonl
    # shellcheck disable=SC2046 # names
    record inspect 0 inspect $("$build/vmctl" --root "$root" list -q)
}
error() { # STATUS ARGUMENT...
    ctl "$1" --porcelain "${@:2}"
    count=$((count + 1))
    cp "$err" "$seen/error.1$count"
}
ask() { # METHOD PARAMS [FILE...]
    python3 tests/integration/lib/shapes.py ask "$root/run/control.sock" "$seen" "$@" || fail "ask $*"
}
health_is() { "$build/vmctl" --root "$root" list "$1" --format '{{.Health}}' | grep -x "$2" >/dev/null; }
worker_of() { "$build/vmctl" --root "$root" list "$1" --format '{{.Pid}}'; }
release() { [ -z "$holder" ] || kill "$holder" 2>/dev/null; }
trap 'release; clean_up' EXIT

record version 6 version --format json
error 6 list
cat >"$root/etc/paddock.yaml" <<END
version: 1
budget: {vms: 4}
END
chmod 644 "$root/etc/paddock.yaml"
configuration() { # MEMORY
    vms_file all <<END
version: 1
vms:
  fixed: {memory: $1, kernel: $guests/power-button.img, labels: {team: a}, restart: on-failure:3}
  broken: {memory: 64MiB, kernal: $guests/hello.img}
  back: {memory: 64MiB, kernel: $guests/panic.img, restart: {policy: always, delay: 1h, delay_max: 1h}}
  late: {memory: 64MiB, kernel: $guests/hello.img, autostart: true, start_delay: 1h}
  sick: {memory: 64MiB, kernel: $guests/idle.img, healthcheck: {test: vsock, port: 22, interval: 1s, start_period: 0s, retries: 1}}
END
}
configuration 64MiB
# A worker that begins when it is allowed to, to see one that starts.
printf '#!/bin/sh\nwhile [ -e %s/slow ]; do sleep 0.05; done\nexec %s/vmm-worker\n' "$scratch" "$programs" >"$scratch/worker"
printf '#!/bin/sh\nexec "$@" --worker %s/worker\n' "$scratch" >"$scratch/with-worker"
chmod 755 "$scratch/worker" "$scratch/with-worker"
daemon_start_by "$scratch/with-worker"
record version 0 version --format json
record doctor 0 doctor --format json
record validate 1 validate --format json
record config 0 config show
record config 0 config show --defaults
record reload 0 reload --format json

# A VM in each state.
touch "$scratch/slow"
ctl 0 start --no-wait fixed
state_is fixed starting || fail "fixed is not starting"
record list 0 list --format json
rm "$scratch/slow"
ctl 0 start fixed
error 1 start --wait=ready sick # its guest answers no health check
look
kill -KILL "$(worker_of sick)"
wait_until "sick to have failed" state_is sick failed
ctl 0 start --no-wait back
wait_until "back to be restarting" state_is back restarting
ctl 0 run --name idle --kernel "$mini/idle.img" -m 64MiB -l team=b
ctl 1 run --name bad --kernel /etc/hostname --wait=running
ctl 0 run --name gone --kernel "$mini/hello.img" -m 64MiB
wait_until "gone to be stopped" state_is gone stopped
ctl 0 run --rm --name filler --kernel "$mini/power-button.img" -m 64MiB --wait=running
ctl 0 run --name more --kernel "$mini/echo.img" -m 64MiB --wait=running
ctl 0 run --name queued --kernel "$mini/echo.img" -m 64MiB
state_is queued queued || fail "there is room for one more"
look
record stats 0 stats --interval 10ms --format json
record stats 0 stats fixed --interval 10ms --format jsonl
ask daemon.status '{}'
ask vm.list '{"state": ["queued", "run*"]}'

# A worker that does not answer; the configuration's changes meanwhile.
kill -STOP "$(worker_of fixed)"
configuration 96MiB
record reload 0 reload --format json
ask daemon.reload '{}'
ask vm.inspect '{"name": "fixed"}'
wait_until "fixed to be unresponsive" health_is fixed unresponsive
look
record doctor 0 doctor --format json
record stats 0 stats --interval 0 --format json
ask vm.stats '{}'
kill -CONT "$(worker_of fixed)"
wait_until "fixed to be well again" health_is fixed ready
ctl 0 stop --no-wait idle # which ignores it
look
ctl 0 autostart enable gone
ask vm.autostart '{"name": "gone", "on": false}'

# Each method, each failure that tells more.
ask daemon.version '{}'
ask daemon.config '{}'
ask daemon.drain '{"on": true}'
ask daemon.drain '{"on": false}'
ask vm.create '{"config": {"name": "asked", "memory": "64MiB", "kernel": "/k"}}' "$mini/echo.img"
ask vm.create '{"config": {"kernel": "/k"}, "start": true}' "$mini/echo.img"
ask vm.create '{"config": {"cpus": 0}}' "$mini/echo.img"
ask vm.console '{"name": "fixed", "read_only": true}' -
mkfifo "$scratch/keys"
"$build/vmctl" --root "$root" console more <>"$scratch/keys" >"$scratch/console" 2>&1 &
holder=$!
echo hello >"$scratch/keys"
wait_until "the console" grep -q hello "$scratch/console"
ask vm.console '{"name": "more"}' -
ask vm.logs '{"name": "fixed"}'
ask vm.wait '{"name": "bad", "until": "running"}'
ask vm.wait '{"name": "fixed", "until": "stopped", "timeout_ms": 1}'
ask vm.stop '{"name": "idle", "force": true}'
ask vm.wait '{"name": "idle", "until": "stopped"}'
ask vm.restart '{"name": "more", "force": true}'
ask vm.wait '{"name": "filler", "until": "removed"}' 'then' vm.remove '{"name": "filler", "force": true}'
ask vm.start '{"name": "gone", "queue": true}'
error 3 stop nobody
error 4 rm more
record events 0 events --format json
record events 0 events --format jsonl fixed

# Another daemon has no files of a client's VMs; a pair of its workers died with the last one.
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon_start
ask vm.start '{"name": "asked"}'
look
ask events.subscribe '{"since": 0}'
ask events.list '{}'
record events 0 events --format json
ask daemon.shutdown '{}'
wait "$daemon"
daemon=
python3 tests/integration/lib/shapes.py check "$build/vmctl" "$seen" || fail "shapes differ from their schemas"
