#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Manual pages are mdoc that mandoc has nothing to say about.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0
for page in man/*.[1-9]; do
    [ -e "$page" ] || continue
    command -v mandoc >/dev/null 2>&1 || {
        echo "mandoc is not installed"
        exit 77
    }
    # Our own pages refer to each other before they are installed.
    remarks=$(mandoc -T lint -W style "$page" |
        while IFS= read -r line; do
            case $line in
            *"referenced manual not found: Xr "*)
                read -r name section _ <<<"${line##*: Xr }"
                [ -e "man/$name.$section" ] || [[ $name = paddock* || $name = vm[cm]* ]] || printf '%s\n' "$line"
                ;;
            *) printf '%s\n' "$line" ;;
            esac
        done)
    if [ -n "$remarks" ]; then
        printf '%s\n' "$remarks"
        status=1
    fi
done
exit $status
