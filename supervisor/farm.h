/* SPDX-License-Identifier: ISC */
/*
 * farm.h: all VMs of this host, and the only place that starts, stops and cleans up one.
 *
 * A caller changes what is wanted; the farm writes it down, asks reconcile() and performs what it says, until
 * there is nothing to do. Functions return once the wish is on disk; what follows is told by events and can be
 * waited for. On the loop's thread.
 */
#ifndef PADDOCK_FARM_H
#define PADDOCK_FARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "admission.h"
#include "diagnostics.h"
#include "failure.h"
#include "host-config.h"
#include "paths.h"
#include "state.h"
#include "vm.h"

struct farm;

/* Why something was refused: filled by every function below that returns an enum failure. */
struct refusal {
    char message[512];
    char hint[256];
    json_t *data; /* a new object or NULL */
};

/* Takes over nothing. NULL: `why`. Rows are loaded; runs that the last daemon did not see end are recorded
 * as ended with it (their workers end with it, too). */
struct farm *farm_new(uv_loop_t *loop, const struct paths *p, struct state *s, char *why,
                      size_t size);
void farm_free(struct farm *f); /* all VMs are down */

/* The configuration's VMs are made, changed or let go; `c` is taken over and empty afterwards. Running VMs are left
 * alone; what waits for their next start is in their `pending`. VMs with autostart that are new begin, staggered; at
 * the first call so do all others that are to run after a boot. What no file alone shows to be wrong is added to `d`. 0 or
 * a negative errno: not all of it is on disk. */
int farm_configure(struct farm *f, struct host_config *c, struct diagnostics *d);
const struct host_config *farm_config(const struct farm *f);

/* By name or id. NULL: none. */
struct vm *farm_find(struct farm *f, const char *name_or_id);
size_t farm_count(const struct farm *f);
struct vm *farm_at(struct farm *f, size_t index); /* in order of names */

struct farm_create {
    const struct vm_config *config; /* copied; name "": one is made */
    struct vm_files *files;         /* taken over and set to -1 on success */
    uid_t owner;
    bool ephemeral, start, may_queue, replace;
};

enum failure farm_create(struct farm *f, const struct farm_create *c, struct vm **out,
                         struct refusal *r);
/* files: NULL, or newly opened ones that replace those held; taken over on success. */
enum failure farm_start(struct farm *f, struct vm *vm, struct vm_files *files, bool may_queue,
                        struct refusal *r);
/* Never refused: what the database does not take now is written as soon as it does. */
void farm_stop(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms);
enum failure farm_restart(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms,
                          struct refusal *r);
enum failure farm_remove(struct farm *f, struct vm *vm, bool force, struct refusal *r);
enum failure farm_set_autostart(struct farm *f, struct vm *vm, bool on, struct refusal *r);

void farm_drain(struct farm *f, bool on); /* no more starts; what runs goes on */
bool farm_draining(const struct farm *f);
/* Stops every guest within the configured time, the latest started first, then by force; `done` when all workers are
 * gone. A second call is by force at once. */
void farm_shutdown(struct farm *f, void (*done)(void *ctx), void *ctx);

void farm_get_use(const struct farm *f, struct admission_use *out);
size_t farm_queue_position(const struct farm *f, const struct vm *vm);

/* Told after each change that a user could see, with the event that says so (borrowed). vm is NULL for the
 * host's own. A VM that was deleted is told of before it is freed. */
typedef void farm_watch_fn(void *ctx, struct vm *vm, const json_t *event);
void farm_watch(struct farm *f, farm_watch_fn *fn, void *ctx); /* one watcher: the control socket */

/* Opens both segments of the console log of the VM's boot `boots` back (0: the latest). Read-only descriptors, -1 where
 * there is none; *newer is the index of the one that goes on where the other ends. */
int farm_open_log(struct farm *f, const struct vm *vm, unsigned back, int fd[2], int *newer);
/* The same of a VM that was removed, the latest of its name, as long as its logs are kept; *boot is the run's number. */
int farm_open_retired_log(struct farm *f, const char *name_or_id, unsigned back, int fd[2],
                          int *newer, uint64_t *boot);

#endif
