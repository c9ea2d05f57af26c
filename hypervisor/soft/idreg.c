/* SPDX-License-Identifier: ISC */
/*
 * idreg.c: values of the ID registers (Arm ARM D17.2.51 and following).
 */
#include "idreg.h"

#include "cpu.h"
#include "sysreg.h"

/* Fields are 4 bits wide. */
#define FIELD(value, lo) ((uint64_t)(value) << (lo))

static unsigned slot(unsigned key)
{
    return (key >> 3 & 7) << 3 | (key & 7);
}

/* ID_AA64MMFR0_EL1.PARange: the largest standard size that the VM's IPA space has. */
static uint64_t parange(unsigned bits)
{
    return bits >= 48 ? 5 : bits >= 44 ? 4 : bits >= 42 ? 3 : bits >= 40 ? 2 : bits >= 36 ? 1 : 0;
}

uint64_t idreg_default(unsigned key, unsigned ipa_bits, bool gic)
{
    switch (key) {
    case SYSREG(3, 0, 0, 4, 0):
        /* ID_AA64PFR0_EL1: EL0 and EL1 in AArch64 state; FP and Advanced SIMD without half
         * precision; CSV2 and CSV3. */
        return FIELD(1, 0) | FIELD(1, 4) | FIELD(gic, 24) | FIELD(1, 56) | FIELD(1, 60);
    case SYSREG(3, 0, 0, 5, 0):
        /* ID_AA64DFR0_EL1: Armv8 debug with two breakpoints and two watchpoints, the minimum; no
         * PMU, no trace. */
        return FIELD(6, 0) | FIELD(1, 12) | FIELD(1, 20);
    case SYSREG(3, 0, 0, 6, 0):
        /* ID_AA64ISAR0_EL1: AES with PMULL, SHA1, SHA256, CRC32, LSE. */
        return FIELD(2, 4) | FIELD(1, 8) | FIELD(1, 12) | FIELD(1, 16) | FIELD(2, 20);
    case SYSREG(3, 0, 0, 7, 0):
        /* ID_AA64MMFR0_EL1: 16-bit ASIDs; 4, 16 and 64 KiB granules. */
        return parange(ipa_bits) | FIELD(2, 4) | FIELD(1, 20);
    case SYSREG(3, 0, 0, 7, 1):
        /* ID_AA64MMFR1_EL1: PAN. */
        return FIELD(1, 20);
    default: return 0;
    }
}

uint64_t idreg_read(const struct cpu *c, unsigned key)
{
    return c->idreg[slot(key)];
}

void idreg_write(struct cpu *c, unsigned key, uint64_t val)
{
    c->idreg[slot(key)] = val;
}

void idreg_reset(struct cpu *c, unsigned ipa_bits, bool gic)
{
    for (unsigned crm = 1; crm < 8; crm++) {
        for (unsigned op2 = 0; op2 < 8; op2++) {
            unsigned key = SYSREG(3u, 0u, 0u, crm, op2);
            c->idreg[slot(key)] = idreg_default(key, ipa_bits, gic);
        }
    }
    c->midr = IDREG_MIDR_EL1;
    c->pa_bits = ipa_bits;
}

uint64_t idreg_ccsidr(unsigned csselr)
{
    /* Level 1: 64 KiB, 4 ways, 256 sets; level 2, unified: 4 MiB, 16 ways, 4096 sets. Lines of 64
     * bytes. */
    switch (csselr) {
    case 0:
    case 1: return UINT64_C(255) << 13 | 3 << 3 | 2;
    case 2: return UINT64_C(4095) << 13 | 15 << 3 | 2;
    default: return 0;
    }
}
