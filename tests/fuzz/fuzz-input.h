/* SPDX-License-Identifier: ISC */
/*
 * fuzz-input.h: takes numbers off the front of a fuzzer's input, and says what must hold.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
    const uint8_t *p;
    size_t left;
};

/* The next n (up to 8) bytes as a little-endian number; zeros behind the end. */
static inline uint64_t fuzz_take(struct fuzz_input *in, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n && in->left != 0; i++, in->left--) {
        v |= (uint64_t)*in->p++ << 8 * i;
    }
    return v;
}

/* Or the fuzzer has found something. */
#define FUZZ_CHECK(what)                                                                           \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
