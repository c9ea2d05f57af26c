#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The programs of one build say that they are of one build, and notice others that are not.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

# "0.1.0 (0123456789ab)", or the number alone where the sources came without a repository.
version=$("$build/vmctl" --version) || fail "vmctl --version: exit status $?"
version=${version#vmctl }
number=${version%% *}
commit=$(sed -n 's/.* (\(.*\))$/\1/p' <<<"$version")
[[ $number =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "vmctl --version says \"$version\""
if [ -e .git ] && git rev-parse HEAD >/dev/null 2>&1; then
    [[ $commit =~ ^[0-9a-f]{12}$ ]] || fail "no commit in \"$version\""
fi
for program in paddockd vmm-worker; do
    [ "$("$build/$program" --version)" = "$program $version" ] ||
        fail "$program says \"$("$build/$program" --version)\" and vmctl \"$version\""
done

# Without a daemon: what is known, the reason, and a status of its own.
ctl 6 version
[ "$(cat "$out")" = "vmctl     $version, protocol 1" ] || fail "vmctl's own line"
complains "no paddockd answers at $root/run/control.sock"
complains "start it: paddockd --root $root"
ctl 6 version --format json
prints '"daemon": null'

daemon_start
ctl 0 version
prints "vmctl     $version, protocol 1"
prints "paddockd  $version, protocol 1, process $daemon"
[ ! -s "$err" ] || fail "nothing to remark: $(cat "$err")"
ctl 0 version --format json
[ "$(grep -cF "\"version\": \"$number\"" "$out")" = 2 ] || fail "client and daemon have a version each"
[ "$(grep -cF "\"build\": \"$commit\"" "$out")" = 2 ] || fail "client and daemon have a build each"
prints '"client": {'
prints '"daemon": {'
prints "\"root\": \"$root\""
daemon_stop

# A worker of another build is remarked on, and runs: the protocol decides. One of this build is no news.
[ -e "$mini/idle.img" ] || skip "no bare-metal guests: no arm64 compiler"
LC_ALL=C sed "s/$number/9.9.9/g" "$build/vmm-worker" >"$scratch/worker"
chmod +x "$scratch/worker"
case $("$scratch/worker" --version) in
"vmm-worker 9.9.9"*) ;;
*) fail "the changed worker says \"$("$scratch/worker" --version)\"" ;;
esac
"$build/paddockd" --root "$root" --worker "$scratch/worker" </dev/null >>"$said" 2>&1 &
daemon=$!
until_true 20 answers || fail "paddockd did not answer"
ctl 0 run --name old --kernel "$mini/idle.img" -m 64MiB --wait=running
daemon_wait "the worker is 9.9.9"
ctl 0 rm --force old
daemon_stop
: >"$said"
daemon_start
ctl 0 run --name new --kernel "$mini/idle.img" -m 64MiB --wait=running
refuse "the worker is"
ctl 0 rm --force new
daemon_stop
