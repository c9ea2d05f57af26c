#!/bin/bash
# SPDX-License-Identifier: ISC
#
# paddock-protocol(5) has every method with its parameters, every failure and every event of the code, and no other.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/integration/lib/manual.sh
. tests/integration/lib/manual.sh
page=man/paddock-protocol.5

# A method, and METHOD PARAMETER for each of its parameters.
code_methods() {
    awk '/^static const struct method table/ { on = 1; next }
         on && /^};/ { exit }
         on {
             line = $0
             while (match(line, /"[a-z_.]+"/)) {
                 word = substr(line, RSTART + 1, RLENGTH - 2)
                 line = substr(line, RSTART + RLENGTH)
                 if (word ~ /\./) { method = word; print method } else print method, word
             }
         }' supervisor/methods.c
}
page_methods() {
    awk '/^\.Sh / { on = $2 == "METHODS" }
         on && /^\.It Ic / { method = $3; print method; params = 0 }
         on && /^Parameters:/ { params = 1; next }
         on && params { print method, $(/^\.Op/ ? 3 : 2); if ($NF == ".") params = 0 }' "$page"
}

same methods 3< <(code_methods) 4< <(page_methods)
same failures 3< <(sed -n 's/^ *\[FAILURE_[A-Z_]*\] = {"\([a-z_]*\)".*/\1/p' common/failure.c | grep -vx none) \
    4< <(page_list FAILURES Er)
same events 3< <(grep -oh '"\(vm\|host\)\.[a-z_]*"' supervisor/farm*.c supervisor/main.c | tr -d '"') 4< <(page_list EVENTS Li)
[ "$(code_methods | wc -l)" -gt 20 ] || { echo "the table of methods was not found"; status=1; }
exit $status
