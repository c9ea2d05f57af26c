#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The console both ways: a shell in the guest reads what we type, more of it than the FIFO holds.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/boot.sh
. "$(dirname "$0")/lib/boot.sh"

need_guest cloud-6.1
long=$(printf 'x%.0s' {1..300})
mkfifo "$scratch/keys"
exec 3<>"$scratch/keys" # both ends, so that neither open waits for the other

# Types as soon as the shell's first prompt is there. A prompt ends in "# ", without a newline.
type_at_prompt() {
    local chunk typed=
    while IFS= read -r -d '#' chunk; do
        printf '%s#' "$chunk"
        case $typed$chunk in
        *'/ ' | *'~ ')
            # shellcheck disable=SC2016 # for the guest's shell to expand
            printf '%s\n' 'echo "answer $((6 * 7))"' "echo $long | wc -c" exit >&3
            typed=yes
            ;;
        esac
    done
    printf '%s' "$chunk"
}

"$testvm" --kernel "$kernel" --initrd "$initrd" --memory 256 --timeout $((100 * slow)) \
    --append "console=ttyS0 quiet paddock.run=shell" <"$scratch/keys" | type_at_prompt |
    tr -d '\r' | tee "$scratch/console"
status=${PIPESTATUS[0]}
[ "$status" = 0 ] || fail "exit status $status"
expect "$scratch/console" "answer 42"
grep -qx '301' "$scratch/console" || fail "the long line did not arrive whole"
