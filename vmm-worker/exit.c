/* SPDX-License-Identifier: ISC */
/*
 * exit.c: decodes syndromes. See exit.h.
 */
#include "exit.h"

static uint64_t field(uint64_t v, unsigned lo, unsigned width)
{
    return v >> lo & ((UINT64_C(1) << width) - 1);
}

const char *exit_class_name(unsigned class)
{
    switch (class) {
    case EXIT_WFX: return "wfx";
    case EXIT_HVC: return "hvc";
    case EXIT_SMC: return "smc";
    case EXIT_SYSREG: return "sysreg";
    case EXIT_IABORT:
    case EXIT_IABORT_SAME: return "instruction_abort";
    case EXIT_DABORT:
    case EXIT_DABORT_SAME: return "mmio";
    case EXIT_BRK: return "brk";
    default: return "other";
    }
}

struct exit_access exit_decode_access(uint64_t syndrome)
{
    return (struct exit_access){
        .valid = field(syndrome, 24, 1) != 0,
        .write = field(syndrome, 6, 1) != 0,
        .cache_op = field(syndrome, 8, 1) != 0,
        .walk = field(syndrome, 7, 1) != 0,
        .size = 1u << field(syndrome, 22, 2),
        .sign_extend = field(syndrome, 21, 1) != 0,
        .wide = field(syndrome, 15, 1) != 0,
        .reg = (unsigned)field(syndrome, 16, 5),
    };
}

uint64_t exit_load_result(const struct exit_access *a, uint64_t value)
{
    unsigned bits = a->size * 8;

    if (bits < 64) {
        value &= (UINT64_C(1) << bits) - 1;
        if (a->sign_extend && field(value, bits - 1, 1) != 0) {
            value |= UINT64_MAX << bits;
        }
    }
    return a->wide ? value : (uint32_t)value;
}

uint64_t exit_store_value(const struct exit_access *a, uint64_t value)
{
    unsigned bits = a->size * 8;

    return bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
}

struct exit_sysreg exit_decode_sysreg(uint64_t syndrome)
{
    return (struct exit_sysreg){
        .op0 = (unsigned)field(syndrome, 20, 2),
        .op1 = (unsigned)field(syndrome, 14, 3),
        .crn = (unsigned)field(syndrome, 10, 4),
        .crm = (unsigned)field(syndrome, 1, 4),
        .op2 = (unsigned)field(syndrome, 17, 3),
        .reg = (unsigned)field(syndrome, 5, 5),
        .read = field(syndrome, 0, 1) != 0,
    };
}

bool exit_is_wfi(uint64_t syndrome)
{
    return field(syndrome, 0, 2) == 0;
}
