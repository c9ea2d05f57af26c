/* SPDX-License-Identifier: ISC */
/* Rows of the differential test: loads and stores (Arm ARM C4.1.4) and cache maintenance by address. See insn.h. */
#include "insn.h"

/* clang-format off */

static const struct insn literal[] = {
    {"LDR (literal, 32-bit)",    "00 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", INSN_LITERAL},
    {"LDR (literal, 64-bit)",    "01 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", INSN_LITERAL},
    {"LDRSW (literal)",          "10 011 0 00 iiiiiiiiiiiiiiiiiii ttttt", INSN_LITERAL},
    {"PRFM (literal)",           "11 011 0 00 iiiiiiiiiiiiiiiiiii iiiii", INSN_LITERAL},
    {"LDR (literal, S/D)",       "0i 011 1 00 iiiiiiiiiiiiiiiiiii TTTTT", INSN_LITERAL},
    {"LDR (literal, Q)",         "10 011 1 00 iiiiiiiiiiiiiiiiiii TTTTT", INSN_LITERAL},
};

static const struct insn pair[] = {
    {"LDNP/STNP (32-bit)",       "00 101 0 000 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY},
    {"LDNP/STNP (64-bit)",       "10 101 0 000 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY},
    {"LDP/STP (32-bit)",         "00 101 0 010 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY},
    {"LDP/STP (64-bit)",         "10 101 0 010 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY},
    {"LDPSW",                    "01 101 0 010 1 ooooooo uuuuu bbbbb ttttt", INSN_MEMORY},
    {"LDP/STP (post-index, 32)", "00 101 0 001 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY_WB},
    {"LDP/STP (post-index, 64)", "10 101 0 001 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY_WB},
    {"LDPSW (post-index)",       "01 101 0 001 1 ooooooo uuuuu bbbbb ttttt", INSN_MEMORY_WB},
    {"LDP/STP (pre-index, 32)",  "00 101 0 011 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY_WB},
    {"LDP/STP (pre-index, 64)",  "10 101 0 011 i ooooooo uuuuu bbbbb ttttt", INSN_MEMORY_WB},
    {"LDPSW (pre-index)",        "01 101 0 011 1 ooooooo uuuuu bbbbb ttttt", INSN_MEMORY_WB},
};

static const struct insn pair_simd[] = {
    {"LDNP/STNP (S/D)",          "0i 101 1 000 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY},
    {"LDNP/STNP (Q)",            "10 101 1 000 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY},
    {"LDP/STP (S/D)",            "0i 101 1 010 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY},
    {"LDP/STP (Q)",              "10 101 1 010 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY},
    {"LDP/STP (post-index, SD)", "0i 101 1 001 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDP/STP (post-index, Q)",  "10 101 1 001 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDP/STP (pre-index, SD)",  "0i 101 1 011 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDP/STP (pre-index, Q)",   "10 101 1 011 i ooooooo UUUUU bbbbb TTTTT", INSN_MEMORY_WB},
};

static const struct insn unscaled[] = {
    {"LDUR/STUR",                "ii 111 0 00 0i 0 iiiiiiiii 00 bbbbb ttttt", INSN_MEMORY},
    {"LDURSB/LDURSH",            "0i 111 0 00 1i 0 iiiiiiiii 00 bbbbb ttttt", INSN_MEMORY},
    {"LDURSW",                   "10 111 0 00 10 0 iiiiiiiii 00 bbbbb ttttt", INSN_MEMORY},
    {"PRFUM",                    "11 111 0 00 10 0 iiiiiiiii 00 bbbbb iiiii", INSN_MEMORY},
};

static const struct insn unprivileged[] = {
    {"LDTR/STTR",                "ii 111 0 00 0i 0 iiiiiiiii 10 bbbbb ttttt", INSN_MEMORY},
    {"LDTRSB/LDTRSH",            "0i 111 0 00 1i 0 iiiiiiiii 10 bbbbb ttttt", INSN_MEMORY},
    {"LDTRSW",                   "10 111 0 00 10 0 iiiiiiiii 10 bbbbb ttttt", INSN_MEMORY},
};

static const struct insn indexed[] = {
    {"LDR/STR (post-index)",     "ii 111 0 00 0i 0 iiiiiiiii 01 bbbbb ttttt", INSN_MEMORY_WB},
    {"LDRSB/LDRSH (post-index)", "0i 111 0 00 1i 0 iiiiiiiii 01 bbbbb ttttt", INSN_MEMORY_WB},
    {"LDRSW (post-index)",       "10 111 0 00 10 0 iiiiiiiii 01 bbbbb ttttt", INSN_MEMORY_WB},
    {"LDR/STR (pre-index)",      "ii 111 0 00 0i 0 iiiiiiiii 11 bbbbb ttttt", INSN_MEMORY_WB},
    {"LDRSB/LDRSH (pre-index)",  "0i 111 0 00 1i 0 iiiiiiiii 11 bbbbb ttttt", INSN_MEMORY_WB},
    {"LDRSW (pre-index)",        "10 111 0 00 10 0 iiiiiiiii 11 bbbbb ttttt", INSN_MEMORY_WB},
};

static const struct insn register_offset[] = {
    {"LDR/STR (register)",       "ii 111 0 00 0i 1 xxxxx i1i i 10 bbbbb ttttt", INSN_MEMORY},
    {"LDRSB/LDRSH (register)",   "0i 111 0 00 1i 1 xxxxx i1i i 10 bbbbb ttttt", INSN_MEMORY},
    {"LDRSW (register)",         "10 111 0 00 10 1 xxxxx i1i i 10 bbbbb ttttt", INSN_MEMORY},
    {"PRFM (register)",          "11 111 0 00 10 1 xxxxx i1i i 10 bbbbb iiiii", INSN_MEMORY},
};

static const struct insn unsigned_offset[] = {
    {"LDR/STR (unsigned)",       "ii 111 0 01 0i oooooooooooo bbbbb ttttt", INSN_MEMORY},
    {"LDRSB/LDRSH (unsigned)",   "0i 111 0 01 1i oooooooooooo bbbbb ttttt", INSN_MEMORY},
    {"LDRSW (unsigned)",         "10 111 0 01 10 oooooooooooo bbbbb ttttt", INSN_MEMORY},
    {"PRFM (unsigned)",          "11 111 0 01 10 oooooooooooo bbbbb iiiii", INSN_MEMORY},
};

static const struct insn single_simd[] = {
    {"LDUR/STUR (B/H/S/D)",      "ii 111 1 00 0i 0 iiiiiiiii 00 bbbbb TTTTT", INSN_MEMORY},
    {"LDUR/STUR (Q)",            "00 111 1 00 1i 0 iiiiiiiii 00 bbbbb TTTTT", INSN_MEMORY},
    {"LDR/STR (post, B/H/S/D)",  "ii 111 1 00 0i 0 iiiiiiiii 01 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDR/STR (post, Q)",        "00 111 1 00 1i 0 iiiiiiiii 01 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDR/STR (pre, B/H/S/D)",   "ii 111 1 00 0i 0 iiiiiiiii 11 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDR/STR (pre, Q)",         "00 111 1 00 1i 0 iiiiiiiii 11 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LDR/STR (reg, B/H/S/D)",   "ii 111 1 00 0i 1 xxxxx i1i i 10 bbbbb TTTTT", INSN_MEMORY},
    {"LDR/STR (reg, Q)",         "00 111 1 00 1i 1 xxxxx i1i i 10 bbbbb TTTTT", INSN_MEMORY},
    {"LDR/STR (unsigned, BHSD)", "ii 111 1 01 0i oooooooooooo bbbbb TTTTT", INSN_MEMORY},
    {"LDR/STR (unsigned, Q)",    "00 111 1 01 1i oooooooooooo bbbbb TTTTT", INSN_MEMORY},
};

static const struct insn exclusive[] = {
    {"LDXR/LDAXR, STXR/STLXR",   "ii 001000 0 1 0 11111 i 11111 bbbbb ttttt", INSN_EXCLUSIVE},
    {"LDXP/LDAXP, STXP/STLXP",   "1i 001000 0 1 1 11111 i uuuuu bbbbb ttttt", INSN_EXCLUSIVE_2},
    {"LDXR/LDAXR alone",         "ii 001000 0 1 0 11111 i 11111 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"STXR/STLXR alone",         "ii 001000 0 0 0 sssss i 11111 bbbbb ttttt", INSN_STORE_ALONE},
    {"STXP/STLXP alone",         "1i 001000 0 0 1 sssss i uuuuu bbbbb ttttt", INSN_STORE_ALONE},
};

static const struct insn ordered[] = {
    {"LDAR",                     "ii 001000 1 1 0 11111 1 11111 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"STLR",                     "ii 001000 1 0 0 11111 1 11111 bbbbb ttttt", INSN_MEMORY_ALIGN},
};

static const struct insn structures[] = {
    {"LD4/ST4 (multiple)",       "0i 0011000 i 000000 0000 ii bbbbb TTTTT", INSN_MEMORY},
    {"LD3/ST3 (multiple)",       "0i 0011000 i 000000 0100 ii bbbbb TTTTT", INSN_MEMORY},
    {"LD2/ST2 (multiple)",       "0i 0011000 i 000000 1000 ii bbbbb TTTTT", INSN_MEMORY},
    {"LD1/ST1 (4 registers)",    "0i 0011000 i 000000 0010 ii bbbbb TTTTT", INSN_MEMORY},
    {"LD1/ST1 (3 registers)",    "0i 0011000 i 000000 0110 ii bbbbb TTTTT", INSN_MEMORY},
    {"LD1/ST1 (2 registers)",    "0i 0011000 i 000000 1010 ii bbbbb TTTTT", INSN_MEMORY},
    {"LD1/ST1 (1 register)",     "0i 0011000 i 000000 0111 ii bbbbb TTTTT", INSN_MEMORY},
};

static const struct insn structures_post[] = {
    {"LD4/ST4 (post, immediate)", "0i 0011001 i 0 11111 0000 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD3/ST3 (post, immediate)", "0i 0011001 i 0 11111 0100 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD2/ST2 (post, immediate)", "0i 0011001 i 0 11111 1000 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1/ST1 x4 (post, imm)",    "0i 0011001 i 0 11111 0010 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1/ST1 x3 (post, imm)",    "0i 0011001 i 0 11111 0110 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1/ST1 x2 (post, imm)",    "0i 0011001 i 0 11111 1010 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1/ST1 x1 (post, imm)",    "0i 0011001 i 0 11111 0111 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD4/ST4 (post, register)",  "0i 0011001 i 0 xxxxx 0000 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD3/ST3 (post, register)",  "0i 0011001 i 0 xxxxx 0100 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD2/ST2 (post, register)",  "0i 0011001 i 0 xxxxx 1000 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1/ST1 (post, register)",  "0i 0011001 i 0 xxxxx ii1i ii bbbbb TTTTT", INSN_MEMORY_WB},
};

static const struct insn structure_single[] = {
    {"LD1-4/ST1-4 (8-bit)",      "0i 0011010 ii 00000 00i i ii bbbbb TTTTT", INSN_MEMORY},
    {"LD1-4/ST1-4 (16-bit)",     "0i 0011010 ii 00000 01i i i0 bbbbb TTTTT", INSN_MEMORY},
    {"LD1-4/ST1-4 (32-bit)",     "0i 0011010 ii 00000 10i i 00 bbbbb TTTTT", INSN_MEMORY},
    {"LD1-4/ST1-4 (64-bit)",     "0i 0011010 ii 00000 10i 0 01 bbbbb TTTTT", INSN_MEMORY},
    {"LD1R-LD4R",                "0i 0011010 1i 00000 11i 0 ii bbbbb TTTTT", INSN_MEMORY},
};

static const struct insn structure_single_post[] = {
    {"LD1-4/ST1-4 (8-bit, imm)",  "0i 0011011 ii 11111 00i i ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (16-bit, imm)", "0i 0011011 ii 11111 01i i i0 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (32-bit, imm)", "0i 0011011 ii 11111 10i i 00 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (64-bit, imm)", "0i 0011011 ii 11111 10i 0 01 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1R-LD4R (imm)",           "0i 0011011 1i 11111 11i 0 ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (8-bit, reg)",  "0i 0011011 ii xxxxx 00i i ii bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (16-bit, reg)", "0i 0011011 ii xxxxx 01i i i0 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (32-bit, reg)", "0i 0011011 ii xxxxx 10i i 00 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1-4/ST1-4 (64-bit, reg)", "0i 0011011 ii xxxxx 10i 0 01 bbbbb TTTTT", INSN_MEMORY_WB},
    {"LD1R-LD4R (reg)",           "0i 0011011 1i xxxxx 11i 0 ii bbbbb TTTTT", INSN_MEMORY_WB},
};

static const struct insn cache[] = {
    {"DC ZVA",                   "1101010100 0 01 011 0111 0100 001 bbbbb", INSN_ZERO_BLOCK},
    {"DC CVAC",                  "1101010100 0 01 011 0111 1010 001 bbbbb", INSN_MEMORY_MAPPED},
    {"DC CVAU",                  "1101010100 0 01 011 0111 1011 001 bbbbb", INSN_MEMORY_MAPPED},
    {"DC CIVAC",                 "1101010100 0 01 011 0111 1110 001 bbbbb", INSN_MEMORY_MAPPED},
    {"IC IVAU",                  "1101010100 0 01 011 0111 0101 001 bbbbb", INSN_MEMORY_MAPPED},
};

static const struct insn compare_and_swap[] = {
    {"CAS/CASA/CASL/CASAL",      "ii 001000 1 i 1 sssss i 11111 bbbbb ttttt", INSN_CAS},
    {"CASP",                     "0i 001000 0 i 1 sssss i 11111 bbbbb ttttt", INSN_CASP},
};

static const struct insn atomic[] = {
    {"LDADD/STADD",              "ii 111 0 00 ii 1 sssss 0 000 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDCLR/STCLR",              "ii 111 0 00 ii 1 sssss 0 001 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDEOR/STEOR",              "ii 111 0 00 ii 1 sssss 0 010 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDSET/STSET",              "ii 111 0 00 ii 1 sssss 0 011 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDSMAX/STSMAX",            "ii 111 0 00 ii 1 sssss 0 100 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDSMIN/STSMIN",            "ii 111 0 00 ii 1 sssss 0 101 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDUMAX/STUMAX",            "ii 111 0 00 ii 1 sssss 0 110 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDUMIN/STUMIN",            "ii 111 0 00 ii 1 sssss 0 111 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"SWP",                      "ii 111 0 00 ii 1 sssss 1 000 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
};

static const struct insn atomic_unallocated[] = {
    {"CAS, Rt2 not 31",          "ii 001000 1 i 1 sssss i uuuuu bbbbb ttttt", INSN_CAS},
    {"CASP, Rt2 not 31",         "0i 001000 0 i 1 sssss i uuuuu bbbbb ttttt", INSN_CASP},
    {"atomic, o3 1, opc 001",    "ii 111 0 00 ii 1 sssss 1 001 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"atomic, o3 1, opc 01x",    "ii 111 0 00 ii 1 sssss 1 01i 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"atomic, o3 1, opc 101",    "ii 111 0 00 ii 1 sssss 1 101 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"atomic, o3 1, opc 11x",    "ii 111 0 00 ii 1 sssss 1 11i 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"LDAPR, A 0",               "ii 111 0 00 0i 1 sssss 1 100 00 bbbbb ttttt", INSN_MEMORY_ALIGN},
    {"atomic, V 1",              "ii 111 1 00 ii 1 sssss iiii 00 bbbbb TTTTT", INSN_MEMORY_ALIGN},
};

const struct insn_class insn_classes_memory[] = {
    {"load-literal",         "C4.1.4", INSN_SET_BASE, 2, INSN_ROWS(literal)},
    {"load-store-pair",      "C4.1.4", INSN_SET_BASE, 5, INSN_ROWS(pair)},
    {"load-store-pair-fp",   "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(pair_simd)},
    {"load-store-unscaled",  "C4.1.4", INSN_SET_BASE, 3, INSN_ROWS(unscaled)},
    {"load-store-unpriv",    "C4.1.4", INSN_SET_BASE, 2, INSN_ROWS(unprivileged)},
    {"load-store-indexed",   "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(indexed)},
    {"load-store-register",  "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(register_offset)},
    {"load-store-unsigned",  "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(unsigned_offset)},
    {"load-store-fp",        "C4.1.4", INSN_SET_BASE, 5, INSN_ROWS(single_simd)},
    {"exclusive",            "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(exclusive)},
    {"acquire-release",      "C4.1.4", INSN_SET_BASE, 2, INSN_ROWS(ordered)},
    {"structure-multiple",   "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(structures)},
    {"structure-mult-post",  "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(structures_post)},
    {"structure-single",     "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(structure_single)},
    {"structure-sgl-post",   "C4.1.4", INSN_SET_BASE, 4, INSN_ROWS(structure_single_post)},
    {"cache-maintenance",    "C5.3",   INSN_SET_BASE, 2, INSN_ROWS(cache)},
    {"compare-and-swap",     "C4.1.4", INSN_SET_LSE, 60, INSN_ROWS(compare_and_swap)},
    {"atomic",               "C4.1.4", INSN_SET_LSE, 100, INSN_ROWS(atomic)},
    {"atomic-unallocated",   "C4.1.4", INSN_SET_LSE, 20, INSN_ROWS(atomic_unallocated)},
};

const size_t insn_count_memory = sizeof insn_classes_memory / sizeof insn_classes_memory[0];
