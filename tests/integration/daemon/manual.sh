#!/bin/bash
# SPDX-License-Identifier: ISC
#
# paddockd(8) has every option, signal, exit status, variable and folder of the program, and no other; each of its
# diagnostics is said somewhere.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/manual.sh
. "$(dirname "$0")/../lib/manual.sh"
paddockd=${PADDOCK_BUILD:-build/gcc}/paddockd
page=man/paddockd.8

[ -x "$paddockd" ] || { echo "there is no $paddockd (make)"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
words() { tr -cs 'A-Za-z_-' '\n'; }

# Options: as the program takes them, as it lists them, as the page does.
page_list DESCRIPTION Fl >"$scratch/options"
same "options" 3< <(grep -o '{"[a-z]*", [a-z]*_argument' supervisor/main.c | sed 's/{"\([a-z]*\)".*/-\1/') 4<"$scratch/options"
same "options of --help" 3< <("$paddockd" --help | words | sed -n 's/^--/-/p') 4<"$scratch/options"
same "options of SYNOPSIS" 3<"$scratch/options" \
    4< <(awk '/^\.Sh / { on = $2 == "SYNOPSIS" } on' "$page" | words | grep '^-.')

same signals 3< <(grep 'numbers\[3\] = ' supervisor/main.c | words | grep '^SIG') \
    4< <(grep '^\.It Dv' "$page" | words | grep '^SIG')
same variables 3< <(grep -h 'getenv\|unsetenv' supervisor/activation-*.c | grep -o '"[A-Z_]*"' | tr -d '"') \
    4< <(grep '^\.It Ev' "$page" | words | grep '_')

# What each ending is said to mean is tried.
expect() { # STATUS ARGUMENT...
    local want=$1 got
    shift
    "$paddockd" "$@" </dev/null >"$scratch/out" 2>&1
    got=$?
    echo "$got" >>"$scratch/statuses"
    [ "$got" = "$want" ] || { echo "paddockd $*: exit status $got, not $want"; status=1; }
}
mkdir -m 0755 "$scratch/root" "$scratch/root/etc"
expect 0 --version
expect 0 --root "$scratch/root" --check
echo "queue_max: many" >"$scratch/root/etc/paddock.yaml"
expect 1 --root "$scratch/root" --check
expect 1 --root "$scratch/root"
expect 2 --nonsense
expect 2 operand
same "exit statuses" 3<"$scratch/statuses" 4< <(awk '/^\.Sh / { on = $2 == "EXIT" } on && /^\.It/ { print $2 }' "$page")

# Folders, in which the page's files are.
awk '/^\.Sh / { on = $2 == "FILES" } on && /^\.It Pa/' "$page" | tr ' ' '\n' >"$scratch/files"
same folders 3< <(sed -n '/socket/d; s/^ *\.[a-z]* = "\(.*\)",$/\1/p' supervisor/paths-*.c) \
    4< <(sed -n 's|^\(/.*/paddock\)/.*|\1|p' "$scratch/files")
sed -n 's/^ *\.socket = "\(.*\)",$/\1/p' supervisor/paths-*.c >"$scratch/sockets"
same sockets 3<"$scratch/sockets" 4< <(grep 'sock$' "$scratch/files")
same "vmctl's sockets" 3< <(sed -n 's/^ *\.socket = "\(.*\)",$/\1/p' ctl/system-*.c) 4<"$scratch/sockets"

# Diagnostics: what stands between words in capitals, which are examples of something, is in the source.
cat supervisor/*.c | tr '\n' ' ' | sed 's/"  *"//g; s/\\"/"/g' >"$scratch/source"
awk '/^\.Sh / { on = $2 == "DIAGNOSTICS" } on && sub(/^\.It "/, "") { sub(/"$/, ""); print }' "$page" >"$scratch/said"
[ "$(wc -l <"$scratch/said")" -gt 20 ] || { echo "no diagnostics were found"; status=1; }
awk '{ gsub(/VM/, "\001"); gsub(/[: ]*[A-Z]+:? */, "\n"); gsub(/\001/, "VM"); print }' "$scratch/said" |
    grep '[a-z][a-z]' | while IFS= read -r part; do
    grep -qF -- "$part" "$scratch/source" || echo "nobody says \"$part\""
done >"$scratch/unsaid"
[ ! -s "$scratch/unsaid" ] || { cat "$scratch/unsaid"; status=1; }
exit "$status"
