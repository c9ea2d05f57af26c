/* SPDX-License-Identifier: ISC */
/*
 * keys.c: the table of settings (keys.h). A new key is a row here and a field in vm-config.h or
 * host-config.h.
 */
#include "keys.h"

#include <string.h>

#include "vm-config.h"

#define MIB           ((uint64_t)1 << 20)
#define GIB           ((uint64_t)1 << 30)
#define SECOND        ((uint64_t)1000)
#define HOUR          (3600 * SECOND)
#define DAY           (24 * HOUR)
#define YEAR          (365 * DAY)

#define PATH_LENGTH   1023
#define SOCKET_LENGTH 103 /* sun_path on macOS */

static const char *const restart_choices[] = {"no", "on-failure", "always", "unless-stopped", NULL};
static const char *const net_choices[] = {"none", "socket", NULL};
static const char *const host_net_choices[] = {"socket", NULL};
static const char *const health_choices[] = {"none", "vsock", NULL};
static const char *const protocol_choices[] = {"tcp", "udp", NULL};
static const char *const level_choices[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const format_choices[] = {"text", "json", NULL};

static const struct key disk_keys[] = {
    {"path", KEY_PATH, 1, PATH_LENGTH, NULL, NULL, NULL, "the image, raw"},
    {"readonly", KEY_BOOL, 0, 1, NULL, NULL, "false", "the guest may not write"},
    {"serial", KEY_STRING, 1, 20, NULL, NULL, NULL, "what the guest finds it by"},
    {0}};

static const struct key net_keys[] = {
    {"mode", KEY_CHOICE, 0, 0, net_choices, NULL, "none", "how frames leave the VM"},
    {"name", KEY_STRING, 1, VM_NAME_MAX, NULL, NULL, NULL, "one of the host's networks"},
    {"path", KEY_PATH, 1, SOCKET_LENGTH, NULL, NULL, NULL, "the frame server's Unix socket"},
    {"mac", KEY_STRING, 17, 17, NULL, NULL, NULL, "the address, as 02:00:5e:10:00:01"},
    {"mtu", KEY_NUMBER, 1280, 9000, NULL, NULL, "1500", "bytes of a packet"},
    {0}};

static const struct key port_keys[] = {
    {"host", KEY_NUMBER, 1, 65535, NULL, NULL, NULL, "the port on the host"},
    {"guest", KEY_NUMBER, 1, 65535, NULL, NULL, NULL, "the port in the guest"},
    {"protocol", KEY_CHOICE, 0, 0, protocol_choices, NULL, "tcp", "which of the two"},
    {0}};

static const struct key restart_keys[] = {
    {"policy", KEY_CHOICE, 0, 0, restart_choices, NULL, "no", "when a VM that ended starts again"},
    {"max_attempts", KEY_NUMBER, 0, 1000000, NULL, NULL, "0",
     "failures in a row before it stays failed; 0: no cap"},
    {"delay", KEY_DURATION, 1, DAY, NULL, NULL, "1s", "the first pause; doubles each time"},
    {"delay_max", KEY_DURATION, 1, DAY, NULL, NULL, "1m", "the longest pause"},
    {"window", KEY_DURATION, 0, YEAR, NULL, NULL, "10s",
     "a run this long makes the count begin anew"},
    {0}};

static const struct key health_keys[] = {
    {"test", KEY_CHOICE, 0, 0, health_choices, NULL, "none", "what is tried"},
    {"port", KEY_NUMBER, 1, UINT32_MAX - 1, NULL, NULL, NULL, "the guest's vsock port"},
    {"interval", KEY_DURATION, SECOND, DAY, NULL, NULL, "30s", "between two tries"},
    {"timeout", KEY_DURATION, 100, HOUR, NULL, NULL, "5s", "for the answer to one"},
    {"start_period", KEY_DURATION, 0, DAY, NULL, NULL, "1m",
     "after the start, while failures do not count"},
    {"retries", KEY_NUMBER, 1, 100, NULL, NULL, "3", "failures in a row before it is unhealthy"},
    {0}};

const struct key vm_keys[] = {
    {"from", KEY_STRING, 1, VM_NAME_MAX, NULL, NULL, NULL, "the template that this begins with"},
    {"cpus", KEY_NUMBER, 1, VM_CPUS_MAX, NULL, NULL, "1", "virtual CPUs"},
    {"memory", KEY_SIZE, 64 * MIB, 64 * GIB, NULL, NULL, "512MiB", "RAM; a multiple of 2 MiB"},
    {"kernel", KEY_PATH, 1, PATH_LENGTH, NULL, NULL, NULL, "an arm64 Image; a VM needs one"},
    {"initrd", KEY_PATH, 1, PATH_LENGTH, NULL, NULL, NULL, "the initial RAM disk"},
    {"cmdline", KEY_STRING, 0, VM_CMDLINE_MAX, NULL, NULL, "console=ttyS0",
     "the kernel's command line"},
    {"disks", KEY_LIST, 0, VM_DISKS_MAX, NULL, disk_keys, NULL,
     "virtio disks; in short \"PATH\" or \"PATH:ro\""},
    {"networks", KEY_LIST, 0, VM_NETS_MAX, NULL, net_keys, NULL,
     "network devices; in short the name of one of the host's networks"},
    {"ports", KEY_LIST, 0, VM_PORTS_MAX, NULL, port_keys, NULL,
     "forwarded ports, in short \"8080:80\"; not possible yet with any network mode"},
    {"vsock", KEY_BOOL, 0, 1, NULL, NULL, "true", "a vsock device"},
    {"balloon", KEY_BOOL, 0, 1, NULL, NULL, "true", "a memory balloon"},
    {"labels", KEY_MAP, 0, VM_LABELS_MAX, NULL, NULL, NULL, "names and values to select VMs by"},
    {"owner", KEY_STRING, 1, 63, NULL, NULL, NULL, "a user who may manage this VM"},
    {"autostart", KEY_BOOL, 0, 1, NULL, NULL, "false", "start with the daemon"},
    {"start_delay", KEY_DURATION, 0, HOUR, NULL, NULL, "0s", "wait this long before that start"},
    {"restart", KEY_GROUP, 0, 0, NULL, restart_keys, NULL,
     "in short no, on-failure, on-failure:N, always or unless-stopped"},
    {"start_timeout", KEY_DURATION, SECOND, HOUR, NULL, NULL, "1m", "from the spawn to ready"},
    {"stop_timeout", KEY_DURATION, 0, HOUR, NULL, NULL, "30s", "from the power button to force"},
    {"max_lifetime", KEY_DURATION, 0, YEAR, NULL, NULL, "0s", "stop it after this; 0: never"},
    {"healthcheck", KEY_GROUP, 0, 0, NULL, health_keys, NULL, "whether the guest is well"},
    {0}};

static const struct key budget_keys[] = {
    {"vms", KEY_NUMBER, 0, 100000, NULL, NULL, "0", "running VMs; 0: no limit"},
    {"cpus", KEY_NUMBER, 0, 100000, NULL, NULL, "0", "their virtual CPUs; 0: no limit"},
    {"memory", KEY_SIZE, 0, (uint64_t)1 << 50, NULL, NULL, "0", "their RAM; 0: no limit"},
    {0}};

static const struct key host_net_keys[] = {
    {"mode", KEY_CHOICE, 0, 0, host_net_choices, NULL, "socket", "how frames leave the VM"},
    {"path", KEY_PATH, 1, SOCKET_LENGTH, NULL, NULL, NULL, "the frame server's Unix socket"},
    {"mtu", KEY_NUMBER, 1280, 9000, NULL, NULL, "1500", "bytes of a packet"},
    {0}};

const struct key host_keys[] = {
    {"version", KEY_NUMBER, 1, 1, NULL, NULL, NULL, "of this format; required"},
    {"budget", KEY_GROUP, 0, 0, NULL, budget_keys, NULL, "what all running VMs may take together"},
    {"queue_max", KEY_NUMBER, 0, 100000, NULL, NULL, "1000",
     "VMs that may wait for the budget; 0: refuse at once"},
    {"queue_timeout", KEY_DURATION, 0, YEAR, NULL, NULL, "0s", "how long they may; 0: for ever"},
    {"start_parallel", KEY_NUMBER, 1, 1000, NULL, NULL, "4", "VMs that start at once"},
    {"start_delay", KEY_DURATION, 0, HOUR, NULL, NULL, "0s", "between two automatic starts"},
    {"shutdown_timeout", KEY_DURATION, SECOND, HOUR, NULL, NULL, "1m",
     "for all guests to stop with the daemon"},
    {"socket_group", KEY_STRING, 1, 63, NULL, NULL, NULL, "who may connect besides root"},
    {"console_log", KEY_SIZE, 64 << 10, GIB, NULL, NULL, "8MiB", "of console output kept per VM"},
    {"log_retention", KEY_DURATION, 0, 10 * YEAR, NULL, NULL, "7d", "logs of a removed VM stay"},
    {"event_retention", KEY_DURATION, 0, 10 * YEAR, NULL, NULL, "30d", "events stay"},
    {"log_level", KEY_CHOICE, 0, 0, level_choices, NULL, "info", "what the daemon logs"},
    {"log_format", KEY_CHOICE, 0, 0, format_choices, NULL, "text", "how it logs"},
    {"networks", KEY_NAMED, 0, 0, NULL, host_net_keys, NULL, "networks that VMs join by name"},
    {"defaults", KEY_GROUP, 0, 0, NULL, vm_keys, NULL, "what every VM begins with"},
    {"templates", KEY_NAMED, 0, 0, NULL, vm_keys, NULL, "what a VM may begin with, by from"},
    {"vms", KEY_NAMED, 0, 0, NULL, vm_keys, NULL, "the VMs"},
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
