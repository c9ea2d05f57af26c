/* SPDX-License-Identifier: ISC */
/*
 * vm.c: what a VM's state is called, and how a VM is shown.
 */
#include "vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "farm.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(const char *const *names, size_t count, unsigned index)
{
    return index < count ? names[index] : "unknown";
}

const char *vm_state_name(enum vm_state s)
{
    static const char *const names[] = {
        [VM_STOPPED] = "stopped", [VM_QUEUED] = "queued",     [VM_STARTING] = "starting",
        [VM_RUNNING] = "running", [VM_STOPPING] = "stopping", [VM_RESTARTING] = "restarting",
        [VM_FAILED] = "failed",
    };
    return name_of(names, COUNT(names), s);
}

const char *vm_health_name(enum vm_health h)
{
    static const char *const names[] = {
        [VM_HEALTH_NONE] = "none",
        [VM_HEALTH_STARTING] = "starting",
        [VM_HEALTH_READY] = "ready",
        [VM_HEALTH_UNHEALTHY] = "unhealthy",
        [VM_HEALTH_UNRESPONSIVE] = "unresponsive",
    };
    return name_of(names, COUNT(names), h);
}

const char *vm_source_name(enum vm_source s)
{
    static const char *const names[] = {[VM_FROM_CONFIG] = "config", [VM_FROM_CLIENT] = "client"};

    return name_of(names, COUNT(names), s);
}

const char *vm_wanted_name(enum vm_wanted w)
{
    static const char *const names[] = {
        [WANTED_STOPPED] = "stopped", [WANTED_RUNNING] = "running", [WANTED_ABSENT] = "absent"};

    return name_of(names, COUNT(names), w);
}

const char *vm_seen_name(enum vm_seen s)
{
    static const char *const names[] = {
        [SEEN_NOTHING] = "nothing",   [SEEN_STARTING] = "starting", [SEEN_RUNNING] = "running",
        [SEEN_STOPPING] = "stopping", [SEEN_ENDED] = "ended",
    };
    return name_of(names, COUNT(names), s);
}

enum vm_state vm_state(const struct vm *vm)
{
    const struct vm_row *row = &vm->row;

    switch (row->seen) {
    case SEEN_STARTING: return VM_STARTING;
    case SEEN_RUNNING: return VM_RUNNING;
    case SEEN_STOPPING:
    case SEEN_ENDED: /* until it is torn down, which follows at once */ return VM_STOPPING;
    case SEEN_NOTHING: break;
    }
    if (row->failed || vm->config_error != NULL) {
        return VM_FAILED;
    }
    if (row->wanted != WANTED_RUNNING) {
        return VM_STOPPED;
    }
    if (row->retry_at != 0 && !vm->admitted && vm->queued_at == 0) {
        return VM_RESTARTING;
    }
    return vm->admitted ? VM_STARTING : VM_QUEUED;
}

void vm_files_init(struct vm_files *f)
{
    f->kernel = -1;
    f->initrd = -1;
    for (size_t i = 0; i < VM_DISKS_MAX; i++) {
        f->disk[i] = -1;
    }
}

static void close_held(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void vm_files_close(struct vm_files *f)
{
    close_held(f->kernel);
    close_held(f->initrd);
    for (size_t i = 0; i < VM_DISKS_MAX; i++) {
        close_held(f->disk[i]);
    }
    vm_files_init(f);
}

static void add_needed(json_t **needed, const char *slot, const char *path, bool writable)
{
    if (*needed == NULL) {
        *needed = json_array();
    }
    json_array_append_new(
        *needed, json_pack("{s:s, s:s, s:b}", "slot", slot, "path", path, "writable", writable));
}

json_t *vm_files_needed(const struct vm_config *c, const struct vm_files *files)
{
    json_t *needed = NULL;
    char slot[32];

    if (files->kernel < 0) {
        add_needed(&needed, "kernel", c->kernel != NULL ? c->kernel : "", false);
    }
    if (c->initrd != NULL && files->initrd < 0) {
        add_needed(&needed, "initrd", c->initrd, false);
    }
    for (size_t i = 0; i < c->disk_count; i++) {
        if (files->disk[i] < 0) {
            snprintf(slot, sizeof(slot), "disk%zu", i);
            add_needed(&needed, slot, c->disk[i].path, !c->disk[i].read_only);
        }
    }
    return needed;
}

struct vm *vm_new(void)
{
    struct vm *vm = calloc(1, sizeof(*vm));

    if (vm != NULL) {
        vm_files_init(&vm->files);
        vm->console = -1;
        vm_config_init(&vm->row.config);
        vm->row.autostart = -1;
        vm->row.run.exit_status = -1;
    }
    return vm;
}

void vm_free(struct vm *vm)
{
    if (vm == NULL) {
        return;
    }
    vm_files_close(&vm->files);
    vm_config_free(&vm->row.config);
    vm_config_free(&vm->pending);
    free(vm->config_error);
    free(vm->config_place);
    free(vm->summary);
    free(vm);
}

/* ---- As JSON. jansson takes over each value, and leaves out one that there was no memory for. ---- */

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* What a worker said is kept in rows as it came: it may be no UTF-8. */
static json_t *text_or_null(const char *text)
{
    json_t *value = text != NULL && *text != '\0' ? json_string(text) : NULL;

    return value != NULL ? value : json_null();
}

static json_t *time_or_null(int64_t unix_ms)
{
    char text[CLOCK_TEXT];

    return unix_ms == 0 ? json_null() : json_string(clock_format(unix_ms, text));
}

static json_t *labels(const struct vm_config *c)
{
    json_t *object = json_object();

    for (size_t i = 0; i < c->label_count; i++) {
        set(object, c->label[i].key, json_string(c->label[i].value));
    }
    return object;
}

static json_t *outcome_or_null(enum outcome outcome)
{
    return outcome == OUTCOME_NONE ? json_null() : json_string(outcome_name(outcome));
}

enum outcome vm_outcome(const struct vm *vm)
{
    return vm->config_error != NULL ? OUTCOME_NONE : vm->row.run.outcome;
}

size_t vm_queue_position(const struct vm *vm)
{
    return vm->farm != NULL && vm_state(vm) == VM_QUEUED ? farm_queue_position(vm->farm, vm) : 0;
}

json_t *vm_summary(const struct vm *vm, int64_t now)
{
    const struct vm_row *row = &vm->row;
    const struct vm_config *c = &row->config;
    bool up = row->seen == SEEN_RUNNING || row->seen == SEEN_STOPPING;
    int64_t since = up ? row->run.started_at : 0;
    size_t position = vm_queue_position(vm);
    json_t *o = json_object();

    set(o, "name", json_string(c->name));
    set(o, "id", json_string(row->id));
    set(o, "state", json_string(vm_state_name(vm_state(vm))));
    set(o, "health", json_string(vm_health_name(vm->health)));
    set(o, "cpus", json_integer(c->cpus));
    set(o, "memory", json_integer((json_int_t)c->memory));
    set(o, "source", json_string(vm_source_name(row->source)));
    set(o, "owner", json_integer(row->owner));
    set(o, "labels", labels(c));
    set(o, "autostart", json_boolean(row->autostart < 0 ? c->autostart : row->autostart != 0));
    set(o, "created_at", time_or_null(row->created_at));
    set(o, "started_at", time_or_null(since));
    set(o, "uptime_ms", since == 0 ? json_null() : json_integer(now > since ? now - since : 0));
    set(o, "restarts", json_integer(row->restarts));
    set(o, "queue_position", position == 0 ? json_null() : json_integer((json_int_t)position));
    set(o, "pid", row->process.pid > 0 ? json_integer(row->process.pid) : json_null());
    set(o, "outcome", outcome_or_null(vm_outcome(vm)));
    set(o, "cause", text_or_null(vm->config_error != NULL ? vm->config_error : row->run.cause));
    set(o, "ip", json_null());
    set(o, "ephemeral", json_boolean(row->ephemeral));
    return o;
}

static json_t *run_detail(const struct vm_run *run)
{
    json_t *o = json_object();

    set(o, "started_at", time_or_null(run->started_at));
    set(o, "ready_at", time_or_null(run->ready_at));
    set(o, "ended_at", time_or_null(run->ended_at));
    set(o, "outcome", outcome_or_null(run->outcome));
    set(o, "step", run->step == STEP_NONE ? json_null() : json_string(start_step_name(run->step)));
    set(o, "code", json_integer(run->code));
    set(o, "exit_status", run->exit_status < 0 ? json_null() : json_integer(run->exit_status));
    set(o, "signal", run->signal == 0 ? json_null() : json_integer(run->signal));
    set(o, "cause", text_or_null(run->cause));
    return o;
}

static json_t *restart_detail(const struct vm_row *row)
{
    json_t *o = json_object();

    set(o, "policy", json_string(restart_policy_name(row->config.restart)));
    set(o, "attempts", json_integer(row->attempts));
    set(o, "attempts_max", json_integer(row->config.restart_max));
    set(o, "retry_at", time_or_null(row->retry_at));
    set(o, "stopped_by_user", json_boolean(row->stopped_by_user));
    set(o, "given_up", json_boolean(row->failed));
    return o;
}

static json_t *pending_detail(const struct vm *vm)
{
    char keys[1024];
    json_t *o = NULL;

    if (!vm->has_pending) {
        return json_null();
    }
    o = json_object();
    vm_config_differences(&vm->row.config, &vm->pending, keys, sizeof(keys));
    set(o, "keys", json_string(keys));
    set(o, "config", vm_config_to_json(&vm->pending, true));
    return o;
}

json_t *vm_detail(const struct vm *vm, int64_t now)
{
    const struct vm_row *row = &vm->row;
    json_t *o = vm_summary(vm, now);

    set(o, "health_cause", text_or_null(vm->health_cause));
    set(o, "wanted", json_string(vm_wanted_name(row->wanted)));
    set(o, "seen", json_string(vm_seen_name(row->seen)));
    set(o, "config", vm_config_to_json(&row->config, true));
    set(o, "pending", pending_detail(vm));
    set(o, "config_place", text_or_null(vm->config_place));
    set(o, "config_error", text_or_null(vm->config_error));
    set(o, "run", run_detail(&row->run));
    set(o, "restart", restart_detail(row));
    set(o, "boots", json_integer((json_int_t)row->boots));
    set(o, "stop_rung",
        vm->rung == RUNG_NONE ? json_null() : json_string(stop_rung_name(vm->rung)));
    set(o, "stop_reason",
        vm->stop_reason == STOP_NOT ? json_null() : json_string(stop_reason_name(vm->stop_reason)));
    set(o, "boot_us", vm->boot_us == 0 ? json_null() : json_integer((json_int_t)vm->boot_us));
    set(o, "cpu_us", json_integer(vm->cpu_us));
    set(o, "last_error", text_or_null(vm->last_error));
    return o;
}

/* ---- Identifiers ---- */

static const char id_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

int vm_id_generate(char id[VM_ID_LENGTH + 1])
{
    uint8_t random[VM_ID_LENGTH];

    if (getentropy(random, sizeof(random)) != 0) {
        return -errno;
    }
    for (size_t i = 0; i < VM_ID_LENGTH; i++) {
        id[i] = id_alphabet[random[i] & 31];
    }
    id[VM_ID_LENGTH] = '\0';
    return 0;
}

bool vm_id_valid(const char *id)
{
    return strlen(id) == VM_ID_LENGTH && strspn(id, id_alphabet) == VM_ID_LENGTH;
}
