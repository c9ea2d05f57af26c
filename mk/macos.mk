# SPDX-License-Identifier: ISC
#
# make check-macos: compiles everything that a Mac would and links the worker against stubs of
# Hypervisor.framework, libSystem and our libraries (scripts/macsdk). It shows agreement with headers
# and exports; nothing of it runs here.

MACOS_CC    ?= $(firstword $(call have_command,clang-19) clang-19)
MACOS_LD    ?= $(firstword $(call have_command,ld64.lld-19) ld64.lld-19)
MACOS_OUT   := build/macos
MACOS_FLAGS  = -target arm64-apple-macos15.0 -isysroot $(MACOS_SDK)

# The tests that are meant for a Mac as well: the contract with the framework, and the launcher.
macos_files = $(filter-out %-linux.c,$(wildcard $(1)))
MACOS_COMMON      := $(call macos_files,common/*.c)
MACOS_CONFIG      := $(call macos_files,config/*.c)
MACOS_WORKER      := $(call macos_files,vmm-worker/*.c vmm-worker/devices/*.c)
MACOS_DAEMON      := $(call macos_files,supervisor/*.c)
MACOS_CLIENT      := $(call macos_files,ctl/*.c)
MACOS_ENGINE      := $(call macos_files,hypervisor/soft/*.c)
MACOS_CONFORMANCE := $(call macos_files,tests/hv-conformance/*.c)
MACOS_TOOLS       := $(call macos_files,tests/tools/vmm-run.c tests/tools/run-*.c)
MACOS_FILES       := $(MACOS_COMMON) $(MACOS_CONFIG) $(MACOS_WORKER) $(MACOS_DAEMON) $(MACOS_CLIENT) \
                     $(MACOS_ENGINE) $(MACOS_CONFORMANCE) $(MACOS_TOOLS)
MACOS_PROGRAMS    := $(addprefix $(MACOS_OUT)/bin/,vmm-worker $(if $(wildcard supervisor/main.c),paddockd) \
                     $(if $(wildcard ctl/main.c),vmctl) hv-conformance)
macos_objects = $(patsubst %.c,$(MACOS_OUT)/%.o,$(1))

.PHONY: check-macos
check-macos: ## compile and link everything for macOS, on Linux; nothing is run
	@scripts/deps ensure macos
	@sdk=$$(scripts/macsdk) && $(MAKE) --no-print-directory MACOS_SDK="$$sdk" macos-all

.PHONY: macos-all
macos-all: $(MACOS_PROGRAMS) $(call macos_objects,$(MACOS_ENGINE) $(MACOS_TOOLS))
	@for program in $(MACOS_PROGRAMS); do \
	    echo "check-macos: $$program: $$($(MACOS_OBJDUMP) --macho --private-header $$program | awk '/MH_MAGIC/ { print $$2, $$5 }')"; \
	done
	@echo "check-macos: $(words $(MACOS_FILES)) files compiled, $(words $(MACOS_PROGRAMS)) programs linked; nothing was run"

MACOS_AR      ?= $(firstword $(call have_command,llvm-ar-19) llvm-ar-19)
MACOS_OBJDUMP ?= $(firstword $(call have_command,llvm-objdump-19) llvm-objdump-19)

# Which headers a room may see there: on a Mac the framework's own header takes the place of ours. The
# engine is what a Mac without virtualisation links instead, so it is compiled with ours.
$(MACOS_OUT)/hypervisor/%.o: MACOS_INCLUDES := -Ihypervisor/include
$(MACOS_OUT)/common/%.o: MACOS_INCLUDES := -Icommon
$(MACOS_OUT)/vmm-worker/%.o: MACOS_INCLUDES := -Icommon
$(MACOS_OUT)/config/%.o: MACOS_INCLUDES := -Iconfig -Icommon
$(MACOS_OUT)/supervisor/%.o: MACOS_INCLUDES := -Isupervisor -Iconfig -Icommon
$(MACOS_OUT)/ctl/%.o: MACOS_INCLUDES := -Ictl -Iconfig -Icommon
$(MACOS_OUT)/tests/tools/%.o: MACOS_INCLUDES := -Icommon
$(MACOS_OUT)/tests/hv-conformance/%.o: MACOS_INCLUDES = -isystem $(MACOS_SDK)/usr/local/cmocka

$(MACOS_OUT)/%.o: %.c mk/macos.mk
	@mkdir -p $(@D)
	@echo "MACOS  $<"
	$(Q)$(MACOS_CC) $(MACOS_FLAGS) -std=c11 -O2 -D_DARWIN_C_SOURCE $(WARNINGS) -Wunguarded-availability \
	    $(if $(filter common/version.c,$<),$(VERSION_FLAGS)) $(MACOS_INCLUDES) -isystem $(MACOS_SDK)/usr/local/include -MMD -MP -c $< -o $@

$(MACOS_OUT)/common/version.o: $(VERSION_FILE)

macos_link = @mkdir -p $(@D); echo "MACOS  $@"; $(MACOS_CC) $(MACOS_FLAGS) --ld-path=$(MACOS_LD) \
             -mlinker-version=1000 $^ $(1) -o $@

# An archive, as on Linux: the worker takes nothing that needs jansson.
$(MACOS_OUT)/libpaddock.a: $(call macos_objects,$(MACOS_COMMON) $(MACOS_CONFIG))
	@rm -f $@
	$(Q)$(MACOS_AR) rcs $@ $^

$(MACOS_OUT)/bin/vmm-worker: $(call macos_objects,$(MACOS_WORKER)) $(MACOS_OUT)/libpaddock.a
	$(call macos_link,-framework Hypervisor -luv -lfdt)

$(MACOS_OUT)/bin/paddockd: $(call macos_objects,$(MACOS_DAEMON)) $(MACOS_OUT)/libpaddock.a
	$(call macos_link,-luv -lsqlite3 -lyaml -ljansson)

$(MACOS_OUT)/bin/vmctl: $(call macos_objects,$(MACOS_CLIENT)) $(MACOS_OUT)/libpaddock.a
	$(call macos_link,-lyaml -ljansson)

$(MACOS_OUT)/bin/hv-conformance: $(call macos_objects,$(MACOS_CONFORMANCE))
	$(call macos_link,-framework Hypervisor -lcmocka)

-include $(patsubst %.o,%.d,$(call macos_objects,$(MACOS_FILES)))
