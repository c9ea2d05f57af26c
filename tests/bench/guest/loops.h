/* SPDX-License-Identifier: ISC */
/*
 * The loops that the bare-metal guest times. Each runs `rounds` times (1 or more) round a body of
 * LOOP_*_INSTRUCTIONS instructions, whatever way its branches go, and returns a value that depends on
 * all of them. The few instructions around the loop are not counted.
 */
#ifndef PADDOCK_BENCH_LOOPS_H
#define PADDOCK_BENCH_LOOPS_H

#define LOOP_INTEGER_INSTRUCTIONS 12
#define LOOP_BRANCH_INSTRUCTIONS  20
#define LOOP_MEMORY_INSTRUCTIONS  12
#define LOOP_FLOAT_INSTRUCTIONS   10
#define LOOP_COPY_BYTES           64

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Register arithmetic and logic in one dependent chain: add, shift, rotate, multiply, compare, select. */
uint64_t loop_integer(uint64_t rounds);

/* Branches that depend on pseudo-random bits, direct and indirect calls, returns. */
uint64_t loop_branch(uint64_t rounds);

/* Loads and stores of 1 to 16 bytes in a buffer of 64 KiB. */
uint64_t loop_memory(uint64_t rounds, void *buffer);

/* Double precision: multiply, add, divide, convert. */
uint64_t loop_float(uint64_t rounds);

/* Copies rounds * LOOP_COPY_BYTES bytes with load and store pair. */
void loop_copy(uint64_t rounds, void *to, const void *from);
#endif

#endif
