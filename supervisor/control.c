/* SPDX-License-Identifier: ISC */
/*
 * control.c: the socket that vmctl talks to: connections, lines in, lines out. See control.h.
 *
 * A client costs at most: its reader's buffer (RPC_REQUEST_MAX), CONTROL_BACKLOG of answers and events, and
 * REQUESTS_MAX requests that wait for something. It is served REQUESTS_PER_TURN requests at a time, so that others come
 * in between. Nothing here blocks.
 *
 * A connection is never ended from inside of a callback that something else may have called: it is doomed, and the
 * `later` timer takes it away.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "methods.h"

#define REQUESTS_MAX       64u /* of one client, unanswered */
#define REQUESTS_PER_TURN  16u
#define ACCEPTS_PER_TURN   16u
#define STRANGERS_MAX      64u /* connections of VMs' owners, all together, so that they leave room */
#define STRANGERS_PER_USER 16u
#define PAUSE_MS           100u /* before accepting again when descriptors were short */
/* With so much unread, a client's next requests wait. Events come anyway, up to CONTROL_BACKLOG. */
#define BACKLOG_PAUSE      (CONTROL_BACKLOG / 8)

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
    size_t backlog;
    unsigned tokens;
    uint64_t refilled_at;
    struct request *requests;
    size_t request_count;
    bool subscribed;
    char *only; /* events of this VM, by its id or name; NULL: of all */
    char *type; /* and of this type; NULL: of all */
};

/* ---- Ending a connection ------------------------------------------------------------------------ */

static void on_later(uv_timer_t *timer);

void control_later(struct control *c)
{
    if (!c->closing && !uv_is_active((uv_handle_t *)&c->later)) {
        uv_timer_start(&c->later, on_later, 0, 0);
    }
}

static void doom(struct client *client)
{
    if (!client->doomed) {
        client->doomed = true;
        uv_poll_stop(&client->poll);
        uv_timer_stop(&client->timer);
        control_later(client->control);
    }
}

static void free_chunk(struct chunk *chunk)
{
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
        free_chunk(chunk);
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

static void on_later(uv_timer_t *timer)
{
    struct control *c = timer->data;

    waits_sweep(c);
    consoles_sweep(c);
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
            free_chunk(chunk);
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

static bool may_handle(const struct client *client)
{
    return !client->doomed && !client->ended && client->tokens > 0 &&
           client->backlog < BACKLOG_PAUSE;
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
    if (!client->ended && client->backlog < BACKLOG_PAUSE) {
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

/* The farm's watcher. */
static void on_change(void *ctx, struct vm *vm, const json_t *event)
{
    struct control *c = ctx;
    char *text = NULL;
    json_int_t seq = json_integer_value(json_object_get(event, "seq"));

    if (seq > c->last_seq) {
        c->last_seq = seq;
    }
    if (vm != NULL) {
        waits_look(c, vm, event);
        consoles_look(c, vm, event);
    }
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
    control_later(c);
}

/* ---- Accepting ---------------------------------------------------------------------------------- */

static bool is_privileged(const struct control *c, const struct peer *peer)
{
    return peer->uid == 0 || peer->uid == geteuid() ||
           (c->has_group && peer_in_group(peer, c->group));
}

static bool owns_something(const struct control *c, uid_t uid)
{
    for (size_t i = 0; i < farm_count(c->farm); i++) {
        if (farm_at(c->farm, i)->row.owner == uid) {
            return true;
        }
    }
    return false;
}

/* Why this peer is not let in; FAILURE_NONE: it is. */
static enum failure refuse(const struct control *c, const struct peer *peer, bool privileged,
                           const char **why)
{
    size_t of_user = 0;

    if (!privileged && !owns_something(c, peer->uid)) {
        *why = "you are neither root, nor in the daemon's group, nor the owner of a VM";
        return FAILURE_DENIED;
    }
    for (const struct client *other = c->clients; other != NULL; other = other->next) {
        of_user += other->peer.uid == peer->uid;
    }
    *why = "too many connections";
    if (c->client_count >= CONTROL_CLIENTS_MAX ||
        of_user >= (privileged ? CONTROL_CLIENTS_PER_USER : STRANGERS_PER_USER) ||
        (!privileged && c->stranger_count >= STRANGERS_MAX)) {
        return FAILURE_BUSY;
    }
    return FAILURE_NONE;
}

/* One line that fits in any socket's buffer, and the end. */
static void turn_away(int fd, enum failure f, const char *why)
{
    json_t *line = rpc_error(NULL, f, why, NULL, NULL);
    char *text = json_dumps(line, JSON_COMPACT);
    char buf[512];

    if (text != NULL) {
        int n = snprintf(buf, sizeof(buf), "%s\n", text);
        if (n > 0 && (size_t)n < sizeof(buf)) {
            (void)rpc_send_some(fd, buf, (size_t)n, NULL, 0);
        }
    }
    free(text);
    json_decref(line);
    close(fd);
}

static void set_up_socket(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
}

static void welcome(struct control *c, int fd)
{
    struct peer peer;
    const char *why = "the kernel does not say who you are";
    bool privileged;
    enum failure f = FAILURE_DENIED;
    struct client *client;

    set_up_socket(fd);
    if (peer_get(fd, &peer) == 0) {
        privileged = is_privileged(c, &peer);
        f = refuse(c, &peer, privileged, &why);
    }
    client = f == FAILURE_NONE ? calloc(1, sizeof(*client)) : NULL;
    if (client == NULL) {
        turn_away(fd, f != FAILURE_NONE ? f : FAILURE_INTERNAL, why);
        return;
    }
    client->control = c;
    client->fd = fd;
    client->peer = peer;
    client->privileged = privileged;
    client->tokens = CONTROL_RATE;
    client->refilled_at = uv_now(c->loop);
    client->out_end = &client->out;
    rpc_reader_init(&client->reader, RPC_REQUEST_MAX);
    if (uv_poll_init(c->loop, &client->poll, fd) != 0) {
        free(client);
        turn_away(fd, FAILURE_BUSY, "the daemon is short of resources");
        return;
    }
    uv_timer_init(c->loop, &client->timer);
    client->poll.data = client->timer.data = client;
    client->handles = 2;
    client->next = c->clients;
    client->link = &c->clients;
    if (client->next != NULL) {
        client->next->link = &client->next;
    }
    c->clients = client;
    c->client_count++;
    c->stranger_count += !privileged;
    client_update(client);
}

static void on_listener(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct control *c = timer->data;

    uv_poll_start(&c->poll, UV_READABLE, on_listener);
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
    struct control *c = poll->data;

    (void)events;
    for (unsigned i = 0; status == 0 && i < ACCEPTS_PER_TURN; i++) {
        int fd = accept(c->listener, NULL, NULL);
        if (fd >= 0) {
            welcome(c, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_say(LOG_ERR, NULL, "control: no connection can be accepted: %s", strerror(errno));
            uv_poll_stop(&c->poll); /* it would stay readable */
            uv_timer_start(&c->pause, on_pause_over, PAUSE_MS, 0);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* ---- Listening ---------------------------------------------------------------------------------- */

static int set_address(struct sockaddr_un *a, const char *path)
{
    memset(a, 0, sizeof(*a));
    a->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(a->sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(a->sun_path, path, strlen(path) + 1);
    return 0;
}

/* Removes a socket that nobody serves any more. 0, or a negative errno with `why`. */
static int clear_path(const struct sockaddr_un *a, char *why, size_t size)
{
    struct stat st;
    int fd, err = 0;

    if (lstat(a->sun_path, &st) != 0) {
        return 0; /* bind() says what else is wrong */
    }
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(why, size, "%s exists and is no socket; it is left alone", a->sun_path);
        return -EEXIST;
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0) {
        err = fd < 0 ? -errno : -EADDRINUSE;
        snprintf(why, size, "%s: %s", a->sun_path,
                 fd < 0 ? strerror(errno) : "another daemon answers there");
    } else if (errno != ECONNREFUSED) {
        err = -errno;
        snprintf(why, size, "%s: cannot tell whether a daemon answers there: %s", a->sun_path,
                 strerror(errno));
    } else if (unlink(a->sun_path) != 0) {
        err = -errno;
        snprintf(why, size, "%s: cannot remove the old socket: %s", a->sun_path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

/* Everybody may connect, because the owner of a VM may be anybody: who it is decides what he can do. */
#define SOCKET_MODE 0666

static int listen_at(const char *path, char *why, size_t size)
{
    struct sockaddr_un a;
    int fd = -1;

    if (set_address(&a, path) != 0) {
        snprintf(why, size, "%s: the path of a socket has at most %zu bytes", path,
                 sizeof(a.sun_path) - 1);
        return -1;
    }
    if (clear_path(&a, why, size) != 0) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        chmod(path, SOCKET_MODE) != 0 || listen(fd, 128) != 0) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* What a service's settings passed on may be anything. */
static bool is_listener(int fd)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof(a), type_size = sizeof(int), on_size = sizeof(int);
    int type = 0, on = 0;

    return getsockname(fd, (struct sockaddr *)&a, &size) == 0 && a.ss_family == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &on_size) == 0 && on != 0;
}

int control_set_group(struct control *c, const char *name, char *why, size_t size)
{
    struct group *g = name != NULL ? getgrnam(name) : NULL;
    unsigned long number = 0;
    char *end;

    if (name != NULL && g == NULL) {
        number = strtoul(name, &end, 10);
        if (*end != '\0' || end == name || number > UINT32_MAX) {
            snprintf(why, size, "socket_group: there is no group \"%s\"", name);
            return -ENOENT;
        }
    }
    c->has_group = name != NULL;
    c->group = g != NULL ? g->gr_gid : (gid_t)number;
    for (struct client *client = c->clients; client != NULL; client = client->next) {
        if (client->privileged && !is_privileged(c, &client->peer)) {
            doom(client);
        }
    }
    return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct control *c = handle->data;

    if (--c->handles == 0) {
        free(c->keys);
        free(c->path);
        free(c);
    }
}

static void close_handle(void *handle)
{
    uv_close(handle, on_handle_closed);
}

struct control *control_new(uv_loop_t *loop, struct farm *farm, struct state *state,
                            const char *path, int inherited, const char *group,
                            const struct control_daemon *d, char *why, size_t size)
{
    struct control *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        snprintf(why, size, "no memory");
        return NULL;
    }
    c->loop = loop;
    c->farm = farm;
    c->state = state;
    c->daemon = *d;
    c->listener = -1;
    c->keys = calloc(CREATE_KEYS_MAX, sizeof(*c->keys));
    c->path = inherited < 0 ? strdup(path) : NULL;
    if (c->keys == NULL || (inherited < 0 && c->path == NULL)) {
        snprintf(why, size, "no memory");
        goto fail;
    }
    if (control_set_group(c, group, why, size) != 0) {
        goto fail;
    }
    if (inherited >= 0 && !is_listener(inherited)) {
        snprintf(why, size,
                 "descriptor %d, which the service manager passed, is no listening Unix "
                 "socket",
                 inherited);
        goto fail;
    }
    c->listener = inherited >= 0 ? inherited : listen_at(path, why, size);
    if (c->listener < 0) {
        goto fail;
    }
    set_up_socket(c->listener);
    if (uv_poll_init(loop, &c->poll, c->listener) != 0) {
        snprintf(why, size, "%s: the socket cannot be watched", path);
        goto fail;
    }
    uv_timer_init(loop, &c->pause);
    uv_timer_init(loop, &c->later);
    uv_timer_init(loop, &c->ping);
    c->poll.data = c->pause.data = c->later.data = c->ping.data = c;
    c->handles = 4;
    uv_poll_start(&c->poll, UV_READABLE, on_listener);
    farm_watch(farm, on_change, c);
    return c;

fail:
    if (c->listener >= 0 && inherited < 0) {
        close(c->listener);
        unlink(path);
    }
    free(c->keys);
    free(c->path);
    free(c);
    return NULL;
}

void control_free(struct control *c)
{
    if (c == NULL) {
        return;
    }
    farm_watch(c->farm, NULL, NULL);
    c->closing = true;
    while (c->clients != NULL) {
        flush(c->clients); /* as far as it goes at once */
        client_end(c->clients);
    }
    uv_poll_stop(&c->poll);
    close(c->listener);
    if (c->path != NULL) {
        unlink(c->path);
    }
    close_handle(&c->poll);
    close_handle(&c->pause);
    close_handle(&c->later);
    close_handle(&c->ping);
}
