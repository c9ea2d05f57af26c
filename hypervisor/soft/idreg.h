/* SPDX-License-Identifier: ISC */
/*
 * idreg.h: the ID registers: what this CPU is. They claim what the decoder and the MMU implement,
 * and nothing else.
 */
#ifndef SOFTHV_IDREG_H
#define SOFTHV_IDREG_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

#define IDREG_CTR_EL0   UINT64_C(0x8444c004) /* 64-byte lines, PIPT, IDC = DIC = 0 */
#define IDREG_DCZID_EL0 UINT64_C(4)          /* DC ZVA clears 64 bytes */
#define IDREG_CLIDR_EL1 UINT64_C(0x0a200023)
#define IDREG_MIDR_EL1                                                                             \
    UINT64_C(                                                                                      \
        0x610f0000) /* implementer 'a', as on the framework's hosts; part 0: none of its cores */

/* The registers of op0 3, op1 0, CRn 0, CRm 1-7, reserved ones (zero) included, by key (sysreg.h).
 */
uint64_t idreg_read(const struct cpu *c, unsigned key);

/* The VMM may change what a guest is told, as the framework lets it. It does not change what the
 * CPU does. */
void idreg_write(struct cpu *c, unsigned key, uint64_t val);

/* The value that a VM with so many IPA bits, with or without GIC, starts with. */
uint64_t idreg_default(unsigned key, unsigned ipa_bits, bool gic);

/* Fills the registers of a new vCPU. */
void idreg_reset(struct cpu *c, unsigned ipa_bits, bool gic);

/* CCSIDR_EL1 for a value of CSSELR_EL1. */
uint64_t idreg_ccsidr(unsigned csselr);

#endif
