# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# What the tests that compare a manual page with the code share. $page is the page; $status becomes 1 on a difference.
#
#   same WHAT 3< CODE 4< PAGE    the two lists have the same lines, in any order
#   page_list SECTION MACRO      what the items of a section's lists are called: ".It MACRO NAME"
#   page_tree SECTION [PREFIX]   PATH and the first line under it, of lists in lists of ".It Ic NAME"

page=
status=0

same() {
    local difference
    difference=$(diff <(sort -u <&3) <(sort -u <&4)) || {
        printf '%s: < in the code, > in %s\n%s\n' "$1" "$page" "$difference"
        # shellcheck disable=SC2034 # for those who source this
        status=1
    }
}

page_list() {
    awk -v section="$1" -v macro="$2" '/^\.Sh / { on = substr($0, 5) == section }
         on && $1 == ".It" && $2 == macro { print $3 }' "$page"
}

page_tree() {
    awk -v section="$1" -v prefix="${2:+$2.}" '/^\.Sh / { on = substr($0, 5) == section; deep = 0 }
         !on { next }
         wanted != "" { print wanted, $0; wanted = ""; next }
         /^\.Bl/ { deep++ }
         /^\.El/ { deep-- }
         /^\.It Ic / {
             name[deep] = $3
             wanted = prefix
             for (i = 1; i <= deep; i++) wanted = wanted (i > 1 ? "." : "") name[i]
         }' "$page"
}
