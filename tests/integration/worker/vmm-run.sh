#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vmm-run itself: each bad argument is status 2 and a sentence that names it, a worker that dies without
# a word is reported, the briefest guest is heard, and the two log segments hold the whole console.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/hello.img" "$mini/spin.img"
kernel=$mini/hello.img

bad() { # WORD ARGUMENT...
    local word=$1
    shift
    vm_run 2 "$@" </dev/null
    expect "$said" "$word"
    [ "$(wc -l <"$said")" = 1 ] || fail "more than one line"
}

bad "--kernel is missing"
bad "--kernel needs a value" --kernel
bad "unknown argument 'x'" --kernel "$kernel" x
bad "cannot open $scratch/none" --kernel "$scratch/none"
bad "cannot open $scratch/none" --kernel "$kernel" --initrd "$scratch/none"
bad "cannot open $scratch/none" --kernel "$kernel" --disk "$scratch/none:ro"
bad "cannot open $scratch/none/log" --kernel "$kernel" --log "$scratch/none/log"
bad "cannot connect to $scratch/none" --kernel "$kernel" --net "$scratch/none"
bad "cannot listen on $scratch/none/x" --kernel "$kernel" --vsock-connect "7:$scratch/none/x"
bad "cannot listen on $scratch/none/x" --kernel "$kernel" --agent "$scratch/none/x"
bad "at most" --kernel "$kernel" --net "/$(printf '%0200d' 0)"
bad "the worker $scratch/none" --kernel "$kernel" --worker "$scratch/none"
for value in 0 17 x '' 1x -1 99999999999999999999; do
    bad "--cpus '$value'" --kernel "$kernel" --cpus "$value"
done
for value in 0 62M 65G 63 65M 64Q 64Mi M 18446744073709551615K; do
    bad "--memory '$value'" --kernel "$kernel" --memory "$value"
done
for value in '' :ro; do
    bad "" --kernel "$kernel" --disk "$value"
done
for value in 7 7: :x x:y 4294967295:x; do
    bad "--vsock-listen '$value'" --kernel "$kernel" --vsock-listen "$value"
done
for value in 0 x 1.2345 1. .5; do
    bad "--stop-after '$value'" --kernel "$kernel" --stop-after "$value"
done
bad "--stop-timeout '0'" --kernel "$kernel" --stop-timeout 0
bad "--name 'Upper'" --kernel "$kernel" --name Upper
bad "--append" --kernel "$kernel" --append "$(printf 'a\tb')"
bad "--log-segment '1K'" --kernel "$kernel" --log-segment 1K
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do set -- "$@" --disk "$kernel:ro"; done
bad "--disk: at most 16" --kernel "$kernel" "$@"

# Sizes with units mean what they say.
for value in 64 64M 64MiB 65536K 65536k; do
    vm_run 0 --kernel "$kernel" --memory "$value" </dev/null
    expect "$said" " 64 MiB,"
done

# A worker that is none.
need_tool true false
vm_run 99 --kernel "$kernel" --worker "$(type -P true)" </dev/null
expect "$said" "without saying why"
vm_run 99 --kernel "$kernel" --worker "$(type -P false)" </dev/null
vm_start --kernel "$mini/spin.img" --memory 64
kill -SEGV "$worker"
vm_end 99
expect "$said" "killed by signal"

# The briefest guest is heard each time, and its log holds the same.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    vm_run 0 --kernel "$kernel" --memory 64 --log "$scratch/log" </dev/null
    expect "$console" "mini: hello"
    cat "$scratch/log" "$scratch/log.1" | tr -d '\r' | cmp - "$console" || fail "the log differs"
done

# Counters are printed when they are asked for, and at the end with --stats.
vm_start --kernel "$mini/spin.img" --memory 64 --stop-timeout 50
expect_not "$said" "stats:"
kill -USR1 "$vm"
vm_wait_for "stats: uart.sent_bytes" "$said"
kill -TERM "$vm"
vm_end 105
expect_end stop_ignored
vm_run 0 --kernel "$kernel" --memory 64 --stats </dev/null
[ "$(counter exits.hvc)" = 1 ] || fail "one call, not $(counter exits.hvc)"
