/* SPDX-License-Identifier: ISC */
/*
 * insn.h: the instructions that the differential test draws from, as tables.
 *
 * A row is a pattern of 32 characters, most significant bit first; blanks are for the reader. 0 and 1 are
 * the encoding, letters are fields, filled at random:
 *
 *   general registers   d  destination            n m a  sources
 *                       t u  loaded, or stored    s  status or compare register
 *                       b  base address (31: SP)  x  index
 *   vector registers    D  destination            N M A  sources            T U  loaded or stored
 *   o                   an offset that is mostly small
 *   any other letter    random bits
 *
 * A row need not be free of reserved combinations: UNDEFINED is an answer that is compared, too. What must not
 * be compared because the architecture leaves it open is taken out in filter.c.
 */
#ifndef DIFF_INSN_H
#define DIFF_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How gen.c completes a row. */
enum insn_kind {
    INSN_PLAIN,
    INSN_CHECKED,       /* not the words that a random word may not be (filter.h) */
    INSN_LOGICAL_IMM,   /* mostly valid bitmasks */
    INSN_ADR,           /* not to the code of another slot */
    INSN_BRANCH,        /* 26-bit offset, forward, a few instructions */
    INSN_BRANCH19,      /* B.cond, CBZ: 19-bit offset */
    INSN_BRANCH14,      /* TBZ: 14-bit offset */
    INSN_BRANCH_REG,    /* ADR, sometimes a tag, then BR, BLR or RET forward */
    INSN_BRANCH_WILD,   /* BR to anywhere: last of its case */
    INSN_LITERAL,       /* PC-relative load, mostly from the slot's literals */
    INSN_MEMORY,        /* any base */
    INSN_MEMORY_WB,     /* a base that may move */
    INSN_MEMORY_ALIGN,  /* mostly an aligned base: the architecture checks */
    INSN_MEMORY_MAPPED, /* only a good base: the oracle does not look at the address */
    INSN_ZERO_BLOCK,    /* DC ZVA, at a good base or pages above one */
    INSN_EXCLUSIVE,     /* load-exclusive, something harmless, store-exclusive to the same place */
    INSN_EXCLUSIVE_2,   /* the same for pairs */
    INSN_STORE_ALONE,   /* CLREX, then a store-exclusive, which fails */
    INSN_CAS,           /* half of them behind a load of the value to be compared */
    INSN_CASP,          /* the same, mostly with even register numbers */
    INSN_SET_FPCR,      /* MSR of a value with no reserved bits */
    INSN_SET_FPSR,
    INSN_RANDOM, /* 32 random bits, filtered */
    INSN_MUTANT  /* a row of another class with one to three bits flipped, filtered */
};

struct insn {
    const char *name;
    const char *pattern;
    enum insn_kind kind;
};

/* Which oracle has it, and which cases draw it. */
enum insn_set {
    INSN_SET_BASE, /* Armv8.0-A, CRC32, AES, SHA1, SHA256, PMULL */
    INSN_SET_LSE,  /* needs a CPU with FEAT_LSE */
    INSN_SET_ALLOC /* encodings that must be UNDEFINED, or may be: cases of their own */
};

struct insn_class {
    const char *name;
    const char *section; /* Arm ARM, DDI 0487 */
    enum insn_set set;
    unsigned weight;
    const struct insn *rows;
    size_t count;
};

extern const struct insn_class insn_classes_integer[];
extern const struct insn_class insn_classes_memory[];
extern const struct insn_class insn_classes_fp[];
extern const struct insn_class insn_classes_simd[];
extern const struct insn_class insn_classes_alloc[];
extern const size_t insn_count_integer;
extern const size_t insn_count_memory;
extern const size_t insn_count_fp;
extern const size_t insn_count_simd;
extern const size_t insn_count_alloc;

#define INSN_ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

#endif
