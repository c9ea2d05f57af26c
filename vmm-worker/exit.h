/* SPDX-License-Identifier: ISC */
/*
 * exit.h: what a hypervisor exit's syndrome says (Arm ARM D17.2.37, ESR_ELx). Pure; needs only
 * <stdint.h>.
 */
#ifndef VMM_EXIT_H
#define VMM_EXIT_H

#include <stdbool.h>
#include <stdint.h>

enum exit_class {
    EXIT_WFX = 0x01,
    EXIT_HVC = 0x16,
    EXIT_SMC = 0x17,
    EXIT_SYSREG = 0x18,
    EXIT_IABORT = 0x20,
    EXIT_IABORT_SAME = 0x21,
    EXIT_DABORT = 0x24,
    EXIT_DABORT_SAME = 0x25,
    EXIT_BRK = 0x3c,
};

#define EXIT_CLASSES  64u
#define EXIT_REG_ZERO 31u /* as a register number of an instruction: reads zero, writes nowhere */

static inline unsigned exit_class(uint64_t syndrome)
{
    return (unsigned)(syndrome >> 26 & 0x3f);
}

/* A stable name for counters: "wfx", "hvc", …; "other" for the rest. */
const char *exit_class_name(unsigned class);

/* A data abort. Without `valid` the instruction is not described: a pair, a write-back form,
 * SIMD&FP, an atomic. */
struct exit_access {
    bool valid;
    bool write;
    bool cache_op; /* maintenance by address: nothing to do */
    bool walk;     /* of the guest's page tables: there is no RAM where they should be */
    unsigned size; /* 1, 2, 4, 8 */
    bool sign_extend;
    bool wide; /* the register is 64 bits */
    unsigned reg;
};

struct exit_access exit_decode_access(uint64_t syndrome);

/* What a load leaves in its register. value: what the device gave. */
uint64_t exit_load_result(const struct exit_access *a, uint64_t value);
/* What a store gives the device. value: the register's. */
uint64_t exit_store_value(const struct exit_access *a, uint64_t value);

struct exit_sysreg {
    unsigned op0, op1, crn, crm, op2, reg;
    bool read;
};

struct exit_sysreg exit_decode_sysreg(uint64_t syndrome);

/* Only WFI (not WFE, WFIT, WFET) is for waiting. */
bool exit_is_wfi(uint64_t syndrome);

#endif
