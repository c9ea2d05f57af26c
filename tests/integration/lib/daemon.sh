# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# What the scripts that run a daemon share: one paddockd under a private root, and vmctl beside it.
#
#   daemon_start [ARGUMENT...]   until it answers; daemon_stop [SIGNAL] until it is gone
#   ctl STATUS ARGUMENT...       vmctl with that exit status; $out and $err hold what it said
#   until_true SECONDS COMMAND   waits for a command to succeed
#
# A script that fails shows the daemon's log, and no worker outlives it.

build=${PADDOCK_BUILD:-build/gcc}
# shellcheck disable=SC2034 # used by those who source this
mini=${PADDOCK_GUEST:-build/guest}/mini
slow=${PADDOCK_SLOW:-1}
scratch=$(mktemp -d) || exit 1
root=$scratch/root
out=$scratch/out
err=$scratch/err
daemon=
mkdir -m 0755 "$root"

# Every process that has the scratch folder in its arguments or its open files is ours.
clean_up() {
    local pid
    if [ -n "$daemon" ]; then
        for pid in $(workers); do
            kill -KILL "$pid" 2>/dev/null
        done
        kill -KILL "$daemon" 2>/dev/null
    fi
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

skip() {
    echo "$*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    for file in "$out" "$err" "$scratch/log"; do
        [ ! -s "$file" ] || { echo "--- ${file##*/}" && tail -n 40 "$file"; }
    done
    exit 1
}

until_true() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1 * slow))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

workers() { # the process ids of this daemon's children
    [ -z "$daemon" ] || ps -o pid= --ppid "$daemon" 2>/dev/null
}

answers() { "$build/vmctl" --root "$root" version >/dev/null 2>&1; }
gone() { ! kill -0 "$1" 2>/dev/null; }

daemon_start() {
    "$build/paddockd" --root "$root" --worker "$PWD/$build/vmm-worker" "$@" </dev/null >>"$scratch/log" 2>&1 &
    daemon=$!
    until_true 20 answers || fail "paddockd did not answer"
}

# shellcheck disable=SC2120
daemon_stop() { # [SIGNAL]
    kill "-${1:-TERM}" "$daemon"
    wait "$daemon"
    stopped=$?
    # shellcheck disable=SC2034
    daemon=
}

ctl() { # STATUS ARGUMENT...
    local want=$1 got
    shift
    "$build/vmctl" --root "$root" "$@" </dev/null >"$out" 2>"$err"
    got=$?
    [ "$got" = "$want" ] || fail "vmctl $*: exit status $got, not $want"
}

state_is() { # NAME STATE
    [ "$("$build/vmctl" --root "$root" list --format '{{.Name}} {{.State}}' | sed -n "s/^$1 //p")" = "$2" ]
}

said() { grep -F -e "$1" "$out" >/dev/null || fail "no \"$1\" on standard output"; }
told() { grep -F -e "$1" "$err" >/dev/null || fail "no \"$1\" on standard error"; }
