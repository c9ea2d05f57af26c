/* SPDX-License-Identifier: ISC */
/*
 * test-admission.c: supervisor/admission.c. Whatever is asked and given back in whatever order: the budget is kept, the queue
 * is served in order, and nobody waits in vain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "admission.h"

#define GIB  (UINT64_C(1) << 30)
#define VMS  24
#define RUNS 400

static uint64_t seed;

static uint64_t roll(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % n;
}

static void test_last_slot_has_one_winner(void **state)
{
    const struct budget limits[] = {{.vms = 3}, {.cpus = 6}, {.memory = 6 * GIB}};
    int vm[5];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct admission *a = admission_new();
        struct admission_use use;

        admission_set_budget(a, &limits[i], 0);
        assert_int_equal(admission_ask(a, &vm[0], 2, 2 * GIB, true), ADMITTED);
        assert_int_equal(admission_ask(a, &vm[1], 2, 2 * GIB, true), ADMITTED);
        assert_int_equal(admission_ask(a, &vm[2], 2, 2 * GIB, true), ADMITTED);
        assert_int_equal(admission_ask(a, &vm[3], 2, 2 * GIB, true), ADMISSION_REFUSED);
        admission_get_use(a, &use); /* and no trace of the loser */
        assert_int_equal(use.used.vms, 3);
        assert_int_equal(use.used.cpus, 6);
        assert_true(use.used.memory == 6 * GIB);
        assert_int_equal(use.queued, 0);
        assert_int_equal(admission_position(a, &vm[3]), 0);
        admission_release(a, &vm[3]);
        admission_release(a, &vm[1]);
        assert_null(admission_next(a));
        assert_int_equal(admission_ask(a, &vm[4], 2, 2 * GIB, false), ADMITTED);
        admission_free(a);
    }
}

static void test_larger_than_the_budget_is_never(void **state)
{
    struct admission *a = admission_new();
    int vm[3];

    (void)state;
    admission_set_budget(a, &(struct budget){.cpus = 4, .memory = 8 * GIB}, 10);
    assert_int_equal(admission_ask(a, &vm[0], 5, GIB, true), ADMISSION_NEVER);
    assert_int_equal(admission_ask(a, &vm[0], 1, 8 * GIB + 1, true), ADMISSION_NEVER);
    assert_int_equal(admission_ask(a, &vm[0], 1, UINT64_MAX, true), ADMISSION_NEVER);
    assert_int_equal(admission_ask(a, &vm[0], UINT32_MAX, 1, true), ADMISSION_NEVER);
    assert_int_equal(admission_ask(a, &vm[0], 4, 8 * GIB, true), ADMITTED);
    /* A budget that shrinks turns nobody out, and lets nobody wait in vain or behind one who does. */
    assert_int_equal(admission_ask(a, &vm[1], 4, 8 * GIB, true), ADMISSION_QUEUED);
    assert_int_equal(admission_ask(a, &vm[2], 1, GIB, true), ADMISSION_QUEUED);
    admission_set_budget(a, &(struct budget){.cpus = 2, .memory = 4 * GIB}, 10);
    assert_int_equal(admission_ask(a, &vm[0], 4, 8 * GIB, true), ADMITTED);
    assert_null(admission_next(a));
    admission_release(a, &vm[0]);
    assert_ptr_equal(admission_next(a), &vm[2]);
    assert_int_equal(admission_ask(a, &vm[1], 4, 8 * GIB, true), ADMISSION_NEVER);
    assert_int_equal(admission_position(a, &vm[1]), 0);
    admission_free(a);
}

static void test_nobody_overtakes(void **state)
{
    struct admission *a = admission_new();
    int vm[4];

    (void)state;
    admission_set_budget(a, &(struct budget){.memory = 8 * GIB}, 2);
    assert_int_equal(admission_ask(a, &vm[0], 1, 6 * GIB, true), ADMITTED);
    assert_int_equal(admission_ask(a, &vm[1], 1, 8 * GIB, true), ADMISSION_QUEUED);
    /* It would fit, but a stream of such would keep the large one out for ever. */
    assert_int_equal(admission_ask(a, &vm[2], 1, GIB, false), ADMISSION_REFUSED);
    assert_int_equal(admission_ask(a, &vm[2], 1, GIB, true), ADMISSION_QUEUED);
    assert_int_equal(admission_ask(a, &vm[3], 1, GIB, true), ADMISSION_REFUSED);    /* queue_max */
    assert_int_equal(admission_ask(a, &vm[1], 1, 8 * GIB, true), ADMISSION_QUEUED); /* again */
    assert_int_equal(admission_position(a, &vm[0]), 0);
    assert_int_equal(admission_position(a, &vm[1]), 1);
    assert_int_equal(admission_position(a, &vm[2]), 2);
    assert_null(admission_next(a));
    admission_release(a, &vm[1]); /* it lost its patience */
    assert_int_equal(admission_position(a, &vm[2]), 1);
    assert_ptr_equal(admission_next(a), &vm[2]);
    assert_null(admission_next(a));
    admission_free(a);
}

/* A model beside it: what each VM holds, and the order of the queue. */
struct model {
    struct {
        uint32_t cpus;
        uint64_t memory;
        bool admitted, waits;
        unsigned ticket;
    } vm[VMS];
    struct budget limit;
    unsigned tickets;
};

static void check(const struct admission *a, const struct model *m)
{
    struct budget used = {0};
    struct admission_use use;
    size_t queued = 0;

    for (int i = 0; i < VMS; i++) {
        size_t position = 0;

        if (m->vm[i].admitted) {
            used.vms++;
            used.cpus += m->vm[i].cpus;
            used.memory += m->vm[i].memory;
        }
        queued += m->vm[i].waits;
        for (int j = 0; m->vm[i].waits && j < VMS; j++) {
            position += m->vm[j].waits && m->vm[j].ticket <= m->vm[i].ticket;
        }
        assert_int_equal(admission_position(a, &m->vm[i]), position);
    }
    admission_get_use(a, &use);
    assert_int_equal(use.used.vms, used.vms);
    assert_int_equal(use.used.cpus, used.cpus);
    assert_true(use.used.memory == used.memory);
    assert_int_equal(use.queued, queued);
    assert_true(queued <= use.queue_max);
    assert_true(used.vms <= m->limit.vms && used.cpus <= m->limit.cpus &&
                used.memory <= m->limit.memory); /* never over budget */
}

static void ask(struct admission *a, struct model *m, int i)
{
    bool may_wait = roll(4) != 0;
    enum admission_answer answer = ADMITTED;

    if (!m->vm[i].admitted && !m->vm[i].waits) {
        m->vm[i].cpus = (uint32_t)roll(10) + 1;
        m->vm[i].memory = (roll(18) + 1) * GIB;
    }
    answer = admission_ask(a, &m->vm[i], m->vm[i].cpus, m->vm[i].memory, may_wait);
    assert_true(!m->vm[i].admitted || answer == ADMITTED);
    assert_true(!m->vm[i].waits || answer == ADMISSION_QUEUED);
    assert_int_equal(answer == ADMISSION_NEVER,
                     m->vm[i].cpus > m->limit.cpus || m->vm[i].memory > m->limit.memory);
    assert_true(answer != ADMISSION_QUEUED || may_wait || m->vm[i].waits);
    if (answer == ADMISSION_QUEUED && !m->vm[i].waits) {
        m->vm[i].waits = true;
        m->vm[i].ticket = ++m->tickets;
    }
    m->vm[i].admitted = answer == ADMITTED;
}

static void admit_next(struct admission *a, struct model *m)
{
    void *who = NULL;

    while ((who = admission_next(a)) != NULL) {
        int first = -1, got = -1;

        for (int i = 0; i < VMS; i++) {
            got = who == &m->vm[i] ? i : got;
            if (m->vm[i].waits && (first < 0 || m->vm[i].ticket < m->vm[first].ticket)) {
                first = i;
            }
        }
        assert_int_equal(got, first); /* first come, first served */
        m->vm[got].waits = false;
        m->vm[got].admitted = true;
        check(a, m);
    }
}

static void test_any_order(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= RUNS; run++) {
        struct admission *a = admission_new();
        struct model m;

        memset(&m, 0, sizeof(m));
        seed = run * UINT64_C(0x9e3779b97f4a7c15) | 1;
        m.limit = (struct budget){.vms = (uint32_t)roll(6) + 1,
                                  .cpus = (uint32_t)roll(16) + 4,
                                  .memory = (roll(32) + 4) * GIB};
        admission_set_budget(a, &m.limit, (uint32_t)roll(8));
        for (int step = 0; step < 200; step++) {
            int i = (int)roll(VMS);

            switch (roll(3)) {
            case 0:
                admission_release(a, &m.vm[i]);
                m.vm[i].admitted = m.vm[i].waits = false;
                break;
            case 1: admit_next(a, &m); break;
            default: ask(a, &m, i); break;
            }
            check(a, &m);
        }
        /* Everybody goes home: the queue runs dry, nothing is left. */
        for (int rounds = 0; rounds < VMS + 1; rounds++) {
            admit_next(a, &m);
            for (int i = 0; i < VMS; i++) {
                if (m.vm[i].admitted) {
                    admission_release(a, &m.vm[i]);
                    m.vm[i].admitted = false;
                }
            }
        }
        for (int i = 0; i < VMS; i++) {
            assert_false(m.vm[i].waits);
        }
        check(a, &m);
        admission_free(a);
    }
}

static void test_no_limit(void **state)
{
    static char vm[2000];
    struct admission *a = admission_new();
    struct admission_use use;

    (void)state;
    for (size_t i = 0; i < sizeof(vm); i++) {
        assert_int_equal(admission_ask(a, &vm[i], 16, 64 * GIB, false), ADMITTED);
    }
    admission_get_use(a, &use);
    assert_int_equal(use.used.vms, sizeof(vm));
    for (size_t i = 0; i < sizeof(vm); i++) {
        admission_release(a, &vm[i]);
    }
    admission_get_use(a, &use);
    assert_true(use.used.vms == 0 && use.used.cpus == 0 && use.used.memory == 0);
    admission_free(a);
}

static void test_explain(void **state)
{
    struct admission *a = admission_new();
    char text[256], small[16];
    int vm;

    (void)state;
    admission_set_budget(a, &(struct budget){.vms = 1, .cpus = 4, .memory = 24 * GIB}, 0);
    assert_string_equal(admission_explain(a, 1, 32 * GIB, text, sizeof(text)),
                        "needs 32GiB of memory; 24GiB of 24GiB is free");
    assert_int_equal(admission_ask(a, &vm, 3, 21 * GIB, false), ADMITTED);
    assert_string_equal(admission_explain(a, 2, 8 * GIB, text, sizeof(text)),
                        "needs 8GiB of memory; 3GiB of 24GiB is free; "
                        "needs 2 vCPUs; 1 of 4 are free; 1 of 1 VMs run");
    assert_int_equal(strlen(admission_explain(a, 2, 8 * GIB, small, sizeof(small))), 15);
    admission_set_budget(a, &(struct budget){0}, 0);
    assert_string_equal(admission_explain(a, 2, 8 * GIB, text, sizeof(text)), "0 VMs wait already");
    admission_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_slot_has_one_winner),
        cmocka_unit_test(test_larger_than_the_budget_is_never),
        cmocka_unit_test(test_nobody_overtakes),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
