#!/bin/bash
# SPDX-License-Identifier: ISC
#
# How Linux guests end, told apart: the power button and a clean power-off, a guest without its driver, a
# guest that sees it and goes on, a panic, a reboot.
# deadline: 240
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

linux() { # GUEST APPEND [ARGUMENT...]: in the background
    local append=$2
    need_guest "$1"
    shift 2
    vm_start --kernel "$kernel" --initrd "$initrd" --append "quiet paddock.modules=1 $append" --stats "$@"
}

# The button, pressed by the supervisor's STOP: a clean power-off well inside the grace.
linux generic-6.12 paddock.run=button --cpus 2 --stop-timeout 120000
vm_wait_for "listening on /dev/input/event"
kill -TERM "$vm"
vm_end 0
expect "$console" "paddock-guest: power button"
expect "$console" "reboot: Power down"
expect_end stopped
expect_no_warning
[ "$(counter power_button.acknowledged)" = 1 ] || fail "no acknowledgement counted"

# The same by SIGTERM to the worker, twice: one press.
linux generic-6.1 paddock.run=button --stop-timeout 120000
vm_wait_for "listening on /dev/input/event"
kill -TERM "$worker"
kill -TERM "$worker"
vm_end 0
expect "$console" "paddock-guest: power button"
expect_end stopped
[ "$(counter power_button.presses)" = 1 ] || fail "pressed $(counter power_button.presses) times"

# A kernel without gpio_keys never acknowledges; one whose userspace does not care does.
linux cloud-6.1 paddock.run=shell --stop-timeout 1500
vm_wait_for "paddock-guest: ready"
kill -TERM "$vm"
vm_end 105
expect_end stop_ignored
expect "$said" "has no driver for the power button"
[ "$(counter power_button.acknowledged)" = 0 ] || fail "acknowledged without a driver"

linux generic-6.1 paddock.run=shell --stop-timeout 3000
vm_wait_for "paddock-guest: ready"
kill -TERM "$vm"
vm_end 106
expect_end stop_timeout
[ "$(counter power_button.acknowledged)" = 1 ] || fail "no acknowledgement counted"

# A panic is not a reboot, though both end in a reset.
linux cloud-6.12 paddock.run=shell
vm_wait_for "paddock-guest: ready"
vm_type 'echo c >/proc/sysrq-trigger'
vm_end 104
expect_end guest_panic
expect "$said" "Kernel panic - not syncing: sysrq triggered crash"

linux cloud-6.1 paddock.run=shell
vm_wait_for "paddock-guest: ready"
vm_type 'reboot -f'
vm_end 103
expect_end guest_reset
expect_not "$said" "panic"

# A panic before there is a userspace.
linux cloud-6.1 "rdinit=/none init=/none"
vm_end 104
expect_end guest_panic
