#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Every C file is laid out as clang-format 14 does it with .clang-format (make format).
set -eu
cd "$(dirname "$0")/../.."
command -v clang-format-14 >/dev/null 2>&1 || {
    echo "clang-format-14 is not installed"
    exit 77
}
files=()
while read -r file; do
    files+=("$file")
done < <(tests/lint/c-files)
[ ${#files[@]} != 0 ] || exit 0
clang-format-14 -style=file --dry-run -Werror "${files[@]}"
