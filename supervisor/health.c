/* SPDX-License-Identifier: ISC */
/*
 * health.c: asks a guest again and again whether it answers. See health.h.
 */
#include "health.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker.h"

/* One try. Its answer may come when the try, or even the health, is over. */
struct
try {
    struct health *health; /* NULL: nobody waits for it any more */
};

struct health {
    uv_timer_t timer; /* the next try, or the end of the one under way */
    struct worker *worker;
    const struct vm_config *config;
    struct health_record record;
    health_changed_fn *changed;
    void *ctx;
    struct try *under_way;
    int fd; /* our end of its connection; -1: none */
};

/* ---- The record --------------------------------------------------------------------------------- */

void health_record_init(struct health_record *r, int64_t now)
{
    *r = (struct health_record){.since = now, .now = VM_HEALTH_STARTING};
}

bool health_record_add(struct health_record *r, const struct vm_config *c, bool success,
                       int64_t now)
{
    enum vm_health before = r->now;

    if (success) {
        r->failures = 0;
        r->now = VM_HEALTH_READY;
    } else if (r->now != VM_HEALTH_STARTING || now - r->since >= (int64_t)c->health.start_period) {
        r->failures += r->failures < c->health.retries ? 1 : 0;
        r->now = r->failures >= c->health.retries ? VM_HEALTH_UNHEALTHY : r->now;
    }
    return r->now != before;
}

uint64_t health_record_pause(const struct health_record *r, const struct vm_config *c)
{
    bool first = r->now == VM_HEALTH_STARTING && r->failures == 0;

    return first && c->health.interval > HEALTH_FIRST_TRIES_MS ? HEALTH_FIRST_TRIES_MS
                                                               : c->health.interval;
}

/* ---- Tries -------------------------------------------------------------------------------------- */

static void on_time(uv_timer_t *timer);

static void end_try(struct health *h)
{
    if (h->under_way != NULL) {
        h->under_way->health = NULL;
        h->under_way = NULL;
    }
    if (h->fd >= 0) {
        close(h->fd);
        h->fd = -1;
    }
}

/* Nothing that the guest had a hand in. */
static bool is_our_trouble(int err)
{
    return err == -EPIPE || err == -EBUSY || err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

static void take_result(struct health *h, int err)
{
    char why[VM_HEALTH_CAUSE_SIZE] = "";
    bool changed;

    end_try(h);
    uv_update_time(h->timer.loop);
    if (is_our_trouble(err)) {
        uv_timer_start(&h->timer, on_time, h->config->health.interval, 0);
        return;
    }
    changed = health_record_add(&h->record, h->config, err == 0, (int64_t)uv_now(h->timer.loop));
    uv_timer_start(&h->timer, on_time, health_record_pause(&h->record, h->config), 0);
    if (changed) {
        if (h->record.now == VM_HEALTH_UNHEALTHY) {
            snprintf(why, sizeof(why), "%u tries in a row failed; vsock port %u: %s",
                     h->record.failures, h->config->health.port,
                     err == -EAGAIN ? "the guest has no vsock driver running" : strerror(-err));
        }
        h->changed(h->ctx, h->record.now, why);
    }
}

static void on_answer(void *ctx, int err, const struct msg_stats *stats)
{
    struct try *t = ctx;
    struct health *h = t->health;

    (void)stats;
    free(t);
    if (h != NULL) {
        h->under_way = NULL;
        take_result(h, err);
    }
}

static void begin_try(struct health *h)
{
    struct try *t = calloc(1, sizeof(*t));
    int pair[2];

    if (t == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        free(t);
        take_result(h, -ENOMEM);
        return;
    }
    fcntl(pair[0], F_SETFD, FD_CLOEXEC);
    fcntl(pair[1], F_SETFD, FD_CLOEXEC);
    t->health = h;
    h->under_way = t;
    h->fd = pair[0];
    uv_timer_start(&h->timer, on_time, h->config->health.timeout, 0);
    worker_connect_vsock(h->worker, h->config->health.port, pair[1], on_answer, t);
}

static void on_time(uv_timer_t *timer)
{
    struct health *h = timer->data;

    if (h->under_way != NULL) {
        take_result(h, -ETIMEDOUT);
    } else {
        begin_try(h);
    }
}

/* ---- Beginning and end -------------------------------------------------------------------------- */

struct health *health_new(uv_loop_t *loop, struct worker *worker, const struct vm_config *config,
                          health_changed_fn *changed, void *ctx)
{
    struct health *h = calloc(1, sizeof(*h));

    if (h == NULL) {
        return NULL;
    }
    h->worker = worker;
    h->config = config;
    h->changed = changed;
    h->ctx = ctx;
    h->fd = -1;
    uv_update_time(loop);
    health_record_init(&h->record, (int64_t)uv_now(loop));
    uv_timer_init(loop, &h->timer);
    h->timer.data = h;
    uv_timer_start(&h->timer, on_time, 0, 0);
    return h;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void health_free(struct health *h)
{
    if (h != NULL) {
        end_try(h);
        uv_close((uv_handle_t *)&h->timer, on_closed);
    }
}
