#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Objects of different compilers and sanitizers are kept apart, and a change of flags, of a header or of a
# source rebuilds what depends on it and nothing else.
# deadline: 120
set -u
top=$PWD
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

fail() {
    echo "FAILED: $*"
    cat "$scratch/out"
    exit 1
}

# A tree of two sources and one unit test.
cp -R "$top/Makefile" "$top/mk" "$scratch/"
cd "$scratch" || exit 1
mkdir -p hypervisor/soft hypervisor/include tests/unit/hypervisor
echo 'int one(void);' >hypervisor/soft/one.h
printf '#include "one.h"\nint one(void)\n{\n    return 1;\n}\n' >hypervisor/soft/one.c
printf 'int two(void);\nint two(void)\n{\n    return 2;\n}\n' >hypervisor/soft/two.c
printf '#include "one.h"\nint main(void)\n{\n    return one() - 1;\n}\n' >tests/unit/hypervisor/test-one.c

build() { # ARGUMENT...
    make "$@" >out 2>&1 || fail "make $*"
}

built() { # WORD...: exactly these files were compiled
    [ "$(sed -n 's/^CC  *//p' out | LC_ALL=C sort | tr '\n' ' ')" = "${*:+$* }" ] || fail "expected to compile: $*"
}

build CC=gcc
built hypervisor/soft/one.c hypervisor/soft/two.c tests/unit/hypervisor/test-one.c
build CC=gcc
[ ! -s out ] || fail "a second make did something"

build CC=gcc SAN=ubsan
built hypervisor/soft/one.c hypervisor/soft/two.c tests/unit/hypervisor/test-one.c
for library in build/gcc/libhv.a build/gcc-ubsan/libhv.a; do
    [ -s "$library" ] || fail "no $library"
done
build CC=gcc
[ ! -s out ] || fail "the sanitizer build disturbed the other"

touch hypervisor/soft/one.h
build CC=gcc
built hypervisor/soft/one.c tests/unit/hypervisor/test-one.c
touch hypervisor/soft/two.c
build CC=gcc
built hypervisor/soft/two.c
build CC=gcc EXTRA_CFLAGS=-DOTHER
built hypervisor/soft/one.c hypervisor/soft/two.c tests/unit/hypervisor/test-one.c

! make SAN=nonsense >out 2>&1 || fail "accepted SAN=nonsense"
grep -q 'SAN is asan, ubsan' out || fail "no word on SAN"

# A commit compiles one file, and links anew what says of which commit it is.
mkdir -p common vmm-worker tests/tools
printf 'int three(void);\nint three(void)\n{\n    return 3;\n}\n' >common/three.c
printf 'extern const char name[];\nconst char name[] = PADDOCK_VERSION PADDOCK_COMMIT;\n' >common/version.c
cp common/three.c vmm-worker/four.c
echo 'int main(void) { return 0; }' | tee vmm-worker/main.c >tests/tools/tool.c
build CC=gcc STRICT=1 COMMIT=first
build CC=gcc STRICT=1 COMMIT=second
built common/version.c
[ "$(sed -n 's/^LD  *//p' out)" = build/gcc/vmm-worker ] || fail "linked more or less than the worker"
grep -q second build/gcc/vmm-worker || fail "the worker does not know its commit"

# An empty tree builds nothing and is no error.
rm -rf common vmm-worker hypervisor tests build
build CC=gcc
