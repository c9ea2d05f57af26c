#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Memory that a guest gives back is memory that its worker no longer has: through the balloon, when it is
# asked for it, and by free page reporting, unasked. What it takes again later is whole.
# deadline: 180
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

[ -r /proc/self/status ] || skip "no /proc/PID/status here"
mib=1024 # in KiB

# Waits until the worker's resident memory is below so much; only a test that fails waits for ever.
wait_below() { # KIB
    until [ "$(resident "$worker")" -lt "$1" ]; do
        kill -0 "$vm" 2>/dev/null || fail "the VM is gone"
        sleep 0.05
    done
}

wait_free() { # LEAST MOST: until the guest has said that it has so much free memory, MiB
    until sed -n 's/^balloon: free \([0-9]*\) .*/\1/p' "$console" | tail -n 1 |
        awk -v least="$1" -v most="$2" '{ seen = $1 >= least && $1 <= most } END { exit !seen }'; do
        kill -0 "$vm" 2>/dev/null || fail "the VM is gone"
        sleep 0.05
    done
}

wait_counter() { # NAME VALUE
    until [ "$(counter "$1")" = "$2" ]; do
        kill -USR1 "$vm" 2>/dev/null || fail "the VM is gone"
        sleep 0.1
    done
}

# The guest touches 200 of its 512 MiB and frees them; then it finds the balloon, which is to get 384.
inflate() { # GUEST
    local before after
    need_guest "$1"
    # shellcheck disable=SC2119
    pack_script <<'END'
free_memory() { awk '/^MemFree:/ { print "balloon: free", int($2 / 1024), "MiB" }' /proc/meminfo; }
head -c 209715200 /dev/zero >/tmp/data
rm /tmp/data
free_memory
echo "balloon: touched"
read -r _
while read -r module; do
    insmod "/modules/$(uname -r)/$module"
done <"/modules/$(uname -r)/order"
while :; do
    free_memory
    usleep 100000
done &
read -r _
kill $!
sum=$(seq 1 400000 | head -c 2097152 | tee /tmp/data | sha256sum)
[ "$sum" = "$(sha256sum </tmp/data)" ] && echo "balloon: whole again"
END
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus 2 --balloon 384 --stats \
        --append "quiet paddock.run=script"
    vm_wait_for "balloon: touched"
    before=$(resident "$worker")
    [ "$before" -ge $((200 * mib)) ] || fail "the worker has only $before KiB resident"
    wait_free 300 512
    vm_type inflate
    wait_below $((before - 120 * mib))
    wait_free 0 120
    after=$(resident "$worker")
    echo "$1: the worker had $((before / mib)) MiB, with the balloon $((after / mib)) MiB"
    wait_counter balloon.held_bytes $((384 * mib * 1024))
    wait_counter balloon.actual_bytes $((384 * mib * 1024))

    kill -USR2 "$vm"
    wait_counter balloon.held_bytes 0
    wait_free 300 512
    vm_type deflated
    vm_wait_for "balloon: whole again"
    vm_end 0
    [ "$(counter balloon.held_bytes)" = 0 ] || fail "the balloon holds $(counter balloon.held_bytes) bytes"
    [ "$(counter balloon.ignored_pages)" = 0 ] || fail "pages were ignored"
    expect_no_warning
}

# Nobody asks for anything here.
report() { # GUEST
    local before
    need_guest "$1"
    # shellcheck disable=SC2119
    pack_script <<'END'
head -c 209715200 /dev/zero >/tmp/data
echo "balloon: touched"
read -r _
rm /tmp/data
echo "balloon: freed"
read -r _
sum=$(seq 1 400000 | head -c 2097152 | tee /tmp/data | sha256sum)
[ "$sum" = "$(sha256sum </tmp/data)" ] && echo "balloon: whole again"
END
    vm_start --kernel "$kernel" --initrd "$initrd" --cpus 2 --balloon 0 --stats \
        --append "quiet paddock.modules=1 paddock.run=script"
    vm_wait_for "balloon: touched"
    before=$(resident "$worker")
    [ "$before" -ge $((200 * mib)) ] || fail "the worker has only $before KiB resident"
    vm_type free
    vm_wait_for "balloon: freed"
    wait_below $((before - 150 * mib))
    echo "$1: the worker had $((before / mib)) MiB, after reports $(($(resident "$worker") / mib)) MiB"
    vm_type again
    vm_wait_for "balloon: whole again"
    vm_end 0
    [ "$(counter balloon.held_bytes)" = 0 ] || fail "there is something in the balloon"
    [ "$(counter balloon.reported_bytes)" -ge $((150 * mib * 1024)) ] || fail "reported $(counter balloon.reported_bytes) bytes"
    expect_no_warning
}

inflate cloud-6.1
report generic-6.12
