/* SPDX-License-Identifier: ISC */
/*
 * trust.c: opens what root may rely on, component by component from the root folder.
 *
 * Each folder is opened by descriptor before anything in it is looked up, so nobody can put another in its place between
 * the check and the use. A symbolic link on the way is as trustworthy as the folder that it stands in: systems have
 * such links (/var on macOS, /lib on Linux). Only the last component may not be one.
 */
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096u
#define LINKS_MAX  8

struct walk {
    char rest[PATH_BYTES]; /* what is still to be walked, without a leading '/' */
    char here[PATH_BYTES]; /* what has been, for messages */
    int folder;
    int links;
    char *why;
    size_t size;
};

static int refuse(struct walk *w, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct walk *w, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->why, w->size, format, args);
    va_end(args);
    return err;
}

static int refuse_errno(struct walk *w, int error)
{
    return refuse(w, -error, "%s: %s", w->here, strerror(error));
}

static bool is_ours(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

/* Only who may be trusted can change it. In a sticky folder others may add, but not replace. */
static int check(struct walk *w, const struct stat *st)
{
    bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0 && st->st_uid == 0;
    const char *what = S_ISDIR(st->st_mode) ? "the folder" : "the file";

    if (!is_ours(st->st_uid)) {
        return refuse(w, -EPERM, "%s: %s belongs to user %u, and only root and user %u are trusted",
                      w->here, what, (unsigned)st->st_uid, (unsigned)geteuid());
    }
    if ((st->st_mode & 022) != 0 && !sticky) {
        return refuse(w, -EPERM, "%s: %s is writable by %s (mode %04o)", w->here, what,
                      (st->st_mode & 02) != 0 ? "everybody" : "its group",
                      (unsigned)(st->st_mode & 07777));
    }
    return 0;
}

/* Takes the walk to a folder; the descriptor is the walk's from now on. */
static int enter(struct walk *w, int folder)
{
    struct stat st;

    if (w->folder >= 0) {
        close(w->folder);
    }
    w->folder = folder;
    if (folder < 0 || fstat(folder, &st) != 0) {
        return refuse_errno(w, errno);
    }
    return check(w, &st);
}

static int enter_root(struct walk *w)
{
    snprintf(w->here, sizeof(w->here), "/");
    return enter(w, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* The link `name` in the folder takes the place of its name in what is still to be walked. */
static int follow(struct walk *w, const char *name, uid_t owner)
{
    char target[PATH_BYTES], rest[PATH_BYTES];
    ssize_t n = readlinkat(w->folder, name, target, sizeof(target) - 1);
    const char *begin = target;

    if (n < 0) {
        return refuse_errno(w, errno);
    }
    target[n] = '\0';
    if (!is_ours(owner)) {
        return refuse(w, -EPERM, "%s/%s: the symbolic link belongs to user %u", w->here, name,
                      (unsigned)owner);
    }
    if (++w->links > LINKS_MAX) {
        return refuse(w, -ELOOP, "%s/%s: too many symbolic links", w->here, name);
    }
    while (*begin == '/') {
        begin++;
    }
    if (snprintf(rest, sizeof(rest), "%s/%s", begin, w->rest) >= (int)sizeof(rest)) {
        return refuse(w, -ENAMETOOLONG, "%s/%s: the path is too long", w->here, name);
    }
    memcpy(w->rest, rest, sizeof(rest));
    return target[0] == '/' ? enter_root(w) : 0;
}

static void append(char *path, const char *name)
{
    size_t n = strlen(path);

    snprintf(path + n, PATH_BYTES - n, "%s%s", n > 0 && path[n - 1] == '/' ? "" : "/", name);
}

/* Takes the next component off `rest`. False: none is left. */
static bool next(struct walk *w, char name[PATH_BYTES])
{
    size_t begin = strspn(w->rest, "/");
    size_t length = strcspn(w->rest + begin, "/");
    size_t end = begin + length;

    memcpy(name, w->rest + begin, length);
    name[length] = '\0';
    end += strspn(w->rest + end, "/");
    memmove(w->rest, w->rest + end, strlen(w->rest + end) + 1);
    return length != 0;
}

static int step(struct walk *w, const char *name)
{
    struct stat st;
    int folder = -1;

    if (fstatat(w->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        return follow(w, name, st.st_uid);
    }
    folder = openat(w->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    append(w->here, name);
    return enter(w, folder);
}

static int open_last(struct walk *w, const char *name, int flags, int *out)
{
    struct stat st;
    int fd = openat(w->folder, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int error = errno, err = 0;

    append(w->here, name);
    if (fd < 0 && (error == ELOOP || error == EMLINK)) {
        return refuse(w, -ELOOP, "%s: is a symbolic link", w->here);
    }
    if (fd < 0) {
        return refuse_errno(w, error);
    }
    if (fstat(fd, &st) != 0) {
        err = refuse_errno(w, errno);
    } else if (!S_ISREG(st.st_mode)) {
        err = refuse(w, -EINVAL, "%s: is no regular file", w->here);
    } else {
        err = check(w, &st);
    }
    if (err != 0) {
        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

int trust_open(const char *path, int flags, char *why, size_t size)
{
    struct walk w = {.folder = -1, .why = why, .size = size};
    char name[PATH_BYTES];
    size_t length = strlen(path);
    int fd = -1, err = 0;

    if (path[0] != '/') {
        return refuse(&w, -EINVAL, "%s: is no absolute path", path);
    }
    if (length >= PATH_BYTES) {
        return refuse(&w, -ENAMETOOLONG, "the path is too long (%zu bytes)", length);
    }
    memcpy(w.rest, path, length + 1);
    err = enter_root(&w);
    while (err == 0 && fd < 0) {
        if (!next(&w, name)) {
            err = refuse(&w, -EINVAL, "%s: is a folder", path);
        } else if (w.rest[0] == '\0') {
            err = open_last(&w, name, flags, &fd);
        } else {
            err = step(&w, name);
        }
    }
    if (w.folder >= 0) {
        close(w.folder);
    }
    return err != 0 ? err : fd;
}

int trust_read(const char *path, size_t limit, char **text, size_t *length, char *why, size_t size)
{
    struct stat st;
    char *buf = NULL;
    size_t used = 0;
    int err = 0, fd = trust_open(path, O_RDONLY, why, size);

    if (fd < 0) {
        return fd;
    }
    if (fstat(fd, &st) != 0) {
        err = -errno;
    } else if (st.st_size < 0 || (uint64_t)st.st_size > limit) {
        err = -EFBIG;
        snprintf(why, size, "%s: has %lld bytes, and at most %zu are read", path,
                 (long long)st.st_size, limit);
        goto done;
    } else if ((buf = malloc((size_t)st.st_size + 1)) == NULL) {
        err = -ENOMEM;
    }
    while (err == 0 && used < (size_t)st.st_size) {
        ssize_t n = read(fd, buf + used, (size_t)st.st_size - used);

        if (n == 0) {
            break; /* it has been cut off meanwhile */
        }
        if (n > 0) {
            used += (size_t)n;
        } else if (errno != EINTR) {
            err = -errno;
        }
    }
    if (err != 0) {
        snprintf(why, size, "%s: %s", path, strerror(-err));
        goto done;
    }
    buf[used] = '\0';
    *text = buf;
    *length = used;
    buf = NULL;
done:
    free(buf);
    close(fd);
    return err;
}
