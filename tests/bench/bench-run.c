/* SPDX-License-Identifier: ISC */
/*
 * bench-run: runs a command and writes down, with times, what it prints and what it costs.
 *
 *     bench-run [-t SECONDS] [-c TEXT]... [-m TEXT]... [-r MIB] [-e CPUS] [-w] [-o FILE] -- COMMAND [ARG...]
 *
 *   -t SECONDS  kill the command after so long (120)
 *   -c TEXT     when a line containing TEXT is printed, note the CPU time used so far
 *   -m TEXT     when a line containing TEXT is printed, note the memory in use
 *   -r MIB      guest RAM: the mapping of exactly this size is counted apart
 *   -e CPUS     a VM of so many vCPUs on softhv: its mappings for decoded code are counted apart
 *   -w          measure the command's one child (vmm-run's worker), not the command
 *   -o FILE     what the command prints, as it is
 *
 * Results go to stdout, one a line, in seconds since the command was started, by CLOCK_MONOTONIC:
 *
 *     line SECONDS TEXT                  the line's newline arrived
 *     cpu SECONDS CPU-SECONDS            of all the process's threads
 *     memory SECONDS RSS PSS RAM-RSS RAM-PSS CACHE-PSS    KiB; of all, guest RAM, decoded code
 *     exit SECONDS STATUS                the exit status, or 128 + the signal that ended it
 *     usage USER SYSTEM MAXRSS           CPU seconds, KiB (getrusage)
 *
 * Every line is stamped when it is read: nothing polls. The command's stdin is /dev/null and its
 * stderr ours. Exit status: 0 when the command ran to its end, whatever its status; 1 when it could
 * not be run or measured; 3 when it was killed for taking too long.
 *
 * -m and -w need Linux (/proc), -c any system with clock_getcpuclockid() for other processes.
 */
#include <Hypervisor/hv-soft.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIGGERS_MAX    8u
#define LINE_LENGTH_MAX 4096u

struct trigger {
    const char *text;
    bool memory; /* else CPU time */
};

struct watch {
    pid_t pid;
    struct timespec start;
    struct trigger triggers[TRIGGERS_MAX];
    unsigned trigger_count;
    uint64_t ram_kib;
    unsigned engine_cpus; /* whose caches are counted apart; 0: none */
    bool measure_child;
    pid_t child; /* 0: not yet known */
    FILE *copy;
    bool failed; /* a sample could not be taken */
    char line[LINE_LENGTH_MAX];
    size_t line_length;
};

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) * 1e-9;
}

static double elapsed(const struct watch *w)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return seconds_between(&w->start, &now);
}

/* ---- Samples ---------------------------------------------------------------------------------- */

/* The parent of a process that /proc lists, or -1. */
static long parent_of(const char *pid)
{
    char path[64], text[512];
    const char *behind_name;
    FILE *stat;
    size_t n;
    long parent;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    stat = fopen(path, "r");
    if (stat == NULL)
        return -1;
    n = fread(text, 1, sizeof(text) - 1, stat);
    fclose(stat);
    text[n] = '\0';
    behind_name = strrchr(text, ')');
    return behind_name != NULL && sscanf(behind_name, ") %*c %ld", &parent) == 1 ? parent : -1;
}

/* The command's child, or 0. */
static pid_t find_child(pid_t parent)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    pid_t child = 0;

    if (processes == NULL)
        return 0;
    while (child == 0 && (entry = readdir(processes)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            parent_of(entry->d_name) == (long)parent)
            child = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    closedir(processes);
    return child;
}

/* The process that is measured, or -1. */
static pid_t measured(struct watch *w)
{
    if (!w->measure_child)
        return w->pid;
    if (w->child == 0)
        w->child = find_child(w->pid);
    return w->child != 0 ? w->child : -1;
}

static void sample_cpu(struct watch *w, double at)
{
    const struct timespec zero = {0};
    struct timespec used;
    clockid_t clock;
    pid_t pid = measured(w);

    if (pid < 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        fprintf(stderr, "bench-run: cannot read the CPU time of process %ld\n", (long)pid);
        w->failed = true;
        return;
    }
    printf("cpu %.6f %.6f\n", at, seconds_between(&zero, &used));
}

struct memory {
    uint64_t rss, pss, ram_rss, ram_pss, cache_pss;
    unsigned ram_mappings, cache_mappings;
};

/* Whether a mapping of this size is the decoded code of one of so many vCPUs. */
static bool is_cache(uint64_t bytes, unsigned cpus)
{
    for (unsigned i = 0; i < cpus; i++) {
        if (bytes == hv_soft_code_cache_size(i))
            return true;
    }
    return false;
}

static bool sum_mappings(FILE *smaps, uint64_t ram_kib, unsigned cpus, struct memory *sum)
{
    char line[1024];
    bool in_ram = false, in_cache = false;
    uint64_t from, to, kib;

    *sum = (struct memory){0};
    while (fgets(line, sizeof(line), smaps) != NULL) {
        if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1) {
            sum->rss += kib;
            sum->ram_rss += in_ram ? kib : 0;
        } else if (sscanf(line, "Pss: %" SCNu64 " kB", &kib) == 1) {
            sum->pss += kib;
            sum->ram_pss += in_ram ? kib : 0;
            sum->cache_pss += in_cache ? kib : 0;
        } else if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2) {
            in_ram = ram_kib != 0 && (to - from) >> 10 == ram_kib;
            in_cache = is_cache(to - from, cpus);
            sum->ram_mappings += in_ram;
            sum->cache_mappings += in_cache;
        }
    }
    return !ferror(smaps) && sum->rss != 0;
}

static void sample_memory(struct watch *w, double at)
{
    struct memory sum;
    char path[64];
    FILE *smaps;
    bool ok;

    snprintf(path, sizeof(path), "/proc/%ld/smaps", (long)measured(w));
    smaps = fopen(path, "r");
    if (smaps == NULL) {
        fprintf(stderr, "bench-run: cannot open %s: %s\n", path, strerror(errno));
        w->failed = true;
        return;
    }
    ok = sum_mappings(smaps, w->ram_kib, w->engine_cpus, &sum);
    fclose(smaps);
    if (!ok || (w->ram_kib != 0 && sum.ram_mappings != 1)) {
        fprintf(stderr, "bench-run: %s: %u mappings of %" PRIu64 " KiB, not one\n", path,
                sum.ram_mappings, w->ram_kib);
        w->failed = true;
        return;
    }
    if (sum.cache_mappings != w->engine_cpus) {
        fprintf(stderr, "bench-run: %s: %u mappings for decoded code, not %u\n", path,
                sum.cache_mappings, w->engine_cpus);
        w->failed = true;
        return;
    }
    printf("memory %.6f %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", at, sum.rss,
           sum.pss, sum.ram_rss, sum.ram_pss, sum.cache_pss);
}

/* ---- Output of the command -------------------------------------------------------------------- */

static void end_line(struct watch *w, double at)
{
    while (w->line_length > 0 && w->line[w->line_length - 1] == '\r')
        w->line_length--;
    w->line[w->line_length] = '\0';
    w->line_length = 0;
    printf("line %.6f %s\n", at, w->line);
    for (unsigned i = 0; i < w->trigger_count; i++) {
        if (strstr(w->line, w->triggers[i].text) == NULL)
            continue;
        if (w->triggers[i].memory)
            sample_memory(w, elapsed(w));
        else
            sample_cpu(w, elapsed(w));
    }
}

static void take_output(struct watch *w, const char *bytes, size_t count)
{
    double at = elapsed(w);

    if (w->copy != NULL)
        fwrite(bytes, 1, count, w->copy);
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n')
            end_line(w, at);
        else if (bytes[i] != '\0' && w->line_length < LINE_LENGTH_MAX - 1)
            w->line[w->line_length++] = bytes[i];
    }
}

/* Until the command closes its output. False when it took too long. */
static bool watch_output(struct watch *w, int fd, unsigned timeout_s)
{
    for (;;) {
        struct pollfd input = {.fd = fd, .events = POLLIN};
        double left = (double)timeout_s - elapsed(w);
        char bytes[4096];
        ssize_t n;

        if (left <= 0)
            return false;
        n = poll(&input, 1, (int)(left * 1000) + 1);
        if (n <= 0)
            continue;
        n = read(fd, bytes, sizeof(bytes));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        take_output(w, bytes, (size_t)n);
    }
}

/* ---- The command ------------------------------------------------------------------------------ */

/* Starts it with its stdout on a pipe; returns the other end, or -1. */
static int start(struct watch *w, char **command)
{
    int ends[2];

    if (pipe(ends) != 0)
        return -1;
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &w->start);
    w->pid = fork();
    if (w->pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    if (w->pid == 0) {
        int null = open("/dev/null", O_RDONLY);

        dup2(null, STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        close(null);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        fprintf(stderr, "bench-run: cannot run %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    return ends[0];
}

static void usage(void)
{
    fputs("usage: bench-run [-t SECONDS] [-c TEXT]... [-m TEXT]... [-r MIB] [-e CPUS] [-w] "
          "[-o FILE] -- COMMAND [ARG...]\n",
          stderr);
    exit(2);
}

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value == 0 || value > 1u << 30)
        usage();
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    static struct watch w;
    struct rusage used;
    unsigned timeout_s = 120;
    const char *copy = NULL;
    int option, fd, status;
    bool in_time;

    while ((option = getopt(argc, argv, "t:c:m:r:e:wo:")) != -1) {
        switch (option) {
        case 't': timeout_s = number(optarg); break;
        case 'r': w.ram_kib = (uint64_t)number(optarg) << 10; break;
        case 'e': w.engine_cpus = number(optarg); break;
        case 'w': w.measure_child = true; break;
        case 'o': copy = optarg; break;
        case 'c':
        case 'm':
            if (w.trigger_count == TRIGGERS_MAX)
                usage();
            w.triggers[w.trigger_count++] = (struct trigger){optarg, option == 'm'};
            break;
        default: usage();
        }
    }
    if (optind == argc)
        usage();
    if (copy != NULL && (w.copy = fopen(copy, "w")) == NULL) {
        fprintf(stderr, "bench-run: cannot write %s: %s\n", copy, strerror(errno));
        return 1;
    }
    fd = start(&w, argv + optind);
    if (fd < 0) {
        fprintf(stderr, "bench-run: cannot start a process: %s\n", strerror(errno));
        return 1;
    }
    in_time = watch_output(&w, fd, timeout_s);
    if (!in_time) {
        fprintf(stderr, "bench-run: %s still ran after %u s\n", argv[optind], timeout_s);
        kill(w.pid, SIGKILL);
    }
    while (waitpid(w.pid, &status, 0) < 0 && errno == EINTR)
        continue;
    printf("exit %.6f %d\n", elapsed(&w),
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    if (getrusage(RUSAGE_CHILDREN, &used) == 0)
        printf("usage %.6f %.6f %ld\n",
               (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec * 1e-6,
               (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec * 1e-6, used.ru_maxrss);
    if (w.copy != NULL)
        fclose(w.copy);
    close(fd);
    return !in_time ? 3 : w.failed ? 1 : 0;
}
