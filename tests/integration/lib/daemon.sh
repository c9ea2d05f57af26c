# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# What the scripts that run a daemon share: one paddockd under a private root, and vmctl beside it.
#
#   vms_file NAME                standard input becomes $root/etc/vms.d/NAME.yaml
#   daemon_start                 until it answers; daemon_stop [SIGNAL] until it is gone
#   daemon_start_by COMMAND...   the same by a command that execs it
#   daemon_wait TEXT [COUNT]     until the daemon's log, $said, has that many such lines; refuse TEXT: it has none
#   ctl STATUS ARGUMENT...       vmctl with that exit status; prints TEXT, complains TEXT: what it said
#   until_true SECONDS COMMAND   waits for a command to succeed; wait_until WHAT COMMAND says what it waited for
#
# A script that fails shows the daemon's log, and no worker outlives it.

build=${PADDOCK_BUILD:-build/gcc}
case $build in /*) programs=$build ;; *) programs=$PWD/$build ;; esac # BUILD may be anywhere
# shellcheck disable=SC2034 # used by those who source this
mini=${PADDOCK_GUEST:-build/guest}/mini
[ "${mini#/}" != "$mini" ] || mini=$PWD/$mini
# shellcheck disable=SC2034
guests=$mini
slow=${PADDOCK_SLOW:-1}
scratch=$(mktemp -d) || exit 1
root=$scratch/root
out=$scratch/out
err=$scratch/err
said=$scratch/log
daemon=
mkdir -m 0755 "$root" "$root/etc" "$root/etc/vms.d"
touch "$said"

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
    for file in "$out" "$err" "$said"; do
        [ ! -s "$file" ] || { echo "--- ${file##*/}" && tail -n 40 "$file"; }
    done
    exit 1
}

# shellcheck source=tests/integration/lib/guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/guests.sh"

until_true() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1 * slow))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

wait_until() { # WHAT COMMAND...
    local what=$1
    shift
    until_true 60 "$@" || fail "waited in vain for $what"
}

vms_file() {
    cat >"$root/etc/vms.d/$1.yaml"
    chmod 0644 "$root/etc/vms.d/$1.yaml"
}

said_times() { [ "$(grep -c -F -e "$1" "$said")" -ge "$2" ]; }
daemon_wait() { wait_until "\"$1\" in the log" said_times "$1" "${2:-1}"; }
refuse() { ! grep -F -e "$1" "$said" >/dev/null || fail "\"$1\" is in the log"; }

workers() { # the process ids of this daemon's children
    [ -z "$daemon" ] || ps -o pid= --ppid "$daemon" 2>/dev/null
}

answers() { "$build/vmctl" --root "$root" version >/dev/null 2>&1; }
answers_or_gone() { answers || gone "$daemon"; }
gone() { ! kill -0 "$1" 2>/dev/null; }

daemon_start() { daemon_start_by env; }

daemon_start_by() { # COMMAND...
    "$@" "$build/paddockd" --root "$root" --worker "${worker_program:-$programs/vmm-worker}" </dev/null >>"$said" 2>&1 &
    daemon=$!
    until_true 20 answers_or_gone
    answers || fail "paddockd does not answer"
}

# shellcheck disable=SC2120
daemon_stop() { # [SIGNAL]
    kill "-${1:-TERM}" "$daemon"
    wait "$daemon"
    # shellcheck disable=SC2034 # for those who source this
    stopped=$?
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

prints() { grep -F -e "$1" "$out" >/dev/null || fail "no \"$1\" on standard output"; }
complains() { grep -F -e "$1" "$err" >/dev/null || fail "no \"$1\" on standard error"; }
