#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Ten thousand broken requests, connections that end in the middle of a line and answers that nobody reads: another
# client is answered all the while, the VM goes on, and no descriptor stays open.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
[ -x "$build/hostile-client" ] || skip "there is no $build/hostile-client (make)"

vms_file one <<END
version: 1
vms:
  steady: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true}
END
daemon_start
daemon_wait "starting steady ("
socket=$root/run/control.sock

descriptors() {
    if [ -d "/proc/$daemon/fd" ]; then
        find "/proc/$daemon/fd" -mindepth 1 | wc -l
    else
        echo 0
    fi
}
as_before() { [ "$(descriptors)" -le "$before" ]; }

"$build/hostile-client" "$socket" 100 7 || fail "the first hundred requests"
before=$(descriptors)
worker=$(workers)
"$build/hostile-client" "$socket" 10000 1 || fail "ten thousand requests"
# Some requests are good enough to make a VM, which keeps its files.
ctl 0 list -q
sed '/^steady$/d' "$out" >"$scratch/made"
while read -r name; do
    ctl 0 rm --force "$name"
done <"$scratch/made"
wait_until "the daemon's descriptors closed" as_before
[ "$(workers)" = "$worker" ] || fail "the VM's worker changed from $worker to $(workers)"
refuse "panic"
daemon_stop
