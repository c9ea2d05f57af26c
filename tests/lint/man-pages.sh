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
    mandoc -T lint -W style "$page" || status=1
done
exit $status
