/* SPDX-License-Identifier: ISC */
/*
 * main.c: the worker process: one loop, one channel, one VM.
 *
 * Started with its channel on PROTOCOL_CHANNEL_FD and nothing else: no arguments but --version for
 * people, no environment, no paths. States are protocol.h's; this file is their machine:
 *
 *   NEW --HELLO--> GREETED --START--> RUNNING <--PAUSE/RESUME--> PAUSED
 *                                        | STOP, SIGTERM, end of the grace period
 *                                        v
 *                                     STOPPING --the guest is gone, or time is up, or KILL--> ENDED
 *
 * When the channel is lost the guest goes on for its grace period and is then stopped in the same
 * way. Exit status: 0 once the VM has run and ended, whatever the outcome; 1 when it never ran.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "frame.h"
#include "host-clock.h"
#include "protocol.h"
#include "version.h"
#include "vm.h"

/* How long the supervisor may leave its end unread before it counts as gone. */
#define SEND_TIMEOUT_MS         5000
#define DEFAULT_STOP_TIMEOUT_MS 30000u

struct worker {
    uv_loop_t loop;
    uv_poll_t channel_poll;
    bool has_channel;
    uv_timer_t stop_timer;
    uv_timer_t grace_timer;
    uv_signal_t term;
    struct frame_reader reader;
    enum worker_state state;
    struct vm *vm;
    struct msg_start start;
    bool orphaned; /* the stop under way is because the supervisor is gone */
    bool killed;
    bool ran;
};

static void channel_lost(struct worker *w);

/* ---- Sending
 * -------------------------------------------------------------------------------------- */

static void send_frame(struct worker *w, uint16_t type, uint32_t seq, const void *payload,
                       size_t size, int fd)
{
    if (!w->has_channel) {
        return;
    }
    int err = frame_send(PROTOCOL_CHANNEL_FD, type, seq, payload, size, &fd, fd >= 0 ? 1 : 0,
                         SEND_TIMEOUT_MS);
    /* A peer that is gone may have left messages that are still to be read: reading finds its end. */
    if (err != 0 && err != -EPIPE && err != -ECONNRESET) {
        channel_lost(w);
    }
}

static void send_number(struct worker *w, uint16_t type, uint32_t seq, uint64_t value, int fd)
{
    uint8_t buf[16];
    size_t size = msg_number_encode(&(struct msg_number){value}, buf, sizeof(buf));

    send_frame(w, type, seq, buf, size, fd);
}

static void send_log(struct worker *w, int level, const char *text)
{
    uint8_t buf[PROTOCOL_TEXT_MAX + 16];
    struct msg_text m = {.level = (uint32_t)level};
    size_t n = 0;

    /* What a guest had a hand in goes to terminals: printable characters only. */
    for (; text[n] != '\0' && n < PROTOCOL_TEXT_MAX; n++) {
        m.text[n] =
            (char)((unsigned char)text[n] < 0x20 || (unsigned char)text[n] > 0x7e ? '?' : text[n]);
    }
    m.text[n] = '\0';
    send_frame(w, MSG_LOG, 0, buf, msg_text_encode(&m, buf, sizeof(buf)), -1);
}

static void send_stats(struct worker *w, uint32_t seq)
{
    static struct msg_stats stats; /* large, and there is one loop */
    static uint8_t buf[FRAME_MAX_PAYLOAD];

    vm_get_stats(w->vm, &stats);
    send_frame(w, MSG_STATS_REPLY, seq, buf, msg_stats_encode(&stats, buf, sizeof(buf)), -1);
}

static void set_state(struct worker *w, enum worker_state state)
{
    w->state = state;
    if (state != WORKER_ENDED) {
        send_number(w, MSG_STATE, 0, (uint64_t)state, -1);
    }
}

/* ---- The end
 * ---------------------------------------------------------------------------------------- */

static void send_ended(struct worker *w, const struct msg_ended *how)
{
    uint8_t buf[PROTOCOL_TEXT_MAX + 32];
    struct msg_ended clean = *how;

    for (char *p = clean.cause; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e) {
            *p = '?';
        }
    }
    send_frame(w, MSG_ENDED, 0, buf, msg_ended_encode(&clean, buf, sizeof(buf)), -1);
}

static void close_channel(struct worker *w)
{
    if (w->has_channel) {
        w->has_channel = false;
        uv_close((uv_handle_t *)&w->channel_poll, NULL);
        close(PROTOCOL_CHANNEL_FD);
    }
}

static void close_handles(struct worker *w)
{
    close_channel(w);
    uv_close((uv_handle_t *)&w->stop_timer, NULL);
    uv_close((uv_handle_t *)&w->grace_timer, NULL);
    uv_close((uv_handle_t *)&w->term, NULL);
    signal(SIGTERM, SIG_IGN); /* it ends already, and its exit status is to say how */
}

/* Says how it ended, once everything is down: whoever hears it may rely on the console's log being
 * whole. The last counters come before it, as a STATS_REPLY that nobody asked for. */
static void end(struct worker *w, const struct msg_ended *how)
{
    if (w->state == WORKER_ENDED) {
        return;
    }
    w->state = WORKER_ENDED; /* first: a channel that breaks below is to end nothing again */
    if (w->vm != NULL) {
        send_stats(w, 0);
        vm_free(w->vm);
        w->vm = NULL;
    }
    send_ended(w, how);
    close_handles(w);
}

/* The outcome as the supervisor's requests colour it. */
static void on_vm_ended(void *ctx, const struct msg_ended *how)
{
    struct worker *w = ctx;
    struct msg_ended final = *how;

    if (w->state == WORKER_STOPPING && final.outcome == OUTCOME_POWER_OFF) {
        final.outcome = w->orphaned ? OUTCOME_ORPHANED : OUTCOME_STOPPED;
    }
    end(w, &final);
}

static void end_by_force(struct worker *w, enum outcome outcome, const char *cause)
{
    if (w->vm != NULL) {
        vm_end(w->vm, outcome, 0, cause);
    }
}

static void on_stop_timeout(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    if (w->orphaned) {
        end_by_force(w, OUTCOME_ORPHANED,
                     "the supervisor was gone and the guest did not stop in time");
    } else if (vm_power_button_acknowledged(w->vm)) {
        end_by_force(w, OUTCOME_STOP_TIMEOUT,
                     "the guest saw the power button and did not power off in time");
    } else {
        end_by_force(w, OUTCOME_STOP_IGNORED,
                     "no acknowledgement: the guest has no driver for the power button, or hangs");
    }
}

/* A second request does not restart the clock. */
static void begin_stop(struct worker *w, uint32_t timeout_ms)
{
    uint32_t timeout = timeout_ms != 0 ? timeout_ms : w->start.stop_timeout_ms;

    if (w->state == WORKER_PAUSED) {
        vm_resume(w->vm); /* a paused guest cannot see a button */
        w->state = WORKER_RUNNING;
    }
    if (w->state != WORKER_RUNNING) {
        return;
    }
    set_state(w, WORKER_STOPPING);
    vm_power_button(w->vm);
    uv_update_time(&w->loop); /* what this turn did before, a start perhaps, is not to count */
    uv_timer_start(&w->stop_timer, on_stop_timeout,
                   timeout != 0 ? timeout : DEFAULT_STOP_TIMEOUT_MS, 0);
}

/* ---- Without a supervisor
 * ----------------------------------------------------------------------------- */

static void on_grace_over(uv_timer_t *timer)
{
    struct worker *w = timer->data;

    /* A stop that is under way already goes on as what it is. */
    w->orphaned = w->state != WORKER_STOPPING;
    begin_stop(w, 0);
}

static void channel_lost(struct worker *w)
{
    static const struct msg_ended never_ran = {.outcome = OUTCOME_ORPHANED};

    if (!w->has_channel) {
        return;
    }
    close_channel(w);
    if (w->state == WORKER_ENDED) {
        return;
    }
    if (w->vm == NULL) {
        end(w, &never_ran);
    } else {
        uv_update_time(&w->loop);
        uv_timer_start(&w->grace_timer, on_grace_over, w->start.grace_ms, 0);
    }
}

static void on_term(uv_signal_t *handle, int signum)
{
    struct worker *w = handle->data;

    (void)signum;
    if (w->vm == NULL) {
        struct msg_ended how = {.outcome = OUTCOME_KILLED, .cause = "SIGTERM before the start"};
        end(w, &how);
    } else {
        begin_stop(w, 0);
    }
}

/* ---- Events of the VM
 * ----------------------------------------------------------------------------------- */

static void on_vm_booted(void *ctx, uint64_t microseconds)
{
    send_number(ctx, MSG_BOOTED, 0, microseconds, -1);
}

static void on_vm_log(void *ctx, int level, const char *text)
{
    send_log(ctx, level, text);
}

static void on_vm_vsock(void *ctx, uint32_t port, int fd)
{
    send_number(ctx, MSG_VSOCK_INCOMING, 0, port, fd);
    close(fd);
}

/* The token is the number of the request. */
static void on_vm_vsock_connected(void *ctx, uint32_t token, int err)
{
    send_number(ctx, MSG_RESULT, token, (uint64_t)-err, -1);
}

/* ---- Messages
 * ------------------------------------------------------------------------------------------- */

static void refuse_start(struct worker *w, enum start_step step, const char *cause)
{
    struct msg_ended why = {.outcome = OUTCOME_START_REFUSED, .step = step, .code = EPROTO};

    snprintf(why.cause, sizeof(why.cause), "%s", cause);
    end(w, &why);
}

static void handle_hello(struct worker *w, const struct frame *f)
{
    struct msg_hello peer;
    struct msg_hello own = {.version = PROTOCOL_VERSION, .pid = (uint32_t)getpid()};
    uint8_t buf[128];

    snprintf(own.build, sizeof(own.build), "%s", version_text);
    if (msg_hello_decode(f->payload, f->size, &peer) != 0) {
        channel_lost(w);
        return;
    }
    send_frame(w, MSG_HELLO_REPLY, f->seq, buf, msg_hello_encode(&own, buf, sizeof(buf)), -1);
    if (peer.version != PROTOCOL_VERSION) {
        channel_lost(w); /* both sides know both versions now */
    }
    if (w->has_channel) {
        w->state = WORKER_GREETED;
    }
}

static void handle_start(struct worker *w, struct frame *f)
{
    static const struct vm_events events = {.ended = on_vm_ended,
                                            .booted = on_vm_booted,
                                            .log = on_vm_log,
                                            .vsock_incoming = on_vm_vsock,
                                            .vsock_connected = on_vm_vsock_connected};
    struct vm_events bound = events;
    struct vm_description d = {.start = &w->start, .initrd = -1};
    struct msg_ready ready;
    struct msg_ended why;
    char fault[PROTOCOL_TEXT_MAX + 1];
    char banner[PROTOCOL_TEXT_MAX];
    uint8_t buf[64];
    size_t at = 0;
    int client = -1, err;

    if (msg_start_decode(f->payload, f->size, &w->start, fault) != 0) {
        refuse_start(w, STEP_DESCRIPTION, fault);
        return;
    }
    if (f->fd_count != msg_start_fd_count(&w->start)) {
        snprintf(fault, sizeof(fault), "START announces %zu descriptors and came with %u",
                 msg_start_fd_count(&w->start), f->fd_count);
        refuse_start(w, STEP_DESCRIPTION, fault);
        return;
    }
    d.kernel = frame_take_fd(f, at++);
    if ((w->start.flags & START_HAS_INITRD) != 0) {
        d.initrd = frame_take_fd(f, at++);
    }
    d.console[0] = frame_take_fd(f, at++);
    d.console[1] = frame_take_fd(f, at++);
    for (uint32_t i = 0; i < w->start.disk_count; i++) {
        d.disk[i] = frame_take_fd(f, at++);
    }
    for (uint32_t i = 0; i < w->start.net_count; i++) {
        d.net[i] = frame_take_fd(f, at++);
    }
    if ((w->start.flags & START_CONSOLE) != 0) {
        client = frame_take_fd(f, at++);
    }
    bound.ctx = w;
    w->vm = vm_new(&w->loop, &d, &bound, &ready, &why);
    if (w->vm == NULL) {
        if (client >= 0) {
            close(client);
        }
        end(w, &why);
        return;
    }
    send_frame(w, MSG_READY, f->seq, buf, msg_ready_encode(&ready, buf, sizeof(buf)), -1);
    w->state = WORKER_RUNNING;
    w->ran = true;
    snprintf(banner, sizeof(banner),
             "starting %s (%s): %u vCPUs, %llu MiB, kernel %llu bytes at 0x%llx, DTB at 0x%llx, "
             "GIC at 0x%llx, cmdline \"%.200s\"",
             w->start.name, w->start.id, w->start.cpus, (unsigned long long)(w->start.memory >> 20),
             (unsigned long long)ready.kernel_size, (unsigned long long)ready.entry,
             (unsigned long long)ready.dtb, (unsigned long long)BOARD_GICD_BASE, w->start.cmdline);
    send_log(w, 6, banner);
    err = client >= 0 ? vm_console_attach(w->vm, client) : 0;
    if (err != 0) {
        send_log(w, 4, "the stream that came with START cannot be attached to the console");
    }
    vm_run(w->vm);
}

static void send_result(struct worker *w, const struct frame *f, int err)
{
    send_number(w, MSG_RESULT, f->seq, (uint64_t)-err, -1);
}

/* The messages that carry one number and perhaps one descriptor. */
static void handle_number(struct worker *w, struct frame *f)
{
    struct msg_number m;
    bool wants_fd = f->type == MSG_VSOCK_CONNECT;
    uint64_t most = f->type == MSG_BALLOON ? w->start.memory >> 20 : UINT32_MAX;
    int fd;

    if (msg_number_decode(f->payload, f->size, &m) != 0 || f->fd_count != wants_fd) {
        channel_lost(w);
        return;
    }
    if (m.value > most) {
        send_result(w, f, -ERANGE);
        return;
    }
    fd = frame_take_fd(f, 0);
    switch (f->type) {
    case MSG_BALLOON: send_result(w, f, vm_balloon_target(w->vm, m.value)); break;
    case MSG_VSOCK_CONNECT: {
        int err = vm_vsock_connect(w->vm, (uint32_t)m.value, fd, f->seq);
        if (err != 0) {
            send_result(w, f, err); /* otherwise the guest answers, or time does */
        }
        break;
    }
    default: send_result(w, f, vm_vsock_listen(w->vm, (uint32_t)m.value)); break;
    }
}

static void handle_stop(struct worker *w, const struct frame *f)
{
    struct msg_stop m;

    if (msg_stop_decode(f->payload, f->size, &m) != 0) {
        channel_lost(w);
        return;
    }
    begin_stop(w, m.timeout_ms);
}

static void handle_kill(struct worker *w)
{
    struct msg_ended how = {.outcome = OUTCOME_KILLED, .cause = "killed before the start"};

    if (w->vm == NULL) {
        end(w, &how);
    } else {
        end_by_force(w, OUTCOME_KILLED, "stopped by force, as asked");
    }
}

static void handle_pause(struct worker *w, const struct frame *f)
{
    if (w->state == WORKER_STOPPING) {
        send_result(w, f, -EBUSY); /* a paused guest would not stop */
        return;
    }
    if (w->state == WORKER_RUNNING) {
        vm_pause(w->vm);
        set_state(w, WORKER_PAUSED);
    }
    send_result(w, f, 0);
}

static void handle_resume(struct worker *w, const struct frame *f)
{
    if (w->state == WORKER_PAUSED) {
        vm_resume(w->vm);
        set_state(w, WORKER_RUNNING);
    }
    send_result(w, f, 0);
}

/* The messages that are a stream socket and nothing else. */
static void handle_attach(struct worker *w, struct frame *f, int (*attach)(struct vm *vm, int fd))
{
    if (f->size != 0 || f->fd_count != 1) {
        channel_lost(w);
        return;
    }
    send_result(w, f, attach(w->vm, frame_take_fd(f, 0)));
}

static void dispatch(struct worker *w, struct frame *f)
{
    if (!protocol_worker_accepts(w->state, f->type)) {
        channel_lost(w); /* a supervisor that does not keep the protocol is none */
        return;
    }
    switch (f->type) {
    case MSG_HELLO: handle_hello(w, f); break;
    case MSG_START: handle_start(w, f); break;
    case MSG_STOP: handle_stop(w, f); break;
    case MSG_KILL: handle_kill(w); break;
    case MSG_PAUSE: handle_pause(w, f); break;
    case MSG_RESUME: handle_resume(w, f); break;
    case MSG_STATS: send_stats(w, f->seq); break;
    case MSG_PING: send_frame(w, MSG_PONG, f->seq, NULL, 0, -1); break;
    case MSG_CONSOLE: handle_attach(w, f, vm_console_attach); break;
    case MSG_AGENT: handle_attach(w, f, vm_agent_attach); break;
    default: handle_number(w, f); break;
    }
}

/* So many messages in one turn of the loop, so that a flood of them cannot keep devices waiting. */
#define MESSAGES_PER_TURN 16

static void on_channel(uv_poll_t *handle, int status, int events)
{
    struct worker *w = handle->data;

    (void)events;
    /* libuv reports an error, and no more events, for a peer that went without reading all of ours;
     * what it sent before is still to be read. */
    for (int i = 0; (status < 0 || i < MESSAGES_PER_TURN) && w->has_channel; i++) {
        int got = frame_read(&w->reader, PROTOCOL_CHANNEL_FD);
        if (got < 0 || (got == 0 && status < 0)) {
            channel_lost(w);
        }
        if (got <= 0) {
            return;
        }
        dispatch(w, &w->reader.frame);
        frame_close_fds(&w->reader.frame);
    }
}

int main(int argc, char **argv)
{
    static struct worker w; /* too large for a stack */

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("vmm-worker %s\n", version_text);
        return 0;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is a failed write, not our end */
    /* The rendezvous socket and the lock, where the supervisor gave them: open as long as we live. */
    fcntl(PROTOCOL_CHANNEL_FD + 1, F_SETFD, FD_CLOEXEC);
    fcntl(PROTOCOL_CHANNEL_FD + 2, F_SETFD, FD_CLOEXEC);
    if (fcntl(PROTOCOL_CHANNEL_FD, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr,
                "vmm-worker: is started by paddockd (or vmm-run), with its channel on "
                "descriptor %d\n",
                PROTOCOL_CHANNEL_FD);
        return 1;
    }
    frame_reader_init(&w.reader);
    if (uv_loop_init(&w.loop) != 0 ||
        uv_poll_init(&w.loop, &w.channel_poll, PROTOCOL_CHANNEL_FD) != 0) {
        fprintf(stderr, "vmm-worker: descriptor %d is not a socket\n", PROTOCOL_CHANNEL_FD);
        return 1;
    }
    uv_timer_init(&w.loop, &w.stop_timer);
    uv_timer_init(&w.loop, &w.grace_timer);
    uv_signal_init(&w.loop, &w.term);
    w.channel_poll.data = &w;
    w.stop_timer.data = &w;
    w.grace_timer.data = &w;
    w.term.data = &w;
    w.has_channel = true;
    uv_signal_start(&w.term, on_term, SIGTERM);
    uv_poll_start(&w.channel_poll, UV_READABLE, on_channel);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    uv_loop_close(&w.loop);
    frame_reader_reset(&w.reader);
    return w.ran ? 0 : 1;
}
