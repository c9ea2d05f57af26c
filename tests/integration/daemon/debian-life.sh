#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A Debian kernel with a root file system and a login, through every verb and state: from its first start over restarts,
# a reset, a panic and a power-off from inside to its removal; and what each was told as.
# deadline: 240
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

need_guest generic-6.12
mkdir -p "$scratch/extra/sbin" "$scratch/extra/etc"
# What acpid is to a Debian: the button's event (EV_KEY, KEY_POWER, pressed) powers off.
cat >"$scratch/extra/sbin/powerd" <<'END'
#!/bin/sh
while event=$(dd bs=24 count=1 2>/dev/null | tail -c 8 | hexdump -v -e '1/2 "%u " 1/2 "%u " 1/4 "%u"'); do
    [ "$event" != "1 116 1" ] || { echo "powerd: the button" >/dev/console; poweroff; exit; }
done </dev/input/event0
END
chmod 755 "$scratch/extra/sbin/powerd"
printf '%s\n' '::sysinit:/etc/init.d/rcS' '::once:/sbin/powerd' 'ttyS0::respawn:/sbin/getty 115200 ttyS0 vt100' \
    '::shutdown:/bin/umount -a -r' >"$scratch/extra/etc/inittab"
make_root "$scratch/disk" 32 "$scratch/extra"
screen=$scratch/console
typist=

vmctl() { "$build/vmctl" --root "$root" "$@"; }
shows() { grep -aF -- "$1" "$screen" >/dev/null; }
type_line() { printf '%s\n' "$1" >&4; }
log_in() { # on the console of the run that is under way
    rm -f "$scratch/keys"
    mkfifo "$scratch/keys"
    exec 4<>"$scratch/keys"
    : >"$screen" # the last run's is not to be taken for this one's
    vmctl console debian <"$scratch/keys" >"$screen" 2>&1 4>&- &
    typist=$!
    wait_until "a login" shows "paddock login: "
    type_line root
    wait_until "a prompt" shows "# "
}
console_ends() { # with the run
    wait "$typist"
    exec 4>&-
}
told() { # TYPE DETAIL...: the latest event of this type has it
    ctl 0 events debian --format '{{.Type}} {{json .Detail}}'
    local type=$1 line
    line=$(grep "^$type " "$out" | tail -n 1)
    shift
    for detail in "$@"; do
        case $line in *"$detail"*) ;; *) fail "$type was told as: $line; not $detail" ;; esac
    done
}
trap '[ -z "$typist" ] || kill "$typist" 2>/dev/null; clean_up' EXIT

daemon_start
ctl 0 create --name debian --cpus 2 --memory 256MiB --kernel "$kernel" --initrd "$initrd" --disk "$scratch/disk" \
    --cmdline "console=ttyS0 quiet paddock.modules=1 paddock.run=root" -l suite=bookworm
state_is debian stopped || fail "what was made alone runs"
ctl 0 start --no-wait debian
ctl 0 wait debian --state running --timeout 60
ctl 0 list debian
prints "running (ready)"
ctl 0 ps -q -l suite=bookworm
[ "$(cat "$out")" = debian ] || fail "ps does not show it"
log_in
# shellcheck disable=SC2016 # the guest's
type_line 'echo cpus=$(nproc). root=$(mount | grep -c "^/dev/.* on / type ext4 (rw"). sum=$((6 * 7)).'
wait_until "an answer" shows "cpus=2. root=1. sum=42."
ctl 0 stats debian --interval 0 --format '{{.Name}} {{.Memory}} {{.Entries}}'
prints "debian 268435456 "
ctl 0 inspect debian --format '{{.State}} {{.Boots}} {{.Run.outcome}} {{.Config.cmdline}}'
prints "running 1  console=ttyS0 quiet"
ctl 4 rm debian

# A restart is by the button; the second run is another one, with a log of its own.
ctl 0 restart debian
console_ends
shows "powerd: the button" || fail "the guest was not asked"
told vm.ended '"outcome":"stopped"' '"reason":"restart"' '"boot":1'
log_in
ctl 0 logs --boot -1 debian
prints "sum=42."
ctl 0 logs debian
prints "login: "
! grep -a "sum=42" "$out" >/dev/null || fail "the log of the second run has the first one's words"

# A reset from inside is a new run, a panic is a failure with its last words.
type_line 'reboot -f'
console_ends
wait_until "the third run" bash -c "[ \"\$('$build/vmctl' --root '$root' inspect debian --format '{{.State}} {{.Boots}}')\" = 'running 3' ]"
told vm.ended '"outcome":"guest_reset"' '"boot":2'
log_in
type_line 'echo c >/proc/sysrq-trigger'
console_ends
ctl 0 wait debian
[ "$(cat "$out")" = 104 ] || fail "a panic is $(cat "$out")"
state_is debian failed || fail "a panic is no success"
told vm.ended '"outcome":"guest_panic"' "sysrq triggered crash" '"boot":3' '"console":'
ctl 0 list debian --format '{{.State}}: {{.Cause}}'
prints "failed: Kernel panic - not syncing: sysrq triggered crash"

# Stopped by its button, and what `stop` waits for is told as it goes.
ctl 0 start debian
log_in
ctl 0 stop --no-wait debian
ctl 0 list debian
grep -E "stopping|stopped" "$out" >/dev/null || fail "neither stopping nor stopped: $(cat "$out")"
ctl 0 wait debian --timeout 60
[ "$(cat "$out")" = 0 ] || fail "a stop is $(cat "$out")"
console_ends
state_is debian stopped || fail "it was stopped"
told vm.stop_rung '"rung":"button"' '"reason":"user"'
told vm.ended '"outcome":"stopped"' '"boot":4'
ctl 0 stop debian

# A power-off from inside is a success.
ctl 0 start debian
log_in
type_line poweroff
console_ends
ctl 0 wait debian --timeout 60
[ "$(cat "$out")" = 0 ] || fail "a power-off is $(cat "$out")"
state_is debian stopped || fail "a power-off is no failure"
told vm.ended '"outcome":"guest_power_off"' '"boot":5'
! grep -a "powerd" "$screen" >/dev/null || fail "somebody pressed the button"

ctl 0 autostart enable debian
ctl 0 inspect debian --format '{{.Autostart}}'
prints true
ctl 0 autostart disable debian
told vm.autostart '"autostart":false'
ctl 0 rm debian
ctl 0 list -q
[ ! -s "$out" ] || fail "it is still there"
[ -n "$(ls "$root"/log/vm/debian.*/console-5.0)" ] || fail "its logs went with it"
daemon_stop
echo "ok"
