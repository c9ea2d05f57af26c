/* SPDX-License-Identifier: ISC */
/*
 * host-config.h: /etc/paddock/paddock.yaml and vms.d/, as the daemon uses them.
 *
 * paddock.yaml holds `version: 1`, the host's settings, `defaults:` (a VM's keys), `templates:` and
 * `vms:`. Each vms.d/NAME.yaml holds `version: 1`, `templates:` and `vms:`. A VM takes the built-in
 * defaults, then `defaults`, then the template of `from:` (and the one that names), then its own keys;
 * disks, networks and ports are replaced as a whole, labels are merged. Names of VMs and of templates
 * are unique over all files. Keys that begin with "x-" are ignored: a place for anchors.
 *
 * A mistake in a VM disables that VM alone; one in the host's settings, the defaults, a template that
 * nothing but other VMs use, or the YAML itself is counted as the host's.
 */
#ifndef PADDOCK_HOST_CONFIG_H
#define PADDOCK_HOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "vm-config.h"

#define HOST_NETWORKS_MAX 32u

struct diagnostics;

enum log_format {
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON
};

struct host_vm {
    struct vm_config config; /* what could be read, if it is disabled */
    char *file;              /* where it stands */
    unsigned line;
    char *error; /* NULL, or why it is disabled: the first mistake with its place */
};

struct host_config {
    struct {
        uint32_t vms;    /* 0: no limit, for all three */
        uint32_t cpus;   /* vCPUs of running VMs */
        uint64_t memory; /* bytes of running VMs */
    } budget;
    uint32_t queue_max;        /* VMs that may wait for the budget; 0: refuse at once */
    uint64_t queue_timeout;    /* milliseconds; 0: for ever */
    uint32_t start_parallel;   /* VMs between spawn and READY at once */
    uint64_t start_delay;      /* between two of the automatic starts */
    uint64_t shutdown_timeout; /* of the daemon's own stop: all guests together */
    char *socket_group;        /* who may connect besides root; NULL: nobody */
    uint64_t console_log;      /* bytes of a VM's console log, both segments together */
    uint64_t log_retention;    /* how long the logs of a removed VM stay */
    uint64_t event_retention;
    int log_level; /* as syslog(3) */
    enum log_format log_format;
    size_t
        network_count; /* `networks:`, name to {mode: socket, path, mtu}: what VMs may join by name */
    struct host_network {
        char *name, *path;
        uint16_t mtu;
    } network[HOST_NETWORKS_MAX];
    struct vm_config defaults;
    size_t vm_count;
    struct host_vm *vm;
};

/* One file's text. The caller has read and trusted it. */
struct host_file {
    const char *path;
    const char *text;
    size_t size;
};

/* files[0] is paddock.yaml or has text NULL (absent: the defaults); the rest are vms.d in lexical order.
 * `errors` of the host's own are returned: > 0 and the config must not be used. Frees nothing of
 * `files`. `c` is to be freed in any case. */
size_t host_config_read(struct host_config *c, const struct host_file *files, size_t count,
                        struct diagnostics *d);
void host_config_init(struct host_config *c);
void host_config_free(struct host_config *c);

/* The network of this name; NULL: there is none, and host_config_no_network says so and what there is. Returns out. */
const struct host_network *host_config_network(const struct host_config *c, const char *name);
#define HOST_NETWORKS_TEXT 384u
const char *host_config_no_network(const struct host_config *c, const char *name,
                                   char out[HOST_NETWORKS_TEXT]);

/* The effective configuration; `defaults`: with every key that was not given. Without it, VMs are shown by what they
 * have beyond the host's defaults. A new object. */
json_t *host_config_to_json(const struct host_config *c, bool defaults);

/* The JSON schema (draft 2020-12) of paddock.yaml and vms.d files. A new object. */
json_t *host_config_schema(void);

#endif
