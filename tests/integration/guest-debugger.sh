#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A debugger inside a Linux guest: breakpoints, watchpoints and single steps through ptrace.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/boot.sh
. "$(dirname "$0")/lib/boot.sh"

need_guest cloud-6.1
debugger=${PADDOCK_CROSS:-build/cross}/debugger
[ -x "$debugger" ] || skip "there is no $debugger (make)"
command -v cpio >/dev/null || skip "there is no cpio"

mkdir "$scratch/root"
cp "$debugger" "$scratch/root/debugger"
echo /debugger >"$scratch/root/test.sh"
(cd "$scratch/root" && find . | cpio --quiet -o -H newc | gzip -1) >"$scratch/more" || fail "cpio"
cat "$initrd" "$scratch/more" >"$scratch/initramfs"

for cpus in 1 2; do
    run_testvm 0 --kernel "$kernel" --initrd "$scratch/initramfs" --cpus $cpus --memory 256 \
        --timeout $((50 * slow)) --append "console=ttyS0 quiet paddock.run=script" </dev/null
    expect_no_complaints
    expect "$console" "debugger: 2 breakpoints, 2 watchpoints"
    grep -q '^debugger: [0-9]* checks, 0 failures$' "$console" || fail "no verdict, or failures"
done
