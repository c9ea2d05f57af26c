#!/bin/bash
# SPDX-License-Identifier: ISC
#
# guest/fetch brings signed packages from the machine's own mirror, repairs a damaged cache, lets several
# run at once, and leaves the machine's package state as it was.
# deadline: 300
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt-get on this machine"
    exit 77
fi

fail() {
    echo "FAILED: $*"
    cat "$scratch/out"
    exit 1
}

state() { # of the machine's packages
    find /var/lib/apt /var/lib/dpkg /var/cache/apt -type f -printf '%p %s %T@\n' 2>/dev/null | LC_ALL=C sort
}

export PADDOCK_CACHE=$scratch/cache
busybox=$PADDOCK_CACHE/guest/busybox
state >"$scratch/before"
if ! guest/fetch busybox >"$scratch/out" 2>&1; then
    if grep -q 'no Debian mirror answers' "$scratch/out"; then
        cat "$scratch/out"
        echo "no Debian mirror can be reached from this machine"
        exit 77
    fi
    fail "guest/fetch"
fi
state >"$scratch/after"
diff "$scratch/before" "$scratch/after" >"$scratch/out" || fail "the machine's package state changed"
[ -x "$busybox/busybox" ] || fail "no busybox"
(cd "$busybox" && sha256sum -c SHA256SUMS) >"$scratch/out" 2>&1 || fail "wrong hashes"
[ ! -e "$PADDOCK_CACHE/guest/.work" ] || fail "left its work behind"

# Damaged and fetched by two at once: both succeed and the cache is whole.
printf x >>"$busybox/busybox"
guest/fetch busybox >"$scratch/out" 2>&1 &
guest/fetch busybox >"$scratch/out2" 2>&1 || fail "the second of two"
wait $! || fail "the first of two"
(cd "$busybox" && sha256sum -c SHA256SUMS) >"$scratch/out" 2>&1 || fail "not repaired"
