/* SPDX-License-Identifier: ISC */
/*
 * vm-config.h: what can be said of a VM, in a file, in a request and in the database.
 *
 * One table of keys (keys.h) says the name, type, range, default and meaning of each; the reader, the
 * JSON schema, the commented sample's test, the man page's test and vmctl's help use it.
 */
#ifndef PADDOCK_VM_CONFIG_H
#define PADDOCK_VM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define VM_NAME_MAX    63u
#define VM_LABELS_MAX  32u
#define VM_DISKS_MAX   16u
#define VM_NETS_MAX    8u
#define VM_PORTS_MAX   32u
#define VM_CPUS_MAX    16u
#define VM_CMDLINE_MAX 2047u

struct diagnostics;
struct document;
struct node;

enum restart_policy {
    RESTART_NO,
    RESTART_ON_FAILURE,
    RESTART_ALWAYS,
    RESTART_UNLESS_STOPPED
};

enum net_mode {
    NET_NONE,
    NET_SOCKET /* frames with a 4-byte big-endian length to the server that listens on `path` */
};

enum health_test {
    HEALTH_NONE,
    HEALTH_VSOCK /* a connection to this vsock port of the guest is accepted */
};

struct vm_disk {
    char *path;
    bool read_only;
    char serial[21]; /* "" : made from the index */
};

struct vm_net {
    enum net_mode mode;
    char *name; /* of the host's `networks` (short form: "- NAME"), which gives the path; or NULL */
    char *path; /* the server's Unix socket; only files that root wrote may name one */
    uint8_t mac[6];
    bool has_mac; /* else from the VM's id */
    uint16_t mtu;
};

/* Every string is owned; a struct that was only zeroed may be freed. Paths are absolute in files that
 * root reads; the client makes its own absolute. */
struct vm_config {
    char name[VM_NAME_MAX + 1]; /* [a-z][a-z0-9-]{0,62} */
    uint32_t cpus;              /* 1-16 */
    uint64_t memory;            /* bytes; 64 MiB - 64 GiB, a multiple of 2 MiB */
    char *kernel;
    char *initrd;  /* NULL: none */
    char *cmdline; /* never NULL */
    size_t disk_count;
    struct vm_disk disk[VM_DISKS_MAX];
    size_t net_count;
    struct vm_net net[VM_NETS_MAX];
    bool vsock, balloon;
    size_t label_count;
    struct {
        char *key, *value;
    } label[VM_LABELS_MAX];
    char *
        owner; /* a user's name or number: who may manage it besides root and the group; NULL: none */

    bool autostart;
    uint64_t start_delay; /* durations are milliseconds */
    enum restart_policy restart;
    uint32_t
        restart_max; /* of on-failure:N and always: attempts in a row before it is failed; 0: no cap */
    uint64_t restart_delay; /* the first pause; doubles each time */
    uint64_t restart_delay_max;
    uint64_t restart_window; /* a run at least this long makes the count begin anew */
    uint64_t start_timeout;  /* from the spawn to READY */
    uint64_t stop_timeout;   /* from the power button to force */
    uint64_t max_lifetime;   /* 0: none */
    struct {
        enum health_test test;
        uint32_t port;
        uint64_t interval, timeout, start_period;
        uint32_t retries;
    } health;
};

/* The built-in defaults. */
void vm_config_init(struct vm_config *c);
int vm_config_copy(struct vm_config *to, const struct vm_config *from); /* 0 or -ENOMEM */
void vm_config_free(struct vm_config *c);

bool vm_name_valid(const char *name);

/*
 * Reads a mapping over what `c` holds already (defaults, a template, another file's part), key by key;
 * `path` is its place for messages ("vms.builder-1", or "" for a request). Whatever is wrong is added to
 * `d`. `complete`: it is a VM, so that what a VM cannot be without (kernel), and what does not go
 * together, is an error too. Returns the number of errors added.
 */
size_t vm_config_read(struct vm_config *c, const struct document *doc, const struct node *mapping,
                      const char *path, bool complete, struct diagnostics *d);

/* Everything that differs from the built-in defaults, or `all`; the name is no key, and not among them.
 * Sizes as integers of bytes, which is what a bare number means in JSON (in YAML it is MiB), and
 * durations as strings; reads back to the same config. A new object. */
json_t *vm_config_to_json(const struct vm_config *c, bool all);

/* Which keys differ, comma-separated, "" if none: what a reload says waits for a restart. */
void vm_config_differences(const struct vm_config *a, const struct vm_config *b, char *out,
                           size_t size);

const char *restart_policy_name(enum restart_policy p);

#endif
