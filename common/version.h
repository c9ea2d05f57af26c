/* SPDX-License-Identifier: ISC */
/*
 * version.h: what these programs are, the same for all that are built together.
 *
 * mk/version.mk has the numbers. Only programs and tests that are linked with version.o may use it: it is not
 * in libcommon.a, whose users would be linked anew at each commit.
 */
#ifndef PADDOCK_VERSION_H
#define PADDOCK_VERSION_H

extern const char version_number[];    /* "0.1.0" */
extern const char version_build[];     /* git's name of the commit; "" if it was not known */
extern const char *const version_text; /* both, for people and for HELLO: "0.1.0 (0123456789ab)" */

#endif
