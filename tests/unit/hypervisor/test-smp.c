/* SPDX-License-Identifier: ISC */
/*
 * test-smp.c: several vCPUs on host threads of their own: invalidations that reach the others, memory
 * that is unmapped under a running guest, atomics under contention, and memory order.
 *
 * A guest program here ends with HVC: 1 when it is done, something else when it has seen what may not
 * be. Loops that wait for another vCPU give way with YIELD, since there may be fewer host cores.
 */
#include "guest-fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#define YIELD     UINT32_C(0xd503203f)

#define MAX_VCPUS 4u
#define VA        UINT64_C(0x10000000)

/* Shared words, each in a cache line of its own. */
#define SHARED(n) (DATA + 0x100000 + 0x100 * (uint64_t)(n))

/* Sanitizers are slow, and so is the thread sanitizer in particular. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ROUNDS(n) ((n) / 10)
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define ROUNDS(n) ((n) / 10)
#endif
#endif
#ifndef ROUNDS
#define ROUNDS(n) (n)
#endif

/* ---- vCPUs on threads ------------------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    uint64_t pc;
    uint64_t x[31];
    const struct range *map; /* translation is on, with these tables; NULL: off */
    bool ends_with_a_kick;   /* or goes on after one */
    hv_vcpu_t vcpu;
    atomic_bool exists;
    hv_return_t ret;     /* of what failed first */
    hv_vcpu_exit_t exit; /* the last */
};

static pthread_barrier_t gate;

static void worker_registers(struct worker *w)
{
    const hv_vcpu_t v = w->vcpu;

    hv_vcpu_set_sys_reg(v, HV_SYS_REG_MPIDR_EL1, v);
    hv_vcpu_set_sys_reg(v, HV_SYS_REG_VBAR_EL1, VECTORS);
    hv_vcpu_set_sys_reg(v, HV_SYS_REG_CPACR_EL1, UINT64_C(3) << 20);
    hv_vcpu_set_reg(v, HV_REG_CPSR, EL1H);
    hv_vcpu_set_reg(v, HV_REG_PC, w->pc);
    for (unsigned i = 0; i < 31; i++) {
        hv_vcpu_set_reg(v, (hv_reg_t)((unsigned)HV_REG_X0 + i), w->x[i]);
    }
    if (w->map != NULL) {
        hv_vcpu_set_sys_reg(v, HV_SYS_REG_MAIR_EL1, 0x04ff);
        hv_vcpu_set_sys_reg(v, HV_SYS_REG_TTBR0_EL1, w->map->root);
        hv_vcpu_set_sys_reg(v, HV_SYS_REG_TCR_EL1,
                            range_tcr(w->map) | TCR_EPD1 | TCR_IPS(5) | TCR_AS);
        hv_vcpu_set_sys_reg(v, HV_SYS_REG_SCTLR_EL1, SCTLR_M | SCTLR_SPAN);
    }
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    hv_vcpu_exit_t *exit = NULL;

    w->ret = hv_vcpu_create(&w->vcpu, &exit, NULL);
    pthread_barrier_wait(&gate);
    if (w->ret != HV_SUCCESS) {
        return NULL;
    }
    worker_registers(w);
    atomic_store(&w->exists, true);
    /* Kicks are part of some tests: the guest goes on. */
    do {
        w->ret = hv_vcpu_run(w->vcpu);
    } while (w->ret == HV_SUCCESS && exit->reason == HV_EXIT_REASON_CANCELED &&
             !w->ends_with_a_kick);
    w->exit = *exit;
    for (unsigned i = 0; i < 31; i++) {
        hv_vcpu_get_reg(w->vcpu, (hv_reg_t)((unsigned)HV_REG_X0 + i), &w->x[i]);
    }
    hv_vcpu_get_reg(w->vcpu, HV_REG_PC, &w->pc);
    pthread_barrier_wait(&gate);
    atomic_store(&w->exists, false);
    hv_vcpu_destroy(w->vcpu);
    return NULL;
}

static void workers_start(struct worker *w, unsigned count)
{
    assert_int_equal(pthread_barrier_init(&gate, NULL, count), 0);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&w[i].thread, NULL, worker_main, &w[i]), 0);
    }
}

static void workers_join(struct worker *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_int_equal(w[i].ret, HV_SUCCESS);
    }
    pthread_barrier_destroy(&gate);
}

/* All must end with HVC #1. */
static void workers_finish(struct worker *w, unsigned count)
{
    workers_join(w, count);
    for (unsigned i = 0; i < count; i++) {
        if (guest_ec(w[i].exit.exception.syndrome) != 0x16 ||
            (w[i].exit.exception.syndrome & 0xffff) != 1) {
            print_error("vCPU %u: reason %u, syndrome 0x%llx, pc 0x%llx, x0 0x%llx, x9 0x%llx\n", i,
                        (unsigned)w[i].exit.reason,
                        (unsigned long long)w[i].exit.exception.syndrome,
                        (unsigned long long)w[i].pc, (unsigned long long)w[i].x[0],
                        (unsigned long long)w[i].x[9]);
        }
        assert_int_equal(w[i].exit.reason, HV_EXIT_REASON_EXCEPTION);
        assert_int_equal(guest_ec(w[i].exit.exception.syndrome), 0x16);
        assert_int_equal(w[i].exit.exception.syndrome & 0xffff, 1);
    }
}

static void workers_run(struct worker *w, unsigned count)
{
    workers_start(w, count);
    workers_finish(w, count);
}

static int setup(void **state)
{
    static struct guest guest;

    memset(&guest, 0, sizeof(guest));
    *state = &guest;
    guest_open_ram(&guest);
    return 0;
}

static int teardown(void **state)
{
    guest_close_ram(*state);
    return 0;
}

/* Places for the programs of different vCPUs. */
static uint64_t put(struct guest *g, unsigned n, const uint32_t *words, size_t count)
{
    uint64_t at = CODE + 0x1000 * n;

    guest_put_code(g, at, words, count);
    return at;
}
#define PUT(g, n, words) put((g), (n), (words), COUNT(words))

/* B.cond by condition and distance in instructions. */
static uint32_t b_cond(unsigned cond, int32_t words)
{
    return 0x54000000 | ((uint32_t)words & 0x7ffff) << 5 | cond;
}
#define NE 1u
#define HS 2u
#define LO 3u

/* CMP Xn, Xm */
static uint32_t cmp(uint32_t rn, uint32_t rm)
{
    return 0xeb00001f | rm << 16 | rn << 5;
}

/* Two registers change places; three instructions. */
#define SWAP(a, b)   a64_mov(9, (a)), a64_mov((a), (b)), a64_mov((b), 9)

#define LDR(rt, rn)  a64_ldst(A64_X, A64_LD, (rt), (rn), 0)
#define STR(rt, rn)  a64_ldst(A64_X, A64_ST, (rt), (rn), 0)
#define LDAR(rt, rn) a64_ldar(A64_X, (rt), (rn))
#define STLR(rt, rn) a64_stlr(A64_X, (rt), (rn))

/* Tables that map themselves too: TABLES and DATA as they are, VA by page. */
static void map_all(struct guest *g, struct range *r)
{
    *r = (struct range){.page_bits = 12, .in_bits = 39};
    for (uint64_t at = RAM; at < RAM + RAM_SIZE; at += 0x200000) {
        guest_map(g, r, at, at, 2, 0);
    }
}

/* ---- Invalidations --------------------------------------------------------------------------- */

/*
 * vCPU 0 moves VA from one page to the other and back, `rounds` times. The page that is mapped holds the
 * number of the round; once the invalidation is complete the other holds 0, which nobody may see.
 */
static void test_tlbi_reaches_the_others(void **state)
{
    struct guest *g = *state;
    struct worker w[3] = {0};
    struct range r;
    const uint32_t mover[] = {
        /*  0 */ a64_add_imm(0, 0, 1), /* round */
        /*  1 */ STR(0, 2),            /* the other page is good from now on */
        /*  2 */ a64_dsb(),
        /*  3 */ STR(4, 6), /* the descriptor */
        /*  4 */ a64_dsb(),
        /*  5 */ a64_msr(TLBI_VAE1IS, 7),
        /*  6 */ a64_dsb(),
        /*  7 */ a64_isb(),
        /*  8 */ STR(A64_XZR, 1), /* the old page is bad for a while */
        /*  9 */ a64_movz(9, 100, 0),
        /* 10 */ a64_subs_imm(9, 9, 1),
        /* 11 */ b_cond(NE, -1),
        /* 12 */ SWAP(1, 2),
        /* 15 */ SWAP(3, 4),
        /* 18 */ cmp(0, 8),
        /* 19 */ b_cond(NE, -19),
        /* 20 */ a64_hvc(1),
    };
    const uint32_t reader[] = {
        /* 0 */ LDR(9, 1),
        /* 1 */ a64_cbz(9, 7),
        /* 2 */ cmp(9, 0),
        /* 3 */ b_cond(LO, 6), /* time went back */
        /* 4 */ a64_mov(0, 9),
        /* 5 */ cmp(0, 8),
        /* 6 */ b_cond(NE, -6),
        /* 7 */ a64_hvc(1),
        /* 8 */ a64_hvc(2), /* a page that is gone */
        /* 9 */ a64_hvc(3),
    };
    uint64_t at;

    map_all(g, &r);
    at = guest_map(g, &r, VA, DATA, 3, 0);
    guest_put64(g, DATA, 1);
    guest_put64(g, DATA + 0x1000, 0);
    w[0].pc = PUT(g, 0, mover);
    w[0].x[0] = 1;
    w[0].x[1] = DATA;
    w[0].x[2] = DATA + 0x1000;
    w[0].x[3] = guest_get64(g, at);
    w[0].x[4] = w[0].x[3] + 0x1000;
    w[0].x[6] = at;
    w[0].x[7] = VA >> 12;
    for (unsigned i = 0; i < 3; i++) {
        w[i].map = &r;
        w[i].x[8] = ROUNDS(2000);
        if (i > 0) {
            w[i].pc = PUT(g, i, reader);
            w[i].x[1] = VA;
        }
    }
    workers_run(w, 3);
}

/* The same with code: the page that is gone holds an HVC #2. */
static void test_tlbi_reaches_code(void **state)
{
    struct guest *g = *state;
    struct worker w[2] = {0};
    struct range r;
    const uint32_t mover[] = {
        /*  0 */ a64_ldst(A64_W, A64_ST, 11, 2, 0), /* RET into what is mapped next */
        /*  1 */ a64_msr(IC_IVAU, 2),
        /*  2 */ a64_dsb(),
        /*  3 */ STR(4, 6), /* the descriptor */
        /*  4 */ a64_dsb(),
        /*  5 */ a64_msr(TLBI_VMALLE1IS, A64_XZR),
        /*  6 */ a64_dsb(),
        /*  7 */ a64_isb(),
        /*  8 */ a64_ldst(A64_W, A64_ST, 10, 1, 0), /* HVC #2 into the old page */
        /*  9 */ a64_msr(IC_IVAU, 1),
        /* 10 */ a64_dsb(),
        /* 11 */ a64_movz(9, 100, 0),
        /* 12 */ a64_subs_imm(9, 9, 1),
        /* 13 */ b_cond(NE, -1),
        /* 14 */ SWAP(1, 2),
        /* 17 */ SWAP(3, 4),
        /* 20 */ a64_add_imm(0, 0, 1),
        /* 21 */ cmp(0, 8),
        /* 22 */ b_cond(NE, -22),
        /* 23 */ STLR(0, 12),
        /* 24 */ a64_hvc(1),
    };
    const uint32_t caller[] = {
        /* 0 */ 0xd63f0020, /* blr x1 */
        /* 1 */ LDAR(9, 12),
        /* 2 */ a64_cbz(9, -2),
        /* 3 */ a64_hvc(1),
    };
    uint64_t at;

    map_all(g, &r);
    at = guest_map(g, &r, VA, DATA, 3, 0);
    guest_put_code(g, DATA, (const uint32_t[]){a64_ret()}, 1);
    guest_put_code(g, DATA + 0x1000, (const uint32_t[]){a64_ret()}, 1);
    w[0].pc = PUT(g, 0, mover);
    w[0].x[1] = DATA;
    w[0].x[2] = DATA + 0x1000;
    w[0].x[3] = guest_get64(g, at);
    w[0].x[4] = w[0].x[3] + 0x1000;
    w[0].x[6] = at;
    w[0].x[8] = ROUNDS(2000);
    w[0].x[10] = a64_hvc(2);
    w[0].x[11] = a64_ret();
    w[1].pc = PUT(g, 1, caller);
    w[1].x[1] = VA;
    for (unsigned i = 0; i < 2; i++) {
        w[i].map = &r;
        w[i].x[12] = SHARED(0);
    }
    workers_run(w, 2);
}

/* vCPU 0 rewrites a function; who knows of a version calls that one or a later one. */
static void test_ic_ivau_reaches_the_others(void **state)
{
    struct guest *g = *state;
    struct worker w[3] = {0};
    const uint32_t writer[] = {
        /*  0 */ a64_add_imm(0, 0, 1),
        /*  1 */ 0x531b6809, /* lsl w9, w0, #5 */
        /*  2 */ 0x2a0a0129, /* orr w9, w9, w10: movz x0, #round */
        /*  3 */ a64_ldst(A64_W, A64_ST, 9, 1, 0),
        /*  4 */ a64_msr(DC_CVAU, 1),
        /*  5 */ a64_dsb(),
        /*  6 */ a64_msr(IC_IVAU, 1),
        /*  7 */ a64_dsb(),
        /*  8 */ STLR(0, 12),
        /*  9 */ YIELD,
        /* 10 */ LDAR(9, 13), /* both have called this version */
        /* 11 */ cmp(9, 0),
        /* 12 */ b_cond(NE, -3),
        /* 13 */ LDAR(9, 14),
        /* 14 */ cmp(9, 0),
        /* 15 */ b_cond(NE, -6),
        /* 16 */ cmp(0, 8),
        /* 17 */ b_cond(NE, -17),
        /* 18 */ a64_hvc(1),
    };
    const uint32_t caller[] = {
        /* 0 */ LDAR(9, 12),
        /* 1 */ a64_isb(),
        /* 2 */ 0xd63f0020, /* blr x1 */
        /* 3 */ cmp(0, 9),
        /* 4 */ b_cond(LO, 6),
        /* 5 */ STLR(9, 13),
        /* 6 */ YIELD,
        /* 7 */ cmp(9, 8),
        /* 8 */ b_cond(NE, -8),
        /* 9 */ a64_hvc(1),
        /* 10 */ a64_hvc(2),
    };
    const uint32_t function[] = {a64_movz(0, 0, 0), a64_ret()};

    guest_put_code(g, DATA, function, 2);
    w[0].pc = PUT(g, 0, writer);
    w[0].x[10] = a64_movz(0, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        w[i].x[1] = DATA;
        w[i].x[8] = ROUNDS(500);
        w[i].x[12] = SHARED(0);
        w[i].x[13] = SHARED(i == 0 ? 1 : i);
        w[i].x[14] = SHARED(2);
        if (i > 0) {
            w[i].pc = PUT(g, i, caller);
        }
    }
    workers_run(w, 3);
}

/* Everybody invalidates and waits for everybody, is kicked, and the memory map changes meanwhile. */
static atomic_bool storm_over;

static void *disturb(void *arg)
{
    struct worker *w = arg;
    void *more = NULL;

    if (hv_vm_allocate(&more, 0x4000, HV_ALLOCATE_DEFAULT) != HV_SUCCESS) {
        return more;
    }
    while (!atomic_load(&storm_over)) {
        for (unsigned i = 0; i < MAX_VCPUS; i++) {
            if (atomic_load(&w[i].exists)) {
                hv_vcpus_exit(&w[i].vcpu, 1);
            }
        }
        if (hv_vm_map(more, UINT64_C(0x60000000), 0x4000, HV_MEMORY_READ) != HV_SUCCESS ||
            hv_vm_unmap(UINT64_C(0x60000000), 0x4000) != HV_SUCCESS) {
            return more;
        }
        sched_yield();
    }
    hv_vm_deallocate(more, 0x4000);
    return NULL;
}

static void test_storm(void **state)
{
    struct guest *g = *state;
    struct worker w[MAX_VCPUS] = {0};
    struct range r;
    pthread_t disturber;
    void *failed;
    const uint32_t code[] = {
        /* 0 */ LDR(9, 1),
        /* 1 */ a64_msr(TLBI_VAE1IS, 7),
        /* 2 */ a64_msr(IC_IVAU, 1),
        /* 3 */ a64_msr(TLBI_VMALLE1IS, A64_XZR),
        /* 4 */ a64_dsb(),
        /* 5 */ a64_subs_imm(8, 8, 1),
        /* 6 */ b_cond(NE, -6),
        /* 7 */ a64_hvc(1),
    };

    map_all(g, &r);
    guest_map(g, &r, VA, DATA, 3, 0);
    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        w[i].pc = PUT(g, 0, code);
        w[i].map = &r;
        w[i].x[1] = VA;
        w[i].x[7] = VA >> 12;
        w[i].x[8] = ROUNDS(3000);
    }
    atomic_store(&storm_over, false);
    workers_start(w, MAX_VCPUS);
    assert_int_equal(pthread_create(&disturber, NULL, disturb, w), 0);
    workers_finish(w, MAX_VCPUS);
    atomic_store(&storm_over, true);
    assert_int_equal(pthread_join(disturber, &failed), 0);
    assert_null(failed);
}

/* A vCPU that sleeps in WFI does not wake up for the invalidations of another. */
static void test_sleepers_sleep_on(void **state)
{
    struct guest *g = *state;
    struct worker w[2] = {0};
    const uint32_t sleeper[] = {STLR(2, 12), a64_wfi(), a64_add_imm(0, 0, 1), a64_b(-2)};
    const uint32_t busy[] = {
        LDAR(9, 12),
        a64_cbz(9, -1),
        a64_msr(TLBI_VMALLE1IS, A64_XZR),
        a64_dsb(),
        a64_subs_imm(8, 8, 1),
        b_cond(NE, -3),
        STLR(9, 13),
        a64_hvc(1),
    };
    _Atomic uint64_t *done = (_Atomic uint64_t *)(void *)guest_at(g, SHARED(1));

    w[0].pc = PUT(g, 0, sleeper);
    w[0].x[2] = 1;
    w[0].x[12] = SHARED(0);
    w[0].ends_with_a_kick = true;
    w[1].pc = PUT(g, 1, busy);
    w[1].x[8] = ROUNDS(10000);
    w[1].x[12] = SHARED(0);
    w[1].x[13] = SHARED(1);
    workers_start(w, 2);
    while (atomic_load(done) == 0) {
        sched_yield();
    }
    while (!atomic_load(&w[0].exists)) {
        sched_yield(); /* its handle is ours to read only now */
    }
    OK(hv_vcpus_exit(&w[0].vcpu, 1));
    workers_join(w, 2);
    assert_int_equal(w[0].exit.reason, HV_EXIT_REASON_CANCELED);
    /* The first TLBI may have come before it slept; the kick ends the last WFI. */
    assert_in_range(w[0].x[0], 0, 2);
}

/* ---- Memory goes away ------------------------------------------------------------------------ */

#define GOING      UINT64_C(0x60000000)
#define GOING_SIZE UINT64_C(0x4000)

/*
 * A guest that loops on memory at X1 and counts its rounds in SHARED(0). The memory is taken away and
 * the host's pages made inaccessible at once: a touch after hv_vm_unmap would be a SIGSEGV.
 */
static void take_away(struct guest *g, const uint32_t *loop, size_t count, bool translated,
                      unsigned ec)
{
    struct range r = {.page_bits = 12, .in_bits = 39};
    _Atomic uint64_t *ticks = (_Atomic uint64_t *)(void *)guest_at(g, SHARED(0));

    guest_drop_tables(g);
    map_all(g, &r);
    guest_map(g, &r, GOING, GOING, 2, 0);
    for (unsigned round = 0; round < 8; round++) {
        struct worker w = {.pc = put(g, 0, loop, count), .map = translated ? &r : NULL};
        void *p =
            mmap(NULL, 2 * GOING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(p != MAP_FAILED);
        char *host = (char *)(((uintptr_t)p + GOING_SIZE - 1) & ~(uintptr_t)(GOING_SIZE - 1));

        memcpy(host, (const uint32_t[]){a64_ret()}, 4);
        OK(hv_vm_map(host, GOING, GOING_SIZE,
                     (hv_memory_flags_t)(HV_MEMORY_READ | HV_MEMORY_WRITE | HV_MEMORY_EXEC)));
        atomic_store(ticks, 0);
        w.x[1] = GOING;
        w.x[2] = SHARED(0);
        workers_start(&w, 1);
        while (atomic_load(ticks) < 1000) {
            sched_yield();
        }
        OK(hv_vm_unmap(GOING, GOING_SIZE));
        assert_int_equal(mprotect(host, GOING_SIZE, PROT_NONE), 0);
        workers_join(&w, 1);
        assert_int_equal(w.exit.reason, HV_EXIT_REASON_EXCEPTION);
        assert_int_equal(guest_ec(w.exit.exception.syndrome), ec);
        /* The second half of a pair may be the first to see the new map. */
        assert_true(w.exit.exception.physical_address - GOING < 32);
        assert_int_equal(munmap(p, 2 * GOING_SIZE), 0);
    }
}

static void test_unmap_under_a_running_guest(void **state)
{
    static const uint32_t accesses[] = {
        0xf9400025, /* ldr x5, [x1] */
        0xf9000025, /* str x5, [x1] */
        0xa9401825, /* ldp x5, x6, [x1] */
        0x3dc00020, /* ldr q0, [x1] */
        0xad000420, /* stp q0, q1, [x1] */
        0xc85f7c25, /* ldxr x5, [x1] */
        0xf8250025, /* ldadd x5, x5, [x1] */
        0x48247c26, /* casp x4, x5, x6, x7, [x1] */
        0x4c407020, /* ld1 {v0.16b}, [x1] */
    };
    struct guest *g = *state;

    for (size_t i = 0; i < COUNT(accesses); i++) {
        for (unsigned translated = 0; translated < 2; translated++) {
            const uint32_t loop[] = {
                a64_add_imm(9, 9, 1), a64_mov(5, A64_XZR), accesses[i], STR(9, 2), a64_b(-4),
            };
            take_away(g, loop, COUNT(loop), translated, 0x24);
        }
    }
}

static void test_unmap_code_under_a_running_guest(void **state)
{
    struct guest *g = *state;
    const uint32_t loop[] = {a64_add_imm(9, 9, 1), 0xd63f0020 /* blr x1 */, STR(9, 2), a64_b(-3)};

    for (unsigned translated = 0; translated < 2; translated++) {
        take_away(g, loop, COUNT(loop), translated, 0x20);
    }
}

/* ---- Atomics under contention ---------------------------------------------------------------- */

/* Four vCPUs make X8 rounds of `body`, which adds 1 to [X1] somehow; X3 is 1. */
static void contend(struct guest *g, const uint32_t *body, size_t count, uint64_t rounds)
{
    struct worker w[MAX_VCPUS] = {0};
    uint32_t code[32];

    assert_true(count + 3 <= COUNT(code));
    memcpy(code, body, count * sizeof(body[0]));
    code[count] = a64_subs_imm(8, 8, 1);
    code[count + 1] = b_cond(NE, -(int32_t)(count + 1));
    code[count + 2] = a64_hvc(1);
    guest_put64(g, SHARED(0), 0);
    guest_put64(g, SHARED(0) + 8, 0);
    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        w[i].pc = put(g, i, code, count + 3);
        w[i].x[1] = SHARED(0);
        w[i].x[3] = 1;
        w[i].x[8] = rounds;
    }
    workers_run(w, MAX_VCPUS);
    assert_int_equal(guest_get64(g, SHARED(0)), MAX_VCPUS * rounds);
}

static void test_contention(void **state)
{
    struct guest *g = *state;
    const uint32_t exclusive[] = {a64_ldxr(A64_X, 5, 1), a64_add_imm(5, 5, 1),
                                  a64_stxr(A64_X, 6, 5, 1), 0x35ffffa6 /* cbnz w6, -3 */};
    const uint32_t ordered[] = {0xc85ffc25 /* ldaxr x5, [x1] */, a64_add_imm(5, 5, 1),
                                0xc806fc25 /* stlxr w6, x5, [x1] */, 0x35ffffa6};
    const uint32_t bytes[] = {a64_ldxr(A64_B, 5, 1), a64_add_imm(5, 5, 1), a64_stxr(A64_B, 6, 5, 1),
                              0x35ffffa6};
    const uint32_t pair[] = {a64_ldxp(5, 7, 1), a64_add_imm(5, 5, 1), a64_sub_imm(7, 7, 1),
                             a64_stxp(6, 5, 7, 1), 0x35ffff86 /* cbnz w6, -4 */};
    const uint32_t add[] = {a64_ldaddal(3, 5, 1)};
    const uint32_t add_relaxed[] = {0xf8230025 /* ldadd x3, x5, [x1] */};
    const uint32_t compare[] = {
        LDR(5, 1), a64_mov(6, 5),  a64_add_imm(7, 5, 1), 0xc8e6fc27 /* casal x6, x7, [x1] */,
        cmp(5, 6), b_cond(NE, -5),
    };
    /* CASP X4, X5 with X6, X7: the second word is minus the first. */
    const uint32_t compare_pair[] = {
        a64_ldp(4, 5, 1),
        a64_mov(9, 4),
        a64_mov(10, 5),
        a64_add_imm(6, 4, 1),
        a64_sub_imm(7, 5, 1),
        0x48647c26 /* caspa x4, x5, x6, x7, [x1] */,
        cmp(4, 9),
        b_cond(NE, -7),
        cmp(5, 10),
        b_cond(NE, -9),
    };
    const uint64_t n = ROUNDS(20000);

    contend(g, exclusive, COUNT(exclusive), n);
    contend(g, ordered, COUNT(ordered), n);
    contend(g, bytes, COUNT(bytes), 60);
    contend(g, pair, COUNT(pair), n);
    assert_true(guest_get64(g, SHARED(0) + 8) == 0 - guest_get64(g, SHARED(0)));
    contend(g, add, COUNT(add), n);
    contend(g, add_relaxed, COUNT(add_relaxed), n);
    contend(g, compare, COUNT(compare), n);
    contend(g, compare_pair, COUNT(compare_pair), n);
    assert_true(guest_get64(g, SHARED(0) + 8) == 0 - guest_get64(g, SHARED(0)));
}

/* A lock of SWPA and STLR around a plain increment. */
static void test_lock(void **state)
{
    struct guest *g = *state;
    struct worker w[MAX_VCPUS] = {0};
    const uint64_t rounds = ROUNDS(5000);
    const uint32_t code[] = {
        /*  0 */ 0xf8a38185, /* swpa x3, x5, [x12] */
        /*  1 */ a64_cbz(5, 3),
        /*  2 */ YIELD,
        /*  3 */ a64_b(-3),
        /*  4 */ LDR(6, 1),
        /*  5 */ a64_add_imm(6, 6, 1),
        /*  6 */ STR(6, 1),
        /*  7 */ STLR(A64_XZR, 12),
        /*  8 */ a64_subs_imm(8, 8, 1),
        /*  9 */ b_cond(NE, -9),
        /* 10 */ a64_hvc(1),
    };

    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        w[i].pc = PUT(g, i, code);
        w[i].x[1] = SHARED(0);
        w[i].x[3] = 1;
        w[i].x[8] = rounds;
        w[i].x[12] = SHARED(1);
    }
    workers_run(w, MAX_VCPUS);
    assert_int_equal(guest_get64(g, SHARED(0)), MAX_VCPUS * rounds);
}

/* ---- Memory order ---------------------------------------------------------------------------- */

/*
 * Two vCPUs meet each round at SHARED(2) and SHARED(3) and then run a few instructions each on fresh
 * words: X1 and X2 move on by 64 bytes a round. What they loaded goes to [X3] and [X4].
 */
#define LITMUS_X  (DATA + 0x200000)
#define LITMUS_Y  (DATA + 0x300000)
#define LITMUS_R0 (DATA + 0x400000)
#define LITMUS_R1 (DATA + 0x500000)

static unsigned run_litmus(struct guest *g, const uint32_t body[2][4], uint64_t rounds,
                           uint64_t forbidden0, uint64_t forbidden1)
{
    struct worker w[2] = {0};
    struct range map;
    unsigned seen = 0;

    guest_drop_tables(g);
    map_all(g, &map);

    memset(guest_at(g, LITMUS_X), 0, 0x400000);
    guest_put64(g, SHARED(2), 0);
    guest_put64(g, SHARED(3), 0);
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t code[] = {
            /*  0 */ a64_add_imm(0, 0, 1),
            /*  1 */ STLR(0, 10), /* I am here */
            /*  2 */ a64_movz(12, 1000, 0),
            /*  3 */ LDAR(9, 11), /* are you? */
            /*  4 */ cmp(9, 0),
            /*  5 */ b_cond(HS, 5),
            /*  6 */ a64_subs_imm(12, 12, 1),
            /*  7 */ b_cond(NE, -4),
            /*  8 */ YIELD,
            /*  9 */ a64_b(-7),
            /* 10 */ i == 0 ? UINT32_C(0x92401009)  /* and x9, x0, #31 */
                            : UINT32_C(0xd3452409), /* ubfx x9, x0, #5, #5 */
            /* 11 */ a64_cbz(9, 3),                 /* every difference in time is tried */
            /* 12 */ a64_sub_imm(9, 9, 1),
            /* 13 */ a64_b(-2),
            /* 14 */ body[i][0],
            /* 15 */ body[i][1],
            /* 16 */ body[i][2],
            /* 17 */ body[i][3],
            /* 18 */ STR(6, 3),
            /* 19 */ a64_ldst(A64_X, A64_ST, 7, 3, 1),
            /* 20 */ a64_add_imm(1, 1, 64),
            /* 21 */ a64_add_imm(2, 2, 64),
            /* 22 */ a64_add_imm(3, 3, 16),
            /* 23 */ cmp(0, 8),
            /* 24 */ b_cond(NE, -24),
            /* 25 */ a64_hvc(1),
        };
        w[i].pc = PUT(g, i, code);
        w[i].map = &map;
        w[i].x[1] = LITMUS_X;
        w[i].x[2] = LITMUS_Y;
        w[i].x[3] = i == 0 ? LITMUS_R0 : LITMUS_R1;
        w[i].x[5] = 1;
        w[i].x[8] = rounds;
        w[i].x[10] = SHARED(2 + i);
        w[i].x[11] = SHARED(3 - i);
    }
    workers_run(w, 2);
    for (uint64_t n = 0; n < rounds; n++) {
        /* Bits: X6 of vCPU 0 and 1, then X7 of both. */
        uint64_t r0 = guest_get64(g, LITMUS_R0 + 16 * n) | guest_get64(g, LITMUS_R0 + 16 * n + 8)
                                                               << 1;
        uint64_t r1 = guest_get64(g, LITMUS_R1 + 16 * n) | guest_get64(g, LITMUS_R1 + 16 * n + 8)
                                                               << 1;
        seen += r0 == forbidden0 && r1 == forbidden1;
    }
    return seen;
}

static void test_memory_order(void **state)
{
    struct guest *g = *state;
    const uint64_t rounds = ROUNDS(16000);
    const uint32_t nop = a64_nop();
    /* X in [X1], Y in [X2]. */
    static const unsigned full = 11, stores = 10, loads = 9;

    /* Message passing: Y is seen, and X then is not. */
    const uint32_t mp[][2][4] = {
        {{STR(5, 1), a64_dmb(full), STR(5, 2), nop}, {LDR(6, 2), a64_dmb(full), LDR(7, 1), nop}},
        {{STR(5, 1), a64_dmb(stores), STR(5, 2), nop}, {LDR(6, 2), a64_dmb(loads), LDR(7, 1), nop}},
        {{STR(5, 1), a64_dsb(), STR(5, 2), nop}, {LDR(6, 2), a64_dsb(), LDR(7, 1), nop}},
        {{STR(5, 1), STLR(5, 2), nop, nop}, {LDAR(6, 2), LDR(7, 1), nop, nop}},
    };
    for (size_t i = 0; i < COUNT(mp); i++) {
        assert_int_equal(run_litmus(g, mp[i], rounds, 0, 1), 0);
    }
    /* Store buffering: neither sees the other's store. */
    const uint32_t sb[][2][4] = {
        {{STR(5, 1), a64_dmb(full), LDR(6, 2), nop}, {STR(5, 2), a64_dmb(full), LDR(6, 1), nop}},
        {{STR(5, 1), a64_dsb(), LDR(6, 2), nop}, {STR(5, 2), a64_dsb(), LDR(6, 1), nop}},
        {{STLR(5, 1), LDAR(6, 2), nop, nop}, {STLR(5, 2), LDAR(6, 1), nop, nop}},
    };
    for (size_t i = 0; i < COUNT(sb); i++) {
        assert_int_equal(run_litmus(g, sb[i], rounds, 0, 0), 0);
    }
    /* Load buffering: both see what the other stores afterwards. */
    const uint32_t lb[][2][4] = {
        {{LDR(6, 1), a64_dmb(full), STR(5, 2), nop}, {LDR(6, 2), a64_dmb(full), STR(5, 1), nop}},
        {{LDR(6, 1), a64_dmb(loads), STR(5, 2), nop}, {LDR(6, 2), a64_dmb(loads), STR(5, 1), nop}},
        {{LDAR(6, 1), STR(5, 2), nop, nop}, {LDAR(6, 2), STR(5, 1), nop, nop}},
    };
    for (size_t i = 0; i < COUNT(lb); i++) {
        assert_int_equal(run_litmus(g, lb[i], rounds, 1, 1), 0);
    }
    /* To tell how sharp this is: without barriers the host may show it. */
    const uint32_t weak[2][4] = {{STR(5, 1), LDR(6, 2), nop, nop},
                                 {STR(5, 2), LDR(6, 1), nop, nop}};
    print_message("store buffering without barriers: seen %u times of %llu\n",
                  run_litmus(g, weak, rounds, 0, 0), (unsigned long long)rounds);
}

#define SMP_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMP_TEST(test_tlbi_reaches_the_others),
        SMP_TEST(test_tlbi_reaches_code),
        SMP_TEST(test_ic_ivau_reaches_the_others),
        SMP_TEST(test_storm),
        SMP_TEST(test_sleepers_sleep_on),
        SMP_TEST(test_unmap_under_a_running_guest),
        SMP_TEST(test_unmap_code_under_a_running_guest),
        SMP_TEST(test_contention),
        SMP_TEST(test_lock),
        SMP_TEST(test_memory_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
