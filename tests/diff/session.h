/* SPDX-License-Identifier: ISC */
/*
 * session.h: the two sides of a differential run, and what they have been through.
 *
 * One side is the oracle: qemu-aarch64 as an Armv8.0-A CPU, and a second one with FEAT_LSE for the batches that
 * need it. The other is libhv, or, to check the harness itself, another oracle. One thread, the one that
 * called session_open().
 */
#ifndef DIFF_SESSION_H
#define DIFF_SESSION_H

#include "compare.h"
#include "gen.h"
#include "oracle.h"
#include "soft.h"

struct session_options {
    uint64_t seed;
    const char *qemu;
    const char *guest;
    const char *cpu;     /* of the oracle for Armv8.0-A */
    const char *lse_cpu; /* of the oracle with FEAT_LSE */
    const char *peer;    /* CPU of an oracle in libhv's place; NULL: libhv */
    int patience;        /* seconds until one batch counts as hung */
};

struct session {
    struct session_options options;
    struct oracle oracle[2]; /* without and with LSE */
    struct oracle peer;
    struct soft *soft;
    struct diff_result *soft_results;
    struct side expected[2];
    struct side actual;
    struct gen_info info[DIFF_SLOTS];
};

/* 0, or -1 with a message; session_close() in any case. */
int session_open(struct session *s, const struct session_options *options);
void session_close(struct session *s);

/* Which oracle answers for this case. */
struct side *session_expected(struct session *s, uint64_t number);

/* Makes the DIFF_BATCH cases from `number`, a multiple of DIFF_BATCH, and starts the oracle on them. Two batches
 * may be under way. */
int session_start(struct session *s, uint64_t number);

/* Runs the same cases on the other side. */
int session_run(struct session *s, uint64_t number);

/* Waits for the oracle to have done the oldest batch. */
int session_wait(struct session *s, uint64_t number);

/* Only this one case, which the caller has made with session_make() and may have changed since. No batch may be
 * under way. */
void session_make(struct session *s, uint64_t number);
int session_run_one(struct session *s, uint64_t number);

/* The case in the oracle's hands: what both sides run. */
struct diff_case *session_case(struct session *s, uint64_t number);

#endif
