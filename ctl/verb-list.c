/* SPDX-License-Identifier: ISC */
/*
 * verb-list.c: list, ps, inspect, stats, top: looking at VMs.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "units.h"
#include "verb.h"

#define LIST_OPTIONS                                                                               \
    {"q quiet", NULL, "names alone"}, FORMAT_OPTION,                                               \
        {"f filter", "K=V", "state=, name=, label=; may be repeated"},                             \
        {"l label", "K[=V]", "VMs with this label; may be repeated"},                              \
        {"no-header", NULL, "no titles"},                                                          \
        {"no-trunc", NULL, "do not cut columns to the terminal"},                                  \
    {                                                                                              \
        "sort", "KEY", "by name (the default), state, uptime, memory, cpus, restarts or created"   \
    }

const struct option_spec list_options[] = {
    {"a all", NULL, "all VMs; for list this is the default"}, LIST_OPTIONS, {0}};
const struct option_spec ps_options[] = {
    {"a all", NULL, "stopped ones as well"}, LIST_OPTIONS, {0}};
const struct option_spec inspect_options[] = {
    {"format", "F", "json (the default), jsonl or a template"}, {0}};
const struct option_spec stats_options[] = {
    FORMAT_OPTION,
    {"interval", "D", "measure the CPU's use over so long; 1 s by default"},
    {"no-stream", NULL, "once; the default"},
    {0}};
const struct option_spec top_options[] = {{"interval", "D", "refresh so often; 1 s by default"},
                                          {0}};

/* ---- list ------------------------------------------------------------------------------------- */

static const char *state_color(const char *state, const char *health)
{
    if (strcmp(health, "unresponsive") == 0 || strcmp(health, "unhealthy") == 0 ||
        strcmp(state, "failed") == 0) {
        return "31";
    }
    return strcmp(state, "running") == 0 ? "32" : strcmp(state, "stopped") == 0 ? "2" : "33";
}

/* running, and what is worth knowing beside it. */
static const char *show_state(const json_t *vm, char *out, size_t size)
{
    const char *state = text_of(vm, "state"), *health = text_of(vm, "health");
    bool has_failed = strcmp(state, "failed") == 0;
    json_int_t position = json_integer_value(json_object_get(vm, "queue_position"));

    if (position) {
        snprintf(out, size, "%s (%" JSON_INTEGER_FORMAT ")", state, position);
    } else if (*health && strcmp(health, "none") != 0 && strcmp(health, "starting") != 0) {
        snprintf(out, size, "%s (%s)", state, health);
    } else if (has_failed || strcmp(state, "restarting") == 0) {
        const char *outcome = text_of(vm, "outcome");
        snprintf(out, size, "%s (%s)", state, *outcome ? outcome : "disabled");
    } else {
        snprintf(out, size, "%s", state);
    }
    return out;
}

static void list_table(struct call *c, const json_t *vms)
{
    static const char *const titles[] = {"NAME", "STATE",   ">CPUS",     ">MEMORY",
                                         "IP",   ">UPTIME", ">RESTARTS", NULL};
    struct table *t = table_new(titles);
    const json_t *vm;
    char text[64];
    size_t i;

    json_array_foreach(vms, i, vm)
    {
        json_int_t uptime = json_integer_value(json_object_get(vm, "uptime_ms"));
        char units[UNITS_TEXT];

        table_add(t, text_of(vm, "name"));
        table_add(t, show_state(vm, text, sizeof(text)));
        table_paint(t, state_color(text_of(vm, "state"), text_of(vm, "health")));
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(vm, "cpus")));
        table_add(t, text);
        table_add(
            t, units_show_size((uint64_t)json_integer_value(json_object_get(vm, "memory")), units));
        table_add(t, text_of(vm, "ip"));
        table_add(t, uptime > 0 ? units_show_duration((uint64_t)uptime, units) : NULL);
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(vm, "restarts")));
        table_add(t, text);
    }
    table_print(t, stdout, !options_has(&c->options, "no-header"),
                options_has(&c->options, "no-trunc") ? 0 : output_terminal_width(stdout),
                say_color(stdout));
    table_free(t);
}

static void add_to(json_t *params, const char *key, const char *value)
{
    json_t *list = json_object_get(params, key);

    if (!list) {
        list = json_array();
        json_object_set_new(params, key, list);
    }
    json_array_append_new(list, json_string(value));
}

/* A list that is empty for a slip of the pen would be believed. */
static bool is_state(const char *text)
{
    static const char *const states[] = {"stopped",  "queued",     "starting", "running",
                                         "stopping", "restarting", "failed"};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(text, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* --filter, --label, operands and ps's own meaning, as parameters of vm.list. NULL: *status. */
static json_t *list_params(struct call *c, int *status)
{
    static const char *const live[] = {"queued", "starting", "running", "stopping", "restarting"};
    json_t *params = json_object();
    const char *value;
    size_t at = 0;

    while ((value = options_next(&c->options, "filter", &at))) {
        if (strncmp(value, "state=", 6) == 0 && !is_state(value + 6)) {
            *status = say_usage(c->verb->name,
                                "--filter state= is stopped, queued, starting, running, stopping, "
                                "restarting or failed, not \"%s\"",
                                value + 6);
            json_decref(params);
            return NULL;
        }
        if (strncmp(value, "state=", 6) == 0 || strncmp(value, "label=", 6) == 0) {
            add_to(params, value[0] == 's' ? "state" : "label", value + 6);
        } else if (strncmp(value, "name=", 5) == 0) {
            add_to(params, "name", value + 5);
        } else {
            *status = say_usage(c->verb->name,
                                "there is no filter \"%s\": state=STATE, name=NAME or label=K[=V]",
                                value);
            json_decref(params);
            return NULL;
        }
    }
    for (at = 0; (value = options_next(&c->options, "label", &at));) {
        add_to(params, "label", value);
    }
    for (size_t i = 0; i < c->options.operand_count; i++) {
        add_to(params, "name", c->options.operands[i]);
    }
    if (strcmp(c->verb->name, "ps") == 0 && !options_has(&c->options, "all") &&
        !json_object_get(params, "state")) {
        for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
            add_to(params, "state", live[i]);
        }
    }
    return params;
}

static const char *sort_key;

static int compare_vms(const void *a, const void *b)
{
    const json_t *x = json_object_get(*(json_t *const *)a, sort_key),
                 *y = json_object_get(*(json_t *const *)b, sort_key);

    if (json_is_string(x) && json_is_string(y)) {
        return strcmp(json_string_value(x), json_string_value(y));
    }
    /* Large numbers first: that is what one sorts by them for. */
    return (json_integer_value(x) < json_integer_value(y)) -
           (json_integer_value(x) > json_integer_value(y));
}

static int sort_vms(struct call *c, json_t *vms)
{
    static const char *const known[][2] = {
        {"name", "name"}, {"state", "state"},       {"uptime", "uptime_ms"},  {"memory", "memory"},
        {"cpus", "cpus"}, {"restarts", "restarts"}, {"created", "created_at"}};
    const char *by = options_get(&c->options, "sort");
    size_t count = json_array_size(vms);
    json_t **list;

    sort_key = NULL;
    for (size_t i = 0; by && i < sizeof(known) / sizeof(known[0]); i++) {
        sort_key = strcmp(by, known[i][0]) == 0 ? known[i][1] : sort_key;
    }
    if (!by) {
        return STATUS_OK;
    }
    if (!sort_key) {
        return say_usage(
            c->verb->name,
            "--sort: name, state, uptime, memory, cpus, restarts or created, not \"%s\"", by);
    }
    list = calloc(count + 1, sizeof(json_t *));
    if (!list) {
        return say_error(FAILURE_INTERNAL, NULL, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = json_incref(json_array_get(vms, i));
    }
    qsort(list, count, sizeof(json_t *), compare_vms);
    for (size_t i = 0; i < count; i++) {
        json_array_set_new(vms, i, list[i]);
    }
    free(list);
    return STATUS_OK;
}

/* Operands nobody answers to. */
static int missing(struct call *c, const json_t *vms)
{
    int status = STATUS_OK;

    for (size_t i = 0; i < c->options.operand_count; i++) {
        const char *name = c->options.operands[i];
        bool found = false;
        const json_t *vm;
        size_t j;

        json_array_foreach(vms, j, vm)
        {
            found = found || strcmp(text_of(vm, "name"), name) == 0 ||
                    strcmp(text_of(vm, "id"), name) == 0;
        }
        if (!found) {
            status = say_error(FAILURE_NO_SUCH_VM, NULL, "there is no VM \"%s\" to list", name);
        }
    }
    return status;
}

/* Whether what a table shows will do: names of operands may be ids, and other formats show everything. */
static bool brief(const struct call *c)
{
    const char *by = options_get(&c->options, "sort");

    return (c->format.kind == FORMAT_TABLE || options_has(&c->options, "quiet")) &&
           !c->options.operand_count && !(by && strcmp(by, "created") == 0);
}

int verb_list(struct call *c)
{
    int status = STATUS_OK;
    json_t *params, *result = NULL, *vms, *vm;
    size_t i;

    if (options_has(&c->options, "quiet") && options_has(&c->options, "format")) {
        return say_usage(c->verb->name, "--quiet and --format do not go together");
    }
    params = list_params(c, &status);
    if (params && brief(c)) {
        json_object_set_new(params, "brief", json_true());
    }
    if (!params || (status = call_ask(c, "vm.list", params, NULL, &result))) {
        return status;
    }
    vms = json_object_get(result, "vms");
    status = sort_vms(c, vms);
    if (status) {
        goto done;
    }
    if (options_has(&c->options, "quiet")) {
        json_array_foreach(vms, i, vm)
        {
            puts(text_of(vm, "name"));
        }
    } else if (c->format.kind == FORMAT_TABLE) {
        list_table(c, vms);
    } else {
        status = call_print(c, vms);
    }
    if (!status) {
        status = missing(c, vms);
    }
done:
    json_decref(result);
    return status;
}

/* ---- inspect ----------------------------------------------------------------------------------- */

int verb_inspect(struct call *c)
{
    json_t *all = json_array();
    int status = STATUS_OK, printed = STATUS_OK;

    for (size_t i = 0; i < c->options.operand_count; i++) {
        const char *name = c->options.operands[i];
        json_t *vm = NULL;
        int one = call_ask(c, "vm.inspect", json_pack("{s:s}", "name", name), name, &vm);

        if (one) {
            status = status ? status : one;
        } else {
            json_array_append_new(all, vm);
        }
    }
    if (c->format.kind == FORMAT_TABLE) {
        c->format.kind = FORMAT_JSON;
    }
    if (json_array_size(all)) {
        printed = call_print(c, all);
    }
    json_decref(all);
    return status ? status : printed;
}

/* ---- stats ------------------------------------------------------------------------------------- */

struct sample {
    json_t *vms;
    double at; /* seconds */
};

static int take_sample(struct call *c, struct sample *s)
{
    struct timespec t;
    json_t *result = NULL, *params = json_object();
    int status;

    if (c->options.operand_count == 1) {
        json_object_set_new(params, "name", json_string(c->options.operands[0]));
    }
    status = call_ask(c, "vm.stats", params, NULL, &result);
    clock_gettime(CLOCK_MONOTONIC, &t);
    s->at = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    s->vms = json_incref(json_object_get(result, "vms"));
    json_decref(result);
    return status;
}

/* Adds "cpu_percent", null for what is not in both samples. 100 is one CPU. */
static void compare_samples(const struct sample *old, struct sample *new)
{
    json_t *vm, *before;
    size_t i, j;

    json_array_foreach(new->vms, i, vm)
    {
        json_object_set_new(vm, "cpu_percent", json_null());
        json_array_foreach(old->vms, j, before)
        {
            if (strcmp(text_of(vm, "id"), text_of(before, "id")) == 0 && new->at > old->at) {
                json_int_t used = json_integer_value(json_object_get(vm, "cpu_us")) -
                                  json_integer_value(json_object_get(before, "cpu_us"));

                json_object_set_new(
                    vm, "cpu_percent",
                    json_real(used < 0 ? 0 : (double)used / 1e4 / (new->at - old->at)));
            }
        }
    }
}

static void add_size(struct table *t, const json_t *vm, const char *key)
{
    uint64_t bytes = (uint64_t)json_integer_value(json_object_get(vm, key));
    char text[UNITS_TEXT];

    table_add(t, bytes ? units_show_size(bytes, text) : NULL);
}

static void stats_table(const json_t *vms)
{
    static const char *const titles[] = {"NAME",    ">CPU %",    ">RESIDENT",
                                         ">MEMORY", ">CPU TIME", NULL};
    struct table *t = table_new(titles);
    const json_t *vm;
    char text[UNITS_TEXT];
    size_t i;

    json_array_foreach(vms, i, vm)
    {
        const json_t *percent = json_object_get(vm, "cpu_percent");

        table_add(t, text_of(vm, "name"));
        snprintf(text, sizeof(text), "%.1f", json_real_value(percent));
        table_add(t, json_is_real(percent) ? text : NULL);
        add_size(t, vm, "resident");
        add_size(t, vm, "memory");
        table_add(t, units_show_duration(
                         (uint64_t)json_integer_value(json_object_get(vm, "cpu_us")) / 1000, text));
    }
    table_print(t, stdout, true, output_terminal_width(stdout), false);
    table_free(t);
}

int verb_stats(struct call *c)
{
    int status = STATUS_OK;
    json_int_t interval = call_duration(c, "interval", 1000, &status);
    struct sample old = {0}, new = {0};

    if (interval < 0 || (status = take_sample(c, &old))) {
        goto done;
    }
    if (interval && json_array_size(old.vms)) {
        poll(NULL, 0, (int)interval);
    }
    status = take_sample(c, &new);
    if (!status) {
        compare_samples(&old, &new);
        if (c->format.kind == FORMAT_TABLE) {
            stats_table(new.vms);
        } else {
            status = call_print(c, new.vms);
        }
    }
done:
    json_decref(old.vms);
    json_decref(new.vms);
    return status;
}

int verb_top(struct call *c)
{
    int status = STATUS_OK;
    json_int_t interval = call_duration(c, "interval", 1000, &status);
    struct sample old = {0}, new = {0};

    if (!isatty(STDOUT_FILENO)) {
        return verb_stats(c); /* a program wants an answer, not a screen */
    }
    if (interval < 0) {
        return status;
    }
    while (!(status = take_sample(c, &new))) {
        compare_samples(&old, &new);
        fputs(say_obeys(stdout) ? "\033[H\033[2J" : "\n", stdout);
        stats_table(new.vms);
        fputs("\n^C ends this\n", stdout);
        fflush(stdout);
        json_decref(old.vms);
        old = new;
        if (ferror(stdout)) {
            break;
        }
        poll(NULL, 0, interval < 100 ? 100 : (int)interval);
    }
    json_decref(old.vms);
    return status;
}
