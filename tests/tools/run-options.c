/* SPDX-License-Identifier: ISC */
/*
 * run-options.c: parses vmm-run's command line. See run-options.h.
 */
#include "run-options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: vmm-run --kernel FILE [OPTION]...\n"
    "\n"
    "Runs one VM in a vmm-worker, as a supervisor would. The guest's console is on stdin and\n"
    "stdout, everything else on stderr. Ctrl-] on a terminal lets go of it and stops the guest.\n"
    "\n"
    "  --kernel FILE            an uncompressed arm64 Image\n"
    "  --initrd FILE            an initial RAM disk\n"
    "  --append 'ARGS'          kernel command line, beside the worker's own\n"
    "  --cpus N                 1 to 16 (1)\n"
    "  --memory SIZE            512M, 4G; a bare number counts MiB (512M)\n"
    "  --disk FILE[:ro]         a raw image as /dev/vda, vdb, ...\n"
    "  --net SOCKET             a Unix stream socket to connect eth0, eth1, ... to\n"
    "  --vsock-connect PORT:SOCKET  listen on SOCKET; who connects reaches the guest's PORT\n"
    "  --vsock-listen PORT:SOCKET   the guest reaches who listens on SOCKET through PORT\n"
    "  --agent SOCKET           listen on SOCKET; who connects reaches the guest agent's port\n"
    "  --balloon MIB            memory that the guest is asked to give back (SIGUSR2: it\n"
    "                           may have it again)\n"
    "  --log FILE               the console's log: FILE and FILE.1, written in turn\n"
    "  --log-segment SIZE       bytes in each of them; a bare number counts MiB (1M)\n"
    "  --stop-after S           press the power button after S seconds (0.5)\n"
    "  --stop-timeout MS        then stop it by force after MS milliseconds (30000)\n"
    "  --grace MS               how long the VM goes on without vmm-run (1000)\n"
    "  --pause-cycles N         pause and resume N times once it runs; print the slowest pause\n"
    "  --stats                  print all counters at the end (SIGUSR1: at once)\n"
    "  --name NAME              [a-z][a-z0-9-]* (vm)\n"
    "  --worker FILE            the worker's program (vmm-worker beside vmm-run)\n"
    "\n"
    "Exit status: 0 the guest powered off; 1 vmm-run failed; 2 bad usage; 99 the worker died\n"
    "without saying how the VM ended; else 100 + the outcome's code (common/outcome.h).\n";

static int bad(const char *format, ...)
{
    va_list args;

    fputs("vmm-run: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs(" (vmm-run --help)\n", stderr);
    return 2;
}

/* A decimal number of digits alone. *end is behind it. */
static int digits(const char *text, uint64_t *out, const char **end)
{
    uint64_t v = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v)) {
            return -1;
        }
    }
    *out = v;
    *end = p;
    return p == text ? -1 : 0;
}

int run_size_parse(const char *text, uint64_t unit, uint64_t *out)
{
    static const char units[] = "KMGT";
    const char *p;
    const char *u;

    if (digits(text, out, &p) != 0) {
        return -1;
    }
    if (*p != '\0') {
        u = strchr(units, *p == 'k' ? 'K' : *p);
        if (u == NULL) {
            return -1;
        }
        unit = UINT64_C(1) << (10 * (u - units + 1));
        p++;
        if (strcmp(p, "") != 0 && strcmp(p, "B") != 0 && strcmp(p, "iB") != 0) {
            return -1;
        }
    }
    return __builtin_mul_overflow(*out, unit, out) ? -1 : 0;
}

static int number(const char *option, const char *text, uint64_t least, uint64_t most,
                  uint64_t *out)
{
    const char *end;

    if (digits(text, out, &end) != 0 || *end != '\0' || *out < least || *out > most) {
        return bad("%s '%s': must be a number from %llu to %llu", option, text,
                   (unsigned long long)least, (unsigned long long)most);
    }
    return 0;
}

static int number32(const char *option, const char *text, uint64_t least, uint64_t most,
                    uint32_t *out)
{
    uint64_t v = 0;
    int rc = number(option, text, least, most, &v);

    *out = (uint32_t)v;
    return rc;
}

/* Seconds with at most three decimals, as milliseconds. */
static int seconds(const char *option, const char *text, uint64_t *out)
{
    const char *end;
    uint64_t fraction = 0;

    if (digits(text, out, &end) != 0 || *out > 1000000) {
        return bad("%s '%s': must be seconds, such as 2 or 0.5", option, text);
    }
    if (*end == '.') {
        const char *from = end + 1;
        if (digits(from, &fraction, &end) != 0 || end - from > 3) {
            return bad("%s '%s': must have one to three decimals", option, text);
        }
        for (ptrdiff_t n = end - from; n < 3; n++) {
            fraction *= 10;
        }
    }
    *out = *out * 1000 + fraction;
    if (*end != '\0' || *out == 0) {
        return bad("%s '%s': must be seconds, more than 0", option, text);
    }
    return 0;
}

static int add_disk(struct run_options *o, const char *text)
{
    size_t n = strlen(text);
    bool read_only = n > 3 && strcmp(text + n - 3, ":ro") == 0;

    if (o->disk_count == PROTOCOL_DISKS_MAX) {
        return bad("--disk: at most %u", PROTOCOL_DISKS_MAX);
    }
    n -= read_only ? 3 : 0;
    if (n == 0 || n >= sizeof(o->disk[0].path)) {
        return bad("--disk '%s': must be FILE or FILE:ro", text);
    }
    memcpy(o->disk[o->disk_count].path, text, n);
    o->disk[o->disk_count].path[n] = '\0';
    o->disk[o->disk_count++].read_only = read_only;
    return 0;
}

static int add_net(struct run_options *o, const char *text)
{
    if (o->net_count == PROTOCOL_NETS_MAX) {
        return bad("--net: at most %u", PROTOCOL_NETS_MAX);
    }
    o->net[o->net_count++] = text;
    return 0;
}

static int add_vsock(struct run_options *o, const char *option, enum run_vsock_direction direction,
                     const char *text)
{
    uint64_t port;
    const char *end;

    if (o->vsock_count == RUN_VSOCK_MAX) {
        return bad("%s: at most %u", option, RUN_VSOCK_MAX);
    }
    if (digits(text, &port, &end) != 0 || *end != ':' || end[1] == '\0' || port >= UINT32_MAX) {
        return bad("%s '%s': must be PORT:SOCKET", option, text);
    }
    o->vsock[o->vsock_count].direction = direction;
    o->vsock[o->vsock_count].port = (uint32_t)port;
    o->vsock[o->vsock_count++].path = end + 1;
    return 0;
}

static int set_memory(struct run_options *o, const char *text)
{
    if (run_size_parse(text, UINT64_C(1) << 20, &o->memory) != 0) {
        return bad("--memory '%s': must be a size such as 512M or 4G", text);
    }
    if (o->memory < PROTOCOL_MEMORY_MIN || o->memory > PROTOCOL_MEMORY_MAX ||
        o->memory % (UINT64_C(2) << 20) != 0) {
        return bad("--memory '%s': must be 64M to 64G in steps of 2M", text);
    }
    return 0;
}

static int set_segment(struct run_options *o, const char *text)
{
    if (run_size_parse(text, UINT64_C(1) << 20, &o->log_segment) != 0 || o->log_segment < 4096 ||
        o->log_segment > UINT64_C(64) << 20) {
        return bad("--log-segment '%s': must be 4K to 64M", text);
    }
    return 0;
}

static int set_name(struct run_options *o, const char *text)
{
    if (text[0] < 'a' || text[0] > 'z' || strlen(text) > PROTOCOL_NAME_MAX ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(text)) {
        return bad("--name '%s': must be [a-z][a-z0-9-]*, at most %u characters", text,
                   PROTOCOL_NAME_MAX);
    }
    o->name = text;
    return 0;
}

static int set_append(struct run_options *o, const char *text)
{
    if (strlen(text) > PROTOCOL_CMDLINE_MAX) {
        return bad("--append: at most %u characters", PROTOCOL_CMDLINE_MAX);
    }
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e) {
            return bad("--append: must be printable ASCII");
        }
    }
    o->append = text;
    return 0;
}

enum option {
    OPT_KERNEL,
    OPT_INITRD,
    OPT_APPEND,
    OPT_CPUS,
    OPT_MEMORY,
    OPT_DISK,
    OPT_NET,
    OPT_VSOCK_CONNECT,
    OPT_VSOCK_LISTEN,
    OPT_AGENT,
    OPT_BALLOON,
    OPT_LOG,
    OPT_LOG_SEGMENT,
    OPT_STOP_AFTER,
    OPT_STOP_TIMEOUT,
    OPT_GRACE,
    OPT_PAUSE_CYCLES,
    OPT_NAME,
    OPT_WORKER,
    OPT_COUNT
};

static const char *const names[OPT_COUNT] = {
    [OPT_KERNEL] = "--kernel",
    [OPT_INITRD] = "--initrd",
    [OPT_APPEND] = "--append",
    [OPT_CPUS] = "--cpus",
    [OPT_MEMORY] = "--memory",
    [OPT_DISK] = "--disk",
    [OPT_NET] = "--net",
    [OPT_VSOCK_CONNECT] = "--vsock-connect",
    [OPT_VSOCK_LISTEN] = "--vsock-listen",
    [OPT_AGENT] = "--agent",
    [OPT_BALLOON] = "--balloon",
    [OPT_LOG] = "--log",
    [OPT_LOG_SEGMENT] = "--log-segment",
    [OPT_STOP_AFTER] = "--stop-after",
    [OPT_STOP_TIMEOUT] = "--stop-timeout",
    [OPT_GRACE] = "--grace",
    [OPT_PAUSE_CYCLES] = "--pause-cycles",
    [OPT_NAME] = "--name",
    [OPT_WORKER] = "--worker",
};

static int apply(struct run_options *o, enum option option, const char *v)
{
    const char *name = names[option];

    switch (option) {
    case OPT_KERNEL: o->kernel = v; return 0;
    case OPT_INITRD: o->initrd = v; return 0;
    case OPT_LOG: o->log = v; return 0;
    case OPT_AGENT: o->agent = v; return 0;
    case OPT_WORKER: o->worker = v; return 0;
    case OPT_APPEND: return set_append(o, v);
    case OPT_NAME: return set_name(o, v);
    case OPT_CPUS: return number32(name, v, 1, PROTOCOL_CPUS_MAX, &o->cpus);
    case OPT_MEMORY: return set_memory(o, v);
    case OPT_DISK: return add_disk(o, v);
    case OPT_NET: return add_net(o, v);
    case OPT_VSOCK_CONNECT: return add_vsock(o, name, RUN_VSOCK_CONNECT, v);
    case OPT_VSOCK_LISTEN: return add_vsock(o, name, RUN_VSOCK_LISTEN, v);
    case OPT_BALLOON: o->has_balloon = true; return number(name, v, 0, 65536, &o->balloon);
    case OPT_LOG_SEGMENT: return set_segment(o, v);
    case OPT_STOP_AFTER: return seconds(name, v, &o->stop_after_ms);
    case OPT_STOP_TIMEOUT: return number32(name, v, 1, 3600000, &o->stop_timeout_ms);
    case OPT_GRACE: return number32(name, v, 0, UINT32_MAX, &o->grace_ms);
    case OPT_PAUSE_CYCLES: return number32(name, v, 1, 1000000, &o->pause_cycles);
    case OPT_COUNT: break;
    }
    return 2;
}

int run_options_parse(int argc, char **argv, struct run_options *o)
{
    *o = (struct run_options){.append = "",
                              .name = "vm",
                              .cpus = 1,
                              .memory = UINT64_C(512) << 20,
                              .log_segment = UINT64_C(1) << 20,
                              .stop_timeout_ms = 30000,
                              .grace_ms = 1000};
    for (int i = 1; i < argc; i++) {
        int which = 0;
        int rc;

        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 1;
        }
        if (strcmp(argv[i], "--stats") == 0) {
            o->stats = true;
            continue;
        }
        while (which < OPT_COUNT && strcmp(argv[i], names[which]) != 0) {
            which++;
        }
        if (which == OPT_COUNT) {
            return bad("unknown argument '%s'", argv[i]);
        }
        if (i + 1 == argc) {
            return bad("%s needs a value", argv[i]);
        }
        rc = apply(o, (enum option)which, argv[++i]);
        if (rc != 0) {
            return rc;
        }
    }
    return o->kernel != NULL ? 0 : bad("--kernel is missing");
}
