#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The configuration is read again: what runs is left alone, each VM whose settings have changed says what waits for its
# next start, and a VM that is new, gone or broken is treated as one.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/power-button.img" ] || skip "no bare-metal guests: no arm64 compiler"

host_file() { # MEMORY of the template, another LINE
    cat >"$root/etc/paddock.yaml" <<END
version: 1
${2:-}
templates:
  small: {memory: $1, kernel: $mini/power-button.img}
END
    chmod 644 "$root/etc/paddock.yaml"
}

field() { # NAME TEMPLATE
    "$build/vmctl" --root "$root" inspect "$1" --format "$2"
}
is() { # NAME TEMPLATE WANTED
    [ "$(field "$1" "$2")" = "$3" ] || fail "$1: $2 is \"$(field "$1" "$2")\", not \"$3\""
}

host_file 64MiB
vms_file test <<END
version: 1
vms:
  keep: {from: small, autostart: true}
  edit: {from: small, autostart: true}
  leave: {from: small, autostart: true}
  broken: {from: small, autostart: true}
  idle: {from: small}
END
daemon_start
for name in keep edit leave broken; do
    wait_until "$name" state_is $name running
done
before=$(workers)

vms_file test <<END
version: 1
vms:
  keep: {from: small, autostart: true}
  edit: {from: small, autostart: true, cpus: 2, labels: {team: red}}
  broken: {from: small, autostart: true, cpu: 2}
  idle: {from: small, cpus: 2}
  fresh: {from: small, autostart: true}
  later: {from: small}
END
ctl 0 reload
complains "vms.d/test.yaml:5:42: error: unknown key \"cpu\" in vms.broken"
complains "did you mean \"cpus\"?"
complains "all else was taken"
complains "edit: cpus,labels will change at its next start"
[ "$(grep -c "next start" "$err")" = 1 ] || fail "only edit has something that waits"
wait_until fresh state_is fresh running
state_is later stopped || fail "later does not start by itself"
for pid in $before; do
    gone "$pid" && fail "a VM that ran was not left alone"
done

# What waits is shown; one that does not run has changed already.
is edit '{{.pending.keys}}' cpus,labels
is edit '{{.cpus}} {{.pending.config.cpus}}' "1 2"
is idle '{{.cpus}} {{json .pending}}' "2 null"
ctl 0 reload
complains "edit: cpus,labels will change at its next start"
ctl 0 restart edit
is edit '{{.cpus}} {{.labels.team}} {{json .pending}} {{.state}}' "2 red null running"
ctl 0 reload
[ "$(grep -c "next start" "$err")" = 0 ] || fail "nothing waits any more"

# One that its file breaks goes on, and does not start again before it is mended.
is broken '{{.state}}' running
field broken '{{.config_error}}' | grep -q 'test.yaml:5:42: unknown key "cpu"' || fail "no mistake is shown"
ctl 1 restart broken # which would be its end
complains "broken is disabled: "
is broken '{{.state}} {{.boots}}' "running 1"
ctl 0 stop broken
is broken '{{.state}}' failed
ctl 1 start broken
complains "broken is disabled: "
complains "test.yaml:5:42"

# One that has left its file runs on and goes when it stops; it cannot be started meanwhile.
state_is leave running || fail "leave was not left alone"
daemon_wait "stands in no file any more and goes when it has stopped"
ctl 4 restart leave
complains "leave is being removed"
state_is leave running || fail "it was stopped for a restart"
ctl 0 stop leave
ctl 3 inspect leave

# A template's change reaches those that begin with it; stop and start applies it like restart.
host_file 96MiB
sed 's/, cpu: 2//' "$root/etc/vms.d/test.yaml" | vms_file mended
rm "$root/etc/vms.d/test.yaml"
kill -HUP "$daemon"
daemon_wait "waits for its next start: memory" 3
refuse "edit: memory,"
is keep '{{.memory}} {{.pending.keys}}' '67108864 memory'
is later '{{.memory}}' 100663296
ctl 0 stop keep
ctl 0 start keep
is keep '{{.memory}} {{json .pending}}' '100663296 null'
ctl 0 start broken
is broken '{{.state}} {{.memory}} {{json .config_error}}' "running 100663296 null"

# A change that is taken back waits no more.
host_file 64MiB
ctl 0 reload
is fresh '{{json .pending}}' null
is keep '{{.pending.keys}}' memory

# One that queues changes at once, and asks for a place of its new size.
host_file 64MiB "budget: {vms: 1}"
ctl 0 reload
ctl 0 start later
complains "later waits for room"
host_file 96MiB "budget: {vms: 1}"
ctl 0 reload
is later '{{.state}} {{.memory}} {{.queue_position}} {{json .pending}}' "queued 100663296 1 null"
ctl 0 stop keep edit fresh broken
wait_until later state_is later running
grep "starting later (" "$said" | grep -q "96 MiB" || fail "later has its old size"

# What no file alone shows is told to who reloads, with its place.
ctl 0 create --name taken -m 64MiB --kernel "$mini/power-button.img"
vms_file strange <<END
version: 1
vms:
  taken: {from: small}
  lost: {from: small, owner: no-such-user-here}
END
ctl 0 reload
complains "vms.d/strange.yaml:3:1: error: vms.taken is left out: there is a VM of that name that a client has made"
complains "vms.d/strange.yaml:4:1: error: vms.lost.owner: this host has no user \"no-such-user-here\""
is taken '{{.source}}' client
ctl 0 rm taken
ctl 0 reload
is taken '{{.source}}' config
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
