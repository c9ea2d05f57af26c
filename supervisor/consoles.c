/* SPDX-License-Identifier: ISC */
/*
 * consoles.c: vm.console: a client's stream is passed on to the worker, which serves it from then on. See methods.h.
 *
 * One client at a time may write. The daemon keeps a duplicate of the writer's stream, so that it can end it when the
 * writer's connection goes, when another takes over by force, and when the run ends; a duplicate would else keep
 * the stream open for the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "methods.h"
#include "worker.h"

struct console {
    struct console *next, **link;
    const struct client *client;
    char vm[VM_ID_LENGTH + 1];
    uint64_t boots; /* of the VM when it began */
    struct peer peer;
    int fd;
};

static void drop(struct console *console)
{
    *console->link = console->next;
    if (console->next != NULL) {
        console->next->link = console->link;
    }
    shutdown(console->fd, SHUT_RDWR);
    close(console->fd);
    free(console);
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

void consoles_sweep(struct control *c)
{
    for (struct console *console = c->consoles, *next; console != NULL; console = next) {
        const struct vm *vm = farm_find(c->farm, console->vm);
        next = console->next;
        if (vm == NULL || vm->worker == NULL || vm->row.boots != console->boots) {
            drop(console);
        }
    }
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static struct console *find_writer(const struct control *c, const char *vm)
{
    for (struct console *console = c->consoles; console != NULL; console = console->next) {
        if (strcmp(console->vm, vm) == 0) {
            return console;
        }
    }
    return NULL;
}

static bool is_stream(int fd)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof(a), type_size = sizeof(int);
    int type;

    return getsockname(fd, (struct sockaddr *)&a, &size) == 0 && a.ss_family == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

/* Whether this request may write; the one before it is turned out if that is wanted. false: answered. */
static bool make_way(struct request *r)
{
    struct console *holder = find_writer(r->control, r->vm->row.id);

    if (holder != NULL && !hung_up(holder->fd) && !request_flag(r, "force")) {
        json_t *data = json_object();
        json_object_set_new(data, "uid", json_integer((json_int_t)holder->peer.uid));
        json_object_set_new(data, "pid", json_integer((json_int_t)holder->peer.pid));
        request_fail(r, FAILURE_WRONG_STATE, "attach read-only, or take it over by force", data,
                     "process %ld of user %ld writes to the console of \"%s\"",
                     (long)holder->peer.pid, (long)holder->peer.uid, r->vm->row.config.name);
        return false;
    }
    if (holder != NULL) {
        drop(holder);
    }
    return true;
}

/* Notes who writes from now on. 0 or a negative errno. */
static int note_writer(struct request *r)
{
    struct control *c = r->control;
    struct console *console = calloc(1, sizeof(*console));
    int fd = console != NULL ? fcntl(r->fd[0], F_DUPFD_CLOEXEC, 0) : -1;

    if (fd < 0) {
        int err = console != NULL ? -errno : -ENOMEM;
        free(console);
        return err;
    }
    *console = (struct console){.next = c->consoles,
                                .link = &c->consoles,
                                .client = r->client,
                                .boots = r->vm->row.boots,
                                .peer = *request_peer(r),
                                .fd = fd};
    memcpy(console->vm, r->vm->row.id, sizeof(console->vm));
    if (console->next != NULL) {
        console->next->link = &console->next;
    }
    c->consoles = console;
    return 0;
}

static void on_attached(void *ctx, int err, const struct msg_stats *stats)
{
    struct request *r = ctx;

    (void)stats;
    if (err == 0) {
        request_answer(r, json_object());
        return;
    }
    struct console *writer = r->client != NULL && !request_flag(r, "read_only")
                                 ? find_writer(r->control, request_string(r, "id"))
                                 : NULL;
    if (writer != NULL && writer->client == r->client) {
        drop(writer);
    }
    request_fail(r, err == -ETIMEDOUT ? FAILURE_TIMED_OUT : FAILURE_INTERNAL, NULL, NULL,
                 "the worker did not take the console: %s", strerror(-err));
}

void method_vm_console(struct request *r)
{
    int err, fd = r->fd[0];

    if (!is_stream(fd)) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "the descriptor is no Unix stream socket");
        return;
    }
    if (r->vm->worker == NULL || r->vm->row.seen == SEEN_STARTING) {
        request_fail(r, FAILURE_WRONG_STATE, "vmctl logs shows what its last run said", NULL,
                     "VM \"%s\" is %s: there is no console to attach to", r->vm->row.config.name,
                     vm_state_name(vm_state(r->vm)));
        return;
    }
    if (request_flag(r, "read_only")) {
        /* Nothing that is written at the other end arrives here, whatever the worker does. */
        if (shutdown(fd, SHUT_RD) != 0) {
            request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "the stream is not connected");
            return;
        }
    } else {
        if (!make_way(r)) {
            return;
        }
        err = note_writer(r);
        if (err != 0) {
            request_fail(r, FAILURE_INTERNAL, NULL, NULL, "%s", strerror(-err));
            return;
        }
    }
    json_object_set_new(r->params, "id", json_string(r->vm->row.id));
    r->fd[0] = -1; /* the worker's */
    worker_attach_console(r->vm->worker, fd, on_attached, r);
}
