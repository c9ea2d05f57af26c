# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Boots one of Debian's kernels to its userspace on 1 and on 4 vCPUs; there a few hundred commands must
# print what they should, and then the guest powers itself off. Sourced with $guest set.

# shellcheck source=tests/integration/lib/boot.sh
. "$(dirname "${BASH_SOURCE[0]}")/boot.sh"

need_guest "${guest:?}"
for cpus in 1 4; do
    run_testvm 0 --kernel "$kernel" --initrd "$initrd" --cpus $cpus --memory 512 \
        --timeout $((280 * slow)) --append "console=ttyS0 paddock.run=suite" </dev/null
    expect_no_complaints
    expect "$console" "paddock-guest: ready"
    grep -q "^paddock-guest: linux .*, $cpus cpus\$" "$console" || fail "not $cpus CPUs in the guest"
    verdict=$(grep '^suite: [0-9]* commands, [0-9]* failures$' "$console") || fail "no verdict of the suite"
    read -r _ commands _ failures _ <<<"$verdict"
    [ "$failures" = 0 ] || fail "$verdict"
    [ "$commands" -ge 200 ] || fail "only $commands commands"
done
