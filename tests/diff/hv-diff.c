/* SPDX-License-Identifier: ISC */
/*
 * hv-diff: libhv's CPU against qemu-aarch64, instruction by instruction.
 *
 * Random sequences of every instruction of Armv8.0-A user level, FEAT_LSE, CRC32 and the cryptographic
 * instructions run from random states on both; registers, flags, memory and faults must be the same. See
 * `hv-diff --help`.
 *
 * The parts, in reading order: layout.h (what a case is), insn-*.c (the tables), gen.c (cases from tables), filter.c
 * (what may not be compared, and why), guest/harness.c and oracle.c (qemu's side), soft.c (ours), session.c,
 * compare.c, shrink.c.
 *
 * Exit status: 0 no differences, 1 differences, 2 trouble, 77 something that it needs is not installed.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session.h"
#include "shrink.h"

enum {
    EXIT_SAME = 0,
    EXIT_DIFFERENT = 1,
    EXIT_TROUBLE = 2,
    EXIT_NOT_INSTALLED = 77
};
enum {
    MAX_FAILURES = 400,
    MAX_PER_ROW = 2
};

struct options {
    struct session_options session;
    uint64_t instances;
    double hours;
    bool one_case;
    uint64_t number; /* of the one case, or of the first */
    bool verbose;
};

struct failure {
    uint64_t number;
    char *seen; /* the difference, as it was when the case ran among others */
};

static struct options options = {
    .session = {.qemu = "qemu-aarch64",
                .cpu = "cortex-a72",
                .lse_cpu = "neoverse-n1",
                .patience = 60},
    .instances = 3000000,
};

static struct session session;
static uint64_t row_instances[1024];
static uint64_t total_instances;
static struct failure failures[MAX_FAILURES];
static size_t failure_count;

/* ---- Watchdog ---------------------------------------------------------------------------------------------- */

static atomic_ulong heartbeat;

/* A case always ends. If the CPU under test disagrees, it is told to. */
static void *watch(void *unused)
{
    unsigned long last = 0;
    int still = 0;

    (void)unused;
    for (;;) {
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        still = atomic_load(&heartbeat) == last ? still + 1 : 0;
        last = atomic_load(&heartbeat);
        if (still > options.session.patience && session.soft) {
            fprintf(stderr, "hv-diff: a case has run for %d s\n", still);
            soft_kick(session.soft);
            still = 0;
        }
    }
    return NULL;
}

/* ---- Report ------------------------------------------------------------------------------------------------ */

static void print_disassembly(uint32_t word)
{
    char path[] = "/tmp/hv-diff-XXXXXX", command[200], line[200];
    int fd = mkstemp(path);
    FILE *f;

    if (fd < 0)
        return;
    snprintf(
        command, sizeof command,
        "aarch64-linux-gnu-objdump -D -b binary -m aarch64 %s 2>/dev/null | tail -n 1 | cut -f 3-",
        path);
    if (write(fd, &word, sizeof word) == (ssize_t)sizeof word && (f = popen(command, "r"))) {
        if (fgets(line, sizeof line, f))
            printf("  %s", line);
        pclose(f);
    }
    close(fd);
    unlink(path);
}

static void print_x(const struct diff_state *in, unsigned r)
{
    if (r == 31)
        printf("    before: SP %#" PRIx64 "\n", in->sp);
    else
        printf("    before: X%u %#" PRIx64 "\n", r, in->x[r]);
}

/* Whatever the register fields of a word may mean. */
static void print_state(const struct finding *f)
{
    static const unsigned fields[] = {0, 5, 10, 16};
    bool printed[32] = {false};

    printf("    before: NZCV %#" PRIx64 " FPCR %#" PRIx64 " FPSR %#" PRIx64 "\n", f->in.nzcv,
           f->in.fpcr, f->in.fpsr);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        unsigned r = f->word >> fields[i] & 31;

        if (printed[r])
            continue;
        printed[r] = true;
        print_x(&f->in, r);
        printf("    before: V%u %#018" PRIx64 " %#018" PRIx64 " (D[1] D[0])\n", r, f->in.v[r][1],
               f->in.v[r][0]);
    }
}

static void print_finding(const struct finding *f, const char *seen)
{
    uint32_t slot = (uint32_t)(f->number % DIFF_SLOTS);
    const struct gen_row *row = gen_describe(f->word);

    printf("\ndifference: --seed %" PRIu64 " --case %" PRIu64 ", word %" PRIu32
           " (data at %#" PRIx64 ")\n",
           options.session.seed, f->number, f->position, diff_data_va(slot));
    if (f->result == SHRINK_NOT_ALONE) {
        printf("  the case alone does not differ; among the others of its batch it did:\n%s",
               seen ? seen : "");
        return;
    }
    printf("  %08" PRIx32 "  %s: %s\n", f->word, row ? row->class->name : "?",
           row ? row->insn->name : "?");
    print_disassembly(f->word);
    if (f->result == SHRINK_SINGLE)
        print_state(f);
    else
        for (uint32_t i = 0; i <= f->position; i++) {
            printf("    %08" PRIx32, session_case(&session, f->number)->code[i]);
            print_disassembly(session_case(&session, f->number)->code[i]);
        }
    compare_print(stdout, session_expected(&session, f->number), &session.actual, slot, 12);
}

/* Shrinks what was found, tells a few of each row, counts all. */
static int report_failures(void)
{
    static unsigned per_row[1025];
    struct finding f;

    for (size_t i = 0; i < failure_count; i++) {
        const struct gen_row *row;
        size_t index;

        atomic_fetch_add(&heartbeat, 1);
        if (shrink_case(&session, failures[i].number, &f))
            return -1;
        row = f.result == SHRINK_NOT_ALONE ? NULL : gen_describe(f.word);
        index = row ? (size_t)(row - gen_row_at(0)) : 1024;
        if (per_row[index]++ < MAX_PER_ROW || options.one_case)
            print_finding(&f, failures[i].seen);
    }
    if (failure_count)
        printf("\nthe %zu cases that differed, by the instruction that did:\n", failure_count);
    for (size_t i = 0; i <= 1024; i++)
        if (per_row[i])
            printf("  %6u  %-22s %s\n", per_row[i], i < 1024 ? gen_row_at(i)->class->name : "",
                   i < 1024 ? gen_row_at(i)->insn->name : "(other)");
    return 0;
}

static void print_table(void)
{
    size_t count = gen_row_count(), first = 0, classes = 0, rows = 0;

    printf("%-22s %-7s %9s %12s\n", "class", "section", "rows", "instances");
    while (first < count) {
        const struct insn_class *class = gen_row_at(first)->class;
        uint64_t sum = 0;
        size_t seen = 0;

        for (size_t i = 0; i < class->count; i++) {
            sum += row_instances[first + i];
            seen += row_instances[first + i] != 0;
            if (!row_instances[first + i] && options.verbose)
                printf("  never: %s\n", class->rows[i].name);
        }
        if (sum)
            printf("%-22s %-7s %4zu/%4zu %12" PRIu64 "\n", class->name, class->section, seen,
                   class->count, sum);
        classes += sum != 0;
        rows += seen;
        first += class->count;
    }
    printf("%zu classes, %zu of %zu rows\n", classes, rows, count);
}

/* ---- Runs -------------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void note_failure(uint64_t number)
{
    struct failure *failure = &failures[failure_count];
    size_t size = 0;
    FILE *f;

    if (failure_count == MAX_FAILURES)
        return;
    failure_count++;
    failure->number = number;
    f = open_memstream(&failure->seen, &size);
    if (!f)
        return;
    compare_print(f, session_expected(&session, number), &session.actual,
                  (uint32_t)(number % DIFF_SLOTS), 12);
    fclose(f);
}

/* Notes what differs in a batch that both sides have done, and counts the instructions. */
static void judge(uint64_t number)
{
    for (uint32_t i = 0; i < DIFF_BATCH; i++) {
        uint32_t slot = (uint32_t)((number + i) % DIFF_SLOTS);
        const struct gen_info *info = &session.info[slot];
        uint64_t last = (session.actual.results[slot].out.pc - diff_code_va(slot)) / 4;

        for (uint32_t w = 0; w < info->words && w <= last; w++)
            if (info->sure[w] && info->row[w] != GEN_HELPER) {
                row_instances[info->row[w]]++;
                total_instances++;
            }
        if (!compare_same(session_expected(&session, number + i), &session.actual, slot))
            note_failure(number + i);
    }
}

static bool wants_more(double started)
{
    if (failure_count == MAX_FAILURES)
        return false;
    if (options.hours > 0)
        return now() - started < options.hours * 3600;
    return total_instances < options.instances;
}

static int run_batches(void)
{
    double started = now(), told = started;
    uint64_t number = options.number / DIFF_BATCH * DIFF_BATCH;

    printf("seed %" PRIu64 "\n", options.session.seed);
    fflush(stdout);
    if (session_start(&session, number))
        return -1;
    for (;;) {
        bool more = wants_more(started);

        if (more && session_start(&session, number + DIFF_BATCH))
            return -1;
        if (session_run(&session, number) || session_wait(&session, number))
            return -1;
        judge(number);
        atomic_fetch_add(&heartbeat, 1);
        number += DIFF_BATCH;
        if (!more)
            break;
        if (now() - told > 60) {
            told = now();
            printf("%" PRIu64 " cases, %" PRIu64 " instructions, %zu differences, %.0f s\n", number,
                   total_instances, failure_count, told - started);
            fflush(stdout);
        }
    }
    if (report_failures())
        return -1;
    print_table();
    printf("hv-diff: seed %" PRIu64 ": %" PRIu64 " instructions in %" PRIu64
           " cases, %.1f s; %zu cases differ%s\n",
           options.session.seed, total_instances, number, now() - started, failure_count,
           failure_count == MAX_FAILURES ? " (stopped there)" : "");
    return 0;
}

static int run_one_case(void)
{
    uint32_t slot = (uint32_t)(options.number % DIFF_SLOTS);

    session_make(&session, options.number);
    printf("case %" PRIu64 ": %" PRIu32 " words\n", options.number, session.info[slot].words);
    for (uint32_t i = 0; i < session.info[slot].words; i++) {
        printf("  %2" PRIu32 "  %08" PRIx32, i, session_case(&session, options.number)->code[i]);
        print_disassembly(session_case(&session, options.number)->code[i]);
    }
    if (session_run_one(&session, options.number))
        return -1;
    if (!compare_same(session_expected(&session, options.number), &session.actual, slot))
        note_failure(options.number);
    if (report_failures())
        return -1;
    printf("hv-diff: the case %s\n", failure_count ? "differs" : "does not differ");
    return 0;
}

/* ---- Start ------------------------------------------------------------------------------------------------- */

static int usage(FILE *f)
{
    fputs(
        "usage: hv-diff [--instances N | --hours H] [--seed S] [--from N | --case N] [--class PARTS] [--verbose]\n"
        "               [--guest FILE] [--qemu PROGRAM] [--cpu NAME] [--lse-cpu NAME] [--peer CPU]\n"
        "\n"
        "  --instances N   stop after N compared instructions (3000000)\n"
        "  --hours H       stop after H hours instead\n"
        "  --seed S        of the random cases (0; `time`: the clock); the same seed gives the same cases\n"
        "  --case N        only this one, listed\n"
        "  --class PART    only classes whose name contains PART\n"
        "  --verbose       name the rows of the tables that were not drawn\n"
        "  --guest FILE    the program for the oracle ($PADDOCK_CROSS/diff-guest)\n"
        "  --peer CPU      another oracle in libhv's place, to check the harness\n",
        f);
    return f == stdout ? EXIT_SAME : EXIT_TROUBLE;
}

static bool number_of(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text && !*end && !errno;
}

static bool set_option(const char *name, const char *value)
{
    uint64_t n;

    if (!strcmp(name, "--instances"))
        return number_of(value, &options.instances);
    if (!strcmp(name, "--hours")) {
        char *end;

        options.hours = strtod(value, &end);
        return *value && !*end && options.hours > 0;
    }
    if (!strcmp(name, "--seed")) {
        options.session.seed = (uint64_t)time(NULL);
        return !strcmp(value, "time") || number_of(value, &options.session.seed);
    }
    if (!strcmp(name, "--case")) {
        options.one_case = true;
        return number_of(value, &options.number);
    }
    if (!strcmp(name, "--from"))
        return number_of(value, &options.number);
    if (!strcmp(name, "--patience")) {
        if (!number_of(value, &n) || n == 0 || n > 3600)
            return false;
        options.session.patience = (int)n;
        return true;
    }
    if (!strcmp(name, "--class"))
        return gen_restrict(value) > 0;
    if (!strcmp(name, "--guest"))
        options.session.guest = value;
    else if (!strcmp(name, "--qemu"))
        options.session.qemu = value;
    else if (!strcmp(name, "--cpu"))
        options.session.cpu = value;
    else if (!strcmp(name, "--lse-cpu"))
        options.session.lse_cpu = value;
    else if (!strcmp(name, "--peer"))
        options.session.peer = value;
    else
        return false;
    return true;
}

/* Where the program for the oracle is: as told, or where the Makefile puts it. */
static const char *find_guest(const char *argv0)
{
    static char path[4096];
    const char *folder = getenv("PADDOCK_CROSS"), *slash = strrchr(argv0, '/');

    if (options.session.guest)
        return options.session.guest;
    if (folder)
        snprintf(path, sizeof path, "%s/diff-guest", folder);
    else
        snprintf(path, sizeof path, "%.*s/../cross/diff-guest", slash ? (int)(slash - argv0) : 1,
                 slash ? argv0 : ".");
    return path;
}

static bool installed(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];

    if (strchr(program, '/'))
        return access(program, X_OK) == 0;
    while (path && *path) {
        size_t length = strcspn(path, ":");

        snprintf(file, sizeof file, "%.*s/%s", (int)length, path, program);
        if (access(file, X_OK) == 0)
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}

int main(int argc, char **argv)
{
    pthread_t watchdog;
    int failed;

    if (gen_open() < 0)
        return EXIT_TROUBLE;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help"))
            return usage(stdout);
        if (!strcmp(argv[i], "--verbose")) {
            options.verbose = true;
        } else if (i + 1 == argc || !set_option(argv[i], argv[i + 1])) {
            return usage(stderr);
        } else {
            i++;
        }
    }
    options.session.guest = find_guest(argv[0]);
    if (!installed(options.session.qemu) || !installed(options.session.guest)) {
        printf(
            "not run: %s (Debian: qemu-user) and %s (make, with a compiler for arm64) are needed\n",
            options.session.qemu, options.session.guest);
        return EXIT_NOT_INSTALLED;
    }
    failed = session_open(&session, &options.session);
    if (!failed)
        failed = pthread_create(&watchdog, NULL, watch, NULL);
    if (!failed)
        failed = options.one_case ? run_one_case() : run_batches();
    fflush(stdout);
    session_close(&session);
    for (size_t i = 0; i < failure_count; i++)
        free(failures[i].seen);
    return failed ? EXIT_TROUBLE : failure_count ? EXIT_DIFFERENT : EXIT_SAME;
}
