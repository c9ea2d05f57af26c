/* SPDX-License-Identifier: ISC */
/* Rows of the differential test: Advanced SIMD and cryptography (Arm ARM C4.1.6). See insn.h. */
#include "insn.h"

/* clang-format off */

static const struct insn crypto[] = {
    {"AESE/AESD",                "01001110 00 10100 0010i 10 NNNNN DDDDD", INSN_PLAIN},
    {"AESMC/AESIMC",             "01001110 00 10100 0011i 10 NNNNN DDDDD", INSN_PLAIN},
    {"SHA1C",                    "01011110 00 0 MMMMM 0 000 00 NNNNN DDDDD", INSN_PLAIN},
    {"SHA1P",                    "01011110 00 0 MMMMM 0 001 00 NNNNN DDDDD", INSN_PLAIN},
    {"SHA1M",                    "01011110 00 0 MMMMM 0 010 00 NNNNN DDDDD", INSN_PLAIN},
    {"SHA1SU0",                  "01011110 00 0 MMMMM 0 011 00 NNNNN DDDDD", INSN_PLAIN},
    {"SHA256H/SHA256H2",         "01011110 00 0 MMMMM 0 10i 00 NNNNN DDDDD", INSN_PLAIN},
    {"SHA256SU1",                "01011110 00 0 MMMMM 0 110 00 NNNNN DDDDD", INSN_PLAIN},
    {"SHA1H",                    "01011110 00 10100 00000 10 NNNNN DDDDD", INSN_PLAIN},
    {"SHA1SU1",                  "01011110 00 10100 00001 10 NNNNN DDDDD", INSN_PLAIN},
    {"SHA256SU0",                "01011110 00 10100 00010 10 NNNNN DDDDD", INSN_PLAIN},
    {"PMULL (64-bit)",           "0i001110 11 1 MMMMM 1110 00 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn copy[] = {
    {"DUP (element)",            "0i 0 01110000 iiiii 0 0000 1 NNNNN DDDDD", INSN_PLAIN},
    {"DUP (general)",            "0i 0 01110000 iiiii 0 0001 1 nnnnn DDDDD", INSN_PLAIN},
    {"SMOV",                     "0i 0 01110000 iiiii 0 0101 1 NNNNN ddddd", INSN_PLAIN},
    {"UMOV",                     "0i 0 01110000 iiiii 0 0111 1 NNNNN ddddd", INSN_PLAIN},
    {"UMOV (64-bit)",            "01 0 01110000 i1000 0 0111 1 NNNNN ddddd", INSN_PLAIN},
    {"INS (general)",            "01 0 01110000 iiiii 0 0011 1 nnnnn DDDDD", INSN_PLAIN},
    {"INS (element)",            "01 1 01110000 iiiii 0 iiii 1 NNNNN DDDDD", INSN_PLAIN},
    {"DUP (element, scalar)",    "01 0 11110000 iiiii 0 0000 1 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn permute_table[] = {
    {"UZP1/UZP2",                "0i 001110 ii 0 MMMMM 0 i01 10 NNNNN DDDDD", INSN_PLAIN},
    {"TRN1/TRN2",                "0i 001110 ii 0 MMMMM 0 i10 10 NNNNN DDDDD", INSN_PLAIN},
    {"ZIP1/ZIP2",                "0i 001110 ii 0 MMMMM 0 i11 10 NNNNN DDDDD", INSN_PLAIN},
    {"TBL",                      "0i 001110 00 0 MMMMM 0 ii 0 00 NNNNN DDDDD", INSN_PLAIN},
    {"TBX",                      "0i 001110 00 0 MMMMM 0 ii 1 00 NNNNN DDDDD", INSN_PLAIN},
    {"EXT (64-bit)",             "00 101110 00 0 MMMMM 0 0iii 0 NNNNN DDDDD", INSN_PLAIN},
    {"EXT (128-bit)",            "01 101110 00 0 MMMMM 0 iiii 0 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn modified_immediate[] = {
    {"MOVI/MVNI/ORR/BIC/FMOV",   "0ii 0111100000 iii iiii 01 iiiii DDDDD", INSN_PLAIN},
    {"FMOV (vector, immediate)", "0ii 0111100000 iii 1111 01 iiiii DDDDD", INSN_PLAIN},
};

static const struct insn three_same[] = {
    {"SHADD/UHADD",              "0ii 01110 ii 1 MMMMM 00000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQADD/UQADD",              "0ii 01110 ii 1 MMMMM 00001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRHADD/URHADD",            "0ii 01110 ii 1 MMMMM 00010 1 NNNNN DDDDD", INSN_PLAIN},
    {"AND/BIC/ORR/ORN/EOR/BSL/BIT/BIF", "0ii 01110 ii 1 MMMMM 00011 1 NNNNN DDDDD", INSN_PLAIN},
    {"SHSUB/UHSUB",              "0ii 01110 ii 1 MMMMM 00100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSUB/UQSUB",              "0ii 01110 ii 1 MMMMM 00101 1 NNNNN DDDDD", INSN_PLAIN},
    {"CMGT/CMHI",                "0ii 01110 ii 1 MMMMM 00110 1 NNNNN DDDDD", INSN_PLAIN},
    {"CMGE/CMHS",                "0ii 01110 ii 1 MMMMM 00111 1 NNNNN DDDDD", INSN_PLAIN},
    {"SSHL/USHL",                "0ii 01110 ii 1 MMMMM 01000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHL/UQSHL (register)",   "0ii 01110 ii 1 MMMMM 01001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRSHL/URSHL",              "0ii 01110 ii 1 MMMMM 01010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQRSHL/UQRSHL",            "0ii 01110 ii 1 MMMMM 01011 1 NNNNN DDDDD", INSN_PLAIN},
    {"SMAX/UMAX",                "0ii 01110 ii 1 MMMMM 01100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SMIN/UMIN",                "0ii 01110 ii 1 MMMMM 01101 1 NNNNN DDDDD", INSN_PLAIN},
    {"SABD/UABD",                "0ii 01110 ii 1 MMMMM 01110 1 NNNNN DDDDD", INSN_PLAIN},
    {"SABA/UABA",                "0ii 01110 ii 1 MMMMM 01111 1 NNNNN DDDDD", INSN_PLAIN},
    {"ADD/SUB (vector)",         "0ii 01110 ii 1 MMMMM 10000 1 NNNNN DDDDD", INSN_PLAIN},
    {"CMTST/CMEQ",               "0ii 01110 ii 1 MMMMM 10001 1 NNNNN DDDDD", INSN_PLAIN},
    {"MLA/MLS",                  "0ii 01110 ii 1 MMMMM 10010 1 NNNNN DDDDD", INSN_PLAIN},
    {"MUL/PMUL",                 "0ii 01110 ii 1 MMMMM 10011 1 NNNNN DDDDD", INSN_PLAIN},
    {"SMAXP/UMAXP",              "0ii 01110 ii 1 MMMMM 10100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SMINP/UMINP",              "0ii 01110 ii 1 MMMMM 10101 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULH/SQRDMULH",         "0ii 01110 ii 1 MMMMM 10110 1 NNNNN DDDDD", INSN_PLAIN},
    {"ADDP (vector)",            "0i0 01110 ii 1 MMMMM 10111 1 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn three_same_fp[] = {
    {"FMAXNM/FMINNM (vector)",   "0i0 01110 ii 1 MMMMM 11000 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXNMP/FMINNMP (vector)", "0i1 01110 ii 1 MMMMM 11000 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMLA/FMLS (vector)",       "0i0 01110 ii 1 MMMMM 11001 1 NNNNN DDDDD", INSN_PLAIN},
    {"FADD/FSUB (vector)",       "0i0 01110 ii 1 MMMMM 11010 1 NNNNN DDDDD", INSN_PLAIN},
    {"FADDP/FABD (vector)",      "0i1 01110 ii 1 MMMMM 11010 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMULX (vector)",           "0i0 01110 0i 1 MMMMM 11011 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMUL (vector)",            "0i1 01110 0i 1 MMMMM 11011 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCMEQ (vector)",           "0i0 01110 0i 1 MMMMM 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCMGE/FCMGT (vector)",     "0i1 01110 ii 1 MMMMM 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"FACGE/FACGT (vector)",     "0i1 01110 ii 1 MMMMM 11101 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMAX/FMIN (vector)",       "0i0 01110 ii 1 MMMMM 11110 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXP/FMINP (vector)",     "0i1 01110 ii 1 MMMMM 11110 1 NNNNN DDDDD", INSN_PLAIN},
    {"FRECPS/FRSQRTS (vector)",  "0i0 01110 ii 1 MMMMM 11111 1 NNNNN DDDDD", INSN_PLAIN},
    {"FDIV (vector)",            "0i1 01110 0i 1 MMMMM 11111 1 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn three_different[] = {
    {"SADDL/UADDL",              "0ii 01110 ii 1 MMMMM 0000 00 NNNNN DDDDD", INSN_PLAIN},
    {"SADDW/UADDW",              "0ii 01110 ii 1 MMMMM 0001 00 NNNNN DDDDD", INSN_PLAIN},
    {"SSUBL/USUBL",              "0ii 01110 ii 1 MMMMM 0010 00 NNNNN DDDDD", INSN_PLAIN},
    {"SSUBW/USUBW",              "0ii 01110 ii 1 MMMMM 0011 00 NNNNN DDDDD", INSN_PLAIN},
    {"ADDHN/RADDHN",             "0ii 01110 ii 1 MMMMM 0100 00 NNNNN DDDDD", INSN_PLAIN},
    {"SABAL/UABAL",              "0ii 01110 ii 1 MMMMM 0101 00 NNNNN DDDDD", INSN_PLAIN},
    {"SUBHN/RSUBHN",             "0ii 01110 ii 1 MMMMM 0110 00 NNNNN DDDDD", INSN_PLAIN},
    {"SABDL/UABDL",              "0ii 01110 ii 1 MMMMM 0111 00 NNNNN DDDDD", INSN_PLAIN},
    {"SMLAL/UMLAL",              "0ii 01110 ii 1 MMMMM 1000 00 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMLAL",                  "0i0 01110 ii 1 MMMMM 1001 00 NNNNN DDDDD", INSN_PLAIN},
    {"SMLSL/UMLSL",              "0ii 01110 ii 1 MMMMM 1010 00 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMLSL",                  "0i0 01110 ii 1 MMMMM 1011 00 NNNNN DDDDD", INSN_PLAIN},
    {"SMULL/UMULL",              "0ii 01110 ii 1 MMMMM 1100 00 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULL",                  "0i0 01110 ii 1 MMMMM 1101 00 NNNNN DDDDD", INSN_PLAIN},
    {"PMULL (8-bit)",            "0i0 01110 00 1 MMMMM 1110 00 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn by_element[] = {
    {"MLA/MLS (element)",        "0i1 01111 ii i iiiii 0i00 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SMLAL/UMLAL (element)",    "0ii 01111 ii i iiiii 0010 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SMLSL/UMLSL (element)",    "0ii 01111 ii i iiiii 0110 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMLAL/SQDMLSL (elem.)",  "0i0 01111 ii i iiiii 0i11 i0 NNNNN DDDDD", INSN_PLAIN},
    {"MUL (element)",            "0i0 01111 ii i iiiii 1000 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SMULL/UMULL (element)",    "0ii 01111 ii i iiiii 1010 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULL (element)",        "0i0 01111 ii i iiiii 1011 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULH/SQRDMULH (elem.)", "0i0 01111 ii i iiiii 110i i0 NNNNN DDDDD", INSN_PLAIN},
    {"FMLA/FMLS (element)",      "0i0 01111 1i i iiiii 0i01 i0 NNNNN DDDDD", INSN_PLAIN},
    {"FMUL/FMULX (element)",     "0ii 01111 1i i iiiii 1001 i0 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn two_misc[] = {
    {"REV64/REV32 (vector)",     "0ii 01110 ii 10000 00000 10 NNNNN DDDDD", INSN_PLAIN},
    {"REV16 (vector)",           "0i0 01110 ii 10000 00001 10 NNNNN DDDDD", INSN_PLAIN},
    {"SADDLP/UADDLP",            "0ii 01110 ii 10000 00010 10 NNNNN DDDDD", INSN_PLAIN},
    {"SUQADD/USQADD",            "0ii 01110 ii 10000 00011 10 NNNNN DDDDD", INSN_PLAIN},
    {"CLS/CLZ (vector)",         "0ii 01110 ii 10000 00100 10 NNNNN DDDDD", INSN_PLAIN},
    {"CNT/NOT/RBIT",             "0ii 01110 0i 10000 00101 10 NNNNN DDDDD", INSN_PLAIN},
    {"SADALP/UADALP",            "0ii 01110 ii 10000 00110 10 NNNNN DDDDD", INSN_PLAIN},
    {"SQABS/SQNEG",              "0ii 01110 ii 10000 00111 10 NNNNN DDDDD", INSN_PLAIN},
    {"CMGT/CMGE (zero)",         "0ii 01110 ii 10000 01000 10 NNNNN DDDDD", INSN_PLAIN},
    {"CMEQ/CMLE (zero)",         "0ii 01110 ii 10000 01001 10 NNNNN DDDDD", INSN_PLAIN},
    {"CMLT (zero)",              "0i0 01110 ii 10000 01010 10 NNNNN DDDDD", INSN_PLAIN},
    {"ABS/NEG (vector)",         "0ii 01110 ii 10000 01011 10 NNNNN DDDDD", INSN_PLAIN},
    {"XTN/SQXTUN",               "0ii 01110 ii 10000 10010 10 NNNNN DDDDD", INSN_PLAIN},
    {"SHLL",                     "0i1 01110 ii 10000 10011 10 NNNNN DDDDD", INSN_PLAIN},
    {"SQXTN/UQXTN",              "0ii 01110 ii 10000 10100 10 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn two_misc_fp[] = {
    {"FCVTN/FCVTXN",             "0ii 01110 0i 10000 10110 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTL",                    "0i0 01110 0i 10000 10111 10 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTN/P/A (vector)",      "0ii 01110 ii 10000 11000 10 NNNNN DDDDD", INSN_PLAIN},
    {"FRINTM/Z/X/I (vector)",    "0ii 01110 ii 10000 11001 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTN/P S/U (vector)",     "0ii 01110 ii 10000 11010 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTM/Z S/U (vector)",     "0ii 01110 ii 10000 11011 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTAS/FCVTAU (vector)",   "0ii 01110 0i 10000 11100 10 NNNNN DDDDD", INSN_PLAIN},
    {"URECPE/URSQRTE",           "0ii 01110 1i 10000 11100 10 NNNNN DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (vector)",     "0ii 01110 0i 10000 11101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FRECPE/FRSQRTE (vector)",  "0ii 01110 1i 10000 11101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCMGT/FCMGE (zero)",       "0ii 01110 1i 10000 01100 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCMEQ/FCMLE (zero)",       "0ii 01110 1i 10000 01101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCMLT (zero)",             "0i0 01110 1i 10000 01110 10 NNNNN DDDDD", INSN_PLAIN},
    {"FABS/FNEG (vector)",       "0ii 01110 1i 10000 01111 10 NNNNN DDDDD", INSN_PLAIN},
    {"FSQRT (vector)",           "0i1 01110 1i 10000 11111 10 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn across[] = {
    {"SADDLV/UADDLV",            "0ii 01110 ii 11000 00011 10 NNNNN DDDDD", INSN_PLAIN},
    {"SMAXV/UMAXV",              "0ii 01110 ii 11000 01010 10 NNNNN DDDDD", INSN_PLAIN},
    {"SMINV/UMINV",              "0ii 01110 ii 11000 11010 10 NNNNN DDDDD", INSN_PLAIN},
    {"ADDV",                     "0i0 01110 ii 11000 11011 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXNMV/FMINNMV",          "011 01110 i0 11000 01100 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXV/FMINV",              "011 01110 i0 11000 01111 10 NNNNN DDDDD", INSN_PLAIN},
};

/* immh 001x of the conversions is half precision, which the oracle with FEAT_LSE also has. */
static const struct insn shift_immediate[] = {
    {"SSHR/USHR",                "0ii 011110 iiii iii 00000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SSRA/USRA",                "0ii 011110 iiii iii 00010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRSHR/URSHR",              "0ii 011110 iiii iii 00100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRSRA/URSRA",              "0ii 011110 iiii iii 00110 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRI",                      "0i1 011110 iiii iii 01000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SHL/SLI",                  "0ii 011110 iiii iii 01010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHLU",                   "0i1 011110 iiii iii 01100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHL/UQSHL (immediate)",  "0ii 011110 iiii iii 01110 1 NNNNN DDDDD", INSN_PLAIN},
    {"SHRN/SQSHRUN",             "0ii 011110 0iii iii 10000 1 NNNNN DDDDD", INSN_PLAIN},
    {"RSHRN/SQRSHRUN",           "0ii 011110 0iii iii 10001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHRN/UQSHRN",            "0ii 011110 0iii iii 10010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQRSHRN/UQRSHRN",          "0ii 011110 0iii iii 10011 1 NNNNN DDDDD", INSN_PLAIN},
    {"SSHLL/USHLL",              "0ii 011110 0iii iii 10100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (fixed, 32)",  "0ii 011110 01ii iii 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (fixed, 64)",  "0ii 011110 1iii iii 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTZS/U (fixed, 32)",     "0ii 011110 01ii iii 11111 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTZS/U (fixed, 64)",     "0ii 011110 1iii iii 11111 1 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn scalar_three[] = {
    {"SQADD/UQADD (scalar)",     "01i 11110 ii 1 MMMMM 00001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSUB/UQSUB (scalar)",     "01i 11110 ii 1 MMMMM 00101 1 NNNNN DDDDD", INSN_PLAIN},
    {"CMGT/CMHI (scalar)",       "01i 11110 11 1 MMMMM 00110 1 NNNNN DDDDD", INSN_PLAIN},
    {"CMGE/CMHS (scalar)",       "01i 11110 11 1 MMMMM 00111 1 NNNNN DDDDD", INSN_PLAIN},
    {"SSHL/USHL (scalar)",       "01i 11110 11 1 MMMMM 01000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHL/UQSHL (scalar)",     "01i 11110 ii 1 MMMMM 01001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRSHL/URSHL (scalar)",     "01i 11110 11 1 MMMMM 01010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQRSHL/UQRSHL (scalar)",   "01i 11110 ii 1 MMMMM 01011 1 NNNNN DDDDD", INSN_PLAIN},
    {"ADD/SUB (scalar)",         "01i 11110 11 1 MMMMM 10000 1 NNNNN DDDDD", INSN_PLAIN},
    {"CMTST/CMEQ (scalar)",      "01i 11110 11 1 MMMMM 10001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULH/SQRDMULH (sc.)",   "01i 11110 ii 1 MMMMM 10110 1 NNNNN DDDDD", INSN_PLAIN},
    {"FMULX (scalar)",           "010 11110 0i 1 MMMMM 11011 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCMEQ (scalar)",           "010 11110 0i 1 MMMMM 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCMGE/FCMGT (scalar)",     "011 11110 ii 1 MMMMM 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"FACGE/FACGT (scalar)",     "011 11110 ii 1 MMMMM 11101 1 NNNNN DDDDD", INSN_PLAIN},
    {"FABD (scalar)",            "011 11110 1i 1 MMMMM 11010 1 NNNNN DDDDD", INSN_PLAIN},
    {"FRECPS/FRSQRTS (scalar)",  "010 11110 ii 1 MMMMM 11111 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMLAL/SQDMLSL (scalar)", "010 11110 ii 1 MMMMM 10i1 00 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULL (scalar)",         "010 11110 ii 1 MMMMM 1101 00 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn scalar_misc[] = {
    {"SUQADD/USQADD (scalar)",   "01i 11110 ii 10000 00011 10 NNNNN DDDDD", INSN_PLAIN},
    {"SQABS/SQNEG (scalar)",     "01i 11110 ii 10000 00111 10 NNNNN DDDDD", INSN_PLAIN},
    {"CMGT/CMGE (zero, scalar)", "01i 11110 11 10000 01000 10 NNNNN DDDDD", INSN_PLAIN},
    {"CMEQ/CMLE (zero, scalar)", "01i 11110 11 10000 01001 10 NNNNN DDDDD", INSN_PLAIN},
    {"CMLT (zero, scalar)",      "010 11110 11 10000 01010 10 NNNNN DDDDD", INSN_PLAIN},
    {"ABS/NEG (scalar)",         "01i 11110 11 10000 01011 10 NNNNN DDDDD", INSN_PLAIN},
    {"SQXTUN (scalar)",          "011 11110 ii 10000 10010 10 NNNNN DDDDD", INSN_PLAIN},
    {"SQXTN/UQXTN (scalar)",     "01i 11110 ii 10000 10100 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTXN (scalar)",          "011 11110 01 10000 10110 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTN/P S/U (scalar)",     "01i 11110 ii 10000 11010 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTM/Z S/U (scalar)",     "01i 11110 ii 10000 11011 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTAS/FCVTAU (scalar)",   "01i 11110 0i 10000 11100 10 NNNNN DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (scalar)",     "01i 11110 0i 10000 11101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FRECPE/FRSQRTE (scalar)",  "01i 11110 1i 10000 11101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FRECPX",                   "010 11110 1i 10000 11111 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCMGT/FCMGE (zero, sc.)",  "01i 11110 1i 10000 01100 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCMEQ/FCMLE (zero, sc.)",  "01i 11110 1i 10000 01101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FCMLT (zero, scalar)",     "010 11110 1i 10000 01110 10 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn scalar_pairwise[] = {
    {"ADDP (scalar)",            "010 11110 11 11000 11011 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXNMP/FMINNMP (scalar)", "011 11110 ii 11000 01100 10 NNNNN DDDDD", INSN_PLAIN},
    {"FADDP (scalar)",           "011 11110 0i 11000 01101 10 NNNNN DDDDD", INSN_PLAIN},
    {"FMAXP/FMINP (scalar)",     "011 11110 ii 11000 01111 10 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn scalar_shift[] = {
    {"SSHR/USHR (scalar)",       "01i 111110 1iii iii 00000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SSRA/USRA (scalar)",       "01i 111110 1iii iii 00010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRSHR/URSHR (scalar)",     "01i 111110 1iii iii 00100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRSRA/URSRA (scalar)",     "01i 111110 1iii iii 00110 1 NNNNN DDDDD", INSN_PLAIN},
    {"SRI (scalar)",             "011 111110 1iii iii 01000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SHL/SLI (scalar)",         "01i 111110 1iii iii 01010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHLU (scalar)",          "011 111110 iiii iii 01100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHL/UQSHL (imm., sc.)",  "01i 111110 iiii iii 01110 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHRUN (scalar)",         "011 111110 0iii iii 10000 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQRSHRUN (scalar)",        "011 111110 0iii iii 10001 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQSHRN/UQSHRN (scalar)",   "01i 111110 0iii iii 10010 1 NNNNN DDDDD", INSN_PLAIN},
    {"SQRSHRN/UQRSHRN (sc.)",    "01i 111110 0iii iii 10011 1 NNNNN DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (fixed, S)",   "01i 111110 01ii iii 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"SCVTF/UCVTF (fixed, D)",   "01i 111110 1iii iii 11100 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTZS/FCVTZU (fixed, S)", "01i 111110 01ii iii 11111 1 NNNNN DDDDD", INSN_PLAIN},
    {"FCVTZS/FCVTZU (fixed, D)", "01i 111110 1iii iii 11111 1 NNNNN DDDDD", INSN_PLAIN},
};

static const struct insn scalar_element[] = {
    {"SQDMLAL/SQDMLSL (el., sc.)", "010 11111 ii i iiiii 0i11 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SQDMULL (element, scalar)",  "010 11111 ii i iiiii 1011 i0 NNNNN DDDDD", INSN_PLAIN},
    {"SQ(R)DMULH (element, sc.)",  "010 11111 ii i iiiii 110i i0 NNNNN DDDDD", INSN_PLAIN},
    {"FMLA/FMLS (element, sc.)",   "010 11111 1i i iiiii 0i01 i0 NNNNN DDDDD", INSN_PLAIN},
    {"FMUL/FMULX (element, sc.)",  "01i 11111 1i i iiiii 1001 i0 NNNNN DDDDD", INSN_PLAIN},
};

const struct insn_class insn_classes_simd[] = {
    {"crypto",               "C4.1.6", INSN_SET_BASE, 5, INSN_ROWS(crypto)},
    {"simd-copy",            "C4.1.6", INSN_SET_BASE, 4, INSN_ROWS(copy)},
    {"simd-permute-table",   "C4.1.6", INSN_SET_BASE, 4, INSN_ROWS(permute_table)},
    {"simd-immediate",       "C4.1.6", INSN_SET_BASE, 2, INSN_ROWS(modified_immediate)},
    {"simd-three-same",      "C4.1.6", INSN_SET_BASE, 10, INSN_ROWS(three_same)},
    {"simd-three-same-fp",   "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(three_same_fp)},
    {"simd-three-different", "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(three_different)},
    {"simd-by-element",      "C4.1.6", INSN_SET_BASE, 5, INSN_ROWS(by_element)},
    {"simd-two-reg-misc",    "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(two_misc)},
    {"simd-two-reg-fp",      "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(two_misc_fp)},
    {"simd-across-lanes",    "C4.1.6", INSN_SET_BASE, 3, INSN_ROWS(across)},
    {"simd-shift-immediate", "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(shift_immediate)},
    {"scalar-three",         "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(scalar_three)},
    {"scalar-two-reg-misc",  "C4.1.6", INSN_SET_BASE, 7, INSN_ROWS(scalar_misc)},
    {"scalar-pairwise",      "C4.1.6", INSN_SET_BASE, 2, INSN_ROWS(scalar_pairwise)},
    {"scalar-shift",         "C4.1.6", INSN_SET_BASE, 6, INSN_ROWS(scalar_shift)},
    {"scalar-by-element",    "C4.1.6", INSN_SET_BASE, 3, INSN_ROWS(scalar_element)},
};

const size_t insn_count_simd = sizeof insn_classes_simd / sizeof insn_classes_simd[0];
