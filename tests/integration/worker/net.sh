#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The network device against a peer that sends back what it gets: frames of all lengths up to the MTU,
# many at once, frames that no driver can take, and a peer that breaks the format, which costs the link and
# nothing else.
# deadline: 200
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$build/net-echo" "$cross/frames"

echo_frames() { # GUEST CPUS WFI
    local pid mac
    need_guest "$1"
    pack_script "$cross/frames" <<'END'
ip link set eth0 up
echo "net: mac $(cat /sys/class/net/eth0/address) mtu $(cat /sys/class/net/eth0/mtu) carrier $(cat /sys/class/net/eth0/carrier)"
/frames eth0 1500 && echo "net: good"
until [ "$(cat /sys/class/net/eth0/carrier)" = 0 ]; do usleep 10000; done
echo "net: the link is down"
ip link set eth0 down
ip link set eth0 up
echo "net: going on"
END
    rm -f "$scratch/net"
    "$build/net-echo" "$scratch/net" >"$scratch/peer" &
    pid=$!
    until [ -s "$scratch/peer" ]; do
        kill -0 $pid || fail "no peer"
        sleep 0.02
    done
    export SOFTHV_WFI=$3
    vm_run 0 --kernel "$kernel" --initrd "$initrd" --cpus "$2" --net "$scratch/net" --name "echo" --stats \
        --append "quiet paddock.modules=1 paddock.run=script" </dev/null
    wait $pid || fail "$(cat "$scratch/peer")"
    grep -h '^frames:\|^net' "$console" "$scratch/peer"
    mac=$(sed -n 's/^net: mac \([0-9a-f:]*\) mtu 1500 carrier 1$/\1/p' "$console")
    [ -n "$mac" ] || fail "no MAC, or another MTU"
    grep -qE '^frames: 2[0-9]* echoed, 0 failures$' "$console" || fail "frames were lost or changed"
    expect "$console" "net: the link is down"
    expect "$console" "net: going on"
    [ "$(counter net0.link_up)" = 0 ] || fail "the link is up"
    # 0, 1 and 13 bytes, 1519 and the longest, each time that malformed frames were asked for.
    [ "$(counter net0.rx_dropped)" = 10 ] || fail "$(counter net0.rx_dropped) malformed frames were dropped"
    expect_end guest_power_off
    expect_no_warning
    macs="${macs:-} $mac"
}

echo_frames cloud-6.1 1 park
echo_frames generic-6.12 4 exit

# The same VM has the same MAC.
read -r first second <<<"$macs"
[ "$first" = "$second" ] || fail "the MAC changed from $first to $second"
