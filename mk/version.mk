# SPDX-License-Identifier: ISC
#
# What the programs say they are (common/version.h).
#
# Only common/version.o knows, and only the programs that print it and their tests are linked with that: a commit
# compiles one file and relinks those. There is no date in it, so the same sources make the same programs.

VERSION := 0.1.0
# git's name of the commit; nothing in sources that came without a repository, where a packager may name one. The
# repository may be somebody else's: root installs what a user has built.
COMMIT  := $(shell [ ! -e .git ] || git -c safe.directory='*' rev-parse --short=12 HEAD 2>/dev/null)

VERSION_FLAGS = -DPADDOCK_VERSION='"$(VERSION)"' -DPADDOCK_COMMIT='"$(COMMIT)"'
VERSION_FILE := $(BUILD)/version
VERSION_O    := $(OUT)/obj/common/version.o
