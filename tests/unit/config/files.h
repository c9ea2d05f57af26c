/* SPDX-License-Identifier: ISC */
/* files.h: whole files as text, for tests that run in the repository's folder. */
#ifndef TEST_CONFIG_FILES_H
#define TEST_CONFIG_FILES_H

#include <stdio.h>
#include <stdlib.h>

/* NUL-terminated, to be freed; NULL if it cannot be read. */
static inline char *file_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    long length;

    if (!f) {
        return NULL;
    }
    if (fseek(f, 0, SEEK_END) == 0 && (length = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        text = malloc((size_t)length + 1);
        *size = text ? fread(text, 1, (size_t)length, f) : 0;
        if (text) {
            text[*size] = '\0';
        }
    }
    fclose(f);
    return text;
}

#endif
