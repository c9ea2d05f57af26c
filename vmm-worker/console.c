/* SPDX-License-Identifier: ISC */
/*
 * console.c: the ring, and those who read it: the log and the clients. See console.h.
 *
 * Output goes into one ring. `head` counts all bytes ever, and each reader has its own count of
 * what it has seen. The log's may not be overrun: a producer that would do so writes the log
 * itself. A client's may: it then skips what is gone. [logged, head) is written to the file without
 * the lock, because producers leave it alone until `logged` moves on; file_lock lets one do so at a
 * time.
 *
 * Locks: file_lock, then lock. Neither is held while the sink is called.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream.h"

enum {
    CHUNK = 16384,      /* of output to a client at a time */
    CHUNKS_AT_ONCE = 8, /* before other handles of the loop get their turn */
    PANIC_MAX = 200,
    NOTICE_MAX = 96,
};

static const char panic_mark[] = "Kernel panic - not syncing";
#define PANIC_MARK_SIZE (sizeof(panic_mark) - 1)

/* Freed by its handle's closing callback. */
struct client {
    struct console *console;
    unsigned slot;
    int fd;     /* -1: closed */
    int events; /* as the handle is polled for */
    bool input_ended;
    uint64_t seen;
    size_t notice_size, notice_sent;
    char notice[NOTICE_MAX];
    uv_poll_t poll;
};

struct console {
    uv_loop_t *loop;
    uv_async_t async;
    uv_timer_t timer;
    unsigned handles; /* whose closing callbacks are to come */

    pthread_mutex_t lock;
    uint64_t head;
    uint64_t logged;
    bool scheduled;   /* the loop will look at the ring without being told */
    bool input_ready; /* the sink may take input again */
    int log_error;    /* of the last bytes that were lost */
    uint64_t log_lost;
    uint64_t client_lost;
    uint64_t input_bytes;
    struct {
        console_sink_fn *take; /* NULL: takes no input */
        void *ctx;
    } sink[CONSOLE_PORTS];
    enum console_port preferred;
    size_t panic_matched; /* bytes of the mark seen; PANIC_MARK_SIZE: the line is being kept */
    size_t panic_size;
    char panic[PANIC_MAX + 1];
    atomic_bool panicked;
    uint8_t ring[CONSOLE_RING];

    pthread_mutex_t file_lock;
    int file[2];
    unsigned current;
    uint32_t used; /* bytes in the current file */
    uint32_t segment;

    /* The loop's thread only. */
    struct client *client[CONSOLE_CLIENTS];
    unsigned clients;
    size_t input_size;
    uint8_t input[CONSOLE_INPUT];
    void (*report)(void *ctx, const char *text);
    void *report_ctx;
    uint64_t reported;  /* bytes lost, as was last reported */
    uint64_t report_at; /* not before this time of the loop's */
};

/* ---- The log ---- */

/* The other segment, emptied. */
static int log_switch(struct console *c)
{
    unsigned next = c->current ^ 1;
    int rc;

    do {
        rc = ftruncate(c->file[next], 0);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) {
        return -errno;
    }
    c->current = next;
    c->used = 0;
    return 0;
}

/*
 * Appends; how many bytes could be, and why not all. With file_lock held.
 *
 * A segment that is full has the other one emptied at once, so that of two segments the longer is always the older:
 * that is how those who read them tell.
 */
static size_t log_append(struct console *c, const uint8_t *p, size_t size, int *error)
{
    size_t done = 0;

    while (done < size) {
        size_t n = size - done;
        ssize_t written;

        if (c->used >= c->segment) {
            *error = log_switch(c);
            if (*error != 0) {
                break;
            }
        }
        if (n > c->segment - c->used) {
            n = c->segment - c->used;
        }
        written = pwrite(c->file[c->current], p + done, n, (off_t)c->used);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            *error = written < 0 ? -errno : -EIO;
            break;
        }
        c->used += (uint32_t)written;
        done += (size_t)written;
        if (c->used >= c->segment) {
            (void)log_switch(c); /* tried again above */
        }
    }
    return done;
}

/* Writes out what the ring holds for the log. Any thread. */
static void log_flush(struct console *c)
{
    uint64_t from, to;
    size_t done = 0, size;
    int error = 0;

    pthread_mutex_lock(&c->file_lock);
    pthread_mutex_lock(&c->lock);
    from = c->logged;
    to = c->head;
    pthread_mutex_unlock(&c->lock);

    size = (size_t)(to - from);
    while (done < size && error == 0) {
        size_t at = (size_t)((from + done) % CONSOLE_RING);
        size_t n = size - done;

        if (n > CONSOLE_RING - at) {
            n = CONSOLE_RING - at;
        }
        done += log_append(c, c->ring + at, n, &error);
    }

    pthread_mutex_lock(&c->lock);
    c->logged = to;
    if (done < size) {
        c->log_lost += size - done;
        c->log_error = error;
    }
    pthread_mutex_unlock(&c->lock);
    pthread_mutex_unlock(&c->file_lock);
}

/* Reports what was lost since the last report, unless that is too soon. */
static void report_loss(struct console *c, bool at_the_end)
{
    uint64_t now = uv_now(c->loop);
    char text[160];
    uint64_t lost;
    int error;

    pthread_mutex_lock(&c->lock);
    lost = c->log_lost;
    error = c->log_error;
    pthread_mutex_unlock(&c->lock);
    if (lost == c->reported || c->report == NULL || (now < c->report_at && !at_the_end)) {
        return;
    }
    c->reported = lost;
    c->report_at = now + CONSOLE_REPORT_MS;
    snprintf(text, sizeof(text),
             "the console log cannot be written, %llu bytes of output are not in it: %s",
             (unsigned long long)lost, strerror(-error));
    c->report(c->report_ctx, text);
}

/* ---- Panics ---- */

/* Looks at one byte of output. The mark's first letter is in it once, so that a mismatch can only
 * be the start of another one. With the lock held. */
static void panic_byte(struct console *c, uint8_t byte)
{
    if (c->panic_matched < PANIC_MARK_SIZE) {
        if (byte == (uint8_t)panic_mark[c->panic_matched]) {
            c->panic_matched++;
        } else {
            c->panic_matched = byte == (uint8_t)panic_mark[0];
        }
        if (c->panic_matched == PANIC_MARK_SIZE) {
            memcpy(c->panic, panic_mark, PANIC_MARK_SIZE);
            c->panic_size = PANIC_MARK_SIZE;
        }
        return;
    }
    if (byte != '\n' && byte != '\r') {
        c->panic[c->panic_size++] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
        if (c->panic_size < PANIC_MAX) {
            return;
        }
    }
    c->panic[c->panic_size] = '\0';
    atomic_store_explicit(&c->panicked, true, memory_order_release);
}

static void panic_scan(struct console *c, const uint8_t *p, size_t size)
{
    const uint8_t *end = p + size;

    while (p < end && !atomic_load_explicit(&c->panicked, memory_order_relaxed)) {
        if (c->panic_matched == 0) {
            p = memchr(p, panic_mark[0], (size_t)(end - p));
            if (p == NULL) {
                return;
            }
        }
        panic_byte(c, *p++);
    }
}

const char *console_panic(const struct console *c)
{
    return atomic_load_explicit(&c->panicked, memory_order_acquire) ? c->panic : NULL;
}

/* ---- Output ---- */

void console_output(struct console *c, const void *buf, size_t size)
{
    const uint8_t *p = buf;

    while (size > 0) {
        size_t at, n;
        bool wake = false;

        pthread_mutex_lock(&c->lock);
        at = (size_t)(c->head % CONSOLE_RING);
        n = CONSOLE_RING - (size_t)(c->head - c->logged);
        if (n > CONSOLE_RING - at) {
            n = CONSOLE_RING - at;
        }
        if (n > size) {
            n = size;
        }
        if (n > 0) {
            memcpy(c->ring + at, p, n);
            panic_scan(c, p, n);
            c->head += n;
            wake = !c->scheduled;
            c->scheduled = true;
        }
        pthread_mutex_unlock(&c->lock);

        if (wake) {
            uv_async_send(&c->async);
        }
        if (n == 0) {
            log_flush(c);
        }
        p += n;
        size -= n;
    }
}

static void client_update(struct client *client);

static void on_closed(uv_handle_t *handle)
{
    struct console *c = handle->data;

    if (--c->handles == 0) {
        pthread_mutex_destroy(&c->lock);
        pthread_mutex_destroy(&c->file_lock);
        free(c);
    }
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;

    handle->data = client->console;
    on_closed(handle);
    free(client);
}

static void client_close(struct client *client)
{
    if (client->fd < 0) {
        return;
    }
    client->console->client[client->slot] = NULL;
    client->console->clients--;
    uv_close((uv_handle_t *)&client->poll, on_client_closed);
    close(client->fd);
    client->fd = -1;
}

/* Copies what the client has still to see, at most `size` bytes; skips what is gone. */
static size_t client_next(struct client *client, uint8_t *buf, size_t size)
{
    struct console *c = client->console;
    size_t n, at, first;

    pthread_mutex_lock(&c->lock);
    if (c->head - client->seen > CONSOLE_RING) {
        /* Not to the oldest byte, which the next one printed would take away again. */
        uint64_t to = c->head - CONSOLE_RING / 2;
        int text = snprintf(client->notice, sizeof(client->notice),
                            "\r\n[%llu bytes of output were not read in time]\r\n",
                            (unsigned long long)(to - client->seen));

        client->notice_size = text > 0 ? (size_t)text : 0;
        client->notice_sent = 0;
        c->client_lost += to - client->seen;
        client->seen = to;
    }
    n = (size_t)(c->head - client->seen);
    if (n > size) {
        n = size;
    }
    at = (size_t)(client->seen % CONSOLE_RING);
    first = n < CONSOLE_RING - at ? n : CONSOLE_RING - at;
    memcpy(buf, c->ring + at, first);
    memcpy(buf + first, c->ring, n - first);
    pthread_mutex_unlock(&c->lock);
    return n;
}

/* true: a notice is out; false: the socket is full, or the client is closed. */
static bool client_notice(struct client *client)
{
    while (client->notice_sent < client->notice_size) {
        ssize_t n = stream_write(client->fd, client->notice + client->notice_sent,
                                 client->notice_size - client->notice_sent);

        if (n <= 0) {
            if (n != -EAGAIN) {
                client_close(client);
            }
            return false;
        }
        client->notice_sent += (size_t)n;
    }
    return true;
}

/* Sends what the client takes without waiting. Whether it is to go on when the socket is writable.
 */
static bool client_pump(struct client *client)
{
    uint8_t buf[CHUNK];

    for (unsigned i = 0; i < CHUNKS_AT_ONCE; i++) {
        size_t size;
        ssize_t n;

        if (!client_notice(client)) {
            return true;
        }
        size = client_next(client, buf, sizeof(buf));
        if (!client_notice(client)) {
            return true;
        }
        if (size == 0) {
            return false;
        }
        n = stream_write(client->fd, buf, size);
        if (n <= 0) {
            if (n != -EAGAIN) {
                client_close(client);
            }
            return true;
        }
        client->seen += (uint64_t)n;
    }
    return true;
}

static void pump(struct console *c)
{
    for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
        if (c->client[i] != NULL) {
            client_update(c->client[i]);
        }
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct console *c = timer->data;

    pthread_mutex_lock(&c->lock);
    c->scheduled = false;
    pthread_mutex_unlock(&c->lock);
    log_flush(c);
    report_loss(c, false);
    pump(c);
}

/* ---- Input ---- */

static void deliver(struct console *c)
{
    while (c->input_size > 0) {
        enum console_port port;
        console_sink_fn *take;
        void *ctx;
        size_t n;

        pthread_mutex_lock(&c->lock);
        port = c->preferred;
        if (c->sink[port].take == NULL) {
            port = port == CONSOLE_UART ? CONSOLE_HVC : CONSOLE_UART;
        }
        take = c->sink[port].take;
        ctx = c->sink[port].ctx;
        pthread_mutex_unlock(&c->lock);
        n = take != NULL ? take(ctx, c->input, c->input_size) : 0;
        if (n == 0) {
            return;
        }
        memmove(c->input, c->input + n, c->input_size - n);
        c->input_size -= n;
        pthread_mutex_lock(&c->lock);
        c->input_bytes += n;
        pthread_mutex_unlock(&c->lock);
    }
}

static void client_read(struct client *client)
{
    struct console *c = client->console;

    while (client->fd >= 0 && c->input_size < CONSOLE_INPUT) {
        ssize_t n =
            stream_read(client->fd, c->input + c->input_size, CONSOLE_INPUT - c->input_size);

        if (n == -EAGAIN) {
            return;
        }
        if (n <= 0) {
            /* A client may end its input and go on reading. */
            client->input_ended = true;
            if (n < 0 || stream_peer_gone(client->fd)) {
                client_close(client);
            }
            return;
        }
        c->input_size += (size_t)n;
        deliver(c);
    }
}

static void on_client(uv_poll_t *handle, int status, int events)
{
    struct client *client = handle->data;

    if (status < 0) {
        client_close(client);
        return;
    }
    if ((events & UV_READABLE) != 0) {
        client_read(client);
    }
    client_update(client);
}

/* Sends what there is, and polls for what has to be waited for. */
static void client_update(struct client *client)
{
    const struct console *c = client->console;
    int events = 0;

    if (client->fd < 0) {
        return;
    }
    if (client_pump(client)) {
        events |= UV_WRITABLE;
    }
    if (client->fd < 0) {
        return;
    }
    if (!client->input_ended && c->input_size < CONSOLE_INPUT) {
        events |= UV_READABLE;
    }
    if (events != client->events) {
        int rc = events != 0 ? uv_poll_start(&client->poll, events, on_client)
                             : uv_poll_stop(&client->poll);

        if (rc < 0) {
            client_close(client);
            return;
        }
        client->events = events;
    }
}

static void on_async(uv_async_t *async)
{
    struct console *c = async->data;
    bool input, unlogged;

    pthread_mutex_lock(&c->lock);
    input = c->input_ready;
    c->input_ready = false;
    unlogged = c->logged != c->head;
    /* With nobody to see it at once, the timer is enough and producers need not wake us again. */
    if (c->clients > 0 || !unlogged) {
        c->scheduled = false;
    }
    pthread_mutex_unlock(&c->lock);

    if (unlogged && !uv_is_active((uv_handle_t *)&c->timer)) {
        uv_timer_start(&c->timer, on_timer, CONSOLE_FLUSH_MS, 0);
    }
    if (input) {
        deliver(c);
    }
    pump(c);
}

void console_prefer(struct console *c, enum console_port port)
{
    pthread_mutex_lock(&c->lock);
    c->preferred = port;
    pthread_mutex_unlock(&c->lock);
    console_input_ready(c);
}

void console_set_sink(struct console *c, enum console_port port, console_sink_fn *sink, void *ctx)
{
    bool changed;

    pthread_mutex_lock(&c->lock);
    changed = c->sink[port].take != sink || c->sink[port].ctx != ctx;
    c->sink[port].take = sink;
    c->sink[port].ctx = ctx;
    c->input_ready |= changed;
    pthread_mutex_unlock(&c->lock);
    if (changed) {
        uv_async_send(&c->async);
    }
}

void console_input_ready(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    c->input_ready = true;
    pthread_mutex_unlock(&c->lock);
    uv_async_send(&c->async);
}

/* ---- Setting up ---- */

/*
 * A slot for a new client; CONSOLE_CLIENTS if there is none. One that is not polled (its input has
 * ended, or nobody takes it) may have gone unnoticed; what it typed is lost only if its slot is
 * needed.
 */
static unsigned find_slot(struct console *c)
{
    for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
        struct client *client = c->client[i];

        if (client != NULL && (client->input_ended || c->clients == CONSOLE_CLIENTS) &&
            stream_peer_gone(client->fd)) {
            client_close(client);
        }
    }
    for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
        if (c->client[i] == NULL) {
            return i;
        }
    }
    return CONSOLE_CLIENTS;
}

int console_attach(struct console *c, int fd)
{
    struct client *client = NULL;
    unsigned slot;
    int rc = stream_prepare(fd);

    if (rc < 0) {
        goto fail;
    }
    slot = find_slot(c);
    if (slot == CONSOLE_CLIENTS) {
        rc = -EBUSY;
        goto fail;
    }
    client = calloc(1, sizeof(*client));
    if (client == NULL) {
        rc = -ENOMEM;
        goto fail;
    }
    rc = uv_poll_init(c->loop, &client->poll, fd);
    if (rc < 0) {
        goto fail;
    }
    client->console = c;
    client->slot = slot;
    client->fd = fd;
    client->poll.data = client;
    c->client[slot] = client;
    c->handles++;
    c->clients++;
    pthread_mutex_lock(&c->lock);
    client->seen = c->head > CONSOLE_RING ? c->head - CONSOLE_RING : 0;
    c->scheduled = false;
    pthread_mutex_unlock(&c->lock);
    client_update(client);
    return 0;

fail:
    close(fd);
    free(client);
    return rc;
}

/* Which segment was written to last, and how far it is. */
static int log_open(struct console *c)
{
    struct stat st[2];
    bool empty[2], full[2];

    for (unsigned i = 0; i < 2; i++) {
        if (fstat(c->file[i], &st[i]) < 0) {
            return -errno;
        }
        if (!S_ISREG(st[i].st_mode)) {
            return -EINVAL;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        empty[i] = st[i].st_size == 0;
        full[i] = st[i].st_size >= (off_t)c->segment;
    }
    /* Only a full segment is left for the other, so the later is the one that is not full; where
     * that says nothing (the limit was changed), the one with the later time. */
    if (empty[0] || empty[1]) {
        c->current = empty[0] && !empty[1];
    } else if (full[0] != full[1]) {
        c->current = full[0];
    } else {
        c->current = st[1].st_mtime > st[0].st_mtime;
    }
    c->used =
        st[c->current].st_size < (off_t)c->segment ? (uint32_t)st[c->current].st_size : c->segment;
    return 0;
}

struct console *console_new(uv_loop_t *loop, const int log[2], uint32_t segment)
{
    struct console *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL) {
        rc = -ENOMEM;
        goto fail;
    }
    c->loop = loop;
    c->file[0] = log[0];
    c->file[1] = log[1];
    c->segment = segment;
    rc = segment > 0 ? log_open(c) : -EINVAL;
    if (rc < 0) {
        goto fail;
    }
    rc = uv_async_init(loop, &c->async, on_async);
    if (rc < 0) {
        goto fail;
    }
    uv_timer_init(loop, &c->timer);
    c->async.data = c;
    c->timer.data = c;
    c->handles = 2;
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->file_lock, NULL);
    atomic_init(&c->panicked, false);
    return c;

fail:
    close(log[0]);
    close(log[1]);
    free(c);
    errno = -rc;
    return NULL;
}

void console_set_report(struct console *c, void (*report)(void *ctx, const char *text), void *ctx)
{
    c->report = report;
    c->report_ctx = ctx;
}

/* Lets clients take the rest. */
static void drain(struct console *c)
{
    uint64_t end = uv_hrtime() + CONSOLE_DRAIN_MS * UINT64_C(1000000);

    for (;;) {
        uint64_t now = uv_hrtime();
        struct pollfd waiting[CONSOLE_CLIENTS];
        nfds_t count = 0;

        for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
            struct client *client = c->client[i];

            if (client != NULL && client_pump(client) && client->fd >= 0) {
                waiting[count++] = (struct pollfd){.fd = client->fd, .events = POLLOUT};
            }
        }
        if (count == 0 || now >= end) {
            return;
        }
        /* Whatever it says, a signal included, the clients are tried again. */
        (void)poll(waiting, count, (int)((end - now) / 1000000) + 1);
    }
}

void console_free(struct console *c)
{
    if (c == NULL) {
        return;
    }
    log_flush(c);
    report_loss(c, true);
    drain(c);
    for (unsigned i = 0; i < CONSOLE_CLIENTS; i++) {
        if (c->client[i] != NULL) {
            client_close(c->client[i]);
        }
    }
    close(c->file[0]);
    close(c->file[1]);
    uv_close((uv_handle_t *)&c->async, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

void console_stats(const struct console *c, struct stats *out)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&c->lock;
    uint64_t output, input, log_lost, client_lost;

    pthread_mutex_lock(lock);
    output = c->head;
    input = c->input_bytes;
    log_lost = c->log_lost;
    client_lost = c->client_lost;
    pthread_mutex_unlock(lock);
    stats_add(out, "console", "output_bytes", output);
    stats_add(out, "console", "input_bytes", input);
    stats_add(out, "console", "log_lost_bytes", log_lost);
    stats_add(out, "console", "client_lost_bytes", client_lost);
}
