#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: ISC
#
# Benchmarks that run inside a guest. Each does a fixed amount of work over fixed data and prints
#
#   bench: NAME begin
#   bench: NAME end CHECKSUM SECONDS
#
# The program that watches the console takes the time between the two lines by its own clock; SECONDS is
# the guest's own idea of it. CHECKSUM is the same on every machine, or the guest computed wrongly.
#
#   gzip      compress 8 MiB of text          branches, byte loads
#   gunzip    decompress it                   branches, byte stores
#   sha256    hash 32 MiB of zeros            integer arithmetic
#   copy      dd 24 MiB of a file eleven times through a 1 MiB buffer              memory copies
#   sort      sort 60,000 lines               comparisons, pointers
#   awk       a floating-point loop           FP and an interpreter's dispatch
#   spawn     300 processes, one after another   fork, exec, exit, page faults
#   boot      nothing: the ready line is the result
#   idle      sleep ten seconds

cd /tmp || exit 1

# 8 MiB of text that compresses like text: words picked by a fixed generator.
text() {
    awk 'BEGIN { n = split("guest host page fault timer queue disk ring frame worker signal lease board", w, " ")
        x = 42
        for (i = 0; i < 40000; i++) { x = (x * 16807) % 2147483647; printf "%s%s", w[x % n + 1], x % 11 ? " " : "\n" } }' >text.part
    while [ "$(wc -c <text)" -lt 8388608 ]; do cat text.part text.part text.part text.part >>text; done 2>/dev/null
    head -c 8388608 text >text.new
    mv text.new text
}

now() {
    read -r up _ </proc/uptime
    echo "$up"
}

measure() { # NAME COMMAND
    echo "bench: $1 begin"
    begin=$(now)
    sum=$($2)
    end=$(now)
    echo "bench: $1 end $sum $(echo "$begin $end" | awk '{ printf "%.2f", $2 - $1 }')"
    sleep 0.2 # who watches looks at the VM now
}

first8() { cut -c1-8; }

bench_gzip() { gzip -c <text | wc -c; }
bench_gunzip() { gzip -dc <text.gz | wc -c; }
bench_sha256() { head -c 33554432 /dev/zero | sha256sum | first8; }
bench_copy() {
    dd if=/dev/zero of=big bs=1M count=24 2>/dev/null
    pass=0
    while [ $((pass += 1)) -le 10 ]; do
        dd if=big of=big2 bs=1M 2>/dev/null
    done
    wc -c <big2
    rm -f big big2
}
bench_sort() {
    awk 'BEGIN { x = 7; for (i = 0; i < 60000; i++) { x = (x * 16807) % 2147483647; print x } }' | sort -n | sha256sum | first8
}
bench_awk() {
    awk 'BEGIN { for (i = 1; i <= 300000; i++) { s += i * 0.5; s -= i / 7 } printf "%.3f\n", s }'
}
bench_spawn() {
    i=0
    while [ $i -lt 300 ]; do
        /bin/busybox env true
        i=$((i + 1))
    done
    echo $i
}
bench_idle() {
    sleep 10
    echo 10
}

case $1 in
boot) ;;
gzip | gunzip)
    : >text
    text
    [ "$1" = gzip ] || gzip -c <text >text.gz
    measure "$1" "bench_$1"
    ;;
sha256 | copy | sort | awk | spawn | idle) measure "$1" "bench_$1" ;;
*) echo "bench: no such part: $1" ;;
esac
