/* SPDX-License-Identifier: ISC */
/*
 * vm-config.c: a VM's settings, read, written and compared (vm-config.h).
 *
 * settings.c does what the key table describes; here are the settings of another shape (lists, labels,
 * short forms) and what does not go together.
 */
#include "vm-config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnostics.h"
#include "document.h"
#include "keys.h"
#include "settings.h"

#define MEMORY_STEP     ((uint64_t)2 << 20) /* what a stage-2 block maps */
#define LABEL_KEY_MAX   63u
#define LABEL_VALUE_MAX 255u
#define MAC_TEXT        18

static const struct key *item_keys(const char *list)
{
    return key_find(vm_keys, list)->of;
}

/* ---- life ------------------------------------------------------------------------------------ */

void vm_config_init(struct vm_config *c)
{
    memset(c, 0, sizeof(*c));
    setting_defaults(c, vm_keys);
}

static void free_disks(struct vm_config *c)
{
    for (size_t i = 0; i < c->disk_count; i++) {
        setting_free_strings(&c->disk[i], item_keys("disks"));
    }
    memset(c->disk, 0, sizeof(c->disk));
    c->disk_count = 0;
}

static void free_nets(struct vm_config *c)
{
    for (size_t i = 0; i < c->net_count; i++) {
        setting_free_strings(&c->net[i], item_keys("networks"));
    }
    memset(c->net, 0, sizeof(c->net));
    c->net_count = 0;
}

void vm_config_free(struct vm_config *c)
{
    setting_free_strings(c, vm_keys);
    free_disks(c);
    free_nets(c);
    for (size_t i = 0; i < c->label_count; i++) {
        free(c->label[i].key);
        free(c->label[i].value);
    }
    memset(c, 0, sizeof(*c));
}

int vm_config_copy(struct vm_config *to, const struct vm_config *from)
{
    int failed;

    *to = *from;
    failed = setting_own_strings(to, vm_keys) != 0;
    for (size_t i = 0; i < to->disk_count; i++) {
        failed |= setting_own_strings(&to->disk[i], item_keys("disks")) != 0;
    }
    for (size_t i = 0; i < to->net_count; i++) {
        failed |= setting_own_strings(&to->net[i], item_keys("networks")) != 0;
    }
    for (size_t i = 0; i < to->label_count; i++) {
        to->label[i].key = strdup(from->label[i].key);
        to->label[i].value = strdup(from->label[i].value);
        failed |= !to->label[i].key || !to->label[i].value;
    }
    if (failed) {
        vm_config_free(to);
        return -ENOMEM;
    }
    return 0;
}

bool vm_name_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return name[length] == '\0' && length <= VM_NAME_MAX && name[0] >= 'a' && name[0] <= 'z';
}

const char *restart_policy_name(enum restart_policy p)
{
    return key_find(item_keys("restart"), "policy")->choices[p];
}

/* ---- disks ----------------------------------------------------------------------------------- */

/* "PATH", "PATH:ro" or "PATH:rw". */
static void read_short_disk(struct setting_reader *r, struct vm_disk *disk,
                            const struct node *value, const char *path)
{
    struct node image = *value;
    size_t length = strlen(value->text);
    const char *end = length > 3 ? value->text + length - 3 : "";
    char *text;

    disk->read_only = strcmp(end, ":ro") == 0;
    if (!disk->read_only && strcmp(end, ":rw") != 0) {
        end = value->text + length;
    }
    text = strndup(value->text, (size_t)(end - value->text));
    if (!text) {
        setting_error(r, value, path, NULL, "out of memory");
        return;
    }
    image.text = text;
    setting_read(r, disk, key_find(item_keys("disks"), "path"), &image, path);
    free(text);
}

static void check_disk(struct setting_reader *r, const struct vm_config *c, size_t index,
                       const struct node *value, const char *path)
{
    const struct vm_disk *disk = &c->disk[index];

    if (!disk->path && value->kind == NODE_MAPPING && !node_get(value, "path")) {
        setting_error(r, value, path, NULL, "%s has no path", path);
    }
    for (const char *p = disk->serial; *p; p++) {
        if (*p <= ' ' || *p > '~') {
            setting_error(r, node_get(value, "serial"), path, NULL,
                          "%s.serial takes ASCII characters without blanks", path);
            break;
        }
    }
    for (size_t i = 0; i < index && disk->path; i++) {
        if (c->disk[i].path && strcmp(c->disk[i].path, disk->path) == 0 &&
            !(c->disk[i].read_only && disk->read_only)) {
            setting_error(r, value, path, "the same image twice is possible if both are readonly",
                          "%s is the same image as disks[%zu], and one of them is writable", path,
                          i);
        }
    }
}

static void read_disk(struct setting_reader *r, struct vm_config *c, const struct node *value,
                      const char *path)
{
    struct vm_disk *disk = &c->disk[c->disk_count++];

    setting_defaults(disk, item_keys("disks"));
    if (value->kind == NODE_SCALAR) {
        read_short_disk(r, disk, value, path);
    } else if (setting_is(r, value, NODE_MAPPING, path, "a path or a mapping")) {
        setting_read_group(r, disk, item_keys("disks"), value, path);
    }
    check_disk(r, c, c->disk_count - 1, value, path);
}

/* ---- networks -------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static int parse_mac(const char *text, uint8_t mac[6])
{
    unsigned sum = 0;

    for (size_t i = 0; i < 6; i++, text += 3) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0 || text[2] != (i < 5 ? ':' : '\0')) {
            return -EINVAL;
        }
        mac[i] = (uint8_t)(high * 16 + low);
        sum += mac[i];
    }
    return (mac[0] & 1) || sum == 0 ? -EINVAL : 0; /* the low bit: a group of stations */
}

static void read_mac(struct setting_reader *r, struct vm_net *net, const struct node *value,
                     const char *path)
{
    char full[SETTING_PATH_MAX];

    if (value->kind != NODE_SCALAR || strlen(value->text) + 1 != MAC_TEXT) {
        return; /* which the table refused */
    }
    setting_path(full, path, "mac");
    net->has_mac = parse_mac(value->text, net->mac) == 0;
    if (!net->has_mac) {
        setting_error(r, value, full, "such as 02:00:5e:10:00:01; the first byte is even",
                      "%s takes the address of one device, not \"%.40s\"", full, value->text);
    }
}

static void check_net(struct setting_reader *r, struct vm_net *net, const struct node *value,
                      const char *path)
{
    if (net->name && net->path) {
        setting_error(r, value, path, NULL, "%s has both name and path; the network gives the path",
                      path);
    } else if (net->name && node_get(value, "mtu")) {
        setting_error(r, node_get(value, "mtu"), path, NULL,
                      "%s has both name and mtu; the network gives the mtu", path);
    } else if (net->name && net->mode != NET_SOCKET && node_get(value, "mode")) {
        setting_error(r, node_get(value, "mode"), path, NULL,
                      "%s has a name, which mode none has no use for", path);
    } else if (net->path && net->mode != NET_SOCKET) {
        setting_error(r, value, path, "add \"mode: socket\"",
                      "%s has a path, which mode none has no use for", path);
    } else if (net->mode == NET_SOCKET && !net->name && !net->path) {
        setting_error(r, value, path, NULL, "%s has mode socket, but neither name nor path", path);
    }
    if (net->name) {
        net->mode = NET_SOCKET;
    }
}

static void read_net(struct setting_reader *r, struct vm_config *c, const struct node *value,
                     const char *path)
{
    const struct key *table = item_keys("networks");
    struct vm_net *net = &c->net[c->net_count++];
    size_t errors = r->errors;

    setting_defaults(net, table);
    if (value->kind == NODE_SCALAR) {
        if (strcmp(value->text, "none") != 0) {
            setting_read(r, net, key_find(table, "name"), value, path);
        }
    } else if (setting_is(r, value, NODE_MAPPING, path, "a name or a mapping")) {
        setting_read_group(r, net, table, value, path);
        if (node_get(value, "mac")) {
            read_mac(r, net, node_get(value, "mac"), path);
        }
    }
    if (r->errors == errors) {
        check_net(r, net, value, path);
    }
    for (size_t i = 0; i + 1 < c->net_count && net->has_mac; i++) {
        if (c->net[i].has_mac && memcmp(c->net[i].mac, net->mac, sizeof(net->mac)) == 0) {
            setting_error(r, value, path, NULL, "%s has the address of networks[%zu]", path, i);
        }
    }
}

/* ---- lists, labels, restart ------------------------------------------------------------------ */

static void read_list(struct setting_reader *r, struct vm_config *c, const struct key *key,
                      const struct node *value, const char *path)
{
    bool disks = strcmp(key->name, "disks") == 0;
    char full[SETTING_PATH_MAX];

    if (!setting_is(r, value, NODE_SEQUENCE, path, "a list")) {
        return;
    }
    if (strcmp(key->name, "ports") == 0) {
        if (value->count > 0) {
            setting_error(r, value, path, "have the frame server of its network forward them",
                          "%s: no network forwards ports yet", path);
        }
        return;
    }
    if (value->count > key->max) {
        setting_error(r, value, path, NULL, "%s has %zu entries; a VM has at most %u", path,
                      value->count, (unsigned)key->max);
        return;
    }
    if (disks) {
        free_disks(c);
    } else {
        free_nets(c);
    }
    for (size_t i = 0; i < value->count; i++) {
        snprintf(full, sizeof(full), "%s[%zu]", path, i);
        if (disks) {
            read_disk(r, c, value->items[i], full);
        } else {
            read_net(r, c, value->items[i], full);
        }
    }
}

static bool label_key_valid(const char *key)
{
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._/-");

    return length > 0 && length <= LABEL_KEY_MAX && key[length] == '\0';
}

static bool label_value_valid(const char *value)
{
    for (const char *p = value; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return false;
        }
    }
    return strlen(value) <= LABEL_VALUE_MAX;
}

/* 0, -ENOSPC or -ENOMEM. */
static int set_label(struct vm_config *c, const char *key, const char *value)
{
    char *copy, *name;
    size_t i;

    for (i = 0; i < c->label_count && strcmp(c->label[i].key, key) != 0; i++) {
    }
    if (i == VM_LABELS_MAX) {
        return -ENOSPC;
    }
    copy = strdup(value);
    name = i == c->label_count ? strdup(key) : c->label[i].key;
    if (!copy || !name) {
        free(copy);
        free(i == c->label_count ? name : NULL);
        return -ENOMEM;
    }
    free(c->label[i].value);
    c->label[i].key = name;
    c->label[i].value = copy;
    c->label_count += i == c->label_count;
    return 0;
}

static void read_labels(struct setting_reader *r, struct vm_config *c, const struct node *value,
                        const char *path)
{
    char full[SETTING_PATH_MAX];

    if (!setting_is(r, value, NODE_MAPPING, path, "a mapping")) {
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct node *key = value->keys[i], *text = value->items[i];
        int rc;

        if (!label_key_valid(key->text)) {
            setting_error(r, key, path, NULL,
                          "a label's name is 1 to %u letters, digits, \".\", \"_\", \"/\" and "
                          "\"-\", not \"%.70s\"",
                          LABEL_KEY_MAX, key->text);
            continue;
        }
        setting_path(full, path, key->text);
        if (!setting_is(r, text, NODE_SCALAR, full, "a text")) {
            continue;
        }
        if (!label_value_valid(text->text)) {
            setting_error(r, text, full, NULL, "%s takes one line of at most %u bytes", full,
                          LABEL_VALUE_MAX);
            continue;
        }
        rc = set_label(c, key->text, text->text);
        if (rc != 0) {
            setting_error(r, key, full, NULL,
                          rc == -ENOSPC ? "%s is one label too many; a VM has at most %u"
                                        : "%s: out of memory",
                          full, VM_LABELS_MAX);
            return;
        }
    }
}

/* In short "POLICY" or "on-failure:N"; the pauses stay as they are. */
static void read_restart(struct setting_reader *r, struct vm_config *c, const struct key *key,
                         const struct node *value, const char *path)
{
    static const char with_count[] = "on-failure:";
    const size_t prefix = sizeof(with_count) - 1;
    const struct key *policy = key_find(key->of, "policy"), *count;
    struct node part;
    char full[SETTING_PATH_MAX];

    if (value->kind == NODE_SCALAR && strncmp(value->text, with_count, prefix) == 0) {
        part = *value;
        part.quoted = false;
        part.text = value->text + prefix;
        count = key_find(key->of, "max_attempts");
        snprintf(full, sizeof(full), "%s: the N of on-failure:N", path);
        setting_read(r, c, count, &part, full);
        c->restart = RESTART_ON_FAILURE;
    } else if (value->kind == NODE_SCALAR) {
        setting_read(r, c, policy, value, path);
        c->restart_max = 0;
    } else if (setting_is(r, value, NODE_MAPPING, path, "a policy or a mapping")) {
        setting_read_group(r, c, key->of, value, path);
    }
    if (c->restart_delay_max < c->restart_delay) {
        const struct node *at = node_get(value, "delay_max");
        setting_error(r, at ? at : value, setting_path(full, path, "delay_max"), NULL,
                      "%s is shorter than %s.delay", full, path);
    }
}

/* ---- all --------------------------------------------------------------------------------------- */

static void read_key(struct setting_reader *r, struct vm_config *c, const struct key *key,
                     const struct node *value, const char *path)
{
    if (key->type == KEY_LIST) {
        read_list(r, c, key, value, path);
    } else if (key->type == KEY_MAP) {
        read_labels(r, c, value, path);
    } else if (strcmp(key->name, "restart") == 0) {
        read_restart(r, c, key, value, path);
    } else {
        setting_read(r, c, key, value, path);
    }
    if (strcmp(key->name, "memory") == 0 && c->memory % MEMORY_STEP != 0) {
        setting_error(r, value, path, NULL, "%s must be a multiple of 2 MiB", path);
        c->memory -= c->memory % MEMORY_STEP; /* told once, not again for who inherits it */
    }
}

/* What a VM cannot be without. */
static void check_whole(struct setting_reader *r, const struct vm_config *c,
                        const struct node *mapping, const char *path)
{
    const struct node *health = node_get(mapping, "healthcheck");
    const char *in = *path ? path : "the VM";

    if (!c->kernel && !node_get(mapping, "kernel")) {
        setting_error(r, mapping, path, "kernel takes the path of an arm64 Image",
                      "%s has no kernel", in);
    }
    if (!c->cmdline) {
        setting_error(r, mapping, path, NULL, "out of memory");
    }
    if (c->health.test == HEALTH_VSOCK && c->health.port == 0 && !node_get(health, "port")) {
        setting_error(r, health ? health : mapping, path, NULL,
                      "%s has healthcheck.test vsock, but no healthcheck.port", in);
    }
    if (c->health.test == HEALTH_VSOCK && !c->vsock) {
        setting_error(r, health ? health : mapping, path, NULL,
                      "%s has healthcheck.test vsock, but vsock is false", in);
    }
}

size_t vm_config_read(struct vm_config *c, const struct document *doc, const struct node *mapping,
                      const char *path, bool complete, struct diagnostics *d)
{
    struct setting_reader r = {.doc = doc, .d = d};
    char full[SETTING_PATH_MAX];

    if (!mapping || !setting_is(&r, mapping, NODE_MAPPING, *path ? path : "a VM", "a mapping")) {
        if (!mapping) {
            setting_error(&r, NULL, path, NULL, "%s has no settings", *path ? path : "a VM");
        }
        return r.errors;
    }
    for (size_t i = 0; i < mapping->count; i++) {
        const struct key *key = setting_key(&r, vm_keys, mapping, i, path);

        if (key) {
            read_key(&r, c, key, mapping->items[i], setting_path(full, path, key->name));
        }
    }
    if (complete) {
        check_whole(&r, c, mapping, path);
    }
    return r.errors;
}

static json_t *disks_to_json(const struct vm_config *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < c->disk_count; i++) {
        json_array_append_new(list, setting_to_json(&c->disk[i], item_keys("disks")));
    }
    return list;
}

static json_t *nets_to_json(const struct vm_config *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < c->net_count; i++) {
        const struct vm_net *net = &c->net[i];
        json_t *object = setting_to_json(net, item_keys("networks"));

        if (net->name) { /* which gives both */
            json_object_del(object, "path");
            json_object_del(object, "mtu");
        }
        if (net->has_mac) {
            char text[MAC_TEXT];
            snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", net->mac[0], net->mac[1],
                     net->mac[2], net->mac[3], net->mac[4], net->mac[5]);
            json_object_set_new(object, "mac", json_string(text));
        }
        json_array_append_new(list, object);
    }
    return list;
}

json_t *vm_config_to_json(const struct vm_config *c, bool all)
{
    json_t *whole = setting_to_json(c, vm_keys), *labels = json_object();

    for (size_t i = 0; i < c->label_count; i++) {
        json_object_set_new(labels, c->label[i].key, json_string(c->label[i].value));
    }
    json_object_set_new(whole, "disks", disks_to_json(c));
    json_object_set_new(whole, "networks", nets_to_json(c));
    json_object_set_new(whole, "labels", labels);
    if (!all) {
        struct vm_config plain;
        json_t *base;

        vm_config_init(&plain);
        base = vm_config_to_json(&plain, true);
        setting_prune(whole, base);
        json_decref(base);
        vm_config_free(&plain);
    }
    return whole;
}

void vm_config_differences(const struct vm_config *a, const struct vm_config *b, char *out,
                           size_t size)
{
    json_t *x = vm_config_to_json(a, true), *y = vm_config_to_json(b, true);
    size_t used = 0;

    out[0] = '\0';
    for (const struct key *key = vm_keys; key->name && used < size; key++) {
        const json_t *p = json_object_get(x, key->name), *q = json_object_get(y, key->name);

        if ((p || q) && !(p && q && json_equal(p, q))) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "," : "", key->name);
        }
    }
    json_decref(x);
    json_decref(y);
}
