/* SPDX-License-Identifier: ISC */
/*
 * methods-vm.c: vm.*, but for what waits, asks a worker or holds a console. See methods.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "diagnostics.h"
#include "document.h"
#include "methods.h"
#include "worker.h"

#define PING_EVERY_MS 1000u
#define PINGS_A_TURN  64u

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static void answer_summary(struct request *r, const struct vm *vm)
{
    request_answer(r, vm_summary(vm, clock_unix_ms()));
}

/* ---- Looking ------------------------------------------------------------------------------------ */

static void on_ping(uv_timer_t *timer)
{
    struct control *c = timer->data;
    size_t count = farm_count(c->farm);

    for (unsigned i = 0; i < PINGS_A_TURN && c->ping_next < count; i++, c->ping_next++) {
        struct vm *vm = farm_at(c->farm, c->ping_next);
        if (vm->worker != NULL && vm->row.seen == SEEN_RUNNING) {
            worker_ping(vm->worker);
        }
    }
    if (c->ping_next < count) {
        uv_timer_start(timer, on_ping, 1, 0);
    }
}

/* Somebody looks: workers are asked whether they are well, after the answer and a few at a time. */
static void ping_workers(struct control *c)
{
    uint64_t now = uv_now(c->loop);

    if (!uv_is_active((uv_handle_t *)&c->ping) &&
        (c->pinged_at == 0 || now - c->pinged_at >= PING_EVERY_MS)) {
        c->pinged_at = now;
        c->ping_next = 0;
        uv_timer_start(&c->ping, on_ping, 1, 0);
    }
}

struct text {
    char *bytes;
    size_t used, size;
    bool failed;
};

static void append(struct text *t, const char *bytes, size_t size)
{
    if (!t->failed && t->size - t->used < size) {
        size_t want = (t->used + size) * 2;
        char *grown = realloc(t->bytes, want);
        t->failed = grown == NULL;
        t->bytes = grown != NULL ? grown : t->bytes;
        t->size = grown != NULL ? want : t->size;
    }
    if (!t->failed) {
        memcpy(t->bytes + t->used, bytes, size);
        t->used += size;
    }
}

/* A VM's summary without its end and the members that change by themselves, "uptime_ms" and "queue_position": kept
 * with the VM until something else does. */
static const char *rendered(struct vm *vm, int64_t now)
{
    if (vm->summary == NULL) {
        json_t *o = vm_summary(vm, now);
        json_object_del(o, "uptime_ms");
        json_object_del(o, "queue_position");
        vm->summary = json_dumps(o, JSON_COMPACT);
        json_decref(o);
        if (vm->summary != NULL) {
            vm->summary[strlen(vm->summary) - 1] = '\0';
        }
    }
    return vm->summary;
}

static void append_summary(struct text *t, struct vm *vm, int64_t now)
{
    const char *text = rendered(vm, now);
    bool up = vm->row.seen == SEEN_RUNNING || vm->row.seen == SEEN_STOPPING;
    int64_t since = up ? vm->row.run.started_at : 0;
    size_t position = vm_queue_position(vm);
    char end[128], uptime[32] = "null", place[32] = "null";
    int n;

    if (since != 0) {
        snprintf(uptime, sizeof(uptime), "%" PRId64, now > since ? now - since : 0);
    }
    if (position != 0) {
        snprintf(place, sizeof(place), "%zu", position);
    }
    n = snprintf(end, sizeof(end), ",\"uptime_ms\":%s,\"queue_position\":%s}", uptime, place);
    if (text == NULL) {
        t->failed = true;
        return;
    }
    append(t, text, strlen(text));
    append(t, end, (size_t)n);
}

static void append_member(struct text *t, const char *key, uint64_t number)
{
    char member[64];
    int n = snprintf(member, sizeof(member), ",\"%s\":%" PRIu64, key, number);

    append(t, member, (size_t)n);
}

/* What a table shows. What is none or 0 is left out: most of what a list costs is reading it. Names and states are
 * letters, digits and hyphens. */
static void append_brief(struct text *t, const struct vm *vm, int64_t now)
{
    const struct vm_row *row = &vm->row;
    bool up = row->seen == SEEN_RUNNING || row->seen == SEEN_STOPPING;
    int64_t since = up ? row->run.started_at : 0;
    size_t position = vm_queue_position(vm);
    enum vm_state state = vm_state(vm);
    char text[192];
    int n = snprintf(text, sizeof(text),
                     "{\"name\":\"%s\",\"state\":\"%s\",\"cpus\":%" PRIu32 ",\"memory\":%" PRIu64,
                     row->config.name, vm_state_name(state), row->config.cpus, row->config.memory);

    append(t, text, (size_t)n);
    if (vm->health != VM_HEALTH_NONE) {
        n = snprintf(text, sizeof(text), ",\"health\":\"%s\"", vm_health_name(vm->health));
        append(t, text, (size_t)n);
    }
    if ((state == VM_FAILED || state == VM_RESTARTING) && vm_outcome(vm) != OUTCOME_NONE) {
        n = snprintf(text, sizeof(text), ",\"outcome\":\"%s\"", outcome_name(vm_outcome(vm)));
        append(t, text, (size_t)n);
    }
    if (since != 0) {
        append_member(t, "uptime_ms", now > since ? (uint64_t)(now - since) : 0);
    }
    if (row->restarts != 0) {
        append_member(t, "restarts", row->restarts);
    }
    if (position != 0) {
        append_member(t, "queue_position", position);
    }
    append(t, "}", 1);
}

/* "key" or "key=value". */
static bool has_label(const struct vm_config *c, const char *label)
{
    const char *equals = strchr(label, '=');
    size_t length = equals != NULL ? (size_t)(equals - label) : strlen(label);

    for (size_t i = 0; i < c->label_count; i++) {
        if (strlen(c->label[i].key) == length && strncmp(c->label[i].key, label, length) == 0 &&
            (equals == NULL || strcmp(c->label[i].value, equals + 1) == 0)) {
            return true;
        }
    }
    return false;
}

/* All labels that are asked for, any of the names and states. */
static bool selected(const struct request *r, const struct vm *vm)
{
    const json_t *labels = json_object_get(r->params, "label"), *label;
    size_t i;

    if (!request_may_see(r, vm) || !request_matches(r, "state", vm_state_name(vm_state(vm))) ||
        (!request_matches(r, "name", vm->row.config.name) &&
         !request_matches(r, "name", vm->row.id))) {
        return false;
    }
    if (json_is_string(labels)) {
        return has_label(&vm->row.config, json_string_value(labels));
    }
    json_array_foreach(labels, i, label)
    {
        if (!has_label(&vm->row.config, json_string_value(label))) {
            return false;
        }
    }
    return true;
}

void method_vm_list(struct request *r)
{
    struct control *c = r->control;
    struct text t = {0};
    int64_t now = clock_unix_ms();
    bool first = true, brief = request_flag(r, "brief");

    append(&t, "{\"vms\":[", 8);
    for (size_t i = 0; i < farm_count(c->farm); i++) {
        struct vm *vm = farm_at(c->farm, i);
        if (selected(r, vm)) {
            append(&t, ",", first ? 0 : 1);
            if (brief) {
                append_brief(&t, vm, now);
            } else {
                append_summary(&t, vm, now);
            }
            first = false;
        }
    }
    append(&t, "]}", 2);
    if (t.failed) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
    } else {
        request_answer_text(r, t.bytes, t.used);
    }
    free(t.bytes);
    ping_workers(c);
}

void method_vm_inspect(struct request *r)
{
    struct control *c = r->control;

    request_answer(r, vm_detail(r->vm, clock_unix_ms()));
    ping_workers(c);
}

/* ---- Files -------------------------------------------------------------------------------------- */

/* Whether a descriptor that came is a file that can be used so. The client opened it: nothing else is asked. */
static bool usable(struct request *r, size_t index, const char *slot, bool writable)
{
    int flags = fcntl(r->fd[index], F_GETFL);
    int access = flags & O_ACCMODE;
    struct stat st;

    if (flags < 0 || fstat(r->fd[index], &st) != 0 ||
        !(S_ISREG(st.st_mode) || (S_ISBLK(st.st_mode) && strncmp(slot, "disk", 4) == 0))) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "the descriptor of %s is no file", slot);
        return false;
    }
    if (pread(r->fd[index], NULL, 0, 0) != 0 && access != O_WRONLY) {
        /* A mere name (O_PATH), or one that is open for nothing. */
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "%s was not opened for reading", slot);
        return false;
    }
    if (access == O_WRONLY || (writable && access != O_RDWR)) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "%s was opened for %s", slot,
                     access == O_WRONLY ? "writing alone" : "reading alone");
        return false;
    }
    return true;
}

/* "kernel", "initrd", "disk0"… of this configuration; NULL: it has no such file. */
static int *find_slot(const struct vm_config *c, struct vm_files *files, const char *name,
                      bool *writable)
{
    char disk[32];

    *writable = false;
    if (strcmp(name, "kernel") == 0) {
        return &files->kernel;
    }
    if (strcmp(name, "initrd") == 0) {
        return c->initrd != NULL ? &files->initrd : NULL;
    }
    for (size_t i = 0; i < c->disk_count; i++) {
        snprintf(disk, sizeof(disk), "disk%zu", i);
        if (strcmp(name, disk) == 0) {
            *writable = !c->disk[i].read_only;
            return &files->disk[i];
        }
    }
    return NULL;
}

/* Puts descriptor `index` into its slot; it stays the request's until the farm has taken it. */
static bool fill_slot(struct request *r, const struct vm_config *c, struct vm_files *files,
                      const char *name, size_t index)
{
    bool writable;
    int *slot = find_slot(c, files, name, &writable);

    if (slot == NULL || *slot >= 0) {
        request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL,
                     slot == NULL ? "the VM has no file \"%.32s\"" : "\"%.32s\" is named twice",
                     name);
        return false;
    }
    if (!usable(r, index, name, writable)) {
        return false;
    }
    *slot = r->fd[index];
    return true;
}

/* The farm has them now. */
static void files_taken(struct request *r)
{
    for (size_t i = 0; i < r->fd_count; i++) {
        r->fd[i] = -1;
    }
}

/* ---- Making ------------------------------------------------------------------------------------- */

/* What was made with this key before, if it is still there. */
static struct vm *find_key(const struct request *r, const char *key)
{
    const struct control *c = r->control;
    struct vm *vm = NULL;

    for (size_t i = 0; key != NULL && vm == NULL && i < CREATE_KEYS_MAX; i++) {
        if (c->keys[i].vm[0] != '\0' && c->keys[i].uid == request_peer(r)->uid &&
            strcmp(c->keys[i].key, key) == 0) {
            vm = farm_find(c->farm, c->keys[i].vm); /* an earlier one may be gone */
        }
    }
    return vm;
}

static void keep_key(const struct request *r, const char *key, const struct vm *vm)
{
    struct control *c = r->control;

    if (key != NULL) {
        struct create_key *k = &c->keys[c->key_next++ % CREATE_KEYS_MAX];
        k->uid = request_peer(r)->uid;
        snprintf(k->key, sizeof(k->key), "%s", key);
        memcpy(k->vm, vm->row.id, sizeof(k->vm));
    }
}

static void fail_config(struct request *r, const struct diagnostics *d)
{
    json_t *data = json_object(), *all = diagnostics_to_json(d);
    const char *first = diagnostics_first_error(d, 0), *hint;
    size_t more = diagnostics_errors(d);

    set(data, "diagnostics", all);
    hint = json_string_value(json_object_get(json_array_get(all, 0), "hint"));
    if (more > 1) {
        request_fail(r, FAILURE_INVALID_CONFIG, NULL, data, "%s (and %zu more)",
                     first != NULL ? first : "the configuration cannot be used", more - 1);
    } else {
        request_fail(r, FAILURE_INVALID_CONFIG, diagnostics_count(d) == 1 ? hint : NULL, data, "%s",
                     first != NULL ? first : "the configuration cannot be used");
    }
}

/* What a file may say and a client may not. */
static void check_client_config(const struct host_config *host, const struct vm_config *c,
                                const struct document *doc, struct diagnostics *d)
{
    for (size_t i = 0; i < c->net_count; i++) {
        const char *name = c->net[i].name;
        char path[64], what[HOST_NETWORKS_TEXT];
        snprintf(path, sizeof(path), "networks[%zu]%s", i, c->net[i].path != NULL ? ".path" : "");
        if (name != NULL && host_config_network(host, name) == NULL) {
            diagnostics_add(d, SEVERITY_ERROR, doc, NULL, path, NULL, "%s",
                            host_config_no_network(host, name, what));
        } else if (c->net[i].path != NULL) {
            diagnostics_add(d, SEVERITY_ERROR, doc, NULL, path,
                            "name one of the networks in paddock.yaml",
                            "a request may name a network, not the path of its server");
        }
    }
}

/* Reads the request's configuration over the host's defaults. false: answered. */
static bool read_config(struct request *r, struct vm_config *out)
{
    json_t *config = json_object_get(r->params, "config");
    const char *name = json_string_value(json_object_get(config, "name"));
    struct diagnostics *d = diagnostics_new();
    struct document *doc = NULL;
    bool good = false;

    if (json_object_get(config, "name") != NULL && (name == NULL || !vm_name_valid(name))) {
        request_fail(r, FAILURE_INVALID_CONFIG, "as in builder-1", NULL,
                     "a name is a lower-case letter and at most %u letters, digits and hyphens",
                     VM_NAME_MAX - 1);
        goto done;
    }
    if (d == NULL || vm_config_copy(out, &farm_config(r->control->farm)->defaults) != 0) {
        request_fail(r, FAILURE_INTERNAL, NULL, NULL, "no memory");
        goto done;
    }
    snprintf(out->name, sizeof(out->name), "%s", name != NULL ? name : "");
    json_object_del(config, "name"); /* in files it is the key of the mapping */
    doc = document_from_json("request", config, d);
    if (doc != NULL) {
        vm_config_read(out, doc, doc->root, "", true, d);
        check_client_config(farm_config(r->control->farm), out, doc, d);
    }
    good = doc != NULL && diagnostics_errors(d) == 0;
    if (!good) {
        fail_config(r, d);
    }
done:
    document_free(doc);
    diagnostics_free(d);
    return good;
}

void method_vm_create(struct request *r)
{
    const char *key = request_string(r, "key");
    struct vm *vm = find_key(r, key);
    struct vm_config config = {0};
    struct vm_files files;
    struct console *console = NULL;
    struct refusal why = {0};
    enum failure f;

    if (request_flag(r, "console")) {
        if (r->fd_count == 0) {
            request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL,
                         "\"console\" needs a descriptor, and none came");
            return;
        }
        console = consoles_take(r, r->fd_count - 1);
        if (console == NULL) {
            return;
        }
    }
    if (vm != NULL) {
        answer_summary(r, vm); /* the files that came along are closed */
        consoles_follow(console, vm);
        return;
    }
    if (key != NULL && (*key == '\0' || strlen(key) > CREATE_KEY_LENGTH)) {
        request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL, "\"key\" has 1 to %u bytes",
                     CREATE_KEY_LENGTH);
        consoles_give_up(console);
        return;
    }
    vm_files_init(&files);
    if (!read_config(r, &config)) {
        goto done;
    }
    size_t needed = (config.initrd != NULL ? 2u : 1u) + config.disk_count, index = 0;
    size_t came = r->fd_count - (console != NULL);
    if (came < needed) {
        request_fail(r, FAILURE_FILES_NEEDED, "vmctl opens and passes them",
                     json_pack("{s:o}", "files", vm_files_needed(&config, &files)),
                     "the VM has %zu files, and %zu descriptors came", needed, came);
        goto done;
    }
    if (came > needed) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL,
                     "the configuration names %zu files and %zu descriptors came", needed, came);
        goto done;
    }
    if (!fill_slot(r, &config, &files, "kernel", index++) ||
        (config.initrd != NULL && !fill_slot(r, &config, &files, "initrd", index++))) {
        goto done;
    }
    for (size_t i = 0; i < config.disk_count; i++) {
        char slot[32];
        snprintf(slot, sizeof(slot), "disk%zu", i);
        if (!fill_slot(r, &config, &files, slot, index++)) {
            goto done;
        }
    }
    f = farm_create(r->control->farm,
                    &(struct farm_create){.config = &config,
                                          .files = &files,
                                          .owner = request_peer(r)->uid,
                                          .ephemeral = request_flag(r, "ephemeral"),
                                          .start = request_flag(r, "start"),
                                          .may_queue = request_flag(r, "queue"),
                                          .replace = request_flag(r, "replace")},
                    &vm, &why);
    if (f != FAILURE_NONE) {
        request_refuse(r, f, &why);
        goto done;
    }
    files_taken(r);
    keep_key(r, key, vm);
    answer_summary(r, vm);
    consoles_follow(console, vm);
    console = NULL;
done:
    consoles_give_up(console);
    vm_config_free(&config);
}

/* ---- Changing ----------------------------------------------------------------------------------- */

static void answer_change(struct request *r, enum failure f, struct refusal *why)
{
    if (f != FAILURE_NONE) {
        request_refuse(r, f, why);
    } else {
        answer_summary(r, r->vm);
    }
}

void method_vm_start(struct request *r)
{
    const json_t *names = json_object_get(r->params, "files");
    size_t count = json_is_string(names) ? 1 : json_array_size(names);
    struct vm_files files;
    struct refusal why = {0};
    enum failure f;

    if (count != r->fd_count) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL,
                     "\"files\" names %zu files and %zu descriptors came", count, r->fd_count);
        return;
    }
    vm_files_init(&files);
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_is_string(names) ? names : json_array_get(names, i);
        if (!fill_slot(r, &r->vm->row.config, &files, json_string_value(name), i)) {
            return;
        }
    }
    f = farm_start(r->control->farm, r->vm, count != 0 ? &files : NULL, request_flag(r, "queue"),
                   &why);
    if (f == FAILURE_NONE && count != 0) {
        files_taken(r);
    }
    answer_change(r, f, &why);
}

void method_vm_stop(struct request *r)
{
    farm_stop(r->control->farm, r->vm, request_flag(r, "force"),
              (uint64_t)request_integer(r, "timeout_ms", 0));
    answer_change(r, FAILURE_NONE, NULL);
}

void method_vm_restart(struct request *r)
{
    struct refusal why = {0};
    enum failure f = farm_restart(r->control->farm, r->vm, request_flag(r, "force"),
                                  (uint64_t)request_integer(r, "timeout_ms", 0), &why);

    answer_change(r, f, &why);
}

void method_vm_remove(struct request *r)
{
    struct refusal why = {0};
    json_t *o = json_object();
    enum failure f;

    /* The VM may be gone when the farm returns. */
    set(o, "id", json_string(r->vm->row.id));
    set(o, "name", json_string(r->vm->row.config.name));
    f = farm_remove(r->control->farm, r->vm, request_flag(r, "force"), &why);
    if (f != FAILURE_NONE) {
        json_decref(o);
        request_refuse(r, f, &why);
    } else {
        request_answer(r, o);
    }
}

void method_vm_autostart(struct request *r)
{
    struct refusal why = {0};

    answer_change(r, farm_set_autostart(r->control->farm, r->vm, request_flag(r, "on"), &why),
                  &why);
}

/* ---- Logs --------------------------------------------------------------------------------------- */

/* Of a VM that is gone, its logs are for the host's people: whose it was is not known any more. false: answered. */
static bool open_log(struct request *r, unsigned back, int fd[2], int *newer, json_t *o)
{
    const char *name = request_string(r, "name");
    struct farm *f = r->control->farm;
    struct vm *vm = farm_find(f, name);
    uint64_t boot = 0;
    int err;

    if (vm != NULL && !request_may_see(r, vm)) {
        request_fail(r, FAILURE_DENIED, NULL, NULL, "VM \"%s\" belongs to another user", name);
        return false;
    }
    if (vm != NULL) {
        err = farm_open_log(f, vm, back, fd, newer);
        boot = vm->row.boots - back;
    } else {
        err = request_privileged(r) ? farm_open_retired_log(f, name, back, fd, newer, &boot)
                                    : -ENOENT;
    }
    if (err == -ENOENT && boot == 0 && vm == NULL) {
        request_fail(r, FAILURE_NO_SUCH_VM, "vmctl list shows the VMs there are", NULL,
                     "there is no VM \"%.64s\", and no log of one", name);
        return false;
    }
    if (err != 0) {
        request_fail(r, err == -ENOENT ? FAILURE_UNSUPPORTED : FAILURE_INTERNAL, NULL, NULL,
                     "VM \"%.64s\" has no log of that run: %s", name, strerror(-err));
        return false;
    }
    set(o, "boot", json_integer((json_int_t)boot));
    set(o, "state", json_string(vm != NULL ? vm_state_name(vm_state(vm)) : "removed"));
    return true;
}

void method_vm_logs(struct request *r)
{
    json_int_t boot = request_integer(r, "boot", 0);
    int fd[2] = {-1, -1}, newer = 0, sent[2];
    json_t *o, *sizes, *present;
    size_t count = 0;

    if (boot > 0 || boot < -1000000) {
        request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL,
                     "\"boot\" is 0 for the latest run, -1 for the one before, and so on");
        return;
    }
    o = json_object();
    if (!open_log(r, (unsigned)-boot, fd, &newer, o)) {
        json_decref(o);
        return;
    }
    sizes = json_array();
    present = json_array();
    for (size_t i = 0; i < 2; i++) {
        struct stat st;
        bool there = fd[i] >= 0 && fstat(fd[i], &st) == 0;
        json_array_append_new(present, json_boolean(fd[i] >= 0));
        json_array_append_new(sizes, json_integer(there ? (json_int_t)st.st_size : 0));
        if (fd[i] >= 0) {
            sent[count++] = fd[i];
        }
    }
    set(o, "newer", json_integer(newer));
    set(o, "sizes", sizes);
    set(o, "present", present);
    request_answer_fds(r, o, sent, count);
}
