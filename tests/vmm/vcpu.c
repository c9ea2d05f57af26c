/* SPDX-License-Identifier: ISC */
/* A vCPU and its thread. See vcpu.h. */
#include "vcpu.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "board.h"

/* Exception classes of a syndrome, bits 31:26 (Arm ARM, ESR_EL2). */
enum {
    EC_WFX = 0x01,
    EC_HVC = 0x16,
    EC_SMC = 0x17,
    EC_SYSREG = 0x18,
    EC_INSTRUCTION_ABORT = 0x20,
    EC_INSTRUCTION_ABORT_SAME = 0x21,
    EC_DATA_ABORT = 0x24,
};

#define CPSR_BOOT        UINT64_C(0x3c5) /* EL1h, D, A, I and F masked (booting.rst) */
#define INSTRUCTION_SIZE 4u
#define ZERO_REGISTER    31u
#define NOT_SUPPORTED    UINT64_MAX

/*
 * How long a vCPU rests when its WFI comes out to us. Its own timer and other vCPUs' IPIs are the
 * hypervisor's business: nobody tells us when they arrive. So the rest must be short, and then it
 * need not be interruptible either.
 */
#define WFI_REST_MS      1

static uint64_t field(uint64_t value, unsigned low, unsigned width)
{
    return value >> low & ((UINT64_C(1) << width) - 1);
}

/* ---- Registers -------------------------------------------------------------------------------- */

static void note(struct vcpu *v, hv_return_t result, const char *what)
{
    if (result == HV_SUCCESS || v->failed)
        return;
    v->failed = true;
    board_say("vCPU %u: %s: %s", v->index, what, board_hv_error(result));
}

static uint64_t get_reg(struct vcpu *v, hv_reg_t reg)
{
    uint64_t value = 0;

    note(v, hv_vcpu_get_reg(v->handle, reg, &value), "hv_vcpu_get_reg");
    return value;
}

static void set_reg(struct vcpu *v, hv_reg_t reg, uint64_t value)
{
    note(v, hv_vcpu_set_reg(v->handle, reg, value), "hv_vcpu_set_reg");
}

static uint64_t get_sys(struct vcpu *v, hv_sys_reg_t reg)
{
    uint64_t value = 0;

    note(v, hv_vcpu_get_sys_reg(v->handle, reg, &value), "hv_vcpu_get_sys_reg");
    return value;
}

static void set_sys(struct vcpu *v, hv_sys_reg_t reg, uint64_t value)
{
    note(v, hv_vcpu_set_sys_reg(v->handle, reg, value), "hv_vcpu_set_sys_reg");
}

/* Register 31 of an instruction is the zero register; HV_REG_PC has the same number. */
static uint64_t get_x(struct vcpu *v, unsigned n)
{
    return n == ZERO_REGISTER ? 0 : get_reg(v, HV_REG_X0 + n);
}

static void set_x(struct vcpu *v, unsigned n, uint64_t value)
{
    if (n != ZERO_REGISTER)
        set_reg(v, HV_REG_X0 + n, value);
}

static void step_over(struct vcpu *v)
{
    set_reg(v, HV_REG_PC, get_reg(v, HV_REG_PC) + INSTRUCTION_SIZE);
}

static void dump_registers(struct vcpu *v)
{
    static const struct {
        hv_sys_reg_t reg;
        const char *name;
    } system[] = {
        {HV_SYS_REG_SP_EL0, "SP_EL0"},         {HV_SYS_REG_SP_EL1, "SP_EL1"},
        {HV_SYS_REG_ELR_EL1, "ELR_EL1"},       {HV_SYS_REG_SPSR_EL1, "SPSR_EL1"},
        {HV_SYS_REG_ESR_EL1, "ESR_EL1"},       {HV_SYS_REG_FAR_EL1, "FAR_EL1"},
        {HV_SYS_REG_SCTLR_EL1, "SCTLR_EL1"},   {HV_SYS_REG_TCR_EL1, "TCR_EL1"},
        {HV_SYS_REG_TTBR0_EL1, "TTBR0_EL1"},   {HV_SYS_REG_TTBR1_EL1, "TTBR1_EL1"},
        {HV_SYS_REG_MAIR_EL1, "MAIR_EL1"},     {HV_SYS_REG_VBAR_EL1, "VBAR_EL1"},
        {HV_SYS_REG_TPIDR_EL1, "TPIDR_EL1"},   {HV_SYS_REG_CNTKCTL_EL1, "CNTKCTL"},
        {HV_SYS_REG_CNTV_CTL_EL0, "CNTV_CTL"}, {HV_SYS_REG_CNTV_CVAL_EL0, "CNTV_CVAL"},
    };
    const hv_vcpu_exit_exception_t *e = &v->exit->exception;

    flockfile(stderr);
    board_say("vCPU %u: last exit: reason %" PRIu32 ", syndrome 0x%" PRIx64 ", virtual 0x%" PRIx64
              ", physical 0x%" PRIx64,
              v->index, v->exit->reason, e->syndrome, e->virtual_address, e->physical_address);
    fprintf(stderr, "  %-9s %016" PRIx64 "  %-9s %016" PRIx64 "\n", "PC", get_reg(v, HV_REG_PC),
            "CPSR", get_reg(v, HV_REG_CPSR));
    for (unsigned i = 0; i <= 30; i++)
        fprintf(stderr, "  X%-2u %016" PRIx64 "%s", i, get_x(v, i),
                i % 4 == 3 || i == 30 ? "\n" : "");
    for (unsigned i = 0; i < sizeof(system) / sizeof(system[0]); i++)
        fprintf(stderr, "  %-9s %016" PRIx64 "%s", system[i].name, get_sys(v, system[i].reg),
                i % 2 == 1 ? "\n" : "");
    funlockfile(stderr);
}

/* The guest did what this program cannot answer. Ends the VM, never the program's good manners. */
static void fail(struct vcpu *v, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    board_say("vCPU %u: %s (PC 0x%" PRIx64 ")", v->index, text, get_reg(v, HV_REG_PC));
    board_stop(v->board, BOARD_ERROR);
}

/* ---- Exits ------------------------------------------------------------------------------------ */

/* An access outside of RAM (Arm ARM, ISS encoding for a Data Abort). */
static void handle_data_abort(struct vcpu *v, uint64_t iss, uint64_t address)
{
    bool has_syndrome = field(iss, 24, 1) != 0;
    unsigned bits = 8u << field(iss, 22, 2);
    bool sign_extend = field(iss, 21, 1) != 0;
    unsigned reg = (unsigned)field(iss, 16, 5);
    bool wide = field(iss, 15, 1) != 0;
    bool cache_maintenance = field(iss, 8, 1) != 0;
    bool by_page_walk = field(iss, 7, 1) != 0;
    bool is_write = field(iss, 6, 1) != 0;
    uint64_t value;

    if (by_page_walk) {
        fail(v, "a page table lies at 0x%" PRIx64 ", where there is no RAM", address);
        return;
    }
    if (address - v->board->ram.base < v->board->ram.size) {
        fail(v, "data abort inside RAM at 0x%" PRIx64 ", syndrome 0x%" PRIx64, address, iss);
        return;
    }
    if (cache_maintenance) {
        step_over(v);
        return;
    }
    if (!has_syndrome) {
        fail(v,
             "device access at 0x%" PRIx64 " by an instruction that the syndrome does not describe",
             address);
        return;
    }
    if (is_write) {
        value = get_x(v, reg);
        if (bits < 64)
            value &= (UINT64_C(1) << bits) - 1;
        board_write(v->board, address, bits / 8, value);
    } else {
        value = board_read(v->board, address, bits / 8);
        if (sign_extend && bits < 64 && field(value, bits - 1, 1) != 0)
            value |= UINT64_MAX << bits;
        set_x(v, reg, wide ? value : (uint32_t)value);
    }
    step_over(v);
}

/* The PC is behind the HVC already. */
static bool handle_hvc(struct vcpu *v, uint64_t iss)
{
    uint64_t x[4];

    if (field(iss, 0, 16) != 0) {
        set_reg(v, HV_REG_X0, NOT_SUPPORTED);
        return true;
    }
    for (unsigned i = 0; i < 4; i++)
        x[i] = get_reg(v, HV_REG_X0 + i);
    switch (psci_call(&v->board->psci, v->index, x)) {
    case PSCI_RETURN: set_reg(v, HV_REG_X0, x[0]); return true;
    case PSCI_STOP: return false;
    case PSCI_SYSTEM_OFF: board_stop(v->board, BOARD_POWER_OFF); return false;
    case PSCI_SYSTEM_RESET: board_stop(v->board, BOARD_RESET); return false;
    }
    return false;
}

/*
 * A system register that the hypervisor leaves to us: reads as zero, ignores writes. What traps
 * differs between releases of macOS, so none of them may be fatal.
 */
static void handle_sysreg(struct vcpu *v, uint64_t iss)
{
    bool is_read = field(iss, 0, 1) != 0;

    if (is_read)
        set_x(v, (unsigned)field(iss, 5, 5), 0);
    step_over(v);
}

/* False when the vCPU is not to be run on: it is off, or the VM has ended. */
static bool handle_exception(struct vcpu *v)
{
    uint64_t syndrome = v->exit->exception.syndrome;
    unsigned class = (unsigned)field(syndrome, 26, 6);
    uint64_t iss = field(syndrome, 0, 25);

    v->exits_by_class[class]++;
    switch (class) {
    case EC_WFX:
        step_over(v);
        if (field(iss, 0, 2) == 0)
            poll(NULL, 0, WFI_REST_MS);
        return true;
    case EC_HVC: return handle_hvc(v, iss);
    case EC_SMC:
        step_over(v);
        set_reg(v, HV_REG_X0, NOT_SUPPORTED);
        return true;
    case EC_SYSREG: handle_sysreg(v, iss); return true;
    case EC_DATA_ABORT: handle_data_abort(v, iss, v->exit->exception.physical_address); return true;
    case EC_INSTRUCTION_ABORT:
    case EC_INSTRUCTION_ABORT_SAME:
        fail(v, "the guest runs at 0x%" PRIx64 ", where there is no RAM",
             v->exit->exception.physical_address);
        return false;
    default:
        fail(v, "unknown exit: exception class 0x%x, syndrome 0x%" PRIx64, class, syndrome);
        return false;
    }
}

/* Runs the guest until this vCPU is turned off or the VM ends. */
static void run(struct vcpu *v)
{
    /* The flag before every run: a kick that came between two runs may be lost. */
    while (board_ended(v->board) == BOARD_RUNNING) {
        note(v, hv_vcpu_run(v->handle), "hv_vcpu_run");
        if (!v->failed) {
            switch (v->exit->reason) {
            case HV_EXIT_REASON_CANCELED: v->exits_canceled++; break;
            case HV_EXIT_REASON_EXCEPTION:
                if (!handle_exception(v))
                    return;
                break;
            case HV_EXIT_REASON_VTIMER_ACTIVATED: /* the GIC has it; not expected */
                note(v, hv_vcpu_set_vtimer_mask(v->handle, false), "hv_vcpu_set_vtimer_mask");
                break;
            default: fail(v, "unknown exit reason %" PRIu32, v->exit->reason); return;
            }
        }
        if (v->failed) {
            board_stop(v->board, BOARD_ERROR);
            return;
        }
    }
}

/* ---- Life ------------------------------------------------------------------------------------- */

/* The state in which the boot protocol and CPU_ON begin: MMU off, interrupts masked, timer silent. */
static void reset(struct vcpu *v, const struct psci_start *start)
{
    set_sys(v, HV_SYS_REG_SCTLR_EL1, v->reset_sctlr);
    set_sys(v, HV_SYS_REG_CNTV_CTL_EL0, 0);
    set_reg(v, HV_REG_CPSR, CPSR_BOOT);
    set_reg(v, HV_REG_PC, start->entry);
    set_reg(v, HV_REG_X0, start->context);
    for (unsigned i = 1; i <= 30; i++)
        set_x(v, i, 0);
}

static void set_life(struct vcpu *v, enum vcpu_life life)
{
    pthread_mutex_lock(&v->lock);
    v->life = life;
    pthread_cond_broadcast(&v->changed);
    pthread_mutex_unlock(&v->lock);
}

static void *thread_main(void *arg)
{
    struct vcpu *v = arg;
    struct psci_start start;
    hv_vcpu_exit_t *exit = NULL;
    enum board_end end;

    note(v, hv_vcpu_create(&v->handle, &exit, NULL), "hv_vcpu_create");
    if (v->failed) {
        set_life(v, VCPU_GONE);
        return NULL;
    }
    v->exit = exit;
    set_sys(v, HV_SYS_REG_MPIDR_EL1, v->index);
    v->reset_sctlr = get_sys(v, HV_SYS_REG_SCTLR_EL1);
    if (v->failed) {
        set_life(v, VCPU_GONE);
        hv_vcpu_destroy(v->handle);
        return NULL;
    }
    set_life(v, VCPU_READY);

    while (psci_wait(&v->board->psci, v->index, &start)) {
        reset(v, &start);
        run(v);
        end = board_ended(v->board);
        if (end == BOARD_ERROR || end == BOARD_TIMEOUT)
            dump_registers(v);
    }

    set_life(v, VCPU_GONE); /* before the handle dies: nobody kicks it from here on */
    note(v, hv_vcpu_destroy(v->handle), "hv_vcpu_destroy");
    return NULL;
}

int vcpu_start(struct vcpu *v, struct board *board, unsigned index)
{
    int error;

    *v = (struct vcpu){.board = board, .index = index};
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->changed, NULL);
    error = pthread_create(&v->thread, NULL, thread_main, v);
    if (error != 0) {
        board_say("cannot start the thread of vCPU %u: %s", index, strerror(error));
        return -1;
    }
    v->has_thread = true;
    pthread_mutex_lock(&v->lock);
    while (v->life == VCPU_NEW)
        pthread_cond_wait(&v->changed, &v->lock);
    error = v->life == VCPU_READY ? 0 : -1;
    pthread_mutex_unlock(&v->lock);
    return error;
}

void vcpu_kick(struct vcpu *v)
{
    if (!v->has_thread)
        return;
    pthread_mutex_lock(&v->lock);
    if (v->life == VCPU_READY)
        hv_vcpus_exit(&v->handle, 1);
    pthread_mutex_unlock(&v->lock);
}

bool vcpu_is_gone(struct vcpu *v)
{
    bool gone;

    if (!v->has_thread)
        return true;
    pthread_mutex_lock(&v->lock);
    gone = v->life == VCPU_GONE;
    pthread_mutex_unlock(&v->lock);
    return gone;
}

void vcpu_join(struct vcpu *v)
{
    if (!v->has_thread)
        return;
    pthread_join(v->thread, NULL);
    v->has_thread = false;
    pthread_cond_destroy(&v->changed);
    pthread_mutex_destroy(&v->lock);
}
