/* SPDX-License-Identifier: ISC */
/*
 * execute.c: single instructions on random states, by the public API alone. See sweep.h.
 *
 * An instruction is executed by software step from outside: with debug exceptions trapped,
 * hv_vcpu_run does one instruction and comes back, whatever that was. RAM is small, mapped between
 * pages that nobody may touch, and seen by the guest as it is (translation off) or through tables with
 * pages of every kind. States vary slowly where that is costly (translation, level of privilege
 * of pages) and for each word where it is cheap (registers, level).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <Hypervisor/hv-soft.h>

#include "sweep.h"

#define RAM       UINT64_C(0x40000000)
#define RAM_SIZE  UINT64_C(0x40000)
#define GUARD     UINT64_C(0x10000)
#define NOWHERE   UINT64_C(0x20000000)

/* Offsets in RAM. Each worker has a page of code; tables and vectors are shared and read-only. */
#define TABLES    UINT64_C(0x00000) /* level 1, 2, 3 */
#define VECTORS   UINT64_C(0x04000)
#define CODE(n)   (UINT64_C(0x08000) + (n)*UINT64_C(0x1000))
#define DATA      UINT64_C(0x10000)
#define DATA_SIZE UINT64_C(0x30000)

/* RAM appears here, and at its IPA, when translation is on. */
#define VIRTUAL   RAM

static uint8_t *mapping; /* with its guards */
static uint8_t *ram;

struct executor {
    struct sweep *s;
    hv_vcpu_t vcpu;
    hv_vcpu_exit_t *exit;
    unsigned age; /* words since the slow part of the state has changed */
    bool translated;
    uint64_t pc;
};

static void put64(uint64_t offset, uint64_t value)
{
    memcpy(ram + offset, &value, sizeof(value));
}

/*
 * 4 KiB granule, 39 bits. Code, vectors and tables can be executed and read by both levels, data pages come
 * in turn as: both levels may write, EL1 may write, both may only read, Device, not there, nG.
 */
static void write_tables(void)
{
    static const uint64_t kinds[] = {0x743, 0x703, 0x7c3, 0x747, 0, 0xf43};

    put64(TABLES + 8 * (VIRTUAL >> 30), (RAM + TABLES + 0x1000) | 3);
    put64(TABLES + 0x1000 + 8 * (VIRTUAL >> 21 & 511), (RAM + TABLES + 0x2000) | 3);
    for (uint64_t page = 0; page < RAM_SIZE; page += 0x1000) {
        uint64_t kind = page < DATA ? 0x7c3 : kinds[page / 0x1000 % 6];
        put64(TABLES + 0x2000 + 8 * (page >> 12), kind == 0 ? 0 : (RAM + page) | kind);
    }
}

int sweep_vm_open(void)
{
    const hv_memory_flags_t rwx =
        (hv_memory_flags_t)(HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC);
    hv_vm_config_t config = hv_vm_config_create();
    uintptr_t at;

    mapping = mmap(NULL, RAM_SIZE + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (config == NULL || mapping == MAP_FAILED) {
        fprintf(stderr, "hv-sweep: out of memory\n");
        return -1;
    }
    at = ((uintptr_t)mapping + 0x4000) & ~(uintptr_t)0x3fff;
    ram = mapping + (at - (uintptr_t)mapping);
    if (mprotect(ram, RAM_SIZE, PROT_READ | PROT_WRITE) != 0) {
        perror("hv-sweep: mprotect");
        return -1;
    }
    /* An idle vCPU comes back. */
    hv_soft_config_set_wfi_exits(config, true);
    if (hv_vm_create(config) != HV_SUCCESS ||
        hv_vm_map(ram, RAM, DATA, HV_MEMORY_READ | HV_MEMORY_EXEC) != HV_SUCCESS ||
        hv_vm_map(ram + DATA, RAM + DATA, DATA_SIZE, rwx) != HV_SUCCESS) {
        fprintf(stderr, "hv-sweep: no VM\n");
        return -1;
    }
    os_release(config);
    write_tables();
    return 0;
}

void sweep_vm_close(void)
{
    if (hv_vm_destroy() != HV_SUCCESS) {
        fprintf(stderr, "hv-sweep: the VM cannot be destroyed\n");
    }
    munmap(mapping, RAM_SIZE + 2 * GUARD);
}

/* ---- States ---------------------------------------------------------------------------------- */

#define SCTLR_M   UINT64_C(1)
#define SCTLR_A   UINT64_C(2)

#define PSTATE_SS (UINT64_C(1) << 21)
#define MDSCR_SS  UINT64_C(1)

/* Registers of EL1 that nothing at EL0 may change. */
static const hv_sys_reg_t guarded[] = {
    HV_SYS_REG_SCTLR_EL1, HV_SYS_REG_TTBR0_EL1, HV_SYS_REG_TCR_EL1,     HV_SYS_REG_VBAR_EL1,
    HV_SYS_REG_MAIR_EL1,  HV_SYS_REG_CPACR_EL1, HV_SYS_REG_MDSCR_EL1,   HV_SYS_REG_TPIDR_EL1,
    HV_SYS_REG_SP_EL1,    HV_SYS_REG_MPIDR_EL1, HV_SYS_REG_TPIDRRO_EL0,
};

enum {
    GUARDED = sizeof(guarded) / sizeof(guarded[0])
};

static void set_slow_state(struct executor *e)
{
    struct sweep *s = e->s;
    uint64_t r = sweep_random(s);

    e->translated = (r & 3) != 0;
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_MAIR_EL1, 0x04ff);
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_TTBR0_EL1, (RAM + TABLES) | (r >> 8 & 0xff) << 48);
    /* 39 bits, no TTBR1, 40 bits out; TBI at times. */
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_TCR_EL1,
                        25 | UINT64_C(1) << 23 | UINT64_C(2) << 32 | (r >> 4 & 1) << 37);
    /* EL0 has its enable bits at times, but never UMA. */
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_SCTLR_EL1,
                        (r >> 16 & UINT64_C(0x0408c018)) | (r >> 60 == 0 ? SCTLR_A : 0) |
                            (e->translated ? SCTLR_M : 0));
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_CPACR_EL1,
                        (r >> 5 & 7) == 0 ? r & UINT64_C(0x300000) : UINT64_C(0x300000));
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_CNTKCTL_EL1, r >> 20 & 0x303);
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_VBAR_EL1, RAM + VECTORS);
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_CNTV_CTL_EL0, 0);
    hv_vcpu_set_trap_debug_reg_accesses(e->vcpu, (r >> 40 & 7) != 0);
    for (unsigned q = 0; q < 32; q++) {
        uint64_t bits[2] = {sweep_random(s), sweep_random(s)};
        hv_simd_fp_uchar16_t value;
        memcpy(&value, bits, sizeof(value));
        hv_vcpu_set_simd_fp_reg(e->vcpu, (hv_simd_fp_reg_t)q, value);
    }
}

/* Numbers, small numbers, and addresses with and without memory, near the ends of pages more often. */
static uint64_t random_register(struct sweep *s)
{
    uint64_t r = sweep_random(s);

    switch (r & 15) {
    case 0: return sweep_random(s);
    case 1: return r >> 4 & 0xff;
    case 2: return NOWHERE + (r >> 40);
    case 3: return RAM + RAM_SIZE - (r >> 59);
    case 4: return (RAM + DATA + (r >> 32) % DATA_SIZE) | r << 56;
    case 5: return 0 - (r >> 50);
    case 6:
    case 7: return ((RAM + DATA + (r >> 32) % DATA_SIZE) | 0xfff) - (r >> 27 & 31);
    default: return (RAM + DATA + (r >> 32) % DATA_SIZE) & ~(r & 16 ? UINT64_C(15) : 0);
    }
}

static void set_fast_state(struct executor *e, bool el0)
{
    struct sweep *s = e->s;
    uint64_t r = sweep_random(s);

    for (unsigned i = 0; i < 31; i++) {
        hv_vcpu_set_reg(e->vcpu, (hv_reg_t)((unsigned)HV_REG_X0 + i), random_register(s));
    }
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_SP_EL0, random_register(s));
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_SP_EL1, RAM + DATA + 0x800);
    hv_vcpu_set_reg(e->vcpu, HV_REG_FPCR, r & UINT64_C(0x07c00000));
    /* What is returned to by ERET may be anything. */
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_ELR_EL1, random_register(s));
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_SPSR_EL1, r >> 3);
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_MDSCR_EL1, MDSCR_SS);
    hv_vcpu_set_reg(e->vcpu, HV_REG_CPSR,
                    (r & UINT64_C(0xf0400000)) | 0x3c0 | PSTATE_SS | (el0 ? 0 : 4 + (r & 1)));
    hv_vcpu_set_reg(e->vcpu, HV_REG_PC, e->pc);
}

void sweep_kick(const struct sweep *s)
{
    int64_t handle = atomic_load(&s->vcpu);
    hv_vcpu_t vcpu = (hv_vcpu_t)handle;

    if (handle >= 0) {
        hv_vcpus_exit(&vcpu, 1);
    }
}

/* ---- Execution ------------------------------------------------------------------------------- */

struct executor *executor_open(struct sweep *s)
{
    struct executor *e = calloc(1, sizeof(*e));

    if (e == NULL) {
        return NULL;
    }
    e->s = s;
    e->pc = RAM + CODE(s->worker) + 0x7fc;
    if (hv_vcpu_create(&e->vcpu, &e->exit, NULL) != HV_SUCCESS) {
        free(e);
        return NULL;
    }
    hv_vcpu_set_trap_debug_exceptions(e->vcpu, true);
    atomic_store(&s->vcpu, (int64_t)e->vcpu);
    return e;
}

void executor_close(struct executor *e)
{
    atomic_store(&e->s->vcpu, -1);
    hv_vcpu_destroy(e->vcpu);
    free(e);
}

static void read_guarded(struct executor *e, uint64_t *value)
{
    for (unsigned i = 0; i < GUARDED; i++) {
        value[i] = 0;
        hv_vcpu_get_sys_reg(e->vcpu, guarded[i], &value[i]);
    }
}

static unsigned ec_of(uint64_t syndrome)
{
    return (unsigned)(syndrome >> 26) & 63;
}

/* How it ended; what must hold is checked. */
static enum ending look_at(struct executor *e, uint32_t word, bool allocated)
{
    uint64_t pc = 0;
    uint64_t esr = 0;
    uint64_t elr = 0;
    uint64_t cpsr = 0;

    hv_vcpu_get_reg(e->vcpu, HV_REG_PC, &pc);
    hv_vcpu_get_reg(e->vcpu, HV_REG_CPSR, &cpsr);
    hv_vcpu_get_sys_reg(e->vcpu, HV_SYS_REG_ESR_EL1, &esr);
    hv_vcpu_get_sys_reg(e->vcpu, HV_SYS_REG_ELR_EL1, &elr);
    if ((cpsr & 0x1f) != 0 && (cpsr & 0x1f) != 4 && (cpsr & 0x1f) != 5) {
        sweep_error(e->s, word, "PSTATE has a mode that does not exist");
    }
    if (e->exit->reason != HV_EXIT_REASON_EXCEPTION) {
        return ENDED_KICK;
    }
    if (ec_of(e->exit->exception.syndrome) != 0x32) {
        if (!allocated) {
            sweep_error(e->s, word, "unallocated, but it exits");
        }
        return ENDED_EXIT;
    }
    /* At a vector: a branch there would leave ESR as it was, which is all ones. */
    if (esr != UINT64_MAX) {
        bool undefined = ec_of(esr) == 0;
        if (!allocated && (!undefined || elr != e->pc)) {
            sweep_error(e->s, word, "unallocated, but not undefined");
        }
        return undefined ? ENDED_UNDEFINED : ENDED_EXCEPTION;
    }
    if (!allocated) {
        sweep_error(e->s, word, "unallocated, but executed");
    }
    return ENDED_NEXT;
}

/* Branches and system instructions: those that change more than registers and memory. */
static bool table_is_system(unsigned table)
{
    return table < DECODE_TABLES && decode_tables[table] == &decode_table_branch;
}

static enum ending execute_at(struct executor *e, uint32_t word, unsigned table, bool el0)
{
    enum ending ending;
    uint64_t before[GUARDED];
    uint64_t after[GUARDED];

    set_fast_state(e, el0);
    hv_vcpu_set_sys_reg(e->vcpu, HV_SYS_REG_ESR_EL1, UINT64_MAX);
    if (el0) {
        read_guarded(e, before);
    }
    if (hv_vcpu_run(e->vcpu) != HV_SUCCESS) {
        sweep_error(e->s, word, "hv_vcpu_run failed");
        return ENDED_KICK;
    }
    ending = look_at(e, word, table != DECODE_TABLES);
    e->s->executed[table][ending]++;
    if (el0) {
        read_guarded(e, after);
        if (memcmp(before, after, sizeof(before)) != 0) {
            sweep_error(e->s, word, "EL0 changed a register of EL1's");
        }
    }
    return ending;
}

/*
 * A word that is kicked may have done nothing but wait for its host core; at EL1 it may have written
 * MDSCR_EL1, and then nothing stepped it any more.
 */
static void execute(struct executor *e, uint32_t word, unsigned table, bool el0)
{
    bool may_run_on = table_is_system(table) && !el0;

    for (unsigned n = 0; n < 3; n++) {
        if (execute_at(e, word, table, el0) != ENDED_KICK) {
            return;
        }
    }
    if (!may_run_on) {
        sweep_error(e->s, word, "it runs on");
    }
}

void executor_run(struct executor *e, uint32_t word)
{
    unsigned table = sweep_table_of(decode_rule_for(word));

    atomic_store_explicit(&e->s->word, word, memory_order_relaxed);
    if (e->age++ % 256 == 0) {
        set_slow_state(e);
    }
    memcpy(ram + (e->pc - RAM), &word, sizeof(word));
    execute(e, word, table, true);
    execute(e, word, table, false);
    /* At EL1 it may have changed what the next word relies on. */
    if (table_is_system(table) || table == DECODE_TABLES) {
        e->age = 0;
    }
    atomic_fetch_add_explicit(&e->s->progress, 1, memory_order_relaxed);
}
