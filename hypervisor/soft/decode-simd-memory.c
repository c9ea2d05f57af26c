/* SPDX-License-Identifier: ISC */
/*
 * decode-simd-memory.c: loads and stores of SIMD&FP registers (Arm ARM C4.1, Loads and stores, V =
 * 1, and the Advanced SIMD structure groups).
 */
#include "decode.h"
#include "exec-simd-memory.h"

static bool fill(struct op *op, op_exec *exec, uint32_t insn, int32_t imm)
{
    if (exec == NULL) {
        return false;
    }
    op->exec = exec;
    op->rd = reg_v(insn, 0);
    op->rn = reg_sp(insn, 5);
    op->imm = imm;
    return true;
}

/* ---- Single registers ------------------------------------------------------------------------ */

struct single {
    op_exec *imm, *pre, *post, *reg, *uxtw, *sxtw;
};

#define SINGLE(k)                                                                                  \
    {                                                                                              \
        op_##k##_imm, op_##k##_pre, op_##k##_post, op_##k##_reg, op_##k##_uxtw, op_##k##_sxtw      \
    }

/* By L (opc<0>) and scale (opc<1>:size); larger scales are unallocated. */
static const struct single singles[2][5] = {
    {SINGLE(str_vb), SINGLE(str_vh), SINGLE(str_vs), SINGLE(str_vd), SINGLE(str_vq)},
    {SINGLE(ldr_vb), SINGLE(ldr_vh), SINGLE(ldr_vs), SINGLE(ldr_vd), SINGLE(ldr_vq)},
};

static unsigned scale_of(uint32_t insn)
{
    return bits32(insn, 23, 23) << 2 | bits32(insn, 31, 30);
}

static const struct single *single_of(uint32_t insn)
{
    static const struct single none = {0};
    unsigned scale = scale_of(insn);

    return scale > 4 ? &none : &singles[bit32(insn, 22)][scale];
}

static bool load_store_unsigned(uint32_t insn, struct op *op)
{
    return fill(op, single_of(insn)->imm, insn, (int32_t)(bits32(insn, 21, 10) << scale_of(insn)));
}

static bool load_store_unscaled(uint32_t insn, struct op *op)
{
    return fill(op, single_of(insn)->imm, insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_pre(uint32_t insn, struct op *op)
{
    return fill(op, single_of(insn)->pre, insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_post(uint32_t insn, struct op *op)
{
    return fill(op, single_of(insn)->post, insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_register(uint32_t insn, struct op *op)
{
    const struct single *s = single_of(insn);
    op_exec *exec = NULL;

    switch (bits32(insn, 15, 13)) {
    case 2: exec = s->uxtw; break;
    case 6: exec = s->sxtw; break;
    case 3: /* LSL */
    case 7: /* SXTX */ exec = s->reg; break;
    default: break;
    }
    op->rm = reg_src(insn, 16);
    return fill(op, exec, insn, bit32(insn, 12) ? (int32_t)scale_of(insn) : 0);
}

static bool load_literal(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = {op_ldr_vs_literal, op_ldr_vd_literal, op_ldr_vq_literal, NULL};

    if (!fill(op, exec[bits32(insn, 31, 30)], insn, sext32(bits32(insn, 23, 5), 19) * 4)) {
        return false;
    }
    op->rn = REG_ZR;
    return true;
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

enum pair_form {
    PAIR_IMM,
    PAIR_PRE,
    PAIR_POST
};

#define PAIR(k)                                                                                    \
    {                                                                                              \
        op_##k##_imm, op_##k##_pre, op_##k##_post                                                  \
    }

/* By L and opc; opc 3 is unallocated. */
static op_exec *const pairs[2][4][3] = {
    {PAIR(stp_vs), PAIR(stp_vd), PAIR(stp_vq), {0}},
    {PAIR(ldp_vs), PAIR(ldp_vd), PAIR(ldp_vq), {0}},
};

static bool fill_pair(uint32_t insn, struct op *op, enum pair_form form)
{
    unsigned opc = bits32(insn, 31, 30);

    op->ra = reg_v(insn, 10);
    return fill(op, pairs[bit32(insn, 22)][opc][form], insn,
                sext32(bits32(insn, 21, 15), 7) * (4 << opc));
}

static bool pair_offset(uint32_t insn, struct op *op)
{
    return fill_pair(insn, op, PAIR_IMM);
}

static bool pair_pre(uint32_t insn, struct op *op)
{
    return fill_pair(insn, op, PAIR_PRE);
}

static bool pair_post(uint32_t insn, struct op *op)
{
    return fill_pair(insn, op, PAIR_POST);
}

/* ---- Structures ------------------------------------------------------------------------------ */

static bool fill_structure(uint32_t insn, struct op *op, op_exec *load, op_exec *store)
{
    op->rm = reg_src(insn, 16);
    return fill(op, bit32(insn, 22) ? load : store, insn, (int32_t)insn);
}

static bool multiple_ld1(uint32_t insn, struct op *op)
{
    return fill_structure(insn, op, op_ld1_multiple, op_st1_multiple);
}

static bool multiple_ldn(uint32_t insn, struct op *op)
{
    /* 1D is for LD1 and ST1 alone. */
    if (bits32(insn, 11, 10) == 3 && !bit32(insn, 30)) {
        return false;
    }
    return fill_structure(insn, op, op_ldn_multiple, op_stn_multiple);
}

static bool lane(uint32_t insn, struct op *op)
{
    return fill_structure(insn, op, op_ldn_lane, op_stn_lane);
}

static bool replicate(uint32_t insn, struct op *op)
{
    return fill_structure(insn, op, op_ldn_replicate, NULL);
}

/* ---- The table ------------------------------------------------------------------------------- */

/*
 * s: size, L: load, c: opc, i: immediate, m: Rm, t: Rt, u: Rt2, n: Rn, p: option, S: shifted or
 * index bit, Q: 128 bits, R: register count bit, z: element size.
 */
static const struct decode_rule rules[] = {
    /* Advanced SIMD load/store multiple structures: LD4, LD3, LD2; LD1 of four, three, one, two. */
    {"0Q001100_0L000000_0000zznn_nnnttttt", multiple_ldn},
    {"0Q001100_0L000000_0100zznn_nnnttttt", multiple_ldn},
    {"0Q001100_0L000000_1000zznn_nnnttttt", multiple_ldn},
    {"0Q001100_0L000000_0010zznn_nnnttttt", multiple_ld1},
    {"0Q001100_0L000000_0110zznn_nnnttttt", multiple_ld1},
    {"0Q001100_0L000000_0111zznn_nnnttttt", multiple_ld1},
    {"0Q001100_0L000000_1010zznn_nnnttttt", multiple_ld1},

    /* Advanced SIMD load/store multiple structures (post-indexed). */
    {"0Q001100_1L0mmmmm_0000zznn_nnnttttt", multiple_ldn},
    {"0Q001100_1L0mmmmm_0100zznn_nnnttttt", multiple_ldn},
    {"0Q001100_1L0mmmmm_1000zznn_nnnttttt", multiple_ldn},
    {"0Q001100_1L0mmmmm_0010zznn_nnnttttt", multiple_ld1},
    {"0Q001100_1L0mmmmm_0110zznn_nnnttttt", multiple_ld1},
    {"0Q001100_1L0mmmmm_0111zznn_nnnttttt", multiple_ld1},
    {"0Q001100_1L0mmmmm_1010zznn_nnnttttt", multiple_ld1},

    /* Advanced SIMD load/store single structure: B, H, S, D elements; LD1R-LD4R. */
    {"0Q001101_0LR00000_00RSzznn_nnnttttt", lane},
    {"0Q001101_0LR00000_01RSz0nn_nnnttttt", lane},
    {"0Q001101_0LR00000_10RS00nn_nnnttttt", lane},
    {"0Q001101_0LR00000_10R001nn_nnnttttt", lane},
    {"0Q001101_01R00000_11R0zznn_nnnttttt", replicate},

    /* Advanced SIMD load/store single structure (post-indexed). */
    {"0Q001101_1LRmmmmm_00RSzznn_nnnttttt", lane},
    {"0Q001101_1LRmmmmm_01RSz0nn_nnnttttt", lane},
    {"0Q001101_1LRmmmmm_10RS00nn_nnnttttt", lane},
    {"0Q001101_1LRmmmmm_10R001nn_nnnttttt", lane},
    {"0Q001101_11Rmmmmm_11R0zznn_nnnttttt", replicate},

    /* Load register (literal). */
    {"cc011100_iiiiiiii_iiiiiiii_iiittttt", load_literal},

    /* Load/store no-allocate pair; register pair (post-indexed), (offset), (pre-indexed). */
    {"cc101100_0Liiiiii_iuuuuunn_nnnttttt", pair_offset},
    {"cc101100_1Liiiiii_iuuuuunn_nnnttttt", pair_post},
    {"cc101101_0Liiiiii_iuuuuunn_nnnttttt", pair_offset},
    {"cc101101_1Liiiiii_iuuuuunn_nnnttttt", pair_pre},

    /* Load/store register (unscaled immediate), (post-indexed), (pre-indexed). */
    {"ss111100_cL0iiiii_iiii00nn_nnnttttt", load_store_unscaled},
    {"ss111100_cL0iiiii_iiii01nn_nnnttttt", load_store_post},
    {"ss111100_cL0iiiii_iiii11nn_nnnttttt", load_store_pre},

    /* Load/store register (register offset), (unsigned immediate). */
    {"ss111100_cL1mmmmm_pppS10nn_nnnttttt", load_store_register},
    {"ss111101_cLiiiiii_iiiiiinn_nnnttttt", load_store_unsigned},
};

const struct decode_table decode_table_simd_memory = {"SIMD&FP loads and stores", rules,
                                                      sizeof(rules) / sizeof(rules[0])};
