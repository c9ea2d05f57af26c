#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What make install has installed, under a systemd of its own: a namespace in which systemd is process 1, on an overlay of
# this machine's file system that is gone afterwards. Started with the machine; killed and started again, with clients
# who wait; reloaded; stopped for good; not started again with a mistake; removed.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ "$(uname -s)" = Linux ] || skip "systemd is Linux's"
[ "$(id -u)" = 0 ] || skip "only root can give systemd a machine of its own"
for program in /lib/systemd/systemd systemctl nsenter unshare pivot_root; do
    command -v $program >/dev/null || skip "there is no $program"
done
host=$scratch/host
group=paddock-test-$$
init=
mkdir "$host"

cgroups() {
    local at
    for at in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
        [ ! -e "$at/cgroup.procs" ] || echo "$at/$group"
    done
}
end_host() {
    local at
    [ -z "$init" ] || kill -KILL "$init" 2>/dev/null
    wait
    for at in $(cgroups); do
        until_true 20 rmdir_all "$at"
    done
    clean_up
}
rmdir_all() { find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || [ ! -e "$1" ]; }
trap end_host EXIT

# Runs in the namespace, and becomes its process 1.
boot() {
    local at root=$host/root unit
    set -e
    mount --make-rprivate /
    mount -t tmpfs tmpfs "$host"
    mkdir "$host/upper" "$host/work" "$root"
    mount -t overlay -o "lowerdir=/,upperdir=$host/upper,workdir=$host/work" overlay "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount -t tmpfs tmpfs "$root/run"
    mount -t tmpfs tmpfs "$root/tmp"
    mount --rbind /dev "$root/dev"
    if [ -e /sys/fs/cgroup/cgroup.procs ]; then
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    else
        mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
        mkdir "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
        mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    fi
    touch "$scratch/mounted"
    # Nothing of this machine but the programs: no unit, no configuration, no state.
    rm -rf "$root"/etc/systemd/system "$root"/etc/paddock "$root"/var/{lib,log}/paddock "$root"/usr/local/lib/systemd
    mkdir -p "$root/etc/systemd/system" "$root/guests"
    cp "$guests"/*.img "$root/guests"
    cp -r "$scratch/etc" "$root/etc/paddock"
    OS=linux PREFIX=/usr/local DESTDIR=$root PADDOCK_BUILD=$build scripts/install
    for unit in sysinit basic sockets multi-user shutdown; do
        printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' $unit >"$root/etc/systemd/system/$unit.target"
    done
    printf 'Wants=sockets.target\nAfter=sockets.target\n' >>"$root/etc/systemd/system/basic.target"
    mkdir "$root/etc/systemd/system/paddock.service.d"
    printf '[Service]\nStandardOutput=append:/said\nStandardError=append:/said\n' \
        >"$root/etc/systemd/system/paddock.service.d/test.conf"
    systemd-sysusers --root="$root" paddock.conf
    systemctl --root="$root" enable paddock.service
    export container=test SYSTEMD_UNIT_PATH=/etc/systemd/system:/usr/local/lib/systemd/system
    mkdir "$root/source" "$root/old"
    cp -r scripts man "$root/source"
    cd "$root"
    pivot_root . old
    umount -l /old
    exec /lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=no
}

host_run() { nsenter -t "$init" -m -p -C -u -i "$@" </dev/null; }
# A unit that fails (degraded) is the checks' to find.
host_up() {
    init=$(ps -o pid= --ppid "$machine" | tr -d ' ') && [ -n "$init" ] &&
        host_run systemctl is-system-running | grep -E -x 'running|degraded'
}
host_up_or_gone() { host_up >"$out" 2>&1 || gone "$machine"; }
service() { host_run systemctl "$@" >"$out" 2>"$err"; }
service_is() { [ "$(host_run systemctl show -P "$1" paddock.service)" = "$2" ]; }
ctl() { # STATUS ARGUMENT...
    local want=$1 got
    shift
    host_run vmctl "$@" >"$out" 2>"$err"
    got=$?
    [ "$got" = "$want" ] || fail "vmctl $*: exit status $got, not $want"
}
ended() { ! host_run kill -0 "$1" 2>/dev/null; }
calm_runs() { [ "$(host_run vmctl list --format '{{.Name}} {{.State}}' | sed -n 's/^calm //p')" = running ]; }

mkdir -m 0755 "$scratch/etc" "$scratch/etc/vms.d"
printf 'version: 1\nsocket_group: paddock\n' >"$scratch/etc/paddock.yaml"
cat >"$scratch/etc/vms.d/calm.yaml" <<END
version: 1
vms:
  calm: {memory: 64MiB, kernel: /guests/power-button.img, autostart: true}
  deaf: {memory: 64MiB, kernel: /guests/idle.img, stop_timeout: 10m}
END
chmod 0644 "$scratch"/etc/*.yaml "$scratch"/etc/vms.d/*
(
    for at in $(cgroups); do
        mkdir "$at" && echo "$BASHPID" >"$at/cgroup.procs" || exit 1
    done
    export -f boot
    export host scratch guests build
    exec unshare -m -p -f -C -u -i --kill-child bash -c boot
) </dev/null >>"$said" 2>&1 &
machine=$!
if ! until_true 60 host_up_or_gone || gone "$machine"; then
    [ -e "$scratch/mounted" ] || skip "no namespace with file systems of its own can be made here: $(tail -n 1 "$said")"
    ! grep "Freezing execution" "$said" || skip "systemd does not run in a namespace here"
    skip "systemd does not come up in a namespace here: $(tail -n 1 "$said")"
fi
etc=/proc/$init/root/etc/paddock
said=/proc/$init/root/said

# Started with the machine, and its VM with it.
until_true 60 service_is ActiveState active || fail "paddock.service did not start"
until_true 60 calm_runs || fail "calm does not run"
service_is NRestarts 0 || fail "it was restarted"
ctl 0 run --name lent --kernel /guests/power-button.img -m 64MiB --wait=running
[ "$(host_run stat -c %a /run/paddock/control.sock)" = 666 ] || fail "not everybody may connect"
main=$(host_run systemctl show -P MainPID paddock.service)
grep -q "NoNewPrivs:.*1" "/proc/$init/root/proc/$main/status" || fail "the service runs without its protections"
host_run touch /tmp/seen /home/seen
! host_run nsenter -t "$main" -m touch /usr/local/seen 2>"$err" || fail "/usr can be written"

# What the configuration lacks is said by reload, and the last good one stays.
service reload paddock || fail "systemctl reload"
echo "queue_max: many" >>"$etc/paddock.yaml"
! service reload paddock || fail "a reload with a mistake was none"
service_is ActiveState active || fail "a reload with a mistake ended the service"
grep -q "queue_max" "$said" || fail "the log does not name the mistake"
[[ $(host_run systemctl show -P StatusText paddock.service) == *"the last good one stays"* ]] || fail "no status"
sed -i '$d' "$etc/paddock.yaml"

# Killed, it is started again; who comes meanwhile waits. The workers are not killed with it: one that sleeps is there
# for the next daemon, be it only to be killed by that.
lent=$(host_run vmctl inspect lent --format '{{.Pid}}')
workers=$(host_run pgrep -P "$main")
host_run kill -STOP "$lent"
host_run kill -KILL "$main"
ctl 0 list
service_is NRestarts 1 || fail "it was not restarted once"
host_run kill -CONT "$lent" 2>/dev/null || grep -q "lent.*a worker of the last daemon does not end and is killed" "$said" ||
    fail "the worker was killed with its daemon"
until_true 60 calm_runs || fail "calm does not run again"
for pid in $workers; do
    until_true 60 ended "$pid" || fail "worker $pid outlived its daemon"
done
for console in "/proc/$init/root/var/log/paddock/vm"/calm.*/console-1.0; do
    grep -q "mini: power button" "$console" || fail "calm was not asked to stop"
done

# Stopped by systemctl or by vmctl it has not failed and is not restarted; the next client starts it.
service stop paddock.service || fail "systemctl stop"
service_is Result success || fail "an orderly stop is a failure"
service_is ActiveState inactive || fail "it was started again"
ctl 0 list
prints "lent"
until_true 60 calm_runs || fail "calm does not run after a stop"
ctl 0 shutdown --yes
until_true 60 service_is ActiveState inactive || fail "it runs after vmctl shutdown"
service_is Result success || fail "vmctl shutdown is a failure"

# Guests that do not hear: systemd waits as long as shutdown_timeout says, not as long as it would itself.
printf '[Service]\nTimeoutStopSec=%s\n' $((3 * slow)) >"/proc/$init/root/etc/systemd/system/paddock.service.d/hurry.conf"
service daemon-reload
printf 'version: 1\nshutdown_timeout: %ss\n' $((5 * slow)) >"$etc/paddock.yaml"
ctl 0 start deaf --wait=running
service stop paddock.service || fail "systemctl stop"
service_is Result success || fail "systemd cut the guests' time short"
grep -q "all VMs are down" "$said" || fail "it was not an orderly end"

# A mistake: it fails once, and is not tried again by itself; mended, it starts as vmctl says.
service stop paddock.socket
ctl 6 list
complains "start it: sudo systemctl start paddock"
echo "queue_max: many" >>"$etc/paddock.yaml"
: >"$said"
! service start paddock || fail "it started with a mistake"
service_is ActiveState failed || fail "it was started again"
service_is NRestarts 0 || fail "it was restarted"
[ "$(grep -c "the configuration cannot be used" "$said")" = 1 ] || fail "it tried more than once"
# Who comes now makes systemd try again, but not for ever, and nobody is left waiting.
ctl 6 list
until_true 60 service_is ActiveState failed || fail "it is still being tried"
sed -i '$d' "$etc/paddock.yaml"
service start paddock || fail "systemctl start"
ctl 0 list

# It is not removed from under systemd. Stopping the socket stops both, for good.
remove() { host_run env -C /source PADDOCK_BUILD=/nowhere scripts/install --remove >"$out" 2>"$err"; }
! remove || fail "it was removed while it ran"
complains "sudo systemctl disable --now paddock.socket paddock"
service disable --now paddock.socket paddock || fail "systemctl disable"
service_is Result success || fail "the end was a failure"
ctl 6 list
remove || fail "scripts/install --remove"
prints "left alone: /etc/paddock, /var/lib/paddock and /var/log/paddock"
service daemon-reload
service_is LoadState not-found || fail "the unit is left"
[ -s "$etc/paddock.yaml" ] || fail "the configuration was removed"
