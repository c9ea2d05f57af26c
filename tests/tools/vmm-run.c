/* SPDX-License-Identifier: ISC */
/*
 * vmm-run.c: runs one VM by hand and in tests: a small launcher that plays the supervisor.
 *
 * One thread, one poll(2) loop: the channel, the console between stdin and stdout and the worker,
 * vsock, signals. It leaves when the worker has exited and the console's last byte is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "outcome.h"
#include "protocol.h"
#include "run-flow.h"
#include "run-options.h"
#include "run-terminal.h"
#include "run-vsock.h"
#include "run-worker.h"

#define OUTPUT_BUFFER  (16u << 20) /* a slow reader of stdout loses nothing before this is full */
#define INPUT_BUFFER   65536u
#define SOCKET_BUFFER  (1 << 20)
#define EXIT_MS        15000 /* a worker that has said its last is killed after this */
#define STATUS_FAILED  1
#define STATUS_NO_WORD 99

struct run {
    struct run_options options;
    struct run_worker worker;
    struct frame_reader reader;
    enum worker_state state; /* as we know it */
    bool channel_open;
    bool exited;
    int status; /* of waitpid(2) */
    bool was_ready;
    bool has_ended;
    struct msg_ended ended;
    uint64_t kill_at; /* 0: not yet */
    uint64_t stop_at; /* 0: never, or done */
    bool raw;
    int console; /* -1: none */
    uint32_t console_seq;
    bool attached; /* the worker said so */
    struct run_flow input, output;
    struct run_vsock vsock;
    int agent; /* listening socket; -1: none */
    uint32_t stats_seq;
    struct {
        uint32_t seq; /* of the PAUSE or RESUME that is to be answered; 0: none */
        uint32_t done;
        uint64_t began, slowest;
        bool paused;
    } cycles;
};

static struct run run; /* too large for a stack */
static int signal_pipe[2];

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* One line on stderr; on a raw terminal it takes a carriage return too. */
static void say(const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "vmm-run: %s%s\n", line, run.raw ? "\r" : "");
}

/* ---- Signals ------------------------------------------------------------------------------------ */

static void on_signal(int signum)
{
    int saved = errno;
    unsigned char byte = (unsigned char)signum;

    if (write(signal_pipe[1], &byte, 1) < 0) {
        /* The pipe is full of signals that are still to be looked at. */
    }
    errno = saved;
}

static int open_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe(signal_pipe) != 0) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

static void ask_to_stop(const char *why)
{
    struct msg_stop stop = {0};
    uint8_t buf[8];

    if (!run.channel_open) {
        return;
    }
    say("%s: asking the guest to power off", why);
    if (run.state < WORKER_RUNNING) { /* no guest yet that could be asked */
        run_send(&run.worker, MSG_KILL, NULL, 0, -1);
        return;
    }
    run_send(&run.worker, MSG_STOP, buf, msg_stop_encode(&stop, buf, sizeof(buf)), -1);
}

static void ask_for_stats(void)
{
    if (run.channel_open && run.state >= WORKER_RUNNING) {
        run_send(&run.worker, MSG_STATS, NULL, 0, -1);
        run.stats_seq = run.worker.seq;
    }
}

static void empty_balloon(void)
{
    if (run.channel_open && run.options.has_balloon && run.state >= WORKER_RUNNING) {
        run_send_number(&run.worker, MSG_BALLOON, 0, -1);
    }
}

static void read_signals(void)
{
    unsigned char byte;

    while (read(signal_pipe[0], &byte, 1) == 1) {
        switch (byte) {
        case SIGCHLD:
            run.exited = run.exited || waitpid(run.worker.pid, &run.status, WNOHANG) > 0;
            break;
        case SIGUSR1: ask_for_stats(); break;
        case SIGUSR2: empty_balloon(); break;
        default: ask_to_stop("signal"); break;
        }
    }
}

/* ---- The console -------------------------------------------------------------------------------- */

static void let_go_of_terminal(void)
{
    run_terminal_restore();
    run.raw = false;
}

static int attach_console(void)
{
    int pair[2];
    int size = SOCKET_BUFFER;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(pair[i], F_SETFD, FD_CLOEXEC);
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        setsockopt(pair[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    run.console = pair[0];
    run_send(&run.worker, MSG_CONSOLE, NULL, 0, pair[1]);
    run.console_seq = run.worker.seq;
    close(pair[1]);
    if (!run_flow_open(&run.input, STDIN_FILENO, run.console, INPUT_BUFFER) ||
        !run_flow_open(&run.output, run.console, STDOUT_FILENO, OUTPUT_BUFFER)) {
        return -1;
    }
    return 0;
}

static void read_input(void)
{
    const uint8_t *bytes;
    const uint8_t *escape;
    size_t n;

    run_flow_read(&run.input, &bytes, &n);
    escape = run.raw && n != 0 ? memchr(bytes, RUN_TERMINAL_ESCAPE, n) : NULL;
    if (escape != NULL) {
        run.input.used -= n - (size_t)(escape - bytes);
        run.input.ended = true;
        let_go_of_terminal();
        ask_to_stop("Ctrl-]");
    }
}

static void write_output(void)
{
    bool was_lost = run.output.lost;

    run_flow_write(&run.output);
    if (run.output.lost && !was_lost) {
        ask_to_stop("stdout is closed");
    }
}

/* ---- The agent's port --------------------------------------------------------------------------- */

static int listen_for_agent(void)
{
    if (run.options.agent != NULL) {
        run.agent = run_socket_listen(run.options.agent);
        if (run.agent < 0) {
            return -1;
        }
        fcntl(run.agent, F_SETFL, O_NONBLOCK);
    }
    return 0;
}

static void accept_agent(void)
{
    int fd = accept(run.agent, NULL, NULL);

    if (fd >= 0) {
        run_send(&run.worker, MSG_AGENT, NULL, 0, fd);
        close(fd);
    }
}

static void close_agent(void)
{
    if (run.agent >= 0) {
        close(run.agent);
        unlink(run.options.agent);
    }
}

/* ---- Messages from the worker ------------------------------------------------------------------- */

static void protocol_error(const char *what)
{
    say("the worker broke the protocol: %s", what);
    close(run.worker.channel);
    run.channel_open = false;
    kill(run.worker.pid, SIGKILL);
}

static void next_cycle(void)
{
    if (run.cycles.done == run.options.pause_cycles || run.state > WORKER_PAUSED) {
        return;
    }
    run.cycles.began = now_us();
    run_send(&run.worker, run.cycles.paused ? MSG_RESUME : MSG_PAUSE, NULL, 0, -1);
    run.cycles.seq = run.worker.seq;
}

static void cycle_answered(void)
{
    uint64_t took = now_us() - run.cycles.began;

    run.cycles.seq = 0;
    if (!run.cycles.paused && took > run.cycles.slowest) {
        run.cycles.slowest = took;
    }
    run.cycles.done += run.cycles.paused;
    run.cycles.paused = !run.cycles.paused;
    if (run.cycles.done == run.options.pause_cycles) {
        say("pause: %u cycles, the slowest pause took %llu us", run.cycles.done,
            (unsigned long long)run.cycles.slowest);
    }
    next_cycle();
}

static void on_ready(const struct frame *f)
{
    struct msg_ready m;

    if (msg_ready_decode(f->payload, f->size, &m) != 0) {
        protocol_error("READY");
        return;
    }
    say("ready: kernel of %llu bytes, entry 0x%llx, DTB 0x%llx, set up in %llu us",
        (unsigned long long)m.kernel_size, (unsigned long long)m.entry, (unsigned long long)m.dtb,
        (unsigned long long)m.setup_us);
    run.state = WORKER_RUNNING;
    run.was_ready = true;
    run.raw = run.console >= 0 && run_terminal_raw();
    if (run.raw) {
        say("Ctrl-] lets go of the console and stops the guest");
    }
    if (run.options.stop_after_ms != 0) {
        run.stop_at = now_us() + run.options.stop_after_ms * 1000;
    }
    if (run.options.has_balloon) {
        run_send_number(&run.worker, MSG_BALLOON, run.options.balloon, -1);
    }
    for (uint32_t i = 0; i < run.options.vsock_count; i++) {
        if (run.options.vsock[i].direction == RUN_VSOCK_LISTEN) {
            run_send_number(&run.worker, MSG_VSOCK_LISTEN, run.options.vsock[i].port, -1);
        }
    }
    next_cycle();
}

static void on_number(struct frame *f)
{
    static const char *const states[] = {
        [WORKER_RUNNING] = "running", [WORKER_PAUSED] = "paused", [WORKER_STOPPING] = "stopping"};
    struct msg_number m;
    int fd = frame_take_fd(f, 0);

    if (msg_number_decode(f->payload, f->size, &m) != 0 ||
        (fd >= 0) != (f->type == MSG_VSOCK_INCOMING)) {
        if (fd >= 0) {
            close(fd);
        }
        protocol_error(protocol_message_name(f->type));
        return;
    }
    switch (f->type) {
    case MSG_BOOTED: say("booted: %llu us after the start", (unsigned long long)m.value); break;
    case MSG_VSOCK_INCOMING: run_vsock_incoming(&run.vsock, (uint32_t)m.value, fd); break;
    case MSG_RESULT:
        if (m.value != 0) {
            say("request %u failed: %s", f->seq, strerror((int)(m.value & 0xffff)));
        }
        run.attached = run.attached || (f->seq == run.console_seq && m.value == 0);
        if (f->seq == run.cycles.seq) {
            cycle_answered();
        }
        break;
    default: /* STATE */
        if (m.value < WORKER_RUNNING || m.value > WORKER_STOPPING) {
            protocol_error("STATE");
            break;
        }
        run.state = (enum worker_state)m.value;
        if (run.options.pause_cycles == 0) {
            say("state: %s", states[m.value]);
        }
        break;
    }
}

static void on_text(const struct frame *f)
{
    static const char *const levels[] = {"emergency", "alert",  "critical", "error",
                                         "warning",   "notice", "info",     "debug"};
    struct msg_text m;

    if (msg_text_decode(f->payload, f->size, &m) != 0) {
        protocol_error("LOG");
        return;
    }
    say("worker %s: %s", levels[m.level], m.text);
}

static void on_stats(const struct frame *f)
{
    static struct msg_stats m;

    if (msg_stats_decode(f->payload, f->size, &m) != 0) {
        protocol_error("STATS_REPLY");
        return;
    }
    if (!run.options.stats && (f->seq == 0 || f->seq != run.stats_seq)) {
        return;
    }
    for (uint32_t i = 0; i < m.count; i++) {
        say("stats: %s %llu", m.entry[i].name, (unsigned long long)m.entry[i].value);
    }
}

static void on_ended(const struct frame *f)
{
    if (msg_ended_decode(f->payload, f->size, &run.ended) != 0) {
        protocol_error("ENDED");
        return;
    }
    run.has_ended = true;
    run.state = WORKER_ENDED;
    run.kill_at = now_us() + EXIT_MS * 1000u;
}

static void on_hello(const struct frame *f, const struct run_start *start)
{
    struct msg_hello m;

    if (msg_hello_decode(f->payload, f->size, &m) != 0 || m.version != PROTOCOL_VERSION) {
        protocol_error("HELLO_REPLY");
        return;
    }
    run.state = WORKER_GREETED;
    if (run_send_start(&run.worker, start) != 0) {
        say("START could not be sent");
        return;
    }
    /* Right behind it, so that a guest of a few milliseconds does not come and go unheard. */
    if (attach_console() != 0) {
        say("no console: %s", strerror(errno));
    }
}

static void dispatch(struct frame *f, const struct run_start *start)
{
    if (!protocol_supervisor_accepts(run.state, f->type)) {
        protocol_error(protocol_message_name(f->type));
        return;
    }
    switch (f->type) {
    case MSG_HELLO_REPLY: on_hello(f, start); break;
    case MSG_READY: on_ready(f); break;
    case MSG_LOG: on_text(f); break;
    case MSG_STATS_REPLY: on_stats(f); break;
    case MSG_ENDED: on_ended(f); break;
    case MSG_PONG: break;
    default: on_number(f); break;
    }
}

static void read_channel(const struct run_start *start)
{
    while (run.channel_open) {
        int got = frame_read(&run.reader, run.worker.channel);
        if (got == 0) {
            return;
        }
        if (got < 0) {
            if (got != -EPIPE) {
                protocol_error("a malformed frame");
                return;
            }
            close(run.worker.channel);
            run.channel_open = false;
            if (run.kill_at == 0) {
                run.kill_at = now_us() + EXIT_MS * 1000u;
            }
            return;
        }
        dispatch(&run.reader.frame, start);
        frame_close_fds(&run.reader.frame);
    }
}

/* ---- The loop ----------------------------------------------------------------------------------- */

enum {
    POLL_SIGNALS,
    POLL_CHANNEL,
    POLL_STDIN,
    POLL_CONSOLE_IN,
    POLL_CONSOLE_OUT,
    POLL_STDOUT,
    POLL_AGENT,
    POLL_VSOCK,
};

static nfds_t prepare(struct pollfd *p)
{
    bool in = run_flow_wants_read(&run.input);
    bool in_to = run_flow_wants_write(&run.input);
    bool out = run_flow_wants_read(&run.output);
    bool out_to = run_flow_wants_write(&run.output);
    bool accepting = run.channel_open && run.state >= WORKER_RUNNING && run.state < WORKER_ENDED;

    p[POLL_SIGNALS] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
    p[POLL_CHANNEL] =
        (struct pollfd){.fd = run.channel_open ? run.worker.channel : -1, .events = POLLIN};
    p[POLL_STDIN] = (struct pollfd){.fd = in ? STDIN_FILENO : -1, .events = POLLIN};
    p[POLL_CONSOLE_IN] = (struct pollfd){.fd = in_to ? run.console : -1, .events = POLLOUT};
    p[POLL_CONSOLE_OUT] = (struct pollfd){.fd = out ? run.console : -1, .events = POLLIN};
    p[POLL_STDOUT] = (struct pollfd){.fd = out_to ? STDOUT_FILENO : -1, .events = POLLOUT};
    p[POLL_AGENT] = (struct pollfd){.fd = accepting ? run.agent : -1, .events = POLLIN};
    return POLL_VSOCK + run_vsock_poll(&run.vsock, accepting, p + POLL_VSOCK);
}

/* Milliseconds to the next deadline; -1: none. */
static int next_deadline(void)
{
    uint64_t now = now_us();
    uint64_t at = run.stop_at;

    if (run.kill_at != 0 && (at == 0 || run.kill_at < at)) {
        at = run.kill_at;
    }
    return at == 0 ? -1 : at <= now ? 0 : (int)((at - now) / 1000 + 1);
}

static void check_deadlines(void)
{
    uint64_t now = now_us();

    if (run.stop_at != 0 && run.stop_at <= now) {
        run.stop_at = 0;
        ask_to_stop("--stop-after");
    }
    if (run.kill_at != 0 && run.kill_at <= now) {
        say("the worker does not exit: killed");
        run.kill_at = 0;
        kill(run.worker.pid, SIGKILL);
    }
}

static bool finished(void)
{
    return run.exited && !run.channel_open && (run.console < 0 || run_flow_done(&run.output));
}

static void loop(const struct run_start *start)
{
    static struct pollfd p[POLL_VSOCK + RUN_VSOCK_POLL];
    const uint8_t *bytes;
    size_t n;

    while (!finished()) {
        nfds_t count = prepare(p);
        if (poll(p, count, next_deadline()) < 0) {
            if (errno == EINTR) {
                continue;
            }
            say("poll: %s", strerror(errno));
            kill(run.worker.pid, SIGKILL);
            return;
        }
        /* Output first: the guest's last words come before what we say about its end. */
        if (p[POLL_CONSOLE_OUT].revents != 0) {
            run_flow_read(&run.output, &bytes, &n);
        }
        if (p[POLL_STDOUT].revents != 0) {
            write_output();
        }
        if (p[POLL_STDIN].revents != 0) {
            read_input();
        }
        if (p[POLL_CONSOLE_IN].revents != 0) {
            run_flow_write(&run.input);
        }
        if (p[POLL_AGENT].revents != 0) {
            accept_agent();
        }
        run_vsock_act(&run.vsock, p + POLL_VSOCK, &run.worker);
        if (p[POLL_CHANNEL].revents != 0) {
            read_channel(start);
        }
        if (p[POLL_SIGNALS].revents != 0) {
            read_signals();
        }
        check_deadlines();
    }
}

/* ---- The end ------------------------------------------------------------------------------------ */

/* Whether the worker left as it should have after what it said. */
static bool left_well(void)
{
    return run.has_ended && WIFEXITED(run.status) &&
           WEXITSTATUS(run.status) == (run.was_ready ? 0 : 1);
}

static int report(void)
{
    const struct msg_ended *e = &run.ended;

    if (run.has_ended) {
        say("ended: %s%s%s: %s%s%s (code %d)", outcome_name(e->outcome),
            e->step != STEP_NONE ? " at " : "",
            e->step != STEP_NONE ? start_step_name(e->step) : "", outcome_text(e->outcome),
            e->cause[0] != '\0' ? ": " : "", e->cause, (int)e->code);
    }
    if (!left_well()) {
        if (WIFSIGNALED(run.status)) {
            say("the worker was killed by signal %d (%s)%s", WTERMSIG(run.status),
                strsignal(WTERMSIG(run.status)), run.has_ended ? " after its end" : "");
        } else if (WEXITSTATUS(run.status) == 127 && run.state == WORKER_NEW) {
            say("the worker could not be executed");
        } else {
            say("the worker exited with status %d%s", WEXITSTATUS(run.status),
                run.has_ended ? ", which does not fit its end" : " and without saying why");
        }
        return STATUS_NO_WORD;
    }
    return outcome_exit_status(e->outcome);
}

/* A guest that was gone before the console was attached has left what it said in the log. */
static void print_log(const struct run_start *start)
{
    size_t first = 1 + ((start->message.flags & START_HAS_INITRD) != 0);
    uint8_t buf[4096];

    for (size_t i = first; i < first + 2; i++) {
        ssize_t n;
        for (off_t at = 0; (n = pread(start->fd[i], buf, sizeof(buf), at)) > 0; at += n) {
            for (ssize_t done = 0; done < n;) {
                ssize_t wrote = write(STDOUT_FILENO, buf + done, (size_t)(n - done));
                if (wrote < 0 && errno != EINTR) {
                    return;
                }
                done += wrote > 0 ? wrote : 0;
            }
        }
    }
}

int main(int argc, char **argv)
{
    static struct run_start start;
    char path[1024];
    int rc = run_options_parse(argc, argv, &run.options);

    if (rc != 0) {
        return rc == 1 ? 0 : rc;
    }
    run.console = -1;
    run.agent = -1;
    run.input = run.output = (struct run_flow){.from = -1, .to = -1};
    frame_reader_init(&run.reader);
    if (run_worker_find(&run.options, argv[0], path, sizeof(path)) != 0 ||
        run_start_open(&start, &run.options) != 0 ||
        run_vsock_open(&run.vsock, &run.options) != 0 || listen_for_agent() != 0) {
        run_start_close(&start);
        return 2;
    }
    if (open_signals() != 0 || run_worker_spawn(&run.worker, path) != 0) {
        run_start_close(&start);
        run_vsock_close(&run.vsock);
        close_agent();
        return STATUS_FAILED;
    }
    run.channel_open = true;
    run_send_hello(&run.worker);
    loop(&start);
    let_go_of_terminal();
    if (run.was_ready && !run.attached) {
        print_log(&start);
    }
    run_start_close(&start);
    run_vsock_close(&run.vsock);
    close_agent();
    run_flow_close(&run.input);
    run_flow_close(&run.output);
    frame_reader_reset(&run.reader);
    if (!run.exited) {
        while (waitpid(run.worker.pid, &run.status, 0) < 0 && errno == EINTR) {
        }
    }
    return report();
}
