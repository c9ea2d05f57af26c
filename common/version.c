/* SPDX-License-Identifier: ISC */
/*
 * version.c: what these programs are. See version.h.
 */
#include "version.h"

const char version_number[] = PADDOCK_VERSION;
const char version_build[] = PADDOCK_COMMIT;
const char *const version_text =
    sizeof(PADDOCK_COMMIT) > 1 ? PADDOCK_VERSION " (" PADDOCK_COMMIT ")" : PADDOCK_VERSION;
