/* SPDX-License-Identifier: ISC */
/*
 * trust.h: opens what root may rely on (H-07 to H-12), and says by name what is wrong with the rest.
 *
 * Trusted: an absolute path; every folder and the file itself owned by root or by the daemon's own
 * uid and not writable by group or others (a sticky folder of root's is allowed above); the last component is no
 * symbolic link; the file is regular. Folders are walked by descriptor, so that what was checked is what is opened.
 */
#ifndef PADDOCK_TRUST_H
#define PADDOCK_TRUST_H

#include <stddef.h>

/* O_RDONLY or O_RDWR. A descriptor (close-on-exec) or a negative errno with a sentence in `why`; -ENOENT
 * only if the file itself or a folder above it is not there. */
int trust_open(const char *path, int flags, char *why, size_t size);
/* A whole small file, at most `limit` bytes, terminated; *text is to be freed. */
int trust_read(const char *path, size_t limit, char **text, size_t *length, char *why, size_t size);

#endif
