#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The network device against a peer that no one here wrote: passt from Debian. DHCP, DNS, and TCP both ways,
# in a network namespace that has a loopback interface and nothing else.
# deadline: 200
set -u
if [ -z "${PADDOCK_IN_NAMESPACE:-}" ]; then
    for tool in passt unshare ip; do
        command -v $tool >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null 2>&1 || {
            echo "there is no $tool here (make deps)"
            exit 77
        }
    done
    unshare -rn true 2>/dev/null || {
        echo "this machine allows no network namespace"
        exit 77
    }
    PADDOCK_IN_NAMESPACE=1 exec unshare -rn "$0"
fi
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_file "$build/sock" "$build/dns-answer"
need_guest cloud-6.12
ip link set lo up || fail "no loopback interface"

# The guest reaches the host's loopback interface as its gateway, and the host the guest's port 2222 as
# 8022.
helper dns "$build/dns-answer" 127.0.0.1 53 host.paddock.test 192.0.2.77
helper echo "$build/sock" echo 127.0.0.1:7777
passt -f -e -4 -1 -s "$scratch/passt.socket" -i lo -a 10.0.2.15 -n 24 -g 10.0.2.2 -M 9a:55:9a:55:9a:55 \
    -D 10.0.2.2 -m 1500 -t 127.0.0.1/8022:2222 >"$scratch/passt" 2>&1 &
passt=$!
helpers="$helpers $passt"
until [ -S "$scratch/passt.socket" ]; do
    kill -0 $passt 2>/dev/null || fail "passt: $(cat "$scratch/passt")"
    sleep 0.02
done

# shellcheck disable=SC2119
pack_script <<'END'
cat >/bin/lease <<'LEASE'
#!/bin/busybox sh
case $1 in
bound | renew)
    ip addr add "$ip/$mask" dev "$interface"
    ip route add default via "$router"
    for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
    echo "net: lease $ip/$mask router $router dns $dns"
    ;;
esac
LEASE
chmod 755 /bin/lease
ip link set lo up
ip link set eth0 up
timeout 60 udhcpc -i eth0 -n -q -s /bin/lease || echo "net: no lease"
echo "net: name $(timeout 30 nslookup -type=a host.paddock.test | sed -n 's/^Address: //p')"
timeout 30 nslookup -type=a nobody.paddock.test | grep NXDOMAIN && echo "net: no such name"

# Out: 1 MiB there and back.
seq 1 200000 | head -c 1048576 >/tmp/data
{ cat /tmp/data; sleep 2; } | timeout 60 nc 10.0.2.2 7777 >/tmp/back
cmp /tmp/data /tmp/back && echo "net: tcp out"

# In: a connection from the host.
echo "net: listening"
timeout 100 nc -l -p 2222 -e cat
echo "net: tcp in"
END

vm_start --kernel "$kernel" --initrd "$initrd" --cpus 2 --net "$scratch/passt.socket" --stats \
    --append "quiet paddock.modules=1 paddock.run=script"
vm_wait_for "net: listening"
# passt takes the connection before the guest listens; until then it is reset.
seq 1 100000 >"$scratch/sent"
size=$(stat -c %s "$scratch/sent")
until timeout 20 "$build/sock" talk 127.0.0.1:8022 "$size" <"$scratch/sent" >"$scratch/back" 2>/dev/null && [ -s "$scratch/back" ]; do
    kill -0 "$vm" 2>/dev/null || fail "the VM is gone"
    sleep 0.1
done
vm_end 0
grep '^net:' "$console"
cmp "$scratch/sent" "$scratch/back" || fail "what came back from the guest is not what was sent"
expect "$console" "net: lease 10.0.2.15/24 router 10.0.2.2 dns 10.0.2.2"
expect "$console" "net: name 192.0.2.77"
expect "$console" "net: no such name"
expect "$console" "net: tcp out"
expect "$console" "net: tcp in"
expect_no_warning
