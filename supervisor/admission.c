/* SPDX-License-Identifier: ISC */
/*
 * admission.c: who may run, within the host's budget.
 *
 * One list of entries in the order of their asking; those admitted are counted in `used`. A host has hundreds
 * of VMs, so the list is searched from its front.
 */
#include "admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

struct entry {
    void *ctx;
    struct budget need; /* its vms is 1 */
    bool admitted;
};

struct admission {
    struct budget limit, used;
    uint32_t queue_max;
    struct entry *entry;
    size_t count, size;
};

struct admission *admission_new(void)
{
    return calloc(1, sizeof(struct admission));
}

void admission_free(struct admission *a)
{
    if (a != NULL) {
        free(a->entry);
        free(a);
    }
}

void admission_set_budget(struct admission *a, const struct budget *b, uint32_t queue_max)
{
    a->limit = *b;
    a->queue_max = queue_max;
}

/* What is left of a limit; a limit that was lowered below its use leaves nothing. */
static uint64_t left(uint64_t limit, uint64_t used)
{
    return limit == 0 ? UINT64_MAX : used < limit ? limit - used : 0;
}

static bool fits(const struct budget *limit, const struct budget *used, const struct budget *need)
{
    return need->vms <= left(limit->vms, used->vms) &&
           need->cpus <= left(limit->cpus, used->cpus) &&
           need->memory <= left(limit->memory, used->memory);
}

static bool fits_now(const struct admission *a, const struct budget *need)
{
    return fits(&a->limit, &a->used, need);
}

static bool fits_ever(const struct admission *a, const struct budget *need)
{
    return fits(&a->limit, &(struct budget){0}, need);
}

static void take(struct admission *a, struct entry *e)
{
    e->admitted = true;
    a->used.vms += e->need.vms;
    a->used.cpus += e->need.cpus;
    a->used.memory += e->need.memory;
}

static struct entry *find(const struct admission *a, const void *ctx)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->entry[i].ctx == ctx) {
            return &a->entry[i];
        }
    }
    return NULL;
}

static size_t queued(const struct admission *a)
{
    return a->count - a->used.vms;
}

static struct entry *append(struct admission *a, void *ctx, const struct budget *need)
{
    if (a->count == a->size) {
        size_t size = a->size == 0 ? 16 : 2 * a->size;
        struct entry *grown = realloc(a->entry, size * sizeof(*grown));

        if (grown == NULL) {
            return NULL;
        }
        a->entry = grown;
        a->size = size;
    }
    a->entry[a->count] = (struct entry){.ctx = ctx, .need = *need};
    return &a->entry[a->count++];
}

enum admission_answer admission_ask(struct admission *a, void *ctx, uint32_t cpus, uint64_t memory,
                                    bool may_wait)
{
    const struct budget need = {.vms = 1, .cpus = cpus, .memory = memory};
    struct entry *e = find(a, ctx);
    bool now = queued(a) == 0 && fits_now(a, &need);

    if (e != NULL && e->admitted) {
        return ADMITTED;
    }
    if (e != NULL && fits_ever(a, &e->need)) {
        return ADMISSION_QUEUED;
    }
    admission_release(a, ctx); /* of what queues, only what the budget has shrunk below */
    if (e != NULL || !fits_ever(a, &need)) {
        return ADMISSION_NEVER;
    }
    if (!now && (!may_wait || queued(a) >= a->queue_max)) {
        return ADMISSION_REFUSED;
    }
    e = append(a, ctx, &need);
    if (e == NULL) {
        return ADMISSION_REFUSED;
    }
    if (now) {
        take(a, e);
    }
    return now ? ADMITTED : ADMISSION_QUEUED;
}

void admission_release(struct admission *a, void *ctx)
{
    struct entry *e = find(a, ctx);

    if (e == NULL) {
        return;
    }
    if (e->admitted) {
        a->used.vms -= e->need.vms;
        a->used.cpus -= e->need.cpus;
        a->used.memory -= e->need.memory;
    }
    a->count--;
    memmove(e, e + 1, (size_t)(a->entry + a->count - e) * sizeof(*e));
}

void *admission_next(struct admission *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct entry *e = &a->entry[i];

        if (e->admitted || !fits_ever(a, &e->need)) {
            continue; /* nobody waits behind one for whom waiting is in vain */
        }
        if (!fits_now(a, &e->need)) {
            return NULL;
        }
        take(a, e);
        return e->ctx;
    }
    return NULL;
}

size_t admission_position(const struct admission *a, const void *ctx)
{
    size_t position = 0;

    for (size_t i = 0; i < a->count; i++) {
        position += !a->entry[i].admitted;
        if (a->entry[i].ctx == ctx) {
            return a->entry[i].admitted ? 0 : position;
        }
    }
    return 0;
}

void admission_get_use(const struct admission *a, struct admission_use *out)
{
    *out = (struct admission_use){
        .limit = a->limit, .used = a->used, .queued = queued(a), .queue_max = a->queue_max};
}

const char *admission_explain(const struct admission *a, uint32_t cpus, uint64_t memory, char *out,
                              size_t size)
{
    uint64_t free_memory = left(a->limit.memory, a->used.memory);
    uint64_t free_cpus = left(a->limit.cpus, a->used.cpus);
    char need[UNITS_TEXT], have[UNITS_TEXT], all[UNITS_TEXT];
    size_t used = 0;

    out[0] = '\0';
    if (memory > free_memory) {
        used += (size_t)snprintf(
            out, size, "needs %s of memory; %s of %s is free", units_format_size(memory, need),
            units_format_size(free_memory, have), units_format_size(a->limit.memory, all));
    }
    if (cpus > free_cpus && used < size) {
        used += (size_t)snprintf(out + used, size - used, "%sneeds %u vCPUs; %u of %u are free",
                                 used == 0 ? "" : "; ", (unsigned)cpus, (unsigned)free_cpus,
                                 (unsigned)a->limit.cpus);
    }
    if (left(a->limit.vms, a->used.vms) == 0 && used < size) {
        used +=
            (size_t)snprintf(out + used, size - used, "%s%u of %u VMs run", used == 0 ? "" : "; ",
                             (unsigned)a->used.vms, (unsigned)a->limit.vms);
    }
    if (used == 0) {
        snprintf(out, size, "%zu VMs wait already", queued(a));
    }
    return out;
}
