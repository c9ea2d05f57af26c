#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A daemon that systemd runs: the control socket is passed on, clients wait in it until the daemon is up, and the
# service's state is told: ready, reading again, stopping.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
[ "$(uname -s)" = Linux ] || skip "systemd's way of activation is Linux's"
[ -x "$build/activate" ] || skip "there is no $build/activate (make)"

mkdir -m 0755 "$root/run"
socket=$root/run/control.sock

# Whoever connects before the daemon runs is answered when it does: the connection is made, only the answer is late.
# shellcheck disable=SC2016 # for the inner shell
"$build/activate" -l "$socket" sh -c 'until [ -e "$0" ]; do sleep 0.05; done; exec "$@"' "$scratch/go" \
    "$build/paddockd" --root "$root" --worker "$programs/vmm-worker" </dev/null >>"$said" 2>&1 &
daemon=$!
wait_until "the socket" test -S "$socket"
"$build/vmctl" --root "$root" version --format json >"$out" 2>"$err" &
client=$!
touch "$scratch/go"
wait "$client" || fail "the early client was not answered"
prints "\"pid\": $daemon"
# The socket is not the daemon's to remove.
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
[ -S "$socket" ] || fail "the passed socket was removed"

# The next daemon finds that nobody answers there any more and makes its own.
daemon_start
ctl 0 list
daemon_stop
[ ! -e "$socket" ] || fail "its own socket is left"

# What is no socket to listen on is refused by name.
"$build/activate" -d "$scratch/datagram" "$build/paddockd" --root "$root" </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "a datagram socket was taken for the control socket"
complains "no listening Unix socket"
# A service with more sockets than one, or one whose variables are somebody else's, makes its own.
daemon_start_by env LISTEN_FDS=1 LISTEN_PID=1
[ -S "$socket" ] || fail "it made no socket of its own"
daemon_stop

vms_file one <<END
version: 1
vms:
  one: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true}
END
for address in "$scratch/notify" "@paddock-test-$$"; do
    : >"$said"
    daemon_start_by "$build/activate" -n "$address"
    daemon_wait "notify: READY=1"
    ctl 0 reload
    daemon_wait "notify: RELOADING=1"
    daemon_wait "notify: MONOTONIC_USEC="
    daemon_wait "notify: READY=1" 2
    # A reload that changes nothing for it says why, where `systemctl status` shows it.
    vms_file two <<END
version: 2
END
    ctl 1 reload
    daemon_wait "notify: STATUS=the configuration was not read again"
    daemon_wait "notify: READY=1" 3
    rm "$root/etc/vms.d/two.yaml"
    kill -HUP "$daemon"
    daemon_wait "notify: READY=1" 4
    daemon_stop
    daemon_wait "notify: STOPPING=1"
    # shutdown_timeout, a minute, and what comes after it.
    daemon_wait "notify: EXTEND_TIMEOUT_USEC=90000000"
done
