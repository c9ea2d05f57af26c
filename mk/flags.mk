# SPDX-License-Identifier: ISC
#
# Compiler, flags and the build directory they name.
#
# The directory is build/<compiler>[-<sanitizer>], so objects made with different flags never meet.
# A change of flags inside one directory rebuilds it: $(OUT)/flags is rewritten when they change.

OS   := $(shell uname -s)
ARCH := $(shell uname -m)

ifeq ($(origin CC),default)
CC := $(if $(filter Darwin,$(OS)),clang,gcc)
endif

# SAN=asan, ubsan, tsan, or asan+ubsan.
SAN  ?=
SANS := $(sort $(subst +, ,$(SAN)))
ifneq ($(filter-out asan ubsan tsan,$(SANS)),)
$(error SAN is asan, ubsan, tsan or asan+ubsan; not '$(SAN)')
endif
SAN_KEY := $(subst $() ,+,$(SANS))

BUILD := build
OUT   := $(BUILD)/$(notdir $(firstword $(CC)))$(if $(SANS),-$(SAN_KEY))
FOUT  := $(BUILD)/fuzz

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
            -Wstrict-prototypes -Wimplicit-fallthrough -Wvla -Werror

# POSIX and the C library's common extensions (MAP_ANONYMOUS). A file that needs more of Linux is
# called *-linux.c and gets _GNU_SOURCE; one for macOS is called *-darwin.c.
FEATURES := $(if $(filter Darwin,$(OS)),-D_DARWIN_C_SOURCE,-D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE)
FEATURES_LINUX := -D_GNU_SOURCE

MACHINE := $(if $(filter x86_64,$(ARCH)),-mcx16)

# Sibling calls stay optimised under sanitizers: instruction handlers chain by tail calls.
ifeq ($(SANS),)
OPTIMISE := -O2 -g
else
OPTIMISE := -O1 -g -fno-omit-frame-pointer -foptimize-sibling-calls
endif

SAN_asan  := -fsanitize=address
SAN_ubsan := -fsanitize=undefined -fno-sanitize-recover=undefined
SAN_tsan  := -fsanitize=thread
SANITIZE  := $(foreach s,$(SANS),$(SAN_$(s)))

# User flags: appended, for experiments (EXTRA_CFLAGS=-O0).
EXTRA_CFLAGS  ?=
EXTRA_LDFLAGS ?=

CFLAGS  := -std=c11 $(OPTIMISE) $(MACHINE) $(WARNINGS) $(SANITIZE) -pthread $(EXTRA_CFLAGS)
LDFLAGS := $(SANITIZE) -pthread $(EXTRA_LDFLAGS)

# gcc calls libatomic for 16-byte atomics, clang with -mcx16 does not.
LIBATOMIC := $(if $(filter Linux,$(OS)),-Wl$(comma)--as-needed -latomic)
LIBM      := -lm

OBJCOPY ?= objcopy

# Libraries. What pkg-config does not know is looked for in the compiler's own places.
pkg_cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg_libs   = $(shell pkg-config --libs $(1) 2>/dev/null || echo $(2))
CMOCKA_CFLAGS := $(call pkg_cflags,cmocka)
CMOCKA_LIBS   := $(call pkg_libs,cmocka,-lcmocka)
UV_CFLAGS     := $(call pkg_cflags,libuv)
UV_LIBS       := $(call pkg_libs,libuv,-luv)
FDT_CFLAGS    := $(call pkg_cflags,libfdt)
FDT_LIBS      := $(call pkg_libs,libfdt,-lfdt)
YAML_CFLAGS    := $(call pkg_cflags,yaml-0.1)
YAML_LIBS      := $(call pkg_libs,yaml-0.1,-lyaml)
JANSSON_CFLAGS := $(call pkg_cflags,jansson)
JANSSON_LIBS   := $(call pkg_libs,jansson,-ljansson)
SQLITE_CFLAGS  := $(call pkg_cflags,sqlite3)
SQLITE_LIBS    := $(call pkg_libs,sqlite3,-lsqlite3)

# Which optional parts can be built here? $(call have_header,<x.h>,flags) is "yes" or empty.
have_header = $(shell printf '\#include <stdarg.h>\n\#include <stddef.h>\n\#include <stdint.h>\n\#include <setjmp.h>\n\#include <%s>\n' $(1) | \
                $(CC) $(2) -E -x c - >/dev/null 2>&1 && echo yes)
have_command = $(shell command -v $(1) 2>/dev/null)

# The fuzz targets always use clang with libFuzzer.
FUZZ_CC      ?= $(firstword $(call have_command,clang-14) $(call have_command,clang) clang)
FUZZ_CFLAGS  := -std=c11 -O1 -g -fno-omit-frame-pointer $(MACHINE) $(WARNINGS) -pthread \
                -fsanitize=address,undefined -fno-sanitize-recover=undefined $(EXTRA_CFLAGS)
FUZZ_LDFLAGS := -fsanitize=address,undefined -pthread $(EXTRA_LDFLAGS)

# The compiler for code that runs inside the differential oracle (qemu-aarch64).
CROSS_CC     ?= $(if $(filter aarch64,$(ARCH)),$(CC),aarch64-linux-gnu-gcc)
CROSS_CFLAGS := -std=c11 -O1 -g $(filter-out -Werror,$(WARNINGS)) -Werror -march=armv8-a+lse+crc+crypto
# Linked far from the small numbers that the random cases use as addresses.
CROSS_LDFLAGS := -static -Wl,-Ttext-segment=0x6a5a50000000

# Bare-metal guests: no operating system, no C library, runs wherever it is loaded.
CROSS_OBJCOPY     ?= $(if $(filter aarch64,$(ARCH)),objcopy,$(CROSS_CC:gcc=objcopy))
CROSS_BARE_CFLAGS := -std=c11 -O2 $(WARNINGS) -ffreestanding -fno-pic -fno-stack-protector \
                     -fno-asynchronous-unwind-tables -mgeneral-regs-only -nostdlib -static
