#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Completion in bash, zsh and fish: verbs, options, values, and the VMs for which the verb makes sense; typed at a real
# prompt; and a daemon that hangs, which no prompt waits for.
# deadline: 120
set -u
# shellcheck source=tests/integration/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/integration/lib/terminal.sh
. "$(dirname "$0")/../lib/terminal.sh"

[ -e "$mini/idle.img" ] || skip "no bare-metal guests: no arm64 compiler"
PATH=$programs:$PATH
export VMCTL_HOST=unix://$root/run/control.sock
shells=

# What each shell offers for a line, one a line, sorted.
in_bash() { # LINE
    bash --norc -c 'eval "$(vmctl completion bash)" && COMP_LINE=$1 COMP_POINT=${#1} && _vmctl &&
        [ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}"' bash "$1" | sort
}
in_zsh() {
    # shellcheck disable=SC2016 # for zsh
    zsh -f -c 'compdef() { :; }; compadd() { print -rl -- ${(P)2} }; _files() { :; }
        eval "$(vmctl completion zsh)" || exit 1
        words=(${(z)1}); [[ $1 = *" " ]] && words+=(""); CURRENT=$#words; _vmctl' zsh "$1" | sort
}
in_fish() {
    # shellcheck disable=SC2016 # for fish
    fish --no-config -c 'vmctl completion fish | source; complete -C $argv[1]' "$1" | sort
}
offers() { # LINE EXPECTED...: all of it in each shell
    local line=$1 shell
    shift
    for shell in $shells; do
        "in_$shell" "$line" >"$out" 2>"$err"
        [ "$(tr '\n' ' ' <"$out")" = "${*:+$* }" ] || fail "$shell offers for \"$line\": $(tr '\n' ' ' <"$out")"
        [ ! -s "$err" ] || fail "$shell says for \"$line\": $(cat "$err")"
    done
}

for shell in bash zsh fish; do
    if command -v "$shell" >/dev/null 2>&1; then
        shells="$shells $shell"
        vmctl completion "$shell" >"$scratch/$shell" || fail "no completion for $shell"
        "$shell" -n "$scratch/$shell" || fail "$shell does not understand its completion"
    else
        echo "there is no $shell here: not tried"
    fi
done
ctl 2 completion tcsh

# Without a daemon: what needs none.
offers "vmctl val" validate
offers "vmctl sto" stop
offers "vmctl stop --fo" --force
offers "vmctl list --format j" json jsonl
offers "vmctl --root /nowhere autostart e" enable
offers "vmctl stop "
daemon_start
for name in one once two; do
    ctl 0 run --name "$name" -m 64MiB --kernel "$mini/idle.img"
done
ctl 0 stop --force two

offers "vmctl stop " once one
offers "vmctl start " two
offers "vmctl rm o" once one
offers "vmctl restart --timeout 5s onc" once
offers "vmctl logs one "
offers "vmctl -H unix://$root/run/control.sock start t" two
offers "vmctl --root $root wait --state rea" ready
offers "vmctl wait --state ready tw" two
VMCTL_HOST=unix:///nowhere offers "vmctl -H $root/run/control.sock start t" two

# At a prompt: a key completes the word.
term_start 3 env "PS1=prompt> " bash --norc --noprofile -i
term_wait 3 "prompt> "
# shellcheck disable=SC2016 # for the shell at the prompt
term_type 3 'eval "$(vmctl completion bash)"\rvmctl inspect --format "<{{.Name}}>" tw\t\r'
term_wait 3 "<two>"
term_type 3 'exit\r'
term_end 3 0

# A daemon that hangs: no names, instead of waiting until this test is too slow.
kill -STOP "$daemon"
offers "vmctl stop "
offers "vmctl lis" list
kill -CONT "$daemon"
offers "vmctl start " two
ctl 0 stop --all --force
daemon_stop
[ "$shells" = " bash zsh fish" ] || skip "tried in$shells alone (make deps)"
echo "ok"
