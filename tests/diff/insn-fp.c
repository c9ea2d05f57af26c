/* SPDX-License-Identifier: ISC */
/* Rows of the differential test: scalar floating point (Arm ARM C4.1.6). See insn.h. Type 0i is single or double. */
#include "insn.h"

/* clang-format off */

static const struct insn one_source[] = {
    {"FMOV (register)",          "00011110 0i 1 000000 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FABS",                     "00011110 0i 1 000001 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FNEG",                     "00011110 0i 1 000010 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FSQRT",                    "00011110 0i 1 000011 10000 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn convert_precision[] = {
    {"FCVT (S to D)",            "00011110 00 1 000101 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FCVT (D to S)",            "00011110 01 1 000100 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FCVT (S or D to H)",       "00011110 0i 1 000111 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FCVT (H to S or D)",       "00011110 11 1 00010i 10000 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn round_integral[] = {
    {"FRINTN",                   "00011110 0i 1 001000 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTP",                   "00011110 0i 1 001001 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTM",                   "00011110 0i 1 001010 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTZ",                   "00011110 0i 1 001011 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTA",                   "00011110 0i 1 001100 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTX",                   "00011110 0i 1 001110 10000 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTI",                   "00011110 0i 1 001111 10000 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn two_source[] = {
    {"FMUL",                     "00011110 0i 1 MMMMM 0000 10 NNNNN DDDDD", INSN_PLAIN},
    {"FDIV",                     "00011110 0i 1 MMMMM 0001 10 NNNNN DDDDD", INSN_PLAIN},
    {"FADD",                     "00011110 0i 1 MMMMM 0010 10 NNNNN DDDDD", INSN_PLAIN},
    {"FSUB",                     "00011110 0i 1 MMMMM 0011 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMAX",                     "00011110 0i 1 MMMMM 0100 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMIN",                     "00011110 0i 1 MMMMM 0101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXNM",                   "00011110 0i 1 MMMMM 0110 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMINNM",                   "00011110 0i 1 MMMMM 0111 10 NNNNN DDDDD", INSN_PLAIN},
    {"FNMUL",                    "00011110 0i 1 MMMMM 1000 10 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn three_source[] = {
    {"FMADD",                    "00011111 0i 0 MMMMM 0 AAAAA NNNNN DDDDD", INSN_PLAIN},
    {"FMSUB",                    "00011111 0i 0 MMMMM 1 AAAAA NNNNN DDDDD", INSN_PLAIN},
    {"FNMADD",                   "00011111 0i 1 MMMMM 0 AAAAA NNNNN DDDDD", INSN_PLAIN},
    {"FNMSUB",                   "00011111 0i 1 MMMMM 1 AAAAA NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn compare[] = {
    {"FCMP/FCMPE",               "00011110 0i 1 MMMMM 001000 NNNNN i0 000", INSN_PLAIN},
    {"FCMP/FCMPE (zero)",        "00011110 0i 1 00000 001000 NNNNN i1 000", INSN_PLAIN},
    {"FCCMP/FCCMPE",             "00011110 0i 1 MMMMM iiii 01 NNNNN i iiii", INSN_PLAIN},
    {"FCSEL",                    "00011110 0i 1 MMMMM iiii 11 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn immediate[] = {
    {"FMOV (scalar, immediate)", "00011110 0i 1 iiiiiiii 100 00000 DDDDD", INSN_PLAIN},
};

static const struct insn convert_integer[] = {
    {"FCVTNS/FCVTNU",            "i0011110 0i 1 00 00i 000000 NNNNN ddddd", INSN_PLAIN},
    {"FCVTPS/FCVTPU",            "i0011110 0i 1 01 00i 000000 NNNNN ddddd", INSN_PLAIN},
    {"FCVTMS/FCVTMU",            "i0011110 0i 1 10 00i 000000 NNNNN ddddd", INSN_PLAIN},
    {"FCVTZS/FCVTZU",            "i0011110 0i 1 11 00i 000000 NNNNN ddddd", INSN_PLAIN},
    {"FCVTAS/FCVTAU",            "i0011110 0i 1 00 10i 000000 NNNNN ddddd", INSN_PLAIN},
    {"SCVTF/UCVTF",              "i0011110 0i 1 00 01i 000000 nnnnn DDDDD", INSN_PLAIN},
    {"FMOV (W, S)",              "00011110 00 1 00 110 000000 NNNNN ddddd", INSN_PLAIN},
    {"FMOV (S, W)",              "00011110 00 1 00 111 000000 nnnnn DDDDD", INSN_PLAIN},
    {"FMOV (X, D)",              "10011110 01 1 00 110 000000 NNNNN ddddd", INSN_PLAIN},
    {"FMOV (D, X)",              "10011110 01 1 00 111 000000 nnnnn DDDDD", INSN_PLAIN},
    {"FMOV (X, D[1])",           "10011110 10 1 01 110 000000 NNNNN ddddd", INSN_PLAIN},
    {"FMOV (D[1], X)",           "10011110 10 1 01 111 000000 nnnnn DDDDD", INSN_PLAIN},
};

static const struct insn convert_fixed[] = {
    {"SCVTF/UCVTF (fixed, 32)",  "00011110 0i 0 00 01i 1iiiii nnnnn DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (fixed, 64)",  "10011110 0i 0 00 01i iiiiii nnnnn DDDDD", INSN_PLAIN},
    {"FCVTZS/U (fixed, 32)",     "00011110 0i 0 11 00i 1iiiii NNNNN ddddd", INSN_PLAIN},
    {"FCVTZS/U (fixed, 64)",     "10011110 0i 0 11 00i iiiiii NNNNN ddddd", INSN_PLAIN},
};

const struct insn_class insn_classes_fp[] = {
    {"fp-one-source",        "C4.1.6", INSN_SET_BASE, 3, INSN_ROWS(one_source)},
    {"fp-convert-precision", "C4.1.6", INSN_SET_BASE, 3, INSN_ROWS(convert_precision)},
    {"fp-round-integral",    "C4.1.6", INSN_SET_BASE, 3, INSN_ROWS(round_integral)},
    {"fp-two-source",        "C4.1.6", INSN_SET_BASE, 5, INSN_ROWS(two_source)},
    {"fp-three-source",      "C4.1.6", INSN_SET_BASE, 4, INSN_ROWS(three_source)},
    {"fp-compare-select",    "C4.1.6", INSN_SET_BASE, 4, INSN_ROWS(compare)},
    {"fp-immediate",         "C4.1.6", INSN_SET_BASE, 1, INSN_ROWS(immediate)},
    {"fp-convert-integer",   "C4.1.6", INSN_SET_BASE, 4, INSN_ROWS(convert_integer)},
    {"fp-convert-fixed",     "C4.1.6", INSN_SET_BASE, 3, INSN_ROWS(convert_fixed)},
};

const size_t insn_count_fp = sizeof insn_classes_fp / sizeof insn_classes_fp[0];
