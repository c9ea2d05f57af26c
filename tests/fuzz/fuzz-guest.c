/* SPDX-License-Identifier: ISC */
/*
 * A guest made of the input: registers, system registers and all of RAM (code, page tables,
 * vectors), run for a bounded number of exits on softhv, with and without a GIC, on one vCPU or on two
 * that share everything: code that the other one writes, tables that it changes, TLBI and SGIs to it.
 * It must neither crash nor hang nor leak, whatever it does; a kick gets it back when it spins.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <Hypervisor/Hypervisor.h>

#include "fuzz-input.h"

#define RAM_BASE  UINT64_C(0x40000000)
#define RAM_SIZE  UINT64_C(0x10000)
#define EXITS_MAX 24u

static void *ram;

/* The thread of the second vCPU, which makes one for each input that asks for it. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fuzz_input *in; /* to take its registers from; NULL: sleeps */
    bool ready;            /* made, and about to run */
    atomic_bool stop;
} second = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Kicks handles 0 and 1 for ever; most kicks find nobody. */
static void *kick(void *arg)
{
    struct timespec pause = {.tv_nsec = 200000};

    (void)arg;
    for (;;) {
        nanosleep(&pause, NULL);
        for (hv_vcpu_t vcpu = 0; vcpu < 2; vcpu++) {
            hv_vcpus_exit(&vcpu, 1);
        }
    }
    return NULL;
}

/* A value from the input; three of four times one that leads somewhere. */
static uint64_t value(struct fuzz_input *in)
{
    uint64_t kind = fuzz_take(in, 1);
    uint64_t v = fuzz_take(in, 4);

    switch (kind & 3) {
    case 0: return v | fuzz_take(in, 4) << 32;
    case 1: return v;
    default: return RAM_BASE + v % RAM_SIZE;
    }
}

static void set_registers(hv_vcpu_t vcpu, struct fuzz_input *in)
{
    static const hv_sys_reg_t regs[] = {
        HV_SYS_REG_TTBR0_EL1,     HV_SYS_REG_TTBR1_EL1,    HV_SYS_REG_TCR_EL1,
        HV_SYS_REG_MAIR_EL1,      HV_SYS_REG_VBAR_EL1,     HV_SYS_REG_SP_EL0,
        HV_SYS_REG_SP_EL1,        HV_SYS_REG_ELR_EL1,      HV_SYS_REG_SPSR_EL1,
        HV_SYS_REG_CPACR_EL1,     HV_SYS_REG_MDSCR_EL1,    HV_SYS_REG_DBGBVR0_EL1,
        HV_SYS_REG_DBGBCR0_EL1,   HV_SYS_REG_DBGWVR0_EL1,  HV_SYS_REG_DBGWCR0_EL1,
        HV_SYS_REG_CNTV_CVAL_EL0, HV_SYS_REG_CNTV_CTL_EL0, HV_SYS_REG_CNTKCTL_EL1,
    };
    uint64_t wanted = fuzz_take(in, 4);

    for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        if ((wanted >> i & 1) != 0) {
            hv_vcpu_set_sys_reg(vcpu, regs[i], value(in));
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        hv_vcpu_set_reg(vcpu, HV_REG_X0 + i, value(in));
    }
    /* Last, so that TCR and TTBR are there when the MMU goes on. */
    hv_vcpu_set_sys_reg(vcpu, HV_SYS_REG_SCTLR_EL1, fuzz_take(in, 4));
    hv_vcpu_set_reg(vcpu, HV_REG_CPSR, (fuzz_take(in, 1) & 1 ? 0x5 : 0) | fuzz_take(in, 1) << 6);
    hv_vcpu_set_reg(vcpu, HV_REG_PC, RAM_BASE + (fuzz_take(in, 2) & 0xfffc));
}

/* What a VMM does: steps over what exits, answers reads. */
static void answer(hv_vcpu_t vcpu, const hv_vcpu_exit_t *e, struct fuzz_input *in)
{
    unsigned class = (unsigned)(e->exception.syndrome >> 26 & 0x3f);
    uint64_t pc = 0;

    if (e->reason != HV_EXIT_REASON_EXCEPTION) {
        hv_vcpu_set_vtimer_mask(vcpu, false);
        return;
    }
    hv_vcpu_get_reg(vcpu, HV_REG_PC, &pc);
    if (class != 0x16) {
        hv_vcpu_set_reg(vcpu, HV_REG_PC, pc + 4);
    }
    hv_vcpu_set_reg(vcpu, HV_REG_X0 + (unsigned)(e->exception.syndrome >> 16 & 15), value(in));
    if ((fuzz_take(in, 1) & 7) == 0) {
        hv_vcpu_set_pending_interrupt(vcpu, HV_INTERRUPT_TYPE_IRQ, true);
    }
}

/* ---- The second vCPU ---- */

/* Runs it until the first one has done; what it reads is nothing. */
static void run_second(hv_vcpu_t vcpu, const hv_vcpu_exit_t *e)
{
    struct fuzz_input none = {NULL, 0};

    for (unsigned i = 0; i < EXITS_MAX && !atomic_load(&second.stop); i++) {
        FUZZ_CHECK(hv_vcpu_run(vcpu) == HV_SUCCESS);
        answer(vcpu, e, &none);
    }
}

static void *second_main(void *arg)
{
    hv_vcpu_exit_t *e;
    hv_vcpu_t vcpu;

    (void)arg;
    pthread_mutex_lock(&second.lock);
    for (;;) {
        while (second.in == NULL) {
            pthread_cond_wait(&second.changed, &second.lock);
        }
        FUZZ_CHECK(hv_vcpu_create(&vcpu, &e, NULL) == HV_SUCCESS);
        set_registers(vcpu, second.in);
        second.ready = true;
        pthread_cond_broadcast(&second.changed);
        pthread_mutex_unlock(&second.lock);
        run_second(vcpu, e);
        FUZZ_CHECK(hv_vcpu_destroy(vcpu) == HV_SUCCESS);
        pthread_mutex_lock(&second.lock);
        second.in = NULL;
        pthread_cond_broadcast(&second.changed);
    }
    return NULL;
}

/* It starts to run, perhaps before RAM is filled. */
static void second_begin(struct fuzz_input *in)
{
    pthread_mutex_lock(&second.lock);
    atomic_store(&second.stop, false);
    second.ready = false;
    second.in = in;
    pthread_cond_broadcast(&second.changed);
    while (!second.ready) {
        pthread_cond_wait(&second.changed, &second.lock);
    }
    pthread_mutex_unlock(&second.lock);
}

static void second_end(void)
{
    atomic_store(&second.stop, true);
    pthread_mutex_lock(&second.lock);
    while (second.in != NULL) {
        pthread_cond_wait(&second.changed, &second.lock);
    }
    pthread_mutex_unlock(&second.lock);
}

/* ---- One input ---- */

static void prepare(void)
{
    pthread_t thread;

    FUZZ_CHECK(hv_vm_allocate(&ram, RAM_SIZE, HV_ALLOCATE_DEFAULT) == HV_SUCCESS);
    FUZZ_CHECK(pthread_create(&thread, NULL, kick, NULL) == 0);
    pthread_detach(thread);
    FUZZ_CHECK(pthread_create(&thread, NULL, second_main, NULL) == 0);
    pthread_detach(thread);
}

static void make_gic(void)
{
    hv_gic_config_t config = hv_gic_config_create();

    FUZZ_CHECK(config != NULL);
    FUZZ_CHECK(hv_gic_config_set_distributor_base(config, 0x08000000) == HV_SUCCESS);
    FUZZ_CHECK(hv_gic_config_set_redistributor_base(config, 0x080a0000) == HV_SUCCESS);
    FUZZ_CHECK(hv_gic_create(config) == HV_SUCCESS);
    os_release(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    hv_vcpu_exit_t *e;
    hv_vcpu_t vcpu;
    uint64_t kind;
    bool gic, two;

    if (ram == NULL) {
        prepare();
    }
    kind = fuzz_take(&in, 1);
    gic = kind & 1;
    two = kind & 2;
    FUZZ_CHECK(hv_vm_create(NULL) == HV_SUCCESS);
    if (gic) {
        make_gic();
    }
    FUZZ_CHECK(hv_vm_map(ram, RAM_BASE, RAM_SIZE, 7) == HV_SUCCESS);
    FUZZ_CHECK(hv_vcpu_create(&vcpu, &e, NULL) == HV_SUCCESS);
    set_registers(vcpu, &in);
    memset(ram, 0, RAM_SIZE);
    if (two) {
        second_begin(&in);
    }
    memcpy(ram, in.p, in.left < RAM_SIZE ? in.left : RAM_SIZE);
    for (unsigned i = 0; i < EXITS_MAX; i++) {
        FUZZ_CHECK(hv_vcpu_run(vcpu) == HV_SUCCESS);
        if (gic && (fuzz_take(&in, 1) & 3) == 0) {
            hv_gic_set_spi(32 + (uint32_t)fuzz_take(&in, 1), true);
        }
        answer(vcpu, e, &in);
        if (e->reason == HV_EXIT_REASON_CANCELED) {
            break;
        }
    }
    if (two) {
        second_end();
    }
    FUZZ_CHECK(hv_vcpu_destroy(vcpu) == HV_SUCCESS);
    FUZZ_CHECK(hv_vm_destroy() == HV_SUCCESS);
    return 0;
}
