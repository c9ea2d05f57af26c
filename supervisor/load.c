/* SPDX-License-Identifier: ISC */
/*
 * load.c: the configuration's files. See load.h.
 */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "trust.h"

#define FILES_MAX 4096u

struct files {
    struct host_file file[FILES_MAX];
    size_t count;
};

static int add_file(struct files *fs, const char *path, bool may_be_absent, struct diagnostics *d)
{
    char why[512], *text = NULL;
    size_t length = 0;
    int err = trust_read(path, DOCUMENT_BYTES_MAX, &text, &length, why, sizeof(why));

    if (err == -ENOENT && may_be_absent) {
        err = 0;
        text = NULL;
    }
    if (err != 0) {
        diagnostics_add_at(d, SEVERITY_ERROR, path, NULL, 0, 0, 0, why);
        return err;
    }
    fs->file[fs->count].path = strdup(path);
    fs->file[fs->count].text = text;
    fs->file[fs->count].size = length;
    if (fs->file[fs->count].path == NULL) {
        free(text);
        return -ENOMEM;
    }
    fs->count++;
    return 0;
}

static void free_files(struct files *fs)
{
    for (size_t i = 0; i < fs->count; i++) {
        free((void *)(uintptr_t)fs->file[i].path);
        free((void *)(uintptr_t)fs->file[i].text);
    }
    free(fs);
}

static int is_yaml(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static int in_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* whatever the locale */
}

static int add_folder(struct files *fs, const char *folder, struct diagnostics *d)
{
    struct dirent **entry = NULL;
    int n = scandir(folder, &entry, is_yaml, in_bytes), err = 0;

    if (n < 0) {
        err = -errno;
        if (err == -ENOENT) {
            return 0;
        }
        diagnostics_add_at(d, SEVERITY_ERROR, folder, NULL, 0, 0, 0, strerror(-err));
        return err;
    }
    for (int i = 0; i < n; i++) {
        char path[PATHS_MAX + 260];
        int one = -E2BIG;
        snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
        if (fs->count < FILES_MAX) {
            one = add_file(fs, path, false, d);
        } else {
            diagnostics_add_at(d, SEVERITY_ERROR, path, NULL, 0, 0, 0, "too many files");
        }
        err = err != 0 ? err : one;
        free(entry[i]);
    }
    free(entry);
    return err;
}

int load_config(const struct paths *p, struct host_config *c, struct diagnostics *d)
{
    struct files *fs = calloc(1, sizeof(*fs));
    int err, more;

    if (fs == NULL) {
        host_config_init(c);
        return -ENOMEM;
    }
    err = add_file(fs, p->config, true, d);
    more = err == -ENOMEM ? 0 : add_folder(fs, p->config_dir, d);
    err = err != 0 ? err : more;
    if (err != 0) {
        host_config_init(c);
    } else if (host_config_read(c, fs->file, fs->count, d) != 0) {
        err = -EINVAL;
    }
    free_files(fs);
    return err;
}
