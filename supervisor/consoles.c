/* SPDX-License-Identifier: ISC */
/*
 * consoles.c: vm.console, and the console that came with vm.create: a client's stream is passed on to the worker, which
 * serves it from then on. See methods.h.
 *
 * One client at a time may write. The daemon keeps each stream too, so that it can end it when its client's connection
 * goes, when another takes over by force, and when the run ends; and so that the client is told why, by a notification,
 * before its stream ends. A stream that came with vm.create is passed along with each START: its client sees all
 * that the guest prints, however short its life, and goes on over restarts until the VM rests.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"
#include "methods.h"
#include "worker.h"

#define CONSOLES_PER_CLIENT 16u

struct console {
    struct console *next, **link; /* link NULL: of a VM that is not made yet */
    struct control *control;
    struct client *client;
    uint64_t serial; /* names it to an answer that may come after its end */
    char vm[VM_ID_LENGTH + 1];
    uint64_t boots; /* of the VM when it began */
    bool writes, follows;
    struct peer peer;
    int fd;
};

static void drop(struct console *console)
{
    struct vm *vm = farm_find(console->control->farm, console->vm);

    if (vm != NULL && vm->console == console->fd) {
        vm->console = -1;
    }
    *console->link = console->next;
    if (console->next != NULL) {
        console->next->link = console->link;
    }
    shutdown(console->fd, SHUT_RDWR);
    close(console->fd);
    free(console);
}

/* Tells the client why and drops it. `detail` is taken over. */
static void end(struct console *console, const char *reason, json_t *detail)
{
    json_t *line;
    char *text;

    json_object_set_new(detail, "id", json_string(console->vm));
    json_object_set_new(detail, "reason", json_string(reason));
    line = rpc_notification("console", detail);
    text = json_dumps(line, JSON_COMPACT);
    if (text != NULL) {
        client_notify(console->client, text, strlen(text));
    }
    free(text);
    json_decref(line);
    drop(console);
}

static json_t *peer_detail(const struct peer *peer)
{
    json_t *o = json_object();

    json_object_set_new(o, "uid", json_integer((json_int_t)peer->uid));
    json_object_set_new(o, "pid", json_integer((json_int_t)peer->pid));
    return o;
}

/* How the latest run ended, as in a VM's summary. */
static json_t *outcome_detail(const struct vm *vm)
{
    json_t *summary = vm_summary(vm, 0), *o = json_object();

    json_object_set(o, "state", json_object_get(summary, "state"));
    json_object_set(o, "outcome", json_object_get(summary, "outcome"));
    json_object_set(o, "cause", json_object_get(summary, "cause"));
    json_decref(summary);
    return o;
}

void consoles_drop_client(struct control *c, const struct client *client)
{
    for (struct console *console = c->consoles, *next; console != NULL; console = next) {
        next = console->next;
        if (console->client == client) {
            drop(console);
        }
    }
}

static bool rests(const struct vm *vm)
{
    enum vm_state state = vm_state(vm);

    return state == VM_STOPPED || state == VM_FAILED;
}

void consoles_look(struct control *c, const struct vm *vm, const json_t *event)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    bool ended = type != NULL && strcmp(type, "vm.ended") == 0;
    bool over = type != NULL && (strcmp(type, "vm.removed") == 0 || rests(vm));

    for (struct console *console = c->consoles, *next; console != NULL; console = next) {
        next = console->next;
        if (strcmp(console->vm, vm->row.id) == 0 && (console->follows ? over : ended || over)) {
            end(console, "ended", outcome_detail(vm));
        }
    }
}

/* Those whose VM went without a word that was understood. */
void consoles_sweep(struct control *c)
{
    for (struct console *console = c->consoles, *next; console != NULL; console = next) {
        const struct vm *vm = farm_find(c->farm, console->vm);
        next = console->next;
        if (vm == NULL ||
            (!console->follows && (vm->worker == NULL || vm->row.boots != console->boots))) {
            end(console, "ended", vm != NULL ? outcome_detail(vm) : json_object());
        }
    }
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

/* Who may write to this VM's console now. */
static struct console *find_writer(const struct control *c, const char *vm)
{
    for (struct console *console = c->consoles; console != NULL; console = console->next) {
        if (console->writes && strcmp(console->vm, vm) == 0 && !hung_up(console->fd)) {
            return console;
        }
    }
    return NULL;
}

/* A client's streams are descriptors of the daemon's, whatever the worker does with its own: those that nobody listens to
 * go, and of the others it has no more than CONSOLES_PER_CLIENT. */
static bool has_room(const struct client *client, struct control *c)
{
    size_t count = 0;

    for (struct console *console = c->consoles, *next; console != NULL; console = next) {
        next = console->next;
        if (console->client == client && hung_up(console->fd)) {
            drop(console);
        } else {
            count += console->client == client;
        }
    }
    return count < CONSOLES_PER_CLIENT;
}

void consoles_judge(struct control *c)
{
    for (struct console *console = c->consoles, *next; console != NULL; console = next) {
        const struct vm *vm = farm_find(c->farm, console->vm);
        next = console->next;
        if (vm != NULL && !client_may_see(console->client, vm, NULL)) {
            end(console, "denied", json_object());
        }
    }
}

static bool is_stream(int fd)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof(a), type_size = sizeof(int);
    int type;

    return getsockname(fd, (struct sockaddr *)&a, &size) == 0 && a.ss_family == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

struct console *consoles_take(struct request *r, size_t index)
{
    static uint64_t serial;
    int fd = r->fd[index];
    struct console *console;

    if (!is_stream(fd)) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "the descriptor is no Unix stream socket");
        return NULL;
    }
    if (!has_room(r->client, r->control)) {
        request_fail(r, FAILURE_BUSY, "close one of them", NULL,
                     "%u consoles of this connection are open", CONSOLES_PER_CLIENT);
        return NULL;
    }
    console = calloc(1, sizeof(*console));
    if (console == NULL) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
        return NULL;
    }
    *console = (struct console){.control = r->control,
                                .client = r->client,
                                .serial = ++serial,
                                .writes = true,
                                .peer = *request_peer(r),
                                .fd = fd};
    r->fd[index] = -1;
    return console;
}

void consoles_give_up(struct console *console)
{
    if (console != NULL) {
        close(console->fd);
        free(console);
    }
}

static void enlist(struct console *console, const struct vm *vm)
{
    struct control *c = console->control;

    memcpy(console->vm, vm->row.id, sizeof(console->vm));
    console->boots = vm->row.boots;
    console->next = c->consoles;
    console->link = &c->consoles;
    if (console->next != NULL) {
        console->next->link = &console->next;
    }
    c->consoles = console;
}

/* Whether this request may write; the one before it is turned out if that is wanted. false: answered. */
static bool make_way(struct request *r)
{
    struct console *holder = find_writer(r->control, r->vm->row.id);

    if (holder != NULL && !request_flag(r, "force")) {
        request_fail(r, FAILURE_WRONG_STATE, "attach read-only, or take it over by force",
                     peer_detail(&holder->peer),
                     "process %ld of user %ld writes to the console of \"%s\"",
                     (long)holder->peer.pid, (long)holder->peer.uid, r->vm->row.config.name);
        return false;
    }
    if (holder != NULL) {
        end(holder, "taken", peer_detail(request_peer(r)));
    }
    return true;
}

static void on_joined(void *ctx, int err, const struct msg_stats *stats)
{
    (void)ctx;
    (void)stats;
    if (err != 0) {
        log_say(LOG_WARNING, NULL, "a worker did not take a console: %s", strerror(-err));
    }
}

void consoles_follow(struct console *console, struct vm *vm)
{
    struct console *holder;
    int fd;

    if (console == NULL) {
        return;
    }
    holder = find_writer(console->control, vm->row.id);
    enlist(console, vm);
    console->follows = true;
    if (holder != NULL) { /* a second request with the key of the first */
        end(console, "taken", peer_detail(&holder->peer));
    } else if (vm->row.boots != 0 && rests(vm)) {
        end(console, "ended", outcome_detail(vm));
    } else {
        vm->console = console->fd;
        fd = vm->worker != NULL ? fcntl(console->fd, F_DUPFD_CLOEXEC, 0) : -1;
        if (fd >= 0) {
            worker_attach_console(vm->worker, fd, on_joined, NULL);
        }
    }
}

/* ---- vm.console --------------------------------------------------------------------------------- */

static void refuse_attach(struct request *r, int err, const char *name)
{
    switch (err) {
    case -EPIPE:
    case -EAGAIN:
        request_fail(r, FAILURE_WRONG_STATE, "vmctl logs shows what its last run said", NULL,
                     "VM \"%s\" ends: there is no console to attach to", name);
        break;
    case -EBUSY:
        request_fail(r, FAILURE_BUSY, NULL, NULL, "too many clients watch the console of \"%s\"",
                     name);
        break;
    default:
        request_fail(r, err == -ETIMEDOUT ? FAILURE_TIMED_OUT : FAILURE_INTERNAL, NULL, NULL,
                     "the worker of \"%s\" did not take the console: %s", name, strerror(-err));
    }
}

static void on_attached(void *ctx, int err, const struct msg_stats *stats)
{
    struct request *r = ctx;
    uint64_t serial = (uint64_t)request_integer(r, "serial", 0);

    (void)stats;
    if (err == 0) {
        request_answer(r, json_object());
        return;
    }
    for (struct console *console = r->control->consoles; console != NULL; console = console->next) {
        if (console->serial == serial) {
            drop(console);
            break;
        }
    }
    refuse_attach(r, err, request_string(r, "name"));
}

void method_vm_console(struct request *r)
{
    bool read_only = request_flag(r, "read_only");
    struct console *console;
    int fd;

    if (r->vm->worker == NULL || r->vm->row.seen == SEEN_STARTING) {
        request_fail(r, FAILURE_WRONG_STATE, "vmctl logs shows what its last run said", NULL,
                     "VM \"%s\" is %s: there is no console to attach to", r->vm->row.config.name,
                     vm_state_name(vm_state(r->vm)));
        return;
    }
    console = consoles_take(r, 0);
    if (console == NULL) {
        return;
    }
    console->writes = !read_only;
    /* Of one who watches, nothing that is written at the other end arrives here, whatever the worker does. */
    if (read_only && shutdown(console->fd, SHUT_RD) != 0) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "the stream is not connected");
        consoles_give_up(console);
        return;
    }
    fd = fcntl(console->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "%s", strerror(errno));
        consoles_give_up(console);
        return;
    }
    if (!read_only && !make_way(r)) {
        close(fd);
        consoles_give_up(console);
        return;
    }
    enlist(console, r->vm);
    json_object_set_new(r->params, "serial", json_integer((json_int_t)console->serial));
    worker_attach_console(r->vm->worker, fd, on_attached, r);
}
