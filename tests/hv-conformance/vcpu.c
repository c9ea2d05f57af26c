/* SPDX-License-Identifier: ISC */
/*
 * vcpu.c: handles, owner threads, the limit of vCPUs, kicks, execution time.
 */
#include "hvt.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- Handles ---------------------------------------------------------- */

static void prove_alive(struct hvt *t)
{
    const uint32_t code[] = {a64_add_imm(0, 0, 1), a64_hvc(0x55)};

    hvt_set_reg(t, HV_REG_X0, 7);
    HVT_ENTER(t, code);
    hvt_run_hvc(t, 0x55);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 8);
}

/* Whatever number the first vCPU gets, 0 included, it is a handle. */
static void test_first_handle_works(void **state)
{
    struct hvt *t = *state;

    assert_non_null(t->exit);
    prove_alive(t);
}

static void test_unknown_handle_refused(void **state)
{
    struct hvt *t = *state;
    hv_vcpu_t nobody = t->vcpu + 12345;
    uint64_t value = 99;
    bool flag = false;

    HVT_REFUSED(hv_vcpu_run(nobody));
    HVT_REFUSED(hv_vcpu_destroy(nobody));
    HVT_REFUSED(hv_vcpu_get_reg(nobody, HV_REG_X0, &value));
    HVT_REFUSED(hv_vcpu_set_reg(nobody, HV_REG_X0, 1));
    HVT_REFUSED(hv_vcpu_get_sys_reg(nobody, HV_SYS_REG_SP_EL1, &value));
    HVT_REFUSED(hv_vcpu_get_vtimer_offset(nobody, &value));
    HVT_REFUSED(hv_vcpu_get_pending_interrupt(nobody, HV_INTERRUPT_TYPE_IRQ, &flag));
    HVT_REFUSED(hv_vcpus_exit(&nobody, 1));
    assert_int_equal(value, 99);
    prove_alive(t);
}

static void test_handle_ends_with_destroy(void **state)
{
    struct hvt *t = *state;
    hv_vcpu_t gone = t->vcpu;
    uint64_t value = 0;

    hvt_drop_vcpu(t);
    HVT_REFUSED(hv_vcpu_run(gone));
    HVT_REFUSED(hv_vcpu_get_reg(gone, HV_REG_X0, &value));
    HVT_REFUSED(hv_vcpu_destroy(gone));
    hvt_make_vcpu(t);
    prove_alive(t);
}

static void test_one_vcpu_per_thread(void **state)
{
    struct hvt *t = *state;
    hv_vcpu_t second = 0;
    hv_vcpu_exit_t *exit = NULL;

    HVT_REFUSED(hv_vcpu_create(&second, &exit, NULL));
    prove_alive(t);
}

static void test_create_with_config(void **state)
{
    struct hvt *t = *state;
    hv_vcpu_config_t config = hv_vcpu_config_create();

    assert_non_null(config);
    HVT_OK(hv_vcpu_create(&t->vcpu, &t->exit, config));
    t->has_vcpu = true;
    os_release(config);
    hvt_set_reg(t, HV_REG_CPSR, HVT_CPSR);
    prove_alive(t);
}

/* ---- Owner threads ---------------------------------------------------- */

/* Each does one thing to the test's vCPU, from whichever thread it runs on. */
static hv_return_t do_run(struct hvt *t)
{
    return hv_vcpu_run(t->vcpu);
}
static hv_return_t do_destroy(struct hvt *t)
{
    return hv_vcpu_destroy(t->vcpu);
}
static hv_return_t do_get_reg(struct hvt *t)
{
    uint64_t v;
    return hv_vcpu_get_reg(t->vcpu, HV_REG_X0, &v);
}
static hv_return_t do_set_reg(struct hvt *t)
{
    return hv_vcpu_set_reg(t->vcpu, HV_REG_X5, 666);
}
static hv_return_t do_get_simd(struct hvt *t)
{
    hv_simd_fp_uchar16_t v;
    return hv_vcpu_get_simd_fp_reg(t->vcpu, HV_SIMD_FP_REG_Q0, &v);
}
static hv_return_t do_set_simd(struct hvt *t)
{
    const hv_simd_fp_uchar16_t v = {1, 2, 3};
    return hv_vcpu_set_simd_fp_reg(t->vcpu, HV_SIMD_FP_REG_Q0, v);
}
static hv_return_t do_get_sys_reg(struct hvt *t)
{
    uint64_t v;
    return hv_vcpu_get_sys_reg(t->vcpu, HV_SYS_REG_TPIDR_EL1, &v);
}
static hv_return_t do_set_sys_reg(struct hvt *t)
{
    return hv_vcpu_set_sys_reg(t->vcpu, HV_SYS_REG_TPIDR_EL1, 666);
}
static hv_return_t do_get_pending(struct hvt *t)
{
    bool v;
    return hv_vcpu_get_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, &v);
}
static hv_return_t do_set_pending(struct hvt *t)
{
    return hv_vcpu_set_pending_interrupt(t->vcpu, HV_INTERRUPT_TYPE_IRQ, true);
}
static hv_return_t do_get_trap_exceptions(struct hvt *t)
{
    bool v;
    return hv_vcpu_get_trap_debug_exceptions(t->vcpu, &v);
}
static hv_return_t do_set_trap_exceptions(struct hvt *t)
{
    return hv_vcpu_set_trap_debug_exceptions(t->vcpu, true);
}
static hv_return_t do_get_trap_accesses(struct hvt *t)
{
    bool v;
    return hv_vcpu_get_trap_debug_reg_accesses(t->vcpu, &v);
}
static hv_return_t do_set_trap_accesses(struct hvt *t)
{
    return hv_vcpu_set_trap_debug_reg_accesses(t->vcpu, true);
}
static hv_return_t do_get_exec_time(struct hvt *t)
{
    uint64_t v;
    return hv_vcpu_get_exec_time(t->vcpu, &v);
}
static hv_return_t do_get_vtimer_mask(struct hvt *t)
{
    bool v;
    return hv_vcpu_get_vtimer_mask(t->vcpu, &v);
}
static hv_return_t do_set_vtimer_mask(struct hvt *t)
{
    return hv_vcpu_set_vtimer_mask(t->vcpu, true);
}
static hv_return_t do_get_vtimer_offset(struct hvt *t)
{
    uint64_t v;
    return hv_vcpu_get_vtimer_offset(t->vcpu, &v);
}
static hv_return_t do_set_vtimer_offset(struct hvt *t)
{
    return hv_vcpu_set_vtimer_offset(t->vcpu, 666);
}

static const struct {
    const char *name;
    hv_return_t (*fn)(struct hvt *t);
} owner_only[] = {
    {"hv_vcpu_run", do_run},
    {"hv_vcpu_destroy", do_destroy},
    {"hv_vcpu_get_reg", do_get_reg},
    {"hv_vcpu_set_reg", do_set_reg},
    {"hv_vcpu_get_simd_fp_reg", do_get_simd},
    {"hv_vcpu_set_simd_fp_reg", do_set_simd},
    {"hv_vcpu_get_sys_reg", do_get_sys_reg},
    {"hv_vcpu_set_sys_reg", do_set_sys_reg},
    {"hv_vcpu_get_pending_interrupt", do_get_pending},
    {"hv_vcpu_set_pending_interrupt", do_set_pending},
    {"hv_vcpu_get_trap_debug_exceptions", do_get_trap_exceptions},
    {"hv_vcpu_set_trap_debug_exceptions", do_set_trap_exceptions},
    {"hv_vcpu_get_trap_debug_reg_accesses", do_get_trap_accesses},
    {"hv_vcpu_set_trap_debug_reg_accesses", do_set_trap_accesses},
    {"hv_vcpu_get_exec_time", do_get_exec_time},
    {"hv_vcpu_get_vtimer_mask", do_get_vtimer_mask},
    {"hv_vcpu_set_vtimer_mask", do_set_vtimer_mask},
    {"hv_vcpu_get_vtimer_offset", do_get_vtimer_offset},
    {"hv_vcpu_set_vtimer_offset", do_set_vtimer_offset},
};
enum {
    OWNER_ONLY = sizeof(owner_only) / sizeof(owner_only[0])
};

/* Apple documents the rule, not the code. */
static void test_other_threads_refused(void **state)
{
    struct hvt *t = *state;
    uint64_t offset = 0;
    bool flag = true;

    hvt_set_reg(t, HV_REG_X5, 555);
    hvt_set_sys_reg(t, HV_SYS_REG_TPIDR_EL1, 777);
    HVT_OK(hv_vcpu_set_vtimer_offset(t->vcpu, 888));
    HVT_OK(hv_vcpu_set_vtimer_mask(t->vcpu, false));
    for (size_t i = 0; i < OWNER_ONLY; i++) {
        hvt_check(hvt_elsewhere(owner_only[i].fn, t), false, owner_only[i].name, __FILE__,
                  __LINE__);
    }
    assert_int_equal(hvt_reg(t, HV_REG_X5), 555);
    assert_int_equal(hvt_sys_reg(t, HV_SYS_REG_TPIDR_EL1), 777);
    HVT_OK(hv_vcpu_get_vtimer_offset(t->vcpu, &offset));
    assert_int_equal(offset, 888);
    HVT_OK(hv_vcpu_get_vtimer_mask(t->vcpu, &flag));
    assert_false(flag);
    HVT_OK(hv_vcpu_get_trap_debug_exceptions(t->vcpu, &flag));
    assert_false(flag);
    prove_alive(t);
}

static void test_owner_may(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_hvc(0)};

    HVT_ENTER(t, code);
    for (size_t i = 0; i < OWNER_ONLY; i++) {
        if (owner_only[i].fn != do_destroy) {
            hvt_check(owner_only[i].fn(t), true, owner_only[i].name, __FILE__, __LINE__);
        }
    }
}

/* ---- Several ---------------------------------------------------------- */

/* Threads that have a vCPU each, until told to go. */
struct crowd {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned created;
    unsigned failed;
    bool leave;
    hv_return_t last_error;
};

static void *crowd_member(void *arg)
{
    struct crowd *c = arg;
    hv_vcpu_t vcpu = 0;
    hv_vcpu_exit_t *exit = NULL;
    hv_return_t ret = hv_vcpu_create(&vcpu, &exit, NULL);

    pthread_mutex_lock(&c->lock);
    if (ret == HV_SUCCESS) {
        c->created++;
    } else {
        c->failed++;
        c->last_error = ret;
    }
    pthread_cond_broadcast(&c->changed);
    while (!c->leave) {
        pthread_cond_wait(&c->changed, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    if (ret == HV_SUCCESS) {
        (void)hv_vcpu_destroy(vcpu);
    }
    return NULL;
}

static void test_vcpu_limit(void **state)
{
    struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    uint32_t max = 0;
    pthread_t *threads;

    (void)state;
    HVT_OK(hv_vm_get_max_vcpu_count(&max));
    assert_in_range(max, 1, 1024);
    /* One more than there can be. */
    threads = calloc(max + 1, sizeof(threads[0]));
    assert_non_null(threads);
    for (uint32_t i = 0; i <= max; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_member, &crowd), 0);
    }
    pthread_mutex_lock(&crowd.lock);
    while (crowd.created + crowd.failed <= max) {
        pthread_cond_wait(&crowd.changed, &crowd.lock);
    }
    crowd.leave = true;
    pthread_cond_broadcast(&crowd.changed);
    pthread_mutex_unlock(&crowd.lock);
    for (uint32_t i = 0; i <= max; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    free(threads);
    assert_int_equal(crowd.created, max);
    assert_int_equal(crowd.failed, 1);
}

/* ---- Kicks ------------------------------------------------------------ */

static void test_kick_before_run(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_add_imm(0, 0, 1), a64_hvc(1)};
    uint64_t pc = HVT_ENTER(t, code);

    hvt_set_reg(t, HV_REG_X0, 10);
    HVT_OK(hv_vcpus_exit(&t->vcpu, 1));
    /* The guest was not entered... */
    hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 10);
    /* ...and that was all. */
    hvt_run_hvc(t, 1);
    assert_int_equal(hvt_reg(t, HV_REG_X0), 11);
}

static void test_kicks_before_run_are_one(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {a64_hvc(1)};

    HVT_ENTER(t, code);
    for (int i = 0; i < 5; i++) {
        HVT_OK(hv_vcpus_exit(&t->vcpu, 1));
    }
    hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
    hvt_run_hvc(t, 1);
}

static void test_kick_out_of_endless_loop(void **state)
{
    struct hvt *t = *state;
    const uint32_t spin[] = {a64_b(0)};
    uint64_t pc = HVT_ENTER(t, spin);
    struct hvt_kicker *k = hvt_kicker_start(t);

    hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
    assert_int_equal(hvt_reg(t, HV_REG_PC), pc);
    hvt_kicker_stop(k);
    prove_alive(t);
}

static hv_return_t kick_once(struct hvt *t)
{
    return hv_vcpus_exit(&t->vcpu, 1);
}

/* A kick that comes before or during a run that ends for no other reason ends it. */
static void test_single_kick_is_not_lost(void **state)
{
    struct hvt *t = *state;
    const uint32_t spin[] = {a64_add_imm(0, 0, 1), a64_b(-1)};

    HVT_ENTER(t, spin);
    for (int i = 0; i < 200; i++) {
        struct hvt_errand *e = hvt_errand_start(kick_once, t);

        hvt_run_reason(t, HV_EXIT_REASON_CANCELED);
        HVT_OK(hvt_errand_join(e));
    }
    prove_alive(t);
}

/* A kicked guest goes on where it was: nothing is lost or done twice. */
static void test_kicks_are_transparent(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_add_imm(0, 0, 1), /* x0 counts up, x1 down */
        a64_sub_imm(1, 1, 1), a64_cbnz(1, -2), a64_hvc(3), a64_b(0),
    };
    struct hvt_kicker *k;
    const uint64_t rounds = 300000;

    hvt_set_reg(t, HV_REG_X0, 0);
    hvt_set_reg(t, HV_REG_X1, rounds);
    HVT_ENTER(t, code);
    k = hvt_kicker_start(t);
    do {
        HVT_OK(hv_vcpu_run(t->vcpu));
    } while (t->exit->reason == HV_EXIT_REASON_CANCELED);
    assert_int_equal(t->exit->reason, HV_EXIT_REASON_EXCEPTION);
    assert_int_equal(hvt_ec(t->exit->exception.syndrome), 0x16);
    assert_int_equal(hvt_reg(t, HV_REG_X0), rounds);
    hvt_kicker_stop(k);
}

/* One call kicks them all. */
struct spinner {
    struct hvt *t;
    struct crowd *crowd;
    pthread_t thread;
    hv_vcpu_t vcpu;
    hv_exit_reason_t reason;
    hv_return_t ret;
    uint64_t pc;
};

static void *run_spinner(void *arg)
{
    struct spinner *s = arg;
    hv_vcpu_exit_t *exit = NULL;

    s->ret = hv_vcpu_create(&s->vcpu, &exit, NULL);
    if (s->ret == HV_SUCCESS) {
        s->ret |= hv_vcpu_set_reg(s->vcpu, HV_REG_PC, s->pc);
        s->ret |= hv_vcpu_set_reg(s->vcpu, HV_REG_CPSR, HVT_CPSR);
    }
    pthread_mutex_lock(&s->crowd->lock);
    s->crowd->created++;
    pthread_cond_broadcast(&s->crowd->changed);
    pthread_mutex_unlock(&s->crowd->lock);
    if (s->ret == HV_SUCCESS) {
        s->ret |= hv_vcpu_run(s->vcpu);
        s->reason = exit->reason;
        s->ret |= hv_vcpu_destroy(s->vcpu);
    }
    return NULL;
}

static void test_kick_many(void **state)
{
    struct hvt *t = *state;
    struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const uint32_t spin[] = {a64_b(0)};
    struct spinner s[3];
    hv_vcpu_t all[3];
    uint64_t pc = hvt_load(t, spin, 1);

    for (int i = 0; i < 3; i++) {
        s[i] = (struct spinner){.t = t, .crowd = &crowd, .pc = pc, .reason = 99};
        assert_int_equal(pthread_create(&s[i].thread, NULL, run_spinner, &s[i]), 0);
    }
    pthread_mutex_lock(&crowd.lock);
    while (crowd.created < 3) {
        pthread_cond_wait(&crowd.changed, &crowd.lock);
    }
    pthread_mutex_unlock(&crowd.lock);
    for (int i = 0; i < 3; i++) {
        HVT_OK(s[i].ret);
        all[i] = s[i].vcpu;
    }
    assert_true(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    HVT_OK(hv_vcpus_exit(all, 3));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(s[i].thread, NULL), 0);
        HVT_OK(s[i].ret);
        assert_int_equal(s[i].reason, HV_EXIT_REASON_CANCELED);
    }
}

/* ---- Time ------------------------------------------------------------- */

static void test_exec_time_grows(void **state)
{
    struct hvt *t = *state;
    const uint32_t code[] = {
        a64_sub_imm(1, 1, 1),
        a64_cbnz(1, -1),
        a64_hvc(1),
    };
    uint64_t before = 0;
    uint64_t middle = 0;
    uint64_t after = 0;
    uint64_t pc = HVT_ENTER(t, code);

    HVT_OK(hv_vcpu_get_exec_time(t->vcpu, &before));
    hvt_set_reg(t, HV_REG_X1, 1000000);
    hvt_run_hvc(t, 1);
    HVT_OK(hv_vcpu_get_exec_time(t->vcpu, &middle));
    assert_true(middle > before);
    hvt_set_reg(t, HV_REG_X1, 1000000);
    hvt_set_reg(t, HV_REG_PC, pc);
    hvt_run_hvc(t, 1);
    HVT_OK(hv_vcpu_get_exec_time(t->vcpu, &after));
    assert_true(after > middle);
}

#define VCPU_TEST(fn) cmocka_unit_test_setup_teardown(fn, hvt_setup_vcpu, hvt_teardown)
#define VM_TEST(fn)   cmocka_unit_test_setup_teardown(fn, hvt_setup_vm, hvt_teardown)

int hvt_group_vcpu(void)
{
    const struct CMUnitTest tests[] = {
        VCPU_TEST(test_first_handle_works),
        VCPU_TEST(test_unknown_handle_refused),
        VCPU_TEST(test_handle_ends_with_destroy),
        VCPU_TEST(test_one_vcpu_per_thread),
        VM_TEST(test_create_with_config),
        VCPU_TEST(test_other_threads_refused),
        VCPU_TEST(test_owner_may),
        VM_TEST(test_vcpu_limit),
        VCPU_TEST(test_kick_before_run),
        VCPU_TEST(test_kicks_before_run_are_one),
        VCPU_TEST(test_kick_out_of_endless_loop),
        VCPU_TEST(test_single_kick_is_not_lost),
        VCPU_TEST(test_kicks_are_transparent),
        VM_TEST(test_kick_many),
        VCPU_TEST(test_exec_time_grows),
    };
    return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}
