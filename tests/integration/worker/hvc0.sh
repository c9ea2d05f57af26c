#!/bin/bash
# SPDX-License-Identifier: ISC
#
# hvc0, the virtio console: a login on it, 1 MiB from it, a line much longer than its buffers into it. What
# is typed goes to the console that the command line names last, whatever the guest writes where.
# deadline: 240
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_tool sha256sum

# A login on hvc0, whose driver is built into this kernel.
login() { # GUEST CPUS WFI
    need_guest "$1"
    mkdir -p "$scratch/etc/etc"
    printf '%s\n' '::sysinit:/etc/init.d/rcS' 'hvc0::respawn:/sbin/getty -L hvc0 115200 vt100' \
        '::shutdown:/bin/umount -a -r' >"$scratch/etc/etc/inittab"
    make_root "$scratch/root.img" 32 "$scratch/etc"
    export SOFTHV_WFI=$3
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus "$2" --disk "$scratch/root.img" --stats \
        --append "quiet console=hvc0 paddock.modules=1 paddock.run=root"
    vm_wait_for "paddock login: "
    vm_type root
    vm_wait_for "# "
    # shellcheck disable=SC2016
    vm_type 'echo tty=$(tty).' 'echo console=$(cat /sys/class/tty/console/active).' 'echo answer=$((6 * 7)).'
    vm_wait_for "answer=42."
    expect "$console" "tty=/dev/hvc0."
    grep -q '^console=.*hvc0\.' "$console" || fail "hvc0 is no console of the kernel"
    vm_type poweroff
    vm_end 0
    expect_end guest_power_off
    expect_no_warning
    [ "$(counter uart.received_bytes)" = 0 ] || fail "input went to the serial port"
    echo "ok: login on $1"
}

# Both ports are read and written; one of them gets what is typed. Here the driver is a module.
ports() { # APPEND WANTED
    local line size begin
    need_guest cloud-6.1
    # shellcheck disable=SC2119
    pack_script <<'END'
exec 8<>/dev/ttyS0 9<>/dev/hvc0 # what stty sets lasts while they are open
for port in ttyS0 hvc0; do
    stty -F /dev/$port -echo -opost
    echo "port: $port is there" >/dev/$port
done
{
    echo "begin"
    seq 1 200000 | head -c 1048576
    echo "end"
} >/dev/hvc0
for port in ttyS0 hvc0; do
    (
        read -r line </dev/$port
        echo "port: $port read ${#line} characters, $(echo "$line" | sha256sum)" >/dev/$port
        echo done >/tmp/done
    ) &
done
printf 'a prompt> ' >/dev/ttyS0
printf 'another prompt> ' >/dev/hvc0
until [ -e /tmp/done ]; do usleep 10000; done
END
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus 2 --stats \
        --append "quiet loglevel=0 $1 paddock.modules=1 paddock.run=script"
    vm_wait_for "another prompt> "
    line=$(seq -s , 1 800)
    vm_type "$line"
    vm_end 0
    expect_no_warning
    expect "$console" "port: ttyS0 is there"
    expect "$console" "port: hvc0 is there"
    expect "$console" "port: $2 read ${#line} characters, $(echo "$line" | sha256sum)"
    [ "$(grep -c 'port: .* read' "$console")" = 1 ] || fail "both ports got input"

    # What lies between the two markers is what seq wrote, byte for byte.
    size=$(wc -c <"$console")
    begin=$(grep -abo '^begin$' "$console" | head -n 1 | cut -d: -f1)
    [ -n "$begin" ] || fail "no beginning"
    tail -c $((size - begin - 6)) "$console" | head -c 1048576 | sha256sum >"$scratch/got"
    seq 1 200000 | head -c 1048576 | sha256sum >"$scratch/wanted"
    cmp "$scratch/got" "$scratch/wanted" || fail "the 1 MiB did not arrive as it was sent"
    echo "ok: '$1' gives the input to $2"
}

login cloud-6.12 2 park
login generic-6.12 1 exit
ports "" ttyS0
ports "console=hvc0" hvc0
ports "console=hvc0 console=ttyS0" ttyS0
