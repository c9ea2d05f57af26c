/* SPDX-License-Identifier: ISC */
/* Split virtqueues against drivers that keep the rules and drivers that don't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../../vmm-worker/devices/virtqueue.h"
#include "virtio-driver.h"

#define BASE DRIVER_RAM_BASE
#define END  (DRIVER_RAM_BASE + DRIVER_RAM_SIZE)

enum {
    SIZE = 8,
    F_NO_INTERRUPT = 1,
    F_NO_NOTIFY = 1
};

/* A queue without a transport: the driver's half is used for its memory only. */
struct fixture {
    struct driver d;
    struct virtq q;
    uint64_t data;
    struct virtq_chain chain;
};

static void set_up_queue(struct fixture *f, uint16_t size)
{
    struct driver_queue *dq = &f->d.queue[0];

    dq->size = size;
    dq->desc = driver_alloc(&f->d, 16u * (uint64_t)size, 16);
    dq->avail = driver_alloc(&f->d, 6 + 2u * (uint64_t)size, 2);
    dq->used = driver_alloc(&f->d, 6 + 8u * (uint64_t)size, 4);
    f->q = (struct virtq){
        .size = size,
        .ready = true,
        .desc = dq->desc,
        .avail = dq->avail,
        .used = dq->used,
        .ram = &f->d.ram,
    };
    f->data = driver_alloc(&f->d, 0x10000, 16);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    driver_init(&f->d);
    set_up_queue(f, SIZE);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    driver_free(&f->d);
    free(f);
    return 0;
}

static void put(struct fixture *f, unsigned index, uint64_t gpa, uint32_t size, uint16_t flags,
                uint16_t next)
{
    driver_put(&f->d, f->q.desc, index, gpa, size, flags, next);
}

static enum virtq_error add_and_pop(struct fixture *f, uint16_t head)
{
    driver_add(&f->d, 0, head);
    return virtq_pop(&f->q, &f->chain);
}

static void put_avail_index(struct fixture *f, uint16_t index)
{
    guest_ram_put16((uint8_t *)driver_at(&f->d, f->q.avail) + 2, index);
}

static void test_empty_and_not_ready(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_EMPTY);
    put(f, 0, f->data, 4, 0, 0);
    driver_add(&f->d, 0, 0);
    f->q.ready = false;
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_EMPTY);
    virtq_push(&f->q, 0, 1);
    assert_int_equal(f->q.next_used, 0);
    assert_false(virtq_should_interrupt(&f->q));
    assert_false(virtq_enable_notify(&f->q));
}

static void test_chain_is_copied_in_order(void **state)
{
    struct fixture *f = *state;

    put(f, 3, f->data, 10, D_NEXT, 1);
    put(f, 1, f->data + 100, 20, D_NEXT, 7);
    put(f, 7, f->data + 200, 30, D_NEXT | D_WRITE, 0);
    put(f, 0, f->data + 300, 40, D_WRITE, 5);
    assert_int_equal(add_and_pop(f, 3), VIRTQ_GOT);
    assert_int_equal(f->chain.head, 3);
    assert_int_equal(f->chain.readable, 2);
    assert_int_equal(f->chain.writable, 2);
    assert_int_equal(f->chain.readable_bytes, 30);
    assert_int_equal(f->chain.writable_bytes, 70);
    assert_ptr_equal(f->chain.segment[2].host, driver_at(&f->d, f->data + 200));
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_EMPTY);
}

static void test_head_and_next_out_of_range(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(add_and_pop(f, SIZE), VIRTQ_BROKEN);
    f->q.next_avail = f->d.queue[0].next_avail;
    assert_int_equal(add_and_pop(f, UINT16_MAX), VIRTQ_BROKEN);
    f->q.next_avail = f->d.queue[0].next_avail;
    put(f, 0, f->data, 4, D_NEXT, SIZE);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_BROKEN);
}

static void test_loops_end(void **state)
{
    struct fixture *f = *state;

    put(f, 0, f->data, 4, D_NEXT, 0);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_BROKEN);
    f->q.next_avail = f->d.queue[0].next_avail;
    put(f, 0, f->data, 4, D_NEXT, 1);
    put(f, 1, f->data, 0, D_NEXT, 0); /* an empty one is a step, too */
    assert_int_equal(add_and_pop(f, 0), VIRTQ_BROKEN);
}

static void test_whole_table_is_one_chain(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < SIZE; i++) {
        put(f, i, f->data, 4, i + 1 < SIZE ? D_NEXT : 0, (uint16_t)(i + 1));
    }
    assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
    assert_int_equal(f->chain.readable, SIZE);
}

static void test_avail_index_runs_ahead(void **state)
{
    struct fixture *f = *state;

    put(f, 0, f->data, 4, 0, 0);
    put_avail_index(f, SIZE);
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_GOT);
    f->q.next_avail = 0;
    put_avail_index(f, SIZE + 1);
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_BROKEN);
    put_avail_index(f, UINT16_MAX); /* behind */
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_BROKEN);
}

static void test_segments_lie_in_ram(void **state)
{
    static const struct {
        uint64_t gpa;
        uint32_t size;
        enum virtq_error want;
    } cases[] = {
        {BASE, 1, VIRTQ_GOT},
        {BASE, (uint32_t)DRIVER_RAM_SIZE, VIRTQ_GOT},
        {BASE, (uint32_t)DRIVER_RAM_SIZE + 1, VIRTQ_BROKEN},
        {BASE - 1, 2, VIRTQ_BROKEN},
        {BASE - 1, 1, VIRTQ_BROKEN},
        {END - 1, 1, VIRTQ_GOT},
        {END - 1, 2, VIRTQ_BROKEN},
        {END, 1, VIRTQ_BROKEN},
        {0, 1, VIRTQ_BROKEN},
        {UINT64_MAX, 1, VIRTQ_BROKEN},
        {UINT64_MAX, UINT32_MAX, VIRTQ_BROKEN},
        {BASE + 1, UINT32_MAX, VIRTQ_BROKEN},
        {UINT64_C(0) - BASE, UINT32_MAX, VIRTQ_BROKEN},
        {UINT64_MAX, 0, VIRTQ_GOT}, /* nothing there is looked at */
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put(f, 0, cases[i].gpa, cases[i].size, 0, 0);
        f->q.next_avail = f->d.queue[0].next_avail;
        assert_int_equal(add_and_pop(f, 0), cases[i].want);
    }
}

static void test_writable_comes_last(void **state)
{
    struct fixture *f = *state;

    put(f, 0, f->data, 4, D_NEXT | D_WRITE, 1);
    put(f, 1, f->data, 4, 0, 0);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_BROKEN);
    f->q.next_avail = f->d.queue[0].next_avail;
    put(f, 1, f->data, 0, 0, 0); /* empty: neither */
    assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
    assert_int_equal(f->chain.readable, 0);
    assert_int_equal(f->chain.writable, 1);
}

static void test_total_below_4_gib(void **state)
{
    struct fixture *f = *state;
    uint64_t table = driver_alloc(&f->d, 16 * 2, 16);
    struct guest_ram large = f->d.ram;

    /* Only a range of addresses: nothing there is touched. */
    large.size = UINT64_C(1) << 33;
    f->q.ram = &large;
    f->q.indirect = true;
    driver_put(&f->d, table, 0, BASE, UINT32_MAX - 1, D_NEXT, 1);
    driver_put(&f->d, table, 1, BASE, 1, D_WRITE, 0);
    put(f, 0, table, 32, D_INDIRECT, 0);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
    driver_put(&f->d, table, 1, BASE, 2, D_WRITE, 0);
    f->q.next_avail = f->d.queue[0].next_avail;
    assert_int_equal(add_and_pop(f, 0), VIRTQ_BROKEN);
}

static void test_indirect(void **state)
{
    struct fixture *f = *state;
    uint64_t table = driver_alloc(&f->d, 16 * 16, 16);

    f->q.indirect = true;
    put(f, 0, f->data, 4, D_NEXT, 1);
    put(f, 1, table, 3 * 16, D_INDIRECT | D_WRITE, 0); /* WRITE means nothing here */
    driver_put(&f->d, table, 0, f->data + 16, 8, D_NEXT, 2);
    driver_put(&f->d, table, 2, f->data + 32, 16, D_NEXT | D_WRITE, 1);
    driver_put(&f->d, table, 1, f->data + 64, 32, D_WRITE, 9);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
    assert_int_equal(f->chain.readable_bytes, 12);
    assert_int_equal(f->chain.writable_bytes, 48);
}

static void test_indirect_larger_than_queue(void **state)
{
    struct fixture *f = *state;
    uint64_t table = driver_alloc(&f->d, 16 * 256, 16);

    f->q.indirect = true;
    for (unsigned i = 0; i < 256; i++) {
        driver_put(&f->d, table, i, f->data, 4, D_NEXT, (uint16_t)(i + 1));
    }
    driver_put(&f->d, table, VIRTQ_SEGMENTS_MAX - 1, f->data, 4, 0, 0);
    put(f, 0, table, 16 * 256, D_INDIRECT, 0);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
    assert_int_equal(f->chain.readable, VIRTQ_SEGMENTS_MAX);

    f->q.next_avail = f->d.queue[0].next_avail;
    driver_put(&f->d, table, VIRTQ_SEGMENTS_MAX - 1, f->data, 4, D_NEXT, VIRTQ_SEGMENTS_MAX);
    driver_put(&f->d, table, VIRTQ_SEGMENTS_MAX, f->data, 4, 0, 0);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_BROKEN);
}

static void test_indirect_refused(void **state)
{
    struct fixture *f = *state;
    uint64_t table = driver_alloc(&f->d, 16 * 4, 16);
    static const struct {
        uint32_t size;
        uint16_t flags;
        uint16_t inner_flags;
        uint16_t inner_next;
        bool negotiated;
        bool outside;
        enum virtq_error want;
    } cases[] = {
        {16, D_INDIRECT, 0, 0, true, false, VIRTQ_GOT},
        {16, D_INDIRECT, 0, 0, false, false, VIRTQ_BROKEN},         /* not negotiated */
        {16, D_INDIRECT | D_NEXT, 0, 0, true, false, VIRTQ_BROKEN}, /* goes on afterwards */
        {0, D_INDIRECT, 0, 0, true, false, VIRTQ_BROKEN},
        {15, D_INDIRECT, 0, 0, true, false, VIRTQ_BROKEN},
        {17, D_INDIRECT, 0, 0, true, false, VIRTQ_BROKEN},
        {16, D_INDIRECT, D_INDIRECT, 0, true, false, VIRTQ_BROKEN}, /* nested */
        {16, D_INDIRECT, D_NEXT, 1, true, false, VIRTQ_BROKEN},     /* past the table */
        {16, D_INDIRECT, D_NEXT, 0, true, false, VIRTQ_BROKEN},     /* a loop */
        {16, D_INDIRECT, 0, 0, true, true, VIRTQ_BROKEN},
        {UINT32_MAX - 15, D_INDIRECT, 0, 0, true, false, VIRTQ_BROKEN},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->q.indirect = cases[i].negotiated;
        driver_put(&f->d, table, 0, f->data, 16, cases[i].inner_flags, cases[i].inner_next);
        put(f, 0, cases[i].outside ? END - 8 : table, cases[i].size, cases[i].flags, 1);
        put(f, 1, f->data, 4, 0, 0);
        f->q.next_avail = f->d.queue[0].next_avail;
        assert_int_equal(add_and_pop(f, 0), cases[i].want);
    }
}

static void test_rings_valid(void **state)
{
    struct fixture *f = *state;
    struct virtq good = f->q;

    assert_true(virtq_rings_valid(&good));
#define BAD(field, value)                                                                          \
    do {                                                                                           \
        struct virtq q_ = good;                                                                    \
        q_.field = value;                                                                          \
        assert_false(virtq_rings_valid(&q_));                                                      \
    } while (0)
    BAD(size, 0);
    BAD(size, 3);
    BAD(size, 512);
    BAD(size, 0x8000);
    BAD(desc, good.desc + 8);
    BAD(avail, good.avail + 1);
    BAD(used, good.used + 2);
    BAD(desc, 0);
    BAD(avail, END);
    BAD(used, UINT64_MAX - 3);
    BAD(desc, END - 16 * (SIZE - 1));
    BAD(avail, END - (6 + 2 * SIZE) + 2);
    BAD(used, END - (6 + 8 * SIZE) + 2);
#undef BAD
}

static void test_rings_move_out_of_ram(void **state)
{
    struct fixture *f = *state;

    put(f, 0, f->data, 4, 0, 0);
    driver_add(&f->d, 0, 0);
    f->q.avail = END;
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_BROKEN);
    f->q.avail = f->d.queue[0].avail;
    f->q.desc = END;
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_BROKEN);
    f->q.used = END;
    virtq_push(&f->q, 0, 0);
    assert_false(virtq_enable_notify(&f->q));
    virtq_disable_notify(&f->q);
}

/* IL-13: what the driver writes into the used ring's index changes nothing. */
static void test_used_index_is_ours(void **state)
{
    struct fixture *f = *state;
    uint8_t *used = driver_at(&f->d, f->q.used);
    uint32_t head, written;

    virtq_push(&f->q, 3, 77);
    assert_int_equal(guest_ram_get16(used + 2), 1);
    guest_ram_put16(used + 2, 0xbeef);
    virtq_push(&f->q, 4, 78);
    assert_int_equal(guest_ram_get16(used + 2), 2);
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(head, 3);
    assert_int_equal(written, 77);
    assert_true(driver_used(&f->d, 0, &head, &written));
    assert_int_equal(head, 4);
    assert_int_equal(written, 78);
}

static void test_indices_wrap(void **state)
{
    struct fixture *f = *state;
    uint32_t head, written;

    put(f, 0, f->data, 4, 0, 0);
    for (unsigned i = 0; i < 70000; i++) {
        assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
        virtq_push(&f->q, f->chain.head, i);
        assert_true(driver_used(&f->d, 0, &head, &written));
        assert_int_equal(written, i);
    }
    assert_int_equal(f->q.next_avail, (uint16_t)70000);
}

static void test_interrupt_by_flag(void **state)
{
    struct fixture *f = *state;
    uint8_t *avail = driver_at(&f->d, f->q.avail);

    assert_false(virtq_should_interrupt(&f->q));
    virtq_push(&f->q, 0, 0);
    assert_true(virtq_should_interrupt(&f->q));
    assert_false(virtq_should_interrupt(&f->q)); /* once for each */
    guest_ram_put16(avail, F_NO_INTERRUPT);
    virtq_push(&f->q, 0, 0);
    assert_false(virtq_should_interrupt(&f->q));
}

static void test_interrupt_by_event(void **state)
{
    struct fixture *f = *state;
    uint8_t *event = (uint8_t *)driver_at(&f->d, f->q.avail) + 4 + 2 * SIZE;

    f->q.event_idx = true;
    guest_ram_put16(driver_at(&f->d, f->q.avail), F_NO_INTERRUPT); /* to be ignored */
    guest_ram_put16(event, 0);
    virtq_push(&f->q, 0, 0); /* used index 1: passes 0 */
    assert_true(virtq_should_interrupt(&f->q));
    guest_ram_put16(event, 3);
    virtq_push(&f->q, 0, 0);
    virtq_push(&f->q, 0, 0); /* 3 */
    assert_false(virtq_should_interrupt(&f->q));
    virtq_push(&f->q, 0, 0); /* 4: passes 3 */
    assert_true(virtq_should_interrupt(&f->q));
    virtq_push(&f->q, 0, 0);
    assert_false(virtq_should_interrupt(&f->q));

    /* Across the wrap. */
    f->q.next_used = f->q.signalled_used = 0xfffe;
    guest_ram_put16(event, 0xffff);
    virtq_push(&f->q, 0, 0); /* 0xffff */
    assert_false(virtq_should_interrupt(&f->q));
    virtq_push(&f->q, 0, 0); /* 0 */
    assert_true(virtq_should_interrupt(&f->q));
}

static void test_notifications(void **state)
{
    struct fixture *f = *state;
    uint8_t *used = driver_at(&f->d, f->q.used);

    virtq_disable_notify(&f->q);
    assert_int_equal(guest_ram_get16(used), F_NO_NOTIFY);
    assert_false(virtq_enable_notify(&f->q));
    assert_int_equal(guest_ram_get16(used), 0);
    put(f, 0, f->data, 4, 0, 0);
    driver_add(&f->d, 0, 0);
    assert_true(virtq_enable_notify(&f->q));

    f->q.event_idx = true;
    assert_int_equal(virtq_pop(&f->q, &f->chain), VIRTQ_GOT);
    virtq_disable_notify(&f->q);
    assert_int_equal(guest_ram_get16(used), 0);
    assert_int_equal(guest_ram_get16(used + 4 + 8 * SIZE), 0);
    assert_false(virtq_enable_notify(&f->q));
    assert_int_equal(guest_ram_get16(used + 4 + 8 * SIZE), 1);
}

static void test_copies(void **state)
{
    struct fixture *f = *state;
    char buf[64];

    memcpy(driver_at(&f->d, f->data), "hello", 5);
    memcpy(driver_at(&f->d, f->data + 100), " world", 6);
    put(f, 0, f->data, 5, D_NEXT, 1);
    put(f, 1, f->data + 100, 6, D_NEXT, 2);
    put(f, 2, f->data + 200, 3, D_NEXT | D_WRITE, 3);
    put(f, 3, f->data + 300, 4, D_WRITE, 0);
    assert_int_equal(add_and_pop(f, 0), VIRTQ_GOT);
    assert_int_equal(virtq_chain_read(&f->chain, 0, buf, sizeof(buf)), 11);
    assert_memory_equal(buf, "hello world", 11);
    assert_int_equal(virtq_chain_read(&f->chain, 4, buf, 3), 3);
    assert_memory_equal(buf, "o w", 3);
    assert_int_equal(virtq_chain_read(&f->chain, 5, buf, 2), 2);
    assert_memory_equal(buf, " w", 2);
    assert_int_equal(virtq_chain_read(&f->chain, 11, buf, 1), 0);
    assert_int_equal(virtq_chain_read(&f->chain, UINT64_MAX, buf, 1), 0);
    assert_int_equal(virtq_chain_write(&f->chain, 2, "abcdefgh", 8), 5);
    assert_memory_equal(driver_at(&f->d, f->data + 200), "\0\0a", 3);
    assert_memory_equal(driver_at(&f->d, f->data + 300), "bcde\0", 5);
}

static void test_accesses_of_any_alignment(void **state)
{
    uint8_t bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(guest_ram_get16(bytes + i), i | (i + 1) << 8);
        assert_int_equal(guest_ram_get32(bytes + i), 0x03020100u + 0x01010101u * i);
        assert_true(guest_ram_get64(bytes + i) ==
                    UINT64_C(0x0706050403020100) + UINT64_C(0x0101010101010101) * i);
    }
    for (unsigned i = 0; i < 4; i++) {
        guest_ram_put32(bytes + i, 0xdeadbeef);
        assert_int_equal(bytes[i], 0xef);
        assert_int_equal(bytes[i + 3], 0xde);
        guest_ram_put16(bytes + i, 0x1234);
        assert_int_equal(bytes[i], 0x34);
        assert_int_equal(bytes[i + 1], 0x12);
    }
}

static void test_reset(void **state)
{
    struct fixture *f = *state;

    virtq_push(&f->q, 0, 0);
    virtq_reset(&f->q);
    assert_false(f->q.ready);
    assert_int_equal(f->q.size, 0);
    assert_int_equal(f->q.next_used, 0);
    assert_ptr_equal(f->q.ram, &f->d.ram);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_empty_and_not_ready),
        T(test_chain_is_copied_in_order),
        T(test_head_and_next_out_of_range),
        T(test_loops_end),
        T(test_whole_table_is_one_chain),
        T(test_avail_index_runs_ahead),
        T(test_segments_lie_in_ram),
        T(test_writable_comes_last),
        T(test_total_below_4_gib),
        T(test_indirect),
        T(test_indirect_larger_than_queue),
        T(test_indirect_refused),
        T(test_rings_valid),
        T(test_rings_move_out_of_ram),
        T(test_used_index_is_ours),
        T(test_indices_wrap),
        T(test_interrupt_by_flag),
        T(test_interrupt_by_event),
        T(test_notifications),
        T(test_copies),
        T(test_accesses_of_any_alignment),
        T(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
