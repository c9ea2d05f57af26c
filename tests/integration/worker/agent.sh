#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The guest agent's port, opened by a guest by its name: what the host sends before the guest opens it
# waits, many bytes go both ways, one client at a time, one after the other, and in between the guest knows
# that nobody is there.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$build/sock"
seq 1 400000 | head -c 2097152 >"$scratch/data"

talk() { # BYTES RESULT: standard input to the agent, until so many bytes came back
    timeout 60 "$build/sock" talk "$scratch/agent.socket" "$1" >"$2" 2>"$2.said"
}

agent() { # GUEST CPUS WFI
    local first second
    need_guest "$1"
    # shellcheck disable=SC2119
    pack_script <<'END'
for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name" 2>/dev/null)" != org.paddock.agent.0 ] || device=/dev/${port##*/}
done
echo "agent: device $device"
read -r _
exec 5<>"$device" # once: a port has one user
until read -r line <&5; do usleep 10000; done # nothing is read until the host has opened its side
echo "agent: heard $line"
echo "guest" >&5
cat <&5 >/dev/null
echo "agent: the host has gone"
echo "next" >&5
echo "agent: echoing"
while :; do
    cat <&5 >&5
    usleep 10000
done &
read -r _
echo "agent: good"
END
    export SOFTHV_WFI=$3
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus "$2" --agent "$scratch/agent.socket" --stats \
        --append "quiet paddock.modules=1 paddock.run=script"
    vm_wait_for "agent: device /dev/vport"
    echo "host" | talk 6 "$scratch/early" &
    first=$!
    vm_type "open it"
    wait $first || fail "$(cat "$scratch/early.said")"
    [ "$(cat "$scratch/early")" = guest ] || fail "the agent said $(cat "$scratch/early")"

    # Linux holds back what is written while no client is there.
    vm_wait_for "agent: the host has gone"
    expect_not "$console" "agent: echoing"
    talk 5 "$scratch/next" </dev/null || fail "$(cat "$scratch/next.said")"
    [ "$(cat "$scratch/next")" = next ] || fail "the agent said $(cat "$scratch/next")"
    vm_wait_for "agent: echoing"

    talk 2097152 "$scratch/back" <"$scratch/data" || fail "2 MiB: $(cat "$scratch/back.said")"
    cmp "$scratch/back" "$scratch/data" || fail "2 MiB came back changed"

    # A client that stays; a second one is turned away and does not disturb it.
    mkfifo "$scratch/words"
    exec 4<>"$scratch/words"
    echo first >&4
    rm "$scratch/back"
    talk 12 "$scratch/back" <&4 &
    first=$!
    until [ "$(cat "$scratch/back" 2>/dev/null)" = first ]; do
        kill -0 $first 2>/dev/null || fail "$(cat "$scratch/back.said")"
        sleep 0.02
    done
    echo x | talk 2 "$scratch/turned-away" 4>&- &
    second=$!
    wait $second && fail "two clients at once"
    expect "$scratch/turned-away.said" "the peer sent 0 bytes"
    expect "$said" "Device or resource busy"
    echo third >&4
    exec 4>&-
    wait $first || fail "$(cat "$scratch/back.said")"
    [ "$(tr '\n' ' ' <"$scratch/back")" = "first third " ] || fail "the agent said $(cat "$scratch/back")"
    rm "$scratch/words"

    vm_type "the end"
    vm_end 0
    expect "$console" "agent: heard host"
    expect "$console" "agent: the host has gone"
    expect "$console" "agent: good"
    expect_end guest_power_off
    expect_no_warning
    [ ! -e "$scratch/agent.socket" ] || fail "left behind: agent.socket"
    [ "$(counter hvc.agent_dropped_bytes)" = 0 ] || fail "$(counter hvc.agent_dropped_bytes) bytes dropped"
    [ "$(counter hvc.agent_input_bytes)" = $((5 + 2097152 + 12)) ] || fail "$(counter hvc.agent_input_bytes) bytes in"
    [ "$(counter hvc.agent_output_bytes)" = $((6 + 5 + 2097152 + 12)) ] || fail "$(counter hvc.agent_output_bytes) bytes out"
    echo "ok: $1"
}

agent cloud-6.1 1 park
agent generic-6.12 4 exit
