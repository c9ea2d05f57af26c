#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The files by which launchd and systemd run paddockd: installed where they are looked for, complete, and of one mind with
# the code about paths, names, modes and times. What was installed can be removed, and nothing else is.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

command -v python3 >/dev/null || skip "there is no python3"
dest=$scratch/dest

scripts_install() { # OS PREFIX [--remove]
    OS=$1 PREFIX=$2 DESTDIR=$dest PADDOCK_BUILD=$build scripts/install ${3:+"$3"} >"$out" 2>"$err" || fail "scripts/install $*"
}
files() { (cd "$dest" && find . ! -type d | sort); }
held() { python3 tests/integration/lib/service.py "$@" >"$out" 2>"$err" || fail "service.py $1"; }

shutdown=$("$build/vmctl" schema config | sed -n 's/.*all guests to stop with the daemon; by default \([0-9]*\)m".*/\1/p')
[ -n "$shutdown" ] || fail "the default of shutdown_timeout was not found"
shutdown=$((shutdown * 60))

service_files() { # OS PREFIX
    case $1:$2 in
    macos:*) echo ./Library/LaunchDaemons/org.paddock.paddockd.plist ;;
    linux:/usr*) printf ".$2/lib/%s\n" systemd/system/paddock.service systemd/system/paddock.socket sysusers.d/paddock.conf ;;
    linux:*) printf './etc/%s\n' systemd/system/paddock.service systemd/system/paddock.socket sysusers.d/paddock.conf ;;
    esac
}

for os in linux macos; do
    for prefix in /usr/local /usr /opt/paddock-1.0; do
        rm -rf "$dest"
        mkdir "$dest"
        scripts_install $os $prefix
        # It says each file it has made.
        files >"$scratch/made"
        diff <(sed -n "s|^$dest|.|p" "$out" | sort) "$scratch/made" >"$err" || fail "it does not say what it makes"
        diff <(service_files $os $prefix) <(grep -E 'systemd/|sysusers|Launch' "$scratch/made") >"$out" 2>"$err" ||
            fail "the service's files on $os below $prefix"
        if [ $os = macos ]; then
            plist=$dest/Library/LaunchDaemons/org.paddock.paddockd.plist
            held launchd "$plist" $prefix/sbin "$shutdown"
            # launchd refuses what others may write, and makes no folder for the log.
            [ -n "$(find "$plist" -perm 644)" ] || fail "the mode of $plist"
            [ -n "$(find "$dest/var/log/paddock" -perm 750 -type d)" ] || fail "no folder for the log"
        else
            unit=$dest$(service_files $os $prefix | sed -n 's/^\.\(.*\)\.service$/\1/p')
            held systemd "$unit.service" "$unit.socket" $prefix/bin $prefix/sbin "$shutdown"
        fi

        # Removed: no more and no less. The configuration stays, and so does what is not ours.
        echo mine >"$dest$prefix/share/doc/paddock/notes"
        scripts_install $os $prefix --remove
        prints "left alone: $dest/etc/paddock"
        files >"$out"
        diff - "$out" <<END || fail "left on $os below $prefix"
./etc/paddock/paddock.yaml
.$prefix/share/doc/paddock/notes
END
        [ -d "$dest/etc/paddock/vms.d" ] || fail "vms.d was removed"
        [ ! -e "$dest$prefix/libexec/paddock" ] || fail "the worker's folder is left"
        # Twice is once.
        scripts_install $os $prefix --remove
    done
done
for prefix in opt '/opt/a b' '/opt/a|b' '/opt/a&b'; do
    ! PREFIX=$prefix DESTDIR=$dest PADDOCK_BUILD=$build scripts/install >"$out" 2>"$err" || fail "PREFIX=$prefix was taken"
done
! OS=plan9 DESTDIR=$dest PADDOCK_BUILD=$build scripts/install >"$out" 2>"$err" || fail "OS=plan9 was taken"
complains "OS is linux or macos"

# The worker alone is entitled to virtual machines, and signed where that means something.
held entitlements vmm-worker/vmm-worker.entitlements
scripts_install macos /usr/local
if ! command -v codesign >/dev/null; then
    prints "not signed, as this is no Mac: codesign --force --sign - --entitlements vmm-worker/vmm-worker.entitlements $dest/usr/local/libexec/paddock/vmm-worker"
fi
if command -v plutil >/dev/null; then
    plutil -lint launchd/*.plist vmm-worker/*.entitlements >"$out" 2>&1 || fail "plutil"
fi

# What systemd itself thinks of the units: it has nothing to say. (The programs are not where they will be.)
command -v systemd-analyze >/dev/null || skip "the files are right as far as we know, but there is no systemd-analyze here"
mkdir "$scratch/units"
sed 's|@[a-z]*@/[a-z]*|/bin/true|' systemd/paddock.service >"$scratch/units/paddock.service"
cp systemd/paddock.socket "$scratch/units"
SYSTEMD_UNIT_PATH=$scratch/units: systemd-analyze verify --man=no "$scratch/units/paddock.service" "$scratch/units/paddock.socket" \
    >"$out" 2>&1 || fail "systemd-analyze verify"
[ ! -s "$out" ] || fail "systemd-analyze verify has something to say"
if command -v systemd-sysusers >/dev/null; then
    # On a system of its own, without any group.
    mkdir -p "$scratch/system/etc"
    systemd-sysusers --root="$scratch/system" "$PWD/systemd/sysusers.conf" >"$out" 2>&1 || fail "systemd-sysusers"
    grep -q '^paddock:' "$scratch/system/etc/group" || fail "no group paddock"
fi
