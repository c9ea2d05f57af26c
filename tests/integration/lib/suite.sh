# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Boots one of Debian's kernels to its userspace on 1 and on 4 vCPUs, on both ways in which softhv can treat
# WFI; there a few hundred commands must print what they should, and then the guest powers itself off.
# Sourced with $guest set.

# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "${BASH_SOURCE[0]}")/vm.sh"

run_suite() { # CPUS WFI
    local verdict commands failures
    export SOFTHV_WFI=$2
    vm_run 0 --kernel "$kernel" --initrd "$initrd" --cpus "$1" --append "paddock.run=suite" </dev/null
    cat "$console" "$said"
    expect_end guest_power_off
    expect_no_warning
    expect "$console" "paddock-guest: ready"
    grep -q "^paddock-guest: linux .*, $1 cpus\$" "$console" || fail "not $1 CPUs in the guest"
    verdict=$(grep '^suite: [0-9]* commands, [0-9]* failures$' "$console") || fail "no verdict of the suite"
    read -r _ commands _ failures _ <<<"$verdict"
    [ "$failures" = 0 ] || fail "$verdict"
    [ "$commands" -ge 200 ] || fail "only $commands commands"
}

need_guest "${guest:?}"
run_suite 1 exit
run_suite 4 park
