/* SPDX-License-Identifier: ISC */
/*
 * exits.c: what hv_vcpu_run() reports of the guest's accesses and exceptions:
 * syndromes (Arm ARM, ESR_ELx), addresses, and where PC stands.
 */
#include "hvt.h"

#include <string.h>

enum {
    EC_WFX = 0x01,
    EC_SVC = 0x15,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYSREG = 0x18,
    EC_IABORT = 0x20,
    EC_DABORT = 0x24,
    EC_BRK = 0x3c,
};

static uint64_t field(uint64_t iss, unsigned hi, unsigned lo)
{
    return iss >> lo & ((UINT64_C(1) << (hi - lo + 1)) - 1);
}

/* ---- Data aborts with a valid syndrome -------------------------------- */

struct access {
    const char *name;
    uint32_t insn;
    unsigned size; /* SAS: log2 of the bytes */
    bool sign;     /* SSE */
    unsigned rt;   /* SRT */
    bool sf;       /* the register is 64 bits wide */
    bool write;    /* WnR */
    bool ordered;  /* AR */
    uint64_t offset;
};

/* The base is X1 = HVT_DEVICE, X2 = 0x30. */
static void check_access(struct hvt *t, const struct access *a)
{
    const uint32_t code[] = {a->insn, a64_hvc(1)};
    uint64_t pc;
    uint64_t iss;
    uint64_t syndrome;
    const uint64_t marker = UINT64_C(0x1122334455667788);

    hvt_set_reg(t, HV_REG_X1, HVT_DEVICE);
    hvt_set_reg(t, HV_REG_X2, 0x30);
    if (a->rt < 31) {
        hvt_set_reg(t, hvt_x(a->rt), marker);
    }
    pc = HVT_ENTER(t, code);
    syndrome = hvt_run_exception(t, EC_DABORT);
    iss = hvt_iss(syndrome);
    print_message("%s: iss 0x%07llx\n", a->name, (unsigned long long)iss);
    assert_int_equal(syndrome >> 25 & 1, 1); /* IL: no 16-bit instructions here */
    assert_int_equal(field(iss, 24, 24), 1); /* ISV */
    assert_int_equal(field(iss, 23, 22), a->size);
    assert_int_equal(field(iss, 21, 21), a->sign);
    assert_int_equal(field(iss, 20, 16), a->rt);
    assert_int_equal(field(iss, 15, 15), a->sf);
    assert_int_equal(field(iss, 14, 14), a->ordered);
    assert_int_equal(field(iss, 8, 8), 0); /* CM */
    assert_int_equal(field(iss, 7, 7), 0); /* S1PTW */
    assert_int_equal(field(iss, 6, 6), a->write);
    assert_int_equal(field(iss, 5, 2), 1); /* a translation fault, of some level */
    assert_int_equal(t->exit->exception.virtual_address, HVT_DEVICE + a->offset);
    assert_int_equal(t->exit->exception.physical_address, HVT_DEVICE + a->offset);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
    /* Nothing was loaded. */
    if (a->rt < 31) {
        assert_true(hvt_reg(t, hvt_x(a->rt)) == marker);
    }
    /* Stepped over, the guest goes on. */
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

static void check_accesses(struct hvt *t, const struct access *a, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_access(t, &a[i]);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_stores(void **state)
{
    const struct access a[] = {
        {"strb w3", a64_ldst(A64_B, A64_ST, 3, 1, 5), 0, false, 3, false, true, false, 5},
        {"strh w4", a64_ldst(A64_H, A64_ST, 4, 1, 3), 1, false, 4, false, true, false, 6},
        {"str w5", a64_ldst(A64_W, A64_ST, 5, 1, 3), 2, false, 5, false, true, false, 12},
        {"str x30", a64_ldst(A64_X, A64_ST, 30, 1, 2), 3, false, 30, true, true, false, 16},
        {"str wzr", a64_ldst(A64_W, A64_ST, A64_XZR, 1, 0), 2, false, 31, false, true, false, 0},
        {"str xzr", a64_ldst(A64_X, A64_ST, A64_XZR, 1, 0), 3, false, 31, true, true, false, 0},
    };

    check_accesses(*state, a, COUNT(a));
}

static void test_loads(void **state)
{
    const struct access a[] = {
        {"ldrb w3", a64_ldst(A64_B, A64_LD, 3, 1, 1), 0, false, 3, false, false, false, 1},
        {"ldrh w4", a64_ldst(A64_H, A64_LD, 4, 1, 1), 1, false, 4, false, false, false, 2},
        {"ldr w5", a64_ldst(A64_W, A64_LD, 5, 1, 1), 2, false, 5, false, false, false, 4},
        {"ldr x6", a64_ldst(A64_X, A64_LD, 6, 1, 1), 3, false, 6, true, false, false, 8},
        {"ldr w0", a64_ldst(A64_W, A64_LD, 0, 1, 0), 2, false, 0, false, false, false, 0},
        {"ldr wzr", a64_ldst(A64_W, A64_LD, A64_XZR, 1, 0), 2, false, 31, false, false, false, 0},
    };

    check_accesses(*state, a, COUNT(a));
}

static void test_sign_extending_loads(void **state)
{
    const struct access a[] = {
        {"ldrsb w3", a64_ldst(A64_B, A64_LDS_W, 3, 1, 0), 0, true, 3, false, false, false, 0},
        {"ldrsb x3", a64_ldst(A64_B, A64_LDS_X, 3, 1, 0), 0, true, 3, true, false, false, 0},
        {"ldrsh w4", a64_ldst(A64_H, A64_LDS_W, 4, 1, 0), 1, true, 4, false, false, false, 0},
        {"ldrsh x4", a64_ldst(A64_H, A64_LDS_X, 4, 1, 0), 1, true, 4, true, false, false, 0},
        {"ldrsw x5", a64_ldst(A64_W, A64_LDS_X, 5, 1, 0), 2, true, 5, true, false, false, 0},
    };

    check_accesses(*state, a, COUNT(a));
}

static void test_other_address_forms(void **state)
{
    const struct access a[] = {
        {"ldr w3,[x1,x2]", a64_ldst_reg(A64_W, A64_LD, 3, 1, 2), 2, false, 3, false, false, false,
         0x30},
        {"str x3,[x1,x2]", a64_ldst_reg(A64_X, A64_ST, 3, 1, 2), 3, false, 3, true, true, false,
         0x30},
        {"ldur w3,#4", a64_ldst_unscaled(A64_W, A64_LD, 3, 1, 4), 2, false, 3, false, false, false,
         4},
        {"sturb w3,#7", a64_ldst_unscaled(A64_B, A64_ST, 3, 1, 7), 0, false, 3, false, true, false,
         7},
        {"ldtr w3,#8", a64_ldst_unprivileged(A64_W, A64_LD, 3, 1, 8), 2, false, 3, false, false,
         false, 8},
        {"sttr x3,#8", a64_ldst_unprivileged(A64_X, A64_ST, 3, 1, 8), 3, false, 3, true, true,
         false, 8},
    };

    check_accesses(*state, a, COUNT(a));
}

static void test_acquire_and_release(void **state)
{
    const struct access a[] = {
        {"ldarb w3", a64_ldar(A64_B, 3, 1), 0, false, 3, false, false, true, 0},
        {"ldar w3", a64_ldar(A64_W, 3, 1), 2, false, 3, false, false, true, 0},
        {"ldar x3", a64_ldar(A64_X, 3, 1), 3, false, 3, true, false, true, 0},
        {"stlrh w3", a64_stlr(A64_H, 3, 1), 1, false, 3, false, true, true, 0},
        {"stlr x3", a64_stlr(A64_X, 3, 1), 3, false, 3, true, true, true, 0},
    };

    check_accesses(*state, a, COUNT(a));
}

/* ---- Data aborts without one ------------------------------------------ */

/*
 * Only a single general register without write-back is described. The base
 * register is as before, and so is what would have been loaded.
 */
static void test_invalid_syndromes(void **state)
{
    struct hvt *t = *state;
    const struct {
        const char *name;
        uint32_t insn;
        bool write;
        uint64_t offset;
    } a[] = {
        {"ldp x3,x4", a64_ldp(3, 4, 1), false, 0},
        {"stp x3,x4", a64_stp(3, 4, 1), true, 0},
        {"ldr x3,[x1],#8", a64_ldst_post(A64_X, A64_LD, 3, 1, 8), false, 0},
        {"str w3,[x1],#4", a64_ldst_post(A64_W, A64_ST, 3, 1, 4), true, 0},
        {"ldr w3,[x1,#4]!", a64_ldst_pre(A64_W, A64_LD, 3, 1, 4), false, 4},
        {"strb w3,[x1,#1]!", a64_ldst_pre(A64_B, A64_ST, 3, 1, 1), true, 1},
        {"ldr d3", a64_ldr_d(3, 1), false, 0},
        {"str d3", a64_str_d(3, 1), true, 0},
        {"ldr q3", a64_ldr_q(3, 1), false, 0},
        {"str q3", a64_str_q(3, 1), true, 0},
    };

    for (size_t i = 0; i < COUNT(a); i++) {
        const uint32_t code[] = {a[i].insn, a64_hvc(1)};
        uint64_t pc;
        uint64_t iss;

        hvt_set_reg(t, HV_REG_X1, HVT_DEVICE);
        hvt_set_reg(t, HV_REG_X3, 3333);
        hvt_set_reg(t, HV_REG_X4, 4444);
        pc = HVT_ENTER(t, code);
        iss = hvt_iss(hvt_run_exception(t, EC_DABORT));
        print_message("%s: iss 0x%07llx\n", a[i].name, (unsigned long long)iss);
        assert_int_equal(field(iss, 24, 24), 0);
        assert_int_equal(field(iss, 23, 14), 0);
        assert_int_equal(field(iss, 6, 6), a[i].write);
        assert_int_equal(field(iss, 5, 2), 1);
        assert_int_equal(t->exit->exception.physical_address, HVT_DEVICE + a[i].offset);
        assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
        assert_int_equal(hvt_reg(t, HV_REG_X1), HVT_DEVICE);
        assert_int_equal(hvt_reg(t, HV_REG_X3), 3333);
        assert_int_equal(hvt_reg(t, HV_REG_X4), 4444);
        hvt_skip_insn(t);
        hvt_run_hvc(t, 1);
    }
}

/* How a VMM emulates a device: values in, values out, PC on. */
static void test_emulated_device(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_ldst(A64_W, A64_LD, 3, 1, 0),
        a64_add_imm(3, 3, 1),
        a64_ldst(A64_W, A64_ST, 3, 1, 1),
        a64_hvc(1),
    };

    hvt_set_reg(t, HV_REG_X1, HVT_DEVICE);
    HVT_ENTER(t, code);
    hvt_run_exception(t, EC_DABORT);
    hvt_set_reg(t, HV_REG_X3, 41);
    hvt_skip_insn(t);
    hvt_run_exception(t, EC_DABORT);
    assert_int_equal(t->exit->exception.physical_address, HVT_DEVICE + 4);
    assert_int_equal(hvt_reg(t, HV_REG_X3), 42);
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

/* Run again without stepping, and the access is made again. */
static void test_abort_is_repeated(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_ldst(A64_W, A64_LD, 3, 1, 0), a64_hvc(1)};

    hvt_set_reg(t, HV_REG_X1, HVT_DEVICE);
    HVT_ENTER(t, code);
    for (int i = 0; i < 3; i++) {
        hvt_run_exception(t, EC_DABORT);
    }
}

/* The exit record stays where it was put. */
static void test_exit_record_is_stable(void **state)
{
    struct hvt *t = *state;
    const hv_vcpu_exit_t *exit = t->exit;
    const uint32_t code[] = {a64_hvc(1), a64_hvc(2)};

    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    hvt_run_hvc(t, 2);
    assert_ptr_equal(exit, t->exit);
}

/* ---- Instruction aborts ----------------------------------------------- */

static void test_fetch_from_nowhere(void **state)
{
    struct hvt *t = *state;
    uint64_t iss;

    hvt_set_reg(t, HV_REG_PC, HVT_DEVICE + 0x120);
    iss = hvt_iss(hvt_run_exception(t, EC_IABORT));
    assert_int_equal(field(iss, 5, 2), 1);
    assert_int_equal(field(iss, 7, 7), 0); /* S1PTW */
    assert_int_equal(t->exit->exception.virtual_address, HVT_DEVICE + 0x120);
    assert_int_equal(t->exit->exception.physical_address, HVT_DEVICE + 0x120);
    assert_int_equal(hvt_reg(t, HV_REG_PC), HVT_DEVICE + 0x120);
}

static void test_run_off_the_end_of_ram(void **state)
{
    struct hvt *t = *state;
    const uint32_t nop = a64_nop();
    const uint64_t end = HVT_RAM + HVT_RAM_SIZE;

    memcpy(t->ram + HVT_RAM_SIZE - 4, &nop, sizeof(nop));
    __builtin___clear_cache((char *)t->ram + HVT_RAM_SIZE - 4, (char *)t->ram + HVT_RAM_SIZE);
    hvt_set_reg(t, HV_REG_PC, end - 4);
    hvt_run_exception(t, EC_IABORT);
    assert_int_equal(hvt_reg(t, HV_REG_PC), end);
    assert_int_equal(t->exit->exception.physical_address, end);
}

/* ---- Calls ------------------------------------------------------------ */

static void test_hvc(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_hvc(0), a64_hvc(0xffff), a64_nop(), a64_hvc(0x1234)};
    uint64_t pc = HVT_ENTER(t, code);

    hvt_run_hvc(t, 0);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc + 4);
    hvt_run_hvc(t, 0xffff);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc + 8);
    hvt_run_hvc(t, 0x1234);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc + 16);
    assert_int_equal(t->exit->exception.syndrome >> 25 & 1, 1);
}

static void test_smc(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_smc(0x42), a64_hvc(1)};
    uint64_t pc = HVT_ENTER(t, code);
    uint64_t iss = hvt_iss(hvt_run_exception(t, EC_SMC));

    assert_int_equal(iss & 0xffff, 0x42);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

/* Registers carry the call's arguments in and results out. */
static void test_hypercall_registers(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_movz(0, 0x8400, 16), a64_movk(0, 0x0003, 0),
        a64_movz(1, 7, 0),       a64_hvc(0),
        a64_add_imm(2, 0, 1),    a64_hvc(1),
    };

    HVT_ENTER(t, code);
    hvt_run_hvc(t, 0);
    assert_int_equal(hvt_reg(t, HV_REG_X0), UINT64_C(0x84000003));
    assert_int_equal(hvt_reg(t, HV_REG_X1), 7);
    hvt_set_reg(t, HV_REG_X0, UINT64_MAX);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X2), 0);
}

/* ---- System registers ------------------------------------------------- */

static uint64_t sysreg_iss(uint32_t key, unsigned rt, bool read)
{
    const uint64_t op0 = key >> 14 & 3;
    const uint64_t op1 = key >> 11 & 7;
    const uint64_t crn = key >> 7 & 15;
    const uint64_t crm = key >> 3 & 15;
    const uint64_t op2 = key & 7;

    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | (uint64_t)rt << 5 | crm << 1 | read;
}

/* The PMU is left to the VMM in a VM without EL2. */
static void test_trapped_system_registers(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(5, A64_PMCR_EL0),
        a64_msr(A64_PMCR_EL0, 7),
        a64_mrs(A64_XZR, A64_PMCNTENCLR_EL0),
        a64_msr(A64_PMCNTENCLR_EL0, A64_XZR),
        a64_hvc(1),
    };
    const uint64_t want[] = {
        sysreg_iss(A64_PMCR_EL0, 5, true),
        sysreg_iss(A64_PMCR_EL0, 7, false),
        sysreg_iss(A64_PMCNTENCLR_EL0, 31, true),
        sysreg_iss(A64_PMCNTENCLR_EL0, 31, false),
    };
    uint64_t pc;

    hvt_set_reg(t, HV_REG_X5, 55);
    pc = HVT_ENTER(t, code);
    for (size_t i = 0; i < COUNT(want); i++) {
        uint64_t syndrome = hvt_run_exception(t, EC_SYSREG);

        assert_int_equal(hvt_iss(syndrome), want[i]);
        assert_int_equal(syndrome >> 25 & 1, 1);
        assert_int_equal(hvt_reg(t, HV_REG_PC), pc + 4 * i);
        hvt_skip_insn(t);
    }
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X5), 55);
}

/* ---- Debug ------------------------------------------------------------ */

static void test_brk_exits_when_asked(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_brk(0x123), a64_hvc(1)};
    uint64_t pc = HVT_ENTER(t, code);
    bool on = false;

    HVT_OK(hv_vcpu_set_trap_debug_exceptions(t->vcpu, true));
    HVT_OK(hv_vcpu_get_trap_debug_exceptions(t->vcpu, &on));
    assert_true(on);
    assert_int_equal(hvt_iss(hvt_run_exception(t, EC_BRK)) & 0xffff, 0x123);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

/* Otherwise it is the guest's own exception. */
static void test_brk_stays_inside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_brk(0x123)};
    const uint32_t vector[] = {a64_hvc(2)};
    bool on = true;
    uint64_t pc;

    HVT_OK(hv_vcpu_get_trap_debug_exceptions(t->vcpu, &on));
    assert_false(on);
    HVT_VECTOR(t, 0x200, vector);
    pc = HVT_ENTER(t, code);
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_ec(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1)), EC_BRK);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ELR_EL1), pc);
}

static void test_debug_register_accesses(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_mrs(3, HV_SYS_REG_DBGBVR0_EL1),
        a64_msr(HV_SYS_REG_MDSCR_EL1, 4),
        a64_hvc(1),
    };
    bool on = false;

    HVT_OK(hv_vcpu_set_trap_debug_reg_accesses(t->vcpu, true));
    HVT_OK(hv_vcpu_get_trap_debug_reg_accesses(t->vcpu, &on));
    assert_true(on);
    HVT_ENTER(t, code);
    assert_int_equal(hvt_iss(hvt_run_exception(t, EC_SYSREG)),
                     sysreg_iss(HV_SYS_REG_DBGBVR0_EL1, 3, true));
    hvt_skip_insn(t);
    assert_int_equal(hvt_iss(hvt_run_exception(t, EC_SYSREG)),
                     sysreg_iss(HV_SYS_REG_MDSCR_EL1, 4, false));
    hvt_skip_insn(t);
    hvt_run_hvc(t, 1);
}

static void test_debug_registers_stay_inside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_msr(HV_SYS_REG_DBGBVR0_EL1, 4),
        a64_mrs(3, HV_SYS_REG_DBGBVR0_EL1),
        a64_hvc(1),
    };

    HVT_OK(hv_vcpu_set_trap_debug_reg_accesses(t->vcpu, false));
    hvt_set_reg(t, HV_REG_X4, 0x1000);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X3), 0x1000);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_DBGBVR0_EL1), 0x1000);
}

/* ---- Exceptions of the guest's own ------------------------------------ */

static void test_svc_stays_inside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_svc(0x77), a64_hvc(1)};
    const uint32_t vector[] = {a64_hvc(2), a64_eret()};
    uint64_t pc;

    HVT_VECTOR(t, 0x200, vector);
    pc = HVT_ENTER(t, code);
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_ec(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1)), EC_SVC);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1) & 0xffff, 0x77);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ELR_EL1), pc + 4);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_SPSR_EL1) & 0x3cf, HVT_CPSR);
    hvt_run_hvc(t, 1); /* back by ERET */
}

static void test_undefined_stays_inside(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_udf()};
    const uint32_t vector[] = {a64_hvc(2)};
    uint64_t pc;

    HVT_VECTOR(t, 0x200, vector);
    pc = HVT_ENTER(t, code);
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_ec(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1)), 0);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_ELR_EL1), pc);
}

/* HVC is not for EL0: UNDEFINED there, and taken to the guest's EL1. */
static void test_hvc_at_el0_is_undefined(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_hvc(5)};
    const uint32_t vector[] = {a64_hvc(2)};

    HVT_VECTOR(t, 0x400, vector); /* from a lower level */
    HVT_ENTER(t, code);
    hvt_set_reg(t, HV_REG_CPSR, 0x3c0);
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_ec(hvt_sys_reg(t, HV_SYS_REG_ESR_EL1)), 0);
    assert_int_equal(hvt_reg(t, HV_REG_CPSR) & 0xf, 5);
}

#define EXIT_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)

int hvt_group_exits(void)
{
    const struct CMUnitTest tests[] = {
        EXIT_TEST(test_stores),
        EXIT_TEST(test_loads),
        EXIT_TEST(test_sign_extending_loads),
        EXIT_TEST(test_other_address_forms),
        EXIT_TEST(test_acquire_and_release),
        EXIT_TEST(test_invalid_syndromes),
        EXIT_TEST(test_emulated_device),
        EXIT_TEST(test_abort_is_repeated),
        EXIT_TEST(test_exit_record_is_stable),
        EXIT_TEST(test_fetch_from_nowhere),
        EXIT_TEST(test_run_off_the_end_of_ram),
        EXIT_TEST(test_hvc),
        EXIT_TEST(test_smc),
        EXIT_TEST(test_hypercall_registers),
        EXIT_TEST(test_trapped_system_registers),
        EXIT_TEST(test_brk_exits_when_asked),
        EXIT_TEST(test_brk_stays_inside),
        EXIT_TEST(test_debug_register_accesses),
        EXIT_TEST(test_debug_registers_stay_inside),
        EXIT_TEST(test_svc_stays_inside),
        EXIT_TEST(test_undefined_stays_inside),
        EXIT_TEST(test_hvc_at_el0_is_undefined),
    };
    return cmocka_run_group_tests_name("exits", tests, NULL, NULL);
}
