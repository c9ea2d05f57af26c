#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Sockets between guest and host, both ways: the guest's end is its kernel's driver, the host's end what
# vmm-run gets over the channel. Many bytes in both directions at once, several connections at once, and
# ports that nobody listens on.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$build/sock" "$cross/vsock-echo"
seq 1 400000 | head -c 2097152 >"$scratch/data"

talk() { # SOCKET BYTES RESULT: that many bytes of the data, there and back
    head -c "$2" "$scratch/data" | timeout 60 "$build/sock" talk "$1" "$2" >"$3" 2>"$3.said"
}

sockets() { # GUEST CPUS WFI
    local size pids='' i early
    need_guest "$1"
    pack_script "$cross/vsock-echo" <<'END'
/vsock-echo cid
/vsock-echo send 7001 1
/vsock-echo send 7001 3000000
/vsock-echo refused 7002
/vsock-echo send 7003 1 || echo "vsock: nobody behind 7003"
/vsock-echo listen 8001 6 && echo "vsock: good"
END
    rm -f "$scratch"/*.socket
    helper "server-$1" "$build/sock" echo "$scratch/out.socket"
    export SOFTHV_WFI=$3
    # Who connects before there is a VM waits for it, and is then refused by a guest that does not listen.
    {
        until [ -S "$scratch/none.socket" ]; do sleep 0.01; done
        talk "$scratch/none.socket" 1 "$scratch/early"
    } &
    early=$!
    # 7003 is listened on, but behind it there is nobody.
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus "$2" --stats \
        --vsock-listen "7001:$scratch/out.socket" --vsock-listen "7003:$scratch/nobody.socket" \
        --vsock-connect "8001:$scratch/in.socket" --vsock-connect "8002:$scratch/none.socket" \
        --append "quiet paddock.modules=1 paddock.run=script"
    vm_wait_for "vsock: listening"
    talk "$scratch/none.socket" 1 "$scratch/refused" && fail "connected to a port where nobody listens"
    expect "$scratch/refused.said" "the peer sent 0 bytes"
    i=0
    for size in 1 65536 2097152; do
        talk "$scratch/in.socket" $size "$scratch/back.$i" || fail "size $size: $(cat "$scratch/back.$i.said")"
        cmp "$scratch/back.$i" <(head -c $size "$scratch/data") || fail "size $size came back changed"
        i=$((i + 1))
    done
    for size in 1000000 999999 3; do
        talk "$scratch/in.socket" $size "$scratch/back.$i" &
        pids="$pids $!:$size:$i"
        i=$((i + 1))
    done
    for i in $pids; do
        IFS=: read -r pid size i <<<"$i"
        wait "$pid" || fail "size $size at once with others: $(cat "$scratch/back.$i.said")"
        cmp "$scratch/back.$i" <(head -c "$size" "$scratch/data") || fail "size $size came back changed"
    done
    vm_end 0
    wait $early && fail "the early connection was served"
    expect "$scratch/early.said" "the peer sent 0 bytes"
    tr -d '\r' <"$console" >"$scratch/text"
    grep -a '^vsock: ' "$scratch/text"
    expect "$scratch/text" "vsock: cid 3"
    expect "$scratch/text" "vsock: 1 bytes came back"
    expect "$scratch/text" "vsock: 3000000 bytes came back"
    expect "$scratch/text" "vsock: port 7002: Connection reset by peer"
    expect "$scratch/text" "vsock: nobody behind 7003"
    for size in 1 65536 2097152 1000000 999999 3; do
        expect "$scratch/text" "vsock: echoed $size bytes"
    done
    expect "$scratch/text" "vsock: good"
    [ ! -e "$scratch/in.socket" ] || fail "left behind: in.socket"
    expect_end guest_power_off
    expect_no_warning
    grep 'stats: vsock' "$said"
}

sockets cloud-6.1 1 park
sockets generic-6.12 4 exit
