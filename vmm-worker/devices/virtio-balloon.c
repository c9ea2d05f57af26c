/* SPDX-License-Identifier: ISC */
/* virtio-balloon.c: the memory balloon. See virtio-balloon.h. */
#include "virtio-balloon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../host-pages.h"

/* Feature bits (5.5.3). */
#define F_STATS_VQ       (UINT64_C(1) << 1)
#define F_DEFLATE_ON_OOM (UINT64_C(1) << 2)
#define F_REPORTING      (UINT64_C(1) << 5)

/* Config space (5.5.4): u32 num_pages, u32 actual. */
enum {
    CONFIG_NUM_PAGES = 0,
    CONFIG_ACTUAL = 4,
    CONFIG_SIZE = 8
};

/*
 * Queues (5.5.2). The standard gives reporting number 4; Linux numbers the queues that exist, and
 * so do the devices that it was written with. Both work.
 */
enum {
    INFLATE = 0,
    DEFLATE = 1,
    STATS = 2,
    REPORTING_STANDARD = 4,
    QUEUES = 5
};

/* A statistic is u16 tag, u64 value (5.5.6.3). */
enum {
    STAT_SIZE = 10,
    STATS_MAX = 32
};

static const char *const stat_name[] = {
    "guest_swap_in",          "guest_swap_out",        "guest_major_faults", "guest_minor_faults",
    "guest_free_bytes",       "guest_total_bytes",     "guest_avail_bytes",  "guest_cache_bytes",
    "guest_hugepages_gotten", "guest_hugepages_failed"};

#define STAT_TAGS (sizeof(stat_name) / sizeof(stat_name[0]))

struct virtio_balloon {
    struct virtio virtio;
    const struct guest_ram *ram;
    uint64_t host_page;
    uint64_t pages; /* 4 KiB pages of RAM */
    uint8_t *in;    /* a bit for each: it is in the balloon */
    uint64_t held;  /* bits set */
    uint32_t target, actual;
    /* The driver's buffer for statistics stays here until they are asked for. */
    bool stats_held;
    uint16_t stats_head;
    uint64_t stat[STAT_TAGS];
    bool stat_known[STAT_TAGS];
    /* Counters. */
    uint64_t inflated, deflated, reported_bytes, freed_bytes, ignored, errors;
};

/* ---- Pages ---- */

static bool page_in(const struct virtio_balloon *b, uint64_t page)
{
    return (b->in[page / 8] >> page % 8 & 1) != 0;
}

/*
 * Collects neighbouring host pages, so that they are freed with one call. Offsets are within RAM.
 */
struct run {
    uint64_t start, end;
};

static void run_flush(struct virtio_balloon *b, struct run *run)
{
    if (run->end > run->start) {
        if (host_pages_release(b->ram->host + run->start, (size_t)(run->end - run->start)) == 0) {
            b->freed_bytes += run->end - run->start;
        } else {
            b->errors++;
        }
    }
    *run = (struct run){0, 0};
}

static void run_add(struct virtio_balloon *b, struct run *run, uint64_t start)
{
    uint64_t end = start + b->host_page;

    if (run->end > run->start && start == run->end) {
        run->end = end;
    } else if (run->end > run->start && end == run->start) {
        run->start = start; /* Linux hands pages out from the top */
    } else {
        run_flush(b, run);
        *run = (struct run){start, end};
    }
}

/* If all of the host page around this page is RAM and in the balloon now, frees it. */
static void free_around(struct virtio_balloon *b, struct run *run, uint64_t page)
{
    uint64_t parts = b->host_page / VIRTIO_BALLOON_PAGE;
    uint64_t first = page - page % parts;

    if (parts > b->pages - first) {
        return;
    }
    for (uint64_t i = 0; i < parts; i++) {
        if (!page_in(b, first + i)) {
            return;
        }
    }
    run_add(b, run, first * VIRTIO_BALLOON_PAGE);
}

/* The number within RAM of the 4 KiB page that the driver calls pfn, or b->pages. */
static uint64_t page_of(const struct virtio_balloon *b, uint32_t pfn)
{
    uint64_t base = b->ram->base / VIRTIO_BALLOON_PAGE;

    return pfn >= base && pfn - base < b->pages ? pfn - base : b->pages;
}

/* ---- Queues, with the lock held ---- */

static void move_pages(struct virtio_balloon *b, const struct virtq_chain *chain, bool inflate)
{
    struct run run = {0, 0};
    uint8_t pfn[4];

    for (unsigned i = 0; i < VIRTIO_BALLOON_PFNS; i++) {
        uint64_t page;
        uint8_t bit;

        if (virtq_chain_read(chain, 4 * (uint64_t)i, pfn, sizeof(pfn)) != sizeof(pfn)) {
            break;
        }
        page = page_of(b, guest_ram_get32(pfn));
        if (page == b->pages || page_in(b, page) == inflate) {
            b->ignored++;
            continue;
        }
        bit = (uint8_t)(1u << page % 8);
        if (inflate) {
            b->in[page / 8] |= bit;
            b->held++;
            b->inflated++;
            free_around(b, &run, page);
        } else {
            b->in[page / 8] &= (uint8_t)~bit;
            b->held--;
            b->deflated++;
        }
    }
    run_flush(b, &run);
}

/* The segments themselves are the free memory; what they hold may be lost. */
static void report_pages(struct virtio_balloon *b, const struct virtq_chain *chain)
{
    unsigned count = (unsigned)chain->readable + chain->writable;

    for (unsigned i = 0; i < count; i++) {
        uint64_t start = (uint64_t)(chain->segment[i].host - b->ram->host);
        uint64_t end = start + chain->segment[i].size;
        struct run run = {
            .start = (start + b->host_page - 1) & ~(b->host_page - 1),
            .end = end & ~(b->host_page - 1),
        };

        b->reported_bytes += chain->segment[i].size;
        run_flush(b, &run);
    }
}

static void take_stats(struct virtio_balloon *b, const struct virtq_chain *chain)
{
    uint8_t entry[STAT_SIZE];

    for (unsigned i = 0; i < STATS_MAX; i++) {
        uint16_t tag;

        if (virtq_chain_read(chain, (uint64_t)i * STAT_SIZE, entry, sizeof(entry)) != STAT_SIZE) {
            break;
        }
        tag = guest_ram_get16(entry);
        if (tag < STAT_TAGS) {
            b->stat[tag] = guest_ram_get64(entry + 2);
            b->stat_known[tag] = true;
        }
    }
    if (b->stats_held) {
        virtio_push(&b->virtio, STATS, b->stats_head, 0);
    }
    b->stats_held = true;
    b->stats_head = chain->head;
}

static bool is_reporting(const struct virtio_balloon *b, unsigned queue)
{
    unsigned counted = (b->virtio.features & F_STATS_VQ) != 0 ? STATS + 1 : STATS;

    return (b->virtio.features & F_REPORTING) != 0 &&
           (queue == counted || queue == REPORTING_STANDARD);
}

static void serve(struct virtio_balloon *b, unsigned queue)
{
    bool stats = queue == STATS && (b->virtio.features & F_STATS_VQ) != 0;
    struct virtq_chain chain;

    if (queue > DEFLATE && !stats && !is_reporting(b, queue)) {
        return;
    }
    for (unsigned i = 0; i < VIRTIO_BALLOON_QUEUE_MAX && virtio_pop(&b->virtio, queue, &chain);
         i++) {
        if (stats) {
            take_stats(b, &chain);
            continue;
        }
        if (queue <= DEFLATE) {
            move_pages(b, &chain, queue == INFLATE);
        } else {
            report_pages(b, &chain);
        }
        virtio_push(&b->virtio, queue, chain.head, 0);
    }
    virtio_interrupt(&b->virtio, queue);
}

/* ---- What the transport calls ---- */

static void balloon_config_read(void *dev, uint32_t offset, void *buf, unsigned size)
{
    const struct virtio_balloon *b = dev;
    uint8_t config[CONFIG_SIZE];

    guest_ram_put32(config + CONFIG_NUM_PAGES, b->target);
    guest_ram_put32(config + CONFIG_ACTUAL, b->actual);
    if (offset < CONFIG_SIZE) {
        memcpy(buf, config + offset, size < CONFIG_SIZE - offset ? size : CONFIG_SIZE - offset);
    }
}

static void balloon_config_write(void *dev, uint32_t offset, const void *buf, unsigned size)
{
    struct virtio_balloon *b = dev;
    const uint8_t *bytes = buf;
    uint8_t actual[4];

    guest_ram_put32(actual, b->actual);
    for (unsigned i = 0; i < size; i++) {
        uint32_t at = offset + i;

        if (at >= CONFIG_ACTUAL && at < CONFIG_ACTUAL + sizeof(actual)) {
            actual[at - CONFIG_ACTUAL] = bytes[i];
        }
    }
    b->actual = guest_ram_get32(actual);
}

static void balloon_activate(void *dev)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        serve(dev, i);
    }
}

static void balloon_notify(void *dev, unsigned queue)
{
    serve(dev, queue);
}

/* The new driver knows of no page in the balloon. */
static void balloon_reset(void *dev)
{
    struct virtio_balloon *b = dev;

    if (b->held != 0) {
        memset(b->in, 0, (size_t)((b->pages + 7) / 8));
    }
    b->held = 0;
    b->actual = 0;
    b->stats_held = false;
    memset(b->stat_known, 0, sizeof(b->stat_known));
}

static void balloon_stats(const void *dev, const char *name, struct stats *out)
{
    const struct virtio_balloon *b = dev;

    stats_add(out, name, "target_bytes", b->target * VIRTIO_BALLOON_PAGE);
    stats_add(out, name, "actual_bytes", b->actual * VIRTIO_BALLOON_PAGE);
    stats_add(out, name, "held_bytes", b->held * VIRTIO_BALLOON_PAGE);
    stats_add(out, name, "inflated_pages", b->inflated);
    stats_add(out, name, "deflated_pages", b->deflated);
    stats_add(out, name, "ignored_pages", b->ignored);
    stats_add(out, name, "reported_bytes", b->reported_bytes);
    stats_add(out, name, "freed_bytes", b->freed_bytes);
    stats_add(out, name, "errors", b->errors);
    for (unsigned i = 0; i < STAT_TAGS; i++) {
        if (b->stat_known[i]) {
            stats_add(out, name, stat_name[i], b->stat[i]);
        }
    }
}

static const struct virtio_ops balloon_ops = {
    .id = VIRTIO_BALLOON,
    .queues = QUEUES,
    .queue_max = VIRTIO_BALLOON_QUEUE_MAX,
    .features = F_STATS_VQ | F_DEFLATE_ON_OOM | F_REPORTING,
    .withheld = VIRTIO_F_EVENT_IDX,
    .config_read = balloon_config_read,
    .config_write = balloon_config_write,
    .activate = balloon_activate,
    .notify = balloon_notify,
    .reset = balloon_reset,
    .stats = balloon_stats,
};

/* ---- Creation ---- */

int virtio_balloon_new(struct virtio_balloon **out, const struct virtio_balloon_config *config)
{
    struct virtio_balloon *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        return -ENOMEM;
    }
    b->ram = config->ram;
    b->host_page = host_page_size();
    b->pages = config->ram->size / VIRTIO_BALLOON_PAGE;
    b->in = calloc(1, (size_t)((b->pages + 7) / 8) + 1);
    if (b->in == NULL) {
        free(b);
        return -ENOMEM;
    }
    virtio_init(&b->virtio, &balloon_ops, b, config->name, config->ram, config->spi,
                config->set_irq, 0);
    *out = b;
    return 0;
}

void virtio_balloon_free(struct virtio_balloon *b)
{
    if (b == NULL) {
        return;
    }
    virtio_destroy(&b->virtio);
    free(b->in);
    free(b);
}

struct virtio *virtio_balloon_device(struct virtio_balloon *b)
{
    return &b->virtio;
}

/* ---- For the VM ---- */

void virtio_balloon_set_target(struct virtio_balloon *b, uint64_t bytes)
{
    uint64_t pages = bytes / VIRTIO_BALLOON_PAGE;

    pages = pages < b->pages ? pages : b->pages;
    virtio_lock(&b->virtio);
    if (pages <= UINT32_MAX && pages != b->target) {
        b->target = (uint32_t)pages;
        virtio_config_changed(&b->virtio);
    }
    virtio_unlock(&b->virtio);
}

uint64_t virtio_balloon_target(struct virtio_balloon *b)
{
    uint64_t pages;

    virtio_lock(&b->virtio);
    pages = b->target;
    virtio_unlock(&b->virtio);
    return pages * VIRTIO_BALLOON_PAGE;
}

uint64_t virtio_balloon_actual(struct virtio_balloon *b)
{
    uint64_t pages;

    virtio_lock(&b->virtio);
    pages = b->actual;
    virtio_unlock(&b->virtio);
    return pages * VIRTIO_BALLOON_PAGE;
}

uint64_t virtio_balloon_held(struct virtio_balloon *b)
{
    uint64_t pages;

    virtio_lock(&b->virtio);
    pages = b->held;
    virtio_unlock(&b->virtio);
    return pages * VIRTIO_BALLOON_PAGE;
}

void virtio_balloon_ask_stats(struct virtio_balloon *b)
{
    virtio_lock(&b->virtio);
    if (b->stats_held) {
        b->stats_held = false;
        virtio_push(&b->virtio, STATS, b->stats_head, 0);
        virtio_interrupt(&b->virtio, STATS);
    }
    virtio_unlock(&b->virtio);
}
