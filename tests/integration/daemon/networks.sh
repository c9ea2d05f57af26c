#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Networks: by name from the host's list, with the mtu that stands there; with a server of the device's own; none, which
# is no device. What cannot be joined is said.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

need_file "$build/net-echo"
need_guest cloud-6.12
# shellcheck disable=SC2119
pack_script <<'END'
ls /sys/class/net | grep -c ^eth | sed "s/^/devices: /"
for i in 0 1; do
    ip link set eth$i up
    echo "net$i: $(cat /sys/class/net/eth$i/address) mtu $(cat /sys/class/net/eth$i/mtu) carrier $(cat /sys/class/net/eth$i/carrier)"
done
END

serve() { # NAME: one connection
    rm -f "$scratch/$1" "$scratch/$1.said"
    "$build/net-echo" "$scratch/$1" >"$scratch/$1.said" 2>&1 &
    wait_until "$1's server" test -s "$scratch/$1.said"
}

cat >"$root/etc/paddock.yaml" <<END
version: 1
networks:
  lan: {path: $scratch/lan, mtu: 4000}
templates:
  joins: {kernel: $kernel, initrd: $initrd, memory: 256MiB, networks: [lan, none]}
END
chmod 0644 "$root/etc/paddock.yaml"
vms_file three <<END
version: 1
vms:
  early: {from: joins}
  three:
    from: joins
    cmdline: console=ttyS0 quiet paddock.modules=1 paddock.run=script
    networks:
      - lan
      - none
      - {mode: socket, path: $scratch/own, mtu: 1400, mac: 02:00:5e:10:00:01}
END
daemon_start

# Before its server there is nothing to join, and that is the first cause.
ctl 1 start early
complains "no network server answers at $scratch/lan"
state_is early failed || fail "early is not failed"
ctl 0 inspect early
prints '"step": "devices"'

serve lan
serve own
ctl 0 start three
until_true 60 state_is three stopped || fail "three did not end"
ctl 0 logs three
tr -d '\r' <"$out" | grep '^net\|^devices' >"$scratch/nets"
cp "$scratch/nets" "$out"
prints "devices: 2"
grep -qE '^net0: [0-9a-f:]{17} mtu 4000 carrier 1$' "$out" || fail "the host's network did not give its mtu"
prints "net1: 02:00:5e:10:00:01 mtu 1400 carrier 1"

# A VM's file that names none of the host's disables that VM, and says where.
echo "{version: 1, vms: {typo: {from: joins, networks: [lan, wam]}}}" | vms_file typo
ctl 0 reload
complains 'vms.d/typo.yaml:1:56: error: vms.typo.networks[1]: the host has no network "wam"; it has lan'
state_is typo failed || fail "typo is not disabled"

# vmctl names a network of the host and nothing else.
serve lan
ctl 0 run --name named --kernel "$mini/idle.img" -m 64MiB --network lan --wait=running
ctl 0 inspect named
prints '"name": "lan"'
ctl 0 rm --force named
ctl 1 run --name lost --kernel "$mini/idle.img" -m 64MiB --network wan
complains 'the host has no network "wan"; it has lan'
ctl 3 inspect lost
printf 'kernel: %s\nnetworks: [{mode: socket, path: %s}]\n' "$mini/idle.img" "$scratch/own" >"$scratch/vm.yaml"
ctl 1 run --name sly --file "$scratch/vm.yaml"
complains "may name a network, not the path of its server"
daemon_stop
