#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A database that is damaged, newer, another's or none at all: the daemon does not start, says why, and touches neither
# it nor what is left of the VMs.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
db=$root/db/paddock.db

vms_file one <<END
version: 1
vms:
  one: {memory: 64MiB, kernel: $guests/power-button.img}
END
daemon_start
ctl 0 run --name made --kernel "$guests/power-button.img" -m 64MiB --wait=running
daemon_stop
cp -p "$db" "$scratch/good"
mkdir -p "$root/run/vm/aaaaaaaaaaaaaaaa"

refused() { # SENTENCE
    cp -p "$db" "$scratch/before"
    "$build/paddockd" --root "$root" </dev/null >"$out" 2>"$err"
    [ $? = 1 ] || fail "it did not end with status 1"
    complains "$db: "
    complains "$1"
    cmp "$db" "$scratch/before" || fail "the database was changed"
    [ -d "$root/run/vm/aaaaaaaaaaaaaaaa" ] || fail "a folder of a VM was removed"
    [ ! -e "$root/run/control.sock" ] || fail "it was there for clients"
    ctl 6 list
    cp -p "$scratch/good" "$db"
}
put_at() { # OFFSET BYTES
    printf "%b" "$2" | dd of="$db" bs=1 seek="$1" conv=notrunc 2>/dev/null
}

put_at 60 '\0000\0000\0003\0350' # PRAGMA user_version
refused "has schema 1000, and this program knows schemas up to"
put_at 68 'Abcd' # application_id
refused "is another program's database"
dd if=/dev/zero of="$db" bs=4096 seek=1 count=3 conv=notrunc 2>/dev/null
refused "is damaged: "
echo "this was never a database, but it may be dear to somebody" >"$db"
refused "not a database"
printf 'SQLite format 3\000 and then nothing' >"$db"
refused ""
rmdir "$root/run/vm/aaaaaaaaaaaaaaaa"
# And after all that, with what it was, everything is as before.
daemon_start
ctl 0 list -q
[ "$(tr '\n' ' ' <"$out")" = "made one " ] || fail "it knows $(cat "$out")"
daemon_stop

