# SPDX-License-Identifier: ISC
#
# Paddock's build. `make help` lists the targets.
#
# Sources are found by wildcard, one rule per folder; a new file needs no change here.
#   hypervisor/soft/*.c               libhv.a
#   common/*.c                        libcommon.a, but for version.c
#   config/*.c                        libconfig-paddock.a
#   supervisor/*.c                    paddockd; all but main.c in libsupervisor.a, for its tests
#   ctl/*.c                           vmctl; all but main.c in libctl.a, for its tests
#   vmm-worker/*.c, */*.c             vmm-worker; all but main.c in libvmm-worker.a, for its tests
#   tests/tools/*.c                   one program each, of which vmm-run plays the supervisor for one
#                                     worker; run-*.c are linked to all of them
#   tests/unit/FOLDER/test-*.c        one cmocka program each, which may include FOLDER's own headers;
#                                     other files there are linked to all of the folder's
#   tests/hv-conformance/*.c          hv-conformance, one cmocka program against the public API only
#   tests/diff/*.c                    hv-diff; tests/diff/guest/*.[cS] is its half that runs on arm64
#   tests/sweep/*.c                   hv-sweep, all 2^32 encodings or a part of them
#   tests/fuzz/fuzz-*.c               one libFuzzer target each; other files there are linked to all
#   tests/bench/bench-*.c             one program each that tests/bench/run uses: one times a command and
#                                     what it prints, one is a VM's network peer
#   tests/bench/guest/*.[cS]          the bare-metal guest of the benchmarks, a flat arm64 Image
#   tests/guest/*.c                   one static arm64 Linux program each, for tests to put into a guest
#   guest/mini/*.c                    one bare-metal guest each; mini.c is linked to all
#   tests/integration/*.sh, */*.sh    one test each; lib/ is sourced by them

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/sh
comma := ,
percent := %

include mk/flags.mk
include mk/version.mk

V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '%-6s %s\n' '$(1)' '$(2)')

T            ?=
B            ?=
FUZZ_SECONDS ?= 60
JOBS         ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

# A make inside a make keeps the outer one's -j; otherwise it uses every core.
SUBMAKE = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# ---- What there is to build ---------------------------------------------------------------------

# Files for the other system are left out.
other_os   := $(if $(filter Darwin,$(OS)),linux,darwin)
files       = $(filter-out %-$(other_os).c,$(sort $(wildcard $(1))))
objects     = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

HV_SRC     := $(call files,hypervisor/soft/*.c)
COMMON_SRC := $(filter-out common/version.c,$(call files,common/*.c))
CONFIG_SRC := $(call files,config/*.c)
WORKER_SRC := $(call files,vmm-worker/*.c vmm-worker/*/*.c)
SUPER_SRC  := $(call files,supervisor/*.c)
CTL_SRC    := $(call files,ctl/*.c)
UNIT_SRC   := $(call files,tests/unit/*/test-*.c)
UNIT_AUX   := $(filter-out $(UNIT_SRC),$(call files,tests/unit/*/*.c))
TOOLS_SRC  := $(call files,tests/tools/*.c)
TOOLS_AUX  := $(filter tests/tools/run-%,$(TOOLS_SRC))
CONF_SRC   := $(call files,tests/hv-conformance/*.c)
DIFF_SRC   := $(call files,tests/diff/*.c)
DIFF_GUEST := $(sort $(wildcard tests/diff/guest/*.c tests/diff/guest/*.S))
SWEEP_SRC  := $(call files,tests/sweep/*.c)
FUZZ_SRC   := $(call files,tests/fuzz/fuzz-*.c)
FUZZ_AUX   := $(filter-out $(FUZZ_SRC),$(call files,tests/fuzz/*.c))
BENCH_SRC  := $(call files,tests/bench/bench-*.c)
BENCH_GUEST := $(sort $(wildcard tests/bench/guest/*.S tests/bench/guest/*.c))
GUEST_SRC  := $(sort $(wildcard tests/guest/*.c))
MINI_AUX   := guest/mini/mini.c guest/mini/head.S
MINI_SRC   := $(filter-out $(MINI_AUX),$(sort $(wildcard guest/mini/*.c)))
SCRIPTS    := $(filter-out tests/integration/lib/%,$(sort $(wildcard tests/integration/*.sh tests/integration/*/*.sh)))
LINTS      := $(sort $(wildcard tests/lint/*.sh))

# libhv.a without sources is not made: ar would write an archive nobody can link.
LIBHV  := $(if $(HV_SRC),$(OUT)/libhv.a)
# The engine with all its names, for white-box tests.
SOFTHV := $(if $(HV_SRC),$(OUT)/libsofthv.a)
LIBCOM := $(if $(COMMON_SRC),$(OUT)/libcommon.a)
LIBCFG := $(if $(CONFIG_SRC),$(OUT)/libconfig-paddock.a)
WORKER := $(if $(filter %/main.c,$(WORKER_SRC)),$(OUT)/vmm-worker)
LIBSUP := $(if $(filter-out %/main.c,$(SUPER_SRC)),$(OUT)/libsupervisor.a)
LIBCTL := $(if $(filter-out %/main.c,$(CTL_SRC)),$(OUT)/libctl.a)
DAEMON := $(if $(filter %/main.c,$(SUPER_SRC)),$(OUT)/paddockd)
CLIENT := $(if $(filter %/main.c,$(CTL_SRC)),$(OUT)/vmctl)
TOOLS  := $(patsubst tests/tools/%.c,$(OUT)/%,$(filter-out $(TOOLS_AUX),$(TOOLS_SRC)))
TGUEST := $(patsubst tests/guest/%.c,$(BUILD)/cross/%,$(GUEST_SRC))
MINI   := $(patsubst guest/mini/%.c,$(BUILD)/guest/mini/%.img,$(MINI_SRC))
UNIT   := $(patsubst tests/%.c,$(OUT)/%,$(UNIT_SRC))
CONF   := $(if $(CONF_SRC),$(OUT)/hv-conformance)
DIFF   := $(if $(DIFF_SRC),$(OUT)/hv-diff)
DGUEST := $(if $(DIFF_GUEST),$(BUILD)/cross/diff-guest)
SWEEP  := $(if $(SWEEP_SRC),$(OUT)/hv-sweep)
BENCH  := $(patsubst tests/%.c,$(OUT)/%,$(BENCH_SRC))
BGUEST := $(if $(BENCH_GUEST),$(BUILD)/cross/bench-guest)
FUZZ   := $(patsubst tests/fuzz/%.c,$(FOUT)/%,$(FUZZ_SRC))

# What this machine lacks is named, not built, unless STRICT=1 (make check) says that it must be.
STRICT ?=
ifeq ($(STRICT),)
ifneq ($(UNIT)$(CONF),)
ifeq ($(call have_header,cmocka.h,$(CMOCKA_CFLAGS)),)
MISSING += cmocka
UNIT :=
CONF :=
endif
endif
ifneq ($(WORKER_SRC),)
ifeq ($(call have_header,uv.h,$(UV_CFLAGS))$(call have_header,libfdt.h,$(FDT_CFLAGS)),yesyes)
else
MISSING += libuv or libfdt
WORKER :=
UNIT := $(filter-out $(OUT)/unit/vmm-worker/%,$(UNIT))
endif
endif
ifneq ($(LIBCFG),)
ifneq ($(call have_header,yaml.h,$(YAML_CFLAGS))$(call have_header,jansson.h,$(JANSSON_CFLAGS)),yesyes)
MISSING += libyaml or jansson
LIBCFG :=
LIBCTL :=
LIBSUP :=
CLIENT :=
DAEMON :=
UNIT := $(filter-out $(OUT)/unit/config/% $(OUT)/unit/ctl/% $(OUT)/unit/supervisor/%,$(UNIT))
endif
endif
ifneq ($(LIBSUP),)
ifneq ($(call have_header,uv.h,$(UV_CFLAGS))$(call have_header,sqlite3.h,$(SQLITE_CFLAGS)),yesyes)
MISSING += libuv or sqlite3
LIBSUP :=
DAEMON :=
UNIT := $(filter-out $(OUT)/unit/supervisor/%,$(UNIT))
endif
endif
ifneq ($(DGUEST)$(BGUEST)$(TGUEST)$(MINI),)
ifeq ($(call have_command,$(CROSS_CC)),)
MISSING += $(CROSS_CC)
DGUEST :=
BGUEST :=
TGUEST :=
MINI :=
endif
endif
endif

PROGRAMS := $(LIBHV) $(LIBCOM) $(LIBCFG) $(LIBSUP) $(LIBCTL) $(DAEMON) $(CLIENT) $(WORKER) $(TOOLS) $(UNIT) $(CONF) $(DIFF) $(SWEEP) $(BENCH) $(DGUEST) $(BGUEST) $(TGUEST) $(MINI)

.PHONY: all
all: $(PROGRAMS) ## build everything that this machine can build (default)
	@[ -z '$(strip $(MISSING))' ] || echo 'not built, for want of: $(strip $(MISSING)) ("make deps")'

# ---- Rules --------------------------------------------------------------------------------------

# Include paths are the boundary between the rooms: the engine's own headers are seen by the engine
# and by its white-box tests, everybody else sees the public API. tests/lint checks the rest.
PUBLIC  := -Ihypervisor/include
PRIVATE := -Ihypervisor/include -Ihypervisor/soft
WORKER_INCLUDES := $(PUBLIC) -Icommon -Ivmm-worker $(UV_CFLAGS) $(FDT_CFLAGS)

CONFIG_INCLUDES := -Icommon -Iconfig $(YAML_CFLAGS) $(JANSSON_CFLAGS)
SUPER_INCLUDES  := -Isupervisor $(CONFIG_INCLUDES) $(UV_CFLAGS) $(SQLITE_CFLAGS)
CTL_INCLUDES    := -Ictl $(CONFIG_INCLUDES)

includes(hypervisor/soft/)         := $(PRIVATE)
includes(common/)                  := -Icommon $(JANSSON_CFLAGS)
includes(config/)                  := $(CONFIG_INCLUDES)
includes(supervisor/)              := $(SUPER_INCLUDES)
includes(ctl/)                     := $(CTL_INCLUDES)
includes(tests/unit/supervisor/)   := $(SUPER_INCLUDES) $(CMOCKA_CFLAGS)
includes(tests/unit/ctl/)          := $(CTL_INCLUDES) $(CMOCKA_CFLAGS)
includes(tests/unit/config/)       := $(CONFIG_INCLUDES) $(CMOCKA_CFLAGS)
includes(tests/unit/hypervisor/)   := $(PRIVATE) $(CMOCKA_CFLAGS)
includes(vmm-worker/)              := $(WORKER_INCLUDES)
includes(vmm-worker/devices/)      := $(WORKER_INCLUDES)
includes(tests/unit/vmm-worker/)   := $(WORKER_INCLUDES) $(CMOCKA_CFLAGS)
includes(tests/tools/)             := -Icommon
includes(tests/unit/common/)       := -Icommon $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
includes(tests/hv-conformance/)    := $(PUBLIC) $(CMOCKA_CFLAGS)
includes(tests/diff/)              := $(PUBLIC)
includes(tests/sweep/)             := $(PRIVATE)
includes(tests/fuzz/)              := $(PRIVATE) $(WORKER_INCLUDES) $(SUPER_INCLUDES) $(CTL_INCLUDES)
includes(tests/bench/)             := $(PUBLIC)

compile = -c -MMD -MP $(FEATURES) $(if $(filter %-linux.c,$<),$(FEATURES_LINUX)) \
          $(if $(filter common/version.c,$<),$(VERSION_FLAGS)) \
          $(includes($(dir $<))) -o $@ $<

# Rewritten when the flags change; every object depends on its folder's.
FLAGS := $(OUT)/flags
$(OUT)/flags:         flag_text = $(CC) $(CFLAGS) $(FEATURES) $(LDFLAGS)
$(FOUT)/flags:        flag_text = $(FUZZ_CC) $(FUZZ_CFLAGS) $(FEATURES) $(FUZZ_LDFLAGS)
$(BUILD)/cross/flags: flag_text = $(CROSS_CC) $(CROSS_CFLAGS) $(CROSS_LDFLAGS) $(FEATURES) $(CROSS_BARE_CFLAGS)
$(VERSION_FILE):      flag_text = $(VERSION) $(COMMIT)
.PHONY: FORCE
$(OUT)/flags $(FOUT)/flags $(BUILD)/cross/flags $(VERSION_FILE): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(flag_text)' | cmp -s - $@ || printf '%s\n' '$(flag_text)' >$@

$(OUT)/obj/%.o: %.c $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(compile)

$(VERSION_O): $(VERSION_FILE)

$(OUT)/libsofthv.a: $(call objects,$(HV_SRC))
$(OUT)/libcommon.a: $(call objects,$(COMMON_SRC))
$(OUT)/libconfig-paddock.a: $(call objects,$(CONFIG_SRC))
$(OUT)/libvmm-worker.a: $(call objects,$(filter-out %/main.c,$(WORKER_SRC)))
$(OUT)/libsupervisor.a: $(call objects,$(filter-out %/main.c,$(SUPER_SRC)))
$(OUT)/libctl.a: $(call objects,$(filter-out %/main.c,$(CTL_SRC)))
$(OUT)/libsofthv.a $(OUT)/libcommon.a $(OUT)/libconfig-paddock.a $(OUT)/libvmm-worker.a \
$(OUT)/libsupervisor.a $(OUT)/libctl.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

# What others link exports the API and nothing else: a VMM may have a vcpu_run of its own. Apple's linker
# cannot do this; there libhv.a keeps the names.
$(OUT)/libhv.a: $(call objects,$(HV_SRC))
	$(call say,AR,$@)
ifeq ($(OS),Darwin)
	$(Q)rm -f $@ && ar rcs $@ $^
else
	$(Q)rm -f $@ && $(LD) -r -o $(@:.a=.o) $^ && \
	    $(OBJCOPY) -w --keep-global-symbol='hv_*' --keep-global-symbol='os_re*' $(@:.a=.o) && ar rcs $@ $(@:.a=.o)
endif

define link
@mkdir -p $(@D)
$(call say,LD,$@)
$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) $(LIBATOMIC) $(LIBM)
endef

# The worker, and what it is linked with; its unit tests take what they need of it.
WORKER_NEEDS := $(OUT)/libvmm-worker.a $(LIBCOM) $(LIBHV)
WORKER_LIBS  := $(UV_LIBS) $(FDT_LIBS)
$(WORKER): $(OUT)/obj/vmm-worker/main.o $(VERSION_O) $(WORKER_NEEDS)
	$(call link,$(WORKER_LIBS))

# The daemon and the client: the same, each with what its unit tests take of it.
CONFIG_NEEDS := $(OUT)/libconfig-paddock.a $(LIBCOM)
CONFIG_LIBS  := $(YAML_LIBS) $(JANSSON_LIBS)
SUPER_NEEDS  := $(OUT)/libsupervisor.a $(VERSION_O) $(CONFIG_NEEDS)
SUPER_LIBS   := $(SQLITE_LIBS) $(UV_LIBS) $(CONFIG_LIBS)
CTL_NEEDS    := $(if $(LIBCTL),$(OUT)/libctl.a) $(VERSION_O) $(CONFIG_NEEDS)
$(DAEMON): $(OUT)/obj/supervisor/main.o $(SUPER_NEEDS)
	$(call link,$(SUPER_LIBS))
$(CLIENT): $(OUT)/obj/ctl/main.o $(CTL_NEEDS)
	$(call link,$(CONFIG_LIBS))

$(TOOLS): $(OUT)/%: $(OUT)/obj/tests/tools/%.o $(call objects,$(TOOLS_AUX)) $(LIBCOM)
	$(call link,)

# What a folder's unit tests are linked with.
unit_needs(hypervisor) := $(SOFTHV)
unit_needs(common)     := $(LIBCOM)
unit_libs(common)      := $(JANSSON_LIBS)
unit_needs(config)     := $(CONFIG_NEEDS)
unit_libs(config)      := $(CONFIG_LIBS)
unit_needs(supervisor) := $(SUPER_NEEDS)
unit_libs(supervisor)  := $(SUPER_LIBS)
unit_needs(ctl)        := $(CTL_NEEDS)
unit_libs(ctl)         := $(CONFIG_LIBS)
unit_needs(vmm-worker) := $(WORKER_NEEDS)
unit_libs(vmm-worker)  := $(WORKER_LIBS)

.SECONDEXPANSION:
unit_folder = $(notdir $(patsubst %/,%,$(dir $(1))))
$(UNIT): $(OUT)/%: $(OUT)/obj/tests/%.o \
         $$(call objects,$$(filter tests/$$(dir $$*)$$(percent),$(UNIT_AUX))) \
         $$(unit_needs($$(call unit_folder,$$*)))
	$(call link,$(CMOCKA_LIBS) $(unit_libs($(call unit_folder,$*))))
$(CONF): $(call objects,$(CONF_SRC)) $(LIBHV)
	$(call link,$(CMOCKA_LIBS))
$(DIFF): $(call objects,$(DIFF_SRC)) $(LIBHV)
	$(call link,)
$(SWEEP): $(call objects,$(SWEEP_SRC)) $(SOFTHV)
	$(call link,)
$(BENCH): $(OUT)/%: $(OUT)/obj/tests/%.o $(LIBHV)
	$(call link,)

# The oracle's half of the differential test: a static arm64 program, run under qemu-aarch64.
$(BUILD)/cross/diff-guest: $(DIFF_GUEST) $(wildcard tests/diff/*.h tests/diff/guest/*.h) $(BUILD)/cross/flags
	$(call say,CROSS,$@)
	$(Q)$(CROSS_CC) $(CROSS_CFLAGS) $(CROSS_LDFLAGS) $(FEATURES) $(FEATURES_LINUX) -Itests/diff \
	    -o $@ $(filter %.c %.S,$^)

# The benchmarks' bare-metal guest, a flat image that the worker and QEMU both load.
$(BUILD)/cross/bench-guest: $(BENCH_GUEST) $(wildcard tests/bench/guest/*.h tests/bench/guest/*.ld) $(BUILD)/cross/flags
	$(call say,CROSS,$@)
	$(Q)$(CROSS_CC) $(CROSS_BARE_CFLAGS) -Wl,-T,tests/bench/guest/guest.ld -Wl,--build-id=none \
	    -o $@.elf $(filter %.S %.c,$^)
	$(Q)$(CROSS_OBJCOPY) -O binary $@.elf $@

# Programs that tests put into a Linux guest.
$(TGUEST): $(BUILD)/cross/%: tests/guest/%.c $(BUILD)/cross/flags
	$(call say,CROSS,$@)
	$(Q)$(CROSS_CC) $(CROSS_CFLAGS) -static $(FEATURES) $(FEATURES_LINUX) -o $@ $<

# Guests that are one program without an operating system.
$(MINI): $(BUILD)/guest/mini/%.img: guest/mini/%.c $(MINI_AUX) $(wildcard guest/mini/*.h guest/mini/*.ld) $(BUILD)/cross/flags
	@mkdir -p $(@D)
	$(call say,CROSS,$@)
	$(Q)$(CROSS_CC) $(CROSS_BARE_CFLAGS) -mstrict-align -Wl,-T,guest/mini/mini.ld -Wl,--build-id=none \
	    -o $(BUILD)/cross/mini-$*.elf $(filter %.S %.c,$^)
	$(Q)$(CROSS_OBJCOPY) -O binary $(BUILD)/cross/mini-$*.elf $@

# Fuzz targets: engine and target with coverage, ASan and UBSan; their own build directory.
$(FOUT)/obj/%.o: %.c $(FOUT)/flags
	@mkdir -p $(@D)
	$(call say,CC-FZ,$<)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(compile)

# One archive: a target takes what it needs. What the daemon and the client parse is in common/ and config/; their own
# files are left out, because some are called as the worker's are.
$(FOUT)/libpaddock.a: $(patsubst %.c,$(FOUT)/obj/%.o,$(HV_SRC) $(COMMON_SRC) $(CONFIG_SRC) $(filter-out %/main.c,$(WORKER_SRC)))
	$(call say,AR-FZ,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(FUZZ): $(FOUT)/%: $(FOUT)/obj/tests/fuzz/%.o $(patsubst %.c,$(FOUT)/obj/%.o,$(FUZZ_AUX)) $(FOUT)/libpaddock.a
	$(call say,LD-FZ,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(UV_LIBS) $(FDT_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(LIBM)

.SECONDARY:
-include $(shell find $(OUT)/obj $(FOUT)/obj -name '*.d' 2>/dev/null)

# ---- Tests --------------------------------------------------------------------------------------

# Deadlines, in seconds, before the watchdog ends a test. They are parameters because a sanitizer's
# slow-down is no hang: SLOW multiplies all of them.
SLOW           ?= $(if $(SANS),6,1)
UNIT_DEADLINE   ?= 60
CONF_DEADLINE   ?= 120
DIFF_DEADLINE   ?= 900
SCRIPT_DEADLINE ?= 300

export PADDOCK_BUILD := $(OUT)
export PADDOCK_CROSS := $(BUILD)/cross
export PADDOCK_GUEST := $(BUILD)/guest
export PADDOCK_SLOW   = $(SLOW)

# gcc 12's thread sanitizer does not cope with more than 28 random address bits.
NO_ASLR := $(if $(filter tsan,$(SANS)),$(shell [ "$$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -le 28 ] || echo setarch -R))

runner = $(NO_ASLR) tests/run -x $(SLOW) $(if $(T),-t '$(T)')

.PHONY: check run-tests
check: ## install what is missing (root on Debian) or name it; build; run every test (T=PATTERNS)
	@scripts/deps ensure build test guest diff
	@$(SUBMAKE) STRICT=1 all
	@if tests/run -n $(if $(T),-t '$(T)') $(addprefix 1:,$(SCRIPTS)); then $(MAKE) --no-print-directory guest-if-any; fi
	@$(MAKE) --no-print-directory STRICT=1 run-tests

run-tests: # no build, no installation
	@$(runner) -l $(OUT)/logs -s $(OUT) \
	    $(addprefix $(UNIT_DEADLINE):,$(UNIT)) \
	    $(addprefix $(CONF_DEADLINE):,$(CONF)) \
	    $(addprefix $(UNIT_DEADLINE):,$(SWEEP)) \
	    $(addprefix $(DIFF_DEADLINE):,$(DIFF)) \
	    $(addprefix $(SCRIPT_DEADLINE):,$(SCRIPTS))

.PHONY: lint format
lint: ## check layout, headers, banned calls, scripts and man pages
	@scripts/deps ensure lint
	@tests/run $(if $(T),-t '$(T)') -l $(BUILD)/lint $(addprefix 300:,$(LINTS))

format: ## lay out every C file with clang-format 14
	@scripts/deps ensure lint
	@tests/lint/c-files | xargs clang-format-14 -style=file -i

.PHONY: fuzz
fuzz: ## run each fuzz target for its share of FUZZ_SECONDS (60)
	@scripts/deps ensure fuzz
	@$(SUBMAKE) build-fuzz
	@scripts/fuzz $(FOUT) $(FUZZ_SECONDS) $(FUZZ)

.PHONY: build-fuzz
build-fuzz: $(FUZZ)

.PHONY: sweep diff diff-overnight
SWEEP_ARGS ?= --all
sweep: ## decode all 2^32 encodings, execute millions of them (SWEEP_ARGS=…)
	@$(SUBMAKE) STRICT=1 $(OUT)/hv-sweep
	$(OUT)/hv-sweep $(SWEEP_ARGS)

# The script's own deadline is for the fifty stops of make check.
STOPS ?= 1000
.PHONY: stops
stops: ## stop a VM in an MMIO storm, again and again at all moments of its life (STOPS=1000)
	@scripts/deps ensure build guest diff
	@$(SUBMAKE) STRICT=1 $(WORKER) $(TOOLS) $(MINI)
	@PADDOCK_STOPS='$(STOPS)' tests/run -x $$(($(SLOW) * (1 + $(STOPS) / 500))) -l $(OUT)/logs $(SCRIPT_DEADLINE):tests/integration/worker/storm.sh
	@tail -n 3 $(OUT)/logs/integration-worker-storm.log

DIFF_ARGS ?=
diff: ## random instructions against qemu-aarch64 (three million; DIFF_ARGS=…)
	@scripts/deps ensure build diff
	@$(SUBMAKE) STRICT=1 $(DIFF) $(DGUEST)
	$(OUT)/hv-diff $(DIFF_ARGS)

diff-overnight: ## the same for DIFF_HOURS (8), never the same cases
	@scripts/deps ensure build diff
	@$(SUBMAKE) STRICT=1 $(DIFF) $(DGUEST)
	$(OUT)/hv-diff --seed time --hours $(or $(DIFF_HOURS),8) $(DIFF_ARGS)

.PHONY: bench
bench: ## measure beside QEMU and libvirt (B=PATTERN); writes build/bench/results.json
	@scripts/deps ensure build guest diff
	@scripts/deps ensure bench || echo "bench: without libvirt there is nothing to compare the daemon with"
	@$(SUBMAKE) STRICT=1 $(WORKER) $(DAEMON) $(CLIENT) $(TOOLS) $(BENCH) $(BGUEST) $(TGUEST) $(MINI)
	@$(MAKE) --no-print-directory guest
	@tests/bench/run -o $(BUILD)/bench $(if $(B),-b '$(B)')

# ---- The rest -----------------------------------------------------------------------------------

.PHONY: guest
guest: ## fetch Debian's arm64 kernels and busybox, pack the initramfs (kept outside the work tree)
	@scripts/deps ensure guest
	@guest/fetch
	@guest/initramfs

# Where guests cannot be fetched, the tests that boot them are skipped and named.
.PHONY: guest-if-any
guest-if-any:
	@if command -v apt-get >/dev/null; then $(MAKE) --no-print-directory guest; \
	else echo 'no apt-get here: tests that boot guests need the cache of another machine (guest/fetch)'; guest/initramfs || :; fi

.PHONY: demo demo-stop
demo: ## start paddockd in a private folder and live with one Debian VM (needs no root)
	@scripts/deps ensure build guest
	@$(SUBMAKE) STRICT=1 $(DAEMON) $(CLIENT) $(WORKER)
	@guest/fetch busybox cloud-6.12 && guest/initramfs cloud-6.12
	@PADDOCK_BUILD=$(OUT) scripts/demo

demo-stop: ## end what make demo started
	@PADDOCK_BUILD=$(OUT) scripts/demo stop

INSTALL = OS='$(OS)' PADDOCK_BUILD='$(OUT)' PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install
.PHONY: install uninstall
install: ## install under PREFIX (/usr/local), with DESTDIR before it
	@$(SUBMAKE) STRICT=1 $(DAEMON) $(CLIENT) $(WORKER)
	@$(INSTALL)

uninstall: ## remove what make install has installed; configuration, state and logs stay
	@$(INSTALL) --remove

.PHONY: deps
deps: ## install every package that building and testing need (root on Debian), or name them
	@scripts/deps ensure build test guest diff fuzz lint

.PHONY: clean
clean: ## remove build/ (the guest cache stays)
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile mk/macos.mk
	@printf '\n  CC=clang  SAN=asan|ubsan|tsan|asan+ubsan  V=1  T='PATTERN…'  B=PATTERN  FUZZ_SECONDS=N\n'

include mk/macos.mk
