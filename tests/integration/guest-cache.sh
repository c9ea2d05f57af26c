#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The guest cache is verified at each use, a whole one needs no network, and errors are told.
# deadline: 120
set -u
# shellcheck source=guest/lib.sh
. guest/lib.sh

real=$(guest_cache)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
if [ ! -e "$real/busybox/SHA256SUMS" ]; then
    echo "no busybox in $real (make guest)"
    exit 77
fi

fail() {
    echo "FAILED: $*"
    cat "$scratch/out"
    exit 1
}

export PADDOCK_CACHE=$scratch/cache
export DEBIAN_MIRROR=http://127.0.0.1:9/debian # nobody listens there
fetch() { # ARGUMENT...
    guest/fetch "$@" >"$scratch/out" 2>&1
}

mkdir -p "$PADDOCK_CACHE/guest"
cp -R "$real/busybox" "$PADDOCK_CACHE/guest/"
fetch busybox || fail "a whole cache was not accepted without a network"
[ ! -s "$scratch/out" ] || fail "a whole cache is nothing to talk about"
[ "$(guest/fetch -p)" = "$PADDOCK_CACHE/guest" ] || fail "guest/fetch -p names another place"

! fetch nonsense || fail "accepted an unknown guest"
grep -q 'no such guest part: nonsense' "$scratch/out" || fail "no word on the unknown guest"

if command -v apt-get >/dev/null 2>&1; then
    for damage in 'printf x >>busybox' 'rm package.deb' 'echo older >recipe' 'rm SHA256SUMS'; do
        rm -rf "$PADDOCK_CACHE/guest"
        mkdir -p "$PADDOCK_CACHE/guest"
        cp -R "$real/busybox" "$PADDOCK_CACHE/guest/"
        (cd "$PADDOCK_CACHE/guest/busybox" && eval "$damage")
        ! fetch busybox || fail "not noticed: $damage"
        grep -q 'DEBIAN_MIRROR does not answer' "$scratch/out" || fail "no word on the dead mirror"
    done
fi

# The same inputs give the same bytes.
unset PADDOCK_CACHE
guest/initramfs -o "$scratch/a" >"$scratch/out" 2>&1 || fail "guest/initramfs"
guest/initramfs -o "$scratch/b" >"$scratch/out" 2>&1 || fail "guest/initramfs"
diff -r "$scratch/a" "$scratch/b" || fail "two runs of guest/initramfs differ"
