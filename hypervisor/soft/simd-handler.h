/* SPDX-License-Identifier: ISC */
/*
 * simd-handler.h: makes families of Advanced SIMD handlers. For exec-simd-*.c only.
 *
 * A family is one instruction in all its arrangements. It is written as one expression over the
 * elements; the macros here give it a handler for each arrangement, with element size and count
 * constant so that the compiler vectorises it, and a table of those handlers for the decoder
 * (exec-simd.h).
 *
 * What an expression may use:
 *
 *   BITS           the width of the result's elements (SIMD_LONG, SIMD_NARROW: of the narrow ones)
 *   a, b           this element of Vn and Vm, as unsigned numbers; sa, sb the same as signed ones
 *   d              the old value of this element of Vd
 *   i              the number of this element
 *   op->imm        what the decoder put there: a shift, or the number of an element
 *   c              the cpu, for functions that set FPSR
 *
 * The value is truncated to the element. Narrow types are promoted to int: a product of unsigned
 * elements starts with 1u so that it does not overflow.
 *
 * A result is built in a local and stored at the end, so a destination may be a source as well.
 */
#ifndef SOFTHV_SIMD_HANDLER_H
#define SOFTHV_SIMD_HANDLER_H

#include <stddef.h>

#include "cpu.h"
#include "except.h"
#include "op.h"
#include "simd-element.h"
#include "wide.h"

/* The members of union vreg, and the element types, by width. */
#define SIMD_U_8        b
#define SIMD_U_16       h
#define SIMD_U_32       s
#define SIMD_U_64       d

/* Shared by several families. What ABD compares is sa and sb, or a and b. */
#define SIMD_BOOL(cond) ((cond) ? UINT64_MAX : 0)
#define SIMD_ABD(x, y)  ((x) > (y) ? a - b : b - a)

/* A handler. The rest computes r from *vn, *vm and *vd. */
#define SIMD_HANDLER(name, ...)                                                                    \
    static const struct op *name(struct cpu *c, const struct op *op)                               \
    {                                                                                              \
        const union vreg *vn = &c->v[op->rn];                                                      \
        const union vreg *vm = &c->v[op->rm];                                                      \
        const union vreg *vd = &c->v[op->rd];                                                      \
        union vreg r;                                                                              \
                                                                                                   \
        FP_CHECK(c, op);                                                                           \
        (void)vn, (void)vm, (void)vd;                                                              \
        __VA_ARGS__;                                                                               \
        c->v[op->rd] = r;                                                                          \
        OP_NEXT(c, op);                                                                            \
    }

/* ---- Element by element ---------------------------------------------------------------------- */

/* q: 1 for 128 bits, 0 for 64. at: which element of Vm meets element i. */
#define SIMD_LANES(name, bits, q, at, expr)                                                        \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            BITS = bits,                                                                           \
            LANES = 64 / bits << q                                                                 \
        };                                                                                         \
                                                                                                   \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            uint##bits##_t a = vn->SIMD_U_##bits[i];                                               \
            uint##bits##_t b = vm->SIMD_U_##bits[at];                                              \
            uint##bits##_t d = vd->SIMD_U_##bits[i];                                               \
            int##bits##_t sa = (int##bits##_t)a;                                                   \
            int##bits##_t sb = (int##bits##_t)b;                                                   \
                                                                                                   \
            (void)a, (void)b, (void)d, (void)sa, (void)sb;                                         \
            r.SIMD_U_##bits[i] = (uint##bits##_t)(expr);                                           \
        }                                                                                          \
        if (!q) {                                                                                  \
            r.d[1] = 0;                                                                            \
        }                                                                                          \
    })

#define SIMD_LANES_B(name, at, expr)                                                               \
    SIMD_LANES(name##_8b, 8, 0, at, expr)                                                          \
    SIMD_LANES(name##_16b, 8, 1, at, expr)
#define SIMD_LANES_H(name, at, expr)                                                               \
    SIMD_LANES(name##_4h, 16, 0, at, expr)                                                         \
    SIMD_LANES(name##_8h, 16, 1, at, expr)
#define SIMD_LANES_S(name, at, expr)                                                               \
    SIMD_LANES(name##_2s, 32, 0, at, expr)                                                         \
    SIMD_LANES(name##_4s, 32, 1, at, expr)
#define SIMD_LANES_D(name, at, expr) SIMD_LANES(name##_2d, 64, 1, at, expr)

/* Tables of the handlers that a family has. */
#define SIMD_FORMS_B(name)           name##_8b, name##_16b
#define SIMD_FORMS_H(name)           name##_4h, name##_8h
#define SIMD_FORMS_S(name)           name##_2s, name##_4s
#define SIMD_FORMS_D(name)           NULL, name##_2d
#define SIMD_TABLE_B(name)           op_exec *const name[8] = {SIMD_FORMS_B(name)};
#define SIMD_TABLE_BH(name)          op_exec *const name[8] = {SIMD_FORMS_B(name), SIMD_FORMS_H(name)};
#define SIMD_TABLE_HS(name)                                                                        \
    op_exec *const name[8] = {NULL, NULL, SIMD_FORMS_H(name), SIMD_FORMS_S(name)};
#define SIMD_TABLE_BHS(name)                                                                       \
    op_exec *const name[8] = {SIMD_FORMS_B(name), SIMD_FORMS_H(name), SIMD_FORMS_S(name)};
#define SIMD_TABLE_BHSD(name)                                                                      \
    op_exec *const name[8] = {SIMD_FORMS_B(name), SIMD_FORMS_H(name), SIMD_FORMS_S(name),          \
                              SIMD_FORMS_D(name)};

#define SIMD_B(name, expr)                                                                         \
    SIMD_LANES_B(name, i, expr)                                                                    \
    SIMD_TABLE_B(name)
#define SIMD_HS(name, expr)                                                                        \
    SIMD_LANES_H(name, i, expr)                                                                    \
    SIMD_LANES_S(name, i, expr)                                                                    \
    SIMD_TABLE_HS(name)
#define SIMD_BHS(name, expr)                                                                       \
    SIMD_LANES_B(name, i, expr)                                                                    \
    SIMD_LANES_H(name, i, expr)                                                                    \
    SIMD_LANES_S(name, i, expr)                                                                    \
    SIMD_TABLE_BHS(name)
#define SIMD_BHSD(name, expr)                                                                      \
    SIMD_LANES_B(name, i, expr)                                                                    \
    SIMD_LANES_H(name, i, expr)                                                                    \
    SIMD_LANES_S(name, i, expr)                                                                    \
    SIMD_LANES_D(name, i, expr)                                                                    \
    SIMD_TABLE_BHSD(name)

/* By element: every element of Vn meets element op->imm of Vm. */
#define SIMD_HS_ELEMENT(name, expr)                                                                \
    SIMD_LANES_H(name, op->imm, expr)                                                              \
    SIMD_LANES_S(name, op->imm, expr)                                                              \
    SIMD_TABLE_HS(name)

/* ---- Pairwise: a and b are neighbours, first those of Vn, then those of Vm ------------------- */

#define SIMD_PAIRS(name, bits, q, expr)                                                            \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            HALF = (64 / bits << q) / 2                                                            \
        };                                                                                         \
                                                                                                   \
        for (unsigned half = 0; half < 2; half++) {                                                \
            const union vreg *from = half == 0 ? vn : vm;                                          \
                                                                                                   \
            for (unsigned i = 0; i < HALF; i++) {                                                  \
                uint##bits##_t a = from->SIMD_U_##bits[2 * i];                                     \
                uint##bits##_t b = from->SIMD_U_##bits[2 * i + 1];                                 \
                int##bits##_t sa = (int##bits##_t)a;                                               \
                int##bits##_t sb = (int##bits##_t)b;                                               \
                                                                                                   \
                (void)sa, (void)sb;                                                                \
                r.SIMD_U_##bits[half * HALF + i] = (uint##bits##_t)(expr);                         \
            }                                                                                      \
        }                                                                                          \
        if (!q) {                                                                                  \
            r.d[1] = 0;                                                                            \
        }                                                                                          \
    })

#define SIMD_PAIRS_FORMS_BHS(name, expr)                                                           \
    SIMD_PAIRS(name##_8b, 8, 0, expr)                                                              \
    SIMD_PAIRS(name##_16b, 8, 1, expr)                                                             \
    SIMD_PAIRS(name##_4h, 16, 0, expr)                                                             \
    SIMD_PAIRS(name##_8h, 16, 1, expr)                                                             \
    SIMD_PAIRS(name##_2s, 32, 0, expr)                                                             \
    SIMD_PAIRS(name##_4s, 32, 1, expr)
#define SIMD_PAIRS_BHS(name, expr)                                                                 \
    SIMD_PAIRS_FORMS_BHS(name, expr)                                                               \
    SIMD_TABLE_BHS(name)
#define SIMD_PAIRS_BHSD(name, expr)                                                                \
    SIMD_PAIRS_FORMS_BHS(name, expr)                                                               \
    SIMD_PAIRS(name##_2d, 64, 1, expr)                                                             \
    SIMD_TABLE_BHSD(name)

/* ---- Widening and narrowing ------------------------------------------------------------------ */

/*
 * half: 1 if the narrow elements are the upper half of their register, 0 for the lower. Here a and
 * b are wide: zero-extended, and xa and xb (as signed numbers sa and sb) sign-extended from the
 * narrow element; w is the wide element i of Vn, d that of Vd.
 */
#define SIMD_LONG(name, bits, wide, half, at, expr)                                                \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            BITS = bits,                                                                           \
            LANES = 64 / bits                                                                      \
        };                                                                                         \
                                                                                                   \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            unsigned upper = half * LANES + i;                                                     \
            uint##wide##_t a = vn->SIMD_U_##bits[upper];                                           \
            uint##wide##_t b = vm->SIMD_U_##bits[at];                                              \
            int##wide##_t sa = (int##bits##_t)vn->SIMD_U_##bits[upper];                            \
            int##wide##_t sb = (int##bits##_t)vm->SIMD_U_##bits[at];                               \
            uint##wide##_t xa = (uint##wide##_t)sa;                                                \
            uint##wide##_t xb = (uint##wide##_t)sb;                                                \
            uint##wide##_t w = vn->SIMD_U_##wide[i];                                               \
            uint##wide##_t d = vd->SIMD_U_##wide[i];                                               \
                                                                                                   \
            (void)upper, (void)a, (void)b, (void)sa, (void)sb, (void)xa, (void)xb;                 \
            (void)w, (void)d;                                                                      \
            r.SIMD_U_##wide[i] = (uint##wide##_t)(expr);                                           \
        }                                                                                          \
    })

#define SIMD_LONG_B(name, at, expr)                                                                \
    SIMD_LONG(name##_8b, 8, 16, 0, at, expr)                                                       \
    SIMD_LONG(name##_16b, 8, 16, 1, at, expr)
#define SIMD_LONG_H(name, at, expr)                                                                \
    SIMD_LONG(name##_4h, 16, 32, 0, at, expr)                                                      \
    SIMD_LONG(name##_8h, 16, 32, 1, at, expr)
#define SIMD_LONG_S(name, at, expr)                                                                \
    SIMD_LONG(name##_2s, 32, 64, 0, at, expr)                                                      \
    SIMD_LONG(name##_4s, 32, 64, 1, at, expr)

#define SIMD_LONG_BHS(name, expr)                                                                  \
    SIMD_LONG_B(name, upper, expr)                                                                 \
    SIMD_LONG_H(name, upper, expr)                                                                 \
    SIMD_LONG_S(name, upper, expr)                                                                 \
    SIMD_TABLE_BHS(name)
#define SIMD_LONG_HS(name, expr)                                                                   \
    SIMD_LONG_H(name, upper, expr)                                                                 \
    SIMD_LONG_S(name, upper, expr)                                                                 \
    SIMD_TABLE_HS(name)
#define SIMD_LONG_HS_ELEMENT(name, expr)                                                           \
    SIMD_LONG_H(name, op->imm, expr)                                                               \
    SIMD_LONG_S(name, op->imm, expr)                                                               \
    SIMD_TABLE_HS(name)

/* a and b are the wide elements; the half that is not written is kept, or cleared above it. */
#define SIMD_NARROW(name, bits, wide, half, expr)                                                  \
    SIMD_HANDLER(name, {                                                                           \
        enum {                                                                                     \
            BITS = bits,                                                                           \
            LANES = 64 / bits                                                                      \
        };                                                                                         \
                                                                                                   \
        r.d[0] = half ? vd->d[0] : 0;                                                              \
        r.d[1] = 0;                                                                                \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            uint##wide##_t a = vn->SIMD_U_##wide[i];                                               \
            uint##wide##_t b = vm->SIMD_U_##wide[i];                                               \
                                                                                                   \
            (void)b;                                                                               \
            r.SIMD_U_##bits[half * LANES + i] = (uint##bits##_t)(expr);                            \
        }                                                                                          \
    })

#define SIMD_NARROW_BHS(name, expr)                                                                \
    SIMD_NARROW(name##_8b, 8, 16, 0, expr)                                                         \
    SIMD_NARROW(name##_16b, 8, 16, 1, expr)                                                        \
    SIMD_NARROW(name##_4h, 16, 32, 0, expr)                                                        \
    SIMD_NARROW(name##_8h, 16, 32, 1, expr)                                                        \
    SIMD_NARROW(name##_2s, 32, 64, 0, expr)                                                        \
    SIMD_NARROW(name##_4s, 32, 64, 1, expr)                                                        \
    SIMD_TABLE_BHS(name)

#endif
