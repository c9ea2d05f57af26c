/* SPDX-License-Identifier: ISC */
/* hvt.c: fixtures and assertions of the conformance tests (hvt.h). */
#include "hvt.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No test needs a second; this is for one that hangs. */
#define DEADLINE_SECONDS 60u

static unsigned deadline(void)
{
    const char *slow = getenv("PADDOCK_SLOW");
    long factor = slow != NULL ? strtol(slow, NULL, 10) : 1;

    return DEADLINE_SECONDS * (factor >= 1 && factor <= 100 ? (unsigned)factor : 1);
}

/* ---- Assertions ------------------------------------------------------- */

const char *hvt_error_name(hv_return_t ret)
{
    switch (ret) {
    case HV_SUCCESS: return "HV_SUCCESS";
    case HV_ERROR: return "HV_ERROR";
    case HV_BUSY: return "HV_BUSY";
    case HV_BAD_ARGUMENT: return "HV_BAD_ARGUMENT";
    case HV_ILLEGAL_GUEST_STATE: return "HV_ILLEGAL_GUEST_STATE";
    case HV_NO_RESOURCES: return "HV_NO_RESOURCES";
    case HV_NO_DEVICE: return "HV_NO_DEVICE";
    case HV_DENIED: return "HV_DENIED";
    case HV_UNSUPPORTED: return "HV_UNSUPPORTED";
    default: return "another error";
    }
}

void hvt_check(hv_return_t ret, bool want_ok, const char *what, const char *file, int line)
{
    if ((ret == HV_SUCCESS) != want_ok) {
        print_error("%s: %s (0x%08x), expected %s\n", what, hvt_error_name(ret), (unsigned)ret,
                    want_ok ? "success" : "an error");
        _fail(file, line);
    }
}

void hvt_check_code(hv_return_t ret, hv_return_t want, const char *what, const char *file, int line)
{
    if (ret != want) {
        print_error("%s: %s (0x%08x), expected %s\n", what, hvt_error_name(ret), (unsigned)ret,
                    hvt_error_name(want));
        _fail(file, line);
    }
}

/* ---- Fixtures --------------------------------------------------------- */

void hvt_make_ram(struct hvt *t)
{
    void *p = NULL;

    HVT_OK(hv_vm_allocate(&p, HVT_RAM_SIZE, HV_ALLOCATE_DEFAULT));
    t->ram = p;
}

void hvt_map_ram(struct hvt *t)
{
    HVT_OK(hv_vm_map(t->ram, HVT_RAM, HVT_RAM_SIZE,
                     HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC));
}

void hvt_make_vcpu(struct hvt *t)
{
    HVT_OK(hv_vcpu_create(&t->vcpu, &t->exit, NULL));
    t->has_vcpu = true;
    hvt_set_sys_reg(t, HV_SYS_REG_MPIDR_EL1, 0);
    hvt_set_reg(t, HV_REG_PC, HVT_RAM);
    hvt_set_reg(t, HV_REG_CPSR, HVT_CPSR);
    /* EL0 and EL1 may use SIMD&FP. */
    hvt_set_sys_reg(t, HV_SYS_REG_CPACR_EL1, UINT64_C(3) << 20);
}

void hvt_drop_vcpu(struct hvt *t)
{
    HVT_OK(hv_vcpu_destroy(t->vcpu));
    t->has_vcpu = false;
}

int hvt_setup_nothing(void **state)
{
    *state = calloc(1, sizeof(struct hvt));
    alarm(deadline());
    return *state != NULL ? 0 : -1;
}

int hvt_setup_vm(void **state)
{
    struct hvt *t;

    if (hvt_setup_nothing(state) != 0) {
        return -1;
    }
    t = *state;
    HVT_OK(hv_vm_create(NULL));
    t->has_vm = true;
    hvt_make_ram(t);
    hvt_map_ram(t);
    return 0;
}

int hvt_setup_vcpu(void **state)
{
    if (hvt_setup_vm(state) != 0) {
        return -1;
    }
    hvt_make_vcpu(*state);
    return 0;
}

static hv_ipa_t align_up(hv_ipa_t ipa, size_t alignment)
{
    return (ipa + alignment - 1) / alignment * alignment;
}

hv_gic_config_t hvt_gic_config(struct hvt *t, bool with_msi)
{
    size_t size = 0;
    size_t alignment = 0;
    uint32_t spi_base = 0;
    uint32_t spi_count = 0;
    hv_gic_config_t config = hv_gic_config_create();

    assert_non_null(config);
    HVT_OK(hv_gic_get_distributor_base_alignment(&alignment));
    t->gicd = align_up(UINT64_C(0x8000000), alignment);
    HVT_OK(hv_gic_config_set_distributor_base(config, t->gicd));

    HVT_OK(hv_gic_get_distributor_size(&size));
    HVT_OK(hv_gic_get_redistributor_base_alignment(&alignment));
    t->gicr_region = align_up(t->gicd + size, alignment);
    HVT_OK(hv_gic_config_set_redistributor_base(config, t->gicr_region));

    HVT_OK(hv_gic_get_redistributor_region_size(&size));
    HVT_OK(hv_gic_get_msi_region_base_alignment(&alignment));
    t->msi = align_up(t->gicr_region + size, alignment);
    HVT_OK(hv_gic_get_spi_interrupt_range(&spi_base, &spi_count));
    t->msi_intid = spi_base + 64;
    if (with_msi) {
        HVT_OK(hv_gic_config_set_msi_region_base(config, t->msi));
        HVT_OK(hv_gic_config_set_msi_interrupt_range(config, t->msi_intid, HVT_MSIS));
    }
    return config;
}

int hvt_setup_gic(void **state)
{
    struct hvt *t;
    hv_gic_config_t config;

    if (hvt_setup_vm(state) != 0) {
        return -1;
    }
    t = *state;
    config = hvt_gic_config(t, true);
    HVT_OK(hv_gic_create(config));
    os_release(config);
    hvt_make_vcpu(t);
    HVT_OK(hv_gic_get_redistributor_base(t->vcpu, &t->gicr));
    return 0;
}

int hvt_setup_mmu(void **state)
{
    if (hvt_setup_vcpu(state) != 0) {
        return -1;
    }
    hvt_mmu_on(*state);
    return 0;
}

int hvt_teardown(void **state)
{
    struct hvt *t = *state;
    hv_return_t ret = HV_SUCCESS;

    if (t->has_vcpu) {
        ret |= hv_vcpu_destroy(t->vcpu);
    }
    if (t->has_vm) {
        ret |= hv_vm_destroy();
    }
    if (t->ram != NULL) {
        ret |= hv_vm_deallocate(t->ram, HVT_RAM_SIZE);
    }
    free(t);
    alarm(0);
    return ret == HV_SUCCESS ? 0 : -1;
}

/* ---- Programs --------------------------------------------------------- */

static void put_code(struct hvt *t, uint64_t offset, const uint32_t *words, size_t count)
{
    char *begin = (char *)t->ram + offset;

    memcpy(begin, words, count * sizeof(words[0]));
    __builtin___clear_cache(begin, begin + count * sizeof(words[0]));
}

uint64_t hvt_load(struct hvt *t, const uint32_t *words, size_t count)
{
    uint64_t offset = t->next_code;

    assert_true(offset + count * sizeof(words[0]) <= HVT_VECTORS);
    put_code(t, offset, words, count);
    /* The next cache line, at least. */
    t->next_code = (offset + count * sizeof(words[0]) + 127) / 64 * 64;
    return HVT_RAM + offset;
}

uint64_t hvt_enter(struct hvt *t, const uint32_t *words, size_t count)
{
    uint64_t ipa = hvt_load(t, words, count);

    hvt_set_reg(t, HV_REG_PC, ipa);
    return ipa;
}

void hvt_vector(struct hvt *t, uint64_t offset, const uint32_t *words, size_t count)
{
    assert_true(count <= 32);
    put_code(t, HVT_VECTORS + offset, words, count);
    hvt_set_sys_reg(t, HV_SYS_REG_VBAR_EL1, HVT_RAM + HVT_VECTORS);
}

/* ---- Translation ------------------------------------------------------ */

#define GIB UINT64_C(0x40000000)

/* Block descriptor (D8.3): valid, AF, inner shareable, attribute index, AP[2]. */
void hvt_mmu_entry(struct hvt *t, uint64_t va, uint64_t ipa, bool device, bool read_only)
{
    const uint64_t block = ipa | UINT64_C(0x701) | (uint64_t)device << 2 | (uint64_t)read_only << 7;

    memcpy(t->ram + HVT_TABLES + va / GIB * sizeof(block), &block, sizeof(block));
}

void hvt_mmu_tables(struct hvt *t)
{
    memset(t->ram + HVT_TABLES, 0, 0x1000);
    hvt_mmu_entry(t, 0, 0, true, false);
    hvt_mmu_entry(t, GIB, GIB, false, false);
    hvt_mmu_entry(t, HVT_VA_ALIAS, GIB, false, false);
    hvt_mmu_entry(t, HVT_VA_DEVICES, 0, true, false);
    hvt_mmu_entry(t, HVT_VA_READ_ONLY, GIB, false, true);
    hvt_set_sys_reg(t, HV_SYS_REG_TTBR0_EL1, HVT_RAM + HVT_TABLES);
    /* T0SZ 25, write-back inner-shareable tables, no TTBR1, 36 bits out. */
    hvt_set_sys_reg(t, HV_SYS_REG_TCR_EL1,
                    25 | UINT64_C(0x3500) | UINT64_C(1) << 23 | UINT64_C(1) << 32);
    /* 0: write-back, 1: device nGnRE. */
    hvt_set_sys_reg(t, HV_SYS_REG_MAIR_EL1, 0x04ff);
}

void hvt_mmu_on(struct hvt *t)
{
    hvt_mmu_tables(t);
    hvt_set_sys_reg(t, HV_SYS_REG_SCTLR_EL1,
                    hvt_sys_reg(t, HV_SYS_REG_SCTLR_EL1) | UINT64_C(0x1005));
}

/* ---- Registers and runs ----------------------------------------------- */

hv_reg_t hvt_x(unsigned n)
{
    return (hv_reg_t)((unsigned)HV_REG_X0 + n);
}

uint64_t hvt_reg(struct hvt *t, hv_reg_t reg)
{
    uint64_t value = 0;

    HVT_OK(hv_vcpu_get_reg(t->vcpu, reg, &value));
    return value;
}

void hvt_set_reg(struct hvt *t, hv_reg_t reg, uint64_t value)
{
    HVT_OK(hv_vcpu_set_reg(t->vcpu, reg, value));
}

uint64_t hvt_sys_reg(struct hvt *t, hv_sys_reg_t reg)
{
    uint64_t value = 0;

    HVT_OK(hv_vcpu_get_sys_reg(t->vcpu, reg, &value));
    return value;
}

void hvt_set_sys_reg(struct hvt *t, hv_sys_reg_t reg, uint64_t value)
{
    HVT_OK(hv_vcpu_set_sys_reg(t->vcpu, reg, value));
}

void hvt_skip_insn(struct hvt *t)
{
    hvt_set_reg(t, HV_REG_PC, hvt_reg(t, HV_REG_PC) + 4);
}

unsigned hvt_ec(uint64_t syndrome)
{
    return (unsigned)(syndrome >> 26) & 0x3f;
}

uint64_t hvt_iss(uint64_t syndrome)
{
    return syndrome & 0x1ffffff;
}

static void print_exit(struct hvt *t)
{
    uint64_t pc = 0;

    (void)hv_vcpu_get_reg(t->vcpu, HV_REG_PC, &pc);
    print_error("exit reason %u, syndrome 0x%llx (EC 0x%02x), va 0x%llx, ipa 0x%llx, pc 0x%llx\n",
                (unsigned)t->exit->reason, (unsigned long long)t->exit->exception.syndrome,
                hvt_ec(t->exit->exception.syndrome),
                (unsigned long long)t->exit->exception.virtual_address,
                (unsigned long long)t->exit->exception.physical_address, (unsigned long long)pc);
}

void hvt_run_reason(struct hvt *t, hv_exit_reason_t reason)
{
    HVT_OK(hv_vcpu_run(t->vcpu));
    if (t->exit->reason != reason) {
        print_exit(t);
    }
    assert_int_equal(t->exit->reason, reason);
}

uint64_t hvt_run_exception(struct hvt *t, unsigned ec)
{
    hvt_run_reason(t, HV_EXIT_REASON_EXCEPTION);
    if (hvt_ec(t->exit->exception.syndrome) != ec) {
        print_exit(t);
    }
    assert_int_equal(hvt_ec(t->exit->exception.syndrome), ec);
    return t->exit->exception.syndrome;
}

void hvt_run_hvc(struct hvt *t, unsigned imm)
{
    uint64_t syndrome = hvt_run_exception(t, 0x16);

    assert_int_equal(hvt_iss(syndrome) & 0xffff, imm);
}

void hvt_run_to_hvc(struct hvt *t, unsigned imm)
{
    for (;;) {
        hvt_run_reason(t, HV_EXIT_REASON_EXCEPTION);
        if (hvt_ec(t->exit->exception.syndrome) != 0x01) {
            break;
        }
        hvt_skip_insn(t);
    }
    if (hvt_ec(t->exit->exception.syndrome) != 0x16) {
        print_exit(t);
    }
    assert_int_equal(hvt_ec(t->exit->exception.syndrome), 0x16);
    assert_int_equal(hvt_iss(t->exit->exception.syndrome) & 0xffff, imm);
}

/* ---- Threads ---------------------------------------------------------- */

struct hvt_errand {
    hv_return_t (*fn)(struct hvt *t);
    struct hvt *t;
    hv_return_t ret;
    pthread_t thread;
};

static void *run_errand(void *arg)
{
    struct hvt_errand *e = arg;

    e->ret = e->fn(e->t);
    return NULL;
}

struct hvt_errand *hvt_errand_start(hv_return_t (*fn)(struct hvt *t), struct hvt *t)
{
    struct hvt_errand *e = calloc(1, sizeof(*e));

    assert_non_null(e);
    e->fn = fn;
    e->t = t;
    assert_int_equal(pthread_create(&e->thread, NULL, run_errand, e), 0);
    return e;
}

hv_return_t hvt_errand_join(struct hvt_errand *e)
{
    hv_return_t ret;

    assert_int_equal(pthread_join(e->thread, NULL), 0);
    ret = e->ret;
    free(e);
    return ret;
}

hv_return_t hvt_elsewhere(hv_return_t (*fn)(struct hvt *t), struct hvt *t)
{
    return hvt_errand_join(hvt_errand_start(fn, t));
}

struct hvt_kicker {
    struct hvt *t;
    pthread_t thread;
    hv_vcpu_t vcpu;
    atomic_bool stop;
    atomic_bool failed;
};

static void *run_kicker(void *arg)
{
    struct hvt_kicker *k = arg;

    while (!atomic_load(&k->stop)) {
        if (hv_vcpus_exit(&k->vcpu, 1) != HV_SUCCESS) {
            atomic_store(&k->failed, true);
        }
        sched_yield();
    }
    return NULL;
}

struct hvt_kicker *hvt_kicker_start(struct hvt *t)
{
    struct hvt_kicker *k = calloc(1, sizeof(*k));

    assert_non_null(k);
    k->t = t;
    k->vcpu = t->vcpu;
    atomic_init(&k->stop, false);
    atomic_init(&k->failed, false);
    assert_int_equal(pthread_create(&k->thread, NULL, run_kicker, k), 0);
    return k;
}

void hvt_kicker_stop(struct hvt_kicker *k)
{
    struct hvt *t = k->t;
    bool failed;

    atomic_store(&k->stop, true);
    assert_int_equal(pthread_join(k->thread, NULL), 0);
    failed = atomic_load(&k->failed);
    free(k);
    assert_false(failed);
    /* One more makes sure that there is one to take off, and takes off both. */
    HVT_OK(hv_vcpus_exit(&t->vcpu, 1));
    hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
}
