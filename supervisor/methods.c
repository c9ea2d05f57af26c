/* SPDX-License-Identifier: ISC */
/*
 * methods.c: the table of methods, and the checks that every request passes before its method. See methods.h.
 */
#include "methods.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Descriptors of files: kernel, initrd and disks. */
#define FILES_MAX (2 + VM_DISKS_MAX)

_Static_assert(FILES_MAX + 1 <= RPC_FDS_MAX, "a VM's files and a console fit beside one line");

static const struct method table[] = {
    {"daemon.version", RIGHT_ALL, .call = method_daemon_version},
    {"daemon.status", RIGHT_HOST, .call = method_daemon_status},
    {"daemon.reload", RIGHT_HOST, .call = method_daemon_reload},
    {"daemon.drain", RIGHT_HOST, .param = {{"on", PARAM_FLAG, true}}, .call = method_daemon_drain},
    {"daemon.shutdown", RIGHT_HOST, .call = method_daemon_shutdown},
    {"daemon.config", RIGHT_HOST, .param = {{"defaults", PARAM_FLAG, false}},
     .call = method_daemon_config},
    {"vm.create", RIGHT_HOST, .fds_max = FILES_MAX + 1,
     .param = {{"config", PARAM_OBJECT, true},
               {"start", PARAM_FLAG, false},
               {"ephemeral", PARAM_FLAG, false},
               {"queue", PARAM_FLAG, false},
               {"replace", PARAM_FLAG, false},
               {"console", PARAM_FLAG, false},
               {"key", PARAM_STRING, false}},
     .call = method_vm_create},
    {"vm.list", RIGHT_ALL,
     .param = {{"state", PARAM_STRINGS, false},
               {"label", PARAM_STRINGS, false},
               {"name", PARAM_STRINGS, false},
               {"brief", PARAM_FLAG, false}},
     .call = method_vm_list},
    {"vm.inspect", RIGHT_VM, .param = {{"name", PARAM_STRING, true}}, .call = method_vm_inspect},
    {"vm.start", RIGHT_VM, .fds_max = FILES_MAX,
     .param = {{"name", PARAM_STRING, true},
               {"queue", PARAM_FLAG, false},
               {"files", PARAM_STRINGS, false}},
     .call = method_vm_start},
    {"vm.stop", RIGHT_VM,
     .param = {{"name", PARAM_STRING, true},
               {"force", PARAM_FLAG, false},
               {"timeout_ms", PARAM_COUNT, false}},
     .call = method_vm_stop},
    {"vm.restart", RIGHT_VM,
     .param = {{"name", PARAM_STRING, true},
               {"force", PARAM_FLAG, false},
               {"timeout_ms", PARAM_COUNT, false}},
     .call = method_vm_restart},
    {"vm.remove", RIGHT_VM, .param = {{"name", PARAM_STRING, true}, {"force", PARAM_FLAG, false}},
     .call = method_vm_remove},
    {"vm.wait", RIGHT_VM,
     .param = {{"name", PARAM_STRING, true},
               {"until", PARAM_STRING, true},
               {"timeout_ms", PARAM_COUNT, false}},
     .call = method_vm_wait},
    {"vm.logs", RIGHT_ALL, .param = {{"name", PARAM_STRING, true}, {"boot", PARAM_INTEGER, false}},
     .call = method_vm_logs},
    {"vm.console", RIGHT_VM, .fds_min = 1, .fds_max = 1,
     .param = {{"name", PARAM_STRING, true},
               {"read_only", PARAM_FLAG, false},
               {"force", PARAM_FLAG, false}},
     .call = method_vm_console},
    {"vm.stats", RIGHT_ALL, .param = {{"name", PARAM_STRING, false}}, .call = method_vm_stats},
    {"vm.autostart", RIGHT_VM, .param = {{"name", PARAM_STRING, true}, {"on", PARAM_FLAG, true}},
     .call = method_vm_autostart},
    {"events.list", RIGHT_ALL,
     .param = {{"since", PARAM_COUNT, false},
               {"since_time", PARAM_COUNT, false},
               {"name", PARAM_STRING, false},
               {"type", PARAM_STRING, false},
               {"limit", PARAM_COUNT, false},
               {"latest", PARAM_FLAG, false}},
     .call = method_events_list},
    {"events.subscribe", RIGHT_ALL,
     .param = {{"since", PARAM_COUNT, false},
               {"name", PARAM_STRING, false},
               {"type", PARAM_STRING, false}},
     .call = method_events_subscribe},
};

const struct method *methods_table(size_t *count)
{
    *count = sizeof(table) / sizeof(table[0]);
    return table;
}

/* ---- Parameters --------------------------------------------------------------------------------- */

const char *request_string(const struct request *r, const char *name)
{
    return json_string_value(json_object_get(r->params, name));
}

json_int_t request_integer(const struct request *r, const char *name, json_int_t fallback)
{
    const json_t *v = json_object_get(r->params, name);

    return v != NULL ? json_integer_value(v) : fallback;
}

bool request_flag(const struct request *r, const char *name)
{
    return json_is_true(json_object_get(r->params, name));
}

bool request_matches(const struct request *r, const char *name, const char *text)
{
    const json_t *v = json_object_get(r->params, name), *item;
    size_t i;

    if (v == NULL) {
        return true;
    }
    if (json_is_string(v)) {
        return fnmatch(json_string_value(v), text, 0) == 0;
    }
    json_array_foreach(v, i, item)
    {
        if (fnmatch(json_string_value(item), text, 0) == 0) {
            return true;
        }
    }
    return false;
}

static bool strings_fit(const json_t *v)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(v)) {
        return json_is_string(v);
    }
    json_array_foreach(v, i, item)
    {
        if (!json_is_string(item)) {
            return false;
        }
    }
    return true;
}

/* Patterns are matched with each VM and each event. */
static bool too_much(const json_t *v)
{
    const json_t *item;
    size_t i, bytes = json_string_length(v);

    json_array_foreach(v, i, item)
    {
        bytes += json_string_length(item) + 1;
    }
    return bytes > REQUEST_TEXT_MAX;
}

static bool fits(const json_t *v, enum param_type type)
{
    switch (type) {
    case PARAM_NONE: return false;
    case PARAM_STRING: return json_is_string(v);
    case PARAM_STRINGS: return strings_fit(v);
    case PARAM_FLAG: return json_is_boolean(v);
    case PARAM_COUNT: return json_is_integer(v) && json_integer_value(v) >= 0;
    case PARAM_INTEGER: return json_is_integer(v);
    case PARAM_OBJECT: return json_is_object(v);
    }
    return false;
}

static const char *type_name(enum param_type type)
{
    static const char *const names[] = {
        [PARAM_NONE] = "nothing",       [PARAM_STRING] = "a string",
        [PARAM_FLAG] = "a boolean",     [PARAM_STRINGS] = "a string or an array of strings",
        [PARAM_OBJECT] = "an object",   [PARAM_COUNT] = "an integer that is not negative",
        [PARAM_INTEGER] = "an integer",
    };

    return names[type];
}

/* ---- Checks. Each answers the request and returns false where it fails. -------------------------- */

static bool check_envelope(struct request *r, const json_t *line)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)line, key, value)
    {
        if (strcmp(key, "jsonrpc") != 0 && strcmp(key, "id") != 0 && strcmp(key, "method") != 0 &&
            strcmp(key, "params") != 0 && strcmp(key, "fds") != 0) {
            request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "a request has no member \"%.64s\"",
                         key);
            return false;
        }
    }
    if (json_object_get(line, "jsonrpc") == NULL ||
        !json_is_string(json_object_get(line, "jsonrpc")) ||
        strcmp(json_string_value(json_object_get(line, "jsonrpc")), "2.0") != 0) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "\"jsonrpc\" is not \"2.0\"");
        return false;
    }
    if (!json_is_string(json_object_get(line, "method"))) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL, "\"method\" is not a string");
        return false;
    }
    return true;
}

static bool check_params(struct request *r, const struct method *m)
{
    const char *key;
    json_t *value;

    if (!json_is_object(r->params)) {
        request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL, "\"params\" of %s is not an object",
                     m->name);
        return false;
    }
    json_object_foreach(r->params, key, value)
    {
        size_t i = 0;
        while (i < METHODS_PARAMS_MAX && m->param[i].name != NULL &&
               strcmp(m->param[i].name, key) != 0) {
            i++;
        }
        if (i == METHODS_PARAMS_MAX || m->param[i].name == NULL) {
            request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL, "%s has no parameter \"%.64s\"",
                         m->name, key);
            return false;
        }
        if (!fits(value, m->param[i].type)) {
            request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL, "\"%s\" of %s is not %s", key, m->name,
                         type_name(m->param[i].type));
            return false;
        }
        if (too_much(value)) {
            request_fail(r, FAILURE_BAD_PARAMS, "ask more than once", NULL,
                         "\"%s\" of %s has more than %u bytes", key, m->name, REQUEST_TEXT_MAX);
            return false;
        }
    }
    for (size_t i = 0; i < METHODS_PARAMS_MAX && m->param[i].name != NULL; i++) {
        if (m->param[i].required && json_object_get(r->params, m->param[i].name) == NULL) {
            request_fail(r, FAILURE_BAD_PARAMS, NULL, NULL, "%s needs \"%s\"", m->name,
                         m->param[i].name);
            return false;
        }
    }
    if (r->fd_count < m->fds_min || r->fd_count > m->fds_max) {
        request_fail(r, FAILURE_BAD_REQUEST, NULL, NULL,
                     "%s takes %zu to %zu descriptors; %zu came", m->name, m->fds_min, m->fds_max,
                     r->fd_count);
        return false;
    }
    return true;
}

static bool check_right(struct request *r, const struct method *m)
{
    if (m->right == RIGHT_HOST && !request_privileged(r)) {
        request_fail(r, FAILURE_DENIED, "ask a member of the daemon's group", NULL,
                     "%s is for root and the daemon's group", m->name);
        return false;
    }
    if (m->right == RIGHT_VM) {
        const char *name = request_string(r, "name");
        r->vm = farm_find(r->control->farm, name);
        if (r->vm == NULL) {
            request_fail(r, FAILURE_NO_SUCH_VM, "vmctl list shows the VMs there are", NULL,
                         "there is no VM \"%.64s\"", name);
            return false;
        }
        if (!request_may_see(r, r->vm)) {
            request_fail(r, FAILURE_DENIED, NULL, NULL, "VM \"%s\" belongs to another user",
                         r->vm->row.config.name);
            return false;
        }
    }
    return true;
}

void methods_dispatch(struct request *r, json_t *line)
{
    const struct method *m = NULL;
    const char *name;

    if (!check_envelope(r, line)) {
        goto done;
    }
    name = json_string_value(json_object_get(line, "method"));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && m == NULL; i++) {
        m = strcmp(table[i].name, name) == 0 ? &table[i] : NULL;
    }
    if (m == NULL) {
        request_fail(r, FAILURE_NO_SUCH_METHOD, "is vmctl newer than the daemon?", NULL,
                     "there is no method \"%.64s\"", name);
        goto done;
    }
    r->params = json_object_get(line, "params");
    r->params = r->params != NULL ? json_incref(r->params) : json_object();
    if (check_params(r, m) && check_right(r, m)) {
        m->call(r);
    }
done:
    json_decref(line);
}
