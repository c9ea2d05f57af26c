#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Calls and constructs that this project does without. VLAs are refused by the compiler (-Wvla).
#
# Everywhere: strcpy strcat sprintf vsprintf gets alloca tmpnam mktemp.
# In code that a guest or a peer can reach, which is all but the tests: assert, abort, system and popen.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0

# Comments and string literals are blanked first: a comment may name what it avoids.
code() {
    LC_ALL=C awk '
        FNR == 1 { inside = 0 }
        {
            out = ""; line = $0
            while (line != "") {
                if (inside) {
                    end = index(line, "*/")
                    if (!end) { line = ""; continue }
                    line = substr(line, end + 2); inside = 0
                } else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\/|\/\*/)) {
                    out = out substr(line, 1, RSTART - 1)
                    token = substr(line, RSTART, RLENGTH)
                    line = substr(line, RSTART + RLENGTH)
                    if (token == "//") line = ""
                    else if (token == "/*") inside = 1
                    else out = out "\"\""
                } else { out = out line; line = "" }
            }
            print FILENAME ":" FNR ":" out
        }' "$@" /dev/null
}

search() { # WHAT PATTERN FOLDER...
    local what=$1 pattern=$2 hits
    shift 2
    hits=$(tests/lint/c-files "$@" | while read -r file; do code "$file"; done |
        grep -E "(^|[^A-Za-z0-9_>.])($pattern)[[:space:]]*\(")
    if [ -n "$hits" ]; then
        printf '%s:\n%s\n' "$what" "$hits"
        status=1
    fi
}

search "banned call" 'strcpy|strcat|sprintf|vsprintf|gets|alloca|__builtin_alloca|tmpnam|mktemp' .
search "banned outside tests" 'assert|abort|system|popen' \
    hypervisor common config vmm-worker vmm-net supervisor ctl
exit $status
