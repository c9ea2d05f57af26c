#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Shell scripts: shellcheck's opinion, bash 3.2's limits (macOS has no newer one), no pipe into grep -q
# under pipefail (grep ends early, the writer dies of SIGPIPE and the answer is turned round).
set -u
cd "$(dirname "$0")/../.." || exit 1
command -v shellcheck >/dev/null 2>&1 || {
    echo "shellcheck is not installed"
    exit 77
}

scripts=()
while read -r file; do
    case $file in
    *.sh) scripts+=("$file") ;;
    *.*) ;;
    *)
        read -r first <"$file" || continue
        case $first in
        '#!'*sh) scripts+=("$file") ;;
        esac
        ;;
    esac
done < <(find . \( -name build -o -name .git \) -prune -o -type f -print | sed 's#^\./##' | LC_ALL=C sort)

status=0
shellcheck -x -P . "${scripts[@]}" || status=1

for file in "${scripts[@]}"; do
    [ "$file" != tests/lint/scripts.sh ] || continue
    if grep -nE '^set -[a-z]*o pipefail' "$file" >/dev/null &&
        grep -nE '\|[[:space:]]*(e|f)?grep ([^|]* )?-[a-zA-Z]*q' "$file" /dev/null; then
        echo "$file: pipe into grep -q under pipefail"
        status=1
    fi
    case $file in
    guest/init | guest/suite.sh | guest/bench.sh) continue ;; # busybox's shell
    esac
    if grep -nE '(^|[^[:alnum:]_-])(declare -[A-Za-z]*A|mapfile|readarray|EPOCHREALTIME|EPOCHSECONDS|wait -n|\$\{[A-Za-z_]+(\^|,|@)[^}]*\})' "$file" /dev/null; then
        echo "$file: not in bash 3.2"
        status=1
    fi
done
exit $status
