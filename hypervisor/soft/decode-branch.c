/* SPDX-License-Identifier: ISC */
/*
 * decode-branch.c: branches, exception generating and system instructions. Sections are those of
 * the Arm ARM, DDI 0487 issue J.a, C4.1.93. What the system instructions do is known to sysreg.c.
 */
#include "bits.h"
#include "decode.h"
#include "exec-branch.h"
#include "sysreg.h"

/* Sets the displacement and picks the handler for its direction. */
static bool branch(struct op *op, int32_t imm, op_exec *const exec[2])
{
    op->imm = imm;
    op->exec = exec[imm > 0];
    return true;
}

static bool b(uint32_t insn, struct op *op)
{
    return branch(op, sext32(bits32(insn, 25, 0), 26), exec_b);
}

static bool bl(uint32_t insn, struct op *op)
{
    return branch(op, sext32(bits32(insn, 25, 0), 26), exec_bl);
}

static bool b_cond(uint32_t insn, struct op *op)
{
    unsigned cond = bits32(insn, 3, 0);

    op->imm = sext32(bits32(insn, 23, 5), 19);
    op->exec = exec_b_cond[op->imm > 0][cond];
    return true;
}

static bool compare_branch(uint32_t insn, struct op *op)
{
    int32_t imm = sext32(bits32(insn, 23, 5), 19);

    op->rn = reg_src(insn, 0);
    if (bit32(insn, 31)) {
        return branch(op, imm, bit32(insn, 24) ? exec_cbnz_x : exec_cbz_x);
    }
    return branch(op, imm, bit32(insn, 24) ? exec_cbnz_w : exec_cbz_w);
}

static bool test_branch(uint32_t insn, struct op *op)
{
    op->rn = reg_src(insn, 0);
    op->ra = (uint8_t)(bits32(insn, 31, 31) << 5 | bits32(insn, 23, 19));
    return branch(op, sext32(bits32(insn, 18, 5), 14), bit32(insn, 24) ? exec_tbnz : exec_tbz);
}

static bool br(uint32_t insn, struct op *op)
{
    op->rn = reg_src(insn, 5);
    op->exec = exec_br;
    return true;
}

static bool blr(uint32_t insn, struct op *op)
{
    op->rn = reg_src(insn, 5);
    op->exec = exec_blr;
    return true;
}

static bool eret(uint32_t insn, struct op *op)
{
    (void)insn;
    op->exec = exec_eret;
    return true;
}

static bool generate(uint32_t insn, struct op *op, op_exec *exec)
{
    op->imm = (int32_t)bits32(insn, 20, 5);
    op->exec = exec;
    return true;
}

static bool svc(uint32_t insn, struct op *op)
{
    return generate(insn, op, exec_svc);
}

static bool hvc(uint32_t insn, struct op *op)
{
    return generate(insn, op, exec_hvc);
}

static bool smc(uint32_t insn, struct op *op)
{
    return generate(insn, op, exec_smc);
}

static bool brk(uint32_t insn, struct op *op)
{
    return generate(insn, op, exec_brk);
}

/*
 * i: displacement or immediate, c: cond, b: bit number, n: Rn, t: Rt, p, C, M, q: op1, CRn, CRm,
 * op2.
 */
static const struct decode_rule rules[] = {
    /* C4.1.93 Conditional branch (immediate) */
    {"0101010 0 iiiiiiiiiiiiiiiiiii 0 cccc", b_cond},
    /* C4.1.93 Exception generation. HLT and DCPS1-3 are UNDEFINED without an external debugger. */
    {"11010100 000 iiiiiiiiiiiiiiii 000 01", svc},
    {"11010100 000 iiiiiiiiiiiiiiii 000 10", hvc},
    {"11010100 000 iiiiiiiiiiiiiiii 000 11", smc},
    {"11010100 001 iiiiiiiiiiiiiiii 000 00", brk},
    /* C4.1.93 Hints */
    {"11010101000000110010 MMMM qqq 11111", sysreg_decode_hint},
    /* C4.1.93 Barriers */
    {"11010101000000110011 MMMM qqq 11111", sysreg_decode_barrier},
    /* C4.1.93 PSTATE */
    {"1101010100000 ppp 0100 MMMM qqq 11111", sysreg_decode_immediate},
    /* C4.1.93 System instructions: SYS, SYSL */
    {"1101010100 l 01 ppp CCCC MMMM qqq ttttt", sysreg_decode_sys},
    /* C4.1.93 System register move: MSR, MRS */
    {"1101010100 l 1o ppp CCCC MMMM qqq ttttt", sysreg_decode_move},
    /*
     * C4.1.93 Unconditional branch (register): BR, BLR, RET, ERET. DRPS is UNDEFINED outside Debug
     * state.
     */
    {"1101011 0000 11111 000000 nnnnn 00000", br},
    {"1101011 0001 11111 000000 nnnnn 00000", blr},
    {"1101011 0010 11111 000000 nnnnn 00000", br},
    {"1101011 0100 11111 000000 11111 00000", eret},
    /* C4.1.93 Unconditional branch (immediate) */
    {"0 00101 iiiiiiiiiiiiiiiiiiiiiiiiii", b},
    {"1 00101 iiiiiiiiiiiiiiiiiiiiiiiiii", bl},
    /* C4.1.93 Compare and branch (immediate): CBZ, CBNZ */
    {"s 011010 o iiiiiiiiiiiiiiiiiii ttttt", compare_branch},
    /* C4.1.93 Test and branch (immediate): TBZ, TBNZ */
    {"b 011011 o bbbbb iiiiiiiiiiiiii ttttt", test_branch},
};

const struct decode_table decode_table_branch = {"branch", rules, sizeof(rules) / sizeof(rules[0])};
