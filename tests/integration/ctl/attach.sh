#!/bin/bash
# SPDX-License-Identifier: ISC
#
# run --attach: every byte that a guest prints is shown exactly once, however short its life, and then its outcome is
# the exit status; over restarts, and for a VM that waits in the queue first.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/lines.img" ] || skip "no bare-metal guests: no arm64 compiler"
cat >"$root/etc/paddock.yaml" <<END
version: 1
budget: {vms: 2}
END
chmod 644 "$root/etc/paddock.yaml"
daemon_start

for ((i = 0; i < 2000; i++)); do
    echo "mini: a line $i"
done >"$scratch/lines"
for ((i = 1; i <= 50; i++)); do
    ctl 0 run --rm --attach --name short -m 64MiB --kernel "$mini/lines.img"
    tr -d '\r' <"$out" | cmp -s - "$scratch/lines" || fail "run $i printed $(wc -c <"$out") bytes, not the guest's"
    [ ! -s "$err" ] || fail "run $i has something to say"
done
none_left() { [ -z "$("$build/vmctl" --root "$root" list -q)" ]; }
wait_until "--rm to leave nothing" none_left

# The outcome, as `vmctl wait` and the manual have it.
ctl 104 run --attach --name panics -m 64MiB --kernel "$mini/panic.img"
prints "Kernel panic"
complains "panics: "
ctl 0 wait panics
[ "$(cat "$out")" = 104 ] || fail "wait prints $(cat "$out")"
ctl 110 run --rm --attach --name notakernel --kernel /etc/hostname
complains "notakernel: "
ctl 125 run --rm --attach --name nofile --kernel "$scratch/nothing"
ctl 2 run --attach --detach --kernel "$mini/hello.img"

# Each run of a VM that is restarted; the last one's outcome counts.
cat >"$scratch/again.yaml" <<END
memory: 64MiB
restart: {policy: on-failure, max_attempts: 3, delay: 20ms, delay_max: 20ms}
END
ctl 104 run --rm --attach --name again -f "$scratch/again.yaml" --kernel "$mini/panic.img"
[ "$(grep -c "Kernel panic" "$out")" = 4 ] || fail "not four runs: $(cat "$out")"

# From the queue.
ctl 0 run --name first -m 64MiB --kernel "$mini/idle.img"
ctl 0 run --name second -m 64MiB --kernel "$mini/idle.img"
"$build/vmctl" --root "$root" run --rm --attach --name third -m 64MiB --kernel "$mini/hello.img" \
    >"$scratch/third" 2>"$scratch/third.err" </dev/null &
third=$!
wait_until "the third to queue" state_is third "queued"
ctl 124 run --rm --attach --timeout 100ms --name fourth -m 64MiB --kernel "$mini/hello.img"
ctl 0 rm --force fourth
ctl 0 stop --force first
ctl 0 stop --force second
wait "$third" || fail "the third ended with status $?: $(cat "$scratch/third.err")"
[ "$(tr -d '\r' <"$scratch/third")" = "mini: hello" ] || fail "the third printed $(cat "$scratch/third")"
grep -F "position 1" "$scratch/third.err" >/dev/null || fail "it was not told of the queue"

# Input arrives, also what was typed before there was a guest; with the key of a VM that was made, it is that one's.
printf 'typed early\004' | "$build/vmctl" --root "$root" run --rm --attach --name echo -m 64MiB \
    --kernel "$mini/echo.img" --idempotency-key k >"$out" 2>"$err" || fail "echo ended with status $?"
prints "echo> typed early"

# Who loses the console to another client still hears of the end.
"$build/vmctl" --root "$root" run --rm --attach --name lent -m 64MiB --kernel "$mini/echo.img" \
    >"$scratch/lent" 2>"$scratch/lent.err" </dev/null &
lent=$!
wait_until "its console" grep -qs "echo> " "$scratch/lent"
printf 'not for the first\004' | "$build/vmctl" --root "$root" console --force lent >"$out" 2>"$err" || fail "console: status $?"
prints "not for the first"
wait "$lent" || fail "run ended with status $? when its console was taken"
grep -F "has taken the console of lent" "$scratch/lent.err" >/dev/null || fail "it was not told"
! grep "not for" "$scratch/lent" || fail "it heard more"
ctl 0 run --attach --name kept -m 64MiB --kernel "$mini/hello.img" --idempotency-key kept
ctl 0 run --attach --name kept -m 64MiB --kernel "$mini/hello.img" --idempotency-key kept
[ ! -s "$out" ] || fail "the second call ran it again"
daemon_stop
echo "ok"
