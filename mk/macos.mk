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
MACOS_WORKER      := $(wildcard common/*.c vmm-worker/*.c vmm-worker/devices/*.c)
MACOS_ENGINE      := $(wildcard hypervisor/soft/*.c)
MACOS_CONFORMANCE := $(wildcard tests/hv-conformance/*.c)
MACOS_TOOLS       := $(wildcard tests/tools/vmm-run.c tests/tools/run-*.c)
macos_objects = $(patsubst %.c,$(MACOS_OUT)/%.o,$(1))

.PHONY: check-macos
check-macos: ## compile and link everything for macOS, on Linux; nothing is run
	@scripts/deps ensure macos
	@sdk=$$(scripts/macsdk) && $(MAKE) --no-print-directory MACOS_SDK="$$sdk" macos-all

.PHONY: macos-all
macos-all: $(MACOS_OUT)/bin/vmm-worker $(MACOS_OUT)/bin/hv-conformance \
           $(call macos_objects,$(MACOS_ENGINE) $(MACOS_TOOLS))
	@for program in $(MACOS_OUT)/bin/vmm-worker $(MACOS_OUT)/bin/hv-conformance; do \
	    echo "check-macos: $$program: $$($(MACOS_OBJDUMP) --macho --private-header $$program | awk '/MH_MAGIC/ { print $$2, $$5 }')"; \
	done
	@echo "check-macos: $(words $(MACOS_WORKER) $(MACOS_ENGINE) $(MACOS_CONFORMANCE) $(MACOS_TOOLS)) files compiled, 2 programs linked; nothing was run"

MACOS_OBJDUMP ?= $(firstword $(call have_command,llvm-objdump-19) llvm-objdump-19)

# Which headers a room may see there: on a Mac the framework's own header takes the place of ours. The
# engine is what a Mac without virtualisation links instead, so it is compiled with ours.
$(MACOS_OUT)/hypervisor/%.o: MACOS_INCLUDES := -Ihypervisor/include
$(MACOS_OUT)/common/%.o: MACOS_INCLUDES := -Icommon
$(MACOS_OUT)/vmm-worker/%.o: MACOS_INCLUDES := -Icommon
$(MACOS_OUT)/tests/tools/%.o: MACOS_INCLUDES := -Icommon
$(MACOS_OUT)/tests/hv-conformance/%.o: MACOS_INCLUDES = -isystem $(MACOS_SDK)/usr/local/cmocka

$(MACOS_OUT)/%.o: %.c mk/macos.mk
	@mkdir -p $(@D)
	@echo "MACOS  $<"
	$(Q)$(MACOS_CC) $(MACOS_FLAGS) -std=c11 -O2 -D_DARWIN_C_SOURCE $(WARNINGS) -Wunguarded-availability \
	    $(MACOS_INCLUDES) -isystem $(MACOS_SDK)/usr/local/include -MMD -MP -c $< -o $@

macos_link = $(MACOS_CC) $(MACOS_FLAGS) --ld-path=$(MACOS_LD) -mlinker-version=1000 -framework Hypervisor

$(MACOS_OUT)/bin/vmm-worker: $(call macos_objects,$(MACOS_WORKER))
	@mkdir -p $(@D)
	@echo "MACOS  $@"
	$(Q)$(macos_link) $^ -luv -lfdt -o $@

$(MACOS_OUT)/bin/hv-conformance: $(call macos_objects,$(MACOS_CONFORMANCE))
	@mkdir -p $(@D)
	@echo "MACOS  $@"
	$(Q)$(macos_link) $^ -lcmocka -o $@

-include $(patsubst %.o,%.d,$(call macos_objects,$(MACOS_WORKER) $(MACOS_ENGINE) $(MACOS_CONFORMANCE) $(MACOS_TOOLS)))
