/* SPDX-License-Identifier: ISC */
/*
 * verb-check.c: validate, schema, doctor: what can be found out before something goes wrong. validate and schema
 * need no daemon.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnostics.h"
#include "document.h"
#include "host-config.h"
#include "shape.h"
#include "verb.h"

#define FILES_MAX 1024u

const struct option_spec validate_options[] = {
    {"format", "F", "text (the default), or json: the diagnostics"},
    {"vm", NULL, "the file holds one VM, as for vmctl run -f"},
    {"q quiet", NULL, "only the exit status"},
    {0}};

const struct option_spec doctor_options[] = {FORMAT_OPTION, {0}};

struct files {
    struct host_file file[FILES_MAX]; /* [0] is paddock.yaml */
    size_t count;
    bool failed;
};

static void add_file(struct files *f, const char *path, bool host)
{
    struct host_file *slot = host ? &f->file[0] : &f->file[f->count];
    FILE *in = fopen(path, "re");
    char *text = malloc(DOCUMENT_BYTES_MAX + 2);

    if (!in || !text || (!host && f->count == FILES_MAX)) {
        say_error(errno == EACCES ? FAILURE_DENIED : FAILURE_INVALID_CONFIG, NULL, "%s: %s", path,
                  strerror(errno));
        f->failed = true;
        free(text);
        if (in) {
            fclose(in);
        }
        return;
    }
    slot->path = strdup(path);
    slot->text = text;
    slot->size =
        fread(text, 1, DOCUMENT_BYTES_MAX + 1, in); /* one too many is refused by the parser */
    if (ferror(in)) {
        say_error(FAILURE_INVALID_CONFIG, NULL, "%s: %s", path, strerror(errno));
        f->failed = true;
    }
    fclose(in);
    f->count += host ? 0 : 1;
}

static int is_yaml(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

/* A folder as /etc/paddock is one. */
static void add_folder(struct files *f, const char *path)
{
    char name[2048];
    struct dirent **list = NULL;
    int n;

    snprintf(name, sizeof(name), "%s/paddock.yaml", path);
    if (access(name, F_OK) == 0) {
        add_file(f, name, true);
    }
    snprintf(name, sizeof(name), "%s/vms.d", path);
    n = scandir(name, &list, is_yaml, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "%s/vms.d/%s", path, list[i]->d_name);
        add_file(f, name, false);
        free(list[i]);
    }
    free(list);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_host_file(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash ? slash + 1 : path, "paddock.yaml") == 0;
}

static void read_vm(const struct host_file *f, struct diagnostics *d)
{
    struct document *doc = document_parse_yaml(f->path, f->text, f->size, d);
    struct vm_config config;

    vm_config_init(&config);
    if (doc && doc->root) {
        vm_config_read(&config, doc, doc->root, "", true, d);
    }
    vm_config_free(&config);
    document_free(doc);
}

static void print_result(struct call *c, const struct diagnostics *d, size_t files, bool failed)
{
    const char *format = options_get(&c->options, "format");

    if (format && strcmp(format, "json") == 0) {
        json_t *all = diagnostics_to_json(d);

        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(all);
    } else if (!options_has(&c->options, "quiet")) {
        diagnostics_print(d, stderr, say_color(stderr));
        if (!diagnostics_errors(d) && !failed) {
            say_note("%zu file%s, no errors, %zu warning%s", files, files == 1 ? "" : "s",
                     diagnostics_warnings(d), diagnostics_warnings(d) == 1 ? "" : "s");
        }
    }
}

int verb_validate(struct call *c)
{
    struct files *f = calloc(1, sizeof(*f));
    struct diagnostics *d = diagnostics_new();
    struct host_config config = {0};
    char folder[1024];
    int status = STATUS_FAILED;

    if (!f || !d) {
        goto done;
    }
    f->count = 1;
    if (!c->options.operand_count) {
        snprintf(folder, sizeof(folder), c->root ? "%s/etc" : "/etc/paddock", c->root);
        add_folder(f, folder);
    }
    for (size_t i = 0; i < c->options.operand_count; i++) {
        const char *path = c->options.operands[i];

        if (is_folder(path)) {
            size_t before = f->count + (f->file[0].text ? 1 : 0);

            add_folder(f, path);
            if (f->count + (f->file[0].text ? 1 : 0) == before && !f->failed) {
                say_error(FAILURE_INVALID_CONFIG,
                          "it is given as /etc/paddock is; a single file may be given, too",
                          "%s has neither paddock.yaml nor vms.d/*.yaml", path);
                f->failed = true;
            }
        } else {
            add_file(f, path, is_host_file(path) && !f->file[0].text);
        }
    }
    if (options_has(&c->options, "vm")) {
        for (size_t i = 0; i < f->count; i++) {
            if (f->file[i].text) {
                read_vm(&f->file[i], d);
            }
        }
    } else {
        host_config_read(&config, f->file, f->count, d);
        host_config_free(&config);
    }
    print_result(c, d, f->count - (f->file[0].text ? 0 : 1), f->failed);
    status = f->failed || diagnostics_errors(d) ? STATUS_FAILED : STATUS_OK;
done:
    for (size_t i = 0; f && i < f->count; i++) {
        free((void *)(uintptr_t)f->file[i].path);
        free((void *)(uintptr_t)f->file[i].text);
    }
    free(f);
    diagnostics_free(d);
    return status;
}

int verb_schema(struct call *c)
{
    const char *name = c->options.operand_count ? c->options.operands[0] : "config";
    const struct shape *shape = shape_find(name);
    json_t *schema;

    if (!shape) {
        return say_usage("schema",
                         "nothing prints \"%s\" in JSON; vmctl help --all lists what does", name);
    }
    schema = shape_schema(shape);
    json_dumpf(schema, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(schema);
    return STATUS_OK;
}

/* ---- doctor ------------------------------------------------------------------------------------ */

struct examination {
    json_t *findings;
    bool failed;
};

static void found(struct examination *e, const char *verdict, const char *what, const char *detail)
{
    json_array_append_new(e->findings, json_pack("{s:s,s:s,s:s}", "verdict", verdict, "subject",
                                                 what, "detail", detail));
    e->failed = e->failed || strcmp(verdict, "fail") == 0;
}

static void findings_table(const json_t *findings)
{
    static const char *const titles[] = {"", "", "", NULL};
    struct table *t = table_new(titles);
    const json_t *one;
    size_t i;

    json_array_foreach(findings, i, one)
    {
        const char *verdict = text_of(one, "verdict");

        table_add(t, verdict);
        table_paint(t, *verdict == 'o' ? "32" : *verdict == 'f' ? "31" : "33");
        table_add(t, text_of(one, "subject"));
        table_add(t, text_of(one, "detail"));
    }
    table_print(t, stdout, false, 0, say_color(stdout));
    table_free(t);
}

static void examine_daemon(struct examination *e, const json_t *status)
{
    char text[256];
    int protocol = (int)json_integer_value(json_object_get(status, "protocol"));
    const json_t *states = json_object_get(status, "states");
    json_int_t failed = json_integer_value(json_object_get(states, "failed"));
    json_int_t queued = json_integer_value(json_object_get(status, "queued"));

    snprintf(text, sizeof(text), "%s, protocol %d", text_of(status, "version"), protocol);
    found(e, protocol == (int)RPC_PROTOCOL ? "ok" : "fail", "the daemon's version", text);
    found(e, *text_of(status, "losses") ? "warn" : "ok", "protections",
          *text_of(status, "losses") ? text_of(status, "losses") : "all");
    if (json_is_true(json_object_get(status, "draining"))) {
        found(e, "warn", "starts", "the host drains: vmctl undrain");
    }
    snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " failed%s", failed,
             failed ? ": vmctl list -f state=failed; vmctl inspect NAME says why" : "");
    found(e, failed ? "warn" : "ok", "VMs", text);
    if (queued) {
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " wait for room", queued);
        found(e, "warn", "the budget", text);
    }
}

static void examine_workers(struct call *c, struct examination *e)
{
    json_t *result = NULL;
    const json_t *vm;
    size_t i;

    if (call_ask(c, "vm.list", json_object(), NULL, &result)) {
        return;
    }
    json_array_foreach(json_object_get(result, "vms"), i, vm)
    {
        const char *health = text_of(vm, "health");

        if (strcmp(health, "unresponsive") == 0 || strcmp(health, "unhealthy") == 0) {
            found(e, "warn", text_of(vm, "name"), health);
        }
    }
    json_decref(result);
}

int verb_doctor(struct call *c)
{
    struct examination e = {.findings = json_array()};
    json_t *status = NULL;
    int exit_status = call_connect(c);

    if (!exit_status) {
        found(&e, "ok", "the control socket", "a daemon answers");
        exit_status = call_ask(c, "daemon.status", json_object(), NULL, &status);
    } else {
        found(&e, "fail", "the control socket", "no daemon answers there");
    }
    if (!exit_status) {
        examine_daemon(&e, status);
        examine_workers(c, &e);
    }
    if (c->format.kind == FORMAT_TABLE) {
        findings_table(e.findings);
    } else if (call_print(c, e.findings)) {
        exit_status = STATUS_USAGE;
    }
    json_decref(e.findings);
    json_decref(status);
    return exit_status ? exit_status : e.failed ? STATUS_FAILED : STATUS_OK;
}
