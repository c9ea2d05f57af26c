# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# What the scripts that run VMs share. They run from the top of the tree, as the test runner does it, and
# find the build in PADDOCK_BUILD and the guests where guest/fetch and the Makefile put them.
#
#   vm_run STATUS ARGUMENT...   runs a VM to its end; its input is the caller's
#   vm_start ARGUMENT...        starts one in the background; then vm_wait_for, vm_type, vm_end
#
# In both cases $console holds what the guest said, without carriage returns in the first one, and $said
# what vmm-run said. A script that fails prints the end of both.

build=${PADDOCK_BUILD:-build/gcc}
run=$build/vmm-run
# shellcheck disable=SC2034
mini=${PADDOCK_GUEST:-build/guest}/mini
# Sanitizers slow guests down.
# shellcheck disable=SC2034 # used by those who source this
slow=${PADDOCK_SLOW:-1}
PATH=$PATH:/usr/sbin:/sbin
scratch=$(mktemp -d) || exit 1
console=$scratch/console
said=$scratch/said
vm=     # process id of vmm-run while one runs in the background
worker= # and of its worker
helpers= # and of what `helper` started

clean_up() {
    # shellcheck disable=SC2086 # process ids
    [ -z "$helpers" ] || kill -KILL $helpers 2>/dev/null
    if [ -n "$vm" ]; then
        kill -KILL "$vm" 2>/dev/null
        [ -z "$worker" ] || kill -KILL "$worker" 2>/dev/null
    fi
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# "exit 77" says to the runner: skipped, and the last line is the reason.
skip() {
    echo "$*"
    exit 77
}

show() {
    local file
    for file in "$console" "$said"; do
        [ ! -s "$file" ] || {
            echo "--- ${file##*/}"
            tail -n 60 "$file" | tail -c 8000
        }
    done
    echo "---"
}

fail() {
    show
    echo "FAILED: $*"
    exit 1
}

# shellcheck source=tests/integration/lib/guests.sh
. "$(dirname "${BASH_SOURCE[0]}")/guests.sh"

need_file "$run" "$build/vmm-worker"

# Starts a program in the background and waits until it says something, as servers do when they listen.
# $scratch/NAME holds what it said, $! is its process; it is killed when the test ends.
helper() { # NAME COMMAND...
    local name=$1
    shift
    "$@" >"$scratch/$name" 2>&1 &
    helpers="$helpers $!"
    until [ -s "$scratch/$name" ]; do
        kill -0 $! 2>/dev/null || fail "$name: $(cat "$scratch/$name")"
        sleep 0.02
    done
}

# ---- In the foreground ------------------------------------------------------------------------------

# Runs a VM and fails when its exit status is another. Statuses are common/outcome.h's: 0 for a
# power-off, else 100 and the outcome's number.
vm_run() { # STATUS ARGUMENT...
    local wanted=$1 status
    shift
    echo "+ vmm-run $*"
    "$run" "$@" >"$console" 2>"$said"
    status=$?
    tr -d '\r' <"$console" >"$console.text"
    mv "$console.text" "$console"
    [ $status = "$wanted" ] || fail "exit status $status instead of $wanted"
}

# ---- In the background ------------------------------------------------------------------------------

vm_start() { # ARGUMENT...
    echo "+ vmm-run $* &"
    : >"$console"
    : >"$said"
    rm -f "$scratch/keys"
    mkfifo "$scratch/keys" || fail "mkfifo"
    exec 3<>"$scratch/keys" # both ends, so that neither open waits for the other
    "$run" "$@" <"$scratch/keys" >"$console" 2>"$said" 3>&- &
    vm=$!
    vm_wait_for "ready: kernel" "$said"
    worker=$(pgrep -P "$vm") || fail "vmm-run has no worker"
}

# Waits for a text in a file, for as long as the VM runs. The test's own deadline bounds it.
vm_wait_for() { # TEXT [FILE]
    local file=${2:-$console}
    until grep -qF -- "$1" "$file"; do
        kill -0 "$vm" 2>/dev/null || { grep -qF -- "$1" "$file" && return; } ||
            fail "the VM is gone; waited for: $1"
        sleep 0.05
    done
}

vm_type() { # LINE...
    printf '%s\n' "$@" >&3
}

# Waits for the VM's end. Nothing may be left of it.
vm_end() { # STATUS
    local status
    wait "$vm"
    status=$?
    exec 3>&-
    [ "$status" = "$1" ] || fail "exit status $status instead of $1"
    ! kill -0 "$worker" 2>/dev/null || fail "the worker is still there"
    vm=
    worker=
}

# Waits until a process that is not our child is gone.
wait_gone() { # PID
    while kill -0 "$1" 2>/dev/null; do
        sleep 0.05
    done
}

# CPU time that a process has used, in clock ticks (a hundredth of a second).
cpu_ticks() { # PID
    [ -r "/proc/$1/stat" ] || skip "no /proc/PID/stat here"
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# Resident memory of a process, KiB.
resident() { # PID
    awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

# ---- What was said --------------------------------------------------------------------------------

expect() { # FILE TEXT
    grep -qF -- "$2" "$1" || fail "expected: $2"
}

expect_not() { # FILE TEXT
    ! grep -qF -- "$2" "$1" || fail "not expected: $2"
}

# How the VM ended, as vmm-run says it: "ended: NAME...".
expect_end() { # NAME
    grep -q "^vmm-run: ended: $1[: ]" "$said" || fail "expected the end: $1"
}

expect_no_warning() {
    ! grep -E '^vmm-run: worker (emergency|alert|critical|error|warning)' "$said" || fail "the worker complained"
}

# A counter that vmm-run printed (--stats).
counter() { # NAME
    sed -n "s/^vmm-run: stats: $1 //p" "$said" | tail -n 1
}
