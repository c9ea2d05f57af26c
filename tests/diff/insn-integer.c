/* SPDX-License-Identifier: ISC */
/* Rows of the differential test: data processing on general registers, branches, system. See insn.h. */
#include "insn.h"

/* clang-format off */

static const struct insn pc_relative[] = {
    {"ADR",                      "0ii10000 iiiiiiiiiiiiiiiiiii ddddd", INSN_ADR},
    {"ADRP",                     "1ii10000 iiiiiiiiiiiiiiiiiii ddddd", INSN_ADR},
};

static const struct insn add_sub_immediate[] = {
    {"ADD (immediate)",          "i00 10001 0i iiiiiiiiiiii nnnnn ddddd", INSN_PLAIN},
    {"SUB (immediate)",          "i10 10001 0i iiiiiiiiiiii nnnnn ddddd", INSN_PLAIN},
    {"ADDS (immediate)",         "i01 10001 0i iiiiiiiiiiii nnnnn ddddd", INSN_PLAIN},
    {"SUBS (immediate)",         "i11 10001 0i iiiiiiiiiiii nnnnn ddddd", INSN_PLAIN},
};

static const struct insn logical_immediate[] = {
    {"AND (immediate)",          "i00 100100 i iiiiii iiiiii nnnnn ddddd", INSN_LOGICAL_IMM},
    {"ORR (immediate)",          "i01 100100 i iiiiii iiiiii nnnnn ddddd", INSN_LOGICAL_IMM},
    {"EOR (immediate)",          "i10 100100 i iiiiii iiiiii nnnnn ddddd", INSN_LOGICAL_IMM},
    {"ANDS (immediate)",         "i11 100100 i iiiiii iiiiii nnnnn ddddd", INSN_LOGICAL_IMM},
};

static const struct insn move_wide[] = {
    {"MOVN (32-bit)",            "000 100101 0i iiiiiiiiiiiiiiii ddddd", INSN_PLAIN},
    {"MOVZ (32-bit)",            "010 100101 0i iiiiiiiiiiiiiiii ddddd", INSN_PLAIN},
    {"MOVK (32-bit)",            "011 100101 0i iiiiiiiiiiiiiiii ddddd", INSN_PLAIN},
    {"MOVN (64-bit)",            "100 100101 ii iiiiiiiiiiiiiiii ddddd", INSN_PLAIN},
    {"MOVZ (64-bit)",            "110 100101 ii iiiiiiiiiiiiiiii ddddd", INSN_PLAIN},
    {"MOVK (64-bit)",            "111 100101 ii iiiiiiiiiiiiiiii ddddd", INSN_PLAIN},
};

static const struct insn bitfield[] = {
    {"SBFM (32-bit)",            "000 100110 0 0iiiii 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"BFM (32-bit)",             "001 100110 0 0iiiii 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"UBFM (32-bit)",            "010 100110 0 0iiiii 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"SBFM (64-bit)",            "100 100110 1 iiiiii iiiiii nnnnn ddddd", INSN_PLAIN},
    {"BFM (64-bit)",             "101 100110 1 iiiiii iiiiii nnnnn ddddd", INSN_PLAIN},
    {"UBFM (64-bit)",            "110 100110 1 iiiiii iiiiii nnnnn ddddd", INSN_PLAIN},
    {"EXTR (32-bit)",            "000 100111 00 mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"EXTR (64-bit)",            "100 100111 10 mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
};

static const struct insn logical_shifted[] = {
    {"AND/BIC (shifted, 32-bit)",   "000 01010 ii i mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"ORR/ORN (shifted, 32-bit)",   "001 01010 ii i mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"EOR/EON (shifted, 32-bit)",   "010 01010 ii i mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"ANDS/BICS (shifted, 32-bit)", "011 01010 ii i mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"AND/BIC (shifted, 64-bit)",   "100 01010 ii i mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
    {"ORR/ORN (shifted, 64-bit)",   "101 01010 ii i mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
    {"EOR/EON (shifted, 64-bit)",   "110 01010 ii i mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
    {"ANDS/BICS (shifted, 64-bit)", "111 01010 ii i mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
};

static const struct insn add_sub_shifted[] = {
    {"ADD/SUB (LSL/LSR, 32-bit)", "0ii 01011 0i 0 mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"ADD/SUB (ASR, 32-bit)",     "0ii 01011 10 0 mmmmm 0iiiii nnnnn ddddd", INSN_PLAIN},
    {"ADD/SUB (LSL/LSR, 64-bit)", "1ii 01011 0i 0 mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
    {"ADD/SUB (ASR, 64-bit)",     "1ii 01011 10 0 mmmmm iiiiii nnnnn ddddd", INSN_PLAIN},
    {"ADDS/SUBS (register)",      "ii1 01011 00 0 mmmmm 000000 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn add_sub_extended[] = {
    {"ADD/SUB (extended, 0-3)",  "iii 01011 00 1 mmmmm iii 0ii nnnnn ddddd", INSN_PLAIN},
    {"ADD/SUB (extended, 4)",    "iii 01011 00 1 mmmmm iii 100 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn add_sub_carry[] = {
    {"ADC/ADCS",                 "i0i 11010000 mmmmm 000000 nnnnn ddddd", INSN_PLAIN},
    {"SBC/SBCS",                 "i1i 11010000 mmmmm 000000 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn conditional_compare[] = {
    {"CCMN/CCMP (register)",     "ii1 11010010 mmmmm iiii 00 nnnnn 0 iiii", INSN_PLAIN},
    {"CCMN/CCMP (immediate)",    "ii1 11010010 iiiii iiii 10 nnnnn 0 iiii", INSN_PLAIN},
};

static const struct insn conditional_select[] = {
    {"CSEL/CSINC",               "i00 11010100 mmmmm iiii 0i nnnnn ddddd", INSN_PLAIN},
    {"CSINV/CSNEG",              "i10 11010100 mmmmm iiii 0i nnnnn ddddd", INSN_PLAIN},
};

static const struct insn two_source[] = {
    {"UDIV",                     "i00 11010110 mmmmm 000010 nnnnn ddddd", INSN_PLAIN},
    {"SDIV",                     "i00 11010110 mmmmm 000011 nnnnn ddddd", INSN_PLAIN},
    {"LSLV",                     "i00 11010110 mmmmm 001000 nnnnn ddddd", INSN_PLAIN},
    {"LSRV",                     "i00 11010110 mmmmm 001001 nnnnn ddddd", INSN_PLAIN},
    {"ASRV",                     "i00 11010110 mmmmm 001010 nnnnn ddddd", INSN_PLAIN},
    {"RORV",                     "i00 11010110 mmmmm 001011 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn crc32[] = {
    {"CRC32B/CRC32H",            "000 11010110 mmmmm 01000i nnnnn ddddd", INSN_PLAIN},
    {"CRC32W",                   "000 11010110 mmmmm 010010 nnnnn ddddd", INSN_PLAIN},
    {"CRC32X",                   "100 11010110 mmmmm 010011 nnnnn ddddd", INSN_PLAIN},
    {"CRC32CB/CRC32CH",          "000 11010110 mmmmm 01010i nnnnn ddddd", INSN_PLAIN},
    {"CRC32CW",                  "000 11010110 mmmmm 010110 nnnnn ddddd", INSN_PLAIN},
    {"CRC32CX",                  "100 11010110 mmmmm 010111 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn one_source[] = {
    {"RBIT",                     "i10 11010110 00000 000000 nnnnn ddddd", INSN_PLAIN},
    {"REV16",                    "i10 11010110 00000 000001 nnnnn ddddd", INSN_PLAIN},
    {"REV (32-bit), REV32",      "i10 11010110 00000 000010 nnnnn ddddd", INSN_PLAIN},
    {"REV (64-bit)",             "110 11010110 00000 000011 nnnnn ddddd", INSN_PLAIN},
    {"CLZ",                      "i10 11010110 00000 000100 nnnnn ddddd", INSN_PLAIN},
    {"CLS",                      "i10 11010110 00000 000101 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn three_source[] = {
    {"MADD",                     "i00 11011000 mmmmm 0 aaaaa nnnnn ddddd", INSN_PLAIN},
    {"MSUB",                     "i00 11011000 mmmmm 1 aaaaa nnnnn ddddd", INSN_PLAIN},
    {"SMADDL",                   "100 11011001 mmmmm 0 aaaaa nnnnn ddddd", INSN_PLAIN},
    {"SMSUBL",                   "100 11011001 mmmmm 1 aaaaa nnnnn ddddd", INSN_PLAIN},
    {"SMULH",                    "100 11011010 mmmmm 0 11111 nnnnn ddddd", INSN_PLAIN},
    {"UMADDL",                   "100 11011101 mmmmm 0 aaaaa nnnnn ddddd", INSN_PLAIN},
    {"UMSUBL",                   "100 11011101 mmmmm 1 aaaaa nnnnn ddddd", INSN_PLAIN},
    {"UMULH",                    "100 11011110 mmmmm 0 11111 nnnnn ddddd", INSN_PLAIN},
};

static const struct insn branch_conditional[] = {
    {"B.cond",                   "01010100 0000000000000000000 0 iiii", INSN_BRANCH19},
    {"CBZ/CBNZ",                 "i011010i 0000000000000000000 nnnnn", INSN_BRANCH19},
    {"TBZ/TBNZ",                 "i011011i iiiii 00000000000000 nnnnn", INSN_BRANCH14},
};

static const struct insn branch_unconditional[] = {
    {"B",                        "000101 00000000000000000000000000", INSN_BRANCH},
    {"BL",                       "100101 00000000000000000000000000", INSN_BRANCH},
    {"BR",                       "1101011 0000 11111 000000 00000 00000", INSN_BRANCH_REG},
    {"BLR",                      "1101011 0001 11111 000000 00000 00000", INSN_BRANCH_REG},
    {"RET",                      "1101011 0010 11111 000000 00000 00000", INSN_BRANCH_REG},
    {"BR/BLR (anywhere)",        "1101011 000i 11111 000000 nnnnn 00000", INSN_BRANCH_WILD},
    {"RET (anywhere)",           "1101011 0010 11111 000000 nnnnn 00000", INSN_BRANCH_WILD},
};

static const struct insn exceptions[] = {
    {"BRK",                      "11010100 001 iiiiiiiiiiiiiiii 00000", INSN_CHECKED},
    {"HVC/SMC (UNDEFINED)",      "11010100 000 iiiiiiiiiiiiiiii 0001i", INSN_CHECKED},
    {"HLT/DCPS (UNDEFINED)",     "11010100 1i1 iiiiiiiiiiiiiiii 000ii", INSN_CHECKED},
    {"UDF",                      "0000000000000000 iiiiiiiiiiiiiiii", INSN_CHECKED},
};

static const struct insn hints_barriers[] = {
    {"NOP and hints",            "11010101000000110010 iiii iii 11111", INSN_CHECKED},
    {"NOP and hints, CRm 0",     "11010101000000110010 0000 iii 11111", INSN_CHECKED},
    {"CLREX",                    "11010101000000110011 iiii 010 11111", INSN_CHECKED},
    {"DSB/DMB",                  "11010101000000110011 iiii 10i 11111", INSN_CHECKED},
    {"ISB",                      "11010101000000110011 iiii 110 11111", INSN_CHECKED},
};

static const struct insn system_registers[] = {
    {"MSR NZCV",                 "1101010100 0 11 011 0100 0010 000 nnnnn", INSN_PLAIN},
    {"MRS NZCV",                 "1101010100 1 11 011 0100 0010 000 ddddd", INSN_PLAIN},
    {"MSR FPCR",                 "1101010100 0 11 011 0100 0100 000 00000", INSN_SET_FPCR},
    {"MRS FPCR",                 "1101010100 1 11 011 0100 0100 000 ddddd", INSN_PLAIN},
    {"MSR FPSR",                 "1101010100 0 11 011 0100 0100 001 00000", INSN_SET_FPSR},
    {"MRS FPSR",                 "1101010100 1 11 011 0100 0100 001 ddddd", INSN_PLAIN},
    {"MSR TPIDR_EL0",            "1101010100 0 11 011 1101 0000 010 nnnnn", INSN_PLAIN},
    {"MRS TPIDR_EL0",            "1101010100 1 11 011 1101 0000 010 ddddd", INSN_PLAIN},
    {"MRS TPIDRRO_EL0",          "1101010100 1 11 011 1101 0000 011 ddddd", INSN_PLAIN},
    {"MRS DCZID_EL0",            "1101010100 1 11 011 0000 0000 111 ddddd", INSN_PLAIN},
    {"MRS MDCCSR_EL0",           "1101010100 1 10 011 0000 0001 000 ddddd", INSN_PLAIN},
    {"MSR TPIDRRO_EL0 (trap)",   "1101010100 0 11 011 1101 0000 011 nnnnn", INSN_CHECKED},
    {"MSR/MRS DAIF (trap)",      "1101010100 i 11 011 0100 0010 001 ddddd", INSN_CHECKED},
    {"MSR DAIFSet/Clr (trap)",   "11010101000 00 011 0100 iiii 11i 11111", INSN_CHECKED},
    {"MSR/MRS EL1 (trap)",       "1101010100 i 11 000 iiii iiii iii ddddd", INSN_CHECKED},
    {"MSR/MRS EL2/EL3 (trap)",   "1101010100 i 11 1i0 iiii iiii iii ddddd", INSN_CHECKED},
    {"TLBI/AT (trap)",           "1101010100 0 01 000 100i iiii iii ddddd", INSN_CHECKED},
};

const struct insn_class insn_classes_integer[] = {
    {"pc-relative",          "C4.1.2", INSN_SET_BASE, 2, INSN_ROWS(pc_relative)},
    {"add-sub-immediate",    "C4.1.2", INSN_SET_BASE, 3, INSN_ROWS(add_sub_immediate)},
    {"logical-immediate",    "C4.1.2", INSN_SET_BASE, 4, INSN_ROWS(logical_immediate)},
    {"move-wide",            "C4.1.2", INSN_SET_BASE, 2, INSN_ROWS(move_wide)},
    {"bitfield-extract",     "C4.1.2", INSN_SET_BASE, 5, INSN_ROWS(bitfield)},
    {"branch-conditional",   "C4.1.3", INSN_SET_BASE, 5, INSN_ROWS(branch_conditional)},
    {"branch-unconditional", "C4.1.3", INSN_SET_BASE, 3, INSN_ROWS(branch_unconditional)},
    {"exception",            "C4.1.3", INSN_SET_BASE, 1, INSN_ROWS(exceptions)},
    {"hint-barrier",         "C4.1.3", INSN_SET_BASE, 2, INSN_ROWS(hints_barriers)},
    {"system-register",      "C4.1.3", INSN_SET_BASE, 4, INSN_ROWS(system_registers)},
    {"logical-shifted",      "C4.1.5", INSN_SET_BASE, 5, INSN_ROWS(logical_shifted)},
    {"add-sub-shifted",      "C4.1.5", INSN_SET_BASE, 5, INSN_ROWS(add_sub_shifted)},
    {"add-sub-extended",     "C4.1.5", INSN_SET_BASE, 3, INSN_ROWS(add_sub_extended)},
    {"add-sub-carry",        "C4.1.5", INSN_SET_BASE, 3, INSN_ROWS(add_sub_carry)},
    {"conditional-compare",  "C4.1.5", INSN_SET_BASE, 3, INSN_ROWS(conditional_compare)},
    {"conditional-select",   "C4.1.5", INSN_SET_BASE, 3, INSN_ROWS(conditional_select)},
    {"divide-shift",         "C4.1.5", INSN_SET_BASE, 4, INSN_ROWS(two_source)},
    {"crc32",                "C4.1.5", INSN_SET_BASE, 2, INSN_ROWS(crc32)},
    {"one-source",           "C4.1.5", INSN_SET_BASE, 3, INSN_ROWS(one_source)},
    {"multiply",             "C4.1.5", INSN_SET_BASE, 4, INSN_ROWS(three_source)},
};

const size_t insn_count_integer = sizeof insn_classes_integer / sizeof insn_classes_integer[0];
