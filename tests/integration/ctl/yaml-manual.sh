#!/bin/bash
# SPDX-License-Identifier: ISC
#
# paddock.yaml(5) has every key of the table in the code, with what it takes and its default, and no other; its example
# is one.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/manual.sh
. "$(dirname "$0")/../lib/manual.sh"
vmctl=${PADDOCK_BUILD:-build/gcc}/vmctl
page=man/paddock.yaml.5

[ -x "$vmctl" ] || { echo "there is no $vmctl (make)"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# "memory A size from 64MiB to 64GiB; default 512MiB."
"$vmctl" help --all | awk '$1 == "key" {
    path = $2
    sub(/^key [^ ]* /, "")
    print path, toupper(substr($0, 1, 1)) substr($0, 2) "."
}' >"$scratch/keys"
same keys 3<"$scratch/keys" 4< <(page_tree "HOST SETTINGS"; page_tree "VM SETTINGS" vm)
[ "$(wc -l <"$scratch/keys")" -gt 50 ] || { echo "help --all lists only $(wc -l <"$scratch/keys") keys"; status=1; }

# What the lists are to be compared with is found at all, and a difference is.
printf '.Sh A B\n.Bl\n.It Ic one\nOne.\n.Bl\n.It Ic two\nTwo.\n.El\n.It Ic three\nThree.\n.El\n.Sh C\n.It Ic four\nFour.\n' \
    >"$scratch/page"
[ "$(page=$scratch/page page_tree "A B" x | tr '\n' ' ')" = "x.one One. x.one.two Two. x.three Three. " ] ||
    { echo "page_tree does not find what is there"; status=1; }
(same nothing 3< <(echo a) 4< <(echo b) >/dev/null; [ "$status" = 1 ]) || { echo "same finds no difference"; status=1; }

awk '/^\.Sh / { on = $2 == "EXAMPLES" } on && /^\.Bd/ { text = 1; next } /^\.Ed/ { text = 0 } on && text' "$page" \
    >"$scratch/paddock.yaml"
grep -q '^vms:' "$scratch/paddock.yaml" || { echo "there is no example"; status=1; }
"$vmctl" validate "$scratch/paddock.yaml" || { echo "the example has mistakes"; status=1; }
exit "$status"
