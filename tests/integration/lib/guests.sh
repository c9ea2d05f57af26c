# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# Debian guests and what a script needs of its surroundings, for vm.sh and daemon.sh, which bring $scratch, skip and fail.
#
#   need_tool TOOL...  need_file FILE...   or the script is skipped
#   need_guest GUEST                       sets $kernel and $initrd
#   pack_script [FILE...]                  standard input becomes the guest's /test.sh; $initrd has it, too
#   make_root FILE MIB [FOLDER]            a root file system with a login

# shellcheck source=guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../../guest/lib.sh"

# shellcheck disable=SC2034 # used by those who source this
cross=${PADDOCK_CROSS:-build/cross}
debian_guests=$(guest_cache)

need_tool() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 || skip "there is no $tool here (make deps)"
    done
}

need_file() {
    local file
    for file in "$@"; do
        [ -e "$file" ] || skip "there is no $file (make)"
    done
}

need_guest() { # GUEST
    kernel=$debian_guests/$1/Image
    initrd=${PADDOCK_GUEST:-build/guest}/$1.initramfs
    [ -e "$kernel" ] || skip "no guest $1 in $debian_guests (make guest)"
    [ -e "$initrd" ] || skip "there is no $initrd (make guest)"
}

# Packs /test.sh (standard input) and further files behind the guest's initramfs; $initrd is then the
# result.
# shellcheck disable=SC2154 # scratch
pack_script() { # [FILE...]
    local tree=$scratch/pack
    need_tool cpio
    rm -rf "$tree"
    mkdir -p "$tree"
    cat >"$tree/test.sh"
    [ $# = 0 ] || cp "$@" "$tree/"
    (cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$scratch/extra.cpio" || fail "cpio"
    # An archive begins at a multiple of four bytes.
    {
        cat "$initrd"
        head -c $(((4 - $(wc -c <"$initrd") % 4) % 4)) /dev/zero
        cat "$scratch/extra.cpio"
    } >"$scratch/initrd"
    initrd=$scratch/initrd
}

# An ext4 file system with a busybox userland in it: init, getty and login on the serial port, and
# whatever further files the folder named third holds.
make_root() { # FILE MIB [FOLDER]
    local tree=$scratch/root.tree applet
    need_tool mkfs.ext4
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,etc/init.d,proc,sys,dev,tmp,root,run,mnt}
    cp "$debian_guests/busybox/busybox" "$tree/bin/" || fail "no busybox"
    for applet in sh init; do
        ln -s /bin/busybox "$tree/bin/$applet"
    done
    ln -s /bin/busybox "$tree/sbin/init"
    echo 'root::0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
    echo 'root:x:0:' >"$tree/etc/group"
    echo paddock >"$tree/etc/hostname"
    cat >"$tree/etc/init.d/rcS" <<'END'
#!/bin/sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -o remount,rw /
/bin/busybox --install -s
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /tmp
hostname -F /etc/hostname
END
    chmod 755 "$tree/etc/init.d/rcS"
    printf '%s\n' '::sysinit:/etc/init.d/rcS' 'ttyS0::respawn:/sbin/getty 115200 ttyS0 vt100' \
        '::shutdown:/bin/umount -a -r' >"$tree/etc/inittab"
    [ $# -lt 3 ] || cp -R "$3/." "$tree/"
    rm -f "$1"
    mkfs.ext4 -q -F -L root -d "$tree" "$1" "$2M" >"$scratch/mkfs" || fail "mkfs.ext4"
}
