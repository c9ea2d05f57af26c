/* SPDX-License-Identifier: ISC */
/*
 * Rows of the differential test that look for a wrong "is this allocated?": random words, near misses of every
 * row, and the instructions of later extensions, which a CPU that does not claim them must call UNDEFINED.
 */
#include "insn.h"

/* clang-format off */

static const struct insn unclaimed[] = {
    {"FEAT_RDM (vector)",        "0i1 01110 ii 0 MMMMM 1000i 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_RDM (scalar)",        "011 11110 ii 0 MMMMM 1000i 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_RDM (element)",       "0i1 01111 ii i iiiii 11i1 i0 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_RDM (elem., scalar)", "011 11111 ii i iiiii 11i1 i0 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_DotProd, FEAT_I8MM",  "0ii 01110 ii 0 MMMMM 100ii 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_DotProd (element)",   "0ii 01111 ii i iiiii 111i i0 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FCMA",                "0i1 01110 ii 0 MMMMM 11iii 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FCMA (element)",      "0i1 01111 ii i iiiii 0ii1 i0 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FHM",                 "0ii 01110 i0 1 MMMMM 11i01 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (scalar, 1)",    "00011110 11 1 iiiiii 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (scalar, 2)",    "00011110 11 1 MMMMM iiii 10 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (scalar, 3)",    "00011111 11 i MMMMM i AAAAA NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (compare)",      "00011110 11 1 MMMMM 001000 NNNNN ii 000", INSN_PLAIN},
    {"FEAT_FP16 (immediate)",    "00011110 11 1 iiiiiiii 100 00000 DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (integer)",      "i0011110 11 1 ii iii 000000 NNNNN ddddd", INSN_PLAIN},
    {"FEAT_FP16 (vector, same)", "0ii 01110 i1 0 MMMMM 00iii 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (vector, misc)", "0ii 01110 i1 11100 iiiii 10 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (scalar same)",  "01i 11110 i1 0 MMMMM 00iii 1 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (scalar misc)",  "01i 11110 i1 11100 iiiii 10 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (vector imm)",   "0ii 0111100000 iii 1111 11 iiiii DDDDD", INSN_PLAIN},
    {"FEAT_FP16 (across)",       "0i0 01110 i0 11000 011ii 10 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FRINTTS",             "00011110 0i 1 0100ii 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_FRINTTS (vector)",    "0ii 01110 0i 10000 1111i 10 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_JSCVT",               "00011110 01 1 11 110 000000 NNNNN ddddd", INSN_PLAIN},
    {"FEAT_BF16 (convert)",      "00011110 01 1 000110 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_SHA512, SM3, SM4",    "11001110 iii MMMMM iiiiii NNNNN DDDDD", INSN_PLAIN},
    {"FEAT_PAuth (1 source)",    "110 11010110 00001 iiiiii nnnnn ddddd", INSN_PLAIN},
    {"FEAT_PAuth (PACGA)",       "100 11010110 mmmmm 001100 nnnnn ddddd", INSN_PLAIN},
    {"FEAT_PAuth (LDRAA)",       "11 111 0 00 ii 1 iiiiiiiii i1 bbbbb ttttt", INSN_PLAIN},
    {"FEAT_PAuth (branch)",      "1101011 i0ii 11111 00001i nnnnn iiiii", INSN_PLAIN},
    {"FEAT_FlagM, FlagM2",       "101 11010000 iiiiii 00001 nnnnn 0iiii", INSN_PLAIN},
    {"FEAT_FlagM (SETF)",        "001 11010000 00000 0i0010 nnnnn 01101", INSN_PLAIN},
    {"FEAT_FlagM (CFINV)",       "11010101000 00 000 0100 iiii 0ii 11111", INSN_PLAIN},
    {"FEAT_LRCPC",               "ii 111 0 00 101 11111 1100 00 bbbbb ttttt", INSN_PLAIN},
    {"FEAT_LRCPC2",              "ii 011 0 01 ii 0 iiiiiiiii 00 bbbbb ttttt", INSN_PLAIN},
    {"FEAT_LOR",                 "ii 001000 1 i 0 11111 0 11111 bbbbb ttttt", INSN_PLAIN},
    {"FEAT_LS64",                "11 111 0 00 00 1 iiiii 1 01i 00 bbbbb ttttt", INSN_PLAIN},
    {"FEAT_MTE (tags)",          "11 011 0 01 ii 1 iiiiiiiii ii bbbbb ttttt", INSN_PLAIN},
    {"FEAT_MTE (2 source)",      "1i0 11010110 mmmmm 00010i nnnnn ddddd", INSN_PLAIN},
    {"FEAT_MTE (ADDG/SUBG)",     "1i0 100011 0 iiiiii 00 iiii nnnnn ddddd", INSN_PLAIN},
    {"FEAT_CSSC",                "i00 10001 11 iiiiiiii iiii nnnnn ddddd", INSN_PLAIN},
    {"FEAT_MOPS",                "ii 011 i 01 ii 0 sssss iiii 01 nnnnn ddddd", INSN_PLAIN},
    {"FEAT_SB, WFxT, barriers",  "110101010000001100 ii iiii iii iiiii", INSN_PLAIN},
    {"SVE, SME",                 "iii 0010 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_PLAIN},
    {"reserved",                 "iii 000i iiiiiiiiiiiiiiiiiiiiiiiii", INSN_PLAIN},
};

static const struct insn random_words[] = {
    {"random word",              "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"data processing, imm.",    "iii 100 iiiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"branch, exception, sys.",  "iii 101 iiiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"system",                   "1101010100 iiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"loads and stores",         "iiii 1 i 0 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"data processing, reg.",    "iiii 101 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"floating point, SIMD",     "iiii 111 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"scalar floating point",    "i00 1111 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"Advanced SIMD",            "0ii 0111 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"scalar SIMD",              "01i 1111 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
    {"SIMD structures",          "0i 00110 iiiiiiiiiiiiiiiiiiiiiiiii", INSN_RANDOM},
};

static const struct insn mutants[] = {
    {"mutant",                   "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", INSN_MUTANT},
};

const struct insn_class insn_classes_alloc[] = {
    {"unclaimed-feature",    "A2",     INSN_SET_ALLOC, 4, INSN_ROWS(unclaimed)},
    {"random-word",          "C4.1",   INSN_SET_ALLOC, 4, INSN_ROWS(random_words)},
    {"near-miss",            "C4.1",   INSN_SET_ALLOC, 4, INSN_ROWS(mutants)},
};

const size_t insn_count_alloc = sizeof insn_classes_alloc / sizeof insn_classes_alloc[0];
