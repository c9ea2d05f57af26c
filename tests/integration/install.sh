#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What make install puts under a prefix is complete and works from there: paddockd finds its worker, pages and
# completions are whole, and a configuration that is there already stays.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/lib/daemon.sh"

dest=$scratch/dest
prefix=$dest/opt/paddock

install_all() { OS=linux PADDOCK_BUILD=$build DESTDIR=$dest PREFIX=/opt/paddock scripts/install >"$out" 2>"$err"; }
mode() { # FILE MODE...
    local file=$1 mode
    shift
    for mode; do
        [ -z "$(find "$file" -perm "$mode")" ] || return 0
    done
    fail "the mode of $file is not $*"
}

# Under a umask that would keep it from others.
(umask 077 && install_all) || fail "scripts/install"
(cd "$dest" && find . -type f | sort) >"$out"
diff - "$out" <<END || fail "these files were installed"
./etc/paddock/paddock.yaml
./etc/systemd/system/paddock.service
./etc/systemd/system/paddock.socket
./etc/sysusers.d/paddock.conf
./opt/paddock/bin/vmctl
./opt/paddock/libexec/paddock/vmm-worker
./opt/paddock/sbin/paddockd
./opt/paddock/share/bash-completion/completions/vmctl
./opt/paddock/share/doc/paddock/paddock.yaml
./opt/paddock/share/fish/vendor_completions.d/vmctl.fish
$(for page in man/*.5; do echo "./opt/paddock/share/man/man5/${page##*/}"; done)
$(for page in man/*.8; do echo "./opt/paddock/share/man/man8/${page##*/}"; done)
./opt/paddock/share/zsh/site-functions/_vmctl
END
mode "$prefix/sbin/paddockd" 755
mode "$dest/etc/paddock/paddock.yaml" 644
mode "$dest/etc/paddock/vms.d" 755
for page in man/*.[1-9]; do
    cmp "$page" "$prefix/share/man/man${page##*.}/${page##*/}" >"$out" 2>&1 || fail "$page is not what was installed"
done
# shellcheck disable=SC1091
(. "$prefix/share/bash-completion/completions/vmctl" && complete -p vmctl) >"$out" 2>"$err" ||
    fail "bash does not take the completion"

# A second time: what the administrator wrote stays.
echo "# mine" >>"$dest/etc/paddock/paddock.yaml"
install_all || fail "scripts/install, again"
prints "left alone: $dest/etc/paddock/paddock.yaml"
grep -q "^# mine" "$dest/etc/paddock/paddock.yaml" || fail "the configuration was replaced"
! PREFIX=opt DESTDIR=$dest PADDOCK_BUILD=$build scripts/install >"$out" 2>&1 || fail "a relative PREFIX was accepted"

# The programs, from there, with the configuration from there.
start_installed() {
    "$prefix/sbin/paddockd" --root "$root" </dev/null >>"$said" 2>&1 &
    daemon=$!
    until_true 20 answers || fail "paddockd did not answer"
}
cp "$dest/etc/paddock/paddock.yaml" "$root/etc/"
"$prefix/sbin/paddockd" --root "$root" --check >"$out" 2>"$err" || fail "the sample has mistakes"
start_installed
refuse "no VM can start"
"$prefix/bin/vmctl" --root "$root" version >"$out" 2>"$err" || fail "vmctl version"
prints "process $daemon"
if [ -e "$mini/idle.img" ]; then
    "$prefix/bin/vmctl" --root "$root" run --name a --kernel "$mini/idle.img" -m 64MiB --wait=running >"$out" 2>"$err" ||
        fail "no VM runs"
    if [ -d /proc/self ]; then
        [ "$(readlink "/proc/$(($(workers)))/exe")" = "$prefix/libexec/paddock/vmm-worker" ] ||
            fail "the worker is not the installed one"
    fi
    ctl 0 rm --force a
fi
daemon_stop

# A daemon whose worker is missing says so at once.
rm "$prefix/libexec/paddock/vmm-worker"
start_installed
daemon_wait "no VM can start: $prefix/libexec/paddock/vmm-worker: No such file or directory"
daemon_stop
