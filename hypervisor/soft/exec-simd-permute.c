/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-permute.c: handlers of Advanced SIMD that move elements about: copy, modified
 * immediate, permute, extract, table lookup and reverse (Arm ARM C3.5.12, C3.5.14 - C3.5.16, C7.2).
 */
#include "exec-simd.h"
#include "simd-handler.h"

/* ---- Copy ------------------------------------------------------------------------------------ */

SIMD_LANES_B(exec_simd_dup_element, i, vn->b[op->imm])
SIMD_LANES_H(exec_simd_dup_element, i, vn->h[op->imm])
SIMD_LANES_S(exec_simd_dup_element, i, vn->s[op->imm])
SIMD_LANES_D(exec_simd_dup_element, i, vn->d[op->imm])
SIMD_TABLE_BHSD(exec_simd_dup_element)

/* From a general register, whose number may be REG_ZR: vn must not be looked at. */
#define DUP(form, bits, q)                                                                         \
    static const struct op *exec_simd_dup##form(struct cpu *c, const struct op *op)                \
    {                                                                                              \
        uint##bits##_t v = (uint##bits##_t)c->x[op->rn];                                           \
        union vreg *vd = &c->v[op->rd];                                                            \
                                                                                                   \
        FP_CHECK(c, op);                                                                           \
        for (unsigned i = 0; i < 64 / bits << q; i++) {                                            \
            vd->SIMD_U_##bits[i] = v;                                                              \
        }                                                                                          \
        if (!q) {                                                                                  \
            vd->d[1] = 0;                                                                          \
        }                                                                                          \
        OP_NEXT(c, op);                                                                            \
    }

DUP(_8b, 8, 0)
DUP(_16b, 8, 1)
DUP(_4h, 16, 0)
DUP(_8h, 16, 1)
DUP(_2s, 32, 0)
DUP(_4s, 32, 1)
DUP(_2d, 64, 1)
SIMD_TABLE_BHSD(exec_simd_dup)

/* One element moves, the rest of the destination stays. */
#define MOVE(name, body)                                                                           \
    static const struct op *name(struct cpu *c, const struct op *op)                               \
    {                                                                                              \
        FP_CHECK(c, op);                                                                           \
        body;                                                                                      \
        OP_NEXT(c, op);                                                                            \
    }

MOVE(ins_b, c->v[op->rd].b[op->imm] = (uint8_t)c->x[op->rn])
MOVE(ins_h, c->v[op->rd].h[op->imm] = (uint16_t)c->x[op->rn])
MOVE(ins_s, c->v[op->rd].s[op->imm] = (uint32_t)c->x[op->rn])
MOVE(ins_d, c->v[op->rd].d[op->imm] = c->x[op->rn])
op_exec *const exec_simd_ins[4] = {ins_b, ins_h, ins_s, ins_d};

MOVE(ins_element_b, c->v[op->rd].b[op->ra] = c->v[op->rn].b[op->imm])
MOVE(ins_element_h, c->v[op->rd].h[op->ra] = c->v[op->rn].h[op->imm])
MOVE(ins_element_s, c->v[op->rd].s[op->ra] = c->v[op->rn].s[op->imm])
MOVE(ins_element_d, c->v[op->rd].d[op->ra] = c->v[op->rn].d[op->imm])
op_exec *const exec_simd_ins_element[4] = {ins_element_b, ins_element_h, ins_element_s,
                                           ins_element_d};

MOVE(umov_b, c->x[op->rd] = c->v[op->rn].b[op->imm])
MOVE(umov_h, c->x[op->rd] = c->v[op->rn].h[op->imm])
MOVE(umov_s, c->x[op->rd] = c->v[op->rn].s[op->imm])
MOVE(umov_d, c->x[op->rd] = c->v[op->rn].d[op->imm])
op_exec *const exec_simd_umov[4] = {umov_b, umov_h, umov_s, umov_d};

MOVE(smov_b_w, c->x[op->rd] = (uint64_t)c->v[op->rn].sb[op->imm] & UINT32_MAX)
MOVE(smov_h_w, c->x[op->rd] = (uint64_t)c->v[op->rn].sh[op->imm] & UINT32_MAX)
op_exec *const exec_simd_smov_w[4] = {smov_b_w, smov_h_w};

MOVE(smov_b_x, c->x[op->rd] = (uint64_t)c->v[op->rn].sb[op->imm])
MOVE(smov_h_x, c->x[op->rd] = (uint64_t)c->v[op->rn].sh[op->imm])
MOVE(smov_s_x, c->x[op->rd] = (uint64_t)c->v[op->rn].ss[op->imm])
op_exec *const exec_simd_smov_x[4] = {smov_b_x, smov_h_x, smov_s_x};

/* ---- Modified immediate ---------------------------------------------------------------------- */

#define IMMEDIATE(name, bits, expr)                                                                \
    SIMD_LANES(name##_64, bits, 0, i, expr)                                                        \
    SIMD_LANES(name##_128, bits, 1, i, expr)                                                       \
    op_exec *const name[2] = {name##_64, name##_128};

IMMEDIATE(exec_simd_movi, 32, op->imm)
IMMEDIATE(exec_simd_orr_imm, 32, d | (uint32_t)op->imm)
IMMEDIATE(exec_simd_and_imm, 32, d &(uint32_t)op->imm)

/* Each bit of an 8-bit number becomes a byte. */
static inline uint64_t bits_to_bytes(uint32_t v)
{
    uint64_t r = 0;

    for (unsigned n = 0; n < 8; n++) {
        r |= bit32(v, n) ? UINT64_C(0xff) << (8 * n) : 0;
    }
    return r;
}

IMMEDIATE(exec_simd_movi_bytes, 64, bits_to_bytes((uint32_t)op->imm))

const struct op *exec_simd_movi_high(struct cpu *c, const struct op *op)
{
    FP_CHECK(c, op);
    c->v[op->rd].d[0] = (uint64_t)(uint32_t)op->imm << 32;
    c->v[op->rd].d[1] = (uint64_t)(uint32_t)op->imm << 32;
    OP_NEXT(c, op);
}

/* ---- Permute --------------------------------------------------------------------------------- */

/* Elements 2i and 2i+1 of the result, for i below HALF. n and m: the elements of Vn and Vm. */
#define PERMUTE(name, bits, q, even, odd)                                                          \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            HALF = (64 / bits << q) / 2                                                            \
        };                                                                                         \
        const uint##bits##_t *n = vn->SIMD_U_##bits;                                               \
        const uint##bits##_t *m = vm->SIMD_U_##bits;                                               \
                                                                                                   \
        for (unsigned i = 0; i < HALF; i++) {                                                      \
            r.SIMD_U_##bits[2 * i] = even;                                                         \
            r.SIMD_U_##bits[2 * i + 1] = odd;                                                      \
        }                                                                                          \
        if (!q) {                                                                                  \
            r.d[1] = 0;                                                                            \
        }                                                                                          \
    })

#define PERMUTE_BHSD(name, even, odd)                                                              \
    PERMUTE(name##_8b, 8, 0, even, odd)                                                            \
    PERMUTE(name##_16b, 8, 1, even, odd)                                                           \
    PERMUTE(name##_4h, 16, 0, even, odd)                                                           \
    PERMUTE(name##_8h, 16, 1, even, odd)                                                           \
    PERMUTE(name##_2s, 32, 0, even, odd)                                                           \
    PERMUTE(name##_4s, 32, 1, even, odd)                                                           \
    PERMUTE(name##_2d, 64, 1, even, odd)                                                           \
    SIMD_TABLE_BHSD(name)

PERMUTE_BHSD(exec_simd_zip1, n[i], m[i])
PERMUTE_BHSD(exec_simd_zip2, n[HALF + i], m[HALF + i])
PERMUTE_BHSD(exec_simd_trn1, n[2 * i], m[2 * i])
PERMUTE_BHSD(exec_simd_trn2, n[2 * i + 1], m[2 * i + 1])

/* Every other element, from `first` on, of Vn and then of Vm. */
#define UNZIP(name, bits, q, first)                                                                \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            HALF = (64 / bits << q) / 2                                                            \
        };                                                                                         \
                                                                                                   \
        for (unsigned i = 0; i < HALF; i++) {                                                      \
            r.SIMD_U_##bits[i] = vn->SIMD_U_##bits[2 * i + first];                                 \
            r.SIMD_U_##bits[HALF + i] = vm->SIMD_U_##bits[2 * i + first];                          \
        }                                                                                          \
        if (!q) {                                                                                  \
            r.d[1] = 0;                                                                            \
        }                                                                                          \
    })

#define UNZIP_BHSD(name, first)                                                                    \
    UNZIP(name##_8b, 8, 0, first)                                                                  \
    UNZIP(name##_16b, 8, 1, first)                                                                 \
    UNZIP(name##_4h, 16, 0, first)                                                                 \
    UNZIP(name##_8h, 16, 1, first)                                                                 \
    UNZIP(name##_2s, 32, 0, first)                                                                 \
    UNZIP(name##_4s, 32, 1, first)                                                                 \
    UNZIP(name##_2d, 64, 1, first)                                                                 \
    SIMD_TABLE_BHSD(name)

UNZIP_BHSD(exec_simd_uzp1, 0)
UNZIP_BHSD(exec_simd_uzp2, 1)

/* ---- Reverse (two-register miscellaneous) ---------------------------------------------------- */

/* A container has a power of two of elements: the mirror of i differs in those bits. */
#define MIRROR(container) (i ^ (container / BITS - 1))

SIMD_LANES_B(exec_simd_rev64, i, vn->b[MIRROR(64)])
SIMD_LANES_H(exec_simd_rev64, i, vn->h[MIRROR(64)])
SIMD_LANES_S(exec_simd_rev64, i, vn->s[MIRROR(64)])
SIMD_TABLE_BHS(exec_simd_rev64)

SIMD_LANES_B(exec_simd_rev32, i, vn->b[MIRROR(32)])
SIMD_LANES_H(exec_simd_rev32, i, vn->h[MIRROR(32)])
SIMD_TABLE_BH(exec_simd_rev32)

SIMD_LANES_B(exec_simd_rev16, i, vn->b[MIRROR(16)])
SIMD_TABLE_B(exec_simd_rev16)

/* ---- Extract --------------------------------------------------------------------------------- */

/* 64 bits from bit 8 * imm of hi:lo. */
static inline uint64_t extract(uint64_t hi, uint64_t lo, const struct op *op)
{
    unsigned shift = 8 * ((unsigned)op->imm & 7);

    return lo >> shift | hi << 1 << (63 - shift);
}

#define EXTRACT(name, low, high)                                                                   \
    const struct op *name(struct cpu *c, const struct op *op)                                      \
    {                                                                                              \
        union vreg n = c->v[op->rn];                                                               \
        union vreg m = c->v[op->rm];                                                               \
                                                                                                   \
        FP_CHECK(c, op);                                                                           \
        (void)n, (void)m;                                                                          \
        c->v[op->rd].d[0] = low;                                                                   \
        c->v[op->rd].d[1] = high;                                                                  \
        OP_NEXT(c, op);                                                                            \
    }

EXTRACT(exec_simd_ext_8b, extract(m.d[0], n.d[0], op), 0)
EXTRACT(exec_simd_ext_16b, extract(n.d[1], n.d[0], op), extract(m.d[0], n.d[1], op))
EXTRACT(exec_simd_ext_16b_high, extract(m.d[0], n.d[1], op), extract(m.d[1], m.d[0], op))

/* ---- Table lookup ---------------------------------------------------------------------------- */

/*
 * The table is a copy because its registers wrap around from V31 to V0 and one of them may be the
 * destination. An index beyond it gives `outside`.
 */
#define TABLE_LOOKUP(name, q, outside)                                                             \
    SIMD_HANDLER(name, {                                                                           \
        union vreg table[4];                                                                       \
        unsigned size = 16 * ((unsigned)op->imm + 1);                                              \
                                                                                                   \
        for (unsigned n = 0; n < 4; n++) {                                                         \
            table[n] = c->v[(op->rn + n) % 32];                                                    \
        }                                                                                          \
        for (unsigned i = 0; i < 8u << q; i++) {                                                   \
            unsigned at = vm->b[i];                                                                \
                                                                                                   \
            r.b[i] = at < size ? table[at / 16].b[at % 16] : outside;                              \
        }                                                                                          \
        if (!q) {                                                                                  \
            r.d[1] = 0;                                                                            \
        }                                                                                          \
    })

TABLE_LOOKUP(tbl_8b, 0, 0)
TABLE_LOOKUP(tbl_16b, 1, 0)
TABLE_LOOKUP(tbx_8b, 0, vd->b[i])
TABLE_LOOKUP(tbx_16b, 1, vd->b[i])
op_exec *const exec_simd_tbl[2] = {tbl_8b, tbl_16b};
op_exec *const exec_simd_tbx[2] = {tbx_8b, tbx_16b};
