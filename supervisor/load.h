/* SPDX-License-Identifier: ISC */
/*
 * load.h: reads paddock.yaml and vms.d/, after checking that they can be trusted.
 */
#ifndef PADDOCK_LOAD_H
#define PADDOCK_LOAD_H

#include "diagnostics.h"
#include "host-config.h"
#include "paths.h"

/* Everything that is wrong is in `d`. 0: `c` may be used, though VMs in it may be disabled; else a negative errno:
 * the last good configuration stays. `c` is to be freed in any case. No file at all is the built-in configuration. */
int load_config(const struct paths *p, struct host_config *c, struct diagnostics *d);

#endif
