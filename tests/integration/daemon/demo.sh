#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The README's demonstration without a terminal: a Debian kernel's whole life under paddockd, as the README shows it.
# deadline: 300
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$(guest/fetch -p)/cloud-6.12/Image" ] || skip "guest cloud-6.12 is not in the cache: make guest"

PADDOCK_DEMO=$root PADDOCK_BUILD=$build scripts/demo </dev/null >"$out" 2>"$err" || fail "the demonstration failed"
prints '$ vmctl run --name demo'
prints "demo   running (ready)"
prints "built-in shell"
prints "demo   stopped"
answers && fail "a daemon is left"
[ "$(tail -n 1 "$out")" = "demo: stopped; $root can be deleted" ] || fail "the last line is: $(tail -n 1 "$out")"
scripts/transcript <"$out" | diff <(scripts/transcript --read) - >"$err" ||
    fail "the README shows (<) another life than this one: scripts/demo </dev/null | scripts/transcript --write"
echo "ok"
