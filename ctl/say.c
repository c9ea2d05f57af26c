/* SPDX-License-Identifier: ISC */
/*
 * say.c: sentences on standard error. See say.h.
 */
#include "say.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "output.h"

static struct {
    bool porcelain, quiet;
    char progress[256]; /* "" if nothing is going on */
    bool shown;
    time_t since;
} say;

void say_set(bool porcelain, bool quiet)
{
    say.porcelain = porcelain;
    say.quiet = quiet;
}

bool say_is_porcelain(void)
{
    return say.porcelain;
}

bool say_obeys(FILE *stream)
{
    const char *term = getenv("TERM");

    return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb") != 0;
}

bool say_color(FILE *stream)
{
    const char *no = getenv("NO_COLOR");

    return say_obeys(stream) && (!no || !*no);
}

static void say_json(enum failure f, const char *message, const char *hint)
{
    json_t *error = json_pack("{s:{s:s,s:s,s:s*}}", "error", "code", failure_name(f), "message",
                              message, "hint", hint);
    char *text = error ? json_dumps(error, JSON_COMPACT) : NULL;

    fprintf(stderr, "%s\n", text ? text : "{\"error\":{\"code\":\"internal\"}}");
    free(text);
    json_decref(error);
}

/* What came from elsewhere is one printable line each, whatever it holds. */
static void print_line(const char *before, const char *text)
{
    fputs(before, stderr);
    while (*text) {
        size_t control = output_control(text);

        fputc(control ? ' ' : *text, stderr);
        text += control ? control : 1;
    }
    fputc('\n', stderr);
}

int say_error(enum failure f, const char *hint, const char *format, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    say_progress_end();
    if (say.porcelain) {
        say_json(f, text, hint && *hint ? hint : NULL);
    } else {
        print_line(say_color(stderr) ? "\033[1;31mvmctl:\033[0m " : "vmctl: ", text);
        if (hint && *hint) {
            print_line("       ", hint);
        }
    }
    return failure_exit_status(f);
}

int say_usage(const char *verb, const char *format, ...)
{
    char text[1024], hint[128];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    snprintf(hint, sizeof(hint), "see: vmctl help%s%s", verb ? " " : "", verb ? verb : "");
    say_error(FAILURE_BAD_PARAMS, hint, "%s", text);
    return STATUS_USAGE;
}

void say_note(const char *format, ...)
{
    char text[1024];
    va_list ap;

    if (say.porcelain || say.quiet) {
        return;
    }
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    say_progress_end();
    print_line("vmctl: ", text);
}

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

void say_progress(const char *format, ...)
{
    va_list ap;

    say_progress_end();
    if (say.porcelain || say.quiet || !say_obeys(stderr)) {
        return;
    }
    va_start(ap, format);
    vsnprintf(say.progress, sizeof(say.progress), format, ap);
    va_end(ap);
    say.since = now();
}

void say_progress_tick(void)
{
    long seconds = (long)(now() - say.since);
    int width = (int)output_terminal_width(stderr);
    char line[sizeof(say.progress) + 32];

    if (*say.progress && seconds >= 1) {
        snprintf(line, sizeof(line), "%s ... %ld s", say.progress, seconds);
        /* A line that wrapped could not be written over. */
        fprintf(stderr, "\r%.*s", width > 1 ? width - 1 : (int)sizeof(line), line);
        say.shown = true;
    }
}

void say_progress_end(void)
{
    if (say.shown) {
        fputs("\r\033[K", stderr);
    }
    say.shown = false;
    say.progress[0] = '\0';
}

bool say_can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool say_ask(const char *format, ...)
{
    char answer[16] = "";
    va_list ap;

    if (!say_can_ask()) {
        return false;
    }
    say_progress_end();
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputs(" [y/N] ", stderr);
    fflush(stderr);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}
