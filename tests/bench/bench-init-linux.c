/* SPDX-License-Identifier: ISC */
/*
 * bench-init: runs a daemon as an init would, and leaves nothing of it.
 *
 *     bench-init -- COMMAND [ARG...]
 *
 * Says "pid PID" on stdout once the command is started. What the command and its children leave behind
 * becomes our child and is reaped at once: libvirtd waits for its VMs' processes to be gone, which takes
 * as long as somebody else's init does. When the command ends, or on SIGTERM, SIGINT or SIGHUP, or when
 * our parent dies, the command and all that descends from it are killed.
 *
 * Exit status: 0, or 1 when the command could not be started.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char **command, const sigset_t *mask)
{
    pid_t pid = fork();

    if (pid == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        execvp(command[0], command);
        fprintf(stderr, "bench-init: cannot run %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    return pid;
}

/* Reaps what has ended. Whether `pid` is among it. */
static bool reap(pid_t pid)
{
    bool ended = false;
    pid_t one;

    while ((one = waitpid(-1, NULL, WNOHANG)) > 0) {
        ended = ended || one == pid;
    }
    return ended;
}

/* Those whose parent has been killed come to us, and are killed in the next round. */
static void kill_all(void)
{
    char path[64];
    long child;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    do {
        FILE *children = fopen(path, "r");

        while (children != NULL && fscanf(children, "%ld", &child) == 1) {
            kill((pid_t)child, SIGKILL);
        }
        if (children != NULL) {
            fclose(children);
        }
    } while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

int main(int argc, char **argv)
{
    sigset_t signals, old;
    siginfo_t info;
    pid_t pid;

    if (argc < 3 || strcmp(argv[1], "--") != 0) {
        fputs("usage: bench-init -- COMMAND [ARG...]\n", stderr);
        return 2;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &old);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || (pid = start(argv + 2, &old)) < 0) {
        fprintf(stderr, "bench-init: %s\n", strerror(errno));
        return 1;
    }
    printf("pid %ld\n", (long)pid);
    fflush(stdout);
    while (sigwaitinfo(&signals, &info) < 0 || (info.si_signo == SIGCHLD && !reap(pid))) {
    }
    kill_all();
    return 0;
}
