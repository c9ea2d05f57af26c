/* SPDX-License-Identifier: ISC */
/*
 * hv-sweep: every A64 encoding decodes or is UNDEFINED, and none crashes or hangs the engine.
 *
 *   hv-sweep [--all] [--decode N] [--execute N] [--rule N] [--threads N] [--seed N]
 *
 *   --decode N    decode one word in N of all 2^32 (64)
 *   --execute N   execute one word in N at EL0 and at EL1 (8192)
 *   --rule N      and N random words of each decoding rule (64)
 *   --all         --decode 1 --execute 64 --rule 1024
 *
 * Prints what it found by class of instruction. A word that crashes or hangs is named, the state it
 * was executed in follows from --seed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sweep.h"

#define MAX_THREADS  16u
#define CHUNK        (UINT64_C(1) << 22)
#define ERRORS_SHOWN 20u
#define HANG_SECONDS 60u

struct options {
    uint64_t decode;
    uint64_t execute;
    uint64_t rule;
    uint64_t seed;
    unsigned threads;
};

static struct options options = {
    .decode = 64, .execute = 8192, .rule = 64, .seed = 1, .threads = 2};
static struct sweep sweeps[MAX_THREADS];
static pthread_t threads[MAX_THREADS];
static _Atomic uint64_t next_chunk;
static _Atomic uint64_t next_rule;
static atomic_uint running;
static atomic_uint failed; /* workers that could not work */
static _Thread_local struct sweep *mine;

void sweep_error(struct sweep *s, uint32_t word, const char *what)
{
    if (s->errors++ < ERRORS_SHOWN) {
        printf("%08" PRIx32 ": %s\n", word, what);
    }
}

/* ---- Workers --------------------------------------------------------------------------------- */

/* Rule n of all tables, or NULL. */
static const struct decode_rule *rule_at(uint64_t n)
{
    for (unsigned t = 0; t < DECODE_TABLES; t++) {
        if (n < decode_tables[t]->count) {
            return &decode_tables[t]->rule[n];
        }
        n -= decode_tables[t]->count;
    }
    return NULL;
}

static void execute_rules(struct sweep *s, struct executor *e)
{
    const struct decode_rule *rule;

    while ((rule = rule_at(atomic_fetch_add(&next_rule, 1))) != NULL) {
        uint32_t mask = 0;
        uint32_t value = 0;

        decode_parse_pattern(rule->pattern, &mask, &value);
        for (uint64_t n = 0; n < options.rule; n++) {
            executor_run(e, value | ((uint32_t)sweep_random(s) & ~mask));
        }
    }
}

/* Unallocated words are all alike: a few of them will do. */
static void execute_chunk(struct sweep *s, struct executor *e, uint64_t from)
{
    for (uint64_t at = from; at < from + CHUNK; at += options.execute) {
        uint32_t word = (uint32_t)(at + sweep_random(s) % options.execute);
        if ((sweep_random(s) & 63) == 0 || decode_rule_for(word) != NULL) {
            executor_run(e, word);
        }
    }
}

static void *worker_main(void *arg)
{
    struct sweep *s = arg;
    struct executor *e = executor_open(s);
    uint64_t chunk;

    mine = s;
    if (e == NULL) {
        atomic_fetch_add(&failed, 1);
        atomic_fetch_sub(&running, 1);
        return NULL;
    }
    execute_rules(s, e);
    while ((chunk = atomic_fetch_add(&next_chunk, CHUNK)) < WORDS) {
        /* The same words whichever worker gets them. */
        s->random = (options.seed + chunk / CHUNK) * UINT64_C(0x9e3779b97f4a7c15) | 1;
        sweep_decode(s, chunk, chunk + CHUNK, options.decode);
        execute_chunk(s, e, chunk);
    }
    executor_close(e);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* ---- Those who watch ------------------------------------------------------------------------- */

/* Only what a signal handler may call. */
static void on_crash(int signal)
{
    char text[] = "hv-sweep: signal 00 at word 00000000\n";
    uint32_t word = mine != NULL ? atomic_load(&mine->word) : 0;

    text[17] = (char)('0' + signal / 10 % 10);
    text[18] = (char)('0' + signal % 10);
    for (unsigned i = 0; i < 8; i++) {
        text[28 + i] = "0123456789abcdef"[word >> (28 - 4 * i) & 15];
    }
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(1);
}

static void catch_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    struct sigaction action = {.sa_handler = on_crash};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &action, NULL);
    }
}

/* Waits for the workers; -1 when one of them stands still. */
static int watch(void)
{
    const struct timespec tick = {.tv_nsec = 100000000};
    uint64_t seen[MAX_THREADS] = {0};
    unsigned still = 0;

    while (atomic_load(&running) != 0) {
        bool moved = false;

        nanosleep(&tick, NULL);
        for (unsigned i = 0; i < options.threads; i++) {
            uint64_t now = atomic_load(&sweeps[i].progress);
            moved |= now != seen[i];
            if (now == seen[i]) {
                sweep_kick(&sweeps[i]);
            }
            seen[i] = now;
        }
        still = moved ? 0 : still + 1;
        if (still > HANG_SECONDS * 10) {
            for (unsigned i = 0; i < options.threads; i++) {
                fprintf(stderr, "hv-sweep: hangs; worker %u is at word %08" PRIx32 "\n", i,
                        atomic_load(&sweeps[i].word));
            }
            return -1;
        }
    }
    return 0;
}

/* ---- The report ------------------------------------------------------------------------------ */

static int report(void)
{
    uint64_t decoded = 0;
    uint64_t executed = 0;
    uint64_t errors = 0;

    printf("%-23s %10s %10s %10s %10s %10s\n", "class", "encodings", "executed", "undefined",
           "exceptions", "exits");
    for (unsigned t = 0; t <= DECODE_TABLES; t++) {
        uint64_t count = 0;
        uint64_t ended[ENDINGS] = {0};

        for (unsigned i = 0; i < options.threads; i++) {
            count += sweeps[i].decoded[t];
            for (unsigned n = 0; n < ENDINGS; n++) {
                ended[n] += sweeps[i].executed[t][n];
            }
        }
        printf("%-23s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
               t < DECODE_TABLES ? decode_tables[t]->name : "unallocated", count, ended[ENDED_NEXT],
               ended[ENDED_UNDEFINED], ended[ENDED_EXCEPTION], ended[ENDED_EXIT]);
        decoded += count;
        executed +=
            ended[ENDED_NEXT] + ended[ENDED_UNDEFINED] + ended[ENDED_EXCEPTION] + ended[ENDED_EXIT];
    }
    for (unsigned i = 0; i < options.threads; i++) {
        errors += sweeps[i].errors;
    }
    printf("%" PRIu64 " words decoded, %" PRIu64 " instructions executed, %" PRIu64 " errors\n",
           decoded, executed, errors);
    return errors == 0 ? 0 : 1;
}

/* ---- Command line ---------------------------------------------------------------------------- */

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0' && *value != 0;
}

static int parse(int argc, char **argv)
{
    static const struct option names[] = {
        {"all", no_argument, NULL, 'a'},
        {"decode", required_argument, NULL, 'd'},
        {"execute", required_argument, NULL, 'e'},
        {"rule", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    uint64_t threads_wanted = options.threads;
    bool good = true;
    int name;

    while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (name) {
        case 'a':
            options.decode = 1;
            options.execute = 64;
            options.rule = 1024;
            break;
        case 'd': good &= parse_number(optarg, &options.decode); break;
        case 'e': good &= parse_number(optarg, &options.execute); break;
        case 'r': good &= parse_number(optarg, &options.rule); break;
        case 't': good &= parse_number(optarg, &threads_wanted); break;
        case 's': good &= parse_number(optarg, &options.seed); break;
        default: good = false; break;
        }
    }
    if (!good || optind != argc || options.decode > CHUNK || options.execute > CHUNK ||
        threads_wanted > 8) {
        fprintf(stderr, "usage: hv-sweep [--all] [--decode N] [--execute N] [--rule N]"
                        " [--threads N] [--seed N]\n");
        return -1;
    }
    options.threads = (unsigned)threads_wanted;
    return 0;
}

int main(int argc, char **argv)
{
    if (parse(argc, argv) != 0) {
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_crashes();
    if (sweep_vm_open() != 0) {
        return 1;
    }
    atomic_store(&running, options.threads);
    for (unsigned i = 0; i < options.threads; i++) {
        sweeps[i].worker = i;
        atomic_store(&sweeps[i].vcpu, -1);
        sweeps[i].random = (options.seed + i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
        if (pthread_create(&threads[i], NULL, worker_main, &sweeps[i]) != 0) {
            perror("hv-sweep: pthread_create");
            return 1;
        }
    }
    if (watch() != 0) {
        return 1;
    }
    for (unsigned i = 0; i < options.threads; i++) {
        pthread_join(threads[i], NULL);
    }
    sweep_vm_close();
    if (atomic_load(&failed) != 0) {
        fprintf(stderr, "hv-sweep: no vCPU\n");
        return 1;
    }
    return report();
}
