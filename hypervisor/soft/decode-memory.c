/* SPDX-License-Identifier: ISC */
/*
 * decode-memory.c: loads and stores of general registers (Arm ARM C4.1, Loads and stores), and the
 * parts of that class that belong to extensions not claimed, which stay undefined: FEAT_LOR,
 * FEAT_LRCPC, FEAT_PAuth, FEAT_MTE, FEAT_LS64, FEAT_MOPS.
 */
#include "decode.h"
#include "exec-memory.h"

static bool fill(struct op *op, op_exec *exec, uint32_t insn, int32_t imm)
{
    if (exec == NULL) {
        return false;
    }
    op->exec = exec;
    op->rn = reg_sp(insn, 5);
    op->imm = imm;
    return true;
}

/* ---- Single registers ------------------------------------------------------------------------ */

struct single {
    bool load;
    unsigned log2;
    op_exec *imm, *sp, *pre, *post, *reg, *scaled, *uxtw, *sxtw, *unpriv;
};

#define SINGLE(k, is_load, scale)                                                                  \
    {                                                                                              \
        is_load, scale, op_##k##_imm, op_##k##_sp, op_##k##_pre, op_##k##_post, op_##k##_reg,      \
            op_##k##_scaled, op_##k##_uxtw, op_##k##_sxtw, op_##k##_unpriv                         \
    }

/* PRFM has three of the forms; what a table leaves out is unallocated. */
#define PREFETCH                                                                                   \
    {                                                                                              \
        .load = true, .log2 = 3, .imm = op_prefetch, .sp = op_prefetch, .reg = op_prefetch,        \
        .scaled = op_prefetch, .uxtw = op_prefetch, .sxtw = op_prefetch                            \
    }

/* By size and opc. */
static const struct single singles[4][4] = {
    {SINGLE(strb, false, 0), SINGLE(ldrb, true, 0), SINGLE(ldrsb_x, true, 0),
     SINGLE(ldrsb_w, true, 0)},
    {SINGLE(strh, false, 1), SINGLE(ldrh, true, 1), SINGLE(ldrsh_x, true, 1),
     SINGLE(ldrsh_w, true, 1)},
    {SINGLE(str_w, false, 2), SINGLE(ldr_w, true, 2), SINGLE(ldrsw, true, 2), {0}},
    {SINGLE(str_x, false, 3), SINGLE(ldr_x, true, 3), PREFETCH, {0}},
};

static const struct single *single_of(uint32_t insn)
{
    return &singles[bits32(insn, 31, 30)][bits32(insn, 23, 22)];
}

static bool fill_single(struct op *op, op_exec *exec, uint32_t insn, int32_t imm)
{
    op->rd = single_of(insn)->load ? reg_dst(insn, 0) : reg_src(insn, 0);
    return fill(op, exec, insn, imm);
}

static op_exec *imm_or_sp(const struct single *s, uint32_t insn)
{
    return reg_sp(insn, 5) == REG_SP ? s->sp : s->imm;
}

static bool load_store_unsigned(uint32_t insn, struct op *op)
{
    const struct single *s = single_of(insn);

    return fill_single(op, imm_or_sp(s, insn), insn, (int32_t)(bits32(insn, 21, 10) << s->log2));
}

static bool load_store_unscaled(uint32_t insn, struct op *op)
{
    return fill_single(op, imm_or_sp(single_of(insn), insn), insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_unprivileged(uint32_t insn, struct op *op)
{
    return fill_single(op, single_of(insn)->unpriv, insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_pre(uint32_t insn, struct op *op)
{
    return fill_single(op, single_of(insn)->pre, insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_post(uint32_t insn, struct op *op)
{
    return fill_single(op, single_of(insn)->post, insn, sext32(bits32(insn, 20, 12), 9));
}

static bool load_store_register(uint32_t insn, struct op *op)
{
    const struct single *s = single_of(insn);
    bool shifted = bit32(insn, 12);
    op_exec *exec = NULL;

    switch (bits32(insn, 15, 13)) {
    case 2: exec = s->uxtw; break;
    case 6: exec = s->sxtw; break;
    case 3: /* LSL */
    case 7: /* SXTX */ exec = shifted ? s->scaled : s->reg; break;
    default: break;
    }
    op->rm = reg_src(insn, 16);
    return fill_single(op, exec, insn, shifted ? (int32_t)s->log2 : 0);
}

static bool load_literal(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = {op_ldr_w_literal, op_ldr_x_literal, op_ldrsw_literal,
                                     op_prefetch};

    op->exec = exec[bits32(insn, 31, 30)];
    op->rd = reg_dst(insn, 0);
    op->rn = REG_ZR;
    op->imm = sext32(bits32(insn, 23, 5), 19) * 4;
    return true;
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

struct pair {
    unsigned log2;
    op_exec *imm, *sp, *pre, *post;
};

#define PAIR(k, scale)                                                                             \
    {                                                                                              \
        scale, op_##k##_imm, op_##k##_sp, op_##k##_pre, op_##k##_post                              \
    }

/* By opc and L. STGP is FEAT_MTE's. */
static const struct pair pairs[4][2] = {
    {PAIR(stp_w, 2), PAIR(ldp_w, 2)},
    {{0}, PAIR(ldpsw, 2)},
    {PAIR(stp_x, 3), PAIR(ldp_x, 3)},
    {{0}, {0}},
};

static const struct pair *pair_of(uint32_t insn)
{
    return &pairs[bits32(insn, 31, 30)][bit32(insn, 22)];
}

static bool fill_pair(struct op *op, op_exec *exec, uint32_t insn)
{
    bool is_load = bit32(insn, 22);

    op->rd = is_load ? reg_dst(insn, 0) : reg_src(insn, 0);
    op->ra = is_load ? reg_dst(insn, 10) : reg_src(insn, 10);
    return fill(op, exec, insn, sext32(bits32(insn, 21, 15), 7) * (1 << pair_of(insn)->log2));
}

static bool pair_offset(uint32_t insn, struct op *op)
{
    const struct pair *p = pair_of(insn);

    return fill_pair(op, reg_sp(insn, 5) == REG_SP ? p->sp : p->imm, insn);
}

/* LDPSW has no non-temporal form. */
static bool pair_no_allocate(uint32_t insn, struct op *op)
{
    return bits32(insn, 31, 30) != 1 && pair_offset(insn, op);
}

static bool pair_pre(uint32_t insn, struct op *op)
{
    return fill_pair(op, pair_of(insn)->pre, insn);
}

static bool pair_post(uint32_t insn, struct op *op)
{
    return fill_pair(op, pair_of(insn)->post, insn);
}

/* ---- Exclusives, ordered accesses, atomics --------------------------------------------------- */

static bool exclusive_register(uint32_t insn, struct op *op)
{
    static op_exec *const store[4] = {op_stxr8, op_stxr16, op_stxr32, op_stxr64};
    static op_exec *const load[4] = {op_ldxr8, op_ldxr16, op_ldxr32, op_ldxr64};
    bool is_load = bit32(insn, 22);

    op->rd = is_load ? reg_dst(insn, 0) : reg_src(insn, 0);
    op->rm = reg_dst(insn, 16);
    return fill(op, (is_load ? load : store)[bits32(insn, 31, 30)], insn, bit32(insn, 15));
}

static bool exclusive_pair(uint32_t insn, struct op *op)
{
    static op_exec *const store[2] = {op_stxp32, op_stxp64};
    static op_exec *const load[2] = {op_ldxp32, op_ldxp64};
    bool is_load = bit32(insn, 22);

    op->rd = is_load ? reg_dst(insn, 0) : reg_src(insn, 0);
    op->ra = is_load ? reg_dst(insn, 10) : reg_src(insn, 10);
    op->rm = reg_dst(insn, 16);
    return fill(op, (is_load ? load : store)[bit32(insn, 30)], insn, bit32(insn, 15));
}

/* LDLAR and STLLR (o0 = 0) are FEAT_LOR's: no rule. */
static bool load_store_ordered(uint32_t insn, struct op *op)
{
    static op_exec *const store[4] = {op_stlr8, op_stlr16, op_stlr32, op_stlr64};
    static op_exec *const load[4] = {op_ldar8, op_ldar16, op_ldar32, op_ldar64};
    bool is_load = bit32(insn, 22);

    op->rd = is_load ? reg_dst(insn, 0) : reg_src(insn, 0);
    return fill(op, (is_load ? load : store)[bits32(insn, 31, 30)], insn, 1);
}

/* Acquire is bit 22 and release bit 15 in both compare-and-swap groups. */
static bool compare_and_swap(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = {op_cas8, op_cas16, op_cas32, op_cas64};

    op->rd = reg_src(insn, 0);
    op->rm = reg_src(insn, 16);
    op->ra = reg_dst(insn, 16);
    return fill(op, exec[bits32(insn, 31, 30)], insn, bit32(insn, 22) || bit32(insn, 15));
}

static bool compare_and_swap_pair(uint32_t insn, struct op *op)
{
    if (bit32(insn, 0) || bit32(insn, 16)) {
        return false;
    }
    op->rd = reg_src(insn, 0);
    op->rm = reg_src(insn, 16);
    op->ra = reg_dst(insn, 16);
    return fill(op, bit32(insn, 30) ? op_casp64 : op_casp32, insn,
                bit32(insn, 22) || bit32(insn, 15));
}

#define SIZES(name)                                                                                \
    {                                                                                              \
        op_##name##8, op_##name##16, op_##name##32, op_##name##64                                  \
    }

static bool atomic_memory(uint32_t insn, struct op *op)
{
    static op_exec *const exec[8][4] = {
        SIZES(ldadd),  SIZES(ldclr),  SIZES(ldeor),  SIZES(ldset),
        SIZES(ldsmax), SIZES(ldsmin), SIZES(ldumax), SIZES(ldumin),
    };

    op->rd = reg_dst(insn, 0);
    op->rm = reg_src(insn, 16);
    return fill(op, exec[bits32(insn, 14, 12)][bits32(insn, 31, 30)], insn,
                bits32(insn, 23, 22) != 0);
}

static bool swap(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = SIZES(swp);

    op->rd = reg_dst(insn, 0);
    op->rm = reg_src(insn, 16);
    return fill(op, exec[bits32(insn, 31, 30)], insn, bits32(insn, 23, 22) != 0);
}

/* ---- The table ------------------------------------------------------------------------------- */

/*
 * s: size, L: load, c: opc, i: immediate, m: Rm or Rs, t: Rt, u: Rt2, n: Rn, p: option, S: shifted,
 * A/R: acquire/release. Fields that should be one are x.
 */
static const struct decode_rule rules[] = {
    /* Load/store exclusive register; Load/store exclusive pair. */
    {"ss001000_0L0mmmmm_Rxxxxxnn_nnnttttt", exclusive_register},
    {"1s001000_0L1mmmmm_Ruuuuunn_nnnttttt", exclusive_pair},

    /* Compare and swap pair; Compare and swap. */
    {"0s001000_0A1mmmmm_R11111nn_nnnttttt", compare_and_swap_pair},
    {"ss001000_1A1mmmmm_R11111nn_nnnttttt", compare_and_swap},

    /* Load/store ordered. */
    {"ss001000_1L0xxxxx_1xxxxxnn_nnnttttt", load_store_ordered},

    /* Load register (literal). */
    {"cc011000_iiiiiiii_iiiiiiii_iiittttt", load_literal},

    /* Load/store no-allocate pair; register pair (post-indexed), (offset), (pre-indexed). */
    {"cc101000_0Liiiiii_iuuuuunn_nnnttttt", pair_no_allocate},
    {"cc101000_1Liiiiii_iuuuuunn_nnnttttt", pair_post},
    {"cc101001_0Liiiiii_iuuuuunn_nnnttttt", pair_offset},
    {"cc101001_1Liiiiii_iuuuuunn_nnnttttt", pair_pre},

    /* Load/store register (unscaled immediate), (post-indexed), (unprivileged), (pre-indexed). */
    {"ss111000_cc0iiiii_iiii00nn_nnnttttt", load_store_unscaled},
    {"ss111000_cc0iiiii_iiii01nn_nnnttttt", load_store_post},
    {"ss111000_cc0iiiii_iiii10nn_nnnttttt", load_store_unprivileged},
    {"ss111000_cc0iiiii_iiii11nn_nnnttttt", load_store_pre},

    /* Atomic memory operations. */
    {"ss111000_AR1mmmmm_0ccc00nn_nnnttttt", atomic_memory},
    {"ss111000_AR1mmmmm_100000nn_nnnttttt", swap},

    /* Load/store register (register offset), (unsigned immediate). */
    {"ss111000_cc1mmmmm_pppS10nn_nnnttttt", load_store_register},
    {"ss111001_cciiiiii_iiiiiinn_nnnttttt", load_store_unsigned},
};

const struct decode_table decode_table_memory = {"loads and stores", rules,
                                                 sizeof(rules) / sizeof(rules[0])};
