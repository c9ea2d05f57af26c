/* SPDX-License-Identifier: ISC */
/*
 * run-worker.c: see run-worker.h.
 */
#include "run-worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_TIMEOUT_MS 5000

extern char **environ;

int run_worker_find(const struct run_options *o, const char *argv0, char *path, size_t size)
{
    const char *slash = strrchr(argv0, '/');
    int n;

    if (o->worker != NULL) {
        n = snprintf(path, size, "%s", o->worker);
    } else if (slash != NULL) {
        n = snprintf(path, size, "%.*s/vmm-worker", (int)(slash - argv0), argv0);
    } else {
        fputs("vmm-run: called by its bare name it does not know where vmm-worker is: give "
              "--worker FILE\n",
              stderr);
        return -1;
    }
    if (n < 0 || (size_t)n >= size || access(path, X_OK) != 0) {
        fprintf(stderr, "vmm-run: the worker %s: %s\n", path, strerror(errno));
        return -1;
    }
    return 0;
}

/* ---- The process -------------------------------------------------------------------------------- */

/* Between fork and exec: only calls that are safe there. */
static void become_worker(const char *path, int channel, char *const env[])
{
    char *const argv[] = {(char *)(uintptr_t) "vmm-worker", NULL};
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;
    int null = open("/dev/null", O_RDWR);
    /* Above 3, so that no dup2 below closes what the next one needs. */
    int high = fcntl(channel, F_DUPFD, 16);

    if (setsid() < 0 || null < 0 || high < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
        dup2(high, PROTOCOL_CHANNEL_FD) < 0) {
        _exit(127);
    }
    for (int fd = PROTOCOL_CHANNEL_FD + 1; fd < 1024; fd++) {
        close(fd);
    }
    for (int s = 1; s < 32; s++) {
        sigaction(s, &dfl, NULL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, argv, env);
    _exit(127);
}

static int channel_pair(int pair[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(pair[i], F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
        int on = 1;
        setsockopt(pair[i], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
    }
    return 0;
}

int run_worker_spawn(struct run_worker *w, const char *path)
{
    char *env[8] = {NULL};
    size_t n = 0;
    int pair[2];

    for (char **e = environ; *e != NULL && n < sizeof(env) / sizeof(env[0]) - 1; e++) {
        if (protocol_passes_variable(*e)) {
            env[n++] = *e;
        }
    }
    if (channel_pair(pair) != 0) {
        fprintf(stderr, "vmm-run: socketpair: %s\n", strerror(errno));
        return -1;
    }
    w->pid = fork();
    if (w->pid == 0) {
        become_worker(path, pair[1], env);
    }
    close(pair[1]);
    if (w->pid < 0) {
        fprintf(stderr, "vmm-run: fork: %s\n", strerror(errno));
        close(pair[0]);
        return -1;
    }
    w->channel = pair[0];
    w->seq = 0;
    return 0;
}

/* ---- Sockets ------------------------------------------------------------------------------------ */

static int unix_socket(const char *path, struct sockaddr_un *address)
{
    int fd;

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address->sun_path)) {
        fprintf(stderr, "vmm-run: %s: a socket's path has at most %zu characters\n", path,
                sizeof(address->sun_path) - 1);
        return -1;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        fprintf(stderr, "vmm-run: socket: %s\n", strerror(errno));
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int run_socket_listen(const char *path)
{
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    struct stat st;

    if (fd < 0) {
        return -1;
    }
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(path);
    }
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 64) != 0) {
        fprintf(stderr, "vmm-run: cannot listen on %s: %s\n", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

int run_socket_connect(const char *path)
{
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fprintf(stderr, "vmm-run: cannot connect to %s: %s\n", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- The description ---------------------------------------------------------------------------- */

static int add_fd(struct run_start *s, int fd)
{
    if (fd < 0) {
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    s->fd[s->fd_count++] = fd;
    return 0;
}

static int add_file(struct run_start *s, const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0) {
        fprintf(stderr, "vmm-run: cannot open %s: %s\n", path, strerror(errno));
    }
    return add_fd(s, fd);
}

/* A log that nobody wants to keep is a file without a name. */
static int add_nameless(struct run_start *s)
{
    const char *dir = getenv("TMPDIR");
    char path[1024];
    int n = snprintf(path, sizeof(path), "%s/vmm-run.XXXXXX", dir != NULL ? dir : "/tmp");
    int fd = n > 0 && (size_t)n < sizeof(path) ? mkstemp(path) : -1;

    if (fd < 0) {
        fprintf(stderr, "vmm-run: cannot make a temporary file in %s: %s\n",
                dir != NULL ? dir : "/tmp", strerror(errno));
    } else {
        unlink(path);
    }
    return add_fd(s, fd);
}

static int add_logs(struct run_start *s, const char *log)
{
    char second[1024];
    int n;

    if (log == NULL) {
        return add_nameless(s) != 0 || add_nameless(s) != 0 ? -1 : 0;
    }
    n = snprintf(second, sizeof(second), "%s.1", log);
    if (n < 0 || (size_t)n >= sizeof(second)) {
        fputs("vmm-run: the log's name is too long\n", stderr);
        return -1;
    }
    return add_file(s, log, O_RDWR | O_CREAT | O_TRUNC) != 0 ||
                   add_file(s, second, O_RDWR | O_CREAT | O_TRUNC) != 0
               ? -1
               : 0;
}

static void describe_disks(struct msg_start *m, const struct run_options *o)
{
    m->disk_count = o->disk_count;
    for (uint32_t i = 0; i < o->disk_count; i++) {
        m->disk[i].flags = o->disk[i].read_only ? DISK_READ_ONLY : 0;
        snprintf(m->disk[i].serial, sizeof(m->disk[i].serial), "disk%u", i);
    }
}

static void describe_nets(struct msg_start *m, const struct run_options *o)
{
    m->net_count = o->net_count;
    for (uint32_t i = 0; i < o->net_count; i++) {
        protocol_mac(m->id, i, m->net[i].mac);
        m->net[i].mtu = 1500;
    }
}

static void describe(struct msg_start *m, const struct run_options *o)
{
    size_t n = 0;

    memset(m, 0, sizeof(*m));
    /* The same name has the same id, and so the same MACs: v and the name's letters. */
    m->id[n++] = 'v';
    for (const char *p = o->name; *p != '\0' && n < PROTOCOL_ID_MAX; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= '2' && *p <= '7')) {
            m->id[n++] = *p;
        }
    }
    snprintf(m->name, sizeof(m->name), "%s", o->name);
    snprintf(m->cmdline, sizeof(m->cmdline), "%s", o->append);
    m->cpus = o->cpus;
    m->memory = o->memory;
    m->flags = (o->initrd != NULL ? START_HAS_INITRD : 0u) |
               (o->vsock_count != 0 ? START_VSOCK : 0u) | (o->has_balloon ? START_BALLOON : 0u);
    m->stop_timeout_ms = o->stop_timeout_ms;
    m->grace_ms = o->grace_ms;
    m->console_segment = (uint32_t)o->log_segment;
    m->vsock_cid = 3;
    describe_disks(m, o);
    describe_nets(m, o);
}

int run_start_open(struct run_start *s, const struct run_options *o)
{
    s->fd_count = 0;
    describe(&s->message, o);
    if (add_file(s, o->kernel, O_RDONLY) != 0 ||
        (o->initrd != NULL && add_file(s, o->initrd, O_RDONLY) != 0) || add_logs(s, o->log) != 0) {
        return -1;
    }
    for (uint32_t i = 0; i < o->disk_count; i++) {
        if (add_file(s, o->disk[i].path, o->disk[i].read_only ? O_RDONLY : O_RDWR) != 0) {
            return -1;
        }
    }
    for (uint32_t i = 0; i < o->net_count; i++) {
        if (add_fd(s, run_socket_connect(o->net[i])) != 0) {
            return -1;
        }
    }
    return 0;
}

void run_start_close(struct run_start *s)
{
    while (s->fd_count != 0) {
        close(s->fd[--s->fd_count]);
    }
}

/* ---- Messages ----------------------------------------------------------------------------------- */

int run_send(struct run_worker *w, uint16_t type, const void *payload, size_t size, int fd)
{
    return frame_send(w->channel, type, ++w->seq, payload, size, &fd, fd >= 0 ? 1 : 0,
                      SEND_TIMEOUT_MS);
}

int run_send_number(struct run_worker *w, uint16_t type, uint64_t value, int fd)
{
    uint8_t buf[16];

    return run_send(w, type, buf, msg_number_encode(&(struct msg_number){value}, buf, sizeof(buf)),
                    fd);
}

int run_send_hello(struct run_worker *w)
{
    struct msg_hello hello = {.version = PROTOCOL_VERSION, .build = "vmm-run"};
    uint8_t buf[128];

    return run_send(w, MSG_HELLO, buf, msg_hello_encode(&hello, buf, sizeof(buf)), -1);
}

int run_send_start(struct run_worker *w, const struct run_start *s)
{
    static uint8_t buf[FRAME_MAX_PAYLOAD];
    size_t size = msg_start_encode(&s->message, buf, sizeof(buf));

    return frame_send(w->channel, MSG_START, ++w->seq, buf, size, s->fd, s->fd_count,
                      SEND_TIMEOUT_MS);
}
