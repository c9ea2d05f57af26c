#!/bin/bash
# SPDX-License-Identifier: ISC
#
# paddockd --check and vmctl validate find the same, say it in the same words and end with the same status; neither
# needs a daemon, nor changes anything. What the daemon then does with such files is what they said.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

host_file() {
    cat >"$root/etc/paddock.yaml"
    chmod 0644 "$root/etc/paddock.yaml"
}

both() { # STATUS SENTENCE...
    local want=$1 got text
    shift
    "$build/paddockd" --root "$root" --check </dev/null >"$out" 2>"$err"
    got=$?
    [ "$got" = "$want" ] || fail "--check ended with status $got, not $want"
    cp "$err" "$scratch/check"
    "$build/vmctl" --root "$root" validate </dev/null >"$out" 2>"$err"
    got=$?
    [ "$got" = "$want" ] || fail "validate ended with status $got, not $want"
    grep -v "^vmctl: " "$err" | diff "$scratch/check" - >"$out" || fail "they do not say the same"
    for text; do
        complains "$text"
    done
    [ "$(cd "$root" && find . | sort | tr '\n' ' ')" = "$before" ] || fail "something was made: $(find "$root")"
}
list() { before=$(cd "$root" && find . | sort | tr '\n' ' '); }

# Nothing there is nothing wrong: all has a default.
list
both 0
host_file <<END
version: 1
budget: {vms: 2}
END
vms_file good <<END
version: 1
vms:
  good: {memory: 64MiB, kernel: $guests/idle.img}
END
list
both 0

# All mistakes at once, over all files, with their places.
vms_file bad <<END
version: 1
vms:
  bad-1: {memory: 64, kernal: $guests/idle.img}
  bad-2: {memory: lots, kernel: $guests/idle.img, cpus: 0}
END
list
both 1 "bad.yaml:3:23: error: " "\"kernel\"" "bad.yaml:4:19: error: " "bad.yaml:4:"
daemon_start
daemon_wait "error bad-1 "
daemon_wait "error bad-2 "
ctl 0 list -q
[ "$(tr '\n' ' ' <"$out")" = "bad-1 bad-2 good " ] || fail "the daemon has $(cat "$out")"
ctl 1 start bad-2
complains "bad.yaml:4:"
daemon_stop

host_file <<END
version: 1
budget: {vms: many}
shutdown_timeout: 0s
END
rm -r "$root/db" "$root/run" "$root/log"
list
both 1 "paddock.yaml:2:15: error: " "paddock.yaml:3:19: error: " "bad.yaml:3:23: error: "
"$build/paddockd" --root "$root" </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "the daemon started with a mistake in the host's settings"
complains "paddock.yaml:2:15: error: "
complains "the configuration cannot be used"

# A file that somebody else could have written is not read by the daemon, and --check says so.
host_file <<END
version: 1
END
chmod 0666 "$root/etc/paddock.yaml"
"$build/paddockd" --root "$root" --check </dev/null >"$out" 2>"$err"
[ $? = 1 ] || fail "a file that everybody may write passed"
complains "writable by everybody"

# Mistakes of the command line are another status.
for option in --bogus --root "--root $root extra"; do
    # shellcheck disable=SC2086
    "$build/paddockd" $option </dev/null >"$out" 2>"$err"
    [ $? = 2 ] || fail "$option: not status 2"
done
ctl 1 validate "$scratch/nowhere.yaml"
complains "No such file"
