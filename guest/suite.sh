#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: ISC
#
# A few hundred userspace commands with known answers, run inside a guest.
#
#   sh suite.sh check    run them, compare with /suite.expected, print
#                        "suite: N commands, M failures" and each command that differs
#   sh suite.sh record   run them and print what they print
#
# One command a line, below. They run in order, in one folder on tmpfs, each in a subshell, and may use
# what earlier ones left there. Every answer is the same on every machine: no clock, no kernel version, no
# processor count. guest/record makes suite.expected, and refuses answers on which two machines disagree.

export PATH=/bin:/usr/bin TZ=UTC0 LC_ALL=C
umask 022
folder=/tmp/suite.$$
mkdir -p $folder/work && cd $folder/work || exit 1
mode=${1:-check}
expected=${2:-/suite.expected}

commands() {
    cat <<'END'
echo hello, world
printf '%d %x %o %c %s\n' 255 255 255 A text
printf '%5d|%-5d|%05d|%+d\n' 42 42 42 42
printf '%.3f %e %g\n' 3.14159 31415.9 0.0001
printf '%s\n' one two three
printf '\101\102\x43\n'
echo $((1 + 2 * 3))
echo $((7 / 2)) $((-7 / 2)) $((7 % 3)) $((-7 % 3))
echo $((1 << 40)) $((0xff & 0x0f)) $((0xf0 | 0x0f)) $((0xff ^ 0x0f)) $((~0))
echo $((9223372036854775807)) $((9223372036854775807 + 1))
echo $((2 ** 10)) $((2 ** 62)) $((3 ** 39))
echo $((5 > 3)) $((5 < 3)) $((5 == 5)) $((5 != 5)) $((1 && 0)) $((1 || 0)) $((!1))
echo $((1 ? 10 : 20)) $((0 ? 10 : 20))
x=5; echo $((x++)) $((x)) $((--x)) $((x += 10)) $((x *= 3)) $((x >>= 1))
echo $((0x7fffffff * 0x7fffffff)) $((-2147483648 * 2147483647))
echo $((-9223372036854775807 / 3)) $((9223372036854775807 % 1000000007))
expr 6 \* 7; expr 100 / 7; expr 100 % 7; expr 5 - 9
expr length abcdef; expr substr abcdef 2 3; expr index abcdef d
expr abc123 : '[a-z]*\([0-9]*\)'
i=0; s=0; while [ $i -lt 2000 ]; do i=$((i + 1)); s=$((s + i * i)); done; echo $s
a=0; b=1; i=0; while [ $i -lt 90 ]; do t=$((a + b)); a=$b; b=$t; i=$((i + 1)); done; echo $a
n=27; c=0; while [ $n -ne 1 ]; do if [ $((n % 2)) = 0 ]; then n=$((n / 2)); else n=$((3 * n + 1)); fi; c=$((c + 1)); done; echo $c
gcd() { [ $2 = 0 ] && echo $1 || gcd $2 $(($1 % $2)); }; gcd 1071 462
fact() { [ $1 -le 1 ] && echo 1 || echo $(($1 * $(fact $(($1 - 1))))); }; fact 12
p=1; i=1; while [ $i -le 1000 ]; do p=$((p * 3 % 1000003)); i=$((i + 1)); done; echo $p
h=0; for c in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do h=$(((h * 31 + c) & 0xffffffff)); done; echo $h
x=2463534242; i=0; while [ $i -lt 500 ]; do x=$(((x ^ (x << 13)) & 0xffffffff)); x=$((x ^ (x >> 17))); x=$(((x ^ (x << 5)) & 0xffffffff)); i=$((i + 1)); done; echo $x
factor 2 97 360 1000003 600851475143
factor 4294967291 1000000007 999999000001
seq 1 10 | tr '\n' ' '
seq 10 -3 -5 | tr '\n' ' '
seq -w 8 11
seq 0 0.25 1
seq 1 20000 >nums; wc nums
seq 1 10000 | awk '{ s += $1 } END { print s }'
seq 1 5000 | awk '{ s = (s * 31 + $1) % 1000000007 } END { print s }'
awk 'BEGIN { print 1 / 3, 2 / 3, 1e300 * 1e10, -1e300 * 1e10 }'
awk 'BEGIN { printf "%.17g %.17g %.17g\n", 0.1, 0.2, 0.1 + 0.2 }'
awk 'function S(x, t, s, n) { t = s = x; for (n = 1; n < 20; n++) { t = -t * x * x / ((2 * n) * (2 * n + 1)); s += t } return s } BEGIN { printf "%.12f %.12f %.12f\n", S(1), S(-2), S(0.001) }'
awk 'function E(x, t, s, n) { t = s = 1; for (n = 1; n < 60; n++) { t = t * x / n; s += t } return s } BEGIN { printf "%.12f %.12f %.15g\n", E(1), E(-2), E(10) }'
awk 'function Q(x, y, n) { y = x / 2 + 0.5; for (n = 0; n < 40; n++) y = (y + x / y) / 2; return y } BEGIN { printf "%.15g %.15g %.15g %.15g\n", Q(2), Q(1e10), Q(1e-6), Q(12345.678) }'
awk 'BEGIN { printf "%d %d %d %d\n", 3.9, -3.9, 1e9 + 0.5, -1e9 - 0.5 }'
awk 'BEGIN { print int(7.99), int(-7.99), int("12abc"), int("") }'
awk 'BEGIN { printf "%.0f %.0f %.0f %.0f %.0f\n", 0.5, 1.5, 2.5, 3.5, -0.5 }'
awk 'BEGIN { printf "%.2f %.2f %.2f\n", 1.005, 2.675, 1.115 }'
awk 'function E(x, t, s, n) { t = s = 1; for (n = 1; n < 60; n++) { t = t * x / n; s += t } return s } function L(x, y, n) { y = 0; for (n = 0; n < 30; n++) y = y + 2 * (x - E(y)) / (x + E(y)); return y } BEGIN { printf "%.12f %.12f %.12f\n", L(2), L(10), L(0.5) }'
awk 'BEGIN { print 10 % 3, -10 % 3, 5.5 % 2, 1e15 % 7 }'
awk 'function S(x, t, s, n) { t = s = x; for (n = 1; n < 20; n++) { t = -t * x * x / ((2 * n) * (2 * n + 1)); s += t } return s } BEGIN { for (i = -5; i <= 5; i++) printf "%.9f ", S(i / 2); print "" }'
awk 'function S(x, t, s, n) { t = s = x; for (n = 1; n < 20; n++) { t = -t * x * x / ((2 * n) * (2 * n + 1)); s += t } return s } function Q(x, y, n) { y = x / 2 + 0.5; for (n = 0; n < 40; n++) y = (y + x / y) / 2; return y } BEGIN { for (i = 0; i < 8; i++) { s = S(i / 5); printf "%.9f ", Q(1 - s * s) } print "" }'
awk 'function A(x, t, s, n) { t = x; for (n = 0; n < 60; n++) { s += t / (2 * n + 1); t = -t * x * x } return s } BEGIN { printf "%.15f\n", 4 * (4 * A(1 / 5) - A(1 / 239)) }'
awk 'function E(x, t, s, n) { t = s = 1; for (n = 1; n < 60; n++) { t = t * x / n; s += t } return s } BEGIN { for (i = -5; i <= 5; i++) printf "%.10g ", E(i); print "" }'
awk 'function Q(x, y, n) { y = x / 2 + 0.5; for (n = 0; n < 40; n++) y = (y + x / y) / 2; return y } BEGIN { for (i = 0; i < 12; i++) printf "%.12g ", Q(i * 1000); print "" }'
awk 'function Q(x, y, n) { y = x / 2 + 0.5; for (n = 0; n < 40; n++) y = (y + x / y) / 2; return y } BEGIN { for (i = 1; i <= 5000; i++) s += 1 / (i * i); printf "%.12f\n", Q(s * 6) }'
awk 'BEGIN { s = 1; for (i = 0; i < 10000; i++) { p += s / (2 * i + 1); s = -s } printf "%.12f\n", p * 4 }'
awk 'BEGIN { x = 1; for (i = 0; i < 40; i++) x = (x + 2 / x) / 2; printf "%.15f\n", x }'
awk 'BEGIN { x = 0.5; for (i = 0; i < 500; i++) x = 3.7 * x * (1 - x); printf "%.15g\n", x }'
awk 'BEGIN { x = 0; for (i = 0; i < 1000; i++) x += 0.1; printf "%.17g\n", x }'
awk 'BEGIN { x = 1; while (1 + x > 1) { x /= 2; n++ } printf "%d %.17g\n", n, x }'
awk 'BEGIN { x = 1; while (x / 2 > 0) { x /= 2; n++ } printf "%d %g\n", n, x }'
awk 'BEGIN { x = 1; while (x * 2 < 1e308) { x *= 2; n++ } printf "%d %g\n", n, x }'
awk 'BEGIN { printf "%g %g %g %g\n", 1e-5, 123456, 1234567, 0.00012345 }'
awk 'BEGIN { printf "%e %E %G\n", 12345.678, 12345.678, 1e-10 }'
awk 'BEGIN { printf "%x %o %X %c%c\n", 2147483647, 511, 48879, 72, "i" }'
awk 'BEGIN { printf "%10.3f|%-10.3f|%+.1f|%010.2f\n", 3.14159, 3.14159, 2.25, -1.5 }'
awk 'BEGIN { print (0.1 + 0.2 == 0.3), (0.5 + 0.25 == 0.75), (1e16 + 1 == 1e16) }'
awk 'BEGIN { print 9007199254740993, 9007199254740992 + 1, 9007199254740992 + 2 }'
awk 'BEGIN { printf "%.0f %.0f %.0f\n", 9007199254740992 * 1024, 1e22, -1e23 }'
awk 'BEGIN { printf "%g %g %g\n", 1e308 * 10, -1e308 * 10, 1e-320 }'
awk 'BEGIN { for (i = 0; i < 256; i++) { y = i / 255; s += y * (y * (y * 0.305306011 + 0.682171111) + 0.012522878) } printf "%.9f\n", s }'
awk 'BEGIN { for (n = 2; n < 2000; n++) { p = 1; for (d = 2; d * d <= n; d++) if (n % d == 0) { p = 0; break } c += p } print c }'
awk 'BEGIN { n = 5000; for (i = 2; i <= n; i++) if (!m[i]) { c++; for (j = i * i; j <= n; j += i) m[j] = 1 } print c }'
awk 'BEGIN { for (i = 0; i < 8; i++) for (j = 0; j < 8; j++) a[i, j] = i * 8 + j; for (i = 0; i < 8; i++) t += a[i, 7 - i]; print t }'
awk 'BEGIN { n = 12; for (i = 0; i < n; i++) for (j = 0; j < n; j++) { a[i, j] = 1 / (i + j + 1); b[i, j] = i - j } for (i = 0; i < n; i++) for (j = 0; j < n; j++) { for (k = 0; k < n; k++) c[i, j] += a[i, k] * b[k, j]; s += c[i, j] * c[i, j] } printf "%.9f\n", s }'
awk 'BEGIN { for (py = -10; py <= 10; py++) { l = ""; for (px = -30; px <= 10; px++) { x = px / 15; y = py / 8; a = b = 0; for (i = 0; i < 30 && a * a + b * b < 4; i++) { t = a * a - b * b + x; b = 2 * a * b + y; a = t } l = l (i == 30 ? "#" : i > 6 ? "+" : ".") } print l } }'
awk 'BEGIN { x = 1; for (i = 0; i < 20000; i++) x = (x * 16807) % 2147483647; print x }'
awk 'BEGIN { x = 12345; for (i = 0; i < 2000; i++) { x = (x * 16807) % 2147483647; u = x / 2147483647; x2 = (x * 16807) % 2147483647; v = x2 / 2147483647; if (u * u + v * v < 1) c++; x = x2 } print c }'
awk 'BEGIN { for (i = 0; i < 1000; i++) { m = i; r = 0; while (m) { r = r * 10 + m % 10; m = int(m / 10) } if (r == i) c++ } print c }'
awk 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } BEGIN { print f(18) }'
awk 'function a(m, n) { return m == 0 ? n + 1 : n == 0 ? a(m - 1, 1) : a(m - 1, a(m, n - 1)) } BEGIN { print a(2, 9) }'
awk 'function h(n, f, t, v) { if (n) { h(n - 1, f, v, t); c++; h(n - 1, v, t, f) } } BEGIN { h(12, 1, 2, 3); print c }'
awk 'function q(n, r, c, i, ok) { if (r == n) { s++; return } for (c = 0; c < n; c++) { ok = 1; for (i = 0; i < r; i++) if (p[i] == c || p[i] - c == r - i || c - p[i] == r - i) { ok = 0; break } if (ok) { p[r] = c; q(n, r + 1) } } } BEGIN { q(6, 0); print s }'
awk 'BEGIN { s = "hello"; print length(s), toupper(s), substr(s, 2, 3), index(s, "l") }'
awk 'BEGIN { s = "a,b,,c"; n = split(s, x, ","); print n, x[1], x[2], "[" x[3] "]", x[4] }'
awk 'BEGIN { s = "foo bar foo"; n = gsub(/foo/, "baz", s); print n, s; sub(/baz/, "[&]", s); print s }'
awk 'BEGIN { print match("xxabcyy", /[a-c]+/), RSTART, RLENGTH }'
awk 'BEGIN { printf "%s\n", sprintf("%03d-%s", 7, "x") }'
awk 'BEGIN { while (i++ < 5) { if (i == 3) continue; printf "%d ", i } print "" }'
awk 'BEGIN { do { printf "%d ", n } while (n++ < 4); print "" }'
awk 'BEGIN { a["x"] = 1; a["y"] = 2; delete a["x"]; print ("x" in a), ("y" in a), length(a) }'
awk 'BEGIN { print 1 == 1.0, "1" == 1, "a" < "b", "10" < "9", 10 < 9 }'
awk 'BEGIN { print substr("abcdef", 0), substr("abcdef", -1, 3), substr("abcdef", 5, 10) }'
awk 'BEGIN { print and(12, 10), or(12, 10), xor(12, 10), lshift(1, 10), rshift(1024, 3) }'
awk 'NR % 5000 == 0' nums
awk 'NR == 3, NR == 6' nums
awk 'END { print NR }' nums
echo a:b:c | awk -F: '{ print $2, $1 }' OFS=-
printf 'a 1\nb 2\na 3\nb 4\n' | awk '{ t[$1] += $2 } END { print t["a"], t["b"] }'
printf 'k=v\nx=y\n' | awk -F= -v OFS=: '{ $1 = $1; print }'
printf 'a b c\nd e f\n' | awk '{ for (i = NF; i; i--) printf "%s ", $i; print "" }'
printf 'one\ntwo\n' | awk '{ l[NR] = $0 } END { for (i = NR; i; i--) print l[i] }'
awk 'BEGIN { "echo piped" | getline x; print x }'
awk 'BEGIN { print "z\ny\nx" | "sort"; close("sort"); print "end" }'
awk 'BEGIN { while (("seq 3" | getline l) > 0) n += l; print n }'
printf 'a\nb\n\nc\nd\ne\n' | awk 'BEGIN { RS = ""; FS = "\n" } { print NF, $1 }'
printf '1;2;3' | awk 'BEGIN { RS = ";" } { s += $1 } END { print s, NR }'
awk 'BEGIN { exit 3 }'; echo $?
echo 'hello world' | sed 's/world/there/'
echo aaa | sed 's/a/b/2'
echo aaa | sed 's/a/b/g'
echo 'john smith' | sed -E 's/(\w+) (\w+)/\2, \1/'
seq 1 10 | sed -n '3,5p'
seq 1 10 | sed '1d;$d' | tr '\n' ' '
seq 1 10 | sed -n '$='
seq 1 5 | sed '2i\inserted'
seq 1 5 | sed '2a\appended'
seq 1 5 | sed '3c\changed'
seq 1 6 | sed 'N;s/\n/-/'
seq 1 5 | sed -n '1!G;h;$p' | tr '\n' ' '
echo abc | sed 'y/abc/xyz/'
echo 'a.b.c' | sed 's/\./-/g'
printf 'x\n\n\ny\n' | sed '/^$/d'
echo foobar | sed -e 's/foo/FOO/' -e 's/bar/BAR/'
echo 'key = value' | sed 's/^[ ]*\([^ =]*\)[ ]*=[ ]*\(.*\)$/\1:\2/'
seq 1 20 | sed -n 'n;n;n;n;p' | tr '\n' ' '
echo 1234567890 | sed ':a;s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/;ta'
seq 1 100 | sed 's/$/ x/' | md5sum
echo one two three | tr a-z A-Z
echo 'hello   world' | tr -s ' '
echo 'he11o w0r1d' | tr -d '0-9'
echo hello | tr 'a-y' 'b-z'
echo abcABC123 | tr -cd 'A-Z\n'
echo 'a b c' | tr ' ' '\n'
head -c 1000 /dev/zero | tr '\0' 'x' | wc -c
echo hello | tr '[:lower:]' '[:upper:]'
seq 1 100 | sort -rn | head -3
printf 'b\na\nc\n' | sort
printf '10\n9\n100\n1\n' | sort
printf '10\n9\n100\n1\n' | sort -n
printf 'b 2\na 10\nc 1\n' | sort -k2n
printf 'x:3\ny:1\nz:2\n' | sort -t: -k2
printf 'a\nb\na\nc\nb\n' | sort -u
printf 'a\nb\na\nc\nb\na\n' | sort | uniq -c
printf 'a\na\nb\n' | uniq -d
printf 'a\na\nb\n' | uniq -u
printf 'B\na\nC\n' | sort -f
printf 'v1.10\nv1.9\nv1.2\n' | sort -V
awk 'BEGIN { x = 99; for (i = 0; i < 5000; i++) { x = (x * 16807) % 2147483647; print x } }' >rnd; sort -n rnd | md5sum
sort rnd | md5sum
sort -rn rnd | head -2
sort -n rnd | sort -nc && echo in order
sort -u rnd | wc -l
cut -c1-3 rnd | sort | uniq -c | sort -rn | head -3
tac rnd | md5sum
rev rnd | md5sum
nl rnd | tail -2
fold -w 7 rnd | wc -l
head -n 100 rnd | paste - - - - | tail -1
paste nums rnd | head -3
head -5 nums; tail -5 nums
tail -n +19998 nums
head -c 20 nums | od -c
head -n -19997 nums
echo a:b:c:d | cut -d: -f2,4
echo abcdef | cut -c2-4
echo abcdef | cut -b1,3,5
printf 'a\tb\tc\n' | cut -f2
grep -c 7 nums
grep -n '^1999[0-9]$' nums | head -3
grep -E '^(12|34){2}$' nums
grep -v '[0-8]' nums
grep -o '9[0-9]*' rnd | wc -l
grep -w 42 nums
printf 'Foo\nbar\n' | grep -i foo
printf 'a.c\nabc\n' | grep -F a.c
printf 'a\nb\nc\n' | grep -A1 b
printf 'a\nb\nc\n' | grep -B1 b
grep -q nothing nums || echo absent
grep -x 777 nums
printf 'x1\ny2\n' >pats; printf 'ax1\nby2\ncz3\n' | grep -f pats
egrep '^9{4}$' nums
fgrep -c 00 nums
echo 'the quick brown fox' | grep -oE '\b[a-z]{5}\b'
wc -l nums rnd
wc -c nums
printf 'a b\nc d e\n' | wc -w
printf 'a\tb\n' | expand -t 4
printf 'a       b\n' | unexpand -a
printf 'one\r\ntwo\r\n' | dos2unix | od -c
printf 'one\n' | unix2dos | od -c
echo 'aGVsbG8=' | base64 -d; echo
head -c 300 nums | base64 | tail -1
head -c 1000 rnd | uuencode -m x | tail -2
head -c 64 nums | xxd
head -c 32 nums | hexdump -C
echo 48656c6c6f0a | xxd -r -p
head -c 16 rnd | od -An -tx1
strings -n 5 nums | head -2
printf '\0\0\0printable\0\1\2' | strings
cmp nums nums && echo same
head -c 100 nums >a1; head -c 99 nums >a2; cmp a1 a2 2>&1
printf 'a\nb\nc\n' >d1; printf 'a\nx\nc\n' >d2; diff d1 d2
diff -u d1 d2 | tail -n +3
diff d1 d1 && echo no difference
cp d1 d3; diff -u d1 d2 | sed 's/^--- .*/--- d3/;s/^+++ .*/+++ d3/' | patch d3 >/dev/null; cat d3
printf 'a b c\n' | xargs -n1 echo item
seq 1 9 | xargs -n3
printf 'x y z' | xargs -I{} echo '<{}>'
seq 1 500 | xargs | md5sum
seq 1 300 | xargs -n 20 echo | wc -l
printf '' | md5sum; printf '' | sha1sum; printf '' | sha256sum
printf abc | md5sum
printf abc | sha1sum
printf abc | sha256sum
printf abc | sha512sum
printf abc | sha3sum
printf abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq | sha1sum
printf abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq | sha256sum
printf abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq | sha512sum
head -c 1000000 /dev/zero | tr '\0' a | sha1sum
head -c 1000000 /dev/zero | tr '\0' a | sha256sum
head -c 1000000 /dev/zero | tr '\0' a | sha512sum
head -c 1000000 /dev/zero | md5sum
head -c 200000 /dev/zero | sha3sum
printf 123456789 | crc32; printf 123456789 >c9; crc32 c9
md5sum nums rnd >sums; md5sum -c sums
sha256sum nums rnd >sums; sha256sum -c sums
sha512sum nums
sha1sum rnd
sha256sum /dev/null
gzip -c nums >nums.gz; gzip -dc nums.gz | cmp - nums && echo gzip
gzip -9c rnd >rnd.gz; zcat rnd.gz | md5sum; md5sum rnd
gzip -t nums.gz && echo whole
cp nums.gz broken.gz; printf x | dd of=broken.gz bs=1 seek=200 conv=notrunc 2>/dev/null; gzip -t broken.gz 2>/dev/null || echo broken
bzip2 -c nums >nums.bz2; bzcat nums.bz2 | cmp - nums && echo bzip2
bzip2 -9c rnd | bunzip2 -c | md5sum
bzip2 -c nums | wc -c
lzop -c nums >nums.lzo; lzop -dc nums.lzo | cmp - nums && echo lzop
head -c 300000 /dev/zero | gzip -c | gzip -dc | wc -c
head -c 1000000 /dev/zero | bzip2 -c | wc -c
echo /Td6WFoAAAFpIt42AgAhARwAAAAQz1jM4AFnADVdACoaCKIDJWbxS3jFogX/LubZ0iAarTT44h3oQTb63AZpuzzkEDQnCeuzZuPtN5jtkl8+YAAAAAAAALsWD+MAAU3oAgAAAPqJPsI+MA2LAgAAAAABWVo= | base64 -d | xz -dc | md5sum
for i in 1 2 3 4 5 6 7 8; do printf 'The quick brown fox jumps over the lazy dog. '; done | md5sum
echo QlpoOTFBWSZTWW+wWk4AACuTgEABBAA////wIACQKAAaAAAKqp+pqAaaZNDaNqIGAkfBIvFRAqMR4H0QMxAzCwuGg2GQsOY/CBcJGgoMBUbCgyGosKCRIxHLcbjgXckU4UJBvsFpOA== | base64 -d | bunzip2 -c | md5sum
echo XQAAgAD//////////wAqGgiiAyVm8Ut4xaIF/y7m2dIgGq00+OId6EE2+twGabs85BA0Jwnrs2bj7TeY7ZJfaycyP//prGAA | base64 -d | lzcat | md5sum
mkdir -p tree/a/b/c tree/d; echo 1 >tree/a/one; echo 2 >tree/a/b/two; echo 3 >tree/a/b/c/three; find tree | sort
find tree -type f | sort
find tree -name 't*' | sort
find tree -type d | wc -l
find tree -maxdepth 1 | sort
find tree -type f -exec cat {} + | sort
find tree -type f -exec wc -c {} \; | sort
find tree -empty
find tree -type f -size -2 | wc -l
touch -d @1000 old; touch -d @2000 new; find old new -newer old
find tree -type f | xargs cat | sort -n | tr '\n' ' '
find tree -mindepth 2 -type f -print | sort | head -1
tar cf tree.tar tree; tar tf tree.tar | sort
mkdir out; tar xf tree.tar -C out; diff -r tree out/tree && echo tar
tar czf tree.tgz tree; mkdir outz; tar xzf tree.tgz -C outz; find outz -type f | sort | xargs md5sum
tar cjf tree.tbz tree; tar tjf tree.tbz | wc -l
tar cf - tree | tar tf - | wc -l
find tree | sort | cpio -o -H newc 2>/dev/null >tree.cpio; cpio -t <tree.cpio 2>/dev/null | wc -l
mkdir outc; (cd outc && cpio -id <../tree.cpio 2>/dev/null); diff -r tree outc/tree && echo cpio
ln -s one tree/a/link; readlink tree/a/link; cat tree/a/link
ln tree/a/one tree/a/hard; stat -c '%h %s %F' tree/a/one
cp -r tree copy; diff -r tree copy && echo copied
mv copy moved; ls moved
rm -r moved; ls -d moved 2>/dev/null || echo gone
ls -1 tree/a
mkdir -m 700 private; stat -c '%a %F' private
touch f; chmod 640 f; stat -c '%a' f; chmod u+x,g-r,o+w f; stat -c '%a' f
chmod 4755 f; stat -c '%A' f
chown 12:34 f; stat -c '%u %g' f
: >empty; stat -c '%s' empty; [ -s empty ] || echo empty
truncate -s 1000000 sparse; stat -c '%s' sparse; md5sum sparse
printf 'xyz' | dd of=sparse bs=1 seek=500000 conv=notrunc 2>/dev/null; md5sum sparse; stat -c %s sparse
dd if=nums of=part bs=100 skip=3 count=2 2>/dev/null; cat part | md5sum
dd if=/dev/zero bs=4096 count=256 2>/dev/null | wc -c
dd if=nums bs=17 2>/dev/null | md5sum
dd if=nums of=copied bs=64k 2>&1 | head -1; cmp nums copied && echo same
dd if=nums bs=13 count=1 conv=sync 2>/dev/null | od -c
i=0; while [ $i -lt 200 ]; do echo $i >file.$i; i=$((i + 1)); done; ls file.* | wc -l
cat file.1? | tr '\n' ' '
cat file.* | sort -n | md5sum
rm file.*; ls file.* 2>/dev/null | wc -l
echo x >>app; echo y >>app; cat app
basename /a/b/c.txt .txt; dirname /a/b/c.txt
realpath tree/../tree/a/link | sed 's/.*tree/tree/'
test -d tree && test -f nums && test ! -e nope && echo tests
[ abc = abc ] && [ 1 -lt 2 ] && [ -n x ] && [ -z '' ] && echo true
[ -L tree/a/link ] && [ -x f ] && echo link
mkfifo pipe; (echo through >pipe) & cat pipe; wait
du -s tree >/dev/null && echo du
which awk sed | wc -l
mkdir -p i/x && cp nums i/x/ && ls -R i
mktemp -d ./tmp.XXXXXX | cut -c1-6
date -u -d @0 '+%Y-%m-%d %H:%M:%S'
date -u -d @1234567890 '+%a %b %e %T %Y'
date -u -d @951782400 '+%F %j %u'
date -u -d @4102444800 +%F
date -u -d '2024-02-29 12:00:00' +%s
date -u -d '1999-12-31 23:59:59' '+%s %A'
date -u -D '%Y/%m/%d' -d 2020/05/17 +%j
TZ=EST5EDT,M3.2.0,M11.1.0 date -d @1720000000 '+%F %T %Z'
cal 2 2024
cal 9 1752
for i in 1 2 3; do for j in a b; do printf '%s%s ' $i $j; done; done; echo
case hello in h*o) echo matched ;; *) echo no ;; esac
case 42 in [0-9]) echo digit ;; [0-9][0-9]) echo two digits ;; esac
x=hello; echo ${#x} ${x%l*} ${x%%l*} ${x#*l} ${x##*l} ${x/l/L} ${x//l/L}
x=; echo ${x:-default} ${x:+set} "${x-unset}"; y=v; echo ${y:+set}
x=abcdef; echo ${x:2} ${x:1:3}
set -- a b c; echo $# $1 $3 "$*"; shift; echo $# $1
f() { local v=inner; echo $v $1; return 7; }; v=outer; f arg; echo $? $v
echo $(echo $(echo $(echo nested)))
echo "a  b" 'c  $d' e\ f
v=7; echo "v is $v"; { echo one; echo two; } | cat -n
(exit 5); echo $?; false; echo $?; true; echo $?
! false; echo $?
sh -c 'exit 42'; echo $?
echo out; echo err >&2
{ echo out; echo err >&2; } 2>/dev/null
{ echo out; echo err >&2; } 2>&1 >/dev/null
exec 3>fd3; echo to three >&3; exec 3>&-; cat fd3
read -r a b <nums; echo $a
echo 1:2:3 | { IFS=: read -r a b c; echo $a-$b-$c; }
printf 'l1\nl2\nl3\n' | while read -r l; do echo "[$l]"; done
eval 'a=1; b=2; echo $((a + b))'
set -e; false || echo kept going; echo still
greet() { echo function $1; }; greet argument
unset nothing; echo "${nothing-was unset}"
echo {a,b} $(seq 3)
set -f; echo *; set +f; echo tree/a/o*
sh -c 'trap "echo exiting" EXIT; echo body'
trap 'echo got term' TERM; kill -TERM $(exec sh -c 'echo $PPID'); echo after
sh -c 'trap "echo usr1" USR1; kill -USR1 $$; echo done'
sh -c 'trap "" INT; kill -INT $$; echo ignored'
sh -c 'kill -TERM $$'; echo $?
sh -c 'kill -KILL $$'; echo $?
sh -c 'kill -SEGV $$' 2>/dev/null; echo $?
sleep 100 & kill $!; wait $! 2>/dev/null; echo $?
(sleep 0.01; exit 9) & wait $!; echo $?
for i in 1 2 3 4; do (exit $i) & done; wait; echo joined
for i in 1 2 3 4 5 6 7 8; do echo $i >p.$i & done; wait; cat p.* | tr '\n' ' '
(for i in 1 2 3; do echo $i; done) | (while read x; do echo $((x * x)); done) | tr '\n' ' '
yes | head -1000 | wc -l
yes abc | head -c 100000 | md5sum
yes | head -n 10000 | sort -u
i=0; while [ $i -lt 50 ]; do /bin/busybox true; i=$((i + 1)); done; echo $i
i=0; while [ $i -lt 20 ]; do x=$(echo $i | cat | cat | cat); i=$((i + 1)); done; echo $x
/bin/busybox sh -c '/bin/busybox sh -c "/bin/busybox sh -c \"echo deep \$((1 + 1))\""'
deep() { [ $1 = 0 ] && echo bottom || (deep $(($1 - 1))); }; deep 15
timeout 1 sleep 10; echo $?
timeout 10 echo in time
setsid sh -c 'echo session'
env -i A=1 B=2 env | sort
env A=b sh -c 'echo $A'
id -u; id -g
uname -s; uname -m | sed 's/x86_64/aarch64/'
sh -c 'echo $PPID' | grep -c '^[0-9]*$'
cat /proc/self/comm
[ -d /proc/self/fd ] && ls /proc/self/fd | wc -l | sed 's/[3-6]/some/'
grep -c . /proc/mounts | sed 's/[0-9]*/mounted/'
head -c 100 /dev/urandom | wc -c
[ "$(head -c 16 /dev/urandom | md5sum)" != "$(head -c 16 /dev/urandom | md5sum)" ] && echo random
tee t1 t2 <d1 >/dev/null; cmp t1 t2 && echo tee
printf 'a\nb\n' >c1; printf 'b\nc\n' >c2; sort c1 c2 | uniq -d
printf '3 1\n1 2\n' | sort -k2,2n -k1,1nr
dc -e '2 3 + 4 * p'
dc -e '20 k 2 v p'
dc -e '2 100 ^ p'
echo '2^200' | bc
echo 'scale=40; 4*a(1)' | bc -l
echo 'scale=30; e(1)' | bc -l
echo 'scale=20; sqrt(2)' | bc
printf 'define f(n) {\nif (n <= 1) return 1\nreturn n * f(n - 1)\n}\nf(40)\n' | bc
echo '123456789 * 987654321; 10^30 / 7; 10^30 % 7' | bc
echo 'obase=16; 48879; ibase=16; FF' | bc
echo 'for (i = 0; i < 50; i++) s += i^3; s' | bc
ipcalc -n -b 192.168.10.77/20
printf 'GET' | od -tx1 -An
seq 1 1000 | shuf | sort -n | md5sum
printf 'b\n' | cat d1 - | tail -1
cat -A d1 | head -1
printf '%s\n' "$(printf 'a\nb\n\n\n')"
ls -la tree/a | awk 'NR > 1 { print $1, $NF }' | sort | head -4
ls -l d1 | cut -c1-10
rm -rf tree out outz outc i private; ls -d tree 2>/dev/null; echo removed
seq 1 50000 | tail -1
seq 1 30000 | md5sum
seq 1 1000 | while read -r n; do echo $((n * n % 97)); done | sort -n | uniq -c | head -3
awk 'BEGIN { for (i = 0; i < 20000; i++) s += i % 7; print s }'
awk 'BEGIN { for (i = 0; i < 5000; i++) a[i % 1000] = a[i % 1000] "x"; print length(a), length(a[7]) }'
awk 'BEGIN { s = "x"; for (i = 0; i < 14; i++) s = s s; print length(s) }' | cat
awk 'BEGIN { for (i = 0; i < 3000; i++) w[sprintf("%05d", (i * 7919) % 3000)] = i; n = 0; for (k in w) n++; print n, w["01234"] }'
awk '{ c[length($0)]++ } END { for (i = 1; i <= 5; i++) print i, c[i] }' nums
echo end of suite
END
}

run_all() { # output of every command, each under a heading of its own
    number=0
    while IFS= read -r command; do
        number=$((number + 1))
        echo "## $number $command"
        (eval "$command") 2>&1 </dev/null
        echo "## status $?"
    done
}

commands >../commands
run_all <../commands >../out
cd /

case $mode in
record)
    cat $folder/out
    ;;
check)
    awk -v actual=$folder/out '
        # Both files in step: a block runs from its heading to the next.
        function block(file,   text, line) {
            text = held[file] "\n"
            while ((getline line < file) > 0) {
                if (line ~ /^## [0-9]+ /) { held[file] = line; return text }
                text = text line "\n"
            }
            held[file] = ""
            return text
        }
        BEGIN {
            expected = ARGV[1]
            block(expected); block(actual)
            while (held[expected] != "" || held[actual] != "") {
                e = block(expected); a = block(actual); n++
                if (e != a) {
                    failures++
                    print "suite: differs, expected:\n" e "suite: but got:\n" a
                }
            }
            printf "suite: %d commands, %d failures\n", n, failures
        }' "$expected"
    ;;
esac
rm -rf $folder
