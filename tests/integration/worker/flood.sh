#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A guest that writes to its console for ever fills neither the disk nor memory, whether somebody reads
# what it writes or not. The log holds the last of it, whole.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/flood.img"
log=$scratch/log
segment=65536

check_bounds() {
    local file size
    for file in "$log" "$log.1"; do
        size=$(wc -c <"$file")
        [ "$size" -le $segment ] || fail "$file has $size bytes"
    done
}

# Waits until the log has been begun again so many times.
wait_rounds() { # ROUNDS
    local round=0 first now
    first=$(head -c 64 "$log" | cksum)
    while [ $round -lt "$1" ]; do
        check_bounds
        kill -0 "$worker" 2>/dev/null || fail "the worker is gone"
        now=$(head -c 64 "$log" | cksum)
        if [ "$now" != "$first" ]; then
            first=$now
            round=$((round + 1))
        fi
        sleep 0.02
    done
}

# Somebody reads.
vm_start --kernel "$mini/flood.img" --log "$log" --log-segment 64K --stop-timeout 1
vm_wait_for "mini: flood 100"
before=$(resident "$worker")
wait_rounds 10
after=$(resident "$worker")
kill -TERM "$vm"
vm_end 105
echo "the worker had $before KiB resident, then $after"
[ "$after" -le $((before + 4096)) ] || fail "the worker grew"
: >"$console"

# The two segments together are the end of the flood: numbered lines without a gap.
# Which is the older one their numbers say: both may have been written to within one tick of the clock.
second_line() { sed -n '2s/^mini: flood \([0-9]*\).*/\1/p' "$1"; }
oldest=$log
newest=$log.1
[ "$(second_line "$oldest")" -le "$(second_line "$newest")" ] || {
    oldest=$log.1
    newest=$log
}
cat "$oldest" "$newest" | tr -d '\r' | sed '1d;$d' | awk '
    $1 != "mini:" || $2 != "flood" || (NR > 1 && $3 != last + 1) { print "line " NR ": " $0; exit 1 }
    { last = $3 }' || fail "the log has a gap"

# Nobody reads: vmm-run's standard output is full for ever.
mkfifo "$scratch/full"
exec 4<>"$scratch/full"
"$run" --kernel "$mini/flood.img" --log "$log" --log-segment 64K --stop-timeout 1 </dev/null >"$scratch/full" 2>"$said" 3>&- 4>&- &
vm=$!
vm_wait_for "ready: kernel" "$said"
worker=$(pgrep -P "$vm") || fail "vmm-run has no worker"
wait_rounds 3
before=$(resident "$worker")
wait_rounds 20
after=$(resident "$worker")
echo "without a reader it had $before KiB resident, then $after"
[ "$after" -le $((before + 4096)) ] || fail "the worker grew"
kill -TERM "$vm"
cat "$scratch/full" >/dev/null & # now vmm-run can end
reader=$!
exec 4>&-
exec 3>/dev/null
vm_end 105
kill "$reader" 2>/dev/null
check_bounds
