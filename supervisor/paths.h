/* SPDX-License-Identifier: ISC */
/*
 * paths.h: where everything is, under the system's folders or under `--root DIR`.
 *
 * --root DIR: DIR/etc, DIR/db, DIR/run with control.sock, DIR/log. Made at start with their modes (state 0700, runtime
 * 0755 with vm/ 0700, log 0750); one that exists and is more open is closed to that, and one that has another owner
 * or is writable by others is refused by name. A socket's path that would not fit in sun_path is refused at start
 * with both lengths.
 */
#ifndef PADDOCK_PATHS_H
#define PADDOCK_PATHS_H

#include <limits.h>
#include <stddef.h>

#define PATHS_MAX        1024u

/* In a worker's folder, vm_run/ID. Their paths are known to fit. */
#define PATHS_RENDEZVOUS "worker.sock"
#define PATHS_LOCK       "lock"

struct paths {
    char config[PATHS_MAX];     /* …/paddock.yaml */
    char config_dir[PATHS_MAX]; /* …/vms.d */
    char state[PATHS_MAX];      /* folder of paddock.db */
    char database[PATHS_MAX];
    char run[PATHS_MAX];
    char socket[PATHS_MAX]; /* the control socket */
    char vm_run[PATHS_MAX]; /* run/vm: a folder for each worker: its lock, its rendezvous */
    char log[PATHS_MAX];
    char vm_log[PATHS_MAX]; /* log/vm: a folder for each VM: its consoles */
    char worker[PATHS_MAX]; /* the vmm-worker program */
};

/* root NULL: the system's. worker NULL: the one beside this program, or else the installed one,
 * ../libexec/paddock/vmm-worker from this program's folder. 0, or a negative errno with a sentence in `why`. */
int paths_set(struct paths *p, const char *root, const char *worker, char *why, size_t size);
int paths_make(const struct paths *p, char *why, size_t size);

#endif
