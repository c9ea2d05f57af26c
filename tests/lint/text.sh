#!/bin/bash
# SPDX-License-Identifier: ISC
#
# All files: a licence line, names in kebab-case, no leftovers, no blanks at line ends.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0

all=()
while read -r file; do
    all+=("$file")
done < <(find . \( -name build -o -name .git \) -prune -o -type f -print | sed 's#^\./##' | LC_ALL=C sort)

for file in "${all[@]}"; do
    case $file in
    hypervisor/include/Hypervisor/Hypervisor.h) ;; # Apple's name
    */Makefile | Makefile | LICENSE | *.md) ;;
    *)
        name=${file##*/}
        name=${name/%.S/.s} # assembly for the preprocessor
        if [[ ! $name =~ ^\.?[a-z0-9]+([.-][a-z0-9]+)*$ ]]; then
            echo "$file: names are in kebab-case"
            status=1
        fi
        ;;
    esac
    case $file in
    *.c | *.h | *.S | *.ld | *.mk | *.sh | Makefile)
        if ! head -n 3 "$file" | grep -E 'SPDX-License-Identifier: ISC' >/dev/null; then
            echo "$file: no SPDX line"
            status=1
        fi
        ;;
    esac
done

# A note to oneself is no part of the text: mend it or write it down as an issue.
word='TO''DO|FIX''ME|XX''X|HA''CK'
if grep -nIE "(^|[^A-Za-z0-9_.])($word)([^A-Za-z0-9_.]|\$)" "${all[@]}"; then
    echo "leftovers"
    status=1
fi
# Recorded output keeps its blanks.
texts=()
for file in "${all[@]}"; do
    case $file in
    *.expected | */seeds/*) ;;
    *) texts+=("$file") ;;
    esac
done
if grep -nIE '[[:blank:]]+$' "${texts[@]}"; then
    echo "blanks at line ends"
    status=1
fi
exit $status
