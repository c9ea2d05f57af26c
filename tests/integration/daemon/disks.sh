#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The disks of several VMs: one that somebody writes is his alone, one that all read is shared, what root opens has to
# be root's, and the files of a client's VM are opened again by its client after a restart of the daemon.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

[ -e "$mini/power-button.img" ] || skip "no bare-metal guests: no arm64 compiler"

run() { # STATUS NAME ARGUMENT...
    local status=$1 name=$2
    shift 2
    ctl "$status" run --name "$name" -m 64MiB --kernel "$mini/power-button.img" "$@"
}
field() { "$build/vmctl" --root "$root" inspect "$1" --format "$2"; }
disk() { truncate -s 1048576 "$scratch/$1.img" && chmod 644 "$scratch/$1.img"; }

for name in data base filed loose; do
    disk $name
done
chmod 755 "$scratch"
chmod 666 "$scratch/loose.img"
vms_file disks <<END
version: 1
templates:
  small: {memory: 64MiB, kernel: $mini/power-button.img}
vms:
  filed: {from: small, disks: [$scratch/filed.img]}
  thief: {from: small, disks: [$scratch/data.img]}
  loose: {from: small, disks: [$scratch/loose.img]}
  missing: {from: small, disks: [$scratch/missing.img]}
END
daemon_start

# ---- One who writes, and others

run 0 first --disk "$scratch/data.img"
run 4 second --disk "$scratch/data.img"
complains "the disk $scratch/data.img is in use by first"
run 4 second --disk "$scratch/data.img:ro" # to read what another writes is no better
complains "in use by first"
ctl 3 inspect second
ln "$scratch/data.img" "$scratch/other-name.img"
run 4 second --disk "$scratch/other-name.img"
complains "in use by first"
ctl 0 create --name second --kernel "$mini/power-button.img" --disk "$scratch/data.img" -m 64MiB
ctl 4 start second
complains "in use by first"
state_is second stopped || fail "second is not what it was"
ctl 4 start thief # root opens its disk when it starts: that run ends
complains "the disk $scratch/data.img is in use by first"
[ "$(field thief '{{.state}} {{.run.outcome}} {{.run.step}} {{.run.cause}}')" = \
    "failed start_refused devices the disk $scratch/data.img is in use by first" ] || fail "$(field thief '{{json .run}}')"
ctl 0 stop first --no-wait # the next one waits for it
ctl 0 start second
state_is first stopped || fail "both run"
run 0 second --replace --disk "$scratch/data.img"
state_is second running || fail "it was not replaced"
[ "$(workers | wc -w)" = 1 ] || fail "the one that was replaced is still there"
ctl 0 stop second
ctl 0 start thief
run 4 third --disk "$scratch/data.img"
complains "in use by thief"
ctl 0 stop thief

# ---- Those who all read

chmod 444 "$scratch/base.img"
run 0 reader --disk "$scratch/base.img:ro" --restart always
run 0 friend --disk "$scratch/base.img:ro"
chmod 644 "$scratch/base.img"
run 4 writer --disk "$scratch/base.img"
complains "the disk $scratch/base.img is in use by friend"

# ---- What root may open

ctl 1 start loose
complains "$scratch/loose.img: the file is writable by everybody (mode 0666)"
ctl 1 start missing
complains "$scratch/missing.img: No such file or directory"
run 1 nothing --disk "$scratch/missing.img"
complains "disk0: $scratch/missing.img: No such file or directory"
ctl 3 inspect nothing
rm "$scratch/filed.img"
ln -s "$scratch/base.img" "$scratch/filed.img"
ctl 1 start filed
complains "$scratch/filed.img: is a symbolic link"
[ "$(field filed '{{.run.step}}')" = devices ] || fail "another step"

# ---- Restarts within a daemon's life use what is held, also when the name has gone

mv "$scratch/base.img" "$scratch/moved.img"
kill -SEGV "$(($(field reader '{{.pid}}')))"
again() { [ "$(field reader '{{.state}} {{.restarts}}')" = "running 1" ]; }
wait_until "the reader's second run" again

# ---- The next daemon has no files of clients

ctl 0 autostart enable second
ctl 0 stop friend
daemon_stop
daemon_start
for name in reader second; do
    state_is $name failed || fail "$name is not failed"
    field $name '{{.outcome}}: {{.cause}}' >"$out"
    prints "start_refused: the files that its client had opened were closed with the last daemon: vmctl start opens them again"
done
state_is friend stopped || fail "friend was stopped"
[ -z "$(workers)" ] || fail "something runs: $(workers)"
chmod 444 "$scratch/moved.img"
ctl 1 start reader
complains "disk0: $scratch/base.img: No such file or directory"
mv "$scratch/moved.img" "$scratch/base.img"
ctl 0 start reader second friend
[ "$(workers | wc -w)" = 3 ] || fail "not three workers: $(workers)"
[ "$(field reader '{{.state}} {{json .cause}}')" = "running null" ] || fail "reader"
kill -SEGV "$(($(field reader '{{.pid}}')))"
wait_until "the reader's restart" again
daemon_stop
[ "$stopped" = 0 ] || fail "paddockd ended with status $stopped"
