/* SPDX-License-Identifier: ISC */
/*
 * farm-impl.h: what the parts of the farm share. Nobody else includes it.
 *
 *   farm.c         the VMs; the loop around reconcile() and its actions; the host
 *   farm-wish.c    what callers wish
 *   farm-record.c  changes and events, into the database and to whoever watches
 *   farm-start.c   one start: files, sockets, START, the process; and its teardown
 *   farm-run.c     what workers tell, and how a run ended
 *   farm-config.c  taking in a configuration
 *   farm-log.c     console logs on disk and their retention
 */
#ifndef PADDOCK_FARM_IMPL_H
#define PADDOCK_FARM_IMPL_H

#include "farm.h"
#include "worker.h"

struct owed;

struct farm {
    uv_loop_t *loop;
    const struct paths *paths;
    struct state *state;
    struct host_config config;
    bool configured;
    struct admission *admission;
    uint64_t places; /* the latest vm->place */
    struct vm **vm;  /* in order of names */
    size_t count, room;
    struct vm *dirty; /* a list, in the order of touching */
    struct vm **dirty_end;
    uv_timer_t timer;    /* the next turn, or the next deadline */
    uv_timer_t cleaning; /* logs and events that nobody needs any more */
    uv_timer_t paytime;  /* what the database did not take is tried again */
    struct owed *owed, **owed_end;
    size_t owed_count;
    bool rows_owed; /* VMs with row_owed */
    bool draining, shutting_down, forced;
    bool shut_down; /* `done` was called */
    int64_t shutdown_deadline;
    void (*done)(void *ctx);
    void *done_ctx;
    farm_watch_fn *watch;
    void *watch_ctx;
};

/* ---- farm.c */

int64_t farm_now(const struct farm *f); /* the loop's clock, never 0 */

/* Has the VM reconciled at the loop's next turn, so that nobody's caller meets its effects. */
void farm_touch(struct farm *f, struct vm *vm);
void farm_touch_all(struct farm *f);

int farm_insert(struct farm *f, struct vm *vm); /* into the array; 0 or -ENOMEM */
void farm_take_out(struct farm *f, struct vm *vm);
/* A new VM, into the array and the database; its creation is told. 0 or a negative errno: it is in neither. */
int farm_enter(struct farm *f, struct vm *vm);

void farm_admit(struct farm *f, struct vm *vm);   /* it has its place in the budget */
void farm_serve_queue(struct farm *f);            /* who is next and fits is admitted */
void farm_dequeue(struct farm *f, struct vm *vm); /* gives its place, or its admission, back */

/* Logs, events and folders that nobody needs any more go at the loop's next turn. */
void farm_clean_soon(struct farm *f);

/* The VM will not run, for a cause that is no run's end. */
void farm_give_up(struct farm *f, struct vm *vm, const char *cause);

/* After a change of the budget: who can never run any more is failed, who fits now is admitted. */
void farm_ask_again(struct farm *f);

/* ---- farm-record.c */

/* Writes the row and its event, then takes the row over and tells the event. `type` NULL: no event; detail is taken
 * over. On failure nothing changes but the log. */
int farm_commit(struct farm *f, struct vm *vm, const struct vm_row *next, const char *type,
                json_t *detail);
/* The same of what has happened: it is taken over and told in any case. What the database does not take is owed. */
void farm_commit_fact(struct farm *f, struct vm *vm, const struct vm_row *next, const char *type,
                      json_t *detail);
/* An event alone, a fact; vm NULL: the host's. */
void farm_note(struct farm *f, struct vm *vm, const char *type, json_t *detail);
/* A VM that is in the array comes into the database; detail is taken over. 0 or a negative errno. */
int farm_record_creation(struct farm *f, struct vm *vm, json_t *detail);
/* It goes from both, and is the caller's to free. 0 or a negative errno: it is in both. */
int farm_record_removal(struct farm *f, struct vm *vm);
/* Writes what is owed; nothing else is written before that. 0 or a negative errno: some is owed still. */
int farm_pay(struct farm *f);
void farm_forgive(struct farm *f); /* tries once more, and forgets what is owed */

/* ---- farm-wish.c */

/* What a start by hand or at boot begins anew. */
void farm_forget_run(struct vm *vm, struct vm_row *next);

/* ---- farm-start.c */

/* Who runs with a disk that this VM's client has opened, where one of both writes to it; NULL: nobody. */
const struct vm *farm_disk_user(const struct farm *f, const struct vm *vm,
                                const struct vm_files *files, size_t *disk);
/* Tries to start an admitted VM. Whatever goes wrong after the intent is on disk ends the run; before, hold_until is
 * set. */
void farm_spawn(struct farm *f, struct vm *vm);
/* Releases all that a run had; the process is gone. */
void farm_release_run(struct farm *f, struct vm *vm);
/* Removes the folders that a killed daemon left and no worker uses any more. */
void farm_sweep_runs(struct farm *f);

/* ---- farm-run.c */

extern const struct worker_events farm_worker_events; /* ctx is the VM */

/* The run is over: its cause goes to disk, and whether there will be another. */
void farm_record_end(struct farm *f, struct vm *vm, int exit_status, int signum);
/* The guest is not asked for its health any more. */
void farm_end_check(struct vm *vm);

/* ---- farm-config.c */

/* The newer version of its file is used from now on; it does not run. 0 or a negative errno. */
int farm_apply_pending(struct farm *f, struct vm *vm);

/* ---- farm-log.c */

/* The two segments of the latest boot, made anew. 0 or a negative errno; *path (of PATHS_MAX) names what failed. */
int farm_log_create(struct farm *f, const struct vm *vm, int fd[2], char *path);
/* The last lines of the console, printable, at most size - 1 bytes; "" if there are none. */
void farm_log_tail(struct farm *f, const struct vm *vm, char *out, size_t size);
/* The logs of a VM that is deleted are kept from now on for their retention. */
void farm_log_retire(struct farm *f, const struct vm *vm);
void farm_log_clean(struct farm *f);

#endif
