/* SPDX-License-Identifier: ISC */
/* virtqueue.c: the device's side of a split virtqueue. See virtqueue.h. */
#include "virtqueue.h"

#include <string.h>

/*
 * The rings in guest memory (2.7.5, 2.7.6, 2.7.8), n = queue size:
 *
 *   descriptor table  n * { u64 address, u32 length, u16 flags, u16 next }
 *   available ring    u16 flags, u16 index, n * u16 head, u16 used_event
 *   used ring         u16 flags, u16 index, n * { u32 head, u32 written }, u16 avail_event
 */
enum {
    DESC_SIZE = 16,
    DESC_ADDRESS = 0,
    DESC_LENGTH = 8,
    DESC_FLAGS = 12,
    DESC_NEXT = 14,
    DESC_F_NEXT = 1,
    DESC_F_WRITE = 2,
    DESC_F_INDIRECT = 4,

    RING_FLAGS = 0,
    RING_INDEX = 2,
    RING_ENTRIES = 4,
    AVAIL_ENTRY = 2,
    AVAIL_F_NO_INTERRUPT = 1,
    USED_ENTRY = 8,
    USED_F_NO_NOTIFY = 1,

    DESC_ALIGN = 16,
    AVAIL_ALIGN = 2,
    USED_ALIGN = 4,
};

static uint8_t *avail_ring(const struct virtq *q)
{
    return guest_ram_at(q->ram, q->avail, RING_ENTRIES + (uint64_t)q->size * AVAIL_ENTRY + 2);
}

static uint8_t *used_ring(const struct virtq *q)
{
    return guest_ram_at(q->ram, q->used, RING_ENTRIES + (uint64_t)q->size * USED_ENTRY + 2);
}

static uint8_t *used_event(const struct virtq *q, uint8_t *avail)
{
    return avail + RING_ENTRIES + (size_t)q->size * AVAIL_ENTRY;
}

static uint8_t *avail_event(const struct virtq *q, uint8_t *used)
{
    return used + RING_ENTRIES + (size_t)q->size * USED_ENTRY;
}

void virtq_reset(struct virtq *q)
{
    const struct guest_ram *ram = q->ram;

    memset(q, 0, sizeof(*q));
    q->ram = ram;
}

bool virtq_rings_valid(const struct virtq *q)
{
    if (q->size == 0 || q->size > VIRTQ_SIZE_MAX || (q->size & (q->size - 1)) != 0) {
        return false;
    }
    if (q->desc % DESC_ALIGN != 0 || q->avail % AVAIL_ALIGN != 0 || q->used % USED_ALIGN != 0) {
        return false;
    }
    return guest_ram_at(q->ram, q->desc, (uint64_t)q->size * DESC_SIZE) != NULL &&
           avail_ring(q) != NULL && used_ring(q) != NULL;
}

/* A descriptor, copied. */
struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct table {
    const uint8_t *host;
    uint32_t entries;
};

static struct descriptor read_descriptor(const struct table *t, uint32_t index)
{
    const uint8_t *p = t->host + (size_t)index * DESC_SIZE;

    return (struct descriptor){
        .address = guest_ram_get64(p + DESC_ADDRESS),
        .length = guest_ram_get32(p + DESC_LENGTH),
        .flags = guest_ram_get16(p + DESC_FLAGS),
        .next = guest_ram_get16(p + DESC_NEXT),
    };
}

static bool add_segment(const struct virtq *q, const struct descriptor *d, struct virtq_chain *out)
{
    unsigned count = (unsigned)out->readable + out->writable;
    uint8_t *host;

    if (d->length == 0) {
        return true;
    }
    host = guest_ram_at(q->ram, d->address, d->length);
    if (host == NULL || count >= VIRTQ_SEGMENTS_MAX) {
        return false;
    }
    if (out->readable_bytes + out->writable_bytes + d->length > UINT32_MAX) {
        return false;
    }
    if ((d->flags & DESC_F_WRITE) != 0) {
        out->writable++;
        out->writable_bytes += d->length;
    } else if (out->writable == 0) {
        out->readable++;
        out->readable_bytes += d->length;
    } else {
        return false; /* 2.7.4.2: readable ones come first */
    }
    out->segment[count] = (struct virtq_segment){.host = host, .size = d->length};
    return true;
}

/*
 * Follows a chain from entry `index` of a table, at most `limit` entries far: a loop is a chain
 * that does not end. When it ends in a descriptor that names an indirect table, *indirect is a copy
 * of it, else its length is 0.
 */
static bool walk(const struct virtq *q, const struct table *t, uint32_t index, unsigned limit,
                 struct virtq_chain *out, struct descriptor *indirect)
{
    indirect->length = 0;
    for (unsigned steps = 0; steps < limit && index < t->entries; steps++) {
        struct descriptor d = read_descriptor(t, index);

        if ((d.flags & DESC_F_INDIRECT) != 0) {
            *indirect = d;
            return (d.flags & DESC_F_NEXT) == 0 && d.length != 0;
        }
        if (!add_segment(q, &d, out)) {
            return false;
        }
        if ((d.flags & DESC_F_NEXT) == 0) {
            return true;
        }
        index = d.next;
    }
    return false;
}

static bool copy_chain(const struct virtq *q, uint16_t head, struct virtq_chain *out)
{
    struct table table = {
        .host = guest_ram_at(q->ram, q->desc, (uint64_t)q->size * DESC_SIZE),
        .entries = q->size,
    };
    struct descriptor indirect;

    out->head = head;
    out->readable = 0;
    out->writable = 0;
    out->readable_bytes = 0;
    out->writable_bytes = 0;
    if (table.host == NULL || !walk(q, &table, head, q->size, out, &indirect)) {
        return false;
    }
    if (indirect.length == 0) {
        return true;
    }
    if (!q->indirect || indirect.length % DESC_SIZE != 0) {
        return false;
    }
    table.host = guest_ram_at(q->ram, indirect.address, indirect.length);
    table.entries = indirect.length / DESC_SIZE;
    /*
     * Twice the segments, so that empty ones do not matter; an indirect table in this one is
     * refused (2.7.5.3.1).
     */
    return table.host != NULL && walk(q, &table, 0, 2 * VIRTQ_SEGMENTS_MAX, out, &indirect) &&
           indirect.length == 0;
}

enum virtq_error virtq_pop(struct virtq *q, struct virtq_chain *out)
{
    const uint8_t *avail;
    uint16_t pending, head;

    if (!q->ready) {
        return VIRTQ_EMPTY;
    }
    avail = avail_ring(q);
    if (avail == NULL) {
        return VIRTQ_BROKEN;
    }
    /* The entries and descriptors up to the index are read after the index. */
    pending = (uint16_t)(guest_ram_acquire16(avail + RING_INDEX) - q->next_avail);
    if (pending == 0) {
        return VIRTQ_EMPTY;
    }
    if (pending > q->size) {
        return VIRTQ_BROKEN;
    }
    head = guest_ram_get16(avail + RING_ENTRIES +
                           (size_t)(q->next_avail & (q->size - 1)) * AVAIL_ENTRY);
    if (!copy_chain(q, head, out)) {
        return VIRTQ_BROKEN;
    }
    q->next_avail++;
    return VIRTQ_GOT;
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t written)
{
    uint8_t *used, *entry;

    if (!q->ready) {
        return;
    }
    used = used_ring(q);
    if (used == NULL) {
        return;
    }
    entry = used + RING_ENTRIES + (size_t)(q->next_used & (q->size - 1)) * USED_ENTRY;
    guest_ram_put32(entry, head);
    guest_ram_put32(entry + 4, written);
    q->next_used++;
    /* The data and the entry are seen before the index that says so. */
    guest_ram_release16(used + RING_INDEX, q->next_used);
}

bool virtq_should_interrupt(struct virtq *q)
{
    uint16_t old = q->signalled_used, new = q->next_used;
    uint8_t *avail;

    if (!q->ready || new == old) {
        return false;
    }
    avail = avail_ring(q);
    if (avail == NULL) {
        return false;
    }
    q->signalled_used = new;
    /* The driver writes what it wants and then looks at the used index; we the other way round. */
    guest_ram_fence();
    if (q->event_idx) {
        uint16_t event = guest_ram_get16(used_event(q, avail));

        return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
    }
    return (guest_ram_get16(avail + RING_FLAGS) & AVAIL_F_NO_INTERRUPT) == 0;
}

bool virtq_enable_notify(struct virtq *q)
{
    uint8_t *avail, *used;

    if (!q->ready) {
        return false;
    }
    avail = avail_ring(q);
    used = used_ring(q);
    if (avail == NULL || used == NULL) {
        return false;
    }
    if (q->event_idx) {
        guest_ram_put16(avail_event(q, used), q->next_avail);
    } else {
        guest_ram_put16(used + RING_FLAGS, 0);
    }
    /* What the driver made available before it could see this, it did not tell us of. */
    guest_ram_fence();
    return guest_ram_get16(avail + RING_INDEX) != q->next_avail;
}

void virtq_disable_notify(struct virtq *q)
{
    uint8_t *used;

    /* With event indices it is enough not to move avail_event on. */
    if (!q->ready || q->event_idx) {
        return;
    }
    used = used_ring(q);
    if (used != NULL) {
        guest_ram_put16(used + RING_FLAGS, USED_F_NO_NOTIFY);
    }
}

/* Copies between buf and `count` segments, from byte `offset` of them. */
static size_t copy(const struct virtq_segment *segment, unsigned count, uint64_t offset,
                   uint8_t *to, const uint8_t *from, size_t size)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < size; i++) {
        size_t n;

        if (offset >= segment[i].size) {
            offset -= segment[i].size;
            continue;
        }
        n = segment[i].size - (size_t)offset;
        if (n > size - done) {
            n = size - done;
        }
        if (to != NULL) {
            memcpy(to + done, segment[i].host + offset, n);
        } else {
            memcpy(segment[i].host + offset, from + done, n);
        }
        done += n;
        offset = 0;
    }
    return done;
}

size_t virtq_chain_read(const struct virtq_chain *c, uint64_t offset, void *buf, size_t size)
{
    return copy(c->segment, c->readable, offset, buf, NULL, size);
}

size_t virtq_chain_write(const struct virtq_chain *c, uint64_t offset, const void *buf, size_t size)
{
    return copy(c->segment + c->readable, c->writable, offset, NULL, buf, size);
}
