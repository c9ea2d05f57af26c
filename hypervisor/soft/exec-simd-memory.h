/* SPDX-License-Identifier: ISC */
/*
 * exec-simd-memory.h: handlers of the SIMD&FP loads and stores.
 *
 * Every handler begins with FP_CHECK; the alignment of SP is checked after that (C7.2). Operands of
 * the op: rd and ra are vector registers, the rest is as in exec-memory.h. A load changes no
 * register before all of it has been read, and clears the bits of the vector register above what it
 * loads.
 *
 * CONSTRAINED UNPREDICTABLE choice: LDP and LDNP with Rt == Rt2 leave the second element, as QEMU
 * does.
 */
#ifndef SOFTHV_EXEC_SIMD_MEMORY_H
#define SOFTHV_EXEC_SIMD_MEMORY_H

#include "exec-memory.h"

/* name, bytes, log2(bytes) */
#define SIMD_MEM_SINGLES(LOAD, STORE)                                                              \
    LOAD(ldr_vb, 1, 0)                                                                             \
    LOAD(ldr_vh, 2, 1)                                                                             \
    LOAD(ldr_vs, 4, 2)                                                                             \
    LOAD(ldr_vd, 8, 3)                                                                             \
    LOAD(ldr_vq, 16, 4)                                                                            \
    STORE(str_vb, 1, 0)                                                                            \
    STORE(str_vh, 2, 1)                                                                            \
    STORE(str_vs, 4, 2)                                                                            \
    STORE(str_vd, 8, 3)                                                                            \
    STORE(str_vq, 16, 4)

/* bytes: of one register */
#define SIMD_MEM_PAIRS(LOAD, STORE)                                                                \
    LOAD(ldp_vs, 4)                                                                                \
    LOAD(ldp_vd, 8)                                                                                \
    LOAD(ldp_vq, 16)                                                                               \
    STORE(stp_vs, 4)                                                                               \
    STORE(stp_vd, 8)                                                                               \
    STORE(stp_vq, 16)

/* Forms as in exec-memory.h; imm also serves SP, and reg shifts by imm. */
#define SIMD_MEM_DECLARE_SINGLE(k, bytes, log2)                                                    \
    op_exec op_##k##_imm, op_##k##_pre, op_##k##_post, op_##k##_reg, op_##k##_uxtw, op_##k##_sxtw;
#define SIMD_MEM_DECLARE_PAIR(k, bytes) op_exec op_##k##_imm, op_##k##_pre, op_##k##_post;

SIMD_MEM_SINGLES(SIMD_MEM_DECLARE_SINGLE, SIMD_MEM_DECLARE_SINGLE)
SIMD_MEM_PAIRS(SIMD_MEM_DECLARE_PAIR, SIMD_MEM_DECLARE_PAIR)

op_exec op_ldr_vs_literal, op_ldr_vd_literal, op_ldr_vq_literal;

/*
 * Structures. imm: the instruction word; rd: Rt; rm: Rm, where REG_ZR in a post-indexed form means
 * the size of the access.
 */
op_exec op_ld1_multiple, op_st1_multiple; /* one to four consecutive registers */
op_exec op_ldn_multiple, op_stn_multiple; /* LD2-LD4, ST2-ST4: interleaved */
op_exec op_ldn_lane, op_stn_lane;         /* one element of each register */
op_exec op_ldn_replicate;                 /* LD1R-LD4R */

#endif
