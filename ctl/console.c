/* SPDX-License-Identifier: ISC */
/*
 * console.c: the terminal and a guest's console, joined until the escape character or the VM's end.
 *
 * The terminal is raw meanwhile and is itself again on every way out: the end, the escape, a signal, the
 * daemon's end. The guest's bytes pass unfiltered, as whoever works on a console needs them; what they may have
 * switched on is switched off at the end. Why a console ends is said by the daemon, on its own connection.
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
#define WHY_MS    5000  /* from the end of a console to the daemon's word on it */

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
        if (say_obeys(stderr)) {
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

        if (n < 0 && errno == EINTR && !tty.signal) {
            continue;
        }
        if (n < 0 && errno == EAGAIN && !tty.signal) { /* somebody else made the terminal so */
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
        if (!*open && tty.raw) {
            tty.signal = SIGHUP; /* the terminal is gone, also for who ignores the signal */
        }
        return false;
    }
    found = escape < 0 || !tty.raw ? NULL : memchr(t->bytes + t->used, escape, (size_t)n);
    if (!read_only) {
        t->used = found ? (size_t)(found - t->bytes) : t->used + (size_t)n;
    }
    return found != NULL;
}

/* Copies what the guest says until there is no more at once. */
static bool drain(int fd)
{
    char block[4096];
    ssize_t n;

    while ((n = recv(fd, block, sizeof(block), MSG_DONTWAIT)) > 0) {
        if (write_all(STDOUT_FILENO, block, (size_t)n) < 0) {
            return false;
        }
    }
    return true;
}

/* What the daemon has said of this console meanwhile, into *why. false: its connection has ended. */
static bool listen_to_daemon(struct client *client, int timeout_ms, json_t **why, struct reply *r)
{
    json_t *event;

    if (!client_poll_event(client, timeout_ms, &event, r)) {
        return false;
    }
    if (event) {
        json_decref(*why);
        *why = event;
    }
    return true;
}

/* One look at what has come from everywhere. CONSOLE_OPEN: there is more to come. */
static enum console_end pass_some(struct client *client, int fd, struct typed *typed,
                                  const struct console_look *look, bool *input, json_t **why,
                                  struct reply *r)
{
    static char block[16384];
    struct pollfd p[4] = {
        {.fd = fd, .events = (short)(POLLIN | (typed->used ? POLLOUT : 0))},
        {.fd = *input && typed->used < sizeof(typed->bytes) ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = tty.wake[0], .events = POLLIN},
        {.fd = client_socket(client), .events = POLLIN}};
    ssize_t n;

    if (poll(p, 4, -1) < 0 && errno != EINTR) {
        return CONSOLE_ENDED;
    }
    if (p[1].revents && read_input(typed, look->escape, look->read_only, input)) {
        return CONSOLE_DETACHED;
    }
    if (tty.signal) {
        return CONSOLE_SIGNALLED;
    }
    if (p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
        n = read(fd, block, sizeof(block));
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return CONSOLE_ENDED;
        }
        if (n > 0 && write_all(STDOUT_FILENO, block, (size_t)n) < 0) {
            return tty.signal ? CONSOLE_SIGNALLED : CONSOLE_UNREAD;
        }
    }
    if (p[0].revents & POLLOUT && typed->used) {
        n = send(fd, typed->bytes, typed->used, MSG_DONTWAIT);
        if (n > 0) {
            memmove(typed->bytes, typed->bytes + n, typed->used - (size_t)n);
            typed->used -= (size_t)n;
        }
    }
    if (p[3].revents && !listen_to_daemon(client, 0, why, r)) {
        return drain(fd) ? CONSOLE_LOST : CONSOLE_UNREAD;
    }
    return CONSOLE_OPEN;
}

static enum console_end pass(struct client *client, int fd, const struct console_look *look,
                             json_t **why, struct reply *r)
{
    static struct typed typed;
    bool input = true;
    enum console_end end;

    typed.used = 0;
    do {
        end = pass_some(client, fd, &typed, look, &input, why, r);
    } while (end == CONSOLE_OPEN);
    if (typed.used) { /* typed before the escape */
        send(fd, typed.bytes, typed.used, MSG_DONTWAIT);
    }
    if (end == CONSOLE_ENDED && !*why && !listen_to_daemon(client, WHY_MS, why, r)) {
        end = CONSOLE_LOST;
    }
    return end;
}

enum console_end console_join(struct call *c, const char *name, int fd,
                              const struct console_look *look, json_t **why, int *status)
{
    enum console_end end;
    struct reply r = {0};
    int err;

    *why = NULL;
    if (isatty(STDIN_FILENO)) {
        char shown[8];

        snprintf(shown, sizeof(shown), look->escape < 32 ? "^%c" : "%c",
                 look->escape < 32 ? look->escape + 64 : look->escape);
        say_note("connected to %s%s%s%s", name, look->read_only ? ", read-only" : "",
                 look->escape < 0 ? "" : "; leave with ", look->escape < 0 ? "" : shown);
    }
    err = prepare(look->read_only);
    if (err < 0) {
        *status = say_error(FAILURE_INTERNAL, NULL, "pipe: %s", strerror(-err));
        return CONSOLE_LOST;
    }
    end = pass(c->client, fd, look, why, &r);
    put_back();
    if (end != CONSOLE_SIGNALLED && end != CONSOLE_UNREAD && isatty(STDIN_FILENO)) {
        fputc('\n', stderr);
    }
    switch (end) {
    case CONSOLE_SIGNALLED: *status = 128 + tty.signal; break;
    case CONSOLE_UNREAD: *status = 128 + SIGPIPE; break;
    case CONSOLE_LOST: *status = reply_report(&r, NULL); break;
    case CONSOLE_ENDED:
        if (strcmp(text_of(*why, "reason"), "taken") == 0) {
            end = CONSOLE_TAKEN;
            *status = say_error(FAILURE_WRONG_STATE, NULL,
                                "process %lld of user %lld has taken the console of %s",
                                (long long)json_integer_value(json_object_get(*why, "pid")),
                                (long long)json_integer_value(json_object_get(*why, "uid")), name);
        } else if (strcmp(text_of(*why, "reason"), "denied") == 0) {
            end = CONSOLE_TAKEN;
            *status = say_error(FAILURE_DENIED, NULL, "%s belongs to another user now", name);
        }
        break;
    default: break;
    }
    reply_free(&r);
    return end;
}

/* Asks for the console of a VM that runs. The stream, or -1 and *status. */
static int open_console(struct call *c, const char *name, bool read_only, bool force, int *status)
{
    struct reply r;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        *status = say_error(FAILURE_INTERNAL, NULL, "socketpair: %s", strerror(errno));
        return -1;
    }
    client_call(c->client, "vm.console",
                json_pack("{s:s,s:b,s:b}", "name", name, "read_only", read_only, "force", force),
                &pair[1], 1, &r);
    close(pair[1]);
    if (r.failure) {
        *status = reply_report(&r, name);
        close(pair[0]);
        pair[0] = -1;
    }
    reply_free(&r);
    return pair[0];
}

static int parse_escape(const char *text, int *escape)
{
    if (!text) {
        *escape = CONSOLE_ESCAPE;
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
    struct console_look look = {.read_only = options_has(&c->options, "read-only")};
    int status = STATUS_OK, fd;
    json_t *why;

    if (parse_escape(options_get(&c->options, "escape"), &look.escape) < 0) {
        return say_usage("console", "--escape is one character, ^ and a letter, or none");
    }
    fd = open_console(c, name, look.read_only, options_has(&c->options, "force"), &status);
    if (fd < 0) {
        return status;
    }
    switch (console_join(c, name, fd, &look, &why, &status)) {
    case CONSOLE_ENDED:
        if (isatty(STDIN_FILENO)) {
            say_note("the console of %s is closed: %s", name, call_outcome_text(why));
        }
        break;
    case CONSOLE_DETACHED: say_note("left the console of %s", name); break;
    default: break;
    }
    json_decref(why);
    close(fd);
    return status;
}
