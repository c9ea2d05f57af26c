/* SPDX-License-Identifier: ISC */
/*
 * worker.c: spawning a worker and speaking with it. See worker.h.
 *
 * Nothing here waits: a worker that leaves its socket full is a worker that broke the protocol. One
 * timer serves every deadline: pings, requests, and the ends that should follow one another.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "frame.h"
#include "version.h"

#define REQUESTS_MAX      64u  /* unanswered at once */
#define MESSAGES_PER_TURN 64   /* so that no worker keeps the others waiting */
#define LOG_BURST         200u /* lines in LOG_PERIOD_MS; what is more is counted */
#define LOG_PERIOD_MS     10000u
#define ENDING_MS         2000u /* from the channel's end to the exit, and from that to stderr's end */
#define CHANNEL_BUFFER    131072 /* START fits in whole */
#define WORKER_FDS        6

extern char **environ;

struct request {
    struct request *next;
    uint32_t seq;
    uint16_t answer; /* the type that answers it */
    uint64_t deadline;
    worker_done_fn *done; /* NULL: told that it timed out, the answer may still come */
    void *ctx;
};

struct worker {
    uv_loop_t *loop;
    struct worker_events events;
    uv_process_t process;
    uv_poll_t poll;
    uv_pipe_t err;
    uv_timer_t timer;
    unsigned handles; /* not yet closed */
    int channel;      /* -1: closed */
    bool exited, err_ended, faulted, told_gone, freed;
    enum worker_state state;
    struct frame_reader reader;
    uint32_t seq;
    struct request *requests;
    unsigned request_count;
    uint64_t ending_deadline; /* of what has to follow an end; 0: none */
    uint64_t pinged_at;       /* the latest ping; 0: none */
    uint32_t ping_seq;        /* 0: it was answered */
    bool unresponsive;
    uint64_t log_since;
    unsigned log_lines, log_dropped;
    int exit_status, signal;
    char line[PROTOCOL_TEXT_MAX + 1]; /* what has come of a line on standard error */
    size_t line_used;
    char chunk[4096];
};

/* ---- The end ----------------------------------------------------------------------------------- */

static void arm(struct worker *w);

static void on_handle_closed(uv_handle_t *h)
{
    struct worker *w = h->data;

    if (--w->handles == 0 && w->freed) {
        frame_reader_reset(&w->reader);
        free(w);
    }
}

static void close_handle(uv_handle_t *h)
{
    if (!uv_is_closing(h)) {
        uv_close(h, on_handle_closed);
    }
}

static void finish_requests(struct worker *w, int err)
{
    struct request *r = w->requests;

    w->requests = NULL;
    w->request_count = 0;
    while (r != NULL) {
        struct request *next = r->next;
        if (r->done != NULL) {
            r->done(r->ctx, err, NULL);
        }
        free(r);
        r = next;
    }
}

static void close_channel(struct worker *w)
{
    if (w->channel >= 0) {
        uv_poll_stop(&w->poll);
        close_handle((uv_handle_t *)&w->poll);
        close(w->channel);
        w->channel = -1;
        finish_requests(w, -EPIPE);
    }
}

/* Last of all: the farm may free the worker in it. */
static void tell_gone(struct worker *w)
{
    if (w->exited && w->channel < 0 && w->err_ended && !w->told_gone) {
        w->told_gone = true;
        uv_timer_stop(&w->timer);
        w->events.gone(w->events.ctx, w->exit_status, w->signal);
    }
}

static void fault(struct worker *w, const char *what)
{
    if (!w->faulted && w->state != WORKER_ENDED) {
        w->faulted = true;
        w->events.fault(w->events.ctx, what);
    }
    close_channel(w);
}

/* ---- What it says ------------------------------------------------------------------------------- */

static void say(struct worker *w, int level, const char *text)
{
    uint64_t now = uv_now(w->loop);

    if (now - w->log_since >= LOG_PERIOD_MS) {
        char missed[80];
        unsigned dropped = w->log_dropped;
        w->log_since = now;
        w->log_lines = 0;
        w->log_dropped = 0;
        if (dropped != 0) {
            snprintf(missed, sizeof(missed), "%u more lines were left out", dropped);
            w->events.said(w->events.ctx, LOG_WARNING, missed);
        }
    }
    if (w->log_lines == LOG_BURST) {
        w->log_dropped++;
        return;
    }
    w->log_lines++;
    w->events.said(w->events.ctx, level, text);
}

static void flush_line(struct worker *w)
{
    if (w->line_used != 0) {
        w->line[w->line_used] = '\0';
        w->line_used = 0;
        say(w, LOG_ERR, w->line);
    }
}

static void alloc_chunk(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct worker *w = h->data;

    (void)suggested;
    *buf = uv_buf_init(w->chunk, sizeof(w->chunk));
}

static void end_err(struct worker *w)
{
    if (!w->err_ended) {
        flush_line(w);
        w->err_ended = true;
        close_handle((uv_handle_t *)&w->err);
    }
}

static void on_err(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct worker *w = stream->data;

    if (n < 0) {
        end_err(w);
        tell_gone(w);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)buf->base[i];
        if (c == '\n') {
            flush_line(w);
        } else if (w->line_used < PROTOCOL_TEXT_MAX) {
            w->line[w->line_used++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
        }
    }
}

/* ---- Sending ------------------------------------------------------------------------------------ */

/* Never waits. The message's number, or 0 after a failure. */
static uint32_t send_frame(struct worker *w, uint16_t type, const void *payload, size_t size,
                           const int *fds, size_t fd_count)
{
    int err;

    if (w->channel < 0) {
        return 0;
    }
    if (++w->seq == 0) {
        w->seq = 1;
    }
    err = frame_send(w->channel, type, w->seq, payload, size, fds, fd_count, 0);
    if (err == 0) {
        return w->seq;
    }
    /* One that is gone may have left messages that are still to be read. */
    if (err != -EPIPE && err != -ECONNRESET) {
        char what[128];
        snprintf(what, sizeof(what), "cannot send %s to it: %s", protocol_message_name(type),
                 err == -ETIMEDOUT ? "it does not read its channel" : strerror(-err));
        fault(w, what);
    }
    return 0;
}

static void request(struct worker *w, uint16_t type, uint16_t answer, const void *payload,
                    size_t size, int fd, worker_done_fn *done, void *ctx)
{
    struct request *r = NULL;
    int err = 0;

    if (w->channel < 0) {
        err = -EPIPE;
    } else if (w->state != WORKER_RUNNING && w->state != WORKER_PAUSED &&
               w->state != WORKER_STOPPING) {
        err = -EAGAIN;
    } else if (w->request_count == REQUESTS_MAX) {
        err = -EBUSY;
    } else if ((r = calloc(1, sizeof(*r))) == NULL) {
        err = -ENOMEM;
    } else {
        r->seq = send_frame(w, type, payload, size, &fd, fd >= 0 ? 1 : 0);
        err = r->seq == 0 ? -EPIPE : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (err != 0) {
        free(r);
        done(ctx, err, NULL);
        return;
    }
    uv_update_time(w->loop);
    r->answer = answer;
    r->deadline = uv_now(w->loop) + WORKER_PING_MS;
    r->done = done;
    r->ctx = ctx;
    r->next = w->requests;
    w->requests = r;
    w->request_count++;
    arm(w);
}

void worker_attach_console(struct worker *w, int fd, worker_done_fn *done, void *ctx)
{
    request(w, MSG_CONSOLE, MSG_RESULT, NULL, 0, fd, done, ctx);
}

void worker_get_stats(struct worker *w, worker_done_fn *done, void *ctx)
{
    request(w, MSG_STATS, MSG_STATS_REPLY, NULL, 0, -1, done, ctx);
}

void worker_connect_vsock(struct worker *w, uint32_t port, int fd, worker_done_fn *done, void *ctx)
{
    uint8_t buf[16];
    size_t size = msg_number_encode(&(struct msg_number){port}, buf, sizeof(buf));

    request(w, MSG_VSOCK_CONNECT, MSG_RESULT, buf, size, fd, done, ctx);
}

void worker_ping(struct worker *w)
{
    uv_update_time(w->loop);
    if (w->ping_seq != 0 || w->channel < 0 ||
        (w->pinged_at != 0 && uv_now(w->loop) - w->pinged_at < 1000)) {
        return;
    }
    w->pinged_at = uv_now(w->loop);
    w->ping_seq = send_frame(w, MSG_PING, NULL, 0, NULL, 0);
    arm(w);
}

void worker_stop(struct worker *w, uint32_t timeout_ms)
{
    uint8_t buf[16];

    send_frame(w, MSG_STOP, buf, msg_stop_encode(&(struct msg_stop){timeout_ms}, buf, sizeof(buf)),
               NULL, 0);
}

void worker_kill(struct worker *w)
{
    send_frame(w, MSG_KILL, NULL, 0, NULL, 0);
}

void worker_signal(struct worker *w, int signum)
{
    if (!w->exited) {
        uv_process_kill(&w->process, signum);
    }
}

/* ---- Deadlines ---------------------------------------------------------------------------------- */

static void set_unresponsive(struct worker *w, bool is)
{
    if (w->unresponsive != is) {
        w->unresponsive = is;
        w->events.unresponsive(w->events.ctx, is);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    uint64_t now = uv_now(w->loop);

    for (struct request *r = w->requests; r != NULL; r = r->next) {
        if (r->done != NULL && r->deadline <= now) {
            worker_done_fn *done = r->done;
            r->done = NULL;
            done(r->ctx, -ETIMEDOUT, NULL);
            break; /* the list may have changed; arm() brings us back at once */
        }
    }
    if (w->ping_seq != 0 && now - w->pinged_at >= WORKER_PING_MS) {
        set_unresponsive(w, true);
    }
    if (w->ending_deadline != 0 && now >= w->ending_deadline) {
        w->ending_deadline = 0;
        if (w->exited) {
            end_err(w); /* somebody else holds its standard error */
            tell_gone(w);
            return;
        }
        fault(w, "it closed its channel and goes on");
    }
    arm(w);
}

static void sooner(uint64_t *next, uint64_t deadline)
{
    if (deadline < *next) {
        *next = deadline;
    }
}

static void arm(struct worker *w)
{
    uint64_t next = UINT64_MAX, now = uv_now(w->loop);

    if (w->told_gone || w->freed) {
        return;
    }
    for (const struct request *r = w->requests; r != NULL; r = r->next) {
        sooner(&next, r->done != NULL ? r->deadline : UINT64_MAX);
    }
    if (w->ping_seq != 0 && !w->unresponsive) {
        sooner(&next, w->pinged_at + WORKER_PING_MS);
    }
    if (w->ending_deadline != 0) {
        sooner(&next, w->ending_deadline);
    }
    if (next == UINT64_MAX) {
        uv_timer_stop(&w->timer);
    } else {
        uv_timer_start(&w->timer, on_timer, next > now ? next - now : 0, 0);
    }
}

static void expect_end(struct worker *w)
{
    uv_update_time(w->loop);
    w->ending_deadline = uv_now(w->loop) + ENDING_MS;
    arm(w);
}

/* ---- Messages ----------------------------------------------------------------------------------- */

static void answer(struct worker *w, const struct frame *f, int err, const struct msg_stats *stats)
{
    for (struct request **p = &w->requests; *p != NULL; p = &(*p)->next) {
        struct request *r = *p;
        if (r->seq == f->seq && r->answer == f->type) {
            *p = r->next;
            w->request_count--;
            if (r->done != NULL) {
                r->done(r->ctx, err, stats);
            }
            free(r);
            return;
        }
    }
    if (f->type != MSG_STATS_REPLY || f->seq != 0) { /* the last counters come by themselves */
        fault(w, "it answered what nobody asked");
    }
}

static bool take_hello(struct worker *w, const struct frame *f)
{
    struct msg_hello m;
    char what[256];

    if (msg_hello_decode(f->payload, f->size, &m) != 0) {
        return false;
    }
    w->state = WORKER_GREETED;
    if (m.version != PROTOCOL_VERSION) {
        snprintf(what, sizeof(what),
                 "it speaks protocol %u, and this paddockd %u: install them together", m.version,
                 PROTOCOL_VERSION);
        fault(w, what);
    } else if (strcmp(m.build, version_text) != 0) {
        snprintf(what, sizeof(what), "the worker is %s, and this paddockd %s", m.build,
                 version_text);
        say(w, LOG_WARNING, what);
    }
    return true;
}

static bool take_state(struct worker *w, const struct frame *f)
{
    struct msg_number m;

    if (msg_number_decode(f->payload, f->size, &m) != 0 ||
        (m.value != WORKER_RUNNING && m.value != WORKER_PAUSED && m.value != WORKER_STOPPING) ||
        (w->state == WORKER_STOPPING && m.value != WORKER_STOPPING)) {
        return false;
    }
    w->state = (enum worker_state)m.value;
    return true;
}

static bool take_number(struct worker *w, const struct frame *f)
{
    struct msg_number m;

    if (msg_number_decode(f->payload, f->size, &m) != 0) {
        return false;
    }
    if (f->type == MSG_BOOTED) {
        w->events.booted(w->events.ctx, m.value);
    } else if (f->type == MSG_RESULT) {
        if (m.value > INT32_MAX) {
            return false;
        }
        answer(w, f, -(int)m.value, NULL);
    }
    return true; /* VSOCK_INCOMING: nobody listens yet; its descriptor is closed */
}

static bool take_stats(struct worker *w, const struct frame *f)
{
    static struct msg_stats stats; /* large, and there is one loop */

    if (msg_stats_decode(f->payload, f->size, &stats) != 0) {
        return false;
    }
    answer(w, f, 0, &stats);
    return true;
}

static bool take_pong(struct worker *w, const struct frame *f)
{
    if (f->size != 0 || w->ping_seq == 0 || f->seq != w->ping_seq) {
        return false;
    }
    w->ping_seq = 0;
    set_unresponsive(w, false);
    return true;
}

static bool take_text(struct worker *w, const struct frame *f)
{
    struct msg_text m;

    if (msg_text_decode(f->payload, f->size, &m) != 0) {
        return false;
    }
    say(w, m.level <= LOG_DEBUG ? (int)m.level : LOG_DEBUG, m.text);
    return true;
}

static bool take_ready(struct worker *w, const struct frame *f)
{
    struct msg_ready m;

    if (msg_ready_decode(f->payload, f->size, &m) != 0) {
        return false;
    }
    w->state = WORKER_RUNNING;
    w->events.ready(w->events.ctx, &m);
    return true;
}

static bool take_ended(struct worker *w, const struct frame *f)
{
    struct msg_ended m;

    if (msg_ended_decode(f->payload, f->size, &m) != 0) {
        return false;
    }
    w->state = WORKER_ENDED;
    w->events.ended(w->events.ctx, &m);
    return true;
}

static bool understand(struct worker *w, const struct frame *f)
{
    if (f->fd_count != (f->type == MSG_VSOCK_INCOMING ? 1 : 0)) {
        return false;
    }
    switch (f->type) {
    case MSG_HELLO_REPLY: return take_hello(w, f);
    case MSG_READY: return take_ready(w, f);
    case MSG_STATE: return take_state(w, f);
    case MSG_STATS_REPLY: return take_stats(w, f);
    case MSG_PONG: return take_pong(w, f);
    case MSG_LOG: return take_text(w, f);
    case MSG_ENDED: return take_ended(w, f);
    default: return take_number(w, f);
    }
}

static void take(struct worker *w, const struct frame *f)
{
    char what[128];

    if (!protocol_supervisor_accepts(w->state, f->type)) {
        snprintf(what, sizeof(what), "it sent %s (%u) where that is not allowed",
                 protocol_message_name(f->type), f->type);
        fault(w, what);
    } else if (!understand(w, f)) {
        snprintf(what, sizeof(what), "it sent a malformed %s", protocol_message_name(f->type));
        fault(w, what);
    }
}

/* Reads at most `most` messages. */
static void read_channel(struct worker *w, int most)
{
    for (int i = 0; i < most && w->channel >= 0; i++) {
        int got = frame_read(&w->reader, w->channel);

        if (got == 0) {
            return;
        }
        if (got == -EPROTO) {
            fault(w, "it sent bytes that are no message");
        } else if (got < 0) {
            close_channel(w);
            if (!w->exited) {
                expect_end(w);
            }
        } else {
            take(w, &w->reader.frame);
            frame_close_fds(&w->reader.frame);
        }
    }
}

static void on_channel(uv_poll_t *poll, int status, int events)
{
    struct worker *w = poll->data;

    (void)events;
    read_channel(w, MESSAGES_PER_TURN);
    if (status < 0 && w->channel >= 0) {
        read_channel(w, MESSAGES_PER_TURN);
        close_channel(w);
        if (!w->exited) {
            expect_end(w);
        }
    }
    arm(w);
    tell_gone(w);
}

static void on_exit_status(uv_process_t *process, int64_t status, int signum)
{
    struct worker *w = process->data;

    w->exited = true;
    w->exit_status = signum == 0 ? (int)status : -1;
    w->signal = signum;
    close_handle((uv_handle_t *)process);
    /* What it sent last is there already; who else might hold the other end is of no interest. */
    read_channel(w, 4 * MESSAGES_PER_TURN);
    close_channel(w);
    if (!w->err_ended) {
        expect_end(w);
    }
    tell_gone(w);
}

/* ---- The beginning ------------------------------------------------------------------------------ */

static int make_channel(int pair[2])
{
    int size = CHANNEL_BUFFER;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        return -errno;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(pair[i], F_SETFD, FD_CLOEXEC);
        fcntl(pair[i], F_SETFL, O_NONBLOCK);
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        setsockopt(pair[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
#ifdef SO_NOSIGPIPE
        int on = 1;
        setsockopt(pair[i], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
    }
    return 0;
}

static int spawn(struct worker *w, const struct worker_start *s, int channel, int null)
{
    uv_stdio_container_t io[WORKER_FDS] = {{.flags = UV_IGNORE}};
    const int inherited[WORKER_FDS] = {null, null, -1, channel, s->rendezvous, s->lock};
    char title[PROTOCOL_NAME_MAX + 16];
    char *argv[] = {title, NULL};
    char *env[8] = {NULL};
    uv_process_options_t o = {.exit_cb = on_exit_status,
                              .file = s->program,
                              .args = argv,
                              .env = env,
                              .flags = UV_PROCESS_DETACHED,
                              .stdio = io,
                              .stdio_count = WORKER_FDS};
    size_t n = 0;

    snprintf(title, sizeof(title), "vmm-worker: %s", s->start->name);
    for (char **e = environ; *e != NULL && n < sizeof(env) / sizeof(env[0]) - 1; e++) {
        if (protocol_passes_variable(*e)) {
            env[n++] = *e;
        }
    }
    for (int i = 0; i < WORKER_FDS; i++) {
        if (i == 2) {
            io[i].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
            io[i].data.stream = (uv_stream_t *)&w->err;
        } else if (inherited[i] >= 0) {
            io[i].flags = UV_INHERIT_FD;
            io[i].data.fd = inherited[i];
        } else {
            io[i].flags = UV_IGNORE;
        }
    }
    return uv_spawn(w->loop, &w->process, &o);
}

static void greet(struct worker *w, const struct worker_start *s)
{
    static uint8_t buf[FRAME_MAX_PAYLOAD];
    struct msg_hello hello = {.version = PROTOCOL_VERSION, .pid = (uint32_t)getpid()};
    size_t size;

    snprintf(hello.build, sizeof(hello.build), "%s", version_text);
    size = msg_hello_encode(&hello, buf, sizeof(buf));
    /* Both at once: a worker of another version answers HELLO and closes, and we hear both. */
    if (send_frame(w, MSG_HELLO, buf, size, NULL, 0) != 0) {
        size = msg_start_encode(s->start, buf, sizeof(buf));
        send_frame(w, MSG_START, buf, size, s->fds, s->fd_count);
    }
}

static void init_handles(struct worker *w)
{
    uv_timer_init(w->loop, &w->timer);
    uv_pipe_init(w->loop, &w->err, 0);
    uv_poll_init(w->loop, &w->poll, w->channel);
    w->timer.data = w;
    w->err.data = w;
    w->poll.data = w;
    w->process.data = w;
    w->handles = 4; /* uv_spawn makes a handle of the process even if it fails */
}

struct worker *worker_spawn(uv_loop_t *loop, const struct worker_start *s,
                            const struct worker_events *e, char *why, size_t size)
{
    static uint8_t scratch[FRAME_MAX_PAYLOAD];
    int pair[2] = {-1, -1};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct worker *w = calloc(1, sizeof(*w));
    int err = w == NULL ? -ENOMEM : null < 0 ? -errno : make_channel(pair);

    if (err == 0 && msg_start_encode(s->start, scratch, sizeof(scratch)) == 0) {
        err = -E2BIG; /* before there is a process */
    }
    if (err != 0) {
        snprintf(why, size, "cannot prepare its channel: %s", strerror(-err));
        goto fail;
    }
    w->loop = loop;
    w->events = *e;
    w->channel = pair[0];
    frame_reader_init(&w->reader);
    uv_update_time(loop);
    w->log_since = uv_now(loop);
    init_handles(w);
    err = spawn(w, s, pair[1], null);
    close(pair[1]);
    close(null);
    if (err != 0) {
        snprintf(why, size, "cannot run %s: %s", s->program, uv_strerror(err));
        w->exited = true;
        worker_free(w);
        return NULL;
    }
    uv_read_start((uv_stream_t *)&w->err, alloc_chunk, on_err);
    uv_poll_start(&w->poll, UV_READABLE, on_channel);
    greet(w, s);
    return w;
fail:
    if (pair[0] >= 0) {
        close(pair[0]);
        close(pair[1]);
    }
    if (null >= 0) {
        close(null);
    }
    free(w);
    return NULL;
}

pid_t worker_pid(const struct worker *w)
{
    return w->process.pid;
}

void worker_free(struct worker *w)
{
    if (w == NULL || w->freed) {
        return;
    }
    w->told_gone = true; /* it is not to be told any more */
    close_channel(w);
    w->err_ended = true;
    w->freed = true;
    close_handle((uv_handle_t *)&w->poll);
    close_handle((uv_handle_t *)&w->err);
    close_handle((uv_handle_t *)&w->timer);
    close_handle((uv_handle_t *)&w->process);
}
