#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Debian's kernel generic-6.1 boots to a userspace that works. See lib/suite.sh.
# deadline: 600
set -u
guest=generic-6.1
# shellcheck source=tests/integration/lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
