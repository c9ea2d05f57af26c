/* SPDX-License-Identifier: ISC */
/*
 * decode.h: from an A64 instruction word to an op.
 *
 * The decoder is a list of rules. A rule is a pattern of 32 characters, bit 31 first, where 0 and 1
 * must match, letters name fields (for the reader), x is any, and _ and space are ignored; and a
 * function that fills the op. Rules are grouped in tables by the Arm ARM's classes (C4.1); within
 * and between tables the order does not matter unless two patterns overlap, in which case the
 * earlier rule wins. A translate function returns false for an unallocated encoding within its
 * class; what no rule accepts is UNDEFINED.
 *
 * Decoding is pure: it reads nothing but the word, so the same op serves every exception level,
 * address and vCPU. Checks that depend on state (EL0, traps, FP enabled) are made by the handlers.
 */
#ifndef SOFTHV_DECODE_H
#define SOFTHV_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu.h"
#include "op.h"

typedef bool decode_fn(uint32_t insn, struct op *op);

struct decode_rule {
    const char *pattern;
    decode_fn *translate;
};

struct decode_table {
    const char *name;
    const struct decode_rule *rule;
    size_t count;
};

/* One per decode-*.c, in the order of Arm ARM C4.1. */
extern const struct decode_table decode_table_integer; /* data processing, immediate and register */
extern const struct decode_table decode_table_branch;  /* branches, exceptions, system */
extern const struct decode_table
    decode_table_memory; /* loads and stores of general registers, atomics */
extern const struct decode_table decode_table_simd_memory; /* SIMD&FP loads and stores */
extern const struct decode_table decode_table_fp;          /* scalar floating point */
extern const struct decode_table decode_table_simd_scalar; /* Advanced SIMD, scalar groups */
extern const struct decode_table decode_table_crypto;      /* AES, SHA, PMULL */
extern const struct decode_table decode_table_simd;        /* Advanced SIMD, vector groups */

enum {
    DECODE_TABLES = 8
};
extern const struct decode_table *const decode_tables[DECODE_TABLES];

/* The mask and value of a pattern. false: it has other than 32 significant characters, or a strange
 * one. */
bool decode_parse_pattern(const char *pattern, uint32_t *mask, uint32_t *value);

/* Builds the lookup index. Called once per process before the first decode; safe to call again and
 * from any thread. */
void decode_init(void);

/*
 * Fills *op for insn. Always succeeds: an unallocated encoding becomes op_undefined, whose imm is
 * the word. Returns whether the encoding is allocated.
 */
bool decode_insn(uint32_t insn, struct op *op);

/* The rule that decodes insn, or NULL. For tests and the sweep. */
const struct decode_rule *decode_rule_for(uint32_t insn);

/* Raises the Undefined Instruction exception (EC 0). imm: the word. */
op_exec op_undefined;

/* Field helpers: register 31 as zero register or as SP. */
static inline uint8_t reg_src(uint32_t insn, unsigned lo)
{
    uint32_t r = bits32(insn, lo + 4, lo);
    return (uint8_t)(r == 31 ? REG_ZR : r);
}

static inline uint8_t reg_dst(uint32_t insn, unsigned lo)
{
    uint32_t r = bits32(insn, lo + 4, lo);
    return (uint8_t)(r == 31 ? REG_SINK : r);
}

static inline uint8_t reg_sp(uint32_t insn, unsigned lo)
{
    return (uint8_t)bits32(insn, lo + 4, lo);
}

static inline uint8_t reg_v(uint32_t insn, unsigned lo)
{
    return (uint8_t)bits32(insn, lo + 4, lo);
}

#endif
