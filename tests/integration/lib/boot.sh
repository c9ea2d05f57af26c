# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# What the scripts that boot guests share. They run from the top of the tree, as the test runner does
# it, and find the build in PADDOCK_BUILD and the guests where guest/fetch puts them.

# shellcheck source=guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../../guest/lib.sh"

testvm=${PADDOCK_BUILD:-build/gcc}/paddock-testvm
guests=$(guest_cache)
# shellcheck disable=SC2034 # used by those who source this
slow=${PADDOCK_SLOW:-1}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# "exit 77" says to the runner: skipped, and the last line is the reason.
skip() {
    echo "$*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    exit 1
}

[ -x "$testvm" ] || skip "there is no $testvm (make)"

need_guest() { # GUEST
    kernel=$guests/$1/Image
    initrd=build/guest/$1.initramfs
    [ -e "$kernel" ] || skip "no guest $1 in $guests (make guest)"
    [ -e "$initrd" ] || skip "there is no $initrd (make guest)"
}

# Runs the test VMM; its console is kept in $console and its complaints in $complaints, and both are
# shown. Input comes from stdin. Fails the test when the exit status is another.
run_testvm() { # STATUS ARGUMENT...
    local wanted=$1 status
    shift
    console=$scratch/console
    complaints=$scratch/complaints
    echo "+ paddock-testvm $*"
    "$testvm" "$@" >"$console" 2>"$complaints"
    status=$?
    tr -d '\r' <"$console" >"$console.text"
    mv "$console.text" "$console"
    cat "$console" "$complaints"
    [ $status = "$wanted" ] || fail "exit status $status instead of $wanted"
}

expect() { # FILE TEXT
    grep -qF -- "$2" "$1" || fail "expected: $2"
}

expect_no_complaints() {
    [ ! -s "$complaints" ] || fail "the test VMM complained"
}
