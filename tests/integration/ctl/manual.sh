#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vmctl(8) has every verb, alias, option, shape, outcome, error and exit status of the program, with the words of its
# help, and no other.
# deadline: 60
set -u
# shellcheck source=tests/integration/lib/manual.sh
. "$(dirname "$0")/../lib/manual.sh"
vmctl=${PADDOCK_BUILD:-build/gcc}/vmctl
page=man/vmctl.8

[ -x "$vmctl" ] || { echo "there is no $vmctl (make)"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
"$vmctl" help --all >"$scratch/all"
[ "$(wc -l <"$scratch/all")" -gt 200 ] || { echo "help --all says only $(wc -l <"$scratch/all") lines"; status=1; }

# verb NAME, alias VERB NAME, option VERB NAME, option - NAME for those of all verbs; then "text VERB: WORDS" and
# "text VERB OPTION: WORDS", all words up to the next macro.
awk '
    function flush() { if (key != "") print "text", key ":" words; key = "" }
    /^\.Sh / { flush(); on = $2 == "VERBS" || $2 == "DESCRIPTION"; verb = "-"; deep = 0 }
    !on { next }
    /^\.Bl/ { deep++ }
    /^\.El/ { deep-- }
    /^\./ { flush() }
    !/^\./ { words = words " " $0 }
    /^Also called/ { aliases = 1; next }
    aliases && /^\.Cm / { print "alias", verb, $2; if ($NF == ".") aliases = 0; next }
    { aliases = 0 }
    /^\.It Cm / && deep == 1 { verb = $3; print "verb", verb; key = verb; words = "" }
    /^\.It Fl / {
        key = ""
        for (i = 2; i < NF; i++) if ($i == "Fl") {
            print "option", verb, $(i + 1)
            name = $(i + 1)
            sub(/^-/, "", name)
            if (key == "" || key ~ / .$/) key = verb " " name
        }
        words = ""
    }' "$page" >"$scratch/page"
awk '$1 == "verb" || $1 == "alias"
     $1 == "option" { for (i = 3; i <= NF; i++) print $1, $2, (length($i) > 1 ? "-" : "") $i }' "$scratch/all" >"$scratch/code"
same "verbs, aliases and options" 3<"$scratch/code" 4< <(grep -v '^text' "$scratch/page")

# The page may say more than the help.
awk '$1 != "text" { next }
     {
         at = index($0, ": ")
         key = substr($0, 6, at - 6)
         words = substr($0, at + 2)
     }
     NR == FNR { said[key] = toupper(substr(words, 1, 1)) substr(words, 2) "."; next }
     key in said && index(words, said[key]) != 1 { print key ": \"" said[key] "\" in the help, not \"" words "\""; bad = 1 }
     { seen++ }
     END { exit bad || seen < 100 }' "$scratch/all" "$scratch/page" || status=1

same "shapes" 3< <(awk '$1 == "schema" && $2 !~ /[.]|^event$|^failure$|^ps$/ { print $2 }' "$scratch/all") \
    4< <(awk '/^\.Sh / { on = $2 == "SHAPES" } on && $1 == ".Ss" { print $2 }' "$page")
same outcomes 3< <(sed -n 's/^outcome //p' "$scratch/all" | awk '{
        at = index($0, ": ")
        print substr($0, 1, at + 1) toupper(substr($0, at + 2, 1)) substr($0, at + 3) "."
    }') \
    4< <(awk '/^\.Sh / { on = $2 == "OUTCOMES"; if (said) print said; said = "" }
              on && /^\.It Cm / { if (said) print said; said = $5 " " $3 ":"; next }
              on && said && !/^\./ { said = said " " $0 }' "$page")
same "errors and exit statuses" 3< <(awk '$1 == "status" { print $2, $3 }' "$scratch/all") \
    4< <(awk '/^\.Sh / { on = $2 == "EXIT" }
              on && $1 == ".It" { status = $2 }
              on && $1 == ".Cm" && $2 ~ /^[a-z_]+$/ && (status < 100 || status == 124) { print status, $2 }' "$page")
exit "$status"
