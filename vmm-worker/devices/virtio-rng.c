/* SPDX-License-Identifier: ISC */
/* virtio-rng.c: the entropy device. See virtio-rng.h. */
#include "virtio-rng.h"

#include <errno.h>
#include <stdlib.h>

#include "../host-random.h"

struct virtio_rng {
    struct virtio virtio;
    uint64_t requests, bytes; /* counters */
};

/* ---- Queue, with the lock held ---- */

/* Fills a buffer, as far as one answer goes. How many bytes, or a negative errno. */
static int answer(const struct virtq_chain *chain)
{
    uint8_t random[VIRTIO_RNG_ANSWER];
    size_t size =
        chain->writable_bytes < sizeof(random) ? (size_t)chain->writable_bytes : sizeof(random);
    int err = host_random(random, size);

    return err != 0 ? err : (int)virtq_chain_write(chain, 0, random, size);
}

static void serve(struct virtio_rng *r)
{
    struct virtq_chain chain;

    for (unsigned i = 0; i < VIRTIO_RNG_QUEUE_MAX && virtio_pop(&r->virtio, 0, &chain); i++) {
        int n = answer(&chain);

        if (n < 0) {
            /* Rather no device than one whose buffers are not random. */
            virtio_break(&r->virtio);
            return;
        }
        r->requests++;
        r->bytes += (uint64_t)n;
        virtio_push(&r->virtio, 0, chain.head, (uint32_t)n);
    }
    virtio_interrupt(&r->virtio, 0);
}

/* ---- What the transport calls ---- */

static void rng_activate(void *dev)
{
    serve(dev);
}

static void rng_notify(void *dev, unsigned queue)
{
    (void)queue;
    serve(dev);
}

static void rng_stats(const void *dev, const char *name, struct stats *out)
{
    const struct virtio_rng *r = dev;

    stats_add(out, name, "requests", r->requests);
    stats_add(out, name, "bytes", r->bytes);
}

static const struct virtio_ops rng_ops = {
    .id = VIRTIO_RNG,
    .queues = 1,
    .queue_max = VIRTIO_RNG_QUEUE_MAX,
    .withheld = VIRTIO_F_EVENT_IDX,
    .activate = rng_activate,
    .notify = rng_notify,
    .stats = rng_stats,
};

/* ---- Creation ---- */

int virtio_rng_new(struct virtio_rng **out, const struct virtio_rng_config *config)
{
    struct virtio_rng *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        return -ENOMEM;
    }
    virtio_init(&r->virtio, &rng_ops, r, config->name, config->ram, config->spi, config->set_irq,
                0);
    *out = r;
    return 0;
}

void virtio_rng_free(struct virtio_rng *r)
{
    if (r == NULL) {
        return;
    }
    virtio_destroy(&r->virtio);
    free(r);
}

struct virtio *virtio_rng_device(struct virtio_rng *r)
{
    return &r->virtio;
}
