/* SPDX-License-Identifier: ISC */
/* host-pages.h: memory given back to the host while its addresses stay valid. */
#ifndef VMM_HOST_PAGES_H
#define VMM_HOST_PAGES_H

#include <stddef.h>

/* A power of two, at least 4096. */
size_t host_page_size(void);

/*
 * Frees the pages [p, p + size), both multiples of the host's page, of private anonymous memory.
 * They can be used again at any time, and then hold zeros (Linux) or zeros or what they held
 * (macOS). 0 or a negative errno.
 */
int host_pages_release(void *p, size_t size);

#endif
