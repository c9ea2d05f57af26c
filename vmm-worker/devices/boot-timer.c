/* SPDX-License-Identifier: ISC */
/* boot-timer.c: see boot-timer.h. */
#include "boot-timer.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "../host-clock.h"

struct boot_timer {
    void (*booted)(void *ctx, uint64_t microseconds);
    void *ctx;
    uint64_t start_ns;
    atomic_bool done;
};

static void boot_timer_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct boot_timer *t = dev;

    (void)size;
    if (offset == 0 && value == BOOT_TIMER_MAGIC && !atomic_exchange(&t->done, true)) {
        t->booted(t->ctx, (host_ns() - t->start_ns) / 1000);
    }
}

const struct device_ops boot_timer_ops = {.write = boot_timer_write};

struct boot_timer *boot_timer_new(void (*booted)(void *ctx, uint64_t microseconds), void *ctx)
{
    struct boot_timer *t = calloc(1, sizeof(*t));

    if (t != NULL) {
        t->booted = booted;
        t->ctx = ctx;
    }
    return t;
}

void boot_timer_start(struct boot_timer *t)
{
    t->start_ns = host_ns();
}

void boot_timer_free(struct boot_timer *t)
{
    free(t);
}
