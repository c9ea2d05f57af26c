#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The serial console both ways: userspace writes 1 MiB through the tty and all of it arrives; a prompt
# without a newline is seen at once; a line much longer than any FIFO reaches the guest whole.
# deadline: 200
set -u
# shellcheck source=tests/integration/lib/vm.sh
. "$(dirname "$0")/../lib/vm.sh"

need_tool sha256sum
need_guest cloud-6.1
# shellcheck disable=SC2119
pack_script <<'END'
stty -echo -opost
echo "begin"
seq 1 200000 | head -c 1048576
echo "end"
printf 'a prompt> '
read -r line
echo "read ${#line} characters, $(echo "$line" | sha256sum)"
END

vm_start --kernel "$kernel" --initrd "$initrd" --append "quiet loglevel=0 paddock.run=script"
vm_wait_for "a prompt> "
line=$(seq -s , 1 800)
vm_type "$line"
vm_wait_for "characters, "
vm_end 0
expect_no_warning

# What lies between the two markers is what seq wrote, byte for byte.
size=$(wc -c <"$console")
begin=$(grep -abo '^begin$' "$console" | head -n 1 | cut -d: -f1)
[ -n "$begin" ] || fail "no beginning"
tail -c $((size - begin - 6)) "$console" | head -c 1048576 | sha256sum >"$scratch/got"
seq 1 200000 | head -c 1048576 | sha256sum >"$scratch/wanted"
cmp "$scratch/got" "$scratch/wanted" || fail "the 1 MiB did not arrive as it was sent"
expect "$console" "read ${#line} characters, $(echo "$line" | sha256sum)"

# The same where nothing lies between the guest and the port.
need_file "$mini/echo.img"
vm_start --kernel "$mini/echo.img"
vm_wait_for "mini: echo> "
[ "$(wc -c <"$console")" = 12 ] || fail "more than the prompt"
vm_type "$line"
vm_wait_for "$line"
printf '\004' >&3
vm_end 0
