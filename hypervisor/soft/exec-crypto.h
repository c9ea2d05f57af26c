/* SPDX-License-Identifier: ISC */
/*
 * exec-crypto.h: handlers of the cryptographic instructions (FEAT_AES, FEAT_PMULL, FEAT_SHA1,
 * FEAT_SHA256).
 *
 * Every handler begins with FP_CHECK. rd, rn and rm are vector registers; instructions that modify
 * their destination read rd too.
 */
#ifndef SOFTHV_EXEC_CRYPTO_H
#define SOFTHV_EXEC_CRYPTO_H

#include "op.h"

op_exec exec_aese, exec_aesd, exec_aesmc, exec_aesimc;

op_exec exec_sha1c, exec_sha1p, exec_sha1m, exec_sha1su0;
op_exec exec_sha1h, exec_sha1su1;

op_exec exec_sha256h, exec_sha256h2, exec_sha256su0, exec_sha256su1;

/* 64 by 64 bits, of the low or (pmull2) the high halves. */
op_exec exec_pmull_64, exec_pmull2_64;

#endif
