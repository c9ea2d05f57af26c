/* SPDX-License-Identifier: ISC */
/*
 * Virtqueues alone: rings, indices and tables as the input has them, and changing meanwhile.
 *
 * Input: u8 flags (1 race, 2 EVENT_IDX, 4 INDIRECT, 8 lawful rings), u8 size, u64 seed and
 * next_avail; then either three addresses or nothing; then operations: a descriptor, a poke, made
 * available, or taken and given back.
 */
#include "hostile-driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void serve(struct virtq *q, unsigned most)
{
    static struct virtq_chain chain;
    uint8_t buf[64];

    for (unsigned i = 0; i < most; i++) {
        uint16_t before = q->next_avail;
        enum virtq_error e = virtq_pop(q, &chain);

        HOSTILE_CHECK(q->next_avail == (uint16_t)(before + (e == VIRTQ_GOT)));
        if (e != VIRTQ_GOT) {
            break;
        }
        hostile_check_chain(q, &chain);
        HOSTILE_CHECK(virtq_chain_read(&chain, chain.readable_bytes, buf, 1) == 0);
        virtq_chain_read(&chain, chain.readable_bytes / 2, buf, sizeof(buf));
        virtq_chain_write(&chain, chain.writable_bytes / 2, buf, sizeof(buf));
        HOSTILE_CHECK(virtq_chain_write(&chain, chain.writable_bytes, buf, 1) == 0);
        before = q->next_used;
        virtq_push(q, chain.head, (uint32_t)chain.writable_bytes);
        HOSTILE_CHECK(q->next_used == (uint16_t)(before + 1));
        virtq_should_interrupt(q);
        HOSTILE_CHECK(!virtq_should_interrupt(q));
    }
    virtq_disable_notify(q);
    virtq_enable_notify(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hostile_input in = {data, size};
    uint8_t flags = (uint8_t)hostile_take(&in, 1);
    uint8_t choice = (uint8_t)hostile_take(&in, 1);
    uint64_t seed = hostile_take(&in, 8);
    struct virtq q = {.ram = &hostile_ram};

    hostile_ram_init();
    q.size = choice < 0xf0 ? (uint16_t)(1u << choice % 9) : (uint16_t)(choice * 257u);
    q.event_idx = (flags & 2) != 0;
    q.indirect = (flags & 4) != 0;
    q.desc = HOSTILE_DESC(0);
    q.avail = HOSTILE_AVAIL(0);
    q.used = HOSTILE_USED(0);
    if ((flags & 8) == 0) {
        q.desc = hostile_take_address(&in);
        q.avail = hostile_take_address(&in);
        q.used = hostile_take_address(&in);
    }
    if (!virtq_rings_valid(&q)) {
        return 0; /* the transport refuses QueueReady */
    }
    q.ready = true;
    if ((flags & 1) != 0) {
        hostile_race_start(seed);
    }
    for (unsigned step = 0; step < HOSTILE_STEPS && in.left != 0; step++) {
        switch (hostile_take(&in, 1) % 4) {
        case 0: hostile_put_descriptor(&in); break;
        case 1: hostile_poke(&in); break;
        case 2: hostile_add(0, q.size, (uint16_t)hostile_take(&in, 1)); break;
        default: serve(&q, 8); break;
        }
    }
    serve(&q, 300);
    if ((flags & 1) != 0) {
        hostile_race_stop();
    }
    return 0;
}
