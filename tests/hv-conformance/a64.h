/* SPDX-License-Identifier: ISC */
/*
 * a64.h: just enough of an A64 assembler to write guest programs as C arrays.
 *
 *     const uint32_t code[] = {
 *         a64_movz(0, 0x1234, 0),
 *         a64_hvc(7),
 *     };
 *
 * Every function returns one instruction word (Arm ARM C4, C6). Registers are
 * numbers 0 to 31; whether 31 is SP or XZR is the instruction's business.
 * Branch distances are in instructions, relative to the branch itself. Nothing
 * is range-checked.
 */
#ifndef HVT_A64_H
#define HVT_A64_H

#include <stdint.h>

#define A64_XZR 31u
#define A64_SP  31u

/* The key of a system register or instruction, as hv_sys_reg_t has it. */
#define A64_KEY(op0, op1, crn, crm, op2)                                                           \
    ((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))

/* Registers that hv_sys_reg_t does not name. */
#define A64_FPCR            A64_KEY(3, 3, 4, 4, 0)
#define A64_FPSR            A64_KEY(3, 3, 4, 4, 1)
#define A64_CNTFRQ_EL0      A64_KEY(3, 3, 14, 0, 0)
#define A64_CNTVCT_EL0      A64_KEY(3, 3, 14, 0, 2)
#define A64_PMCR_EL0        A64_KEY(3, 3, 9, 12, 0)
#define A64_PMCNTENCLR_EL0  A64_KEY(3, 3, 9, 12, 2)
#define A64_ICC_PMR_EL1     A64_KEY(3, 0, 4, 6, 0)
#define A64_ICC_SGI1R_EL1   A64_KEY(3, 0, 12, 11, 5)
#define A64_ICC_IAR1_EL1    A64_KEY(3, 0, 12, 12, 0)
#define A64_ICC_EOIR1_EL1   A64_KEY(3, 0, 12, 12, 1)
#define A64_ICC_SRE_EL1     A64_KEY(3, 0, 12, 12, 5)
#define A64_ICC_IGRPEN1_EL1 A64_KEY(3, 0, 12, 12, 7)
#define A64_ISR_EL1         A64_KEY(3, 0, 12, 1, 0)
#define A64_DC_CIVAC        A64_KEY(1, 3, 7, 14, 1)
#define A64_TLBI_VMALLE1    A64_KEY(1, 0, 8, 7, 0)

/* Moves and arithmetic, 64 bits wide. */
static inline uint32_t a64_movz(uint32_t rd, uint32_t imm16, uint32_t shift)
{
    return 0xd2800000 | (shift / 16) << 21 | imm16 << 5 | rd;
}
static inline uint32_t a64_movk(uint32_t rd, uint32_t imm16, uint32_t shift)
{
    return 0xf2800000 | (shift / 16) << 21 | imm16 << 5 | rd;
}
static inline uint32_t a64_mov(uint32_t rd, uint32_t rm)
{
    return 0xaa0003e0 | rm << 16 | rd;
}
static inline uint32_t a64_add(uint32_t rd, uint32_t rn, uint32_t rm)
{
    return 0x8b000000 | rm << 16 | rn << 5 | rd;
}
static inline uint32_t a64_add_imm(uint32_t rd, uint32_t rn, uint32_t imm12)
{
    return 0x91000000 | imm12 << 10 | rn << 5 | rd;
}
static inline uint32_t a64_sub_imm(uint32_t rd, uint32_t rn, uint32_t imm12)
{
    return 0xd1000000 | imm12 << 10 | rn << 5 | rd;
}
/* FMOV Xd, Dn and FMOV Xd, Vn.D[1] */
static inline uint32_t a64_fmov_x_d(uint32_t rd, uint32_t rn)
{
    return 0x9e660000 | rn << 5 | rd;
}
static inline uint32_t a64_fmov_x_high(uint32_t rd, uint32_t rn)
{
    return 0x9eae0000 | rn << 5 | rd;
}

/* Branches. */
static inline uint32_t a64_b(int32_t words)
{
    return 0x14000000 | ((uint32_t)words & 0x3ffffff);
}
static inline uint32_t a64_cbz(uint32_t rt, int32_t words)
{
    return 0xb4000000 | ((uint32_t)words & 0x7ffff) << 5 | rt;
}
static inline uint32_t a64_cbnz(uint32_t rt, int32_t words)
{
    return 0xb5000000 | ((uint32_t)words & 0x7ffff) << 5 | rt;
}
static inline uint32_t a64_tbnz(uint32_t rt, uint32_t bit, int32_t words)
{
    return 0x37000000 | (bit >> 5) << 31 | (bit & 31) << 19 | ((uint32_t)words & 0x3fff) << 5 | rt;
}
static inline uint32_t a64_eret(void)
{
    return 0xd69f03e0;
}

/* Exceptions and hints. */
static inline uint32_t a64_svc(uint32_t imm16)
{
    return 0xd4000001 | imm16 << 5;
}
static inline uint32_t a64_hvc(uint32_t imm16)
{
    return 0xd4000002 | imm16 << 5;
}
static inline uint32_t a64_smc(uint32_t imm16)
{
    return 0xd4000003 | imm16 << 5;
}
static inline uint32_t a64_brk(uint32_t imm16)
{
    return 0xd4200000 | imm16 << 5;
}
static inline uint32_t a64_udf(void)
{
    return 0;
}
static inline uint32_t a64_nop(void)
{
    return 0xd503201f;
}
static inline uint32_t a64_wfi(void)
{
    return 0xd503207f;
}
static inline uint32_t a64_wfe(void)
{
    return 0xd503205f;
}
static inline uint32_t a64_sevl(void)
{
    return 0xd50320bf;
}
static inline uint32_t a64_isb(void)
{
    return 0xd5033fdf;
}
static inline uint32_t a64_dsb(void)
{
    return 0xd5033f9f;
}

/* System registers and instructions, by key. */
static inline uint32_t a64_mrs(uint32_t rt, uint32_t key)
{
    return 0xd5200000 | key << 5 | rt;
}
static inline uint32_t a64_msr(uint32_t key, uint32_t rt)
{
    return 0xd5000000 | key << 5 | rt;
}
/* MSR DAIFSet / DAIFClr, #imm4: D 8, A 4, I 2, F 1. */
static inline uint32_t a64_daifset(uint32_t imm4)
{
    return 0xd50340df | imm4 << 8;
}
static inline uint32_t a64_daifclr(uint32_t imm4)
{
    return 0xd50340ff | imm4 << 8;
}

/*
 * Loads and stores of one general register. log2 of the size, and what happens
 * to it: store, load, load and sign-extend to 64 bits, the same to 32 bits.
 */
enum a64_size {
    A64_B = 0,
    A64_H = 1,
    A64_W = 2,
    A64_X = 3
};
enum a64_opc {
    A64_ST = 0,
    A64_LD = 1,
    A64_LDS_X = 2,
    A64_LDS_W = 3
};

static inline uint32_t a64_mem(enum a64_size size, enum a64_opc opc, uint32_t form, uint32_t rt,
                               uint32_t rn)
{
    return form | (uint32_t)size << 30 | (uint32_t)opc << 22 | rn << 5 | rt;
}
/* [Xn, #imm12 * size] */
static inline uint32_t a64_ldst(enum a64_size size, enum a64_opc opc, uint32_t rt, uint32_t rn,
                                uint32_t imm12)
{
    return a64_mem(size, opc, 0x39000000, rt, rn) | imm12 << 10;
}
/* [Xn, Xm] */
static inline uint32_t a64_ldst_reg(enum a64_size size, enum a64_opc opc, uint32_t rt, uint32_t rn,
                                    uint32_t rm)
{
    return a64_mem(size, opc, 0x38206800, rt, rn) | rm << 16;
}
/* LDUR, STUR: [Xn, #imm9] */
static inline uint32_t a64_ldst_unscaled(enum a64_size size, enum a64_opc opc, uint32_t rt,
                                         uint32_t rn, int32_t imm9)
{
    return a64_mem(size, opc, 0x38000000, rt, rn) | ((uint32_t)imm9 & 0x1ff) << 12;
}
/* LDTR, STTR: [Xn, #imm9] as EL0 would */
static inline uint32_t a64_ldst_unprivileged(enum a64_size size, enum a64_opc opc, uint32_t rt,
                                             uint32_t rn, int32_t imm9)
{
    return a64_mem(size, opc, 0x38000800, rt, rn) | ((uint32_t)imm9 & 0x1ff) << 12;
}
/* [Xn], #imm9 and [Xn, #imm9]! */
static inline uint32_t a64_ldst_post(enum a64_size size, enum a64_opc opc, uint32_t rt, uint32_t rn,
                                     int32_t imm9)
{
    return a64_mem(size, opc, 0x38000400, rt, rn) | ((uint32_t)imm9 & 0x1ff) << 12;
}
static inline uint32_t a64_ldst_pre(enum a64_size size, enum a64_opc opc, uint32_t rt, uint32_t rn,
                                    int32_t imm9)
{
    return a64_mem(size, opc, 0x38000c00, rt, rn) | ((uint32_t)imm9 & 0x1ff) << 12;
}
static inline uint32_t a64_ldar(enum a64_size size, uint32_t rt, uint32_t rn)
{
    return 0x08dffc00 | (uint32_t)size << 30 | rn << 5 | rt;
}
static inline uint32_t a64_stlr(enum a64_size size, uint32_t rt, uint32_t rn)
{
    return 0x089ffc00 | (uint32_t)size << 30 | rn << 5 | rt;
}

/* The accesses whose syndrome is not valid: pairs and SIMD&FP. */
static inline uint32_t a64_ldp(uint32_t rt, uint32_t rt2, uint32_t rn)
{
    return 0xa9400000 | rt2 << 10 | rn << 5 | rt;
}
static inline uint32_t a64_stp(uint32_t rt, uint32_t rt2, uint32_t rn)
{
    return 0xa9000000 | rt2 << 10 | rn << 5 | rt;
}
static inline uint32_t a64_ldr_d(uint32_t rt, uint32_t rn)
{
    return 0xfd400000 | rn << 5 | rt;
}
static inline uint32_t a64_str_d(uint32_t rt, uint32_t rn)
{
    return 0xfd000000 | rn << 5 | rt;
}
static inline uint32_t a64_ldr_q(uint32_t rt, uint32_t rn)
{
    return 0x3dc00000 | rn << 5 | rt;
}
static inline uint32_t a64_str_q(uint32_t rt, uint32_t rn)
{
    return 0x3d800000 | rn << 5 | rt;
}

#endif
