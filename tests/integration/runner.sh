#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The test runner counts what passed, failed, was skipped or took too long, and calls nothing a success
# that was none.
# deadline: 60
set -u
runner=$PWD/tests/run
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

fail() {
    echo "FAILED: $*"
    cat out
    exit 1
}

script() { # NAME BODY
    printf '#!/bin/sh\n%s\n' "$2" >"$1"
    chmod +x "$1"
}

run() { # STATUS ARGUMENT...
    local wanted=$1 status
    shift
    "$runner" -l logs "$@" >out 2>&1
    status=$?
    [ $status = "$wanted" ] || fail "status $status instead of $wanted: $*"
}

expect() {
    grep -qE -- "$1" out || fail "expected: $1"
}

script pass.sh 'exit 0'
script fail.sh 'echo the reason; exit 3'
script skip.sh 'echo no such hardware; exit 77'
# The child outlives a runner that ends only its own child.
script late.sh "sleep 300 & echo \$! >child; sleep 300"
script stubborn.sh "trap '' TERM; while :; do sleep 1; done"
script own.sh "sleep 300
# deadline: 1"
script crash.sh 'kill -SEGV $$'
script left.sh 'sleep 300 & echo $! >left; exit 0'
cat >cmocka <<'END'
#!/bin/sh
echo '[  SKIPPED ] test_b'
echo '[  PASSED  ] 2 test(s).'
echo '[  SKIPPED ] 1 test(s), listed below:'
echo '[  SKIPPED ] test_b'
END
chmod +x cmocka

run 0 5:./pass.sh 5:./skip.sh
expect '^1 passed, 0 failed, 1 skipped$'
expect '^SKIP .*no such hardware'

run 1 5:./pass.sh 5:./fail.sh 5:./crash.sh
expect '^1 passed, 2 failed, 0 skipped$'
expect 'exit status 3'
expect 'signal 11'
expect '\| the reason'
[ -s logs/.-fail.log ] || fail "no log kept"

run 1 1:./late.sh 1:./stubborn.sh 300:./own.sh
expect '^0 passed, 3 failed, 0 skipped$'
expect '^TIME .*late.*over its deadline of 1 s'
! kill -0 "$(cat child)" 2>/dev/null || fail "the late test's child still runs"

run 0 5:./left.sh
! kill -0 "$(cat left)" 2>/dev/null || fail "what a test left running still runs"

run 0 5:./cmocka
expect '^2 passed, 0 failed, 1 skipped$'
expect 'skipped: test_b'

# Nothing run is no success.
run 1
expect '^0 passed, 1 failed, 0 skipped$'
run 1 -t nothing 5:./pass.sh
run 0 -t 'nothing pass' 5:./pass.sh 5:./fail.sh
expect '^1 passed, 0 failed, 0 skipped$'
run 0 -n -t pass 5:./pass.sh
run 1 -n -t nothing 5:./pass.sh
