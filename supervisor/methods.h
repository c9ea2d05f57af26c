/* SPDX-License-Identifier: ISC */
/*
 * methods.h: what a client can ask for: the table of methods, and what their code has to work with.
 *
 * One table says each method's name, parameters, descriptors and who may call it; methods.c checks a request against
 * it, so that the code behind a method sees nothing else. paddock-protocol(5) is compared with the table by a test.
 *
 * clients.c reads requests and sends answers; methods-host.c, methods-vm.c, waits.c and consoles.c are the methods.
 * On the loop's thread.
 */
#ifndef PADDOCK_METHODS_H
#define PADDOCK_METHODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

#include "control.h"
#include "peer.h"
#include "rpc.h"

struct client;
struct console;
struct waiter;

#define CREATE_KEYS_MAX    1024u /* idempotency keys that are remembered */
#define CREATE_KEY_LENGTH  64u
#define REQUEST_ID_LENGTH  64u
#define REQUEST_TEXT_MAX   4096u /* bytes of a parameter that is a string or strings */
#define METHODS_PARAMS_MAX 8u
#define EVENTS_PAGE        1000u /* events of one answer at most */
#define EVENTS_REPLAY_MAX  4000u /* and of the history that a subscription begins with */

/* One request from its line to its answer. Whoever has it answers it exactly once, now or later; that frees it. */
struct request {
    struct control *control;
    struct client *client; /* NULL: it is gone; the answer is dropped */
    struct request *next, **link;
    json_t *id, *params;
    size_t fd_count;
    int fd[RPC_FDS_MAX]; /* what is still here when it is answered is closed; -1: taken */
    struct vm *vm;       /* of methods of one VM; valid during the call alone */
    /* A deferred one whose client goes: lets go of what waits for it. It is freed after this. NULL: it stays until its
     * answer. */
    void (*cancel)(struct request *r);
    void *ctx;
};

/* The answers. All take over what they are given; r is freed. */
void request_answer(struct request *r, json_t *result);
void request_answer_fds(struct request *r, json_t *result, const int *fds, size_t count);
/* `members` is the text of the result, from "{" to "}"; it is copied. */
void request_answer_text(struct request *r, const char *result, size_t size);
void request_fail(struct request *r, enum failure f, const char *hint, json_t *data,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
void request_refuse(struct request *r, enum failure f, struct refusal *why);

/* Who asks. */
bool request_privileged(const struct request *r); /* root, the daemon's own user, the group */
bool request_may_see(const struct request *r, const struct vm *vm);
const struct peer *request_peer(const struct request *r);
/* Checked parameters: absent ones are NULL, 0 and false. */
const char *request_string(const struct request *r, const char *name);
json_int_t request_integer(const struct request *r, const char *name, json_int_t fallback);
bool request_flag(const struct request *r, const char *name);
/* Whether `text` is (one of) the string or strings of this parameter; absent: yes. */
bool request_matches(const struct request *r, const char *name, const char *text);

/* From now on the client is sent events: all, or those of one VM (id or name), or of a type, which may have wildcards
 * (both copied). false: no memory. */
bool client_subscribe(struct client *c, const char *vm, const char *type);
/* Queues one line, after what is queued already. Takes over nothing. */
void client_notify(struct client *c, const char *line, size_t size);
/* `vm` NULL: the one that the event names, if it is still there. */
bool client_may_see(const struct client *c, const struct vm *vm, const json_t *event);

enum param_type {
    PARAM_NONE, /* the end of a list */
    PARAM_STRING,
    PARAM_STRINGS, /* a string or an array of strings */
    PARAM_FLAG,
    PARAM_COUNT, /* an integer from 0 */
    PARAM_INTEGER,
    PARAM_OBJECT
};

enum method_right {
    RIGHT_HOST, /* root, the daemon's own user and the group */
    RIGHT_VM,   /* and the owner of the VM that `name` says: request.vm */
    RIGHT_ALL   /* everybody who may connect; they are shown what is theirs */
};

struct method {
    const char *name;
    enum method_right right;
    size_t fds_min, fds_max;
    struct {
        const char *name;
        enum param_type type;
        bool required;
    } param[METHODS_PARAMS_MAX];
    void (*call)(struct request *r);
};

const struct method *methods_table(size_t *count);
/* Checks and performs a parsed line; `r` has its id, params are set here. Takes r and `line` over. */
void methods_dispatch(struct request *r, json_t *line);

/* The room that control.c, clients.c and the methods share. */
struct control {
    uv_loop_t *loop;
    struct farm *farm;
    struct state *state;
    struct control_daemon daemon;
    bool has_group;
    gid_t group;
    char *path; /* of our own socket, to be removed; NULL: it was passed to us */

    int listener;
    uv_poll_t poll;
    uv_timer_t pause; /* of accepting, when descriptors are short */
    uv_timer_t later; /* what may not be done inside of a callback of the farm */
    uv_timer_t ping;
    int handles; /* that are not closed yet */
    bool closing;

    struct client *clients;
    size_t client_count, stranger_count;
    struct waiter *waits;
    struct console *consoles;
    int64_t last_seq; /* of the latest event that passed here */
    uint64_t pinged_at;
    size_t ping_next;
    struct create_key {
        char key[CREATE_KEY_LENGTH + 1];
        uid_t uid;
        char vm[VM_ID_LENGTH + 1];
    } * keys; /* a ring of CREATE_KEYS_MAX */
    size_t key_next;
};

/* Has waits, consoles and clients looked after at the loop's next turn. */
void control_later(struct control *c);
bool control_is_privileged(const struct control *c, const struct peer *peer);

/* clients.c: the connections. */
bool clients_add(struct control *c, int fd, const struct peer *peer,
                 bool privileged); /* false: no memory; fd stays */
size_t clients_of_user(const struct control *c, uid_t uid);
void clients_judge(struct control *c); /* who may not do everything any more is dropped */
void clients_look(struct control *c, struct vm *vm,
                  const json_t *event); /* a change, to those who asked for it */
void clients_sweep(struct control *c);  /* those that ended */
void clients_end(struct control *c);    /* all of them */

/* methods-host.c */
void method_daemon_version(struct request *r);
void method_daemon_status(struct request *r);
void method_daemon_reload(struct request *r);
void method_daemon_drain(struct request *r);
void method_daemon_shutdown(struct request *r);
void method_daemon_config(struct request *r);
void method_events_list(struct request *r);
void method_events_subscribe(struct request *r);

/* methods-vm.c */
void method_vm_create(struct request *r);
void method_vm_list(struct request *r);
void method_vm_inspect(struct request *r);
void method_vm_start(struct request *r);
void method_vm_stop(struct request *r);
void method_vm_restart(struct request *r);
void method_vm_remove(struct request *r);
void method_vm_logs(struct request *r);
void method_vm_autostart(struct request *r);

/* stats.c: asks the workers. */
void method_vm_stats(struct request *r);

/* waits.c: requests that wait for a VM. */
void method_vm_wait(struct request *r);
void waits_look(struct control *c, struct vm *vm, const json_t *event); /* a change of this VM */
void waits_sweep(struct control *c);                                    /* VMs that are gone */
void waits_judge(struct control *c); /* ends those of clients whose VM has another owner now */

/* consoles.c: one writer for each VM's console, and those who watch, as long as their client is connected. */
void method_vm_console(struct request *r);
/* Takes a request's stream for a VM that is about to be made. NULL: answered. */
struct console *consoles_take(struct request *r, size_t index);
/* It is the console of every run from its first byte until the VM rests. NULL is allowed. */
void consoles_follow(struct console *console, struct vm *vm);
void consoles_give_up(struct console *console); /* instead: the VM was not made. NULL is allowed */
void consoles_look(struct control *c, const struct vm *vm, const json_t *event); /* a change */
void consoles_sweep(struct control *c); /* whose run has ended */
void consoles_judge(struct control *c); /* ends those of clients whose VM has another owner now */
void consoles_drop_client(struct control *c, const struct client *client);

#endif
