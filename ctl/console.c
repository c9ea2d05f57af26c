/* SPDX-License-Identifier: ISC */
/*
 * console.c: the terminal and a guest's console, joined until the escape character or the VM's end.
 *
 * The terminal is raw meanwhile and is itself again on every way out: the end, the escape, a signal. The
 * guest's bytes pass unfiltered, as whoever works on a console needs them; what they may have switched on is
 * switched off at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "verb.h"

#define QUEUE_MAX 65536 /* of what was typed and is not taken yet */

const struct option_spec console_options[] = {
    {"e escape", "C", "the character that leaves: ^] by default; ^X, one character, or none"},
    {"read-only", NULL, "watch; typing goes nowhere"},
    {"force", NULL, "take the console from whoever has it"},
    {0}};

static struct {
    bool raw;
    struct termios before;
    volatile sig_atomic_t signal;
    int wake[2];
} tty;

static void restore(void)
{
    /* Colours, the cursor, mouse reports, bracketed paste. */
    static const char plain[] =
        "\033[0m\033[?25h\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l";

    if (tty.raw) {
        tty.raw = false;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &tty.before);
        if (isatty(STDERR_FILENO)) {
            ssize_t n = write(STDERR_FILENO, plain, sizeof(plain) - 1);

            (void)n;
        }
    }
}

static void on_signal(int number)
{
    int saved = errno;
    ssize_t n;

    tty.signal = number;
    n = write(tty.wake[1], "", 1);
    (void)n;
    errno = saved;
}

static int prepare(bool read_only)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction act = {.sa_handler = on_signal};
    struct termios raw;

    if (pipe(tty.wake) < 0) {
        return -errno;
    }
    fcntl(tty.wake[1], F_SETFL, O_NONBLOCK);
    tty.signal = 0;
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        sigaction(caught[i], &act, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &tty.before) == 0) {
        atexit(restore);
        raw = tty.before;
        raw.c_iflag &=
            (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        raw.c_oflag &= (tcflag_t)~OPOST;
        raw.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | IEXTEN | (read_only ? 0u : ISIG));
        raw.c_cflag = (raw.c_cflag & (tcflag_t) ~(CSIZE | PARENB)) | CS8;
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        tty.raw = true;
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    return 0;
}

static void put_back(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

    restore();
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        signal(caught[i], SIG_DFL);
    }
    close(tty.wake[0]);
    close(tty.wake[1]);
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) { /* the terminal was made non-blocking by somebody else */
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (n <= 0) {
            return -errno;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* A guest that does not read must not keep the user from leaving: what was typed waits here. */
struct typed {
    char bytes[QUEUE_MAX];
    size_t used;
};

static bool read_input(struct typed *t, int escape, bool read_only, bool *open)
{
    ssize_t n = read(STDIN_FILENO, t->bytes + t->used, sizeof(t->bytes) - t->used);
    char *found;

    if (n <= 0) {
        *open = n < 0 && (errno == EAGAIN || errno == EINTR);
        return false;
    }
    found = escape < 0 || !tty.raw ? NULL : memchr(t->bytes + t->used, escape, (size_t)n);
    if (!read_only) {
        t->used = found ? (size_t)(found - t->bytes) : t->used + (size_t)n;
    }
    return found != NULL;
}

static enum console_end pass(int fd, int escape, bool read_only)
{
    static struct typed typed;
    static char block[16384];
    bool input = true;
    enum console_end end;

    typed.used = 0;
    for (;;) {
        struct pollfd p[3] = {
            {.fd = fd, .events = (short)(POLLIN | (typed.used ? POLLOUT : 0))},
            {.fd = input && typed.used < sizeof(typed.bytes) ? STDIN_FILENO : -1, .events = POLLIN},
            {.fd = tty.wake[0], .events = POLLIN}};

        if (poll(p, 3, -1) < 0 && errno != EINTR) {
            end = CONSOLE_CLOSED;
            break;
        }
        if (tty.signal) {
            end = CONSOLE_SIGNALLED;
            break;
        }
        if (p[1].revents && read_input(&typed, escape, read_only, &input)) {
            end = CONSOLE_DETACHED;
            break;
        }
        if (p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t n = read(fd, block, sizeof(block));

            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
                (n > 0 && write_all(STDOUT_FILENO, block, (size_t)n) < 0)) {
                end = CONSOLE_CLOSED;
                break;
            }
        }
        if (p[0].revents & POLLOUT && typed.used) {
            ssize_t n = send(fd, typed.bytes, typed.used, MSG_DONTWAIT);

            if (n > 0) {
                memmove(typed.bytes, typed.bytes + n, typed.used - (size_t)n);
                typed.used -= (size_t)n;
            }
        }
    }
    if (typed.used) { /* typed before the escape */
        send(fd, typed.bytes, typed.used, MSG_DONTWAIT);
    }
    return end;
}

enum console_end console_attach(struct call *c, const char *name, bool read_only, bool force,
                                int escape, int *status)
{
    enum console_end end = CONSOLE_REFUSED;
    struct reply r;
    int pair[2], err;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        *status = say_error(FAILURE_INTERNAL, NULL, "socketpair: %s", strerror(errno));
        return CONSOLE_REFUSED;
    }
    client_call(c->client, "vm.console",
                json_pack("{s:s,s:b,s:b}", "name", name, "read_only", read_only, "force", force),
                &pair[1], 1, &r);
    close(pair[1]);
    if (r.failure) {
        *status = reply_report(&r, name);
        goto done;
    }
    if (isatty(STDIN_FILENO)) {
        char shown[8];

        snprintf(shown, sizeof(shown), escape < 32 ? "^%c" : "%c",
                 escape < 32 ? escape + 64 : escape);
        say_note("connected to %s%s%s%s", name, read_only ? ", read-only" : "",
                 escape < 0 ? "" : "; leave with ", escape < 0 ? "" : shown);
    }
    err = prepare(read_only);
    if (err < 0) {
        *status = say_error(FAILURE_INTERNAL, NULL, "pipe: %s", strerror(-err));
        goto done;
    }
    end = pass(pair[0], escape, read_only);
    put_back();
    if (end == CONSOLE_SIGNALLED) {
        *status = 128 + tty.signal;
    }
done:
    close(pair[0]);
    reply_free(&r);
    return end;
}

static int parse_escape(const char *text, int *escape)
{
    if (!text) {
        *escape = 0x1d;
    } else if (strcmp(text, "none") == 0) {
        *escape = -1;
    } else if (text[0] == '^' && text[1] >= '@' && text[1] <= '~' && !text[2]) {
        *escape = text[1] & 0x1f;
    } else if (text[0] && !text[1]) {
        *escape = (unsigned char)text[0];
    } else {
        return -EINVAL;
    }
    return 0;
}

int verb_console(struct call *c)
{
    const char *name = c->options.operands[0];
    int escape, status = STATUS_OK;

    if (parse_escape(options_get(&c->options, "escape"), &escape) < 0) {
        return say_usage("console", "--escape is one character, ^ and a letter, or none");
    }
    switch (console_attach(c, name, options_has(&c->options, "read-only"),
                           options_has(&c->options, "force"), escape, &status)) {
    case CONSOLE_CLOSED:
        if (isatty(STDIN_FILENO)) {
            fputc('\n', stderr);
            say_note("the console of %s is closed", name);
        }
        break;
    case CONSOLE_DETACHED:
        fputc('\n', stderr);
        say_note("left the console of %s", name);
        break;
    case CONSOLE_REFUSED:
    case CONSOLE_SIGNALLED: break;
    }
    return status;
}
