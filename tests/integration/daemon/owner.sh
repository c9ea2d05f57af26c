#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Who may do what, as the kernel says who asks: the owner of a VM all that concerns that VM and nothing else, a
# stranger nothing, a member of socket_group everything. An owner whom the host does not know disables his VM alone.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
if [ "$(id -u)" != 0 ] || ! setpriv --reuid 61001 --regid 61001 --clear-groups true 2>/dev/null; then
    skip "only root can be several users"
fi

# The tree may be where nobody else may go.
mkdir "$scratch/bin"
cp "$build/vmctl" "$guests/power-button.img" "$guests/echo.img" "$scratch/bin/"
chmod -R a+rX "$scratch"

as() { # USER[:GROUP] STATUS ARGUMENT...
    local user=${1%:*} group=${1#*:} want=$2 got
    shift 2
    setpriv --reuid "$user" --regid "$user" --groups "$group" "$scratch/bin/vmctl" --root "$root" "$@" \
        </dev/null >"$out" 2>"$err"
    got=$?
    [ "$got" = "$want" ] || fail "user $user, vmctl $*: exit status $got, not $want"
}

settings() { # GROUP
    printf 'version: 1\nsocket_group: "%s"\n' "$1" >"$root/etc/paddock.yaml"
    chmod 0644 "$root/etc/paddock.yaml"
}
settings 61500
vms_file vms <<END
version: 1
vms:
  hers: {memory: 64MiB, kernel: $scratch/bin/power-button.img, owner: 61001, autostart: true}
  his: {memory: 64MiB, kernel: $scratch/bin/power-button.img, owner: "61002"}
  talks: {memory: 64MiB, kernel: $scratch/bin/echo.img, owner: 61001}
  roots: {memory: 64MiB, kernel: $scratch/bin/power-button.img}
  nobodys: {memory: 64MiB, kernel: $scratch/bin/power-button.img, owner: no-such-user-here, autostart: true}
  wrong: {memory: 64MiB, kernel: $scratch/bin/power-button.img, owner: "4294967295", autostart: true}
END
: >"$scratch/watched"
daemon_start
daemon_wait "error nobodys "
daemon_wait "owner: this host has no user \"no-such-user-here\""
daemon_wait "error wrong "
refuse "starting nobodys"
refuse "starting wrong"
ctl 1 start nobodys
complains "no-such-user-here"
daemon_wait "starting hers ("
until_true 20 grep -q "power button" "$root"/log/vm/hers.*/console-1.0

# The owner, of her VM: all.
as 61001 0 list -q
[ "$(tr '\n' ' ' <"$out")" = "hers talks " ] || fail "she sees $(cat "$out")"
as 61001 0 inspect hers
as 61001 0 logs hers
prints "power button"
as 61001 0 stats
prints "hers"
as 61001 0 events
prints "vm.ready"
! grep -v -w -e hers -e talks "$out" >/dev/null || fail "she is shown others' events"
as 61001 0 stop hers
as 61001 0 start hers
as 61001 0 restart hers
as 61001 0 autostart disable hers
as 61001 4 rm --force hers # it stands in a file
as 61001 0 start talks
printf 'hello\004' >"$scratch/typed"
setpriv --reuid 61001 --regid 61001 --clear-groups "$scratch/bin/vmctl" --root "$root" console talks \
    <"$scratch/typed" >"$out" 2>"$err" || fail "her console ended with status $?"
prints "hello"

# Of others' and of the host: nothing.
for verb in inspect logs stop start restart "rm --force" events console "autostart disable"; do
    # shellcheck disable=SC2086
    as 61001 7 $verb roots
    complains "belongs to another user"
done
for verb in reload drain undrain "shutdown --yes" "config show"; do
    # shellcheck disable=SC2086
    as 61001 7 $verb
    complains "for root and the daemon's group"
done
as 61001 7 run --name more --kernel "$scratch/bin/echo.img"
ctl 0 list -q
[ "$(tr '\n' ' ' <"$out")" = "hers his nobodys roots talks wrong " ] || fail "there is $(cat "$out")"

# What happens to others' VMs is not told to her, either, while it happens.
setpriv --reuid 61001 --regid 61001 --clear-groups "$scratch/bin/vmctl" --root "$root" events -f \
    </dev/null >"$scratch/watched" 2>&1 &
watcher=$!
wait_until "her history" grep -q "hers" "$scratch/watched"
ctl 0 start roots
ctl 0 stop hers
wait_until "her event" grep -q "vm.stopped  *hers" "$scratch/watched"
kill "$watcher"
! grep -w -e roots "$scratch/watched" >/dev/null || fail "she was told of another's VM"

# A stranger and the member of a group that is not the daemon's: turned away at the door. A member: all.
as 61009 7 list
complains "neither root, nor in the daemon's group, nor the owner of a VM"
complains "the group that socket_group names"
as 61009:61501 7 list
as 61009:61500 0 list -q
[ "$(wc -l <"$out")" = 6 ] || fail "a member sees $(cat "$out")"
as 61009:61500 0 stop roots
as 61009:61500 0 run --name made --kernel "$scratch/bin/power-button.img" -m 64MiB --wait=running
as 61009:61500 0 config show
# Whoever made a VM is its owner, without the group, too.
as 61009 0 list -q
[ "$(cat "$out")" = made ] || fail "he sees $(cat "$out")"
as 61009 0 rm --force made
as 61009 7 list

# A reload hands over at once what need not wait for a start, and takes away, too.
settings 61501
sed -e 's/61002/61003/' "$root/etc/vms.d/vms.yaml" >"$scratch/vms" && vms_file vms <"$scratch/vms"
: >"$scratch/watched"
setpriv --reuid 61009 --regid 61009 --groups 61500 "$scratch/bin/vmctl" --root "$root" events -f \
    </dev/null >"$scratch/watched" 2>&1 &
watcher=$!
wait_until "a member's history" grep -q "hers" "$scratch/watched"
as 61002 0 stop his
ctl 0 reload
as 61002 7 stop his
as 61003 0 stop his
as 61009:61500 7 list
as 61009:61501 0 list
wait "$watcher"
[ $? = 6 ] || fail "who may not any more goes on watching"
settings no-such-group
ctl 0 reload
complains 'there is no group "no-such-group"'
as 61009:61501 0 list
daemon_stop
