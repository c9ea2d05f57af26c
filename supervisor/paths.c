/* SPDX-License-Identifier: ISC */
/*
 * paths.c: where everything is.
 */
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "paths-system.h"

#define WORKER_BESIDE    "vmm-worker"
#define WORKER_INSTALLED "libexec/paddock/vmm-worker"
#define AN_ID            "abcdefghijklmnop" /* as long as any VM's */

static int refuse(int err, char *why, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int refuse(int err, char *why, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return err;
}

static int join(char out[PATHS_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATHS_MAX, "%s/%s", folder, name);

    return n < 0 || (size_t)n >= PATHS_MAX ? -ENAMETOOLONG : 0;
}

/* Absolute, without following anything: the folder may not be there yet. */
static int absolute(char out[PATHS_MAX], const char *path)
{
    char here[PATHS_MAX];
    size_t n = 0;
    int err = 0;

    if (path[0] == '/') {
        n = strlen(path);
        if (n >= PATHS_MAX) {
            return -ENAMETOOLONG;
        }
        memcpy(out, path, n + 1);
    } else {
        if (getcwd(here, sizeof(here)) == NULL) {
            return -errno;
        }
        err = join(out, here, path);
        n = err == 0 ? strlen(out) : 0;
    }
    while (n > 1 && out[n - 1] == '/') {
        out[--n] = '\0';
    }
    return err;
}

static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash != NULL) {
        *slash = '\0';
    }
}

/* Beside a daemon that runs where it was built; otherwise both are where make install put them, under any prefix. */
static int find_worker(char out[PATHS_MAX])
{
    char own[PATHS_MAX];
    int err = paths_own_program(own, sizeof(own));

    if (err != 0) {
        return err;
    }
    cut_last(own);
    if (join(out, own, WORKER_BESIDE) == 0 && access(out, X_OK) == 0) {
        return 0;
    }
    cut_last(own); /* sbin */
    return join(out, own, WORKER_INSTALLED);
}

static int check_socket(const char *path, const char *what, char *why, size_t size)
{
    size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

    if (strlen(path) <= room) {
        return 0;
    }
    return refuse(-ENAMETOOLONG, why, size,
                  "%s: the path of %s has %zu bytes, and a socket's may have %zu", path, what,
                  strlen(path), room);
}

int paths_set(struct paths *p, const char *root, const char *worker, char *why, size_t size)
{
    struct system_paths at = system_paths;
    char base[PATHS_MAX], sub[5][PATHS_MAX], etc[PATHS_MAX], longest[PATHS_MAX];
    int err = 0;

    memset(p, 0, sizeof(*p));
    if (root != NULL) {
        err = absolute(base, root);
        if (err == 0 && (join(sub[0], base, "etc") != 0 || join(sub[1], base, "db") != 0 ||
                         join(sub[2], base, "run") != 0 || join(sub[3], base, "log") != 0 ||
                         join(sub[4], base, "run/control.sock") != 0)) {
            err = -ENAMETOOLONG;
        }
        at = (struct system_paths){sub[0], sub[1], sub[2], sub[3], sub[4]};
    }
    if (err == 0) {
        err = worker != NULL ? absolute(p->worker, worker) : find_worker(p->worker);
    }
    if (err != 0 || absolute(etc, at.etc) != 0 || absolute(p->state, at.state) != 0 ||
        absolute(p->run, at.run) != 0 || absolute(p->log, at.log) != 0 ||
        join(p->config, etc, "paddock.yaml") != 0 || join(p->config_dir, etc, "vms.d") != 0 ||
        join(p->database, p->state, "paddock.db") != 0 || absolute(p->socket, at.socket) != 0 ||
        join(p->vm_run, p->run, "vm") != 0 || join(p->vm_log, p->log, "vm") != 0 ||
        join(longest, p->vm_run, AN_ID "/" PATHS_RENDEZVOUS) != 0) {
        err = err != 0 ? err : -ENAMETOOLONG;
        return refuse(err, why, size, "%s: %s", root != NULL ? root : "/", strerror(-err));
    }
    err = check_socket(p->socket, "the control socket", why, size);
    return err != 0 ? err : check_socket(longest, "a worker's socket", why, size);
}

static int make_parents(const char *path, char *why, size_t size)
{
    char part[PATHS_MAX];

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);

        memcpy(part, path, n);
        part[n] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST && errno != EROFS && errno != EISDIR) {
            return refuse(-errno, why, size, "%s: cannot be made: %s", part, strerror(errno));
        }
    }
    return 0;
}

/* One that is there may have been made by a package or by systemd: what it allows too much is taken away, but a
 * folder that somebody else could have filled is not used. */
static int make_folder(const char *path, mode_t mode, char *why, size_t size)
{
    struct stat st;
    int fd = -1, err = make_parents(path, why, size);

    if (err != 0) {
        return err;
    }
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return refuse(-errno, why, size, "%s: cannot be made: %s", path, strerror(errno));
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        err = refuse(-errno, why, size, "%s: %s", path,
                     errno == ELOOP || errno == ENOTDIR ? "is no folder" : strerror(errno));
    } else if (st.st_uid != geteuid()) {
        err = refuse(-EPERM, why, size, "%s: belongs to user %u, not to %u who runs this", path,
                     (unsigned)st.st_uid, (unsigned)geteuid());
    } else if ((st.st_mode & 022) != 0) {
        err = refuse(-EPERM, why, size, "%s: is writable by others (mode %04o)", path,
                     (unsigned)(st.st_mode & 07777));
    } else if ((st.st_mode & 0777 & ~mode) != 0 && fchmod(fd, st.st_mode & mode) != 0) {
        err = refuse(-errno, why, size, "%s: mode: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

int paths_make(const struct paths *p, char *why, size_t size)
{
    const struct {
        const char *path;
        mode_t mode;
    } folder[] = {
        {p->state, 0700}, {p->run, 0755}, {p->vm_run, 0700}, {p->log, 0750}, {p->vm_log, 0750},
    };
    mode_t mask = umask(022);
    int err = 0;

    for (size_t i = 0; i < sizeof(folder) / sizeof(folder[0]) && err == 0; i++) {
        err = make_folder(folder[i].path, folder[i].mode, why, size);
    }
    umask(mask);
    return err;
}
