/* SPDX-License-Identifier: ISC */
/*
 * vm.h: one VM as the daemon knows it: the row that outlives it, and what is only true now.
 *
 * Everything under `row` is in the database and is changed by state.h's functions alone, one transaction
 * a change, before the memory copy is. The farm (farm.h) owns every struct vm.
 */
#ifndef PADDOCK_VM_H
#define PADDOCK_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "outcome.h"
#include "protocol.h"
#include "reconcile.h"
#include "vm-config.h"

#define VM_ID_LENGTH         16u /* characters of [a-z2-7]: 80 random bits */
#define VM_HEALTH_CAUSE_SIZE 160u
#define VM_TOKEN_LENGTH      32u /* bytes; a worker proves itself with it when it is adopted */

enum vm_source {
    VM_FROM_CONFIG, /* stands in paddock.yaml or vms.d/: root opens its files */
    VM_FROM_CLIENT  /* came with `run` or `create`: its client opened its files */
};

/* What a user sees. */
enum vm_state {
    VM_STOPPED,
    VM_QUEUED,
    VM_STARTING,
    VM_RUNNING,
    VM_STOPPING,
    VM_RESTARTING, /* waits out its back-off */
    VM_FAILED
};
enum vm_health {
    VM_HEALTH_NONE, /* not running */
    VM_HEALTH_STARTING,
    VM_HEALTH_READY,
    VM_HEALTH_UNHEALTHY,
    VM_HEALTH_UNRESPONSIVE /* the worker does not answer */
};

/* How the latest run ended. */
struct vm_run {
    int64_t started_at, ready_at, ended_at; /* Unix milliseconds; 0: not yet */
    enum outcome outcome;
    enum start_step step;
    int32_t code;
    int exit_status, signal; /* of the process; -1 and 0 if it was not seen to exit */
    char cause[640];         /* first cause, one printable sentence; "" if none */
};

/* Who a worker is, beyond its pid (BL-06). */
struct vm_process {
    pid_t pid;      /* 0: none */
    uint64_t start; /* the kernel's own time of its start */
    char boot[64];  /* the boot session */
};

struct vm_row {
    char id[VM_ID_LENGTH + 1];
    struct vm_config config;
    enum vm_source source;
    uid_t owner; /* who ran it, or config.owner */
    enum vm_wanted wanted;
    enum vm_seen seen;
    bool ephemeral;       /* --rm */
    bool failed;          /* given up: until it is started again */
    bool stopped_by_user; /* what unless-stopped remembers */
    int autostart;        /* -1: as configured; 0, 1: overridden by `vmctl autostart` */
    uint32_t attempts;    /* failed runs in a row */
    uint32_t restarts;    /* automatic ones, since it was last started by hand */
    uint64_t boots;       /* runs in all; names the log of each */
    int64_t retry_at;     /* Unix milliseconds: when the back-off ends; 0: none */
    int64_t created_at;
    uid_t uid; /* the worker's; 0: the daemon's own (no root) */
    uint8_t token[VM_TOKEN_LENGTH];
    struct vm_process process;
    struct vm_run run;
};

/* The files a start needs, in START's order. -1: not held. */
struct vm_files {
    int kernel, initrd;
    int disk[VM_DISKS_MAX];
};

struct farm;
struct health;
struct worker;

struct vm {
    struct vm_row row;
    struct vm_files
        files; /* of a client's VM: kept for the next start; of a configured one: open only during a start */
    struct worker *worker; /* NULL: no process */
    int console; /* a client's stream that each run gets from its first byte; consoles.c's; -1: none */

    struct vm_config pending;          /* the file's newer version, for the next start */
    bool has_pending, unconfigured;    /* no longer in any file: goes when it has stopped */
    bool row_owed;                     /* the database has not taken what the row says */
    char *config_error, *config_place; /* a disabled VM's mistake; FILE:LINE */

    bool admitted;     /* its memory and vCPUs are counted in the budget */
    uint64_t place;    /* in the order of admissions, which is that of starts */
    int64_t queued_at; /* milliseconds of the loop's clock; 0: not in the queue */
    bool cycle;        /* `restart`: end this run, then start */
    bool by_hand;      /* the start now due was asked for by a person: it is not a restart */
    bool force;        /* do not ask the guest */
    enum stop_rung rung;
    enum stop_reason stop_reason;
    uint64_t stop_timeout;                               /* of this stop; 0: the configured one */
    int64_t rung_deadline, start_deadline, lifetime_end; /* the loop's clock; 0: none */

    enum vm_health health;  /* what a user sees: `checked`, unless the worker is unresponsive */
    enum vm_health checked; /* what READY and the health check said last */
    struct health *check;   /* NULL: no test, or not running */
    char health_cause[VM_HEALTH_CAUSE_SIZE]; /* why it is unhealthy; "" otherwise */
    uint64_t boot_us;                        /* what the guest's boot timer said; 0: nothing */
    int64_t cpu_us;                          /* of the worker, when it was last asked */
    char last_error[513];                    /* the worker's last line on standard error */

    char *summary; /* the VM's object in vm.list, rendered; NULL: to be made again */

    /* The farm's own. */
    struct farm *farm;
    struct vm *next_dirty; /* reconciled at the loop's next turn */
    bool dirty;
    int64_t wake_at; /* the loop's clock: when to reconcile if nothing happens before; 0: none */
    int64_t start_after; /* of a staggered start, the loop's clock */
    int64_t hold_until;  /* something has to be tried again: nothing is done before */
    bool fault, give_up; /* see struct vm_facts */
    enum run_result result;
    bool has_ended; /* `ended` is the first cause of the run's end */
    struct msg_ended ended;
    struct vm_process ghost; /* a worker of an earlier daemon that may not be gone yet */
    int64_t ghost_deadline;
    size_t disk_count; /* what it writes and reads while it runs */
    struct {
        dev_t dev;
        ino_t ino;
        bool writable;
    } disk[VM_DISKS_MAX];
};

enum vm_state vm_state(const struct vm *vm);
/* Of the latest run; none if a mistake in its configuration is why it does not run. */
enum outcome vm_outcome(const struct vm *vm);
const char *vm_state_name(enum vm_state s);
const char *vm_health_name(enum vm_health h);
const char *vm_source_name(enum vm_source s); /* "config", "client" */
const char *vm_wanted_name(enum vm_wanted w); /* "stopped", "running", "absent" */
const char *vm_seen_name(enum vm_seen s);     /* "nothing", "starting", "running", ... */

void vm_files_init(struct vm_files *f);  /* none is held */
void vm_files_close(struct vm_files *f); /* those held, which then are not */
/* What a client still has to open, as [{"slot", "path", "writable"}]; NULL: nothing. */
json_t *vm_files_needed(const struct vm_config *c, const struct vm_files *files);

struct vm *
vm_new(void); /* no files, the built-in configuration, autostart as configured; NULL: no memory */
void vm_free(struct vm *vm); /* closes its files; NULL is allowed. The worker is freed before */

/* From 1; 0: it is not in the queue. */
size_t vm_queue_position(const struct vm *vm);

/* `summary` is what vm.list shows; `detail` adds what vm.inspect does. New objects. */
json_t *vm_summary(const struct vm *vm, int64_t now);
json_t *vm_detail(const struct vm *vm, int64_t now);

/* [a-z2-7]{16}, from the kernel's random numbers. */
int vm_id_generate(char id[VM_ID_LENGTH + 1]);
bool vm_id_valid(const char *id);

#endif
