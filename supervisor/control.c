/* SPDX-License-Identifier: ISC */
/*
 * control.c: the socket that vmctl talks to: who is let in, and what everybody is told of. See control.h.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "methods.h"

#define ACCEPTS_PER_TURN   16u
#define STRANGERS_MAX      64u /* connections of VMs' owners, all together, so that they leave room */
#define STRANGERS_PER_USER 16u
#define PAUSE_MS           100u /* before accepting again when descriptors were short */

/* ---- Changes ------------------------------------------------------------------------------------ */

static void on_later(uv_timer_t *timer)
{
    struct control *c = timer->data;

    waits_sweep(c);
    consoles_sweep(c);
    clients_sweep(c);
}

void control_later(struct control *c)
{
    if (!c->closing && !uv_is_active((uv_handle_t *)&c->later)) {
        uv_timer_start(&c->later, on_later, 0, 0);
    }
}

/* The farm's watcher. */
static void on_change(void *ctx, struct vm *vm, const json_t *event)
{
    struct control *c = ctx;
    json_int_t seq = json_integer_value(json_object_get(event, "seq"));

    if (seq > c->last_seq) {
        c->last_seq = seq;
    }
    if (vm != NULL) {
        waits_look(c, vm, event);
        consoles_look(c, vm, event);
    }
    clients_look(c, vm, event);
    control_later(c);
}

/* ---- Accepting ---------------------------------------------------------------------------------- */

bool control_is_privileged(const struct control *c, const struct peer *peer)
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
    if (!privileged && !owns_something(c, peer->uid)) {
        *why = "you are neither root, nor in the daemon's group, nor the owner of a VM";
        return FAILURE_DENIED;
    }
    *why = "too many connections";
    if (c->client_count >= CONTROL_CLIENTS_MAX ||
        clients_of_user(c, peer->uid) >=
            (privileged ? CONTROL_CLIENTS_PER_USER : STRANGERS_PER_USER) ||
        (!privileged && c->stranger_count >= STRANGERS_MAX)) {
        return FAILURE_BUSY;
    }
    return FAILURE_NONE;
}

/* One line that fits in any socket's buffer, and the end. */
static void turn_away(int fd, enum failure f, const char *why)
{
    const char *hint = f == FAILURE_DENIED
                           ? "use sudo, or have yourself put into the group that socket_group names"
                           : NULL;
    json_t *line = rpc_error(NULL, f, why, hint, NULL);
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
    bool privileged = false;
    enum failure f = FAILURE_DENIED;

    set_up_socket(fd);
    if (peer_get(fd, &peer) == 0) {
        privileged = control_is_privileged(c, &peer);
        f = refuse(c, &peer, privileged, &why);
    }
    if (f == FAILURE_NONE && !clients_add(c, fd, &peer, privileged)) {
        f = FAILURE_BUSY;
        why = "the daemon is short of resources";
    }
    if (f != FAILURE_NONE) {
        turn_away(fd, f, why);
    }
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

/* Whoever may not do any more what is under way is stopped. */
static void judge_all(struct control *c)
{
    clients_judge(c);
    consoles_judge(c);
    waits_judge(c);
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
            judge_all(c);
            return -ENOENT;
        }
    }
    c->has_group = name != NULL;
    c->group = g != NULL ? g->gr_gid : (gid_t)number;
    judge_all(c);
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
    clients_end(c);
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
