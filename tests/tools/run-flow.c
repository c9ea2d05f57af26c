/* SPDX-License-Identifier: ISC */
/*
 * run-flow.c: see run-flow.h.
 */
#include "run-flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 4096u /* what a pipe that is writable takes without waiting */

bool run_flow_open(struct run_flow *f, int from, int to, size_t cap)
{
    *f = (struct run_flow){.from = from, .to = to, .cap = cap, .buf = malloc(cap)};
    return f->buf != NULL;
}

void run_flow_close(struct run_flow *f)
{
    free(f->buf);
    *f = (struct run_flow){.from = -1, .to = -1, .ended = true, .lost = true};
}

bool run_flow_wants_read(const struct run_flow *f)
{
    return f->from >= 0 && !f->ended && (f->lost || f->used < f->cap);
}

bool run_flow_wants_write(const struct run_flow *f)
{
    return f->to >= 0 && !f->lost && f->used != 0;
}

void run_flow_read(struct run_flow *f, const uint8_t **p, size_t *n)
{
    ssize_t got;

    if (f->first != 0 && f->first + f->used == f->cap) {
        memmove(f->buf, f->buf + f->first, f->used);
        f->first = 0;
    }
    *p = f->buf + f->first + f->used;
    *n = 0;
    got = read(f->from, f->buf + f->first + f->used, f->cap - f->first - f->used);
    if (got > 0) {
        *n = (size_t)got;
        f->used += f->lost ? 0 : (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) {
        f->ended = true;
    }
}

void run_flow_write(struct run_flow *f)
{
    ssize_t n = write(f->to, f->buf + f->first, f->used < PIECE ? f->used : PIECE);

    if (n < 0) {
        if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            f->lost = true;
            f->first = 0;
            f->used = 0;
        }
        return;
    }
    f->first += (size_t)n;
    f->used -= (size_t)n;
    if (f->used == 0) {
        f->first = 0;
    }
}

bool run_flow_done(const struct run_flow *f)
{
    return (f->ended || f->from < 0) && (f->used == 0 || f->lost);
}
