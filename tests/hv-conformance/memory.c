/* SPDX-License-Identifier: ISC */
/*
 * memory.c: map, unmap, protect, allocate: granules, ranges, rights, and what
 * the guest sees of them, also while it runs. Every case runs with the guest's
 * own translation off and on, because what has been translated is remembered
 * differently: off, memory is device memory to the guest.
 */
#include "hvt.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define RW    ((hv_memory_flags_t)(HV_MEMORY_READ | HV_MEMORY_WRITE))
#define RWX   ((hv_memory_flags_t)(HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC))

/* Somewhere else than RAM. */
#define OTHER UINT64_C(0x50000000)

/* A granule of RAM that no program lives in. */
#define PAGE  (HVT_RAM + HVT_DATA)

/* The guest loads from X1; returns what it got. The address is readable. */
static uint64_t guest_load(struct hvt *t, uint64_t ipa)
{
    const uint32_t code[] = {
        a64_ldst(A64_X, A64_LD, 0, 1, 0),
        a64_hvc(1),
    };

    hvt_set_reg(t, HV_REG_X1, ipa);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    return hvt_reg(t, HV_REG_X0);
}

/* The same of an address that must end the run. */
static uint64_t guest_load_faults(struct hvt *t, uint64_t ipa)
{
    const uint32_t code[] = {
        a64_ldst(A64_X, A64_LD, 0, 1, 0),
        a64_hvc(1),
    };
    uint64_t syndrome;

    hvt_set_reg(t, HV_REG_X1, ipa);
    HVT_ENTER(t, code);
    syndrome = hvt_run_exception(t, 0x24);
    assert_int_equal(t->exit->exception.physical_address, ipa);
    return hvt_iss(syndrome);
}

static void put64(struct hvt *t, uint64_t offset, uint64_t value)
{
    memcpy(t->ram + offset, &value, sizeof(value));
    __builtin___clear_cache((char *)t->ram + offset, (char *)t->ram + offset + sizeof(value));
}

static void test_host_memory_is_guest_memory(void **state)
{
    struct hvt *t = *state;

    put64(t, HVT_DATA, UINT64_C(0x0123456789abcdef));
    assert_true(guest_load(t, PAGE) == UINT64_C(0x0123456789abcdef));
}

static void test_map_alignment(void **state)
{
    struct hvt *t = *state;
    uint8_t *p = t->ram + HVT_DATA;

    HVT_REFUSED(hv_vm_map(p + 0x1000, OTHER, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(p + 1, OTHER, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(p, OTHER + 0x1000, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(p, OTHER + 1, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(p, OTHER, 0x1000, RW));
    HVT_REFUSED(hv_vm_map(p, OTHER, HVT_GRANULE + 0x1000, RW));
    HVT_REFUSED(hv_vm_map(p, OTHER, 1, RW));
    /* Nothing of it stuck. */
    guest_load_faults(t, OTHER);
    HVT_OK(hv_vm_map(p, OTHER, HVT_GRANULE, RW));
    guest_load(t, OTHER);
    HVT_OK(hv_vm_unmap(OTHER, HVT_GRANULE));
}

static void test_unmap_alignment(void **state)
{
    struct hvt *t = *state;

    HVT_REFUSED(hv_vm_unmap(PAGE + 0x1000, HVT_GRANULE));
    HVT_REFUSED(hv_vm_unmap(PAGE, 0x1000));
    HVT_REFUSED(hv_vm_unmap(PAGE, HVT_GRANULE + 1));
    guest_load(t, PAGE);
    guest_load(t, PAGE + HVT_GRANULE);
}

static void test_protect_alignment(void **state)
{
    struct hvt *t = *state;

    HVT_REFUSED(hv_vm_protect(PAGE + 0x1000, HVT_GRANULE, 0));
    HVT_REFUSED(hv_vm_protect(PAGE, 0x1000, 0));
    HVT_REFUSED(hv_vm_protect(PAGE, HVT_GRANULE + 1, 0));
    guest_load(t, PAGE);
    guest_load(t, PAGE + HVT_GRANULE);
}

static void test_overlap_refused(void **state)
{
    struct hvt *t = *state;
    void *more = NULL;

    HVT_OK(hv_vm_allocate(&more, 4 * HVT_GRANULE, HV_ALLOCATE_DEFAULT));
    put64(t, HVT_DATA, 0x1111);
    HVT_REFUSED(hv_vm_map(more, HVT_RAM, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(more, PAGE, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(more, HVT_RAM + HVT_RAM_SIZE - HVT_GRANULE, 2 * HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(more, HVT_RAM - HVT_GRANULE, 2 * HVT_GRANULE, RW));
    assert_int_equal(guest_load(t, PAGE), 0x1111);
    guest_load_faults(t, HVT_RAM - HVT_GRANULE);
    guest_load_faults(t, HVT_RAM + HVT_RAM_SIZE);
    /* Next to it is free. */
    HVT_OK(hv_vm_map(more, HVT_RAM + HVT_RAM_SIZE, HVT_GRANULE, RW));
    assert_int_equal(guest_load(t, HVT_RAM + HVT_RAM_SIZE), 0);
    HVT_OK(hv_vm_unmap(HVT_RAM + HVT_RAM_SIZE, HVT_GRANULE));
    HVT_OK(hv_vm_deallocate(more, 4 * HVT_GRANULE));
}

static void test_ipa_outside_refused(void **state)
{
    struct hvt *t = *state;
    uint8_t *p = t->ram + HVT_DATA;
    uint32_t bits = 0;

    HVT_OK(hv_vm_config_get_default_ipa_size(&bits));
    HVT_REFUSED(hv_vm_map(p, UINT64_C(1) << bits, HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(p, (UINT64_C(1) << bits) - HVT_GRANULE, 2 * HVT_GRANULE, RW));
    HVT_REFUSED(hv_vm_map(p, UINT64_MAX - HVT_GRANULE + 1, HVT_GRANULE, RW));
    HVT_OK(hv_vm_map(p, (UINT64_C(1) << bits) - HVT_GRANULE, HVT_GRANULE, RW));
    HVT_OK(hv_vm_unmap((UINT64_C(1) << bits) - HVT_GRANULE, HVT_GRANULE));
    guest_load(t, PAGE);
}

static void test_unmap_part(void **state)
{
    struct hvt *t = *state;

    put64(t, HVT_DATA, 0xa);
    put64(t, HVT_DATA + HVT_GRANULE, 0xb);
    put64(t, HVT_DATA + 2 * HVT_GRANULE, 0xc);
    assert_int_equal(guest_load(t, PAGE + HVT_GRANULE), 0xb);
    HVT_OK(hv_vm_unmap(PAGE + HVT_GRANULE, HVT_GRANULE));
    assert_int_equal(guest_load(t, PAGE), 0xa);
    guest_load_faults(t, PAGE + HVT_GRANULE);
    assert_int_equal(guest_load(t, PAGE + 2 * HVT_GRANULE), 0xc);
    /* And back, from elsewhere. */
    HVT_OK(hv_vm_map(t->ram + HVT_DATA + 4 * HVT_GRANULE, PAGE + HVT_GRANULE, HVT_GRANULE, RWX));
    put64(t, HVT_DATA + 4 * HVT_GRANULE, 0xd);
    assert_int_equal(guest_load(t, PAGE + HVT_GRANULE), 0xd);
}

/* What the guest translated before is forgotten. */
static void test_remap_is_seen(void **state)
{
    struct hvt *t = *state;

    put64(t, HVT_DATA, 1);
    put64(t, HVT_DATA + HVT_GRANULE, 2);
    HVT_OK(hv_vm_map(t->ram + HVT_DATA, OTHER, HVT_GRANULE, RW));
    assert_int_equal(guest_load(t, OTHER), 1);
    HVT_OK(hv_vm_unmap(OTHER, HVT_GRANULE));
    guest_load_faults(t, OTHER);
    HVT_OK(hv_vm_map(t->ram + HVT_DATA + HVT_GRANULE, OTHER, HVT_GRANULE, RW));
    assert_int_equal(guest_load(t, OTHER), 2);
    HVT_OK(hv_vm_unmap(OTHER, HVT_GRANULE));
}

/*
 * A write to a read-only page ends the run, as a translation fault by one
 * source (DFSC 0x07), as a permission fault by another (0x0f).
 */
static void test_read_only(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_ldst(A64_X, A64_LD, 0, 1, 0), a64_hvc(1), a64_ldst(A64_X, A64_ST, 2, 1, 1),
        a64_ldst(A64_X, A64_LD, 3, 1, 1), a64_hvc(2),
    };
    uint64_t pc;
    uint64_t iss;

    put64(t, HVT_DATA, 0x5a);
    put64(t, HVT_DATA + 8, 0x5b);
    guest_load(t, PAGE);
    HVT_OK(hv_vm_protect(PAGE, HVT_GRANULE, HV_MEMORY_READ));
    hvt_set_reg(t, HV_REG_X1, PAGE);
    hvt_set_reg(t, HV_REG_X2, 0x77);
    pc = HVT_ENTER(t, code);
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 0x5a);

    iss = hvt_iss(hvt_run_exception(t, 0x24));
    assert_true((iss & 0x3f) == 0x07 || (iss & 0x3f) == 0x0f);
    assert_int_equal(iss >> 6 & 1, 1);
    assert_int_equal(t->exit->exception.physical_address, PAGE + 8);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc + 8);

    /* The neighbour is untouched, and the store is done when rights return. */
    HVT_OK(hv_vm_protect(PAGE, HVT_GRANULE, RWX));
    hvt_run_hvc(t, 2);
    assert_int_equal(hvt_reg(t, HV_REG_X3), 0x77);
}

static void test_no_access(void **state)
{
    struct hvt *t = *state;

    guest_load(t, PAGE);
    HVT_OK(hv_vm_protect(PAGE, HVT_GRANULE, 0));
    guest_load_faults(t, PAGE);
    guest_load_faults(t, PAGE + HVT_GRANULE - 8);
    guest_load(t, PAGE + HVT_GRANULE);
    guest_load(t, PAGE - 8);
    HVT_OK(hv_vm_protect(PAGE, HVT_GRANULE, RWX));
    guest_load(t, PAGE);
}

static void test_no_execute(void **state)
{
    struct hvt *t = *state;
    const uint32_t hvc = a64_hvc(9);

    memcpy(t->ram + HVT_DATA, &hvc, sizeof(hvc));
    __builtin___clear_cache((char *)t->ram + HVT_DATA, (char *)t->ram + HVT_DATA + 4);
    HVT_OK(hv_vm_protect(PAGE, HVT_GRANULE, RW));
    hvt_set_reg(t, HV_REG_PC, PAGE);
    hvt_run_exception(t, 0x20);
    assert_int_equal(hvt_reg(t, HV_REG_PC), PAGE);
    HVT_OK(hv_vm_protect(PAGE, HVT_GRANULE, RWX));
    hvt_run_hvc(t, 9);
}

/* Code that has been executed is forgotten like data. */
static void test_executed_page_goes(void **state)
{
    struct hvt *t = *state;
    const uint32_t first = a64_hvc(1);
    const uint32_t second = a64_hvc(2);

    memcpy(t->ram + HVT_DATA, &first, sizeof(first));
    memcpy(t->ram + HVT_DATA + HVT_GRANULE, &second, sizeof(second));
    __builtin___clear_cache((char *)t->ram + HVT_DATA, (char *)t->ram + HVT_DATA + HVT_GRANULE + 4);
    HVT_OK(hv_vm_map(t->ram + HVT_DATA, OTHER, HVT_GRANULE, RWX));
    hvt_set_reg(t, HV_REG_PC, OTHER);
    hvt_run_hvc(t, 1);
    HVT_OK(hv_vm_protect(OTHER, HVT_GRANULE, RW));
    hvt_set_reg(t, HV_REG_PC, OTHER);
    hvt_run_exception(t, 0x20);
    HVT_OK(hv_vm_unmap(OTHER, HVT_GRANULE));
    hvt_run_exception(t, 0x20);
    HVT_OK(hv_vm_map(t->ram + HVT_DATA + HVT_GRANULE, OTHER, HVT_GRANULE, RWX));
    hvt_run_hvc(t, 2);
    HVT_OK(hv_vm_unmap(OTHER, HVT_GRANULE));
}

/* Waits until the guest has stored something in the page: then it runs. */
static void wait_for_guest(struct hvt *t)
{
    while (atomic_load((_Atomic uint64_t *)(void *)(t->ram + HVT_DATA)) == 0) {
        sched_yield();
    }
}

static hv_return_t unmap_running(struct hvt *t)
{
    wait_for_guest(t);
    return hv_vm_unmap(PAGE, HVT_GRANULE);
}

static hv_return_t protect_running(struct hvt *t)
{
    wait_for_guest(t);
    return hv_vm_protect(PAGE, HVT_GRANULE, HV_MEMORY_READ);
}

static hv_return_t unmap_page(struct hvt *t)
{
    (void)t;
    return hv_vm_unmap(PAGE, HVT_GRANULE);
}

static void test_unmap_from_another_thread(void **state)
{
    struct hvt *t = *state;

    guest_load(t, PAGE);
    HVT_OK(hvt_elsewhere(unmap_page, t));
    guest_load_faults(t, PAGE);
}

/* A guest that would never exit loses a page, or the right to write it. */
static void change_under_a_running_guest(struct hvt *t, hv_return_t (*change)(struct hvt *t))
{
    const uint32_t code[] = {
        a64_add_imm(2, 2, 1),
        a64_ldst(A64_X, A64_ST, 2, 1, 0),
        a64_b(-2),
    };
    uint64_t pc = HVT_ENTER(t, code);
    struct hvt_errand *errand;

    hvt_set_reg(t, HV_REG_X1, PAGE);
    hvt_set_reg(t, HV_REG_X2, 0);
    errand = hvt_errand_start(change, t);
    hvt_run_exception(t, 0x24);
    assert_int_equal(t->exit->exception.physical_address, PAGE);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc + 4);
    HVT_OK(hvt_errand_join(errand));
}

static void test_unmap_under_a_running_guest(void **state)
{
    change_under_a_running_guest(*state, unmap_running);
}

static void test_protect_under_a_running_guest(void **state)
{
    change_under_a_running_guest(*state, protect_running);
}

static void test_allocate(void **state)
{
    void *p = NULL;
    const uint8_t *bytes;

    (void)state;
    HVT_OK(hv_vm_allocate(&p, 3 * HVT_GRANULE, HV_ALLOCATE_DEFAULT));
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % HVT_GRANULE, 0);
    bytes = p;
    for (size_t i = 0; i < 3 * HVT_GRANULE; i++) {
        assert_int_equal(bytes[i], 0);
    }
    HVT_OK(hv_vm_deallocate(p, 3 * HVT_GRANULE));
}

static void test_allocate_odd_size_refused(void **state)
{
    void *p = NULL;

    (void)state;
    HVT_REFUSED(hv_vm_allocate(&p, 1000, HV_ALLOCATE_DEFAULT));
    assert_null(p);
}

/* A VM can ask for finer pieces (macOS 26). */
static void test_4k_granule(void **state)
{
    struct hvt *t = *state;
    hv_vm_config_t config = hv_vm_config_create();

    assert_non_null(config);
    HVT_OK(hv_vm_config_set_ipa_granule(config, HV_IPA_GRANULE_4KB));
    HVT_OK(hv_vm_create(config));
    t->has_vm = true;
    os_release(config);
    hvt_make_ram(t);
    hvt_map_ram(t);
    hvt_make_vcpu(t);
    hvt_mmu_on(t);
    guest_load(t, PAGE + 0x1000);
    HVT_OK(hv_vm_protect(PAGE + 0x1000, 0x1000, 0));
    guest_load(t, PAGE);
    guest_load_faults(t, PAGE + 0x1000);
    guest_load(t, PAGE + 0x2000);
    HVT_REFUSED(hv_vm_protect(PAGE + 0x800, 0x1000, 0));
}

#define MEMORY_TEST(fn)                                                                            \
    {#fn, fn, hvt_setup_vcpu, hvt_teardown, NULL},                                                 \
    {                                                                                              \
#fn "_mmu", fn, hvt_setup_mmu, hvt_teardown, NULL                                          \
    }

int hvt_group_memory(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(test_host_memory_is_guest_memory),
        MEMORY_TEST(test_map_alignment),
        MEMORY_TEST(test_unmap_alignment),
        MEMORY_TEST(test_protect_alignment),
        MEMORY_TEST(test_overlap_refused),
        MEMORY_TEST(test_ipa_outside_refused),
        MEMORY_TEST(test_unmap_part),
        MEMORY_TEST(test_remap_is_seen),
        MEMORY_TEST(test_read_only),
        MEMORY_TEST(test_no_access),
        MEMORY_TEST(test_no_execute),
        MEMORY_TEST(test_executed_page_goes),
        MEMORY_TEST(test_unmap_from_another_thread),
        MEMORY_TEST(test_unmap_under_a_running_guest),
        MEMORY_TEST(test_protect_under_a_running_guest),
        MEMORY_TEST(test_allocate),
        MEMORY_TEST(test_allocate_odd_size_refused),
        cmocka_unit_test_setup_teardown(test_4k_granule, hvt_setup_nothing, hvt_teardown),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
