#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A worker that is killed, and a daemon that is: the first cause is recorded, and what is to run runs again, once.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

ended() { # PROCESS: gone, or only not reaped yet by whoever inherited it
    case $(ps -o stat= -p "$1") in
    "" | Z*) return 0 ;;
    *) return 1 ;;
    esac
}

vms_file crash <<END
version: 1
vms:
  a: {memory: 64MiB, kernel: $guests/power-button.img, autostart: true, restart: {policy: always, delay: 50ms}, stop_timeout: 5s}
END
daemon_start
daemon_wait "starting a ("
worker=$(workers)
kill -ABRT $((worker)) # which a sanitizer does not catch
daemon_wait "the worker was ended by signal 6"
daemon_wait "starting a (" 2
[ "$(workers | wc -w)" = 1 ] || fail "not one worker: $(workers)"

# The daemon dies: its worker stops the guest, and the next daemon starts it when the lock is free.
wait_until "the guest" grep -q "waiting for the power button" "$root"/log/vm/a.*/console-2.0
worker=$(workers)
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon_start
daemon_wait "its run was lost with the daemon"
daemon_wait "starting a (" 3
ended $((worker)) || fail "two workers of one VM"
grep -q "mini: power button" "$root"/log/vm/a.*/console-2.0 || fail "the guest was not asked to stop"

# A worker that does not even answer a signal is no obstacle to the next daemon.
worker=$(workers)
kill -STOP $((worker))
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon_start
daemon_wait "a worker of the last daemon does not end and is killed"
daemon_wait "starting a (" 4
daemon_stop
