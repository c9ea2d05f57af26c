/* SPDX-License-Identifier: ISC */
/*
 * farm-config.c: takes in a configuration: VMs are made, changed or let go; what runs is left alone.
 */
#include "farm-impl.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "clock.h"
#include "log.h"
#include "restart.h"

/* false: there is no such user. */
static bool find_owner(const struct vm_config *c, uid_t *owner)
{
    const struct passwd *pw;
    char *end;
    unsigned long n;

    *owner = 0;
    if (c->owner == NULL) {
        return true;
    }
    n = strtoul(c->owner, &end, 10);
    if (c->owner[0] >= '0' && c->owner[0] <= '9' && *end == '\0') {
        *owner = (uid_t)n;
        return *owner == n && *owner != (uid_t)-1;
    }
    pw = getpwnam(c->owner);
    if (pw != NULL) {
        *owner = pw->pw_uid;
    }
    return pw != NULL;
}

/* What no file alone shows. */
static void object(struct diagnostics *d, const struct host_vm *from, const char *message)
{
    diagnostics_add_at(d, SEVERITY_ERROR, from->file, NULL, 0, from->line, 1, message);
}

/* Where it stands, and what is wrong with it there: what its file says, or what only this host knows. */
static int remember_place(struct vm *vm, const struct host_vm *from, struct diagnostics *d)
{
    char place[PATHS_MAX + 16], error[PATHS_MAX + 256];
    uid_t owner;

    snprintf(place, sizeof(place), "%s:%u", from->file != NULL ? from->file : "", from->line);
    error[0] = '\0';
    if (from->error != NULL) {
        snprintf(error, sizeof(error), "%s", from->error);
    } else if (!find_owner(&from->config, &owner)) {
        char message[160];
        snprintf(message, sizeof(message), "vms.%s.owner: this host has no user \"%.64s\"",
                 from->config.name, from->config.owner);
        snprintf(error, sizeof(error), "%s: %s", place, message);
        object(d, from, message);
    }
    free(vm->config_place);
    free(vm->config_error);
    vm->config_place = strdup(place);
    vm->config_error = error[0] != '\0' ? strdup(error) : NULL;
    if (error[0] != '\0') {
        log_say(LOG_ERR, vm, "disabled: %s", error);
    }
    return vm->config_place == NULL || (error[0] != '\0' && vm->config_error == NULL) ? -ENOMEM : 0;
}

int farm_apply_pending(struct farm *f, struct vm *vm)
{
    struct vm_row next = vm->row;
    struct vm_config old = vm->row.config;
    int err;

    if (!vm->has_pending) {
        return 0;
    }
    next.config = vm->pending;
    find_owner(&next.config, &next.owner);
    err = farm_commit(f, vm, &next, NULL, NULL);
    if (err == 0) {
        vm_config_free(&old);
        vm->pending = (struct vm_config){0};
        vm->has_pending = false;
    }
    return err;
}

static int make_vm(struct farm *f, const struct host_vm *from, struct vm **out,
                   struct diagnostics *d)
{
    struct vm *vm = vm_new();
    int err;

    if (vm == NULL) {
        return -ENOMEM;
    }
    vm_config_free(&vm->row.config);
    vm->row.config = (struct vm_config){0};
    err = vm_config_copy(&vm->row.config, &from->config);
    err = err == 0 ? vm_id_generate(vm->row.id) : err;
    err = err == 0 ? remember_place(vm, from, d) : err;
    if (err != 0) {
        vm_free(vm);
        return err;
    }
    vm->row.source = VM_FROM_CONFIG;
    find_owner(&vm->row.config, &vm->row.owner); /* nobody's is root's; it is disabled then */
    vm->row.created_at = clock_unix_ms();
    err = farm_enter(f, vm);
    if (err != 0) {
        vm_free(vm);
        return err;
    }
    *out = vm;
    return 0;
}

/* Who may manage a VM is nothing that its guest sees: it does not wait for a start. */
static int change_owner(struct farm *f, struct vm *vm, const char *owner)
{
    struct vm_row next = vm->row;
    char *old = vm->row.config.owner;
    bool same = old == owner || (old != NULL && owner != NULL && strcmp(old, owner) == 0);
    int err;

    next.config.owner = owner != NULL ? strdup(owner) : NULL;
    if (owner != NULL && next.config.owner == NULL) {
        return -ENOMEM;
    }
    find_owner(&next.config, &next.owner);
    if (same && next.owner == vm->row.owner) {
        free(next.config.owner);
        return 0;
    }
    err = farm_commit(f, vm, &next, NULL, NULL);
    free(err == 0 ? old : next.config.owner);
    return err;
}

static int change_vm(struct farm *f, struct vm *vm, const struct host_vm *from,
                     struct diagnostics *d)
{
    char keys[512];
    int err = remember_place(vm, from, d);

    vm->unconfigured = false;
    free(vm->summary);
    vm->summary = NULL;
    if (err != 0 || vm->config_error != NULL) {
        return err; /* what it was goes on */
    }
    vm_config_free(&vm->pending);
    vm->pending = (struct vm_config){0};
    vm->has_pending = false;
    err = change_owner(f, vm, from->config.owner);
    if (err != 0) {
        return err;
    }
    vm_config_differences(&vm->row.config, &from->config, keys, sizeof(keys));
    if (keys[0] == '\0') {
        return 0;
    }
    err = vm_config_copy(&vm->pending, &from->config);
    if (err != 0) {
        return err;
    }
    vm->has_pending = true;
    if (vm->row.seen == SEEN_NOTHING) {
        if (vm->pending.cpus != vm->row.config.cpus ||
            vm->pending.memory != vm->row.config.memory) {
            farm_dequeue(f, vm); /* it asks for a place of another size */
        }
        return farm_apply_pending(f, vm);
    }
    log_say(LOG_NOTICE, vm, "waits for its next start: %s", keys);
    return 0;
}

static bool is_configured(const struct host_config *c, const char *name)
{
    for (size_t i = 0; i < c->vm_count; i++) {
        if (strcmp(c->vm[i].config.name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int take_in(struct farm *f, const struct host_vm *from, bool *is_new, struct vm **out,
                   struct diagnostics *d)
{
    struct vm *vm = farm_find(f, from->config.name);

    *is_new = vm == NULL;
    *out = vm;
    if (vm == NULL) {
        return make_vm(f, from, out, d);
    }
    if (vm->row.source == VM_FROM_CLIENT || vm->row.wanted == WANTED_ABSENT) {
        char message[256];
        snprintf(message, sizeof(message),
                 "vms.%s is left out: there is a VM of that name that %s; remove it and reload",
                 from->config.name,
                 vm->row.source == VM_FROM_CLIENT ? "a client has made" : "is being removed");
        object(d, from, message);
        *out = NULL;
        return 0;
    }
    return change_vm(f, vm, from, d);
}

/* ---- Automatic starts --------------------------------------------------------------------------- */

/* Runs from now on, `after` the ones before it. */
static void start_later(struct farm *f, struct vm *vm, int64_t *after)
{
    struct vm_row next = vm->row;
    uint64_t own = next.config.start_delay;

    farm_forget_run(vm, &next);
    if (farm_commit(f, vm, &next, NULL, NULL) != 0) {
        return;
    }
    vm->by_hand = true; /* the first run is not a restart */
    vm->start_after = farm_now(f) + *after + (int64_t)own;
    *after += (int64_t)(own != 0 ? own : f->config.start_delay);
    farm_touch(f, vm);
}

static void decide_at_boot(struct farm *f, struct vm *vm, int64_t *after)
{
    struct vm_row next = vm->row;
    bool was_running = next.wanted == WANTED_RUNNING;

    if (next.wanted == WANTED_ABSENT) {
        farm_touch(f, vm);
    } else if (next.ephemeral) {
        next.wanted = WANTED_ABSENT; /* it was to leave nothing behind */
        farm_commit(f, vm, &next, NULL, NULL);
        farm_touch(f, vm);
    } else if (!next.failed &&
               restart_at_boot(&next.config, next.autostart, was_running, next.stopped_by_user)) {
        if (next.source == VM_FROM_CLIENT) {
            farm_give_up(f, vm,
                         "the files that its client had opened were closed with the last "
                         "daemon: vmctl start opens them again");
        } else {
            start_later(f, vm, after);
        }
    } else if (was_running) {
        next.wanted = WANTED_STOPPED;
        next.retry_at = 0;
        farm_commit(f, vm, &next, "vm.stopped", NULL);
    }
}

static void in_order_of_files(struct farm *f, bool first, const bool *is_new, int64_t *after)
{
    const struct host_config *c = &f->config;

    for (size_t i = 0; i < c->vm_count; i++) {
        struct vm *vm = farm_find(f, c->vm[i].config.name);
        if (vm == NULL || vm->row.source != VM_FROM_CONFIG) {
            continue;
        }
        if (first) {
            decide_at_boot(f, vm, after);
        } else if (is_new[i] && vm->row.config.autostart) {
            start_later(f, vm, after);
        }
    }
}

int farm_configure(struct farm *f, struct host_config *c, struct diagnostics *d)
{
    bool first = !f->configured;
    bool *is_new = calloc(c->vm_count + 1, sizeof(*is_new));
    int64_t after = 0;
    int err = is_new == NULL ? -ENOMEM : 0;

    uv_update_time(f->loop);
    host_config_free(&f->config);
    f->config = *c;
    host_config_init(c);
    f->configured = true;
    admission_set_budget(f->admission,
                         &(struct budget){.vms = f->config.budget.vms,
                                          .cpus = f->config.budget.cpus,
                                          .memory = f->config.budget.memory},
                         f->config.queue_max);
    for (size_t i = 0; is_new != NULL && i < f->config.vm_count; i++) {
        struct vm *vm = NULL;
        int one = take_in(f, &f->config.vm[i], &is_new[i], &vm, d);
        if (one != 0) {
            err = one;
            log_say(LOG_ERR, NULL, "%s was not taken in: %s", f->config.vm[i].config.name,
                    strerror(-one));
        }
    }
    farm_ask_again(f);
    for (size_t i = 0; i < f->count; i++) {
        struct vm *vm = f->vm[i];
        if (vm->row.source == VM_FROM_CONFIG && !is_configured(&f->config, vm->row.config.name)) {
            vm->unconfigured = true;
            log_say(LOG_NOTICE, vm, "stands in no file any more%s",
                    vm->row.seen != SEEN_NOTHING ? " and goes when it has stopped" : "");
        }
    }
    if (is_new != NULL) {
        in_order_of_files(f, first, is_new, &after);
    }
    for (size_t i = 0; first && i < f->count; i++) {
        if (f->vm[i]->row.source == VM_FROM_CLIENT) {
            decide_at_boot(f, f->vm[i], &after);
        }
    }
    if (!first) {
        farm_clean_soon(f); /* the new times apply to what is there */
    }
    farm_touch_all(f); /* the others, after those that start in order */
    farm_note(f, NULL, "host.config", json_pack("{s:I}", "vms", (json_int_t)f->config.vm_count));
    free(is_new);
    return err;
}
