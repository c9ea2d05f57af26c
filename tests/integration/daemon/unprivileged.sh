#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Everything works for an ordinary user under --root, who is told what that costs; without --root he is told what to
# do. Run by root, the test becomes such a user first.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

user=61234 # nobody's
become="env"
if [ "$(id -u)" = 0 ]; then
    command -v setpriv >/dev/null 2>&1 || skip "there is no setpriv here (make deps)"
    become="setpriv --reuid $user --regid $user --clear-groups"
    $become true || skip "this root may not become another user"
else
    user=$(id -u)
fi

# The tree may be where nobody else may go.
mkdir "$scratch/bin"
cp "$build/paddockd" "$build/vmctl" "$build/vmm-worker" "$guests/power-button.img" "$guests/hello.img" "$scratch/bin/"
chmod -R a+rX "$scratch"
guests=$scratch/bin
vms_file one <<END
version: 1
vms:
  one: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true}
END
chown -R "$user" "$root" "$guests"

$become "$guests/paddockd" </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "without root and --root it did not end with status 1"
complains "--root DIR"

$become "$guests/paddockd" --root "$root" </dev/null >>"$said" 2>&1 &
daemon=$!
until_true 20 answers_or_gone
daemon_wait "not run by root: every VM runs with your own uid"
daemon_wait "starting one ("
mine() { # STATUS ARGUMENT...
    local want=$1
    shift
    $become "$guests/vmctl" --root "$root" "$@" </dev/null >"$out" 2>"$err"
    [ $? = "$want" ] || fail "vmctl $*: not status $want"
}
mine 0 version --format json
prints "\"pid\": $daemon"
mine 0 run --name two --kernel "$guests/power-button.img" -m 64MiB --wait=running
for worker in $(workers); do
    [ "$(stat -c %u "/proc/$worker" 2>/dev/null || echo "$user")" = "$user" ] || fail "worker $worker has another uid"
done
mine 0 list
prints "one"
prints "two"
wait_until "the guest" grep -q "waiting for the power button" "$root"/log/vm/two.*/console-1.0
mine 0 stop two
mine 0 logs two
prints "power button"
mine 0 restart one
mine 0 rm two
mine 0 reload
mine 4 rm one
complains "take it out of its file"
children=$(workers)
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
for pid in $children; do
    gone "$pid" || fail "worker $pid outlived its daemon"
done
daemon=

# What belongs to somebody else is not used, whatever is in it.
refused() { # SENTENCE
    $become "$guests/paddockd" --root "$root" </dev/null >"$out" 2>"$err"
    [ $? = 1 ] || fail "it did not end with status 1"
    complains "$1"
}
chmod 0777 "$root/db"
refused "$root/db: is writable by others"
chmod 0700 "$root/db"
if [ "$(id -u)" = 0 ]; then
    chown 0 "$root/db"
    refused "$root/db: "
    chown "$user" "$root/db"
fi
chmod 0000 "$root/db/paddock.db"
refused "$root/db/paddock.db: Permission denied"
chmod 0600 "$root/db/paddock.db"
chmod 0000 "$root/etc/vms.d/one.yaml"
refused "one.yaml"
complains "Permission denied"
