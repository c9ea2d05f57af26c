/* SPDX-License-Identifier: ISC */
/*
 * decode-crypto.c: the cryptographic instructions that ID_AA64ISAR0_EL1 claims: FEAT_AES,
 * FEAT_PMULL, FEAT_SHA1, FEAT_SHA256. Sections are those of the Arm ARM, DDI 0487 issue J.a.
 */
#include "decode.h"
#include "exec-crypto.h"

static bool fill(uint32_t insn, struct op *op, op_exec *exec)
{
    op->exec = exec;
    op->rd = reg_v(insn, 0);
    op->rn = reg_v(insn, 5);
    op->rm = reg_v(insn, 16);
    return exec != NULL;
}

static bool aes(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = {exec_aese, exec_aesd, exec_aesmc, exec_aesimc};

    return fill(insn, op, exec[bits32(insn, 13, 12)]);
}

static bool sha_three(uint32_t insn, struct op *op)
{
    static op_exec *const exec[8] = {exec_sha1c,   exec_sha1p,    exec_sha1m,     exec_sha1su0,
                                     exec_sha256h, exec_sha256h2, exec_sha256su1, NULL};

    return fill(insn, op, exec[bits32(insn, 14, 12)]);
}

static bool sha_two(uint32_t insn, struct op *op)
{
    static op_exec *const exec[4] = {exec_sha1h, exec_sha1su1, exec_sha256su0, NULL};

    return fill(insn, op, exec[bits32(insn, 13, 12)]);
}

static bool pmull(uint32_t insn, struct op *op)
{
    return fill(insn, op, bit32(insn, 30) ? exec_pmull2_64 : exec_pmull_64);
}

/* n: Rn, d: Rd, m: Rm, o: opcode, q: Q. */
static const struct decode_rule rules[] = {
    /* C4.1.96 Cryptographic AES: AESE, AESD, AESMC, AESIMC */
    {"0100 1110 00 10100 001oo 10 nnnnn ddddd", aes},
    /*
     * C4.1.96 Cryptographic three-register SHA: SHA1C, SHA1P, SHA1M, SHA1SU0, SHA256H, SHA256H2,
     * SHA256SU1
     */
    {"0101 1110 00 0 mmmmm 0 ooo 00 nnnnn ddddd", sha_three},
    /* C4.1.96 Cryptographic two-register SHA: SHA1H, SHA1SU1, SHA256SU0 */
    {"0101 1110 00 10100 000oo 10 nnnnn ddddd", sha_two},
    /* C4.1.96 Advanced SIMD three different: PMULL, PMULL2 of 64 bits */
    {"0 q 0 01110 11 1 mmmmm 1110 00 nnnnn ddddd", pmull},
};

const struct decode_table decode_table_crypto = {"crypto", rules, sizeof(rules) / sizeof(rules[0])};
