#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A log that cannot be written, here for a limit on the size of files: the guest goes on and is heard, the
# worker says what is lost, and what fits is in the log.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$mini/flood.img"
log=$scratch/log
limit=32768

case $build in /*) worker_program=$build/vmm-worker ;; *) worker_program=$PWD/$build/vmm-worker ;; esac

# The limit is the worker's alone; bash counts it in KiB.
cat >"$scratch/limited-worker" <<END
#!/bin/bash
ulimit -S -f $((limit / 1024))
exec "$worker_program"
END
chmod 755 "$scratch/limited-worker"

vm_start --kernel "$mini/flood.img" --worker "$scratch/limited-worker" --log "$log" --log-segment 1M \
    --stop-timeout 1 --stats
vm_wait_for "console log" "$said"
lines=$(wc -l <"$console")
until [ "$(wc -l <"$console")" -gt $((lines + 10000)) ]; do
    kill -0 "$vm" 2>/dev/null || fail "the VM is gone"
    sleep 0.05
done
kill -TERM "$vm"
vm_end 105
expect_end stop_ignored

# At once and at the end, and not for each line of the flood.
warnings=$(grep -c '^vmm-run: worker warning: the console log cannot be written, ' "$said")
[ "$warnings" = 2 ] || fail "$warnings warnings"
written=$(counter console.output_bytes)
lost=$(sed -n 's/.* cannot be written, \([0-9]*\) bytes .*/\1/p' "$said" | tail -n 1)
echo "the guest wrote more than $written bytes, of which $lost are not in the log"
[ "$(wc -l <"$said")" -lt 100 ] || fail "the worker floods its own log"
[ "$lost" -gt 0 ] || fail "nothing was lost"
[ "$(wc -c <"$log")" = $limit ] || fail "the log has $(wc -c <"$log") bytes"
cmp -n $limit "$log" "$console" || fail "what is in the log is not what the guest wrote first"
