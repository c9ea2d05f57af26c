# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# The benchmarks of paddockd and vmctl beside libvirtd and virsh. tests/bench/run sources this.
#
# Both daemons are private, in a folder of their own, and have no systemd: "paddockd --root DIR", and libvirtd as a
# user's session daemon with its XDG folders there. A session daemon is the same libvirtd with the same QEMU driver,
# but makes no cgroups, labels and namespaces, so it does less than the system's. libvirtd as root is always the system's
# own, with its fixed paths; root runs it as nobody. Its domains are QEMU's emulator (TCG) with the guest that ours
# have, without devices but a serial port.
#
# bench-init stands in for the init whose reaping libvirtd waits for; in the end it kills all that is left.

# What run has set: build logs runs clock qemu_cpu.
# shellcheck disable=SC2154

PATH=$PATH:/usr/sbin # where libvirtd is, and a user's PATH may not have it
rest_guest=build/guest/mini/rest.img
button_guest=build/guest/mini/power-button.img
idle_seconds=10
idle_vms=100

# item, group, file of samples, how, unit, and which way is better. How: p50, p99 of the runs in ms, sum in seconds, or
# the number that the file is.
daemon_items() {
    cat <<'END_ITEMS'
list-10             list  list-10      p50    ms    less
list-10-p99         list  list-10      p99    ms    less
list-100            list  list-100     p50    ms    less
list-100-p99        list  list-100     p99    ms    less
list-1000           list  list-1000    p50    ms    less
list-1000-p99       list  list-1000    p99    ms    less
daemon-rss          list  rss          number MiB   less
daemon-pss          list  pss          number MiB   less
daemon-rss-per-vm   list  rss-per-vm   number KiB   less
daemon-pss-per-vm   list  pss-per-vm   number KiB   less
run                 life  run          p50    ms    less
run-twenty          life  run          sum    s     less
stop-force          life  stop-force   p50    ms    less
stop                life  stop         p50    ms    less
daemon-idle-cpu     quiet idle-cpu     number us/s  less
daemon-idle-wakeups quiet idle-wakeups number /s    less
END_ITEMS
}

# What a group's numbers come from, for results.json.
daemon_command() { # ITEM
    case $1 in
    list-*) echo "vmctl --root DIR list --all" ;;
    run*) echo "vmctl --root DIR run --name NAME --memory 64MiB --kernel $rest_guest" ;;
    stop-force) echo "vmctl --root DIR stop --force NAME" ;;
    stop) echo "vmctl --root DIR stop NAME" ;;
    *) echo "paddockd --root DIR" ;;
    esac
}

# ---- The two daemons -----------------------------------------------------------------------------------

daemon_folder=
ours_init=
ours_pid=
peer_init=
peer_pid=
ctl=() virsh=() as_user=()

daemon_stop() {
    local init
    for init in $ours_init $peer_init; do
        kill "$init" 2>/dev/null && wait "$init" 2>/dev/null
    done
    [ -z "$daemon_folder" ] || rm -rf "$daemon_folder"
    daemon_folder=
    ours_init=
    peer_init=
}

in_time() { # COMMAND... until it succeeds
    local try=0
    until "$@" >/dev/null 2>&1; do
        [ $((try += 1)) -lt 400 ] || return 1
        sleep 0.05
    done
}

started_pid() { sed -n 's/^pid //p' "$1"; } # what bench-init said

# Why there is nothing to compare with; nothing if there is.
libvirt_missing() {
    command -v libvirtd >/dev/null 2>&1 || echo "no libvirtd here (scripts/deps ensure bench)"
    command -v virsh >/dev/null 2>&1 || echo "no virsh here (scripts/deps ensure bench)"
    command -v qemu-system-aarch64 >/dev/null 2>&1 || echo "no qemu-system-aarch64 here"
    [ "$(id -u)" != 0 ] || command -v setpriv >/dev/null 2>&1 || echo "no setpriv here to run libvirtd as nobody"
}

start_ours() {
    mkdir -m 0755 "$daemon_folder/root" || return
    "$build/bench/bench-init-linux" -- "$build/paddockd" --root "$daemon_folder/root" \
        --worker "$(cd "$build" && pwd)/vmm-worker" </dev/null >"$daemon_folder/paddockd.said" 2>"$logs/paddockd.log" &
    ours_init=$!
    ctl=("$build/vmctl" --root "$daemon_folder/root")
    in_time "${ctl[@]}" version || return
    ours_pid=$(started_pid "$daemon_folder/paddockd.said")
}

start_peer() {
    local d=$daemon_folder/v socket
    socket=$d/run/libvirt/libvirt-sock
    mkdir -p "$d/config/libvirt" "$d/run" && cp "$rest_guest" "$d/guest.img" || return
    # Less work for it: no labels, no second daemon for the consoles.
    printf '%s\n' 'security_driver = "none"' 'stdio_handler = "file"' >"$d/config/libvirt/qemu.conf"
    as_user=(env HOME="$d" XDG_CONFIG_HOME="$d/config" XDG_RUNTIME_DIR="$d/run" XDG_CACHE_HOME="$d/cache"
        XDG_DATA_HOME="$d/data")
    if [ "$(id -u)" = 0 ]; then
        chown -R nobody "$d" || return
        as_user=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups "${as_user[@]}")
    fi
    "$build/bench/bench-init-linux" -- "${as_user[@]}" libvirtd </dev/null >"$daemon_folder/libvirtd.said" \
        2>"$logs/libvirtd.log" &
    peer_init=$!
    virsh=(virsh -q -c "qemu:///session?mode=legacy&socket=$socket")
    in_time "${virsh[@]}" list || return
    peer_pid=$(started_pid "$daemon_folder/libvirtd.said")
}

# Sets daemon_sides.
daemon_start() {
    daemon_folder=$(mktemp -d "${TMPDIR:-/tmp}/paddock-bench.XXXXXX") && chmod 0755 "$daemon_folder" || return
    start_ours || {
        fail "paddockd did not start; see $logs/paddockd.log"
        return 1
    }
    daemon_sides=ours
    [ -z "$libvirt_why_not" ] || return 0
    if start_peer; then
        daemon_sides="ours peer"
    else
        libvirt_why_not="libvirtd did not start; see $logs/libvirtd.log"
        echo "bench: $libvirt_why_not: only our own numbers" >&2
    fi
}

describe_domain() { # NAME
    cat <<END_DOMAIN
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='aarch64' machine='virt'>hvm</type><kernel>$daemon_folder/v/guest.img</kernel></os>
  <features><gic version='3'/></features>
  <cpu mode='custom'><model>$qemu_cpu</model></cpu>
  <devices>
    <emulator>$(command -v qemu-system-aarch64)</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='null'/>
  </devices>
</domain>
END_DOMAIN
}

# VMs PREFIX-FIRST to PREFIX-LAST, defined and not started; ours are made when they are run, if PREFIX is "run".
define() { # PREFIX FIRST LAST
    local i file=$daemon_folder/domain
    if [ "$1" != run ]; then
        "$build/bench/bench-repeat" -f "$2" -n $(($3 - $2 + 1)) -- "${ctl[@]}" create --name "$1-{}" --memory 64MiB \
            --kernel "$rest_guest" >/dev/null || return
    fi
    [ "$daemon_sides" != ours ] || return 0
    describe_domain "$1-@" >"$file.xml"
    for ((i = $2; i <= $3; i++)); do
        sed "s/-@</-$i</" "$file.xml" >"$file-$i.xml"
        echo "define $file-$i.xml"
    done | "${virsh[@]}" >/dev/null || return
    rm -f "$file"*
}

# Appends what COMMAND took, COUNT times from number 1, to the samples of NAME.
sample() { # NAME SIDE COUNT COMMAND...
    local name=$1 side=$2 count=$3 pid=$ours_pid
    shift 3
    [ "$side" = ours ] || pid=$peer_pid
    progress "bench: $name, $side"
    "$build/bench/bench-repeat" -n "$count" -p "$pid" -- "$@" >>"$logs/$name.$side" 2>>"$logs/$name.err" || {
        fail "$name on ${side/peer/libvirtd}: $(tail -n 2 "$logs/$name.err" | tr '\n' ' ')"
        return 1
    }
}

# ---- The groups ----------------------------------------------------------------------------------------

memory_of() { # PID FIELD, in KiB
    awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/smaps_rollup"
}

pid_of() { # SIDE
    [ "$1" = ours ] && echo "$ours_pid" || echo "$peer_pid"
}

measure_memory() { # VMS: 0, or so many more than then
    local side field kib
    for side in $daemon_sides; do
        for field in Rss Pss; do
            kib=$(memory_of "$(pid_of "$side")" $field)
            field=$(echo "$field" | tr 'RP' 'rp')
            if [ "$1" = 0 ]; then
                echo "$kib" >"$logs/$field-kib.$side"
                awk '{ print $1 / 1024 }' "$logs/$field-kib.$side" >"$logs/$field.$side"
            else
                awk -v now="$kib" -v vms="$1" '{ print (now - $1) / vms }' "$logs/$field-kib.$side" \
                    >"$logs/$field-per-vm.$side"
            fi
        done
    done
}

# `list` with ever more VMs, and what they cost the daemon.
measure_list() {
    local first=1 vms run side
    measure_memory 0
    for vms in 10 100 1000; do
        progress "bench: $vms VMs are defined"
        define vm $first $vms || return
        for ((run = 0; run < runs; run++)); do
            for side in $daemon_sides; do
                case $side in
                ours) sample "list-$vms" ours 200 "${ctl[@]}" list --all || return ;;
                peer) sample "list-$vms" peer 50 "${virsh[@]}" list --all || return ;;
                esac
            done
        done
        first=$((vms + 1))
    done
    measure_memory 1000
}

# Twenty are started one after the other, and ended again.
measure_life() {
    local run side
    define run 1 20 || return
    # A machine's capabilities are asked for once.
    [ "$daemon_sides" = ours ] || "${virsh[@]}" 'start run-1; destroy run-1' >/dev/null || return
    for ((run = 0; run < runs; run++)); do
        for side in $daemon_sides; do
            if [ "$side" = ours ]; then
                sample run ours 20 "${ctl[@]}" run --name "run-{}" --memory 64MiB --kernel "$rest_guest" &&
                    sample stop-force ours 20 "${ctl[@]}" stop --force "run-{}" &&
                    "${ctl[@]}" rm --all --force >/dev/null || return
            else
                sample run peer 20 "${virsh[@]}" start "run-{}" &&
                    sample stop-force peer 20 "${virsh[@]}" destroy "run-{}" || return
            fi
        done
        # A guest that powers off at once when it is asked to; libvirt's shutdown does not wait for that.
        "$build/bench/bench-repeat" -n 10 -- "${ctl[@]}" run --name "button-{}" --memory 64MiB --wait=ready \
            --kernel "$button_guest" >/dev/null && sample stop ours 10 "${ctl[@]}" stop "button-{}" &&
            "${ctl[@]}" rm --all --force >/dev/null || return
    done
}

# Nanoseconds on a CPU, and how often it slept, of all threads.
cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns }'; }
sleeps() { cat /proc/"$1"/task/*/status | awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n }'; }

# What the daemon does while as many VMs as memory allows run, and none of them does anything.
measure_quiet() {
    local side vms ns=() naps=() which=0
    vms=$(awk -v most=$idle_vms '$1 == "MemAvailable:" { n = int($2 / 1024 / 80); print n < most ? n : most }' /proc/meminfo)
    [ "$vms" = "$idle_vms" ] || echo "bench: memory for $vms of $idle_vms idle VMs" >&2
    define run 1 "$vms" || return
    for side in $daemon_sides; do
        progress "bench: $vms idle VMs, $side"
        if [ "$side" = ours ]; then
            "$build/bench/bench-repeat" -n "$vms" -- "${ctl[@]}" run --name "run-{}" --memory 64MiB \
                --kernel "$rest_guest" >/dev/null || return
        else
            "$build/bench/bench-repeat" -n "$vms" -- "${virsh[@]}" start "run-{}" >/dev/null || return
        fi
    done
    sleep 3 # what starting leaves behind
    for side in $daemon_sides; do
        ns+=("$(cpu_ns "$(pid_of "$side")")") naps+=("$(sleeps "$(pid_of "$side")")")
    done
    sleep $idle_seconds
    for side in $daemon_sides; do
        echo "$(cpu_ns "$(pid_of "$side")") ${ns[which]} $idle_seconds" |
            awk '{ print ($1 - $2) / 1000 / $3 }' >"$logs/idle-cpu.$side"
        echo "$(sleeps "$(pid_of "$side")") ${naps[which]} $idle_seconds" |
            awk '{ print ($1 - $2) / $3 }' >"$logs/idle-wakeups.$side"
        which=$((which + 1))
    done
}

# ---- All of it -----------------------------------------------------------------------------------------

daemon_value() { # FILE HOW
    local column=2
    [ -s "$1" ] || return
    [ "$clock" != cpu ] || column=3
    case $2 in
    number) cat "$1" ;;
    sum) awk -v column=$column -v runs="$runs" '{ s += $column } END { print s / runs }' "$1" ;;
    *) awk -v column=$column '{ print $column * 1000 }' "$1" | LC_ALL=C sort -g |
        awk -v percent="${2#p}" '{ v[NR] = $1 }
            END { at = int((NR * percent + 99) / 100); printf "%.4g\n", v[at] }' ;;
    esac
}

daemon_bench() {
    local group item item_group file how unit better wanted
    for group in list life quiet; do
        wanted=
        while read -r item item_group _; do
            [ "$item_group" = $group ] && selected "$item" && wanted=1
        done <<<"$(daemon_items)"
        [ -n "$wanted" ] || continue
        if [ "$(uname -s)" != Linux ]; then
            echo "bench: the daemon's need Linux's /proc: left out" >&2
            return
        fi
        libvirt_why_not=$(libvirt_missing | head -n 1)
        [ -z "$libvirt_why_not" ] || echo "bench: $libvirt_why_not: only our own numbers" >&2
        if ! daemon_start || ! measure_$group </dev/null; then
            fail "$group of the daemon was not measured; see $logs"
            daemon_stop
            continue
        fi
        daemon_stop
        progress ""
        while read -r item item_group file how unit better; do
            [ "$item_group" = $group ] && selected "$item" &&
                report "$item" "$(daemon_value "$logs/$file.ours" "$how")" "$(daemon_value "$logs/$file.peer" "$how")" \
                    "$unit" "$better" "$(libvirt_name)" "$(daemon_command "$item")"
        done <<<"$(daemon_items)"
    done
}

libvirt_name() {
    [ -n "$libvirt_why_not" ] && echo none && return
    echo "libvirt $(virsh --version) session, QEMU tcg"
}
