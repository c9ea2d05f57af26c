/* SPDX-License-Identifier: ISC */
/*
 * log.c: the daemon's log. A line is put together in one buffer and written with one call, so that lines never mix.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "paths.h"
#include "vm.h"

#define MESSAGE_MAX 2048u

/* The process has one log, as it has one standard error. */
static struct {
    int level;
    bool json;
    const char *path; /* of the file that standard error is; NULL: it is none of ours */
} the_log = {.level = LOG_INFO};

static const char *level_name(int level)
{
    static const char *const names[] = {"emergency", "alert",  "critical", "error",
                                        "warning",   "notice", "info",     "debug"};

    return names[level < LOG_EMERG ? LOG_EMERG : level > LOG_DEBUG ? LOG_DEBUG : level];
}

/* How many bytes of well-formed UTF-8 that a terminal may show are at p: 0 for a control or a stray byte. */
static size_t printable(const unsigned char *p)
{
    size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 : 4;

    if (n == 1) {
        return *p >= 0x20 && *p != 0x7f;
    }
    if (*p < 0xc2 || *p > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((*p == 0xc2 && p[1] < 0xa0) || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
        (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f)) {
        return 0; /* C1 controls, overlong forms, surrogates, beyond Unicode */
    }
    return n;
}

static void escape(char *out, size_t size, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0;

    while (*p != '\0' && used + 5 < size) {
        size_t n = printable(p);

        if (n != 0) {
            memcpy(out + used, p, n);
            used += n;
            p += n;
        } else {
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", *p++);
        }
    }
    out[used] = '\0';
}

/* Standard error becomes the file; if that cannot be, it stays what it is. */
static int open_file(void)
{
    int fd = open(the_log.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  0640);
    int err = fd < 0 || dup2(fd, STDERR_FILENO) < 0 ? -errno : 0;

    if (fd >= 0 && fd != STDERR_FILENO) {
        close(fd);
    }
    return err;
}

/* Two files are kept: one that is full makes room. Where that is not possible it grows on. */
static void begin_anew_if_full(void)
{
    char before[PATHS_MAX + 2];
    struct stat st;

    if (fstat(STDERR_FILENO, &st) == 0 && st.st_size > LOG_FILE_MAX &&
        snprintf(before, sizeof(before), "%s.1", the_log.path) < (int)sizeof(before) &&
        rename(the_log.path, before) == 0) {
        open_file();
    }
}

static void put(const char *line, size_t size)
{
    ssize_t n;

    if (the_log.path != NULL) {
        begin_anew_if_full();
    }
    do {
        n = write(STDERR_FILENO, line, size);
    } while (n < 0 && errno == EINTR);
    /* A log that cannot be written has nowhere to say so. */
}

static void put_json(const char *time, int level, const struct vm *vm, const char *message)
{
    json_t *line =
        json_pack("{ss ss ss}", "time", time, "level", level_name(level), "message", message);
    char *text = NULL;

    if (vm != NULL) {
        json_object_set_new(line, "vm", json_string(vm->row.config.name));
        json_object_set_new(line, "id", json_string(vm->row.id));
    }
    text = json_dumps(line, JSON_COMPACT);
    if (text != NULL) {
        size_t n = strlen(text);

        text[n] = '\n'; /* in place of the terminator: one write */
        put(text, n + 1);
    }
    free(text);
    json_decref(line);
}

static void put_text(const char *time, int level, const struct vm *vm, const char *message)
{
    char line[MESSAGE_MAX + 256];
    int n = 0;

    if (vm != NULL) {
        n = snprintf(line, sizeof(line), "%s %s %s %s: %s\n", time, level_name(level),
                     vm->row.config.name, vm->row.id, message);
    } else {
        n = snprintf(line, sizeof(line), "%s %s %s\n", time, level_name(level), message);
    }
    put(line, (size_t)n);
}

void log_setup(int level, bool json)
{
    the_log.level = level;
    the_log.json = json;
}

int log_to_file(const char *path)
{
    the_log.path = path;
    return path != NULL ? open_file() : 0;
}

void log_say(int level, const struct vm *vm, const char *format, ...)
{
    char raw[MESSAGE_MAX], message[MESSAGE_MAX], time[CLOCK_TEXT];
    int saved = errno;
    va_list args;

    if (level <= the_log.level) {
        va_start(args, format);
        vsnprintf(raw, sizeof(raw), format, args);
        va_end(args);
        escape(message, sizeof(message), raw);
        clock_format(clock_unix_ms(), time);
        (the_log.json ? put_json : put_text)(time, level, vm, message);
    }
    errno = saved;
}
