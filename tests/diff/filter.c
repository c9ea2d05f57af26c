/* SPDX-License-Identifier: ISC */
/* Which words may stand in a case: see filter.h. Sections are those of the Arm ARM, DDI 0487. */
#include "filter.h"

#include "layout.h"

static uint32_t field(uint32_t word, unsigned high, unsigned low)
{
    return word >> low & ((UINT32_C(2) << (high - low)) - 1);
}

static bool matches(uint32_t word, uint32_t mask, uint32_t value)
{
    return (word & mask) == value;
}

/* C4.1.4 "Load/store exclusive", which holds exclusives, LDAR, STLR, CAS and CASP. */
static bool is_exclusive_group(uint32_t word)
{
    return matches(word, 0x3f000000, 0x08000000);
}

static bool exclusive_is_unpredictable(uint32_t word)
{
    uint32_t size = field(word, 31, 30), rs = field(word, 20, 16), rt2 = field(word, 14, 10);
    uint32_t rn = field(word, 9, 5), rt = field(word, 4, 0);
    bool o2 = field(word, 23, 23), load = field(word, 22, 22), pair = field(word, 21, 21);

    if (o2)
        return pair ? false : rs != 31 || rt2 != 31;
    if (pair && size < 2)
        return false; /* CASP; odd registers are UNDEFINED, and Rt2 other than 31 is unallocated */
    if (!pair && rt2 != 31)
        return true;
    if (load)
        return rs != 31 || (pair && rt == rt2);
    return rs == rt || (pair && rs == rt2) || (rs == rn && rn != 31);
}

/* Loads and stores that write the base back, or load two registers (C6.2, "CONSTRAINED UNPREDICTABLE"). */
static bool load_store_is_unpredictable(uint32_t word)
{
    uint32_t rn = field(word, 9, 5), rt = field(word, 4, 0), rt2 = field(word, 14, 10);
    bool simd = field(word, 26, 26), load = field(word, 22, 22);

    if (matches(word, 0x3a000000, 0x28000000)) { /* pair */
        bool writeback = field(word, 23, 23);

        if (load && rt == rt2)
            return true;
        return writeback && !simd && (rn == rt || rn == rt2) && rn != 31;
    }
    if (matches(word, 0x3b200400, 0x38000400)) /* post-index and pre-index */
        return !simd && rn == rt && rn != 31;
    return false;
}

bool filter_is_unpredictable(uint32_t word)
{
    if (is_exclusive_group(word))
        return exclusive_is_unpredictable(word);
    if (load_store_is_unpredictable(word))
        return true;
    if (matches(word, 0xff608000, 0x9b400000)) /* SMULH, UMULH: Ra should be 31 */
        return field(word, 14, 10) != 31;
    if (matches(word, 0xff20fc0f, 0x1e202008)) /* FCMP and FCMPE with zero: Rm should be 0 */
        return field(word, 20, 16) != 0;
    return false;
}

bool filter_is_oracle_fault(uint32_t word)
{
    /* CASP with Rs 30: the pair is X30 and XZR (C6.2, CASP: X[] of 31 is the zero register, a write is ignored).
     * The oracle writes SP. */
    if (matches(word, 0xbfa07c00, 0x08207c00) && field(word, 20, 16) == 30)
        return true;
    return false;
}

/* MRS and MSR (register): bits 20:19 are op0. */
static bool system_register_allowed(uint32_t word)
{
    bool read = field(word, 21, 21);
    uint32_t op0 = field(word, 20, 19), op1 = field(word, 18, 16), crn = field(word, 15, 12);
    uint32_t crm = field(word, 11, 8), op2 = field(word, 7, 5);

    /* DBGDTR_EL0, DBGDTRRX_EL0, DBGDTRTX_EL0: the oracle has none; every CPU has (D17.3). MDCCSR_EL0 it has. */
    if (op0 == 2)
        return op1 != 3 || crm <= 1;
    if (op0 != 3)
        return true;
    /* Linux, and so the oracle, lets user programs read the ID registers. */
    if (read && op1 == 0 && crn == 0)
        return false;
    if (op1 != 3)
        return true;
    if (crn == 0) /* CTR_EL0 describes this machine's caches; DCZID_EL0 has its row */
        return false;
    if (crn == 4 && crm == 4 && op2 <= 1 &&
        !read) /* FPCR and FPSR have reserved bits: rows of their own */
        return false;
    if (crn == 9 && crm == 14 && op2 == 0) /* PMUSERENR_EL0: the oracle's CPU has a PMU */
        return false;
    return crn != 14; /* the clock */
}

bool filter_allows_random(uint32_t word)
{
    if (filter_is_unpredictable(word) || word == DIFF_END_WORD)
        return false;
    /* SVC asks Linux; HLT #0xf000 asks the oracle's semihosting. */
    if (matches(word, 0xffe0001f, 0xd4000001) || matches(word, 0xffffffff, 0xd45e0000))
        return false;
    /* Branches to wherever: rows of their own go forward. B.cond with bit 4 set is another instruction. */
    if (matches(word, 0x7c000000, 0x14000000) || matches(word, 0xff000010, 0x54000000) ||
        matches(word, 0x7c000000, 0x34000000))
        return false;
    if (matches(word, 0xff9ffc1f, 0xd61f0000) && field(word, 22, 21) != 3) /* BR, BLR, RET */
        return false;
    /* WFE and WFI wait for events that are different here and there. */
    if (word == 0xd503205f || word == 0xd503207f)
        return false;
    if (matches(word, 0xffd00000, 0xd5100000))
        return system_register_allowed(word);
    /* Cache maintenance by address may fault in any mapping's absence; the oracle's does nothing. */
    if (matches(word, 0xfffff000 & ~UINT32_C(0x00200000), 0xd50b7000))
        return false;
    if (is_exclusive_group(word)) {
        bool o2 = field(word, 23, 23), o1 = field(word, 21, 21);

        /* What is left: LDAR, STLR, and FEAT_LOR's, which are not claimed. */
        return o2 && !o1;
    }
    /* FEAT_LSE: claimed, but not by this oracle. */
    if (matches(word, 0x3f200c00, 0x38200000))
        return field(word, 15, 15) && field(word, 14, 12) != 0;
    return true;
}

bool filter_allows_target(uint32_t word, uint32_t slot, uint32_t position)
{
    uint64_t pc = diff_code_va(slot) + 4 * position;
    uint64_t own = diff_code_va(slot), target;
    int64_t offset;

    if (matches(word, 0x1f000000, 0x10000000)) { /* ADR, ADRP */
        offset = (int64_t)((uint64_t)(field(word, 23, 5) << 2 | field(word, 30, 29)) << 43) >> 43;
        target = field(word, 31, 31) ? (pc & ~UINT64_C(0xfff)) + (uint64_t)offset * 4096
                                     : pc + (uint64_t)offset;
    } else if (matches(word, 0x3b000000, 0x18000000)) { /* literal loads */
        offset = (int64_t)((uint64_t)field(word, 23, 5) << 45) >> 43;
        target = pc + (uint64_t)offset;
    } else {
        return true;
    }
    if (target >= own && target + 16 <= own + 4 * DIFF_SLOT_WORDS)
        return true;
    return target + 0x10000 < DIFF_CODE_VA || target >= DIFF_CODE_VA + DIFF_CODE_SIZE + 0x10000;
}
