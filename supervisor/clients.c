/* SPDX-License-Identifier: ISC */
/*
 * clients.c: the connections to the control socket: lines in, requests, lines out. See methods.h.
 *
 * A client costs at most: its reader's buffer (RPC_REQUEST_MAX), CONTROL_BACKLOG of answers and events, and
 * REQUESTS_MAX requests that wait for something. It is served REQUESTS_PER_TURN requests at a time, so that others come
 * in between. Nothing here blocks.
 *
 * A connection is never ended from inside of a callback that something else may have called: it is doomed, and
 * clients_sweep takes it away.
 */
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "methods.h"

#define REQUESTS_MAX      64u /* of one client, unanswered */
#define REQUESTS_PER_TURN 16u
#define FDS_PAUSE         32u
/* With so much unread, or so many descriptors, a client's next requests wait. Events come anyway, up to CONTROL_BACKLOG. */
#define BACKLOG_PAUSE     (CONTROL_BACKLOG / 8)

struct chunk {
    struct chunk *next;
    size_t size, done;
    size_t fd_count;
    int fd[RPC_FDS_MAX];
    char bytes[];
};

struct client {
    struct control *control;
    struct client *next, **link;
    int fd;
    uv_poll_t poll;
    uv_timer_t timer; /* more to do without more to read */
    int handles;
    struct peer peer;
    bool privileged;
    bool doomed, ended; /* to be closed; its side is closed: what is queued still goes out */
    bool more;          /* whole lines may be left in the reader */
    struct rpc_reader reader;
    struct chunk *out, **out_end;
    size_t backlog, fd_backlog; /* bytes, and descriptors, in `out` */
    unsigned tokens;
    uint64_t refilled_at;
    struct request *requests;
    size_t request_count;
    bool subscribed;
    char *only; /* events of this VM, by its id or name; NULL: of all */
    char *type; /* and of this type; NULL: of all */
};

/* ---- Ending a connection ------------------------------------------------------------------------ */

static void doom(struct client *client)
{
    if (!client->doomed) {
        client->doomed = true;
        uv_poll_stop(&client->poll);
        uv_timer_stop(&client->timer);
        control_later(client->control);
    }
}

static void free_chunk(struct client *client, struct chunk *chunk)
{
    client->fd_backlog -= chunk->fd_count;
    for (size_t i = 0; i < chunk->fd_count; i++) {
        close(chunk->fd[i]);
    }
    free(chunk);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;

    if (--client->handles == 0) {
        free(client);
    }
}

static void request_free(struct request *r)
{
    if (r->link != NULL) {
        *r->link = r->next;
        if (r->next != NULL) {
            r->next->link = r->link;
        }
        r->client->request_count--;
    }
    for (size_t i = 0; i < r->fd_count; i++) {
        if (r->fd[i] >= 0) {
            close(r->fd[i]);
        }
    }
    json_decref(r->id);
    json_decref(r->params);
    free(r);
}

static void client_end(struct client *client)
{
    struct control *c = client->control;

    consoles_drop_client(c, client);
    while (client->requests != NULL) {
        struct request *r = client->requests;
        if (r->cancel != NULL) {
            r->cancel(r);
            request_free(r);
            continue;
        }
        /* Somebody still works on it. */
        client->requests = r->next;
        if (r->next != NULL) {
            r->next->link = &client->requests;
        }
        client->request_count--;
        r->client = NULL;
        r->link = NULL;
    }
    while (client->out != NULL) {
        struct chunk *chunk = client->out;
        client->out = chunk->next;
        free_chunk(client, chunk);
    }
    rpc_reader_free(&client->reader);
    free(client->only);
    free(client->type);
    *client->link = client->next;
    if (client->next != NULL) {
        client->next->link = client->link;
    }
    c->client_count--;
    c->stranger_count -= !client->privileged;
    uv_poll_stop(&client->poll);
    close(client->fd);
    uv_close((uv_handle_t *)&client->poll, on_client_closed);
    uv_close((uv_handle_t *)&client->timer, on_client_closed);
}

void clients_sweep(struct control *c)
{
    for (struct client *client = c->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (client->doomed) {
            client_end(client);
        }
    }
}

/* ---- Writing ------------------------------------------------------------------------------------ */

static void client_update(struct client *client);

/* Writes what goes. */
static void flush(struct client *client)
{
    while (client->out != NULL && !client->doomed) {
        struct chunk *chunk = client->out;
        long n = rpc_send_some(client->fd, chunk->bytes + chunk->done, chunk->size - chunk->done,
                               chunk->fd, chunk->done == 0 ? chunk->fd_count : 0);
        if (n == -EAGAIN) {
            return;
        }
        if (n < 0) {
            doom(client);
            return;
        }
        chunk->done += (size_t)n;
        client->backlog -= (size_t)n;
        if (chunk->done == chunk->size) {
            client->out = chunk->next;
            if (client->out == NULL) {
                client->out_end = &client->out;
            }
            free_chunk(client, chunk);
        }
    }
}

/* Queues a line made of three parts and a newline; the descriptors are taken over. */
static void queue(struct client *client, const char *const part[3], const size_t size[3],
                  const int *fds, size_t fd_count)
{
    size_t total = size[0] + size[1] + size[2] + 1;
    struct chunk *chunk = NULL;

    if (!client->doomed) {
        if (client->backlog != 0 && client->backlog + total > CONTROL_BACKLOG) {
            log_say(LOG_WARNING, NULL,
                    "control: process %ld of user %ld does not read its answers: dropped",
                    (long)client->peer.pid, (long)client->peer.uid);
        } else {
            chunk = malloc(sizeof(*chunk) + total);
        }
        if (chunk == NULL) {
            doom(client);
        }
    }
    if (chunk == NULL) {
        for (size_t i = 0; i < fd_count; i++) {
            close(fds[i]);
        }
        return;
    }
    *chunk = (struct chunk){.size = total, .fd_count = fd_count};
    if (fd_count != 0) {
        memcpy(chunk->fd, fds, fd_count * sizeof(int));
    }
    for (size_t i = 0, at = 0; i < 3; at += size[i], i++) {
        memcpy(chunk->bytes + at, part[i], size[i]);
    }
    chunk->bytes[total - 1] = '\n';
    *client->out_end = chunk;
    client->out_end = &chunk->next;
    client->backlog += total;
    client->fd_backlog += fd_count;
    if (client->out == chunk) {
        flush(client);
    }
    client_update(client);
}

void client_notify(struct client *client, const char *line, size_t size)
{
    queue(client, (const char *const[3]){line, "", ""}, (const size_t[3]){size, 0, 0}, NULL, 0);
}

/* Queues an object and takes it and the descriptors over. */
static void queue_json(struct client *client, json_t *line, const int *fds, size_t fd_count)
{
    char *text = json_dumps(line, JSON_COMPACT);

    json_decref(line);
    if (text == NULL) {
        doom(client);
    }
    queue(client, (const char *const[3]){text != NULL ? text : "", "", ""},
          (const size_t[3]){text != NULL ? strlen(text) : 0, 0, 0}, fds, fd_count);
    free(text);
}

/* ---- Answers ------------------------------------------------------------------------------------ */

void request_answer_fds(struct request *r, json_t *result, const int *fds, size_t count)
{
    if (r->client != NULL) {
        queue_json(r->client, rpc_result(json_incref(r->id), result, count), fds, count);
    } else {
        json_decref(result);
        for (size_t i = 0; i < count; i++) {
            close(fds[i]);
        }
    }
    request_free(r);
}

void request_answer(struct request *r, json_t *result)
{
    request_answer_fds(r, result, NULL, 0);
}

void request_answer_text(struct request *r, const char *result, size_t size)
{
    char *id = json_dumps(r->id, JSON_ENCODE_ANY | JSON_COMPACT);
    char head[64 + 6 * REQUEST_ID_LENGTH]; /* a character of the id is at most \u0000 */

    if (r->client != NULL && id != NULL) {
        int n = snprintf(head, sizeof(head), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":", id);
        queue(r->client, (const char *const[3]){head, result, "}"},
              (const size_t[3]){(size_t)n, size, 1}, NULL, 0);
    }
    free(id);
    request_free(r);
}

void request_fail(struct request *r, enum failure f, const char *hint, json_t *data,
                  const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (r->client != NULL) {
        queue_json(r->client, rpc_error(json_incref(r->id), f, message, hint, data), NULL, 0);
    } else {
        json_decref(data);
    }
    request_free(r);
}

void request_refuse(struct request *r, enum failure f, struct refusal *why)
{
    request_fail(r, f, why->hint, why->data, "%s", why->message);
    why->data = NULL;
}

bool request_privileged(const struct request *r)
{
    return r->client->privileged;
}

bool request_may_see(const struct request *r, const struct vm *vm)
{
    return r->client->privileged || vm->row.owner == r->client->peer.uid;
}

const struct peer *request_peer(const struct request *r)
{
    return &r->client->peer;
}

/* ---- Requests ----------------------------------------------------------------------------------- */

/* Something after which the stream means nothing any more: says so, and ends. */
static void end_with(struct client *client, enum failure f, const char *message)
{
    queue_json(client, rpc_error(NULL, f, message, NULL, NULL), NULL, 0);
    client->ended = true;
    client->more = false;
    client_update(client);
}

static bool id_valid(const json_t *id)
{
    return json_is_integer(id) || (json_is_string(id) && json_string_length(id) > 0 &&
                                   json_string_length(id) <= REQUEST_ID_LENGTH);
}

static void handle(struct client *client, const char *text, size_t size)
{
    char why[256];
    json_t *line = rpc_parse(text, size, why, sizeof(why));
    json_t *id = json_object_get(line, "id"), *fds = json_object_get(line, "fds");
    json_int_t count = json_integer_value(fds);
    struct request *r;

    if (line == NULL) {
        queue_json(client, rpc_error(NULL, FAILURE_BAD_REQUEST, why, NULL, NULL), NULL, 0);
        return;
    }
    if ((fds != NULL && !json_is_integer(fds)) || count < 0 || count > (json_int_t)RPC_FDS_MAX) {
        json_decref(line);
        end_with(client, FAILURE_BAD_REQUEST, "\"fds\" is not the number of descriptors");
        return;
    }
    r = calloc(1, sizeof(*r));
    if (r == NULL) {
        json_decref(line);
        doom(client);
        return;
    }
    r->control = client->control;
    r->client = client;
    r->id = id_valid(id) ? json_incref(id) : json_null();
    r->next = client->requests;
    r->link = &client->requests;
    if (r->next != NULL) {
        r->next->link = &r->next;
    }
    client->requests = r;
    client->request_count++;
    if (rpc_reader_take_fds(&client->reader, (size_t)count, r->fd) != 0) {
        json_decref(line);
        request_free(r);
        end_with(client, FAILURE_BAD_REQUEST, "fewer descriptors came than \"fds\" says");
        return;
    }
    r->fd_count = (size_t)count;
    if (!id_valid(id)) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL,
                     "a request needs an id: an integer, or a string of at most %u bytes",
                     REQUEST_ID_LENGTH);
        json_decref(line);
    } else if (client->request_count > REQUESTS_MAX) {
        request_fail(r, FAILURE_BUSY, "wait for an answer first", NULL,
                     "%u requests of this connection are unanswered", REQUESTS_MAX);
        json_decref(line);
    } else {
        methods_dispatch(r, line);
    }
}

/* ---- Reading ------------------------------------------------------------------------------------ */

/* The bucket fills by one token every 1000 / CONTROL_RATE milliseconds, up to CONTROL_RATE of them. */
static void refill(struct client *client)
{
    uint64_t now = uv_now(client->control->loop);
    uint64_t more = (now - client->refilled_at) * CONTROL_RATE / 1000;

    if (more >= CONTROL_RATE - client->tokens) {
        client->tokens = CONTROL_RATE;
        client->refilled_at = now;
    } else if (more > 0) {
        client->tokens += (unsigned)more;
        client->refilled_at += more * 1000 / CONTROL_RATE;
    }
}

/* Whether it reads its answers. */
static bool keeps_up(const struct client *client)
{
    return client->backlog < BACKLOG_PAUSE && client->fd_backlog < FDS_PAUSE;
}

static bool may_handle(const struct client *client)
{
    return !client->doomed && !client->ended && client->tokens > 0 && keeps_up(client);
}

static void on_client(uv_poll_t *poll, int status, int events);

/* Handles whole lines, and reads more when there are none. */
static void serve(struct client *client)
{
    bool peer_ended = false;

    refill(client);
    for (unsigned turn = 0; turn < REQUESTS_PER_TURN && may_handle(client);) {
        size_t size;
        char *line = rpc_reader_line(&client->reader, &size);
        if (line != NULL) {
            client->tokens--;
            turn++;
            handle(client, line, size);
            continue;
        }
        client->more = false;
        if (peer_ended) {
            client->ended = true;
            break;
        }
        if (!rpc_reader_clean(&client->reader)) {
            end_with(client, FAILURE_BAD_REQUEST, "descriptors came that no request announced");
            break;
        }
        long n = rpc_reader_fill(&client->reader, client->fd);
        if (n == -EAGAIN) {
            break;
        }
        if (n == -EPROTO) {
            end_with(client, FAILURE_BAD_REQUEST,
                     "a line is too long, has a NUL, or came with too many descriptors");
            break;
        }
        if (n < 0) {
            doom(client);
            break;
        }
        peer_ended = n == 0;
        client->more = n > 0;
    }
    client_update(client);
}

static void on_timer(uv_timer_t *timer)
{
    struct client *client = timer->data;

    serve(client);
}

static void on_client(uv_poll_t *poll, int status, int events)
{
    struct client *client = poll->data;

    if (status < 0) {
        doom(client);
        return;
    }
    if ((events & UV_WRITABLE) != 0) {
        flush(client);
    }
    if ((events & UV_READABLE) != 0) {
        serve(client);
    }
    client_update(client);
}

/* Waits for what this client needs next. */
static void client_update(struct client *client)
{
    int events = 0;

    if (client->doomed) {
        return;
    }
    if (client->ended && client->out == NULL) {
        doom(client); /* what it still waited for is not wanted any more */
        return;
    }
    if (client->out != NULL) {
        events |= UV_WRITABLE;
    }
    if (!client->ended && keeps_up(client)) {
        if (client->tokens == 0) {
            uv_timer_start(&client->timer, on_timer, 1000 / CONTROL_RATE, 0);
        } else if (client->more) {
            uv_timer_start(&client->timer, on_timer, 0, 0);
        } else {
            events |= UV_READABLE;
        }
    }
    if (events != 0) {
        uv_poll_start(&client->poll, events, on_client);
    } else {
        uv_poll_stop(&client->poll);
    }
}

/* ---- Events ------------------------------------------------------------------------------------- */

bool client_subscribe(struct client *client, const char *vm, const char *type)
{
    char *only = vm != NULL ? strdup(vm) : NULL;
    char *of_type = type != NULL ? strdup(type) : NULL;

    if ((vm != NULL && only == NULL) || (type != NULL && of_type == NULL)) {
        free(only);
        free(of_type);
        return false;
    }
    free(client->only);
    free(client->type);
    client->only = only;
    client->type = of_type;
    client->subscribed = true;
    return true;
}

/* Which VM an event is about: its id, NULL for the host's own. */
static const char *subject_of(const struct vm *vm, const json_t *event)
{
    return vm != NULL ? vm->row.id : json_string_value(json_object_get(event, "id"));
}

bool client_may_see(const struct client *client, const struct vm *vm, const json_t *event)
{
    const char *id = subject_of(vm, event);

    if (client->privileged) {
        return true;
    }
    vm = vm != NULL ? vm : (id != NULL ? farm_find(client->control->farm, id) : NULL);
    return vm != NULL && vm->row.owner == client->peer.uid;
}

static bool wants(const struct client *client, const struct vm *vm, const json_t *event)
{
    const char *id = subject_of(vm, event);
    const char *name = json_string_value(json_object_get(event, "vm"));
    const char *type = json_string_value(json_object_get(event, "type"));

    return client->subscribed && !client->doomed &&
           (client->type == NULL || (type != NULL && fnmatch(client->type, type, 0) == 0)) &&
           (client->only == NULL || (id != NULL && strcmp(client->only, id) == 0) ||
            (name != NULL && strcmp(client->only, name) == 0)) &&
           client_may_see(client, vm, event);
}

void clients_look(struct control *c, struct vm *vm, const json_t *event)
{
    char *text = NULL;

    for (struct client *client = c->clients; client != NULL; client = client->next) {
        if (!wants(client, vm, event)) {
            continue;
        }
        if (text == NULL) {
            json_t *line = rpc_notification("event", json_incref((json_t *)(uintptr_t)event));
            text = json_dumps(line, JSON_COMPACT);
            json_decref(line);
        }
        if (text != NULL) {
            client_notify(client, text, strlen(text));
        }
    }
    free(text);
}

/* ---- All of them -------------------------------------------------------------------------------- */

bool clients_add(struct control *c, int fd, const struct peer *peer, bool privileged)
{
    struct client *client = calloc(1, sizeof(*client));

    if (client == NULL || uv_poll_init(c->loop, &client->poll, fd) != 0) {
        free(client);
        return false;
    }
    uv_timer_init(c->loop, &client->timer);
    client->poll.data = client->timer.data = client;
    client->handles = 2;
    client->control = c;
    client->fd = fd;
    client->peer = *peer;
    client->privileged = privileged;
    client->tokens = CONTROL_RATE;
    client->refilled_at = uv_now(c->loop);
    client->out_end = &client->out;
    rpc_reader_init(&client->reader, RPC_REQUEST_MAX);
    client->next = c->clients;
    client->link = &c->clients;
    if (client->next != NULL) {
        client->next->link = &client->next;
    }
    c->clients = client;
    c->client_count++;
    c->stranger_count += !privileged;
    client_update(client);
    return true;
}

size_t clients_of_user(const struct control *c, uid_t uid)
{
    size_t count = 0;

    for (const struct client *client = c->clients; client != NULL; client = client->next) {
        count += client->peer.uid == uid;
    }
    return count;
}

void clients_judge(struct control *c)
{
    for (struct client *client = c->clients; client != NULL; client = client->next) {
        if (client->privileged && !control_is_privileged(c, &client->peer)) {
            doom(client);
        }
    }
}

void clients_end(struct control *c)
{
    while (c->clients != NULL) {
        flush(c->clients); /* as far as it goes at once */
        client_end(c->clients);
    }
}
