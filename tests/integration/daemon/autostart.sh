#!/bin/bash
# SPDX-License-Identifier: ISC
#
# VMs that start with the daemon, staggered and in the order of their files; one that is disabled and one that is not
# to start disturb nobody; an orderly end stops them by their power button and leaves nothing behind.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

vms_file 10-first <<END
version: 1
vms:
  zebra: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true}
  broken: {memory: 64MiB, kernal: $guests/hello.img, autostart: true}
END
vms_file 20-second <<END
version: 1
vms:
  ant: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true, start_delay: 300ms}
  idle: {memory: 64MiB, kernel: $guests/power-button.img}
END
daemon_start
daemon_wait " error broken "
daemon_wait "starting zebra ("
daemon_wait "starting ant ("
refuse "starting idle"
refuse "starting broken"
[ "$(grep -o 'starting [a-z]* (' "$said" | head -n 1)" = "starting zebra (" ] || fail "out of order"
[ "$(workers | wc -w)" = 2 ] || fail "not two workers: $(workers)"

for console in "$root"/log/vm/{zebra,ant}.*/console-1.0; do
    wait_until "$console" grep -q "waiting for the power button" "$console"
done
daemon_stop
daemon_wait "ended: the guest powered off as it was asked to" 2
[ -z "$(ls "$root/run/vm")" ] || fail "left behind: $(ls "$root/run/vm")"
