#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A budget for one VM at a time: four that start with the daemon run one after the other, in the order of their files.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

cat >"$root/etc/paddock.yaml" <<END
version: 1
budget: {vms: 1}
start_delay: 0s
END
chmod 644 "$root/etc/paddock.yaml"
{
    echo "version: 1"
    echo "vms:"
    for name in dog cat bee ant; do
        echo "  $name: {memory: 64MiB, kernel: $guests/hello.img, autostart: true, restart: \"no\"}"
    done
} | vms_file queue
daemon_start
daemon_wait "ended: the guest powered off" 4
daemon_wait "waits for a place: " 3
order=$(grep -o ' [a-z]* [a-z2-7]*: worker\| [a-z]* [a-z2-7]*: ended' "$said" | awk '{ print $1, $3 }' | tr '\n' ' ')
[ "$order" = "dog worker dog ended cat worker cat ended bee worker bee ended ant worker ant ended " ] ||
    fail "not one after the other: $order"

# Who stops all does not see those that wait start in the room of those that stop, to be stopped in their turn.
for i in $(seq 40); do # more than vmctl waits for at once
    ctl 0 run --name "vm-$i" --kernel "$guests/power-button.img" -m 64MiB
done
ctl 0 stop --all
ctl 0 list -a --format '{{.Name}} {{.State}}'
[ "$(grep -c '^vm-.* stopped$' "$out")" = 40 ] || fail "not all are stopped: $(cat "$out")"
for i in $(seq 2 40); do
    ctl 0 inspect "vm-$i" --format '{{.Boots}}'
    [ "$(cat "$out")" = 0 ] || fail "vm-$i, which waited, was started during stop --all"
done
daemon_stop
