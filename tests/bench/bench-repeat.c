/* SPDX-License-Identifier: ISC */
/*
 * bench-repeat: runs a command again and again, one after the other, and writes down what each run took.
 *
 *     bench-repeat [-n COUNT] [-f FIRST] [-p PID] -- COMMAND [ARG...]
 *
 *   -n COUNT  so many runs (1)
 *   -f FIRST  the number of the first (1); "{}" in COMMAND's arguments is the number of the run
 *   -p PID    a process that works for the command, as a daemon does: its CPU time is added
 *
 * For each run a line goes to stdout, in seconds: from before the spawn until the process was waited for,
 * by CLOCK_MONOTONIC, and the CPU time of the command and of PID:
 *
 *     run SECONDS CPU-SECONDS
 *
 * The command's stdin and stdout are /dev/null, its stderr is ours. Exit status: 0 when every run ended
 * with 0; 1 at the first that did not, or when nothing could be run or measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 64u
#define WORD_MAX  1024u

extern char **environ;

struct times {
    double wall, cpu; /* seconds */
};

static double seconds(clockid_t clock)
{
    struct timespec t;

    return clock_gettime(clock, &t) == 0 ? (double)t.tv_sec + (double)t.tv_nsec * 1e-9 : -1;
}

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec * 1e-6;
}

/* Of the commands that have ended, and of the helper if there is one. */
static bool read_times(const clockid_t *helper, struct times *t)
{
    struct rusage used;
    double helped = helper != NULL ? seconds(*helper) : 0;

    t->wall = seconds(CLOCK_MONOTONIC);
    if (getrusage(RUSAGE_CHILDREN, &used) != 0 || helped < 0) {
        fprintf(stderr, "bench-repeat: cannot read CPU times: %s\n", strerror(errno));
        return false;
    }
    t->cpu = seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime) + helped;
    return true;
}

/* The command with the run's number in "{}"'s place. */
static char **number_words(char **command, unsigned number)
{
    static char text[WORDS_MAX][WORD_MAX];
    static char *words[WORDS_MAX + 1];
    size_t i;

    for (i = 0; command[i] != NULL && i < WORDS_MAX; i++) {
        const char *place = strstr(command[i], "{}");

        words[i] = command[i];
        if (place != NULL) {
            words[i] = text[i];
            snprintf(text[i], WORD_MAX, "%.*s%u%s", (int)(place - command[i]), command[i], number,
                     place + 2);
        }
    }
    words[i] = NULL;
    return command[i] == NULL ? words : NULL;
}

/* The exit status, 128 + the signal that ended it, or 127. */
static int run(char **words, posix_spawn_file_actions_t *files)
{
    pid_t pid;
    int status, err = posix_spawnp(&pid, words[0], files, NULL, words, environ);

    if (err != 0) {
        fprintf(stderr, "bench-repeat: cannot run %s: %s\n", words[0], strerror(err));
        return 127;
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void usage(void)
{
    fputs("usage: bench-repeat [-n COUNT] [-f FIRST] [-p PID] -- COMMAND [ARG...]\n", stderr);
    exit(2);
}

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value == 0 || value > 1u << 30) {
        usage();
    }
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t files;
    unsigned count = 1, first = 1;
    clockid_t clock, *helper = NULL;
    int option;

    while ((option = getopt(argc, argv, "n:f:p:")) != -1) {
        switch (option) {
        case 'n': count = number(optarg); break;
        case 'f': first = number(optarg); break;
        case 'p':
            if (clock_getcpuclockid((pid_t)number(optarg), &clock) != 0) {
                fprintf(stderr, "bench-repeat: there is no process %s\n", optarg);
                return 1;
            }
            helper = &clock;
            break;
        default: usage();
        }
    }
    if (optind == argc) {
        usage();
    }
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    for (unsigned i = first; i - first < count; i++) {
        char **words = number_words(argv + optind, i);
        struct times before, after;
        int status;

        if (words == NULL) {
            usage();
        }
        if (!read_times(helper, &before)) {
            return 1;
        }
        status = run(words, &files);
        if (!read_times(helper, &after)) {
            return 1;
        }
        if (status != 0) {
            fprintf(stderr, "bench-repeat: run %u of %s ended with status %d\n", i, words[0],
                    status);
            return 1;
        }
        printf("run %.6f %.6f\n", after.wall - before.wall, after.cpu - before.cpu);
    }
    posix_spawn_file_actions_destroy(&files);
    return 0;
}
