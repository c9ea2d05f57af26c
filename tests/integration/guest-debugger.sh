#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A debugger inside a Linux guest: breakpoints, watchpoints and single steps through ptrace.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/lib/vm.sh"

need_guest cloud-6.1
need_file "$cross/debugger"
pack_script "$cross/debugger" <<'END'
/debugger
END

for cpus in 1 2; do
    vm_run 0 --kernel "$kernel" --initrd "$initrd" --cpus $cpus --append "quiet paddock.run=script" </dev/null
    expect_no_warning
    expect "$console" "debugger: 2 breakpoints, 2 watchpoints"
    grep '^debugger: [0-9]* checks, 0 failures$' "$console" || fail "no verdict, or failures"
done
