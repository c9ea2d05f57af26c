/* SPDX-License-Identifier: ISC */
/*
 * keys.c: the table of settings (keys.h). A new key is a row here and a field in vm-config.h or
 * host-config.h, which the row names: reading, writing and copying it follow from that.
 */
#include "keys.h"

#include <string.h>
#include <syslog.h>

#include "host-config.h"
#include "vm-config.h"

#define MIB                 ((uint64_t)1 << 20)
#define GIB                 ((uint64_t)1 << 30)
#define SECOND              ((uint64_t)1000)
#define HOUR                (3600 * SECOND)
#define DAY                 (24 * HOUR)
#define YEAR                (365 * DAY)

/* Where a key is kept: the last two columns of its row. */
#define FIELD(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

#define PATH_LENGTH         1023
#define SOCKET_LENGTH       103 /* sun_path on macOS */

static const char *const restart_choices[] = {"no", "on-failure", "always", "unless-stopped", NULL};
static const char *const net_choices[] = {"none", "socket", NULL};
static const char *const host_net_choices[] = {"socket", NULL};
static const char *const health_choices[] = {"none", "vsock", NULL};
static const char *const protocol_choices[] = {"tcp", "udp", NULL};
static const char *const level_choices[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const format_choices[] = {"text", "json", NULL};

static const struct key disk_keys[] = {
    {"path", KEY_PATH, 1, PATH_LENGTH, NULL, NULL, NULL, "the image, raw", FIELD(vm_disk, path)},
    {"readonly", KEY_BOOL, 0, 1, NULL, NULL, "false", "the guest may not write",
     FIELD(vm_disk, read_only)},
    {"serial", KEY_STRING, 1, 20, NULL, NULL, NULL, "what the guest finds it by",
     FIELD(vm_disk, serial)},
    {0}};

static const struct key net_keys[] = {
    {"mode", KEY_CHOICE, 0, 0, net_choices, NULL, "none", "how frames leave the VM",
     FIELD(vm_net, mode)},
    {"name", KEY_STRING, 1, VM_NAME_MAX, NULL, NULL, NULL, "one of the host's networks",
     FIELD(vm_net, name)},
    {"path", KEY_PATH, 1, SOCKET_LENGTH, NULL, NULL, NULL, "the frame server's Unix socket",
     FIELD(vm_net, path)},
    {"mac", KEY_STRING, 17, 17, NULL, NULL, NULL, "the address, as 02:00:5e:10:00:01", 0, 0},
    {"mtu", KEY_NUMBER, 1280, 9000, NULL, NULL, "1500", "bytes of a packet", FIELD(vm_net, mtu)},
    {0}};

static const struct key port_keys[] = {
    {"host", KEY_NUMBER, 1, 65535, NULL, NULL, NULL, "the port on the host", 0, 0},
    {"guest", KEY_NUMBER, 1, 65535, NULL, NULL, NULL, "the port in the guest", 0, 0},
    {"protocol", KEY_CHOICE, 0, 0, protocol_choices, NULL, "tcp", "which of the two", 0, 0},
    {0}};

static const struct key restart_keys[] = {
    {"policy", KEY_CHOICE, 0, 0, restart_choices, NULL, "no", "when a VM that ended starts again",
     FIELD(vm_config, restart)},
    {"max_attempts", KEY_NUMBER, 0, 1000000, NULL, NULL, "0",
     "restarts in a row after failures before it stays failed; 0: no cap",
     FIELD(vm_config, restart_max)},
    {"delay", KEY_DURATION, 1, DAY, NULL, NULL, "1s", "the first pause; doubles each time",
     FIELD(vm_config, restart_delay)},
    {"delay_max", KEY_DURATION, 1, DAY, NULL, NULL, "1m", "the longest pause",
     FIELD(vm_config, restart_delay_max)},
    {"window", KEY_DURATION, 0, YEAR, NULL, NULL, "10s",
     "a run this long makes the count begin anew", FIELD(vm_config, restart_window)},
    {0}};

static const struct key health_keys[] = {
    {"test", KEY_CHOICE, 0, 0, health_choices, NULL, "none", "what is tried",
     FIELD(vm_config, health.test)},
    {"port", KEY_NUMBER, 1, UINT32_MAX - 1, NULL, NULL, NULL, "the guest's vsock port",
     FIELD(vm_config, health.port)},
    {"interval", KEY_DURATION, SECOND, DAY, NULL, NULL, "30s", "between two tries",
     FIELD(vm_config, health.interval)},
    {"timeout", KEY_DURATION, 100, 5 * SECOND, NULL, NULL, "5s", "for the answer to one",
     FIELD(vm_config, health.timeout)},
    {"start_period", KEY_DURATION, 0, DAY, NULL, NULL, "1m",
     "after the start, while failures do not count", FIELD(vm_config, health.start_period)},
    {"retries", KEY_NUMBER, 1, 100, NULL, NULL, "3", "failures in a row before it is unhealthy",
     FIELD(vm_config, health.retries)},
    {0}};

const struct key vm_keys[] = {
    {"from", KEY_STRING, 1, VM_NAME_MAX, NULL, NULL, NULL, "the template that this begins with", 0,
     0},
    {"cpus", KEY_NUMBER, 1, VM_CPUS_MAX, NULL, NULL, "1", "virtual CPUs", FIELD(vm_config, cpus)},
    {"memory", KEY_SIZE, 64 * MIB, 64 * GIB, NULL, NULL, "512MiB", "RAM; a multiple of 2 MiB",
     FIELD(vm_config, memory)},
    {"kernel", KEY_PATH, 1, PATH_LENGTH, NULL, NULL, NULL, "an arm64 Image; a VM needs one",
     FIELD(vm_config, kernel)},
    {"initrd", KEY_PATH, 1, PATH_LENGTH, NULL, NULL, NULL, "the initial RAM disk",
     FIELD(vm_config, initrd)},
    {"cmdline", KEY_STRING, 0, VM_CMDLINE_MAX, NULL, NULL, "console=ttyS0",
     "the kernel's command line", FIELD(vm_config, cmdline)},
    {"disks", KEY_LIST, 0, VM_DISKS_MAX, NULL, disk_keys, NULL,
     "virtio disks; in short \"PATH\" or \"PATH:ro\"", 0, 0},
    {"networks", KEY_LIST, 0, VM_NETS_MAX, NULL, net_keys, NULL,
     "network devices; in short the name of one of the host's networks", 0, 0},
    {"ports", KEY_LIST, 0, VM_PORTS_MAX, NULL, port_keys, NULL,
     "forwarded ports, in short \"8080:80\"; not possible yet with any network mode", 0, 0},
    {"vsock", KEY_BOOL, 0, 1, NULL, NULL, "true", "a vsock device", FIELD(vm_config, vsock)},
    {"balloon", KEY_BOOL, 0, 1, NULL, NULL, "true", "a memory balloon", FIELD(vm_config, balloon)},
    {"labels", KEY_MAP, 0, VM_LABELS_MAX, NULL, NULL, NULL, "names and values to select VMs by", 0,
     0},
    {"owner", KEY_STRING, 1, 63, NULL, NULL, NULL, "a user who may manage this VM",
     FIELD(vm_config, owner)},
    {"autostart", KEY_BOOL, 0, 1, NULL, NULL, "false", "start with the daemon",
     FIELD(vm_config, autostart)},
    {"start_delay", KEY_DURATION, 0, HOUR, NULL, NULL, "0s", "wait this long before that start",
     FIELD(vm_config, start_delay)},
    {"restart", KEY_GROUP, 0, 0, NULL, restart_keys, NULL,
     "in short no, on-failure, on-failure:N, always or unless-stopped", 0, 0},
    {"start_timeout", KEY_DURATION, SECOND, HOUR, NULL, NULL, "1m", "from the spawn to ready",
     FIELD(vm_config, start_timeout)},
    {"stop_timeout", KEY_DURATION, 0, HOUR, NULL, NULL, "30s", "from the power button to force",
     FIELD(vm_config, stop_timeout)},
    {"max_lifetime", KEY_DURATION, 0, YEAR, NULL, NULL, "0s", "stop it after this; 0: never",
     FIELD(vm_config, max_lifetime)},
    {"healthcheck", KEY_GROUP, 0, 0, NULL, health_keys, NULL, "whether the guest is well", 0, 0},
    {0}};

static const struct key budget_keys[] = {
    {"vms", KEY_NUMBER, 0, 100000, NULL, NULL, "0", "running VMs; 0: no limit",
     FIELD(host_config, budget.vms)},
    {"cpus", KEY_NUMBER, 0, 100000, NULL, NULL, "0", "their virtual CPUs; 0: no limit",
     FIELD(host_config, budget.cpus)},
    {"memory", KEY_SIZE, 0, (uint64_t)1 << 50, NULL, NULL, "0", "their RAM; 0: no limit",
     FIELD(host_config, budget.memory)},
    {0}};

static const struct key host_net_keys[] = {
    {"mode", KEY_CHOICE, 0, 0, host_net_choices, NULL, "socket", "how frames leave the VM", 0, 0},
    {"path", KEY_PATH, 1, SOCKET_LENGTH, NULL, NULL, NULL, "the frame server's Unix socket",
     FIELD(host_network, path)},
    {"mtu", KEY_NUMBER, 1280, 9000, NULL, NULL, "1500", "bytes of a packet",
     FIELD(host_network, mtu)},
    {0}};

const struct key host_keys[] = {
    {"version", KEY_NUMBER, 1, 1, NULL, NULL, NULL, "of this format; required", 0, 0},
    {"budget", KEY_GROUP, 0, 0, NULL, budget_keys, NULL, "what all running VMs may take together",
     0, 0},
    {"queue_max", KEY_NUMBER, 0, 100000, NULL, NULL, "1000",
     "VMs that may wait for the budget; 0: refuse at once", FIELD(host_config, queue_max)},
    {"queue_timeout", KEY_DURATION, 0, YEAR, NULL, NULL, "0s", "how long they may; 0: for ever",
     FIELD(host_config, queue_timeout)},
    {"start_parallel", KEY_NUMBER, 1, 1000, NULL, NULL, "4", "VMs that start at once",
     FIELD(host_config, start_parallel)},
    {"start_delay", KEY_DURATION, 0, HOUR, NULL, NULL, "0s", "between two automatic starts",
     FIELD(host_config, start_delay)},
    {"shutdown_timeout", KEY_DURATION, SECOND, HOUR, NULL, NULL, "1m",
     "for all guests to stop with the daemon", FIELD(host_config, shutdown_timeout)},
    {"socket_group", KEY_STRING, 1, 63, NULL, NULL, NULL, "who may connect besides root",
     FIELD(host_config, socket_group)},
    {"console_log", KEY_SIZE, 64 << 10, GIB, NULL, NULL, "8MiB", "of console output kept per VM",
     FIELD(host_config, console_log)},
    {"log_retention", KEY_DURATION, 0, 10 * YEAR, NULL, NULL, "7d", "logs of a removed VM stay",
     FIELD(host_config, log_retention)},
    {"event_retention", KEY_DURATION, 0, 10 * YEAR, NULL, NULL, "30d", "events stay",
     FIELD(host_config, event_retention)},
    {"log_level", KEY_CHOICE, LOG_ERR, 0, level_choices, NULL, "info", "what the daemon logs",
     FIELD(host_config, log_level)},
    {"log_format", KEY_CHOICE, 0, 0, format_choices, NULL, "text", "how it logs",
     FIELD(host_config, log_format)},
    {"networks", KEY_NAMED, 0, 0, NULL, host_net_keys, NULL, "networks that VMs join by name", 0,
     0},
    {"defaults", KEY_GROUP, 0, 0, NULL, vm_keys, NULL, "what every VM begins with",
     FIELD(host_config, defaults)},
    {"templates", KEY_NAMED, 0, 0, NULL, vm_keys, NULL, "what a VM may begin with, by from", 0, 0},
    {"vms", KEY_NAMED, 0, 0, NULL, vm_keys, NULL, "the VMs", 0, 0},
    {0}};

const struct key *key_find(const struct key *table, const char *name)
{
    for (; table->name; table++) {
        if (strcmp(table->name, name) == 0) {
            return table;
        }
    }
    return NULL;
}

#define WORD_MAX 32u

/* Insertions, deletions, replacements and swaps of neighbours; at most WORD_MAX characters each. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned row[3][WORD_MAX + 1], *before = row[0], *last = row[1], *now = row[2];

    for (unsigned j = 0; j <= m; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (unsigned i = 1; i <= n; i++) {
        unsigned *spare = before;

        now[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = before[j - 2] + 1 < best ? before[j - 2] + 1 : best;
            }
            now[j] = best;
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *key_suggest(const struct key *table, const char *name)
{
    size_t length = strlen(name);
    unsigned best = length <= 3 ? 2 : length <= 6 ? 3 : 4; /* nearer than this */
    const char *found = NULL;

    for (; length > 0 && length <= WORD_MAX && table->name; table++) {
        size_t other = strlen(table->name);

        if (other <= WORD_MAX) {
            unsigned d = distance(name, length, table->name, other);

            if (d < best) {
                best = d;
                found = table->name;
            }
        }
    }
    return found;
}
