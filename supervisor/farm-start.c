/* SPDX-License-Identifier: ISC */
/*
 * farm-start.c: one start of a VM, from the intent on disk to the process, and what it leaves behind.
 *
 * Root opens only what root's own files name; what a client's VM needs, its client opened. From the intent on
 * every failure is an end of the run, with its step, so that it is recorded like any other.
 */
#include "farm-impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "process.h"
#include "trust.h"

#define BUSY_MS     100 /* until what another worker still holds is asked for again */
#define SEGMENT_MIN 4096u
#define SEGMENT_MAX (64u << 20)
#define GUEST_CID   3u /* each guest has a vsock of its own */

/* What is opened for one start. */
struct start {
    struct msg_start message;
    int fd[FRAME_MAX_FDS];
    bool ours[FRAME_MAX_FDS]; /* to be closed here: a client's files are kept */
    size_t count;
    int rendezvous, lock;
};

static void close_start(struct start *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->ours[i]) {
            close(s->fd[i]);
        }
    }
    if (s->rendezvous >= 0) {
        close(s->rendezvous);
    }
    if (s->lock >= 0) {
        close(s->lock);
    }
}

static int failed(struct vm *vm, enum start_step step, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int failed(struct vm *vm, enum start_step step, int code, const char *format, ...)
{
    va_list ap;

    vm->ended = (struct msg_ended){.outcome = OUTCOME_START_REFUSED, .step = step, .code = code};
    va_start(ap, format);
    vsnprintf(vm->ended.cause, sizeof(vm->ended.cause), format, ap);
    va_end(ap);
    vm->has_ended = true;
    return -code;
}

/* ---- The worker's folder ------------------------------------------------------------------------ */

static bool run_path(const struct farm *f, const char *id, const char *name, char out[PATHS_MAX])
{
    int n = snprintf(out, PATHS_MAX, "%s/%s%s%s", f->paths->vm_run, id, name != NULL ? "/" : "",
                     name != NULL ? name : "");

    return n > 0 && (size_t)n < PATHS_MAX;
}

/* The lock is held by whoever runs this VM, also by a worker of an earlier daemon. */
static int take_lock(struct farm *f, struct vm *vm, int *lock)
{
    char path[PATHS_MAX];
    int err;

    if (!run_path(f, vm->row.id, NULL, path) || (mkdir(path, 0700) != 0 && errno != EEXIST) ||
        !run_path(f, vm->row.id, PATHS_LOCK, path)) {
        return -errno;
    }
    *lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*lock < 0) {
        return -errno;
    }
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0) {
        return 0;
    }
    err = -errno;
    close(*lock);
    *lock = -1;
    return err;
}

static int listen_for_successor(struct farm *f, struct vm *vm, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATHS_MAX];

    if (!run_path(f, vm->row.id, PATHS_RENDEZVOUS, path) ||
        strlen(path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path);
    *fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (*fd < 0) {
        return -errno;
    }
    fcntl(*fd, F_SETFD, FD_CLOEXEC);
    return bind(*fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(*fd, 1) != 0
               ? -errno
               : 0;
}

static void remove_run_folder(struct farm *f, const char *id)
{
    static const char *const names[] = {PATHS_RENDEZVOUS, PATHS_LOCK};
    char path[PATHS_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (run_path(f, id, names[i], path)) {
            unlink(path);
        }
    }
    if (run_path(f, id, NULL, path)) {
        rmdir(path);
    }
}

/* Whether a worker of whatever daemon still runs in this folder. */
static bool is_held(const struct farm *f, const char *id)
{
    char path[PATHS_MAX];
    int fd = run_path(f, id, PATHS_LOCK, path) ? open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
    bool held = fd < 0 ? errno != ENOENT : flock(fd, LOCK_EX | LOCK_NB) != 0;

    if (fd >= 0) {
        close(fd);
    }
    return held;
}

void farm_sweep_runs(struct farm *f)
{
    DIR *dir = opendir(f->paths->vm_run);
    const struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        const struct vm *vm = vm_id_valid(e->d_name) ? farm_find(f, e->d_name) : NULL;
        if (vm_id_valid(e->d_name) && (vm == NULL || vm->row.seen == SEEN_NOTHING) &&
            !is_held(f, e->d_name)) {
            log_say(LOG_INFO, NULL, "a killed daemon left the folder of run %s: removed",
                    e->d_name);
            remove_run_folder(f, e->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

/* ---- Files -------------------------------------------------------------------------------------- */

static void add(struct start *s, int fd, bool ours)
{
    s->fd[s->count] = fd;
    s->ours[s->count++] = ours;
}

static int add_file(struct start *s, struct vm *vm, enum start_step step, const char *path,
                    int held, int flags)
{
    char why[384];
    int fd;

    if (vm->row.source == VM_FROM_CLIENT) {
        if (held < 0) {
            return failed(vm, step, ENOENT,
                          "%.300s is no longer open here: vmctl start opens it again",
                          path != NULL ? path : "a file");
        }
        add(s, held, false);
        return 0;
    }
    if (path == NULL) {
        return failed(vm, step, ENOENT, "it names no file");
    }
    fd = trust_open(path, flags, why, sizeof(why));
    if (fd < 0) {
        return failed(vm, step, -fd, "%s", why);
    }
    add(s, fd, true);
    return 0;
}

/* Two guests that write one disk would destroy it. NULL, or the VM that has it. */
static const struct vm *other_user(const struct farm *f, const struct vm *vm, const struct stat *st,
                                   bool writable)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct vm *other = f->vm[i];
        for (size_t d = 0; other != vm && d < other->disk_count; d++) {
            if (other->disk[d].dev == st->st_dev && other->disk[d].ino == st->st_ino &&
                (writable || other->disk[d].writable)) {
                return other;
            }
        }
    }
    return NULL;
}

static int add_disks(struct start *s, struct farm *f, struct vm *vm)
{
    const struct vm_config *c = &vm->row.config;

    for (size_t i = 0; i < c->disk_count; i++) {
        const struct vm *other;
        bool writable = !c->disk[i].read_only;
        struct stat st;
        int err = add_file(s, vm, STEP_DEVICES, c->disk[i].path, vm->files.disk[i],
                           writable ? O_RDWR : O_RDONLY);

        if (err != 0) {
            return err;
        }
        if (fstat(s->fd[s->count - 1], &st) != 0) {
            return failed(vm, STEP_DEVICES, errno, "%.300s: %s", c->disk[i].path, strerror(errno));
        }
        other = other_user(f, vm, &st, writable);
        if (other != NULL) {
            return failed(vm, STEP_DEVICES, EBUSY, "the disk %.300s is in use by %s",
                          c->disk[i].path, other->row.config.name);
        }
        vm->disk[vm->disk_count].dev = st.st_dev;
        vm->disk[vm->disk_count].ino = st.st_ino;
        vm->disk[vm->disk_count++].writable = writable;
    }
    return 0;
}

/* ---- Networks ----------------------------------------------------------------------------------- */

/* A full backlog is a server that does not answer: we do not wait for it. */
static int connect_now(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, err;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return -errno;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        return fd;
    }
    err = -errno;
    close(fd);
    return err;
}

static int add_nets(struct start *s, struct farm *f, struct vm *vm)
{
    const struct vm_config *c = &vm->row.config;
    struct msg_start *m = &s->message;

    for (size_t i = 0; i < c->net_count; i++) {
        const struct vm_net *n = &c->net[i];
        const char *path = n->path;
        uint16_t mtu = n->mtu;
        int fd;

        if (n->mode == NET_NONE) {
            continue;
        }
        if (n->name != NULL) {
            const struct host_network *host = host_config_network(&f->config, n->name);
            char what[HOST_NETWORKS_TEXT];
            if (host == NULL) {
                return failed(vm, STEP_DEVICES, ENOENT, "%s",
                              host_config_no_network(&f->config, n->name, what));
            }
            path = host->path;
            mtu = host->mtu; /* its own is only the default */
        }
        fd = connect_now(path);
        if (fd < 0) {
            return failed(vm, STEP_DEVICES, -fd, "no network server answers at %.300s: %s", path,
                          strerror(-fd));
        }
        add(s, fd, true);
        if (n->has_mac) {
            memcpy(m->net[m->net_count].mac, n->mac, sizeof(n->mac));
        } else {
            protocol_mac(vm->row.id, (unsigned)i, m->net[m->net_count].mac);
        }
        m->net[m->net_count++].mtu = mtu != 0 ? mtu : 1500;
    }
    return 0;
}

/* ---- The description ---------------------------------------------------------------------------- */

static uint32_t to_u32(uint64_t v)
{
    return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void describe(struct msg_start *m, const struct farm *f, const struct vm *vm)
{
    const struct vm_config *c = &vm->row.config;
    uint64_t segment = f->config.console_log / 2;

    snprintf(m->id, sizeof(m->id), "%s", vm->row.id);
    snprintf(m->name, sizeof(m->name), "%s", c->name);
    snprintf(m->cmdline, sizeof(m->cmdline), "%s", c->cmdline != NULL ? c->cmdline : "");
    m->cpus = c->cpus;
    m->memory = c->memory;
    m->flags = (c->initrd != NULL ? START_HAS_INITRD : 0u) | (c->vsock ? START_VSOCK : 0u) |
               (c->balloon ? START_BALLOON : 0u) | (vm->console >= 0 ? START_CONSOLE : 0u);
    m->stop_timeout_ms = to_u32(c->stop_timeout);
    m->grace_ms = 0; /* it ends with this daemon */
    m->console_segment = segment < SEGMENT_MIN   ? SEGMENT_MIN
                         : segment > SEGMENT_MAX ? SEGMENT_MAX
                                                 : (uint32_t)segment;
    m->vsock_cid = GUEST_CID;
    m->disk_count = (uint32_t)c->disk_count;
    for (size_t i = 0; i < c->disk_count; i++) {
        m->disk[i].flags = c->disk[i].read_only ? DISK_READ_ONLY : 0;
        if (c->disk[i].serial[0] != '\0') {
            snprintf(m->disk[i].serial, sizeof(m->disk[i].serial), "%s", c->disk[i].serial);
        } else {
            snprintf(m->disk[i].serial, sizeof(m->disk[i].serial), "disk%u", (unsigned)i % 100);
        }
    }
}

/* In START's order. */
static int open_all(struct start *s, struct farm *f, struct vm *vm)
{
    const struct vm_config *c = &vm->row.config;
    char path[PATHS_MAX] = "";
    int log[2], err;

    describe(&s->message, f, vm);
    err = add_file(s, vm, STEP_KERNEL, c->kernel, vm->files.kernel, O_RDONLY);
    if (err == 0 && c->initrd != NULL) {
        err = add_file(s, vm, STEP_INITRD, c->initrd, vm->files.initrd, O_RDONLY);
    }
    if (err != 0) {
        return err;
    }
    err = farm_log_create(f, vm, log, path);
    if (err != 0) {
        return failed(vm, STEP_DEVICES, -err, "the console's log %.300s: %s", path, strerror(-err));
    }
    add(s, log[0], true);
    add(s, log[1], true);
    err = add_disks(s, f, vm);
    err = err == 0 ? add_nets(s, f, vm) : err;
    if (err != 0) {
        return err;
    }
    if (vm->console >= 0) {
        add(s, vm->console, false);
    }
    err = listen_for_successor(f, vm, &s->rendezvous);
    return err == 0 ? 0 : failed(vm, STEP_HELLO, -err, "its rendezvous socket: %s", strerror(-err));
}

/* ---- The process -------------------------------------------------------------------------------- */

/* Somebody else may hold what this start needs, but not for long. */
static bool must_wait(struct farm *f, struct vm *vm, int *lock)
{
    int err = take_lock(f, vm, lock);

    if (err == 0) {
        vm->ghost = (struct vm_process){0};
        return false;
    }
    vm->hold_until = farm_now(f) + BUSY_MS;
    if (err != -EWOULDBLOCK) {
        log_say(LOG_ERR, vm, "cannot take its lock: %s", strerror(-err));
        vm->hold_until = farm_now(f) + 10 * BUSY_MS;
    } else if (vm->ghost.pid != 0 && farm_now(f) >= vm->ghost_deadline &&
               process_is_alive(&vm->ghost)) {
        log_say(LOG_WARNING, vm, "a worker of the last daemon does not end and is killed");
        kill(vm->ghost.pid, SIGKILL);
    }
    return true;
}

const struct vm *farm_disk_user(const struct farm *f, const struct vm *vm,
                                const struct vm_files *files, size_t *disk)
{
    struct stat st;

    for (size_t i = 0; i < vm->row.config.disk_count; i++) {
        if (files->disk[i] >= 0 && fstat(files->disk[i], &st) == 0) {
            const struct vm *other = other_user(f, vm, &st, !vm->row.config.disk[i].read_only);
            if (other != NULL) {
                *disk = i;
                return other;
            }
        }
    }
    return NULL;
}

/* A disk of a VM that is on its way out is waited for. */
static bool disk_is_leaving(const struct farm *f, const struct vm *vm)
{
    size_t disk;
    const struct vm *other = farm_disk_user(f, vm, &vm->files, &disk);

    return other != NULL && other->row.wanted != WANTED_RUNNING;
}

/* The intent: after it a process may exist, and the next daemon knows. */
static int write_intent(struct farm *f, struct vm *vm)
{
    struct vm_row next = vm->row;

    if (getentropy(next.token, sizeof(next.token)) != 0) {
        return -errno;
    }
    next.seen = SEEN_STARTING;
    next.boots++;
    next.restarts += vm->by_hand ? 0 : 1;
    next.retry_at = 0;
    next.failed = false;
    next.process = (struct vm_process){0};
    next.run = (struct vm_run){.started_at = clock_unix_ms(), .exit_status = -1};
    return farm_commit(f, vm, &next, "vm.starting",
                       json_pack("{s:I, s:i, s:b}", "boot", (json_int_t)next.boots, "attempts",
                                 (int)next.attempts, "by_hand", vm->by_hand));
}

static int run_worker(struct start *s, struct farm *f, struct vm *vm)
{
    struct worker_events events = farm_worker_events;
    struct worker_start w = {.program = f->paths->worker,
                             .start = &s->message,
                             .fds = s->fd,
                             .fd_count = s->count,
                             .rendezvous = s->rendezvous,
                             .lock = s->lock};
    struct vm_row next;
    char why[384];
    int err;

    events.ctx = vm;
    vm->worker = worker_spawn(f->loop, &w, &events, why, sizeof(why));
    if (vm->worker == NULL) {
        return failed(vm, STEP_HELLO, EIO, "%s", why);
    }
    next = vm->row;
    err = process_identify(worker_pid(vm->worker), &next.process);
    if (err != 0) {
        /* Gone already: how it ended is on its way. */
        log_say(LOG_WARNING, vm, "its worker cannot be identified: %s", strerror(-err));
    } else {
        farm_commit_fact(f, vm, &next, NULL, NULL);
    }
    log_say(LOG_INFO, vm, "worker %ld, start %llu", (long)worker_pid(vm->worker),
            (unsigned long long)vm->row.boots);
    return 0;
}

void farm_spawn(struct farm *f, struct vm *vm)
{
    struct start s = {.rendezvous = -1, .lock = -1};

    if (farm_apply_pending(f, vm) != 0) {
        vm->hold_until = farm_now(f) + 10 * BUSY_MS;
        return;
    }
    if (disk_is_leaving(f, vm)) {
        vm->hold_until = farm_now(f) + BUSY_MS;
        return;
    }
    if (must_wait(f, vm, &s.lock)) {
        return;
    }
    if (write_intent(f, vm) != 0) {
        vm->hold_until = farm_now(f) + 10 * BUSY_MS;
        close_start(&s);
        return;
    }
    vm->cycle = false;
    vm->by_hand = false;
    vm->start_after = 0;
    vm->has_ended = false;
    vm->last_error[0] = '\0';
    vm->boot_us = 0;
    vm->cpu_us = 0;
    vm->health = VM_HEALTH_STARTING;
    vm->checked = VM_HEALTH_STARTING;
    vm->health_cause[0] = '\0';
    vm->start_deadline =
        vm->row.config.start_timeout != 0 ? farm_now(f) + (int64_t)vm->row.config.start_timeout : 0;
    if (open_all(&s, f, vm) != 0 || run_worker(&s, f, vm) != 0) {
        farm_record_end(f, vm, -1, 0);
    }
    close_start(&s);
}

void farm_release_run(struct farm *f, struct vm *vm)
{
    worker_free(vm->worker);
    vm->worker = NULL;
    remove_run_folder(f, vm->row.id);
    vm->disk_count = 0;
    vm->fault = false;
    vm->force = false;
    vm->has_ended = false;
    vm->rung = RUNG_NONE;
    vm->stop_reason = STOP_NOT;
    vm->stop_timeout = 0;
    vm->rung_deadline = 0;
    vm->start_deadline = 0;
    vm->lifetime_end = 0;
    vm->health = VM_HEALTH_NONE;
}
