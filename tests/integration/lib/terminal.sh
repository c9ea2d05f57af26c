# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# vmctl on terminals of its own, made by script(1). Sourced after daemon.sh. A terminal is a number from 3 to 9, the
# descriptor that types on it:
#
#   term_start N COMMAND...      has 80 columns, or $columns; its process is term_pid N
#   term_type N TEXT             types it; printf's escapes are understood
#   term_wait N TEXT [COUNT]     until the terminal has shown it (so often)
#   term_end N STATUS            until the command is gone; the terminal's modes are again what they were
#   term_shows N TEXT, term_hides N TEXT

command -v script >/dev/null 2>&1 || skip "there is no script(1) here"
script --version 2>/dev/null | grep util-linux >/dev/null || skip "script(1) is not util-linux's"

screen() { echo "${scratch:?}/screen.$1"; }

term_clean() {
    local file
    for file in "$scratch"/screen.*.script; do
        [ ! -e "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null
    done
    clean_up
}
trap term_clean EXIT

# Runs in the terminal.
cat >"$scratch/in-terminal" <<'END'
#!/bin/bash
here=$1
columns=$2
shift 2
stty sane cols "$columns" rows 24
stty -a >"$here.before"
# Background jobs of a shell ignore SIGINT and SIGQUIT, and so does this script; the command is not to.
bash -c 'echo $$ >"$0.pid.new" && mv "$0.pid.new" "$0.pid" && exec env --default-signal=INT,QUIT "$@"' "$here" "$@"
echo $? >"$here.status"
stty -a >"$here.after"
END
chmod +x "$scratch/in-terminal"

term_start() { # N COMMAND...
    local n=$1 here
    here=$(screen "$1")
    shift
    rm -f "$here" "$here".*
    mkfifo "$here.keys" || fail "mkfifo"
    eval "exec $n<>\"$here.keys\""
    printf '%q ' "$scratch/in-terminal" "$here" "${columns:-80}" "$@" >"$here.command"
    SHELL=/bin/bash script -q -c "$(cat "$here.command")" /dev/null <"$here.keys" >"$here" 2>&1 &
    echo $! >"$here.script"
    wait_until "the terminal" test -s "$here.pid"
}

term_pid() { cat "$(screen "$1").pid"; }
# shellcheck disable=SC2059 # the text is a format
term_type() { printf "$2" >&"$1"; }

term_has() { [ "$(LC_ALL=C tr -d '\r' <"$(screen "$1")" | LC_ALL=C grep -a -o -F -e "$2" | wc -l)" -ge "${3:-1}" ]; }
term_fail() { # N WORDS...
    local n=$1
    shift
    cp "$(screen "$n")" "${out:?}"
    fail "terminal $n $*"
}
term_wait() { # N TEXT [COUNT]
    until_true 30 term_has "$@" || term_fail "$1" "does not show \"$2\""
}
term_shows() { term_has "$1" "$2" || term_fail "$1" "does not show \"$2\""; }
term_hides() { ! term_has "$1" "$2" || term_fail "$1" "shows \"$2\""; }

term_end() { # N STATUS
    local here
    here=$(screen "$1")
    until_true 30 test -s "$here.after" || term_fail "$1" "goes on"
    eval "exec $1>&-"
    wait "$(cat "$here.script")"
    [ "$(cat "$here.status")" = "$2" ] || term_fail "$1" "ended with status $(cat "$here.status"), not $2"
    cmp -s "$here.before" "$here.after" || term_fail "$1" "has other modes: $(diff "$here.before" "$here.after")"
}
