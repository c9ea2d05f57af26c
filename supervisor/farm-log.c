/* SPDX-License-Identifier: ISC */
/*
 * farm-log.c: each VM's consoles in log/vm/NAME.ID/, one pair of segments for each boot.
 *
 * The segments' sizes are bounded by the worker that writes them, their number here: the latest BOOTS_KEPT of
 * a VM, and those of a VM that is gone until log_retention has passed since.
 */
#include "farm-impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define BOOTS_KEPT 8u

static bool folder_of(const struct farm *f, const struct vm *vm, char out[PATHS_MAX])
{
    int n = snprintf(out, PATHS_MAX, "%s/%s.%s", f->paths->vm_log, vm->row.config.name, vm->row.id);

    return n > 0 && (size_t)n < PATHS_MAX;
}

static bool segment_of(const struct farm *f, const struct vm *vm, uint64_t boot, int segment,
                       char out[PATHS_MAX])
{
    int n = snprintf(out, PATHS_MAX, "%s/%s.%s/console-%llu.%d", f->paths->vm_log,
                     vm->row.config.name, vm->row.id, (unsigned long long)boot, segment);

    return n > 0 && (size_t)n < PATHS_MAX;
}

int farm_log_create(struct farm *f, const struct vm *vm, int fd[2], char *path)
{
    fd[0] = fd[1] = -1;
    if (!folder_of(f, vm, path)) {
        return -ENAMETOOLONG;
    }
    if (mkdir(path, 0750) != 0 && errno != EEXIST) {
        return -errno;
    }
    for (int i = 0; i < 2; i++) {
        if (vm->row.boots > BOOTS_KEPT && segment_of(f, vm, vm->row.boots - BOOTS_KEPT, i, path)) {
            unlink(path);
        }
        if (!segment_of(f, vm, vm->row.boots, i, path)) {
            return -ENAMETOOLONG;
        }
        fd[i] = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
        if (fd[i] < 0) {
            int err = -errno;
            if (i == 1) {
                close(fd[0]);
                fd[0] = -1;
            }
            return err;
        }
    }
    return 0;
}

static struct timespec modified(const struct stat *st)
{
#ifdef __APPLE__
    return st->st_mtimespec;
#else
    return st->st_mtim;
#endif
}

/* The worker empties the other segment when one is full: the longer is the older. `fd` are both there. */
static int find_newer(const int fd[2])
{
    struct stat st[2], again;
    int tries = 0;

    do { /* until both sizes are of one moment */
        if (fstat(fd[0], &st[0]) != 0 || fstat(fd[1], &st[1]) != 0 || fstat(fd[0], &again) != 0) {
            return 0;
        }
    } while (st[0].st_size != again.st_size && ++tries < 8);
    if (st[0].st_size != st[1].st_size) {
        return st[0].st_size > st[1].st_size;
    }
    /* Nothing was said yet, or one could not be emptied. */
    struct timespec a = modified(&st[0]), b = modified(&st[1]);
    return st[0].st_size == 0 || b.tv_sec > a.tv_sec ||
           (b.tv_sec == a.tv_sec && b.tv_nsec > a.tv_nsec);
}

/* Both segments of one run in `folder`. */
static int open_segments(int folder, uint64_t boot, int fd[2], int *newer)
{
    char name[48];

    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof(name), "console-%llu.%d", (unsigned long long)boot, i);
        fd[i] = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }
    *newer = fd[0] < 0 ? 1 : fd[1] < 0 ? 0 : find_newer(fd);
    return fd[0] < 0 && fd[1] < 0 ? -ENOENT : 0;
}

int farm_open_log(struct farm *f, const struct vm *vm, unsigned back, int fd[2], int *newer)
{
    char path[PATHS_MAX];
    int folder, err;

    fd[0] = fd[1] = -1;
    *newer = 0;
    if (back >= vm->row.boots || !folder_of(f, vm, path)) {
        return -ENOENT;
    }
    folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        return -errno;
    }
    err = open_segments(folder, vm->row.boots - back, fd, newer);
    close(folder);
    return err;
}

/* Whether a folder's name is that of a removed VM: NAME.ID, where the VM is gone. */
static bool is_retired(struct farm *f, const char *folder)
{
    const char *id = strrchr(folder, '.');

    return id != NULL && id != folder && vm_id_valid(id + 1) && farm_find(f, id + 1) == NULL;
}

/* The one of a removed VM's folders that was retired last; a descriptor. */
static int find_retired(struct farm *f, const char *name_or_id)
{
    DIR *dir = opendir(f->paths->vm_log);
    size_t size = strlen(name_or_id);
    int found = -ENOENT;
    time_t latest = 0;
    struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        struct stat st;
        const char *id = strrchr(e->d_name, '.');
        int fd;

        if (id == NULL ||
            (strcmp(id + 1, name_or_id) != 0 &&
             ((size_t)(id - e->d_name) != size || memcmp(e->d_name, name_or_id, size) != 0)) ||
            !is_retired(f, e->d_name)) { /* last: it looks through all VMs */
            continue;
        }
        fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && fstat(fd, &st) == 0 && (found < 0 || st.st_mtime > latest)) {
            int before = found;
            found = fd;
            fd = before;
            latest = st.st_mtime;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

int farm_open_retired_log(struct farm *f, const char *name_or_id, unsigned back, int fd[2],
                          int *newer, uint64_t *boot)
{
    int folder = find_retired(f, name_or_id), err = -ENOENT;
    DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
    struct dirent *e;

    fd[0] = fd[1] = -1;
    *newer = 0;
    *boot = 0;
    if (dir == NULL) {
        if (folder >= 0) {
            close(folder);
        }
        return err;
    }
    while ((e = readdir(dir)) != NULL) {
        unsigned long long n;
        if (sscanf(e->d_name, "console-%llu.", &n) == 1 && n > *boot) {
            *boot = n;
        }
    }
    if (back < *boot) {
        *boot -= back;
        err = open_segments(folder, *boot, fd, newer);
    }
    closedir(dir);
    return err;
}

/* The last bytes of a segment, at most `room`. How many. */
static size_t read_end(int fd, char *out, size_t room)
{
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return 0;
    }
    n = pread(fd, out, room, st.st_size > (off_t)room ? st.st_size - (off_t)room : 0);
    return n > 0 ? (size_t)n : 0;
}

void farm_log_tail(struct farm *f, const struct vm *vm, char *out, size_t size)
{
    int fd[2], newer;
    size_t n, before = 0;
    char *begin = out, *end;

    out[0] = '\0';
    if (farm_open_log(f, vm, 0, fd, &newer) != 0) {
        return;
    }
    n = read_end(fd[newer], out, size - 1);
    if (n < size - 1) { /* the newer one has only begun */
        before = read_end(fd[1 - newer], out, size - 1 - n);
        n = before + read_end(fd[newer], out + before, size - 1 - before);
    }
    for (int i = 0; i < 2; i++) {
        if (fd[i] >= 0) {
            close(fd[i]);
        }
    }
    end = memchr(out, '\n', n);
    if (n == size - 1 && end != NULL) {
        begin = end + 1; /* no half line first */
    }
    end = out;
    for (char *at = begin; at < out + n; at++) {
        if (*at != '\r') {
            *end++ = *at == '\n' || (*at >= 0x20 && *at < 0x7f) ? *at : '?';
        }
    }
    *end = '\0';
}

void farm_log_retire(struct farm *f, const struct vm *vm)
{
    char path[PATHS_MAX];

    if (folder_of(f, vm, path)) {
        utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW); /* its time runs from now on */
    }
}

/* ---- Retention ---------------------------------------------------------------------------------- */

/* Only what carries our own names is touched. */
static void remove_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;

    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        if (strncmp(e->d_name, "console-", 8) == 0) {
            unlinkat(fd, e->d_name, 0);
        }
    }
    closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void farm_log_clean(struct farm *f)
{
    DIR *dir = opendir(f->paths->vm_log);
    int64_t now = clock_unix_ms();
    struct dirent *e;

    if (dir == NULL) {
        return;
    }
    while ((e = readdir(dir)) != NULL) {
        struct stat st;

        if (!is_retired(f, e->d_name) ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode) ||
            now - (int64_t)st.st_mtime * 1000 < (int64_t)f->config.log_retention) {
            continue;
        }
        log_say(LOG_INFO, NULL, "the logs of %s have been kept long enough", e->d_name);
        remove_folder(dirfd(dir), e->d_name);
    }
    closedir(dir);
}
