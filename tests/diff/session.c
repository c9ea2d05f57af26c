/* SPDX-License-Identifier: ISC */
/* The two sides of a differential run: see session.h. */
#include "session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void side_of_oracle(struct side *side, struct oracle *o, const char *name)
{
    side->name = name;
    side->cases = o->shared->cases;
    side->results = o->shared->results;
    for (unsigned p = 0; p < DIFF_PAGES; p++)
        side->page[p] = o->shared->page[p][0];
}

int session_open(struct session *s, const struct session_options *options)
{
    memset(s, 0, sizeof *s);
    s->options = *options;
    if (oracle_open(&s->oracle[0], options->qemu, options->cpu, options->guest) ||
        oracle_open(&s->oracle[1], options->qemu, options->lse_cpu, options->guest))
        return -1;
    for (int i = 0; i < 2; i++)
        side_of_oracle(&s->expected[i], &s->oracle[i], "oracle");
    if (options->peer) {
        if (oracle_open(&s->peer, options->qemu, options->peer, options->guest))
            return -1;
        side_of_oracle(&s->actual, &s->peer, "peer");
        return 0;
    }
    s->soft_results = calloc(DIFF_SLOTS, sizeof *s->soft_results);
    s->soft = soft_open();
    if (!s->soft || !s->soft_results)
        return -1;
    s->actual.name = "libhv";
    s->actual.results = s->soft_results;
    for (unsigned p = 0; p < DIFF_PAGES; p++)
        s->actual.page[p] = soft_page(s->soft, p, 0);
    return 0;
}

void session_close(struct session *s)
{
    oracle_close(&s->oracle[0]);
    oracle_close(&s->oracle[1]);
    oracle_close(&s->peer);
    if (s->soft)
        soft_close(s->soft);
    free(s->soft_results);
    memset(s, 0, sizeof *s);
}

static struct oracle *oracle_for(struct session *s, uint64_t number)
{
    return &s->oracle[gen_wants_lse(number)];
}

struct side *session_expected(struct session *s, uint64_t number)
{
    return &s->expected[gen_wants_lse(number)];
}

struct diff_case *session_case(struct session *s, uint64_t number)
{
    return &oracle_for(s, number)->shared->cases[number % DIFF_SLOTS];
}

void session_make(struct session *s, uint64_t number)
{
    uint32_t slot = (uint32_t)(number % DIFF_SLOTS);
    struct side *side = session_expected(s, number);
    uint8_t *page[DIFF_PAGES];

    for (unsigned p = 0; p < DIFF_PAGES; p++)
        page[p] = side_page(side, p, slot);
    gen_make(s->options.seed, number, session_case(s, number), page, &s->info[slot]);
}

/* The other side gets the pages before the oracle can change them. */
static void copy_over(struct session *s, uint64_t number)
{
    uint32_t slot = (uint32_t)(number % DIFF_SLOTS);
    struct side *from = session_expected(s, number);

    for (unsigned p = 0; p < DIFF_PAGES; p++)
        memcpy(side_page(&s->actual, p, slot), side_page(from, p, slot), DIFF_PAGE);
    if (s->options.peer)
        s->peer.shared->cases[slot] = *session_case(s, number);
}

static int run_actual(struct session *s, uint64_t number, uint32_t count)
{
    uint32_t first = (uint32_t)(number % DIFF_SLOTS);
    struct diff_case *cases = oracle_for(s, number)->shared->cases;

    if (s->options.peer)
        return oracle_start(&s->peer, first, count) ? -1
                                                    : oracle_wait(&s->peer, s->options.patience);
    if (soft_place(s->soft, cases, first, count))
        return -1;
    for (uint32_t i = 0; i < count; i++)
        if (soft_run(s->soft, &cases[first + i], first + i, &s->soft_results[first + i])) {
            fprintf(stderr, "hv-diff: in --seed %" PRIu64 " --case %" PRIu64 "\n", s->options.seed,
                    number + i);
            return -1;
        }
    return 0;
}

int session_start(struct session *s, uint64_t number)
{
    for (uint32_t i = 0; i < DIFF_BATCH; i++) {
        session_make(s, number + i);
        copy_over(s, number + i);
    }
    return oracle_start(oracle_for(s, number), (uint32_t)(number % DIFF_SLOTS), DIFF_BATCH);
}

int session_run(struct session *s, uint64_t number)
{
    return run_actual(s, number, DIFF_BATCH);
}

int session_wait(struct session *s, uint64_t number)
{
    if (oracle_wait(oracle_for(s, number), s->options.patience)) {
        fprintf(stderr, "hv-diff: in --seed %" PRIu64 ", cases %" PRIu64 " to %" PRIu64 "\n",
                s->options.seed, number, number + DIFF_BATCH - 1);
        return -1;
    }
    return 0;
}

int session_run_one(struct session *s, uint64_t number)
{
    copy_over(s, number);
    if (oracle_start(oracle_for(s, number), (uint32_t)(number % DIFF_SLOTS), 1) ||
        session_wait(s, number))
        return -1;
    return run_actual(s, number, 1);
}
