/* SPDX-License-Identifier: ISC */
/*
 * A VMM made of the input: calls of hv_* in any order, with any arguments, from two threads, and
 * short guest code run in between. One VM, or a few after one another, an input.
 *
 * Beside it goes a model of what Hypervisor.h promises: one VM a process, one vCPU a thread and only for
 * that thread, a GIC before any vCPU, ranges that are mapped as a whole or not at all, nothing
 * written with an error. Memory that was never mapped for writing stays as it was.
 *
 * The second thread does one call at a time, while the first one waits; but a vCPU that it runs may go on
 * running while the first thread makes further calls.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <Hypervisor/hv-soft.h>

#include "fuzz-input.h"

#define RAM_BASE   UINT64_C(0x40000000)
#define GRANULE    UINT64_C(0x4000)
#define GRANULES   8u /* of host memory, shown at 2 * GRANULES places */
#define PLACES     (2 * GRANULES)
#define RAM_SIZE   (GRANULE * GRANULES)
#define GICD       UINT64_C(0x08000000)
#define GICR       UINT64_C(0x080a0000)
#define MSI        UINT64_C(0x08080000)
#define STEPS_MAX  96u
#define RUNS_MAX   12u
#define STATE_MAX  65536u
#define CANARY     UINT64_C(0xa5a5a5a5a5a5a5a5)
#define NO_VCPU    UINT64_MAX
#define ALL_RIGHTS UINT64_C(7)

/* ---- The model ---- */

struct place {
    bool mapped;
    unsigned granule; /* of host memory */
};

static struct {
    bool vm;
    bool gic;
    bool msi;
    uint64_t unit; /* of mappings */
    unsigned ipa_bits;
    struct place place[PLACES];
    bool writable[GRANULES]; /* was mapped so once */
    unsigned runs;
    hv_vm_config_t vm_config;
    hv_gic_config_t gic_config;
    hv_gic_state_t gic_state;
    bool has_dist, has_redist, has_msi, has_range; /* of gic_config */
} model;

static uint8_t *ram;
static uint8_t *before; /* ram as the input made it */

/* ---- Two threads ---- */

struct actor {
    _Atomic uint64_t vcpu; /* NO_VCPU: none */
    hv_vcpu_exit_t *exit;
};

static struct actor actors[2];

/* What the second thread is to do; it sleeps while there is nothing. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*call)(struct actor *a, struct fuzz_input *in);
    struct fuzz_input *in;
    bool busy;
} second = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *second_main(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&second.lock);
    for (;;) {
        while (!second.busy) {
            pthread_cond_wait(&second.changed, &second.lock);
        }
        pthread_mutex_unlock(&second.lock);
        second.call(&actors[1], second.in);
        pthread_mutex_lock(&second.lock);
        second.busy = false;
        pthread_cond_broadcast(&second.changed);
    }
    return NULL;
}

static void second_wait(void)
{
    pthread_mutex_lock(&second.lock);
    while (second.busy) {
        pthread_cond_wait(&second.changed, &second.lock);
    }
    pthread_mutex_unlock(&second.lock);
}

static void second_begin(void (*call)(struct actor *a, struct fuzz_input *in),
                         struct fuzz_input *in)
{
    second_wait();
    pthread_mutex_lock(&second.lock);
    second.call = call;
    second.in = in;
    second.busy = true;
    pthread_cond_broadcast(&second.changed);
    pthread_mutex_unlock(&second.lock);
}

static bool second_is_busy(void)
{
    bool busy;

    pthread_mutex_lock(&second.lock);
    busy = second.busy;
    pthread_mutex_unlock(&second.lock);
    return busy;
}

/* Whatever runs comes back; most kicks find nobody. */
static void *kick(void *arg)
{
    struct timespec pause = {.tv_nsec = 100000};

    (void)arg;
    for (;;) {
        nanosleep(&pause, NULL);
        for (unsigned i = 0; i < 2; i++) {
            hv_vcpu_t vcpu = atomic_load(&actors[i].vcpu);
            hv_vcpus_exit(&vcpu, 1);
        }
    }
    return NULL;
}

static void prepare(void)
{
    void *memory;
    pthread_t thread;

    FUZZ_CHECK(hv_vm_allocate(&memory, 2 * RAM_SIZE, HV_ALLOCATE_DEFAULT) == HV_SUCCESS);
    ram = memory;
    before = ram + RAM_SIZE;
    atomic_init(&actors[0].vcpu, NO_VCPU);
    atomic_init(&actors[1].vcpu, NO_VCPU);
    FUZZ_CHECK(pthread_create(&thread, NULL, second_main, NULL) == 0);
    pthread_detach(thread);
    FUZZ_CHECK(pthread_create(&thread, NULL, kick, NULL) == 0);
    pthread_detach(thread);
}

/* ---- Arguments ---- */

static uint64_t value(struct fuzz_input *in)
{
    uint64_t kind = fuzz_take(in, 1);

    switch (kind & 7) {
    case 0: return fuzz_take(in, 8);
    case 1: return fuzz_take(in, 4);
    case 2: return 0 - fuzz_take(in, 2);
    case 3: return UINT64_C(1) << (fuzz_take(in, 1) & 63);
    case 4: return GICD + fuzz_take(in, 3);
    default: return RAM_BASE + fuzz_take(in, 2);
    }
}

/* Mostly this thread's vCPU, now and then any. */
static hv_vcpu_t handle(const struct actor *a, struct fuzz_input *in)
{
    uint64_t kind = fuzz_take(in, 1);

    switch (kind & 15) {
    case 0: return value(in);
    case 1: return atomic_load(&actors[0].vcpu);
    case 2: return atomic_load(&actors[1].vcpu);
    default: return atomic_load(&a->vcpu);
    }
}

static bool owns(const struct actor *a, hv_vcpu_t vcpu)
{
    return vcpu != NO_VCPU && vcpu == atomic_load(&a->vcpu);
}

/* With an error nothing is written. */
static void check_out(hv_return_t result, uint64_t out)
{
    FUZZ_CHECK(result == HV_SUCCESS || out == CANARY);
}

/* ---- The VM and its memory ---- */

static void do_vm_config(struct actor *a, struct fuzz_input *in)
{
    uint64_t what = fuzz_take(in, 1);
    uint32_t number = (uint32_t)fuzz_take(in, 1);

    (void)a;
    if (model.vm_config == NULL) {
        model.vm_config = hv_vm_config_create();
        FUZZ_CHECK(model.vm_config != NULL);
    }
    switch (what % 4) {
    case 0:
        FUZZ_CHECK((hv_vm_config_set_ipa_size(model.vm_config, number) == HV_SUCCESS) ==
                   (number >= 32 && number <= 40));
        break;
    case 1:
        FUZZ_CHECK((hv_vm_config_set_ipa_granule(model.vm_config, number) == HV_SUCCESS) ==
                   (number <= HV_IPA_GRANULE_16KB));
        break;
    case 2: hv_vm_config_set_el2_enabled(model.vm_config, number & 1); break;
    default: hv_soft_config_set_wfi_exits(model.vm_config, number & 1); break;
    }
}

static void do_vm_create(struct actor *a, struct fuzz_input *in)
{
    bool configured = model.vm_config != NULL && (fuzz_take(in, 1) & 1) != 0;
    hv_ipa_granule_t granule = HV_IPA_GRANULE_16KB;
    uint32_t bits = 36;
    hv_return_t result = hv_vm_create(configured ? model.vm_config : NULL);

    (void)a;
    FUZZ_CHECK(result == (model.vm ? HV_BUSY : HV_SUCCESS));
    if (result == HV_SUCCESS) {
        if (configured) {
            FUZZ_CHECK(hv_vm_config_get_ipa_size(model.vm_config, &bits) == HV_SUCCESS);
            FUZZ_CHECK(hv_vm_config_get_ipa_granule(model.vm_config, &granule) == HV_SUCCESS);
        }
        model.vm = true;
        model.gic = false;
        model.ipa_bits = bits;
        model.unit = granule == HV_IPA_GRANULE_4KB ? 0x1000 : 0x4000;
        memset(model.place, 0, sizeof(model.place));
    }
}

static bool any_vcpu(void)
{
    return atomic_load(&actors[0].vcpu) != NO_VCPU || atomic_load(&actors[1].vcpu) != NO_VCPU;
}

static void do_vm_destroy(struct actor *a, struct fuzz_input *in)
{
    hv_return_t result = hv_vm_destroy();

    (void)a;
    (void)in;
    FUZZ_CHECK(result == (!model.vm ? HV_NO_DEVICE : any_vcpu() ? HV_BUSY : HV_SUCCESS));
    if (result == HV_SUCCESS) {
        model.vm = false;
        model.gic = false;
    }
}

/* Ranges of whole places are modelled. Others must be refused, which those of 4 KiB may not be: they
 * stay out of the model's way. */
struct range {
    uint64_t ipa;
    uint64_t size;
    unsigned first, count; /* places; count 0: to be refused */
};

static struct range take_range(struct fuzz_input *in)
{
    unsigned first = (unsigned)fuzz_take(in, 1) % (PLACES + 2);
    unsigned count = (unsigned)fuzz_take(in, 1) % (GRANULES + 2);
    struct range r = {RAM_BASE + first * GRANULE, count * GRANULE, first, count};

    switch (fuzz_take(in, 1) & 31) {
    case 0: r = (struct range){r.ipa + 1, r.size, 0, 0}; break;
    case 1: r = (struct range){r.ipa, r.size + 1, 0, 0}; break;
    case 2: r = (struct range){UINT64_C(1) << 40, GRANULE, 0, 0}; break;
    case 3: r = (struct range){0 - GRANULE, 2 * GRANULE, 0, 0}; break;
    case 4: r = (struct range){r.ipa, 0 - r.size, 0, 0}; break;
    case 5: r = (struct range){r.ipa, UINT64_C(1) << 41, 0, 0}; break;
    default: break;
    }
    return r;
}

/* How many places of the range are mapped; those behind the last are not. */
static unsigned mapped_in(const struct range *r)
{
    unsigned mapped = 0;

    for (unsigned i = r->first; i < r->first + r->count && i < PLACES; i++) {
        mapped += model.place[i].mapped;
    }
    return mapped;
}

static void do_map(struct actor *a, struct fuzz_input *in)
{
    struct range r = take_range(in);
    unsigned granule = (unsigned)fuzz_take(in, 1) % GRANULES;
    uint64_t rights = fuzz_take(in, 1) & 15;
    bool good;
    hv_return_t result;

    (void)a;
    /* Only what is the caller's, where it might work; and only places of the model. */
    if (r.count != 0 && (granule + r.count > GRANULES || r.first + r.count > PLACES)) {
        return;
    }
    good = model.vm && r.count != 0 && rights <= ALL_RIGHTS && mapped_in(&r) == 0;
    result = hv_vm_map(ram + granule * GRANULE, r.ipa, (size_t)r.size, rights);
    /* A GIC may lie there. */
    FUZZ_CHECK((result == HV_SUCCESS) == good || (good && model.gic));
    good = result == HV_SUCCESS;
    for (unsigned i = 0; good && i < r.count; i++) {
        model.place[r.first + i] = (struct place){true, granule + i};
        model.writable[granule + i] |= (rights & HV_MEMORY_WRITE) != 0;
    }
}

static void do_unmap(struct actor *a, struct fuzz_input *in)
{
    struct range r = take_range(in);
    bool good = model.vm && r.count != 0 && mapped_in(&r) == r.count;
    hv_return_t result = hv_vm_unmap(r.ipa, (size_t)r.size);

    (void)a;
    FUZZ_CHECK((result == HV_SUCCESS) == good);
    for (unsigned i = 0; good && i < r.count; i++) {
        model.place[r.first + i].mapped = false;
    }
}

static void do_protect(struct actor *a, struct fuzz_input *in)
{
    struct range r = take_range(in);
    uint64_t rights = fuzz_take(in, 1) & 15;
    bool good = model.vm && r.count != 0 && rights <= ALL_RIGHTS && mapped_in(&r) == r.count;

    (void)a;
    for (unsigned i = 0; good && i < r.count; i++) {
        model.writable[model.place[r.first + i].granule] |= (rights & HV_MEMORY_WRITE) != 0;
    }
    FUZZ_CHECK((hv_vm_protect(r.ipa, (size_t)r.size, rights) == HV_SUCCESS) == good);
}

/* Whole mappings of nothing, which go again at once. */
static void do_allocate(struct actor *a, struct fuzz_input *in)
{
    uint64_t size = fuzz_take(in, 3);
    void *memory = NULL;

    (void)a;
    if (hv_vm_allocate(&memory, (size_t)size, fuzz_take(in, 1) & 1) == HV_SUCCESS) {
        FUZZ_CHECK(memory != NULL && *(uint8_t *)memory == 0);
        FUZZ_CHECK(hv_vm_deallocate(memory, (size_t)size) == HV_SUCCESS);
    } else {
        FUZZ_CHECK(memory == NULL);
    }
}

/* ---- vCPUs ---- */

static void do_vcpu_create(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = CANARY;
    hv_vcpu_exit_t *exit = NULL;
    hv_vcpu_config_t config = (fuzz_take(in, 1) & 1) != 0 ? hv_vcpu_config_create() : NULL;
    hv_return_t result = hv_vcpu_create(&vcpu, &exit, config);

    FUZZ_CHECK(result == (!model.vm                          ? HV_NO_DEVICE
                          : atomic_load(&a->vcpu) != NO_VCPU ? HV_BUSY
                                                             : HV_SUCCESS));
    check_out(result, vcpu);
    if (result == HV_SUCCESS) {
        FUZZ_CHECK(vcpu < 16 && exit != NULL);
        a->exit = exit;
        atomic_store(&a->vcpu, vcpu);
        hv_vcpu_set_reg(vcpu, HV_REG_PC, RAM_BASE);
    }
    if (config != NULL) {
        os_release(config);
    }
}

static void do_vcpu_destroy(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = handle(a, in);
    bool good = owns(a, vcpu);

    if (good) {
        atomic_store(&a->vcpu, NO_VCPU); /* the kicks may still be on their way */
    }
    FUZZ_CHECK((hv_vcpu_destroy(vcpu) == HV_SUCCESS) == good);
}

static void do_run(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = atomic_load(&a->vcpu);
    hv_return_t result = hv_vcpu_run(vcpu);

    (void)in; /* the first thread's, while this runs */
    FUZZ_CHECK((result == HV_SUCCESS) == (vcpu != NO_VCPU));
    FUZZ_CHECK(vcpu == NO_VCPU || a->exit->reason <= HV_EXIT_REASON_VTIMER_ACTIVATED);
}

/* Goes on behind what exited. */
static void do_step_over(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = atomic_load(&a->vcpu);
    uint64_t pc = 0;

    if (vcpu != NO_VCPU) {
        FUZZ_CHECK(hv_vcpu_get_reg(vcpu, HV_REG_PC, &pc) == HV_SUCCESS);
        pc = (fuzz_take(in, 1) & 1) != 0 ? RAM_BASE + (fuzz_take(in, 2) & 0xfffc) : pc + 4;
        FUZZ_CHECK(hv_vcpu_set_reg(vcpu, HV_REG_PC, pc) == HV_SUCCESS);
    }
}

static void do_reg(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = handle(a, in);
    hv_reg_t reg = (hv_reg_t)fuzz_take(in, 1) % 37;
    uint64_t wanted = value(in);
    uint64_t got = CANARY;
    hv_return_t set = hv_vcpu_set_reg(vcpu, reg, wanted);
    hv_return_t get = hv_vcpu_get_reg(vcpu, reg, &got);

    FUZZ_CHECK((get == HV_SUCCESS) == (owns(a, vcpu) && reg <= HV_REG_CPSR));
    FUZZ_CHECK(set == HV_SUCCESS || get != HV_SUCCESS || reg == HV_REG_CPSR);
    FUZZ_CHECK(get != HV_SUCCESS || reg > HV_REG_PC || got == wanted);
    check_out(get, got);
}

static void do_simd_reg(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = handle(a, in);
    hv_simd_fp_reg_t reg = (hv_simd_fp_reg_t)fuzz_take(in, 1) % 34;
    uint64_t wanted[2] = {value(in), value(in)};
    hv_simd_fp_uchar16_t q;
    hv_simd_fp_uchar16_t got;
    bool good = owns(a, vcpu) && reg <= HV_SIMD_FP_REG_Q31;

    memcpy(&q, wanted, sizeof(q));
    memset(&got, 0, sizeof(got));
    FUZZ_CHECK((hv_vcpu_set_simd_fp_reg(vcpu, reg, q) == HV_SUCCESS) == good);
    FUZZ_CHECK((hv_vcpu_get_simd_fp_reg(vcpu, reg, &got) == HV_SUCCESS) == good);
    FUZZ_CHECK(!good || memcmp(&got, &q, sizeof(q)) == 0);
}

static void do_sys_reg(struct actor *a, struct fuzz_input *in)
{
    static const hv_sys_reg_t known[] = {
        HV_SYS_REG_SCTLR_EL1,        HV_SYS_REG_TTBR0_EL1,     HV_SYS_REG_TTBR1_EL1,
        HV_SYS_REG_TCR_EL1,          HV_SYS_REG_MAIR_EL1,      HV_SYS_REG_VBAR_EL1,
        HV_SYS_REG_MPIDR_EL1,        HV_SYS_REG_CPACR_EL1,     HV_SYS_REG_MDSCR_EL1,
        HV_SYS_REG_DBGBVR0_EL1,      HV_SYS_REG_DBGBCR0_EL1,   HV_SYS_REG_DBGWVR0_EL1,
        HV_SYS_REG_DBGWCR0_EL1,      HV_SYS_REG_CNTV_CTL_EL0,  HV_SYS_REG_CNTV_CVAL_EL0,
        HV_SYS_REG_CNTP_CTL_EL0,     HV_SYS_REG_CNTP_TVAL_EL0, HV_SYS_REG_CNTP_CVAL_EL0,
        HV_SYS_REG_ID_AA64MMFR0_EL1, HV_SYS_REG_CSSELR_EL1,    HV_SYS_REG_ELR_EL1,
        HV_SYS_REG_SPSR_EL1,
    };
    hv_vcpu_t vcpu = handle(a, in);
    unsigned which = (unsigned)fuzz_take(in, 1);
    hv_sys_reg_t reg = which < 192 ? known[which % (sizeof(known) / sizeof(known[0]))]
                                   : (hv_sys_reg_t)fuzz_take(in, 2);
    uint64_t got = CANARY;
    hv_return_t set = hv_vcpu_set_sys_reg(vcpu, reg, value(in));
    hv_return_t get = hv_vcpu_get_sys_reg(vcpu, reg, &got);

    FUZZ_CHECK(owns(a, vcpu) || (get == HV_BAD_ARGUMENT && set == HV_BAD_ARGUMENT));
    check_out(get, got);
}

static void do_vcpu_flags(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = handle(a, in);
    uint64_t what = fuzz_take(in, 1);
    uint64_t v = value(in);
    uint64_t number = CANARY;
    bool flag = false;
    bool good = owns(a, vcpu);
    hv_return_t set, get;

    switch (what % 6) {
    case 0:
        set = hv_vcpu_set_pending_interrupt(vcpu, (hv_interrupt_type_t)(what >> 6), v & 1);
        get = hv_vcpu_get_pending_interrupt(vcpu, (hv_interrupt_type_t)(what >> 6), &flag);
        good = good && what >> 6 <= HV_INTERRUPT_TYPE_FIQ;
        break;
    case 1:
        set = hv_vcpu_set_trap_debug_exceptions(vcpu, v & 1);
        get = hv_vcpu_get_trap_debug_exceptions(vcpu, &flag);
        break;
    case 2:
        set = hv_vcpu_set_trap_debug_reg_accesses(vcpu, v & 1);
        get = hv_vcpu_get_trap_debug_reg_accesses(vcpu, &flag);
        break;
    case 3:
        set = hv_vcpu_set_vtimer_mask(vcpu, v & 1);
        get = hv_vcpu_get_vtimer_mask(vcpu, &flag);
        break;
    case 4:
        set = hv_vcpu_set_vtimer_offset(vcpu, v);
        get = hv_vcpu_get_vtimer_offset(vcpu, &number);
        FUZZ_CHECK(!good || number == v);
        flag = v & 1;
        break;
    default:
        set = get = hv_vcpu_get_exec_time(vcpu, &number);
        flag = v & 1;
        break;
    }
    FUZZ_CHECK((set == HV_SUCCESS) == good && (get == HV_SUCCESS) == good);
    FUZZ_CHECK(!good || flag == (v & 1));
}

static void do_vcpus_exit(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t list[3] = {handle(a, in), handle(a, in), handle(a, in)};
    unsigned count = (unsigned)fuzz_take(in, 1) & 3;
    bool good = model.vm;
    hv_return_t result = hv_vcpus_exit(count == 0 ? NULL : list, count);

    for (unsigned i = 0; i < count; i++) {
        good = good && (owns(&actors[0], list[i]) || owns(&actors[1], list[i]));
    }
    FUZZ_CHECK((result == HV_SUCCESS) == good);
}

/* ---- The GIC ---- */

static void do_gic_config(struct actor *a, struct fuzz_input *in)
{
    uint64_t what = fuzz_take(in, 1);
    uint64_t v = value(in);
    hv_gic_config_t c = model.gic_config;

    (void)a;
    if (c == NULL) {
        c = model.gic_config = hv_gic_config_create();
        FUZZ_CHECK(c != NULL);
    }
    switch (what % 8) {
    case 0: model.has_dist |= hv_gic_config_set_distributor_base(c, v) == HV_SUCCESS; break;
    case 1: model.has_redist |= hv_gic_config_set_redistributor_base(c, v) == HV_SUCCESS; break;
    case 2: model.has_msi |= hv_gic_config_set_msi_region_base(c, v) == HV_SUCCESS; break;
    case 3:
        model.has_range |= hv_gic_config_set_msi_interrupt_range(c, (uint32_t)v,
                                                                 (uint32_t)(v >> 32)) == HV_SUCCESS;
        break;
    case 4:
        FUZZ_CHECK(hv_gic_config_set_msi_region_base(c, MSI) == HV_SUCCESS);
        FUZZ_CHECK(hv_gic_config_set_msi_interrupt_range(c, 64, 32) == HV_SUCCESS);
        model.has_msi = model.has_range = true;
        break;
    default:
        FUZZ_CHECK(hv_gic_config_set_distributor_base(c, GICD) == HV_SUCCESS);
        FUZZ_CHECK(hv_gic_config_set_redistributor_base(c, GICR) == HV_SUCCESS);
        model.has_dist = model.has_redist = true;
        break;
    }
}

static void do_gic_create(struct actor *a, struct fuzz_input *in)
{
    hv_return_t result = hv_gic_create(model.gic_config);

    (void)a;
    (void)in;
    FUZZ_CHECK(result != HV_SUCCESS ||
               (model.vm && !model.gic && !any_vcpu() && model.has_dist && model.has_redist));
    if (result == HV_SUCCESS) {
        model.gic = true;
        model.msi = model.has_msi && model.has_range;
    }
}

static void do_gic_interrupt(struct actor *a, struct fuzz_input *in)
{
    uint64_t what = fuzz_take(in, 1);
    uint32_t intid = (uint32_t)fuzz_take(in, 2);
    hv_return_t result;

    (void)a;
    if ((what & 2) != 0) {
        result = hv_gic_send_msi((what & 4) != 0 ? MSI + 0x40 : value(in), intid);
        FUZZ_CHECK(result != HV_SUCCESS || (model.gic && model.msi));
    } else {
        result = hv_gic_set_spi(intid, what & 1);
        FUZZ_CHECK(result != HV_SUCCESS || (model.gic && intid >= 32 && intid < 1020));
    }
}

static void do_gic_reg(struct actor *a, struct fuzz_input *in)
{
    uint64_t what = fuzz_take(in, 1);
    hv_vcpu_t vcpu = handle(a, in);
    uint32_t reg = (uint32_t)fuzz_take(in, 3);
    uint64_t v = value(in);
    uint64_t got = CANARY;
    bool own = owns(a, vcpu);
    hv_return_t set, get;

    switch (what % 7) {
    case 0:
        set = hv_gic_set_distributor_reg((hv_gic_distributor_reg_t)reg, v);
        get = hv_gic_get_distributor_reg((hv_gic_distributor_reg_t)reg, &got);
        own = true;
        break;
    case 1:
        set = hv_gic_set_redistributor_reg(vcpu, reg, v);
        get = hv_gic_get_redistributor_reg(vcpu, reg, &got);
        break;
    case 2:
        set = hv_gic_set_icc_reg(vcpu, (hv_gic_icc_reg_t)(0xc000 | reg), v);
        get = hv_gic_get_icc_reg(vcpu, (hv_gic_icc_reg_t)(0xc000 | reg), &got);
        break;
    case 3:
        set = hv_gic_set_ich_reg(vcpu, (hv_gic_ich_reg_t)(0xe000 | reg), v);
        get = hv_gic_get_ich_reg(vcpu, (hv_gic_ich_reg_t)(0xe000 | reg), &got);
        FUZZ_CHECK(set != HV_SUCCESS && get != HV_SUCCESS);
        break;
    case 4:
        set = hv_gic_set_icv_reg(vcpu, (hv_gic_icv_reg_t)(0xc000 | reg), v);
        get = hv_gic_get_icv_reg(vcpu, (hv_gic_icv_reg_t)(0xc000 | reg), &got);
        FUZZ_CHECK(set != HV_SUCCESS && get != HV_SUCCESS);
        break;
    case 5:
        set = hv_gic_set_msi_reg((hv_gic_msi_reg_t)(reg & 0x48), v);
        get = hv_gic_get_msi_reg((hv_gic_msi_reg_t)(reg & 0x48), &got);
        FUZZ_CHECK(get != HV_SUCCESS || model.msi);
        own = true;
        break;
    default:
        set = get = hv_gic_get_redistributor_base(vcpu, &got);
        own = true; /* any thread may ask */
        break;
    }
    FUZZ_CHECK((set != HV_SUCCESS && get != HV_SUCCESS) || (model.gic && own));
    check_out(get, got);
}

static void do_gic_reset(struct actor *a, struct fuzz_input *in)
{
    (void)a;
    (void)in;
    FUZZ_CHECK((hv_gic_reset() == HV_SUCCESS) == model.gic || second_is_busy());
}

/* Keeps one; and brings it back, perhaps with a byte changed, perhaps into another VM. */
static void do_gic_state(struct actor *a, struct fuzz_input *in)
{
    static uint8_t data[STATE_MAX];
    uint64_t what = fuzz_take(in, 1);
    size_t size = 0;

    (void)a;
    if ((what & 1) != 0 || model.gic_state == NULL) {
        if (model.gic_state != NULL) {
            os_release(model.gic_state);
        }
        model.gic_state = hv_gic_state_create();
        FUZZ_CHECK((model.gic_state != NULL) == model.gic);
        return;
    }
    FUZZ_CHECK(hv_gic_state_get_size(model.gic_state, &size) == HV_SUCCESS);
    FUZZ_CHECK(size != 0 && size <= sizeof(data));
    FUZZ_CHECK(hv_gic_state_get_data(model.gic_state, data) == HV_SUCCESS);
    for (unsigned i = 0; i < (what >> 1 & 3); i++) {
        data[fuzz_take(in, 2) % size] ^= (uint8_t)fuzz_take(in, 1);
    }
    if ((what & 8) != 0) {
        size = fuzz_take(in, 2) % (size + 1);
    }
    FUZZ_CHECK(hv_gic_set_state(data, size) != HV_SUCCESS || model.gic);
}

/* ---- One input ---- */

static void (*const calls[])(struct actor *a, struct fuzz_input *in) = {
    do_vm_config, do_vm_create,   do_vm_destroy,   do_map,        do_unmap,      do_protect,
    do_allocate,  do_vcpu_create, do_vcpu_destroy, do_step_over,  do_reg,        do_simd_reg,
    do_sys_reg,   do_vcpu_flags,  do_vcpus_exit,   do_gic_config, do_gic_create, do_gic_interrupt,
    do_gic_reg,   do_gic_reset,   do_gic_state,    do_run,
};

enum {
    CALLS = sizeof(calls) / sizeof(calls[0]),
    RUN = CALLS - 1,
};

/* The call's number; on the second thread; and whether a run there is waited for. */
static void one_call(unsigned what, struct fuzz_input *in)
{
    unsigned call = (what & 31) % CALLS;

    if (call == RUN && ++model.runs > RUNS_MAX) {
        return;
    }
    if ((what & 0x40) == 0) {
        calls[call](&actors[0], in);
        return;
    }
    second_begin(calls[call], in);
    if (call != RUN || (what & 0x80) == 0) {
        second_wait();
    }
}

/* Everything goes, each vCPU on its thread. */
static void destroy_vcpu(struct actor *a, struct fuzz_input *in)
{
    hv_vcpu_t vcpu = atomic_exchange(&a->vcpu, NO_VCPU);

    (void)in;
    FUZZ_CHECK(vcpu == NO_VCPU || hv_vcpu_destroy(vcpu) == HV_SUCCESS);
}

static void clean_up(void)
{
    second_begin(destroy_vcpu, NULL);
    second_wait();
    destroy_vcpu(&actors[0], NULL);
    FUZZ_CHECK(hv_vm_destroy() == (model.vm ? HV_SUCCESS : HV_NO_DEVICE));
    if (model.vm_config != NULL) {
        os_release(model.vm_config);
    }
    if (model.gic_config != NULL) {
        os_release(model.gic_config);
    }
    if (model.gic_state != NULL) {
        os_release(model.gic_state);
    }
    for (unsigned i = 0; i < GRANULES; i++) {
        FUZZ_CHECK(model.writable[i] ||
                   memcmp(ram + i * GRANULE, before + i * GRANULE, GRANULE) == 0);
    }
}

/* Guest code, at the beginning of each granule. */
static void fill_ram(struct fuzz_input *in)
{
    size_t size = (size_t)fuzz_take(in, 1) * 4;

    size = size < in->left ? size : in->left;
    memset(ram, 0, RAM_SIZE);
    for (unsigned i = 0; i < GRANULES; i++) {
        memcpy(ram + i * GRANULE, in->p, size);
    }
    in->p += size;
    in->left -= size;
    memcpy(before, ram, RAM_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    if (ram == NULL) {
        prepare();
    }
    memset(&model, 0, sizeof(model));
    fill_ram(&in);
    for (unsigned i = 0; i < STEPS_MAX && in.left != 0; i++) {
        one_call((unsigned)fuzz_take(&in, 1), &in);
    }
    second_wait();
    clean_up();
    return 0;
}
