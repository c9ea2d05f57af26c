/* SPDX-License-Identifier: ISC */
/*
 * verb-run.c: run and create: a VM from a command line, a file, or both.
 *
 * What was given is checked here, by config/, before anything is asked, so that a mistake gets its place and
 * suggestion. Only what was given is sent: the daemon puts it over the host's defaults. The kernel, the
 * initrd and the disks are opened here, with the caller's rights, and go as descriptors.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnostics.h"
#include "document.h"
#include "outcome.h"
#include "units.h"
#include "verb.h"
#include "vm-config.h"

#define CREATE_OPTIONS                                                                             \
    {"name", "NAME", "a letter, then letters, digits and hyphens; else one is made"},              \
        {"c cpus cpu", "N", "virtual CPUs"},                                                       \
        {"m memory", "SIZE", "512M, 4GiB; a bare number is MiB"},                                  \
        {"kernel", "PATH", "an arm64 Image"}, {"initrd", "PATH", "the initial RAM disk"},          \
        {"cmdline append", "TEXT", "the kernel's command line"},                                   \
        {"disk", "PATH[:ro]", "a raw image or block device; may be repeated"},                     \
        {"l label", "K=V", "may be repeated"},                                                     \
        {"restart", "POLICY", "no, on-failure[:N], always or unless-stopped"},                     \
        {"network", "NAME", "one of the host's networks, or none; may be repeated"},               \
        {"f file", "FILE", "a VM's settings in YAML; options go over them"},                       \
        {"replace", NULL, "remove a stopped VM of that name first"},                               \
        {"idempotency-key", "KEY", "a second call with it returns the first one's VM"},            \
    {                                                                                              \
        "cidfile", "FILE", "write the VM's id to a new file"                                       \
    }

const struct option_spec create_options[] = {CREATE_OPTIONS, {0}};
const struct option_spec run_options[] = {
    CREATE_OPTIONS,
    {"d detach", NULL, "return when it runs (the default)"},
    {"attach a", NULL, "follow the console; the exit status is the outcome's"},
    {"rm", NULL, "remove the VM when it ends; its logs stay for a while"},
    {"wait", "[=STATE]",
     "running, or ready (the default): the guest is up, and its health check has succeeded; "
     "in the queue too"},
    {"timeout", "D", "wait at most so long"},
    {"queue", NULL, "wait for room in the host's budget (the default)"},
    {"no-queue", NULL, "fail if there is no room"},
    {0}};

int run_open_file(const char *slot, const char *path, bool writable)
{
    /* O_NONBLOCK: a FIFO must not hang us. */
    int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0) {
        int err = errno;

        say_error(err == EACCES || err == EPERM ? FAILURE_DENIED : FAILURE_INVALID_CONFIG,
                  writable && (err == EACCES || err == EROFS)
                      ? "PATH:ro opens a disk for reading alone"
                      : NULL,
                  "%s: %s: %s", slot, path, strerror(err));
        return -1;
    }
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        say_error(FAILURE_INVALID_CONFIG, NULL, "%s: %s is no file", slot, path);
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- What was asked for ----------------------------------------------------------------------- */

static json_t *absolute(const char *path)
{
    char cwd[PATH_MAX];

    if (*path == '/' || !*path || !getcwd(cwd, sizeof(cwd))) {
        return json_string(path);
    }
    return json_sprintf("%s/%s", cwd, path);
}

/* A value as a person typed it: numbers are numbers. */
static json_t *typed(const char *text)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && !errno ? json_integer(n) : json_string(text);
}

static json_t *disk(const char *text)
{
    size_t n = strlen(text);
    bool read_only = n > 3 && strcmp(text + n - 3, ":ro") == 0;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%.*s", (int)(read_only ? n - 3 : n), text);
    return json_pack("{s:o,s:b}", "path", absolute(path), "readonly", read_only);
}

/* The options as a VM's mapping. NULL: *status. */
static json_t *options_mapping(struct call *c, int *status)
{
    const struct options *o = &c->options;
    json_t *m = json_object(), *list;
    const char *value;
    size_t at;

    for (at = 0; at < 2; at++) { /* as of a script's variable that is not set */
        static const char *const paths[] = {"kernel", "initrd"};

        if ((value = options_get(o, paths[at])) && !*value) {
            *status = say_usage(c->verb->name, "--%s takes a path, not \"\"", paths[at]);
            json_decref(m);
            return NULL;
        }
    }
    if ((value = options_get(o, "cpus"))) {
        json_object_set_new(m, "cpus", typed(value));
    }
    if ((value = options_get(o, "memory"))) {
        uint64_t bytes;
        char text[UNITS_TEXT];

        json_object_set_new(m, "memory", json_string(value));
        if (!value[strspn(value, "0123456789")] && units_parse_size(value, &bytes) == 0) {
            say_note("--memory %s is %s", value, units_format_size(bytes, text));
        }
    }
    if ((value = options_get(o, "kernel"))) {
        json_object_set_new(m, "kernel", absolute(value));
    }
    if ((value = options_get(o, "initrd"))) {
        json_object_set_new(m, "initrd", absolute(value));
    }
    if ((value = options_get(o, "cmdline"))) {
        json_object_set_new(m, "cmdline", json_string(value));
    }
    if ((value = options_get(o, "restart"))) {
        json_object_set_new(m, "restart", json_string(value));
    }
    for (at = 0, list = json_array(); (value = options_next(o, "disk", &at));) {
        json_array_append_new(list, disk(value));
    }
    if (json_array_size(list)) {
        json_object_set(m, "disks", list);
    }
    json_decref(list);
    for (at = 0, list = json_array(); (value = options_next(o, "network", &at));) {
        if (strcmp(value, "none") != 0) {
            json_array_append_new(list, json_string(value));
        }
    }
    if (options_has(o, "network")) {
        json_object_set(m, "networks", list);
    }
    json_decref(list);
    for (at = 0, list = json_object(); (value = options_next(o, "label", &at));) {
        const char *equals = strchr(value, '=');
        char key[256];

        snprintf(key, sizeof(key), "%.*s", (int)(equals ? equals - value : (long)strlen(value)),
                 value);
        if (!equals || !*key) {
            *status = say_usage(c->verb->name, "--label %s: a label is KEY=VALUE", value);
            json_decref(list);
            json_decref(m);
            return NULL;
        }
        json_object_set_new(list, key, json_string(equals + 1));
    }
    if (json_object_size(list)) {
        json_object_set(m, "labels", list);
    }
    json_decref(list);
    return m;
}

static char *read_file(const char *path, size_t *size)
{
    char *text = malloc(DOCUMENT_BYTES_MAX + 1);
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

    if (!f || !text) {
        say_error(FAILURE_INVALID_CONFIG, NULL, "%s: %s", path, strerror(errno));
        goto fail;
    }
    *size = fread(text, 1, DOCUMENT_BYTES_MAX + 1, f);
    if (ferror(f) || *size > DOCUMENT_BYTES_MAX) {
        say_error(FAILURE_INVALID_CONFIG, NULL, "%s: %s", path,
                  ferror(f) ? strerror(errno) : "it is too large");
        goto fail;
    }
    if (f != stdin) {
        fclose(f);
    }
    return text;
fail:
    if (f && f != stdin) {
        fclose(f);
    }
    free(text);
    return NULL;
}

/* Reads `mapping` over `config`; the keys it has are added to `given`. */
static void read_over(struct vm_config *config, const struct document *doc,
                      const struct node *mapping, bool complete, json_t *given,
                      struct diagnostics *d)
{
    for (size_t i = 0; mapping && mapping->kind == NODE_MAPPING && i < mapping->count; i++) {
        json_object_set_new(given, mapping->keys[i]->text, json_true());
    }
    vm_config_read(config, doc, mapping, "", complete, d);
}

/* The name, from --name or the file's "name:", which is no key of vm_config_read. */
static const char *take_name(struct call *c, const struct document *file, char *out, size_t size)
{
    const char *option = options_get(&c->options, "name");
    const struct node *node = file ? node_get(file->root, "name") : NULL;

    snprintf(out, size, "%s",
             option                                            ? option
             : node && node->kind == NODE_SCALAR && node->text ? node->text
                                                               : "");
    return out;
}

/* A copy of a mapping without one key; the nodes are the document's. */
static struct node *without(const struct node *mapping, const char *key)
{
    size_t count = mapping->count;
    struct node *n = calloc(1, sizeof(*n) + 2 * (count + 1) * sizeof(struct node *));
    struct node **keys, **items;

    if (!n) {
        return NULL;
    }
    *n = *mapping;
    keys = (struct node **)(void *)(n + 1);
    items = keys + count + 1;
    n->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(mapping->keys[i]->text, key) != 0) {
            keys[n->count] = mapping->keys[i];
            items[n->count++] = mapping->items[i];
        }
    }
    n->keys = keys;
    n->items = items;
    return n;
}

/* For a program all of it is in one error; people see each mistake with its place. */
static int refuse_config(const struct document *file, const struct diagnostics *d)
{
    const struct node *root = file ? file->root : NULL;
    bool whole = root && root->kind == NODE_MAPPING && node_get(root, "vms");
    const char *first = diagnostics_first_error(d, 0);

    if (!say_is_porcelain()) {
        diagnostics_print(d, stderr, say_color(stderr));
    }
    return say_error(FAILURE_INVALID_CONFIG,
                     whole
                         ? "it takes the settings of one VM alone, as they stand below its name in "
                           "a configuration's \"vms\""
                         : "vmctl help run",
                     "no VM was made%s%s", say_is_porcelain() && first ? ": " : "",
                     say_is_porcelain() && first ? first : "");
}

/* What to create: `config` as it will be, but for the host's defaults, and what to send. NULL: *status. */
static json_t *gather(struct call *c, struct vm_config *config, int *status)
{
    const char *path = options_get(&c->options, "file");
    struct diagnostics *d = diagnostics_new();
    struct document *file = NULL, *line = NULL;
    json_t *mapping = options_mapping(c, status), *given = json_object(), *all = NULL, *send = NULL;
    struct node *body = NULL;
    char *text = NULL, name[256];
    size_t size;
    const char *key;
    json_t *value;

    vm_config_init(config);
    if (!mapping) {
        goto done;
    }
    *status = STATUS_FAILED;
    if (path) {
        text = read_file(path, &size);
        file = text ? document_parse_yaml(path, text, size, d) : NULL;
        if (file && file->root && file->root->kind == NODE_MAPPING &&
            (body = without(file->root, "name"))) {
            read_over(config, file, body, false, given, d);
        }
        if (!text) {
            goto done;
        }
    }
    line = document_from_json("command line", mapping, d);
    if (line) {
        read_over(config, line, line->root, false, given, d);
    }
    take_name(c, file, name, sizeof(name));
    if (*name && !vm_name_valid(name)) {
        *status = say_error(FAILURE_INVALID_CONFIG,
                            "a lower-case letter, then at most 62 letters, digits and hyphens",
                            "\"%s\" is no name for a VM", name);
        goto done;
    }
    if (diagnostics_errors(d) || !line) {
        *status = refuse_config(file, d);
        goto done;
    }
    if (!say_is_porcelain()) {
        diagnostics_print(d, stderr, say_color(stderr)); /* warnings */
    }
    all = vm_config_to_json(config, true);
    send = json_object();
    json_object_foreach(given, key, value)
    {
        json_object_set(send, key, json_object_get(all, key));
    }
    if (*name) {
        json_object_set_new(send, "name", json_string(name));
    }
    *status = STATUS_OK;
done:
    json_decref(mapping);
    json_decref(given);
    json_decref(all);
    free(body);
    free(text);
    document_free(file);
    document_free(line);
    diagnostics_free(d);
    return send;
}

/* ---- Creating ----------------------------------------------------------------------------------- */

static void close_files(int *fd, size_t count)
{
    while (count) {
        close(fd[--count]);
    }
}

/* In the daemon's order: kernel, initrd, disks. None without a kernel: then the daemon knows of one, and says so. */
static int open_files(const struct vm_config *config, int *fd, size_t *count)
{
    char slot[32];

    *count = 0;
    if (!config->kernel) {
        return STATUS_OK;
    }
    if ((fd[*count] = run_open_file("kernel", config->kernel, false)) < 0) {
        return STATUS_FAILED;
    }
    ++*count;
    if (config->initrd) {
        if ((fd[*count] = run_open_file("initrd", config->initrd, false)) < 0) {
            goto fail;
        }
        ++*count;
    }
    for (size_t i = 0; i < config->disk_count; i++) {
        snprintf(slot, sizeof(slot), "disk%zu", i);
        fd[*count] = run_open_file(slot, config->disk[i].path, !config->disk[i].read_only);
        if (fd[*count] < 0) {
            goto fail;
        }
        ++*count;
    }
    return STATUS_OK;
fail:
    close_files(fd, *count);
    *count = 0;
    return STATUS_FAILED;
}

/* What the host's defaults name is opened here as well: the daemon lists all files in its order. */
static int open_listed(const json_t *files, int *fd, size_t *count)
{
    const json_t *file;
    size_t i;

    json_array_foreach(files, i, file)
    {
        if (*count == RPC_FDS_MAX - 1) { /* one is the console's */
            return say_error(FAILURE_INVALID_CONFIG, NULL, "the VM has too many files");
        }
        fd[*count] = run_open_file(text_of(file, "slot"), text_of(file, "path"),
                                   json_is_true(json_object_get(file, "writable")));
        if (fd[*count] < 0) {
            return STATUS_FAILED;
        }
        ++*count;
    }
    return STATUS_OK;
}

/* Asks for the VM, and once more with what the host's defaults name. The answer is in r unless a status is returned;
 * r is to be freed in any case. */
static int request_vm(struct call *c, json_t *params, int *fd, size_t *count, int console,
                      struct reply *r)
{
    size_t consoles = console >= 0;
    int status;

    fd[*count] = console;
    if (client_call(c->client, "vm.create", json_incref(params), fd, *count + consoles, r) !=
        FAILURE_FILES_NEEDED) {
        return STATUS_OK;
    }
    close_files(fd, *count);
    *count = 0;
    status = open_listed(json_object_get(reply_data(r), "files"), fd, count);
    if (status) {
        return status;
    }
    reply_free(r);
    fd[*count] = console;
    client_call(c->client, "vm.create", json_incref(params), fd, *count + consoles, r);
    return STATUS_OK;
}

/* Makes the VM; *vm is its summary. console: -1, or the daemon's end of a stream. */
static int create(struct call *c, bool start, int console, json_t **vm)
{
    const char *key = options_get(&c->options, "idempotency-key");
    const char *cidfile = options_get(&c->options, "cidfile");
    struct vm_config config = {0};
    int fd[RPC_FDS_MAX], status = STATUS_OK, cid = -1;
    size_t count = 0;
    json_t *send = gather(c, &config, &status), *params;
    struct reply r;

    if (!send) {
        goto done;
    }
    status = open_files(&config, fd, &count);
    if (status) {
        goto done;
    }
    if (cidfile && (cid = open(cidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0) {
        status = say_error(FAILURE_BAD_PARAMS, NULL, "--cidfile %s: %s", cidfile, strerror(errno));
        goto done;
    }
    params = json_pack("{s:O,s:b,s:b,s:b,s:b,s:b,s:s*}", "config", send, "start", start,
                       "ephemeral", options_has(&c->options, "rm"), "queue",
                       !options_has(&c->options, "no-queue"), "replace",
                       options_has(&c->options, "replace"), "console", console >= 0, "key", key);
    status = request_vm(c, params, fd, &count, console, &r);
    json_decref(params);
    if (!status && r.failure) {
        const json_t *d = json_object_get(reply_data(&r), "diagnostics"), *one;
        size_t i;

        json_array_foreach(d, i, one)
        {
            if (i) { /* the first is in the message */
                say_note("%s: %s", text_of(one, "path"), text_of(one, "message"));
            }
        }
        status = reply_report(&r, NULL);
    } else if (!status) {
        *vm = json_incref(r.result);
        if (cid >= 0) {
            dprintf(cid, "%s\n", text_of(*vm, "id"));
        }
    }
    if (status && cidfile) {
        unlink(cidfile);
    }
    reply_free(&r);
done:
    if (cid >= 0) {
        close(cid);
    }
    close_files(fd, count);
    json_decref(send);
    vm_config_free(&config);
    return status;
}

int verb_create(struct call *c)
{
    json_t *vm = NULL;
    int status = create(c, false, -1, &vm);

    if (!status) {
        puts(text_of(vm, "name"));
    }
    json_decref(vm);
    return status;
}

/* ---- run ------------------------------------------------------------------------------------------ */

/* The outcome as exit status; what was not a power-off is said. */
static int report_outcome(const char *name, const json_t *vm)
{
    enum outcome o = call_outcome(vm);
    int status = o == OUTCOME_NONE ? 125 : outcome_exit_status(o);

    if (status) {
        say_note("%s: %s", name, call_outcome_text(vm));
    }
    return status;
}

/* The rest of a VM whose console somebody else has now. `id` and not the name: with --rm, another VM may take the name
 * meanwhile. */
static int await_outcome(struct call *c, const char *name, const char *id)
{
    struct reply r;
    int status;

    say_progress("waiting for %s to end", name);
    call_wait(c, id, "stopped", 0, &r);
    say_progress_end();
    if (r.failure) {
        status = reply_report(&r, name);
        status = status == STATUS_UNREACHABLE ? status : 125;
    } else {
        status = report_outcome(name, r.result);
    }
    reply_free(&r);
    return status;
}

/* The console from the guest's first byte to its last, then the outcome. */
static int attach(struct call *c, const json_t *vm, int console)
{
    const char *name = text_of(vm, "name");
    int status = STATUS_OK;
    json_t *why;

    switch (console_join(c, name, console, &(struct console_look){.escape = CONSOLE_ESCAPE}, &why,
                         &status)) {
    case CONSOLE_ENDED: status = report_outcome(name, why); break;
    case CONSOLE_TAKEN: status = await_outcome(c, name, text_of(vm, "id")); break;
    case CONSOLE_DETACHED:
        say_note("%s runs on; vmctl console %s comes back to it", name, name);
        break;
    case CONSOLE_SIGNALLED: /* it may not even have had a name that the caller knows */
        say_note("%s runs on; vmctl stop %s ends it", name, name);
        break;
    default: break;
    }
    json_decref(why);
    return status;
}

static int wait_for_start(struct call *c, const json_t *vm, const char *until, json_int_t timeout)
{
    const char *name = text_of(vm, "name");
    struct reply r;
    int status = STATUS_OK;

    say_progress("starting %s", name);
    call_wait(c, text_of(vm, "id"), until, timeout, &r);
    say_progress_end();
    /* One that is short-lived may be gone already; who is attached hears of it there. */
    if (options_has(&c->options, "attach") ? r.failure == FAILURE_TIMED_OUT
        : options_has(&c->options, "rm")   ? r.failure && r.failure != FAILURE_NO_SUCH_VM
                                           : r.failure) {
        status = reply_report(&r, name);
    }
    reply_free(&r);
    return status;
}

/* Made and waited for, as the options say. `pair`: of the console, -1 if it is not wanted. */
static int run(struct call *c, const char *until, json_int_t timeout, int pair[2])
{
    bool attached = pair[0] >= 0, queued;
    json_t *vm = NULL;
    int status = create(c, true, pair[1], &vm);

    if (attached) {
        close(pair[1]); /* what is left of the stream is the daemon's */
    }
    if (status) {
        return attached && status == STATUS_FAILED ? 125 : status;
    }
    queued = strcmp(text_of(vm, "state"), "queued") == 0;
    if (queued) {
        say_note("%s waits for room in the host's budget, at position %lld", text_of(vm, "name"),
                 (long long)json_integer_value(json_object_get(vm, "queue_position")));
    }
    if (!attached) {
        puts(text_of(vm, "name"));
        fflush(stdout);
    }
    if (!queued || attached || options_has(&c->options, "wait")) {
        status = wait_for_start(c, vm, until, timeout);
    }
    if (attached && !status) {
        status = attach(c, vm, pair[0]);
    }
    json_decref(vm);
    return status;
}

int verb_run(struct call *c)
{
    const char *wait = options_get(&c->options, "wait");
    const char *until = !wait ? "running" : *wait ? wait : "ready";
    bool attached = options_has(&c->options, "attach");
    int status = STATUS_OK, pair[2] = {-1, -1};
    json_int_t timeout = call_duration(c, "timeout", 0, &status);

    if (timeout < 0) {
        return status;
    }
    if (strcmp(until, "running") != 0 && strcmp(until, "ready") != 0) {
        return say_usage("run", "--wait is running or ready, not \"%s\"", until);
    }
    if (attached && options_has(&c->options, "detach")) {
        return say_usage("run", "--attach and --detach do not go together");
    }
    if (attached && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        say_error(FAILURE_INTERNAL, NULL, "socketpair: %s", strerror(errno));
        return 125;
    }
    status = run(c, until, timeout, pair);
    if (attached) {
        close(pair[0]);
    }
    return status;
}
