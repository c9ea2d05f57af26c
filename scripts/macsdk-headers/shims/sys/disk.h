/* SPDX-License-Identifier: ISC */
/*
 * <sys/disk.h> as far as we use it, for checking the macOS build where Apple's SDK is not. A Mac
 * uses its own.
 */
#ifndef PADDOCK_SHIM_SYS_DISK_H
#define PADDOCK_SHIM_SYS_DISK_H

#include <stdint.h>
#include <sys/ioccom.h>

#define DKIOCGETBLOCKSIZE  _IOR('d', 24, uint32_t) /* bytes */
#define DKIOCGETBLOCKCOUNT _IOR('d', 25, uint64_t) /* blocks */

#endif
