/* SPDX-License-Identifier: ISC */
/*
 * farm-wish.c: what callers wish for one VM. Each wish is checked, written to the database and marks its VM;
 * the loop of farm.c carries it out.
 */
#include "farm-impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

static enum failure refuse(struct refusal *r, enum failure why, const char *hint,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum failure refuse(struct refusal *r, enum failure why, const char *hint,
                           const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(r->message, sizeof(r->message), format, ap);
    va_end(ap);
    snprintf(r->hint, sizeof(r->hint), "%s", hint != NULL ? hint : "");
    return why;
}

static enum failure unwritable(struct farm *f, struct refusal *r)
{
    return refuse(r, FAILURE_STATE_UNREADABLE, "see the daemon's log, and whether its disk is full",
                  "the database did not take the change: %s", state_error(f->state));
}

static enum failure refuse_files(struct refusal *r, const struct vm *vm, json_t *files)
{
    r->data = json_pack("{s:o}", "files", files);
    return refuse(r, FAILURE_FILES_NEEDED, "start it with vmctl, which opens and passes them",
                  "%s: its files have to be opened again", vm->row.config.name);
}

/* A start that would end at once is refused; one that waits for a VM on its way out is not. */
static enum failure ask_disks(const struct farm *f, const struct vm *vm,
                              const struct vm_files *files, const struct vm *replaced,
                              struct refusal *r)
{
    size_t disk;
    const struct vm *other = farm_disk_user(f, vm, files, &disk);

    if (other == NULL || other == replaced || other->row.wanted != WANTED_RUNNING) {
        return FAILURE_NONE;
    }
    return refuse(r, FAILURE_IN_USE,
                  vm->row.config.disk[disk].read_only ? "it can be shared by those who all read it"
                                                      : "two VMs that write one disk destroy it",
                  "the disk %.300s is in use by %s", vm->row.config.disk[disk].path,
                  other->row.config.name);
}

void farm_forget_run(struct vm *vm, struct vm_row *next)
{
    next->wanted = WANTED_RUNNING;
    next->failed = false;
    next->stopped_by_user = false;
    next->attempts = 0;
    next->restarts = 0;
    next->retry_at = 0;
    vm->result = RUN_NEVER;
    vm->give_up = false;
    vm->start_after = 0;
}

static enum failure ask_host(const struct farm *f, struct refusal *r)
{
    return f->draining || f->shutting_down
               ? refuse(r, FAILURE_DRAINING, f->shutting_down ? NULL : "vmctl undrain ends it",
                        "the host takes no more starts")
               : FAILURE_NONE;
}

/* Whether there may be another run of it. */
static enum failure ask_start(const struct farm *f, const struct vm *vm, struct refusal *r)
{
    const char *name = vm->row.config.name;

    if (vm->config_error != NULL) {
        return refuse(r, FAILURE_INVALID_CONFIG, "correct it and reload", "%s is disabled: %s",
                      name, vm->config_error);
    }
    if (vm->row.wanted == WANTED_ABSENT || vm->unconfigured) {
        return refuse(r, FAILURE_WRONG_STATE, NULL, "%s is being removed", name);
    }
    return ask_host(f, r);
}

/* Whether the budget takes it; on success it holds its place (or its position, with the reason in r->message), nothing
 * else has changed. */
static enum failure ask_admission(struct farm *f, struct vm *vm, const struct vm_config *c,
                                  bool may_queue, struct refusal *r)
{
    struct admission_use use;
    enum admission_answer answer;
    char why[256];

    if (ask_host(f, r) != FAILURE_NONE) {
        return FAILURE_DRAINING;
    }
    admission_explain(f->admission, c->cpus, c->memory, why, sizeof(why));
    admission_get_use(f->admission, &use);
    answer = admission_ask(f->admission, vm, c->cpus, c->memory, may_queue);
    if (answer == ADMITTED) {
        farm_admit(f, vm);
        return FAILURE_NONE;
    }
    if (answer == ADMISSION_QUEUED) {
        snprintf(r->message, sizeof(r->message), "%s", why);
        vm->queued_at = farm_now(f);
        return FAILURE_NONE;
    }
    r->data =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "need_cpus", (json_int_t)c->cpus,
                  "need_memory", (json_int_t)c->memory, "used_cpus", (json_int_t)use.used.cpus,
                  "used_memory", (json_int_t)use.used.memory, "limit_cpus",
                  (json_int_t)use.limit.cpus, "limit_memory", (json_int_t)use.limit.memory,
                  "queued", (json_int_t)use.queued, "queue_max", (json_int_t)use.queue_max);
    return refuse(r, FAILURE_OVER_BUDGET,
                  answer == ADMISSION_NEVER ? "it is larger than the whole budget"
                  : may_queue               ? "the queue is full: try again later"
                                            : "let it wait in the queue, or stop another VM",
                  "%s", why);
}

static void tell_queued(struct farm *f, struct vm *vm, const char *why)
{
    if (vm->queued_at != 0) {
        farm_note(f, vm, "vm.queued",
                  json_pack("{s:I, s:s}", "position",
                            (json_int_t)admission_position(f->admission, vm), "cause", why));
    }
}

static int prepare_row(struct vm *vm, const struct farm_create *c)
{
    int err = vm_id_generate(vm->row.id);

    if (err == 0) {
        vm_config_free(&vm->row.config);
        vm->row.config = (struct vm_config){0};
        err = vm_config_copy(&vm->row.config, c->config);
    }
    if (err == 0 && vm->row.config.name[0] == '\0') {
        snprintf(vm->row.config.name, sizeof(vm->row.config.name), "vm-%.8s", vm->row.id);
    }
    vm->row.source = VM_FROM_CLIENT;
    vm->row.owner = c->owner;
    vm->row.wanted = c->start ? WANTED_RUNNING : WANTED_STOPPED;
    vm->row.ephemeral = c->ephemeral;
    vm->row.created_at = clock_unix_ms();
    vm->by_hand = true;
    return err;
}

/* Frees the name: the old VM goes on under another one, which nobody else has, until it is gone. */
static enum failure push_aside(struct farm *f, struct vm *vm, struct refusal *r)
{
    struct vm_row next = vm->row;
    enum failure err = farm_remove(f, vm, true, r);

    if (err != FAILURE_NONE) {
        return err;
    }
    next = vm->row;
    snprintf(next.config.name, sizeof(next.config.name), "replaced-%s", next.id);
    farm_take_out(f, vm);
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        err = unwritable(f, r);
    }
    vm->dirty = false;
    if (farm_insert(f, vm) != 0) { /* there is room: one was just taken out */
        return refuse(r, FAILURE_INTERNAL, NULL, "out of memory");
    }
    farm_touch(f, vm);
    return err;
}

enum failure farm_create(struct farm *f, const struct farm_create *c, struct vm **out,
                         struct refusal *r)
{
    struct vm *vm = vm_new(), *old;
    enum failure err;
    json_t *files;

    *out = NULL;
    if (vm == NULL || prepare_row(vm, c) != 0) {
        err = refuse(r, FAILURE_INTERNAL, NULL, "out of memory or of random numbers");
        goto fail;
    }
    old = farm_find(f, vm->row.config.name);
    if (old != NULL && !c->replace) {
        err = refuse(r, FAILURE_NAME_TAKEN,
                     "choose another name, or vmctl run --replace a stopped one",
                     "there is a VM %s already", vm->row.config.name);
        goto fail;
    }
    if (c->start && (files = vm_files_needed(&vm->row.config, c->files)) != NULL) {
        err = refuse_files(r, vm, files);
        goto fail;
    }
    if (c->start && (err = ask_disks(f, vm, c->files, old, r)) != FAILURE_NONE) {
        goto fail;
    }
    if (c->start && (err = ask_admission(f, vm, &vm->row.config, c->may_queue, r)) != 0) {
        goto fail;
    }
    if (old != NULL && (err = push_aside(f, old, r)) != FAILURE_NONE) {
        goto fail;
    }
    switch (farm_enter(f, vm)) {
    case 0: break;
    case -ENOMEM: err = refuse(r, FAILURE_INTERNAL, NULL, "out of memory"); goto fail;
    default: err = unwritable(f, r); goto fail;
    }
    vm->files = *c->files;
    vm_files_init(c->files);
    tell_queued(f, vm, r->message);
    farm_touch(f, vm);
    *out = vm;
    return FAILURE_NONE;
fail:
    if (vm != NULL) {
        admission_release(f->admission, vm);
        farm_serve_queue(f);
    }
    vm_free(vm);
    return err;
}

static void take_files(struct vm *vm, struct vm_files *files)
{
    if (files != NULL) {
        vm_files_close(&vm->files);
        vm->files = *files;
        vm_files_init(files);
    }
}

enum failure farm_start(struct farm *f, struct vm *vm, struct vm_files *files, bool may_queue,
                        struct refusal *r)
{
    struct vm_row next = vm->row;
    bool held = vm->admitted || vm->queued_at != 0;
    enum failure err;
    json_t *needed;

    if (next.wanted == WANTED_RUNNING &&
        (next.seen == SEEN_STARTING || next.seen == SEEN_RUNNING)) {
        return FAILURE_NONE;
    }
    if ((err = ask_start(f, vm, r)) != FAILURE_NONE) {
        return err;
    }
    needed = next.source == VM_FROM_CLIENT
                 ? vm_files_needed(&next.config, files != NULL ? files : &vm->files)
                 : NULL;
    if (needed != NULL) {
        return refuse_files(r, vm, needed);
    }
    if (next.source == VM_FROM_CLIENT &&
        (err = ask_disks(f, vm, files != NULL ? files : &vm->files, NULL, r)) != FAILURE_NONE) {
        return err;
    }
    if (next.seen == SEEN_NOTHING && !held &&
        (err = ask_admission(f, vm, vm->has_pending ? &vm->pending : &next.config, may_queue, r)) !=
            FAILURE_NONE) {
        return err;
    }
    farm_forget_run(vm, &next);
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        if (!held) {
            farm_dequeue(f, vm);
        }
        return unwritable(f, r);
    }
    if (!held) {
        tell_queued(f, vm, r->message);
    }
    take_files(vm, files);
    vm->by_hand = true;
    vm->hold_until = 0;
    vm->cycle = next.seen != SEEN_NOTHING; /* a stop is under way: start when it is over */
    farm_touch(f, vm);
    return FAILURE_NONE;
}

/* Ends a run, if there is one, as the caller says. */
static void end_run(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms)
{
    if (vm->row.seen != SEEN_NOTHING) {
        vm->force = vm->force || force;
        vm->stop_timeout = timeout_ms;
    }
    farm_touch(f, vm);
}

void farm_stop(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms)
{
    struct vm_row next = vm->row;
    bool quiet = next.seen == SEEN_NOTHING;

    if (next.wanted == WANTED_ABSENT) {
        return; /* it stops, and more */
    }
    if (next.wanted == WANTED_STOPPED && quiet && next.stopped_by_user) {
        return;
    }
    next.wanted = next.ephemeral && quiet ? WANTED_ABSENT : WANTED_STOPPED;
    next.stopped_by_user = true;
    next.retry_at = 0;
    vm->cycle = false;
    /* It is owed if it must be: a full disk does not keep guests running. */
    farm_commit_fact(f, vm, &next, quiet && next.wanted == WANTED_STOPPED ? "vm.stopped" : NULL,
                     NULL);
    end_run(f, vm, force, timeout_ms);
}

enum failure farm_restart(struct farm *f, struct vm *vm, bool force, uint64_t timeout_ms,
                          struct refusal *r)
{
    struct vm_row next = vm->row;
    enum failure err;

    if (next.seen == SEEN_NOTHING || next.wanted != WANTED_RUNNING) {
        return farm_start(f, vm, NULL, true, r);
    }
    if ((err = ask_start(f, vm, r)) != FAILURE_NONE) {
        return err; /* before it ends a run that could not be followed by another */
    }
    farm_forget_run(vm, &next);
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        return unwritable(f, r);
    }
    vm->cycle = true;
    vm->by_hand = true;
    end_run(f, vm, force, timeout_ms);
    return FAILURE_NONE;
}

enum failure farm_remove(struct farm *f, struct vm *vm, bool force, struct refusal *r)
{
    struct vm_row next = vm->row;

    if (next.source == VM_FROM_CONFIG && !vm->unconfigured) {
        return refuse(r, FAILURE_FROM_CONFIG, "take it out of its file and reload",
                      "%s stands in the configuration%s%s", next.config.name,
                      vm->config_place != NULL ? " at " : "",
                      vm->config_place != NULL ? vm->config_place : "");
    }
    if (next.seen != SEEN_NOTHING && !force && next.wanted != WANTED_ABSENT) {
        return refuse(r, FAILURE_WRONG_STATE, "stop it first, or vmctl rm --force", "%s is %s",
                      next.config.name, vm_state_name(vm_state(vm)));
    }
    next.wanted = WANTED_ABSENT;
    next.stopped_by_user = true;
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        return unwritable(f, r);
    }
    vm->cycle = false;
    end_run(f, vm, force, 0);
    return FAILURE_NONE;
}

enum failure farm_set_autostart(struct farm *f, struct vm *vm, bool on, struct refusal *r)
{
    struct vm_row next = vm->row;

    next.autostart = on;
    return farm_commit(f, vm, &next, "vm.autostart", json_pack("{s:b}", "autostart", on)) != 0
               ? unwritable(f, r)
               : FAILURE_NONE;
}
