/* SPDX-License-Identifier: ISC */
/*
 * host-config.c: paddock.yaml and vms.d/ into one configuration (host-config.h).
 *
 * Three passes: the host's settings while the names of templates and VMs are collected from all files;
 * the VMs, each from the defaults, its templates and its own keys; what concerns several VMs.
 */
#include "host-config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnostics.h"
#include "document.h"
#include "keys.h"
#include "settings.h"
#include "units.h"

#define TEMPLATES_DEEP 16u

/* A template or a VM as it was found: `name: value` in a file. */
struct definition {
    const struct document *doc;
    const struct node *name, *value;
    size_t twice; /* 0, or the number (from 1) of the diagnostic that it was found again */
};

struct definitions {
    const char *section; /* "vms" or "templates" */
    size_t count, room;
    struct definition *at;
    json_t *index; /* name to number */
};

struct reading {
    struct host_config *c;
    struct diagnostics *d;
    struct definitions templates, vms;
    size_t vm_errors; /* of all that `d` has: those that disable only a VM */
};

void host_config_init(struct host_config *c)
{
    memset(c, 0, sizeof(*c));
    setting_defaults(c, host_keys);
}

void host_config_free(struct host_config *c)
{
    setting_free_strings(c, host_keys);
    vm_config_free(&c->defaults);
    for (size_t i = 0; i < c->network_count; i++) {
        free(c->network[i].name);
        free(c->network[i].path);
    }
    for (size_t i = 0; i < c->vm_count; i++) {
        vm_config_free(&c->vm[i].config);
        free(c->vm[i].file);
        free(c->vm[i].error);
    }
    free(c->vm);
    memset(c, 0, sizeof(*c));
}

/* ---- the host's settings --------------------------------------------------------------------- */

static void read_networks(struct reading *g, struct setting_reader *r, const struct node *value,
                          const char *path)
{
    const struct key *table = key_find(host_keys, "networks")->of;
    char full[SETTING_PATH_MAX];

    for (size_t i = 0; i < value->count; i++) {
        const struct node *name = value->keys[i], *item = value->items[i];
        struct host_network *network = &g->c->network[g->c->network_count];
        size_t errors = r->errors;

        if (strncmp(name->text, "x-", 2) == 0) {
            continue;
        }
        if (!vm_name_valid(name->text) || strcmp(name->text, "none") == 0) {
            setting_error(r, name, path,
                          "a letter, then letters, digits and \"-\", all in lower case",
                          "\"%.70s\" cannot be the name of a network", name->text);
            continue;
        }
        if (g->c->network_count == HOST_NETWORKS_MAX) {
            setting_error(r, name, path, NULL, "there are more than %u networks",
                          HOST_NETWORKS_MAX);
            return;
        }
        setting_path(full, path, name->text);
        setting_defaults(network, table);
        setting_read_group(r, network, table, item, full);
        if (r->errors == errors && !network->path) {
            setting_error(r, item, full, NULL, "%s has no path", full);
        }
        network->name = strdup(name->text);
        if (network->name) {
            g->c->network_count++;
        } else {
            free(network->path);
            network->path = NULL;
            setting_error(r, name, full, NULL, "out of memory");
        }
    }
}

static void read_defaults(struct reading *g, struct setting_reader *r, const struct node *value)
{
    const struct node *from = node_get(value, "from");

    if (from) {
        setting_error(r, from, "defaults.from", NULL, "defaults begin with nothing else");
    }
    r->errors += vm_config_read(&g->c->defaults, r->doc, value, "defaults", false, g->d);
}

/* False if there is no memory. */
static bool collect_one(struct definitions *list, const struct definition *found)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct definition *at = realloc(list->at, room * sizeof(*at));

        if (!at) {
            return false;
        }
        list->at = at;
        list->room = room;
    }
    list->at[list->count] = *found;
    if (json_object_set_new(list->index, found->name->text,
                            json_integer((json_int_t)list->count)) != 0) {
        return false;
    }
    list->count++;
    return true;
}

static struct definition *find(const struct definitions *list, const char *name)
{
    const json_t *number = json_object_get(list->index, name);

    return number ? &list->at[json_integer_value(number)] : NULL;
}

/* Names and values of `vms` or `templates`. Of a VM that stands in two files, neither is taken. */
static void collect(struct reading *g, struct setting_reader *r, struct definitions *list,
                    const struct node *value)
{
    bool is_vm = list == &g->vms;
    char full[SETTING_PATH_MAX], hint[SETTING_PATH_MAX];

    for (size_t i = 0; i < value->count; i++) {
        struct definition found = {r->doc, value->keys[i], value->items[i], 0}, *other;
        const char *name = found.name->text;
        size_t errors = r->errors;

        if (strncmp(name, "x-", 2) == 0) {
            continue;
        }
        setting_path(full, list->section, name);
        other = find(list, name);
        if (!vm_name_valid(name)) {
            setting_error(r, found.name, full,
                          "a letter, then letters, digits and \"-\", all in lower case; at most 63",
                          "\"%.70s\" cannot be the name of a %s", name, is_vm ? "VM" : "template");
        } else if (other) {
            snprintf(hint, sizeof(hint), "the other is at %.200s:%u:%u", other->doc->name,
                     other->name->line, other->name->column);
            other->twice = other->twice ? other->twice : diagnostics_count(g->d) + 1;
            setting_error(r, found.name, full, hint, "%s is defined twice", full);
        } else if (!collect_one(list, &found)) {
            setting_error(r, found.name, full, NULL, "out of memory");
            return;
        }
        g->vm_errors += is_vm ? r->errors - errors : 0;
    }
}

static void read_top(struct reading *g, const struct document *doc, bool main_file)
{
    struct setting_reader r = {.doc = doc, .d = g->d};
    const struct node *root = doc->root;

    if (root && !setting_is(&r, root, NODE_MAPPING, "a configuration", "a mapping")) {
        return;
    }
    if (!node_get(root, "version")) {
        setting_error(&r, NULL, "version", NULL, "the file has no \"version: 1\"");
    }
    for (size_t i = 0; root && i < root->count; i++) {
        const struct key *key = setting_key(&r, host_keys, root, i, "");
        const struct node *value = root->items[i];
        bool named = key && (key->type == KEY_NAMED || strcmp(key->name, "defaults") == 0);

        if (!key || (named && value->kind == NODE_NULL)) {
            continue; /* "vms:" with every VM commented out */
        }
        if (!main_file && strcmp(key->name, "version") != 0 &&
            strcmp(key->name, "templates") != 0 && strcmp(key->name, "vms") != 0) {
            setting_error(&r, root->keys[i], key->name,
                          "files of vms.d hold version, templates and vms",
                          "%s belongs in paddock.yaml", key->name);
        } else if (!named) {
            setting_read(&r, g->c, key, value, key->name);
        } else if (!setting_is(&r, value, NODE_MAPPING, key->name, "a mapping")) {
            continue;
        } else if (strcmp(key->name, "networks") == 0) {
            read_networks(g, &r, value, key->name);
        } else if (strcmp(key->name, "defaults") == 0) {
            read_defaults(g, &r, value);
        } else {
            collect(g, &r, strcmp(key->name, "vms") == 0 ? &g->vms : &g->templates, value);
        }
    }
}

/* ---- templates and VMs ----------------------------------------------------------------------- */

/*
 * Which templates `from` leads to, the nearest first. The first mistake on the way is told at `from`:
 * the templates' own ways are checked from each of them.
 */
static size_t follow(struct reading *g, struct setting_reader *r, const struct node *mapping,
                     const struct definition *self, const char *path,
                     const struct definition *chain[TEMPLATES_DEEP])
{
    const struct node *from = node_get(mapping, "from"), *at = from;
    size_t count = 0;

    while (at && at->kind == NODE_SCALAR) {
        const struct definition *next = find(&g->templates, at->text);
        bool again = next && next == self;

        for (size_t i = 0; i < count && next; i++) {
            again |= chain[i] == next;
        }
        if (!next && at == from) {
            setting_error(r, from, path, NULL, "%s: there is no template \"%.63s\"", path,
                          from->text);
        } else if (again && next == self) {
            setting_error(r, from, path, NULL, "%s leads back to the template itself", path);
        } else if (count == TEMPLATES_DEEP) {
            setting_error(r, from, path, NULL, "%s leads through more than %u templates", path,
                          TEMPLATES_DEEP);
        }
        if (!next || again || count == TEMPLATES_DEEP) {
            break;
        }
        chain[count++] = next;
        at = node_get(next->value, "from");
    }
    return count;
}

/* Each by itself: its mistakes are the host's, and told once however many VMs use it. */
static void check_templates(struct reading *g)
{
    for (size_t i = 0; i < g->templates.count; i++) {
        const struct definition *t = &g->templates.at[i];
        const struct definition *chain[TEMPLATES_DEEP];
        struct setting_reader r = {.doc = t->doc, .d = g->d};
        struct vm_config scratch;
        char path[SETTING_PATH_MAX], full[SETTING_PATH_MAX];

        setting_path(path, g->templates.section, t->name->text);
        vm_config_init(&scratch);
        vm_config_read(&scratch, t->doc, t->value, path, false, g->d);
        vm_config_free(&scratch);
        follow(g, &r, t->value, t, setting_path(full, path, "from"), chain);
    }
}

/* Entry `from` of the diagnostics and later ones are this VM's. Also when there is no memory for it. */
static void disable(struct reading *g, struct host_vm *vm, size_t from, size_t errors)
{
    const char *first = diagnostics_first_error(g->d, from);

    g->vm_errors += errors;
    if (!vm->error) {
        vm->error = strdup(first ? first : "it has mistakes, and so many others come before");
    }
}

static void read_vm(struct reading *g, const struct definition *v, struct host_vm *vm,
                    struct diagnostics *unheard)
{
    const struct definition *chain[TEMPLATES_DEEP];
    struct setting_reader r = {.doc = v->doc, .d = g->d};
    size_t from = diagnostics_count(g->d), deep;
    char path[SETTING_PATH_MAX], full[SETTING_PATH_MAX];

    setting_path(path, g->vms.section, v->name->text);
    vm->line = v->name->line;
    vm->file = strdup(v->doc->name);
    if (!vm->file || vm_config_copy(&vm->config, &g->c->defaults) != 0) {
        setting_error(&r, v->name, path, NULL, "out of memory");
    }
    snprintf(vm->config.name, sizeof(vm->config.name), "%s", v->name->text);
    deep = follow(g, &r, v->value, NULL, setting_path(full, path, "from"), chain);
    for (size_t i = deep; i-- > 0;) {
        vm_config_read(&vm->config, chain[i]->doc, chain[i]->value, "", false, unheard);
    }
    r.errors += vm_config_read(&vm->config, v->doc, v->value, path, true, g->d);
    if (r.errors > 0 || v->twice) {
        disable(g, vm, v->twice ? v->twice - 1 : from, r.errors);
    }
}

static void read_vms(struct reading *g)
{
    struct diagnostics *unheard = diagnostics_new(); /* templates' mistakes, told already */

    g->c->vm = calloc(g->vms.count + 1, sizeof(*g->c->vm));
    if (!g->c->vm || !unheard) {
        diagnostics_add(g->d, SEVERITY_ERROR, NULL, NULL, NULL, NULL, "out of memory");
    } else {
        for (size_t i = 0; i < g->vms.count; i++) {
            read_vm(g, &g->vms.at[i], &g->c->vm[g->c->vm_count++], unheard);
        }
    }
    diagnostics_free(unheard);
}

/* ---- what concerns several ------------------------------------------------------------------- */

const struct host_network *host_config_network(const struct host_config *c, const char *name)
{
    for (size_t i = 0; i < c->network_count; i++) {
        if (strcmp(c->network[i].name, name) == 0) {
            return &c->network[i];
        }
    }
    return NULL;
}

const char *host_config_no_network(const struct host_config *c, const char *name,
                                   char out[HOST_NETWORKS_TEXT])
{
    size_t used = (size_t)snprintf(out, HOST_NETWORKS_TEXT,
                                   "the host has no network \"%.63s\"; it has ", name);

    for (size_t i = 0; i < c->network_count && used < HOST_NETWORKS_TEXT; i++) {
        used += (size_t)snprintf(out + used, HOST_NETWORKS_TEXT - used, "%s%s", i > 0 ? ", " : "",
                                 c->network[i].name);
    }
    if (c->network_count == 0) {
        snprintf(out + used, HOST_NETWORKS_TEXT - used, "none");
    }
    return out;
}

static void check_networks(struct reading *g, struct setting_reader *r, const struct definition *v,
                           const struct vm_config *vm, const char *path)
{
    const struct node *list = node_get(v->value, "networks");

    for (size_t i = 0; i < vm->net_count; i++) {
        const struct node *at = list && i < list->count ? list->items[i] : v->name;
        const char *name = vm->net[i].name;
        char what[HOST_NETWORKS_TEXT];

        if (name && !host_config_network(g->c, name)) {
            setting_error(r, at, path, "networks of paddock.yaml names what there is",
                          "%s.networks[%zu]: %s", path, i,
                          host_config_no_network(g->c, name, what));
        }
    }
}

static void check_budget(struct reading *g, struct setting_reader *r, const struct definition *v,
                         const struct vm_config *vm, const char *path)
{
    const struct node *memory = node_get(v->value, "memory"), *cpus = node_get(v->value, "cpus");
    char need[UNITS_TEXT], limit[UNITS_TEXT];

    if (g->c->budget.memory > 0 && vm->memory > g->c->budget.memory) {
        setting_error(r, memory ? memory : v->name, path, NULL,
                      "%s needs %s of memory, more than the whole budget of %s", path,
                      units_format_size(vm->memory, need),
                      units_format_size(g->c->budget.memory, limit));
    }
    if (g->c->budget.cpus > 0 && vm->cpus > g->c->budget.cpus) {
        setting_error(r, cpus ? cpus : v->name, path, NULL,
                      "%s needs %u CPUs, more than the whole budget of %u", path, vm->cpus,
                      g->c->budget.cpus);
    }
}

/* `users`: path to 2 * the number of the first VM with it, + 1 if it writes. */
static void check_disks(struct reading *g, struct setting_reader *r, const struct definition *v,
                        size_t number, const char *path, json_t *users)
{
    const struct vm_config *vm = &g->c->vm[number].config;
    const struct node *list = node_get(v->value, "disks");
    char hint[SETTING_PATH_MAX];

    for (size_t i = 0; i < vm->disk_count; i++) {
        const struct node *at = list && i < list->count ? list->items[i] : v->name;
        const struct vm_disk *disk = &vm->disk[i];
        const json_t *known = json_object_get(users, disk->path);
        json_int_t first = json_integer_value(known);
        const struct host_vm *other = &g->c->vm[first / 2];

        if (!disk->path) {
            continue; /* a template's mistake, told there */
        }
        if (!known) {
            json_object_set_new(users, disk->path,
                                json_integer((json_int_t)number * 2 + !disk->read_only));
        } else if ((size_t)(first / 2) != number && (!disk->read_only || first % 2)) {
            snprintf(hint, sizeof(hint), "%s is at %.150s:%u", other->config.name, other->file,
                     other->line);
            setting_error(r, at, path, hint,
                          "%s.disks[%zu]: %.200s is vms.%s's too, and one of them writes to it",
                          path, i, disk->path, other->config.name);
        }
    }
}

static void check_together(struct reading *g)
{
    json_t *users = json_object();

    for (size_t i = 0; i < g->c->vm_count; i++) {
        struct host_vm *vm = &g->c->vm[i];
        const struct definition *v = &g->vms.at[i];
        struct setting_reader r = {.doc = v->doc, .d = g->d};
        size_t from = diagnostics_count(g->d);
        char path[SETTING_PATH_MAX];

        if (vm->error) {
            continue;
        }
        setting_path(path, g->vms.section, vm->config.name);
        check_networks(g, &r, v, &vm->config, path);
        check_budget(g, &r, v, &vm->config, path);
        check_disks(g, &r, v, i, path, users);
        if (r.errors > 0) {
            disable(g, vm, from, r.errors);
        }
    }
    json_decref(users);
}

/* ---- all --------------------------------------------------------------------------------------- */

size_t host_config_read(struct host_config *c, const struct host_file *files, size_t count,
                        struct diagnostics *d)
{
    struct document **docs = calloc(count + 1, sizeof(*docs));
    size_t errors = diagnostics_errors(d);
    struct reading g = {.c = c,
                        .d = d,
                        .templates = {.section = "templates", .index = json_object()},
                        .vms = {.section = "vms", .index = json_object()}};

    host_config_init(c);
    if (!docs || !g.templates.index || !g.vms.index) {
        diagnostics_add(d, SEVERITY_ERROR, NULL, NULL, NULL, NULL, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        if (files[i].text) {
            docs[i] = document_parse_yaml(files[i].path, files[i].text, files[i].size, d);
        }
        if (docs[i]) {
            read_top(&g, docs[i], i == 0);
        }
    }
    check_templates(&g);
    read_vms(&g);
    check_together(&g);
done:
    for (size_t i = 0; docs && i < count; i++) {
        document_free(docs[i]);
    }
    free(docs);
    free(g.templates.at);
    free(g.vms.at);
    json_decref(g.templates.index);
    json_decref(g.vms.index);
    return diagnostics_errors(d) - errors - g.vm_errors;
}

static json_t *networks_to_json(const struct host_config *c)
{
    const struct key *table = key_find(host_keys, "networks")->of;
    json_t *all = json_object();

    for (size_t i = 0; i < c->network_count; i++) {
        json_object_set_new(all, c->network[i].name, setting_to_json(&c->network[i], table));
    }
    return all;
}

json_t *host_config_to_json(const struct host_config *c, bool defaults)
{
    json_t *whole = setting_to_json(c, host_keys), *vms = json_object();
    json_t *own = vm_config_to_json(&c->defaults, true);

    if (!defaults) {
        struct host_config plain;
        json_t *base;

        host_config_init(&plain);
        base = setting_to_json(&plain, host_keys);
        setting_prune(whole, base);
        json_decref(base);
        host_config_free(&plain);
    }
    json_object_set_new(whole, "defaults", vm_config_to_json(&c->defaults, defaults));
    if (json_object_size(json_object_get(whole, "defaults")) == 0) {
        json_object_del(whole, "defaults");
    }
    json_object_set_new(whole, "version", json_integer(1));
    if (defaults || c->network_count > 0) {
        json_object_set_new(whole, "networks", networks_to_json(c));
    }
    for (size_t i = 0; i < c->vm_count; i++) {
        json_t *vm = vm_config_to_json(&c->vm[i].config, true);

        if (!defaults) {
            setting_prune(vm, own); /* which they begin with */
        }
        if (c->vm[i].error) {
            json_object_set_new(vm, "x-error", json_string(c->vm[i].error));
        }
        json_object_set_new(vms, c->vm[i].config.name, vm);
    }
    json_object_set_new(whole, "vms", vms);
    json_decref(own);
    return whole;
}
