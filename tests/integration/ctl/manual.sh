#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vmctl(8) names every verb, alias, option, error and exit status that the program has, and is well-formed.
# deadline: 60
set -u
vmctl=${PADDOCK_BUILD:-build/gcc}/vmctl
page=man/vmctl.8
status=0

[ -x "$vmctl" ] || { echo "there is no $vmctl (make)"; exit 77; }
complain() {
    echo "vmctl(8) lacks $*"
    status=1
}
# What stands under one verb's entry, or before the verbs for "-".
section() { # VERB
    awk -v verb="$1" '
        /^\.Sh VERBS/ { inside = 1; if (verb == "-") exit; next }
        /^\.Sh EXIT STATUS|^\.Sh FORMATS/ { inside = 0 }
        inside && /^\.It Cm / { here = ($3 == verb) }
        verb == "-" ? 1 : inside && here' "$page"
}
count=0
while read -r kind first rest; do
    count=$((count + 1))
    case $kind in
    verb) grep -q "^\.It Cm $first\( \|\$\)" "$page" || complain "the verb $first" ;;
    alias) grep -q "^\.Cm $rest " <<<"$(section "$first")" || complain "$first's alias $rest" ;;
    option)
        text=$(section "$first")
        for name in $rest; do
            [ ${#name} = 1 ] || name=-$name
            grep -qE "^\.It .*Fl -?${name#-}( |\$)" <<<"$text" || complain "$first's option -$name"
        done
        ;;
    status)
        [ "$first" = 0 ] || grep -q "^\.It $first\$" "$page" || complain "the exit status $first"
        grep -q "^\.Cm $rest [,.]\$" "$page" || complain "the error $rest"
        ;;
    esac
done < <("$vmctl" help --all)
[ "$count" -gt 100 ] || { echo "help --all says only $count lines"; status=1; }
if command -v mandoc >/dev/null 2>&1; then
    mandoc -T lint -W warning "$page" || status=1
fi
exit $status
